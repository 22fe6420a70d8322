//! The sessions on the bench: those that the encounters of a chunk name, those that take time of
//! their peers, and what becomes of them while the chunk is decided.
//!
//! A session that nobody entered is what the first of its encounters that is not void says, also when
//! that one is corrected; it has no times of its own but those of its live encounters.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::domain::dates::{Instant, Zone};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::Neighbor;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, OrganizationId, PeerId, SessionId};
use crate::domain::session::{Attendance, Session, SessionData, SessionFact, SessionTime};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::{self, Conn, StoreError};

/// A session at hand.
#[derive(Debug)]
struct Meeting {
    session: Session,
    /// Encounters that are not void, but for those that are being decided again.
    others: BTreeSet<EncounterId>,
    /// Whether the encounter that is being decided again was of it before.
    known: bool,
    /// Whether one of the others is on a live claim: what the claim says of the session stays.
    claimed: bool,
    change: Change,
    /// Whether it is of another size, or led otherwise, than the others were told.
    retold: bool,
}

/// What is to be written of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    New,
    Changed,
}

/// All sessions at hand.
#[derive(Debug, Default)]
pub struct Meetings {
    by_reference: HashMap<Reference, Meeting>,
    of_encounter: HashMap<EncounterId, Reference>,
    links: Vec<Attendance>,
    /// The encounter that is being decided again, when it is one.
    own: Option<EncounterId>,
}

impl Meetings {
    /// Reads the sessions that `encounters` name and those that take time of `peers` in a time.
    pub fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        encounters: &[&EncounterData],
        (peers, time): (&[PeerId], (Instant, Instant)),
        except: &[EncounterId],
    ) -> Result<Self, StoreError> {
        let named: BTreeSet<&Reference> =
            encounters.iter().filter_map(|e| e.group.as_ref()).map(|g| &g.session).collect();
        let named: Vec<&Reference> = named.into_iter().collect();
        let mut found = store::sessions::by_references(conn, organization, &named)?;
        // A session that is named may last longer than its encounters here.
        let from = found.iter().map(|s| s.data.started_at).fold(time.0, Instant::min);
        let to = found.iter().map(|s| s.data.ended_at).fold(time.1, Instant::max);
        for session in store::sessions::touching(conn, organization, peers, (from, to))? {
            if !found.iter().any(|s| s.id == session.id) {
                found.push(session);
            }
        }
        let mut meetings = Self { own: except.first().copied(), ..Self::default() };
        let ids: Vec<SessionId> = found.iter().map(|s| s.id).collect();
        let reference_of: HashMap<SessionId, Reference> =
            found.iter().map(|s| (s.id, s.data.reference.clone())).collect();
        for session in found {
            let reference = session.data.reference.clone();
            let meeting = Meeting::of(session, Change::None);
            meetings.by_reference.insert(reference, meeting);
        }
        for Attendance { session, encounter } in
            store::sessions::attendance(conn, organization, &ids)?
        {
            let Some(name) = reference_of.get(&session) else { continue };
            let Some(meeting) = meetings.by_reference.get_mut(name) else { continue };
            if except.contains(&encounter) {
                meeting.known = true;
                continue;
            }
            meeting.others.insert(encounter);
            meetings.of_encounter.insert(encounter, name.clone());
        }
        for Attendance { session, encounter } in store::sessions::claimed(conn, organization, &ids)?
        {
            let name = reference_of.get(&session).filter(|_| !except.contains(&encounter));
            if let Some(meeting) = name.and_then(|name| meetings.by_reference.get_mut(name)) {
                meeting.claimed = true;
            }
        }
        Ok(meetings)
    }

    /// The encounters of these sessions.
    pub fn encounters(&self) -> impl Iterator<Item = EncounterId> {
        self.of_encounter.keys().copied()
    }

    /// The time that has to be looked at for neighbors: the one given, and that of the sessions.
    pub fn reach(
        &self,
        encounters: &[&EncounterData],
        time: (Instant, Instant),
    ) -> (Instant, Instant) {
        let named = encounters.iter().filter_map(|e| e.group.as_ref());
        let known = named.filter_map(|g| self.by_reference.get(&g.session));
        known.fold(time, |(from, to), meeting| {
            let data = &meeting.session.data;
            (from.min(data.started_at), to.max(data.ended_at))
        })
    }

    /// The session that an encounter of the bench is of.
    pub fn of(&self, encounter: EncounterId) -> Option<&Reference> {
        self.of_encounter.get(&encounter)
    }

    /// The time that a session takes of its peer; `live` are its live encounters.
    pub fn time<'a>(
        &self,
        name: &Reference,
        live: impl Iterator<Item = &'a Neighbor>,
    ) -> Option<SessionTime> {
        let data = &self.by_reference.get(name)?.session.data;
        let (started_at, ended_at) =
            if data.stated { (data.started_at, data.ended_at) } else { hull(live)? };
        Some(SessionTime { reference: name.clone(), started_at, ended_at })
    }

    /// The session as the rules see it beside `encounter`; `live` are its other live encounters.
    pub fn fact<'a>(
        &self,
        encounter: &EncounterData,
        live: impl Iterator<Item = &'a Neighbor>,
    ) -> Option<SessionFact> {
        let group = encounter.group.as_ref()?;
        let own = || SessionData::gathered(encounter, group);
        let Some(meeting) = self.by_reference.get(&group.session) else {
            return Some(SessionFact { data: own(), voided: false });
        };
        let voided = meeting.session.voided_at.is_some();
        let open = meeting.is_open(self.own);
        let mut data = if open { own() } else { meeting.session.data.clone() };
        if !data.stated {
            let alone = (encounter.started_at, encounter.ended_at);
            let (from, to) = hull(live).unwrap_or(alone);
            let within = |t: Instant| if open { (from.min(t), to.max(t)) } else { (from, to) };
            data.started_at = within(encounter.started_at).0;
            data.ended_at = within(encounter.ended_at).1;
        }
        Some(SessionFact { data, voided })
    }

    /// Puts a session on the bench that is entered as one. `false`: its reference is used.
    pub fn state(&mut self, session: Session) -> bool {
        let reference = session.data.reference.clone();
        if self.by_reference.contains_key(&reference) {
            return false;
        }
        self.by_reference.insert(reference, Meeting::of(session, Change::New));
        true
    }

    /// The session with this reference, if there is one.
    pub fn get(&self, reference: &Reference) -> Option<&Session> {
        self.by_reference.get(reference).map(|meeting| &meeting.session)
    }

    /// An encounter was decided: it is of its session from now on. One that agrees makes a gathered
    /// session longer; the first one of a session makes it.
    pub fn attend(&mut self, ctx: &Ctx, id: EncounterId, encounter: &EncounterData, agrees: bool) {
        let Some(group) = &encounter.group else { return };
        let own = SessionData::gathered(encounter, group);
        let new = || Meeting::of(gathered(ctx, own.clone()), Change::New);
        let meeting = self.by_reference.entry(group.session.clone()).or_insert_with(new);
        let data = &mut meeting.session.data;
        let wider = SessionData {
            started_at: data.started_at.min(own.started_at),
            ended_at: data.ended_at.max(own.ended_at),
            ..data.clone()
        };
        let fixed = data.stated || meeting.session.voided_at.is_some();
        let known = meeting.known && !meeting.claimed;
        let becomes = match meeting.others.first() {
            _ if fixed => data.clone(),
            None => own,
            Some(first) if known && id < *first => {
                SessionData { started_at: wider.started_at, ended_at: wider.ended_at, ..own }
            }
            _ if agrees => wider,
            _ => data.clone(),
        };
        if *data != becomes {
            let told = |d: &SessionData| (d.size, d.peers, d.peer);
            meeting.retold |= told(data) != told(&becomes);
            *data = becomes;
            if meeting.change == Change::None {
                // Whoever read it as it was must read it again, as after a correction.
                meeting.session.revision += 1;
            }
            meeting.change = meeting.change.and_changed();
        }
        meeting.others.insert(id);
        self.of_encounter.insert(id, group.session.clone());
        self.links.push(Attendance { session: meeting.session.id, encounter: id });
    }

    /// The encounters of sessions that are something else now, but for the one that made it so.
    pub fn retold(&self) -> Vec<EncounterId> {
        let retold = self.by_reference.values().filter(|m| m.retold && m.change != Change::New);
        let others = retold.flat_map(|m| m.others.iter().copied());
        others.filter(|id| Some(*id) != self.own).collect()
    }

    /// Writes what became of the sessions; their encounters are there already.
    pub fn store(
        &self,
        conn: &mut Conn,
        organization: OrganizationId,
        zone: Zone,
    ) -> Result<(), AppError> {
        let mut new: Vec<(&Session, NaiveDate)> = Vec::new();
        for meeting in self.by_reference.values() {
            let session = &meeting.session;
            let day = zone.date_of(session.data.started_at);
            match meeting.change {
                Change::None => {}
                Change::New => new.push((session, day)),
                Change::Changed => store::sessions::update(conn, organization, session, day)?,
            }
        }
        store::sessions::insert_all(conn, organization, &new)?;
        Ok(store::sessions::link(conn, organization, &self.links)?)
    }
}

impl Meeting {
    fn of(session: Session, change: Change) -> Self {
        Self {
            session,
            others: BTreeSet::new(),
            known: false,
            claimed: false,
            change,
            retold: false,
        }
    }

    /// Whether an encounter says what it is: the first one, which one that comes to it is only when
    /// it is alone.
    fn is_open(&self, id: Option<EncounterId>) -> bool {
        let before = |other: &EncounterId| self.known && id.is_some_and(|id| id < *other);
        let first = self.others.first().is_none_or(before);
        !self.session.data.stated && first && !self.claimed && self.session.voided_at.is_none()
    }
}

impl Change {
    fn and_changed(self) -> Self {
        if self == Self::New { Self::New } else { Self::Changed }
    }
}

fn gathered(ctx: &Ctx, data: SessionData) -> Session {
    Session {
        id: ctx.id(),
        data,
        content_hash: None,
        revision: 1,
        recorded_at: ctx.now(),
        voided_at: None,
        void_reason: None,
    }
}

fn hull<'a>(live: impl Iterator<Item = &'a Neighbor>) -> Option<(Instant, Instant)> {
    live.fold(None, |hull, n| {
        let (from, to) = hull.unwrap_or((n.started_at, n.ended_at));
        Some((from.min(n.started_at), to.max(n.ended_at)))
    })
}
