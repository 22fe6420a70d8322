//! A fault of a pack or contract: where it is, what is wrong, what to do.
//!
//! Faults are for the person who wrote the file. They name keys and rules, and repeat no value
//! except the names of services, sources and packs, which are not personal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most characters of a key of the file that a fault repeats.
const MAX_SHOWN: usize = 40;

/// Where a fault is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Line of a TOML text, counted from 1.
    Line(u32),
    /// JSON pointer (RFC 6901); the empty one is the whole document.
    Pointer(String),
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Fault {
    /// Where in the text.
    pub place: Place,
    /// Which key, dotted, list items counted from 1: `service[2].rounding`. Empty: the whole.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// Makes a fault.
    pub fn new(place: Place, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Pointer(pointer) if pointer.is_empty() => f.write_str("the document"),
            Self::Pointer(pointer) => f.write_str(pointer),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(_) if !self.path.is_empty() => {
                write!(f, "{}, {}: {}", self.place, self.path, self.message)
            }
            place => write!(f, "{place}: {}", self.message),
        }
    }
}

/// A key of the file as a fault shows it: one line, and cut.
pub(super) fn shown(key: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut text: String = key.chars().take(MAX_SHOWN).map(plain).collect();
    if key.chars().nth(MAX_SHOWN).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_where_and_what() {
        let line = Fault::new(Place::Line(12), "service[2].rounding", "is missing");
        assert_eq!(line.to_string(), "line 12, service[2].rounding: is missing");
        let pointer = Fault::new(Place::Pointer("/service/1".into()), "service[2]", "is missing");
        assert_eq!(pointer.to_string(), "/service/1: is missing");
        assert_eq!(serde_json::to_value(&line).unwrap()["place"], serde_json::json!({"line": 12}));
        let whole = Fault::new(Place::Pointer(String::new()), "", "too large");
        assert_eq!(whole.to_string(), "the document: too large");
    }

    #[test]
    fn shown_keys_are_one_short_line() {
        assert_eq!(shown("a\nb"), "a\u{fffd}b");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), MAX_SHOWN + 1);
    }
}
