//! Sessions: one meeting entered once, an encounter for each member who is billed. (Bulk is in
//! `sessions_bulk.rs`.)

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi};

use super::encounters::{OfOrganization, VoidBody, tenant};
use super::etag::{self, etag};
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::session_body::{SessionBody, SessionPatch};
use super::session_view::{SessionHead, SessionView};
use super::{Caller, Json, PathId, Post, Query, respond};
use crate::domain::dates::Zone;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{OrganizationId, PeerId, SessionId};
use crate::error::AppError;
use crate::flow::idempotent::{self, Reply, Ticket};
use crate::flow::intake::{self, RACE_TRIES, Reading};
use crate::flow::sessions::{
    self as steps, Filter, ParsedSession, RecordedSession, SeenSession, SessionDraft,
};
use crate::flow::{Ctx, Scope, encounters};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/sessions").route(web::post().to(create)).route(web::get().to(list)),
    )
    .service(web::resource("/sessions/bulk").route(web::post().to(super::sessions_bulk::upload)))
    .service(
        web::resource("/sessions/{id}").route(web::get().to(get)).route(web::patch().to(amend)),
    )
    .service(web::resource("/sessions/{id}/void").route(web::post().to(void)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, get, amend, void))]
pub struct Doc;

/// Checks a session as sent.
pub(super) fn parse(body: SessionBody, reading: Reading) -> Result<ParsedSession, AppError> {
    SessionDraft::from(body).parse(reading).map_err(AppError::invalid)
}

fn reply(tenant: OrganizationId, zone: Zone, recorded: RecordedSession) -> Result<Reply, AppError> {
    let fresh = recorded.fresh;
    let place = format!("/v1/sessions/{}", recorded.session.id);
    let tag = etag(recorded.session.revision);
    let view = SessionView::recorded(tenant, zone, recorded);
    let reply = Reply::json(if fresh { 201 } else { 200 }, &view)?
        .with_header("Location", place)
        .with_header("ETag", tag);
    Ok(if fresh { reply } else { reply.with_header("Idempotent-Replayed", "true") })
}

/// Record a session: one meeting, and an encounter for each member who is billed, all of them or
/// none. The answer has the decision of each. A repeat of a reference with the same content answers
/// 200 with the first decisions.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", params(OfOrganization),
    request_body = SessionBody,
    responses((status = 201, body = SessionView), (status = 200, body = SessionView),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<OfOrganization>,
    body: Post<SessionBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let session = parse(body.value, Reading { local: None, not_after: Some(ctx.now()) })?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let mut tries = 0;
    loop {
        tries += 1;
        match record(&ctx, (tenant, zone), session.clone(), body.ticket.clone()).await {
            // Another request recorded a reference at the same moment: look again.
            Err(error) if intake::lost_race(&error) && tries < RACE_TRIES => {}
            other => return respond(other?),
        }
    }
}

async fn record(
    ctx: &web::Data<Ctx>,
    (tenant, zone): (OrganizationId, Zone),
    session: ParsedSession,
    ticket: Option<Ticket>,
) -> Result<Reply, AppError> {
    let work = ctx.clone();
    idempotent::run(ctx, Scope::Tenant(tenant), ticket, move |conn| {
        let recorded = steps::record_session_in(&work, conn, tenant, &session)?;
        reply(tenant, zone, recorded)
    })
    .await
}

/// What a list of sessions is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By your own reference.
    #[param(value_type = Option<String>)]
    reference: Option<Reference>,
    /// By peer.
    #[param(value_type = Option<String>)]
    peer: Option<PeerId>,
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

/// Sessions, oldest first, without their encounters.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(ListQuery),
    responses((status = 200, body = PageBody<SessionHead>), (status = "4XX", response = Problem),
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
    let page = Page::new(limit, cursor.as_deref(), &("sessions", &query))?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let filter =
        Filter { reference: query.reference, peer: query.peer, from: query.from, to: query.to };
    let after = page.after.map(SessionId::from_i64);
    let rows = steps::list(&ctx, tenant, filter, after, page.rows()).await?;
    let head = |(session, billed)| SessionHead::new(tenant, zone, session, billed);
    let body = page.body(rows, |(session, _)| session.id.as_i64(), head);
    Ok(HttpResponse::Ok().json(body))
}

fn shown(tenant: OrganizationId, zone: Zone, seen: SeenSession) -> HttpResponse {
    let tag = ("ETag", etag(seen.session.revision));
    HttpResponse::Ok().insert_header(tag).json(SessionView::seen(tenant, zone, seen))
}

/// One session as it stands now, with its encounters.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The session's id"), OfOrganization),
    responses((status = 200, body = SessionView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<SessionId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let seen = steps::get(&ctx, tenant, id.0).await?;
    let zone = encounters::zone(&ctx, tenant).await?;
    Ok(shown(tenant, zone, seen))
}

/// Correct a session: its size or times, members who were there after all, members who were not. Who is
/// added did what most of the others did.
/// What is not claimed of it is decided again, in order of time. When an encounter that would change
/// is on a live claim, nothing is changed (409); an addition alone changes no other, and is held if
/// it disagrees with the session. What asks for nothing else than there is makes no new revision.
#[utoipa::path(patch, path = "/v1/sessions/{id}", tag = "sessions", request_body = SessionPatch,
    params(("id" = String, Path, description = "The session's id"), OfOrganization,
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, body = SessionView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn amend(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<SessionId>,
    query: Query<OfOrganization>,
    body: Json<SessionPatch>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, tenant, id.0).await?;
    let amendment = body.0.amendment(etag::if_match(&request)?)?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let work = ctx.clone();
    let change = move |conn: &mut _| steps::amend_in(&work, conn, tenant, id.0, &amendment);
    let seen = ctx.db.write(Scope::Tenant(tenant), change).await?;
    Ok(shown(tenant, zone, seen))
}

/// Void a session with all its encounters; none of them may be on a live claim. Their units are
/// given back; the references stay used.
#[utoipa::path(post, path = "/v1/sessions/{id}/void", tag = "sessions",
    params(("id" = String, Path, description = "The session's id"), OfOrganization),
    request_body = VoidBody,
    responses((status = 200, body = SessionView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn void(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<SessionId>,
    query: Query<OfOrganization>,
    body: Post<VoidBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let reason = body.value.reason()?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let seen = steps::void_session_in(&work, conn, tenant, id.0, &reason)?;
        let tag = etag(seen.session.revision);
        Ok(Reply::json(200, &SessionView::seen(tenant, zone, seen))?.with_header("ETag", tag))
    });
    respond(reply.await?)
}
