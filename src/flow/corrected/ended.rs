//! The payer has taken or rejected a replacement or void.

use super::back::end;
use crate::domain::batch::StoredClaim;
use crate::domain::claim_change::{ChangeKind, ChangeState, ClaimChange, Visits};
use crate::domain::ids::{ClaimId, EncounterId, LineId, OrganizationId};
use crate::domain::ledger;
use crate::domain::status::{ClaimStatus, EncounterStatus, LineStatus};
use crate::error::AppError;
use crate::flow::again::{self, Cause, Ways, Wish, redo};
use crate::flow::audit::{self, Action, Detail};
use crate::flow::batching::lock_visits;
use crate::flow::claims::encounter_ids;
use crate::flow::encounters::{Voided, void_visit};
use crate::flow::intake::draws::book;
use crate::flow::{Ctx, late_visits};
use crate::store::{self, Conn};

/// The payer has taken these claims: those that replace or void another one count in its place.
/// Others are passed over. Gives what a person must look at.
pub fn accept(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[ClaimId],
) -> Result<Vec<String>, AppError> {
    let mut odd = Vec::new();
    for change in store::claim_changes::of_built(conn, tenant, claims)? {
        if change.state != ChangeState::Built {
            continue;
        }
        let step = (ChangeState::Built, ChangeState::Accepted);
        store::claim_changes::advance(conn, tenant, change.id, step, ctx.now())?;
        let first = super::find(conn, tenant, change.claim)?;
        let to = match change.kind {
            ChangeKind::Replacement => ClaimStatus::Replaced,
            ChangeKind::Void => ClaimStatus::Voided,
        };
        let void = match change.built.filter(|_| change.kind == ChangeKind::Void) {
            Some(built) => Some(super::find(conn, tenant, built)?),
            None => None,
        };
        if !first.status.may_become(to) {
            // Its lines are free since, or on another claim: nothing is left to reverse.
            odd.push(format!(
                "a {} was accepted of claim {}, which is {}: ask the payer what it has",
                change.kind, first.document.number, first.status
            ));
            if let Some(void) = void {
                close(conn, tenant, &void)?;
            }
            continue;
        }
        if !store::claim_changes::move_claim(conn, tenant, first.id, (first.status, to))? {
            return Err(super::changing("The first claim was moved at the same moment."));
        }
        if let Some(void) = void {
            reversed(ctx, conn, tenant, &change, (&first, &void))?;
        }
    }
    Ok(odd)
}

/// A void that was taken ends; it never held a line.
fn close(conn: &mut Conn, tenant: OrganizationId, void: &StoredClaim) -> Result<(), AppError> {
    let step = (void.status, ClaimStatus::Closed);
    if !store::claim_changes::move_claim(conn, tenant, void.id, step)? {
        return Err(super::changing("The void was moved at the same moment."));
    }
    Ok(())
}

/// All of a claim is reversed: its units are given back, and its visits are voided or decided again.
fn reversed(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    change: &ClaimChange,
    (first, void): (&StoredClaim, &StoredClaim),
) -> Result<(), AppError> {
    let parts = encounter_ids(std::slice::from_ref(void));
    let ids: Vec<EncounterId> = parts.keys().copied().collect();
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    store::claim_changes::set_live(conn, tenant, change.claim, false)?;
    close(conn, tenant, void)?;
    let lines: Vec<LineId> = parts.into_values().flatten().collect();
    let (from, to) = (LineStatus::Submitted, LineStatus::Ready);
    store::decisions::move_lines(conn, tenant, &lines, from, to)?;
    store::encounters::set_status(conn, tenant, &ids, EncounterStatus::Ready)?;
    let held = store::ledger::holdings(conn, tenant, &lines)?;
    book(ctx, conn, tenant, ctx.now(), held.into_iter().map(ledger::unconsume).collect())?;
    again::let_go(ctx, conn, tenant, &ids)?;
    if change.visits == Visits::Void {
        for id in ids {
            void_visit(ctx, conn, tenant, id, &change.reason)?;
        }
        // Its day, week or month is claimed no longer.
        return late_visits::again(ctx, conn, tenant, std::slice::from_ref(first));
    }
    let wish = |id: &EncounterId| Wish { encounter: *id, cause: Cause::Replaced, depth: 0 };
    let wishes: Vec<Wish> = ids.iter().map(wish).collect();
    redo(ctx, conn, &visits.organization, &wishes, Ways::BOTH)?;
    late_visits::again(ctx, conn, tenant, std::slice::from_ref(first))
}

/// Whether one of these claims, which were rejected and hold their lines no longer, replaces or voids
/// another one: its lines have then returned to that one. Gives those of which nothing is left to do,
/// each with the claim that stands again.
pub fn reject(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<Vec<(ClaimId, ClaimId)>, AppError> {
    let ids: Vec<ClaimId> = claims.iter().map(|c| c.id).collect();
    let mut done = Vec::new();
    for change in store::claim_changes::of_built(conn, tenant, &ids)? {
        let Some(claim) = claims.iter().find(|c| Some(c.id) == change.built) else { continue };
        let before = store::claim_changes::before(conn, tenant, change.id)?;
        end(ctx, conn, tenant, &change, claim, ChangeState::Rejected)?;
        if change.state == ChangeState::Accepted {
            // It may have been accepted after its replacement was built.
            let accepted = store::responses::was_accepted(conn, tenant, change.claim)?;
            let stands = if accepted { ClaimStatus::Accepted } else { before.status };
            let step = (ClaimStatus::Replaced, stands);
            store::claim_changes::move_claim(conn, tenant, change.claim, step)?;
        }
        done.push((claim.id, change.claim));
    }
    Ok(done)
}

/// These claims were rejected and their lines are free, while a replacement or void of some was asked
/// for and not built: nothing is left to correct. Visits that it would have left out or voided are
/// voided now, so that the next batch does not bill them again.
pub fn overtaken(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<(), AppError> {
    for change in cancel(ctx, conn, tenant, claims)? {
        if let Some(claim) = claims.iter().find(|c| c.id == change.claim) {
            void_as_asked(ctx, conn, tenant, &change, claim)?;
        }
    }
    Ok(())
}

/// This claim was rejected after its replacement or void was: what was asked for then is not billed
/// anew either.
pub fn rejected_too(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claim: &StoredClaim,
) -> Result<(), AppError> {
    match store::claim_changes::last_of(conn, tenant, claim.id)? {
        Some(change) if change.state == ChangeState::Rejected => {
            void_as_asked(ctx, conn, tenant, &change, claim)
        }
        _ => Ok(()),
    }
}

/// Voids the visits that a change would have left out or voided. Their lines are free.
fn void_as_asked(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    change: &ClaimChange,
    claim: &StoredClaim,
) -> Result<(), AppError> {
    if change.kind == ChangeKind::Void && change.visits == Visits::Void {
        for id in encounter_ids(std::slice::from_ref(claim)).into_keys() {
            void_overtaken(ctx, conn, tenant, (claim.id, id), &change.reason)?;
        }
    }
    for left in &change.left_out {
        void_overtaken(ctx, conn, tenant, (claim.id, left.encounter), &left.reason)?;
    }
    Ok(())
}

fn void_overtaken(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    (claim, id): (ClaimId, EncounterId),
    reason: &str,
) -> Result<(), AppError> {
    if void_visit(ctx, conn, tenant, id, reason)? == Voided::Now {
        let detail = Detail::default().about("claim", claim);
        audit::note(ctx, conn, Some(tenant), Action::EncounterVoid, id, detail)?;
    }
    Ok(())
}

/// Takes back what was asked for of these claims and is not built.
pub fn cancel(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    claims: &[StoredClaim],
) -> Result<Vec<ClaimChange>, AppError> {
    let ids: Vec<ClaimId> = claims.iter().map(|c| c.id).collect();
    let mut open = store::claim_changes::open_of_all(conn, tenant, &ids)?;
    open.retain(|change| change.state == ChangeState::Prepared);
    for change in &open {
        let step = (ChangeState::Prepared, ChangeState::Cancelled);
        if !store::claim_changes::advance(conn, tenant, change.id, step, ctx.now())? {
            return Err(super::changing("A correction was moved at the same moment."));
        }
    }
    Ok(open)
}
