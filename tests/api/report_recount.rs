//! Reports of visits and claims after random histories, against a slow recount of what the API lists:
//! every column of every row, for everybody who reads, by service date and by submission; movement
//! against two readings of the lists.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::past::{self, Story};
use crate::raw::{Raw, Reader, Told, Visit, agree};
use crate::report_recount_movement::movement;
pub use crate::report_recount_numbers::{count, money, month, ratio, share};
pub use crate::report_recount_readers::{read, readers};
use crate::world::Dice;

/// A period that cuts months, and holds the change of the clocks and of the year.
pub const PERIODS: [(&str, &str); 3] =
    [("2026-01-01", "2027-12-31"), ("2026-10-14", "2027-01-09"), ("2026-12-31", "2027-01-01")];

/// What is asked, of whom.
pub struct Question<'a> {
    pub reader: &'a Reader<'a>,
    pub raws: &'a [Raw],
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub basis: &'a str,
}

impl Question<'_> {
    /// The day that places a visit in the period.
    pub fn placed(&self, visit: &Visit) -> Option<NaiveDate> {
        let day = match self.basis {
            "submission" => visit.sent().first()?.released?,
            _ => visit.day,
        };
        (self.from..=self.to).contains(&day).then_some(day)
    }

    /// The visits that are counted, with their days.
    pub fn visits(&self) -> Vec<(NaiveDate, &Visit)> {
        let all = self.raws.iter().flat_map(|raw| &raw.visits);
        let seen = all.filter(|visit| self.reader.sees(visit));
        seen.filter_map(|visit| Some((self.placed(visit)?, visit))).collect()
    }

    /// The same, for what became of claims: for a payer also what it was sent and does not have on a
    /// live claim any more, unless it was taken back before it arrived.
    pub fn visits_sent(&self) -> Vec<(NaiveDate, &Visit)> {
        let all = self.raws.iter().flat_map(|raw| &raw.visits);
        let seen = all.filter(|visit| self.is_told_of_claims(visit));
        seen.filter_map(|visit| Some((self.placed(visit)?, visit))).collect()
    }

    /// Whether the reader is told what became of the claims of a visit.
    pub fn is_told_of_claims(&self, visit: &Visit) -> bool {
        let sent = visit.sent();
        let arrived = sent.iter().any(|t| t.delivered.is_some());
        let had = self.reader.payer
            && self.reader.of(visit.organization)
            && !visit.is_void()
            && sent.last().is_some_and(|last| {
                Some(&last.payer) == self.reader.of_payer.as_ref()
                    && (arrived || last.status != "withdrawn")
            });
        self.reader.sees(visit) || had
    }

    fn path(&self, name: &str, more: &str) -> String {
        let (from, to, basis, query) = (self.from, self.to, self.basis, self.reader.query);
        format!("/v1/reports/{name}?from={from}&to={to}&basis={basis}{query}{more}")
    }

    /// The report, whose rows and totals must be these.
    pub async fn holds(
        &self,
        app: &TestApp,
        name: &str,
        more: &str,
        mut rows: Vec<Value>,
        totals: Option<Value>,
    ) -> Value {
        let report = app.get(&self.path(name, more), &self.reader.key).await.expect(200);
        let what = format!("{name} {} {}..{}", self.basis, self.from, self.to);
        let same = |part: &str, told: &Value, wanted: &Value| {
            self.reader.same(&format!("{what} {part}"), told, wanted);
        };
        same("ties", &report["ties"]["ties"], &json!(true));
        if !report["control"].is_null() {
            same("control", &report["control"]["ties"], &json!(true));
        }
        let keys = [
            "organization",
            "payer",
            "authorization",
            "month",
            "leg",
            "cut",
            "value",
            "reason",
            "step",
            "flag",
            "member_number",
            "member",
            "rendering_npi",
            "service",
            "from",
        ];
        let sorted = |row: &Value| keys.map(|key| row[key].to_string());
        let mut told = report["rows"].as_array().unwrap().clone();
        told.sort_by_cached_key(sorted);
        rows.sort_by_cached_key(sorted);
        same("rows", &json!(told.len()), &json!(rows.len()));
        for (told, wanted) in told.iter().zip(&rows) {
            same("row", told, wanted);
        }
        same("totals", &report["totals"], &totals.unwrap_or_default());
        report
    }
}

/// Visits by a key of theirs.
pub fn by<'a, K: Ord>(
    visits: &[(NaiveDate, &'a Visit)],
    key: impl Fn(NaiveDate, &Visit) -> K,
) -> BTreeMap<K, Vec<&'a Visit>> {
    let mut groups: BTreeMap<K, Vec<&Visit>> = BTreeMap::new();
    for (day, visit) in visits {
        groups.entry(key(*day, visit)).or_default().push(visit);
    }
    groups
}

pub fn bare<'a>(visits: &[(NaiveDate, &'a Visit)]) -> Vec<&'a Visit> {
    visits.iter().map(|(_, visit)| *visit).collect()
}

/// Keys and numbers of a row.
pub fn row(keys: &[(&str, &str)], mut numbers: Value) -> Value {
    let of = numbers.as_object_mut().unwrap();
    for (name, value) in keys {
        of.insert((*name).to_owned(), json!(value));
    }
    numbers
}

/// What is counted of a group in more than one report.
pub struct Group {
    pub members: i64,
    pub contacts: i64,
    pub units: i64,
    pub minutes: i64,
    pub sessions: i64,
    pub group_sessions: i64,
    pub group_contacts: i64,
    pub staff_minutes: i64,
    pub present: i64,
    pub units_of_each: Vec<i64>,
}

impl Question<'_> {
    pub fn group(&self, visits: &[&Visit]) -> Group {
        let mut people: BTreeMap<String, i64> = BTreeMap::new();
        let mut meetings = BTreeSet::new();
        let (mut alone, mut minutes_alone) = (0, 0);
        for visit in visits {
            *people.entry(self.reader.person(visit)).or_default() += self.reader.units(visit);
            if let Some(name) = &visit.session {
                meetings.insert((visit.organization, name));
            } else {
                alone += 1;
                minutes_alone += visit.minutes;
            }
        }
        let session = |(organization, name): &(&str, &String)| {
            self.raws.iter().find(|raw| raw.key == *organization).unwrap().sessions[*name]
        };
        Group {
            members: count(&people),
            contacts: count(visits),
            units: visits.iter().map(|v| self.reader.units(v)).sum(),
            minutes: visits.iter().map(|v| v.minutes).sum(),
            sessions: alone + count(&meetings),
            group_sessions: count(&meetings),
            group_contacts: count(visits.iter().filter(|v| v.session.is_some())),
            staff_minutes: minutes_alone + meetings.iter().map(|m| session(m).0).sum::<i64>(),
            present: meetings.iter().map(|m| session(m).1).sum(),
            units_of_each: people.into_values().collect(),
        }
    }

    async fn delivery(&self, app: &TestApp) {
        let of = |organization: &str, month: &str, visits: &[&Visit]| {
            let g = self.group(visits);
            let mut each = g.units_of_each;
            each.sort_unstable();
            let middle = (each.len().saturating_sub(1) / 2, each.len() / 2);
            let non_billable = count(visits.iter().filter(|v| v.status == "non_billable"));
            let non_billable = (!self.reader.payer).then_some(non_billable);
            let median = if each.is_empty() {
                Value::Null
            } else {
                ratio(each[middle.0] + each[middle.1], 2, 1)
            };
            row(
                &[("organization", organization), ("month", month)],
                json!({
                    "members": g.members, "contacts": g.contacts, "non_billable_contacts": non_billable,
                    "sessions": g.sessions, "group_sessions": g.group_sessions, "group_contacts": g.group_contacts, "units": g.units,
                    "contact_minutes": g.minutes, "staff_minutes": g.staff_minutes,
                    "staff_hours": ratio(g.staff_minutes, 60, 2), "units_per_member": ratio(g.units, g.members, 2),
                    "median_units_per_member": median, "contacts_per_member": ratio(g.contacts, g.members, 2),
                    "average_group_size": ratio(g.present, g.group_sessions, 2),
                }),
            )
        };
        let all = self.visits();
        let groups = by(&all, |day, visit| (visit.organization, month(day)));
        let rows =
            groups.iter().map(|((organization, month), visits)| of(organization, month, visits));
        self.holds(app, "delivery", "", rows.collect(), Some(of("all", "all", &bare(&all)))).await;
        if self.basis == "service" {
            self.members_at_each_level(app, &all).await;
        }
    }

    async fn mix(&self, app: &TestApp) {
        let all = self.visits();
        let whole = self.group(&bare(&all));
        let of = |cut: &str, value: &str, visits: &[&Visit]| {
            let g = self.group(visits);
            row(
                &[("cut", cut), ("value", value)],
                json!({
                    "members": g.members, "contacts": g.contacts, "sessions": g.sessions, "units": g.units,
                    "contact_minutes": g.minutes, "share_of_contacts": share(g.contacts, whole.contacts),
                    "share_of_minutes": share(g.minutes, whole.minutes),
                }),
            )
        };
        let mut rows = Vec::new();
        for cut in ["service", "mode", "setting", "role", "size"] {
            let groups = by(&all, |_, visit| match cut {
                "service" => visit.service.clone(),
                "mode" => visit.mode.clone(),
                "setting" => visit.setting.clone(),
                "role" => visit.role.clone(),
                _ => if visit.session.is_some() { "group" } else { "individual" }.to_owned(),
            });
            rows.extend(groups.iter().map(|(value, visits)| of(cut, value, visits)));
        }
        self.holds(app, "mix", "", rows, Some(of("all", "all", &bare(&all)))).await;
    }

    async fn dollars(&self, app: &TestApp, payers: &BTreeMap<String, String>) {
        let of = |organization: &str, payer: &str, month: &str, visits: &[&Visit]| {
            let billed = |place: usize| {
                visits.iter().filter_map(|v| v.billed()).map(|sums| sums[place]).sum::<i64>()
            };
            let open = |states: &[&str]| {
                let sum = visits.iter().map(|v| v.expected(states)).sum();
                if self.reader.payer { Value::Null } else { money(sum) }
            };
            row(
                &[("organization", organization), ("payer", payer), ("month", month)],
                json!({
                    "released_units": billed(0), "billed": money(billed(1)), "expected": money(billed(2)),
                    "expected_ready": open(&["ready", "claimed"]), "expected_held": open(&["held"]), "paid": null,
                }),
            )
        };
        let all = self.visits();
        let groups = by(&all, |day, visit| {
            let payer = visit.payer.as_ref().map_or("none", |id| payers[id].as_str());
            (visit.organization, payer.to_owned(), month(day))
        });
        let rows = groups
            .iter()
            .map(|((organization, payer, month), visits)| of(organization, payer, month, visits));
        let totals = of("all", "all", "all", &bare(&all));
        self.holds(app, "dollars", "", rows.collect(), Some(totals)).await;
    }
}

/// By which dates a period is read: the shortest one by service only, to save time.
fn bases(from: &str) -> &'static [&'static str] {
    if from == PERIODS[2].0 { &["service"] } else { &["service", "submission"] }
}

async fn each_report(
    app: &TestApp,
    story: &Story,
    readers: &[Reader<'_>],
    payers: &BTreeMap<String, String>,
    raws: &[Raw],
) {
    let now = story.now().utc();
    let today: BTreeMap<&str, NaiveDate> =
        raws.iter().map(|raw| (raw.key, raw.local(now))).collect();
    for reader in readers {
        for (place, (from, to)) in PERIODS.into_iter().enumerate() {
            for basis in bases(from).iter().copied() {
                let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
                let q = Question { reader, raws, from, to, basis };
                q.delivery(app).await;
                q.dollars(app, payers).await;
                q.utilization(app).await;
                q.acceptance(app).await;
                q.timeliness(app, &today).await;
                if place < 2 {
                    q.mix(app).await;
                }
                if !reader.payer && basis == "service" {
                    q.completeness(app).await;
                    q.held(app).await;
                }
            }
        }
    }
}

/// A history in which nothing happens shows nothing.
fn rich(story: &Story, raws: &[Raw]) {
    let happened = |what, status| story.codes.get(&(what, status)).copied().unwrap_or_default();
    for (what, status) in [
        ("session", 201),
        ("void", 200),
        ("build", 201),
        ("release", 200),
        ("deliver", 200),
        ("answer", 201),
    ] {
        assert!(happened(what, status) > 0, "{what}: {:?}", story.codes);
    }
    let visits: Vec<&Visit> = raws.iter().flat_map(|raw| &raw.visits).collect();
    for status in ["ready", "held", "non_billable", "submitted", "void"] {
        assert!(visits.iter().any(|v| v.status == status), "{status}");
    }
    let told: Vec<&Told> = visits.iter().flat_map(|v| v.sent()).collect();
    for status in ["accepted", "rejected"] {
        assert!(told.iter().any(|t| t.status == status), "{status}");
    }
    assert!(visits.iter().any(|v| v.sent().len() > 1), "sent again");
    let partly = |v: &&&Visit| v.units(&["held"]) > 0 && v.units(&["ready", "submitted"]) > 0;
    assert!(visits.iter().any(|v| partly(&v)), "a visit of which a part waits");
    let slow = |v: &&Visit| {
        v.sent().first().is_some_and(|t| (t.released.unwrap() - v.day).num_days() > 30)
    };
    assert!(visits.iter().any(slow), "a slow release");
    assert!(
        visits.iter().any(|v| v.day < day("2027-01-01"))
            && visits.iter().any(|v| v.day > day("2027-01-01"))
    );
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn recount(app: &TestApp, seed: u64) {
    let mut story = past::begin(app, 5).await;
    let mut dice = Dice::new(seed);
    story.play(app, &mut dice, 120).await;
    let (then, (readers, payers)) = (read(app, &story).await, readers(app, &story).await);
    let path = "/v1/reports/delivery?from=2026-01-01&to=2027-12-31";
    let since =
        app.get(path, &readers[2].key).await.expect(200)["as_of"].as_str().unwrap().to_owned();
    story.play(app, &mut dice, 150).await;
    let now = read(app, &story).await;
    each_report(app, &story, &readers, &payers, &now).await;
    let mut seen = BTreeSet::new();
    for reader in &readers {
        for (from, to) in PERIODS {
            for basis in bases(from).iter().copied() {
                let question =
                    |raws| Question { reader, raws, from: day(from), to: day(to), basis };
                movement(app, &[question(&then), question(&now)], &since, &mut seen).await;
            }
        }
    }
    agree(&readers[0].faults);
    rich(&story, &now);
    assert!(seen.len() > 2, "{seen:?}");
}

on_both! {
    async fn every_measure_of_visits_is_what_a_recount_gives(app: TestApp) {
        recount(&app, 20_260_930).await;
    }

    async fn every_measure_of_another_history_too(app: TestApp) {
        recount(&app, 77).await;
    }
}
