//! `/v1/opening-balances`: units that members used before go-live.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::ids::{MemberId, OpeningId};
use crate::domain::opening::Opening;
use crate::error::AppError;
use crate::flow::reference::draft::{OpeningDraft, PayerName};
use crate::flow::reference::{OpeningFilter, Scope, openings as steps, payers};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get, update), components(schemas(OpeningDraft, OpeningBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/opening-balances");
    let one = web::resource("/opening-balances/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// Units used before go-live. Limits and authorizations count them; no report does.
#[derive(Debug, Serialize, ToSchema)]
struct OpeningBody {
    /// Our id.
    #[schema(example = "opn_0J4XQ2M7R8ZKT")]
    id: String,
    /// Id of the member.
    member: String,
    /// The payer's number for the member whose account they are counted on.
    member_number: String,
    /// Id of the payer.
    payer: String,
    /// The service.
    service: String,
    /// The day under which they are counted.
    date: String,
    /// Units used.
    units: u32,
    /// Id of the authorization that they drew on.
    authorization: Option<String>,
}

impl From<&Opening> for OpeningBody {
    fn from(opening: &Opening) -> Self {
        let data = &opening.data;
        Self {
            id: opening.id.to_string(),
            member: data.member.to_string(),
            member_number: opening.member_number.to_string(),
            payer: data.payer.to_string(),
            service: data.service.to_string(),
            date: data.date.to_string(),
            units: data.units,
            authorization: data.authorization.as_ref().map(ToString::to_string),
        }
    }
}

/// Make an opening balance: one for each member, payer, service, day and authorization. Refused on
/// days on which visits of ours draw on the service already.
#[utoipa::path(post, path = "/v1/opening-balances", tag = "opening balances", request_body = OpeningDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = OpeningBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<OpeningDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, &input)?;
        let address = format!("/v1/opening-balances/{}", made.id);
        created(&OpeningBody::from(&made), address, made.revision)
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
    /// Those of this member (id).
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// Those that this payer (id or key) counts.
    #[param(value_type = Option<String>)]
    payer: Option<PayerName>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List opening balances.
#[utoipa::path(get, path = "/v1/opening-balances", tag = "opening balances", params(List),
    responses((status = 200, description = "A page", body = PageBody<OpeningBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let payer = payers::named(&ctx, query.payer).await?;
    let filters = ("opening-balances", organization, query.member, payer);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(OpeningId::from_i64);
    let filter = OpeningFilter { member: query.member, payer };
    let rows = steps::list(&ctx, organization, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| OpeningBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One opening balance.
#[utoipa::path(get, path = "/v1/opening-balances/{id}", tag = "opening balances",
    params(Owner, ("id" = String, Path, description = "Id of the opening balance")),
    responses((status = 200, description = "With its ETag", body = OpeningBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<OpeningId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&OpeningBody::from(&found), found.revision))
}

/// Change the units of an opening balance; nothing else of it changes. The difference is booked.
#[utoipa::path(put, path = "/v1/opening-balances/{id}", tag = "opening balances", request_body = OpeningDraft,
    params(Owner, ("id" = String, Path, description = "Id of the opening balance"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = OpeningBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<OpeningId>,
    Json(draft): Json<OpeningDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&OpeningBody::from(&changed), changed.revision))
}
