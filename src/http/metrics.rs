//! `GET /metrics`: the counts of this process in the text format of Prometheus, on a port of its own
//! (`metrics.listen`).
//!
//! It has no key, because collectors ask from inside; so it is off until an address is given, and
//! nothing on it tells of a person, an organization or a key (`docs/operations.md`).

use std::time::Duration;

use actix_web::{HttpResponse, web};

use super::problem;
use crate::flow::{Ctx, health};
use crate::metrics::{Kind, Page, process};

/// Longest wait for the counts of the database; collectors give up after ten seconds.
const COUNTING: Duration = Duration::from_secs(2);

/// All there is on this port.
pub(super) fn configure(cfg: &mut web::ServiceConfig, ctx: &Ctx) {
    cfg.app_data(web::Data::new(ctx.clone()))
        .service(web::resource("/metrics").route(web::get().to(send)))
        .default_service(web::to(problem::no_route));
}

async fn send(ctx: web::Data<Ctx>) -> HttpResponse {
    let mut page = Page::default();
    let name = "peerclaims_build_info";
    page.family(name, Kind::Gauge, "The program's version and its database.");
    let backend = health::backend(&ctx);
    page.sample(name, &[("version", env!("CARGO_PKG_VERSION")), ("database", backend)], 1);
    ctx.metrics.write(&mut page);
    database(&mut page, &ctx);
    work(&mut page, &ctx).await;
    of_process(&mut page);
    HttpResponse::Ok().content_type(Page::MEDIA_TYPE).body(page.finish())
}

fn database(page: &mut Page, ctx: &Ctx) {
    let name = "peerclaims_database_wait_seconds";
    page.family(name, Kind::Histogram, "Time that work waited for its turn and a connection.");
    page.histogram(name, &[("purpose", "read")], &ctx.db.waits().reads);
    page.histogram(name, &[("purpose", "write")], &ctx.db.waits().writes);
    let state = ctx.db.pool_state();
    let name = "peerclaims_database_connections";
    page.family(name, Kind::Gauge, "Connections to the database, by state.");
    page.sample(name, &[("state", "busy")], u64::from(state.open.saturating_sub(state.idle)));
    page.sample(name, &[("state", "idle")], u64::from(state.idle));
    let name = "peerclaims_database_connections_most";
    page.family(name, Kind::Gauge, "Most connections that this process opens.");
    page.sample(name, &[], u64::from(state.most));
}

/// What waits in the database for all processes. A database that does not answer in time leaves the
/// page without it: the rest is wanted most just then.
async fn work(page: &mut Page, ctx: &Ctx) {
    let name = "peerclaims_work_waiting";
    match tokio::time::timeout(COUNTING, health::waiting(ctx)).await {
        Ok(Ok(waiting)) => {
            page.family(name, Kind::Gauge, "Work that waits in the database, by kind.");
            for (kind, count) in waiting {
                page.sample(name, &[("kind", kind)], count);
            }
        }
        Ok(Err(error)) => {
            tracing::warn!(code = error.code.as_str(), "waiting work cannot be counted");
        }
        Err(_) => tracing::warn!("waiting work was not counted in time"),
    }
}

fn of_process(page: &mut Page) {
    let mut gauge = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            page.family(name, Kind::Gauge, help);
            page.sample(name, &[], value);
        }
    };
    let memory = "process_resident_memory_bytes";
    gauge(memory, "Resident memory.", process::resident_bytes());
    let peak = "process_peak_resident_memory_bytes";
    gauge(peak, "The most resident memory so far.", process::peak_bytes());
    gauge("process_open_fds", "Open files and sockets.", process::open_files());
}
