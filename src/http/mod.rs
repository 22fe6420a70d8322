//! The web door: the whole API's assembly, its limits and its server.
//!
//! Each file of resources has `pub fn routes(&mut web::ServiceConfig)` with paths below `/v1`, and
//! `pub struct Doc`, its part of the OpenAPI document; both are listed once, here and in `openapi`.
//! Routes are `web::resource(path).route(…)`, one resource for each path, so that a wrong method is
//! answered 405 and not 404.

mod alternative_view;
mod attachment;
mod audit;
pub mod auth;
mod authorizations;
mod batches;
pub mod body;
pub mod bulk;
mod bulk_answers;
mod bulk_array;
pub mod bulk_rows;
mod changes;
mod claim_changes;
mod claims;
mod consents;
mod contracts;
mod corrections;
mod day;
mod day_sum_view;
mod differences;
mod docs;
mod documents;
mod encounter_body;
mod encounter_revisions;
mod encounter_view;
mod encounters;
mod enrollments;
mod episodes;
pub mod etag;
mod explanation;
mod finding_view;
mod gate;
mod health;
pub mod idempotency;
pub mod json;
mod member_allowances;
mod members;
mod merge;
mod messages;
mod metrics;
mod objects;
pub mod openapi;
mod openings;
mod organizations;
mod overrides;
mod pace;
mod packs;
pub mod page;
pub mod path;
mod patience;
mod payers;
mod peers;
pub mod problem;
mod programs;
pub mod query;
mod reason;
mod receipt;
mod received;
mod reference;
mod report_frame;
mod report_issue_view;
mod report_issues;
mod report_job_view;
mod report_jobs;
mod report_lines;
mod report_question;
mod reports;
mod response_view;
mod server;
mod session_body;
mod session_view;
mod sessions;
pub mod sessions_bulk;
mod spool_out;
mod tasks;
mod trace;
mod whole;
mod worklist;
mod worklist_csv;

use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, web};

use crate::config::HttpSettings;
use crate::error::AppError;
use crate::flow::Ctx;
pub use auth::Caller;
pub use idempotency::{Action, Post, respond};
pub use json::Json;
pub use path::PathId;
pub use query::Query;
pub use server::{Bound, bind, bind_with, serve};

/// The routes below `/v1`: the list of the whole API.
fn v1(cfg: &mut web::ServiceConfig) {
    cfg.configure(bulk::routes)
        .configure(encounters::routes)
        .configure(sessions::routes)
        .configure(member_allowances::routes)
        .configure(changes::routes)
        .configure(batches::routes)
        .configure(corrections::routes)
        .configure(received::routes)
        .configure(tasks::routes)
        .configure(claim_changes::routes)
        .configure(claims::routes)
        .configure(differences::routes)
        .configure(enrollments::routes)
        .configure(report_lines::routes)
        .configure(report_frame::routes)
        .configure(report_issues::routes)
        .configure(report_jobs::routes)
        .configure(overrides::routes)
        .configure(worklist::routes)
        .configure(audit::routes)
        .configure(organizations::routes)
        .configure(payers::routes)
        .configure(packs::routes)
        .configure(contracts::routes)
        .configure(peers::routes)
        .configure(members::routes)
        .configure(authorizations::routes)
        .configure(documents::routes)
        .configure(episodes::routes)
        .configure(consents::routes)
        .configure(openings::routes)
        .configure(programs::routes);
}

/// Everything: data, routes (with `more` below `/v1`), and answers for what is not there.
fn configure(
    cfg: &mut web::ServiceConfig,
    ctx: &Ctx,
    settings: &HttpSettings,
    more: fn(&mut web::ServiceConfig),
) {
    cfg.app_data(web::Data::new(ctx.clone()))
        .app_data(web::Data::new(settings.clone()))
        .configure(health::routes)
        .configure(openapi::routes)
        .configure(docs::routes)
        .service(
            web::scope("/v1")
                .configure(v1)
                .configure(more)
                .default_service(web::to(problem::no_route))
                .wrap(from_fn(auth::authenticate)),
        )
        .default_service(web::to(problem::no_route));
}

/// The context of this application.
pub fn ctx(request: &HttpRequest) -> Result<&web::Data<Ctx>, AppError> {
    request.app_data().ok_or_else(|| AppError::internal("the application has no context"))
}

/// The web settings of this application.
fn settings(request: &HttpRequest) -> Result<&web::Data<HttpSettings>, AppError> {
    request.app_data().ok_or_else(|| AppError::internal("the application has no settings"))
}
