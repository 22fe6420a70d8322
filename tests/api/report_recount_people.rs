//! Reports of authorizations, limits, enrollments and rates after random histories, against a slow recount
//! of what the API lists: every column of every row, day by day and one after the other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::past;
use crate::raw::{Raw, Reader, Visit};
use crate::report_recount::{Question, count, month, ratio, read, readers, share};
use crate::world::{self, Dice};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Days from one to another, both counted.
fn days(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    from.iter_days().take_while(move |day| *day <= to)
}

// ---------------------------------------------------------------- authorizations

/// Units drawn on an authorization: on released claims and not, ever and in the last 28 days.
fn drawn(raw: &Raw, number: &str, payer: &str, today: NaiveDate) -> [i64; 4] {
    let mut sums = [0; 4];
    let since = today - TimeDelta::days(27);
    for visit in raw.visits.iter().filter(|v| v.payer.as_deref() == Some(payer)) {
        for line in &visit.lines {
            let place = match line.status.as_str() {
                "submitted" => 0,
                "ready" | "claimed" => 1,
                _ => continue,
            };
            if let Some((of, units)) = &line.draws && of == number {
                sums[place] += units;
                if since <= visit.day && visit.day <= today {
                    sums[place + 2] += units;
                }
            }
        }
    }
    sums
}

/// A row of `authorizations`, worked out from what the columns say of themselves.
fn authorization(raw: &Raw, seen: &Value, payer: &str, of_payer: bool, today: NaiveDate) -> Value {
    let number = seen["number"].as_str().unwrap();
    let [used, mut reserved, used_lately, mut reserved_lately] =
        drawn(raw, number, seen["payer"].as_str().unwrap(), today);
    if of_payer {
        (reserved, reserved_lately) = (0, 0);
    }
    let approved = seen["units"].as_i64().unwrap();
    let (from, to) = (past::day(&seen["from"]), seen["to"].as_str().map(day));
    let left = approved - used - reserved;
    // Days one by one: of all, those that have passed.
    let all = to.map(|to| count(days(from, to)));
    let passed = to.map(|to| count(days(from, to).filter(|day| *day <= today)));
    let begun = passed.is_some_and(|passed| passed > 0);
    let pace = all.zip(passed).filter(|_| begun && approved > 0).map(|(all, passed)| (used * all, approved * passed));
    let age = count(days(from, today)).clamp(7, 28);
    let lately = used_lately + reserved_lately;
    // The day on which the last unit goes: burnt down at so many a day.
    let projected = (left > 0 && lately > 0).then(|| {
        let (mut day, mut burnt) = (today, 0);
        // After n days n * lately / age units are gone.
        while burnt + lately <= left * age {
            burnt += lately;
            day = day + Days::new(1);
        }
        day
    });
    let covers = from <= today && to.is_none_or(|to| today <= to);
    let mut near = Vec::new();
    if covers {
        if 5 * left <= approved {
            near.push("few_units_left");
        }
        if projected.zip(to).is_some_and(|(day, to)| day < to) {
            near.push("runs_out_early");
        }
        if to.is_some_and(|to| to <= today + TimeDelta::days(14)) {
            near.push("ends_soon");
        }
    }
    let judged = match pace {
        Some((top, bottom)) if passed.unwrap() > 30 => {
            if used == 0 { "no_use" } else if 2 * top < bottom { "slow" } else if 2 * top > 3 * bottom { "fast" } else { "" }
        }
        _ => "",
    };
    let member = raw.members.iter().find(|m| m["id"] == seen["member"]).unwrap();
    let numbers = member["coverages"].as_array().unwrap().iter().filter(|c| c["payer"] == seen["payer"]);
    let number_of_member = numbers.map(|c| c["member_number"].as_str().unwrap()).min().unwrap_or_default();
    let services: Vec<&str> = seen["services"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    json!({
        "organization": raw.key, "payer": payer, "authorization": number, "member_number": number_of_member,
        "services": services.join(";"), "from": from.to_string(), "to": to.map(|to| to.to_string()),
        "approved": approved, "used": used, "reserved": if of_payer { Value::Null } else { json!(reserved) },
        "remaining": left, "utilization_rate": share(used, approved),
        "time_elapsed": if begun { share(passed.unwrap(), all.unwrap()) } else { Value::Null },
        "pace": pace.map_or(Value::Null, |(top, bottom)| share(top, bottom)),
        "daily_burn": ratio(lately, age, 4), "projected_exhaustion": projected.map(|day| day.to_string()),
        "near_end": near.join(";"), "use": judged,
    })
}

async fn authorizations(app: &TestApp, reader: &Reader<'_>, raws: &[Raw], names: &BTreeMap<String, String>, today: &BTreeMap<&str, NaiveDate>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (from, to) in [("2026-01-01", "2027-12-31"), ("2026-11-20", "2026-12-05")] {
        let (from, to) = (day(from), day(to));
        let mut all = Vec::new();
        for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
            for seen in &raw.authorizations {
                let payer = seen["payer"].as_str().unwrap();
                let theirs = reader.of_payer.as_deref().is_none_or(|own| own == payer);
                let touches = past::day(&seen["from"]) <= to && seen["to"].as_str().is_none_or(|end| from <= day(end));
                if theirs && touches {
                    all.push(authorization(raw, seen, &names[payer], reader.payer, today[raw.key]));
                }
            }
        }
        for row in &all {
            words.extend(["near_end", "use"].iter().flat_map(|c| row[*c].as_str().unwrap().split(';')).map(str::to_owned));
        }
        let q = Question { reader, raws, from, to, basis: "service" };
        let some = |column: &str| all.iter().filter(|row| row[column] != "").cloned().collect();
        for (name, rows) in [("ending", some("near_end")), ("pace", some("use")), ("authorizations", all.clone())] {
            let rows: Vec<Value> = rows;
            let sum = |column: &str| rows.iter().filter_map(|row| row[column].as_i64()).sum::<i64>();
            let totals = json!({
                "organization": "all", "payer": "all", "authorization": "all", "member_number": "all", "services": "",
                "from": null, "to": null, "approved": sum("approved"), "used": sum("used"),
                "reserved": if reader.payer { Value::Null } else { json!(sum("reserved")) }, "remaining": sum("remaining"),
                "utilization_rate": share(sum("used"), sum("approved")), "time_elapsed": null, "pace": null,
                "daily_burn": null, "projected_exhaustion": null, "near_end": "", "use": "",
            });
            q.holds(app, name, "", rows, Some(totals)).await;
        }
    }
    words
}

// ---------------------------------------------------------------- limits

/// Units of a member that count for limits of some services on some days: each line's, or what of it no
/// authorization gave.
fn counted(visits: &[&Visit], services: &[&str], window: impl Fn(NaiveDate) -> bool, free: bool) -> i64 {
    let of = |v: &&&Visit| services.contains(&v.service.as_str()) && window(v.day);
    let lines = visits.iter().filter(of).flat_map(|v| &v.lines);
    let lines = lines.filter(|l| ["ready", "claimed", "submitted"].contains(&l.status.as_str()));
    lines.map(|l| l.units - if free { l.draws.as_ref().map_or(0, |d| d.1) } else { 0 }).sum()
}

/// Used of each limit on a day, as the pack of these histories has them.
fn limits_of(visits: &[&Visit], on: NaiveDate) -> Vec<(&'static str, &'static str, i64, i64)> {
    let (both, all) = (["peer_individual", "peer_crisis"], ["peer_individual", "peer_crisis", "peer_group"]);
    let week = |d: NaiveDate| (d.iso_week().year(), d.iso_week().week());
    // Of all windows of thirty days that hold the day, the fullest.
    let thirty = (0..30).map(|back| {
        let last = on + TimeDelta::days(back);
        counted(visits, &both, |d| last - TimeDelta::days(29) <= d && d <= last, false)
    });
    vec![
        ("limit", "daily", 16, counted(visits, &all, |d| d == on, false)),
        ("limit", "weekly", 40, counted(visits, &both, |d| week(d) == week(on), false)),
        ("limit", "thirty", 90, thirty.max().unwrap()),
        ("free_units", "after-24-a-year", 24, counted(visits, &all, |d| d.year() == on.year(), true)),
    ]
}

async fn limits(app: &TestApp, reader: &Reader<'_>, raws: &[Raw], names: &BTreeMap<String, String>, on: NaiveDate) -> i64 {
    let path = format!("/v1/reports/limits?from=2026-01-01&to={on}{}", reader.query);
    let report = app.get(&path, &reader.key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{}", report["ties"]);
    let mut told: BTreeMap<[String; 5], &Value> = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        let key = ["organization", "payer", "member", "kind", "key"].map(|c| row[c].as_str().unwrap().to_owned());
        assert!(told.insert(key, row).is_none(), "{row}");
    }
    let number = |row: &Value, column: &str| row[column].as_str().unwrap().parse::<f64>().unwrap();
    let (mut seen, mut binding) = (0, 0);
    for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
        for member in &raw.members {
            let covers = |c: &&Value| past::day(&c["from"]) <= on && c["to"].as_str().is_none_or(|to| on <= day(to));
            for coverage in member["coverages"].as_array().unwrap().iter().filter(covers) {
                let payer = coverage["payer"].as_str().unwrap();
                if names[payer] != "evergreen" || reader.of_payer.as_deref().is_some_and(|own| own != payer) {
                    continue;
                }
                let visits: Vec<&Visit> = raw.visits.iter()
                    .filter(|v| member["id"] == v.member.as_str() && v.payer.as_deref() == Some(payer)).collect();
                let number_of = coverage["member_number"].as_str().unwrap();
                let own: Vec<&Visit> = visits.iter().copied().filter(|v| v.number.as_deref() == Some(number_of)).collect();
                let mut wanted: Vec<(String, String, i64, i64)> = limits_of(&own, on).into_iter()
                    .map(|(kind, key, cap, used)| (kind.to_owned(), key.to_owned(), cap, used)).collect();
                for a in raw.authorizations.iter().filter(|a| a["member"] == member["id"] && a["payer"] == payer) {
                    if past::day(&a["from"]) <= on && a["to"].as_str().is_none_or(|to| on <= day(to)) {
                        let name = a["number"].as_str().unwrap();
                        let [used, reserved, ..] = drawn(raw, name, payer, on);
                        wanted.push(("authorization".into(), name.into(), a["units"].as_i64().unwrap(), used + reserved));
                    }
                }
                let least = wanted.iter().map(|(_, _, cap, used)| cap - used).min();
                for (kind, key, cap, used) in wanted {
                    let reference = member["reference"].as_str().unwrap().to_owned();
                    let place = [raw.key.to_owned(), names[payer].clone(), reference, kind, key];
                    let row = told.get(&place).unwrap_or_else(|| panic!("{place:?} is not told"));
                    let figures = ["allowed", "used", "remaining"].map(|c| number(row, c));
                    #[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
                    let right = [cap, used, cap - used].map(|n| n as f64);
                    assert_eq!(figures, right, "{} on {on}: {row}", reader.name);
                    let first = if Some(cap - used) == least { "yes" } else { "" };
                    assert_eq!(row["binds_first"], first, "{row}");
                    seen += 1;
                    binding += i64::from(used > 0);
                }
            }
        }
    }
    assert_eq!(seen, told.len(), "no row is told that is not counted here");
    binding
}

// ---------------------------------------------------------------- engagement

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
    let firsts: Vec<i64> = list.iter().filter_map(|e| Some((*e.contacts.iter().min()? - e.from).num_days())).collect();
    let waiting: Vec<i64> = list.iter().filter(|e| e.contacts.is_empty())
        .map(|e| (e.to.map_or(e.today, |to| to.min(e.today)) - e.from).num_days()).collect();
    let early = list.iter().filter(|e| e.contacts.iter().filter(|d| **d < after(e, 14)).count() >= 2);
    let mut row = json!({
        "organization": organization, "month": month, "enrolled": list.len(), "engaged": firsts.len(),
        "engaged_share": share(count(&firsts), count(list)), "early": count(early),
        "median_days_to_first": half_seen(&firsts, &waiting),
    });
    for k in [30, 60, 90] {
        let ended = |e: &&&Enrolled| e.to.is_some_and(|to| to < after(e, k) && to <= e.today);
        let due: Vec<_> = list.iter().filter(|e| after(e, k) <= e.today && !ended(e)).collect();
        let kept = due.iter().filter(|e| e.contacts.iter().any(|d| after(e, k - 30) < *d && *d <= after(e, k)));
        let kept = count(kept);
        row[format!("due_{k}")] = json!(due.len());
        row[format!("retained_{k}")] = json!(kept);
        row[format!("retained_share_{k}")] = share(kept, count(&due));
        row[format!("ended_{k}")] = json!(list.iter().filter(|e| ended(e)).count());
    }
    row
}

async fn engagement(app: &TestApp, reader: &Reader<'_>, raws: &[Raw], today: &BTreeMap<&str, NaiveDate>) {
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
                let within = |v: &&Visit| episode["member"] == v.member.as_str() && first <= v.day
                    && last.is_none_or(|last| v.day <= last) && v.day <= first + TimeDelta::days(365);
                let contacts = raw.visits.iter().filter(|v| reader.sees(v) && !v.absent).filter(within).map(|v| v.day).collect();
                all.push((raw.key, Enrolled { from: first, to: last, contacts, today: today[raw.key] }));
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
type Spans = Vec<(String, NaiveDate, NaiveDate)>;

/// Who is enrolled, at random: most of those who are served, with gaps, and some who are not served.
fn enrollment(dice: &mut Dice) -> Spans {
    let numbers = ["EV1000", "EV1001", "EV1002", "EV1003", "EV2001", "EV3001", "EV3002", "EV8001", "EV8002", "EV8003"];
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
fn member_months(spans: &Spans, people: &BTreeSet<&str>, convention: &str, first: NaiveDate) -> (i64, i64) {
    let month: Vec<NaiveDate> = first.iter_days().take_while(|d| d.month() == first.month()).collect();
    let on = |who: &str, d: NaiveDate| spans.iter().any(|(number, from, to)| number == who && *from <= d && d <= *to);
    let of = |wanted: &[NaiveDate]| count(people.iter().filter(|who| wanted.iter().any(|d| on(who, *d))));
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

async fn rates(app: &TestApp, reader: &Reader<'_>, raws: &[Raw], spans: &Spans, file: &str) {
    let on = |who: &str, d: NaiveDate| spans.iter().any(|(number, from, to)| number == who && *from <= d && d <= *to);
    for (from, to) in [("2026-10-01", "2027-02-28"), ("2026-12-01", "2027-01-31")] {
        let (from, to) = (day(from), day(to));
        let q = Question { reader, raws, from, to, basis: "service" };
        let visits = q.visits();
        for convention in ["any_day", "prorated", "last_day", "mid_month"] {
            let row = |name: &str, months: &[NaiveDate]| {
                let inside = |d: NaiveDate| months.iter().any(|m| (m.year(), m.month()) == (d.year(), d.month()));
                let all: Vec<_> = visits.iter().filter(|(d, _)| inside(*d)).collect();
                let good: Vec<_> = all.iter().filter(|(d, v)| on(v.number.as_deref().unwrap(), *d)).collect();
                let users = |of: &dyn Fn(NaiveDate) -> bool| {
                    count(good.iter().filter(|(d, _)| of(*d)).map(|(_, v)| v.number.clone().unwrap()).collect::<BTreeSet<_>>())
                };
                let user_months: i64 = months.iter().map(|m| users(&|d| (d.year(), d.month()) == (m.year(), m.month()))).sum();
                let touches = |(_, first, last): &&(String, NaiveDate, NaiveDate)| days(*first, *last).any(inside);
                let people: BTreeSet<&str> = spans.iter().filter(touches).map(|s| s.0.as_str()).collect();
                let sum = months.iter().map(|m| member_months(spans, &people, convention, *m))
                    .fold(Part(0, 1), |sum, (top, bottom)| sum.plus(Part::new(top.into(), bottom.into())));
                let units: i64 = good.iter().map(|(_, v)| reader.units(v)).sum();
                json!({
                    "month": name, "convention": convention, "enrollment": file, "enrolled": people.len(),
                    "member_months": ratio(i64::try_from(sum.0).unwrap(), i64::try_from(sum.1).unwrap(), 4),
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

async fn recount(app: &TestApp, seed: u64) {
    let mut story = past::begin(app, 4).await;
    let mut dice = Dice::new(seed);
    story.play(app, &mut dice, 250).await;
    let raws = read(app, &story).await;
    let (readers, names) = readers(app, &story).await;
    let now = story.now().utc();
    let today: BTreeMap<&str, NaiveDate> = raws.iter().map(|raw| (raw.key, raw.local(now))).collect();
    let (mut words, mut binding) = (BTreeSet::new(), 0);
    for reader in &readers {
        words.extend(authorizations(app, reader, &raws, &names, &today).await);
        engagement(app, reader, &raws, &today).await;
        if !reader.payer {
            for on in ["2026-10-30", "2026-12-31", "2027-01-01", "2027-01-20"] {
                binding += limits(app, reader, &raws, &names, day(on)).await;
            }
        }
    }
    assert!(words.len() > 4 && binding > 20, "{words:?} {binding}");
    let spans = enrollment(&mut dice);
    let rows: Vec<String> = spans.iter().map(|(number, from, to)| format!("{number},{from},{to}\n")).collect();
    let text = format!("member_number,from,to\n{}", rows.concat());
    let path = "/v1/enrollments?from=2026-10-01&to=2027-02-28&payer=evergreen";
    let kept = world::body(app, path, &story.analyst, "text/csv", text).await.expect(201);
    for reader in readers.iter().filter(|reader| reader.of_payer.is_some()) {
        rates(app, reader, &raws, &spans, kept["id"].as_str().unwrap()).await;
    }
}

on_both! {
    async fn every_measure_of_people_is_what_a_recount_gives(app: TestApp) {
        recount(&app, 1967).await;
    }

    async fn every_measure_of_people_in_another_history_too(app: TestApp) {
        recount(&app, 4_242).await;
    }
}
