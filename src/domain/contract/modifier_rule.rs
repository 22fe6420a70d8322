//! Modifiers by circumstance: which ones a line gets when the visit is so, and what they do to its
//! price (RK02, RK05 to RK08).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::in_force::{self, InForce, read_in_force};
use super::known::{Known, unique};
use super::model::Service;
use super::read_condition::some;
use super::read_rules::MAX_RULES;
use super::reader::{Amount, Reader, Spot};
use super::source_of::{SourceOf, weigh};
use super::table::Table;
use super::unknown::{Unknown, noted};
use super::when::{When, read_when};
use crate::domain::codes::Modifier;
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;

/// Modifiers that lines of some services get when a visit is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModifierRule {
    /// Short name.
    pub key: Key,
    /// Services whose lines get them.
    pub services: Vec<Key>,
    /// The modifiers, in the order in which they stand.
    pub add: Vec<Modifier>,
    /// When.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// On which service dates.
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// What the allowance is multiplied by, in percent; none: they say nothing of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Decimal>,
    /// What holds when another rule changes the price, too.
    #[serde(default, skip_serializing_if = "Stacking::is_unknown")]
    pub stacking: Stacking,
    /// Where it is written.
    pub source: Authority,
}

code_list!(
    /// What holds when two rules multiply the price of one line (RK06).
    #[derive(Default)]
    Stacking, "a rule of stacking" {
        /// Both count, one after the other.
        Allowed = "allowed",
        /// They may not stand on one line.
        Banned = "banned",
        /// Nobody knows: a person decides.
        #[default]
        Unknown = "unknown",
    }
);

impl Stacking {
    /// Whether it is what a pack means that says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// Whether a line of the service can have the modifier: its own, a mode's, or a rule's.
pub(super) fn can_carry(service: &Service, rules: &[ModifierRule], modifier: &Modifier) -> bool {
    let of_modes = service.modes.iter().flat_map(|m| &m.modifiers);
    let of_rules = rules.iter().filter(|r| r.services.contains(&service.key)).flat_map(|r| &r.add);
    service.modifiers.iter().chain(of_modes).chain(of_rules).any(|m| m == modifier)
}

/// Keys of the table besides those of its days.
pub(super) const KEYS: &[&str] =
    &["key", "services", "add", "when", "percent", "stacking", "source"];
/// A part or multiple of a price, in percent: up to tenfold.
const PERCENT: Amount = Amount { decimals: 3, below: 1_000 };
/// Most modifiers on a claim line (SV101-3 to SV101-6).
const MAX_MODIFIERS: usize = 4;

/// All rules that have no fault.
pub(super) fn read_modifiers<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    sound: &[Service],
    unknown: &mut Vec<Unknown>,
) -> Vec<ModifierRule> {
    let fields = [KEYS, in_force::KEYS].concat();
    let mut keys: Vec<Key> = Vec::new();
    let mut rules = Vec::new();
    let mut places = Vec::new();
    for at in root.tables(r, "modifier", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let one = read_one(r, &table, key, known);
        if let Some(rule) = &one {
            refuse_too_many(r, &table, rule, sound);
        }
        unknown.extend(noted(r, one.as_ref().map_or(&[], |one| &one.services)));
        if let Some(rule) = one {
            rules.push(rule);
            places.push(table.at_key("add"));
        }
    }
    refuse_together(r, &rules, &places, sound);
    rules
}

/// Rules that always hold stand on each line together, and may be too many although each alone is not.
fn refuse_together(r: &mut Reader, rules: &[ModifierRule], places: &[Spot<'_>], sound: &[Service]) {
    for service in sound {
        let most = service.modes.iter().map(|mode| mode.modifiers.len()).max().unwrap_or(0);
        let mut on_line: Vec<&Modifier> = service.modifiers.iter().collect();
        for (rule, at) in rules.iter().zip(places) {
            let of_service = rule.services.contains(&service.key);
            if !of_service || !rule.when.is_always() || !rule.days.is_always() {
                continue;
            }
            on_line.extend(&rule.add);
            on_line.sort();
            on_line.dedup();
            let alone = service.modifiers.len() + rule.add.len() + most;
            let with = |of_mode: &[Modifier]| {
                on_line.len() + of_mode.iter().filter(|m| !on_line.contains(m)).count()
            };
            let each = on_line.len() > MAX_MODIFIERS
                || (!service.modes.is_empty()
                    && service.modes.iter().all(|mode| with(&mode.modifiers) > MAX_MODIFIERS));
            if alone <= MAX_MODIFIERS && each {
                let message = format!(
                    "with the rules above, which always hold, too, each line of the service {} has \
                     more than four modifiers; a claim line has room for four",
                    service.key
                );
                at.refuse(r, message);
                return;
            }
        }
    }
}

/// A rule whose lines would have five modifiers can bill nothing.
fn refuse_too_many(r: &mut Reader, table: &Table<'_>, rule: &ModifierRule, sound: &[Service]) {
    for service in sound.iter().filter(|s| rule.services.contains(&s.key)) {
        let of_modes = service.modes.iter().map(|mode| mode.modifiers.len());
        // What holds for some visits only may be meant for those by another mode.
        let of_mode = if rule.when.is_always() { of_modes.max() } else { of_modes.min() };
        let own = service.modifiers.len() + rule.add.len();
        if rule.add.len() <= MAX_MODIFIERS && own + of_mode.unwrap_or(0) > MAX_MODIFIERS {
            let message = format!(
                "with those of the service {} and its modes these are more than four modifiers; a \
                 claim line has room for four",
                service.key
            );
            table.at_key("add").refuse(r, message);
            return;
        }
    }
}

fn read_one<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
) -> Option<ModifierRule> {
    let services: Vec<Key> = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let add: Option<Vec<Modifier>> = some(r, table, "add");
    if add.as_ref().is_some_and(|add| add.len() > MAX_MODIFIERS) {
        table.at_key("add").refuse(r, "a claim line has room for four modifiers");
    }
    let when = read_when(r, table);
    let days = read_in_force(r, table);
    let percent = match table.get("percent") {
        Some(spot) => spot.amount(r, PERCENT).map(Some),
        None => Some(None),
    };
    let stacking = table.or(r, "stacking", Stacking::Unknown);
    if let (Some(spot), None) = (table.get("stacking"), table.get("percent")) {
        spot.refuse(r, "this goes with `percent` only; remove it");
    }
    let source = known.cited(r, table);
    weigh(r, table, source.as_ref(), &SourceOf::default(), &["add", "percent", "stacking"]);
    Some(ModifierRule {
        key: key?,
        services,
        add: add?,
        when: when?,
        days: days?,
        percent: percent?,
        stacking: stacking?,
        source: source?,
    })
}
