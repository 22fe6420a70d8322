//! A replacement or void of a claim, from its being asked for to its end (`docs/definitions.md`
//! section 5).

use serde::{Deserialize, Serialize};

use super::claim_detail::{Note, PayerControl};
use super::contract::form::kinds::{Frequency, Note80};
use super::dates::Instant;
use super::day_sum::{Measure, SumKey};
use super::identifiers::MemberNumber;
use super::ids::{ClaimChangeId, ClaimId, DecisionId, EncounterId, LineId, MemberId, PayerId};
use super::ledger::{Entry, SharedEntry};
use super::status::{ClaimStatus, EncounterStatus, LineStatus};
use super::text::code_list;

code_list!(
    /// What happens to the claim.
    ChangeKind, "a kind of change" {
        /// A claim of frequency 7 states all of it anew.
        Replacement = "replacement",
        /// A claim of frequency 8 reverses all of it.
        Void = "void",
    }
);

code_list!(
    /// Where the change stands.
    ChangeState, "a state of a change" {
        /// Asked for; the next batch builds it.
        Prepared = "prepared",
        /// On a claim of its own.
        Built = "built",
        /// The payer took that claim: it counts instead.
        Accepted = "accepted",
        /// That claim was rejected: the first one counts as before.
        Rejected = "rejected",
        /// It was rejected, and a person has seen that the first claim stays as it is.
        Kept = "kept",
        /// The batch of that claim was withdrawn; another change took its place.
        Withdrawn = "withdrawn",
        /// Taken back before it was built.
        Cancelled = "cancelled",
    }
);

code_list!(
    /// What becomes of the visits of a voided claim, once the payer has taken the void.
    Visits, "what becomes of the visits" {
        /// They are voided, too.
        Void = "void",
        /// They are decided again, to be billed as they are now.
        BillAgain = "bill_again",
    }
);

impl ChangeState {
    /// Whether another change of the claim has to wait.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Prepared | Self::Built)
    }

    /// Whether the move is in the table.
    pub fn may_become(self, next: Self) -> bool {
        use ChangeState::{Accepted, Built, Cancelled, Kept, Prepared, Rejected, Withdrawn};
        matches!(
            (self, next),
            (Prepared, Built | Cancelled)
                | (Built, Accepted | Rejected | Withdrawn)
                // A clearinghouse took it, the payer did not.
                | (Accepted, Rejected)
                | (Rejected, Kept)
        )
    }
}

impl ChangeKind {
    /// CLM05-3.
    pub fn frequency(self) -> Frequency {
        match self {
            Self::Replacement => Frequency::Replacement,
            Self::Void => Frequency::Void,
        }
    }
}

/// A visit that the replacement leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The visit.
    pub encounter: EncounterId,
    /// Why it is voided.
    pub reason: String,
}

/// A replacement or void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimChange {
    /// Our id.
    pub id: ClaimChangeId,
    /// The claim that is replaced or voided.
    pub claim: ClaimId,
    /// Its payer.
    pub payer: PayerId,
    /// Its member.
    pub member: MemberId,
    /// What happens to it.
    pub kind: ChangeKind,
    /// Where the change stands.
    pub state: ChangeState,
    /// Why it was asked for.
    pub reason: String,
    /// What becomes of the visits of a voided claim.
    pub visits: Visits,
    /// Visits that are voided when it is built.
    pub left_out: Vec<LeftOut>,
    /// Why it could not be built.
    pub problem: Option<String>,
    /// The claim that it was built as.
    pub built: Option<ClaimId>,
    /// When it was asked for.
    pub asked_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Whether a replacement may leave out visits of the claim that are held.
    pub without_held: bool,
    /// How a biller knows that the payer took it, where no file of the payer says so.
    pub evidence: Option<String>,
    /// What its claim says to the payer in words, instead of the profile's note.
    pub note: Option<Note80>,
}

impl ClaimChange {
    /// NTE of its claim, of its own.
    pub fn own_note(&self) -> Option<Note> {
        self.note.clone().map(Note::additional)
    }
}

/// The visits of a claim as they were before it was replaced or voided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// How the claim stood.
    pub status: ClaimStatus,
    /// Its visits.
    pub visits: Vec<VisitBefore>,
    /// Their lines.
    pub lines: Vec<(LineId, LineStatus)>,
    /// What these held.
    pub held: Vec<Entry>,
    /// What they held of accounts that organizations share.
    pub shared: Vec<SharedEntry>,
    /// Those that counted in the sum of a day.
    pub days: Vec<(EncounterId, SumKey, Measure)>,
}

/// A visit as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitBefore {
    /// Which.
    pub encounter: EncounterId,
    /// The decision by which it was claimed.
    pub decision: DecisionId,
    /// Its status.
    pub status: EncounterStatus,
    /// Who was billed.
    pub payer: Option<PayerId>,
    /// Under which number.
    pub member_number: Option<MemberNumber>,
}

/// The payer's numbers along a chain of claims, each the correction of the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The first number of the first claim that had one.
    pub first: Option<PayerControl>,
    /// The latest number of the last claim that had one.
    pub latest: Option<PayerControl>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_ends_once_and_only_open_ones_go_on() {
        for from in ChangeState::ALL {
            let goes_on = ChangeState::ALL.iter().any(|to| from.may_become(*to));
            let later = [ChangeState::Accepted, ChangeState::Rejected].contains(from);
            assert_eq!(goes_on, from.is_open() || later, "{from}");
            assert!(!from.may_become(*from) && !from.may_become(ChangeState::Prepared));
        }
    }
}
