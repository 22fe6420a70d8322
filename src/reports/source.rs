//! What a report was made of that keeps no past of its own: authorizations, coverages, enrollments, consents,
//! what is left of limits. It is written down while an issue is made and kept with it, so that the issue can be
//! made again from it, and so that a restatement can say which part of it changed a number
//! (`docs/adr/0149`).
//!
//! What has a past (visits, zones) is not copied: of visits only the time is kept as of which they were read.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::dates::Instant;
use crate::error::AppError;
use crate::store::{Conn, StoreError};

/// Bytes of a source once it is unpacked: it is ours, but a broken file must not take all memory.
const MOST_BYTES: u64 = 4 << 30;

/// A part of a source: what one cause of a restatement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Which organizations there are.
    Organizations,
    /// The members' and the peers' names.
    Names,
    /// Which day it is.
    Time,
    /// Contract versions in force.
    Contract,
    /// Coverages and numbers of members.
    Coverages,
    /// What is authorized: for what, how much, how long.
    Authorizations,
    /// Enrollments in episodes of care.
    Episodes,
    /// What was told by the issues before.
    Told,
    /// Visits, as far as they are known.
    Visits,
    /// Units that limits count: of visits and of opening balances.
    Units,
    /// Units from before go-live.
    Opening,
    /// Units of released claims.
    Released,
    /// Units of what is not released.
    Reserved,
    /// Who may not be told of.
    Consents,
}

impl Part {
    /// All of them, in the order in which a restatement exchanges them.
    pub const ALL: [Self; 14] = [
        Self::Organizations,
        Self::Names,
        Self::Time,
        Self::Contract,
        Self::Coverages,
        Self::Authorizations,
        Self::Episodes,
        Self::Told,
        Self::Visits,
        Self::Units,
        Self::Opening,
        Self::Released,
        Self::Reserved,
        Self::Consents,
    ];

    /// As a cause is named.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Names => "names",
            Self::Time => "time",
            Self::Contract => "contract",
            Self::Authorizations => "authorizations",
            Self::Coverages => "coverages",
            Self::Episodes => "episodes",
            Self::Told => "told",
            Self::Visits => "visits",
            Self::Units => "units",
            Self::Opening => "opening",
            Self::Released => "released",
            Self::Reserved => "reserved",
            Self::Consents => "consents",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Read and forgotten.
    Live,
    /// Read and written down.
    Keeping,
    /// Taken from what was written down.
    Kept,
}

/// What is read, by what it is and of whom.
type Parts = BTreeMap<Part, BTreeMap<String, Value>>;

/// What a report is made of.
#[derive(Debug, Clone)]
pub struct Source {
    mode: Mode,
    parts: Parts,
}

impl Source {
    /// Of the present; nothing is written down.
    pub const fn live() -> Self {
        Self { mode: Mode::Live, parts: Parts::new() }
    }

    /// Of the present; what is read is written down.
    pub const fn keeping() -> Self {
        Self { mode: Mode::Keeping, parts: Parts::new() }
    }

    /// As it was written down: nothing of the present is read any more.
    pub fn kept(self) -> Self {
        Self { mode: Mode::Kept, ..self }
    }

    /// Whether the present is read.
    pub fn reads(&self) -> bool {
        self.mode != Mode::Kept
    }

    /// One thing of a part: read, or as it was. What was not written down is as if there were none of it.
    pub fn of<T: Serialize + DeserializeOwned + Default>(
        &mut self,
        conn: &mut Conn,
        (part, of): (Part, impl Display),
        read: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.mode == Mode::Kept {
            let known = self.parts.get(&part).and_then(|list| list.get(&of.to_string()));
            return known.map_or_else(|| Ok(T::default()), |v| T::deserialize(v).map_err(broken));
        }
        let found = read(conn)?;
        if self.mode == Mode::Keeping {
            let value = serde_json::to_value(&found).map_err(broken)?;
            self.parts.entry(part).or_default().insert(of.to_string(), value);
        }
        Ok(found)
    }

    /// The time as of which visits are read.
    pub fn visits(&mut self, conn: &mut Conn, as_of: Instant) -> Result<Instant, StoreError> {
        let kept: Option<Instant> = self.of(conn, (Part::Visits, ""), |_| Ok(Some(as_of)))?;
        Ok(kept.unwrap_or(as_of))
    }

    /// Whether a part of another one is not the same.
    pub fn differs(&self, other: &Self, part: Part) -> bool {
        self.parts.get(&part) != other.parts.get(&part)
    }

    /// Takes from another one what this one says nothing of: units of who was not covered, hidden people of months
    /// that were not read. What leads to them is taken later, part by part.
    pub fn complete(&mut self, other: &Self) {
        for (part, list) in &other.parts {
            let own = self.parts.entry(*part).or_default();
            for (of, value) in list {
                own.entry(of.clone()).or_insert_with(|| value.clone());
            }
        }
    }

    /// Takes a part of another one for its own.
    pub fn exchange(&mut self, part: Part, other: &Self) {
        match other.parts.get(&part) {
            Some(new) => drop(self.parts.insert(part, new.clone())),
            None => drop(self.parts.remove(&part)),
        }
    }

    /// Adds names and numbers of another one to those that are known, and takes its own for those of both: whoever
    /// is in one of the two sources only is named in it only.
    pub fn join(&mut self, part: Part, other: &Self) {
        let Some(new) = other.parts.get(&part) else { return };
        let own = self.parts.entry(part).or_default();
        for (of, value) in new {
            match (own.get_mut(of), value) {
                (Some(Value::Object(own)), Value::Object(new)) => own.extend(new.clone()),
                _ => drop(own.insert(of.clone(), value.clone())),
            }
        }
    }

    /// Hides, beside whom it hides, whom another one hides.
    pub fn hide(&mut self, other: &Self) {
        let Some(new) = other.parts.get(&Part::Consents) else { return };
        let own = self.parts.entry(Part::Consents).or_default();
        for (of, value) in new {
            match (own.get_mut(of), value) {
                (Some(Value::Array(own)), Value::Array(new)) => {
                    let more: Vec<Value> =
                        new.iter().filter(|v| !own.contains(v)).cloned().collect();
                    own.extend(more);
                }
                _ => drop(own.insert(of.clone(), value.clone())),
            }
        }
    }

    /// As it is kept: JSON, packed.
    pub fn bytes(&self) -> Result<Vec<u8>, AppError> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        let text = serde_json::to_vec(&self.parts).map_err(|e| unread(&e))?;
        packed.write_all(&text).map_err(|e| unread(&e))?;
        packed.finish().map_err(|e| unread(&e))
    }

    /// As it was kept.
    pub fn read(bytes: &[u8]) -> Result<Self, AppError> {
        let mut text = Vec::new();
        GzDecoder::new(bytes).take(MOST_BYTES).read_to_end(&mut text).map_err(|e| unread(&e))?;
        let parts = serde_json::from_slice(&text).map_err(|e| unread(&e))?;
        Ok(Self { mode: Mode::Kept, parts })
    }
}

fn unread(why: &dyn Display) -> AppError {
    AppError::internal(format!("the source of an issue is broken: {why}"))
}

fn broken(why: serde_json::Error) -> StoreError {
    StoreError::Broken(format!("the source of a report: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(parts: &Value) -> Source {
        Source { mode: Mode::Kept, parts: serde_json::from_value(parts.clone()).unwrap() }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let one = source(&json!({"time": {"7": "2026-08-01"}, "consents": {"7": [1, 2]}}));
        let again = Source::read(&one.bytes().unwrap()).unwrap();
        assert_eq!((again.mode, &again.parts), (Mode::Kept, &one.parts));
        assert!(Source::read(b"no such thing").is_err());
    }

    #[test]
    fn parts_are_exchanged_one_by_one() {
        let mut one = source(
            &json!({"time": {"7": "2026-08-01"}, "names": {"7": {"1": "a"}}, "told": {"": []}}),
        );
        let two = source(&json!({"time": {"7": "2026-09-01"}, "names": {"7": {"2": "b"}}}));
        let differ: Vec<Part> = Part::ALL.into_iter().filter(|p| one.differs(&two, *p)).collect();
        assert_eq!(differ, [Part::Names, Part::Time, Part::Told]);
        one.exchange(Part::Time, &two);
        assert!(!one.differs(&two, Part::Time) && one.differs(&two, Part::Names));
        one.join(Part::Names, &two);
        assert_eq!(one.parts[&Part::Names]["7"], json!({"1": "a", "2": "b"}));
        one.exchange(Part::Names, &two);
        assert_eq!(one.parts[&Part::Names]["7"], json!({"2": "b"}), "in the end as it is");
        one.exchange(Part::Told, &two);
        assert!(!one.differs(&two, Part::Told));
    }

    #[test]
    fn what_nothing_is_said_of_is_taken_at_once() {
        let mut one = source(&json!({"units": {"7 1": [4]}, "coverages": {"7": ["1"]}}));
        let two = source(
            &json!({"units": {"7 1": [5], "7 2": [6]}, "coverages": {"7": ["1", "2"]}, "time": {"7": 1}}),
        );
        one.complete(&two);
        let units = &one.parts[&Part::Units];
        assert_eq!((&units["7 1"], &units["7 2"]), (&json!([4]), &json!([6])));
        assert_eq!(one.parts[&Part::Coverages]["7"], json!(["1"]), "not yet covered");
        assert!(!one.differs(&two, Part::Time));
    }

    #[test]
    fn who_is_hidden_by_either_is_hidden_by_both() {
        let mut one = source(&json!({"consents": {"7": [1, 2]}}));
        one.hide(&source(&json!({"consents": {"7": [2, 3], "8": [4]}})));
        assert_eq!(one.parts[&Part::Consents]["7"], json!([1, 2, 3]));
        assert_eq!(one.parts[&Part::Consents]["8"], json!([4]));
    }

    #[test]
    fn every_part_has_its_name_and_its_turn() {
        for part in Part::ALL {
            assert_eq!(serde_json::to_value(part).unwrap(), json!(part.as_str()));
        }
        let mut turns = Part::ALL.to_vec();
        turns.sort_unstable();
        assert_eq!(turns, Part::ALL);
    }
}
