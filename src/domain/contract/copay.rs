//! What members pay for a unit, which the payer then does not (RK65).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::in_force::{self, InForce, read_in_force};
use super::known::{Known, unique};
use super::read_rules::MAX_RULES;
use super::reader::{Amount, Reader};
use super::source_of::{SourceOf, weigh};
use super::table::Table;
use super::unknown::{Unknown, noted};
use super::when::{When, read_when};
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;

/// A member's share of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copay {
    /// Short name.
    pub key: Key,
    /// Of which services.
    pub services: Vec<Key>,
    /// Dollars for a unit, up to four decimals.
    pub per_unit: Decimal,
    /// Of which visits.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// On which service dates.
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// Where it is written.
    pub source: Authority,
}

/// Keys of the table besides those of its days.
pub(super) const KEYS: &[&str] = &["key", "services", "per_unit", "when", "source"];
/// Dollars for a unit: no member pays more for one.
const PER_UNIT: Amount = Amount { decimals: 4, below: 1_000 };

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
    let per_unit = table.need(r, "per_unit").and_then(|spot| spot.amount(r, PER_UNIT));
    let (when, days) = (read_when(r, table), read_in_force(r, table));
    let source = known.cited(r, table);
    weigh(r, table, source.as_ref(), &SourceOf::default(), &["per_unit"]);
    Some(Copay {
        key: key?,
        services,
        per_unit: per_unit?,
        when: when?,
        days: days?,
        source: source?,
    })
}
