//! Conditions: what a visit must meet besides what its service says, each with its own answer and
//! its own days. Kinds of rules that payers add to a service are added here, one demand for each.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::in_force::InForce;
use super::layer::{Direction, Layer};
use super::source_of::SourceOf;
use super::when::When;
use crate::domain::codes::{DiagnosisClass, DiagnosisFamily, Mode, Modifier};
use crate::domain::document::DocumentKind;
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;
use crate::domain::windows::Window;

/// A condition on visits of some services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Short name.
    pub key: Key,
    /// Services whose visits must meet it.
    pub services: Vec<Key>,
    /// What is demanded.
    #[serde(flatten)]
    pub demand: Demand,
    /// Of which visits.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// On which service dates.
    #[serde(rename = "in_force", default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// What becomes of a visit that does not meet it.
    #[serde(default, skip_serializing_if = "Answer::is_hold")]
    pub answer: Answer,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How an agreement may change its number, or drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Direction>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written instead.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

code_list!(
    /// What becomes of a visit that does not meet a condition.
    #[derive(Default)]
    Answer, "an answer" {
        /// It is held.
        #[default]
        Hold = "hold",
        /// It is worth a look, and goes on. For rules whose source is weak.
        Warn = "warn",
    }
);

impl Answer {
    /// Whether it is what a pack means that says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_hold(&self) -> bool {
        *self == Self::Hold
    }
}

/// What a condition demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "demand", rename_all = "snake_case")]
pub enum Demand {
    /// The line has at least one of these modifiers (RK03).
    ModifierOneOf {
        /// Which.
        modifiers: Vec<Modifier>,
    },
    /// The line has only these modifiers, in this order (RK04).
    ModifierList {
        /// Which, in order.
        modifiers: Vec<Modifier>,
    },
    /// The payer asks to hold claims (RK10).
    ClaimHold,
    /// Lines with one of these modifiers go to another payer (RK11).
    OtherPayer {
        /// Which.
        modifiers: Vec<Modifier>,
        /// The payer, as people call it.
        payer: String,
    },
    /// Nobody knows the payer's rule here: a person decides (RK73).
    Unknown {
        /// What is to be asked.
        question: String,
    },
    /// The principal diagnosis, or any, is not of these classes (RK49).
    DiagnosisExcluded {
        /// Which.
        classes: Vec<DiagnosisClass>,
        /// Whether every diagnosis is looked at, not only the principal one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        any: bool,
    },
    /// The principal diagnosis is of one of these families (RK49).
    DiagnosisFamily {
        /// Beginnings of codes, such as `F20`.
        families: Vec<DiagnosisFamily>,
    },
    /// The billed coverage is of one of these product lines (RK51).
    Product {
        /// Which.
        products: Vec<Key>,
    },
    /// The visit is in one of these modes (RK57).
    Mode {
        /// Which.
        modes: Vec<Mode>,
    },
    /// A visit that is not face to face has one that is not so many days before it (RK58).
    FaceToFaceWithin {
        /// Days.
        days: u32,
    },
    /// Units that are not face to face are at most this part of all in a window (RK58).
    RemoteShare {
        /// The greatest part, in percent.
        percent: u32,
        /// The window.
        #[serde(flatten)]
        window: Window,
    },
    /// The peer holds one of these certificates, whatever else the service needs (RK39).
    Certificate {
        /// Which.
        certificates: Vec<Key>,
    },
    /// The peer's certificate carries one of these endorsements (RK38).
    Endorsement {
        /// Which.
        endorsements: Vec<Key>,
    },
    /// The peer is at least so old (RK41).
    StaffAge {
        /// Full years on the service date.
        years: u32,
    },
    /// Peer and member are at least so many years apart (RK42).
    AgeGap {
        /// Full years between the days of birth.
        years: u32,
        /// Whether the peer must be the older one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        peer_older: bool,
    },
    /// One visit has at most so many units, as national edits have it for a line (RK25).
    UnitsPerVisit {
        /// Units.
        units: Decimal,
    },
    /// The member is enrolled in one of these on the service date (RK52).
    Enrolled {
        /// Kinds of episodes.
        episodes: Vec<Key>,
    },
    /// The member is enrolled in none of these on the service date (RK55, RK56).
    NotEnrolled {
        /// Kinds of episodes.
        episodes: Vec<Key>,
    },
    /// The groups that the peer leads have at most so many people on average (RK34).
    GroupAverage {
        /// People; an exact decimal.
        most: Decimal,
        /// The window.
        #[serde(flatten)]
        window: Window,
    },
    /// The peer serves at most so many members (RK45).
    Caseload {
        /// Members.
        members: u32,
        /// The window.
        #[serde(flatten)]
        window: Window,
    },
    /// Whoever supervises the peer has at most so many peers (RK45).
    Supervisees {
        /// Peers.
        peers: u32,
    },
    /// The member was there (RK53).
    MemberPresent,
    /// One of these documents is on record and good on the service date (RK44, RK47, RK50, RK59 to
    /// RK61).
    Document {
        /// Which.
        one_of: Vec<Wanted>,
        /// So many of the member's first visits may go without (RK59).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_visits: Option<u32>,
    },
    /// The goal that the note names is one of a plan's on record (RK62).
    PlanGoal,
    /// Peer and member are not related in one of these ways (RK43).
    NoRelationship {
        /// Which.
        about: Vec<Key>,
    },
}

/// A document that a condition asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its kind.
    pub kind: DocumentKind,
    /// What it is about, one of these; empty: anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Key>,
    /// Whether it must have been signed by the service date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// Days for which it is good after it was signed, else after its first day (RK60).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u32>,
    /// Days for which a plan is good after its first day or its last review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_days: Option<u32>,
    /// Least score (RK50).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Decimal>,
    /// Greatest score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_score: Option<Decimal>,
    /// What it must have, all of it (RK61).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<Key>,
}

impl Wanted {
    /// Any document of a kind.
    pub const fn any(kind: DocumentKind) -> Self {
        Self {
            kind,
            about: Vec::new(),
            signed: false,
            valid_days: None,
            review_days: None,
            min_score: None,
            max_score: None,
            elements: Vec::new(),
        }
    }
}

impl Demand {
    /// Names as packs write them under `demand`.
    pub const NAMES: &'static [&'static str] = &[
        "modifier_one_of",
        "modifier_list",
        "claim_hold",
        "other_payer",
        "unknown",
        "diagnosis_excluded",
        "diagnosis_family",
        "product",
        "mode",
        "face_to_face_within",
        "remote_share",
        "certificate",
        "endorsement",
        "staff_age",
        "age_gap",
        "units_per_visit",
        "enrolled",
        "not_enrolled",
        "group_average",
        "caseload",
        "supervisees",
        "member_present",
        "document",
        "plan_goal",
        "no_relationship",
    ];

    /// The kinds of documents that it looks at.
    pub fn documents(&self) -> Vec<DocumentKind> {
        match self {
            Self::Document { one_of, .. } => one_of.iter().map(|w| w.kind).collect(),
            Self::PlanGoal => vec![DocumentKind::Plan],
            Self::Supervisees { .. } => vec![DocumentKind::Supervisor],
            Self::NoRelationship { .. } => vec![DocumentKind::Relationship],
            _ => vec![],
        }
    }

    /// Whether it lets the first visits of a member go.
    pub fn counts_visits(&self) -> bool {
        matches!(self, Self::Document { grace_visits: Some(_), .. })
    }

    /// Whether it is judged by how the member's other units were given.
    pub fn looks_at_modes(&self) -> bool {
        matches!(self, Self::FaceToFaceWithin { .. } | Self::RemoteShare { .. })
    }

    /// The window of the peer's other visits that it looks at (RK34, RK45).
    pub const fn of_peer(&self) -> Option<&Window> {
        match self {
            Self::GroupAverage { window, .. } | Self::Caseload { window, .. } => Some(window),
            _ => None,
        }
    }

    /// Whether a claim that is built later is judged by it once more: it asks for papers, which may
    /// be corrected or end meanwhile.
    pub const fn stands(&self) -> bool {
        matches!(
            self,
            Self::Document { .. }
                | Self::PlanGoal
                | Self::NoRelationship { .. }
                | Self::Supervisees { .. }
                | Self::Certificate { .. }
                | Self::Endorsement { .. }
        )
    }

    /// The window of the member's other units that it looks at.
    pub fn window(&self) -> Option<Window> {
        match self {
            // So many days before the day, and the day.
            Self::FaceToFaceWithin { days } => {
                Some(Window::RollingDays { length: days.saturating_add(1) })
            }
            Self::RemoteShare { window, .. } => Some(window.clone()),
            _ => None,
        }
    }
}
