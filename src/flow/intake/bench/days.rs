//! The sums of days on the bench: which visits count in each, what they hold, and what the
//! decisions of a chunk moved.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Access, Bench};
use crate::domain::authorization::Authorization;
use crate::domain::contract::Terms;
use crate::domain::dates::Instant;
use crate::domain::day_sum::{
    self, DayFact, DaySum, Measure, Named, Piece, SumKey, SummedState, SummedVisit,
};
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::Neighbor;
use crate::domain::ids::{AuthorizationId, EncounterId, MemberId, PeerId};
use crate::domain::ledger::AccountKey;
use crate::domain::line::Line;
use crate::domain::money::Money;
use crate::domain::rules;
use crate::domain::status::LineStatus;
use crate::error::{AppError, Code};
use crate::store::day_visits::DayVisit;
use crate::store::{self, Conn};

/// What a visit holds: ready units by source, and held ones; none while its day makes no unit.
pub type Holding = Option<(Vec<Piece>, u32)>;

/// A visit that counts, as it stands on the bench.
#[derive(Debug)]
struct Standing {
    visit: DayVisit,
    claimed: bool,
    now: Holding,
    stored: Holding,
    /// Units of the sum before it as stored, where what members pay for the sum is taken in that order.
    ahead: Option<u32>,
}

impl Standing {
    fn ready(&self) -> u32 {
        self.stored.as_ref().map_or(0, |(ready, _)| day_sum::sum(ready))
    }
}

/// Ready units before a visit in a sum; none where the visit is not in it.
fn ahead_of(sum: &DaySum, of: &Standing) -> Option<u32> {
    let place = sum.visits.iter().position(|v| v.encounter == Some(of.visit.encounter))?;
    let before = sum.visits.iter().take(place);
    Some(before.fold(0, |units, v| units.saturating_add(day_sum::sum(&v.ready))))
}

/// The sums of the chunk's days.
#[derive(Debug, Default)]
pub struct Days {
    /// Whether any contract of the chunk sums over days.
    used: bool,
    /// Peers of the visits with which those of the chunk may be summed, where sums are of several peers'.
    pub(super) of_peers: BTreeSet<PeerId>,
    visits: HashMap<SumKey, Vec<Standing>>,
    /// The sums as the last decision about each left them, told of nobody in particular.
    sums: HashMap<SumKey, DaySum>,
    counted: Vec<(EncounterId, SumKey, Measure)>,
    left_out: Vec<EncounterId>,
}

/// What is to be stored about sums once decisions are.
#[derive(Debug, Default)]
pub struct Settlement {
    /// Visits that count now.
    pub counted: Vec<(EncounterId, SumKey, Measure)>,
    /// Visits that do not.
    pub left_out: Vec<EncounterId>,
    /// Visits whose share is another than the stored one, with the sum told of each.
    pub moved: Vec<(EncounterId, DaySum)>,
}

/// Authorizations by id.
pub type Names = HashMap<AuthorizationId, Named>;

/// What the current lines of a visit hold, and whether they are claimed. `known` are the
/// authorizations of the member.
pub fn holding(lines: &[&Line], known: &Names) -> Result<(Holding, bool), AppError> {
    let lost = || AppError::internal("an authorization that is drawn on is not on record");
    let claimed = lines.iter().any(|l| l.status.is_claimed());
    let (mut ready, mut held) = (Vec::new(), 0u32);
    for line in lines {
        if line.status == LineStatus::Held {
            held = held.saturating_add(line.units);
            continue;
        }
        let drawn = line.authorized_units.min(line.units);
        let free = line.units.saturating_sub(drawn);
        if free > 0 {
            ready.push(Piece { units: free, authorization: None });
        }
        if let Some(id) = line.authorization.filter(|_| drawn > 0) {
            let named = known.get(&id).cloned().ok_or_else(lost)?;
            ready.push(Piece { units: drawn, authorization: Some(named) });
        }
    }
    Ok(((!lines.is_empty()).then_some((ready, held)), claimed))
}

/// Authorizations by id.
pub fn names<'a>(list: impl Iterator<Item = &'a Authorization>) -> HashMap<AuthorizationId, Named> {
    list.map(|a| (a.id, Named { id: a.id, number: a.data.number.clone() })).collect()
}

fn sums_by_day(terms: &Terms) -> bool {
    terms.pack.services.iter().any(|s| !s.sum_over.is_contact())
}

impl Bench {
    /// Reads the sums of the chunk's days; nothing where no contract sums over days.
    pub(super) fn read_days(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        access: Access,
    ) -> Result<(), AppError> {
        self.days.used = self.terms.values().any(|t| sums_by_day(t));
        if !self.days.used {
            return Ok(());
        }
        let days = || encounters.iter().map(|e| self.day(e));
        let (Some(first), Some(last)) = (days().min(), days().max()) else { return Ok(()) };
        let members: Vec<MemberId> = self.members.keys().copied().collect();
        let id = self.organization.id;
        let visits = store::day_visits::of_members(conn, id, &members, (first, last))?;
        let ids: Vec<EncounterId> = visits.iter().map(|v| v.encounter).collect();
        let lines = store::decisions::current_lines(conn, id, &ids)?;
        let names = names(self.dossiers.all_authorizations());
        let mut of_visit: HashMap<EncounterId, Vec<&Line>> = HashMap::new();
        for line in &lines {
            of_visit.entry(line.encounter).or_default().push(line);
        }
        let across = self.sums_across_peers();
        for visit in visits {
            let lines = of_visit.remove(&visit.encounter).unwrap_or_default();
            let (now, claimed) = holding(&lines, &names)?;
            let is_held = |peer| self.accounts.contains_key(&AccountKey::peer(peer));
            if access == Access::Lock && across && !is_held(visit.peer) {
                // Of yet another peer, and here since the locks were asked for.
                let detail = "A visit of the same day was recorded at the same moment; try again.";
                return Err(AppError::new(Code::Busy, detail));
            }
            let stored = now.clone();
            let standing = Standing { claimed, stored, now, visit, ahead: None };
            self.days.visits.entry(standing.visit.key.clone()).or_default().push(standing);
        }
        let paying: BTreeSet<EncounterId> =
            lines.iter().filter(|l| l.flat_share() > Money::ZERO).map(|l| l.encounter).collect();
        for visits in self.days.visits.values_mut() {
            visits.sort_by_key(|s| (s.visit.started_at, s.visit.encounter));
            if visits.iter().any(|s| paying.contains(&s.visit.encounter)) {
                let mut units = 0u32;
                for standing in visits {
                    standing.ahead = Some(units);
                    units = units.saturating_add(standing.ready());
                }
            }
        }
        Ok(())
    }

    /// From the first to the last moment at which a visit of these sums took place: whoever is
    /// taken into a sum must not overlap with others either.
    pub(super) fn days_reach(&self, from: Instant, to: Instant) -> (Instant, Instant) {
        let all = || self.days.visits.values().flatten();
        let first = all().map(|s| s.visit.started_at).min().unwrap_or(from);
        let last = all().map(|s| s.visit.ended_at).max().unwrap_or(to);
        (from.min(first), to.max(last))
    }

    /// With which visits an encounter is summed under the terms in force.
    pub fn sum_key(&self, encounter: &EncounterData) -> Option<SumKey> {
        if !self.days.used {
            return None;
        }
        let terms = self.terms.get(&self.version(encounter)?)?;
        let day = self.day(encounter);
        rules::sum_key(terms, day, self.billed(encounter.member, day), encounter)
    }

    /// The day of an encounter, as its decision is to see it.
    pub(super) fn day_for(&self, encounter: &EncounterData) -> Option<DayFact> {
        let key = self.sum_key(encounter)?;
        let mut fact = DayFact::default();
        let mut taken: Vec<(Instant, Instant)> = vec![(encounter.started_at, encounter.ended_at)];
        for standing in self.days.visits.get(&key).into_iter().flatten() {
            let visit = &standing.visit;
            if self.except.contains(&visit.encounter) {
                fact.own = standing.now.clone().map(|(ready, _)| ready).unwrap_or_default();
                continue;
            }
            let time = (visit.started_at, visit.ended_at);
            let overlaps = |t: &(Instant, Instant)| t.0 < time.1 && time.0 < t.1;
            let alone = standing.now.is_none();
            let state = if standing.claimed {
                SummedState::Claimed
            } else if alone && (taken.iter().any(overlaps) || self.is_taken(encounter, visit)) {
                SummedState::LeftOut
            } else {
                SummedState::Counted
            };
            if alone && state == SummedState::Counted {
                taken.push(time);
            }
            let (ready, held) = standing.now.clone().unwrap_or_default();
            fact.others.push(SummedVisit {
                encounter: visit.encounter,
                started_at: visit.started_at,
                minutes: visit.minutes,
                state,
                ready,
                held,
            });
        }
        Some(fact)
    }

    /// Whether a live visit of the same member or peer takes the time of `visit`.
    fn is_taken(&self, of: &EncounterData, visit: &DayVisit) -> bool {
        let (peer, time) = (visit.peer, (visit.started_at, visit.ended_at));
        self.nearby.is_taken(visit.encounter, (of.member, peer), time)
    }

    /// Puts what a decision makes of a day's sum on the bench.
    pub(super) fn put_day(
        &mut self,
        id: EncounterId,
        encounter: &EncounterData,
        decision: &Decision,
    ) {
        let (Some(sum), Some(key)) = (&decision.day_sum, self.sum_key(encounter)) else { return };
        let mut told = sum.clone();
        let counts = told.own().is_some();
        for visit in &mut told.visits {
            visit.encounter = visit.encounter.or(Some(id));
        }
        let before = self.days.pieces(&key, id);
        let after: Vec<Piece> = told.visits.iter().flat_map(|v| v.ready.iter().cloned()).collect();
        let changes = difference(&before, &after);
        self.change_drawn(None, encounter, decision, changes);
        let lifted = self.days.share(&key, &told);
        for visit in lifted {
            self.nearby.put(Neighbor {
                encounter: visit.encounter,
                reference: visit.reference,
                member: encounter.member,
                peer: visit.peer,
                service: decision.service.clone(),
                started_at: visit.started_at,
                ended_at: visit.ended_at,
                session: None,
            });
        }
        if counts {
            self.count(id, encounter, &key, &told);
        } else {
            self.days.left_out.push(id);
        }
        self.days.sums.insert(key, told);
    }

    fn count(&mut self, id: EncounterId, encounter: &EncounterData, key: &SumKey, told: &DaySum) {
        let service = self
            .version(encounter)
            .and_then(|v| self.terms.get(&v))
            .and_then(|t| rules::choose(&t.pack, encounter, self.day(encounter)));
        let Some(measure) = service.map(rules::measure) else { return };
        let share = told.visits.iter().find(|v| v.encounter == Some(id));
        let now = share.filter(|_| told.units > 0).map(|s| (s.ready.clone(), s.held));
        let visit = DayVisit {
            encounter: id,
            key: key.clone(),
            measure,
            reference: encounter.reference.clone(),
            peer: encounter.peer,
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
            minutes: encounter.minutes(),
        };
        let standing = Standing { visit, claimed: false, stored: now.clone(), now, ahead: None };
        let list = self.days.visits.entry(key.clone()).or_default();
        list.retain(|s| s.visit.encounter != id);
        list.push(standing);
        list.sort_by_key(|s| (s.visit.started_at, s.visit.encounter));
        self.days.counted.push((id, key.clone(), measure));
    }

    /// What is to be stored about sums, after the decisions that were put on the bench.
    pub fn settlement(&mut self) -> Settlement {
        let days = std::mem::take(&mut self.days);
        let mut moved = Vec::new();
        for (key, visits) in &days.visits {
            let Some(sum) = days.sums.get(key) else { continue };
            let is_other = |s: &&Standing| {
                let before = s.ahead.filter(|_| !s.claimed);
                s.now != s.stored
                    || before.is_some_and(|b| ahead_of(sum, s).is_some_and(|a| a != b))
            };
            for standing in visits.iter().filter(is_other) {
                let id = standing.visit.encounter;
                moved.push((standing.visit.started_at, id, sum.told_of(id)));
            }
        }
        moved.sort_by_key(|(start, id, _)| (*start, *id));
        Settlement {
            counted: days.counted,
            left_out: days.left_out,
            moved: moved.into_iter().map(|(_, id, sum)| (id, sum)).collect(),
        }
    }
}

impl Days {
    /// Whether any contract of the chunk sums over days.
    pub(super) fn used(&self) -> bool {
        self.used
    }

    /// What the visits of a sum hold ready, but for one of them.
    fn pieces(&self, key: &SumKey, except: EncounterId) -> Vec<Piece> {
        let visits = self.visits.get(key).into_iter().flatten();
        visits
            .filter(|s| s.visit.encounter != except)
            .filter_map(|s| s.now.as_ref())
            .flat_map(|(ready, _)| ready.iter().cloned())
            .collect()
    }

    /// Gives each visit its share; the visits that have one for the first time.
    fn share(&mut self, key: &SumKey, told: &DaySum) -> Vec<DayVisit> {
        let mut lifted = Vec::new();
        for standing in self.visits.get_mut(key).into_iter().flatten() {
            let id = standing.visit.encounter;
            let Some(share) = told.visits.iter().find(|v| v.encounter == Some(id)) else {
                continue;
            };
            let now = (told.units > 0).then(|| (share.ready.clone(), share.held));
            if standing.now.is_none() && now.is_some() {
                lifted.push(standing.visit.clone());
            }
            standing.now = now;
        }
        lifted
    }
}

/// By source, the units that are more or fewer afterwards.
fn difference(before: &[Piece], after: &[Piece]) -> Vec<(Option<AuthorizationId>, i64)> {
    let mut units: BTreeMap<Option<AuthorizationId>, i64> = BTreeMap::new();
    for (pieces, sign) in [(before, -1), (after, 1)] {
        for piece in pieces {
            let source = piece.authorization.as_ref().map(|a| a.id);
            *units.entry(source).or_default() += sign * i64::from(piece.units);
        }
    }
    units.into_iter().filter(|(_, units)| *units != 0).collect()
}
