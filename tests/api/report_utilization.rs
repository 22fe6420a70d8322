//! Utilization as one of the reports of the frame: its past, its jobs, its issues and restatements, and its
//! levels in each form.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::report_jobs::{ask, file, make_all};
use crate::world::{self, Dice, World, id, visit};

const JULY: &str = "from=2026-07-01&to=2026-07-31";

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

async fn release(app: &TestApp, w: &World) {
    let body = json!({"payer": "evergreen", "through": "2026-07-31"});
    let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

async fn told(app: &TestApp, query: &str, key: &str) -> Value {
    let report = app.get(&format!("/v1/reports/utilization?{query}"), key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{query}: {report}");
    report
}

fn wanted(group_by: &str) -> Value {
    json!({"report": "utilization", "from": "2026-07-01", "to": "2026-07-31", "group_by": group_by})
}

async fn issue(app: &TestApp, key: &str, body: &Value) -> Value {
    app.post("/v1/report-issues", key, body).await.expect(201)
}

async fn issued(app: &TestApp, key: &str, manifest: &Value, form: &str) -> String {
    let path = format!("/v1/report-issues/{}/file?format={form}", id(manifest));
    let answer = app.get(&path, key).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn levels(csv: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.records().map(|row| row.unwrap()[0].to_owned()).collect()
}

on_both! {
    async fn what_was_known_then_is_told_again(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        let mut dice = Dice::new(139);
        history::play(&app, &mut pasts, &mut dice, 90).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let year = "from=2026-01-01&to=2026-12-31&group_by=month,service,mode";
        let readers = [pasts[0].world.biller.clone(), pasts[0].world.admin.clone(), analyst];
        let mut first = Vec::new();
        for key in &readers {
            for basis in ["service", "submission"] {
                let query = format!("{year}&basis={basis}");
                let mut report = told(&app, &query, key).await;
                let control = report.as_object_mut().unwrap().remove("control");
                assert_eq!(control.is_some(), basis == "service", "{report}");
                first.push((key, query, report));
            }
        }
        history::play(&app, &mut pasts, &mut dice, 60).await;
        let mut moved = 0;
        for (key, query, report) in first {
            let at = report["as_of"].as_str().unwrap();
            assert_eq!(told(&app, &format!("{query}&as_of={at}"), key).await, report, "{query}");
            moved += usize::from(told(&app, &query, key).await["totals"] != report["totals"]);
        }
        assert!(moved > 3, "the past was another one: {moved}");
    }

    async fn by_submission_a_visit_is_in_the_month_of_its_release(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        release(&app, &w).await;
        record(&app, &w, "V-2", 0, "2026-07-02T16:00").await;
        let query = "from=2026-07-01&to=2026-12-31&group_by=month";
        let months = |report: &Value| -> Vec<Value> {
            report["rows"].as_array().unwrap().iter()
                .map(|row| json!([row["month"], row["encounters_recorded"], row["units_submitted"]])).collect()
        };
        let by_service = told(&app, query, &w.biller).await;
        assert_eq!(months(&by_service), [json!(["2026-07", 2, 4])]);
        let by_release = told(&app, &format!("{query}&basis=submission"), &w.biller).await;
        let month = &by_release["as_of"].as_str().unwrap()[..7];
        assert_eq!(months(&by_release), [json!([month, 1, 4])], "{by_release}");
        for basis in ["receipt", "paid"] {
            let none = told(&app, &format!("{query}&basis={basis}"), &w.biller).await;
            assert_eq!((&none["rows"], &none["subtotals"], &none["totals"]), (&json!([]), &json!([]), &Value::Null));
            assert_eq!(none["nulls"], json!([{"column": "*", "reason": "no_remittances", "count": 1}]));
        }
    }

    async fn a_job_comes_to_the_same_bytes(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        record(&app, &w, "V-2", 1, "2026-07-02T16:00").await;
        let at = told(&app, JULY, &w.biller).await["as_of"].clone();
        for form in ["json", "csv", "pipe", "dictionary"] {
            let mut body = wanted("service,month");
            body["format"] = json!(form);
            body["as_of"] = at.clone();
            let job = ask(&app, &w.biller, &body).await;
            make_all(&app.ctx).await;
            let made = file(&app, &w.biller, &job).await;
            let path = format!("/v1/reports/utilization?{JULY}&group_by=service,month&format={form}&as_of={}", at.as_str().unwrap());
            let direct = app.get(&path, &w.biller).await;
            assert_eq!((made.status, &made.body), (direct.status, &direct.body), "{form}");
            assert!(made.body.contains("encounters_recorded"), "{}", made.body);
            if form == "csv" {
                assert_eq!(levels(&made.body), ["row", "subtotal", "total"], "{}", made.body);
            }
        }
        let seen = app.get("/v1/audit?action=report.export_job", &w.biller).await.expect(200);
        assert_eq!(seen["items"][0]["about"]["group_by"], "service,month", "{seen}");
    }

    async fn an_issue_is_restated_at_every_level(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        let first = issue(&app, &w.biller, &wanted("service,month")).await;
        assert_eq!((&first["definition"], &first["group_by"]), (&json!(2), &json!(["service", "month"])), "{first}");
        assert_eq!((&first["ties"], &first["rows"], &first["rebuildable"]), (&json!(true), &json!(1), &json!(true)));
        let forms: Vec<&str> = first["files"].as_array().unwrap().iter().map(|f| f["format"].as_str().unwrap()).collect();
        assert_eq!(forms, ["json", "csv", "pipe", "dictionary", "xlsx", "parquet"]);
        let name = first["files"][0]["name"].as_str().unwrap();
        assert!(name.starts_with("RIVER-BEND_ALL_UTILIZATION_BY-SERVICE-MONTH_ORG_SER20260701-"), "{name}");
        // Grouped in another way it is another question, with a name of its own.
        for other in ["month,service", ""] {
            let manifest = issue(&app, &w.biller, &wanted(other)).await;
            assert_eq!(manifest["version"], 1);
            assert_ne!(manifest["files"][0]["name"], name);
        }
        app.post("/v1/report-issues", &w.biller, &wanted("service,month")).await.problem(409, "already_exists");
        let problem = app.post("/v1/report-issues", &w.biller, &wanted("service,week")).await.problem(422, "invalid_input");
        assert_eq!(problem["faults"][0]["pointer"], "/group_by", "{problem}");
        let mut of_other = wanted("month");
        of_other["report"] = json!("delivery");
        app.post("/v1/report-issues", &w.biller, &of_other).await.problem(400, "invalid_parameter");

        let theirs = issue(&app, &analyst, &wanted("service")).await;
        record(&app, &w, "V-2", 1, "2026-07-09T16:00").await;
        release(&app, &w).await;
        for (key, manifest, grouping) in [(&w.biller, &first, "service,month"), (&analyst, &theirs, "service")] {
            let rebuilt = app.get(&format!("/v1/report-issues/{}/rebuild", id(manifest)), key).await.expect(200);
            assert_eq!(rebuilt["same"], true, "{rebuilt}");
            let mut body = wanted(grouping);
            body["supersedes"] = manifest["id"].clone();
            body["reason"] = json!("a late visit, and claims");
            let second = issue(&app, key, &body).await;
            let restated: Value = serde_json::from_str(&issued(&app, key, &second, "restatement").await).unwrap();
            assert_eq!(restated["ties"], true, "{restated}");
            let changes = restated["changes"].as_array().unwrap();
            let of = |column: &str| -> Vec<Value> {
                changes.iter().filter(|c| c["column"] == column).map(|c| c["difference"].clone()).collect()
            };
            // The row, its subtotal where there is one, and the totals.
            let levels = grouping.split(',').count() + 1;
            let more = if *key == analyst { "2" } else { "1" };
            assert_eq!(of("encounters_recorded"), vec![json!(more); levels], "{restated}");
            assert_eq!(of("members"), vec![json!(more); levels], "{restated}");
            let checks = restated["checks"].as_array().unwrap();
            let named = |what: &str| checks.iter().any(|c| c["what"].as_str().unwrap().starts_with(what));
            for column in ["encounters_recorded", "units_recorded", "contact_minutes", "billed", "expected"] {
                assert!(named(&format!("{column}, as issued now")), "{column}: {restated}");
            }
            let rebuilt = app.get(&format!("/v1/report-issues/{}/rebuild", id(&second)), key).await.expect(200);
            assert_eq!(rebuilt["same"], true, "{rebuilt}");
        }
    }

    async fn the_header_accept_chooses_the_form_of_every_report(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-01T16:00").await;
        for name in ["utilization", "delivery"] {
            let path = format!("/v1/reports/{name}?{JULY}");
            let kind = async |accept: &'static str| {
                let request = app.request(reqwest::Method::GET, &path, &w.biller).header("accept", accept);
                request.send().await.unwrap().headers()["content-type"].to_str().unwrap().to_owned()
            };
            assert!(kind("text/csv").await.starts_with("text/csv"));
            assert!(kind("image/png, text/csv;q=0.8").await.starts_with("text/csv"));
            assert!(kind("application/vnd.apache.parquet").await.ends_with("parquet"));
            assert!(kind("text/html, */*;q=0.5").await.starts_with("application/json"));
            let request = app.request(reqwest::Method::GET, &path, &w.biller).header("accept", "image/png");
            crate::app::send(request).await.problem(406, "not_acceptable");
        }
        let path_of = |report: &str| {
            let joint = if report.contains('?') { '&' } else { '?' };
            format!("/v1/reports/{report}{joint}{JULY}")
        };
        let of = async |report: &str, accept: &'static str| {
            let request = app.request(reqwest::Method::GET, &path_of(report), &w.biller);
            crate::app::send(request.header("accept", accept)).await
        };
        for accept in ["image/*", "image/svg+xml;q=0.5, application/json;q=0", "image/svg+xml", "image/avif, image/svg+xml;q=0.9, */*;q=0.8", "IMAGE/SVG+XML, text/csv"] {
            let drawn = of("delivery", accept).await;
            assert_eq!(drawn.status, 200, "{}", drawn.body);
            assert!(drawn.header("content-type").starts_with("image/svg+xml"), "{accept}");
            assert!(drawn.body.starts_with("<svg "), "{}", drawn.body);
        }
        let not_that = of("delivery", "image/svg+xml;q=0, */*").await;
        assert!(not_that.header("content-type").starts_with("application/json"), "a weight of nothing refuses");
        of("delivery", "image/svg+xml; q=0.0").await.problem(406, "not_acceptable");
        // Where there is no chart, it is the next that the header takes; without any it is refused as by name.
        for report in ["utilization", "mix", "lines", "delivery?basis=paid"] {
            let other = of(report, "image/svg+xml, text/csv").await;
            assert_eq!(other.status, 200, "{report}: {}", other.body);
            assert!(other.header("content-type").starts_with("text/csv"), "{report}");
            let refused = of(report, "image/svg+xml, image/png").await.problem(400, "invalid_parameter");
            let path = format!("{}&format=svg", path_of(report));
            let named = app.get(&path, &w.biller).await.problem(400, "invalid_parameter");
            assert_eq!(refused["detail"], named["detail"], "{report}");
        }
        let csv = app.get(&format!("/v1/reports/utilization?{JULY}&group_by=month,service&format=csv"), &w.biller).await;
        assert_eq!(levels(&csv.body), ["row", "subtotal", "total"], "{}", csv.body);
        app.get(&format!("/v1/reports/delivery?{JULY}&group_by=month"), &w.biller).await.problem(400, "invalid_parameter");
    }
}
