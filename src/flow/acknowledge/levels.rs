//! The levels of a 277CA above the claims: which of them reject a whole set, and which speak of a copy.
//!
//! A level without claims below it speaks of all claims of the set. It is the only answer of which a
//! slip frees hundreds of claims at once, so it counts only where nothing beside it says otherwise
//! (`docs/adr/0132-…`).

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::gather::StatusSet;
use super::resolve::Resolved;
use super::said;
use super::word::{Of, Word};
use crate::domain::ids::{BatchId, ClaimId};
use crate::domain::response::Verdict;
use crate::x12::read::status_277ca::{Disposition, StatusLevel};

/// Level that has the others below it.
const RECEIVER: &str = "receiver";

/// A level that rejects all that is below it.
#[derive(Debug)]
pub(super) struct Rejection<'a> {
    pub(super) level: &'a StatusLevel,
    /// BHT03 of the set that it speaks of: a provider's own trace says nothing of it.
    pub(super) trace: &'a str,
    /// The claims told below it, by their places.
    pub(super) claims: Range<usize>,
    /// All levels of its receiver: each says whose claims it speaks of.
    pub(super) all: &'a [(StatusLevel, usize)],
    /// Whether it can mean the whole set: nothing beside it speaks of others, or counts accepted ones.
    pub(super) whole: bool,
}

impl StatusSet {
    /// The levels that reject, in order, each with the claims below it.
    pub(super) fn rejections(&self) -> Vec<Rejection<'_>> {
        let (mut found, mut receiver, mut all) = (Vec::new(), None, false);
        for (place, (level, _)) in self.levels.iter().enumerate() {
            if level.level == RECEIVER {
                (receiver, all) = (Some(place), false);
            }
            if level.disposition != Disposition::Rejected {
                continue;
            }
            let above = receiver.and_then(|above| self.levels.get(above));
            let trace = above.map_or(level.trace.as_str(), |(above, _)| above.trace.as_str());
            let claims = self.below(place);
            // A receiver's level that means all of it means the providers below, too.
            let whole = all || receiver.is_some_and(|above| self.is_whole(place, above));
            all = all || (whole && receiver == Some(place));
            let beside = self.levels.get(self.span(receiver.unwrap_or(place))).unwrap_or_default();
            found.push(Rejection { level, trace, claims, all: beside, whole });
        }
        found
    }

    /// Whether a level that speaks of all claims of a set, as no claim is told below it, does not say what becomes
    /// of them.
    pub(super) fn is_unsaid(&self) -> bool {
        self.levels.iter().enumerate().any(|(place, (level, _))| {
            let says_neither =
                matches!(level.disposition, Disposition::Unknown | Disposition::Mixed);
            says_neither && !said::is_torn(&level.statuses) && self.below(place).is_empty()
        })
    }

    /// Of each claim, whether a level above it speaks of a duplicate: then all below it are copies.
    pub(super) fn copied(&self) -> Vec<bool> {
        let mut copied = vec![false; self.claims.len()];
        let levels = self.levels.iter().enumerate();
        let duplicates = levels.filter(|(_, (level, _))| said::is_copied_claim(&level.statuses));
        for (place, _) in duplicates {
            if let Some(below) = copied.get_mut(self.below(place)) {
                below.fill(true);
            }
        }
        copied
    }

    /// The places of levels from this one to the next that is not below it.
    fn span(&self, place: usize) -> Range<usize> {
        let is_receiver = |at: usize| self.levels.get(at).is_some_and(|l| l.0.level == RECEIVER);
        let all = is_receiver(place);
        let mut later = place.saturating_add(1)..self.levels.len();
        let end = later.find(|at| !all || is_receiver(*at));
        place..end.unwrap_or(self.levels.len())
    }

    /// The places of the claims below a level.
    fn below(&self, place: usize) -> Range<usize> {
        let first = |at: usize| self.levels.get(at).map_or(self.claims.len(), |level| level.1);
        first(place)..first(self.span(place).end)
    }

    /// Whether a level's rejection can mean the whole set of the receiver's level at `above`: no claim
    /// is named of the set, no level counts accepted ones, and no provider beside or below says
    /// otherwise.
    fn is_whole(&self, place: usize, above: usize) -> bool {
        let levels = self.levels.get(self.span(above)).unwrap_or_default();
        let accepts = |level: &StatusLevel| level.accepted.is_some_and(|n| n > 0.into());
        let providers = || levels.iter().map(|(l, _)| l).filter(|l| l.level != RECEIVER);
        let fits = if place == above {
            providers().all(|l| l.disposition == Disposition::Rejected)
        } else {
            providers().nth(1).is_none()
        };
        fits && self.below(above).is_empty() && !levels.iter().any(|(level, _)| accepts(level))
    }
}

/// What levels said of all claims of sets, until the whole file is read: by batch and place of the set, a
/// word on each claim, and whether every level can mean the whole set.
pub(super) type OfSets = BTreeMap<(BatchId, usize), (Vec<Word>, bool)>;

impl Resolved {
    /// Takes what levels said of whole sets, after all that the file says of single claims. Where it
    /// speaks otherwise of one of them, the level does not say what it means: nothing moves by it.
    pub(super) fn settle(&mut self) {
        let mut own: HashMap<ClaimId, bool> = HashMap::new();
        for word in &self.words {
            if let Of::Claim(claim) = word.of {
                *own.entry(claim).or_default() |= word.verdict != Verdict::Rejected;
            }
        }
        for ((batch, _), (words, whole)) in std::mem::take(&mut self.of_sets) {
            let otherwise =
                |word: &Word| matches!(word.of, Of::Claim(id) if own.get(&id) == Some(&true));
            let clear = whole && !words.iter().any(otherwise);
            if !clear {
                self.problems.push(format!(
                    "a 277CA rejects all claims of a set of batch {batch} at once (receiver or \
                     provider level), and the file says otherwise of some: nothing was moved by that. \
                     Ask the sender which claims were rejected"
                ));
            }
            // Of a claim its own word counts, but that it is a copy.
            let spoken = |word: &Word| matches!(word.of, Of::Claim(id) if own.contains_key(&id));
            let kept = words.into_iter().filter(|word| word.copy || !spoken(word));
            let verdict = if clear { Verdict::Rejected } else { Verdict::Mixed };
            self.words.extend(kept.map(|word| Word { verdict, ..word }));
        }
    }
}

#[cfg(test)]
#[path = "levels_tests.rs"]
mod tests;
