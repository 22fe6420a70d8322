//! `[[condition]]`: each demand with keys of its own.

use serde_json::{Value, json};

use super::super::condition::{Answer, Demand};
use super::super::in_force;
use super::super::layer::Direction;
use super::super::read_condition::{KEYS, keys_of};
use super::layers;
use super::shape::{
    self, add, amount, any_text, codes, date, flag, key, keys, list, may, modifier, need, number,
    one_of, unknown, windows, words,
};
use crate::domain::codes::{DiagnosisClass, Mode};
use crate::domain::document::DocumentKind;
use crate::domain::windows::{MAX_DAYS, Window};

/// Keys that a demand may go without.
const OPTIONAL: &[&str] =
    &["any", "peer_older", "grace_visits", "length", "first_month", "episode"];

pub(super) fn table() -> Value {
    let mut condition = shape::table(vec![
        need("key", "Unique among conditions.", key()),
        need("services", "Services of the pack.", keys(1)),
        need("demand", "What is demanded.", one_of(Demand::NAMES.iter().copied())),
        may("when", "Of which visits.", shape::when()),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        may("answer", "What becomes of a visit that does not meet it.", codes!(Answer)),
        may("layer", "Whose rule stands around this one.", layers::of_condition()),
        may("agreement", "How a contract may change or drop it.", codes!(Direction)),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
        may("modifiers", "Of the demand: which.", list(modifier(), 1)),
        may("question", "Of the demand: what is to be asked.", words(200)),
        may("classes", "Of the demand: which.", list(codes!(DiagnosisClass), 1)),
        may("any", "Whether each diagnosis is looked at.", flag()),
        may("families", "Beginnings of codes, such as F20.", list(any_text(), 1)),
        may("products", "Product lines.", keys(1)),
        may("modes", "Of the demand: which.", list(codes!(Mode), 1)),
        may("days", "Days between two visits face to face.", number(1, 366)),
        may("percent", "The greatest part.", number(1, 99)),
        may("window", "The window of the part.", unknown(one_of(Window::NAMES.iter().copied()))),
        may("length", "Months or days of a rolling window.", number(1, MAX_DAYS)),
        may("first_month", "First month of a fiscal year.", number(1, 12)),
        may("episode", "Kind of the episode of care.", key()),
        may("certificates", "Of the demand: which.", keys(1)),
        may("endorsements", "Of the demand: which.", keys(1)),
        may("years", "Full years.", number(1, 120)),
        may("peer_older", "Whether the peer is the older one.", flag()),
        may("units", "Of the demand: the most.", amount()),
        may("episodes", "Kinds of episodes.", keys(1)),
        may("one_of", "Documents that would do.", list(wanted(), 1)),
        may("grace_visits", "So many first visits go without.", number(1, 100)),
        may("about", "Ways to be related.", keys(1)),
        may("payer", "The payer to which such lines go, for people.", words(80)),
        may("most", "People on average, at most.", amount()),
        may("members", "Members of one peer, at most.", number(1, 1_000)),
        may("peers", "Peers of one supervisor, at most.", number(1, 100)),
    ]);
    for name in Demand::NAMES {
        shape::known(&mut condition, keys_of(name));
    }
    add(&mut condition, Demand::NAMES.iter().map(|name| of_demand(name)).collect());
    add(&mut condition, windows());
    condition
}

/// The keys that go with one demand.
fn of_demand(name: &str) -> Value {
    let own = keys_of(name);
    let all = [KEYS, in_force::KEYS, own].concat();
    let needed: Vec<&&str> = own.iter().filter(|key| !OPTIONAL.contains(key)).collect();
    json!({
        "if": { "properties": { "demand": { "const": name } }, "required": ["demand"] },
        "then": { "propertyNames": { "enum": all }, "required": needed },
    })
}

/// A document that is asked for.
pub(super) fn wanted() -> Value {
    let days = || number(1, 3_660);
    shape::table(vec![
        need("kind", "Its kind.", codes!(DocumentKind)),
        may("about", "It is about one of these.", keys(0)),
        may("signed", "It was signed by the service date.", flag()),
        may("valid_days", "Days for which it is good.", days()),
        may("review_days", "Plans: days for which it is good after a review.", days()),
        may("min_score", "Assessments: the least score.", amount()),
        may("max_score", "Assessments: the greatest score.", amount()),
        may("elements", "It has all of these.", keys(0)),
    ])
}
