//! Walks the tables and lists of the tree: known keys, missing keys, items counted from 1.

use std::str::FromStr;

use chrono::NaiveDate;

use super::fault::{Fault, shown};
use super::nearest::hint;
use super::node::{Entry, Value};
use super::reader::{Reader, Spot};
use crate::domain::dates::Span;
use crate::domain::text::Invalid;

/// Most items of a short list, such as modifiers, activities or settings: the longest closed list
/// has 15.
pub const MAX_ITEMS: usize = 64;

/// A table whose unknown keys have been reported.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) at: Spot<'a>,
    entries: &'a [Entry],
}

impl<'a> Spot<'a> {
    /// A table with these keys and no other.
    pub(super) fn table(&self, r: &mut Reader, known: &[&str]) -> Option<Table<'a>> {
        let Value::Table(entries) = &self.node.value else {
            self.wrong_type(r, "a table");
            return None;
        };
        for entry in entries.iter().filter(|e| !known.contains(&e.key.as_str())) {
            let path = join(&self.path, &shown(&entry.key));
            let hint = hint(&entry.key, known.iter().copied());
            let message = format!("this key is not known here; {hint}");
            r.fault(entry.order, Fault::new(entry.place.clone(), path, message));
        }
        Some(Table { at: self.clone(), entries })
    }

    /// What stands under a key, where this is a table that has it.
    pub(super) fn inner(&self, key: &str) -> Option<Self> {
        let Value::Table(entries) = &self.node.value else { return None };
        let entry = entries.iter().find(|e| e.key == key)?;
        Some(Spot { node: &entry.node, path: join(&self.path, key) })
    }

    /// The items of a list, at most `most`.
    pub(super) fn items(&self, r: &mut Reader, most: usize) -> Vec<Spot<'a>> {
        let Value::List(items) = &self.node.value else {
            let tables = matches!(self.node.value, Value::Table(_));
            let expected = if tables {
                format!("a list of tables, each under [[{}]] in double brackets", self.path)
            } else {
                "a list in square brackets".to_owned()
            };
            self.wrong_type(r, &expected);
            return Vec::new();
        };
        if items.len() > most {
            self.refuse(r, format!("a list of {} items; at most {most} fit", items.len()));
        }
        let spot = |(index, node)| Spot { node, path: format!("{}[{}]", self.path, index + 1) };
        items.iter().take(most).enumerate().map(spot).collect()
    }

    /// A list of values that a domain type accepts, none of them twice.
    pub(super) fn values<T>(&self, r: &mut Reader) -> Vec<(Spot<'a>, T)>
    where
        T: FromStr<Err = Invalid> + PartialEq,
    {
        let mut values: Vec<(Spot<'a>, T)> = Vec::new();
        for spot in self.items(r, MAX_ITEMS) {
            match spot.parse::<T>(r) {
                Some(value) if values.iter().any(|(_, v)| *v == value) => {
                    spot.refuse(r, "this is in the list twice; remove one");
                }
                Some(value) => values.push((spot, value)),
                None => {}
            }
        }
        values
    }
}

impl<'a> Table<'a> {
    /// The value of a key, if the key is there.
    pub(super) fn get(&self, key: &str) -> Option<Spot<'a>> {
        let entry = self.entries.iter().find(|e| e.key == key)?;
        Some(Spot { node: &entry.node, path: join(&self.at.path, key) })
    }

    /// The keys that are there.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// Where to point for a fault of a key: its value, or the table when it is absent.
    pub(super) fn at_key(&self, key: &str) -> Spot<'a> {
        self.get(key).unwrap_or_else(|| self.at.clone())
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, r: &mut Reader, key: &str) -> Option<Spot<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(r, key, "add it");
        }
        found
    }

    /// Records that a key is missing.
    pub(super) fn missing(&self, r: &mut Reader, key: &str, todo: &str) {
        let node = self.at.node;
        let message = format!("`{key}` is missing here; {todo}");
        let path = join(&self.at.path, key);
        r.fault(node.order, Fault::new(node.place.clone(), path, message));
    }

    /// A value that must be there, by its type's own rule.
    pub(super) fn required<T: FromStr<Err = Invalid>>(
        &self,
        r: &mut Reader,
        key: &str,
    ) -> Option<T> {
        self.need(r, key)?.parse(r)
    }

    /// A value by its type's own rule, or the default when the key is absent.
    pub(super) fn or<T>(&self, r: &mut Reader, key: &str, default: T) -> Option<T>
    where
        T: FromStr<Err = Invalid>,
    {
        self.get(key).map_or(Some(default), |spot| spot.parse(r))
    }

    /// True or false, or the default.
    pub(super) fn flag(&self, r: &mut Reader, key: &str, default: bool) -> Option<bool> {
        self.get(key).map_or(Some(default), |spot| spot.bool(r))
    }

    /// A list of values, none twice; empty when the key is absent.
    pub(super) fn values<T>(&self, r: &mut Reader, key: &str) -> Vec<T>
    where
        T: FromStr<Err = Invalid> + PartialEq,
    {
        let spots = self.get(key).map(|spot| spot.values(r)).unwrap_or_default();
        spots.into_iter().map(|(_, value)| value).collect()
    }

    /// The tables under `[[key]]`; none when it is absent.
    pub(super) fn tables(&self, r: &mut Reader, key: &str, most: usize) -> Vec<Spot<'a>> {
        self.get(key).map(|spot| spot.items(r, most)).unwrap_or_default()
    }

    /// The days `from` to `to`; without `to`, for ever.
    pub(super) fn span(&self, r: &mut Reader) -> Option<Span> {
        let from: Option<NaiveDate> = self.need(r, "from").and_then(|spot| spot.date(r));
        let last = self.get("to");
        let to = last.as_ref().map(|spot| spot.date(r));
        let (from, to) = (from?, to.map_or(Some(None), |to| to.map(Some))?);
        match (Span::new(from, to), last) {
            (Ok(span), _) => Some(span),
            (Err(Invalid(rule)), last) => {
                last.as_ref().unwrap_or(&self.at).refuse(r, rule);
                None
            }
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
