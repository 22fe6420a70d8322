//! `[[limit]]`, `[[authorization]]`, `[[modifier]]` and `[[copay]]`.

use serde_json::{Value, json};

use super::super::copay::Share;
use super::super::layer::Direction;
use super::super::limit::{Exceed, LimitScope};
use super::super::modifier_rule::Stacking;
use super::super::read_rules::{AUTHORIZATION_KEYS, LIMIT_KEYS};
use super::conditions::wanted;
use super::layers;
use super::shape::{
    self, Field, add, amount, codes, date, key, keys, list, may, modifier, need, number, one_of,
    unknown, windows,
};
use crate::domain::codes::Mode;
use crate::domain::windows::{MAX_DAYS, Window};

/// The keys of a window; its name is needed or not.
fn window(name: Field) -> Vec<Field> {
    vec![
        name,
        may("length", "Months or days of a rolling window.", number(1, MAX_DAYS)),
        may("first_month", "First month of a fiscal year.", number(1, 12)),
        may("episode", "Kind of the episode of care.", key()),
    ]
}

fn names() -> Value {
    unknown(one_of(Window::NAMES.iter().copied()))
}

pub(super) fn limit() -> Value {
    let mut fields = vec![
        need("key", "Unique among limits.", key()),
        need("services", "Services counted together.", keys(1)),
        may("units", "At most three decimals: 16, or \"8.5\".", unknown(amount())),
        may("hours", "In the place of `units`.", amount()),
        may("scope", "Whose units are counted together.", codes!(LimitScope)),
        may("modifiers", "Only lines with one of these.", list(modifier(), 0)),
        may("modes", "Only visits in one of these.", list(codes!(Mode), 0)),
        need("exceed", "What happens over the limit.", unknown(codes!(Exceed))),
        may(
            "necessity",
            "Documents that would show the excess to be necessary.",
            list(wanted(), 1),
        ),
        may("layer", "Whose rule stands around this one.", layers::of_limit()),
        may("agreement", "How a contract may change or drop it.", codes!(Direction)),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
    ];
    fields.extend(window(need("window", "The days counted together.", names())));
    fields.push(may("when", "It is looked at for these visits only.", shape::when()));
    let mut limit = shape::table(fields);
    shape::known(&mut limit, LIMIT_KEYS);
    shape::either(&mut limit, "units", "hours");
    let others: Vec<&str> =
        Exceed::ALL.iter().filter(|e| **e != Exceed::Necessity).map(|e| e.as_str()).collect();
    add(&mut limit, vec![shape::given("exceed", &others, &[], &["necessity"])]);
    add(&mut limit, windows());
    limit
}

pub(super) fn authorization() -> Value {
    let block = shape::table(vec![
        need("units", "Units.", number(1, 100_000)),
        need("days", "Days.", number(1, 3_660)),
    ]);
    let mut fields = vec![
        need("key", "Unique among these rules.", key()),
        need("services", "Services counted together.", keys(1)),
        need("require", "When one is needed.", unknown(one_of(["never", "always", "after"]))),
        may("free_units", "With `after`: only what is above needs one.", number(1, 100_000)),
        may("modifiers", "Only lines with one of these need one.", list(modifier(), 0)),
        may("block", "The most that the payer approves at a time.", block),
        may("layer", "Whose rule stands around this one.", layers::of_authorization()),
        may(
            "agreement",
            "How a contract may change the free units, or drop the rule.",
            codes!(Direction),
        ),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        need("source", "A source.", key()),
        may("source_of", "Sources of single values.", shape::source_of()),
    ];
    fields.extend(window(may("window", "With `after`: the days in which they are free.", names())));
    let mut rule = shape::table(fields);
    shape::known(&mut rule, AUTHORIZATION_KEYS);
    let of_after = ["free_units", "window", "length", "first_month", "episode"];
    add(
        &mut rule,
        vec![
            shape::given("require", &["after"], &["free_units", "window"], &[]),
            shape::given("require", &["never", "always"], &[], &of_after),
        ],
    );
    add(&mut rule, windows());
    rule
}

pub(super) fn modifier_rule() -> Value {
    let four = json!({ "type": "array", "items": modifier(), "uniqueItems": true, "minItems": 1,
        "maxItems": 4 });
    let mut rule = shape::table(vec![
        need("key", "Unique among these rules.", key()),
        need("services", "Services of the pack.", keys(1)),
        need("add", "Modifiers that their lines get.", four),
        may("when", "Of which visits.", shape::when()),
        may("percent", "What the allowance is multiplied by.", amount()),
        may("stacking", "Whether another change of the price may stand beside.", codes!(Stacking)),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        need("source", "A source.", key()),
    ]);
    add(&mut rule, vec![json!({ "dependencies": { "stacking": ["percent"] } })]);
    rule
}

pub(super) fn copay() -> Value {
    let mut copay = shape::table(vec![
        need("key", "Unique among copays.", key()),
        need("services", "Services of the pack.", keys(1)),
        may("per_unit", "Dollars for a unit.", amount()),
        may("per_visit", "In its place: dollars for a visit.", amount()),
        may("per_day", "In its place: dollars for a member's day.", amount()),
        may("when", "Of which visits.", shape::when()),
        may("from", "First service date.", date()),
        may("to", "Last service date.", date()),
        may("layer", "Whose rule stands around this one.", layers::of_copay()),
        may("agreement", "How a contract may change or drop it.", codes!(Direction)),
        need("source", "A source.", key()),
    ]);
    let one: Vec<Value> = Share::NAMES.iter().map(|name| json!({ "required": [name] })).collect();
    add(&mut copay, vec![json!({ "oneOf": one })]);
    copay
}
