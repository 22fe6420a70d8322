//! Reads `[[condition]]`: each demand has keys of its own, and no others.

use super::condition::{Answer, Condition, Demand};
use super::contradict::refuse_contradictions;
use super::facets::OF_CONDITION;
use super::in_force::{self, InForce, read_in_force};
use super::known::{Known, unique};
use super::layer::{weigh_agreement, weigh_layer};
use super::never::{Ground, refuse_never};
use super::node::Value;
use super::read_layer::{Added, Kind, read_agreement_direction, read_layer};
use super::read_rules::{MAX_RULES, UNITS};
use super::read_wanted::read_document;
use super::read_window::read_window;
use super::reader::{Amount, Reader, Spot};
use super::source_of::{self, read_source_of, weigh};
use super::table::Table;
use super::unknown::{Unknown, noted};
use super::when::{When, read_when};
use crate::domain::identifiers::Key;
use crate::domain::text::Invalid;
use crate::domain::windows::Window;

/// Keys that every condition has.
pub(super) const KEYS: &[&str] = &[
    "key",
    "services",
    "demand",
    "when",
    "answer",
    "layer",
    "agreement",
    "source",
    source_of::KEY,
];
/// Longest question, in characters.
const MAX_QUESTION: usize = 200;
/// Longest name of a payer, in characters.
const MAX_PAYER: usize = 80;
/// People in a group on average, up to two decimals; no group is as large.
const PEOPLE: Amount = Amount { decimals: 2, below: 1_000 };
/// Most members of one peer: more than anybody can serve in a year.
pub(super) const MAX_CASELOAD: u32 = 1_000;
/// Most peers of one supervisor.
pub(super) const MAX_SUPERVISEES: u32 = 100;
/// Oldest age that a rule may name.
pub(super) const MAX_YEARS: u32 = 120;
/// Longest time between two visits face to face, in days: a year.
pub(super) const MAX_BETWEEN: u32 = 366;

/// Keys that narrow or soften a condition: a window may forget what another one counts.
const NARROWS: &[&str] = &[
    "services",
    "from",
    "to",
    "when",
    "grace_visits",
    "window",
    "length",
    "first_month",
    "episode",
];

/// The key under which a demand names what would do: each that is named lets visits pass.
const fn choices(demand: &Demand) -> &'static [&'static str] {
    match demand {
        Demand::ModifierOneOf { .. } => &["modifiers"],
        Demand::DiagnosisFamily { .. } => &["families"],
        Demand::Product { .. } => &["products"],
        Demand::Mode { .. } => &["modes"],
        Demand::Certificate { .. } => &["certificates"],
        Demand::Endorsement { .. } => &["endorsements"],
        Demand::Enrolled { .. } => &["episodes"],
        Demand::Document { .. } => &["one_of"],
        _ => &[],
    }
}

/// The keys of a demand besides those that every condition has.
pub(super) fn keys_of(demand: &str) -> &'static [&'static str] {
    match demand {
        "modifier_one_of" | "modifier_list" => &["modifiers"],
        "other_payer" => &["modifiers", "payer"],
        "unknown" => &["question"],
        "diagnosis_excluded" => &["classes", "any"],
        "diagnosis_family" => &["families"],
        "product" => &["products"],
        "mode" => &["modes"],
        "face_to_face_within" => &["days"],
        "remote_share" => &["percent", "window", "length", "first_month", "episode"],
        "certificate" => &["certificates"],
        "endorsement" => &["endorsements"],
        "staff_age" => &["years"],
        "age_gap" => &["years", "peer_older"],
        "units_per_visit" => &["units"],
        "enrolled" | "not_enrolled" => &["episodes"],
        "group_average" => &["most", "window", "length", "first_month", "episode"],
        "caseload" => &["members", "window", "length", "first_month", "episode"],
        "supervisees" => &["peers"],
        "document" => &["one_of", "grace_visits"],
        "no_relationship" => &["about"],
        _ => &[],
    }
}

/// All conditions that have no fault.
pub(super) fn read_conditions<'a>(
    r: &mut Reader,
    root: &Table<'a>,
    known: &mut Known<'a>,
    ground: Ground<'_>,
    unknown: &mut Vec<Unknown>,
) -> Vec<Condition> {
    let mut keys: Vec<Key> = Vec::new();
    let mut conditions = Vec::new();
    for at in root.tables(r, "condition", MAX_RULES) {
        let Some(table) = at.table(r, &fields(&at)) else { continue };
        let key = unique(r, &table, &keys);
        keys.extend(key.clone());
        let before = r.faults_so_far();
        let one = read_one(r, &table, key, known, ground);
        let sound = r.faults_so_far() == before;
        unknown.extend(noted(r, one.as_ref().map_or(&[], |one| &one.services)));
        conditions.extend(one.map(|one| (at, one, sound)));
    }
    // Of a condition that is wrong by itself one fault is enough.
    let sound = conditions.iter().filter(|(_, _, sound)| *sound);
    let sound: Vec<_> = sound.map(|(at, condition, _)| (at.clone(), condition)).collect();
    refuse_contradictions(r, &sound, ground);
    conditions.into_iter().map(|(_, condition, _)| condition).collect()
}

/// The keys that a condition may have, by what it demands; all keys when that is not known.
fn fields(at: &Spot<'_>) -> Vec<&'static str> {
    let named = at.node.entry("demand").and_then(|node| match &node.value {
        Value::Text(text) => Demand::NAMES.iter().find(|name| *name == text),
        _ => None,
    });
    let own = named.map_or_else(
        || Demand::NAMES.iter().flat_map(|name| keys_of(name)).copied().collect(),
        |name| keys_of(name).to_vec(),
    );
    [KEYS, in_force::KEYS, own.as_slice()].concat()
}

fn read_one<'a>(
    r: &mut Reader,
    table: &Table<'a>,
    key: Option<Key>,
    known: &mut Known<'a>,
    ground: Ground<'_>,
) -> Option<Condition> {
    let services: Vec<Key> = known.services(r, table).into_iter().map(|(_, key)| key).collect();
    let demand = read_demand(r, table);
    let when = read_when(r, table);
    let days = read_in_force(r, table);
    let answer = table.or(r, "answer", Answer::Hold);
    if let Some(demand) = &demand {
        let whole = when.as_ref().is_some_and(When::is_always)
            && days.as_ref().is_some_and(InForce::is_always);
        let always = whole && answer == Some(Answer::Hold);
        refuse_never(r, table, (demand, always), &services, ground);
    }
    let source = known.cited(r, table);
    let source_of = read_source_of(r, table, known)?;
    // What narrows the condition, or softens it, lets the others pass.
    weigh(r, table, None, &source_of, NARROWS);
    if let Some(demand) = &demand {
        weigh(r, table, None, &source_of, choices(demand));
    }
    if answer == Some(Answer::Warn) {
        weigh(r, table, None, &source_of, &["answer"]);
    }
    if matches!(demand, Some(Demand::ModifierList { .. })) {
        // Its order is how a claim looks.
        weigh(r, table, source.as_ref(), &source_of, &["modifiers"]);
    }
    let agreement = read_agreement_direction(r, table);
    let mut condition = Condition {
        key: key?,
        services,
        demand: demand?,
        when: when?,
        days: days?,
        answer: answer?,
        layer: None,
        agreement: agreement?,
        source: source?,
        source_of,
    };
    let kind = Kind { keys: OF_CONDITION, added: Some(Added::Tightens), within: None };
    condition.layer = read_layer(r, table, known, &condition.facets(), kind)?;
    weigh_layer(r, table, &condition.source_of, condition.layer.as_ref());
    let said = Some(&condition.source);
    weigh_agreement(r, table, said, &condition.source_of, condition.agreement);
    Some(condition)
}

fn read_demand(r: &mut Reader, table: &Table<'_>) -> Option<Demand> {
    let name = table.need(r, "demand").and_then(|s| s.one_of(r, Demand::NAMES, "a demand"))?;
    Some(match name.as_str() {
        "modifier_one_of" => Demand::ModifierOneOf { modifiers: some(r, table, "modifiers")? },
        "modifier_list" => Demand::ModifierList { modifiers: some(r, table, "modifiers")? },
        "claim_hold" => Demand::ClaimHold,
        "other_payer" => {
            let modifiers = some(r, table, "modifiers");
            let payer = table.need(r, "payer").and_then(|s| s.words(r, MAX_PAYER));
            Demand::OtherPayer { modifiers: modifiers?, payer: payer? }
        }
        "unknown" => {
            let spot = table.need(r, "question")?;
            Demand::Unknown { question: spot.words(r, MAX_QUESTION)? }
        }
        "diagnosis_excluded" => {
            let classes = some(r, table, "classes");
            Demand::DiagnosisExcluded { any: table.flag(r, "any", false)?, classes: classes? }
        }
        "diagnosis_family" => Demand::DiagnosisFamily { families: some(r, table, "families")? },
        "product" => Demand::Product { products: some(r, table, "products")? },
        "mode" => Demand::Mode { modes: some(r, table, "modes")? },
        "face_to_face_within" => {
            let spot = table.need(r, "days")?;
            Demand::FaceToFaceWithin { days: spot.number(r, 1..=MAX_BETWEEN)? }
        }
        "remote_share" => {
            let percent = table.need(r, "percent").and_then(|s| s.number(r, 1..=99));
            let window = still(r, table);
            Demand::RemoteShare { percent: percent?, window: window? }
        }
        "certificate" => Demand::Certificate { certificates: some(r, table, "certificates")? },
        "endorsement" => Demand::Endorsement { endorsements: some(r, table, "endorsements")? },
        "staff_age" => Demand::StaffAge { years: years(r, table)? },
        "age_gap" => {
            let peer_older = table.flag(r, "peer_older", false);
            Demand::AgeGap { years: years(r, table)?, peer_older: peer_older? }
        }
        "units_per_visit" => {
            let spot = table.need(r, "units")?;
            Demand::UnitsPerVisit { units: spot.amount(r, UNITS)? }
        }
        "enrolled" => Demand::Enrolled { episodes: some(r, table, "episodes")? },
        "not_enrolled" => Demand::NotEnrolled { episodes: some(r, table, "episodes")? },
        "group_average" => {
            let most = table.need(r, "most").and_then(|spot| spot.amount(r, PEOPLE));
            let window = of_peer(r, table);
            Demand::GroupAverage { most: most?, window: window? }
        }
        "caseload" => {
            let members = table.need(r, "members").and_then(|s| s.number(r, 1..=MAX_CASELOAD));
            let window = of_peer(r, table);
            Demand::Caseload { members: members?, window: window? }
        }
        "supervisees" => {
            let spot = table.need(r, "peers")?;
            Demand::Supervisees { peers: spot.number(r, 1..=MAX_SUPERVISEES)? }
        }
        "document" => read_document(r, table)?,
        "plan_goal" => Demand::PlanGoal,
        "no_relationship" => Demand::NoRelationship { about: some(r, table, "about")? },
        _ => Demand::MemberPresent,
    })
}

/// A window that stands still: one that moves with the date has no part or average of its own.
fn still(r: &mut Reader, table: &Table<'_>) -> Option<Window> {
    let window = read_window(r, table);
    if window.as_ref().is_some_and(Window::moves) {
        let message = "this is counted in a window that stands still, such as \"month\"";
        table.at_key("window").refuse(r, message);
    }
    window
}

/// A window for what a peer does: it stands still, and is no member's episode.
fn of_peer(r: &mut Reader, table: &Table<'_>) -> Option<Window> {
    let window = still(r, table);
    if matches!(window, Some(Window::Episode { .. } | Window::EpisodeYear { .. })) {
        let message = "an episode is a member's; name days of the calendar, such as \"month\"";
        table.at_key("window").refuse(r, message);
    }
    window
}

/// Full years of an age, or between two.
fn years(r: &mut Reader, table: &Table<'_>) -> Option<u32> {
    table.need(r, "years").and_then(|spot| spot.number(r, 1..=MAX_YEARS))
}

/// A list that must name at least one.
pub(super) fn some<T>(r: &mut Reader, table: &Table<'_>, key: &str) -> Option<Vec<T>>
where
    T: std::str::FromStr<Err = Invalid> + PartialEq,
{
    let list = table.need(r, key)?;
    let named = list.values::<T>(r);
    if named.is_empty() {
        list.refuse(r, "name at least one");
        return None;
    }
    Some(named.into_iter().map(|(_, value)| value).collect())
}
