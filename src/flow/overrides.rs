//! Overrides: a biller answers, with a reason, for a rule that the contract lets a person answer for.
//!
//! The visit is decided again at once, in the same transaction. An override speaks of the visit as it
//! was when it was made: when the visit is revised, it no longer counts (`docs/adr/0036-…`). It stays
//! on record for ever, also after it was taken back.

use super::Ctx;
use super::again::Cause;
use super::audit::{self, Action, Actor, Detail};
use super::encounters::{decide_in, find, organization};
use super::intake::Recorded;
use crate::domain::contract::in_force;
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::ids::{EncounterId, KeyId, OrganizationId};
use crate::domain::member::billed_coverage;
pub use crate::domain::overriding::{Override, OverrideFact, Revocation};
use crate::domain::rules::{Overriding, RuleId};
use crate::error::{AppError, Code, Fault};
use crate::store::{self, Conn, Scope};

fn acting_key(ctx: &Ctx) -> Option<KeyId> {
    match &ctx.actor {
        Actor::Key { id, .. } => Some(*id),
        Actor::Command | Actor::Worker => None,
    }
}

fn refuse(rule: RuleId, why: &str) -> AppError {
    let message = format!("{rule} cannot be overridden here: {why}.");
    AppError::new(Code::NotOverridable, message.clone())
        .with_faults(vec![Fault::at("/rule", message)])
}

/// Overrides a rule for a visit that is not claimed, and decides the visit again.
///
/// Errors: `not_overridable` when the rule never can be or the contract in force does not list it,
/// `wrong_status` when it does not hold the visit, `already_exists` when it is overridden already.
pub fn make_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounter: EncounterId,
    rule: RuleId,
    reason: &str,
) -> Result<Recorded, AppError> {
    if let Overriding::Never(why) = rule.overriding() {
        return Err(refuse(rule, why));
    }
    let fact = OverrideFact {
        id: ctx.id(),
        rule,
        reason: reason.to_owned(),
        by: acting_key(ctx),
        at: ctx.now(),
    };
    store::overrides::insert(conn, tenant, encounter, &fact).map_err(|error| match error {
        store::StoreError::NotFound => AppError::not_found("encounter"),
        error if error.conflicts_on("encounter_overrides") => AppError::new(
            Code::AlreadyExists,
            format!("{rule} is overridden already for this encounter."),
        ),
        error => error.into(),
    })?;
    let recorded = decide_in(ctx, conn, tenant, encounter, Cause::Override)?;
    // The decision is the judge: it was made under the locks, with the contract in force now.
    counts(&recorded.decision.answer, &fact)?;
    let detail = Detail::default().about("rule", rule).about("override", fact.id);
    audit::note(ctx, conn, Some(tenant), Action::EncounterOverride, encounter, detail)?;
    Ok(recorded)
}

/// Whether the decision looked at the override; else why not.
fn counts(answer: &Decision, fact: &OverrideFact) -> Result<(), AppError> {
    let rule = fact.rule;
    let mut of_rule = answer.findings.iter().filter(|f| f.rule == rule.as_str());
    match of_rule.next() {
        None => {
            let detail =
                format!("{rule} does not hold this encounter; there is nothing to override.");
            Err(AppError::new(Code::WrongStatus, detail))
        }
        Some(finding) if finding.overridden.as_ref().is_some_and(|o| o.id == fact.id) => Ok(()),
        Some(_) => Err(refuse(rule, "the contract in force does not list it as overridable")),
    }
}

/// Takes an override back while the visit is not claimed, and decides the visit again.
pub fn revoke_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounter: EncounterId,
    rule: RuleId,
    reason: &str,
) -> Result<Recorded, AppError> {
    let how = Revocation { at: ctx.now(), by: acting_key(ctx), reason: reason.to_owned() };
    if store::overrides::revoke(conn, tenant, encounter, rule, &how)? == 0 {
        return Err(AppError::not_found("override"));
    }
    let recorded = decide_in(ctx, conn, tenant, encounter, Cause::Override)?;
    let detail = Detail::default().about("rule", rule);
    audit::note(ctx, conn, Some(tenant), Action::EncounterOverrideRevoke, encounter, detail)?;
    Ok(recorded)
}

/// All overrides of a visit, oldest first, each with whether it is in force.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    encounter: EncounterId,
) -> Result<Vec<(Override, bool)>, AppError> {
    let work = ctx.clone();
    let read = move |conn: &mut Conn| {
        let visit = find(conn, tenant, encounter)?;
        let all = store::overrides::of_encounter(conn, tenant, encounter)?;
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let rules = listed(&work, conn, tenant, &visit.data)?;
        let seen = |one: Override| {
            let in_force = one.in_force(&rules);
            (one, in_force)
        };
        Ok(all.into_iter().map(seen).collect())
    };
    ctx.db.read(Scope::Tenant(tenant), read).await
}

/// The rules that the contract in force for a visit lets a person override, as a decision of now
/// finds it; none without a contract.
fn listed(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    visit: &EncounterData,
) -> Result<Vec<RuleId>, AppError> {
    let day = organization(conn, tenant)?.data.zone.date_of(visit.started_at);
    let heads = store::contracts::versions_of(conn, tenant)?;
    let member = store::members::by_id(conn, tenant, visit.member)?
        .ok_or_else(|| AppError::not_found("member"))?;
    let bills = |payer| in_force(&heads, payer, day).is_some();
    let billed = billed_coverage(&member.coverages, day, bills);
    let Some(version) = billed.and_then(|c| in_force(&heads, c.data.payer, day)) else {
        return Ok(Vec::new());
    };
    let terms = ctx.terms(conn, tenant, version.id)?;
    let rules = terms.pack.overrides.iter().flat_map(|o| &o.rules).copied();
    Ok(rules.filter(|rule| rule.may_be_overridden()).collect())
}
