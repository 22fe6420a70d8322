//! Logs: text for people or JSON for collectors, on standard error.
//!
//! Spans carry request id, method, route pattern and status; never a path with ids, a query, a
//! body, a name or a member number.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};

/// Starts logging for this process. A second call changes nothing.
pub fn start(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A logger that is set already (in tests) stays.
    let _ = match settings.format {
        LogFormat::Text => builder.with_ansi(false).try_init().map_err(drop),
        LogFormat::Json => builder.json().flatten_event(true).try_init().map_err(drop),
    };
}
