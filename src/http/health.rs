//! `/healthz`: the process lives. `/readyz`: it can do its work.

use actix_web::{HttpResponse, web};
use serde_json::json;
use utoipa::OpenApi;

use super::problem::Problem;
use crate::error::AppError;
use crate::flow::{Ctx, health};

#[derive(OpenApi)]
#[openapi(paths(alive, ready))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/healthz").route(web::get().to(alive)))
        .service(web::resource("/readyz").route(web::get().to(ready)));
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "Alive")))]
async fn alive() -> HttpResponse {
    let body = json!({ "status": "alive", "version": env!("CARGO_PKG_VERSION") });
    HttpResponse::Ok().json(body)
}

/// The database answers and has all migrations.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, description = "Ready"), (status = 503, response = Problem)))]
async fn ready(ctx: web::Data<Ctx>) -> Result<HttpResponse, AppError> {
    health::ready(&ctx).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}
