//! Reads `[[limit]]`, `[[authorization]]`, `[filing]` and `[documentation]`.

use super::known::{Known, unique};
use super::model::{AuthorizationNeed, AuthorizationRule, Documentation, Filing, Limit};
use super::reader::{Amount, Reader, Spot};
use super::table::Table;
use crate::domain::identifiers::Key;

/// Most limits of a pack, and most authorization rules: a few for each service.
pub const MAX_RULES: usize = 200;
/// Caps have at most three decimals (quarter units, RK23) and stay below this.
const UNITS: Amount = Amount { decimals: 3, below: 100_000 };
/// Most free units: 288 units of 15 minutes a day for a year, rounded.
const MAX_FREE_UNITS: u32 = 100_000;
/// Longest filing clock, in days: two years, the longest that a state allows.
const MAX_FILING_DAYS: u32 = 730;
/// Days before the deadline on which warnings begin, unless the pack says otherwise.
const WARN_DAYS: u32 = 14;

/// All limits that have no fault.
pub(super) fn read_limits<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
) -> Vec<Limit> {
    let mut keys: Vec<Key> = Vec::new();
    let mut limits = Vec::new();
    for at in root.tables(r, "limit", MAX_RULES) {
        let fields = &["key", "services", "units", "window", "exceed", "source"];
        let Some(table) = at.table(r, fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        limits.extend(read_limit(r, &table, key, known));
    }
    limits
}

fn read_limit<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
) -> Option<Limit> {
    let services = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let units = table.need(r, "units").and_then(|spot| spot.amount(r, UNITS));
    let window = table.required(r, "window");
    let exceed = table.required(r, "exceed");
    let source = known.cited(r, table);
    Some(Limit {
        key: key?,
        services,
        units: units?,
        window: window?,
        exceed: exceed?,
        source: source?,
    })
}

/// All authorization rules that have no fault. A service is in one of them at most: two answers to
/// "is one needed?" would leave the choice to chance.
pub(super) fn read_authorizations<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
) -> Vec<AuthorizationRule> {
    let mut keys: Vec<Key> = Vec::new();
    let mut taken: Vec<Key> = Vec::new();
    let mut rules = Vec::new();
    for at in root.tables(r, "authorization", MAX_RULES) {
        let fields = &["key", "services", "require", "free_units", "window", "source"];
        let Some(table) = at.table(r, fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let services = known.services(r, &table);
        for (spot, _) in services.iter().filter(|(_, service)| taken.contains(service)) {
            spot.refuse(r, "another authorization rule has this service; keep it in one of them");
        }
        let services: Vec<Key> = services.into_iter().map(|(_, service)| service).collect();
        taken.extend(services.iter().cloned());
        let need = read_need(r, &table);
        let source = known.cited(r, &table);
        if let (Some(key), Some(need), Some(source)) = (key, need, source) {
            rules.push(AuthorizationRule { key, services, need, source });
        }
    }
    rules
}

fn read_need(r: &mut Reader, table: &Table<'_>) -> Option<AuthorizationNeed> {
    let spot = table.need(r, "require")?;
    let require = spot.one_of(r, &["never", "always", "after"], "`require`")?;
    if require == "after" {
        let free = table.need(r, "free_units").and_then(|s| s.number(r, 1..=MAX_FREE_UNITS));
        let window = table.required(r, "window");
        return Some(AuthorizationNeed::After { free_units: free?, window: window? });
    }
    for key in ["free_units", "window"] {
        if let Some(spot) = table.get(key) {
            spot.refuse(r, "this goes with `require = \"after\"` only; remove it");
        }
    }
    Some(if require == "always" { AuthorizationNeed::Always } else { AuthorizationNeed::Never })
}

/// The filing clock.
pub(super) fn read_filing<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<Filing> {
    let table = at.table(r, &["days", "warn_days", "source"])?;
    let days = table.need(r, "days").and_then(|spot| spot.number(r, 1..=MAX_FILING_DAYS));
    let most = days.unwrap_or(MAX_FILING_DAYS);
    let warn_days = match table.get("warn_days") {
        Some(spot) => spot.number(r, 0..=most),
        None => Some(WARN_DAYS.min(most)),
    };
    let source = known.cited(r, &table);
    Some(Filing { days: days?, warn_days: warn_days?, source: source? })
}

/// Documents before a claim.
pub(super) fn read_documentation<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<Documentation> {
    let table = at.table(r, &["signed_note", "plan_goal", "source"])?;
    let signed_note = table.flag(r, "signed_note", true);
    let plan_goal = table.flag(r, "plan_goal", false);
    let source = known.cited(r, &table);
    Some(Documentation { signed_note: signed_note?, plan_goal: plan_goal?, source: source? })
}
