//! The part of the bench that is about the member's other visits, where a contract asks what came
//! before a visit or stands beside it: sessions so far, visits face to face, lines of the day.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};

use crate::domain::codes::{Diagnosis, Mode};
use crate::domain::contract::{Copay, Demand, Pack, Rollup};
use crate::domain::dates::Instant;
use crate::domain::day_sum::DayFact;
use crate::domain::decision::{Decision, DecisionLine, Disposition, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Copaid, FaceToFace, OnLine};
use crate::domain::identifiers::Key;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};
use crate::domain::line::Line;
use crate::store::beside::{self as store, Wanted};
use crate::store::{Conn, StoreError};

/// Other visits, as far as any contract of the chunk asks for them.
#[derive(Debug, Default)]
pub struct Beside {
    asked: Asked,
    /// Starts of visits.
    visits: HashMap<MemberId, BTreeMap<EncounterId, Instant>>,
    /// Visits that may be face to face.
    met: HashMap<MemberId, BTreeMap<EncounterId, Met>>,
    lines: HashMap<MemberId, Vec<Beneath>>,
    /// Copays that the member pays of a visit or its day.
    paid: HashMap<MemberId, Vec<(Key, Beneath)>>,
}

/// What the contracts of a chunk ask for.
#[derive(Debug, Default)]
struct Asked {
    visits: bool,
    /// In which modes, and how many days back; none: nobody asks.
    met: Option<(Vec<Mode>, u32)>,
    /// Of which services lines are looked at.
    lines: Vec<Key>,
    /// Of which services copays are.
    paid: Vec<Key>,
}

#[derive(Debug)]
struct Met {
    service: Key,
    day: NaiveDate,
    mode: Mode,
}

/// A line that may become one with another visit's.
#[derive(Debug)]
pub struct Beneath {
    member: MemberId,
    encounter: EncounterId,
    peer: PeerId,
    diagnoses: Vec<Diagnosis>,
    day: NaiveDate,
    line: OnLine,
}

/// What a decision is told of other visits.
#[derive(Debug, Default)]
pub struct Told {
    /// How many came before, where the contract counts them.
    pub earlier_visits: Option<u32>,
    /// The last ones face to face, by service.
    pub face_to_face: Vec<FaceToFace>,
    /// Lines that the visit's would become one with, as far as peer, diagnoses and day tell.
    pub on_line: Vec<OnLine>,
    /// What the member pays of other visits of the day.
    pub copaid: Vec<Copaid>,
}

/// What was taken off the bench.
#[derive(Debug, Default)]
pub struct Lifted {
    lines: Vec<Beneath>,
    paid: Vec<(Key, Beneath)>,
}

impl Beside {
    /// Reads what these contracts ask of visits from a first to a last service date.
    pub fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        wanted: Wanted<'_>,
        packs: &[&Pack],
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<Self, StoreError> {
        let mut beside = Self { asked: Asked::of(packs), ..Self::default() };
        if beside.asked.visits {
            for (member, start, id) in store::starts(conn, organization, wanted)? {
                beside.visits.entry(member).or_default().insert(id, start);
            }
        }
        if let Some((modes, days)) = &beside.asked.met {
            let from = first.checked_sub_days(Days::new(u64::from(*days))).unwrap_or(first);
            for one in store::in_modes(conn, organization, wanted, modes, (from, last))? {
                if !one.data.member_absent {
                    let met = Met { service: one.service, day: one.day, mode: one.data.mode };
                    beside.met.entry(one.data.member).or_default().insert(one.encounter, met);
                }
            }
        }
        if !beside.asked.lines.is_empty() {
            let services = beside.asked.lines.clone();
            let found = store::lines(conn, organization, wanted, &services, (first, last))?;
            for (line, data) in found {
                beside.put_line(Beneath::stored(&line, &data));
            }
        }
        if !beside.asked.paid.is_empty() {
            let services = beside.asked.paid.clone();
            for one in store::decided(conn, organization, wanted, &services, (first, last))? {
                beside.put_paid(one.encounter, &one.data, &one.decision);
            }
        }
        Ok(beside)
    }

    fn put_line(&mut self, line: Beneath) {
        self.lines.entry(line.member).or_default().push(line);
    }

    fn put_paid(&mut self, id: EncounterId, encounter: &EncounterData, decision: &Decision) {
        let Some(service) = &decision.service else { return };
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            for copay in &line.copays {
                let line = Beneath::decided(id, encounter, decision, service, line);
                self.paid.entry(encounter.member).or_default().push((copay.key.clone(), line));
            }
        }
    }

    /// A visit is as decided from now on.
    pub fn put(&mut self, id: EncounterId, encounter: &EncounterData, decision: &Decision) {
        let service = decision.service.as_ref();
        if self.asked.visits {
            let visits = self.visits.entry(encounter.member).or_default();
            match service {
                Some(_) => visits.insert(id, encounter.started_at),
                None => visits.remove(&id),
            };
        }
        if self.asked.met.is_some() {
            let met = self.met.entry(encounter.member).or_default();
            let stands = decision.disposition != Disposition::Held && !encounter.member_absent;
            match service.filter(|_| stands) {
                Some(service) => {
                    let (service, day) = (service.clone(), decision.service_date);
                    met.insert(id, Met { service, day, mode: encounter.mode });
                }
                None => drop(met.remove(&id)),
            }
        }
        self.lift(id, encounter.member);
        if !self.asked.paid.is_empty() {
            self.put_paid(id, encounter, decision);
        }
        let Some(service) = service.filter(|s| self.asked.lines.contains(s)) else { return };
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            self.put_line(Beneath::decided(id, encounter, decision, service, line));
        }
    }

    /// Takes away the lines of a visit.
    pub fn lift(&mut self, id: EncounterId, member: MemberId) -> Lifted {
        let lines = self.lines.get_mut(&member).into_iter();
        let paid = self.paid.get_mut(&member).into_iter();
        Lifted {
            lines: lines.flat_map(|l| l.extract_if(.., |line| line.encounter == id)).collect(),
            paid: paid.flat_map(|p| p.extract_if(.., |(_, line)| line.encounter == id)).collect(),
        }
    }

    /// Puts back what was lifted.
    pub fn restore(&mut self, lifted: Lifted) {
        for line in lifted.lines {
            self.put_line(line);
        }
        for (key, line) in lifted.paid {
            self.paid.entry(line.member).or_default().push((key, line));
        }
    }

    /// What a decision about a visit on a day is told under a pack; `summed` are the other visits of
    /// its day's sum.
    pub fn told(
        &self,
        pack: &Pack,
        encounter: &EncounterData,
        day: NaiveDate,
        summed: Option<&DayFact>,
    ) -> Told {
        Told {
            copaid: self.copaid(pack, encounter, day, summed),
            earlier_visits: self.earlier_visits(pack, encounter),
            face_to_face: self.face_to_face(pack, encounter, day),
            on_line: self.on_line(pack, encounter, day),
        }
    }

    fn earlier_visits(&self, pack: &Pack, encounter: &EncounterData) -> Option<u32> {
        if !pack.conditions.iter().any(|c| c.demand.counts_visits()) {
            return None;
        }
        let visits = self.visits.get(&encounter.member).into_iter().flatten();
        u32::try_from(visits.filter(|(_, start)| **start < encounter.started_at).count()).ok()
    }

    /// Of a visit that is face to face itself, nothing is asked.
    fn face_to_face(
        &self,
        pack: &Pack,
        encounter: &EncounterData,
        day: NaiveDate,
    ) -> Vec<FaceToFace> {
        if within(pack).next().is_none() || pack.face_to_face.contains(&encounter.mode) {
            return Vec::new();
        }
        let mut last: BTreeMap<&Key, NaiveDate> = BTreeMap::new();
        let met = self.met.get(&encounter.member).into_iter().flat_map(BTreeMap::values);
        for met in met.filter(|m| m.day <= day && pack.face_to_face.contains(&m.mode)) {
            let known = last.entry(&met.service).or_insert(met.day);
            *known = met.day.max(*known);
        }
        let facts = last.into_iter().map(|(service, day)| (service.clone(), day));
        facts.map(|(service, day)| FaceToFace { service, day }).collect()
    }

    fn copaid(
        &self,
        pack: &Pack,
        encounter: &EncounterData,
        day: NaiveDate,
        summed: Option<&DayFact>,
    ) -> Vec<Copaid> {
        let known = |key: &Key| flat(pack).any(|c| c.key == *key);
        let others = summed.map_or(&[][..], |fact| fact.others.as_slice());
        let paid = self.paid.get(&encounter.member).into_iter().flatten();
        let of_day = paid.filter(|(key, l)| {
            l.day == day && known(key) && others.iter().all(|v| v.encounter != l.encounter)
        });
        of_day
            .map(|(key, l)| Copaid {
                key: key.clone(),
                line: l.line.clone(),
                together: pack.claim.unites(&l.line.place, l.peer, encounter.peer)
                    && l.diagnoses == encounter.diagnoses,
            })
            .collect()
    }

    fn on_line(&self, pack: &Pack, encounter: &EncounterData, day: NaiveDate) -> Vec<OnLine> {
        let services = capped(pack);
        let lines = self.lines.get(&encounter.member).into_iter().flatten();
        let same = lines.filter(|l| {
            l.day == day
                && pack.claim.unites(&l.line.place, l.peer, encounter.peer)
                && l.diagnoses == encounter.diagnoses
                && services.contains(&&l.line.service)
        });
        same.map(|l| l.line.clone()).collect()
    }
}

impl Asked {
    fn of(packs: &[&Pack]) -> Self {
        let mut asked = Self::default();
        for pack in packs {
            asked.visits |= pack.conditions.iter().any(|c| c.demand.counts_visits());
            if let Some(days) = within(pack).max() {
                let (modes, most) = asked.met.get_or_insert_default();
                modes.extend(pack.face_to_face.iter().copied());
                *most = days.max(*most);
            }
            asked.lines.extend(capped(pack).into_iter().cloned());
            asked.paid.extend(flat(pack).flat_map(|c| &c.services).cloned());
        }
        asked
    }
}

/// Days within which conditions want a visit face to face.
fn within(pack: &Pack) -> impl Iterator<Item = u32> + '_ {
    pack.conditions.iter().filter_map(|c| match c.demand {
        Demand::FaceToFaceWithin { days } => Some(days),
        _ => None,
    })
}

/// Copays for a visit or a day.
fn flat(pack: &Pack) -> impl Iterator<Item = &Copay> {
    pack.copays.iter().filter(|c| c.share.flat().is_some())
}

/// Services whose lines hold at most so many units, where visits of a day become one line.
fn capped(pack: &Pack) -> Vec<&Key> {
    if pack.claim.rollup != Rollup::Day {
        return Vec::new();
    }
    let conditions = pack.conditions.iter();
    let capped = conditions.filter(|c| matches!(c.demand, Demand::UnitsPerVisit { .. }));
    capped.flat_map(|c| &c.services).collect()
}

impl Beneath {
    fn stored(line: &Line, data: &EncounterData) -> Self {
        Self {
            member: data.member,
            encounter: line.encounter,
            peer: data.peer,
            diagnoses: data.diagnoses.clone(),
            day: line.service_date,
            line: OnLine {
                service: line.service.clone(),
                modifiers: line.modifiers.clone(),
                place: line.place.clone(),
                units: line.units,
            },
        }
    }

    fn decided(
        encounter: EncounterId,
        data: &EncounterData,
        decision: &Decision,
        service: &Key,
        line: &DecisionLine,
    ) -> Self {
        Self {
            member: data.member,
            encounter,
            peer: data.peer,
            diagnoses: data.diagnoses.clone(),
            day: decision.service_date,
            line: OnLine {
                service: service.clone(),
                modifiers: line.modifiers.clone(),
                place: line.place.clone(),
                units: line.units,
            },
        }
    }
}
