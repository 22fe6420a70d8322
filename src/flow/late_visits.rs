//! Visits that came after the claim they would have stood on: held until a replacement exists, or
//! until that claim is withdrawn.

use std::collections::{BTreeSet, HashSet};

use super::Ctx;
use super::again::{Cause, Ways, Wish, deciding, redo};
use crate::domain::batch::StoredClaim;
use crate::domain::claim::{ClaimLine, ClaimNumber};
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::rules::WAITS_FOR_CLAIM;
use crate::error::AppError;
use crate::store::holds::HeldVisit;
use crate::store::live_claims::Periods;
use crate::store::{self, Conn};

/// The visits that came after these claims and are held because their period or day is claimed, in
/// order.
pub(super) fn waiting(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<Vec<HeldVisit>, AppError> {
    let mut periods = Periods::new();
    for claim in claims {
        let terms = ctx.terms(conn, tenant, claim.contract_version)?;
        let pack = &terms.pack;
        if !pack.claim.claims_once() && pack.services.iter().all(|s| s.sum_over.is_contact()) {
            continue;
        }
        let days = pack.claim.period.around(claim.service_date, pack.week_start);
        periods.entry(claim.member).or_default().insert(days);
    }
    let members: Vec<MemberId> = periods.keys().copied().collect();
    let mut held = store::holds::of_rules(conn, tenant, &WAITS_FOR_CLAIM, &members)?;
    held.retain(|visit| {
        let of_member = periods.get(&visit.member).into_iter().flatten();
        of_member.clone().any(|days| (days.0..=days.1).contains(&visit.service_date))
    });
    held.sort_unstable_by_key(|v| (v.service_date, v.started_at, v.encounter));
    Ok(held)
}

/// The claims that say the same of the same period as this one, which was cut off where it was full: neither is in
/// the way of what goes onto the other.
pub(super) fn alike(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claim: &StoredClaim,
) -> Result<Vec<ClaimNumber>, AppError> {
    let terms = ctx.terms(conn, tenant, claim.contract_version)?;
    if !terms.pack.claim.claims_once() {
        return Ok(Vec::new());
    }
    let days = terms.pack.claim.period.around(claim.service_date, terms.pack.week_start);
    let periods = Periods::from([(claim.member, BTreeSet::from([days]))]);
    let mut found = store::live_claims::live_of(conn, tenant, &periods)?;
    let (profile, own) = (&terms.pack.claim, &claim.document);
    let line = |l: &ClaimLine| (l.procedure.clone(), l.modifiers.clone(), l.place.clone());
    let lines: HashSet<_> = own.lines.iter().map(line).collect();
    found.retain(|other| {
        let said = &other.document;
        // Of a day, what was another line is in the way of what would become one with it.
        let split = !profile.period.is_day() || said.lines.iter().any(|l| lines.contains(&line(l)));
        if !split {
            return false;
        }
        (other.payer, &other.member_number) == (claim.payer, &own.subscriber.member_number)
            && profile.unites(&own.place, other.peer, claim.peer)
            && (&said.diagnoses, &said.authorization) == (&own.diagnoses, &own.authorization)
            && (!profile.one_place_per_claim || said.place == own.place)
            && other.facility == claim.detail.facility
    });
    Ok(found.into_iter().map(|other| other.document.number).collect())
}

/// Decides them again: their period is claimed no longer.
pub(super) fn again(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<(), AppError> {
    let held = waiting(ctx, conn, tenant, claims)?;
    let wish = |v: &HeldVisit| Wish { encounter: v.encounter, cause: Cause::Withdrawn, depth: 0 };
    let waiting: Vec<Wish> = held.iter().map(wish).collect();
    let organization = deciding(conn, tenant)?;
    redo(ctx, conn, &organization, &waiting, Ways::FORWARD).map(|_| ())
}
