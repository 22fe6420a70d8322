//! What an issue changes of the one before it: each number, and the visits' changes that are its cause.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};

use super::frame::{Asked, Check, Column, Kind};
use super::issue::{Manifest, Rows, rows};
use super::registry;
use super::table::Objects;
use super::tally::count;
use super::utilization::Perspective;
use super::wave::{organizations, part2};
use crate::domain::ids::ReportIssueId;
use crate::error::AppError;
use crate::store::{self, Conn};

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

/// What changes a report beside what becomes of its visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Beside {
    /// Another version of what its numbers mean.
    Definition,
    /// Another file of who is enrolled.
    Enrollment,
    /// Days that have passed for what waits.
    Time,
    /// Rosters that join enrolled numbers, or no longer do.
    Numbers,
}

impl Beside {
    /// Whether a change may be of this cause.
    fn explains(self, change: &Change) -> bool {
        match self {
            Self::Definition | Self::Enrollment | Self::Numbers => true,
            // Who waits is due once its days have passed; nothing else of a report grows old.
            Self::Time => ["due_", "share_within_"].iter().any(|of| change.column.starts_with(of)),
        }
    }
}

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
    /// None of a report that is made of the present only: nothing says what it was made of before.
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
    (before, before_json): (&Manifest, &[u8]),
    (after, after_json): (&Manifest, &[u8]),
) -> Result<Vec<u8>, AppError> {
    let definition = registry::find(&after.report, asked.lens.edition)?;
    let (old, new) = (rows(before_json)?, rows(after_json)?);
    let mut changes = changes(definition.columns, &old, &new);
    if walled == Some(true) && !part2::of_one_each(definition.name) {
        // Sums: what they lost is who is gone.
        changes.clear();
    } else if walled == Some(true) {
        let still = words_of(definition.columns, &new.0);
        changes.retain(|change| change.row.as_ref().is_some_and(|row| still.contains(&text(row))));
    }
    let beside = beside(conn, asked, (before, &old), (after, &new))?;
    let (mut movement, mut checks) = (None, Vec::new());
    if definition.rebuildable && definition.name != "movement" {
        let moved = registry::find("movement", asked.lens.edition)?;
        let (since, as_of) = (Some(before.as_of), Some(after.as_of));
        let group_by = Vec::new();
        let asked = Asked { since, as_of, convention: None, group_by, ..asked.clone() };
        let answer = registry::build(conn, moved, asked)?;
        checks.extend(answer.ties.checks.iter().cloned());
        let steps = serde_json::to_value(Objects(answer.table.columns, &answer.table.rows))
            .map_err(unwritten)?;
        let pairs = MOVED.iter().find(|(name, _)| *name == definition.name).map(|(_, p)| *p);
        for (column, step) in pairs.into_iter().flatten() {
            // What was given out, then and now, against the visits of both times.
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
        checks.push(causes(&changes, &beside, &steps));
        movement = Some(steps);
    }
    let restatement = Restatement {
        supersedes: before.id,
        issue: after.id,
        cause: after.cause.as_deref().unwrap_or_default(),
        left_out_without_consent: walled,
        from_as_of: before.as_of,
        to_as_of: after.as_of,
        changes,
        ties: movement.is_some().then(|| checks.iter().all(|c| c.holds)),
        movement,
        beside,
        checks,
    };
    serde_json::to_vec(&restatement).map_err(unwritten)
}

fn unwritten(error: serde_json::Error) -> AppError {
    AppError::internal(format!("a restatement cannot be written: {error}"))
}

/// What is another one between two issues beside the visits.
fn beside(
    conn: &mut Conn,
    asked: &Asked,
    (before, old): (&Manifest, &Rows),
    (after, new): (&Manifest, &Rows),
) -> Result<Vec<Beside>, AppError> {
    let mut list = Vec::new();
    if before.definition != after.definition {
        list.push(Beside::Definition);
    }
    if old.1.get("enrollment") != new.1.get("enrollment") {
        list.push(Beside::Enrollment);
    }
    let waits = |row: &Map<String, Value>| {
        let of = |name: &str| row.get(name).and_then(number);
        of("started").zip(of("finished")).is_some_and(|(started, finished)| finished < started)
    };
    if old.0.iter().any(waits) {
        for (id, _) in organizations(conn, asked)? {
            let zone = store::report_facts::zone(conn, id)?;
            if zone.date_of(before.as_of) != zone.date_of(after.as_of) {
                list.push(Beside::Time);
                break;
            }
        }
    }
    if let (Perspective::Payer, "rates", Some(payer)) =
        (asked.lens.edition, after.report.as_str(), asked.lens.payer)
        && store::persons::changed(conn, payer, (before.as_of, after.as_of))?
    {
        list.push(Beside::Numbers);
    }
    Ok(list)
}

/// A number that is another now, while nothing moved and nothing beside explains it, has no cause.
fn causes(changes: &[Change], beside: &[Beside], steps: &Value) -> Check {
    let moved = |row: &Value| row["changed"].as_i64().unwrap_or_default();
    let moved: i64 = steps.as_array().into_iter().flatten().map(moved).sum();
    let open = changes.iter().filter(|change| !beside.iter().any(|of| of.explains(change)));
    let open = if moved > 0 { 0 } else { count(open.count()) };
    Check::whole("changes without a cause = none", open, 0)
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

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A row before and after.
type Pair<'a> = (Option<&'a Map<String, Value>>, Option<&'a Map<String, Value>>);

/// The words of rows, as changes name them, each as one text.
fn words_of(columns: &[Column], rows: &[Map<String, Value>]) -> BTreeSet<String> {
    rows.iter().map(|row| text(&named(columns.iter().filter(|c| c.key), row))).collect()
}

fn text(row: &Map<String, Value>) -> String {
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
            let or_none = |value: &Value, there: bool| {
                number(value).or_else(|| (!there).then_some(Decimal::ZERO))
            };
            let difference = or_none(&is, after.is_some())
                .zip(or_none(&was, before.is_some()))
                .filter(|_| !matches!(column.kind, Kind::Date | Kind::Text))
                .map(|(is, was)| (is - was).to_string());
            Change { row: row.cloned(), column: column.name, before: was, after: is, difference }
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

    #[test]
    fn what_changed_without_a_cause_does_not_tie() {
        let change = |column| Change {
            row: None,
            column,
            before: json!(60),
            after: json!(74),
            difference: Some("14".to_owned()),
        };
        let steps = |changed: i64| {
            json!([
                {"step": "opening", "changed": 0},
                {"step": "answered", "changed": changed},
                {"step": "closing", "changed": 0},
            ])
        };
        let (minutes, due) = (vec![change("contact_minutes")], vec![change("due_30")]);
        for (changes, beside, moved, holds) in [
            (&minutes, vec![], 0, false),
            (&minutes, vec![], 1, true),
            (&minutes, vec![Beside::Time], 0, false),
            (&due, vec![Beside::Time], 0, true),
            (&minutes, vec![Beside::Enrollment], 0, true),
            (&Vec::new(), vec![], 0, true),
        ] {
            let told = causes(changes, &beside, &steps(moved));
            assert_eq!(told.holds, holds, "{changes:?} {beside:?}");
        }
    }
}
