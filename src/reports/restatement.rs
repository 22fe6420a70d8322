//! What an issue changes of the one before it: each number, and the visits' changes that are its cause.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};

use super::causes::{Beside, beside, causes};
use super::frame::{Asked, Basis, Check, Column, Kind, Table};
use super::issue::{Manifest, Rows, rows};
use super::parts::{self, Made, Step};
use super::registry;
use super::source::Source;
use super::table::Objects;
use super::wave::movement::{self, Places};
use super::wave::part2;
use crate::domain::ids::ReportIssueId;
use crate::error::AppError;
use crate::store::Conn;

/// Reports whose totals are those of the movement, by the columns that have the same meaning there, before
/// and after.
const MOVED: &[(&str, &[(&str, &str)])] = &[
    (
        "utilization",
        &[
            ("encounters_recorded", "contacts"),
            ("units_recorded", "units"),
            MINUTES,
            ("billed", "billed"),
            ("expected", "expected"),
        ],
    ),
    ("delivery", &[CONTACTS, UNITS, MINUTES]),
    ("mix", &[CONTACTS, UNITS, MINUTES]),
    ("dollars", &[("billed", "billed"), ("expected", "expected")]),
    ("completeness", &[("recorded", "contacts"), ("units_recorded", "units")]),
];
const CONTACTS: (&str, &str) = ("contacts", "contacts");
const UNITS: (&str, &str) = ("units", "units");
const MINUTES: (&str, &str) = ("contact_minutes", "contact_minutes");

/// One number that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The row's words; none for the totals.
    pub row: Option<Map<String, Value>>,
    /// The column.
    pub column: &'static str,
    /// As issued before; null where there was no such row, or no such number.
    pub before: Value,
    /// As issued now.
    pub after: Value,
    /// After less before, where both are numbers; a row that is not there counts as nothing.
    pub difference: Option<String>,
    /// Why: steps of the movement and what changed beside the visits, or the parts of what it was made of.
    pub causes: Vec<&'static str>,
    /// What each part changed, from before to after, where its source is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// An issue whose numbers are compared.
#[derive(Clone, Copy)]
pub struct Restated<'a> {
    /// Everything about it but its rows.
    pub manifest: &'a Manifest,
    /// Its JSON.
    pub json: &'a [u8],
    /// What it was made of that keeps no past, where that is kept.
    pub source: Option<&'a Source>,
}

/// What the new issue changes, and why.
#[derive(Debug, Serialize)]
struct Restatement<'a> {
    supersedes: ReportIssueId,
    issue: ReportIssueId,
    cause: &'a str,
    /// For payers, where rows are people's: whether rows that may not be told now may be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out_without_consent: Option<bool>,
    from_as_of: crate::domain::dates::Instant,
    to_as_of: crate::domain::dates::Instant,
    changes: Vec<Change>,
    movement: Option<Value>,
    beside: Vec<Beside>,
    /// None where nothing may be told, and where what the issue before was made of was not kept yet.
    ties: Option<bool>,
    checks: Vec<Check>,
}

/// Writes the restatement, as JSON. `walled`, of people's rows for a payer: whether somebody may be hidden
/// from it now who was told before. Then only rows that the new issue has are restated, without totals: what
/// is gone would tell of them once more. Where rows are of several people, none is.
pub fn restate(
    conn: &mut Conn,
    asked: &Asked,
    walled: Option<bool>,
    before: Restated<'_>,
    after: Restated<'_>,
) -> Result<Vec<u8>, AppError> {
    let definition = registry::find(&after.manifest.report, asked.lens.edition)?;
    let (old, new) = (rows(before.json)?, rows(after.json)?);
    let mut changes = changes(definition.columns, &old, &new);
    let told = walled != Some(true) || part2::of_one_each(definition.name);
    if !told {
        // Sums: what they lost is who is gone.
        changes.clear();
    } else if walled == Some(true) {
        let still = words_of(definition.columns, &new.0);
        changes.retain(|change| change.row.as_ref().is_some_and(|row| still.contains(&text(row))));
    }
    let sources = before.source.zip(after.source).filter(|_| definition.keeps_source());
    let (before, after) = (before.manifest, after.manifest);
    let mut beside = beside(conn, asked, (before, &old), (after, &new))?;
    let (mut movement, mut checks) = (None, None);
    if let Some((source, new_source)) = sources.filter(|_| told) {
        let before = Made { manifest: before, rows: &old, source };
        let after = Made { manifest: after, rows: &new, source: new_source };
        let of = (definition, asked);
        checks = Some(parts::explain(conn, of, (before, after), &mut changes)?);
        beside.retain(|_| changes.iter().any(|change| change.causes.contains(&parts::DEFINITION)));
    } else if definition.has_past() && definition.name != "movement" {
        let (steps, places, mut all) = moved(conn, asked, (before, after))?;
        all.extend(totals(sums_of(definition.name), &steps, &old, &new));
        all.push(causes(conn, definition.name, &mut changes, (&mut beside, &places))?);
        (movement, checks) = (Some(steps), Some(all));
    }
    let restatement = Restatement {
        supersedes: before.id,
        issue: after.id,
        cause: after.cause.as_deref().unwrap_or_default(),
        left_out_without_consent: walled,
        from_as_of: before.as_of,
        to_as_of: after.as_of,
        changes,
        ties: checks.as_ref().map(|checks| checks.iter().all(|c| c.holds)),
        movement,
        beside,
        checks: checks.unwrap_or_default(),
    };
    serde_json::to_vec(&restatement).map_err(unwritten)
}

/// What became of the visits between two issues: the movement's steps, where, and what adds up in it.
fn moved(
    conn: &mut Conn,
    asked: &Asked,
    (before, after): (&Manifest, &Manifest),
) -> Result<(Value, Places, Vec<Check>), AppError> {
    let (since, as_of) = (Some(before.as_of), Some(after.as_of));
    let group_by = Vec::new();
    let asked = Asked { since, as_of, convention: None, group_by, ..asked.clone() };
    let (mut moved, places) = movement::with_places(conn, &asked, after.as_of)?;
    if matches!(asked.basis, Basis::Receipt | Basis::Paid) {
        moved.table = Table::new(movement::COLUMNS);
    }
    let steps =
        serde_json::to_value(Objects(moved.table.columns, &moved.table.rows)).map_err(unwritten)?;
    Ok((steps, places, moved.ties.checks))
}

fn unwritten(error: serde_json::Error) -> AppError {
    AppError::internal(format!("a restatement cannot be written: {error}"))
}

/// The columns of a report whose totals are those of the movement.
pub(super) fn sums_of(report: &str) -> &'static [(&'static str, &'static str)] {
    MOVED.iter().find(|(name, _)| *name == report).map_or(&[], |(_, pairs)| *pairs)
}

/// What was given out, then and now, against the visits of both times.
fn totals(pairs: &[(&str, &str)], steps: &Value, old: &Rows, new: &Rows) -> Vec<Check> {
    let mut checks = Vec::new();
    for (column, step) in pairs {
        for (name, totals, what) in
            [("opening", &old.1, "as issued before"), ("closing", &new.1, "as issued now")]
        {
            let row = steps.as_array().and_then(|all| all.iter().find(|r| r["step"] == name));
            let visits = row.and_then(|row| number(&row[*step]));
            let total = totals.get(*column).and_then(number);
            // Units of different lengths are told in neither.
            if let Some((total, visits)) = total.zip(visits) {
                checks.push(check(format!("{column}, {what}: total = {name}"), total, visits));
            }
        }
    }
    checks
}

fn check(what: String, left: Decimal, right: Decimal) -> Check {
    Check {
        what,
        left: left.to_string(),
        right: right.to_string(),
        difference: (left - right).to_string(),
        holds: left == right,
    }
}

pub(super) fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// How much more a number is than it was. Where there is no such row, there is nothing; a null in a row is no
/// number.
pub(super) fn difference(was: Option<&Value>, is: Option<&Value>) -> Option<String> {
    let of = |value: Option<&Value>| value.map_or(Some(Decimal::ZERO), number);
    of(is).zip(of(was)).map(|(is, was)| (is - was).to_string())
}

/// A row before and after.
type Pair<'a> = (Option<&'a Map<String, Value>>, Option<&'a Map<String, Value>>);

/// The words of rows, as changes name them, each as one text.
pub(super) fn words_of(columns: &[Column], rows: &[Map<String, Value>]) -> BTreeSet<String> {
    rows.iter().map(|row| text(&named(columns.iter().filter(|c| c.key), row))).collect()
}

pub(super) fn text(row: &Map<String, Value>) -> String {
    Value::Object(row.clone()).to_string()
}

fn named<'a>(
    keys: impl Iterator<Item = &'a Column>,
    row: &Map<String, Value>,
) -> Map<String, Value> {
    keys.filter_map(|c| Some((c.name.to_owned(), row.get(c.name)?.clone()))).collect()
}

/// Every number that differs, row by row in order of their words, the totals last.
fn changes(columns: &'static [Column], old: &Rows, new: &Rows) -> Vec<Change> {
    let (keys, numbers): (Vec<&Column>, Vec<&Column>) = columns.iter().partition(|c| c.key);
    let words = |row: &Map<String, Value>| -> Vec<String> {
        keys.iter().map(|c| row.get(c.name).map(Value::to_string).unwrap_or_default()).collect()
    };
    let mut both: BTreeMap<Vec<String>, Pair> = BTreeMap::new();
    for row in &old.0 {
        both.entry(words(row)).or_default().0 = Some(row);
    }
    for row in &new.0 {
        both.entry(words(row)).or_default().1 = Some(row);
    }
    let mut all = Vec::new();
    for (before, after) in both.into_values() {
        let row = before.or(after).map(|row| named(keys.iter().copied(), row)).unwrap_or_default();
        all.extend(between(&numbers, before, after, Some(&row)));
    }
    all.extend(between(&numbers, Some(&old.1), Some(&new.1), None));
    all
}

fn between(
    numbers: &[&'static Column],
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
    row: Option<&Map<String, Value>>,
) -> Vec<Change> {
    let of = |row: Option<&Map<String, Value>>, name: &str| {
        row.and_then(|row| row.get(name).cloned()).unwrap_or(Value::Null)
    };
    let pairs = numbers.iter().map(|c| (*c, of(before, c.name), of(after, c.name)));
    pairs
        .filter(|(_, before, after)| before != after)
        .map(|(column, was, is)| {
            let there = (before.map(|_| &was), after.map(|_| &is));
            let difference = difference(there.0, there.1)
                .filter(|_| !matches!(column.kind, Kind::Date | Kind::Text));
            let (row, column) = (row.cloned(), column.name);
            let (causes, steps) = (Vec::new(), Vec::new());
            Change { row, column, before: was, after: is, difference, causes, steps }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::key("month", ""),
        Column::sum("units", "units", ""),
        Column::rate("share", "", ""),
    ];

    fn rows(list: &[Value], totals: &Value) -> Rows {
        let map = |v: &Value| v.as_object().unwrap().clone();
        (list.iter().map(map).collect(), map(totals))
    }

    #[test]
    fn each_number_that_moved_is_told_with_its_row() {
        let july =
            |units: i64, share: Value| json!({"month": "2026-07", "units": units, "share": share});
        let total = |units: i64| json!({"month": "all", "units": units, "share": null});
        let old = rows(&[july(4, json!("0.5000"))], &total(4));
        let new = rows(
            &[july(6, Value::Null), json!({"month": "2026-08", "units": 3, "share": null})],
            &total(9),
        );
        let said: Vec<_> = changes(COLUMNS, &old, &new)
            .into_iter()
            .map(|c| (c.row.map(|r| r["month"].clone()), c.column, c.before, c.after, c.difference))
            .collect();
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(
            said,
            [
                (Some(json!("2026-07")), "units", json!(4), json!(6), text("2")),
                // A null is no zero: there is no difference to tell.
                (Some(json!("2026-07")), "share", json!("0.5000"), Value::Null, None),
                // A row that was not there had nothing.
                (Some(json!("2026-08")), "units", Value::Null, json!(3), text("3")),
                (None, "units", json!(4), json!(9), text("5")),
            ]
        );
        assert!(changes(COLUMNS, &new, &new).is_empty());
        let words = words_of(COLUMNS, &new.0);
        assert!(words.contains(r#"{"month":"2026-08"}"#) && words.len() == 2, "{words:?}");
    }
}
