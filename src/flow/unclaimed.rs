//! What a build of a batch finds out about visits that it does not claim, also when it finds nothing to claim.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::audit::{self, Action, Detail};
use super::batching::{MOST_LINES, Visits, encounters_of, lock_visits, look_again};
use super::{Ctx, corrected};
use crate::domain::encounter::Encounter;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::status::EncounterStatus;
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
        Ok::<_, AppError>(Wanted { payer, through })
    };
    let wanted = ctx.db.read(Scope::Tenant(tenant), read).await?;
    let work = ctx.clone();
    let note = move |conn: &mut Conn| corrected::note_problems(&work, conn, tenant, wanted);
    ctx.db.write(Scope::Tenant(tenant), note).await?;
    let mut after = None;
    loop {
        let work = ctx.clone();
        let again = move |conn: &mut Conn| settle_next(&work, conn, tenant, wanted, after);
        after = ctx.db.write(Scope::Tenant(tenant), again).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The next members after one; gives the last of them, none when nobody was left.
fn settle_next(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    after: Option<MemberId>,
) -> Result<Option<MemberId>, AppError> {
    let Some(members) = ready_lines::next(conn, tenant, wanted, after, MOST_LINES)? else {
        return Ok(None);
    };
    let ids = encounters_of(&ready_lines::of(conn, tenant, wanted, members)?);
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    look_again(ctx, conn, tenant, &visits, &ids)?;
    let gone = no_longer_ready(&visits, &ready_lines::of(conn, tenant, wanted, members)?);
    if gone > 0 {
        // Beside the entry of each visit: one for the build that found them.
        let detail = Detail::default().about("payer", wanted.payer).about("cause", "claim_check");
        let detail = told_gone(detail, gone);
        audit::note(ctx, conn, Some(tenant), Action::EncounterDecide, "", detail)?;
    }
    Ok(Some(members.last))
}

/// With the number of visits that are ready no longer, where there are any.
pub(super) fn told_gone(detail: Detail, gone: usize) -> Detail {
    if gone == 0 { detail } else { detail.count("no_longer_ready", gone) }
}

/// How many of the visits were ready under the locks, and have no line that is ready now.
pub(super) fn no_longer_ready(visits: &Visits, ready: &[Line]) -> usize {
    let ready: HashSet<EncounterId> = ready.iter().map(|line| line.encounter).collect();
    let gone = |e: &&Encounter| e.status == EncounterStatus::Ready && !ready.contains(&e.id);
    visits.encounters.values().filter(gone).count()
}

/// What was met on the way to a batch and is not on it.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Visits that are ready no longer.
    pub gone: usize,
    /// Whether some wait for the next batch, as a visit was recorded meanwhile.
    pub waits: bool,
}

/// What is ready now of the visits that were looked at.
pub(super) struct Ready {
    pub lines: Vec<Line>,
    /// How many visits are ready no longer.
    pub gone: usize,
    /// Whether some wait for the next batch.
    pub left: bool,
}

/// The lines that are ready now, of visits that were looked at. Of whom a visit was recorded meanwhile all waits for
/// the next batch: what it would be summed with, or share a line, a week or a month with, is claimed once.
pub(super) fn of_looked_at(
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    members: Members,
    visits: &Visits,
) -> Result<Ready, AppError> {
    let (mut lines, meanwhile): (Vec<Line>, Vec<Line>) =
        ready_lines::of(conn, tenant, wanted, members)?
            .into_iter()
            .partition(|line| visits.encounters.contains_key(&line.encounter));
    let gone = no_longer_ready(visits, &lines);
    let late: HashSet<MemberId> = meanwhile.iter().map(|line| line.member).collect();
    lines.retain(|line| !late.contains(&line.member));
    Ok(Ready { lines, gone, left: !late.is_empty() })
}
