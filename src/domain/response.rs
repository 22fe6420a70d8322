//! What comes back: files from clearinghouses and payers, and what they do to batches and claims.
//!
//! TA1 and 999 may reject a claim, never accept it: only a 277CA or an 835 does. A clearinghouse
//! and the payer may each send a 277CA; both are kept, the payer's counts (`docs/definitions.md`
//! section 5).

use serde::{Deserialize, Serialize};

use super::dates::Instant;
use super::ids::{BatchId, ClaimId, FileId, ReceivedId, ResponseId};
use super::status::ClaimStatus;
use super::text::code_list;

code_list!(
    /// What a file is.
    FileKind, "a kind of file" {
        /// Whether interchanges arrived.
        Ta1 = "ta1",
        /// What became of the sets of a group.
        Ack999 = "999",
        /// What a clearinghouse or payer says of claims before it adjudicates.
        Status277 = "277ca",
        /// Payments.
        Remit835 = "835",
        /// Several of these in one.
        Several = "several",
        /// None of them.
        Other = "other",
    }
);

code_list!(
    /// What became of a file.
    FileState, "a state of a file" {
        /// All that it says was applied.
        Applied = "applied",
        /// Some of it was applied; the reason says what was not.
        Partly = "partly",
        /// It answers a batch that is not released yet, and is applied when it is.
        Waiting = "waiting",
        /// Nothing of it was applied; the reason says why.
        Quarantined = "quarantined",
        /// It is right and kept; nothing is done with its kind yet.
        Kept = "kept",
    }
);

code_list!(
    /// How a file came.
    Channel, "a channel" {
        /// Through the API.
        Api = "api",
        /// Through the watched folder.
        Folder = "folder",
        /// Through the command line.
        Command = "command",
    }
);

code_list!(
    /// What is answered.
    Stage, "a stage" {
        /// The interchange (TA1).
        Interchange = "interchange",
        /// A transaction set (999).
        Set = "set",
        /// A claim (277CA).
        Claim = "claim",
    }
);

code_list!(
    /// Who answers.
    Source, "a source" {
        /// Whoever took the interchange; a TA1 or 999 does not say more.
        Receiver = "receiver",
        /// A clearinghouse.
        Clearinghouse = "clearinghouse",
        /// The payer.
        Payer = "payer",
    }
);

code_list!(
    /// What it says.
    Verdict, "a verdict" {
        /// Accepted.
        Accepted = "accepted",
        /// Accepted, with errors to be mended.
        AcceptedWithErrors = "accepted_with_errors",
        /// Rejected.
        Rejected = "rejected",
        /// Part of the claim accepted and part rejected.
        Mixed = "mixed",
        /// Neither.
        Unknown = "unknown",
    }
);

code_list!(
    /// What it did.
    Effect, "an effect" {
        /// The claim was accepted by it.
        Accepted = "accepted",
        /// The claim was rejected by it.
        Rejected = "rejected",
        /// It was recorded and moved nothing.
        Recorded = "recorded",
        /// It says otherwise than what counts already; a person must ask.
        Contradicts = "contradicts",
        /// It does not say whether the claim goes on; a person must ask.
        Unclear = "unclear",
    }
);

code_list!(
    /// How all of a batch was answered by its receiver.
    Acknowledgment, "an acknowledgment" {
        /// Every set was accepted.
        Accepted = "accepted",
        /// Every set was accepted, some with errors.
        AcceptedWithErrors = "accepted_with_errors",
        /// Some sets were rejected.
        Partly = "partly",
        /// All of it was rejected.
        Rejected = "rejected",
    }
);

/// A file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Our id.
    pub id: ReceivedId,
    /// Its bytes as they came.
    pub file: FileId,
    /// Their SHA-256 in hex.
    pub sha256: String,
    /// What it is.
    pub kind: FileKind,
    /// ISA06 of its first interchange.
    pub sender: Option<String>,
    /// ISA08 of it.
    pub receiver: Option<String>,
    /// What became of it.
    pub state: FileState,
    /// Why, where not all was applied.
    pub reason: Option<String>,
    /// How it came.
    pub channel: Channel,
    /// Name of the zip that it came in.
    pub archive: Option<String>,
    /// The batch whose release it waits for.
    pub waits_for: Option<BatchId>,
    /// Claims that it accepted.
    pub accepted: u32,
    /// Claims that it rejected.
    pub rejected: u32,
    /// When it came.
    pub received_at: Instant,
    /// When it was applied.
    pub applied_at: Option<Instant>,
}

/// One thing that was said, in codes and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The codes, such as `A7:562:85`.
    pub code: String,
    /// Where, such as a claim line's control number or a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What they mean.
    pub message: String,
}

/// What was said of a batch or of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Our id.
    pub id: ResponseId,
    /// In which file.
    pub received: ReceivedId,
    /// Of which batch.
    pub batch: BatchId,
    /// Of which claim; of the batch or one of its sets when there is none.
    pub claim: Option<ClaimId>,
    /// What is answered.
    pub stage: Stage,
    /// Who answers.
    pub source: Source,
    /// ISA13, ST02 or CLM01.
    pub control: String,
    /// What it says.
    pub verdict: Verdict,
    /// What it did.
    pub effect: Effect,
    /// Its codes.
    pub said: Vec<Said>,
    /// The payer's number for the claim.
    pub payer_control: Option<String>,
    /// The clearinghouse's.
    pub clearinghouse_control: Option<String>,
    /// When it was recorded.
    pub recorded_at: Instant,
}

/// How far the payer itself has gone with a claim, by its own words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// It has not said that it has it.
    #[default]
    Silent,
    /// It has received it (A0, A1), or a biller has read so.
    Received,
    /// It has accepted it into adjudication (A2), or split it upon that (A5).
    Adjudicating,
}

/// The categories (STC01-1) of a claim that was accepted into adjudication: as it is, or split into
/// several claims.
pub const ADJUDICATION: [&str; 2] = ["A2", "A5"];

/// How far a 277CA shows that its sender has gone with a claim: by what it comes to, and by its
/// statuses, each with its category and whether it is of the claim itself. A claim that went into
/// adjudication is there whatever else is said of its lines.
pub fn taken<'a>(verdict: Verdict, statuses: impl Iterator<Item = (&'a str, bool)>) -> Taken {
    let accepted = verdict == Verdict::Accepted;
    let mut decided = statuses
        .filter(|(category, whole)| (accepted || *whole) && ADJUDICATION.contains(category));
    match decided.next() {
        Some(_) => Taken::Adjudicating,
        None if accepted => Taken::Received,
        None => Taken::Silent,
    }
}

impl Said {
    /// The category of a claim's status (STC01-1).
    pub fn category(&self) -> &str {
        self.code.split(':').next().unwrap_or_default()
    }
}

/// What a verdict does to a claim that stands so; `payer`: how far the payer itself has gone with it.
pub fn effect(
    status: ClaimStatus,
    stage: Stage,
    source: Source,
    verdict: Verdict,
    payer: Taken,
) -> Effect {
    use ClaimStatus::{Accepted, Closed, Delivered, Rejected, Released, Replaced, Voided};
    if matches!(verdict, Verdict::Mixed | Verdict::Unknown) {
        return Effect::Unclear;
    }
    let rejects = verdict == Verdict::Rejected;
    let of_claim = stage == Stage::Claim;
    match status {
        // A TA1 or 999 that comes behind a 277CA knows less than it.
        Accepted if rejects && !of_claim => Effect::Contradicts,
        Released | Delivered if rejects && !of_claim && payer > Taken::Silent => {
            Effect::Contradicts
        }
        // What the clearinghouse says does not count beside the payer's word.
        Released | Delivered | Accepted
            if rejects && of_claim && source != Source::Payer && payer > Taken::Silent =>
        {
            Effect::Recorded
        }
        // The payer is adjudicating it, by its own word: freed, it would be billed twice.
        Released | Delivered | Accepted if rejects && of_claim && payer == Taken::Adjudicating => {
            Effect::Contradicts
        }
        Released | Delivered | Accepted if rejects => Effect::Rejected,
        Released | Delivered if of_claim => Effect::Accepted,
        // Its lines may be on another claim by now: who accepts it must be asked.
        Rejected if !rejects && of_claim && source == Source::Payer => Effect::Contradicts,
        // The payer took the correction, and then refuses it or what it corrects.
        Closed | Replaced | Voided if rejects && of_claim && source == Source::Payer => {
            Effect::Contradicts
        }
        _ => Effect::Recorded,
    }
}

/// What a rejection of a duplicate does: whoever rejects a copy has something with the same number
/// already, so no claim is free by it. `taken`: the first one is known to have been taken.
pub fn of_copy(status: ClaimStatus, stage: Stage, taken: bool) -> Effect {
    match status {
        ClaimStatus::Released | ClaimStatus::Delivered if !taken => Effect::Unclear,
        // The claim itself is called a copy after it was accepted.
        ClaimStatus::Accepted if stage == Stage::Claim => Effect::Contradicts,
        _ => Effect::Recorded,
    }
}

impl Acknowledgment {
    /// Of all verdicts on the parts of a batch; none as long as some part is not answered.
    pub fn of(verdicts: &[Option<Verdict>]) -> Option<Self> {
        let words: Vec<Verdict> = verdicts.iter().copied().collect::<Option<_>>()?;
        let rejected = words.iter().filter(|v| **v == Verdict::Rejected).count();
        if words.is_empty() || words.iter().any(|v| matches!(v, Verdict::Mixed | Verdict::Unknown))
        {
            return None;
        }
        Some(match rejected {
            0 if words.contains(&Verdict::AcceptedWithErrors) => Self::AcceptedWithErrors,
            0 => Self::Accepted,
            all if all == words.len() => Self::Rejected,
            _ => Self::Partly,
        })
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
