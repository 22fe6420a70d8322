//! Visits that lean on others: one that waits for a visit face to face, or for smaller groups, is
//! decided again when that visit is there, and those that leaned on one when it is gone.

use crate::domain::again::{Cause, Days, Touched};
use crate::domain::contract::Terms;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::domain::rules::{LIFTED_BY_OTHERS, Leaning};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::intake::bench::Case;
use crate::store::holds::Waiting;
use crate::store::{self, Conn};

use super::mark::follow;

/// Whether anything of the visit can be billed.
pub(super) fn is_live(decision: &Decision) -> bool {
    decision.lines.iter().any(|l| l.answer == LineAnswer::Ready)
}

fn leaning(terms: Option<&Terms>, data: &EncounterData, decision: &Decision) -> Leaning {
    let of = |terms: &Terms| {
        let group = data.group.is_some();
        Leaning::on(&terms.pack, decision.service_date, data.mode, group)
    };
    terms.map(of).unwrap_or_default()
}

/// Marks what waits for these visits, which are ready from now on, `depth` steps away from somebody's
/// change. Their accounts are locked by whoever decided.
pub fn wake<'a>(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    visits: impl Iterator<Item = (&'a EncounterData, &'a Case, &'a Decision)>,
    depth: i32,
) -> Result<(), AppError> {
    let there: Vec<(&EncounterData, Leaning)> = visits
        .filter(|(_, _, decision)| is_live(decision))
        .map(|(data, case, decision)| (data, leaning(case.terms.as_deref(), data, decision)))
        .filter(|(_, leaning)| !leaning.is_none())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let members: Vec<_> = there.iter().map(|(data, _)| data.member).collect();
    let peers: Vec<_> = there.iter().map(|(data, _)| data.peer).collect();
    let waiting = store::holds::waiting(conn, tenant, &LIFTED_BY_OTHERS, &members, &peers)?;
    let lifted = |w: &&Waiting| {
        there.iter().any(|(data, leaning)| {
            let same = (data.member == w.member, data.peer == w.peer);
            leaning.lifts(&w.rule, w.date, same)
        })
    };
    let mut ids: Vec<EncounterId> = waiting.iter().filter(lifted).map(|w| w.encounter).collect();
    ids.sort_unstable();
    ids.dedup();
    let touched: Vec<Touched> = ids.into_iter().map(Touched::Encounter).collect();
    follow(ctx, conn, tenant, Cause::Visit, depth, &touched)
}

/// The member's visits that leaned on one which was live and is not as it was.
pub fn gone(terms: Option<&Terms>, data: &EncounterData, before: &Decision) -> Option<Touched> {
    if !is_live(before) {
        return None;
    }
    let days = leaning(terms, data, before).member?;
    Some(Touched::Member(data.member, Days { from: days.from, to: days.to }))
}
