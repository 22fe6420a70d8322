//! The cuts that anybody may read (P3): people served in a whole quarter, by organization, by the mode of
//! most of their contacts, and by how many contacts they had. Fixed cuts, no filters, small cells hidden;
//! given out as issues only, because each time that one asks would be another chance to subtract.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Months};

use super::frame::{Answer, Asked, Basis, Check, Column, RUN_OUT_DAYS, Table, Ties, Value};
use super::registry::{Built, Definition, names};
use super::tally::{count, visits};
use super::utilization::Perspective;
use crate::domain::dates::Instant;
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

/// Makes the cuts as they may be told after those that were told before: `before` holds the rows of the
/// issue that this one takes the place of.
pub fn answer(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: Asked,
    before: Option<&[serde_json::Map<String, serde_json::Value>]>,
) -> Result<Answer, AppError> {
    let as_of = store::report_facts::clock(conn)?;
    look(&asked, as_of)?;
    let raw = raw(conn, &asked, as_of)?;
    let built = told(&raw, before);
    let names = names(conn, &asked)?;
    let Built { table, ties, .. } = built;
    Ok(Answer { definition, asked, names, as_of, table, ties, control: None, left_out: None })
}

/// What stood in a row before: its number and whether it was hidden.
fn then(
    keys: &[[String; 3]],
    rows: &[serde_json::Map<String, serde_json::Value>],
) -> (Vec<i64>, Vec<bool>) {
    let known: HashMap<[&str; 3], (i64, bool)> = rows
        .iter()
        .filter_map(|row| {
            let word = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
            let key = [word("organization")?, word("cut")?, word("value")?];
            let people = row.get("people").and_then(serde_json::Value::as_i64);
            Some((key, (people.unwrap_or_default(), people.is_none())))
        })
        .collect();
    let of = |key: &[String; 3]| {
        let [organization, cut, value] = key;
        known.get(&[organization.as_str(), cut, value]).copied().unwrap_or_default()
    };
    keys.iter().map(of).unzip()
}

/// Whether the issue before told the same sums as this one would: a hidden number of then is not known
/// here, so the sums of hidden ones are compared by what the shown ones left.
fn follows(raw: &Raw, hide: &[bool], rows: &[serde_json::Map<String, serde_json::Value>]) -> bool {
    let (mut values, hid) = then(&raw.keys, rows);
    // The hidden ones of a sum together are what is left of the whole: put on the first of them.
    for sum in &raw.sums {
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        let is_hidden = |place: &usize| hid.get(*place).copied().unwrap_or_default();
        if is_hidden(&sum.whole) {
            continue;
        }
        let shown: i64 = sum.parts.iter().filter(|p| !is_hidden(p)).map(|p| at(*p)).sum();
        let left = at(sum.whole) - shown;
        if let Some(first) = sum.parts.iter().find(|p| is_hidden(p)).copied()
            && let Some(value) = values.get_mut(first)
        {
            *value = left;
        }
    }
    may_follow((&values, &hid), (&raw.values, hide), &raw.sums)
}

fn told(raw: &Raw, before: Option<&[serde_json::Map<String, serde_json::Value>]>) -> Built {
    let hid = before.map(|rows| then(&raw.keys, rows).1).unwrap_or_default();
    let hide = hidden(&raw.values, &raw.sums, &hid);
    let mut table = Table::new(COLUMNS);
    let row = |key: &[String; 3], people: Option<i64>| -> Vec<Value> {
        let mut row: Vec<Value> = key.iter().map(Value::text).collect();
        row.push(people.map_or(Value::Null("suppressed"), Value::Integer));
        row.push(Value::text(if people.is_none() { "yes" } else { "no" }));
        row
    };
    match before {
        // Few moved: what was told stands, so that nothing is told of them.
        Some(rows) if !follows(raw, &hide, rows) => {
            for old in rows {
                let word = |name: &str| {
                    old.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
                };
                let key = [word("organization"), word("cut"), word("value")];
                table.rows.push(row(&key, old.get("people").and_then(serde_json::Value::as_i64)));
            }
        }
        _ => {
            for ((key, value), hide) in raw.keys.iter().zip(&raw.values).zip(&hide) {
                table.rows.push(row(key, (!hide).then_some(*value)));
            }
        }
    }
    let holds = |sum: &&Sum| {
        let at = |place: &usize| raw.values.get(*place).copied().unwrap_or_default();
        at(&sum.whole) == sum.parts.iter().map(at).sum::<i64>()
    };
    let (all, right) = (count(raw.sums.len()), count(raw.sums.iter().filter(holds).count()));
    // The sums themselves are not printed: they would tell what is hidden.
    let checks =
        vec![Check::whole("sums that hold, of all sums, before anything was hidden", right, all)];
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

    fn as_issued(built: &Built) -> Vec<serde_json::Map<String, serde_json::Value>> {
        let text = serde_json::to_string(&crate::reports::table::Objects(&built.table)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_moved_by_few_is_told_as_it_was() {
        let first = told(&raw([40, 4, 16]), None);
        assert_eq!(people(&first), ["60", "60", "40", "", ""]);
        let before = as_issued(&first);
        for few in [[41, 4, 16], [40, 5, 16], [51, 5, 16], [40, 4, 26]] {
            assert_eq!(people(&told(&raw(few), Some(&before))), people(&first), "{few:?}");
        }
        let later = told(&raw([60, 15, 16]), Some(&before));
        assert_eq!(people(&later), ["91", "91", "60", "", ""], "what was hidden stays so");
        // Within the hidden ones nothing is told by any move.
        assert_eq!(people(&told(&raw([40, 10, 10]), Some(&before))), people(&first));
    }
}
