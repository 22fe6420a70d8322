//! What a batch says for the first time, and would not be said today (`docs/adr/0158`): it is asked when the batch
//! is released, while nobody was told yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Ctx;
use super::again::{self, Cause, Ways, Wish};
use super::batching::Visits;
use super::claims::parts_of;
use crate::domain::authorization::Authorization;
use crate::domain::batch::StoredClaim;
use crate::domain::contract::form::kinds::Frequency;
use crate::domain::correction::{Billing, Difference};
use crate::domain::encounter::Encounter;
use crate::domain::identifiers::Key;
use crate::domain::ids::{AuthorizationId, ClaimId, EncounterId, MemberId, OrganizationId};
use crate::error::{AppError, Fault};
use crate::store::usage::UsageScope;
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
    let listed = store::corrections::open_of(conn, tenant, ids)?;
    // What is listed is asked once more: since then others may have given way.
    let again = |id: &EncounterId| {
        let listed = listed.contains_key(id);
        let check = Wish { encounter: *id, cause: Cause::ClaimCheck, depth: 0 };
        pending.wish(visits.encounters.get(id)?).or(listed.then_some(check))
    };
    let mut marked: Vec<Wish> = ids.iter().filter_map(again).collect();
    marked.extend(pending.divided(conn, tenant, visits.members.keys().copied())?);
    again::redo(ctx, conn, &visits.organization, &marked, Ways::FORWARD)?;
    let open = store::corrections::open_of(conn, tenant, ids)?;
    let members: BTreeSet<MemberId> =
        open.keys().filter_map(|id| Some(visits.encounters.get(id)?.data.member)).collect();
    let grants = good_grants(conn, tenant, &members.into_iter().collect::<Vec<_>>())?;
    let mut faults = Vec::new();
    for (id, correction) in ids.iter().filter_map(|id| Some((id, open.get(id)?))) {
        let (billed, today) = (&correction.billed, &correction.today);
        let differs = billed.differs(today);
        let Some(encounter) = visits.encounters.get(id) else { continue };
        if differs.iter().copied().all(is_of_amount)
            && billed.units() <= today.units()
            && billed.charge() <= today.charge()
            && names_good_grants(billed, encounter, &grants)
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

/// The authorizations of these members of which no more is drawn than was granted.
fn good_grants(
    conn: &mut Conn,
    tenant: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<Authorization>, AppError> {
    let mut grants = store::authorizations::of_members(conn, tenant, members)?;
    let authorizations = grants.iter().map(|grant| grant.id).collect();
    let scope = UsageScope { authorizations, ..UsageScope::default() };
    let mut drawn: HashMap<AuthorizationId, i64> = HashMap::new();
    for (_, usage) in store::usage::of_accounts(conn, tenant, &scope)? {
        if let Some(id) = usage.authorization {
            *drawn.entry(id).or_default() += usage.units;
        }
    }
    grants.retain(|g| drawn.get(&g.id).is_none_or(|units| *units <= i64::from(g.data.units)));
    Ok(grants)
}

/// Whether each authorization that is named is good for the day and the service: then it is as good as the one
/// that would be named today.
fn names_good_grants(billed: &Billing, encounter: &Encounter, grants: &[Authorization]) -> bool {
    let mut named = billed.lines.iter().filter_map(|line| line.authorization.as_ref());
    named.all(|number| {
        grants.iter().map(|grant| (grant.data.member, &grant.data)).any(|(member, grant)| {
            let of_service = |service: &Key| grant.services.contains(service);
            member == encounter.data.member
                && grant.number == *number
                && grant.span.covers(encounter.service_date)
                && (grant.services.is_empty() || encounter.service.as_ref().is_some_and(of_service))
        })
    })
}
