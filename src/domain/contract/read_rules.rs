//! Reads `[[limit]]`, `[[authorization]]`, `[filing]` and `[documentation]`.

use super::known::{Known, unique};
use super::limit::{Exceed, Limit, LimitScope};
use super::model::{AuthorizationNeed, AuthorizationRule, Documentation, Filing, Service};
use super::read_window::{self, read_window};
use super::reader::{Amount, Reader, Spot};
use super::table::Table;
use crate::domain::identifiers::Key;
use crate::domain::text::Invalid;

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

/// Keys of a limit besides those of its window.
pub(super) const LIMIT_KEYS: &[&str] =
    &["key", "services", "units", "scope", "modifiers", "modes", "exceed", "source"];
/// Keys of an authorization rule besides those of its window.
pub(super) const AUTHORIZATION_KEYS: &[&str] =
    &["key", "services", "require", "free_units", "source"];

/// All limits that have no fault. `sound` are the services without one.
pub(super) fn read_limits<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    sound: &[Service],
) -> Vec<Limit> {
    let fields = [LIMIT_KEYS, read_window::KEYS].concat();
    let mut keys: Vec<Key> = Vec::new();
    let mut limits = Vec::new();
    for at in root.tables(r, "limit", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        limits.extend(read_limit(r, &table, key, known, sound));
    }
    limits
}

fn read_limit<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
    sound: &[Service],
) -> Option<Limit> {
    let services: Vec<Key> = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let units = table.need(r, "units").and_then(|spot| spot.amount(r, UNITS));
    let window = read_window(r, table);
    let scope = table.or(r, "scope", LimitScope::default());
    let counted: Vec<&Service> = sound.iter().filter(|s| services.contains(&s.key)).collect();
    // A service with faults of its own may have what is named.
    let counted = Some(counted).filter(|counted| counted.len() == services.len());
    let modifiers = read_counted(r, table, "modifiers", counted.as_deref(), |service, modifier| {
        let of_modes = service.modes.iter().flat_map(|m| &m.modifiers);
        service.modifiers.iter().chain(of_modes).any(|m| m == modifier)
    });
    let modes = read_counted(r, table, "modes", counted.as_deref(), |service, mode| {
        service.modes.iter().any(|m| m.mode == *mode)
    });
    let exceed = table.required(r, "exceed");
    if scope == Some(LimitScope::Member)
        && matches!(exceed, Some(Exceed::BillUpTo | Exceed::Authorization))
    {
        let message = "a limit counted across organizations only says that units do not fit; \
                       write \"hold\" or \"never\"";
        table.at_key("exceed").refuse(r, message);
    }
    let source = known.cited(r, table);
    Some(Limit {
        key: key?,
        services,
        units: units?,
        window: window?,
        scope: scope?,
        modifiers,
        modes,
        exceed: exceed?,
        source: source?,
    })
}

/// What narrows a limit to some lines; each must stand on a line of a counted service, or the limit
/// would silently count nothing.
fn read_counted<T>(
    r: &mut Reader,
    table: &Table<'_>,
    key: &str,
    counted: Option<&[&Service]>,
    on: impl Fn(&Service, &T) -> bool,
) -> Vec<T>
where
    T: std::str::FromStr<Err = Invalid> + PartialEq,
{
    let named: Vec<(Spot<'_>, T)> = table.get(key).map(|s| s.values(r)).unwrap_or_default();
    for (spot, value) in &named {
        if counted.is_some_and(|services| !services.iter().any(|s| on(s, value))) {
            spot.refuse(r, "no service of this limit has it on a line; correct or remove it");
        }
    }
    named.into_iter().map(|(_, value)| value).collect()
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
    let fields = [AUTHORIZATION_KEYS, read_window::KEYS].concat();
    for at in root.tables(r, "authorization", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
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
        let window = read_window(r, table);
        return Some(AuthorizationNeed::After { free_units: free?, window: window? });
    }
    for key in ["free_units"].iter().chain(read_window::KEYS) {
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
