//! What a batch says for the first time, and would not be said today (`docs/adr/0158`): it is asked when the batch
//! is released, while nobody was told yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Ctx;
use super::again::{self, Ways, Wish};
use super::batches::parts_of;
use super::batching::Visits;
use crate::domain::batch::StoredClaim;
use crate::domain::contract::form::kinds::Frequency;
use crate::domain::correction::{Billing, Difference};
use crate::domain::encounter::Encounter;
use crate::domain::facts::AuthorizationFact;
use crate::domain::ids::{ClaimId, EncounterId, OrganizationId};
use crate::error::{AppError, Fault};
use crate::store::{self, Conn};

/// The visits of which these claims tell the payer something, or more units than it was told before: those of
/// original claims, and of replacements those that the claim before did not state so.
pub(super) fn first_told(
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<Vec<EncounterId>, AppError> {
    let replaces = |c: &&StoredClaim| c.detail.frequency == Frequency::Replacement;
    let ids: Vec<ClaimId> = claims.iter().filter(replaces).map(|c| c.id).collect();
    let changes = store::claim_changes::of_built(conn, tenant, &ids)?;
    let of_built: HashMap<ClaimId, ClaimId> =
        changes.iter().filter_map(|change| Some((change.built?, change.claim))).collect();
    let before: Vec<ClaimId> = of_built.values().copied().collect();
    let before = store::claims::by_ids(conn, tenant, &before)?;
    let before: HashMap<ClaimId, BTreeMap<EncounterId, u32>> =
        before.iter().map(|claim| (claim.id, units(claim))).collect();
    let mut found = BTreeSet::new();
    for claim in claims.iter().filter(|c| c.detail.frequency != Frequency::Void) {
        let told = of_built.get(&claim.id).and_then(|first| before.get(first));
        let is_new = |(id, units): &(EncounterId, u32)| {
            told.and_then(|told| told.get(id)).is_none_or(|before| before < units)
        };
        found.extend(units(claim).into_iter().filter(is_new).map(|(id, _)| id));
    }
    Ok(found.into_iter().collect())
}

/// The units that a claim states of each visit.
fn units(claim: &StoredClaim) -> BTreeMap<EncounterId, u32> {
    let mut units: BTreeMap<EncounterId, u32> = BTreeMap::new();
    for part in parts_of(claim) {
        let of_visit = units.entry(part.encounter).or_default();
        *of_visit = of_visit.saturating_add(part.units);
    }
    units
}

/// Whether a difference does no harm where no more is billed than would be today.
fn is_of_amount(difference: Difference) -> bool {
    matches!(difference, Difference::Units | Difference::Charge | Difference::Authorization)
}

/// What claims say for the first time that would not be said today, and would be denied or paid too much: by the
/// list of corrections, after what is marked has been decided. `ids` are those of [`first_told`]: what the payer has
/// already is corrected afterwards.
pub(super) fn overbilled(
    ctx: &Ctx,
    conn: &mut Conn,
    visits: &Visits,
    ids: &[EncounterId],
) -> Result<Vec<Fault>, AppError> {
    let tenant = visits.organization.id;
    let pending = again::Pending::read(conn, tenant)?;
    let marked = ids.iter().filter_map(|id| pending.wish(visits.encounters.get(id)?));
    let marked: Vec<Wish> = marked.collect();
    let forward = Ways { back: false, forward: true };
    again::redo(ctx, conn, &visits.organization, &marked, forward)?;
    let open = store::corrections::open_of(conn, tenant, ids)?;
    let mut faults = Vec::new();
    for (id, correction) in ids.iter().filter_map(|id| Some((id, open.get(id)?))) {
        let (billed, today) = (&correction.billed, &correction.today);
        let differs = billed.differs(today);
        let Some(encounter) = visits.encounters.get(id) else { continue };
        let case = visits.bench.case(&encounter.data, ctx.now())?;
        if differs.iter().copied().all(is_of_amount)
            && billed.units() <= today.units()
            && billed.charge() <= today.charge()
            && names_what_covers(billed, encounter, &case.facts.authorizations)
        {
            // More could be billed, or another authorization be named: a replacement may say so later.
            continue;
        }
        let differs: Vec<&str> = differs.iter().map(|d| d.as_str()).collect();
        let message = format!(
            "{}: {} units were claimed and {} would be today; what differs: {}.",
            encounter.data.reference,
            billed.units(),
            today.units(),
            differs.join(", "),
        );
        faults.push(Fault::at(format!("/encounters/{id}"), message));
    }
    Ok(faults)
}

/// Whether the authorizations that are named cover the day. One that does is as good as the one that would be
/// named today.
fn names_what_covers(billed: &Billing, encounter: &Encounter, known: &[AuthorizationFact]) -> bool {
    let day = encounter.service_date;
    let mut named = billed.lines.iter().filter_map(|line| line.authorization.as_ref());
    named.all(|number| known.iter().any(|a| a.number == *number && a.span.covers(day)))
}
