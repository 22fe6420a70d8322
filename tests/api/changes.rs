//! What changes between the decision, the batch and its release: the claim goes out as it should
//! be now, or not at all.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, rules, visit};

const WANTED: &str = "2026-09-30";

async fn build(app: &TestApp, w: &World) -> crate::app::Answer {
    app.post("/v1/batches", &w.biller, &json!({"payer": "evergreen", "through": WANTED})).await
}

async fn record(app: &TestApp, w: &World, reference: &str, peer: usize, start: &str) -> Value {
    let body = visit(reference, &w.peers[peer], &w.members[0], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

/// Changes a row of reference data at `path` by what `change` does to its input.
pub async fn amend(app: &TestApp, w: &World, path: &str, change: impl FnOnce(&mut Value)) {
    let answer = app.get(path, &w.admin).await;
    let mut body = answer.expect(200);
    let fields = body.as_object_mut().unwrap();
    for name in ["id", "revision", "organization"] {
        fields.remove(name);
    }
    for list in ["coverages", "locations", "certificates"] {
        for row in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            row.as_object_mut().unwrap().remove("id");
        }
    }
    change(&mut body);
    app.put(path, &w.admin, answer.header("etag"), &body).await.expect(200);
}

pub async fn amend_member(
    app: &TestApp,
    w: &World,
    member: usize,
    change: impl FnOnce(&mut Value),
) {
    let path = format!("/v1/members/{}?organization=river-bend", w.members[member]);
    amend(app, w, &path, change).await;
}

async fn status(app: &TestApp, w: &World, reference: &str) -> Value {
    let path = format!("/v1/encounters?reference={reference}");
    app.get(&path, &w.biller).await.expect(200)["items"][0].clone()
}

fn units(app: &TestApp) -> i64 {
    app.database
        .number("SELECT COALESCE(CAST(SUM(reserved + consumed) AS BIGINT), 0) FROM unit_entries")
}

on_both! {
    async fn a_claim_is_built_under_the_member_number_of_now(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["member_number"] = json!("EV2000")).await;
        let batch = build(&app, &w).await.expect(201);
        let file = app.get(&format!("/v1/batches/{}/837p", id(&batch)), &w.biller).await.body;
        assert!(file.contains("EV2000") && !file.contains("EV1000"), "{file}");
        // The units moved along.
        let path = format!("/v1/members/{}/allowances?on=2026-07-01", w.members[0]);
        let left = app.get(&path, &w.submitter).await.expect(200);
        assert_eq!(left["payers"][0]["remaining"][0]["remaining"], 12, "{left}");
        assert_eq!(units(&app), 4);
    }

    async fn a_release_under_another_member_number_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        let batch = build(&app, &w).await.expect(201);
        amend_member(&app, &w, 0, |m| m["coverages"][0]["member_number"] = json!("EV2000")).await;
        let path = format!("/v1/batches/{}/release", id(&batch));
        let problem = app.act(&path, &w.biller).await.problem(409, "release_refused");
        assert!(!problem.to_string().contains("EV2000"), "{problem}");
        assert!(!problem.to_string().contains("EV1000"), "{problem}");
    }

    async fn a_release_to_a_payer_that_no_longer_covers_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        world::payer(&app, &w.admin, "other-plan").await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        let batch = build(&app, &w).await.expect(201);
        amend_member(&app, &w, 0, |m| {
            m["coverages"][0]["to"] = json!("2026-06-30");
            m["coverages"].as_array_mut().unwrap().push(json!(
                {"payer": "other-plan", "member_number": "OP1", "from": "2026-07-01", "order": 1}));
        }).await;
        let path = format!("/v1/batches/{}/release", id(&batch));
        app.act(&path, &w.biller).await.problem(409, "release_refused");
    }

    async fn a_number_that_passed_to_another_member_is_read_by_the_date(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-06-30")).await;
        let body = json!({
            "reference": "R-next", "first_name": "Lee", "last_name": "Ito",
            "birth_date": "1990-03-03", "gender": "M",
            "address": {"line1": "9 Elm St", "city": "Spokane", "state": "WA", "zip": "99202"},
            "coverages": [{"payer": "evergreen", "member_number": "EV1000", "from": "2026-07-01", "order": 1}],
        });
        let next = id(&app.post("/v1/members?organization=river-bend", &w.admin, &body).await.expect(201));
        // 05:00 UTC on 1 July is 30 June in Los Angeles: the organization's zone decides.
        for (reference, start, whose) in [
            ("V-1", "2026-06-15T16:00", &w.members[0]), ("V-2", "2026-07-15T16:00", &next),
            ("V-3", "2026-07-01T05:00", &w.members[0]), ("V-4", "2026-07-01T07:00", &next),
        ] {
            let mut body = visit(reference, &w.peers[0], "", start);
            body["member"] = json!({"payer": "evergreen", "number": "EV1000"});
            let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(seen["member"], **whose, "{seen}");
            assert_eq!(seen["disposition"], "ready", "{seen}");
        }
    }

    async fn a_grant_that_shrank_is_not_claimed_beyond(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in 1..=6 {
            record(&app, &w, &format!("F-{day}"), 0, &format!("2026-07-0{day}T16:00")).await;
        }
        let grant = world::authorization(&app, &w.admin, "river-bend", &json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-77", "units": 12,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        for day in 7..=9 {
            let seen = record(&app, &w, &format!("A-{day}"), 0, &format!("2026-07-0{day}T16:00")).await;
            assert_eq!(seen["lines"][0]["authorization"]["units"], 4);
        }
        let path = format!("/v1/authorizations/{grant}?organization=river-bend");
        amend(&app, &w, &path, |a| a["units"] = json!(6)).await;
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(batch["units"], 24 + 6, "{batch}");
        assert_eq!(units(&app), 24 + 6);
        // The latest service date gave way first.
        assert_eq!(status(&app, &w, "A-7").await["lines"][0]["units"], 4);
        assert_eq!(status(&app, &w, "A-8").await["lines"][0]["units"], 2);
        let last = status(&app, &w, "A-9").await;
        assert_eq!((last["status"].as_str(), rules(&last)), (Some("held"), vec!["authorization.exhausted".to_owned()]));
    }

    async fn a_grant_that_no_longer_covers_the_day_is_not_claimed_under(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in 1..=6 {
            record(&app, &w, &format!("F-{day}"), 0, &format!("2026-07-0{day}T16:00")).await;
        }
        let grant = world::authorization(&app, &w.admin, "river-bend", &json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-77", "units": 12,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        record(&app, &w, "A-7", 0, "2026-07-07T16:00").await;
        let path = format!("/v1/authorizations/{grant}?organization=river-bend");
        amend(&app, &w, &path, |a| a["to"] = json!("2026-07-06")).await;
        assert_eq!(build(&app, &w).await.expect(201)["units"], 24);
        assert_eq!(rules(&status(&app, &w, "A-7").await), ["authorization.missing"]);
    }

    async fn what_no_longer_stands_is_held_also_when_nothing_else_is_ready(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-06-30")).await;
        build(&app, &w).await.problem(409, "nothing_ready");
        let seen = status(&app, &w, "V-1").await;
        assert_eq!(seen["status"], "held", "{seen}");
        assert_eq!(units(&app), 0);
    }

    async fn an_address_that_is_gone_holds_its_visit_and_no_other(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        let body = visit("V-2", &w.peers[1], &w.members[1], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
        assert_eq!(build(&app, &w).await.expect(201)["claims"], 1);
        assert_eq!(rules(&status(&app, &w, "V-1").await), ["member.no_address"]);
    }

    async fn a_zone_that_was_corrected_moves_the_service_date_everywhere(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // 05:00 UTC on 1 August: 31 July in Los Angeles, 1 August in New York.
        let first = record(&app, &w, "V-1", 0, "2026-08-01T05:00").await;
        assert_eq!(first["service_date"], "2026-07-31");
        let organization = first["organization"].as_str().unwrap();
        amend(&app, &w, &format!("/v1/organizations/{organization}"), |o| o["zone"] = json!("America/New_York")).await;
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&first)), &w.submitter).await.expect(200);
        assert_eq!(again["service_date"], "2026-08-01");
        let batch = build(&app, &w).await.expect(201);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let report = app.get("/v1/reports/utilization?from=2026-08-01&to=2026-08-31&group_by=month", &w.biller).await.expect(200);
        assert_eq!(report["ties"]["ties"], true, "{report}");
        assert_eq!(report["control"]["ties"], true, "{report}");
        assert_eq!(report["totals"]["billed"], batch["charge"]);
    }

    async fn a_reason_with_control_characters_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let first = record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        let path = format!("/v1/encounters/{}/void", id(&first));
        app.post(&path, &w.submitter, &json!({"reason": "a\u{0}b"})).await.problem(422, "invalid_input");
    }

    async fn a_day_outside_of_time_is_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in ["%2B262142-12-31", "-262143-01-01", "9999-12-31"] {
            let path = format!("/v1/members/{}/allowances?on={day}", w.members[0]);
            app.get(&path, &w.submitter).await.problem(400, "invalid_parameter");
            let path = format!("/v1/reports/utilization?from=2026-01-01&to={day}");
            app.get(&path, &w.biller).await.problem(400, "invalid_parameter");
            let body = json!({"payer": "evergreen", "through": day.replace("%2B", "+")});
            app.post("/v1/batches", &w.biller, &body).await.problem(422, "invalid_input");
        }
    }
}
