//! Replacements that cannot be built, and what else joins them or moves with them: excess that was
//! authorized later, visits of a day that is summed, a visit that took place on another day.

use serde_json::{Value, json};

use crate::again::{record, record_by, seen, split};
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, billed, build, claim, of_batch, patch, step, tied};
use crate::partner::{fetch, status, take, tie};
use crate::world::{self, World, id, rules, visit, visit_of};

/// The stages of tasks about corrections.
async fn stages(app: &TestApp, w: &World) -> Vec<String> {
    let list = world::all(app, "/v1/tasks?kind=correction", &w.biller).await;
    let stage = |t: &Value| t["stage"].as_str().unwrap_or("visit").to_owned();
    let mut all: Vec<String> = list.iter().map(stage).collect();
    all.sort();
    all
}

/// The payer takes a correction that was built.
async fn accepted(app: &TestApp, w: &World, batch: &Value, answer: u32) -> Value {
    let made = of_batch(app, w, batch).await;
    step(app, w, batch, "release").await.expect(200);
    let sent = fetch(app, &id(batch), &w.biller).await;
    let number = made["number"].as_str().unwrap();
    let took = take(app, &w.biller, status(&sent, answer, "PR", &[(number, true)])).await;
    assert_eq!((&took["state"], &took["accepted"]), (&json!("applied"), &json!(1)), "{took}");
    app.settle().await;
    claim(app, w, &id(&made)).await
}

/// The report of one day: it ties, and bills so much.
async fn of_day(app: &TestApp, w: &World, day: u32) -> String {
    let path = format!("/v1/reports/utilization?from=2026-07-{day:02}&to=2026-07-{day:02}");
    let report = app.get(&path, &w.biller).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{day}: {report}");
    assert_eq!(report["control"]["ties"], true, "{day}: {report}");
    report["totals"]["billed"].as_str().unwrap().to_owned()
}

/// The reports of the first and the third of July.
async fn both(app: &TestApp, w: &World) -> String {
    format!("{} {}", of_day(app, w, 1).await, of_day(app, w, 3).await)
}

on_both! {
    async fn a_replacement_that_fits_on_no_claim_tells_why_and_is_a_task(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = billed(&app, &w).await;
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        assert_eq!(stages(&app, &w).await, ["prepared"]);
        // Another diagnosis of one of the two: they are two claims now.
        patch(&app, &w, "V-1", &json!({"diagnoses": ["F33.1"]})).await.expect(200);
        tie(&app);
        build(&app, &w).await.problem(409, "nothing_ready");
        let told = claim(&app, &w, &id(&first)).await["change"]["problem"].clone();
        assert!(told.as_str().unwrap().contains("no longer fit on one claim"), "{told}");
        assert_eq!(stages(&app, &w).await, ["problem"]);
        let list = world::all(&app, "/v1/tasks?kind=correction", &w.biller).await;
        let of_claim = list.iter().find(|t| t["stage"] == "problem").unwrap();
        assert_eq!((&of_claim["subject"], &of_claim["money"], &of_claim["owner"]), (&first["id"], &first["expected"], &json!("biller")));
        assert!(of_claim["advice"].as_str().unwrap().contains("keep"), "{of_claim}");
        tied(&app, &w).await;
        tie(&app);
        // What else is ready is built beside it, and the problem stays told.
        record(&app, &w, "V-3", "2026-07-02T16:00").await;
        let other = build(&app, &w).await.expect(201);
        assert_eq!(of_batch(&app, &w, &other).await["frequency"], "original");
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["problem"], told);
        // Mended, it is built, and nothing is told any more.
        patch(&app, &w, "V-2", &json!({"diagnoses": ["F33.1"]})).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        assert_eq!((&second["corrects"], &second["diagnoses"]), (&first["id"], &json!(["F331"])));
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["problem"], Value::Null);
        assert!(stages(&app, &w).await.is_empty());
        tie(&app);
    }

    async fn a_replacement_of_which_nothing_is_left_is_a_void(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let visit = seen(&app, &w, "V-1").await;
        let path = format!("/v1/encounters/{}/void", id(&visit));
        app.post(&path, &w.biller, &json!({"reason": "did not take place"})).await.expect(200);
        build(&app, &w).await.problem(409, "nothing_ready");
        let told = claim(&app, &w, &id(&first)).await["change"]["problem"].clone();
        assert!(told.as_str().unwrap().contains("void it instead"), "{told}");
        assert_eq!(seen(&app, &w, "V-1").await["status"], "submitted");
        tie(&app);
        app.act(&format!("/v1/claims/{}/keep", id(&first)), &w.biller).await.expect(200);
        assert!(stages(&app, &w).await.is_empty());
        ask(&app, &w, &first, "void", "ICN-1").await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        accepted(&app, &w, &batch, 1).await;
        assert_eq!(claim(&app, &w, &id(&first)).await["status"], "voided");
        assert_eq!(seen(&app, &w, "V-1").await["status"], "void");
        tie(&app);
    }

    async fn excess_that_is_authorized_later_joins_the_replacement(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // 24 units a year are free: of the third visit of ten units, four are.
        for (n, units) in [(1, 10), (2, 10), (3, 10)] {
            let body = visit_of(&format!("V-{n}"), &w.peers[0], &w.members[0], &format!("2026-07-0{n}T16:00"), units * 15);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        assert_eq!(split(&app, &w, "V-3").await, (4, 6));
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        let list = world::all(&app, &format!("/v1/claims?batch={}", id(&batch)), &w.biller).await;
        let third = list.iter().find(|c| c["units"] == 4).unwrap().clone();
        world::authorization(&app, &w.admin, "river-bend", &json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 40,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        app.settle().await;
        // Never a second original for the rest of a visit.
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
        ask(&app, &w, &third, "replace", "ICN-3").await.expect(200);
        let made = build(&app, &w).await;
        let told = claim(&app, &w, &id(&third)).await["change"].clone();
        assert_eq!(made.status, 201, "{told} {}", made.body);
        let second = accepted(&app, &w, &made.expect(201), 1).await;
        assert_eq!(second["units"], 10, "{second}");
        assert_eq!(split(&app, &w, "V-3").await, (10, 0));
        assert_eq!(claim(&app, &w, &id(&third)).await["status"], "replaced");
        tied(&app, &w).await;
        tie(&app);
    }

    async fn a_late_visit_of_a_summed_day_joins_the_replacement(app: TestApp) {
        let sums = ("key = \"peer_individual\"", "key = \"peer_individual\"\nsum_over = \"day\"");
        let w = world::river_bend_with(&app, 1, &[sums]).await;
        // Twenty minutes and twenty-five are three units of fifteen, and one and one alone.
        for (reference, start, minutes) in [("V-1", "2026-07-01T16:00", 20), ("V-2", "2026-07-01T18:00", 70)] {
            let body = visit_of(reference, &w.peers[0], &w.members[0], start, minutes);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let first = billed(&app, &w).await;
        assert_eq!(first["units"], 6);
        let late = app.post("/v1/encounters", &w.submitter, &visit_of("V-3", &w.peers[0], &w.members[0], "2026-07-01T20:00", 25)).await.expect(201);
        assert_eq!((rules(&late), &late["disposition"]), (vec!["day.claimed".to_owned()], &json!("held")));
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        tie(&app);
        let second = accepted(&app, &w, &batch, 1).await;
        assert_eq!(second["units"], 7, "115 minutes: {second}");
        assert_eq!(seen(&app, &w, "V-3").await["status"], "submitted");
        assert_eq!(tied(&app, &w).await[0], second["charge"]);
        tie(&app);
    }

    async fn a_visit_that_moves_to_another_day_ties_on_both(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        let charge = first["charge"].as_str().unwrap().to_owned();
        assert_eq!(both(&app, &w).await, format!("{charge} 0.00"));
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let other = json!({"started_at": "2026-07-03T16:00:00Z", "ended_at": "2026-07-03T17:00:00Z", "note": {"signed_at": "2026-07-03T17:00:00Z", "plan_goal": "G1"}});
        patch(&app, &w, "V-1", &other).await.expect(200);
        app.settle().await;
        // What was claimed stands, on its day, until the replacement is built.
        both(&app, &w).await;
        let batch = build(&app, &w).await.expect(201);
        app.settle().await;
        both(&app, &w).await;
        // Withdrawn and built again.
        step(&app, &w, &batch, "withdraw").await.expect(200);
        app.settle().await;
        both(&app, &w).await;
        tie(&app);
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        app.settle().await;
        assert_eq!(both(&app, &w).await, format!("0.00 {charge}"));
        let made = of_batch(&app, &w, &batch).await;
        let sent = fetch(&app, &id(&batch), &w.biller).await;
        take(&app, &w.biller, status(&sent, 1, "PR", &[(made["number"].as_str().unwrap(), false)])).await;
        app.settle().await;
        both(&app, &w).await;
        assert_eq!(claim(&app, &w, &id(&made)).await["status"], "rejected");
        tie(&app);
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        accepted(&app, &w, &batch, 2).await;
        assert_eq!(both(&app, &w).await, format!("0.00 {charge}"));
        // The old time is free.
        let again = app.post("/v1/encounters", &w.submitter, &visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T16:00")).await.expect(201);
        assert_eq!(again["disposition"], "ready", "{again}");
        assert_eq!(record_by(&app, &w, "V-3", 1, "2026-07-03T16:30").await["disposition"], "held");
        tie(&app);
    }
}
