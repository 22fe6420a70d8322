//! Visits are decided again together: one bench for all of them, in order.
//!
//! On the way back, from the latest visit to the earliest, a visit is only asked whether what it
//! holds still fits beside all others: so the latest give way first where there is less room than
//! before. On the way forward each takes what it can get. A visit never gets what another one holds.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::alone;
use super::claimed::{self, Examined};
use super::division;
use super::write::{Again, write};
use crate::domain::again::{Cause, Place};
use crate::domain::claim::ClaimNumber;
use crate::domain::dates::Instant;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::Encounter;
use crate::domain::ids::{ClaimId, EncounterId};
use crate::domain::line::Line;
use crate::domain::organization::Organization;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::encounters::who;
use crate::flow::intake::bench::{Access, Bench, Case};
use crate::store::decisions::StoredDecision;
use crate::store::{self, Conn};

/// A visit that is to be decided again, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Which.
    pub encounter: EncounterId,
    /// Why.
    pub cause: Cause,
    /// How many decisions lie between somebody's change and this wish.
    pub depth: i32,
}

/// Which ways through the visits are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways<'a> {
    /// From the latest to the earliest, for those that must give way.
    pub back: bool,
    /// From the earliest to the latest.
    pub forward: bool,
    /// Claims that are like the one that is being made: they are not in the way of what goes onto it.
    pub aside: &'a [ClaimNumber],
}

impl Ways<'_> {
    /// Back, and then forward.
    pub const BOTH: Self = Self { back: true, forward: true, aside: &[] };
    /// Forward: nobody has to give way.
    pub const FORWARD: Self = Self { back: false, ..Self::BOTH };
    /// Back: who must give way does.
    pub const BACK: Self = Self { forward: false, ..Self::BOTH };

    /// Back or forward alone, beside the same claims.
    pub(super) fn only(self, back: bool) -> Self {
        Self { back, forward: !back, ..self }
    }
}

/// A visit as it stands, and what it comes to.
pub(super) struct Standing {
    pub(super) encounter: Encounter,
    pub(super) lines: Vec<Line>,
    pub(super) decision: StoredDecision,
    pub(super) wish: Wish,
    /// What it comes to now, before that is stored.
    pub(super) fresh: Option<(Case, Decision)>,
}

impl Standing {
    pub(super) fn place(&self) -> Place {
        let e = &self.encounter;
        Place { date: e.service_date, start: e.data.started_at, id: e.id }
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.lines.iter().any(|l| l.status.is_claimed())
    }

    /// What it holds for now.
    fn current(&self) -> &Decision {
        self.fresh.as_ref().map_or(&self.decision.answer, |(_, answer)| answer)
    }

    /// Whether a decision says the same as the stored one, to whoever acts on it. Where nothing is ready,
    /// the words are all that a person has to act on: a hold that changed its reason is another answer.
    /// Only for somebody's own change, though: of what follows from other decisions the words may name
    /// numbers that move with every one of them.
    pub(super) fn same(&self, case: &Case, answer: &Decision) -> bool {
        let before = &self.decision.answer;
        let billed = case.facts.billed.as_ref().map(|b| (b.data.payer, &b.data.member_number));
        let rules = |d: &Decision| d.findings.iter().map(|f| f.rule.clone()).collect::<Vec<_>>();
        self.decision.contract_version == case.version
            && self.encounter.payer.zip(self.encounter.member_number.as_ref()) == billed
            && before.disposition == answer.disposition
            && before.service_date == answer.service_date
            && before.service == answer.service
            && before.lines == answer.lines
            && before.day_sum == answer.day_sum
            && before.file_by == answer.file_by
            && rules(before) == rules(answer)
            && (self.wish.depth > 0
                || ready_units(answer) > 0
                || before.findings == answer.findings)
    }
}

pub(in crate::flow) fn ready_units(decision: &Decision) -> u32 {
    let ready = decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
    ready.map(|l| l.units).sum()
}

/// Decides visits again in the caller's transaction, which has begun with `again::deciding`. A
/// decision that says the same as the one that stands is not stored. Voided visits stay as they are;
/// claimed ones too, but what would be billed for them today is compared with what was. Gives the
/// visits about which decisions were stored.
pub fn redo(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    wishes: &[Wish],
    ways: Ways<'_>,
) -> Result<Vec<EncounterId>, AppError> {
    let Some((mut bench, mut standing)) = gather(ctx, conn, organization, wishes, ways)? else {
        return Ok(Vec::new());
    };
    let ids: Vec<EncounterId> = standing.iter().map(|s| s.encounter.id).collect();
    let counted: HashSet<EncounterId> = store::day_visits::by_ids(conn, organization.id, &ids)?
        .into_iter()
        .map(|visit| visit.encounter)
        .collect();
    let summed: HashSet<EncounterId> = standing
        .iter()
        .filter(|s| bench.sum_key(&s.encounter.data).is_some())
        .map(|s| s.encounter.id)
        .chain(counted)
        .collect();
    let is_alone =
        |s: &Standing| summed.contains(&s.encounter.id) || s.encounter.data.group.is_some();
    // Before anybody is asked: what claimed visits need is nobody else's.
    for one in standing.iter_mut().filter(|one| one.is_claimed() && !is_alone(one)) {
        division::book(ctx, conn, organization, &mut bench, one)?;
    }
    if !standing.iter().any(is_alone) {
        return together(ctx, conn, organization, bench, standing, ways);
    }
    let mut runs: Vec<(bool, Vec<Standing>)> = Vec::new();
    for one in standing {
        let alone = is_alone(&one);
        match runs.last_mut().filter(|(of, _)| *of == alone) {
            Some((_, run)) => run.push(one),
            None => runs.push((alone, vec![one])),
        }
    }
    let decided = in_runs(ctx, conn, organization, &runs, (ways, bench.begins_windows()))?;
    Ok(decided.into_iter().collect())
}

/// Decides runs of visits again, one run after another: those of which each is decided alone, and
/// those that are decided together. So the order of the visits stays, and one visit of a session does
/// not make a hundred others slow.
fn in_runs(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    runs: &[(bool, Vec<Standing>)],
    (ways, moves): (Ways<'_>, bool),
) -> Result<BTreeSet<EncounterId>, AppError> {
    let mut decided = BTreeSet::new();
    let mut one_way = |(alone, run): &(bool, Vec<Standing>), back: bool| {
        let ways = ways.only(back);
        if *alone {
            let some = alone::redo(ctx, conn, organization, run, ways)?;
            decided.extend(some.iter().copied());
            return Ok(!some.is_empty());
        }
        let wishes: Vec<Wish> = run.iter().map(|one| one.wish).collect();
        // Read again: the runs before may have taken what these held to be free.
        let Some((bench, standing)) = gather(ctx, conn, organization, &wishes, ways)? else {
            return Ok(false);
        };
        let some = together(ctx, conn, organization, bench, standing, ways)?;
        decided.extend(some.iter().copied());
        Ok::<bool, AppError>(!some.is_empty())
    };
    let mut gave_way = ways.back;
    while gave_way {
        gave_way = false;
        for run in runs.iter().rev() {
            gave_way |= one_way(run, true)?;
        }
        // Where windows move, those after it are asked once more, as in `together`.
        gave_way &= moves;
    }
    if ways.forward {
        for run in runs {
            one_way(run, false)?;
        }
    }
    Ok(decided)
}

/// Decides visits again on one bench. None of them is of a session or of a day that is summed.
fn together(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    mut bench: Bench,
    mut standing: Vec<Standing>,
    ways: Ways<'_>,
) -> Result<Vec<EncounterId>, AppError> {
    let as_of = ctx.now();
    if ways.back {
        // What gives way may move a window that begins with a first service, and others no longer fit: they are
        // asked once more, again from the latest. Each time something is held that was not, so there is an end.
        while back(ctx, &mut bench, &mut standing, as_of)? && bench.begins_windows() {}
    }
    let mut examined: Vec<Examined> = Vec::new();
    if ways.forward {
        let claims = claims(conn, organization, &standing)?;
        for one in &mut standing {
            if let Some(claim) = claims.get(&one.encounter.id) {
                examined.push(claimed::examine(ctx, conn, organization, &mut bench, one, *claim)?);
            } else {
                again(ctx, &mut bench, one, as_of, |_, _| true)?;
            }
        }
        claimed::keep(ctx, conn, organization.id, &standing, examined)?;
    }
    let list: Vec<Again> = standing.into_iter().filter_map(changed).collect();
    let written = write(ctx, conn, organization.id, list)?;
    Ok(written.into_iter().map(|decision| decision.encounter).collect())
}

/// Asks visits from the latest to the earliest whether what they hold still fits beside all others; gives
/// whether any gave way.
fn back(
    ctx: &Ctx,
    bench: &mut Bench,
    standing: &mut [Standing],
    as_of: Instant,
) -> Result<bool, AppError> {
    let mut gave_way = false;
    for one in standing.iter_mut().rev() {
        let held = ready_units(one.current());
        if !one.is_claimed() && held > 0 {
            let less =
                |before: &Decision, after: &Decision| ready_units(after) < ready_units(before);
            again(ctx, bench, one, as_of, less)?;
            gave_way |= ready_units(one.current()) < held;
        }
    }
    Ok(gave_way)
}

/// The live claims of those visits that are claimed.
fn claims(
    conn: &mut Conn,
    organization: &Organization,
    standing: &[Standing],
) -> Result<HashMap<EncounterId, ClaimId>, AppError> {
    let claimed = standing.iter().filter(|s| s.is_claimed());
    let ids: Vec<EncounterId> = claimed.map(|s| s.encounter.id).collect();
    let claims = store::corrections::live_claims(conn, organization.id, &ids)?;
    if claims.len() == ids.len() {
        return Ok(claims);
    }
    Err(AppError::internal("a claimed visit has no live claim"))
}

/// Decides one visit as if it held nothing, and puts the answer on the bench if it is `wanted`; else
/// what the visit holds is put back.
fn again(
    ctx: &Ctx,
    bench: &mut Bench,
    one: &mut Standing,
    as_of: Instant,
    wanted: impl Fn(&Decision, &Decision) -> bool,
) -> Result<(), AppError> {
    let lifted = bench.lift(one.encounter.id, &one.encounter.data);
    let data = &one.encounter.data;
    let (case, answer) = bench.decide_again(&one.encounter, one.current(), as_of)?;
    if wanted(one.current(), &answer) {
        bench.put(ctx, one.encounter.id, data, &answer);
        one.fresh = Some((case, answer));
    } else {
        bench.restore(lifted);
    }
    Ok(())
}

fn changed(one: Standing) -> Option<Again> {
    let same = one.fresh.as_ref().is_none_or(|(case, answer)| one.same(case, answer));
    let Standing { encounter, lines, decision, wish, fresh } = one;
    let (case, answer) = fresh.filter(|_| !same)?;
    let Wish { cause, depth, .. } = wish;
    let (before, revised) = (decision, None);
    Some(Again { encounter, revised, lines, before, case, answer, cause, depth })
}

/// The visits as they stand under the locks, in order, with all that they hold on the bench.
fn gather(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    wishes: &[Wish],
    ways: Ways<'_>,
) -> Result<Option<(Bench, Vec<Standing>)>, AppError> {
    let tenant = organization.id;
    let mut wishes = wishes.to_vec();
    wishes.sort_by_key(|w| w.encounter);
    wishes.dedup_by_key(|w| w.encounter);
    let ids: Vec<EncounterId> = wishes.iter().map(|w| w.encounter).collect();
    let before = store::encounters::by_ids(conn, tenant, &ids)?;
    if before.is_empty() {
        return Ok(None);
    }
    let data: Vec<_> = before.iter().map(|e| &e.data).collect();
    let people = who(conn, tenant, &data)?;
    let mut bench = Bench::gather(ctx, conn, organization, people, &data, Access::Lock, &ids)?;
    bench.put_aside(ways.aside);
    let now = store::encounters::by_ids(conn, tenant, &ids)?;
    let decisions: Vec<_> = now.iter().map(|e| e.decision).collect();
    let mut decisions: HashMap<EncounterId, StoredDecision> =
        store::decisions::by_ids(conn, tenant, &decisions)?
            .into_iter()
            .map(|d| (d.encounter, d))
            .collect();
    let mut lines: HashMap<EncounterId, Vec<Line>> = HashMap::new();
    for line in store::decisions::current_lines(conn, tenant, &ids)? {
        lines.entry(line.encounter).or_default().push(line);
    }
    let mut standing = Vec::with_capacity(now.len());
    for encounter in now.into_iter().filter(|e| e.voided_at.is_none()) {
        let id = encounter.id;
        let known = |e: &&Encounter| e.id == id && e.data == encounter.data;
        if !before.iter().any(|e| known(&e)) {
            // Corrected before the locks were ours: others are locked than it has now.
            return Err(AppError::new(Code::Busy, "A visit was corrected at the same moment."));
        }
        let broken = || AppError::internal("a visit has no current decision");
        let mut decision = decisions.remove(&id).ok_or_else(broken)?;
        let place = wishes.binary_search_by_key(&id, |w| w.encounter);
        let wish = *place.ok().and_then(|p| wishes.get(p)).ok_or_else(broken)?;
        let lines = lines.remove(&id).unwrap_or_default();
        let booked = decision.booked(&lines);
        bench.put(ctx, id, &encounter.data, &booked);
        if !lines.iter().any(|l| l.status.is_claimed()) {
            // What it holds now; of a claim, what it held when it was made is what it may have again.
            decision.answer = booked;
        }
        standing.push(Standing { encounter, lines, decision, wish, fresh: None });
    }
    standing.sort_by_key(Standing::place);
    Ok(Some((bench, standing)))
}
