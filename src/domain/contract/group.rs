//! Groups: how many may be present, and how many one peer may lead (RK33, RK45). A service without
//! this table is given to one member at a time (RK35).

use serde::{Deserialize, Serialize};

use super::known::Known;
use super::reader::Reader;
use super::table::Table;
use crate::domain::finding::Authority;
use crate::domain::session::MAX_SIZE;

/// Smallest group, unless the pack says otherwise: one alone is no group.
const MIN_SIZE: u32 = 2;

/// What makes a service one for groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRule {
    /// Fewest people present, billed or not.
    pub min_size: u32,
    /// Most people present, billed or not.
    pub max_size: Option<u32>,
    /// Most people present for each peer who leads the session.
    pub members_per_peer: Option<u32>,
    /// Where it is written.
    pub source: Authority,
}

pub(super) const KEYS: &[&str] = &["min_size", "max_size", "members_per_peer", "source"];

/// The `group` of a service; `Some(None)` when there is none, `None` when it has a fault.
#[expect(clippy::option_option, reason = "a faulty table is not the same as none")]
pub(super) fn read_group<'a>(
    r: &mut Reader,
    service: &Table<'a>,
    known: &mut Known<'a>,
) -> Option<Option<GroupRule>> {
    let Some(spot) = service.get("group") else { return Some(None) };
    let table = spot.table(r, KEYS)?;
    let min_size = match table.get("min_size") {
        Some(spot) => spot.number(r, 1..=MAX_SIZE),
        None => Some(MIN_SIZE),
    };
    let count = |r: &mut Reader, key: &str| match table.known(r, key) {
        Some(spot) => spot.number(r, 1..=MAX_SIZE).map(Some),
        None => Some(None),
    };
    let max_size = count(r, "max_size");
    let members_per_peer = count(r, "members_per_peer");
    if let (Some(min), Some(Some(max))) = (min_size, max_size)
        && max < min
    {
        let message = format!("the largest group is smaller than the smallest, which has {min}");
        table.at_key("max_size").refuse(r, message);
    }
    let source = known.cited(r, &table);
    Some(Some(GroupRule {
        min_size: min_size?,
        max_size: max_size?,
        members_per_peer: members_per_peer?,
        source: source?,
    }))
}
