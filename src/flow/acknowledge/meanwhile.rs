//! What the payer said against a claim while its replacement or void was on its way: it could move
//! nothing then, and counts when that comes to nothing.

use std::collections::{HashMap, HashSet};

use super::moves::reject;
use super::said::{is_kept_again, is_kept_copy};
use crate::domain::batch::StoredClaim;
use crate::domain::ids::{ClaimId, OrganizationId};
use crate::domain::response::{Effect, Stage, Taken, Verdict, effect};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::responses::{self, LastWord, Refusal};
use crate::store::{self, Conn, acknowledged, claim_changes};

/// Claims whose replacement or void came to nothing: what the payer said against them meanwhile, and
/// could move nothing then, counts now.
pub(in crate::flow) fn catch_up(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    stand: &[ClaimId],
) -> Result<(), AppError> {
    let words = contradicted(conn, tenant, stand)?;
    let ids: Vec<ClaimId> = words.iter().map(|(id, _)| *id).collect();
    let known = Known::read(conn, tenant, &ids)?;
    for (id, word) in words {
        // As it stands now: the claims before it may have moved it.
        let claim = store::claims::by_id(conn, tenant, id)?;
        let Some(claim) = claim.filter(|c| c.status.is_with_payer()) else { continue };
        if known.rejects(&claim, &word) {
            acknowledged::lock(conn, tenant, &[claim.batch])?;
            reject(ctx, conn, tenant, &[claim.batch], &[id])?;
        }
    }
    Ok(())
}

/// Those of these claims whose last word contradicted what counted, since their correction was asked
/// for, with that word.
fn contradicted(
    conn: &mut Conn,
    tenant: OrganizationId,
    stand: &[ClaimId],
) -> Result<Vec<(ClaimId, LastWord)>, AppError> {
    let mut words = responses::last_words(conn, tenant, stand)?;
    words.retain(|_, word| word.effect == Effect::Contradicts && !is_kept_copy(&word.said));
    let ids: Vec<ClaimId> = words.keys().copied().collect();
    let changes = claim_changes::last_of_all(conn, tenant, &ids)?;
    // What came before the correction was asked for was known to whoever asked.
    let meanwhile = |id: &ClaimId, word: &LastWord| {
        changes.get(id).is_some_and(|change| word.recorded_at >= change.asked_at)
    };
    words.retain(|id, word| meanwhile(id, word));
    // In the order in which they were given.
    Ok(stand.iter().filter_map(|id| Some((*id, words.remove(id)?))).collect())
}

/// What is known of claims besides their last words.
struct Known {
    /// Those that a payment names.
    paid: HashSet<ClaimId>,
    /// What rejected each.
    refusals: HashMap<ClaimId, Vec<Refusal>>,
    /// How far the payer itself has gone.
    payer: HashMap<ClaimId, Taken>,
    /// Replacements and voids: they free nothing that is billed again.
    corrections: HashSet<ClaimId>,
}

impl Known {
    fn read(conn: &mut Conn, tenant: OrganizationId, ids: &[ClaimId]) -> Result<Self, AppError> {
        let mut refusals: HashMap<ClaimId, Vec<Refusal>> = HashMap::new();
        for refusal in responses::refusals_of_claims(conn, tenant, ids)? {
            if let Some(claim) = refusal.claim {
                refusals.entry(claim).or_default().push(refusal);
            }
        }
        let changes = claim_changes::of_built(conn, tenant, ids)?;
        Ok(Self {
            paid: store::paid_claims::among(conn, tenant, ids)?,
            refusals,
            payer: responses::taken_by_payer(conn, tenant, ids)?,
            corrections: changes.into_iter().filter_map(|change| change.built).collect(),
        })
    }

    /// Whether the last word rejects a claim after all.
    fn rejects(&self, claim: &StoredClaim, word: &LastWord) -> bool {
        let id = &claim.id;
        // Once called a copy, it is there: a later word does not free it by itself.
        let again = |r: &Refusal| is_kept_again(r.stage, r.source, &r.said, word.source);
        if self.paid.contains(id) || self.refusals.get(id).is_some_and(|all| all.iter().any(again))
        {
            return false;
        }
        let mut payer = self.payer.get(id).copied().unwrap_or_default();
        if self.corrections.contains(id) {
            payer = payer.min(Taken::Received);
        }
        let counts = effect(claim.status, Stage::Claim, word.source, word.verdict, payer);
        word.verdict == Verdict::Rejected && counts == Effect::Rejected
    }
}
