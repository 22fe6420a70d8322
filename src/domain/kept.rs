//! What a visit holds already, as a fact of deciding it again.

use serde::{Deserialize, Serialize};

use super::decision::{Decision, LineAnswer};
use super::ids::AuthorizationId;

/// What a visit holds by the decision that stands (`docs/adr/0163`): where all that is held still fits together, it
/// is not taken away for the sake of the order in which visits are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Units without an authorization: a limit whose excess needs one leaves it these, as long as no more stand
    /// without one than the limit lets.
    pub free: u32,
    /// The authorizations that it draws on: where a claim names one, and the one that ends first has no room for
    /// all, one of these that has comes before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<AuthorizationId>,
    /// All units: where a limit holds a visit that is above it whole, these stay as long as they fit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub units: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde gives")]
fn is_zero(units: &u32) -> bool {
    *units == 0
}

impl Kept {
    /// What a decision gave to the visit.
    pub fn of(decision: &Decision) -> Self {
        let mut kept = Self::default();
        for line in decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
            let drawn = line.authorization.as_ref().map_or(0, |draw| draw.units);
            kept.units = kept.units.saturating_add(line.units);
            kept.free = kept.free.saturating_add(line.units.saturating_sub(drawn));
            kept.on.extend(line.authorization.iter().filter(|d| d.units > 0).map(|d| d.id));
        }
        kept
    }

    /// Whether it held nothing, or is decided for the first time.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
