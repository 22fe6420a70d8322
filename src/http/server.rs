//! The server: limits of connections, and a stop that lets running requests end.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

use super::trace;
use crate::config::Settings;
use crate::error::AppError;
use crate::flow::Ctx;

/// How long an idle connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client may take to close a connection that we ended.
const DISCONNECT: Duration = Duration::from_secs(5);
/// Most connections of one thread: each holds some kilobytes.
const MAX_CONNECTIONS: usize = 4_096;

/// A server that has its port and has begun to answer once [`Bound::run`] is polled.
pub struct Bound {
    address: SocketAddr,
    server: Server,
}

impl Bound {
    /// Where it listens; the real port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until it is stopped.
    pub async fn run(self) -> Result<(), AppError> {
        self.server.await.map_err(|e| AppError::internal(format!("the server failed: {e}")))
    }
}

/// Takes the address of `http.listen`.
pub fn bind(settings: &Settings, ctx: Ctx) -> Result<Bound, AppError> {
    bind_with(settings, ctx, |_| ())
}

/// [`bind`] with more routes below `/v1`: for what is not part of the service, such as the probes
/// of its own tests.
pub fn bind_with(
    settings: &Settings,
    ctx: Ctx,
    more: fn(&mut web::ServiceConfig),
) -> Result<Bound, AppError> {
    let http = settings.http.clone();
    let failed =
        |e: std::io::Error| AppError::internal(format!("cannot listen on {}: {e}", http.listen));
    let listener = TcpListener::bind(http.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = if http.workers == 0 { cores() } else { http.workers };
    let (header, shutdown) = (http.header_seconds, http.shutdown_seconds);
    let of_app = http.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(|cfg| super::configure(cfg, &ctx, &of_app, more))
            .wrap(from_fn(trace::request))
    })
    .workers(workers)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(Duration::from_secs(header))
    .client_disconnect_timeout(DISCONNECT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(shutdown)
    .disable_signals()
    .listen(listener)
    .map_err(failed)?
    .run();
    Ok(Bound { address, server })
}

/// Serves until SIGTERM or SIGINT, then lets running requests end for `http.shutdown_seconds`. A
/// second signal stops at once. `started` is told the address.
pub async fn serve(
    settings: &Settings,
    ctx: Ctx,
    started: impl FnOnce(SocketAddr),
) -> Result<(), AppError> {
    let bound = bind(settings, ctx)?;
    let handle = bound.handle();
    let failed = |e: std::io::Error| AppError::internal(format!("cannot watch for signals: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    started(bound.address());
    let stopping = tokio::spawn(async move {
        for graceful in [true, false] {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            tracing::info!(graceful, "stopping");
            // Not awaited: the second signal must be heard meanwhile.
            drop(tokio::spawn(handle.stop(graceful)));
        }
    });
    let result = bound.run().await;
    stopping.abort();
    result
}
