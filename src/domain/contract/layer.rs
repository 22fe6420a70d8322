//! Layers of rules (RK31): a state's floor, a plan's own rule, an agreement. A number of an inner layer
//! may differ from that of the outer one only in the direction that the outer one allows.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::never::{Within, refuse_absurd};
use super::reader::{Amount, Reader, Spot};
use super::source_of::{SourceOf, weigh_one};
use super::table::Table;
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;

code_list!(
    /// In which direction an inner layer may change a number of units.
    Direction, "a direction" {
        /// More units: looser for the member.
        Loosen = "loosen",
        /// Fewer units.
        Tighten = "tighten",
        /// Either.
        Replace = "replace",
    }
);

impl Direction {
    /// Whether a number may stand inside an outer one.
    pub fn allows(self, inner: Decimal, outer: Decimal) -> bool {
        match self {
            Self::Loosen => inner >= outer,
            Self::Tighten => inner <= outer,
            Self::Replace => true,
        }
    }

    /// What is wrong with a number that may not.
    pub(super) fn refusal(self, inner: Decimal, outer: Decimal) -> String {
        let (inner, outer) = (inner.normalize(), outer.normalize());
        match self {
            Self::Loosen => format!(
                "{inner} is tighter than the {outer} of the layer around it, which may only be \
                 loosened; write {outer} or more"
            ),
            Self::Tighten => format!(
                "{inner} is looser than the {outer} of the layer around it, which may only be \
                 tightened; write {outer} or less"
            ),
            Self::Replace => format!("{inner} may stand in the place of {outer}"),
        }
    }
}

/// The layer around a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Whose rule it is, such as `state`.
    pub of: Key,
    /// Its number of units.
    pub units: Decimal,
    /// In which direction the rule may differ from it.
    pub may: Direction,
    /// Where it is written.
    pub source: Authority,
}

/// A number of the pack that was agreed on otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Of which rule.
    pub rule: Adjusted,
    /// The units agreed on.
    pub units: Decimal,
}

/// The rule whose number was agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjusted {
    /// The units of a limit.
    Limit(Key),
    /// The free units of an authorization rule.
    Free(Key),
}

pub(super) const KEYS: &[&str] = &["of", "units", "may", "source"];
/// Units of a layer, as of a limit.
pub(super) const UNITS: Amount = Amount { decimals: 3, below: 100_000 };

/// The `layer` of a rule whose own number is `units`, and the `agreement` that may change it. `within`
/// is what both numbers are for.
pub(super) fn read_layers<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    known: &mut Known<'a>,
    units: Option<(&Spot<'a>, Decimal)>,
    within: Option<Within<'_>>,
) -> Option<(Option<Layer>, Option<Direction>)> {
    let agreement: Option<Option<Direction>> = match table.get("agreement") {
        Some(spot) => spot.parse(r).map(Some),
        None => Some(None),
    };
    let Some(at) = table.get("layer") else { return Some((None, agreement?)) };
    let inner = at.table(r, KEYS)?;
    let of = inner.required(r, "of");
    let outer = inner.need(r, "units").and_then(|spot| spot.amount(r, UNITS));
    if let Some((outer, within)) = outer.zip(within) {
        refuse_absurd(r, &inner, (outer, "units"), within);
    }
    let may: Option<Direction> = inner.required(r, "may");
    if let (Some((spot, units)), Some(outer), Some(may)) = (units, outer, may)
        && !may.allows(units, outer)
    {
        spot.refuse(r, may.refusal(units, outer));
    }
    let source = known.cited(r, &inner);
    let layer = Layer { of: of?, units: outer?, may: may?, source: source? };
    Some((Some(layer), agreement?))
}

/// Notes a layer that lets its rule be looser than itself where only a weak source says so: another one
/// would stop what it lets pass.
pub(super) fn weigh_layer(r: &mut Reader, table: &Table<'_>, of: &SourceOf, layer: Option<&Layer>) {
    let Some(layer) = layer.filter(|layer| layer.may != Direction::Tighten) else { return };
    if let Some(spot) = table.get("layer").and_then(|at| at.inner("may")) {
        weigh_one(r, &spot, of.0.get("layer").unwrap_or(&layer.source));
    }
}
