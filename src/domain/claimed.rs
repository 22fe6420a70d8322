//! What a decision knows of the live claims of its visit's period.

use serde::{Deserialize, Serialize};

use super::claim::ClaimNumber;
use super::codes::{Diagnosis, Modifier, PlaceOfService, ProcedureCode};
use super::identifiers::AuthorizationNumber;
use super::ids::PeerId;

/// A live claim of the visit's period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedFact {
    /// Its number (CLM01).
    pub number: ClaimNumber,
    /// Its rendering peer, or that of its first visit.
    pub peer: PeerId,
    /// Its diagnoses.
    pub diagnoses: Vec<Diagnosis>,
    /// The authorization that it names, where claims name one.
    pub authorization: Option<AuthorizationNumber>,
    /// Its place of service.
    pub place: PlaceOfService,
    /// Whether it tells of another location of the organization than a claim of the visit would.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
    /// Its lines, where claims cover a day: what else is given on that day has claims of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ClaimedLine>,
}

/// What a line of a claim says was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedLine {
    /// Procedure.
    pub procedure: ProcedureCode,
    /// Modifiers in order.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
}
