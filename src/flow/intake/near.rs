//! The bench's neighbors: other live encounters of the chunk's members and peers.

use std::collections::HashMap;

use crate::domain::dates::Instant;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::Neighbor;
use crate::domain::ids::{EncounterId, MemberId, PeerId};

/// Neighbors by whose time they take.
#[derive(Debug, Default)]
pub(super) struct Near {
    rows: Vec<(Neighbor, bool)>,
    of_member: HashMap<MemberId, Vec<usize>>,
    of_peer: HashMap<PeerId, Vec<usize>>,
    of_encounter: HashMap<EncounterId, Vec<usize>>,
}

impl Near {
    /// Adds a neighbor.
    pub(super) fn put(&mut self, neighbor: Neighbor) {
        let index = self.rows.len();
        self.of_member.entry(neighbor.member).or_default().push(index);
        self.of_peer.entry(neighbor.peer).or_default().push(index);
        self.of_encounter.entry(neighbor.encounter).or_default().push(index);
        self.rows.push((neighbor, true));
    }

    /// Those that overlap with an encounter, for its member or its peer.
    pub(super) fn of(&self, encounter: &EncounterData) -> Vec<Neighbor> {
        let of_member = self.of_member.get(&encounter.member).into_iter().flatten();
        let of_peer = self.of_peer.get(&encounter.peer).into_iter().flatten();
        let mut indices: Vec<usize> = of_member.chain(of_peer).copied().collect();
        indices.sort_unstable();
        indices.dedup();
        indices
            .into_iter()
            .filter_map(|index| self.rows.get(index))
            .filter(|(_, there)| *there)
            .map(|(neighbor, _)| neighbor)
            .filter(|n| n.started_at < encounter.ended_at && encounter.started_at < n.ended_at)
            .cloned()
            .collect()
    }

    /// Whether another live encounter of the member or the peer takes some of the time.
    pub(super) fn takes(
        &self,
        (member, peer): (MemberId, PeerId),
        except: EncounterId,
        (from, to): (Instant, Instant),
    ) -> bool {
        let of_member = self.of_member.get(&member).into_iter().flatten();
        let of_peer = self.of_peer.get(&peer).into_iter().flatten();
        of_member
            .chain(of_peer)
            .filter_map(|index| self.rows.get(*index))
            .filter(|(n, there)| *there && n.encounter != except)
            .any(|(n, _)| n.started_at < to && from < n.ended_at)
    }

    /// Takes away an encounter of the chunk; gives the places of what was taken.
    pub(super) fn lift(&mut self, id: EncounterId) -> Vec<usize> {
        let mut lifted = Vec::new();
        for index in self.of_encounter.get(&id).into_iter().flatten() {
            if let Some((_, there)) = self.rows.get_mut(*index).filter(|(_, there)| *there) {
                *there = false;
                lifted.push(*index);
            }
        }
        lifted
    }

    /// Puts back what was lifted.
    pub(super) fn restore(&mut self, lifted: Vec<usize>) {
        for index in lifted {
            if let Some((_, there)) = self.rows.get_mut(index) {
                *there = true;
            }
        }
    }
}
