//! Values that nobody has found out yet (RK73). A pack may write `"unknown"` where a payer's rule is
//! not known; no contract is bound to it until somebody has asked, and a visit that is looked at
//! under it is held for a person.

use serde::{Deserialize, Serialize};

use super::node::Value;
use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::identifiers::Key;

/// How it is written.
pub const UNKNOWN: &str = "unknown";

/// A value that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Its path in the pack, such as `service[1].rounding`.
    pub path: String,
    /// Services whose visits it matters to; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Key>,
}

impl Spot<'_> {
    pub(super) fn is_unknown(&self) -> bool {
        matches!(&self.node.value, Value::Text(text) if text == UNKNOWN)
    }
}

impl<'a> Table<'a> {
    /// The value of a key, if the key is there and its value is known; that it is not is noted.
    pub(super) fn known(&self, r: &mut Reader, key: &str) -> Option<Spot<'a>> {
        let spot = self.get(key)?;
        if spot.is_unknown() {
            r.unknown(&spot.path);
            return None;
        }
        Some(spot)
    }

    /// True or false, or the default where it is not said or not known.
    pub(super) fn need_known_or(&self, r: &mut Reader, key: &str, default: bool) -> Option<bool> {
        self.known(r, key).map_or(Some(default), |spot| spot.bool(r))
    }

    /// A value that must be there, or be said to be unknown: then `stand_in` takes its place, which
    /// no visit is ever billed by.
    pub(super) fn need_known<T>(
        &self,
        r: &mut Reader,
        key: &str,
        stand_in: T,
        read: impl FnOnce(&mut Reader, &Spot<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.known(r, key) {
            Some(spot) => read(r, &spot),
            None if self.get(key).is_some() => Some(stand_in),
            None => self.need(r, key).and(None),
        }
    }
}
