//! The payer: a managed care organization, the state program, or another insurer of a member.

use serde::{Deserialize, Serialize};

use super::identifiers::{Key, Line55};
use super::ids::PayerId;

/// A payer with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// Our id.
    pub id: PayerId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What is said of the payer.
    pub data: PayerData,
}

/// What is said of a payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayerData {
    /// Its short name, unique in the service.
    pub key: Key,
    /// Its name, as claims carry it.
    pub name: Line55,
    /// Whether it is a payer in the box: test organizations reach only these, live ones never.
    pub sandbox: bool,
}
