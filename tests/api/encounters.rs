//! Encounters: decided at once, once, and safely among many.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, id, rules, visit, visit_of};

on_both! {
    async fn a_visit_is_decided_at_once_with_lines_and_what_is_left(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let answer = app.post("/v1/encounters", &w.submitter, &body).await;
        let seen = answer.expect(201);
        assert_eq!(seen["disposition"], "ready", "{seen}");
        assert_eq!(seen["service_date"], "2026-07-01");
        assert_eq!(seen["lines"][0]["procedure"], "H0038");
        assert_eq!(seen["lines"][0]["units"], 4);
        assert_eq!(seen["lines"][0]["status"], "ready");
        assert!(seen["lines"][0]["charge"].as_str().unwrap().contains('.'));
        let free = seen["remaining"].as_array().unwrap().iter().find(|r| r["kind"] == "free_units").unwrap().clone();
        assert_eq!(free["remaining"], 20, "{seen}");
        assert_eq!(answer.header("location"), format!("/v1/encounters/{}", id(&seen)));
        let again = app.get(&format!("/v1/encounters/{}", id(&seen)), &w.submitter).await.expect(200);
        assert_eq!(again, seen);
    }

    async fn a_repeat_answers_with_the_first_result_and_other_content_conflicts(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let mut body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        // The same content said otherwise: natural keys, another offset, the default role.
        body["peer"] = json!(world::NPIS[0]);
        body["member"] = json!({"payer": "evergreen", "number": "ev1000"});
        body["started_at"] = json!("2026-07-01T09:00:00-07:00");
        body["role"] = json!("peer_support");
        let repeat = app.post("/v1/encounters", &w.submitter, &body).await;
        assert_eq!(repeat.expect(200), first);
        assert_eq!(repeat.header("idempotent-replayed"), "true");
        body["setting"] = json!("home");
        app.post("/v1/encounters", &w.submitter, &body).await.problem(409, "reference_conflict");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }

    async fn free_units_then_authorization_then_decided_again(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in 1..=6 {
            let start = format!("2026-07-0{day}T16:00");
            let body = visit(&format!("V-{day}"), &w.peers[0], &w.members[0], &start);
            assert_eq!(app.post("/v1/encounters", &w.submitter, &body).await.expect(201)["disposition"], "ready");
        }
        let body = visit("V-7", &w.peers[0], &w.members[0], "2026-07-07T16:00");
        let held = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(held["disposition"], "held");
        assert_eq!(rules(&held), ["authorization.missing"]);
        assert_eq!(held["held_units"], 4);
        world::authorization(&app, &w.admin, "river-bend", &json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-77", "units": 3,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        let path = format!("/v1/encounters/{}/decide", id(&held));
        let again = app.act(&path, &w.submitter).await.expect(200);
        assert_eq!(again["disposition"], "ready", "{again}");
        assert_eq!(again["lines"][0]["units"], 3);
        assert_eq!(again["lines"][0]["authorization"]["number"], "PA-77");
        assert_eq!(again["held_units"], 1);
        assert_eq!(rules(&again), ["authorization.exhausted"]);
        assert_eq!(again["decision"]["sequence"], 2);
        // Deciding again draws nothing twice.
        let third = app.act(&path, &w.submitter).await.expect(200);
        assert_eq!(third["lines"], again["lines"]);
        assert_eq!(app.database.number(
            "SELECT CAST(SUM(reserved + consumed) AS BIGINT) FROM unit_entries"), 27);
    }

    async fn a_void_gives_units_and_time_back_and_keeps_the_reference(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
        let mut twin = body.clone();
        twin["reference"] = json!("V-2");
        let held = app.post("/v1/encounters", &w.submitter, &twin).await.expect(201);
        assert_eq!(rules(&held), ["duplicate"]);
        let path = format!("/v1/encounters/{first}/void");
        let void = app.post(&path, &w.submitter, &json!({"reason": "entered twice"})).await.expect(200);
        assert_eq!(void["status"], "void");
        assert_eq!(void["lines"][0]["status"], "void");
        app.post(&path, &w.submitter, &json!({"reason": "again"})).await.expect(200);
        assert_eq!(app.database.number("SELECT CAST(SUM(reserved + consumed) AS BIGINT) FROM unit_entries"), 0);
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&held)), &w.submitter).await.expect(200);
        assert_eq!(again["disposition"], "ready", "{again}");
        let repeat = app.post("/v1/encounters", &w.submitter, &body).await.expect(200);
        assert_eq!((&repeat["disposition"], &repeat["status"]), (&json!("ready"), &json!("void")));
        let mut other = body.clone();
        other["setting"] = json!("home");
        app.post("/v1/encounters", &w.submitter, &other).await.problem(409, "reference_conflict");
        app.act(&format!("/v1/encounters/{first}/decide"), &w.submitter).await.problem(409, "wrong_status");
    }

    async fn sixty_four_requests_for_the_last_unit_give_it_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // 24 free units: five visits of four, then one of three; one unit is left.
        for (n, minutes) in [60, 60, 60, 60, 60, 45].into_iter().enumerate() {
            let start = format!("2026-07-0{}T16:00", n + 1);
            let body = visit_of(&format!("A-{n}"), &w.peers[0], &w.members[0], &start, minutes);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let posts = (0..64).map(|n| {
            let day = 1 + n % 28;
            let start = format!("2026-08-{day:02}T{:02}:00", 10 + n / 28);
            let body = visit_of(&format!("B-{n}"), &w.peers[n % 4], &w.members[0], &start, 15);
            let (app, key) = (&app, &w.submitter);
            async move { app.post("/v1/encounters", key, &body).await.expect(201) }
        });
        let answers: Vec<Value> = futures_util::future::join_all(posts).await;
        let ready: Vec<&Value> = answers.iter().filter(|a| a["disposition"] == "ready").collect();
        assert_eq!(ready.len(), 1);
        assert!(answers.iter().filter(|a| a["disposition"] == "held").all(|a| rules(a) == ["authorization.missing"]));
        assert_eq!(app.database.number("SELECT CAST(SUM(reserved + consumed) AS BIGINT) FROM unit_entries"), 24);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 70);
    }

    async fn one_reference_sent_at_once_is_recorded_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let posts = (0..16).map(|_| app.post("/v1/encounters", &w.submitter, &body));
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 15);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }

    async fn a_preview_stores_nothing_and_may_look_ahead(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-11-03T16:00");
        let seen = app.post("/v1/decisions/preview", &w.submitter, &body).await.expect(200);
        assert_eq!(seen["disposition"], "ready", "{seen}");
        app.post("/v1/encounters", &w.submitter, &body).await.problem(422, "invalid_input");
        for table in ["encounters", "decisions", "accounts", "unit_entries"] {
            assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM {table}")), 0);
        }
    }

    async fn allowances_say_what_is_left_on_a_day(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let path = format!("/v1/members/{}/allowances?on=2026-07-01", w.members[0]);
        let seen = app.get(&path, &w.submitter).await.expect(200);
        let remaining = seen["payers"][0]["remaining"].as_array().unwrap();
        let left: Vec<(&str, i64)> = remaining.iter()
            .map(|r| (r["kind"].as_str().unwrap(), r["remaining"].as_i64().unwrap())).collect();
        assert_eq!(left, [("limit", 12), ("free_units", 20)]);
        let path = format!("/v1/members/{}/allowances?on=2025-07-01", w.members[0]);
        assert_eq!(app.get(&path, &w.submitter).await.expect(200)["payers"], json!([]));
    }
}

on_both! {
    async fn a_shrinking_grant_holds_the_latest_visits_that_are_not_claimed(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 12,
            "from": "2026-01-01", "to": "2026-12-31",
        });
        let granted = world::authorization(&app, &w.admin, "river-bend", &body).await;
        for day in 1..=9 {
            let start = format!("2026-07-0{day}T16:00");
            let visit = visit(&format!("V-{day}"), &w.peers[0], &w.members[0], &start);
            assert_eq!(app.post("/v1/encounters", &w.submitter, &visit).await.expect(201)["disposition"], "ready");
        }
        let path = format!("/v1/authorizations/{granted}?organization=river-bend");
        let etag = app.get(&path, &w.admin).await.header("etag").to_owned();
        let mut less = body.clone();
        less["units"] = json!(5);
        app.put(&path, &w.admin, &etag, &less).await.expect(200);
        let mut seen = Vec::new();
        for day in 7..=9 {
            let found = app.get(&format!("/v1/encounters?reference=V-{day}"), &w.submitter).await.expect(200);
            let visit = found["items"][0].clone();
            seen.push((visit["disposition"].as_str().unwrap().to_owned(), visit["held_units"].as_i64().unwrap()));
        }
        let wanted = [("ready", 0), ("ready", 3), ("held", 4)].map(|(d, u)| (d.to_owned(), u));
        assert_eq!(seen, wanted);
        let of = |column: &str| app.database.number(&format!(
            "SELECT CAST(SUM({column}) AS BIGINT) FROM unit_entries WHERE authorization_id IS NOT NULL"));
        assert_eq!((of("granted"), of("reserved")), (5, 5));
    }
}
