//! What the visits of a claim line were, as far as the line or a note of it says so.

use super::Claimable;
use crate::domain::codes::Mode;
use crate::domain::dates::Instant;
use crate::domain::ids::PeerId;

/// Of one visit, or of several whose minutes are summed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Whole minutes of all of them.
    pub minutes: u32,
    /// When the first of them began and the last one ended.
    pub times: Option<(Instant, Instant)>,
    /// How they were given: each mode once, in order of start.
    pub modes: Vec<Mode>,
    /// How many were served in the smallest and in the largest group; none where any was of no group.
    pub group_sizes: Option<(u32, u32)>,
    /// By whom: each peer once, in order of start.
    pub peers: Vec<PeerId>,
}

impl Given {
    /// What these were, which are in order of start.
    pub(super) fn of(visits: &[Claimable]) -> Self {
        let (starts, ends) =
            (visits.iter().map(|v| v.started_at), visits.iter().map(|v| v.ended_at));
        let (mut modes, mut peers) = (Vec::new(), Vec::new());
        for visit in visits {
            if !peers.contains(&visit.peer) {
                peers.push(visit.peer);
            }
            if !modes.contains(&visit.mode) {
                modes.push(visit.mode);
            }
        }
        let sizes: Option<Vec<u32>> = visits.iter().map(|v| v.group_size).collect();
        let ends_of = |all: Vec<u32>| all.iter().copied().min().zip(all.iter().copied().max());
        Self {
            minutes: visits.iter().fold(0, |sum, v| sum.saturating_add(v.minutes)),
            times: starts.min().zip(ends.max()),
            modes,
            group_sizes: sizes.and_then(ends_of),
            peers,
        }
    }
}
