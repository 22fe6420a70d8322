//! Whom a chunk of encounters names.

use std::collections::HashMap;

use crate::domain::encounter::EncounterData;
use crate::domain::ids::{MemberId, PeerId};
use crate::domain::member::Member;
use crate::domain::peer::Peer;

/// The people of a chunk, already read.
#[derive(Debug, Default)]
pub struct People {
    /// Members by id.
    pub members: HashMap<MemberId, Member>,
    /// Peers by id.
    pub peers: HashMap<PeerId, Peer>,
}

impl People {
    /// By their ids.
    pub fn of(members: Vec<Member>, peers: Vec<Peer>) -> Self {
        Self {
            members: members.into_iter().map(|m| (m.id, m)).collect(),
            peers: peers.into_iter().map(|p| (p.id, p)).collect(),
        }
    }

    /// The members and the peers whom encounters name, each once, in order.
    pub fn named(list: &[&EncounterData]) -> (Vec<MemberId>, Vec<PeerId>) {
        let mut members: Vec<MemberId> = list.iter().map(|e| e.member).collect();
        members.sort_unstable();
        members.dedup();
        let mut peers: Vec<PeerId> = list.iter().map(|e| e.peer).collect();
        peers.sort_unstable();
        peers.dedup();
        (members, peers)
    }
}
