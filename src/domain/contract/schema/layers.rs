//! `layer` of every kind of rule, and `[[dropped]]`.

use serde_json::{Value, json};

use super::super::copay::Share;
use super::super::dropped::DroppedKind;
use super::super::layer::Direction;
use super::super::read_layer::MAX_FROM_ZERO;
use super::shape::{
    self, Field, add, amount, any_text, codes, flag, key, keys, list, may, modifier, need, number,
    one_of, windows, words,
};
use crate::domain::codes::{DiagnosisClass, Mode, Role, Setting};
use crate::domain::windows::{MAX_DAYS, Window};

/// A layer that may say these.
fn table(own: Vec<Field>, added: bool) -> Value {
    let mut fields = vec![
        need("of", "Whose rule stands around this one.", key()),
        need("may", "How this one may differ from it.", codes!(Direction)),
        may("added", "Whether it has no such rule.", flag()),
        need("source", "A source.", key()),
    ];
    fields.extend(own);
    let least = if added { 3 } else { 4 };
    let mut layer = shape::table(fields);
    if let Value::Object(layer) = &mut layer {
        layer.insert("minProperties".into(), json!(least));
    }
    layer
}

fn units() -> Vec<Field> {
    vec![
        may("units", "Its units.", amount()),
        may("window", "In which days they count.", one_of(Window::NAMES.iter().copied())),
        may("length", "Months or days of a rolling window.", number(1, MAX_DAYS)),
        may("first_month", "First month of a fiscal year.", number(1, 12)),
        may("episode", "Kind of the episode of care.", key()),
    ]
}

pub(super) fn of_limit() -> Value {
    let mut layer = table(units(), true);
    add(&mut layer, windows());
    layer
}

pub(super) fn of_authorization() -> Value {
    let mut fields = units();
    let needs = one_of(["always", "after", "never"]);
    fields.push(may("require", "When one is needed.", needs));
    let mut layer = table(fields, true);
    add(&mut layer, windows());
    layer
}

pub(super) fn of_service() -> Value {
    let own = vec![
        may("min_age", "Its youngest age.", number(0, MAX_FROM_ZERO)),
        may("max_age", "Its oldest age.", amount()),
        may("min_minutes", "Its fewest minutes.", number(0, MAX_FROM_ZERO)),
        may("provisional_months", "Its months without a certificate.", number(0, MAX_FROM_ZERO)),
        may("min_size", "Its smallest group.", amount()),
        may("max_size", "Its largest group.", amount()),
        may("members_per_peer", "People whom one peer may lead.", amount()),
        may("roles", "Its roles.", list(codes!(Role), 1)),
        may("modes", "Its modes.", list(codes!(Mode), 1)),
        may("settings", "Its settings.", list(codes!(Setting), 1)),
        may("certificates", "Its kinds of certificate.", keys(1)),
        may("diagnosis_classes", "Its classes of diagnoses.", list(codes!(DiagnosisClass), 1)),
        may("allowed", "Its dollars for a unit.", amount()),
    ];
    table(own, true)
}

pub(super) fn of_condition() -> Value {
    let own = vec![
        may("units", "Its units of one visit.", amount()),
        may("days", "Its days between two visits.", amount()),
        may("percent", "Its greatest part.", amount()),
        may("years", "Its years.", amount()),
        may("most", "Its people on average.", amount()),
        may("members", "Its members of one peer.", amount()),
        may("peers", "Its peers of one supervisor.", amount()),
        may("grace_visits", "Its visits that go without.", number(0, MAX_FROM_ZERO)),
        may("modifiers", "Its modifiers.", list(modifier(), 1)),
        may("families", "Its families of diagnoses.", list(any_text(), 1)),
        may("products", "Its product lines.", keys(1)),
        may("modes", "Its modes.", list(codes!(Mode), 1)),
        may("certificates", "Its certificates.", keys(1)),
        may("endorsements", "Its endorsements.", keys(1)),
        may("episodes", "Its episodes.", keys(1)),
        may("classes", "Its classes of diagnoses.", list(codes!(DiagnosisClass), 1)),
        may("about", "Its ways to be related.", keys(1)),
        may("answer", "Its answer.", one_of(["hold", "warn"])),
    ];
    table(own, true)
}

pub(super) fn of_copay() -> Value {
    table(Share::NAMES.iter().map(|name| may(name, "Its dollars.", amount())).collect(), true)
}

pub(super) fn of_filing() -> Value {
    let own = vec![
        may("days", "Its days.", amount()),
        may("months", "Its months.", amount()),
        may("stop_days", "Its days after which it ends.", amount()),
    ];
    table(own, false)
}

pub(super) fn of_documentation() -> Value {
    let own = vec![
        may("signed_note", "Whether it asks for a signed note.", flag()),
        may("plan_goal", "Whether it asks for a goal.", flag()),
    ];
    table(own, false)
}

/// A rule of a layer that the pack does not have.
pub(super) fn dropped() -> Value {
    shape::table(vec![
        need("of", "Whose rule it is.", key()),
        need("kind", "Of which kind.", codes!(DroppedKind)),
        need("what", "What it says.", words(200)),
        need("why", "Why it does not hold here.", words(200)),
        need("may", "In which direction that layer may be left.", codes!(Direction)),
        need("source", "A source.", key()),
    ])
}
