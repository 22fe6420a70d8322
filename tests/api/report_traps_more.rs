//! More of the traps, each by itself: groups in which people come late or are voided, coverages that take
//! turns, clocks that change, claims that come back; and the test vectors of the specification that are of
//! claims.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, billed, build, of_batch, patch, payer_says, step};
use crate::sessions::session;
use crate::world::{self, World, visit, visit_of};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn totals(app: &TestApp, name: &str, query: &str, key: &str) -> Value {
    let report = app.get(&format!("/v1/reports/{name}?{query}"), key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{name}: {}", report["ties"]);
    assert!(
        report["control"].is_null() || report["control"]["ties"] == true,
        "{}",
        report["control"]
    );
    report["totals"].clone()
}

fn numbers(of: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| of[*name].clone()).collect()
}

async fn put(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

const TIME: [&str; 5] = ["contacts", "sessions", "members", "contact_minutes", "staff_minutes"];

on_both! {
    async fn who_comes_late_to_a_group_takes_none_of_the_peers_time(app: TestApp) {
        let w = world::mesa_voices(&app, 4).await;
        // Ninety minutes for three, one of whom comes for the last half hour.
        let mut body = session(&w, "S-1", "2026-08-03", 3, &[0, 1, 2]);
        body["members"][2]["started_at"] = json!("2026-08-03T17:00:00Z");
        app.post("/v1/sessions", &w.submitter, &body).await.expect(201);
        let all = totals(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &TIME)), json!([3, 1, 3, 210, 90]));
    }

    async fn a_part_of_a_group_that_is_voided_leaves_the_session(app: TestApp) {
        let w = world::mesa_voices(&app, 4).await;
        let body = session(&w, "S-1", "2026-08-03", 3, &[0, 1, 2]);
        let seen = app.post("/v1/sessions", &w.submitter, &body).await.expect(201);
        let reason = json!({"reason": "was not there"});
        let void = async |place: usize| {
            let which = seen["encounters"][place]["id"].as_str().unwrap();
            app.post(&format!("/v1/encounters/{which}/void"), &w.submitter, &reason).await.expect(200);
        };
        void(0).await;
        let all = totals(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &TIME)), json!([2, 1, 2, 180, 90]));
        void(1).await;
        void(2).await;
        let all = totals(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &TIME)), json!([0, 0, 0, 0, 0]), "nothing is left of it");
        assert!(all["average_group_size"].is_null());
    }

    async fn the_same_people_in_two_groups_of_a_day_are_two_sessions(app: TestApp) {
        let w = world::mesa_voices(&app, 3).await;
        let first = session(&w, "S-1", "2026-08-03", 3, &[0, 1, 2]);
        app.post("/v1/sessions", &w.submitter, &first).await.expect(201);
        let mut second = session(&w, "S-2", "2026-08-03", 3, &[0, 1, 2]);
        second["started_at"] = json!("2026-08-03T19:00:00Z");
        second["ended_at"] = json!("2026-08-03T20:00:00Z");
        app.post("/v1/sessions", &w.submitter, &second).await.expect(201);
        let all = totals(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &TIME)), json!([6, 2, 3, 450, 150]));
        assert_eq!((&all["contacts_per_member"], &all["average_group_size"]), (&json!("2.00"), &json!("3.00")));
    }

    async fn coverages_that_take_turns_are_one_person(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        let member = async |reference: &str, coverages: Value| {
            let body = json!({"reference": reference, "first_name": "Dana", "last_name": "Alvarez",
                "birth_date": "1985-02-14", "gender": "F", "coverages": coverages,
                "address": {"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"}});
            world::id(&app.post("/v1/members?organization=river-bend", &w.admin, &body).await.expect(201))
        };
        let of = |payer: &str, number: &str, from: &str, to: Option<&str>| {
            json!({"payer": payer, "member_number": number, "from": from, "to": to, "order": 1})
        };
        // Another payer until June; another payer from August on; another number from August on.
        let before = member("R-1", json!([of("lone-mesa", "LM1", "2026-01-01", Some("2026-06-30")), of("evergreen", "EV1", "2026-07-01", None)])).await;
        let after = member("R-2", json!([of("evergreen", "EV2", "2026-01-01", Some("2026-07-31")), of("lone-mesa", "LM2", "2026-08-01", None)])).await;
        let number = member("R-3", json!([of("evergreen", "EV3", "2026-01-01", Some("2026-07-31")), of("evergreen", "EV4", "2026-08-01", None)])).await;
        for (n, who) in [&before, &after, &number].into_iter().enumerate() {
            for month in 6..9 {
                let body = visit(&format!("V-{n}-{month}"), &w.peers[0], who, &format!("2026-0{month}-1{n}T16:00"));
                put(&app, &w, &body).await;
            }
        }
        let all = totals(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &["members", "contacts"])), json!([3, 9]), "three people, each once");
        let own = totals(&app, "delivery", &format!("{YEAR}&payer=evergreen"), &w.admin).await;
        assert_eq!(json!(numbers(&own, &["members", "contacts"])), json!([3, 7]), "two days are the other payer's");
        let batch = world::id(&app.post("/v1/batches", &w.biller, &json!({"payer": "evergreen", "through": "2026-08-31"})).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let theirs = totals(&app, "delivery", YEAR, &analyst).await;
        assert_eq!(json!(numbers(&theirs, &["members", "contacts"])), json!([3, 7]), "a payer counts people, under all of their numbers");
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        let none = totals(&app, "delivery", YEAR, &foreign).await;
        assert_eq!(json!(numbers(&none, &["members", "contacts"])), json!([0, 0]));
    }

    async fn minutes_are_those_of_the_world_when_the_clocks_change(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // From 1:30 to 3:30 by the clocks of 8 March there is one hour.
        put(&app, &w, &visit_of("V-1", &w.peers[0], &w.members[0], "2026-03-08T09:30", 60)).await;
        // A visit over midnight is of the day on which it began: 23:30 of the last of July, until 0:30.
        put(&app, &w, &visit_of("V-2", &w.peers[0], &w.members[0], "2026-08-01T06:30", 60)).await;
        let on = async |day: &str| totals(&app, "delivery", &format!("from={day}&to={day}"), &w.biller).await;
        for (day, contacts, minutes) in [("2026-03-08", 1, 60), ("2026-07-31", 1, 60), ("2026-08-01", 0, 0)] {
            assert_eq!(json!(numbers(&on(day).await, &["contacts", "contact_minutes"])), json!([contacts, minutes]), "{day}");
        }
        // From 1:30 to 3:30 by the clocks of 1 November there are three hours.
        let later = peerclaims::domain::dates::Instant::parse("2026-11-02T16:00:00Z").unwrap();
        app.ctx.clock.set(later);
        let mut long = visit_of("V-3", &w.peers[1], &w.members[0], "2026-11-01T08:30", 180);
        long["started_at"] = json!("2026-11-01T01:30:00-07:00");
        long["ended_at"] = json!("2026-11-01T03:30:00-08:00");
        put(&app, &w, &long).await;
        let all = on("2026-11-01").await;
        assert_eq!(json!(numbers(&all, &["contacts", "contact_minutes", "staff_hours"])), json!([1, 180, "3.00"]));
    }

    async fn a_replacement_and_a_void_that_the_payer_rejects_leave_what_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        payer_says(&app, &first, true).await;
        let seen = async |key: &str| {
            let all = totals(&app, "dollars", YEAR, key).await;
            json!(numbers(&all, &["released_units", "billed"]))
        };
        let before = seen(&analyst).await;
        assert_eq!(before, json!([4, first["charge"]]));
        for what in ["replace", "void"] {
            ask(&app, &w, &first, what, "ICN-1").await.expect(200);
            if what == "replace" {
                patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
            }
            let batch = build(&app, &w).await.expect(201);
            let second = of_batch(&app, &w, &batch).await;
            step(&app, &w, &batch, "release").await.expect(200);
            payer_says(&app, &second, false).await;
            app.settle().await;
            for key in [&analyst, &w.biller] {
                assert_eq!(seen(key).await, before, "{what}");
                let contacts = totals(&app, "delivery", YEAR, key).await["contacts"].clone();
                assert_eq!(contacts, 1, "{what}");
            }
        }
    }

    /// Vector: claim of 16 units, void, then 12 units: one visit, 12 units, three rows in movement.
    async fn vector_sixteen_units_voided_and_twelve_in_their_place(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        put(&app, &w, &visit_of("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00", 240)).await;
        let mut times = Vec::new();
        let now = async || totals_at(&app, &analyst).await;
        times.push(now().await);
        let first = billed(&app, &w).await;
        assert_eq!(first["units"], 16);
        payer_says(&app, &first, true).await;
        times.push(now().await);
        let body = json!({"reason": "a word of the biller", "payer_control": "ICN-1", "visits": "bill_again"});
        app.post(&format!("/v1/claims/{}/void", world::id(&first)), &w.biller, &body).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let void = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        payer_says(&app, &void, true).await;
        app.settle().await;
        times.push(now().await);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T19:00:00Z"})).await.expect(200);
        let last = billed(&app, &w).await;
        assert_eq!((&last["units"], &last["frequency"]), (&json!(12), &json!("original")));
        times.push(now().await);
        assert_eq!(times.iter().map(|(_, units)| *units).collect::<Vec<_>>(), [0, 16, 0, 12]);
        let mut rows = Vec::new();
        for pair in times.windows(2) {
            let query = format!("{YEAR}&since={}&as_of={}", pair[0].0, pair[1].0);
            let moved = app.get(&format!("/v1/reports/movement?{query}"), &analyst).await.expect(200);
            assert_eq!(moved["ties"]["ties"], true, "{moved}");
            let steps = moved["rows"].as_array().unwrap().iter();
            let between = steps.filter(|r| r["step"] != "opening" && r["step"] != "closing" && r["changed"] != 0);
            rows.extend(between.map(|r| (r["step"].as_str().unwrap().to_owned(), r["units"].as_i64().unwrap())));
        }
        assert_eq!(rows, [("released".to_owned(), 16), ("voided".to_owned(), -16), ("released".to_owned(), 12)]);
        let all = totals(&app, "delivery", YEAR, &analyst).await;
        assert_eq!(json!(numbers(&all, &["members", "contacts", "units"])), json!([1, 1, 12]));
    }

    async fn who_did_not_come_was_not_seen(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = json!({"reference": "E-1", "member": w.members[0], "kind": "episode", "from": "2026-06-08"});
        app.post("/v1/episodes?organization=river-bend", &w.admin, &body).await.expect(201);
        let mut missed = visit("V-1", &w.peers[0], &w.members[0], "2026-06-10T16:00");
        missed["member_absent"] = json!(true);
        put(&app, &w, &missed).await;
        let all = totals(&app, "engagement", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &["enrolled", "engaged", "retained_30"])), json!([1, 0, 0]));
        put(&app, &w, &visit("V-2", &w.peers[0], &w.members[0], "2026-06-12T16:00")).await;
        let all = totals(&app, "engagement", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&all, &["engaged", "retained_30", "early", "median_days_to_first"])), json!([1, 1, 0, 4]));
    }

    async fn what_no_payer_was_found_for_is_late_too(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = json!({"reference": "R-none", "first_name": "Lee", "last_name": "Moss",
            "birth_date": "1990-01-31", "gender": "U", "coverages": []});
        let none = world::id(&app.post("/v1/members?organization=river-bend", &w.admin, &body).await.expect(201));
        let held = put(&app, &w, &visit("V-1", &w.peers[0], &none, "2026-08-01T16:00")).await;
        assert_eq!((&held["disposition"], &held["lines"]), (&json!("held"), &json!([])));
        let mut ride = visit("V-2", &w.peers[1], &w.members[0], "2026-08-01T16:00");
        ride["activity"] = json!("transport_only");
        assert_eq!(put(&app, &w, &ride).await["disposition"], "non_billable");
        let path = format!("/v1/reports/timeliness?{YEAR}");
        let told = app.get(&path, &w.biller).await.expect(200);
        let row = told["rows"].as_array().unwrap().iter().find(|r| r["leg"] == "released").unwrap().clone();
        assert_eq!(json!(numbers(&row, &["started", "finished", "due_30", "share_within_30"])), json!([1, 0, 1, "0.0000"]));
        let completeness = totals(&app, "completeness", YEAR, &w.biller).await;
        assert_eq!(json!(numbers(&completeness, &["recorded", "non_billable", "held"])), json!([2, 1, 1]));
    }
}

/// The time of a report and the units that it tells.
async fn totals_at(app: &TestApp, key: &str) -> (String, i64) {
    let report = app.get(&format!("/v1/reports/delivery?{YEAR}"), key).await.expect(200);
    (report["as_of"].as_str().unwrap().to_owned(), report["totals"]["units"].as_i64().unwrap())
}
