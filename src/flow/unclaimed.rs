//! What a build of a batch finds out when it finds nothing to claim.

use chrono::NaiveDate;

use super::audit::{self, Action, Detail};
use super::batching::{MOST_LINES, encounters_of, lock_visits, look_again};
use super::{Ctx, corrected};
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::store::ready_lines::{self, Members, Wanted};
use crate::store::{Conn, Scope};

/// Keeps what a build found out when it found nothing to claim: its own transaction is undone, so
/// visits that no longer stand would stay ready and nobody would learn why they are never claimed.
pub async fn settle(
    ctx: &Ctx,
    tenant: OrganizationId,
    payer: String,
    through: NaiveDate,
) -> Result<(), AppError> {
    let read = move |conn: &mut Conn| {
        let payer =
            super::access::payer(conn, &payer)?.ok_or_else(|| AppError::not_found("payer"))?;
        let wanted = Wanted { payer, through };
        Ok::<_, AppError>((wanted, ready_lines::parts(conn, tenant, wanted, MOST_LINES)?))
    };
    let (wanted, parts) = ctx.db.read(Scope::Tenant(tenant), read).await?;
    let work = ctx.clone();
    let note = move |conn: &mut Conn| corrected::note_problems(&work, conn, tenant, wanted);
    ctx.db.write(Scope::Tenant(tenant), note).await?;
    for members in parts {
        let work = ctx.clone();
        let again = move |conn: &mut Conn| settle_part(&work, conn, tenant, wanted, members);
        ctx.db.write(Scope::Tenant(tenant), again).await?;
    }
    Ok(())
}

fn settle_part(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    members: Members,
) -> Result<(), AppError> {
    let ids = encounters_of(&ready_lines::of(conn, tenant, wanted, members)?);
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    look_again(ctx, conn, tenant, &visits, &ids)?;
    let left = encounters_of(&ready_lines::of(conn, tenant, wanted, members)?);
    let changed = ids.iter().filter(|id| left.binary_search(id).is_err()).count();
    if changed == 0 {
        return Ok(());
    }
    let detail = Detail::default().about("payer", wanted.payer).about("cause", "claim_check");
    let detail = detail.count("no_longer_ready", changed);
    audit::note(ctx, conn, Some(tenant), Action::EncounterDecide, "", detail)
}
