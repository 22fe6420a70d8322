//! One thing that a file says, of a batch, of some of its sets, or of a claim.

use crate::domain::ids::{BatchId, ClaimId};
use crate::domain::response::{Said, Source, Stage, Taken, Verdict};

/// Something said, and of what.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// In which interchange of the file it stands.
    pub(super) from: usize,
    pub(super) batch: BatchId,
    pub(super) of: Of,
    pub(super) stage: Stage,
    pub(super) source: Source,
    pub(super) control: String,
    pub(super) verdict: Verdict,
    /// Of a rejection: only that it is a copy of what came before.
    pub(super) copy: bool,
    /// Of a 277CA: how far it shows that its sender has gone with the claim, whatever the verdict.
    pub(super) taken: Taken,
    pub(super) said: Vec<Said>,
    pub(super) payer_control: Option<String>,
    pub(super) clearinghouse_control: Option<String>,
}

impl Word {
    /// Whether it accepts what it is about.
    pub(super) fn accepts(&self) -> bool {
        matches!(self.verdict, Verdict::Accepted | Verdict::AcceptedWithErrors)
    }

    /// Whether it rejects what it is about.
    pub(super) fn rejects(&self) -> bool {
        self.verdict == Verdict::Rejected
    }

    /// Whether it accepts the claim into adjudication, which ends a correction.
    pub(super) fn decides(&self) -> bool {
        self.accepts() && self.taken == Taken::Adjudicating && self.source != Source::Clearinghouse
    }
}

/// What a word is about.
#[derive(Debug, Clone)]
pub(super) enum Of {
    /// One claim.
    Claim(ClaimId),
    /// All claims of a batch.
    Batch,
    /// The claims of a set, by CLM01.
    Set(Vec<String>),
}
