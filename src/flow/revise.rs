//! Step 1c: an encounter is corrected. What it said before is kept, what it drew is given back, and
//! it is decided again as it reads now, all in one transaction.
//!
//! What is on a live claim changes by a replacement claim only (`corrected`).

use super::again::{self, Again, Cause};
use super::audit::{self, Action};
use super::encounters::{bench_of, find, refuse_moved, refuse_void, write_again};
use super::intake::record::content_hash;
use super::intake::records::Records;
use super::intake::{Parsed, Recorded, resolve};
use super::{Ctx, corrected, day_sums};
use crate::domain::encounter::EncounterData;
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::error::{AppError, Code};
pub use crate::store::revisions::PastRevision;
use crate::store::{self, Conn, Scope};

/// A correction: all that the encounter says from now on.
#[derive(Debug, Clone)]
pub struct Correction {
    /// The content, with the reference that it has.
    pub data: EncounterData,
    /// The revision that the correction was made from; none when it replaces whatever there is.
    pub from: Option<i32>,
    /// Why it is decided again.
    pub why: Cause,
}

/// Corrects an encounter as somebody sent it, made from the revision `from`.
pub fn revise_row_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    from: i32,
    row: &Parsed,
) -> Result<Recorded, AppError> {
    let organization = again::deciding(conn, tenant)?;
    let records = Records::read(ctx, &organization);
    let (mut rows, _) = resolve(records, conn, std::slice::from_ref(row))?;
    let data = rows.pop().ok_or_else(|| AppError::internal("no row"))??;
    let before = find(conn, tenant, id)?;
    let correction = Correction { data, from: Some(from), why: Cause::Revised };
    let recorded = revise_in(ctx, conn, tenant, id, correction)?;
    if recorded.revised {
        let detail = audit::changed(&before.data, &recorded.encounter.data)?;
        audit::note(ctx, conn, Some(tenant), Action::EncounterRevise, id, detail)?;
    }
    Ok(recorded)
}

/// Corrects an encounter in the caller's transaction. The same content again changes nothing.
///
/// Errors, before anything is written: `not_found`, `precondition_failed` when it was revised since,
/// `already_claimed`, `wrong_status` when it was voided.
pub fn revise_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    correction: Correction,
) -> Result<Recorded, AppError> {
    let organization = again::deciding(conn, tenant)?;
    let before = find(conn, tenant, id)?;
    let Correction { data, from, why } = correction;
    if before.data.reference != data.reference {
        return Err(AppError::field("/reference", "the reference of an encounter never changes."));
    }
    let both = [&before.data, &data];
    let mut bench = bench_of(ctx, conn, &organization, &both, id)?;
    // Read again: somebody may have changed it before the locks were ours.
    let encounter = find(conn, tenant, id)?;
    if from.is_some_and(|from| from != encounter.revision) {
        return Err(changed());
    }
    refuse_moved(&before, &encounter)?;
    if encounter.data == data {
        let decision = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
        let decision = decision.ok_or_else(|| AppError::internal("there is no decision"))?;
        return Ok(Recorded { encounter, decision, fresh: false, revised: false });
    }
    refuse_void(&encounter)?;
    let lines = store::decisions::current_lines(conn, tenant, &[id])?;
    if lines.iter().any(|l| l.status.is_claimed()) {
        return corrected::revise(ctx, conn, &organization, encounter, data);
    }
    if day_sums::leave_for(ctx, conn, tenant, id, bench.sum_key(&data), 0)? {
        bench = bench_of(ctx, conn, &organization, &both, id)?;
    }
    let (case, answer) = bench.decide(&data, ctx.now())?;
    let hash = content_hash(&data)?;
    store::revisions::replace(conn, tenant, &encounter, (&data, hash), ctx.now())?;
    let stood = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
    let stood = stood.ok_or_else(|| AppError::internal("there is no decision"))?;
    let again = Again {
        encounter,
        revised: Some(data),
        lines,
        before: stood,
        case,
        answer,
        cause: why,
        depth: 0,
    };
    let again = write_again(ctx, conn, tenant, bench, again)?;
    Ok(Recorded { revised: true, ..again })
}

fn changed() -> AppError {
    AppError::new(
        Code::PreconditionFailed,
        "It was changed since you read it. Read it again, look at the difference, and send your \
         change with the new ETag.",
    )
}

/// What an encounter said before it was revised, oldest first, after the revision `after`.
pub async fn revisions(
    ctx: &Ctx,
    tenant: OrganizationId,
    id: EncounterId,
    after: i32,
    limit: i64,
) -> Result<Vec<PastRevision>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            find(conn, tenant, id)?;
            Ok(store::revisions::list(conn, tenant, id, after, limit)?)
        })
        .await
}
