//! Why numbers of an issue are others than those of the issue before it: the steps of the visits of their rows,
//! and what changed beside the visits. What has no cause does not tie (`docs/adr/0145`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::frame::{Asked, Check};
use super::issue::{Manifest, Rows};
use super::registry;
use super::restatement::{Change, number, sums_of, text, words_of};
use super::tally::count;
use super::utilization::Perspective;
use super::wave::movement::{Places, STEPS};
use super::wave::organizations;
use crate::domain::dates::Instant;
use crate::error::AppError;
use crate::store::{self, Conn, StoreError};

/// What changes a report beside what becomes of its visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Beside {
    /// Another version of what its numbers mean.
    Definition,
    /// Another file of who is enrolled.
    Enrollment,
    /// Days that have passed for what waits, in these rows.
    Time(BTreeSet<String>),
    /// An organization is in another zone, where what waits, in these rows, is on another day.
    Zone(BTreeSet<String>),
    /// Rosters that join enrolled numbers, or no longer do.
    Numbers,
}

impl Serialize for Beside {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Beside {
    const fn name(&self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Enrollment => "enrollment",
            Self::Time(_) => "time",
            Self::Zone(_) => "zone",
            Self::Numbers => "numbers",
        }
    }

    /// Whether a change may be of this cause.
    fn explains(&self, change: &Change) -> bool {
        match self {
            Self::Definition | Self::Enrollment | Self::Numbers => true,
            // Who waits is due once its days have passed; nothing else of a report grows old.
            Self::Time(waiting) | Self::Zone(waiting) => {
                let grows =
                    ["due_", "share_within_"].iter().any(|of| change.column.starts_with(of));
                grows && change.row.as_ref().is_none_or(|row| waiting.contains(&text(row)))
            }
        }
    }
}

/// What is another one between two issues beside the visits.
pub(super) fn beside(
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
    if let (Perspective::Payer, "rates", Some(payer)) =
        (asked.lens.edition, after.report.as_str(), asked.lens.payer)
        && store::persons::changed(conn, payer, (before.as_of, after.as_of))?
    {
        list.push(Beside::Numbers);
    }
    let waits = |row: &&Map<String, Value>| {
        let of = |name: &str| row.get(name).and_then(number);
        of("started").zip(of("finished")).is_some_and(|(started, finished)| finished < started)
    };
    let waiting: Vec<Map<String, Value>> = old.0.iter().filter(waits).cloned().collect();
    if waiting.is_empty() {
        return Ok(list);
    }
    let columns = registry::find(&after.report, asked.lens.edition)?.columns;
    let (mut passed, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    for (id, key) in organizations(conn, asked)? {
        let own: Vec<_> =
            waiting.iter().filter(|row| row["organization"] == *key).cloned().collect();
        let words = words_of(columns, &own);
        let mut zone = |at: Instant| store::report_facts::zone_at(conn, id, at);
        let (then, now) = (zone(before.as_of)?, zone(after.as_of)?);
        if then.date_of(before.as_of) != then.date_of(after.as_of) {
            passed.extend(words.iter().cloned());
        }
        if then.date_of(after.as_of) != now.date_of(after.as_of) {
            elsewhere.extend(words);
        }
    }
    if !passed.is_empty() {
        list.push(Beside::Time(passed));
    }
    if !elsewhere.is_empty() {
        list.push(Beside::Zone(elsewhere));
    }
    Ok(list)
}

/// Writes its causes to each change; what explains nothing is taken from `beside`. A change without any is
/// counted.
pub(super) fn causes(
    conn: &mut Conn,
    report: &str,
    changes: &mut [Change],
    (beside, places): (&mut Vec<Beside>, &Places),
) -> Result<Check, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let place = |((id, month), steps): (&(i64, i32), &BTreeMap<&'static str, bool>)| {
        let name = names.get(id).cloned().unwrap_or_default();
        (name, format!("{:04}-{:02}", month / 100, month % 100), steps.clone())
    };
    Ok(explain(report, changes, beside, &places.iter().map(place).collect::<Vec<_>>()))
}

/// An organization, a month, and the steps of visits in it: whether they changed numbers.
type Place = (String, String, BTreeMap<&'static str, bool>);

fn explain(
    report: &str,
    changes: &mut [Change],
    beside: &mut Vec<Beside>,
    places: &[Place],
) -> Check {
    for change in &mut *changes {
        let word = |name: &str| change.row.as_ref().and_then(|row| row.get(name)?.as_str());
        let (organization, month) = (word("organization"), word("month"));
        let mut steps: BTreeMap<&str, bool> = BTreeMap::new();
        for (name, of_month, moved) in places {
            let of_it = |word: Option<&str>, own: &str| word.is_none_or(|w| w == own || w == "all");
            if of_it(organization, name) && of_it(month, of_month) {
                for (step, numbers) in moved {
                    *steps.entry(step).or_default() |= numbers;
                }
            }
        }
        let may =
            |step: &&&str| steps.get(**step).is_some_and(|n| *n || touches(report, step, change));
        let mut causes: Vec<&'static str> = STEPS.iter().filter(may).copied().collect();
        causes.extend(beside.iter().filter(|of| of.explains(change)).map(Beside::name));
        change.causes = causes;
    }
    beside.retain(|of| changes.iter().any(|change| change.causes.contains(&of.name())));
    let open = count(changes.iter().filter(|change| change.causes.is_empty()).count());
    Check::whole("changes without a cause = none", open, 0)
}

/// Whether a step that changed no number of any visit may change this one.
fn touches(report: &str, step: &str, change: &Change) -> bool {
    let is_sum = sums_of(report).iter().any(|(column, _)| *column == change.column);
    match step {
        // From one row to another; of all rows together only what is no sum over visits.
        "described" => change.row.is_some() || !is_sum,
        "waits" => {
            let told =
                ["utilization", "completeness", "held", "dollars", "timeliness"].contains(&report);
            told && !is_sum
        }
        // What is told of claims, also of visits that are counted by nobody else.
        _ => ["acceptance", "timeliness"].contains(&report),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(row: &Value, column: &'static str) -> Change {
        Change {
            row: row.as_object().cloned(),
            column,
            before: json!(60),
            after: json!(74),
            difference: Some("14".to_owned()),
            causes: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A report, a row, a column; where which step was, and whether it changed numbers; the causes of that.
    type Case<'a> = (&'a str, &'a Value, &'static str, Place, Vec<&'static str>);

    fn place(name: &str, month: &str, step: &'static str, numbers: bool) -> Place {
        (name.to_owned(), month.to_owned(), BTreeMap::from([(step, numbers)]))
    }

    fn explained(cases: &[Case<'_>]) {
        for (report, row, column, moved, causes) in cases {
            let mut list = [change(row, column)];
            let check = explain(report, &mut list, &mut Vec::new(), std::slice::from_ref(moved));
            assert_eq!(list[0].causes, *causes, "{report} {row} {column} {moved:?}");
            assert_eq!(check.holds, !causes.is_empty());
        }
    }

    #[test]
    fn each_number_has_a_cause_of_its_own_row() {
        let july = json!({"organization": "a", "month": "2026-07"});
        let all = &Value::Null;
        explained(&[
            (
                "delivery",
                &july,
                "contact_minutes",
                place("a", "2026-07", "corrected", true),
                vec!["corrected"],
            ),
            // Of another organization, of another month.
            (
                "delivery",
                &july,
                "contact_minutes",
                place("b", "2026-07", "corrected", true),
                vec![],
            ),
            (
                "delivery",
                &july,
                "contact_minutes",
                place("a", "2026-08", "corrected", true),
                vec![],
            ),
            (
                "delivery",
                all,
                "contact_minutes",
                place("b", "2026-08", "corrected", true),
                vec!["corrected"],
            ),
        ]);
    }

    #[test]
    fn what_a_step_cannot_do_it_does_not_explain() {
        let july = json!({"organization": "a", "month": "2026-07"});
        let all = &Value::Null;
        explained(&[
            ("delivery", &july, "units", place("a", "2026-07", "answered", false), vec![]),
            ("delivery", &july, "units", place("a", "2026-07", "waits", false), vec![]),
            ("delivery", all, "units", place("a", "2026-07", "described", false), vec![]),
            (
                "delivery",
                &july,
                "units",
                place("a", "2026-07", "described", false),
                vec!["described"],
            ),
            (
                "delivery",
                all,
                "staff_minutes",
                place("a", "2026-07", "described", false),
                vec!["described"],
            ),
            (
                "acceptance",
                &july,
                "accepted",
                place("a", "2026-07", "answered", false),
                vec!["answered"],
            ),
            ("completeness", &july, "recorded", place("a", "2026-07", "waits", false), vec![]),
            (
                "utilization",
                &july,
                "encounters_recorded",
                place("a", "2026-07", "waits", false),
                vec![],
            ),
            (
                "utilization",
                &july,
                "encounters_claimed",
                place("a", "2026-07", "waits", false),
                vec!["waits"],
            ),
            ("completeness", &july, "held", place("a", "2026-07", "waits", false), vec!["waits"]),
        ]);
    }

    #[test]
    fn only_what_explains_something_is_a_cause() {
        let row = json!({"organization": "a", "leg": "released"});
        let waiting = || BTreeSet::from([text(row.as_object().unwrap())]);
        let other = json!({"organization": "b", "leg": "released"});
        for (row, column, beside, causes) in [
            (&row, "due_30", Beside::Time(waiting()), vec!["time"]),
            (&row, "due_30", Beside::Zone(waiting()), vec!["zone"]),
            (&row, "started", Beside::Time(waiting()), vec![]),
            (&other, "due_30", Beside::Time(waiting()), vec![]),
            (&row, "started", Beside::Enrollment, vec!["enrollment"]),
        ] {
            let (mut list, mut beside) = ([change(row, column)], vec![beside]);
            let check = explain("timeliness", &mut list, &mut beside, &[]);
            assert_eq!((check.holds, beside.len()), (!causes.is_empty(), causes.len()), "{column}");
            assert_eq!(list[0].causes, causes);
        }
        let (mut nothing, mut beside) = ([], vec![Beside::Time(waiting())]);
        assert!(explain("timeliness", &mut nothing, &mut beside, &[]).holds && beside.is_empty());
    }
}
