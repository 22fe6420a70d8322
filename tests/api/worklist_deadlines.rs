//! Deadlines of the worklist, worked out here from the days of service, the contract's filing limit and
//! the day on which it is looked at; nothing is taken from what the list says of itself.

use chrono::{NaiveDate, TimeDelta};
use peerclaims::domain::dates::Instant;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, visit_of};

/// In order of arrival: how many days before the deadline today is, and the hours of the visit. On both
/// sides of each end of a bucket.
const VISITS: [(i64, i64); 9] =
    [(31, 4), (-1, 4), (0, 1), (8, 3), (62, 4), (7, 2), (60, 3), (30, 1), (61, 2)];

/// The buckets as they are documented: the least and the most days left, and the weight of a dollar.
const BUCKETS: [(&str, i64, i64, i64); 5] = [
    ("overdue", -10_000, -1, 1),
    ("week", 0, 7, 8),
    ("month", 8, 30, 4),
    ("two_months", 31, 60, 2),
    ("later", 61, 10_000, 1),
];

/// The day that the clock of the tests shows.
fn tenth() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, 10).unwrap()
}

/// A visit that waits, as it was sent.
struct Sent {
    reference: String,
    day: NaiveDate,
    /// Days after the service by which it must be filed; none: no contract says it.
    filing: Option<i64>,
    /// What it is worth, where that is known.
    cents: Option<i64>,
}

impl Sent {
    fn left(&self, today: NaiveDate) -> Option<i64> {
        self.filing.map(|days| days - (today - self.day).num_days())
    }

    /// Its bucket and the weight of that.
    fn bucket(&self, today: NaiveDate) -> (&'static str, i64) {
        let Some(left) = self.left(today) else { return ("unknown", 1) };
        let within = |bucket: &&(&str, i64, i64, i64)| (bucket.1..=bucket.2).contains(&left);
        let (name, _, _, weight) = *BUCKETS.iter().find(within).unwrap();
        (name, weight)
    }

    /// Where it stands in an order: the lowest first, then whoever came first.
    fn rank(&self, order: &str, today: NaiveDate) -> i64 {
        match order {
            "deadline" => self.left(today).unwrap_or(i64::MAX),
            "money" => self.cents.map_or(1, |cents| -cents),
            _ => self.cents.map_or(1, |cents| -cents * self.bucket(today).1),
        }
    }

    fn told(&self, today: NaiveDate) -> Value {
        let file_by = self.filing.map(|days| self.day + TimeDelta::days(days));
        json!({
            "reference": self.reference, "service_date": self.day.to_string(),
            "file_by": file_by.map(|day| day.to_string()), "days_left": self.left(today),
            "due": self.bucket(today).0,
            "at_risk": self.cents.map(|c| format!("{}.{:02}", c / 100, c % 100)),
        })
    }
}

/// Records the visits without a signed note, for a payer with so many days to file, and one that no
/// contract is for.
async fn record(app: &TestApp, w: &World, filing: i64) -> Vec<Sent> {
    let mut all = Vec::new();
    for (n, (left, hours)) in VISITS.into_iter().enumerate() {
        let day = tenth() + TimeDelta::days(left - filing);
        // Every other one in the evening, when it is the next day in UTC.
        let start = match n % 2 {
            0 => format!("{day}T16:00"),
            _ => format!("{}T03:00", day + TimeDelta::days(1)),
        };
        let reference = format!("W-{n}");
        let mut body = visit_of(&reference, &w.peers[0], &w.members[0], &start, 60 * hours);
        body["note"] = Value::Null;
        let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(seen["disposition"], "held", "{seen}");
        // Four units an hour of 17.8825, and of 18.4575 from August on.
        let raised = NaiveDate::from_ymd_opt(2026, 8, 1).unwrap();
        let cents = Some(hours * if day < raised { 7_153 } else { 7_383 });
        all.push(Sent { reference, day, filing: Some(filing), cents });
    }
    let uncovered = json!({"reference": "R-NONE", "first_name": "Dana", "last_name": "Alvarez",
        "birth_date": "1985-02-14", "gender": "F", "coverages": []});
    let path = "/v1/members?organization=river-bend";
    let member = id(&app.post(path, &w.admin, &uncovered).await.expect(201));
    let body = visit_of("W-NONE", &w.peers[1], &member, "2026-08-20T16:00", 60);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    let day = NaiveDate::from_ymd_opt(2026, 8, 20).unwrap();
    all.push(Sent { reference: "W-NONE".to_owned(), day, filing: None, cents: None });
    all
}

fn in_order<'a>(all: &'a [Sent], order: &str, today: NaiveDate) -> Vec<&'a Sent> {
    let mut list: Vec<&Sent> = all.iter().collect();
    list.sort_by_key(|sent| sent.rank(order, today));
    list
}

/// The list, its parts by deadline, the sums and the table say what was worked out.
async fn is_told(app: &TestApp, w: &World, all: &[Sent], today: NaiveDate) {
    for order in ["urgency", "deadline", "money"] {
        let list = world::all(app, &format!("/v1/worklist?order={order}"), &w.biller).await;
        let fields = ["reference", "service_date", "file_by", "days_left", "due", "at_risk"];
        let told: Vec<Value> = list
            .iter()
            .map(|row| fields.into_iter().map(|f| (f.to_owned(), row[f].clone())).collect())
            .collect();
        let wanted = in_order(all, order, today);
        let wanted: Vec<Value> = wanted.into_iter().map(|sent| sent.told(today)).collect();
        assert_eq!(told, wanted, "{order} on {today}");
    }
    let summary = app.get("/v1/worklist/summary", &w.biller).await.expect(200);
    assert_eq!(summary["today"], today.to_string());
    for name in BUCKETS.map(|bucket| bucket.0).into_iter().chain(["unknown"]) {
        let list = world::all(app, &format!("/v1/worklist?due={name}"), &w.biller).await;
        let told: Vec<&str> = list.iter().map(|row| row["reference"].as_str().unwrap()).collect();
        let wanted = in_order(all, "urgency", today).into_iter();
        let wanted = wanted.filter(|sent| sent.bucket(today).0 == name);
        let wanted: Vec<&str> = wanted.map(|sent| sent.reference.as_str()).collect();
        assert_eq!(told, wanted, "{name} on {today}");
        let groups = summary["by_due"].as_array().unwrap();
        let group = groups.iter().find(|group| group["key"] == name);
        let count = group.map_or(0, |group| group["encounters"].as_u64().unwrap());
        assert_eq!(count, u64::try_from(wanted.len()).unwrap(), "{name} on {today}: {summary}");
    }
    let table = app.get("/v1/worklist?format=csv&order=deadline", &w.biller).await;
    let mut reader = csv::Reader::from_reader(table.body.as_bytes());
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let [reference, file_by, left] = ["reference", "file_by", "days_left"].map(column);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let told: Vec<[&str; 3]> =
        rows.iter().map(|row| [&row[reference], &row[file_by], &row[left]]).collect();
    let wanted = in_order(all, "deadline", today).into_iter();
    let wanted: Vec<[String; 3]> = wanted
        .map(|sent| {
            let file_by = sent.filing.map(|days| (sent.day + TimeDelta::days(days)).to_string());
            let left = sent.left(today).map(|left| left.to_string());
            [sent.reference.clone(), file_by.unwrap_or_default(), left.unwrap_or_default()]
        })
        .collect();
    assert_eq!(told, wanted);
}

/// Looks at the list on the tenth, late on the evening of it, and on the day after, which nothing but
/// the clock makes another one.
async fn as_days_go_by(app: &TestApp, filing: i64) {
    let days = format!("days = {filing}");
    let w = world::river_bend_with(app, 1, &[("days = 95", days.as_str())]).await;
    let all = record(app, &w, filing).await;
    is_told(app, &w, &all, tenth()).await;
    // Los Angeles is seven hours behind UTC.
    for (now, passed) in [("2026-09-11T06:30:00Z", 0), ("2026-09-11T07:30:00Z", 1)] {
        app.ctx.clock.set(Instant::parse(now).unwrap());
        is_told(app, &w, &all, tenth() + TimeDelta::days(passed)).await;
    }
}

on_both! {
    async fn deadlines_are_the_days_of_service_and_the_contracts_filing_limit(app: TestApp) {
        as_days_go_by(&app, 95).await;
    }

    async fn deadlines_follow_another_filing_limit(app: TestApp) {
        as_days_go_by(&app, 70).await;
    }
}
