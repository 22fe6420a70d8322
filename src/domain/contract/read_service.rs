//! Reads `[[service]]`: what can be billed, by whom, for whom, where and how.

use super::facets::OF_SERVICE;
use super::group::read_group;
use super::in_force::{self, read_in_force};
use super::known::{Known, unique};
use super::layer::{Layer, weigh_layer};
use super::model::{ModeRule, Rounding, Service, SettingRule, SumOver};
use super::nearest::hint;
use super::node::Value;
use super::read::MAX_TITLE;
use super::read_layer::{Added, Kind, read_layer};
use super::reader::{Reader, Spot};
use super::source_of::{self, read_source_of, weigh, weigh_one};
use super::table::{MAX_ITEMS, Table};
use super::unknown::{Unknown, noted};
use crate::domain::codes::{Activity, Mode, Modifier, PlaceOfService, ProcedureCode, Setting};
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::Invalid;

/// Most services of a pack: the richest published grid, by practitioner level and place, has some
/// forty.
pub const MAX_SERVICES: usize = 100;
/// Most modifiers on a claim line (SV101-3 to SV101-6).
const MAX_MODIFIERS: usize = 4;
/// Longest unit: eight hours, a day program.
const MAX_UNIT_MINUTES: u32 = 480;
/// The unit that `eight_minute` is defined for (`docs/definitions.md`, section 3).
const EIGHT_MINUTE_UNIT: u32 = 15;
/// Longest provisional work, in months: two years.
const MAX_PROVISIONAL: u32 = 24;
/// Oldest age that a rule may name.
const MAX_AGE: u32 = 120;

pub(super) const KEYS: &[&str] = &[
    "key",
    "title",
    "procedure",
    "modifiers",
    "activities",
    "roles",
    "modes",
    "settings",
    "unit_minutes",
    "rounding",
    "rounding_source",
    "sum_over",
    "min_minutes",
    "provisional_months",
    "successor",
    "min_age",
    "max_age",
    "diagnosis_classes",
    "certificates",
    "substance_use",
    "bypass_other_coverage",
    "member_may_be_absent",
    "group",
    "layer",
    "source",
    source_of::KEY,
];
/// Keys that let visits pass; the others can only stop them.
const PERMITS: &[&str] = &[
    "procedure",
    "modifiers",
    "activities",
    "modes",
    "settings",
    "unit_minutes",
    "sum_over",
    "provisional_months",
    "bypass_other_coverage",
    "member_may_be_absent",
];

/// All services that have no fault; the faults of the others are recorded.
pub(super) fn read_services<'a>(
    r: &mut Reader,
    list: &[Spot<'a>],
    known: &mut Known<'a>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Service> {
    let fields = [KEYS, in_force::KEYS].concat();
    let mut keys: Vec<Key> = Vec::new();
    let mut services = Vec::new();
    for at in list {
        let Some(table) = at.table(r, &fields) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let service = read_service(r, &table, key, known);
        let of = service.as_ref().map(|s: &Service| s.key.clone());
        unknown.extend(noted(r, of.as_slice()));
        services.extend(service);
    }
    read_successors(r, list, &keys);
    services
}

fn read_service<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
) -> Option<Service> {
    let title = table.need(r, "title").and_then(|spot| spot.words(r, MAX_TITLE));
    let procedure = read_procedure(r, table);
    let modifiers: Vec<Modifier> = table.values(r, "modifiers");
    if modifiers.len() > MAX_MODIFIERS {
        table.at_key("modifiers").refuse(r, "a claim line has room for four modifiers");
    }
    let activities = read_activities(r, table);
    let roles = known_values(r, table, "roles");
    let modes = read_modes(r, table, &modifiers);
    let settings = read_settings(r, table);
    let unit_minutes = table.need_known(r, "unit_minutes", EIGHT_MINUTE_UNIT, |r, spot| {
        spot.number(r, 1..=MAX_UNIT_MINUTES)
    });
    let (rounding, rounding_source) = read_rounding(r, table, unit_minutes, known);
    let sum_over = table.known_or(r, "sum_over", SumOver::Contact);
    let min_minutes = read_min_minutes(r, table);
    let provisional = read_provisional(r, table);
    let days = read_in_force(r, table);
    let successor = table.get("successor").map(|spot| spot.parse(r));
    let (min_age, max_age) = read_ages(r, table);
    let diagnosis_classes = known_values(r, table, "diagnosis_classes");
    let certificates = known_values(r, table, "certificates");
    let substance_use = table.flag(r, "substance_use", false);
    let bypass_other_coverage = table.flag(r, "bypass_other_coverage", false);
    let member_may_be_absent = table.flag(r, "member_may_be_absent", false);
    let group = read_group(r, table, known);
    let source = known.cited(r, table);
    let source_of = read_source_of(r, table, known)?;
    weigh(r, table, source.as_ref(), &source_of, PERMITS);
    let by_rounding = rounding_source.as_ref().or(source.as_ref());
    let by_group = group.as_ref().and_then(|g| g.as_ref()).map(|g| &g.source);
    weigh_parts(r, table, [("rounding", by_rounding), ("group", by_group)]);
    let mut service = Service {
        key: key?,
        title: title?,
        procedure: procedure?,
        modifiers,
        activities,
        roles,
        modes,
        settings,
        unit_minutes: unit_minutes?,
        rounding: rounding?,
        rounding_source,
        sum_over: sum_over?,
        min_age,
        max_age,
        diagnosis_classes,
        certificates,
        substance_use: substance_use?,
        bypass_other_coverage: bypass_other_coverage?,
        member_may_be_absent: member_may_be_absent?,
        min_minutes: min_minutes?,
        provisional_months: provisional?,
        days: days?,
        successor: successor.flatten(),
        group: group?,
        layer: None,
        source: source?,
        source_of,
    };
    service.layer = read_layer_of(r, table, known, &service)?;
    Some(service)
}

/// The layer around a service. A service more lets more be billed.
#[expect(clippy::option_option, reason = "a faulty table is not the same as none")]
fn read_layer_of<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    known: &mut Known<'a>,
    service: &Service,
) -> Option<Option<Layer>> {
    let kind = Kind { keys: OF_SERVICE, added: Some(Added::Loosens), within: None };
    let layer = read_layer(r, table, known, &service.facets(), kind)?;
    weigh_layer(r, table, &service.source_of, layer.as_ref());
    Some(layer)
}

/// What has a source of its own, weighed by that.
fn weigh_parts(r: &mut Reader, table: &Table<'_>, parts: [(&str, Option<&Authority>); 2]) {
    for (key, said) in parts {
        if let (Some(spot), Some(said)) = (table.get(key), said) {
            weigh_one(r, &spot, said);
        }
    }
}

/// Months without a certificate.
#[expect(clippy::option_option, reason = "a faulty number is not the same as none")]
fn read_provisional(r: &mut Reader, table: &Table<'_>) -> Option<Option<u32>> {
    match table.get("provisional_months") {
        Some(spot) => spot.number(r, 1..=MAX_PROVISIONAL).map(Some),
        None => Some(None),
    }
}

/// Fewest minutes; 0 where none are asked for.
fn read_min_minutes(r: &mut Reader, table: &Table<'_>) -> Option<u32> {
    match table.get("min_minutes") {
        Some(spot) => spot.number(r, 1..=MAX_UNIT_MINUTES),
        None => Some(0),
    }
}

/// The procedure code; zeros stand for one that is not known.
fn read_procedure(r: &mut Reader, table: &Table<'_>) -> Option<ProcedureCode> {
    let stand_in = ProcedureCode::parse("00000").ok();
    table.need_known(r, "procedure", stand_in, |r, spot| spot.parse(r).map(Some)).flatten()
}

/// A list that may be unknown; then nothing is asked for by it.
fn known_values<T>(r: &mut Reader, table: &Table<'_>, key: &str) -> Vec<T>
where
    T: std::str::FromStr<Err = Invalid> + PartialEq,
{
    match table.known(r, key) {
        Some(_) => table.values(r, key),
        None => Vec::new(),
    }
}

/// A successor is another service of the pack, of something that ends.
fn read_successors(r: &mut Reader, list: &[Spot<'_>], keys: &[Key]) {
    for at in list {
        let Some(node) = at.node.entry("successor") else { continue };
        let spot = Spot { node, path: format!("{}.successor", at.path) };
        let Value::Text(text) = &node.value else { continue };
        if !keys.iter().any(|key| key.as_str() == text) {
            let hint = hint(text, keys.iter().map(Key::as_str));
            spot.refuse(r, format!("no [[service]] has this key; {hint}"));
        } else if at.node.entry("key").is_some_and(|own| own.value == node.value) {
            spot.refuse(r, "a service does not come after itself; name the other one");
        } else if at.node.entry("to").is_none() {
            spot.refuse(r, "a service with a successor has a last day; add `to`");
        }
    }
}

/// No activity at all is allowed: such a service is reached by its key only.
fn read_activities(r: &mut Reader, table: &Table<'_>) -> Vec<Activity> {
    let named = table.get("activities").map(|spot| spot.values(r)).unwrap_or_default();
    let mut activities = Vec::new();
    for (spot, activity) in named {
        let activity: Activity = activity;
        if activity.is_peer_support() {
            activities.push(activity);
        } else {
            spot.refuse(r, "this activity is never peer support and is not billed; remove it");
        }
    }
    activities
}

fn read_modes(r: &mut Reader, table: &Table<'_>, of_service: &[Modifier]) -> Vec<ModeRule> {
    let Some(list) = table.need_known(r, "modes", None, |_, spot| Some(Some(spot.clone()))) else {
        return Vec::new();
    };
    let Some(list) = list else { return Vec::new() };
    let mut modes: Vec<ModeRule> = Vec::new();
    let items = list.items(r, MAX_ITEMS);
    if items.is_empty() && matches!(list.node.value, Value::List(_)) {
        list.refuse(r, "name at least one mode, such as \"in_person\"");
    }
    for spot in items {
        let Some(rule) = read_mode(r, &spot, of_service) else { continue };
        if modes.iter().any(|m| m.mode == rule.mode) {
            spot.refuse(r, "this mode is in the list twice; remove one");
        } else {
            modes.push(rule);
        }
    }
    modes
}

fn read_mode(r: &mut Reader, spot: &Spot<'_>, of_service: &[Modifier]) -> Option<ModeRule> {
    if let Value::Text(_) = spot.node.value {
        let mode: Mode = spot.parse(r)?;
        return Some(ModeRule { mode, modifiers: Vec::new(), place: None });
    }
    let table = spot.table(r, &["mode", "modifiers", "place"])?;
    let mode = table.required(r, "mode");
    let modifiers: Vec<Modifier> = table.values(r, "modifiers");
    if modifiers.iter().any(|m| of_service.contains(m)) {
        spot.refuse(r, "the service has one of these modifiers already; name it once");
    }
    if of_service.len() <= MAX_MODIFIERS && of_service.len() + modifiers.len() > MAX_MODIFIERS {
        let message = "with the service's own these are more than four modifiers; \
                       a claim line has room for four";
        spot.refuse(r, message);
    }
    let place = table.get("place").map(|s| s.parse::<PlaceOfService>(r));
    Some(ModeRule { mode: mode?, modifiers, place: place.flatten() })
}

fn read_settings(r: &mut Reader, table: &Table<'_>) -> Vec<SettingRule> {
    let Some(list) = table.need_known(r, "settings", None, |_, spot| Some(Some(spot.clone())))
    else {
        return Vec::new();
    };
    let Some(list) = list else { return Vec::new() };
    let mut settings: Vec<SettingRule> = Vec::new();
    let items = list.items(r, MAX_ITEMS);
    if items.is_empty() && matches!(list.node.value, Value::List(_)) {
        list.refuse(r, "name at least one setting, such as \"office\"");
    }
    for spot in items {
        let Some(rule) = read_setting(r, &spot) else { continue };
        if settings.iter().any(|s| s.setting == rule.setting) {
            spot.refuse(r, "this setting is in the list twice; remove one");
        } else {
            settings.push(rule);
        }
    }
    settings
}

fn read_setting(r: &mut Reader, spot: &Spot<'_>) -> Option<SettingRule> {
    if let Value::Text(_) = spot.node.value {
        let setting: Setting = spot.parse(r)?;
        return Some(SettingRule { setting, place: setting.place_of_service() });
    }
    let table = spot.table(r, &["setting", "place"])?;
    let setting: Option<Setting> = table.required(r, "setting");
    let place = table.get("place").map(|s| s.parse(r));
    let setting = setting?;
    Some(SettingRule { setting, place: place.unwrap_or(Some(setting.place_of_service()))? })
}

/// Rounding up bills minutes that were not given, so it needs its own written source.
fn read_rounding<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    unit_minutes: Option<u32>,
    known: &mut Known<'a>,
) -> (Option<Rounding>, Option<Authority>) {
    let cited = table.get("rounding_source");
    let source = cited.as_ref().and_then(|spot| known.source(r, spot));
    let Some(spot) = table.known(r, "rounding") else {
        let stand_in = table.need(r, "rounding").map(|_| Rounding::Floor);
        return (stand_in, source);
    };
    let rounding: Option<Rounding> = spot.parse(r);
    if rounding.is_some_and(|rounding| rounding != Rounding::Floor) && cited.is_none() {
        let message = "rounding above `floor` needs its own source; \
                       name it in `rounding_source`, or round by \"floor\"";
        spot.refuse(r, message);
    }
    let eight_minute = rounding == Some(Rounding::EightMinute);
    if eight_minute && unit_minutes.is_some_and(|minutes| minutes != EIGHT_MINUTE_UNIT) {
        spot.refuse(r, "`eight_minute` is defined for units of 15 minutes only");
    }
    (rounding, source)
}

fn read_ages(r: &mut Reader, table: &Table<'_>) -> (Option<u32>, Option<u32>) {
    let min = table.known(r, "min_age").and_then(|spot| spot.number(r, 0..=MAX_AGE));
    let max = table.known(r, "max_age").and_then(|spot| spot.number(r, 0..=MAX_AGE));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        table.at_key("max_age").refuse(r, "the oldest age lies below the youngest, `min_age`");
    }
    (min, max)
}
