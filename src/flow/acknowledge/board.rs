//! The claims that a file speaks of, as they stand and as they shall, with what was said of them
//! before.
//!
//! A TA1 or 999 that rejects what the same receiver has taken already speaks of a second copy of the
//! file: if it freed the claims, they would be billed twice (`docs/adr/0110-…`). The order of the words
//! of a file decides nothing: what shows that something arrived is noted of all of them first
//! (`docs/adr/0132-…`).

mod read;

use std::collections::{HashMap, HashSet};

use super::resolve::{Of, Word};
use crate::domain::ids::{BatchId, ClaimId};
use crate::domain::response::{Effect, Source, Stage, Taken, Verdict, effect, of_copy};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;

/// What the receiver of a batch has said of it so far.
#[derive(Debug, Default)]
struct Heard {
    /// Something shows that the interchange could be read: a TA1, a 999, a 277CA.
    arrived: bool,
    /// A TA1 rejected it.
    refused: bool,
    /// Sets that a 999 took.
    sets_taken: HashSet<String>,
    /// Sets that a 999 rejected.
    sets_refused: HashSet<String>,
    /// Claims of which a 277CA or an 835 spoke, or of which the payer's number is known: their sets were
    /// taken.
    claims: HashSet<ClaimId>,
    /// What this file or an earlier one calls a copy of what came before: interchanges and sets by number,
    /// claims by CLM01 (of an earlier file, the payer's word only).
    copied: HashSet<(Stage, String)>,
    /// Claims, by CLM01, that a clearinghouse called a copy in an earlier file: it may have sent the
    /// first one on, whatever it says of another.
    held: HashSet<String>,
    /// A TA1 of this file calls the interchange a copy: what a 999 rejects there may be that.
    again: bool,
}

/// The claims spoken of, as they stand and as they shall.
#[derive(Default)]
pub(super) struct Board {
    numbers: HashMap<String, ClaimId>,
    of_batch: HashMap<BatchId, Vec<ClaimId>>,
    before: HashMap<ClaimId, ClaimStatus>,
    now: HashMap<ClaimId, ClaimStatus>,
    /// How far the payer itself has gone.
    payer: HashMap<ClaimId, Taken>,
    /// Replacements and voids: their lines return to the claim that they correct, never to a batch.
    corrections: HashSet<ClaimId>,
    /// Claims of which a number is known under which the payer has them.
    numbered: HashSet<ClaimId>,
    /// Batches to whose payer a claim that it rejects under its number is replaced.
    replaced: HashSet<BatchId>,
    /// Claims whose replacement or void is on its way.
    changing: HashSet<ClaimId>,
    /// Claims that a payment (835) names.
    paid: HashSet<ClaimId>,
    heard: HashMap<BatchId, Heard>,
    beside: Beside,
}

/// In which interchanges of the file sets of a batch are answered: a TA1 beside these speaks of the
/// same copy, one elsewhere of another.
pub(super) type Beside = HashMap<BatchId, HashSet<usize>>;

/// A word with what it does to each claim that it is about, and to the batch.
pub(super) type Outcome = (Word, Vec<(ClaimId, Effect)>, Effect);

impl Board {
    /// What the words of a file do. Their order decides nothing but of a correction, which its payer may
    /// take and then reject, or the other way round.
    pub(super) fn hear_all(&mut self, mut words: Vec<Word>) -> Result<Vec<Outcome>, AppError> {
        for word in &words {
            self.note(word);
        }
        words.sort_by_key(|word| (self.turn(word), word.from));
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            let (effects, whole) = self.say(&word)?;
            all.push((word, effects, whole));
        }
        Ok(all)
    }

    /// What a word shows of the arrival, whenever it is said.
    fn note(&mut self, word: &Word) {
        let heard = self.heard.entry(word.batch).or_default();
        if word.copy {
            heard.copied.insert((word.stage, word.control.clone()));
            heard.again |= word.stage == Stage::Interchange;
        }
        match word.of {
            Of::Claim(claim) => {
                heard.hear(Stage::Claim, "", word.verdict, true, Some(claim));
                if word.source == Source::Payer {
                    let known = self.payer.entry(claim).or_default();
                    *known = word.taken.max(*known);
                }
                if word.payer_control.is_some() {
                    self.numbered.insert(claim);
                }
            }
            _ if word.accepts() => {
                heard.hear(word.stage, &word.control, word.verdict, true, None);
            }
            _ => {}
        }
    }

    /// Which words come before which: what accepts, the payer's own before others and the strongest
    /// first; what is said of corrections, in the order of the file; what is unclear; copies; and what
    /// rejects, of a claim first and of a set last.
    fn turn(&self, word: &Word) -> (u8, u8) {
        let correction = matches!(&word.of, Of::Claim(id) if self.corrections.contains(id));
        if correction {
            return (1, 0);
        }
        let payers = word.source == Source::Payer;
        let stage = match word.stage {
            Stage::Claim if payers => 0,
            Stage::Claim => 1,
            Stage::Interchange => 2,
            Stage::Set => 3,
        };
        match word.verdict {
            Verdict::Accepted | Verdict::AcceptedWithErrors => match word.taken {
                Taken::Adjudicating if payers => (0, 0),
                _ => (0, 1 + stage),
            },
            Verdict::Mixed | Verdict::Unknown => (2, stage),
            Verdict::Rejected if word.copy => (3, stage),
            Verdict::Rejected => (4, stage),
        }
    }

    /// What a word does to each claim that it is about, and to the batch.
    fn say(&mut self, word: &Word) -> Result<(Vec<(ClaimId, Effect)>, Effect), AppError> {
        let concerned = self.concerned(word);
        let taken = self.is_taken(word);
        let mut effects = Vec::with_capacity(concerned.len());
        for claim in concerned {
            effects.push((claim, self.say_of(claim, word, taken)?));
        }
        let any = |wanted: Effect| effects.iter().any(|(_, effect)| *effect == wanted);
        let strongest = [Effect::Rejected, Effect::Accepted, Effect::Unclear, Effect::Contradicts];
        let whole = if word.accepts() && self.is_refused(word) {
            // Its claims may be on another batch by now.
            Effect::Contradicts
        } else {
            strongest.into_iter().find(|e| any(*e)).unwrap_or(Effect::Recorded)
        };
        Ok((effects, whole))
    }

    fn say_of(&mut self, claim: ClaimId, word: &Word, taken: bool) -> Result<Effect, AppError> {
        let gone = || AppError::internal("a claim of a batch is not on its board");
        let is_kept = self.is_kept(claim, word);
        let payer = self.payer_of(claim);
        let arrived = taken || self.paid.contains(&claim) || self.is_copied(word);
        let status = self.now.get_mut(&claim).ok_or_else(gone)?;
        let effect = if word.rejects() && word.copy {
            of_copy(*status, word.stage, taken)
        } else {
            match effect(*status, word.stage, word.source, word.verdict, payer) {
                Effect::Rejected if arrived => Effect::Contradicts,
                Effect::Rejected if is_kept => Effect::Unclear,
                // Its lines are on the other claim, or about to be reversed: a person must ask.
                Effect::Rejected if self.changing.contains(&claim) => Effect::Contradicts,
                effect => effect,
            }
        };
        match effect {
            Effect::Accepted => *status = ClaimStatus::Accepted,
            Effect::Rejected => *status = ClaimStatus::Rejected,
            _ => {}
        }
        Ok(effect)
    }

    /// How far the payer has gone with a claim. A correction that it took and then rejects frees
    /// nothing that is billed again: it counts as received.
    fn payer_of(&self, claim: ClaimId) -> Taken {
        let taken = self.payer.get(&claim).copied().unwrap_or_default();
        if self.corrections.contains(&claim) { taken.min(Taken::Received) } else { taken }
    }

    /// Whether the payer keeps a claim that it rejects, under its number, and wants it replaced.
    fn is_kept(&self, claim: ClaimId, word: &Word) -> bool {
        let numbered = word.payer_control.is_some() || self.numbered.contains(&claim);
        word.stage == Stage::Claim
            && word.source == Source::Payer
            && numbered
            && self.replaced.contains(&word.batch)
            && !self.corrections.contains(&claim)
    }

    /// Whether what a TA1 or 999 speaks of was taken by its receiver before.
    fn is_taken(&self, word: &Word) -> bool {
        let Some(heard) = self.heard.get(&word.batch) else { return false };
        match (word.stage, &word.of) {
            (Stage::Interchange, _) => {
                let elsewhere = |from: &usize| *from != word.from;
                let beside = self.beside.get(&word.batch);
                heard.arrived || beside.is_some_and(|all| all.iter().any(elsewhere))
            }
            (Stage::Set, Of::Set(list)) => {
                let spoken_of = |number: &String| {
                    self.numbers.get(number).is_some_and(|claim| heard.claims.contains(claim))
                };
                heard.sets_taken.contains(&word.control) || list.iter().any(spoken_of)
            }
            _ => false,
        }
    }

    /// Whether what a word speaks of is called a copy elsewhere: then the first one is there.
    fn is_copied(&self, word: &Word) -> bool {
        let Some(heard) = self.heard.get(&word.batch) else { return false };
        let key = (word.stage, word.control.clone());
        heard.copied.contains(&key)
            || match word.stage {
                Stage::Interchange => false,
                Stage::Set => heard.again,
                Stage::Claim => word.source != Source::Payer && heard.held.contains(&word.control),
            }
    }

    /// Whether it was rejected before.
    fn is_refused(&self, word: &Word) -> bool {
        let Some(heard) = self.heard.get(&word.batch) else { return false };
        match word.stage {
            Stage::Interchange => heard.refused,
            Stage::Set => heard.refused || heard.sets_refused.contains(&word.control),
            Stage::Claim => false,
        }
    }

    /// The claims that a word is about, where it may move them.
    fn concerned(&self, word: &Word) -> Vec<ClaimId> {
        match &word.of {
            Of::Claim(id) => vec![*id],
            _ if !word.rejects() => Vec::new(),
            Of::Batch => self.of_batch.get(&word.batch).cloned().unwrap_or_default(),
            Of::Set(list) => list.iter().filter_map(|n| self.numbers.get(n)).copied().collect(),
        }
    }

    /// Whether a claim stands so after all that was said.
    pub(super) fn stands(&self, claim: ClaimId, status: ClaimStatus) -> bool {
        self.now.get(&claim) == Some(&status)
    }

    /// Claims that were moved to a status.
    pub(super) fn moved_to(&self, to: ClaimStatus) -> Vec<ClaimId> {
        let moved =
            self.now.iter().filter(|(id, now)| **now == to && self.before.get(id) != Some(&to));
        let mut ids: Vec<ClaimId> = moved.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

impl Heard {
    fn hear(
        &mut self,
        stage: Stage,
        control: &str,
        verdict: Verdict,
        counts: bool,
        claim: Option<ClaimId>,
    ) {
        let accepts = matches!(verdict, Verdict::Accepted | Verdict::AcceptedWithErrors);
        let rejects = verdict == Verdict::Rejected && counts;
        match stage {
            Stage::Interchange => {
                self.arrived |= accepts;
                self.refused |= rejects;
            }
            Stage::Set => {
                if accepts {
                    self.sets_taken.insert(control.to_owned());
                } else if rejects {
                    self.sets_refused.insert(control.to_owned());
                }
            }
            Stage::Claim => {
                self.arrived = true;
                self.claims.extend(claim);
            }
        }
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
