//! What each part of what a report was made of changed, where that keeps no past: the report is made again of what
//! was kept with the issue before, then one part after the other is taken from the new issue. What a part changes
//! is its step, and the steps of a number lead from what was issued before to what is issued now
//! (`docs/adr/0149`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::frame::{Asked, Check, Column};
use super::issue::{self, Manifest, Rows};
use super::registry::Definition;
use super::restatement::{Change, difference, text, words_of};
use super::source::{Part, Source};
use super::tally::count;
use crate::error::AppError;
use crate::store::Conn;

/// What one part changed of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The part.
    pub cause: &'static str,
    /// The number without it; null where there was no such row, or no such number.
    pub before: Value,
    /// The number with it.
    pub after: Value,
    /// After less before, as of a change.
    pub difference: Option<String>,
}

/// An issue, as it was written and as it was made.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) rows: &'a Rows,
    pub(super) source: &'a Source,
}

/// The cause of what another version of the report's definition changed.
pub(super) const DEFINITION: &str = "definition";

/// Writes its steps and causes to each change. Gives what must hold: nothing is changed by no part.
pub(super) fn explain(
    conn: &mut Conn,
    (definition, asked): (&'static Definition, &Asked),
    (before, after): (Made<'_>, Made<'_>),
    changes: &mut [Change],
) -> Result<Vec<Check>, AppError> {
    let mut again = |source: &mut Source| -> Result<Rows, AppError> {
        let at = after.manifest.as_of;
        let answer = issue::again(conn, definition, asked.clone(), (at, source))?;
        issue::rows(&answer.bytes(super::formats::Format::Json)?)
    };
    let cells = |rows: &Rows| Cells::of(definition.columns, rows);
    let mut source = before.source.clone();
    let mut steps =
        vec![(DEFINITION, cells(before.rows)), (DEFINITION, cells(&again(&mut source)?))];
    source.complete(after.source);
    // Who may not be told of by then or now is in none of the numbers between.
    if source.differs(after.source, Part::Consents) {
        source.hide(after.source);
        steps.push((Part::Consents.as_str(), cells(&again(&mut source)?)));
    }
    let named = [Part::Names, Part::Coverages];
    // At last what is named in the new one only, and who may be told of.
    for part in Part::ALL
        .into_iter()
        .filter(|part| *part != Part::Consents)
        .chain(named)
        .chain([Part::Consents])
    {
        if !source.differs(after.source, part) {
            continue;
        }
        let seen = steps.iter().any(|(cause, _)| *cause == part.as_str());
        if named.contains(&part) && !seen {
            source.join(part, after.source);
        } else {
            source.exchange(part, after.source);
        }
        steps.push((part.as_str(), cells(&again(&mut source)?)));
    }
    let mut open = 0;
    for change in &mut *changes {
        let places = steps.iter().map(|(cause, cells)| (*cause, cells.at(change)));
        change.steps = walk(places.collect());
        if change.difference.is_none() {
            // Days and words have none.
            change.steps.iter_mut().for_each(|step| step.difference = None);
        }
        let mut causes: Vec<&'static str> = Vec::new();
        for step in &change.steps {
            if !causes.contains(&step.cause) {
                causes.push(step.cause);
            }
        }
        open += usize::from(change.steps.last().is_none_or(|step| step.after != change.after));
        change.causes = causes;
    }
    let same = before.manifest.definition == after.manifest.definition;
    let other = changes.iter().filter(|c| same && c.causes.contains(&DEFINITION)).count();
    Ok(vec![
        Check::whole("numbers that are made otherwise of what was kept = none", count(other), 0),
        Check::whole("changes whose steps lead elsewhere = none", count(open), 0),
    ])
}

/// The steps on which a number moved; none: there is no such row.
fn walk(places: Vec<(&'static str, Option<Value>)>) -> Vec<Step> {
    let told = |place: Option<&Value>| place.cloned().unwrap_or_default();
    let mut moved: Vec<(&'static str, Option<Value>)> = Vec::new();
    for (cause, value) in places {
        match moved.last_mut() {
            // No row is told as null is, so that this is no step. It counts as no row wherever there was none on the
            // way: of that it is known how much it is, and the steps add up to the change, which looks at its ends.
            Some((_, last)) if told(last.as_ref()) == told(value.as_ref()) => {
                if value.is_none() {
                    *last = None;
                }
            }
            _ => moved.push((cause, value)),
        }
    }
    let pairs = moved.iter().zip(moved.iter().skip(1));
    pairs
        .map(|((_, was), (cause, is))| {
            let (was, is) = (was.as_ref(), is.as_ref());
            let difference = difference(was, is);
            Step { cause, before: told(was), after: told(is), difference }
        })
        .collect()
}

/// The rows of a table by their words, and its totals.
struct Cells {
    rows: BTreeMap<String, Map<String, Value>>,
    totals: Map<String, Value>,
}

impl Cells {
    fn of(columns: &[Column], (rows, totals): &Rows) -> Self {
        let of = |row: &Map<String, Value>| {
            let words = words_of(columns, std::slice::from_ref(row)).into_iter().next();
            (words.unwrap_or_default(), row.clone())
        };
        Self { rows: rows.iter().map(of).collect(), totals: totals.clone() }
    }

    /// What stands where the change is; none: there is no such row.
    fn at(&self, change: &Change) -> Option<Value> {
        let row = match &change.row {
            Some(words) => self.rows.get(&text(words)),
            None => Some(&self.totals),
        };
        row.map(|row| row.get(change.column).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_lead_from_one_number_to_the_other() {
        let places = |list: &[(&'static str, Value)]| {
            walk(list.iter().map(|(cause, value)| (*cause, Some(value.clone()))).collect())
        };
        let steps = places(&[
            ("definition", json!(4)),
            ("definition", json!(4)),
            ("time", json!(4)),
            ("authorizations", Value::Null),
            ("released", json!(7)),
        ]);
        let step =
            |cause, before: Value, after: Value| Step { cause, difference: None, before, after };
        assert_eq!(
            steps,
            [
                step("authorizations", json!(4), Value::Null),
                step("released", Value::Null, json!(7))
            ]
        );
        let moved = places(&[("definition", json!("4.00")), ("time", json!("5.50"))]);
        assert_eq!(moved[0].difference.as_deref(), Some("1.50"));
        assert!(places(&[("definition", json!(1)), ("time", json!(1))]).is_empty());
        let begun = walk(vec![("definition", None), ("time", Some(json!(3))), ("units", None)]);
        let told: Vec<_> = begun.iter().map(|step| step.difference.as_deref()).collect();
        assert_eq!(told, [Some("3"), Some("-3")], "a row that is not there counts as nothing");
        assert!(walk(vec![("definition", None), ("time", Some(Value::Null))]).is_empty());
    }

    #[test]
    fn no_row_and_a_null_beside_it_are_one_place() {
        let (null, three) = (Some(Value::Null), Some(json!(3)));
        let walked =
            |places: &[&Option<Value>]| -> Vec<(&'static str, Value, Value, Option<String>)> {
                let causes = ["definition", "authorizations", "released", "units"];
                let places = causes.into_iter().zip(places.iter().map(|place| (*place).clone()));
                let steps = walk(places.collect());
                steps.into_iter().map(|s| (s.cause, s.before, s.after, s.difference)).collect()
            };
        let step = |cause: &'static str, before: Value, after: Value, difference: Option<&str>| {
            (cause, before, after, difference.map(str::to_owned))
        };
        assert_eq!(
            walked(&[&None, &null, &three]),
            [step("released", Value::Null, json!(3), Some("3"))]
        );
        assert_eq!(
            walked(&[&three, &null, &None]),
            [step("authorizations", json!(3), Value::Null, Some("-3"))]
        );
        assert_eq!(
            walked(&[&three, &None, &null, &three]),
            [
                step("authorizations", json!(3), Value::Null, Some("-3")),
                step("units", Value::Null, json!(3), Some("3"))
            ]
        );
        // Of a row that is there all the time nobody knows how much its null is.
        assert_eq!(
            walked(&[&three, &null, &null, &three]),
            [
                step("authorizations", json!(3), Value::Null, None),
                step("units", Value::Null, json!(3), None)
            ]
        );
    }
}
