//! What members pay of a visit, which the payer then does not (RK65): for each unit, for each visit, or
//! once a day (`docs/adr/0113-…`).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::in_force::{self, InForce, read_in_force};
use super::known::{Known, unique};
use super::layer::{Direction, Layer, weigh_agreement, weigh_layer};
use super::read_layer::{Added, Kind, read_agreement_direction, read_layer};
use super::read_rules::MAX_RULES;
use super::reader::{Amount, Reader, Spot};
use super::source_of::{SourceOf, weigh};
use super::table::Table;
use super::unknown::{Unknown, noted};
use super::when::{When, read_when};
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::money::Money;

/// A member's share of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copay {
    /// Short name.
    pub key: Key,
    /// Of which services.
    pub services: Vec<Key>,
    /// How much, and of what.
    #[serde(flatten)]
    pub share: Share,
    /// Of which visits.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// On which service dates.
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How an agreement may change its dollars, or drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Direction>,
    /// Where it is written.
    pub source: Authority,
}

/// How much a member pays, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Dollars for a unit, up to four decimals.
    PerUnit(Decimal),
    /// For a visit, however many units and lines it makes; visits that one claim line states are one.
    PerVisit(Money),
    /// For a member's day, however many visits it has.
    PerDay(Money),
}

impl Share {
    /// The keys that say it; a table has one of them.
    pub const NAMES: [&str; 3] = ["per_unit", "per_visit", "per_day"];

    /// What a unit costs the member.
    pub const fn of_unit(self) -> Option<Decimal> {
        match self {
            Self::PerUnit(amount) => Some(amount),
            Self::PerVisit(_) | Self::PerDay(_) => None,
        }
    }

    /// What a visit or a day costs the member.
    pub const fn flat(self) -> Option<Money> {
        match self {
            Self::PerUnit(_) => None,
            Self::PerVisit(amount) | Self::PerDay(amount) => Some(amount),
        }
    }
}

/// Keys of the table besides those of its days.
pub(super) const KEYS: &[&str] = &[
    "key",
    "services",
    "per_unit",
    "per_visit",
    "per_day",
    "when",
    "layer",
    "agreement",
    "source",
];
/// A share is below so many dollars.
pub(super) const MOST_DOLLARS: u32 = 1_000;
/// Dollars for a unit: no member pays more for one.
const PER_UNIT: Amount = Amount { decimals: 4, below: MOST_DOLLARS };
/// Dollars for a visit or a day, in whole cents.
const FLAT: Amount = Amount { decimals: 2, below: MOST_DOLLARS };

/// All shares that have no fault.
pub(super) fn read_copays<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Copay> {
    let fields = [KEYS, in_force::KEYS].concat();
    let mut keys: Vec<Key> = Vec::new();
    let mut copays = Vec::new();
    for at in root.tables(r, "copay", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let one = read_one(r, &table, key, known);
        unknown.extend(noted(r, one.as_ref().map_or(&[], |one| &one.services)));
        copays.extend(one);
    }
    copays
}

fn read_one<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
) -> Option<Copay> {
    let services: Vec<Key> = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let share = read_share(r, table);
    let (when, days) = (read_when(r, table), read_in_force(r, table));
    let source = known.cited(r, table);
    weigh(r, table, source.as_ref(), &SourceOf::default(), &Share::NAMES);
    let agreement = read_agreement_direction(r, table);
    let mut copay = Copay {
        key: key?,
        services,
        share: share?,
        when: when?,
        days: days?,
        layer: None,
        agreement: agreement?,
        source: source?,
    };
    let kind = Kind { keys: &Share::NAMES, added: Some(Added::Tightens), within: None };
    copay.layer = read_layer(r, table, known, &copay.facets(), kind)?;
    let of = SourceOf::default();
    weigh_layer(r, table, &of, copay.layer.as_ref());
    weigh_agreement(r, table, Some(&copay.source), &of, copay.agreement);
    Some(copay)
}

/// The one of the three that the table has.
fn read_share(r: &mut Reader, table: &Table<'_>) -> Option<Share> {
    let [unit, visit, day] = Share::NAMES.map(|name| table.get(name));
    let mut given = [&unit, &visit, &day].into_iter().flatten();
    if given.next().is_none() {
        table.missing(r, "per_unit", "add it, or `per_visit` or `per_day`");
        return None;
    }
    let mut several = false;
    for spot in given {
        spot.refuse(r, "what the member pays is said already; keep one, or make two copays of it");
        several = true;
    }
    if several {
        return None;
    }
    let flat = |r: &mut Reader, spot: &Spot<'_>| spot.amount(r, FLAT).and_then(Money::round);
    match (&unit, &visit, &day) {
        (Some(spot), _, _) => spot.amount(r, PER_UNIT).map(Share::PerUnit),
        (_, Some(spot), _) => flat(r, spot).map(Share::PerVisit),
        (_, _, Some(spot)) => flat(r, spot).map(Share::PerDay),
        (None, None, None) => None,
    }
}
