//! The session: one meeting of a peer with several members (R24; `docs/definitions.md`, section 2).
//!
//! It is entered once and makes an encounter for each member who is billed, or it is gathered from
//! encounters that name it. Its size counts everyone served who was present, billed or not; the
//! peers are not of it. For the peer's time one session is one interval.

use serde::{Deserialize, Serialize};

use super::dates::Instant;
use super::encounter::EncounterData;
use super::identifiers::Reference;
use super::ids::{EncounterId, PeerId, SessionId};

/// Most people present: a hall. The largest group that a payer pays for has twenty-four.
pub const MAX_SIZE: u32 = 500;
/// Most peers who lead a session together.
pub const MAX_PEERS: u32 = 20;
/// Most members of one request: a session of them is decided in one transaction.
pub const MAX_MEMBERS: usize = 200;

/// What an encounter says of its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The organization's own name for the session.
    pub session: Reference,
    /// Everyone served who was present, billed or not.
    pub size: u32,
    /// Peers who led it together.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub peers: u32,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

/// What a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionData {
    /// The organization's own name for it.
    pub reference: Reference,
    /// Who leads it, and bills.
    pub peer: PeerId,
    /// Start, included.
    pub started_at: Instant,
    /// End, not included.
    pub ended_at: Instant,
    /// Everyone served who was present, billed or not.
    pub size: u32,
    /// Peers who led it together.
    pub peers: u32,
    /// Whether its times were stated; else they are those of its encounters.
    pub stated: bool,
}

impl SessionData {
    /// The session that an encounter makes by naming it.
    pub fn gathered(encounter: &EncounterData, group: &Group) -> Self {
        Self {
            reference: group.session.clone(),
            peer: encounter.peer,
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
            size: group.size,
            peers: group.peers,
            stated: false,
        }
    }

    /// What its encounters say of it.
    pub fn group(&self) -> Group {
        Group { session: self.reference.clone(), size: self.size, peers: self.peers }
    }

    /// Whole minutes.
    pub fn minutes(&self) -> u32 {
        u32::try_from(self.started_at.minutes_until(self.ended_at)).unwrap_or(0)
    }
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Our id.
    pub id: SessionId,
    /// What it is.
    pub data: SessionData,
    /// SHA-256 of what it was entered with; none when it was gathered.
    pub content_hash: Option<Vec<u8>>,
    /// Grows with each change.
    pub revision: i32,
    /// When it was first known.
    pub recorded_at: Instant,
    /// When it was voided.
    pub voided_at: Option<Instant>,
    /// Why.
    pub void_reason: Option<String>,
}

/// A session as the rules see it beside one of its encounters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFact {
    /// What it is; of a gathered one the times are those of its other live encounters.
    #[serde(flatten)]
    pub data: SessionData,
    /// Whether it was voided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voided: bool,
}

/// The session of another encounter, with the time that it takes of its peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTime {
    /// The organization's own name for it.
    pub reference: Reference,
    /// Start of the whole session.
    pub started_at: Instant,
    /// End of it.
    pub ended_at: Instant,
}

/// An encounter that belongs to a session and is not void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendance {
    /// The session.
    pub session: SessionId,
    /// The encounter.
    pub encounter: EncounterId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_is_not_written_down_and_more_are() {
        let written = |peers| {
            let session = Reference::parse("S-1").unwrap();
            let text = serde_json::to_value(Group { session, size: 3, peers }).unwrap();
            (text.get("peers").cloned(), serde_json::from_value::<Group>(text).unwrap().peers)
        };
        assert_eq!(written(1), (None, 1));
        assert_eq!(written(2), (Some(2.into()), 2));
    }
}
