//! What the service tells of limits after any history, against a slow recount of its ready units
//! (RK19): visits in random order, voids, decisions again, and back to the start.

use chrono::NaiveDate;

use crate::app::{TestApp, on_both};
use crate::recount::{self, Slow};
use crate::windows::{ready, void};
use crate::world::{self, Dice, World, id, limit, visit_of};

/// A window of the recount: key, cap, as the service is told it, as the slow calendar knows it.
type Recounted = (&'static str, i64, &'static str, Slow);

fn windows() -> Vec<Recounted> {
    vec![
        ("day", 6, "window = \"day\"", Slow::Day),
        ("week", 14, "window = \"week\"", Slow::Week(0)),
        ("month", 40, "window = \"month\"", Slow::Month),
        ("quarter", 90, "window = \"quarter\"", Slow::Quarter),
        ("year", 110, "window = \"calendar_year\"", Slow::Year),
        ("fiscal", 70, "window = \"fiscal_year\"\nfirst_month = 8", Slow::Fiscal(8)),
        ("months", 75, "window = \"rolling_months\"\nlength = 2", Slow::Months(2)),
        ("days", 36, "window = \"rolling_days\"\nlength = 25", Slow::Days(25)),
        ("consecutive", 30, "window = \"consecutive_days\"\nlength = 20", Slow::Consecutive(20)),
        ("ever", 120, "window = \"lifetime\"", Slow::Lifetime),
    ]
}

/// Everything that is told on some days is what the recount of the ready units says.
async fn told_is_recounted(app: &TestApp, w: &World, units: &[NaiveDate]) {
    for day in ["2026-06-10", "2026-06-30", "2026-07-01", "2026-07-31", "2026-08-05", "2026-08-31"]
    {
        let on: NaiveDate = day.parse().unwrap();
        let path = format!("/v1/members/{}/allowances?on={day}", w.members[0]);
        let seen = app.get(&path, &w.biller).await.expect(200);
        let rows = seen["payers"][0]["remaining"].as_array().unwrap();
        for (key, cap, _, slow) in windows() {
            let told = rows.iter().find(|r| r["key"] == key).unwrap();
            let left = recount::left(&slow, cap * 10, units, on).unwrap();
            assert_eq!(told["remaining"].as_i64().unwrap() * 10, left, "{key} on {day}: {told}");
        }
    }
}

/// The service dates of all ready units of the first member, one a unit.
async fn ready_units(app: &TestApp, w: &World) -> Vec<NaiveDate> {
    let mut units = vec![];
    for seen in world::all(app, "/v1/encounters", &w.biller).await {
        if seen["status"] != "voided" {
            let day: NaiveDate = seen["service_date"].as_str().unwrap().parse().unwrap();
            units.extend(vec![day; usize::try_from(ready(&seen)).unwrap()]);
        }
    }
    units
}

on_both! {
    async fn rk19_what_is_told_after_any_history_is_what_a_recount_says(app: TestApp) {
        let text: String = windows().into_iter()
            .map(|(key, cap, window, _)| {
                limit(key, &cap.to_string(), &format!("{window}\nexceed = \"bill_up_to\""))
            })
            .collect();
        let w = world::limited(&app, &text, 1).await;
        told_is_recounted(&app, &w, &[]).await;
        let start = ready_units(&app, &w).await;
        let mut dice = Dice::new(19);
        let first = NaiveDate::from_ymd_opt(2026, 6, 8).unwrap();
        for round in 0..4u64 {
            for n in 0..15 {
                let day = first + chrono::Days::new(u64::try_from(dice.roll(85)).unwrap());
                let minutes = i64::try_from(15 + 15 * dice.roll(8)).unwrap();
                let start = format!("{day}T{}:00", 16 + dice.roll(4));
                let body = visit_of(&format!("V-{round}-{n}"), &w.peers[n % 4], &w.members[0], &start, minutes);
                app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            }
            let live = world::all(&app, "/v1/encounters", &w.biller).await;
            for _ in 0..3 {
                let seen = dice.pick(&live);
                void(&app, &w, seen).await;
            }
            for seen in live.iter().filter(|e| e["status"] == "held").take(3) {
                let path = format!("/v1/encounters/{}/decide", id(seen));
                app.act(&path, &w.submitter).await;
            }
            told_is_recounted(&app, &w, &ready_units(&app, &w).await).await;
        }
        assert!(ready_units(&app, &w).await.len() > 50);
        for seen in world::all(&app, "/v1/encounters", &w.biller).await {
            void(&app, &w, &seen).await;
        }
        assert_eq!(ready_units(&app, &w).await, start);
        told_is_recounted(&app, &w, &[]).await;
    }
}
