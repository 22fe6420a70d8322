//! The tree that TOML and JSON both become: values with their places.
//!
//! The reader walks this tree only, so both forms have the same rules and the same faults. Sizes
//! are bounded here, before anything is read: a file from outside cannot cost more than this.

use super::fault::{Fault, Place};

/// Largest TOML text, and largest sum of the texts of a JSON document: the largest real manual's
/// rules take some 20 KiB, and 2,000 rate lines some 200.
pub const MAX_INPUT_BYTES: usize = 256 * 1024;
/// Most values in a document: 2,000 rate lines of five keys, twice over.
pub const MAX_NODES: usize = 20_000;
/// Deepest nesting: the layout needs five.
pub const MAX_DEPTH: usize = 8;
/// Longest key of a table, in bytes; ours have at most 25.
pub const MAX_KEY_BYTES: usize = 64;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    /// Rises in the order of the document; faults are sorted by it.
    pub(super) order: usize,
    pub(super) value: Value,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Table(Vec<Entry>),
    List(Vec<Node>),
    /// Also carries exact decimals and, in JSON, dates.
    Text(String),
    Integer(i64),
    /// A number that is no integer of 64 bits: refused wherever a value is read.
    Fraction,
    Bool(bool),
    /// A TOML date without a time, as written.
    Date(String),
    /// A TOML time, with or without a date: nothing here is one.
    Time,
    Null,
}

/// A key of a table with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) order: usize,
    pub(super) node: Node,
}

impl Value {
    /// The kind of value in words.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::List(_) => "a list",
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Fraction => "a number that is not a whole one",
            Self::Bool(_) => "true or false",
            Self::Date(_) => "a date",
            Self::Time => "a time",
            Self::Null => "null",
        }
    }
}

impl Node {
    /// The entry of a table with this key.
    pub(super) fn entry(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            _ => None,
        }
    }

    /// The node that a JSON pointer names, or the deepest one on its way.
    pub(super) fn at_pointer(&self, pointer: &str) -> &Node {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let next = match &node.value {
                Value::List(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
                _ => node.entry(step),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}

/// Counts what a document costs while its tree grows.
#[derive(Debug, Default)]
pub(super) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    /// Takes a node at a depth; gives its number.
    pub(super) fn node(&mut self, depth: usize, place: &Place) -> Result<usize, Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values; split the document");
            return Err(Fault::new(place.clone(), "", message));
        }
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels; nothing here is");
            return Err(Fault::new(place.clone(), "", message));
        }
        Ok(self.nodes)
    }

    /// Takes the bytes of a text.
    pub(super) fn text(&mut self, text: &str, place: &Place) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_INPUT_BYTES { Err(too_large(place.clone())) } else { Ok(()) }
    }

    /// Takes the key of a table.
    pub(super) fn key(&mut self, key: &str, place: &Place) -> Result<(), Fault> {
        if key.len() > MAX_KEY_BYTES {
            let message = format!("a key of a table has at most {MAX_KEY_BYTES} bytes");
            return Err(Fault::new(place.clone(), "", message));
        }
        self.text(key, place)
    }
}

/// The fault of a document that is too large.
pub(super) fn too_large(place: Place) -> Fault {
    let kib = MAX_INPUT_BYTES / 1024;
    Fault::new(place, "", format!("the document is larger than {kib} KiB; shorten or split it"))
}
