//! Lines of a contract: what is paid for a unit, and under which programs services are billed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::when::When;
use crate::domain::codes::Modifier;
use crate::domain::dates::Span;
use crate::domain::identifiers::Key;

/// Services that are billed only where they were given under one of these programs (R28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRule {
    /// The services' keys.
    pub services: Vec<Key>,
    /// The programs' keys, as the organization names them.
    pub programs: Vec<Key>,
}

/// A rate line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The service's key.
    pub service: Key,
    /// The days on which it holds.
    pub span: Span,
    /// What the payer allows for a unit, up to four decimals.
    pub allowed: Decimal,
    /// What the organization charges for a unit, up to four decimals; else the allowance.
    pub charge: Option<Decimal>,
    /// What another payer accepts for a unit, where the least of all is paid (RK64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_elsewhere: Option<Decimal>,
    /// Modifiers that the line has, all of them (RK07); empty: any line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// Of which visits (RK63).
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
}
