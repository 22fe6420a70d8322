//! What is kept of visits before their claim is replaced or voided.

use std::collections::HashMap;

use crate::domain::batch::StoredClaim;
use crate::domain::claim_change::{Before, VisitBefore};
use crate::domain::ids::{EncounterId, LineId, OrganizationId};
use crate::error::AppError;
use crate::flow::claims::encounter_ids;
use crate::store::{self, Conn};

/// The visits of a claim as they stand under their locks.
pub(super) fn before(
    conn: &mut Conn,
    tenant: OrganizationId,
    claim: &StoredClaim,
) -> Result<Before, AppError> {
    let parts = encounter_ids(std::slice::from_ref(claim));
    let ids: Vec<EncounterId> = parts.keys().copied().collect();
    let visits = store::encounters::by_ids(conn, tenant, &ids)?;
    let lines = store::decisions::current_lines(conn, tenant, &ids)?;
    let line_ids: Vec<LineId> = lines.iter().map(|l| l.id).collect();
    let visit = |e: crate::domain::encounter::Encounter| VisitBefore {
        encounter: e.id,
        decision: e.decision,
        status: e.status,
        payer: e.payer,
        member_number: e.member_number,
    };
    Ok(Before {
        status: claim.status,
        visits: visits.into_iter().map(visit).collect(),
        lines: lines.iter().map(|l| (l.id, l.status)).collect(),
        held: store::ledger::holdings(conn, tenant, &line_ids)?,
        shared: store::shared::holdings(conn, tenant, &line_ids)?,
        days: store::day_visits::by_ids(conn, tenant, &ids)?
            .into_iter()
            .map(|v| (v.encounter, v.key, v.measure))
            .collect(),
    })
}

/// The statuses of lines, also of those that ended.
pub(super) fn statuses(
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[LineId],
) -> Result<HashMap<LineId, crate::domain::status::LineStatus>, AppError> {
    Ok(store::decisions::statuses(conn, tenant, ids)?.into_iter().collect())
}
