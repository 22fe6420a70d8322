//! `/v1/programs`: waivers, sites and grants of an organization (R28).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::identifiers::Key;
use crate::domain::ids::ProgramId;
use crate::domain::program::Program;
use crate::error::AppError;
use crate::flow::reference::draft::ProgramDraft;
use crate::flow::reference::{Scope, programs as steps};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get, update), components(schemas(ProgramDraft, ProgramBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/programs");
    let one = web::resource("/programs/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// A program, site or grant.
#[derive(Debug, Serialize, ToSchema)]
struct ProgramBody {
    /// Our id.
    #[schema(example = "prg_0J4XQ2M7R8ZKT")]
    id: String,
    /// Its short name.
    key: String,
    /// Its name for people.
    name: String,
    /// `program`, `site` or `grant`.
    kind: String,
    /// First day on which it runs.
    from: String,
    /// Last day on which it runs.
    to: Option<String>,
    /// The key of the location where it is.
    location: Option<String>,
}

impl From<&Program> for ProgramBody {
    fn from(program: &Program) -> Self {
        let data = &program.data;
        Self {
            id: program.id.to_string(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            kind: data.kind.to_string(),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
            location: data.location.as_ref().map(ToString::to_string),
        }
    }
}

/// Make a program.
#[utoipa::path(post, path = "/v1/programs", tag = "programs", request_body = ProgramDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = ProgramBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<ProgramDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/programs/{}", made.id);
        created(&ProgramBody::from(&made), address, made.revision)
    });
    respond(work.await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// Id or key of the organization; an admin must name it, a biller has one.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// The one with this key.
    #[param(value_type = Option<String>)]
    key: Option<Key>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List programs.
#[utoipa::path(get, path = "/v1/programs", tag = "programs", params(List),
    responses((status = 200, description = "A page", body = PageBody<ProgramBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let filters = ("programs", organization, query.key.as_ref());
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(ProgramId::from_i64);
    let rows = steps::list(&ctx, organization, query.key, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| ProgramBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One program.
#[utoipa::path(get, path = "/v1/programs/{id}", tag = "programs",
    params(Owner, ("id" = String, Path, description = "Id of the program")),
    responses((status = 200, description = "With its ETag", body = ProgramBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<ProgramId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&ProgramBody::from(&found), found.revision))
}

/// Change a program. The key and the kind never change.
#[utoipa::path(put, path = "/v1/programs/{id}", tag = "programs", request_body = ProgramDraft,
    params(Owner, ("id" = String, Path, description = "Id of the program"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = ProgramBody),
        (status = 404, response = Problem), (status = 409, response = Problem),
        (status = 412, response = Problem), (status = 428, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<ProgramId>,
    Json(draft): Json<ProgramDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&ProgramBody::from(&changed), changed.revision))
}
