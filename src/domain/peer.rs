//! The peer: the certified peer support specialist who renders the service.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::claim_facts::PeerFacts;
use super::dates::Span;
use super::identifiers::{Key, Line35, Line55, Npi, State, Taxonomy};
use super::ids::{CertificateId, PeerId};
use super::text::code_list;

/// A certificate with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Our id.
    pub id: CertificateId,
    /// What it says.
    pub data: CertificateData,
}

/// What a certificate says (R17, RK37).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateData {
    /// The state that issued it.
    pub state: State,
    /// Its type, as packs name it, such as `cpss`.
    pub kind: Key,
    /// Its number, when the state gives one.
    pub number: Option<Line35>,
    /// The days on which it is valid, both ends included.
    pub span: Span,
    /// How it stands.
    #[serde(default, skip_serializing_if = "Standing::is_active")]
    pub standing: Standing,
    /// What it is good for, in the words of packs (RK38).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endorsements: Vec<Key>,
}

code_list!(
    /// How a certificate stands with whoever issued it (RK37). Only an active one counts.
    #[derive(Default)]
    Standing, "a standing" {
        /// In good standing.
        #[default]
        Active = "active",
        /// Not renewed in time.
        Lapsed = "lapsed",
        /// Given up.
        Vacant = "vacant",
        /// Suspended.
        Suspended = "suspended",
        /// Taken back.
        Revoked = "revoked",
    }
);

impl Standing {
    /// Whether it is in good standing.
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

/// A peer with id and certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Our id.
    pub id: PeerId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What is said of the peer.
    pub data: PeerData,
    /// Certificates, in order of state, kind and first day.
    pub certificates: Vec<Certificate>,
}

/// What is said of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerData {
    /// Type 1 NPI, unique in the organization.
    pub npi: Npi,
    /// First name.
    pub first_name: Line35,
    /// Last name.
    pub last_name: Line55,
    /// Taxonomy, 175T00000X for a peer specialist.
    pub taxonomy: Taxonomy,
    /// Day of birth, where a payer asks for the peer's age (RK41, RK42).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<NaiveDate>,
    /// First day of work, where a payer lets work begin before the certificate (RK40).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hired_on: Option<NaiveDate>,
    /// What claims may say beside.
    #[serde(default, skip_serializing_if = "PeerFacts::is_empty")]
    pub claim: PeerFacts,
}

impl PeerData {
    /// Whether the first day of work, where both are known, comes after the day of birth.
    pub fn is_ordered(&self) -> bool {
        let both = self.birth_date.zip(self.hired_on);
        both.is_none_or(|(born, hired)| born < hired)
    }
}
