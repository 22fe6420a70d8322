//! Replacements and voids of claims that the payer has.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::batches::tenant;
use super::claims::{ClaimView, view};
use super::encounters::OfOrganization;
use super::problem::Problem;
use super::reason::{reason, words};
use super::{Action, Caller, PathId, Post, Query, respond};
use crate::domain::claim_change::{ChangeKind, Visits};
use crate::domain::claim_detail::PayerControl;
use crate::domain::contract::form::kinds::Note80;
use crate::domain::ids::ClaimId;
use crate::error::AppError;
use crate::flow::corrected::Asked;
use crate::flow::idempotent::{self, Reply};
use crate::flow::{Ctx, Scope, corrected};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/claims/{id}/replace").route(web::post().to(replace)))
        .service(web::resource("/claims/{id}/void").route(web::post().to(void)))
        .service(web::resource("/claims/{id}/keep").route(web::post().to(keep)))
        .service(web::resource("/claims/{id}/taken").route(web::post().to(taken)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(replace, void, keep, taken))]
pub struct Doc;

/// Why a claim is to be replaced.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplaceBody {
    /// A sentence; kept for ever.
    #[schema(example = "a second visit of the day was recorded late")]
    reason: String,
    /// The payer's number of the claim, when it was read elsewhere than in the payer's files.
    payer_control: Option<String>,
    /// `true`: visits of the claim that are held by now may be missing from the replacement; they are
    /// billed once nothing holds them. Else it is not built while one is held.
    without_held: Option<bool>,
    /// What the claim says to the payer in words (NTE\*ADD), at most 80 characters, as they stand;
    /// instead of the note that the payer's profile would make. Say nothing of the member in it that
    /// the payer does not need.
    #[schema(example = "corrected units, two visits were billed as one")]
    note: Option<String>,
}

/// Why a claim is to be voided.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VoidBody {
    /// A sentence; kept for ever.
    #[schema(example = "billed for the wrong member")]
    reason: String,
    /// The payer's number of the claim, when it was read elsewhere than in the payer's files.
    payer_control: Option<String>,
    /// What becomes of the visits once the payer has taken the void: `void` (the default) or
    /// `bill_again`.
    visits: Option<String>,
    /// What the claim says to the payer in words (NTE\*ADD), at most 80 characters, as they stand;
    /// instead of the note that the payer's profile would make. Say nothing of the member in it that
    /// the payer does not need.
    #[schema(example = "corrected units, two visits were billed as one")]
    note: Option<String>,
}

/// How it is known that the payer took a replacement or void.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakenBody {
    /// Where and when it was read; kept for ever.
    #[schema(example = "the payer's portal shows it as accepted on 9 September")]
    evidence: String,
}

fn asked(
    kind: ChangeKind,
    why: &str,
    (number, note): (Option<&str>, Option<&str>),
    visits: Option<&str>,
) -> Result<Asked, AppError> {
    let number = number.map(PayerControl::parse).transpose();
    let number = number.map_err(|rule| AppError::field("/payer_control", rule.0))?;
    let note = note.map(Note80::parse).transpose().map_err(|_| {
        let message = "a note of a claim (NTE02) has 1 to 80 letters, digits and signs of ASCII; \
                       shorten it, or leave the other signs out.";
        AppError::field("/note", message)
    })?;
    let visits = Visits::parse(visits.unwrap_or(Visits::Void.as_str()));
    let visits = visits.map_err(|rule| AppError::field("/visits", rule.0))?;
    Ok(Asked { kind, reason: reason(why)?, visits, number, without_held: false, note })
}

/// Ask for a replacement of a claim that the payer has. Until the next batch builds it, its visits
/// may be corrected (PATCH) and voided; the claim stands as it is until the payer takes the
/// replacement.
#[utoipa::path(post, path = "/v1/claims/{id}/replace", tag = "batches",
    params(("id" = String, Path, description = "The claim's id"), OfOrganization),
    request_body = ReplaceBody,
    responses((status = 200, body = ClaimView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn replace(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ClaimId>,
    query: Query<OfOrganization>,
    body: Post<ReplaceBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let ReplaceBody { reason, payer_control, without_held, note } = body.value;
    let said = (payer_control.as_deref(), note.as_deref());
    let asked = Asked {
        without_held: without_held.unwrap_or(false),
        ..asked(ChangeKind::Replacement, &reason, said, None)?
    };
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        Reply::json(200, &view(tenant, corrected::ask_in(&work, conn, tenant, id.0, asked)?))
    });
    respond(reply.await?)
}

/// Ask for a void of a claim that the payer has: all of it is reversed.
#[utoipa::path(post, path = "/v1/claims/{id}/void", tag = "batches",
    params(("id" = String, Path, description = "The claim's id"), OfOrganization),
    request_body = VoidBody,
    responses((status = 200, body = ClaimView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn void(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ClaimId>,
    query: Query<OfOrganization>,
    body: Post<VoidBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let VoidBody { reason, payer_control, visits, note } = body.value;
    let said = (payer_control.as_deref(), note.as_deref());
    let asked = asked(ChangeKind::Void, &reason, said, visits.as_deref())?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        Reply::json(200, &view(tenant, corrected::ask_in(&work, conn, tenant, id.0, asked)?))
    });
    respond(reply.await?)
}

/// Take back a replacement or void that no batch has built yet; or say that the claim stays as it is
/// after its replacement or void was rejected, which ends the task of that.
#[utoipa::path(post, path = "/v1/claims/{id}/keep", tag = "batches",
    params(("id" = String, Path, description = "The claim's id"), OfOrganization),
    responses((status = 200, body = ClaimView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn keep(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ClaimId>,
    query: Query<OfOrganization>,
    action: Action,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), action.ticket, move |conn| {
        Reply::json(200, &view(tenant, corrected::cancel_in(&work, conn, tenant, id.0)?))
    });
    respond(reply.await?)
}

/// Say that the payer took a replacement or void of which no file of the payer tells: the claim named
/// here counts from now on in place of the one that it corrects.
#[utoipa::path(post, path = "/v1/claims/{id}/taken", tag = "batches",
    params(("id" = String, Path, description = "The replacement's or void's id"), OfOrganization),
    request_body = TakenBody,
    responses((status = 200, body = ClaimView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn taken(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ClaimId>,
    query: Query<OfOrganization>,
    body: Post<TakenBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let evidence = words("/evidence", &body.value.evidence)?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let seen = corrected::taken_in(&work, conn, tenant, id.0, &evidence)?;
        Reply::json(200, &view(tenant, seen))
    });
    respond(reply.await?)
}
