//! What a file says, read once and whole before anything is done: a file that is cut short or does
//! not count up moves nothing.

use std::collections::BTreeSet;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::said;
use crate::domain::claim::ClaimNumber;
use crate::domain::response::FileKind;
use crate::store::files::hex;
use crate::x12::Lexer;
use crate::x12::read::ack_999::{AckGroup, AckSet};
use crate::x12::read::remit_835::Payment;
use crate::x12::read::remit_balance::Balances;
use crate::x12::read::status_277ca::{StatusClaim, StatusLevel};
use crate::x12::read::ta1::Ta1;
use crate::x12::read::{Event, ReadCode, ReadError, Reader, Record, Text};
use crate::x12::unfold::Unfold;

/// Most verdicts of one file: what is in memory at a time, some 100 MB. The largest batches have
/// some 5,000 claims; a clearinghouse puts a day's answers into a file.
pub(super) const MAX_VERDICTS: usize = 200_000;

/// Most interchanges of one file, and most answers to interchanges (TA1): each is looked for and
/// remembered in the transaction. A day of a clearinghouse has some hundred.
const MAX_INTERCHANGES: usize = 10_000;

/// Most sets of one file: each 999, 277CA and 835.
const MAX_SETS: usize = 50_000;

/// Most claims that the payments of one file may name: a row each is written. A day of a large payer
/// has some 150,000.
const MAX_PAID_CLAIMS: usize = 500_000;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Words {
    kinds: BTreeSet<FileKind>,
    /// Its interchanges.
    pub(super) interchanges: Vec<Interchange>,
    /// Why nothing of it may be applied.
    pub(super) fault: Option<String>,
    verdicts: usize,
    sets: usize,
    ta1s: usize,
    paid_claims: usize,
}

/// What an interchange says.
#[derive(Debug, Default)]
pub(super) struct Interchange {
    pub(super) control: String,
    pub(super) sender: String,
    pub(super) receiver: String,
    /// ISA15.
    pub(super) usage: String,
    /// SHA-256 of its segments: tells a copy from another interchange under the same number.
    pub(super) digest: String,
    pub(super) ta1: Vec<Ta1>,
    pub(super) groups: Vec<AckedGroup>,
    pub(super) statuses: Vec<StatusSet>,
    pub(super) payments: Vec<Paid>,
}

/// What an 835 says of its payment.
#[derive(Debug)]
pub(super) struct Paid {
    pub(super) payment: Payment,
    /// Its claims.
    pub(super) claims: u64,
    /// Their numbers (CLP01), where they may be ours.
    pub(super) numbers: Vec<Text>,
    pub(super) balanced: bool,
    /// What does not balance: how much, and the first of it in words.
    pub(super) differences: u64,
    pub(super) difference: Option<String>,
}

/// What a 999 says.
#[derive(Debug)]
pub(super) struct AckedGroup {
    pub(super) group: AckGroup,
    pub(super) sets: Vec<AckSet>,
}

/// What a 277CA says.
#[derive(Debug, Default)]
pub(super) struct StatusSet {
    /// NM101 of 2100A.
    pub(super) entity: Option<&'static str>,
    /// Levels above the claims, each with how many claims were told before it.
    pub(super) levels: Vec<(StatusLevel, usize)>,
    pub(super) claims: Vec<StatusClaim>,
}

impl Words {
    /// What the file is.
    pub(super) fn kind(&self) -> FileKind {
        let mut kinds = self.kinds.iter();
        match (kinds.next(), kinds.next()) {
            (None, _) => FileKind::Other,
            (Some(one), None) => *one,
            _ => FileKind::Several,
        }
    }

    /// Whether something in it is for applying, besides what is kept.
    pub(super) fn speaks(&self) -> bool {
        self.interchanges.iter().any(Interchange::speaks)
    }

    /// Whether it pays.
    pub(super) fn pays(&self) -> bool {
        self.interchanges.iter().any(|i| !i.payments.is_empty())
    }

    /// What there is too much of.
    fn excess(&self) -> Option<String> {
        let counts = [
            (self.interchanges.len(), MAX_INTERCHANGES, "interchanges (ISA)"),
            (self.ta1s, MAX_INTERCHANGES, "answers to interchanges (TA1)"),
            (self.sets, MAX_SETS, "sets (ST)"),
            (self.verdicts, MAX_VERDICTS, "answers"),
            (self.paid_claims, MAX_PAID_CLAIMS, "claims that are paid"),
        ];
        let (_, most, what) = counts.into_iter().find(|(count, most, _)| count > most)?;
        Some(format!("The file has more than {most} {what}. Ask the sender for smaller files."))
    }

    fn refuse(&mut self, why: impl Into<String>) {
        self.fault.get_or_insert_with(|| why.into());
    }
}

impl Interchange {
    /// Whether something in it is for applying.
    fn speaks(&self) -> bool {
        !self.ta1.is_empty() || !self.groups.is_empty() || !self.statuses.is_empty()
    }

    /// Whether it answers or pays something: one that does not is not remembered.
    pub(super) fn counts(&self) -> bool {
        self.speaks() || !self.payments.is_empty()
    }
}

/// SHA-256 of the segments of each interchange, as far as the bytes are segments; the same whether
/// the file is folded into lines or not.
pub(super) fn digests(input: impl Read) -> Vec<String> {
    let mut lexer = Lexer::new(Unfold::new(input));
    let (mut done, mut open): (Vec<String>, Option<Sha256>) = (Vec::new(), None);
    while let Ok(Some(segment)) = lexer.next_segment() {
        if segment.id() == b"ISA" {
            if done.len() > MAX_INTERCHANGES {
                // More than one file may have: it is put aside.
                break;
            }
            done.extend(open.replace(Sha256::new()).map(hex));
        }
        if let Some(digest) = &mut open {
            digest.update(segment.bytes());
            // No segment holds a line end or a zero byte.
            digest.update([0]);
        }
    }
    done.extend(open.map(hex));
    done
}

/// Reads a file. `digests` are those of its interchanges, `whole` is that of all its bytes.
pub(super) fn gather(input: impl Read, digests: Vec<String>, whole: &str) -> Words {
    let mut words = Words::default();
    let mut digests = digests.into_iter();
    let mut sets: Vec<AckSet> = Vec::new();
    let mut reader = Reader::new(input);
    for event in reader.by_ref() {
        match event {
            Event::Interchange(head) => words.interchanges.push(Interchange {
                control: head.control,
                sender: head.sender,
                receiver: head.receiver,
                usage: head.usage,
                digest: digests.next().unwrap_or_else(|| whole.to_owned()),
                ..Interchange::default()
            }),
            Event::Set(head) => {
                sets.clear();
                words.sets += 1;
                words.set(&head.name);
            }
            Event::Ta1(ta1) => words.ta1(ta1),
            Event::Record(record) => words.record(*record, &mut sets),
            Event::Error(error) => {
                if error.is_fatal() {
                    words.refuse(refusal(&error));
                }
            }
            Event::Group(_) | Event::SetEnd | Event::GroupEnd | Event::InterchangeEnd => {}
        }
        if let Some(why) = words.excess() {
            words.refuse(why);
            break;
        }
    }
    // Also one that was not told, behind a thousand others.
    if let Some(error) = reader.fatal() {
        words.refuse(refusal(error));
    }
    let began = reader.fatal().is_some_and(|error| error.code != ReadCode::NotX12);
    if words.interchanges.is_empty() && !began {
        words.fault = Some(
            "This is no X12 file: it does not begin with ISA. Look whether the right file was \
             sent; reports in words are not read."
                .to_owned(),
        );
    } else if words.kinds.is_empty() {
        words.refuse("Nothing in the file answers a claim (TA1, 999, 277CA) or pays one (835).");
    }
    words
}

/// What must not be wrong in a file of which something is applied (its envelope, its order, its
/// counts), in words. A wrong value stands for itself.
fn refusal(error: &ReadError) -> String {
    let ReadError { code, segment, position, message, .. } = error;
    let what = match code {
        ReadCode::Version => return capital(message),
        ReadCode::NotX12 | ReadCode::Envelope => "The file is cut short or its envelope is broken",
        ReadCode::Io | ReadCode::Syntax | ReadCode::Limit | ReadCode::Length => {
            "The file cannot be read to its end"
        }
        _ => "The file is not whole",
    };
    let place = match (*position, segment.as_str()) {
        (0, _) => String::new(),
        (_, "") => format!(" (segment {position})"),
        _ => format!(" at segment {position} ({segment})"),
    };
    format!("{what}: {message}{place}. Ask the sender to send it again.")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

impl Words {
    fn set(&mut self, name: &str) {
        match name {
            "999" | "997" => _ = self.kinds.insert(FileKind::Ack999),
            "277CA" => {
                self.kinds.insert(FileKind::Status277);
                if let Some(interchange) = self.interchanges.last_mut() {
                    interchange.statuses.push(StatusSet::default());
                }
            }
            "835" => _ = self.kinds.insert(FileKind::Remit835),
            "837P" => self.refuse(
                "This is a claim file (837P), which goes to the payer; upload what comes back.",
            ),
            "270" | "271" => {
                self.refuse("This is an eligibility file (270 or 271); it answers no claim.");
            }
            _ => {}
        }
    }

    fn ta1(&mut self, ta1: Ta1) {
        self.kinds.insert(FileKind::Ta1);
        self.verdicts += 1;
        self.ta1s += 1;
        if let Some(interchange) = self.interchanges.last_mut() {
            interchange.ta1.push(ta1);
        }
    }

    fn record(&mut self, record: Record, sets: &mut Vec<AckSet>) {
        let Some(interchange) = self.interchanges.last_mut() else { return };
        let status = interchange.statuses.last_mut();
        match (record, status) {
            (Record::Payment(payment), _) => interchange.payments.push(Paid::new(payment)),
            (Record::RemitClaim(claim), _) => {
                // Only its number: a large remittance is read like a small one.
                if let Some(paid) = interchange.payments.last_mut() {
                    paid.claims += 1;
                    if ClaimNumber::parse(&claim.id).is_ok() {
                        paid.numbers.push(claim.id);
                        self.paid_claims += 1;
                    }
                }
                return;
            }
            (Record::Balances(found), _) => {
                if let Some(paid) = interchange.payments.last_mut() {
                    paid.end(found);
                }
                return;
            }
            (Record::AckSet(mut set), _) => {
                said::cut_set(&mut set);
                sets.push(set);
            }
            (Record::AckGroup(group), _) => {
                let sets = std::mem::take(sets);
                interchange.groups.push(AckedGroup { group, sets });
            }
            (Record::StatusSource(source), Some(set)) => set.entity = Some(source.entity),
            (Record::StatusLevel(mut level), Some(set)) => {
                said::cut_statuses(&mut level.statuses);
                set.levels.push((level, set.claims.len()));
            }
            (Record::StatusClaim(mut claim), Some(set)) => {
                said::cut_statuses(&mut claim.statuses);
                set.claims.push(claim);
            }
            _ => return,
        }
        self.verdicts += 1;
    }
}

impl Paid {
    fn new(payment: Payment) -> Self {
        let (numbers, difference) = (Vec::new(), None);
        Self { payment, claims: 0, numbers, balanced: false, differences: 0, difference }
    }

    fn end(&mut self, found: Balances) {
        self.balanced = found.balanced;
        self.differences = found.difference_count;
        self.difference = found.differences.into_iter().next().map(|first| first.message);
        if self.difference.is_none() && found.unchecked > 0 {
            let unchecked = found.unchecked;
            self.difference =
                Some(format!("{unchecked} claims or segments hold too much to be checked"));
        }
    }
}

/// The payments of a file that was read before, at most so many.
pub(super) fn payments(input: impl Read, most: usize) -> Vec<Paid> {
    let mut found: Vec<Paid> = Vec::new();
    for event in Reader::new(input) {
        let Event::Record(record) = event else { continue };
        let record = match *record {
            Record::Payment(_) if found.len() >= most => break,
            Record::Payment(payment) => {
                found.push(Paid::new(payment));
                continue;
            }
            other => other,
        };
        match (record, found.last_mut()) {
            (Record::RemitClaim(_), Some(paid)) => paid.claims += 1,
            (Record::Balances(balances), Some(paid)) => paid.end(balances),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
