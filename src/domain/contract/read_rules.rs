//! Reads `[[limit]]` and `[[authorization]]`.

use rust_decimal::Decimal;

use super::condition::Wanted;
use super::facets::{OF_AUTHORIZATION, OF_LIMIT};
use super::in_force::{self, read_in_force};
use super::known::{Known, unique};
use super::layer::{Layer, weigh_agreement, weigh_layer};
use super::limit::{Exceed, Limit, LimitScope};
use super::model::{AuthorizationNeed, AuthorizationRule, Block, Service};
use super::never::{Within, refuse_absurd, refuse_block};
use super::read_layer::{Added, Kind, read_agreement_direction, read_layer};
use super::read_wanted::read_necessity;
use super::read_window::{self, read_window};
use super::reader::{Amount, Reader};
use super::sound::{Sound, read_counted};
use super::source_of::{self, read_source_of, weigh};
use super::table::Table;
use super::unknown::{Unknown, noted};
use super::when::read_when;
use crate::domain::codes::Modifier;
use crate::domain::identifiers::Key;
use crate::domain::windows::Window;

/// Most limits of a pack, and most authorization rules: a few for each service.
pub const MAX_RULES: usize = 200;
/// Caps have at most three decimals (quarter units, RK23) and stay below this.
pub(super) const UNITS: Amount = Amount { decimals: 3, below: 100_000 };
/// Most free units: 288 units of 15 minutes a day for a year, rounded.
const MAX_FREE_UNITS: u32 = 100_000;
/// Longest time of one authorization, in days.
const MAX_BLOCK_DAYS: u32 = 3_660;

/// Keys of a limit besides those of its window.
pub(super) const LIMIT_KEYS: &[&str] = &[
    "key",
    "services",
    "units",
    "hours",
    "scope",
    "modifiers",
    "modes",
    "when",
    "exceed",
    "necessity",
    "layer",
    "agreement",
    "source",
    source_of::KEY,
];
/// Keys of an authorization rule besides those of its window.
pub(super) const AUTHORIZATION_KEYS: &[&str] = &[
    "key",
    "services",
    "require",
    "free_units",
    "modifiers",
    "block",
    "layer",
    "agreement",
    "source",
    source_of::KEY,
];
/// Keys that narrow a limit to some visits, or count fewer units together.
const NARROWS: &[&str] =
    &["services", "from", "to", "when", "modifiers", "modes", "scope", "necessity"];
/// Keys that let units pass without an authorization.
const FREE: &[&str] = &["free_units", "window", "length", "first_month", "episode"];

/// All limits that have no fault. `sound` are the services and modifier rules without one.
pub(super) fn read_limits<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    sound: Sound<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Limit> {
    let fields = [LIMIT_KEYS, read_window::KEYS, in_force::KEYS].concat();
    let mut keys: Vec<Key> = Vec::new();
    let mut limits = Vec::new();
    for at in root.tables(r, "limit", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let limit = read_limit(r, &table, key, known, sound);
        let services = limit.as_ref().map(|l| l.services.clone()).unwrap_or_default();
        unknown.extend(noted(r, &services));
        limits.extend(limit);
    }
    limits
}

fn read_limit<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
    sound: Sound<'_>,
) -> Option<Limit> {
    let services: Vec<Key> = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let amount = read_units(r, table, sound.services, &services);
    let window = read_window(r, table);
    let scope = table.or(r, "scope", LimitScope::default());
    let within = window.as_ref().zip(scope).map(|(window, scope)| {
        let bounded = (scope != LimitScope::Peer).then_some(sound);
        Within { services: &services, window, bounded }
    });
    if let Some(((units, hours), within)) = amount.zip(within) {
        let key = if hours.is_some() { "hours" } else { "units" };
        refuse_absurd(r, table, (units, key), within);
    }
    let counted = sound.of(&services);
    let modifiers = sound.modifiers(r, table, &services);
    let modes = read_counted(r, table, "modes", counted.as_deref(), |service, mode| {
        service.modes.iter().any(|m| m.mode == *mode)
    });
    let exceed = table.need_known(r, "exceed", Exceed::Hold, |r, spot| spot.parse::<Exceed>(r));
    if scope == Some(LimitScope::Member)
        && matches!(exceed, Some(Exceed::BillUpTo | Exceed::Authorization | Exceed::Necessity))
    {
        let message = "a limit counted across organizations only says that units do not fit; \
                       write \"hold\" or \"never\"";
        table.at_key("exceed").refuse(r, message);
    }
    let necessity = read_excess(r, table, exceed, scope);
    let (when, days) = (read_when(r, table), read_in_force(r, table));
    let agreement = read_agreement_direction(r, table);
    let source = known.cited(r, table);
    let source_of = read_source_of(r, table, known)?;
    // What narrows the limit lets the others pass.
    weigh(r, table, None, &source_of, NARROWS);
    weigh(r, table, None, &source_of, read_window::KEYS);
    if matches!(exceed, Some(Exceed::BillUpTo | Exceed::Authorization | Exceed::Necessity)) {
        weigh(r, table, None, &source_of, &["exceed"]);
    }
    let (units, hours) = amount?;
    let mut limit = Limit {
        key: key?,
        services: services.clone(),
        units,
        hours,
        window: window.clone()?,
        scope: scope?,
        modifiers,
        modes,
        when: when?,
        days: days?,
        exceed: exceed?,
        necessity: necessity?,
        layer: None,
        agreement: agreement?,
        source: source?,
        source_of,
    };
    limit.layer = read_layer_of(r, table, known, &limit, within)?;
    Some(limit)
}

/// The layer around a limit. Units of a time that is not known are held against nothing.
#[expect(clippy::option_option, reason = "a faulty table is not the same as none")]
fn read_layer_of<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    known: &mut Known<'a>,
    limit: &Limit,
    within: Option<Within<'_>>,
) -> Option<Option<Layer>> {
    let kind = Kind { keys: OF_LIMIT, added: Some(Added::Tightens), within };
    let of_some_time = !table.at_key("window").is_unknown();
    let facets = if of_some_time { limit.facets() } else { limit.facets_of_no_time() };
    let layer = read_layer(r, table, known, &facets, kind)?;
    weigh_layer(r, table, &limit.source_of, layer.as_ref());
    weigh_agreement(r, table, Some(&limit.source), &limit.source_of, limit.agreement);
    Some(layer)
}

/// The documents that the excess needs, where the limit says that it needs one.
fn read_excess(
    r: &mut Reader,
    table: &Table<'_>,
    exceed: Option<Exceed>,
    scope: Option<LimitScope>,
) -> Option<Vec<Wanted>> {
    if exceed == Some(Exceed::Necessity) {
        if scope == Some(LimitScope::Peer) {
            let message = "what one peer may bill is no matter of what a member needs; write \
                           \"hold\", \"bill_up_to\" or \"never\"";
            table.at_key("exceed").refuse(r, message);
        }
        return read_necessity(r, table);
    }
    let known = exceed.is_some() && !table.at_key("exceed").is_unknown();
    if let Some(spot) = table.get("necessity").filter(|_| known) {
        spot.refuse(r, "this goes with `exceed = \"necessity\"` only; remove it");
    }
    Some(Vec::new())
}

/// The units of a limit, or its hours turned into units of its services exactly (RK23).
fn read_units(
    r: &mut Reader,
    table: &Table<'_>,
    sound: &[Service],
    services: &[Key],
) -> Option<(Decimal, Option<Decimal>)> {
    let Some(spot) = table.get("hours") else {
        let most = Decimal::from(UNITS.below) - Decimal::ONE;
        let units = table.need_known(r, "units", most, |r, spot| spot.amount(r, UNITS));
        return units.map(|units| (units, None));
    };
    if let Some(units) = table.get("units") {
        units.refuse(r, "the limit is in `hours` already; keep one of both");
        return None;
    }
    let hours = spot.amount(r, UNITS)?;
    let counted = sound.iter().filter(|s| services.contains(&s.key));
    let mut lengths: Vec<u32> = counted.map(|s| s.unit_minutes).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let exact = match lengths.as_slice() {
        [length] => hours
            .checked_mul(Decimal::from(60))
            .and_then(|minutes| minutes.checked_div(Decimal::from(*length)))
            .filter(|u| u.normalize().scale() <= UNITS.decimals && *u < UNITS.below.into()),
        // A service with faults of its own says nothing of its length.
        [] => return None,
        _ => {
            spot.refuse(r, "the services have units of different lengths; write `units`");
            return None;
        }
    };
    if exact.is_none() {
        spot.refuse(r, "these hours are no exact number of units below 100,000; write `units`");
    }
    exact.map(|units| (units.normalize(), Some(hours)))
}

/// All authorization rules that have no fault. A service is in one of them at most: two answers to
/// "is one needed?" would leave the choice to chance.
pub(super) fn read_authorizations<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    sound: Sound<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<AuthorizationRule> {
    let mut keys: Vec<Key> = Vec::new();
    let mut taken: Vec<Key> = Vec::new();
    let mut rules = Vec::new();
    let fields = [AUTHORIZATION_KEYS, read_window::KEYS, in_force::KEYS].concat();
    for at in root.tables(r, "authorization", MAX_RULES) {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let services = known.services(r, &table);
        let named: Vec<Key> = services.iter().map(|(_, key)| key.clone()).collect();
        let modifiers = sound.modifiers(r, &table, &named);
        // Rules that begin and end, or are for some modifiers only, may speak of one service.
        let whole = modifiers.is_empty() && in_force::KEYS.iter().all(|k| table.get(k).is_none());
        for (spot, _) in services.iter().filter(|(_, s)| whole && taken.contains(s)) {
            spot.refuse(r, "another authorization rule has this service; keep it in one of them");
        }
        if whole {
            taken.extend(named.iter().cloned());
        }
        let parts = (key, named.clone(), modifiers);
        rules.extend(read_authorization(r, &table, parts, known, sound));
        unknown.extend(noted(r, &named));
    }
    rules
}

fn read_authorization<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    (key, services, modifiers): (Option<Key>, Vec<Key>, Vec<Modifier>),
    known: &mut Known<'a>,
    sound: Sound<'_>,
) -> Option<AuthorizationRule> {
    let need = read_need(r, table);
    let mut within = None;
    if let Some(AuthorizationNeed::After { free_units, window }) = &need {
        let free = (Decimal::from(*free_units), "free_units");
        let all = Within { services: &services, window, bounded: Some(sound) };
        refuse_absurd(r, table, free, all);
        within = Some(all);
    }
    let days = read_in_force(r, table);
    let block = read_block(r, table);
    if let Some(Some(block)) = &block {
        refuse_block(r, table, block, &services, sound);
    }
    let agreement = read_agreement_direction(r, table);
    let source = known.cited(r, table);
    let source_of = read_source_of(r, table, known)?;
    let permits: &[&str] = match &need {
        Some(AuthorizationNeed::Never) => &["require"],
        Some(AuthorizationNeed::After { .. }) => FREE,
        _ => &[],
    };
    weigh(r, table, source.as_ref(), &source_of, permits);
    // What narrows the rule lets the others pass.
    weigh(r, table, None, &source_of, &["services", "from", "to", "modifiers"]);
    let mut rule = AuthorizationRule {
        key: key?,
        services: services.clone(),
        need: need.clone()?,
        modifiers,
        days: days?,
        block: block?,
        layer: None,
        agreement: agreement?,
        source: source?,
        source_of,
    };
    let added =
        if rule.need == AuthorizationNeed::Never { Added::Nothing } else { Added::Tightens };
    let everywhere =
        Within { services: &services, window: &Window::Lifetime, bounded: Some(sound) };
    let within = Some(within.unwrap_or(everywhere));
    let kind = Kind { keys: OF_AUTHORIZATION, added: Some(added), within };
    rule.layer = read_layer(r, table, known, &rule.facets(), kind)?;
    weigh_layer(r, table, &rule.source_of, rule.layer.as_ref());
    weigh_agreement(r, table, Some(&rule.source), &rule.source_of, rule.agreement);
    Some(rule)
}

/// What the payer approves at most with one authorization.
#[expect(clippy::option_option, reason = "a faulty table is not the same as none")]
fn read_block(r: &mut Reader, table: &Table<'_>) -> Option<Option<Block>> {
    let Some(spot) = table.get("block") else { return Some(None) };
    let at = spot.table(r, &["units", "days"])?;
    let units = at.need(r, "units").and_then(|s| s.number(r, 1..=MAX_FREE_UNITS));
    let days = at.need(r, "days").and_then(|s| s.number(r, 1..=MAX_BLOCK_DAYS));
    Some(Some(Block { units: units?, days: days? }))
}

fn read_need(r: &mut Reader, table: &Table<'_>) -> Option<AuthorizationNeed> {
    let require = table.need_known(r, "require", "never".to_owned(), |r, spot| {
        spot.one_of(r, &["never", "always", "after"], "`require`")
    })?;
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
