//! Overrides: a person's reasoned word that a visit may be claimed although a rule speaks.
//!
//! Kept for ever, with who, why and when, also after it was taken back.

use serde::{Deserialize, Serialize};

use super::dates::Instant;
use super::ids::{EncounterId, KeyId, OverrideId};
use super::rules::RuleId;

/// An override in force, as a decision sees it and as its finding shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideFact {
    /// Our id.
    pub id: OverrideId,
    /// The rule.
    pub rule: RuleId,
    /// Why.
    pub reason: String,
    /// From which key; none for the command line.
    pub by: Option<KeyId>,
    /// When.
    pub at: Instant,
}

/// An override with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Of which visit.
    pub encounter: EncounterId,
    /// The override.
    pub fact: OverrideFact,
    /// Whether the visit still says what it said then: an override speaks of that content only.
    pub same_content: bool,
    /// Since when it has been taken back.
    pub revoked: Option<Revocation>,
}

/// How an override was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Instant,
    /// From which key.
    pub by: Option<KeyId>,
    /// Why.
    pub reason: String,
}

impl Override {
    /// Whether decisions look at it; `listed` are the rules that the contract in force for the visit
    /// lets a person override.
    pub fn in_force(&self, listed: &[RuleId]) -> bool {
        self.same_content && self.revoked.is_none() && listed.contains(&self.fact.rule)
    }
}
