//! Routes of the tests' own, made of the same parts as the service's: a POST that counts, a PUT that
//! reads strictly, a list of parameters.

use actix_web::{HttpResponse, web};
use peerclaims::domain::identifiers::Npi;
use peerclaims::error::AppError;
use peerclaims::flow::Ctx;
use peerclaims::flow::idempotent::{self, Reply};
use peerclaims::http::{Action, Caller, Json, PathId, Post, Query, respond};
use peerclaims::store::{Scope, counters};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    note: String,
    npi: Option<Npi>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    limit: Option<u16>,
}

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/probe").route(web::post().to(count)).route(web::put().to(read)))
        .service(web::resource("/probe/{id}").route(web::get().to(show)).route(web::post().to(act)))
        .service(web::resource("/fault").route(web::get().to(fault)));
}

/// Takes the next number of a counter: an effect that is seen when it happens twice.
async fn count(
    ctx: web::Data<Ctx>,
    _: Caller,
    post: Post<Probe>,
) -> Result<HttpResponse, AppError> {
    let reply = idempotent::run(&ctx, Scope::Service, post.ticket, move |conn| {
        let number = counters::take(conn, "probe", 1)?;
        if post.value.note == "fail" {
            return Err(AppError::field("/note", "this note fails"));
        }
        let body = json!({ "number": number, "note": post.value.note });
        Ok(Reply::json(201, &body)?.with_header("Location", "/v1/probe/1"))
    });
    respond(reply.await?)
}

async fn act(ctx: web::Data<Ctx>, action: Action) -> Result<HttpResponse, AppError> {
    let reply = idempotent::run(&ctx, Scope::Service, action.ticket, |conn| {
        Reply::json(200, &json!({ "number": counters::take(conn, "probe", 1)? }))
    });
    respond(reply.await?)
}

async fn read(_: Caller, body: Json<Probe>) -> HttpResponse {
    HttpResponse::Ok().json(body.0)
}

async fn show(id: PathId<peerclaims::domain::ids::BatchId>, params: Query<Params>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "id": id.0, "limit": params.0.limit }))
}

/// What the service says of its own faults.
async fn fault() -> Result<HttpResponse, AppError> {
    Err(AppError::internal("table secrets has no column marigold"))
}
