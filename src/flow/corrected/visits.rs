//! Visits of a claim whose replacement is prepared: they may be corrected and left out, which the
//! replacement then says. Until it is built, what was claimed stands.

use std::collections::{BTreeSet, HashMap};

use crate::domain::claim_change::{ChangeKind, ChangeState, ClaimChange, LeftOut};
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::ids::{ClaimId, EncounterId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::organization::Organization;
use crate::domain::status::LineStatus;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::again::{Cause, Ways, Wish, redo};
use crate::flow::encounters::find;
use crate::flow::intake::Recorded;
use crate::flow::intake::record::content_hash;
use crate::store::{self, Conn};

/// The replacement that is prepared for the claim of a visit, or why the visit stays as it is.
fn prepared(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
) -> Result<ClaimChange, AppError> {
    let claim = store::corrections::live_claims(conn, tenant, &[id])?.remove(&id);
    let open = match claim {
        Some(claim) => store::claim_changes::open_of(conn, tenant, claim)?,
        None => None,
    };
    let fits =
        |c: &ClaimChange| c.kind == ChangeKind::Replacement && c.state == ChangeState::Prepared;
    open.filter(fits).ok_or_else(|| {
        AppError::new(
            Code::AlreadyClaimed,
            "The encounter is on a live claim. Withdraw its batch while that is not released; \
             after release ask for a replacement of the claim first \
             (POST /v1/claims/{id}/replace), then correct or void the visit.",
        )
    })
}

/// Corrects a claimed visit. What would be billed for it is on the correction list until the
/// replacement says it.
pub(in crate::flow) fn revise(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    encounter: Encounter,
    data: EncounterData,
) -> Result<Recorded, AppError> {
    let (tenant, id) = (organization.id, encounter.id);
    prepared(conn, tenant, id)?;
    if data.member != encounter.data.member {
        let detail = "a replacement is about the same member; void the claim, and record the visit \
                      anew for the other one.";
        return Err(AppError::field("/member", detail));
    }
    if data.group != encounter.data.group {
        let detail = "of a claimed visit the session stays as it is; void the visit, and record it \
                      anew.";
        return Err(AppError::field("/group", detail));
    }
    let hash = content_hash(&data)?;
    store::revisions::replace(conn, tenant, &encounter, (&data, hash), ctx.now())?;
    let wish = Wish { encounter: id, cause: Cause::Revised, depth: 0 };
    redo(ctx, conn, organization, &[wish], Ways::FORWARD)?;
    let encounter = find(conn, tenant, id)?;
    let decision = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
    let decision = decision.ok_or_else(|| AppError::internal("there is no decision"))?;
    Ok(Recorded { encounter, decision, fresh: false, revised: true })
}

/// Leaves a claimed visit out of the replacement, which voids it. `false`: it is left out already.
pub(in crate::flow) fn leave_out(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    reason: &str,
) -> Result<bool, AppError> {
    let mut change = prepared(conn, tenant, id)?;
    if change.left_out.iter().any(|left| left.encounter == id) {
        return Ok(false);
    }
    change.left_out.push(LeftOut { encounter: id, reason: reason.to_owned() });
    store::claim_changes::set_left_out(conn, tenant, change.id, &change.left_out)?;
    Ok(true)
}

/// The visits among those of these lines that prepared replacements leave out, with their claims.
pub(in crate::flow) fn leaving<'a>(
    conn: &mut Conn,
    tenant: OrganizationId,
    lines: impl Iterator<Item = &'a Line>,
) -> Result<HashMap<EncounterId, ClaimId>, AppError> {
    let claimed = lines.filter(|l| l.status == LineStatus::Submitted);
    let ids: BTreeSet<EncounterId> = claimed.map(|l| l.encounter).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<EncounterId> = ids.into_iter().collect();
    let claims = store::corrections::live_claims(conn, tenant, &ids)?;
    let claims: BTreeSet<ClaimId> = claims.into_values().collect();
    let claims: Vec<ClaimId> = claims.into_iter().collect();
    let open = store::claim_changes::open_of_all(conn, tenant, &claims)?;
    let prepared = open.into_iter().filter(|c| c.state == ChangeState::Prepared);
    let left = |c: ClaimChange| c.left_out.into_iter().map(move |l| (l.encounter, c.claim));
    Ok(prepared.flat_map(left).collect())
}
