//! What a 277CA says: of claims by CLM01, and of a set or provider as a whole.

use std::collections::HashMap;

use super::gather::{Interchange, StatusSet};
use super::levels::Rejection;
use super::resolve::{NOT_OURS, Resolved, find};
use super::word::{Of, Word};
use super::{said, sets};
use crate::domain::ids::BatchId;
use crate::domain::organization::Organization;
use crate::domain::response::{Source, Stage, Taken};
use crate::error::AppError;
use crate::store::Conn;
use crate::store::acknowledged::{self, Control, Standing};
use crate::x12::read::status_277ca::{Disposition, StatusClaim, StatusLevel};

impl Resolved {
    /// What one set of a 277CA says.
    pub(super) fn statuses(
        &mut self,
        conn: &mut Conn,
        own: &Organization,
        from: &Interchange,
        set: &StatusSet,
    ) -> Result<(), AppError> {
        let source = said::source(set.entity);
        for rejection in set.rejections() {
            let below = set.claims.get(rejection.claims.clone()).unwrap_or_default();
            if below.is_empty() {
                self.level(conn, own, from, source, &rejection)?;
            } else if below.iter().any(|c| c.disposition != Disposition::Rejected) {
                self.problems.push(
                    "a 277CA rejects all claims of a set or provider, and yet names some that it does \
                     not reject: what it says of each claim was taken. Ask the sender"
                        .to_owned(),
                );
            }
        }
        if set.levels.iter().any(|(level, _)| said::is_torn(&level.statuses)) {
            self.problems.push(
                "a 277CA says two things of a set or provider at once (STC01 and STC03): it moved \
                 nothing. Ask the sender"
                    .to_owned(),
            );
        }
        if set.is_unsaid() {
            self.problems.push(
                "a 277CA speaks of a set or provider as a whole, by statuses (STC01) that do not say \
                 whether it was accepted or rejected: nothing was moved by that. Ask the sender"
                    .to_owned(),
            );
        }
        if set.claims.is_empty() {
            return Ok(());
        }
        self.claims(conn, own, from, source, set)
    }

    /// What it says claim by claim.
    fn claims(
        &mut self,
        conn: &mut Conn,
        own: &Organization,
        from: &Interchange,
        source: Source,
        set: &StatusSet,
    ) -> Result<(), AppError> {
        let (claims, copied) = (&set.claims, set.copied());
        let numbers: Vec<&str> = claims.iter().map(|c| c.trace.as_str()).collect();
        let found = acknowledged::by_numbers(conn, own.id, &numbers)?;
        let found: HashMap<&str, _> = found.iter().map(|s| (s.number.as_str(), s)).collect();
        let mut odd = Odd { all: claims.len(), ..Odd::default() };
        for (place, claim) in claims.iter().enumerate() {
            let Some(standing) = found.get(claim.trace.as_str()) else {
                odd.unknown += 1;
                continue;
            };
            // Before its batch is asked for: for somebody else's answer nothing waits.
            if !self.is_billed_by(conn, own, standing.batch, claim.into())? {
                odd.foreign += 1;
                continue;
            }
            let Some(batch) = self.usable(conn, own.id, standing.batch)? else { continue };
            if batch.sender.as_str() != from.receiver {
                odd.unknown += 1;
                continue;
            }
            odd.charged +=
                usize::from(claim.amount.is_some_and(|amount| amount != standing.charge));
            let mut word = word(self.at, source, standing, claim);
            word.copy |= copied.get(place) == Some(&true);
            // One that says the payer's number, too, says more.
            let known = claim.payer_control.as_deref().unwrap_or_default();
            let what = format!("{} {known}", standing.number);
            let strong = word.copy || word.taken == Taken::Adjudicating;
            let key = (standing.batch, Stage::Claim, source, what, word.verdict, strong);
            if self.is_new(key, 1) {
                self.words.push(word);
            }
        }
        self.problems.extend(odd.told());
        Ok(())
    }

    /// A 277CA that rejects all claims of our set at once, by its BHT03.
    fn level(
        &mut self,
        conn: &mut Conn,
        own: &Organization,
        from: &Interchange,
        source: Source,
        rejection: &Rejection<'_>,
    ) -> Result<(), AppError> {
        let Rejection { level, trace, whole, all: beside, .. } = rejection;
        let (verdict, said) = said::of_statuses(level.disposition, &level.statuses);
        let copy = said::is_copied_claim(&level.statuses);
        // `BATCH000000101`, and `BATCH000000101-2` for the second set.
        let reference = trace.strip_prefix("BATCH").unwrap_or_default();
        let (interchange, part) = reference.split_once('-').unwrap_or((reference, "1"));
        let found = find(conn, own.id, from, interchange, Control::Interchange)?;
        let Some(id) = found else {
            self.problems.push(format!("a 277CA answers a set of claims: {NOT_OURS}"));
            return Ok(());
        };
        if !self.may_look(beside.len()) || self.is_foreign(conn, own, id, beside)? {
            return Ok(());
        }
        if self.usable(conn, own.id, id)?.is_none() {
            return Ok(());
        }
        let place = sets::number(part).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let all = self.sent(conn, own.id, id)?;
        let Some(sent) = all.get(place.saturating_sub(1)) else {
            self.problems.push(format!("a 277CA names a set that batch {id} does not have"));
            return Ok(());
        };
        if !self.may_look(sent.claims.len()) {
            return Ok(());
        }
        let mut words = Vec::new();
        for standing in acknowledged::by_numbers(conn, own.id, &texts(&sent.claims))? {
            // Not the key of a claim's own word, which says more.
            let number = format!("{} of its set", standing.number);
            if !self.is_new((id, Stage::Claim, source, number, verdict, copy), 1) {
                continue;
            }
            words.push(Word {
                from: self.at,
                batch: id,
                of: Of::Claim(standing.id),
                stage: Stage::Claim,
                source,
                control: standing.number,
                verdict,
                copy,
                taken: Taken::Silent,
                said: said.clone(),
                payer_control: None,
                clearinghouse_control: None,
            });
        }
        // Not before the whole file is read: it may say otherwise of some of them.
        let of_set = self.of_sets.entry((id, place)).or_insert_with(|| (Vec::new(), true));
        of_set.0.append(&mut words);
        of_set.1 &= *whole;
        Ok(())
    }
}

impl Resolved {
    /// Whether levels that speak of a set of a batch name another billing provider; tells it once.
    fn is_foreign(
        &mut self,
        conn: &mut Conn,
        own: &Organization,
        id: BatchId,
        levels: &[(StatusLevel, usize)],
    ) -> Result<bool, AppError> {
        for (level, _) in levels {
            if self.is_billed_by(conn, own, id, level.into())? {
                continue;
            }
            if self.foreign.insert(id) {
                self.problems.push(format!(
                    "a 277CA rejects a set of batch {id} and names a billing provider (NM1*85, REF*TJ) \
                     under whose number it was not billed: nothing was moved by that. Look whether the \
                     file is for somebody else; if not, ask the sender"
                ));
            }
            return Ok(true);
        }
        Ok(false)
    }
}

/// Claims of a set of which something is to be told.
#[derive(Debug, Default)]
struct Odd {
    all: usize,
    unknown: usize,
    /// Below a billing provider that did not bill them.
    foreign: usize,
    /// With another charge than was sent.
    charged: usize,
}

impl Odd {
    fn told(&self) -> Vec<String> {
        let Self { all, unknown, foreign, charged } = self;
        let mut told = Vec::new();
        if *charged > 0 {
            told.push(format!(
                "{charged} claims in a 277CA have another charge there (STC04) than was sent; what it \
                 says of them was taken. Ask the sender whether it means the same claims"
            ));
        }
        if *foreign > 0 {
            told.push(format!(
                "{foreign} of {all} claims in a 277CA stand below a billing provider (NM1*85, REF*TJ) \
                 under whose number they were not billed: nothing was moved by that. Look whether the \
                 file is for somebody else; if not, ask the sender"
            ));
        }
        if *unknown > 0 {
            told.push(format!(
                "{unknown} of {all} claims in a 277CA are not known here under the numbers and the \
                 receiver that it names. Look whether the file is for somebody else"
            ));
        }
        told
    }
}

/// What is said of a claim.
fn word(from: usize, source: Source, standing: &Standing, claim: &StatusClaim) -> Word {
    let (verdict, said) = said::of_statuses(claim.disposition, &claim.statuses);
    Word {
        from,
        batch: standing.batch,
        of: Of::Claim(standing.id),
        stage: Stage::Claim,
        source,
        control: standing.number.clone(),
        verdict,
        copy: said::is_copied_claim(&claim.statuses),
        taken: said::taken(verdict, &claim.statuses),
        said,
        payer_control: claim.payer_control.clone(),
        clearinghouse_control: claim.clearinghouse_control.clone(),
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
