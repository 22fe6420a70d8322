//! What changed between two documents, in the sentences of both.

use std::fmt;

use super::Sentence;

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the new one says it.
    Added(Sentence),
    /// Only the old one says it.
    Gone(Sentence),
    /// Both speak of it, and say another thing, or say it after another source.
    Changed(Sentence, Sentence),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(new) => write!(f, "{}\n  + {new}", new.part),
            Self::Gone(old) => write!(f, "{}\n  - {old}", old.part),
            Self::Changed(old, new) => write!(f, "{}\n  - {old}\n  + {new}", new.part),
        }
    }
}

/// What changed, in the order of the new document; what is gone comes last.
pub fn diff(old: &[Sentence], new: &[Sentence]) -> Vec<Change> {
    let same = |a: &Sentence, b: &Sentence| a.part == b.part && a.about == b.about;
    let mut changes = Vec::new();
    for now in new {
        match old.iter().find(|before| same(before, now)) {
            None => changes.push(Change::Added(now.clone())),
            Some(before) if before != now => {
                changes.push(Change::Changed(before.clone(), now.clone()));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|before| !new.iter().any(|now| same(before, now)));
    changes.extend(gone.cloned().map(Change::Gone));
    changes
}
