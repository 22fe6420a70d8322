//! One thing that a file says, of a batch, of some of its sets, or of a claim.

use crate::domain::ids::{BatchId, ClaimId};
use crate::domain::response::{Said, Source, Stage, Verdict};

/// Something said, and of what.
#[derive(Debug)]
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
    /// Of an acceptance: that the claim went into adjudication.
    pub(super) decides: bool,
    pub(super) said: Vec<Said>,
    pub(super) payer_control: Option<String>,
    pub(super) clearinghouse_control: Option<String>,
}

/// What a word is about.
#[derive(Debug)]
pub(super) enum Of {
    /// One claim.
    Claim(ClaimId),
    /// All claims of a batch.
    Batch,
    /// The claims of a set, by CLM01.
    Set(Vec<String>),
}
