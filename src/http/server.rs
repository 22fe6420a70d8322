//! The server: limits of connections, and a stop that lets running requests end.
//!
//! It is put together from the parts of the web framework's own server, because that one has no place
//! for a stream with time limits ([`Patient`]).

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Request, Response};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder, ServerHandle};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};

use super::pace::Limits;
use super::patience::{Patience, Patient};
use super::{metrics, trace};
use crate::config::{HttpSettings, Settings};
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
    metrics: Option<SocketAddr>,
    server: Server,
}

impl Bound {
    /// Where it listens; the real port when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/metrics` is, when it is on.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
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

/// Takes the addresses of `http.listen` and `metrics.listen`.
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
    let (listener, address) = take(http.listen)?;
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers =
        if http.workers == 0 { cores().min(HttpSettings::MAX_WORKERS) } else { http.workers };
    let times = Times::of(&http, &ctx);
    let of_metrics = (times.clone(), ctx.clone());
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(MAX_CONNECTIONS)
        .shutdown_timeout(http.shutdown_seconds)
        .disable_signals();
    let api = move || {
        let (ctx, http) = (ctx.clone(), http.clone());
        App::new()
            .configure(|cfg| super::configure(cfg, &ctx, &http, more))
            .wrap(from_fn(trace::request))
    };
    let mut builder = listen(builder, "api", listener, times, api)?;
    let mut metrics_address = None;
    if let Some(wanted) = settings.metrics.listen.address() {
        let (listener, address) = take(wanted)?;
        let (times, ctx) = of_metrics;
        let page = move || App::new().configure(|cfg| metrics::configure(cfg, &ctx));
        builder = listen(builder, "metrics", listener, times, page)?;
        metrics_address = Some(address);
    }
    Ok(Bound { address, metrics: metrics_address, server: builder.run() })
}

fn take(address: SocketAddr) -> Result<(TcpListener, SocketAddr), AppError> {
    let failed = |e: std::io::Error| AppError::internal(format!("cannot listen on {address}: {e}"));
    let listener = TcpListener::bind(address).map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

/// The time limits of a connection.
#[derive(Debug, Clone)]
struct Times {
    header: Duration,
    patience: Patience,
}

impl Times {
    fn of(http: &HttpSettings, ctx: &Ctx) -> Self {
        let header = Duration::from_secs(http.header_seconds);
        let answer = Limits {
            pause: Duration::from_secs(http.answer_seconds),
            bytes_per_second: http.min_bytes_per_second,
        };
        let between = KEEP_ALIVE + header;
        Self { header, patience: Patience { answer, between, metrics: ctx.metrics.clone() } }
    }
}

/// Adds an application on a port.
fn listen<A, I, S, B>(
    builder: ServerBuilder,
    name: &str,
    listener: TcpListener,
    times: Times,
    application: A,
) -> Result<ServerBuilder, AppError>
where
    A: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Error = actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let failed = |e: std::io::Error| AppError::internal(format!("cannot listen: {e}"));
    let stopping: GracefulShutdownSignal = builder.graceful_shutdown_signal();
    let service = move || {
        let (stopping, patience) = (stopping.clone(), times.patience.clone());
        let application = application().into_factory().map_err(|e| e.error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(times.header)
            .client_disconnect_timeout(DISCONNECT)
            .on_connect_ext(|io: &Patient, data| {
                data.insert(io.line());
            })
            .h1(actix_service::map_config(application, |()| AppConfig::default()));
        fn_service(move |io: TcpStream| {
            let patience = patience.clone();
            async move {
                let peer = io.peer_addr().ok();
                // Small answers go at once. A socket that refuses this is slower, not wrong.
                let _ = io.set_nodelay(true);
                Ok::<_, DispatchError>((Patient::new(io, patience), peer))
            }
        })
        .and_then(http)
    };
    builder.listen(name, listener, service).map_err(failed)
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
    if let Some(address) = bound.metrics_address() {
        tracing::info!(%address, "metrics");
    }
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
