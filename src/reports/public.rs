//! The cuts that anybody may read (P3): people served in a whole quarter, by organization, by the mode of
//! most of their contacts, and by how many contacts they had. Fixed cuts, no filters, small cells hidden;
//! given out as issues only, because each time that one asks would be another chance to subtract.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Months};

use super::frame::{Answer, Asked, Basis, Check, Column, RUN_OUT_DAYS, Table, Ties, Value};
use super::issue;
use super::registry::{Built, Definition, names};
use super::source::{Part, Source};
use super::tally::{count, visits};
use super::utilization::Perspective;
use crate::domain::dates::Instant;
use crate::domain::ids::ReportIssueId;
use crate::domain::report::suppress::{Sum, hidden, may_follow};
use crate::error::{AppError, Code};
use crate::store::{self, Conn, StoreError};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization; all: of all of them"),
    Column::key("cut", "all, mode (of most of the person's contacts) or contacts (how many)"),
    Column::key("value", "the value of the cut"),
    Column::distinct(
        "people",
        "people",
        "people with a contact on a released claim; someone served by two organizations counts in \
         each; null (suppressed) where it is hidden",
    ),
    Column::words(
        "suppressed",
        "yes: a count of 1 to 10, or one from which such a count could be worked out; zero may show",
    ),
];

const MODES: [&str; 3] = ["in_person", "video", "audio"];
/// Bands of contacts, by the most of each but the last.
const BANDS: [(&str, i64); 4] = [("1", 1), ("2-5", 5), ("6-12", 12), ("13+", i64::MAX)];
const CHAIN: &str = "all = organizations; each organization = its modes = its bands of contacts";

/// The table before anything is hidden: never given out.
struct Raw {
    keys: Vec<[String; 3]>,
    values: Vec<i64>,
    sums: Vec<Sum>,
}

/// People of an organization, by mode and by band.
#[derive(Debug, Default)]
struct People {
    all: i64,
    modes: [i64; MODES.len()],
    bands: [i64; BANDS.len()],
}

/// Refuses what is no whole quarter, or is narrowed to somebody, or has not run out.
fn look(asked: &Asked, as_of: Instant) -> Result<(), AppError> {
    let refuse = |detail: &str| Err(AppError::new(Code::InvalidParameter, detail.to_owned()));
    let first = asked.from.day() == 1 && asked.from.month0().is_multiple_of(3);
    let end = asked.from.checked_add_months(Months::new(3)).and_then(|day| day.pred_opt());
    if !first || end != Some(asked.to) || asked.basis != Basis::Service {
        return refuse("Public cuts are of a whole calendar quarter, by service date.");
    }
    if asked.lens.organization.is_some() || asked.lens.payer.is_some() {
        return refuse("Public cuts have no filters: they are of all organizations and payers.");
    }
    // A shorter run-out would call a quarter complete whose claims are still coming in.
    if asked.run_out_days < RUN_OUT_DAYS {
        let rule = format!("public cuts wait for {RUN_OUT_DAYS} days or longer");
        return Err(AppError::field("/run_out_days", rule));
    }
    if !asked.complete(as_of) {
        return refuse("Public cuts are made once the run-out of their quarter has passed.");
    }
    Ok(())
}

/// A row of an issue, as it was told.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// Makes the cuts as they may be told after those that were told before: `before` names the issues of the same
/// question, the one that this takes the place of first.
pub fn answer(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: Asked,
    (as_of, source): (Instant, &mut Source),
    before: Vec<ReportIssueId>,
) -> Result<Answer, AppError> {
    look(&asked, as_of)?;
    let seen_by = source.visits(conn, as_of)?;
    let raw = raw(conn, &asked, seen_by)?;
    let before: Vec<ReportIssueId> = source.of(conn, (Part::Told, ""), |_| Ok(before))?;
    let mut rows = Vec::new();
    for id in before {
        let json = store::report_issues::file(conn, id, "json")?;
        rows.push(issue::rows(&json.unwrap_or_default())?.0);
    }
    let built = told(&raw, &rows);
    let names = names(conn, &asked)?;
    let Built { table, ties, .. } = built;
    let (control, left_out, enrollment) = (None, None, Vec::new());
    Ok(Answer { definition, asked, names, as_of, table, ties, control, left_out, enrollment })
}

/// What stood in each row before: its number, and whether it was hidden. A row that is new was of nobody.
fn then(keys: &[[String; 3]], rows: &[Row]) -> (Vec<i64>, Vec<bool>) {
    let known: HashMap<[&str; 3], (i64, bool)> = rows
        .iter()
        .filter_map(|row| {
            let people = row.get("people").and_then(serde_json::Value::as_i64);
            Some((words(row)?, (people.unwrap_or_default(), people.is_none())))
        })
        .collect();
    let of = |key: &[String; 3]| {
        let [organization, cut, value] = key;
        known.get(&[organization.as_str(), cut, value]).copied().unwrap_or_default()
    };
    keys.iter().map(of).unzip()
}

fn words(row: &Row) -> Option<[&str; 3]> {
    let word = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
    Some([word("organization")?, word("cut")?, word("value")?])
}

/// Whether these cuts may stand beside those of an issue before. An organization that is gone would show
/// by the rest how many it had served.
fn follows(raw: &Raw, hide: &[bool], rows: &[Row]) -> bool {
    let is_there =
        |row: &Row| words(row).is_some_and(|words| raw.keys.iter().any(|key| *key == words));
    let (values, hid) = then(&raw.keys, rows);
    rows.iter().all(is_there) && may_follow((&values, &hid), (&raw.values, hide), &raw.sums)
}

fn told(raw: &Raw, before: &[Vec<Row>]) -> Built {
    let newest = before.first();
    let hid = newest.map(|rows| then(&raw.keys, rows).1).unwrap_or_default();
    let hide = hidden(&raw.values, &raw.sums, &hid);
    let mut table = Table::new(COLUMNS);
    let row = |key: [&str; 3], people: Option<i64>| -> Vec<Value> {
        let mut row: Vec<Value> = key.into_iter().map(Value::text).collect();
        row.push(people.map_or(Value::Null("suppressed"), Value::Integer));
        row.push(Value::text(if people.is_none() { "yes" } else { "no" }));
        row
    };
    match newest {
        // Few moved since any of them: what was told stands, so that nothing is told of them.
        Some(newest) if !before.iter().all(|rows| follows(raw, &hide, rows)) => {
            for old in newest {
                let people = old.get("people").and_then(serde_json::Value::as_i64);
                table.rows.push(row(words(old).unwrap_or_default(), people));
            }
        }
        _ => {
            for ((key, value), hide) in raw.keys.iter().zip(&raw.values).zip(&hide) {
                table.rows.push(row(key.each_ref().map(String::as_str), (!hide).then_some(*value)));
            }
        }
    }
    let fails = |sum: &&Sum| {
        let at = |place: &usize| raw.values.get(*place).copied().unwrap_or_default();
        at(&sum.whole) != sum.parts.iter().map(at).sum::<i64>()
    };
    // Neither the sums are printed nor how many there are: that would tell of organizations that are not
    // told of yet.
    let wrong = count(raw.sums.iter().filter(fails).count());
    let checks =
        vec![Check::whole("sums that do not hold, before anything was hidden = none", wrong, 0)];
    Built::whole(table, Ties::of(CHAIN, checks), None)
}

fn raw(conn: &mut Conn, asked: &Asked, as_of: Instant) -> Result<Raw, StoreError> {
    let names = store::report_days::organization_keys(conn)?;
    let mut contacts: HashMap<(i64, i64), [i64; MODES.len()]> = HashMap::new();
    // Of released claims only, as a payer sees them, and of all payers.
    let mut lens = asked.lens;
    lens.edition = Perspective::Payer;
    let asked = Asked { lens, ..asked.clone() };
    visits(conn, &asked, as_of, |_, known| {
        let of = contacts.entry((known.organization, known.fact.member)).or_default();
        let mode = MODES.iter().position(|mode| *mode == known.fact.mode).unwrap_or_default();
        if let Some(number) = of.get_mut(mode) {
            *number += 1;
        }
    })?;
    let mut people: BTreeMap<String, People> = BTreeMap::new();
    for ((organization, _), of) in contacts {
        let own = people.entry(names.get(&organization).cloned().unwrap_or_default()).or_default();
        let most = of.iter().max().copied().unwrap_or_default();
        let mode = of.iter().position(|n| *n == most).unwrap_or_default();
        let all: i64 = of.iter().sum();
        let band = BANDS.iter().position(|(_, most)| all <= *most).unwrap_or_default();
        own.all += 1;
        own.modes.iter_mut().skip(mode).take(1).for_each(|n| *n += 1);
        own.bands.iter_mut().skip(band).take(1).for_each(|n| *n += 1);
    }
    let mut raw = Raw { keys: Vec::new(), values: Vec::new(), sums: Vec::new() };
    let all = raw.put(["all", "all", "all"], people.values().map(|p| p.all).sum());
    let mut parts = Vec::new();
    for (name, of) in people {
        let whole = raw.put([name.as_str(), "all", "all"], of.all);
        parts.push(whole);
        let modes =
            MODES.iter().zip(of.modes).map(|(mode, n)| raw.put([name.as_str(), "mode", *mode], n));
        let modes = modes.collect();
        let bands = BANDS.iter().zip(of.bands);
        let bands =
            bands.map(|((band, _), n)| raw.put([name.as_str(), "contacts", *band], n)).collect();
        raw.sums.extend([Sum { whole, parts: modes }, Sum { whole, parts: bands }]);
    }
    raw.sums.push(Sum { whole: all, parts });
    Ok(raw)
}

impl Raw {
    fn put(&mut self, key: [&str; 3], value: i64) -> usize {
        self.keys.push(key.map(str::to_owned));
        self.values.push(value);
        self.values.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(modes: [i64; 3]) -> Raw {
        let mut raw = Raw { keys: Vec::new(), values: Vec::new(), sums: Vec::new() };
        let all = raw.put(["all", "all", "all"], modes.iter().sum());
        let whole = raw.put(["a", "all", "all"], modes.iter().sum());
        let parts =
            MODES.iter().zip(modes).map(|(mode, n)| raw.put(["a", "mode", *mode], n)).collect();
        raw.sums = vec![Sum { whole, parts }, Sum { whole: all, parts: vec![whole] }];
        raw
    }

    fn people(built: &Built) -> Vec<String> {
        built.table.rows.iter().map(|row| row.get(3).map(Value::plain).unwrap()).collect()
    }

    fn as_issued(built: &Built) -> Vec<Row> {
        let text = serde_json::to_string(&crate::reports::table::Objects(
            built.table.columns,
            &built.table.rows,
        ))
        .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_moved_by_few_is_told_as_it_was() {
        let first = told(&raw([40, 4, 16]), &[]);
        assert_eq!(people(&first), ["60", "60", "40", "", ""]);
        let before = [as_issued(&first)];
        for few in [[41, 4, 16], [40, 5, 16], [51, 5, 16], [40, 4, 26]] {
            assert_eq!(people(&told(&raw(few), &before)), people(&first), "{few:?}");
        }
        let later = told(&raw([60, 15, 16]), &before);
        assert_eq!(people(&later), ["91", "91", "60", "", ""], "what was hidden stays so");
        // Within the hidden ones nothing is told by any move.
        assert_eq!(people(&told(&raw([40, 10, 10]), &before)), people(&first));
    }

    #[test]
    fn few_since_any_issue_before_are_told_by_none() {
        let first = told(&raw([60, 30, 30]), &[]);
        let second = told(&raw([80, 30, 30]), &[as_issued(&first)]);
        assert_eq!(people(&second), ["140", "140", "80", "30", "30"]);
        // Nineteen fewer than in the second, and one more than in the first.
        let before = [as_issued(&second), as_issued(&first)];
        assert_eq!(people(&told(&raw([61, 30, 30]), &before)), people(&second));
        assert_eq!(people(&told(&raw([60, 30, 30]), &before)), people(&first));
    }

    #[test]
    fn a_new_organization_of_few_and_one_that_is_gone_change_nothing_that_is_told() {
        let one = raw([40, 30, 30]);
        let mut two = raw([40, 30, 30]);
        let more = two.put(["b", "all", "all"], 5);
        two.values[0] += 5;
        two.sums[1].parts.push(more);
        let first = told(&one, &[]);
        let later = told(&two, &[as_issued(&first)]);
        assert_eq!(as_issued(&later), as_issued(&first));
        assert_eq!(later.ties, first.ties, "nor by what ties");
        // Five of the organization, and eleven elsewhere: as many fewer would be found by the rest.
        let hides = told(&two, &[]);
        let before = [as_issued(&hides)];
        let gone = told(&raw([51, 30, 30]), &before);
        assert_eq!(as_issued(&gone), before[0]);
    }
}
