//! Claims and batches: from ready visits to released bytes, and nothing twice.

use peerclaims::flow::batching::{self, Wanted};
use peerclaims::flow::{Scope, access};
use peerclaims::store::Conn;
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
        assert_eq!(batch["more"], false);
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
        assert_eq!(report["control"]["ties"], true, "{report}");
        assert_eq!(report["totals"]["billed"], batch["charge"], "{report}");
        assert_eq!(report["totals"]["members"], 2);
        assert_eq!(report["totals"]["contact_hours"], "3.00");
    }

    async fn what_one_batch_does_not_hold_makes_the_next(app: TestApp) {
        let w = three_visits(&app).await;
        let through = "2026-09-30".parse().unwrap();
        // Two lines of the first member are more than fit, and are not parted.
        for (lines, more) in [(1, true), (1, false)] {
            let ctx = app.ctx.clone();
            let build = move |conn: &mut Conn| {
                let tenant = access::organization(conn, "river-bend")?.unwrap();
                let payer = access::payer(conn, "evergreen")?.unwrap();
                batching::build_some(&ctx, conn, tenant, Wanted { payer, through }, 1)
            };
            let made = app.ctx.db.write(Scope::Service, build).await.unwrap();
            assert_eq!((made.batch.lines, made.more), (lines, more));
        }
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        app.post("/v1/batches", &w.biller, &wanted).await.problem(409, "nothing_ready");
        let visits = app.get("/v1/encounters?status=claimed", &w.biller).await.expect(200);
        assert_eq!(visits["items"].as_array().unwrap().len(), 3);
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

    async fn every_shipped_payer_gets_a_file_that_reads_right(app: TestApp) {
        for payer in ["evergreen", "lone-mesa", "harbor-light"] {
            let w = match payer {
                "evergreen" => world::river_bend(&app, 3).await,
                "lone-mesa" => world::mesa_voices(&app, 3).await,
                _ => world::open_door(&app, 3).await,
            };
            for member in &w.members {
                app.post("/v1/authorizations", &w.biller, &json!({
                    "member": member, "payer": payer, "number": format!("PA-{}", &member[10..]),
                    "units": 60, "from": "2026-07-01", "to": "2026-12-31",
                })).await.expect(201);
            }
            let codes = [json!(["F32.9"]), json!(["F11.20"]), json!(["F33.1", "F41.1", "Z59.0", "F43.10", "F10.20"])];
            for n in 0..24 {
                let start = format!("2026-08-{:02}T{:02}:00", 1 + n / 3, 15 + n % 3);
                let mut body = visit(&format!("V-{n}"), &w.peers[n % 2], &w.members[n % 3], &start);
                body["diagnoses"] = codes[n % 5 % 3].clone();
                body["setting"] = json!(if n % 4 == 0 { "home" } else { "office" });
                app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            }
            let wanted = json!({"payer": payer, "through": "2026-08-31"});
            let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
            assert!(batch["claims"].as_i64().unwrap() >= 8, "{batch}");
            let file = edi::fetch(&app, &id(&batch), &w.biller).await;
            let numbers = edi::check(&file.body);
            assert_eq!(numbers.len(), usize::try_from(batch["claims"].as_i64().unwrap()).unwrap());
            assert!(file.header("content-disposition").contains(batch["file"]["name"].as_str().unwrap()));
            app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        }
    }

    async fn batches_are_made_released_and_delivered_once_for_a_key(app: TestApp) {
        let w = three_visits(&app).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
        let first = app.post_once("/v1/batches", &w.biller, "b-1", &wanted).await.expect(201);
        // Without the key it would be: nothing is ready.
        assert_eq!(app.post_once("/v1/batches", &w.biller, "b-1", &wanted).await.expect(201), first);
        let other = json!({"payer": "evergreen", "through": "2026-09-29"});
        app.post_once("/v1/batches", &w.biller, "b-1", &other).await.problem(422, "idempotency_key_reused");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM batches"), 1);
        let path = format!("/v1/batches/{}", id(&first));
        let receipt = json!({"how": "portal", "to": "intake"});
        app.post(&format!("{path}/delivered"), &w.biller, &receipt).await.problem(409, "wrong_status");
        let (release, nothing) = (format!("{path}/release"), json!({}));
        let release = || app.post_once(&release, &w.biller, "b-2", &nothing);
        let released = release().await.expect(200);
        assert_eq!(release().await.expect(200), released);
        assert_eq!(app.database.number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), 12);
        for (field, value) in [("how", json!("")), ("to", json!("x".repeat(201))), ("delivered_at", json!("2026-09-11T00:00:00Z"))] {
            let mut bad = receipt.clone();
            bad[field] = value;
            let problem = app.post(&format!("{path}/delivered"), &w.biller, &bad).await.problem(422, "invalid_input");
            assert_eq!(problem["faults"][0]["pointer"], format!("/{field}"));
        }
        let deliver = format!("{path}/delivered");
        let deliver = || app.post_once(&deliver, &w.biller, "b-3", &receipt);
        let delivered = deliver().await.expect(200);
        assert_eq!(deliver().await.expect(200), delivered);
        for bad in [json!({}), json!({"payer": "nobody", "through": "2026-09-30"}), json!({"payer": "evergreen", "through": "soon"})] {
            app.post("/v1/batches", &w.biller, &bad).await.problem(422, "invalid_input");
        }
        for list in ["batches", "claims"] {
            for query in ["status=sleeping", "limit=0", "cursor=x", "colour=red"] {
                app.get(&format!("/v1/{list}?{query}"), &w.biller).await.problem(400, "invalid_parameter");
            }
        }
    }
}
