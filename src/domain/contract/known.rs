//! The names that a pack declares and its values refer to: sources and services.
//!
//! They are gathered before anything else is read, so that a reference is judged even where the
//! thing it names has faults of its own.

use super::nearest::hint;
use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::contract::model::Source;
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;

/// Most sources of a pack: a manual's sections, bulletins and a companion guide.
pub const MAX_SOURCES: usize = 100;
/// Most characters of a document's or section's name.
const MAX_DOCUMENT: usize = 160;

/// Keys of a source.
pub(super) const SOURCE_KEYS: &[&str] = &["key", "document", "section", "date", "grade"];

/// Declared names.
#[derive(Debug)]
pub(super) struct Known<'a> {
    sources: Vec<Declared<'a>>,
    services: Vec<Key>,
}

#[derive(Debug)]
struct Declared<'a> {
    at: Spot<'a>,
    key: Key,
    /// `None`: it has faults of its own.
    authority: Option<Authority>,
    used: bool,
}

impl<'a> Known<'a> {
    /// Reads `[[source]]`, and the keys of the services.
    pub(super) fn read(r: &mut Reader, root: &Table<'a>, services: &[Spot<'a>]) -> Self {
        let mut known = Self { sources: Vec::new(), services: Vec::new() };
        for at in root.tables(r, "source", MAX_SOURCES) {
            known.declare(r, at);
        }
        if root.get("source").is_none() {
            root.missing(r, "source", "say in a [[source]] table where the values come from");
        }
        // Quietly: the reader of the service reports a key that is wrong.
        let keys = services.iter().filter_map(|at| {
            at.node.entry("key").and_then(|node| Spot { node, path: String::new() }.quiet())
        });
        known.services = keys.collect();
        known
    }

    fn declare(&mut self, r: &mut Reader, at: Spot<'a>) {
        let Some(table) = at.table(r, SOURCE_KEYS) else { return };
        let key = unique(r, &table, self.sources.iter().map(|s| &s.key));
        let document = table.need(r, "document").and_then(|s| s.words(r, MAX_DOCUMENT));
        let section = table.need(r, "section").and_then(|s| s.words(r, MAX_DOCUMENT));
        let date = table.need(r, "date").and_then(|s| s.date(r));
        let grade = match table.get("grade") {
            Some(spot) => spot.parse(r).map(Some),
            None => Some(None),
        };
        let Some(key) = key else { return };
        let authority = match (document, section, date, grade) {
            (Some(document), Some(section), Some(date), Some(grade)) => {
                Some(Authority { document, section, date, grade, place: None })
            }
            _ => None,
        };
        self.sources.push(Declared { at, key, authority, used: false });
    }

    /// The source that `table` must name under `source`.
    pub(super) fn cited(&mut self, r: &mut Reader, table: &Table<'a>) -> Option<Authority> {
        // The layer of a rule is read when the rule itself is; its source is cited all the same.
        if let Some(key) = table.get("layer").and_then(|layer| layer.inner("source")?.quiet()) {
            self.sources.iter_mut().filter(|s| s.key == key).for_each(|s| s.used = true);
        }
        let spot = table.need(r, "source")?;
        let authority = self.source(r, &spot)?;
        Some(Authority { place: Some(table.at.node.place.to_string()), ..authority })
    }

    /// The source that a value names.
    pub(super) fn source(&mut self, r: &mut Reader, spot: &Spot<'a>) -> Option<Authority> {
        let key = spot.parse::<Key>(r)?;
        if let Some(source) = self.sources.iter_mut().find(|s| s.key == key) {
            source.used = true;
            let place = Some(spot.node.place.to_string());
            return source.authority.clone().map(|authority| Authority { place, ..authority });
        }
        let hint = hint(key.as_str(), self.sources.iter().map(|s| s.key.as_str()));
        spot.refuse(r, format!("no [[source]] has this key; {hint}"));
        None
    }

    /// The services that `table` must name under `services`.
    pub(super) fn services(&self, r: &mut Reader, table: &Table<'a>) -> Vec<(Spot<'a>, Key)> {
        let Some(list) = table.need(r, "services") else { return Vec::new() };
        let named = list.values::<Key>(r);
        if named.is_empty() {
            list.refuse(r, "name at least one service");
        }
        for (spot, key) in &named {
            if !self.services.contains(key) {
                let hint = hint(key.as_str(), self.services.iter().map(Key::as_str));
                spot.refuse(r, format!("no [[service]] has this key; {hint}"));
            }
        }
        named
    }

    /// Reports sources that nothing cites, and gives the list.
    pub(super) fn finish(self, r: &mut Reader) -> Vec<Source> {
        for source in self.sources.iter().filter(|s| !s.used) {
            source.at.refuse(r, "nothing cites this source; cite it where it belongs or remove it");
        }
        let sound = self.sources.into_iter().filter_map(|s| Some((s.key, s.authority?)));
        sound.map(|(key, authority)| Source { key, authority }).collect()
    }
}

impl Spot<'_> {
    fn quiet(&self) -> Option<Key> {
        self.parse(&mut Reader::default())
    }
}

/// The key of a table, which none of `taken` may have.
pub(super) fn unique<'k>(
    r: &mut Reader,
    table: &Table<'_>,
    taken: impl IntoIterator<Item = &'k Key>,
) -> Option<Key> {
    let spot = table.need(r, "key")?;
    let key: Key = spot.parse(r)?;
    if taken.into_iter().any(|other| *other == key) {
        spot.refuse(r, "another table of this kind has the same key; give each its own");
        return None;
    }
    Some(key)
}
