//! What the API says of a session.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::encounter_view::EncounterView;
use crate::domain::dates::Zone;
use crate::domain::ids::OrganizationId;
use crate::domain::session::Session;
use crate::flow::sessions::{RecordedSession, SeenSession};

/// A session without its encounters.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionHead {
    /// Our id.
    #[schema(example = "ses_0KXJ5T9B20000")]
    id: String,
    /// The organization.
    organization: String,
    /// Your own name for it.
    reference: String,
    /// Grows with each correction; `If-Match` names it.
    revision: i32,
    /// The peer who leads it.
    peer: String,
    /// Start.
    started_at: String,
    /// End.
    ended_at: String,
    /// Whole minutes.
    minutes: u32,
    /// The local date of the start.
    service_date: NaiveDate,
    /// Everyone served who was present, billed or not.
    size: u32,
    /// Peers who led it together.
    peers: u32,
    /// Whether its times were stated; else they are those of its encounters.
    stated: bool,
    /// Members who are billed: encounters that are not void.
    billed: usize,
    /// When it was first known.
    recorded_at: String,
    /// When it was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<String>,
    /// Why it was voided.
    #[serde(skip_serializing_if = "Option::is_none")]
    void_reason: Option<String>,
}

/// A session with its encounters.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    #[serde(flatten)]
    head: SessionHead,
    /// The encounters of its members, each with what the rules say of it; voided ones too.
    encounters: Vec<EncounterView>,
}

impl SessionHead {
    /// Of a session with so many encounters that are not void.
    pub fn new(organization: OrganizationId, zone: Zone, session: Session, billed: usize) -> Self {
        let data = session.data;
        Self {
            id: session.id.to_string(),
            organization: organization.to_string(),
            reference: data.reference.as_str().to_owned(),
            revision: session.revision,
            peer: data.peer.to_string(),
            started_at: data.started_at.to_string(),
            ended_at: data.ended_at.to_string(),
            minutes: data.minutes(),
            service_date: zone.date_of(data.started_at),
            size: data.size,
            peers: data.peers,
            stated: data.stated,
            billed,
            recorded_at: session.recorded_at.to_string(),
            voided_at: session.voided_at.map(|t| t.to_string()),
            void_reason: session.void_reason,
        }
    }
}

impl SessionView {
    /// As it was answered when it was recorded.
    pub fn recorded(organization: OrganizationId, zone: Zone, recorded: RecordedSession) -> Self {
        let list = recorded.encounters;
        let billed = list.iter().filter(|r| r.encounter.voided_at.is_none()).count();
        let view = |r| EncounterView::recorded(organization, r);
        Self {
            head: SessionHead::new(organization, zone, recorded.session, billed),
            encounters: list.into_iter().map(view).collect(),
        }
    }

    /// As it stands now.
    pub fn seen(organization: OrganizationId, zone: Zone, seen: SeenSession) -> Self {
        let list = seen.encounters;
        let billed = list.iter().filter(|s| s.encounter.voided_at.is_none()).count();
        let view = |s| EncounterView::seen(organization, s);
        Self {
            head: SessionHead::new(organization, zone, seen.session, billed),
            encounters: list.into_iter().map(view).collect(),
        }
    }
}
