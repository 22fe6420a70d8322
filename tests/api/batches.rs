//! Claims and batches: from ready visits to released bytes, and nothing twice.

use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::edi;
use crate::world::{self, World, id, visit};

async fn three_visits(app: &TestApp) -> World {
    let w = world::river_bend(app, 2).await;
    for (reference, peer, member, start) in [
        ("V-1", 0, 0, "2026-07-01T16:00"),
        ("V-2", 0, 0, "2026-07-01T18:00"),
        ("V-3", 1, 1, "2026-07-02T16:00"),
    ] {
        let body = visit(reference, &w.peers[peer], &w.members[member], start);
        assert_eq!(
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201)["disposition"],
            "ready"
        );
    }
    w
}

on_both! {
    async fn ready_visits_become_claims_and_a_released_file(app: TestApp) {
        let w = three_visits(&app).await;
        let wanted = json!({"payer": "evergreen", "organization": "river-bend", "through": "2026-09-30"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!(batch["status"], "built");
        assert_eq!(batch["claims"], 2, "{batch}");
        assert_eq!(batch["lines"], 2, "two visits of a day roll up: {batch}");
        assert_eq!(batch["units"], 12);
        let path = format!("/v1/batches/{}", id(&batch));
        let file = edi::fetch(&app, &id(&batch), &w.biller).await;
        assert!(file.body.starts_with("ISA*00*"));
        assert!(file.body.contains("SV1*HC:H0038*"), "{}", file.body);
        assert_eq!(file.header("etag"), format!("\"{}\"", batch["file"]["sha256"].as_str().unwrap()));
        let table = app.get(&format!("{path}/csv"), &w.biller).await;
        assert_eq!(table.body.lines().count(), 3, "{}", table.body);
        assert!(table.body.contains("V-1;V-2"));
        // Nothing is claimed twice, and what is claimed stays.
        app.post("/v1/batches", &w.biller, &wanted).await.problem(409, "nothing_ready");
        let visit = app.get("/v1/encounters?reference=V-1", &w.biller).await.expect(200)["items"][0].clone();
        assert_eq!(visit["status"], "claimed");
        app.post(&format!("/v1/encounters/{}/void", id(&visit)), &w.biller, &json!({"reason": "x"})).await.problem(409, "already_claimed");
        app.act(&format!("/v1/encounters/{}/decide", id(&visit)), &w.biller).await.problem(409, "already_claimed");
        let released = app.act(&format!("{path}/release"), &w.biller).await.expect(200);
        assert_eq!(released["status"], "released");
        app.act(&format!("{path}/withdraw"), &w.biller).await.problem(409, "wrong_status");
        app.act(&format!("{path}/release"), &w.biller).await.problem(409, "wrong_status");
        let receipt = json!({"how": "payer portal", "to": "intake", "reference": "UP-1"});
        let delivered = app.post(&format!("{path}/delivered"), &w.biller, &receipt).await.expect(200);
        assert_eq!(delivered["status"], "delivered");
        assert_eq!(delivered["late_claims"], 0);
        assert_eq!(app.get(&format!("{path}/837p"), &w.biller).await.body, file.body);
        assert_eq!(app.database.number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), 12);
        assert_eq!(app.database.number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 0);
        let claims = app.get(&format!("/v1/claims?batch={}", id(&batch)), &w.biller).await.expect(200);
        assert_eq!(claims["items"].as_array().unwrap().len(), 2);
        assert_eq!(claims["items"][0]["status"], "delivered");
        let report = app.get("/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service", &w.biller).await.expect(200);
        assert_eq!(report["ties"]["ties"], true, "{report}");
        assert_eq!(report["totals"]["billed"], batch["charge"], "{report}");
        assert_eq!(report["totals"]["members"], 2);
        assert_eq!(report["totals"]["contact_hours"], "3.00");
    }

    async fn a_withdrawn_batch_gives_its_lines_back(app: TestApp) {
        let w = three_visits(&app).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        let first = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        let path = format!("/v1/batches/{}", id(&first));
        assert_eq!(app.act(&format!("{path}/withdraw"), &w.biller).await.expect(200)["status"], "withdrawn");
        app.act(&format!("{path}/release"), &w.biller).await.problem(409, "wrong_status");
        let second = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!(second["charge"], first["charge"]);
        assert!(second["interchange_control"].as_i64() > first["group_control"].as_i64());
        let before = edi::fetch(&app, &id(&first), &w.biller).await.body;
        let after = edi::fetch(&app, &id(&second), &w.biller).await.body;
        let numbers = |text: &str| text.split('~').filter(|s| s.trim().starts_with("CLM*")).map(str::to_owned).collect::<Vec<_>>();
        assert!(numbers(&before).iter().all(|n| !numbers(&after).contains(n)));
        assert_eq!(app.database.number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 12);
    }

    async fn a_release_that_finds_a_fault_is_refused_whole(app: TestApp) {
        let w = three_visits(&app).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        // The coverage turns out to have ended.
        let path = format!("/v1/members/{}?organization=river-bend", w.members[0]);
        let answer = app.get(&path, &w.admin).await;
        let mut member = answer.expect(200);
        let draft = member.as_object_mut().unwrap();
        draft.remove("id");
        draft.remove("revision");
        draft["coverages"][0]["to"] = json!("2026-06-30");
        draft["coverages"][0].as_object_mut().unwrap().remove("id");
        app.put(&path, &w.admin, answer.header("etag"), &member).await.expect(200);
        let release = format!("/v1/batches/{}/release", id(&batch));
        let problem = app.act(&release, &w.biller).await.problem(409, "release_refused");
        assert_eq!(problem["faults"].as_array().unwrap().len(), 2, "{problem}");
        assert_eq!(app.get(&format!("/v1/batches/{}", id(&batch)), &w.biller).await.expect(200)["status"], "built");
        // Withdrawn and built again, only the visit that still stands is on it.
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        let again = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!(again["claims"], 1);
        app.act(&format!("/v1/batches/{}/release", id(&again)), &w.biller).await.expect(200);
        let held = app.get("/v1/encounters?status=held", &w.biller).await.expect(200);
        assert_eq!(held["items"].as_array().unwrap().len(), 2);
    }
}
