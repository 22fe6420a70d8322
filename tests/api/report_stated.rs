//! Reports tell what the live claim states (ADR 137, 145): sessions that changed after it, authorizations while
//! its replacement is prepared and built, visits of a claim that was rejected, units of different lengths.

use peerclaims::flow::access::Role;
use peerclaims::flow::reporting;
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, billed, build, patch, payer_says, step};
use crate::partner;
use crate::report_traps::report;
use crate::versions::supersede;
use crate::world::{self, World, id, visit_of};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

/// A visit of a session that nobody entered: it is as long as those who were in it.
async fn part(app: &TestApp, w: &World, member: usize, start: &str, minutes: i64) -> Value {
    let mut body =
        visit_of(&format!("P-{member}"), &w.peers[0], &w.members[member], start, minutes);
    body["activity"] = json!("group_support");
    body["group"] = json!({"session": "K", "size": 4});
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn staff_minutes(app: &TestApp, query: &str, key: &str) -> Value {
    report(app, "delivery", query, key).await["totals"]["staff_minutes"].clone()
}

/// The steps between that changed anything: name, visits, contacts.
fn steps(movement: &Value) -> Vec<(String, i64, i64)> {
    let rows = movement["rows"].as_array().unwrap().iter();
    let between = rows.filter(|row| row["step"] != "opening" && row["step"] != "closing");
    between
        .map(|row| {
            let number = |name: &str| row[name].as_i64().unwrap();
            (row["step"].as_str().unwrap().to_owned(), number("changed"), number("contacts"))
        })
        .filter(|(_, changed, _)| *changed != 0)
        .collect()
}

async fn approve(app: &TestApp, w: &World, number: &str) {
    let body = json!({"member": w.members[0], "payer": "evergreen", "number": number, "units": 40,
        "from": "2026-07-01", "to": "2026-10-31"});
    world::authorization(app, &w.admin, "river-bend", &body).await;
}

/// What two reports say of authorizations and of over-use.
async fn use_of(app: &TestApp, key: &str) -> Value {
    let authorizations = report(app, "authorizations", YEAR, key).await;
    let over_use = report(app, "over_use", "from=2026-07-01&to=2026-07-31", key).await;
    json!([authorizations["rows"], authorizations["totals"], over_use["rows"]])
}

on_both! {
    async fn a_session_that_grows_is_for_a_payer_what_its_claim_stated(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        part(&app, &w, 0, "2026-07-01T16:00", 60).await;
        part(&app, &w, 1, "2026-07-01T16:00", 60).await;
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        let before = report(&app, "delivery", YEAR, &analyst).await;
        assert_eq!(before["totals"]["staff_minutes"], 60, "{before}");
        // Somebody who stayed half an hour longer comes to it, and is on no claim.
        part(&app, &w, 2, "2026-07-01T16:00", 90).await;
        assert_eq!(staff_minutes(&app, YEAR, &analyst).await, 60);
        assert_eq!(staff_minutes(&app, YEAR, &w.biller).await, 90);
        let over_use = report(&app, "over_use", "from=2026-07-01&to=2026-07-31", &w.biller).await;
        assert_eq!(over_use["ties"]["ties"], true, "{over_use}");
        // The past is told to the byte, and reading all days from nothing gives the same.
        let at = before["as_of"].as_str().unwrap();
        let again = report(&app, "delivery", &format!("{YEAR}&as_of={at}"), &analyst).await;
        assert_eq!(again["rows"], before["rows"]);
        app.database.execute("DELETE FROM report_facts");
        app.database.execute("DELETE FROM report_days");
        app.database.execute(
            "INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters");
        assert_eq!(staff_minutes(&app, YEAR, &analyst).await, 60);
        assert_eq!(staff_minutes(&app, YEAR, &w.biller).await, 90);
        // Sent, too, the session is as long as it was.
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        assert_eq!(staff_minutes(&app, YEAR, &analyst).await, 90);
    }

    async fn both_days_of_a_session_over_midnight_are_read_again(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        // Midnight in Los Angeles is at seven: one leaves then, another comes.
        part(&app, &w, 0, "2026-07-02T06:00", 60).await;
        part(&app, &w, 1, "2026-07-02T07:00", 60).await;
        let second = "from=2026-07-02&to=2026-07-02";
        assert_eq!(staff_minutes(&app, second, &w.biller).await, 120);
        // Who came earlier makes it longer, and is of the first day.
        part(&app, &w, 2, "2026-07-02T05:30", 60).await;
        assert_eq!(staff_minutes(&app, second, &w.biller).await, 150);
    }

    async fn a_replacement_changes_no_use_before_it_is_released(app: TestApp) {
        // Two claims of a day: each contact is a line of its own.
        let bend = [("free_units = 24", "free_units = 6"), ("rollup = \"day\"", "rollup = \"none\"")];
        let w = world::river_bend_with(&app, 1, &bend).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        approve(&app, &w, "PA-1").await;
        record(&app, &w, "V-0", "2026-07-01T16:00").await;
        billed(&app, &w).await;
        // Two units of it are free, and two are drawn.
        record(&app, &w, "V-1", "2026-07-01T17:00").await;
        let first = billed(&app, &w).await;
        payer_says(&app, &first, true).await;
        let seen = async || [use_of(&app, &analyst).await, use_of(&app, &w.biller).await];
        let told = seen().await;
        for of in &told {
            assert_eq!((&of[0][0]["used"], &of[1]["used"]), (&json!(2), &json!(2)), "{of}");
        }
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        // Prepared: at a time at which the peer was elsewhere, and then shorter.
        let other = json!({"started_at": "2026-07-01T16:30:00Z", "ended_at": "2026-07-01T17:00:00Z"});
        patch(&app, &w, "V-1", &other).await.expect(200);
        assert_eq!(seen().await, told, "prepared");
        let other = json!({"started_at": "2026-07-01T17:00:00Z", "ended_at": "2026-07-01T17:30:00Z"});
        patch(&app, &w, "V-1", &other).await.expect(200);
        assert_eq!(seen().await, told, "prepared anew");
        for ending in ["withdraw", "release"] {
            let batch = build(&app, &w).await.expect(201);
            assert_eq!(seen().await, told, "built, and here only");
            step(&app, &w, &batch, ending).await.expect(200);
            app.settle().await;
            if ending == "withdraw" {
                assert_eq!(seen().await, told);
            }
        }
        for of in seen().await {
            assert_eq!((&of[0][0]["used"], &of[1]["used"]), (&json!(0), &json!(0)), "{of}");
        }
    }

    async fn a_rejected_visit_is_told_as_such_and_not_of_a_day_that_nobody_sent(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        let since = async || report(&app, "delivery", YEAR, &w.biller).await["as_of"].as_str().unwrap().to_owned();
        let moved = async |key: &str, since: &str| {
            let told = report(&app, "movement", &format!("{YEAR}&since={since}"), key).await;
            steps(&told)
        };
        let at = since().await;
        let sent = partner::fetch(&app, first["batch"].as_str().unwrap(), &w.biller).await;
        let said = [(first["number"].as_str().unwrap(), false)];
        partner::take(&app, &w.biller, partner::status(&sent, 1, "PR", &said)).await;
        app.settle().await;
        let step_of = |name: &str, contacts: i64| vec![(name.to_owned(), 1, contacts)];
        assert_eq!(moved(&analyst, &at).await, step_of("rejected", -1));
        assert_eq!(moved(&w.biller, &at).await, step_of("rejected", 0));
        let acceptance = async |key: &str| {
            let told = report(&app, "acceptance", YEAR, key).await["totals"].clone();
            json!([told["submitted"], told["rejected"], told["rejected_first"], told["sent_again"]])
        };
        assert_eq!(acceptance(&analyst).await, json!([1, 1, 1, 0]));
        // Ten days later it is found that it took place on another day, after it was recorded and sent.
        let at = since().await;
        app.ctx.clock.set(peerclaims::domain::dates::Instant::parse("2026-09-20T16:00:00Z").unwrap());
        let other = json!({"started_at": "2026-09-15T16:00:00Z", "ended_at": "2026-09-15T17:00:00Z",
            "note": {"signed_at": "2026-09-15T17:00:00Z", "plan_goal": "G1"}});
        patch(&app, &w, "V-1", &other).await.expect(200);
        assert_eq!(moved(&analyst, &at).await, step_of("withdrawn", 0), "and nothing of where to");
        assert_eq!(moved(&w.biller, &at).await, step_of("described", 0));
        assert_eq!(acceptance(&analyst).await, json!([0, 0, 0, 0]));
        assert_eq!(acceptance(&w.biller).await, json!([1, 1, 1, 0]));
        let legs = async |key: &str| -> Vec<Value> {
            let told = report(&app, "timeliness", YEAR, key).await;
            told["rows"].as_array().unwrap().iter().map(|row| json!([row["leg"], row["longest_days"]])).collect()
        };
        // Recorded of that day five days after it; first sent of 1 July.
        assert_eq!(legs(&w.biller).await[..2], [json!(["recorded", 5]), json!(["released", 71])]);
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        assert_eq!(acceptance(&analyst).await, json!([1, 0, 1, 1]));
        assert_eq!(report(&app, "delivery", YEAR, &analyst).await["totals"]["contacts"], 1);
    }

    async fn units_of_different_lengths_are_no_use_of_an_authorization(app: TestApp) {
        let less = ("free_units = 24", "free_units = 6");
        let w = world::river_bend_with(&app, 1, &[less]).await;
        let text = include_str!("../../config/payers/evergreen.toml");
        let text = text.replacen("version = \"2026.1\"", "version = \"2026.9\"", 1);
        let text = text.replace("unit_minutes = 15", "unit_minutes = 30").replace(less.0, less.1);
        world::pack(&app, &w.admin, &text).await;
        supersede(&app, &w, "2026-07-15", ("evergreen@2026.1", "evergreen@2026.9")).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        approve(&app, &w, "PA-1").await;
        for (name, start) in [("V-1", "2026-07-01T16:00"), ("V-2", "2026-07-02T16:00"), ("V-3", "2026-07-20T16:00")] {
            record(&app, &w, name, start).await;
        }
        for waits in [true, false] {
            for (key, payer) in [(&w.biller, false), (&analyst, true)] {
                if waits && payer {
                    continue;
                }
                let told = report(&app, "authorizations", YEAR, key).await;
                for row in [&told["rows"][0], &told["totals"]] {
                    for column in ["used", "remaining", "utilization_rate", "pace", "daily_burn"] {
                        assert!(row[column].is_null(), "{column}: {row}");
                    }
                }
                assert_eq!(told["rows"][0]["approved"], 40);
                let why = told["nulls"].as_array().unwrap();
                assert!(why.iter().any(|n| n["column"] == "used" && n["reason"] == "mixed_units"), "{why:?}");
                let over_use = report(&app, "over_use", "from=2026-07-01&to=2026-07-31", key).await;
                let compared = over_use["rows"].as_array().unwrap().iter().find(|r| r["flag"] == "compared").unwrap();
                assert!(compared["value"].is_null() && compared["z"].is_null(), "{compared}");
                assert_eq!(compared["compared"], 1);
                // Of each half by itself it is one number.
                let half = report(&app, "over_use", "from=2026-07-01&to=2026-07-14", key).await;
                let compared = half["rows"].as_array().unwrap().iter().find(|r| r["flag"] == "compared").unwrap();
                assert_eq!(compared["value"], "8.00", "{compared}");
            }
            for _ in 0..2 {
                // Versions of a contract make claims of their own.
                let batch = build(&app, &w).await;
                if batch.status == 201 {
                    step(&app, &w, &batch.json(), "release").await.expect(200);
                }
            }
        }
    }

    async fn what_happened_in_a_zone_is_of_its_days(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-09-03T16:00").await;
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        let told = async || report(&app, "timeliness", "from=2026-09-01&to=2026-09-30", &w.biller).await["rows"].clone();
        let before = told().await;
        let facts = "SELECT COUNT(*) FROM report_facts";
        let known = app.database.number(facts);
        let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", id(&organization["items"][0]));
        // On Guam it was tomorrow when it was recorded and sent; the organization was not there then.
        crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!("Pacific/Guam")).await;
        app.database.execute(
            "INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters");
        reporting::refresh(&app.ctx, None).await.unwrap();
        assert_eq!(app.database.number(facts), known, "nothing of it is another day now");
        let finished = |rows: &Value| -> Vec<Value> {
            let all = rows.as_array().unwrap().iter();
            all.map(|row| json!([row["leg"], row["finished"], row["longest_days"]])).collect()
        };
        assert_eq!(finished(&told().await), finished(&before));
    }

    async fn a_visit_that_a_zone_moved_was_not_recorded_before_it_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // Half past seven in the morning in Los Angeles, half past midnight of the next day on Guam.
        let start = "2026-09-10T14:30";
        app.post("/v1/encounters", &w.submitter, &visit_of("V-1", &w.peers[0], &w.members[0], start, 60))
            .await
            .expect(201);
        let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", id(&organization["items"][0]));
        crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!("Pacific/Guam")).await;
        let visits = world::all(&app, "/v1/encounters", &w.submitter).await;
        let decide = format!("/v1/encounters/{}/decide", id(&visits[0]));
        assert_eq!(app.act(&decide, &w.submitter).await.expect(200)["service_date"], "2026-09-11");
        let told = report(&app, "timeliness", "from=2026-09-01&to=2026-09-30", &w.biller).await;
        assert_eq!(told["rows"][0]["leg"], "recorded");
        assert_eq!(told["rows"][0]["finished"], 1);
        assert_eq!(told["rows"][0]["longest_days"], 0, "{told}");
    }
}
