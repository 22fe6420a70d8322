//! `/v1/consents`: members' consents to disclosures of substance-use records.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, owner};
use super::{Caller, PathId, Post, Query, respond};
use crate::domain::consent::Consent;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{ConsentId, MemberId};
use crate::domain::text::plain;
use crate::error::AppError;
use crate::flow::idempotent::Reply;
use crate::flow::reference::draft::{ALL_PAYERS, ConsentDraft, PayerName};
use crate::flow::reference::{ConsentFilter, Scope, consents as steps, payers};
use crate::flow::{Ctx, idempotent};

/// Longest reason of a revocation, in characters: a sentence or two.
const MAX_REASON_CHARS: usize = 200;

#[derive(OpenApi)]
#[openapi(
    paths(create, list, get, revoke),
    components(schemas(ConsentDraft, ConsentBody, RevokeBody))
)]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/consents");
    let one = web::resource("/consents/{id}");
    let gone = web::resource("/consents/{id}/revoke");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)))
        .service(gone.route(web::post().to(revoke)));
}

/// A consent.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentBody {
    /// Our id.
    #[schema(example = "con_0J4XQ2M7R8ZKT")]
    id: String,
    /// The organization's own name for it.
    reference: String,
    /// Id of the member.
    member: String,
    /// Id of the payer to whom may be disclosed, or `all_payers`.
    recipient: String,
    /// What for.
    purposes: Vec<String>,
    /// Services that it speaks of; empty: all.
    services: Vec<String>,
    /// First service date that it speaks of.
    services_from: Option<String>,
    /// Last service date that it speaks of.
    services_to: Option<String>,
    /// First day on which it permits disclosures.
    from: String,
    /// Last day on which it permits disclosures.
    to: Option<String>,
    /// `paper` or `electronic`.
    obtained: String,
    /// `member` or `representative`.
    signer: String,
    /// When it was taken back.
    revoked_at: Option<String>,
    /// Why, in the organization's words.
    revoke_reason: Option<String>,
}

impl From<&Consent> for ConsentBody {
    fn from(consent: &Consent) -> Self {
        let data = &consent.data;
        let revoked = consent.revoked.as_ref();
        Self {
            id: consent.id.to_string(),
            reference: data.reference.to_string(),
            member: data.member.to_string(),
            recipient: data.recipient.map_or_else(|| ALL_PAYERS.to_owned(), |p| p.to_string()),
            purposes: data.purposes.iter().map(ToString::to_string).collect(),
            services: data.services.iter().map(ToString::to_string).collect(),
            services_from: data.services_from.as_ref().map(ToString::to_string),
            services_to: data.services_to.as_ref().map(ToString::to_string),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
            obtained: data.obtained.to_string(),
            signer: data.signer.to_string(),
            revoked_at: revoked.map(|r| r.at.to_string()),
            revoke_reason: revoked.and_then(|r| r.reason.clone()),
        }
    }
}

/// Record a consent. What it says never changes: a wrong one is revoked and another one recorded.
#[utoipa::path(post, path = "/v1/consents", tag = "consents", request_body = ConsentDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Recorded", body = ConsentBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<ConsentDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/consents/{}", made.id);
        Ok(Reply::json(201, &ConsentBody::from(&made))?.with_header("Location", address))
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
    /// Those that permit telling this payer (id or key), for all payers or by name.
    #[param(value_type = Option<String>)]
    recipient: Option<PayerName>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List consents, revoked ones too.
#[utoipa::path(get, path = "/v1/consents", tag = "consents", params(List),
    responses((status = 200, description = "A page", body = PageBody<ConsentBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let recipient = payers::named(&ctx, query.recipient).await?;
    let filters = ("consents", organization, &query.reference, query.member, recipient);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(ConsentId::from_i64);
    let filter = ConsentFilter { member: query.member, recipient };
    let rows = steps::list(&ctx, organization, query.reference, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| ConsentBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One consent.
#[utoipa::path(get, path = "/v1/consents/{id}", tag = "consents",
    params(Owner, ("id" = String, Path, description = "Id of the consent")),
    responses((status = 200, body = ConsentBody), (status = 404, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<ConsentId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(HttpResponse::Ok().json(ConsentBody::from(&found)))
}

/// A revocation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    /// When the member took it back, RFC 3339 with an offset, not in the future; now when not said.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Why, 1 to 200 characters; no names.
    reason: Option<String>,
}

/// Revoke a consent. From then on nothing leaves by it: claims that are built and not released are
/// stopped at their release. What was released before stays released.
#[utoipa::path(post, path = "/v1/consents/{id}/revoke", tag = "consents", request_body = RevokeBody,
    params(Owner, ("id" = String, Path, description = "Id of the consent"),
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 200, description = "Revoked; one that was revoked before, as it is",
            body = ConsentBody),
        (status = 404, response = Problem), (status = 409, response = Problem),
        (status = 422, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn revoke(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<ConsentId>,
    post: Post<RevokeBody>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let at = match &post.value.at {
        Some(text) => Some(Instant::parse(text).map_err(|e| AppError::field("/at", e.0))?),
        None => None,
    };
    let reason = match &post.value.reason {
        Some(text) => Some(plain(text, MAX_REASON_CHARS).ok_or_else(|| {
            let message = format!(
                "write a reason of 1 to {MAX_REASON_CHARS} characters, none of them control"
            );
            AppError::field("/reason", message)
        })?),
        None => None,
    };
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let consent = steps::revoke(conn, &inner, organization, id, at, reason)?;
        Reply::json(200, &ConsentBody::from(&consent))
    });
    respond(work.await?)
}
