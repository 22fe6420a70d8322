//! `peerclaims serve`: migrate, then serve until stopped.

use super::{CliError, migrate, open};
use crate::config::Settings;
use crate::flow::Clock;
use crate::{http, telemetry};

pub(super) async fn run(settings: &Settings) -> Result<(), CliError> {
    telemetry::start(&settings.log);
    migrate::run(settings)?;
    let ctx = open(settings, Clock::system()).await?;
    let started = |address| tracing::info!(%address, "listening");
    http::serve(settings, ctx, started).await.map_err(CliError::from)
}
