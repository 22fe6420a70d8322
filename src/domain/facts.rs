//! The facts a rule may look at, gathered by the flow and stored with the decision.
//!
//! There is no clock in a rule: `as_of` is a fact. Usage is what others have drawn; the encounter's
//! own earlier entries are left out by whoever gathers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::authorization::Authorization;
use super::claim_facts::Gap;
pub use super::claimed::{ClaimedFact, ClaimedLine};
use super::codes::{Mode, Modifier, PlaceOfService};
use super::consent::Purpose;
use super::dates::{Instant, Span, Zone};
use super::day_sum::DayFact;
use super::decision::RemainingKind;
use super::document::Content;
use super::identifiers::{AuthorizationNumber, Key, Reference, State};
use super::ids::{
    AuthorizationId, ConsentId, DocumentId, EncounterId, EpisodeId, MemberId, PayerId, PeerId,
};
use super::kept::Kept;
use super::member::Coverage;
use super::organization::Part2Posture;
use super::overriding::OverrideFact;
use super::peer::Standing;
use super::session::{SessionFact, SessionTime};

/// Everything that a decision may depend on besides the contract and the encounter itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The moment of the decision.
    pub as_of: Instant,
    /// The organization's zone.
    pub zone: Zone,
    /// The organization's Part 2 posture.
    pub part2: Part2Posture,
    /// The member's day of birth.
    pub birth_date: NaiveDate,
    /// Whether the roster has an address, which a claim needs.
    pub has_address: bool,
    /// All coverages of the member.
    pub coverages: Vec<Coverage>,
    /// The coverage that would be billed (`member::billed_coverage`).
    pub billed: Option<Coverage>,
    /// The peer's certificates.
    pub certificates: Vec<CertificateFact>,
    /// What else is known of the peer.
    #[serde(default, skip_serializing_if = "PeerFact::is_unknown")]
    pub peer: PeerFact,
    /// Authorizations of the billed payer for the member, whatever their dates.
    pub authorizations: Vec<AuthorizationFact>,
    /// Episodes of the billed payer for the member, whatever their dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub episodes: Vec<EpisodeFact>,
    /// Documents that the contract's conditions ask for: of the member, of the peer, of the
    /// organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentFact>,
    /// Who supervises the peer on the service date, where a condition bounds how many peers they have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supervised: Vec<Supervised>,
    /// The member's other visits before this one, whatever became of them, where a condition lets the
    /// first ones go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_visits: Option<u32>,
    /// The member's last visits face to face up to the service date, by service, where a condition
    /// asks a remote visit for one: also those that are too short for a unit, which are in no usage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub face_to_face: Vec<FaceToFace>,
    /// Lines of the member's other visits of the day by the same peer with the same diagnoses, ready
    /// or claimed, where a condition bounds a line and visits of a day become one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_line: Vec<OnLine>,
    /// What the member pays of other visits of the day, where the contract has copays for a visit or a
    /// day; what the visits of one day's sum pay is their sum's to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copaid: Vec<Copaid>,
    /// Consents of the member to disclosures of substance-use records, revoked ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ConsentFact>,
    /// Units already drawn in the account of payer and member: at least those of every window of
    /// the contract around the service date, and all that was ever drawn on `authorizations`. Days
    /// that no window tells apart may be summed under the first of them (`rules::select`).
    pub usage: Vec<Usage>,
    /// Units already drawn by the peer for all members of the payer, where a limit counts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer_usage: Vec<Usage>,
    /// What else the peer did in the windows of conditions that ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer_windows: Vec<PeerWindow>,
    /// From which day consecutive windows are anchored; what is dated before is not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
    /// Limits that the payer counts across organizations and that the units of this encounter do
    /// not fit. Nothing else of other organizations' units is a fact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full: Vec<Key>,
    /// Live claims of the member's coverage that begin in the period in which the visit would be
    /// claimed; none are looked for where the payer's claims cover a day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed: Vec<ClaimedFact>,
    /// The day's other visits, where the service sums minutes over days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayFact>,
    /// Other live encounters (ready or claimed) that overlap in time for the member or the peer, or
    /// are of the same session.
    pub neighbors: Vec<Neighbor>,
    /// The session that the encounter is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionFact>,
    /// What the payer's claim form asks for and is not on record, or cannot be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Whether the visit stands on a claim that is being replaced or voided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub corrects: bool,
    /// Overrides in force for the visit as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideFact>,
    /// What the visit holds already, where it is decided again as it is.
    #[serde(default, skip_serializing_if = "Kept::is_nothing")]
    pub kept: Kept,
    /// Whether it is only asked about and has not begun: what can be written only after a visit is then
    /// not missed (`docs/adr/0134`). Never of a visit that is recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub planned: bool,
}

/// A certificate of the peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFact {
    /// Issuing state.
    pub state: State,
    /// Type.
    pub kind: Key,
    /// Valid days.
    pub span: Span,
    /// How it stands.
    #[serde(default, skip_serializing_if = "Standing::is_active")]
    pub standing: Standing,
    /// What it is good for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endorsements: Vec<Key>,
}

/// What is known of the peer besides certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerFact {
    /// Day of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<NaiveDate>,
    /// First day of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hired_on: Option<NaiveDate>,
}

impl PeerFact {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.birth_date.is_none() && self.hired_on.is_none()
    }
}

/// An authorization of the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationFact {
    /// Our id.
    pub id: AuthorizationId,
    /// The payer's number.
    pub number: AuthorizationNumber,
    /// Services, empty for all.
    pub services: Vec<Key>,
    /// Units granted.
    pub units: u32,
    /// Days covered.
    pub span: Span,
}

impl AuthorizationFact {
    /// Whether it covers a service on a day.
    pub fn is_for(&self, service: &Key, day: NaiveDate) -> bool {
        self.span.covers(day) && (self.services.is_empty() || self.services.contains(service))
    }
}

impl From<&Authorization> for AuthorizationFact {
    fn from(a: &Authorization) -> Self {
        Self {
            id: a.id,
            number: a.data.number.clone(),
            services: a.data.services.clone(),
            units: a.data.units,
            span: a.data.span,
        }
    }
}

/// An episode or package of care of the member: its dates are a window (`docs/definitions.md`,
/// "Windows"). Episodes of one kind do not overlap; where they do, each is counted by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeFact {
    /// Our id.
    pub id: EpisodeId,
    /// The payer that counts it.
    pub payer: PayerId,
    /// What it is, in the pack's words, such as `episode` or `package`.
    pub kind: Key,
    /// Its days.
    pub span: Span,
}

/// A document (`document`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFact {
    /// Our id.
    pub id: DocumentId,
    /// The organization's name for it.
    pub reference: Reference,
    /// Its days.
    pub span: Span,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_on: Option<NaiveDate>,
    /// What its kind says.
    #[serde(flatten)]
    pub content: Content,
}

/// Who supervises the peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervised {
    /// The organization's short name for whoever it is.
    pub by: Key,
    /// How many other peers they have on the day whom they had before this one.
    pub before: u32,
}

/// The last visit face to face as a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceToFace {
    /// The service.
    pub service: Key,
    /// Its service date.
    pub day: NaiveDate,
}

/// A line of another visit, as far as it tells whether the two become one claim line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnLine {
    /// The service.
    pub service: Key,
    /// Modifiers.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
    /// Units.
    pub units: u32,
}

/// A copay that the member pays of another visit of the day, ready or claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copaid {
    /// The copay of the contract.
    pub key: Key,
    /// Service, modifiers and place of the line, which tell whether the two become one claim line.
    #[serde(flatten)]
    pub line: OnLine,
    /// Whether peer and diagnoses are the same, which the same claim needs.
    pub together: bool,
}

/// A consent of the member (`consent`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentFact {
    /// Our id.
    pub id: ConsentId,
    /// The organization's name for it.
    pub reference: Reference,
    /// To whom may be disclosed; none: all payers.
    pub recipient: Option<PayerId>,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Of which services; empty: all.
    pub services: Vec<Key>,
    /// First service date that it speaks of.
    pub services_from: Option<NaiveDate>,
    /// Last service date that it speaks of.
    pub services_to: Option<NaiveDate>,
    /// The days on which it permits disclosures.
    pub span: Span,
    /// When it was taken back; never in the future.
    pub revoked_at: Option<Instant>,
}

/// Units drawn by other encounters: reserved and consumed, summed. A ready line of `units` with a
/// draw is two rows: the draw's units under its authorization, the others under none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The service.
    pub service: Key,
    /// The service date.
    pub date: NaiveDate,
    /// The authorization drawn on; none for units that needed none.
    pub authorization: Option<AuthorizationId>,
    /// How they were given; none where that is not known, or where no limit asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// Units; never negative once summed.
    pub units: i64,
}

/// How units were given, as far as limits ask (RK20).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct How {
    /// Modifiers of the line.
    pub modifiers: Vec<Modifier>,
    /// Mode of the visit.
    pub mode: Mode,
}

/// What else a peer did in the window of a condition, in sums: who was served is no fact of this
/// visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerWindow {
    /// The condition's key.
    pub condition: Key,
    /// Other group sessions that the peer led.
    pub sessions: u32,
    /// People present in them, added up.
    pub people: u32,
    /// Other members whom the peer served.
    pub members: u32,
}

/// From which day the consecutive windows of a limit or a free allotment are anchored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Whose window it is: [`RemainingKind::Limit`] or [`RemainingKind::Free`].
    pub kind: RemainingKind,
    /// Its key.
    pub key: Key,
    /// The day.
    pub day: NaiveDate,
}

/// Another live encounter close by in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its id.
    pub encounter: EncounterId,
    /// The organization's name for it.
    pub reference: Reference,
    /// Its member.
    pub member: MemberId,
    /// Its peer.
    pub peer: PeerId,
    /// Its service.
    pub service: Option<Key>,
    /// Start.
    pub started_at: Instant,
    /// End.
    pub ended_at: Instant,
    /// Its session, with the time that it takes of the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionTime>,
}

impl Neighbor {
    /// The time that it takes of its peer.
    pub fn peer_time(&self) -> (Instant, Instant) {
        self.times_with(self.session.as_ref())
    }

    /// The time that it takes of its peer, when this is its session.
    pub fn times_with(&self, session: Option<&SessionTime>) -> (Instant, Instant) {
        match session {
            Some(s) => (s.started_at.min(self.started_at), s.ended_at.max(self.ended_at)),
            None => (self.started_at, self.ended_at),
        }
    }
}
