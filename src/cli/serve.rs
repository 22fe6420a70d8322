//! `peerclaims serve`: migrate, then serve until stopped.

use tokio::sync::watch;

use super::{CliError, migrate, open};
use crate::config::Settings;
use crate::flow::{Clock, Ctx};
use crate::{http, telemetry, worker};

pub(super) async fn run(settings: &Settings) -> Result<(), CliError> {
    telemetry::start(&settings.log);
    migrate::run(settings)?;
    let ctx = open(settings, Clock::system()).await?;
    until_stopped(settings, ctx).await
}

/// Serves, with the worker beside, until a signal; the worker stops last.
pub(crate) async fn until_stopped(settings: &Settings, ctx: Ctx) -> Result<(), CliError> {
    let (stop, stopped) = watch::channel(false);
    let folder = &settings.exchange.folder;
    let watching = (!folder.as_os_str().is_empty())
        .then(|| tokio::spawn(worker::watch_folder(ctx.clone(), folder.clone(), stopped.clone())));
    let working = tokio::spawn(worker::run(ctx.clone(), stopped));
    let started = |address| tracing::info!(%address, "listening");
    let result = http::serve(settings, ctx, started).await;
    let _ = stop.send(true);
    if let Some(watching) = watching
        && watching.await.is_err()
    {
        tracing::warn!("the watch of the folder ended abnormally");
    }
    if working.await.is_err() {
        tracing::warn!("the worker ended abnormally");
    }
    result.map_err(CliError::from)
}
