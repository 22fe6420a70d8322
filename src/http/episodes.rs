//! `/v1/episodes`: members' enrollment episodes.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::episode::Episode;
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{EpisodeId, MemberId};
use crate::error::AppError;
use crate::flow::reference::draft::{EpisodeDraft, PayerName};
use crate::flow::reference::{EpisodeFilter, Scope, episodes as steps, payers};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get, update), components(schemas(EpisodeDraft, EpisodeBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/episodes");
    let one = web::resource("/episodes/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// An enrollment episode of a member.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeBody {
    /// Our id.
    #[schema(example = "epi_0J4XQ2M7R8ZKT")]
    id: String,
    /// The organization's own name for it.
    reference: String,
    /// Id of the member.
    member: String,
    /// What it is, in the words of payer packs.
    kind: String,
    /// Id of the payer that counts it; null: every payer does.
    payer: Option<String>,
    /// The program of the organization that the member is enrolled in.
    program: Option<String>,
    /// First day.
    from: String,
    /// Last day; null: no end yet.
    to: Option<String>,
}

impl From<&Episode> for EpisodeBody {
    fn from(episode: &Episode) -> Self {
        let data = &episode.data;
        Self {
            id: episode.id.to_string(),
            reference: data.reference.to_string(),
            member: data.member.to_string(),
            kind: data.kind.to_string(),
            payer: data.payer.as_ref().map(ToString::to_string),
            program: data.program.as_ref().map(ToString::to_string),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
        }
    }
}

/// Make an episode. Those of one member and kind share no day where one payer counts both.
#[utoipa::path(post, path = "/v1/episodes", tag = "episodes", request_body = EpisodeDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = EpisodeBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<EpisodeDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/episodes/{}", made.id);
        created(&EpisodeBody::from(&made), address, made.revision)
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
    /// The one with this reference.
    #[param(value_type = Option<String>)]
    reference: Option<Reference>,
    /// Those of this member (id).
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// Those that name this payer (id or key).
    #[param(value_type = Option<String>)]
    payer: Option<PayerName>,
    /// Those of this kind.
    #[param(value_type = Option<String>)]
    kind: Option<Key>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List episodes.
#[utoipa::path(get, path = "/v1/episodes", tag = "episodes", params(List),
    responses((status = 200, description = "A page", body = PageBody<EpisodeBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let payer = payers::named(&ctx, query.payer).await?;
    let filters =
        ("episodes", organization, &query.reference, query.member, payer, query.kind.as_ref());
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(EpisodeId::from_i64);
    let filter = EpisodeFilter { member: query.member, payer, kind: query.kind };
    let rows = steps::list(&ctx, organization, query.reference, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| EpisodeBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One episode.
#[utoipa::path(get, path = "/v1/episodes/{id}", tag = "episodes",
    params(Owner, ("id" = String, Path, description = "Id of the episode")),
    responses((status = 200, description = "With its ETag", body = EpisodeBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<EpisodeId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&EpisodeBody::from(&found), found.revision))
}

/// Change an episode. The member never changes.
#[utoipa::path(put, path = "/v1/episodes/{id}", tag = "episodes", request_body = EpisodeDraft,
    params(Owner, ("id" = String, Path, description = "Id of the episode"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = EpisodeBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<EpisodeId>,
    Json(draft): Json<EpisodeDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&EpisodeBody::from(&changed), changed.revision))
}
