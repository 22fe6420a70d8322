//! Values that nobody has found out yet (RK73), or that only a weak source says. A pack may write
//! `"unknown"` where a payer's rule is not known; no contract is bound to it until somebody has asked,
//! and a visit that is looked at under it is held for a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fault::Place;
use super::limit::Limit;
use super::model::Pack;
use super::node::Value;
use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::finding::Grade;
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
    /// Where it stands in the pack's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The grade of the weak source that says it, which may stop a visit but let none pass; none: the
    /// pack says `"unknown"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
}

impl Unknown {
    /// What is amiss, as a clause: "is unknown", "is said by a source of grade C only".
    pub fn why(&self) -> String {
        match self.grade {
            None => "is unknown".to_owned(),
            Some(grade) => format!("is said by a source of grade {grade} only"),
        }
    }
}

impl Pack {
    /// Limits whose units the pack states, and not the time in which they count.
    pub fn limits_without_window(&self) -> impl Iterator<Item = &Limit> {
        let missing = move |number: usize, key: &str| {
            let path = format!("limit[{number}].{key}");
            self.unknown.iter().any(|u| u.grade.is_none() && u.path == path)
        };
        let numbered = (1..).zip(&self.limits);
        let of_no_time =
            numbered.filter(move |(n, _)| missing(*n, "window") && !missing(*n, "units"));
        of_no_time.map(|(_, limit)| limit)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}, ")?;
        }
        write!(f, "{} {}", self.path, self.why())
    }
}

/// What was noted as missing, as mattering to these services; to all, if none is named.
pub(super) fn noted(r: &mut Reader, services: &[Key]) -> Vec<Unknown> {
    let missing = r.take_missing().into_iter();
    let unknown = missing.map(|m| Unknown {
        path: m.path,
        services: services.to_vec(),
        place: Some(m.place),
        grade: m.grade,
    });
    unknown.collect()
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
            r.miss(&spot, None);
            return None;
        }
        Some(spot)
    }

    /// A value by its type's own rule, or the default where it is not said or not known.
    pub(super) fn known_or<T>(&self, r: &mut Reader, key: &str, default: T) -> Option<T>
    where
        T: std::str::FromStr<Err = crate::domain::text::Invalid>,
    {
        self.known(r, key).map_or(Some(default), |spot| spot.parse(r))
    }

    /// True or false, or the default where it is not said or not known.
    pub(super) fn known_flag(&self, r: &mut Reader, key: &str, default: bool) -> Option<bool> {
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
