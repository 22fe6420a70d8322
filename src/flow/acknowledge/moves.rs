//! Claims that a response moves. A rejected claim frees its lines for a new claim with a fresh
//! number, and its units go back to reserved (`docs/definitions.md` section 5).

use super::meanwhile::catch_up;
use crate::domain::batch::{SaidBy, StoredClaim};
use crate::domain::claim_detail::PayerControl;
use crate::domain::ids::{BatchId, ClaimId, EncounterId, LineId, OrganizationId};
use crate::domain::ledger;
use crate::domain::response::{Response, Source};
use crate::domain::status::{ClaimStatus, EncounterStatus, LineStatus};
use crate::error::AppError;
use crate::flow::batching::lock_visits;
use crate::flow::claims::encounter_ids;
use crate::flow::intake::draws::book;
use crate::flow::{Ctx, again, corrected, late_visits};
use crate::store::{self, Conn, acknowledged};

/// Claims that were accepted; of those that the payer itself has taken, replacements and voids count
/// from now on. Gives what a person must look at.
pub(super) fn accept(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[ClaimId],
    by_payer: &[ClaimId],
) -> Result<Vec<String>, AppError> {
    acknowledged::move_claims(conn, tenant, ids, ClaimStatus::Accepted)?;
    corrected::accept(ctx, conn, tenant, by_payer)
}

/// The payer's numbers of claims, as they were told: a replacement or void will name them. What is no
/// number stays in the response only.
pub(super) fn number(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[Response],
) -> Result<(), AppError> {
    for response in list {
        let (Some(claim), Some(number)) = (response.claim, &response.payer_control) else {
            continue;
        };
        let by = match response.source {
            Source::Clearinghouse => SaidBy::Clearinghouse,
            Source::Payer | Source::Receiver => SaidBy::Payer,
        };
        if let Ok(number) = PayerControl::parse(number) {
            store::claims::set_payer_control(conn, tenant, claim, &number, by)?;
        }
    }
    Ok(())
}

/// Claims that were rejected, of these batches, which are locked.
pub(super) fn reject(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    batches: &[BatchId],
    ids: &[ClaimId],
) -> Result<(), AppError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut claims = store::claims::by_ids(conn, tenant, ids)?;
    claims.retain(|claim| batches.contains(&claim.batch));
    claims.sort_by_key(|claim| (claim.batch, claim.ordinal));
    let all: Vec<EncounterId> = encounter_ids(&claims).into_keys().collect();
    // For its locks: the lines move, and others may be waiting to decide about the same people.
    lock_visits(ctx, conn, tenant, &all)?;
    acknowledged::move_claims(conn, tenant, ids, ClaimStatus::Rejected)?;
    // The lines of a replacement or void return to the claim that it was about.
    let returned = corrected::reject(ctx, conn, tenant, &claims)?;
    let is_returned = |claim: &StoredClaim| returned.iter().any(|(built, _)| *built == claim.id);
    let (corrections, claims): (Vec<StoredClaim>, Vec<StoredClaim>) =
        claims.into_iter().partition(is_returned);
    corrected::cancel(ctx, conn, tenant, &corrections)?;
    let parts = encounter_ids(&claims);
    let encounters: Vec<EncounterId> = parts.keys().copied().collect();
    let lines: Vec<LineId> = parts.into_values().flatten().collect();
    store::decisions::move_lines(conn, tenant, &lines, LineStatus::Submitted, LineStatus::Ready)?;
    store::encounters::set_status(conn, tenant, &encounters, EncounterStatus::Ready)?;
    let held = store::ledger::holdings(conn, tenant, &lines)?;
    book(ctx, conn, tenant, ctx.now(), held.into_iter().map(ledger::unconsume).collect())?;
    again::let_go(ctx, conn, tenant, &encounters)?;
    // What was asked for while the payer had them is done now: nobody is left to tell of it.
    corrected::overtaken(ctx, conn, tenant, &claims)?;
    // Without a number of the payer nothing could be asked for.
    for claim in claims.iter().filter(|claim| claim.control.is_some()) {
        corrected::rejected_too(ctx, conn, tenant, claim)?;
    }
    late_visits::again(ctx, conn, tenant, &claims)?;
    let stand: Vec<ClaimId> = returned.into_iter().map(|(_, first)| first).collect();
    catch_up(ctx, conn, tenant, &stand)
}
