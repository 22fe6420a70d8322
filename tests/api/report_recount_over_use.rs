//! Flags of over- and under-use after a random history, against a slow recount of what the API lists: every
//! row for everybody who reads. Written from what the columns say of themselves.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::past::{self, Story};
use crate::raw::{Raw, Reader, Visit, agree};
use crate::report_recount::{Question, count, ratio, read, readers};
use crate::report_recount_people::{day, days};
use crate::world::{self, Dice, id};

const PERIODS: [(&str, &str); 3] =
    [("2026-09-01", "2027-02-28"), ("2026-09-10", "2026-10-20"), ("2026-09-16", "2026-09-16")];

/// Two or three busy weeks before the story begins: enough members to be compared, peers who are in two
/// places, and a day of eighteen hours.
async fn busy(app: &TestApp, story: &Story, dice: &mut Dice) {
    for past in &story.pasts {
        let w = &past.world;
        let mut visits = Vec::new();
        for n in 0..80 {
            let member = if n < 36 { n } else { dice.roll(36) };
            let start = format!(
                "2026-09-{:02}T{:02}:{:02}",
                2 + dice.roll(14),
                15 + dice.roll(8),
                15 * dice.roll(4)
            );
            visits.push((dice.roll(4), member, start, *dice.pick(&[15, 30, 45, 60, 90])));
        }
        for n in 0..6 {
            visits.push((0, 6 + n, format!("2026-09-18T{:02}:00", 8 + 3 * n), 180));
        }
        // One member has far more than the others, by approvals and without.
        for n in 0..4 {
            visits.push((3, 35, format!("2026-09-{}T12:00", 19 + n), 300));
        }
        for (n, (peer, member, start, minutes)) in visits.iter().enumerate() {
            let body = world::visit_of(
                &format!("B-{n}"),
                &w.peers[*peer],
                &w.members[*member],
                start,
                *minutes,
            );
            app.post("/v1/encounters", &w.biller, &body).await.expect(201);
        }
        let body = json!({"payer": "evergreen", "through": "2026-09-24"});
        let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
    }
}

/// The months of a period, clipped to it.
fn months(from: NaiveDate, to: NaiveDate) -> Vec<Vec<NaiveDate>> {
    let mut all: BTreeMap<(i32, u32), Vec<NaiveDate>> = BTreeMap::new();
    for day in days(from, to) {
        all.entry((day.year(), day.month())).or_default().push(day);
    }
    all.into_values().collect()
}

/// What is asked, of one organization in one month.
struct Month<'a> {
    reader: &'a Reader<'a>,
    raw: &'a Raw,
    names: &'a BTreeMap<String, String>,
    days: &'a [NaiveDate],
    today: NaiveDate,
}

impl<'a> Month<'a> {
    fn visits(&self) -> Vec<&'a Visit> {
        let seen =
            self.raw.visits.iter().filter(|v| self.reader.sees(v) && self.days.contains(&v.day));
        let mut all: Vec<&Visit> = seen.collect();
        all.sort_by_key(|v| v.day);
        all
    }

    fn row(&self, flag: &str, payer: &str, more: Value) -> Value {
        let (first, last) = (self.days[0], self.days[self.days.len() - 1]);
        let mut row = json!({
            "organization": self.raw.key, "payer": payer, "flag": flag, "member_number": null, "member": null,
            "rendering_npi": null, "service": null, "from": first.to_string(), "to": last.to_string(), "flags": 1,
            "meetings": 0, "unit": "units", "value": null, "bound": null, "compared": null, "median": null,
            "mad": null, "z": null,
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    }

    /// The organization's own name of a member; nothing for a payer.
    fn member(&self, id: &str) -> Value {
        let member = self.raw.members.iter().find(|m| m["id"] == id).unwrap();
        if self.reader.payer { Value::Null } else { member["reference"].clone() }
    }

    fn peers(&self, rows: &mut Vec<Value>) {
        let payer = self.reader.of_payer.as_ref().map_or("all", |id| self.names[id].as_str());
        for peer in &self.raw.peers {
            // Each meeting once, whoever was in it; of all time, in order of its beginning.
            let mut meetings: BTreeMap<String, &Visit> = BTreeMap::new();
            for visit in self
                .raw
                .visits
                .iter()
                .filter(|v| self.reader.sees(v) && peer["id"] == v.peer.as_str())
            {
                let name =
                    visit.session.as_ref().map_or(visit.id.clone(), |s| format!("session {s}"));
                meetings.entry(name).or_insert(visit);
            }
            let mut list: Vec<&Visit> = meetings.into_values().collect();
            list.sort_by_key(|v| v.time);
            let minutes =
                |v: &Visit| v.session.as_ref().map_or(v.minutes, |s| self.raw.sessions[s].0);
            for day in self.days {
                let (mut sum, mut sessions, mut taken, mut overlapping) = (0, 0, 0, 0);
                for (place, visit) in list.iter().enumerate().filter(|(_, v)| v.day == *day) {
                    sum += minutes(visit);
                    sessions += 1;
                    // Minute by minute: was another one running that began before?
                    let earlier = &list[..place];
                    let length = (visit.time.1 - visit.time.0).num_minutes();
                    let busy = count((0..length).filter(|n| {
                        let at = visit.time.0 + chrono::TimeDelta::minutes(*n);
                        earlier.iter().any(|v| v.time.0 <= at && at < v.time.1)
                    }));
                    taken += busy;
                    overlapping += i64::from(busy > 0);
                }
                let mut flag = |name: &str, meetings: i64, minutes: i64, bound: Value| {
                    rows.push(self.row(name, payer, json!({
                        "rendering_npi": peer["npi"], "from": day.to_string(), "to": day.to_string(), "unit": "hours",
                        "meetings": meetings, "value": ratio(minutes, 60, 2), "bound": bound,
                    })));
                };
                if sum > 16 * 60 {
                    flag("long_day", sessions, sum, json!("16.00"));
                }
                if overlapping > 0 {
                    flag("overlap", overlapping, taken, Value::Null);
                }
            }
        }
    }

    fn over_cap(&self, rows: &mut Vec<Value>) {
        let caps = [
            "limit.visit",
            "limit.bill_up_to",
            "limit.hold",
            "limit.never",
            "limit.across_organizations",
        ];
        let mut held: BTreeMap<(String, &str), Vec<&Visit>> = BTreeMap::new();
        for visit in self.visits() {
            if caps.iter().any(|cap| visit.waits_for.contains(*cap)) && visit.units(&["held"]) > 0 {
                let payer =
                    visit.payer.as_ref().map_or("none".to_owned(), |id| self.names[id].clone());
                held.entry((payer, &visit.member)).or_default().push(visit);
            }
        }
        for ((payer, member), visits) in held {
            let units = visits.iter().map(|v| v.units(&["held"])).sum();
            rows.push(self.row(
                "over_cap",
                &payer,
                json!({
                    "member_number": visits[visits.len() - 1].number, "member": self.member(member),
                    "meetings": visits.len(), "value": ratio(units, 1, 2),
                }),
            ));
        }
    }

    /// Members far above the others, and the others.
    fn compared(&self, rows: &mut Vec<Value>) {
        let mut groups: BTreeMap<(&str, &str), BTreeMap<String, Vec<&Visit>>> = BTreeMap::new();
        for visit in self.visits() {
            if let Some(payer) = &visit.payer
                && visit.service != "none"
            {
                let group = groups.entry((payer, &visit.service)).or_default();
                group.entry(self.reader.person(visit)).or_default().push(visit);
            }
        }
        for ((payer, service), people) in groups {
            let units =
                |visits: &[&Visit]| visits.iter().map(|v| self.reader.units(v)).sum::<i64>();
            let people: Vec<(i64, Vec<&Visit>)> = people
                .into_values()
                .map(|visits| (units(&visits), visits))
                .filter(|(units, _)| *units > 0)
                .collect();
            if people.is_empty() {
                continue;
            }
            // In quarters of a unit, so that all middles are whole.
            let middle = |mut list: Vec<i64>| {
                list.sort_unstable();
                i64::midpoint(list[(list.len() - 1) / 2], list[list.len() / 2])
            };
            let median = middle(people.iter().map(|(units, _)| 4 * units).collect());
            let mad = middle(people.iter().map(|(units, _)| (4 * units - median).abs()).collect());
            let told = people.len() >= 30 && mad > 0;
            let numbers = if told {
                // 3.5 / 0.6745 deviations above the median.
                let bound = ratio(median * 6_745 + 35_000 * mad, 4 * 6_745, 2);
                json!({"bound": bound, "median": ratio(median, 4, 2), "mad": ratio(mad, 4, 2)})
            } else {
                json!({})
            };
            let all = people.iter().map(|(units, _)| units).sum();
            let base = self.row("compared", &self.names[payer], numbers);
            let with = |more: Value| {
                let mut row = base.clone();
                row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                row
            };
            rows.push(with(json!({
                "flags": 0, "service": service, "value": ratio(all, 1, 2), "compared": people.len(),
                "meetings": people.iter().map(|(_, visits)| visits.len()).sum::<usize>(),
            })));
            for (units, visits) in people.iter().filter(|_| told) {
                let away = 4 * units - median;
                if 6_745 * away > 35_000 * mad {
                    let last = visits[visits.len() - 1];
                    rows.push(with(json!({
                        "flag": "far_above", "service": service, "value": ratio(*units, 1, 2), "compared": people.len(),
                        "meetings": visits.len(), "member_number": last.number, "member": self.member(&last.member),
                        "z": ratio(6_745 * away, 10_000 * mad, 4),
                    })));
                }
            }
        }
    }

    fn no_visits(&self, rows: &mut Vec<Value>) {
        let (first, last) = (self.days[0], self.days[self.days.len() - 1]);
        if first.day() != 1 || (last + chrono::Days::new(1)).day() != 1 || last >= self.today {
            return;
        }
        let on = |spans: &Value, day: NaiveDate| {
            past::day(&spans["from"]) <= day
                && spans["to"].as_str().is_none_or(|to| day <= self::day(to))
        };
        let mut found = BTreeSet::new();
        for a in self
            .raw
            .authorizations
            .iter()
            .filter(|a| a["units"] != 0 && on(a, first) && on(a, last))
        {
            let (payer, id) = (a["payer"].as_str().unwrap(), a["member"].as_str().unwrap());
            let theirs = self.reader.of_payer.as_deref().is_none_or(|own| own == payer);
            let came =
                |v: &&Visit| v.member == id && v.payer.as_deref() == Some(payer) && !v.absent;
            let member = self.raw.members.iter().find(|m| m["id"] == id).unwrap();
            let coverages: Vec<&Value> = member["coverages"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|c| c["payer"] == payer)
                .collect();
            let covered = self.days.iter().all(|day| coverages.iter().any(|c| on(c, *day)));
            if theirs && covered && !self.visits().iter().any(came) && found.insert((payer, id)) {
                let numbers = coverages.iter().filter(|c| on(c, last));
                let number = numbers.map(|c| c["member_number"].as_str().unwrap()).min().unwrap();
                rows.push(self.row(
                    "no_visits",
                    &self.names[payer],
                    json!({
                        "member_number": number, "member": self.member(id), "value": "0.00",
                    }),
                ));
            }
        }
    }
}

async fn recount(app: &TestApp, seed: u64) {
    let mut story = past::begin(app, 36).await;
    let mut dice = Dice::new(seed);
    busy(app, &story, &mut dice).await;
    story.play(app, &mut dice, 70).await;
    let raws = read(app, &story).await;
    let (readers, names) = readers(app, &story).await;
    let now = story.now().utc();
    let mut told = BTreeSet::new();
    for reader in &readers {
        for (from, to) in PERIODS {
            let (from, to) = (day(from), day(to));
            let mut rows = Vec::new();
            for raw in raws.iter().filter(|raw| reader.of(raw.key)) {
                for days in months(from, to) {
                    let month =
                        Month { reader, raw, names: &names, days: &days, today: raw.local(now) };
                    month.peers(&mut rows);
                    month.compared(&mut rows);
                    month.no_visits(&mut rows);
                    if !reader.payer {
                        month.over_cap(&mut rows);
                    }
                }
            }
            for row in &rows {
                let compared = if row["median"].is_null() { "" } else { " with a median" };
                told.insert(format!(
                    "{}{compared} {}",
                    row["flag"].as_str().unwrap(),
                    reader.payer
                ));
            }
            let flags: i64 = rows.iter().map(|row| row["flags"].as_i64().unwrap()).sum();
            let totals = json!({
                "organization": "all", "payer": "all", "flag": "all", "member_number": null, "member": null,
                "rendering_npi": null, "service": null, "from": null, "to": null, "flags": flags, "meetings": null,
                "unit": "", "value": null, "bound": null, "compared": null, "median": null, "mad": null, "z": null,
            });
            let q = Question { reader, raws: &raws, from, to, basis: "service" };
            q.holds(app, "over_use", "", rows, Some(totals)).await;
        }
    }
    agree(&readers[0].faults);
    for flag in [
        "over_cap false",
        "far_above with a median false",
        "compared with a median true",
        "compared false",
        "long_day false",
        "overlap false",
        "no_visits false",
        "no_visits true",
    ] {
        assert!(told.contains(flag), "a history in which nothing happens: {flag}: {told:?}");
    }
}

on_both! {
    async fn every_flag_of_over_use_is_what_a_recount_gives(app: TestApp) {
        recount(&app, 512).await;
    }
}
