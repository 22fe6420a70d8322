//! `[[service]]`.

use serde_json::{Value, json};

use super::super::model::{Rounding, SumOver};
use super::super::read::MAX_TITLE;
use super::super::read_service::KEYS;
use super::layers;
use super::shape::{
    self, add, codes, date, flag, key, keys, list, may, modifier, need, number, place, procedure,
    unknown, words,
};
use crate::domain::codes::{Activity, DiagnosisClass, Mode, Role, Setting};
use crate::domain::session::MAX_SIZE;

pub(super) fn table() -> Value {
    let activities = Activity::ALL.iter().filter(|a| a.is_peer_support()).map(|a| a.as_str());
    let mut service = shape::table(vec![
        need("key", "Unique in the pack, and kept over its versions.", key()),
        need("title", "For people.", words(MAX_TITLE)),
        need("procedure", "HCPCS or CPT code.", unknown(procedure())),
        may("modifiers", "Of the service itself.", at_most_four(list(modifier(), 0))),
        may("activities", "Activities that it bills.", list(shape::one_of(activities), 0)),
        may("roles", "Peer roles that it is for; any without it.", unknown(list(codes!(Role), 0))),
        need("modes", "How it may be given.", unknown(list(mode(), 1))),
        need("settings", "Where it may be given.", unknown(list(setting(), 1))),
        need("unit_minutes", "Minutes of a unit.", unknown(number(1, 480))),
        need(
            "rounding",
            "Minutes to units; above `floor` with its own source.",
            unknown(codes!(Rounding)),
        ),
        may("rounding_source", "A source.", key()),
        may("sum_over", "What minutes are summed over before rounding.", unknown(codes!(SumOver))),
        may("min_minutes", "Nothing is billed below.", number(1, 480)),
        may("provisional_months", "Months of work without a certificate.", number(1, 24)),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        may("successor", "The service that came after it.", key()),
        may("min_age", "Full years on the service date.", unknown(number(0, 120))),
        may("max_age", "Full years on the service date.", unknown(number(0, 120))),
        may(
            "diagnosis_classes",
            "One must be the principal diagnosis's.",
            unknown(list(codes!(DiagnosisClass), 0)),
        ),
        may("certificates", "Kinds of certificate, one of which the peer needs.", unknown(keys(0))),
        may("substance_use", "Always a substance-use service.", flag()),
        may("bypass_other_coverage", "Billed although another coverage pays first.", flag()),
        may("group", "Makes it a service for groups.", group()),
        may("layer", "Whose rule stands around this one.", layers::of_service()),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
        may("member_may_be_absent", "Paid although the member was not there.", flag()),
    ]);
    shape::known(&mut service, KEYS);
    let above_floor: Vec<&str> =
        Rounding::ALL.iter().filter(|r| **r != Rounding::Floor).map(|r| r.as_str()).collect();
    add(
        &mut service,
        vec![
            shape::given("rounding", &above_floor, &["rounding_source"], &[]),
            json!({ "dependencies": { "successor": ["to"] } }),
        ],
    );
    service
}

/// A claim line has room for four.
fn at_most_four(mut list: Value) -> Value {
    if let Value::Object(list) = &mut list {
        list.insert("maxItems".into(), json!(4));
    }
    list
}

fn mode() -> Value {
    let table = shape::table(vec![
        need("mode", "Which.", codes!(Mode)),
        may("modifiers", "Modifiers that it adds.", at_most_four(list(modifier(), 0))),
        may("place", "Takes the place of the setting's.", place()),
    ]);
    json!({ "anyOf": [codes!(Mode), table] })
}

fn setting() -> Value {
    let table = shape::table(vec![
        need("setting", "Which.", codes!(Setting)),
        may("place", "Its place of service at this payer.", place()),
    ]);
    json!({ "anyOf": [codes!(Setting), table] })
}

fn group() -> Value {
    let size = || number(1, MAX_SIZE);
    shape::table(vec![
        may("min_size", "Fewest people present, billed or not.", size()),
        may("max_size", "Most people present.", unknown(size())),
        may("members_per_peer", "Most people for each peer who leads.", unknown(size())),
        need("source", "A source.", key()),
    ])
}
