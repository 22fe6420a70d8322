//! Overrides of rules: make one, take it back, see all of a visit (`docs/worklist.md`).

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::batches::tenant;
use super::encounter_view::EncounterView;
use super::encounters::OfOrganization;
use super::problem::Problem;
use super::reason::reason;
use super::{Caller, PathId, Post, Query, respond};
use crate::domain::ids::EncounterId;
use crate::domain::rules::{RULES, RuleId};
use crate::error::AppError;
use crate::flow::idempotent::{self, Reply};
use crate::flow::overrides::{self, Override};
use crate::flow::{Ctx, Scope};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/encounters/{id}/overrides")
            .route(web::post().to(create))
            .route(web::get().to(list)),
    )
    .service(web::resource("/encounters/{id}/overrides/revoke").route(web::post().to(revoke)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, revoke))]
pub struct Doc;

/// Which rule, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OverrideBody {
    /// The rule, as the finding names it.
    #[schema(example = "note.unsigned")]
    rule: String,
    /// The reason, kept for ever; no names.
    #[schema(min_length = 1, max_length = 500, example = "the payer accepts the signed sheet")]
    reason: String,
}

impl OverrideBody {
    /// The rule. Whoever names none is told those that can be named, not all that there are.
    fn rule(&self) -> Result<RuleId, AppError> {
        RuleId::parse(&self.rule).map_err(|_| {
            let may = RULES.iter().map(|rule| rule.id).filter(|id| id.may_be_overridden());
            let may: Vec<&str> = may.map(RuleId::as_str).collect();
            let message = format!("there is no such rule; write one of {}.", may.join(", "));
            AppError::field("/rule", message)
        })
    }
}

/// An override, in force or not.
#[derive(Debug, Serialize, ToSchema)]
struct OverrideView {
    /// Our id.
    #[schema(example = "ovr_0KXJ5T9B20000")]
    id: String,
    /// The rule.
    rule: String,
    /// Why.
    reason: String,
    /// From which key; null for the command line.
    by: Option<String>,
    /// When.
    at: String,
    /// Whether decisions look at it: it was not taken back, the visit says what it said then, and the
    /// contract in force for the visit lists the rule.
    in_force: bool,
    /// Whether the visit says what it said then. An override speaks of that content only.
    same_content: bool,
    /// When it was taken back.
    revoked_at: Option<String>,
    /// From which key.
    revoked_by: Option<String>,
    /// Why.
    revoke_reason: Option<String>,
}

/// All overrides of a visit.
#[derive(Debug, Serialize, ToSchema)]
struct OverrideList {
    /// Oldest first.
    items: Vec<OverrideView>,
}

impl OverrideView {
    fn new(o: Override, in_force: bool) -> Self {
        Self {
            id: o.fact.id.to_string(),
            rule: o.fact.rule.as_str().to_owned(),
            reason: o.fact.reason,
            by: o.fact.by.map(|k| k.to_string()),
            at: o.fact.at.to_string(),
            in_force,
            same_content: o.same_content,
            revoked_at: o.revoked.as_ref().map(|r| r.at.to_string()),
            revoked_by: o.revoked.as_ref().and_then(|r| r.by).map(|k| k.to_string()),
            revoke_reason: o.revoked.map(|r| r.reason),
        }
    }
}

/// Override a rule for an encounter that is not claimed, with a reason. Only rules that the contract
/// lists as overridable. The encounter is decided again at once.
#[utoipa::path(post, path = "/v1/encounters/{id}/overrides", tag = "worklist",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    request_body = OverrideBody,
    responses((status = 201, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
    body: Post<OverrideBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let (rule, reason) = (body.value.rule()?, reason(&body.value.reason)?);
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let recorded = overrides::make_in(&work, conn, tenant, id.0, rule, &reason)?;
        Reply::json(201, &EncounterView::recorded(tenant, recorded))
    });
    respond(reply.await?)
}

/// All overrides of an encounter, oldest first, in force or not.
#[utoipa::path(get, path = "/v1/encounters/{id}/overrides", tag = "worklist",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    responses((status = 200, body = OverrideList), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let all = overrides::list(&ctx, tenant, id.0).await?;
    let items = all.into_iter().map(|(o, in_force)| OverrideView::new(o, in_force)).collect();
    Ok(HttpResponse::Ok().json(OverrideList { items }))
}

/// Take an override back while the encounter is not claimed, with a reason. It stays on record; the
/// encounter is decided again at once.
#[utoipa::path(post, path = "/v1/encounters/{id}/overrides/revoke", tag = "worklist",
    params(("id" = String, Path, description = "The encounter's id"), OfOrganization),
    request_body = OverrideBody,
    responses((status = 200, body = EncounterView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn revoke(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<EncounterId>,
    query: Query<OfOrganization>,
    body: Post<OverrideBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let (rule, reason) = (body.value.rule()?, reason(&body.value.reason)?);
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let recorded = overrides::revoke_in(&work, conn, tenant, id.0, rule, &reason)?;
        Reply::json(200, &EncounterView::recorded(tenant, recorded))
    });
    respond(reply.await?)
}
