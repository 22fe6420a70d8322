//! New decisions take the place of the current ones: what those hold is given back, what the new
//! ones need is reserved, and what came of it is told.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::lean::{Holders, gone, stands, terms_of_all, wake};
use super::mark::follow;
use super::redo::ready_units;
use crate::domain::again::{Cause, Days, Freed, Outcome, Touched};
use crate::domain::contract::Terms;
use crate::domain::decision::Decision;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::MemberId;
use crate::domain::ids::{AuthorizationId, EncounterId, LineId, OrganizationId, PayerId, PeerId};
use crate::domain::line::{Line, lines_of};
use crate::domain::status::LineStatus;
use crate::error::AppError;
use crate::flow::intake::bench::Case;
use crate::flow::intake::draws::{DrawnOn, Draws, draw, draws, give_back};
use crate::flow::{Ctx, meter};
use crate::store::changes::NewChange;
use crate::store::decisions::{NewDecision, StoredDecision};
use crate::store::encounters::{self, Outcome as OutcomeRow};
use crate::store::{self, Conn};

/// How far what a decision sets free is followed from one decision to the next. Each step gives
/// somebody units or time that nobody has, so chains are short; the bound is for contracts whose
/// rules undo each other's answers for ever.
const MOST_STEPS: i32 = 16;

/// Whether decisions that are `depth` steps away from somebody's change are followed no further; it is told.
pub(super) fn goes_on_without_end(tenant: OrganizationId, depth: i32) -> bool {
    if depth < MOST_STEPS {
        return false;
    }
    tracing::warn!(organization = %tenant, "new decisions follow each other without end");
    true
}

/// A new decision about an encounter that was decided before.
#[derive(Debug)]
pub struct Again {
    /// The encounter as it was.
    pub encounter: Encounter,
    /// What it says now, if that is something else.
    pub revised: Option<EncounterData>,
    /// Its current lines, none of them claimed.
    pub lines: Vec<Line>,
    /// The decision that stood.
    pub before: StoredDecision,
    /// What the new one was made from.
    pub case: Case,
    /// What it says.
    pub answer: Decision,
    /// Why it was made.
    pub cause: Cause,
    /// How many decisions lie between somebody's change and this one.
    pub depth: i32,
}

impl Again {
    /// What the encounter says now.
    pub fn data(&self) -> &EncounterData {
        self.revised.as_ref().unwrap_or(&self.encounter.data)
    }

    /// Whether more of it is ready than before, so that others may lean on it that could not.
    fn grows(&self) -> bool {
        ready_units(&self.before.answer) < ready_units(&self.answer)
    }

    /// Whether less of it is ready than before, so that others may lean on it that cannot any more.
    fn shrinks(&self) -> bool {
        ready_units(&self.answer) < ready_units(&self.before.answer)
    }

    fn billed(&self) -> Option<(PayerId, &MemberNumber)> {
        self.case.facts.billed.as_ref().map(|b| (b.data.payer, &b.data.member_number))
    }
}

/// Stores decisions; gives them in the order of the list. The accounts that they touch are locked.
pub fn write(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    list: Vec<Again>,
) -> Result<Vec<StoredDecision>, AppError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let old: Vec<&Line> = list.iter().flat_map(|a| &a.lines).collect();
    end_lines(ctx, conn, tenant, &old, LineStatus::Superseded)?;
    let mut lines: Vec<Line> = Vec::new();
    let mut drawn = Draws::default();
    let mut stored = Vec::with_capacity(list.len());
    for again in &list {
        let id = ctx.id();
        let payer = again.billed().map(|b| b.0);
        let (encounter, member) = (again.encounter.id, again.data().member);
        let fresh = lines_of(&again.answer, id, encounter, member, payer, || ctx.id());
        drawn.extend(draws(DrawnOn::of(&again.case), again.data(), &fresh)?);
        lines.extend(fresh);
        stored.push(StoredDecision {
            id,
            encounter: again.encounter.id,
            sequence: again.encounter.sequence + 1,
            contract_version: again.case.version,
            as_of: again.case.facts.as_of,
            answer: again.answer.clone(),
        });
    }
    let decisions: Vec<NewDecision<'_>> = list
        .iter()
        .zip(&stored)
        .map(|(again, decision)| NewDecision {
            id: decision.id,
            encounter: decision.encounter,
            sequence: decision.sequence,
            cause: again.cause,
            contract_version: decision.contract_version,
            answer: &decision.answer,
            facts: &again.case.facts,
        })
        .collect();
    store::decisions::insert_all(conn, tenant, &decisions)?;
    meter::decided(ctx, list.iter().map(|again| &again.answer));
    store::decisions::insert_lines(conn, tenant, &lines)?;
    draw(ctx, conn, tenant, ctx.now(), drawn)?;
    for (again, decision) in list.iter().zip(&stored) {
        let row = OutcomeRow {
            id: decision.encounter,
            decision: decision.id,
            sequence: decision.sequence,
            answer: &decision.answer,
            billed: again.billed(),
        };
        encounters::set_outcome(conn, tenant, &row)?;
    }
    let heads = store::contracts::versions_of(conn, tenant)?;
    let all = terms_of_all(ctx, conn, tenant, &heads)?;
    mark_freed(ctx, conn, tenant, &all, (&list, &lines))?;
    wake_others(ctx, conn, tenant, &all, &list)?;
    store::changes::add(conn, tenant, ctx.now(), &changes(&list, &stored))?;
    Ok(stored)
}

/// Ends lines (`to` is superseded or void) and gives back what they hold.
pub fn end_lines(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    lines: &[&Line],
    to: LineStatus,
) -> Result<(), AppError> {
    let ids: Vec<LineId> = lines.iter().map(|l| l.id).collect();
    give_back(ctx, conn, tenant, &ids)?;
    for from in [LineStatus::Ready, LineStatus::Held] {
        let ids: Vec<LineId> = lines.iter().filter(|l| l.status == from).map(|l| l.id).collect();
        store::decisions::move_lines(conn, tenant, &ids, from, to)?;
    }
    Ok(())
}

fn changes(list: &[Again], stored: &[StoredDecision]) -> Vec<NewChange> {
    let change = |(again, decision): (&Again, &StoredDecision)| {
        let before = Outcome::of(&again.before.answer, again.encounter.payer);
        let after = Outcome::of(&decision.answer, again.billed().map(|b| b.0));
        (before != after).then_some(NewChange {
            encounter: decision.encounter,
            decision: decision.id,
            cause: again.cause,
            before,
            after,
        })
    };
    list.iter().zip(stored).filter_map(change).collect()
}

/// Whose units and time are free, from the first day to the last.
type Whose = (MemberId, PeerId, Option<(PayerId, MemberNumber)>);

/// Marks what the new decisions set free.
fn mark_freed(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    all: &[Arc<Terms>],
    (list, fresh): (&[Again], &[Line]),
) -> Result<(), AppError> {
    let mut of_encounter: HashMap<EncounterId, Vec<&Line>> = HashMap::new();
    for line in fresh {
        of_encounter.entry(line.encounter).or_default().push(line);
    }
    let none = Vec::new();
    let frees = |a: &&Again| frees(a, of_encounter.get(&a.encounter.id).unwrap_or(&none));
    let freeing: Vec<&Again> = list.iter().filter(frees).collect();
    let is_left = |a: &&Again| a.revised.is_some() || !stands(&a.answer) || a.shrinks();
    let left: Vec<&Again> = list.iter().filter(is_left).collect();
    let (mut leaned, mut holders) = (Vec::<Touched>::new(), Holders::default());
    for one in &left {
        let before = (&one.encounter, &one.before.answer);
        let gone = gone(conn, tenant, all, before, &mut holders)?;
        for touched in gone.own.into_iter().chain(gone.others) {
            // Many visits of one member say the same.
            if !leaned.contains(&touched) {
                leaned.push(touched);
            }
        }
    }
    let of_leaned = left.iter().filter(|_| !leaned.is_empty());
    let Some(depth) = freeing.iter().chain(of_leaned).map(|a| a.depth).max() else {
        return Ok(());
    };
    if goes_on_without_end(tenant, depth) {
        return Ok(());
    }
    let mut touched = freed(freeing.iter().map(|a| &a.encounter));
    touched.extend(leaned);
    follow(ctx, conn, tenant, Cause::Freed, depth + 1, &touched)
}

/// Wakes what waits for visits that were not live, or were otherwise or fewer units, and are now.
fn wake_others(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    all: &[Arc<Terms>],
    list: &[Again],
) -> Result<(), AppError> {
    let fresh = |a: &&Again| a.revised.is_some() || !stands(&a.before.answer) || a.grows();
    let fresh: Vec<&Again> = list.iter().filter(fresh).collect();
    let depth = fresh.iter().map(|a| a.depth).max().unwrap_or_default();
    if fresh.is_empty() || goes_on_without_end(tenant, depth) {
        return Ok(());
    }
    let visits = fresh.iter().map(|a| (a.data(), &a.answer));
    wake(ctx, conn, tenant, all, visits, depth + 1)
}

/// What may wait for units and time that these encounters held.
pub fn freed<'a>(encounters: impl IntoIterator<Item = &'a Encounter>) -> Vec<Touched> {
    let mut of_whom: BTreeMap<Whose, Days> = BTreeMap::new();
    for e in encounters {
        let account = e.payer.zip(e.member_number.clone());
        let day = Days { from: Some(e.service_date), to: Some(e.service_date) };
        let whose = (e.data.member, e.data.peer, account);
        of_whom.entry(whose).and_modify(|days| *days = days.join(day)).or_insert(day);
    }
    let freed = |((member, peer, account), days)| Freed { member, peer, account, days };
    of_whom.into_iter().map(|one| Touched::Freed(freed(one))).collect()
}

/// Whether a decision gives back anything that the one before it held: units, or time. A line without
/// a unit takes time, too.
fn frees(again: &Again, fresh: &[&Line]) -> bool {
    let is_ready = |l: &&Line| l.status == LineStatus::Ready;
    if !again.lines.iter().any(|l| is_ready(&l)) {
        return false;
    }
    let e = &again.encounter;
    // What was corrected may take other time, of another peer, or count in other limits.
    let same_place = again.revised.is_none()
        && fresh.iter().any(is_ready)
        && again.billed() == e.payer.zip(e.member_number.as_ref())
        && again.answer.service == e.service
        && again.answer.service_date == e.service_date;
    let (then, now) = (drawn(again.lines.iter()), drawn(fresh.iter().copied()));
    let less =
        |(on, units): (&Option<AuthorizationId>, &u32)| now.get(on).is_none_or(|left| left < units);
    !same_place || then.iter().any(less)
}

/// Units of ready lines, by the authorization that they draw on.
fn drawn<'a>(lines: impl Iterator<Item = &'a Line>) -> BTreeMap<Option<AuthorizationId>, u32> {
    let mut units: BTreeMap<Option<AuthorizationId>, u32> = BTreeMap::new();
    for line in lines.filter(|l| l.status == LineStatus::Ready) {
        let authorized = line.authorized_units.min(line.units);
        for (on, part) in [(None, line.units - authorized), (line.authorization, authorized)] {
            if part > 0 {
                *units.entry(on).or_default() += part;
            }
        }
    }
    units
}
