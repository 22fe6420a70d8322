//! `/v1/packs`: payer packs, added by admins in TOML or JSON (`docs/contracts.md`).

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{KEEPERS, PostDocument};
use super::{Caller, PathId, Query, respond};
use crate::domain::ids::PackId;
use crate::error::AppError;
use crate::flow::access::Role;
use crate::flow::idempotent::Reply;
use crate::flow::reference::Scope;
use crate::flow::reference::packs::{self as steps, StoredPack};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get), components(schemas(PackHead, PackBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/packs").route(web::post().to(create)).route(web::get().to(list));
    cfg.service(all).service(web::resource("/packs/{id}").route(web::get().to(get)));
}

/// A pack without what it says.
#[derive(Debug, Serialize, ToSchema)]
struct PackHead {
    /// Our id.
    #[schema(example = "pack_0J4XQ2M7R8ZKT")]
    id: String,
    /// Short name.
    #[schema(example = "evergreen")]
    key: String,
    /// Version; contracts name `key@version`.
    #[schema(example = "2026.1")]
    version: String,
    /// For people.
    title: String,
    /// The state whose program it is.
    #[schema(example = "WA")]
    state: String,
    /// When it was added.
    created_at: String,
}

/// A pack.
#[derive(Debug, Serialize, ToSchema)]
struct PackBody {
    #[serde(flatten)]
    head: PackHead,
    /// The typed model: services, limits, authorizations, filing, documentation, claim.
    #[schema(value_type = Object)]
    model: serde_json::Value,
}

impl From<&StoredPack> for PackHead {
    fn from(stored: &StoredPack) -> Self {
        let pack = &stored.pack;
        Self {
            id: stored.id.to_string(),
            key: pack.key.to_string(),
            version: pack.version.clone(),
            title: pack.title.clone(),
            state: pack.state.to_string(),
            created_at: stored.created_at.to_string(),
        }
    }
}

/// Add a pack. The same pack again is answered 200 and changes nothing; a version never changes.
#[utoipa::path(post, path = "/v1/packs", tag = "packs",
    request_body(content((String = "application/toml"), (Object = "application/json"))),
    params(("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Added", body = PackHead),
        (status = 200, description = "It was there, word for word", body = PackHead),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    post: PostDocument,
) -> Result<HttpResponse, AppError> {
    caller.require(&[Role::Admin])?;
    let pack = steps::parse(&post.document)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Service, post.ticket, move |conn| {
        let (stored, fresh) = steps::create(conn, &inner, pack)?;
        let reply = Reply::json(if fresh { 201 } else { 200 }, &PackHead::from(&stored))?;
        Ok(reply.with_header("Location", format!("/v1/packs/{}", stored.id)))
    });
    respond(work.await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List packs.
#[utoipa::path(get, path = "/v1/packs", tag = "packs", params(List),
    responses((status = 200, description = "A page", body = PageBody<PackHead>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let page = Page::new(query.limit, query.cursor.as_deref(), &"packs")?;
    let rows = steps::list(&ctx, page.after.map(PackId::from_i64), page.rows()).await?;
    let body = page.body(rows, |p| p.id.as_i64(), |p| PackHead::from(&p));
    Ok(HttpResponse::Ok().json(body))
}

/// One pack, with what it says.
#[utoipa::path(get, path = "/v1/packs/{id}", tag = "packs",
    params(("id" = String, Path, description = "Id of the pack")),
    responses((status = 200, description = "The pack", body = PackBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    PathId(id): PathId<PackId>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let stored = steps::get(&ctx, id).await?;
    let model = serde_json::to_value(&stored.pack)
        .map_err(|e| AppError::internal(format!("a pack cannot be written: {e}")))?;
    Ok(HttpResponse::Ok().json(PackBody { head: PackHead::from(&stored), model }))
}
