//! `/v1/authorizations`: payers' approvals of units.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::authorization::Authorization;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::ids::{AuthorizationId, MemberId};
use crate::error::AppError;
use crate::flow::reference::draft::{AuthorizationDraft, PayerName};
use crate::flow::reference::{AuthorizationFilter, Scope, authorizations as steps, payers};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(
    paths(create, list, get, update),
    components(schemas(AuthorizationDraft, AuthorizationBody))
)]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/authorizations");
    let one = web::resource("/authorizations/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// An authorization.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorizationBody {
    /// Our id.
    #[schema(example = "aut_0J4XQ2M7R8ZKT")]
    id: String,
    /// Id of the member.
    member: String,
    /// Id of the payer.
    payer: String,
    /// The payer's number.
    number: String,
    /// Services that it is for; empty: all.
    services: Vec<String>,
    /// Units granted.
    units: u32,
    /// First day it covers.
    from: String,
    /// Last day it covers.
    to: Option<String>,
}

impl From<&Authorization> for AuthorizationBody {
    fn from(authorization: &Authorization) -> Self {
        let data = &authorization.data;
        Self {
            id: authorization.id.to_string(),
            member: data.member.to_string(),
            payer: data.payer.to_string(),
            number: data.number.to_string(),
            services: data.services.iter().map(ToString::to_string).collect(),
            units: data.units,
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
        }
    }
}

/// Make an authorization.
#[utoipa::path(post, path = "/v1/authorizations", tag = "authorizations", request_body = AuthorizationDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = AuthorizationBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<AuthorizationDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/authorizations/{}", made.id);
        created(&AuthorizationBody::from(&made), address, made.revision)
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
    /// Those of this number.
    #[param(value_type = Option<String>)]
    number: Option<AuthorizationNumber>,
    /// Those of this member (id).
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// Those of this payer (id or key).
    #[param(value_type = Option<String>)]
    payer: Option<PayerName>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List authorizations.
#[utoipa::path(get, path = "/v1/authorizations", tag = "authorizations", params(List),
    responses((status = 200, description = "A page", body = PageBody<AuthorizationBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let payer = payers::named(&ctx, query.payer).await?;
    let filters = ("authorizations", organization, &query.number, query.member, payer);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(AuthorizationId::from_i64);
    let filter = AuthorizationFilter { member: query.member, payer };
    let rows = steps::list(&ctx, organization, query.number, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| AuthorizationBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One authorization.
#[utoipa::path(get, path = "/v1/authorizations/{id}", tag = "authorizations",
    params(Owner, ("id" = String, Path, description = "Id of the authorization")),
    responses((status = 200, description = "With its ETag", body = AuthorizationBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<AuthorizationId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&AuthorizationBody::from(&found), found.revision))
}

/// Change an authorization. Member and payer never change.
#[utoipa::path(put, path = "/v1/authorizations/{id}", tag = "authorizations", request_body = AuthorizationDraft,
    params(Owner, ("id" = String, Path, description = "Id of the authorization"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = AuthorizationBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<AuthorizationId>,
    Json(draft): Json<AuthorizationDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&AuthorizationBody::from(&changed), changed.revision))
}
