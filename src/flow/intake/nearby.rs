//! The part of the bench that is about time: other live encounters of the same people, and the
//! sessions that they are of.

use std::collections::{HashMap, HashSet};

use super::meetings::Meetings;
use crate::domain::dates::{Instant, Zone};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::Neighbor;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};
use crate::domain::session::{SessionFact, SessionTime};
use crate::error::AppError;
use crate::store::neighbors::{Vicinity, live_in, live_of};
use crate::store::{Conn, StoreError};

/// Neighbors by whom they concern.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    /// Each with whether it is there; what is lifted is not.
    neighbors: Vec<(Neighbor, bool)>,
    of_member: HashMap<MemberId, Vec<usize>>,
    of_peer: HashMap<PeerId, Vec<usize>>,
    of_session: HashMap<Reference, Vec<usize>>,
    of_encounter: HashMap<EncounterId, Vec<usize>>,
    pub(super) meetings: Meetings,
}

impl Nearby {
    /// Reads what is near `encounters`, all of these people, in a time; `except` is left out.
    pub(super) fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        (members, peers): (Vec<MemberId>, Vec<PeerId>),
        (encounters, time): (&[&EncounterData], (Instant, Instant)),
        except: &[EncounterId],
    ) -> Result<Self, StoreError> {
        let meetings = Meetings::read(conn, organization, encounters, (&peers, time), except)?;
        let (from, to) = meetings.reach(encounters, time);
        let mut nearby = Self { meetings, ..Self::default() };
        let vicinity = Vicinity { members, peers, from, to, except: except.to_vec() };
        for neighbor in live_in(conn, organization, &vicinity)? {
            nearby.put(neighbor);
        }
        // The others of a session count whenever they were there.
        let seen: HashSet<EncounterId> =
            nearby.neighbors.iter().map(|(n, _)| n.encounter).collect();
        let mut others: Vec<EncounterId> =
            nearby.meetings.encounters().filter(|id| !seen.contains(id)).collect();
        others.sort_unstable();
        for neighbor in live_of(conn, organization, &others)? {
            nearby.put(neighbor);
        }
        Ok(nearby)
    }

    /// Puts a live encounter on the bench, after its session.
    pub(super) fn put(&mut self, neighbor: Neighbor) {
        let index = self.neighbors.len();
        self.of_member.entry(neighbor.member).or_default().push(index);
        self.of_peer.entry(neighbor.peer).or_default().push(index);
        self.of_encounter.entry(neighbor.encounter).or_default().push(index);
        if let Some(name) = self.meetings.of(neighbor.encounter) {
            self.of_session.entry(name.clone()).or_default().push(index);
        }
        self.neighbors.push((neighbor, true));
    }

    fn there(&self, index: usize) -> Option<&Neighbor> {
        self.neighbors.get(index).filter(|(_, there)| *there).map(|(neighbor, _)| neighbor)
    }

    /// Takes away an encounter of the chunk; gives the places of what was taken.
    pub(super) fn lift(&mut self, id: EncounterId) -> Vec<usize> {
        let mut lifted = Vec::new();
        for index in self.of_encounter.get(&id).into_iter().flatten() {
            if let Some((_, there)) = self.neighbors.get_mut(*index).filter(|(_, there)| *there) {
                *there = false;
                lifted.push(*index);
            }
        }
        lifted
    }

    /// Puts back what was lifted.
    pub(super) fn restore(&mut self, lifted: Vec<usize>) {
        for index in lifted {
            if let Some((_, there)) = self.neighbors.get_mut(index) {
                *there = true;
            }
        }
    }

    fn live_of(&self, session: &Reference) -> impl Iterator<Item = &Neighbor> {
        let of = self.of_session.get(session).into_iter().flatten();
        of.filter_map(|index| self.there(*index))
    }

    /// The session of an encounter, as the rules see it.
    pub(super) fn fact(&self, encounter: &EncounterData) -> Option<SessionFact> {
        let name = &encounter.group.as_ref()?.session;
        self.meetings.fact(encounter, self.live_of(name))
    }

    /// The live encounters that overlap in time for the member or the peer, or are of the same
    /// session.
    pub(super) fn of(
        &self,
        encounter: &EncounterData,
        session: Option<&SessionFact>,
    ) -> Vec<Neighbor> {
        let of_member = self.of_member.get(&encounter.member).into_iter().flatten();
        let of_peer = self.of_peer.get(&encounter.peer).into_iter().flatten();
        let group = encounter.group.as_ref();
        let of_session = group.and_then(|g| self.of_session.get(&g.session)).into_iter().flatten();
        let mut indices: Vec<usize> = of_member.chain(of_peer).chain(of_session).copied().collect();
        indices.sort_unstable();
        indices.dedup();
        let mut times: HashMap<&Reference, Option<SessionTime>> = HashMap::new();
        let own = encounter.peer_time(session);
        let mut found = Vec::new();
        for neighbor in indices.into_iter().filter_map(|index| self.there(index)) {
            let name = self.meetings.of(neighbor.encounter);
            let time = name.and_then(|name| {
                let time = || self.meetings.time(name, self.live_of(name));
                times.entry(name).or_insert_with(time).clone()
            });
            let same = group.is_some_and(|g| name == Some(&g.session));
            let (from, to) = neighbor.times_with(time.as_ref());
            let near = (neighbor.started_at < encounter.ended_at
                && encounter.started_at < neighbor.ended_at)
                || (from < own.1 && own.0 < to);
            if same || near {
                found.push(Neighbor { session: time, ..neighbor.clone() });
            }
        }
        found
    }

    /// Whether a live encounter of the member or the peer takes the time of `visit`. (Others of its
    /// session take none of the peer's.)
    pub(super) fn is_taken(
        &self,
        visit: EncounterId,
        (member, peer): (MemberId, PeerId),
        (from, to): (Instant, Instant),
    ) -> bool {
        let session = self.meetings.of(visit);
        let of_member = self.of_member.get(&member).into_iter().flatten();
        let of_peer = self.of_peer.get(&peer).into_iter().flatten();
        of_member
            .chain(of_peer)
            .filter_map(|index| self.there(*index))
            .filter(|n| n.encounter != visit)
            .filter(|n| {
                let same = session.is_some() && self.meetings.of(n.encounter) == session;
                n.member == member || !same
            })
            .any(|n| n.started_at < to && from < n.ended_at)
    }

    /// Writes what became of the sessions.
    pub(super) fn store(
        &self,
        conn: &mut Conn,
        organization: OrganizationId,
        zone: Zone,
    ) -> Result<(), AppError> {
        self.meetings.store(conn, organization, zone)
    }
}
