//! Movement (E4, C8) against two readings of the lists: which visits became others between them, why, and
//! by how much.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::raw::Visit;
use crate::report_recount::{Question, money, row};

/// Contacts, units, minutes, charge and expected.
type Numbers = [i64; 5];

/// What a visit counts for the reader.
fn numbers(q: &Question, visit: Option<&Visit>) -> Option<Numbers> {
    let visit = visit?;
    q.placed(visit)?;
    let [_, charge, expected] = visit.billed().unwrap_or_default();
    let numbers = [1, q.reader.units(visit), visit.minutes, charge, expected];
    q.reader.sees(visit).then_some(numbers)
}

/// What became of the claims of a visit, as far as the reader is told.
fn story(q: &Question, visit: Option<&Visit>) -> Option<String> {
    let visit = visit?;
    q.placed(visit)?;
    let sent = visit.sent();
    let (first, last) = (sent.first()?, sent.last()?);
    let once = ["replaced", "voided"].contains(&first.status.as_str()) && first.was_accepted;
    let delivered = sent.iter().find_map(|told| told.delivered);
    q.is_told_of_claims(visit).then(|| {
        format!(
            "{:?} {delivered:?} {} {} {once} {} {}",
            first.released,
            sent.len(),
            first.status,
            last.status,
            last.payer
        )
    })
}

/// What is told of a visit beside its numbers and claims.
fn described(q: &Question, visit: &Visit) -> String {
    let raw = q.raws.iter().find(|raw| raw.key == visit.organization).unwrap();
    let session = visit.session.as_ref().map(|name| (name, raw.sessions[name]));
    let own = (!q.reader.payer).then_some((&visit.member, visit.absent));
    format!(
        "{} {:?} {:?} {} {} {} {} {session:?} {own:?}",
        visit.day, visit.payer, visit.number, visit.service, visit.role, visit.mode, visit.setting
    )
}

/// What of a visit waits, and for what: the organization's own matter.
fn waits(q: &Question, visit: &Visit) -> Option<String> {
    let units = ["ready", "held", "claimed", "submitted"].map(|state| visit.units(&[state]));
    let open = (visit.expected(&["ready", "claimed"]), visit.expected(&["held"]));
    let waits = format!("{} {units:?} {open:?} {:?}", visit.status, visit.waits_for);
    (!q.reader.payer).then_some(waits)
}

/// Whether the reader knows that the last claim of a visit was rejected.
fn rejected(q: &Question, visit: Option<&Visit>) -> bool {
    visit.is_some_and(|visit| {
        let told = !q.reader.payer || q.is_told_of_claims(visit);
        let last = visit.sent().last().map(|told| told.status.clone());
        told && visit.billed().is_none() && last.as_deref() == Some("rejected")
    })
}

/// Why something else is told of the claims of a visit that is counted neither before nor after.
fn of_claims(q: &[Question; 2], before: Option<&Visit>, after: Option<&Visit>) -> &'static str {
    let told = |q: &Question, visit: Option<&Visit>| visit.is_some_and(|v| q.is_told_of_claims(v));
    match (story(&q[0], before), story(&q[1], after)) {
        (None, _) if told(&q[0], before) => "moved",
        (_, None) if told(&q[1], after) => "moved",
        (_, None) => "withdrawn",
        _ if rejected(&q[1], after) && !rejected(&q[0], before) => "rejected",
        _ => "answered",
    }
}

/// Why a visit is another one now, in the words of the report.
fn cause(
    q: &[Question; 2],
    before: Option<&Visit>,
    after: Option<&Visit>,
) -> Option<(&'static str, Numbers)> {
    let (was, is) = (numbers(&q[0], before), numbers(&q[1], after));
    let answered = story(&q[0], before) != story(&q[1], after);
    if was == is {
        let (Some(before), Some(after), Some(_)) = (before, after, was) else {
            return answered.then(|| (of_claims(q, before, after), Numbers::default()));
        };
        let step = if described(&q[0], before) != described(&q[1], after) {
            "described"
        } else if answered {
            "answered"
        } else if waits(&q[0], before) != waits(&q[1], after) {
            "waits"
        } else {
            return None;
        };
        return Some((step, Numbers::default()));
    }
    let on_claim = |visit: Option<&Visit>| visit.is_some_and(|v| v.billed().is_some());
    let sees = |q: &Question, visit: Option<&Visit>| visit.is_some_and(|v| q.reader.sees(v));
    // A void of a claim that the payer took.
    let reversed = after.is_some_and(|visit| {
        let last = visit.sent().last().map(|told| told.status.clone());
        last.is_some_and(|status| ["voided", "closed"].contains(&status.as_str()))
    });
    let rejected = after.is_some_and(|visit| {
        visit.billed().is_none()
            && visit.sent().last().is_some_and(|told| told.status == "rejected")
    });
    let gone =
        if rejected && (!q[1].reader.payer || after.is_some_and(|v| q[1].is_told_of_claims(v))) {
            "rejected"
        } else {
            "withdrawn"
        };
    let step = if q[1].reader.payer {
        // A payer knows what it sees, and nothing of what was recorded when.
        match (was.is_some(), is.is_some()) {
            (true, true) => "corrected",
            (false, _) if sees(&q[0], before) => "moved",
            (false, _) => "released",
            (true, false) if sees(&q[1], after) => "moved",
            (true, false) if reversed => "voided",
            (true, false) => gone,
        }
    } else if before.is_none() {
        "late"
    } else if is.is_none() && after.is_some_and(Visit::is_void) {
        "voided"
    } else if !on_claim(before) && on_claim(after) {
        "released"
    } else if on_claim(before) && !on_claim(after) {
        gone
    } else if was.is_some() && is.is_some() {
        "corrected"
    } else {
        "moved"
    };
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    Some((step, [0, 1, 2, 3, 4].map(|n| is[n] - was[n])))
}

/// Movement between two readings of the lists.
pub async fn movement(
    app: &TestApp,
    q: &[Question<'_>; 2],
    since: &str,
    seen: &mut BTreeSet<&'static str>,
) {
    let mut sums: BTreeMap<&str, (i64, Numbers)> = BTreeMap::new();
    let mut add = |step, by: Numbers| {
        let (changed, sum) = sums.entry(step).or_default();
        *changed += 1;
        sum.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
    };
    for (question, step) in q.iter().zip(["opening", "closing"]) {
        for (_, visit) in question.visits() {
            let [_, charge, expected] = visit.billed().unwrap_or_default();
            add(step, [1, question.reader.units(visit), visit.minutes, charge, expected]);
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
    let steps = [
        "opening",
        "late",
        "released",
        "corrected",
        "described",
        "answered",
        "waits",
        "voided",
        "rejected",
        "withdrawn",
        "moved",
        "closing",
    ];
    let signed = |cents: i64| {
        let text = money(cents.abs());
        if cents < 0 { json!(format!("-{}", text.as_str().unwrap())) } else { text }
    };
    let rows: Vec<Value> = steps.iter().map(|step| {
        let (changed, [contacts, units, minutes, charge, expected]) = sums.get(step).copied().unwrap_or_default();
        // What stood before and what stands now changed nothing.
        let changed = if ["opening", "closing"].contains(step) { 0 } else { changed };
        row(&[("step", step)], json!({
            "contacts": contacts, "changed": changed, "units": units, "billed": signed(charge),
            "expected": signed(expected), "contact_minutes": minutes,
        }))
    }).collect();
    let report = q[1].holds(app, "movement", &format!("&since={since}"), rows, None).await;
    let told: Vec<&str> =
        report["rows"].as_array().unwrap().iter().map(|r| r["step"].as_str().unwrap()).collect();
    assert_eq!(told, steps, "in the order of the chain");
}
