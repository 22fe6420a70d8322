//! The encounter: one member's contact as the organization recorded it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codes::{Activity, Diagnosis, Mode, Role, Setting};
use super::dates::Instant;
use super::decision::Disposition;
use super::identifiers::{AuthorizationNumber, Key, MemberNumber, Reference};
use super::ids::{DecisionId, EncounterId, MemberId, PayerId, PeerId};
use super::session::{Group, SessionFact};
use super::status::EncounterStatus;

/// Longest contact that is taken for one: a day has 24 hours. (25 hours is a typing error.)
pub const MAX_CONTACT_MINUTES: i64 = 24 * 60;
/// Most diagnoses on an encounter: HI has room for twelve (837P loop 2300).
pub const MAX_DIAGNOSES: usize = 12;

/// What the organization recorded, with ids resolved. Two encounters are the same content when
/// these are equal (`docs/definitions.md`, "Same content").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncounterData {
    /// The organization's own name for it.
    pub reference: Reference,
    /// Who gave the support.
    pub peer: PeerId,
    /// Who received it.
    pub member: MemberId,
    /// What was done, or which service of the contract it was.
    pub kind: Kind,
    /// The role in which the peer worked.
    pub role: Role,
    /// Start, included.
    pub started_at: Instant,
    /// End, not included.
    pub ended_at: Instant,
    /// In the room, by video, by telephone.
    pub mode: Mode,
    /// Where the member was.
    pub setting: Setting,
    /// Diagnoses, the first is the principal one.
    pub diagnoses: Vec<Diagnosis>,
    /// The authorization to use, when one is named.
    pub authorization: Option<AuthorizationNumber>,
    /// The note's attestation; never its text.
    pub note: Option<Note>,
    /// The program of the organization under which it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Key>,
    /// Whether the member was not there: a parent's visit, say, billed under the child's number (RK53).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub member_absent: bool,
    /// The session that it is a member's part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

impl EncounterData {
    /// Whole minutes of the contact.
    pub fn minutes(&self) -> u32 {
        u32::try_from(self.started_at.minutes_until(self.ended_at)).unwrap_or(0)
    }

    /// The time that it takes of its peer: a session, where it agrees with one, is one interval.
    pub fn peer_time(&self, session: Option<&SessionFact>) -> (Instant, Instant) {
        match session.map(|s| &s.data).filter(|s| s.peer == self.peer) {
            Some(s) => (s.started_at.min(self.started_at), s.ended_at.max(self.ended_at)),
            None => (self.started_at, self.ended_at),
        }
    }

    /// The activity, when it was recorded as one.
    pub fn activity(&self) -> Option<Activity> {
        match self.kind {
            Kind::Activity(activity) => Some(activity),
            Kind::Service(_) => None,
        }
    }

    /// Whether the member was met: present, and in an activity in which one is met.
    pub fn meets_member(&self) -> bool {
        !self.member_absent && self.activity().is_none_or(Activity::meets_member)
    }
}

/// How the encounter says what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// By activity; the contract maps it to a service.
    Activity(Activity),
    /// By the key of a service of the contract.
    Service(Key),
}

/// What is attested of the encounter note (R23): no clinical text is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it was signed.
    pub signed_at: Option<Instant>,
    /// The goal of the plan of care that it links to, by the organization's short name for it.
    pub plan_goal: Option<Reference>,
}

/// An encounter as stored: the content, and the outcome of its current decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encounter {
    /// Our id.
    pub id: EncounterId,
    /// What was recorded.
    pub data: EncounterData,
    /// The local date of the start.
    pub service_date: NaiveDate,
    /// Who would be billed.
    pub payer: Option<PayerId>,
    /// Under which number.
    pub member_number: Option<MemberNumber>,
    /// The service of the contract.
    pub service: Option<Key>,
    /// What the rules said.
    pub disposition: Disposition,
    /// Where it stands now.
    pub status: EncounterStatus,
    /// The current decision.
    pub decision: DecisionId,
    /// Its sequence, 1 for the first.
    pub sequence: i32,
    /// Last day for its claim.
    pub file_by: Option<NaiveDate>,
    /// When it was accepted.
    pub recorded_at: Instant,
    /// When it was voided.
    pub voided_at: Option<Instant>,
    /// Why it was voided.
    pub void_reason: Option<String>,
    /// Which revision of the content this is, 1 for what was recorded first.
    pub revision: i32,
    /// The sequence of the first decision of this revision. Of what was corrected for a replacement there is
    /// none before that is built.
    pub content_sequence: i32,
}

impl Encounter {
    /// The sequence of the decision that a repeat of the content is answered with: the first one of its revision,
    /// or as long as there is none that which stands.
    pub fn answered_by(&self) -> i32 {
        self.content_sequence.min(self.sequence)
    }
}
