//! Movement (E4, C8) against two readings of the lists: which visits became others between them, why, and
//! by how much.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::raw::Visit;
use crate::report_recount::{Question, money, row};

/// Why a visit is another one now, in the words of the report.
fn cause(
    q: &[Question; 2],
    before: Option<&Visit>,
    after: Option<&Visit>,
) -> Option<(&'static str, [i64; 4])> {
    let numbers = |q: &Question, visit: Option<&Visit>| -> Option<[i64; 4]> {
        let visit = visit?;
        q.placed(visit)?;
        let [_, charge, expected] = visit.billed().unwrap_or_default();
        q.reader.sees(visit).then(|| [1, q.reader.units(visit), charge, expected])
    };
    let (was, is) = (numbers(&q[0], before), numbers(&q[1], after));
    if was == is {
        return None;
    }
    let on_claim = |visit: Option<&Visit>| visit.is_some_and(|v| v.billed().is_some());
    let step = if before.is_none() {
        "late"
    } else if is.is_none() && after.is_some_and(Visit::is_void) {
        "voided"
    } else if !on_claim(before) && on_claim(after) {
        "released"
    } else if on_claim(before) && !on_claim(after) {
        "withdrawn"
    } else if was.is_some() && is.is_some() {
        "corrected"
    } else {
        "moved"
    };
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    Some((step, [0, 1, 2, 3].map(|n| is[n] - was[n])))
}

/// Movement between two readings of the lists.
pub async fn movement(
    app: &TestApp,
    q: &[Question<'_>; 2],
    since: &str,
    seen: &mut BTreeSet<&'static str>,
) {
    let mut sums: BTreeMap<&str, (i64, [i64; 4])> = BTreeMap::new();
    let mut add = |step, by: [i64; 4]| {
        let (changed, sum) = sums.entry(step).or_default();
        *changed += 1;
        sum.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
    };
    for (question, step) in q.iter().zip(["opening", "closing"]) {
        for (_, visit) in question.visits() {
            let [_, charge, expected] = visit.billed().unwrap_or_default();
            add(step, [1, question.reader.units(visit), charge, expected]);
        }
    }
    let old: BTreeMap<&String, &Visit> =
        q[0].raws.iter().flat_map(|raw| &raw.visits).map(|v| (&v.id, v)).collect();
    for visit in q[1].raws.iter().flat_map(|raw| &raw.visits) {
        if let Some((step, by)) = cause(q, old.get(&visit.id).copied(), Some(visit)) {
            add(step, by);
            seen.insert(step);
        }
    }
    let steps =
        ["opening", "late", "released", "corrected", "voided", "withdrawn", "moved", "closing"];
    let signed = |cents: i64| {
        let text = money(cents.abs());
        if cents < 0 { json!(format!("-{}", text.as_str().unwrap())) } else { text }
    };
    let rows: Vec<Value> = steps.iter().map(|step| {
        let (changed, [contacts, units, charge, expected]) = sums.get(step).copied().unwrap_or_default();
        // What stood before and what stands now changed nothing.
        let changed = if ["opening", "closing"].contains(step) { 0 } else { changed };
        row(&[("step", step)], json!({
            "contacts": contacts, "changed": changed, "units": units, "billed": signed(charge),
            "expected": signed(expected),
        }))
    }).collect();
    let report = q[1].holds(app, "movement", &format!("&since={since}"), rows, None).await;
    let told: Vec<&str> =
        report["rows"].as_array().unwrap().iter().map(|r| r["step"].as_str().unwrap()).collect();
    assert_eq!(told, steps, "in the order of the chain");
}
