//! Layers of rules (RK31): a state's floor, a plan's own rule, an agreement. A rule may differ from the
//! one around it only in the direction that the outer one allows, whatever kind of rule it is
//! (`docs/adr/0143-layers-of-all-kinds.md`).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::reader::{Amount, Reader};
use super::source_of::{SourceOf, weigh, weigh_one};
use super::table::Table;

use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;
use crate::domain::windows::Window;

code_list!(
    /// In which direction an inner layer may differ from an outer one.
    Direction, "a direction" {
        /// More is billed: looser for the member.
        Loosen = "loosen",
        /// Less is billed.
        Tighten = "tighten",
        /// Either.
        Replace = "replace",
    }
);

impl Direction {
    /// What an outer layer lets its inner ones do, as a clause.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Loosen => "may only be loosened",
            Self::Tighten => "may only be tightened",
            Self::Replace => "may be replaced",
        }
    }
}

/// The layer around a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Whose rule it is, such as `state`.
    pub of: Key,
    /// Whether it has no such rule at all: this one was added.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub added: bool,
    /// The days in which its units count, where they are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// In which direction the rule may differ from it.
    pub may: Direction,
    /// Where it is written.
    pub source: Authority,
    /// What it says, under the keys that the rule has.
    #[serde(flatten)]
    pub says: BTreeMap<String, Outer>,
}

/// A value of an outer layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outer {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(Decimal),
    /// One of several.
    Word(String),
    /// A list.
    Names(Vec<String>),
}

/// A number of the pack that was agreed on otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Of which rule.
    pub rule: Adjusted,
    /// The number agreed on.
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
    /// The number of a condition.
    Condition(Key),
    /// The dollars of a copay.
    Copay(Key),
    /// The days or months of the filing clock.
    Filing(Clock),
}

code_list!(
    /// In what a filing clock is counted.
    Clock, "a measure of the filing clock" {
        /// Days.
        Days = "days",
        /// Months.
        Months = "months",
    }
);

/// Units of a limit, and numbers of an agreement.
pub(super) const UNITS: Amount = Amount { decimals: 3, below: 100_000 };

/// Notes a layer that lets its rule be looser than itself where only a weak source says so: another one
/// would stop what it lets pass.
pub(super) fn weigh_layer(r: &mut Reader, table: &Table<'_>, of: &SourceOf, layer: Option<&Layer>) {
    let Some(layer) = layer.filter(|layer| layer.may != Direction::Tighten) else { return };
    if let Some(spot) = table.get("layer").and_then(|at| at.inner("may")) {
        weigh_one(r, &spot, of.0.get("layer").unwrap_or(&layer.source));
    }
}

/// Notes that a contract may loosen a rule where only a weak source says so: it lets pass what the rule
/// stops.
pub(super) fn weigh_agreement(
    r: &mut Reader,
    table: &Table<'_>,
    source: Option<&Authority>,
    of: &SourceOf,
    agreement: Option<Direction>,
) {
    if matches!(agreement, Some(Direction::Loosen | Direction::Replace)) {
        weigh(r, table, source, of, &["agreement"]);
    }
}
