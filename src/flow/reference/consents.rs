//! Consents to disclosures of substance-use records (R11). What one says never changes: a wrong one is
//! revoked and another one recorded, because decisions relied on it.
//!
//! Whoever adds or revokes one holds the member's lock, as releases do: after a revocation is
//! stored, no release that began before it can still rely on the consent.

use super::authorizations::unknown_services;
use super::draft::ConsentInput;
use super::{
    ConsentFilter, NO_SUCH_MEMBER, NO_SUCH_PAYER, exists, lock_members, members_named,
    payers_named, told,
};
use crate::domain::consent::{Consent, ConsentData, Revocation};
use crate::domain::dates::{Instant, Zone};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{ConsentId, MemberId, OrganizationId, PayerId};
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::flow::encounters::organization as organization_of;
use crate::store::{Conn, Scope, StoreError, consents as store, contracts};
use std::collections::HashSet;

/// What a taken reference is told as.
const TAKEN: &str = "a consent with this reference in this organization";
/// Versions whose services are looked at.
const ALL_VERSIONS: i64 = 1_000;

/// Records a consent; `already_exists` when its reference is taken.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: ConsentInput,
) -> Result<Consent, AppError> {
    let zone = organization_of(conn, organization)?.data.zone;
    let known = members_named(conn, organization, std::iter::once(&input.member))?;
    let payers = payers_named(conn, input.recipient.iter())?;
    let mut faults = ahead(&input, zone, ctx.now());
    let member = known.get(&input.member).copied();
    if member.is_none() {
        faults.push(Fault::at("/member", NO_SUCH_MEMBER));
    }
    let recipient = input.recipient.as_ref().map(|name| payers.get(name).map(|p| p.id));
    if recipient == Some(None) {
        faults.push(Fault::at("/recipient", NO_SUCH_PAYER));
    }
    let services = known_services(conn, organization, recipient.flatten())?;
    faults.extend(unknown_services(&input.services, services.as_ref()));
    let (Some(member), true) = (member, faults.is_empty()) else {
        return Err(AppError::invalid(faults));
    };
    lock_members(ctx, conn, organization, [member])?;
    let reference = std::slice::from_ref(&input.reference);
    if let Some(other) = store::by_references(conn, organization, reference)?.first() {
        return Err(exists_already(other));
    }
    let consent = consent(ctx.id(), member, recipient.flatten(), input);
    store::insert_all(conn, organization, std::slice::from_ref(&consent), ctx.now())?;
    told::note(ctx, conn, Some(organization), None, &consent)?;
    mark(ctx, conn, organization, [member])?;
    Ok(consent)
}

/// Marks what consents may decide otherwise: all visits of their members.
pub(super) fn mark(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    members: impl IntoIterator<Item = MemberId>,
) -> Result<(), AppError> {
    let touched: Vec<Touched> =
        members.into_iter().map(|id| Touched::Member(id, Days::ALL)).collect();
    again::mark(ctx, conn, organization, Cause::Consent, &touched)
}

fn exists_already(other: &Consent) -> AppError {
    let mut error = exists(TAKEN, "/reference", other.id);
    error.detail = format!(
        "There is already {TAKEN} ({}). A consent never changes: revoke that one and record \
         another one.",
        other.id
    );
    error
}

/// The consent with its member and recipient found.
pub(super) fn consent(
    id: ConsentId,
    member: MemberId,
    recipient: Option<PayerId>,
    input: ConsentInput,
) -> Consent {
    let data = ConsentData {
        reference: input.reference,
        member,
        recipient,
        purposes: input.purposes,
        services: input.services,
        services_from: input.services_from,
        services_to: input.services_to,
        span: input.span,
        obtained: input.obtained,
        signer: input.signer,
    };
    let revoked = input.revoked_at.map(|at| Revocation { at, reason: None });
    Consent { id, data, revoked }
}

/// Times that cannot be: nothing is signed or taken back in the future, or taken back before it was
/// given.
pub(super) fn ahead(input: &ConsentInput, zone: Zone, now: Instant) -> Vec<Fault> {
    let mut faults = Vec::new();
    if input.span.from > zone.date_of(now) {
        let message = "the first day lies in the future; record the consent when it is signed";
        faults.push(Fault::at("/from", message));
    }
    if let Some(at) = input.revoked_at
        && let Some(message) = wrong_time(at, input.span.from, zone, now)
    {
        faults.push(Fault::at("/revoked_at", message));
    }
    faults
}

fn wrong_time(
    at: Instant,
    from: chrono::NaiveDate,
    zone: Zone,
    now: Instant,
) -> Option<&'static str> {
    if at > now {
        Some("the revocation lies in the future")
    } else if zone.date_of(at) < from {
        Some("the revocation lies before the first day of the consent")
    } else {
        None
    }
}

/// Services that a consent may name: those of the recipient's contract, or of all contracts.
pub(super) fn known_services(
    conn: &mut Conn,
    organization: OrganizationId,
    recipient: Option<PayerId>,
) -> Result<Option<HashSet<crate::domain::identifiers::Key>>, StoreError> {
    let versions = contracts::list(conn, organization, recipient, None, ALL_VERSIONS)?;
    let services = versions.iter().flat_map(|v| v.terms.pack.services.iter());
    Ok((!versions.is_empty()).then(|| services.map(|s| s.key.clone()).collect()))
}

/// Takes a consent back: from `at` on (now, when not said) nothing leaves by it any more. One that was
/// taken back already stays as it is.
pub fn revoke(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    id: ConsentId,
    at: Option<Instant>,
    reason: Option<String>,
) -> Result<Consent, AppError> {
    let missing = || AppError::not_found("consent");
    let member = store::by_id(conn, organization, id)?.ok_or_else(missing)?.data.member;
    lock_members(ctx, conn, organization, [member])?;
    let old = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
    if let Some(revoked) = &old.revoked {
        if at.is_none_or(|at| at == revoked.at) {
            return Ok(old);
        }
        let detail = "The consent was revoked at another time, and that stays.";
        return Err(AppError::new(Code::WrongStatus, detail));
    }
    let zone = organization_of(conn, organization)?.data.zone;
    let at = at.unwrap_or_else(|| ctx.now());
    if let Some(message) = wrong_time(at, old.data.span.from, zone, ctx.now()) {
        return Err(AppError::field("/at", message));
    }
    let revocation = Revocation { at, reason };
    if !store::revoke(conn, organization, id, &revocation, ctx.now())? {
        return Err(AppError::internal("a consent changed under its member's lock"));
    }
    let new = Consent { revoked: Some(revocation), ..old.clone() };
    told::note(ctx, conn, Some(organization), Some(&old), &new)?;
    mark(ctx, conn, organization, [member])?;
    Ok(new)
}

/// The consent with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: ConsentId,
) -> Result<Consent, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("consent"))
}

/// A page of consents after the given one; or the one with this reference.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    reference: Option<Reference>,
    filter: ConsentFilter,
    after: Option<ConsentId>,
    limit: i64,
) -> Result<Vec<Consent>, AppError> {
    let read = move |conn: &mut Conn| -> Result<Vec<Consent>, StoreError> {
        match reference {
            Some(text) => store::by_references(conn, organization, &[text]),
            None => store::list(conn, organization, &filter, after, limit),
        }
    };
    Ok(ctx.db.read(Scope::Tenant(organization), read).await?)
}
