//! Reports of authorizations, limits, enrollments and rates after random histories, against a slow recount
//! of what the API lists: every column of every row, day by day and one after the other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::past;
use crate::raw::{Raw, Reader, Visit, agree};
use crate::report_recount::{Question, count, ratio, read, readers, share};
use crate::report_recount_enrolled::{engagement, enrollment, rates};
use crate::world::{self, Dice};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Days from one to another, both counted.
pub fn days(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
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
            if let Some((of, units)) = &line.draws
                && of == number
            {
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
    let pace = all
        .zip(passed)
        .filter(|_| begun && approved > 0)
        .map(|(all, passed)| (used * all, approved * passed));
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
            if used == 0 {
                "no_use"
            } else if 2 * top < bottom {
                "slow"
            } else if 2 * top > 3 * bottom {
                "fast"
            } else {
                ""
            }
        }
        _ => "",
    };
    let member = raw.members.iter().find(|m| m["id"] == seen["member"]).unwrap();
    // That of its first day, or the nearest; of equally near ones the one that began last.
    let covered =
        member["coverages"].as_array().unwrap().iter().filter(|c| c["payer"] == seen["payer"]);
    let nearest = covered.min_by_key(|c| {
        let (first, last) = (past::day(&c["from"]), c["to"].as_str().map(day));
        let after = last.map_or(0, |last| (from - last).num_days().max(0));
        (
            (first - from).num_days().max(0) + after,
            std::cmp::Reverse(first),
            c["member_number"].as_str().unwrap().to_owned(),
        )
    });
    let number_of_member = nearest.map_or("", |c| c["member_number"].as_str().unwrap());
    let services: Vec<&str> =
        seen["services"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    json!({
        "organization": raw.key, "payer": payer, "authorization": number, "member_number": number_of_member,
        "services": services.join(";"), "from": from.to_string(), "to": to.map(|to| to.to_string()),
        "approved": approved, "used": used, "opening": if of_payer { Value::Null } else { json!(0) }, "reserved": if of_payer { Value::Null } else { json!(reserved) },
        "remaining": left, "utilization_rate": share(used, approved),
        "time_elapsed": if begun { share(passed.unwrap(), all.unwrap()) } else { Value::Null },
        "pace": pace.map_or(Value::Null, |(top, bottom)| share(top, bottom)),
        "daily_burn": ratio(lately, age, 4), "projected_exhaustion": projected.map(|day| day.to_string()),
        "near_end": near.join(";"), "use": judged,
    })
}

async fn authorizations(
    app: &TestApp,
    reader: &Reader<'_>,
    raws: &[Raw],
    names: &BTreeMap<String, String>,
    today: &BTreeMap<&str, NaiveDate>,
) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (from, to) in [("2026-01-01", "2027-12-31"), ("2026-11-20", "2026-12-05")] {
        let (from, to) = (day(from), day(to));
        let mut all = Vec::new();
        for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
            for seen in &raw.authorizations {
                let payer = seen["payer"].as_str().unwrap();
                let theirs = reader.of_payer.as_deref().is_none_or(|own| own == payer);
                let touches = past::day(&seen["from"]) <= to
                    && seen["to"].as_str().is_none_or(|end| from <= day(end));
                if theirs && touches {
                    all.push(authorization(raw, seen, &names[payer], reader.payer, today[raw.key]));
                }
            }
        }
        for row in &all {
            words.extend(
                ["near_end", "use"]
                    .iter()
                    .flat_map(|c| row[*c].as_str().unwrap().split(';'))
                    .map(str::to_owned),
            );
        }
        let q = Question { reader, raws, from, to, basis: "service" };
        let some = |column: &str| all.iter().filter(|row| row[column] != "").cloned().collect();
        for (name, rows) in
            [("ending", some("near_end")), ("pace", some("use")), ("authorizations", all.clone())]
        {
            let rows: Vec<Value> = rows;
            let sum =
                |column: &str| rows.iter().filter_map(|row| row[column].as_i64()).sum::<i64>();
            let totals = json!({
                "organization": "all", "payer": "all", "authorization": "all", "member_number": "all", "services": "",
                "from": null, "to": null, "approved": sum("approved"), "used": sum("used"),
                "opening": if reader.payer { Value::Null } else { json!(sum("opening")) },
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
fn counted(
    visits: &[&Visit],
    services: &[&str],
    window: impl Fn(NaiveDate) -> bool,
    free: bool,
) -> i64 {
    let of = |v: &&&Visit| services.contains(&v.service.as_str()) && window(v.day);
    let lines = visits.iter().filter(of).flat_map(|v| &v.lines);
    let lines = lines.filter(|l| ["ready", "claimed", "submitted"].contains(&l.status.as_str()));
    lines.map(|l| l.units - if free { l.draws.as_ref().map_or(0, |d| d.1) } else { 0 }).sum()
}

/// Used of each limit on a day, as the pack of these histories has them.
fn limits_of(visits: &[&Visit], on: NaiveDate) -> Vec<(&'static str, &'static str, i64, i64)> {
    let (both, all) =
        (["peer_individual", "peer_crisis"], ["peer_individual", "peer_crisis", "peer_group"]);
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
        (
            "free_units",
            "after-24-a-year",
            6,
            counted(visits, &all, |d| d.year() == on.year(), true),
        ),
    ]
}

async fn limits(
    app: &TestApp,
    reader: &Reader<'_>,
    raws: &[Raw],
    names: &BTreeMap<String, String>,
    on: NaiveDate,
) -> i64 {
    let path = format!("/v1/reports/limits?from=2026-01-01&to={on}{}", reader.query);
    let report = app.get(&path, &reader.key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{}", report["ties"]);
    let mut told: BTreeMap<[String; 5], &Value> = BTreeMap::new();
    // For the payer whoever has another number is another member: those of one number are counted here.
    let turned = |reference: &Value| reference == "R-turn" || reference == "R-next";
    for row in report["rows"].as_array().unwrap().iter().filter(|row| !turned(&row["member"])) {
        let key = ["organization", "payer", "member", "kind", "key"]
            .map(|c| row[c].as_str().unwrap().to_owned());
        assert!(told.insert(key, row).is_none(), "{row}");
    }
    let (mut seen, mut binding) = (0, 0);
    for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
        for member in raw.members.iter().filter(|m| !turned(&m["reference"])) {
            let covers = |c: &&Value| {
                past::day(&c["from"]) <= on && c["to"].as_str().is_none_or(|to| on <= day(to))
            };
            for coverage in member["coverages"].as_array().unwrap().iter().filter(covers) {
                let payer = coverage["payer"].as_str().unwrap();
                if names[payer] != "evergreen"
                    || reader.of_payer.as_deref().is_some_and(|own| own != payer)
                {
                    continue;
                }
                let visits: Vec<&Visit> = raw
                    .visits
                    .iter()
                    .filter(|v| {
                        member["id"] == v.member.as_str() && v.payer.as_deref() == Some(payer)
                    })
                    .collect();
                let mut wanted: Vec<(String, String, i64, i64)> = limits_of(&visits, on)
                    .into_iter()
                    .map(|(kind, key, cap, used)| (kind.to_owned(), key.to_owned(), cap, used))
                    .collect();
                for a in raw
                    .authorizations
                    .iter()
                    .filter(|a| a["member"] == member["id"] && a["payer"] == payer)
                {
                    if past::day(&a["from"]) <= on
                        && a["to"].as_str().is_none_or(|to| on <= day(to))
                    {
                        let name = a["number"].as_str().unwrap();
                        let [used, reserved, ..] = drawn(raw, name, payer, on);
                        wanted.push((
                            "authorization".into(),
                            name.into(),
                            a["units"].as_i64().unwrap(),
                            used + reserved,
                        ));
                    }
                }
                let least = wanted.iter().map(|(_, _, cap, used)| cap - used).min();
                for (kind, key, cap, used) in wanted {
                    let reference = member["reference"].as_str().unwrap().to_owned();
                    let place = [raw.key.to_owned(), names[payer].clone(), reference, kind, key];
                    let row = told.get(&place).copied().unwrap_or(&Value::Null);
                    let what = format!("limits on {on} {place:?}");
                    let first = if Some(cap - used) == least { "yes" } else { "" };
                    for (column, right) in
                        [("allowed", cap), ("used", used), ("remaining", cap - used)]
                    {
                        reader.same(
                            &format!("{what} {column}"),
                            &row[column],
                            &json!(right.to_string()),
                        );
                    }
                    reader.same(&format!("{what} binds_first"), &row["binds_first"], &json!(first));
                    let band = match used {
                        used if used > cap => "over_cap",
                        used if used == cap => "at_cap",
                        used if 5 * used >= 4 * cap => "near",
                        used if 2 * used >= cap => "half",
                        _ => "below_half",
                    };
                    reader.same(&format!("{what} band"), &row["band"], &json!(band));
                    let part = share(used, cap);
                    reader.same(&format!("{what} share_used"), &row["share_used"], &part);
                    seen += 1;
                    binding += i64::from(used > 0);
                }
            }
        }
    }
    reader.same(&format!("limits on {on}: rows"), &json!(told.len()), &json!(seen));
    binding
}

async fn recount(app: &TestApp, seed: u64) {
    let mut story = past::begin(app, 4).await;
    let mut dice = Dice::new(seed);
    story.play(app, &mut dice, 250).await;
    let raws = read(app, &story).await;
    let (readers, names) = readers(app, &story).await;
    let now = story.now().utc();
    let today: BTreeMap<&str, NaiveDate> =
        raws.iter().map(|raw| (raw.key, raw.local(now))).collect();
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
    let spans = enrollment(&mut dice);
    let rows: Vec<String> =
        spans.iter().map(|(number, from, to)| format!("{number},{from},{to}\n")).collect();
    let text = format!("member_number,from,to\n{}", rows.concat());
    let path = "/v1/enrollments?from=2026-10-01&to=2027-02-28&payer=evergreen";
    let kept = world::body(app, path, &story.analyst, "text/csv", text).await.expect(201);
    for reader in readers.iter().filter(|reader| reader.of_payer.is_some()) {
        rates(app, reader, &raws, &spans, kept["id"].as_str().unwrap()).await;
    }
    agree(&readers[0].faults);
    assert!(
        words.len() > 4 && binding > 20,
        "a history in which nothing happens: {words:?} {binding}"
    );
}

on_both! {
    async fn every_measure_of_people_is_what_a_recount_gives(app: TestApp) {
        recount(&app, 1967).await;
    }

    async fn every_measure_of_people_in_another_history_too(app: TestApp) {
        recount(&app, 4_242).await;
    }
}
