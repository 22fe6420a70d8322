//! From when until when something of a pack holds: first and last service date (RK09, RK32).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::table::Table;

/// Keys of a table that say when it holds.
pub(super) const KEYS: &[&str] = &["from", "to"];

/// First and last service date; open where none is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// First service date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Last service date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

impl InForce {
    /// Whether it holds on a service date.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether it always holds, as what says nothing does.
    pub fn is_always(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// The days under `from` and `to` of a table.
pub(super) fn read_in_force(r: &mut Reader, table: &Table<'_>) -> Option<InForce> {
    let mut day = |key: &str| match table.get(key) {
        Some(spot) => spot.date(r).map(Some),
        None => Some(None),
    };
    let (from, to) = (day("from"), day("to"));
    let (from, to) = (from?, to?);
    if let (Some(first), Some(last)) = (from, to)
        && last < first
    {
        table.at_key("to").refuse(r, "the last day lies before the first; correct one of them");
        return None;
    }
    Some(InForce { from, to })
}
