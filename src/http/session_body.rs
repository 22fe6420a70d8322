//! A session as JSON says it: one meeting, and each member's part in it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::encounter_body::{MemberName, NoteBody, PeerName};
use crate::domain::dates::Instant;
use crate::domain::session::{MAX_MEMBERS, MAX_PEERS, MAX_SIZE};
use crate::domain::text::plain;
use crate::error::{AppError, Fault};
use crate::flow::sessions::{Amendment, MemberDraft, SessionDraft};

/// Longest reason of a removal, in characters: as of a void.
const MAX_REASON_CHARS: usize = 500;
/// The reason of a removal when none is given.
const NOT_THERE: &str = "was not in the session";

/// A session to record: what all members share, and the members who are billed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "reference": "S-2026-07-02",
    "peer": "1987654328",
    "activity": "group_support",
    "started_at": "2026-07-02T13:00:00-07:00",
    "ended_at": "2026-07-02T14:30:00-07:00",
    "mode": "in_person",
    "setting": "community",
    "size": 7,
    "members": [
        {"reference": "V-2026-0101", "member": {"payer": "evergreen", "number": "EV1001"},
            "diagnoses": ["F32.9"], "note": {"signed_at": "2026-07-02T15:00:00-07:00"}},
        {"reference": "V-2026-0102", "member": "evergreen:EV1002", "diagnoses": ["F41.1"],
            "note": {"signed_at": "2026-07-02T15:05:00-07:00"},
            "ended_at": "2026-07-02T14:00:00-07:00"}
    ]
}))]
pub struct SessionBody {
    /// Your own name for the session, 1 to 64 letters, digits and -_.:/, never used twice.
    #[schema(required = true)]
    reference: Option<String>,
    /// The peer who leads it: our id, or the NPI.
    #[schema(value_type = Option<String>, required = true)]
    peer: Option<PeerName>,
    /// What was done; or say `service`.
    activity: Option<String>,
    /// A service of the contract, by its key; or say `activity`.
    service: Option<String>,
    /// The role of the peer, `peer_support` when not said.
    role: Option<String>,
    /// Start, RFC 3339 with an offset.
    #[schema(required = true, format = DateTime)]
    started_at: Option<String>,
    /// End, RFC 3339 with an offset.
    #[schema(required = true, format = DateTime)]
    ended_at: Option<String>,
    /// `in_person`, `video` or `audio`.
    #[schema(required = true)]
    mode: Option<String>,
    /// Where it was, such as `office`, `community`.
    #[schema(required = true)]
    setting: Option<String>,
    /// The program, site or grant under which it was given, by its key.
    program: Option<String>,
    /// Everyone served who was present, billed or not.
    #[schema(required = true, minimum = 1, maximum = 500)]
    size: Option<u32>,
    /// Peers who led it together, 1 when not said.
    #[schema(minimum = 1, maximum = 20)]
    peers: Option<u32>,
    /// The members who are billed, 1 to 200, each once.
    #[schema(required = true, min_items = 1, max_items = 200)]
    members: Option<Vec<PartBody>>,
}

/// A member's part in a session: it becomes an encounter.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PartBody {
    /// Your own name for the member's encounter.
    #[schema(required = true)]
    reference: Option<String>,
    /// The member: our id, `payer:number`, or an object of both.
    #[schema(required = true)]
    member: Option<MemberName>,
    /// ICD-10-CM codes, the principal one first, at most twelve.
    diagnoses: Option<Vec<String>>,
    /// The authorization to use: our id, or the payer's number.
    authorization: Option<String>,
    /// What is attested of the member's own note; never its text.
    note: Option<NoteBody>,
    /// When the member came, if later than the session began.
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// When the member left, if earlier than it ended.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl From<PartBody> for MemberDraft {
    fn from(body: PartBody) -> Self {
        let (member, member_payer, member_number) = MemberName::parts(body.member);
        let note = body.note.unwrap_or_default();
        Self {
            reference: body.reference,
            member,
            member_payer,
            member_number,
            diagnoses: body.diagnoses.unwrap_or_default(),
            authorization: body.authorization,
            note_signed_at: note.signed_at,
            note_plan_goal: note.plan_goal,
            started_at: body.started_at,
            ended_at: body.ended_at,
        }
    }
}

impl From<SessionBody> for SessionDraft {
    fn from(body: SessionBody) -> Self {
        Self {
            reference: body.reference,
            peer: body.peer.map(PeerName::into_text),
            activity: body.activity,
            service: body.service,
            role: body.role,
            started_at: body.started_at,
            ended_at: body.ended_at,
            mode: body.mode,
            setting: body.setting,
            program: body.program,
            size: body.size,
            peers: body.peers,
            members: parts(body.members),
        }
    }
}

fn parts(list: Option<Vec<PartBody>>) -> Vec<MemberDraft> {
    list.unwrap_or_default().into_iter().map(MemberDraft::from).collect()
}

/// A correction of a session. What is not given stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"size": 8, "remove": ["V-2026-0102"]}))]
pub struct SessionPatch {
    /// Everyone served who was present, billed or not.
    #[schema(minimum = 1, maximum = 500)]
    size: Option<u32>,
    /// Peers who led it together.
    #[schema(minimum = 1, maximum = 20)]
    peers: Option<u32>,
    /// Start, RFC 3339 with an offset. Members who came at the start still do.
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// End, RFC 3339 with an offset. Members who stayed to the end still do.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// Members who were there after all, at most 200.
    #[schema(max_items = 200)]
    add: Option<Vec<PartBody>>,
    /// Encounters of members who were not there, by reference or id: they are voided.
    #[schema(max_items = 200)]
    remove: Option<Vec<String>>,
    /// Why, kept with the voided encounters; no names.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

impl SessionPatch {
    /// Checks what can be checked without the session.
    pub fn amendment(self, from: i32) -> Result<Amendment, AppError> {
        let mut faults = Vec::new();
        let mut within = |pointer: &str, count: Option<u32>, most: u32| {
            if count.is_some_and(|count| !(1..=most).contains(&count)) {
                let message = format!("write a whole number from 1 to {most}.");
                faults.push(Fault::at(pointer, message));
            }
        };
        within("/size", self.size, MAX_SIZE);
        within("/peers", self.peers, MAX_PEERS);
        let mut time = |pointer: &str, text: Option<String>| {
            let parsed = text.map(|text| Instant::parse(text.trim())).transpose();
            parsed.map_err(|e| faults.push(Fault::at(pointer, format!("{e}.")))).ok().flatten()
        };
        let started_at = time("/started_at", self.started_at);
        let ended_at = time("/ended_at", self.ended_at);
        let remove = self.remove.unwrap_or_default();
        if remove.len() > MAX_MEMBERS {
            faults.push(Fault::at("/remove", format!("name at most {MAX_MEMBERS} visits.")));
        }
        let reason = plain(self.reason.as_deref().unwrap_or(NOT_THERE), MAX_REASON_CHARS);
        if reason.is_none() {
            let message =
                format!("write 1 to {MAX_REASON_CHARS} characters, none of them control.");
            faults.push(Fault::at("/reason", message));
        }
        let Some(reason) = reason.filter(|_| faults.is_empty()) else {
            return Err(AppError::invalid(faults));
        };
        let (size, peers, add) = (self.size, self.peers, parts(self.add));
        Ok(Amendment { from, size, peers, started_at, ended_at, add, remove, reason })
    }
}
