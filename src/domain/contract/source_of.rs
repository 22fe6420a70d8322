//! Sources of single values, and what a weak source may not do: it may stop a visit, and never let one
//! pass or set a price (`docs/adr/0094-a-weak-source-only-stops.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::known::Known;
use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::finding::Authority;

/// The key of a table under which they stand.
pub(super) const KEY: &str = "source_of";
/// Keys that have no source: names, and the sources themselves.
const SOURCELESS: &[&str] = &["key", "version", "title", "source", "rounding_source", KEY];

/// Where single values of a table are written, when not where the table is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceOf(pub BTreeMap<String, Authority>);

impl SourceOf {
    /// Whether all values are written where the table is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the value of a key is written; `table` is where the table is.
    pub fn of<'a>(&'a self, key: &str, table: &'a Authority) -> &'a Authority {
        self.0.get(key).unwrap_or(table)
    }
}

/// The `source_of` of a table: a source for keys that the table has.
pub(super) fn read_source_of<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    known: &mut Known<'a>,
) -> Option<SourceOf> {
    let Some(spot) = table.get(KEY) else { return Some(SourceOf::default()) };
    let keys: Vec<&str> = table.keys().filter(|key| !SOURCELESS.contains(key)).collect();
    let inner = spot.table(r, &keys)?;
    let mut of = BTreeMap::new();
    for key in keys {
        let said = inner.get(key).and_then(|at| known.source(r, &at));
        of.extend(said.map(|authority| (key.to_owned(), authority)));
    }
    Some(SourceOf(of))
}

/// Notes the values of these keys that only a weak source says: each could let a visit pass that is
/// held without it, or set its price.
pub(super) fn weigh(
    r: &mut Reader,
    table: &Table<'_>,
    source: Option<&Authority>,
    of: &SourceOf,
    permits: &[&str],
) {
    for key in permits.iter().filter(|key| !SOURCELESS.contains(key)) {
        if let (Some(spot), Some(said)) = (table.get(key), of.0.get(*key).or(source)) {
            weigh_one(r, &spot, said);
        }
    }
}

/// Notes a value if only a weak source says it.
pub(super) fn weigh_one(r: &mut Reader, spot: &Spot<'_>, said: &Authority) {
    if let Some(grade) = said.grade.filter(|grade| grade.is_weak()) {
        r.miss(spot, Some(grade));
    }
}
