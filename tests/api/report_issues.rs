//! Issued reports: sealed, made again to the byte after the past changed, and restated with the cause.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::world::{self, Dice, id, visit};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn wanted(report: &str) -> Value {
    json!({"report": report, "from": "2026-07-01", "to": "2026-07-31"})
}

pub async fn issue(app: &TestApp, key: &str, body: &Value) -> Value {
    app.post("/v1/report-issues", key, body).await.expect(201)
}

/// Each file of a manifest is what its seal says.
async fn sealed(app: &TestApp, manifest: &Value, key: &str) -> Vec<String> {
    let id = manifest["id"].as_str().unwrap();
    let mut all = Vec::new();
    for seal in manifest["files"].as_array().unwrap() {
        let format = seal["format"].as_str().unwrap();
        let path = format!("/v1/report-issues/{id}/file?format={format}");
        if format == "xlsx" || format == "parquet" {
            let answer = app.request(reqwest::Method::GET, &path, key).send().await.unwrap();
            let bytes = answer.bytes().await.unwrap();
            assert_eq!(sha256(&bytes), seal["sha256"]);
            let magic: &[u8] = if format == "xlsx" { b"PK" } else { b"PAR1" };
            assert!(bytes.starts_with(magic));
            continue;
        }
        let file = app.get(&path, key).await;
        assert_eq!(file.status, 200, "{}", file.body);
        assert_eq!(sha256(file.body.as_bytes()), seal["sha256"], "{format}");
        assert_eq!(file.body.len(), seal["bytes"], "{format}");
        assert!(file.header("content-disposition").contains(seal["name"].as_str().unwrap()));
        all.push(file.body);
    }
    all
}

async fn rebuilt(app: &TestApp, manifest: &Value, key: &str) {
    let id = manifest["id"].as_str().unwrap();
    let again = app.get(&format!("/v1/report-issues/{id}/rebuild"), key).await.expect(200);
    assert_eq!(again["same"], true, "{again}");
    assert!(again["files"].as_array().unwrap().len() > 2);
}

fn change<'a>(restatement: &'a Value, column: &str) -> &'a Value {
    let list = restatement["changes"].as_array().unwrap();
    let of_totals = |c: &&Value| c["row"].is_null() && c["column"] == column;
    list.iter().find(of_totals).unwrap_or_else(|| panic!("{column}: {restatement}"))
}

async fn release_all(app: &TestApp, key: &str) {
    let body = json!({"payer": "evergreen", "through": "2026-07-31"});
    let batch = id(&app.post("/v1/batches", key, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), key).await.expect(200);
}

on_both! {
    async fn the_past_changes_and_an_issue_does_not(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let record = async |name: &str, member: usize, start: &str| {
            let body = visit(name, &w.peers[0], &w.members[member], start);
            id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201))
        };
        record("V-1", 0, "2026-07-01T16:00").await;
        let second = record("V-2", 1, "2026-07-02T16:00").await;
        let third = record("V-3", 1, "2026-07-03T16:00").await;
        let names = ["delivery", "mix", "dollars", "timeliness", "acceptance", "completeness", "held"];
        let mut first = Vec::new();
        for name in names {
            let manifest = issue(&app, &w.biller, &wanted(name)).await;
            assert_eq!((&manifest["version"], &manifest["ties"]), (&json!(1), &json!(true)), "{manifest}");
            assert!(manifest["supersedes"].is_null() && manifest["notice"].is_null());
            let files = sealed(&app, &manifest, &w.biller).await;
            first.push((manifest, files));
        }
        let for_payer = issue(&app, &analyst, &wanted("delivery")).await;
        assert_eq!(for_payer["totals"]["contacts"], 0, "nothing was released yet");
        assert!(for_payer["notice"].as_str().unwrap().starts_with("42 CFR part 2"));
        // A void, a correction, a late visit, and claims that are released.
        app.post(&format!("/v1/encounters/{second}/void"), &w.submitter, &json!({"reason": "not met"}))
            .await.expect(200);
        let etag = app.get(&format!("/v1/encounters/{third}"), &w.biller).await.header("etag").to_owned();
        let request = app.request(reqwest::Method::PATCH, &format!("/v1/encounters/{third}"), &w.submitter);
        let corrected = json!({"ended_at": "2026-07-03T16:30:00-07:00", "started_at": "2026-07-03T16:00:00-07:00"});
        crate::app::send(request.header("if-match", etag).json(&corrected)).await.expect(200);
        record("V-4", 0, "2026-07-09T16:00").await;
        release_all(&app, &w.biller).await;
        for (manifest, files) in &first {
            rebuilt(&app, manifest, &w.biller).await;
            assert_eq!(sealed(&app, manifest, &w.biller).await, *files, "{manifest}");
        }
        // Asked again it is no second first issue; as a restatement it says what moved and why.
        for (manifest, _) in &first {
            let name = manifest["report"].as_str().unwrap();
            app.post("/v1/report-issues", &w.biller, &wanted(name)).await.problem(409, "already_exists");
            let mut body = wanted(name);
            body["supersedes"] = manifest["id"].clone();
            body["reason"] = json!("a void, a correction and a late visit");
            let second = issue(&app, &w.biller, &body).await;
            assert_eq!(second["version"], 2);
            assert_eq!(second["supersedes"], manifest["id"]);
            assert_eq!(second["cause"], "a void, a correction and a late visit");
            let files = sealed(&app, &second, &w.biller).await;
            let told: Value = serde_json::from_str(files.last().unwrap()).unwrap();
            assert_eq!(told["ties"], true, "{told}");
            assert!(!told["changes"].as_array().unwrap().is_empty(), "{name}: {told}");
            rebuilt(&app, &second, &w.biller).await;
            rebuilt(&app, manifest, &w.biller).await;
            // Nobody supersedes what was superseded.
            app.post("/v1/report-issues", &w.biller, &body).await.problem(409, "already_exists");
            if name == "delivery" {
                // Three contacts before and after; an hour less, half an hour less, an hour more.
                let minutes = change(&told, "contact_minutes");
                assert_eq!((&minutes["before"], &minutes["after"]), (&json!(180), &json!(150)), "{minutes}");
            }
        }
    }

    async fn a_restatement_names_each_cause(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let record = async |name: &str, member: usize, start: &str| {
            let body = visit(name, &w.peers[0], &w.members[member], start);
            id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201))
        };
        record("V-1", 0, "2026-07-01T16:00").await;
        let gone = record("V-2", 1, "2026-07-02T16:00").await;
        let manifest = issue(&app, &w.biller, &wanted("delivery")).await;
        app.post(&format!("/v1/encounters/{gone}/void"), &w.submitter, &json!({"reason": "not met"}))
            .await.expect(200);
        record("V-3", 0, "2026-07-09T16:00").await;
        record("V-4", 0, "2026-07-10T16:00").await;
        let mut body = wanted("delivery");
        body["supersedes"] = manifest["id"].clone();
        body["reason"] = json!("two late, one void");
        let second = issue(&app, &w.biller, &body).await;
        let path = format!("/v1/report-issues/{}/file?format=restatement", second["id"].as_str().unwrap());
        let told = app.get(&path, &w.biller).await.expect(200);
        let contacts = change(&told, "contacts");
        assert_eq!((&contacts["before"], &contacts["after"], &contacts["difference"]),
            (&json!(2), &json!(3), &json!("1")));
        let steps = told["movement"].as_array().unwrap();
        let step = |name: &str| &steps.iter().find(|s| s["step"] == name).unwrap()["contacts"];
        assert_eq!((step("opening"), step("late"), step("voided"), step("closing")),
            (&json!(2), &json!(2), &json!(-1), &json!(3)));
        // Newest first; only what was issued after; one report.
        let list = app.get("/v1/report-issues?report=delivery", &w.biller).await.expect(200);
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|i| &i["id"]).collect();
        assert_eq!(ids, [&second["id"], &manifest["id"]]);
        let after = manifest["issued_at"].as_str().unwrap();
        let path = format!("/v1/report-issues?issued_after={after}&limit=1");
        app.get(&path, &w.biller).await.expect(200);
        let none = app.get("/v1/report-issues?report=mix", &w.biller).await.expect(200);
        assert_eq!(none["items"], json!([]));
    }

    async fn random_histories_come_out_to_the_byte(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        let mut dice = Dice::new(77);
        history::play(&app, &mut pasts, &mut dice, 80).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let (biller, admin) = (pasts[0].world.biller.clone(), pasts[0].world.admin.clone());
        let mut issued = Vec::new();
        for report in ["delivery", "mix", "dollars", "timeliness", "acceptance"] {
            for basis in ["service", "submission"] {
                for key in [&biller, &analyst, &admin] {
                    let body = json!({"report": report, "from": "2026-01-01", "to": "2026-12-31", "basis": basis});
                    issued.push((key, issue(&app, key, &body).await));
                }
            }
        }
        history::play(&app, &mut pasts, &mut dice, 120).await;
        for (key, manifest) in &issued {
            rebuilt(&app, manifest, key).await;
            let mut body = json!({"supersedes": manifest["id"], "reason": "more is known"});
            for field in ["report", "from", "to", "basis"] {
                body[field] = manifest[field].clone();
            }
            let second = issue(&app, key, &body).await;
            let path = format!("/v1/report-issues/{}/file?format=restatement", second["id"].as_str().unwrap());
            let told = app.get(&path, key).await.expect(200);
            assert_eq!(told["ties"], true, "{told}");
        }
    }

    async fn whose_issues_and_wrong_questions(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        let own = issue(&app, &w.biller, &wanted("held")).await;
        let theirs = issue(&app, &analyst, &wanted("delivery")).await;
        let path = |manifest: &Value, more: &str| format!("/v1/report-issues/{}{more}", manifest["id"].as_str().unwrap());
        for more in ["", "/file", "/rebuild"] {
            for key in [&w.biller, &w.admin] {
                app.get(&path(&own, more), key).await.expect(200);
            }
            for key in [&other.biller, &analyst, &foreign] {
                app.get(&path(&own, more), key).await.problem(404, "not_found");
            }
            for key in [&analyst, &w.admin] {
                app.get(&path(&theirs, more), key).await.expect(200);
            }
            for key in [&other.biller, &w.biller, &foreign] {
                app.get(&path(&theirs, more), key).await.problem(404, "not_found");
            }
        }
        // A payer has no report of what was not released.
        app.post("/v1/report-issues", &analyst, &wanted("held")).await.problem(422, "invalid_input");
        let with = |changes: Value| {
            let mut body = wanted("mix");
            for (field, value) in changes.as_object().unwrap() {
                body[field] = value.clone();
            }
            body
        };
        let delivery = issue(&app, &w.biller, &wanted("delivery")).await;
        for (bad, status) in [
            (json!({"report": "nothing"}), 422), (json!({"basis": "paid"}), 422),
            (json!({"to": "2026-06-30"}), 400), (json!({"supersedes": delivery["id"]}), 422),
            (json!({"reason": "why not"}), 422), (json!({"run_out_days": 9999}), 422),
            (json!({"supersedes": delivery["id"], "reason": "another question"}), 422),
            (json!({"supersedes": theirs["id"], "reason": "not mine"}), 422),
            (json!({"supersedes": "rpt_0000000000001", "reason": "nobody's"}), 422),
            (json!({"measures": ["all"]}), 422), (json!({"from": "2026-02-30"}), 422),
        ] {
            let answer = app.post("/v1/report-issues", &w.biller, &with(bad.clone())).await;
            assert_eq!(answer.status, status, "{bad} {}", answer.body);
        }
        // Movement is what a restatement tells; the list of reports says that it cannot be issued.
        for key in [&w.biller, &analyst] {
            let problem = app.post("/v1/report-issues", key, &wanted("movement")).await.problem(400, "invalid_parameter");
            assert!(problem["detail"].as_str().unwrap().contains("restatement"), "{problem}");
            let list = app.get("/v1/reports", key).await.expect(200);
            for report in list["items"].as_array().unwrap() {
                let never = ["movement", "lines"].contains(&report["name"].as_str().unwrap());
                assert_eq!(report["issuable"], !never, "{report}");
            }
        }
        app.get(&path(&own, "/file?format=xml"), &w.biller).await.problem(400, "invalid_parameter");
        let count = app.database.number("SELECT COUNT(*) FROM report_issues");
        assert_eq!(count, 3, "what was refused left nothing");
    }
}
