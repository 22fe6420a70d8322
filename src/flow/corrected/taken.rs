//! A biller says that the payer took a replacement or void, where no file of the payer ever says so:
//! some payers answer through a clearinghouse only, or in a portal (`docs/adr/0111-…`).

use super::{SeenClaim, accept, find, see, wrong_status};
use crate::domain::claim_change::ChangeState;
use crate::domain::ids::{BatchId, ClaimId, EncounterId, OrganizationId};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, Detail};
use crate::flow::batching::lock_visits;
use crate::flow::claims::encounter_ids;
use crate::store::{self, Conn};

/// Records with its evidence that the payer took the replacement or void that is this claim.
pub fn taken_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: ClaimId,
    evidence: &str,
) -> Result<SeenClaim, AppError> {
    let none = || {
        wrong_status(
            "Only a replacement or void that was released and is not answered by the payer yet is \
             taken. Name the claim as which it was built (change.claim of the claim that it corrects).",
        )
    };
    let claim = find(conn, tenant, id)?;
    let change = store::claim_changes::of_built(conn, tenant, &[id])?.pop().ok_or_else(none)?;
    let first = find(conn, tenant, change.claim)?;
    let mut batches: Vec<BatchId> = vec![claim.batch, first.batch];
    batches.sort_unstable();
    // Answers to both claims wait, or are there already.
    store::acknowledged::lock(conn, tenant, &batches)?;
    let all: Vec<EncounterId> = encounter_ids(&[claim, first]).into_keys().collect();
    lock_visits(ctx, conn, tenant, &all)?;
    let claim = find(conn, tenant, id)?;
    let change = store::claim_changes::of_built(conn, tenant, &[id])?.pop().ok_or_else(none)?;
    if change.state != ChangeState::Built || !claim.status.is_with_payer() {
        return Err(none());
    }
    if claim.status != ClaimStatus::Accepted {
        store::acknowledged::move_claims(conn, tenant, &[id], ClaimStatus::Accepted)?;
    }
    store::claim_changes::set_evidence(conn, tenant, change.id, evidence)?;
    let odd = accept(ctx, conn, tenant, &[id])?;
    if let Some(why) = odd.into_iter().next() {
        return Err(wrong_status(why));
    }
    let detail = Detail::default().about("corrects", change.claim);
    audit::note(ctx, conn, Some(tenant), Action::ClaimTaken, id, detail)?;
    see(conn, tenant, id)
}
