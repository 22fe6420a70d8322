//! An encounter as JSON says it: the wire type, read into the draft that CSV is read into as well.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::objects::TextOr;
use crate::domain::encounter::{EncounterData, Kind};
use crate::domain::session::Group;
use crate::flow::intake::Draft;

/// An encounter to record, or to preview.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({
    "reference": "V-2026-0001",
    "peer": "1987654328",
    "member": {"payer": "evergreen", "number": "EV1001"},
    "activity": "individual_support",
    "started_at": "2026-07-01T09:00:00-07:00",
    "ended_at": "2026-07-01T10:00:00-07:00",
    "mode": "in_person",
    "setting": "community",
    "diagnoses": ["F32.9"],
    "note": {"signed_at": "2026-07-01T10:15:00-07:00", "plan_goal": "G1"}
}))]
pub struct EncounterBody {
    /// Your own name for the visit, 1 to 64 letters, digits and -_.:/, never used twice.
    #[schema(required = true)]
    reference: Option<String>,
    /// The peer: our id, or the NPI.
    #[schema(value_type = Option<String>, required = true)]
    peer: Option<PeerName>,
    /// The member: our id, `payer:number`, or an object of both.
    #[schema(required = true)]
    member: Option<MemberName>,
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
    /// Where the member was, such as `office`, `home`, `community`.
    #[schema(required = true)]
    setting: Option<String>,
    /// ICD-10-CM codes, the principal one first, at most twelve.
    diagnoses: Option<Vec<String>>,
    /// The authorization to use: our id, or the payer's number.
    authorization: Option<String>,
    /// What is attested of the note; never its text.
    note: Option<NoteBody>,
    /// The program, site or grant under which it was given, by its key.
    program: Option<String>,
    /// Whether the member was not there, as when a parent is served for a child; `false` when not said.
    member_absent: Option<bool>,
    /// The session that it is a member's part of.
    group: Option<GroupBody>,
}

/// A member's part in a session.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupBody {
    /// Your own name for the session, 1 to 64 letters, digits and -_.:/.
    #[schema(required = true)]
    session: Option<String>,
    /// Everyone served who was present, billed or not.
    #[schema(required = true, minimum = 1, maximum = 500)]
    size: Option<u32>,
    /// Peers who led it together, 1 when not said.
    #[schema(minimum = 1, maximum = 20)]
    peers: Option<u32>,
}

impl From<&Group> for GroupBody {
    fn from(group: &Group) -> Self {
        Self {
            session: Some(group.session.as_str().to_owned()),
            size: Some(group.size),
            peers: Some(group.peers),
        }
    }
}

/// A peer as named.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum PeerName {
    Text(String),
    Npi(NpiBody),
}

impl<'de> Deserialize<'de> for PeerName {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Ok(match TextOr::read(source, "the peer's id or NPI as a text")? {
            TextOr::Text(text) => Self::Text(text),
            TextOr::Object(npi) => Self::Npi(npi),
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NpiBody {
    npi: String,
}

impl PeerName {
    /// As the draft says it.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Npi(body) => body.npi,
        }
    }
}

/// A member as named.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum MemberName {
    /// Our id, or `payer:number`.
    Text(String),
    /// The payer's number.
    Number(NumberBody),
}

impl<'de> Deserialize<'de> for MemberName {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Ok(match TextOr::read(source, "the member's id, or an object with payer and number")? {
            TextOr::Text(text) => Self::Text(text),
            TextOr::Object(number) => Self::Number(number),
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberBody {
    /// The payer's id or key.
    payer: String,
    /// The payer's number for the member.
    number: String,
}

impl MemberName {
    /// As the draft says it: the id, or payer and number.
    pub(super) fn parts(name: Option<Self>) -> (Option<String>, Option<String>, Option<String>) {
        match name {
            None => (None, None, None),
            Some(Self::Text(text)) => (Some(text), None, None),
            Some(Self::Number(n)) => (None, Some(n.payer), Some(n.number)),
        }
    }
}

/// The note's attestation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NoteBody {
    /// When it was signed, RFC 3339 with an offset.
    #[schema(format = DateTime)]
    pub(super) signed_at: Option<String>,
    /// Your short name of the goal of the plan of care that it links to.
    pub(super) plan_goal: Option<String>,
}

impl EncounterBody {
    /// The content of an encounter as it would be sent.
    pub fn of(data: &EncounterData) -> Self {
        let service = match &data.kind {
            Kind::Service(key) => Some(key.as_str().to_owned()),
            Kind::Activity(_) => None,
        };
        Self {
            reference: Some(data.reference.as_str().to_owned()),
            peer: Some(PeerName::Text(data.peer.to_string())),
            member: Some(MemberName::Text(data.member.to_string())),
            activity: data.activity().map(|a| a.as_str().to_owned()),
            service,
            role: Some(data.role.as_str().to_owned()),
            started_at: Some(data.started_at.to_string()),
            ended_at: Some(data.ended_at.to_string()),
            mode: Some(data.mode.as_str().to_owned()),
            setting: Some(data.setting.as_str().to_owned()),
            diagnoses: Some(data.diagnoses.iter().map(|d| d.as_str().to_owned()).collect()),
            authorization: data.authorization.as_ref().map(|a| a.as_str().to_owned()),
            note: data.note.as_ref().map(|n| NoteBody {
                signed_at: n.signed_at.map(|t| t.to_string()),
                plan_goal: n.plan_goal.as_ref().map(|g| g.as_str().to_owned()),
            }),
            program: data.program.as_ref().map(|p| p.as_str().to_owned()),
            member_absent: data.member_absent.then_some(true),
            group: data.group.as_ref().map(GroupBody::from),
        }
    }
}

/// A correction of an encounter, as a merge patch of what was sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct EncounterPatch(pub EncounterBody);

/// The same fields, none of them required.
impl PartialSchema for EncounterPatch {
    fn schema() -> RefOr<Schema> {
        let mut schema = EncounterBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            object.example = Some(serde_json::json!({"ended_at": "2026-07-01T09:45:00-07:00"}));
            object.description = Some("A correction, as a merge patch (RFC 7396).".to_owned());
        }
        schema
    }
}

impl ToSchema for EncounterPatch {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EncounterPatch")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        EncounterBody::schemas(schemas);
    }
}

impl From<EncounterBody> for Draft {
    fn from(body: EncounterBody) -> Self {
        let (member, member_payer, member_number) = MemberName::parts(body.member);
        let note = body.note.unwrap_or_default();
        // A group has its one peer, so that `{}` is one without session and size, and not none.
        let peers = body.group.as_ref().map(|group| group.peers.unwrap_or(1));
        let group = body.group.unwrap_or_default();
        Self {
            reference: body.reference,
            peer: body.peer.map(PeerName::into_text),
            member,
            member_payer,
            member_number,
            activity: body.activity,
            service: body.service,
            role: body.role,
            started_at: body.started_at,
            ended_at: body.ended_at,
            mode: body.mode,
            setting: body.setting,
            diagnoses: body.diagnoses.unwrap_or_default(),
            authorization: body.authorization,
            note_signed_at: note.signed_at,
            note_plan_goal: note.plan_goal,
            program: body.program,
            member_absent: body.member_absent.map(|absent| absent.to_string()),
            group_session: group.session,
            group_size: group.size.map(|n| n.to_string()),
            group_peers: peers.map(|n| n.to_string()),
        }
    }
}
