//! `/v1/payers`: made and changed by admins, seen by billers too.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{KEEPERS, created, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::identifiers::Key;
use crate::domain::ids::PayerId;
use crate::domain::payer::Payer;
use crate::error::AppError;
use crate::flow::access::Role;
use crate::flow::reference::draft::PayerDraft;
use crate::flow::reference::{Scope, payers as steps};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get, update), components(schemas(PayerDraft, PayerBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/payers").route(web::post().to(create)).route(web::get().to(list));
    let one = web::resource("/payers/{id}").route(web::get().to(get)).route(web::put().to(update));
    cfg.service(all).service(one);
}

/// A payer.
#[derive(Debug, Serialize, ToSchema)]
struct PayerBody {
    /// Our id.
    #[schema(example = "pay_0J4XQ2M7R8ZKT")]
    id: String,
    /// Short name.
    #[schema(example = "evergreen")]
    key: String,
    /// Its name for people.
    #[schema(example = "Evergreen Community Health Plan")]
    name: String,
    /// Whether it is a payer in the box.
    sandbox: bool,
}

impl From<&Payer> for PayerBody {
    fn from(payer: &Payer) -> Self {
        let data = &payer.data;
        let (key, name) = (data.key.to_string(), data.name.to_string());
        Self { id: payer.id.to_string(), key, name, sandbox: data.sandbox }
    }
}

/// Make a payer.
#[utoipa::path(post, path = "/v1/payers", tag = "payers", request_body = PayerDraft,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = PayerBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    post: Post<PayerDraft>,
) -> Result<HttpResponse, AppError> {
    caller.require(&[Role::Admin])?;
    let data = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Service, post.ticket, move |conn| {
        let payer = steps::create(conn, &inner, data)?;
        let address = format!("/v1/payers/{}", payer.id);
        created(&PayerBody::from(&payer), address, payer.revision)
    });
    respond(work.await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// The one with this key.
    #[param(value_type = Option<String>)]
    key: Option<Key>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List payers.
#[utoipa::path(get, path = "/v1/payers", tag = "payers", params(List),
    responses((status = 200, description = "A page", body = PageBody<PayerBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let page = Page::new(query.limit, query.cursor.as_deref(), &("payers", &query.key))?;
    let after = page.after.map(PayerId::from_i64);
    let rows = steps::list(&ctx, query.key, after, page.rows()).await?;
    let body = page.body(rows, |p| p.id.as_i64(), |p| PayerBody::from(&p));
    Ok(HttpResponse::Ok().json(body))
}

/// One payer.
#[utoipa::path(get, path = "/v1/payers/{id}", tag = "payers",
    params(("id" = String, Path, description = "Id of the payer")),
    responses((status = 200, description = "The payer, with its ETag", body = PayerBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    PathId(id): PathId<PayerId>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let payer = steps::get(&ctx, id).await?;
    Ok(shown(&PayerBody::from(&payer), payer.revision))
}

/// Change a payer. Its key and whether it is a sandbox never change.
#[utoipa::path(put, path = "/v1/payers/{id}", tag = "payers", request_body = PayerDraft,
    params(("id" = String, Path, description = "Id of the payer"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = PayerBody),
        (status = 412, response = Problem), (status = 428, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    PathId(id): PathId<PayerId>,
    Json(draft): Json<PayerDraft>,
) -> Result<HttpResponse, AppError> {
    caller.require(&[Role::Admin])?;
    steps::get(&ctx, id).await?;
    let revision = etag::if_match(&request)?;
    let data = draft.parse().map_err(AppError::invalid)?;
    let payer = steps::update(&ctx, id, revision, data).await?;
    Ok(shown(&PayerBody::from(&payer), payer.revision))
}
