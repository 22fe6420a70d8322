//! Tasks: what a person must do about claims that are out or due. Never stored: worked out of what
//! stands, so that a task is there exactly as long as its cause.

use chrono::{Days, NaiveDate};

use super::ids::{BatchId, ClaimId, CorrectionId, EncounterId, PayerId, ReceivedId, ResponseId};
use super::money::Money;
use super::text::code_list;

/// From so many days before a filing deadline a visit or batch is a task.
pub const NEAR_DAYS: u64 = 14;
/// So many days after it, a held visit no longer is: what is lost by then is in the worklist only.
pub const PAST_DAYS: u64 = 30;
/// So long a file that was put aside is a task.
pub const FILE_DAYS: u64 = 30;

code_list!(
    /// What is to be done.
    TaskKind, "a kind of task" {
        /// A claim was rejected, and a visit of it is not claimed again: correct and claim it. Or a
        /// replacement or void was rejected: the claim stands as it was before.
        Rejection = "rejection",
        /// An answer is overdue: ask for it.
        ResponseOverdue = "response_overdue",
        /// A claimed visit would be billed otherwise today: correct the claim. Or a replacement or
        /// void waits for a batch, or cannot be built.
        Correction = "correction",
        /// A batch must be released and delivered before its deadline.
        Delivery = "delivery",
        /// A visit must be claimed before its deadline.
        Deadline = "deadline",
        /// An answer is unclear or contradicts what counts: ask.
        Answer = "answer",
        /// A file was put aside: look at it.
        File = "file",
    }
);

code_list!(
    /// Who must move.
    TaskOwner, "an owner of a task" {
        /// The organization's billing staff.
        Biller = "biller",
        /// The peer.
        Peer = "peer",
        /// Who keeps the organization's settings and roster.
        Administrator = "administrator",
        /// The payer.
        Payer = "payer",
        /// The clearinghouse.
        Clearinghouse = "clearinghouse",
        /// The member.
        Member = "member",
    }
);

/// What a task is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A claim that was rejected or is to be corrected.
    Claim(ClaimId),
    /// A batch.
    Batch(BatchId),
    /// A correction.
    Correction(CorrectionId),
    /// A visit.
    Encounter(EncounterId),
    /// An answer.
    Response(ResponseId),
    /// A file.
    File(ReceivedId),
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What is to be done.
    pub kind: TaskKind,
    /// Who must move.
    pub owner: TaskOwner,
    /// What it is about.
    pub subject: Subject,
    /// More of it: the stage of an overdue answer (`acknowledgment`, `claim_status`,
    /// `payer_status`), `waiting` or the kind of a file, the effect of
    /// an answer, whether a visit is ready, held or `partly` ready, `correction` where that was rejected, whether a
    /// correction is `prepared` or has a `problem`.
    pub stage: Option<String>,
    /// By when.
    pub due: NaiveDate,
    /// What the contract should pay.
    pub money: Money,
    /// Who would pay.
    pub payer: Option<PayerId>,
    /// The batch.
    pub batch: Option<BatchId>,
    /// The claim.
    pub claim: Option<ClaimId>,
}

/// The days in which the deadline of a held visit is a task; of a ready one there is no first day.
pub fn near(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let from = today.checked_sub_days(Days::new(PAST_DAYS)).unwrap_or(today);
    let to = today.checked_add_days(Days::new(NEAR_DAYS)).unwrap_or(today);
    (from, to)
}

impl Task {
    /// What to do, in words.
    pub fn advice(&self) -> &'static str {
        match (self.kind, self.stage.as_deref()) {
            (TaskKind::Rejection, Some("correction")) => {
                "The claim that it corrects stands as before. Ask for a replacement or void of that \
                 one again (POST /v1/claims/{id}/replace or /void), or let it stand (/keep)."
            }
            (TaskKind::Rejection, _) => {
                "Correct what the rejection names, then build a batch: the visits go out under a \
                 fresh claim number."
            }
            (TaskKind::ResponseOverdue, Some("acknowledgment")) => {
                "No TA1 or 999 came for this batch. Look whether the file arrived, and send it \
                 again if it did not."
            }
            (TaskKind::ResponseOverdue, Some("payer_status")) => {
                "The clearinghouse has these claims, and nobody has told that the payer does. Ask the \
                 clearinghouse for the payer's 277CA, or the payer, before the deadline."
            }
            (TaskKind::ResponseOverdue, _) => {
                "No 277CA came for some claims of this batch. Ask the payer before the deadline."
            }
            (TaskKind::Correction, Some("prepared")) => {
                "A replacement or void of the claim was asked for: build a batch."
            }
            (TaskKind::Correction, Some("problem")) => {
                "The replacement or void cannot be built: the claim's change tells why. Mend that, or \
                 take it back (POST /v1/claims/{id}/keep)."
            }
            (TaskKind::Correction, _) => {
                "The claim would be billed otherwise today. Correct it by a replacement."
            }
            (TaskKind::Delivery, _) => "Release the batch, send its file and record the delivery.",
            (TaskKind::Deadline, Some("held")) => {
                "The visit is held and its deadline is near: see its findings."
            }
            (TaskKind::Deadline, Some("partly")) => {
                "The visit's deadline is near, and it is ready in part: build a batch, and see its \
                 findings for the rest."
            }
            (TaskKind::Deadline, _) => {
                "The visit is ready and its deadline is near: build a batch."
            }
            (TaskKind::Answer, Some("contradicts")) => {
                "The answer says otherwise than what counts already. Ask the sender which holds."
            }
            (TaskKind::Answer, _) => {
                "The answer does not say whether the claim goes on, or names the payer's number, under \
                 which the claim must be replaced. Look at it; ask the sender, or ask for a \
                 replacement."
            }
            (TaskKind::File, Some("waiting")) => {
                "The file answers a batch that is not released: find out who has sent the batch's file, \
                 then release the batch or withdraw it. What else the file says was applied."
            }
            (TaskKind::File, _) => {
                "A file was put aside, or not all of it was applied: its reason says what to do."
            }
        }
    }
}
