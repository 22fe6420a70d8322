//! Encounters: record one, look at one or many, void, decide again. (Bulk is in `bulk.rs`.)

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::alternative_view::PreviewAnswer;
use super::attachment::{CSV, attachment};
use super::encounter_body::EncounterBody;
use super::encounter_revisions::{revise, revisions};
use super::encounter_view::EncounterView;
use super::etag::etag;
use super::explanation::explanation;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reason::reason;
use super::{Action, Caller, Json, PathId, Post, Query, respond};
use crate::domain::identifiers::{Key, Reference};
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::status::EncounterStatus;
use crate::error::AppError;
use crate::flow::access::{self, Principal, Role};
use crate::flow::encounters::Filter;
use crate::flow::idempotent::{self, Reply};
use crate::flow::intake::{self, Draft, Parsed, Reading, Recorded};
use crate::flow::{Ctx, Scope, alternatives, encounters};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/encounters").route(web::post().to(create)).route(web::get().to(list)),
    )
    .service(web::resource("/encounters/template.csv").route(web::get().to(template)))
    .service(
        web::resource("/encounters/{id}").route(web::get().to(get)).route(web::patch().to(revise)),
    )
    .service(web::resource("/encounters/{id}/revisions").route(web::get().to(revisions)))
    .service(web::resource("/encounters/{id}/explanation").route(web::get().to(explanation)))
    .service(web::resource("/encounters/{id}/void").route(web::post().to(void)))
    .service(web::resource("/encounters/{id}/decide").route(web::post().to(decide)))
    .service(web::resource("/decisions/preview").route(web::post().to(preview)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, template, get, void, decide, preview))]
pub struct Doc;

/// The organization, for keys that are not of one organization.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfOrganization {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    pub organization: Option<String>,
}

/// The tenant of a request about encounters.
pub(super) async fn tenant(
    ctx: &Ctx,
    caller: &Principal,
    organization: Option<&str>,
) -> Result<OrganizationId, AppError> {
    caller.require(&[Role::Admin, Role::Biller, Role::Submitter])?;
    access::tenant(ctx, caller, organization).await
}

/// Parses what was sent.
pub(super) fn parse(body: EncounterBody, reading: Reading) -> Result<Parsed, AppError> {
    intake::draft::parse(&Draft::from(body), reading).map_err(AppError::invalid)
}

fn reply(tenant: OrganizationId, recorded: Recorded) -> Result<Reply, AppError> {
    let status = if recorded.fresh { 201 } else { 200 };
    let place = format!("/v1/encounters/{}", recorded.encounter.id);
    let (fresh, revision) = (recorded.fresh, recorded.encounter.revision);
    let reply = Reply::json(status, &EncounterView::recorded(tenant, recorded))?;
    let reply = reply.with_header("Location", place).with_header("ETag", etag(revision));
    Ok(if fresh { reply } else { reply.with_header("Idempotent-Replayed", "true") })
}

/// Record a visit. The answer says at once whether and how it can be billed. A repeat of a
/// reference with the same content answers 200 with the first result.
#[utoipa::path(post, path = "/v1/encounters", tag = "encounters", params(OfOrganization),
    request_body = EncounterBody,
    responses((status = 201, body = EncounterView), (status = 200, body = EncounterView),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<OfOrganization>,
    body: Post<EncounterBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let reading = Reading { local: None, not_after: Some(ctx.now()) };
    let row = parse(body.value, reading)?;
    respond(intake::posts::post(&ctx, tenant, row, body.ticket, reply).await?)
}

/// What a list of encounters is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By status: ready, held, `non_billable`, claimed, submitted, void.
    #[param(value_type = Option<String>)]
    status: Option<EncounterStatus>,
    /// By member.
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// By peer.
    #[param(value_type = Option<String>)]
    peer: Option<PeerId>,
    /// By payer.
    #[param(value_type = Option<String>)]
    payer: Option<PayerId>,
    /// By service of the contract.
    #[param(value_type = Option<String>)]
    service: Option<Key>,
    /// By your own reference.
    #[param(value_type = Option<String>)]
    reference: Option<Reference>,
    /// First service date.
    #[serde(default, deserialize_with = "super::day::optional")]
    from: Option<NaiveDate>,
    /// Last service date; not before `from`.
    #[serde(default, deserialize_with = "super::day::optional")]
    to: Option<NaiveDate>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Encounters, oldest first.
#[utoipa::path(get, path = "/v1/encounters", tag = "encounters", params(ListQuery),
    responses((status = 200, body = PageBody<EncounterView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    super::day::in_order(query.from, query.to)?;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(tenant.to_string());
    let page = Page::new(limit, cursor.as_deref(), &("encounters", &query))?;
    let filter = Filter {
        status: query.status,
        member: query.member,
        peer: query.peer,
        payer: query.payer,
        service: query.service,
        reference: query.reference,
        from: query.from,
        to: query.to,
    };
    let after = page.after.map(EncounterId::from_i64);
    let rows = encounters::list(&ctx, tenant, filter, after, page.rows()).await?;
    let body = page.body(rows, |s| s.encounter.id.as_i64(), |s| EncounterView::seen(tenant, s));
    Ok(HttpResponse::Ok().json(body))
}

/// The header line of a CSV upload, to fill in with a spreadsheet.
#[utoipa::path(get, path = "/v1/encounters/template.csv", tag = "encounters",
    responses((status = 200, body = String, content_type = "text/csv"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn template(caller: Caller) -> Result<HttpResponse, AppError> {
    caller.0.require(&[Role::Admin, Role::Biller, Role::Submitter])?;
    let text = format!("{}\r\n", super::bulk_rows::COLUMNS.join(","));
    Ok(attachment(CSV, "encounters.csv").body(text))
}

/// One encounter as it stands now.
#[utoipa::path(get, path = "/v1/encounters/{id}", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    responses((status = 200, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let seen = encounters::get(&ctx, tenant, id.0).await?;
    let tag = ("ETag", etag(seen.encounter.revision));
    Ok(HttpResponse::Ok().insert_header(tag).json(EncounterView::seen(tenant, seen)))
}

/// Why an encounter is voided.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidBody {
    /// The reason, kept for ever; no names.
    #[schema(min_length = 1, max_length = 500, example = "entered twice")]
    reason: String,
}

impl VoidBody {
    /// The reason, checked.
    pub(super) fn reason(&self) -> Result<String, AppError> {
        reason(&self.reason)
    }
}

/// Void an encounter that is on no live claim. Its units are given back; its reference stays used.
#[utoipa::path(post, path = "/v1/encounters/{id}/void", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    request_body = VoidBody,
    responses((status = 200, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn void(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
    body: Post<VoidBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let reason = body.value.reason()?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let seen = encounters::void_in(&work, conn, tenant, id.0, &reason)?;
        Reply::json(200, &EncounterView::seen(tenant, seen))
    });
    respond(reply.await?)
}

/// Decide an encounter again with the facts of now, for example after a new authorization.
#[utoipa::path(post, path = "/v1/encounters/{id}/decide", tag = "encounters",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    responses((status = 200, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn decide(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
    action: Action,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), action.ticket, move |conn| {
        let recorded = encounters::decide_as_asked(&work, conn, tenant, id.0)?;
        Reply::json(200, &EncounterView::recorded(tenant, recorded))
    });
    respond(reply.await?)
}

/// What is asked of a preview.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// `true`: where not all of the visit can be billed, also what else would work near it, each
    /// decided by the same rules. Of a visit that has begun only what may be true is proposed.
    alternatives: Option<bool>,
}

/// What the rules would say of a visit, past or planned, and what else would work. Nothing is stored.
#[utoipa::path(post, path = "/v1/decisions/preview", tag = "encounters", params(PreviewQuery),
    request_body = EncounterBody,
    responses((status = 200, body = PreviewAnswer), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn preview(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<PreviewQuery>,
    body: Json<EncounterBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let row = parse(body.0, Reading { local: None, not_after: None })?;
    let answer = if query.0.alternatives == Some(true) {
        PreviewAnswer::full(alternatives::preview(&ctx, tenant, row).await?)
    } else {
        PreviewAnswer::plain(encounters::preview(&ctx, tenant, row).await?)
    };
    Ok(HttpResponse::Ok().json(answer))
}
