//! A member whose payer gave a new number is one person: what was given under either number counts,
//! free or authorized, once (ADR 130).

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::changes::amend_member;
use crate::windows::{ready, void};
use crate::world::{self, Dice, World, id, limit, rules, visit, visit_of};

/// From this day on there is another number, and the day before.
pub const TURN: (&str, &str) = ("2026-07-15", "2026-07-16");

/// The number of a member ends, and another begins the day after.
pub async fn renumber(
    app: &TestApp,
    w: &World,
    member: usize,
    number: &str,
    (last, first): (&str, &str),
) {
    amend_member(app, w, member, |m| {
        m["coverages"][0]["to"] = json!(last);
        let next =
            json!({"payer": "evergreen", "member_number": number, "from": first, "order": 1});
        m["coverages"].as_array_mut().unwrap().push(next);
    })
    .await;
}

async fn hour(app: &TestApp, w: &World, reference: &str, member: usize, day: &str) -> Value {
    let body = visit(reference, &w.peers[member], &w.members[member], &format!("{day}T16:00"));
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

/// Limits in windows that stand still or roll, and some free units, then an authorization.
fn many_limits() -> String {
    let free = "[[authorization]]\nkey = \"free\"\nservices = [\"peer_individual\"]\nrequire = \"after\"\n\
                free_units = 20\nwindow = \"rolling_days\"\nlength = 40\nsource = \"manual-authorization\"\n";
    [
        limit("week", "10", "window = \"week\"\nexceed = \"bill_up_to\""),
        limit("month", "30", "window = \"month\"\nexceed = \"bill_up_to\""),
        limit("days", "26", "window = \"rolling_days\"\nlength = 30\nexceed = \"hold\""),
        limit("ever", "70", "window = \"lifetime\"\nexceed = \"bill_up_to\""),
        free.to_owned(),
    ]
    .concat()
}

/// Figures without the names of authorizations, which differ from one twin to the other.
fn figures(list: &Value) -> Vec<Value> {
    let name = |row: &Value| match row["kind"].as_str() {
        Some("authorization") => json!("authorization"),
        _ => row["key"].clone(),
    };
    let rows = list.as_array().unwrap().iter();
    rows.map(|r| json!([name(r), r["used"], r["remaining"], r["opening"]])).collect()
}

/// What stands, as far as twins have it in common. What was told to be left is as old as the decision.
fn told(seen: &Value) -> Value {
    let lines = seen["lines"].as_array().unwrap().iter();
    let lines: Vec<Value> =
        lines.map(|l| json!([l["status"], l["units"], l["authorization"]["units"]])).collect();
    json!([seen["status"], rules(seen), lines])
}

/// Both twins have the same visits, decided alike, and the same left on every day.
async fn alike(app: &TestApp, w: &World) {
    let all = world::all(app, "/v1/encounters", &w.biller).await;
    let of = |twin: &str| {
        let own = all.iter().filter(|e| e["reference"].as_str().unwrap().starts_with(twin));
        own.map(|e| (e["reference"].as_str().unwrap()[1..].to_owned(), told(e))).collect::<Vec<_>>()
    };
    assert_eq!(of("A"), of("B"));
    for day in ["2026-06-30", "2026-07-10", TURN.0, TURN.1, "2026-07-31", "2026-08-20"] {
        let mut left = vec![];
        for member in &w.members {
            let path = format!("/v1/members/{member}/allowances?on={day}");
            let seen = app.get(&path, &w.biller).await.expect(200);
            assert_eq!(seen["payers"].as_array().unwrap().len(), 1, "{seen}");
            left.push(figures(&seen["payers"][0]["remaining"]));
        }
        assert_eq!(left[0], left[1], "on {day}");
    }
}

on_both! {
    /// Two members with the same history, one of whom gets another number in the middle of it.
    async fn rk19_rk26_a_new_number_changes_nothing_that_is_counted(app: TestApp) {
        let w = world::limited(&app, &many_limits(), 2).await;
        renumber(&app, &w, 1, "EV2000", TURN).await;
        for (member, number) in w.members.iter().zip(["PA-A", "PA-B"]) {
            world::authorization(&app, &w.admin, "river-bend", &json!({
                "member": member, "payer": "evergreen", "number": number, "units": 40,
                "from": "2026-06-20", "to": "2026-08-25",
            })).await;
            let opening = json!({"member": member, "payer": "evergreen",
                "service": "peer_individual", "date": "2026-06-09", "units": 3});
            app.post("/v1/opening-balances", &w.biller, &opening).await.expect(201);
        }
        let mut dice = Dice::new(130);
        let first = chrono::NaiveDate::from_ymd_opt(2026, 6, 10).unwrap();
        let mut both = vec![];
        for round in 0..3 {
            for n in 0..12 {
                let day = first + chrono::Days::new(u64::try_from(dice.roll(80)).unwrap());
                let minutes = i64::try_from(15 + 15 * dice.roll(6)).unwrap();
                let start = format!("{day}T{}:00", 16 + dice.roll(4));
                let mut seen = vec![];
                for (twin, name) in ["A", "B"].into_iter().enumerate() {
                    let reference = format!("{name}-{round}-{n}");
                    let body = visit_of(&reference, &w.peers[twin], &w.members[twin], &start, minutes);
                    seen.push(app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
                }
                let answered = |s: &Value| (told(s), figures(&s["remaining"]));
                assert_eq!(answered(&seen[0]), answered(&seen[1]), "{} and {}", seen[0], seen[1]);
                both.push(seen);
            }
            alike(&app, &w).await;
            for _ in 0..3 {
                let gone = both.swap_remove(dice.roll(both.len()));
                for seen in &gone {
                    void(&app, &w, seen).await;
                }
            }
            app.settle().await;
            alike(&app, &w).await;
            // The first number was wrong; both are decided again.
            amend_member(&app, &w, 0, |m| m["birth_date"] = json!(format!("1985-02-1{round}"))).await;
            amend_member(&app, &w, 1, |m| m["coverages"][0]["member_number"] = json!(format!("EV30{round}"))).await;
            app.settle().await;
            alike(&app, &w).await;
        }
        let drawn = |on: &str| app.database.number(&format!(
            "SELECT COUNT(DISTINCT account_id) FROM unit_entries WHERE authorization_id IS {on} \
             AND peer_id IS NOT NULL"));
        assert!(drawn("NULL") > 2 && drawn("NOT NULL") > 1, "free and authorized units");
    }

    async fn rk26_free_units_are_not_given_anew_with_a_number(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        renumber(&app, &w, 0, "EV2000", TURN).await;
        for day in 1..=5 {
            hour(&app, &w, &format!("V-{day}"), 0, &format!("2026-07-0{day}")).await;
        }
        assert_eq!(ready(&hour(&app, &w, "V-6", 0, "2026-07-20").await), 4, "the last of 24");
        let short = hour(&app, &w, "V-7", 0, "2026-07-21").await;
        assert_eq!((ready(&short), rules(&short)), (0, vec!["authorization.missing".to_owned()]));
        // One of the first number makes room under the second.
        let first = &app.get("/v1/encounters?reference=V-1", &w.biller).await.expect(200)["items"][0];
        void(&app, &w, first).await;
        app.settle().await;
        let path = format!("/v1/encounters/{}", id(&short));
        assert_eq!(ready(&app.get(&path, &w.biller).await.expect(200)), 4);
        // And one that comes late under the first finds what the second used.
        let late = hour(&app, &w, "V-8", 0, "2026-07-06").await;
        assert_eq!((ready(&late), rules(&late)), (0, vec!["authorization.missing".to_owned()]));
    }

    async fn rk19_the_last_unit_under_two_numbers_is_given_once(app: TestApp) {
        let ever = "window = \"lifetime\"\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("ever", "9", ever), 1).await;
        renumber(&app, &w, 0, "EV2000", TURN).await;
        hour(&app, &w, "V-1", 0, "2026-07-01").await;
        hour(&app, &w, "V-2", 0, "2026-07-31").await;
        let first = chrono::NaiveDate::from_ymd_opt(2026, 7, 8).unwrap();
        let posts = (0..16).map(|n| {
            let day = first + chrono::Days::new(n);
            let peer = &w.peers[usize::try_from(n % 4).unwrap()];
            let body = visit_of(&format!("S-{n}"), peer, &w.members[0], &format!("{day}T20:00"), 15);
            let (app, w) = (&app, &w);
            async move { app.post("/v1/encounters", &w.submitter, &body).await.expect(201) }
        });
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().map(ready).sum::<i64>(), 1);
    }

    /// Payers give numbers to others later: those days are the other's.
    async fn rk19_a_number_that_passed_on_counts_up_to_that_day(app: TestApp) {
        let year = "window = \"calendar_year\"\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("year", "8", year), 2).await;
        renumber(&app, &w, 0, "EV2000", TURN).await;
        amend_member(&app, &w, 1, |m| {
            m["coverages"][0]["member_number"] = json!("EV1000");
            m["coverages"][0]["from"] = json!(TURN.1);
        }).await;
        for day in ["2026-07-20", "2026-07-21"] {
            assert_eq!(ready(&hour(&app, &w, &format!("O-{day}"), 1, day).await), 4);
        }
        for day in ["2026-07-22", "2026-07-23"] {
            assert_eq!(ready(&hour(&app, &w, &format!("V-{day}"), 0, day).await), 4);
        }
        assert_eq!(rules(&hour(&app, &w, "V-3", 0, "2026-07-24").await), ["limit.hold"]);
    }

    async fn rk22_across_organizations_both_numbers_count_and_wake(app: TestApp) {
        let across = "window = \"calendar_year\"\nscope = \"member\"\nexceed = \"hold\"";
        let a = world::limited(&app, &limit("shared", "10", across), 1).await;
        let b = world::second_of_evergreen(&app, &a.admin, "north-shore", 1).await;
        renumber(&app, &a, 0, "EV2000", TURN).await;
        let other = hour(&app, &b, "W-1", 0, "2026-07-01").await;
        assert_eq!(ready(&other), 4);
        assert_eq!(ready(&hour(&app, &a, "V-1", 0, "2026-07-02").await), 4);
        let held = hour(&app, &a, "V-2", 0, "2026-07-20").await;
        assert_eq!((ready(&held), rules(&held)), (0, vec!["limit.across_organizations".to_owned()]));
        // The other organization knows of the first number only, and sees nothing of the second.
        void(&app, &b, &other).await;
        app.settle().await;
        let path = format!("/v1/encounters/{}", id(&held));
        assert_eq!(ready(&app.get(&path, &a.biller).await.expect(200)), 4);
        assert_eq!(ready(&hour(&app, &b, "W-2", 0, "2026-07-21").await), 4);
    }
}
