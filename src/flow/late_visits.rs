//! Visits that came after the claim they would have stood on: held until a replacement exists, or
//! until that claim is withdrawn.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::Ctx;
use super::again::{Cause, Ways, Wish, deciding, redo};
use crate::domain::batch::StoredClaim;
use crate::domain::encounter::Encounter;
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::rules;
use crate::domain::status::EncounterStatus;
use crate::error::AppError;
use crate::store::encounters::Filter;
use crate::store::{self, Conn};

/// Most held visits of a member in a month that are looked at: 96 a day would be one each quarter
/// of an hour.
const MOST_HELD: i64 = 31 * 96;

/// Decides again the visits that came after these claims and were held because their period was
/// claimed: it no longer is.
pub(super) fn again(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<(), AppError> {
    let mut held = Vec::new();
    for version in claims.iter().map(|c| c.contract_version).collect::<BTreeSet<_>>() {
        let pack = &ctx.terms(conn, tenant, version)?.pack;
        if pack.claim.period.is_day() && pack.services.iter().all(|s| s.sum_over.is_contact()) {
            continue;
        }
        let periods: BTreeSet<_> = claims
            .iter()
            .filter(|c| c.contract_version == version)
            .map(|c| (c.member, pack.claim.period.around(c.service_date, pack.week_start)))
            .collect();
        for (member, days) in periods {
            held.extend(held_of(conn, tenant, member, days)?);
        }
    }
    held.sort_unstable_by_key(|e| (e.service_date, e.data.started_at, e.id));
    held.dedup_by_key(|e| e.id);
    let decisions: Vec<_> = held.iter().map(|e| e.decision).collect();
    let decisions = store::decisions::by_ids(conn, tenant, &decisions)?;
    let waits = |e: &Encounter| {
        let answer = decisions.iter().find(|d| d.encounter == e.id).map(|d| &d.answer);
        answer.is_some_and(rules::waits_for_claim)
    };
    let wish = |e: &Encounter| Wish { encounter: e.id, cause: Cause::Withdrawn, depth: 0 };
    let waiting: Vec<Wish> = held.iter().filter(|e| waits(e)).map(wish).collect();
    let organization = deciding(conn, tenant)?;
    redo(ctx, conn, &organization, &waiting, Ways { back: false, forward: true }).map(|_| ())
}

fn held_of(
    conn: &mut Conn,
    tenant: OrganizationId,
    member: MemberId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Encounter>, AppError> {
    let filter = Filter {
        status: Some(EncounterStatus::Held),
        member: Some(member),
        from: Some(from),
        to: Some(to),
        ..Filter::default()
    };
    Ok(store::encounters::list(conn, tenant, &filter, None, MOST_HELD)?)
}
