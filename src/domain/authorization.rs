//! An authorization: the payer's approval of units of services over dates (R5).

use serde::{Deserialize, Serialize};

use super::dates::Span;
use super::identifiers::{AuthorizationNumber, Key};
use super::ids::{AuthorizationId, MemberId, PayerId};

/// An authorization with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Our id.
    pub id: AuthorizationId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What it says.
    pub data: AuthorizationData,
}

/// What an authorization says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationData {
    /// For whom.
    pub member: MemberId,
    /// By whom.
    pub payer: PayerId,
    /// The payer's number, unique in the organization for the payer.
    pub number: AuthorizationNumber,
    /// The services of the contract it is for; empty: all of them.
    pub services: Vec<Key>,
    /// Units granted.
    pub units: u32,
    /// The days it covers, both ends included.
    pub span: Span,
}

impl AuthorizationData {
    /// Whether it is for the service.
    pub fn is_for(&self, service: &Key) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }
}
