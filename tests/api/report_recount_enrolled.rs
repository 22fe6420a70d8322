//! Enrollments (U8) and rates (U5) against a slow recount: day by day, member by member, in fractions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::past;
use crate::raw::{Raw, Reader, Visit};
use crate::report_recount::{Question, count, month, ratio, share};
use crate::report_recount_people::{day, days};
use crate::report_recount_persons::Whose;
use crate::world::Dice;

/// A fraction, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part(i128, i128);

impl Part {
    fn new(top: i128, bottom: i128) -> Self {
        let (mut a, mut b) = (top.abs(), bottom.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self(top / a.max(1), bottom / a.max(1))
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
}

/// The day by which half were seen: whoever is not watched any more hands his share on to those who are
/// watched longer, in equal parts (Efron 1967). Seen and waiting are days.
fn half_seen(seen: &[i64], waiting: &[i64]) -> Option<i64> {
    let mut people: Vec<(i64, bool)> = seen.iter().map(|d| (*d, true)).collect();
    people.extend(waiting.iter().map(|d| (*d, false)));
    // Of one day, those who are seen come first.
    people.sort_by_key(|(day, seen)| (*day, !*seen));
    let all = i128::try_from(people.len()).unwrap();
    let mut shares = vec![Part::new(1, all.max(1)); people.len()];
    let mut sum = Part(0, 1);
    for n in 0..people.len() {
        let (day, seen) = people[n];
        if seen {
            sum = sum.plus(shares[n]);
            let last_of_day = people.get(n + 1).is_none_or(|next| *next != (day, true));
            if last_of_day && 2 * sum.0 >= sum.1 {
                return Some(day);
            }
        } else {
            let rest = i128::try_from(people.len() - n - 1).unwrap();
            if rest > 0 {
                let more = Part::new(shares[n].0, shares[n].1 * rest);
                shares[n + 1..].iter_mut().for_each(|share| *share = share.plus(more));
            }
        }
    }
    None
}

/// An enrollment with the days of its contacts.
struct Enrolled {
    from: NaiveDate,
    to: Option<NaiveDate>,
    contacts: Vec<NaiveDate>,
    today: NaiveDate,
}

fn cohort(organization: &str, month: &str, list: &[&Enrolled]) -> Value {
    let after = |e: &Enrolled, n: i64| e.from + TimeDelta::days(n);
    let firsts: Vec<i64> =
        list.iter().filter_map(|e| Some((*e.contacts.iter().min()? - e.from).num_days())).collect();
    let waiting: Vec<i64> = list
        .iter()
        .filter(|e| e.contacts.is_empty())
        .map(|e| (e.to.map_or(e.today, |to| to.min(e.today)) - e.from).num_days())
        .collect();
    let early =
        list.iter().filter(|e| e.contacts.iter().filter(|d| **d < after(e, 14)).count() >= 2);
    let mut row = json!({
        "organization": organization, "month": month, "enrolled": list.len(), "engaged": firsts.len(),
        "engaged_share": share(count(&firsts), count(list)), "early": count(early),
        "median_days_to_first": half_seen(&firsts, &waiting),
    });
    for k in [30, 60, 90] {
        let ended = |e: &&&Enrolled| e.to.is_some_and(|to| to < after(e, k) && to <= e.today);
        let due: Vec<_> = list.iter().filter(|e| after(e, k) <= e.today && !ended(e)).collect();
        let kept = due
            .iter()
            .filter(|e| e.contacts.iter().any(|d| after(e, k - 30) < *d && *d <= after(e, k)));
        let kept = count(kept);
        row[format!("due_{k}")] = json!(due.len());
        row[format!("retained_{k}")] = json!(kept);
        row[format!("retained_share_{k}")] = share(kept, count(&due));
        row[format!("ended_{k}")] = json!(list.iter().filter(|e| ended(e)).count());
    }
    row
}

pub async fn engagement(
    app: &TestApp,
    reader: &Reader<'_>,
    raws: &[Raw],
    today: &BTreeMap<&str, NaiveDate>,
) {
    for (from, to) in [("2026-01-01", "2027-12-31"), ("2026-11-05", "2026-12-24")] {
        let (from, to) = (day(from), day(to));
        let mut all: Vec<(&str, Enrolled)> = Vec::new();
        for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
            for episode in &raw.episodes {
                let payer = episode["payer"].as_str();
                // A payer is told of those that name it; an organization of those that its payer counts.
                let wanted = match &reader.of_payer {
                    None => true,
                    Some(own) => payer == Some(own) || (payer.is_none() && !reader.payer),
                };
                let (first, last) = (past::day(&episode["from"]), episode["to"].as_str().map(day));
                if !wanted || first < from || first > to || first > today[raw.key] {
                    continue;
                }
                let within = |v: &&Visit| {
                    episode["member"] == v.member.as_str()
                        && first <= v.day
                        && last.is_none_or(|last| v.day <= last)
                        && v.day <= first + TimeDelta::days(365)
                };
                let contacts = raw
                    .visits
                    .iter()
                    .filter(|v| reader.sees(v) && !v.absent)
                    .filter(within)
                    .map(|v| v.day)
                    .collect();
                all.push((
                    raw.key,
                    Enrolled { from: first, to: last, contacts, today: today[raw.key] },
                ));
            }
        }
        let mut groups: BTreeMap<(&str, String), Vec<&Enrolled>> = BTreeMap::new();
        for (key, one) in &all {
            groups.entry((*key, month(one.from))).or_default().push(one);
        }
        let rows = groups.iter().map(|((key, month), list)| cohort(key, month, list)).collect();
        let whole: Vec<&Enrolled> = all.iter().map(|(_, one)| one).collect();
        let q = Question { reader, raws, from, to, basis: "service" };
        q.holds(app, "engagement", "", rows, Some(cohort("all", "all", &whole))).await;
    }
}

// ---------------------------------------------------------------- rates

/// Spans of enrollment: number, first and last day.
pub type Spans = Vec<(String, NaiveDate, NaiveDate)>;

/// Who is enrolled, at random: most of those who are served, with gaps, and some who are not served.
pub fn enrollment(dice: &mut Dice) -> Spans {
    let numbers = [
        "EV1000", "EV1001", "EV1002", "EV1003", "EV2001", "EV3001", "EV3002", "EV8001", "EV8002",
        "EV8003",
    ];
    let mut spans = Spans::new();
    for number in numbers {
        let mut from = day("2026-10-01") + Days::new(u64::try_from(dice.roll(40)).unwrap());
        while from < day("2027-03-01") {
            let to = from + Days::new(u64::try_from(dice.roll(70)).unwrap());
            spans.push((number.to_owned(), from, to.min(day("2027-02-28"))));
            from = to + Days::new(2 + u64::try_from(dice.roll(25)).unwrap());
        }
    }
    spans
}

/// Member-months of a month as a fraction: days or members, of days or of one.
fn member_months(
    spans: &Spans,
    people: &BTreeSet<String>,
    convention: &str,
    first: NaiveDate,
    who: &dyn Fn(&str, NaiveDate) -> String,
) -> (i64, i64) {
    let month: Vec<NaiveDate> =
        first.iter_days().take_while(|d| d.month() == first.month()).collect();
    let on = |one: &str, d: NaiveDate| {
        spans.iter().any(|(number, from, to)| *from <= d && d <= *to && who(number, d) == one)
    };
    let of = |wanted: &[NaiveDate]| {
        count(people.iter().filter(|who| wanted.iter().any(|d| on(who, *d))))
    };
    match convention {
        "any_day" => (of(&month), 1),
        "last_day" => (of(&month[month.len() - 1..]), 1),
        "mid_month" => (of(&month[14..15]), 1),
        _ => (month.iter().map(|d| of(&[*d])).sum(), count(&month)),
    }
}

/// `top * times / (months as a fraction)` with four places.
fn per(top: i64, times: i64, months: Part) -> Value {
    let (top, bottom) = (i128::from(top) * i128::from(times) * months.1, months.0);
    ratio(i64::try_from(top).unwrap(), i64::try_from(bottom).unwrap(), 4)
}

pub async fn rates(app: &TestApp, reader: &Reader<'_>, raws: &[Raw], spans: &Spans, file: &str) {
    // For a payer a month is a person's, whatever the number in its file.
    let whose = Whose::of(raws);
    let who = |number: &str, d: NaiveDate| match &reader.of_payer {
        Some(payer) if reader.payer => format!("{:?}", whose.who(payer, number, d)),
        _ => number.to_owned(),
    };
    let on = |one: &str, d: NaiveDate| {
        spans.iter().any(|(number, from, to)| *from <= d && d <= *to && who(number, d) == one)
    };
    let of = |visit: &Visit| who(visit.number.as_deref().unwrap(), visit.day);
    for (from, to) in [("2026-10-01", "2027-02-28"), ("2026-12-01", "2027-01-31")] {
        let (from, to) = (day(from), day(to));
        let q = Question { reader, raws, from, to, basis: "service" };
        let visits = q.visits();
        for convention in ["any_day", "prorated", "last_day", "mid_month"] {
            let row = |name: &str, months: &[NaiveDate]| {
                let inside = |d: NaiveDate| {
                    months.iter().any(|m| (m.year(), m.month()) == (d.year(), d.month()))
                };
                let all: Vec<_> = visits.iter().filter(|(d, _)| inside(*d)).collect();
                let good: Vec<_> = all.iter().filter(|(d, v)| on(&of(v), *d)).collect();
                let users = |when: &dyn Fn(NaiveDate) -> bool| {
                    count(
                        good.iter()
                            .filter(|(d, _)| when(*d))
                            .map(|(_, v)| of(v))
                            .collect::<BTreeSet<_>>(),
                    )
                };
                let user_months: i64 = months
                    .iter()
                    .map(|m| users(&|d| (d.year(), d.month()) == (m.year(), m.month())))
                    .sum();
                let people: BTreeSet<String> = spans
                    .iter()
                    .flat_map(|(number, first, last)| {
                        days(*first, *last).filter(|d| inside(*d)).map(|d| who(number, d))
                    })
                    .collect();
                let sum = months
                    .iter()
                    .map(|m| member_months(spans, &people, convention, *m, &who))
                    .fold(Part(0, 1), |sum, (top, bottom)| {
                        sum.plus(Part::new(top.into(), bottom.into()))
                    });
                let numbers: BTreeSet<String> =
                    spans.iter().map(|(number, ..)| number.clone()).collect();
                let of_file = months
                    .iter()
                    .map(|m| member_months(spans, &numbers, convention, *m, &|n, _| n.to_owned()))
                    .fold(Part(0, 1), |sum, (top, bottom)| {
                        sum.plus(Part::new(top.into(), bottom.into()))
                    });
                let units: i64 = good.iter().map(|(_, v)| reader.units(v)).sum();
                json!({
                    "month": name, "convention": convention, "enrollment": file, "enrolled": people.len(),
                    "member_months": ratio(i64::try_from(sum.0).unwrap(), i64::try_from(sum.1).unwrap(), 4),
                    "file_member_months": ratio(i64::try_from(of_file.0).unwrap(), i64::try_from(of_file.1).unwrap(), 4),
                    "users": users(&|_| true), "penetration": share(users(&|_| true), count(&people)),
                    "user_months": user_months, "users_per_1000_mm": per(user_months, 1_000, sum), "units": units,
                    "units_per_1000_mm": per(units, 1_000, sum), "annual_units_per_1000": per(units, 12_000, sum),
                    "not_enrolled": all.len() - good.len(),
                })
            };
            let firsts: Vec<NaiveDate> = days(from, to).filter(|d| d.day() == 1).collect();
            let rows = firsts.iter().map(|m| row(&month(*m), &[*m])).collect();
            let payer = if reader.query.contains("payer=") { "" } else { "&payer=evergreen" };
            let payer = if reader.payer { "" } else { payer };
            let more = format!("{payer}&convention={convention}");
            q.holds(app, "rates", &more, rows, Some(row("all", &firsts))).await;
        }
    }
}
