//! Reports that are made in the background: the bytes of the direct report, and progress. What becomes of a
//! job is in `report_jobs_states`, who may have which in `report_jobs_walls`.

use std::io::Write;
use std::time::Duration;

use peerclaims::domain::dates::Instant;
use peerclaims::error::AppError;
use peerclaims::flow::access::Role;
use peerclaims::flow::report_jobs::{self, Conn, Job, PIECE_BYTES};
use peerclaims::flow::{Actor, Ctx};
use peerclaims::reports;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::app::{Answer, Database, TestApp, on_both};
use crate::world::{self, World, id, visit};

pub const YEAR: &str = "from=2026-01-01&to=2026-12-31";

pub fn wanted(report: &str) -> Value {
    json!({"report": report, "from": "2026-01-01", "to": "2026-12-31"})
}

pub fn with(report: &str, more: Value) -> Value {
    let mut body = wanted(report);
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

pub async fn ask(app: &TestApp, key: &str, body: &Value) -> String {
    id(&app.post("/v1/report-jobs", key, body).await.expect(202))
}

pub async fn look(app: &TestApp, key: &str, job: &str) -> Value {
    app.get(&format!("/v1/report-jobs/{job}"), key).await.expect(200)
}

pub async fn file(app: &TestApp, key: &str, job: &str) -> Answer {
    app.get(&format!("/v1/report-jobs/{job}/file"), key).await
}

/// What a worker does: all that waits, one after the other.
pub async fn make_all(ctx: &Ctx) {
    let (_going, stop) = watch::channel(false);
    let ctx = ctx.acting(Actor::Worker);
    while report_jobs::turn(&ctx, reports::job::write, &stop).await.unwrap() {}
}

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

pub async fn some_visits(app: &TestApp, w: &World) {
    for (n, day) in ["2026-07-01", "2026-07-02", "2026-08-03"].iter().enumerate() {
        record(app, w, &format!("V-{n}"), 0, &format!("{day}T16:00")).await;
    }
}

/// Marks days of `river-bend` as changed, as an upload of years would.
pub fn mark(app: &TestApp, days: i64) {
    let organization = app.database.number("SELECT id FROM organizations WHERE key = 'river-bend'");
    let first = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap();
    let row = |n| format!("({organization}, '{}')", first + chrono::TimeDelta::days(n));
    let rows: Vec<String> = (0..days).map(row).collect();
    let into = "INSERT INTO report_marks (organization_id, service_date) VALUES";
    app.database.execute(&format!("{into} {}", rows.join(", ")));
}

pub fn pieces(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM report_job_pieces")
}

/// A report of four pieces and a rest.
pub fn four_and_a_half(
    _: &mut Conn,
    (_, now): (&Job, Instant),
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    out.write_all(&large()).map_err(|e| AppError::internal(e.to_string()))?;
    tell(9, Some(9));
    Ok(now)
}

fn large() -> Vec<u8> {
    (0..4 * PIECE_BYTES + PIECE_BYTES / 2).map(|n| (n % 89).to_le_bytes()[0] + 32).collect()
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} never came");
}

on_both! {
    async fn a_job_comes_to_the_bytes_of_the_direct_report(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        some_visits(&app, &w).await;
        let first = app.get(&format!("/v1/reports/delivery?{YEAR}"), &w.biller).await.expect(200);
        let at = first["as_of"].clone();
        let body = with("delivery", json!({"as_of": at, "format": "csv"}));
        let answer = app.post_once("/v1/report-jobs", &w.biller, "once", &body).await;
        let job = answer.expect(202);
        assert_eq!(answer.header("location"), format!("/v1/report-jobs/{}", id(&job)));
        assert_eq!((&job["state"], &job["progress"], &job["file"]), (&json!("waiting"), &Value::Null, &Value::Null));
        assert_eq!((&job["organization"], &job["payer"], &job["edition"]), (&json!("river-bend"), &Value::Null, &json!("organization")));
        let again = app.post_once("/v1/report-jobs", &w.biller, "once", &body).await;
        assert_eq!((again.expect(202), again.header("idempotent-replayed")), (job.clone(), "true"));
        app.post_once("/v1/report-jobs", &w.biller, "once", &wanted("mix")).await.problem(422, "idempotency_key_reused");
        file(&app, &w.biller, &id(&job)).await.problem(409, "wrong_status");
        make_all(&app.ctx).await;
        let done = look(&app, &w.biller, &id(&job)).await;
        assert_eq!((&done["state"], &done["error"]), (&json!("done"), &Value::Null), "{done}");
        assert_eq!(done["progress"], json!({"part": "write", "unit": "rows", "done": 2, "of": 2}));
        assert_eq!(done["file"], format!("/v1/report-jobs/{}/file", id(&job)));
        assert!(done["started_at"].as_str() >= done["made_at"].as_str());
        assert!(done["kept_until"].as_str() > done["finished_at"].as_str());
        for (report, format) in [
            ("delivery", "json"), ("mix", "pipe"), ("dollars", "dictionary"), ("timeliness", "svg"),
            ("held", "csv"), ("acceptance", "csv"), ("delivery", "csv"), ("movement", "json"),
        ] {
            let mut body = with(report, json!({"as_of": at, "format": format}));
            let mut path = format!("/v1/reports/{report}?{YEAR}&as_of={}&format={format}", at.as_str().unwrap());
            if report == "movement" {
                body["since"] = json!("2026-09-01T00:00:00Z");
                path += "&since=2026-09-01T00:00:00Z";
            }
            let job = ask(&app, &w.biller, &body).await;
            make_all(&app.ctx).await;
            let direct = app.get(&path, &w.biller).await;
            let made = file(&app, &w.biller, &job).await;
            assert_eq!((direct.status, made.status), (reqwest::StatusCode::OK, reqwest::StatusCode::OK), "{}", made.body);
            assert_eq!(made.body, direct.body, "{report} {format}");
            assert_eq!(made.header("content-type"), direct.header("content-type"));
            let seen = look(&app, &w.biller, &job).await;
            assert_eq!(seen["size"], made.body.len());
            assert_eq!(made.header("content-length"), made.body.len().to_string());
            let sha256 = Sha256::digest(&made.body).iter().fold(String::new(), |t, b| format!("{t}{b:02x}"));
            assert_eq!(seen["sha256"], sha256);
            assert_eq!(made.header("etag"), format!("\"{sha256}\""));
            let ending = if format == "pipe" { "txt" } else { format };
            assert!(made.header("content-disposition").contains(&format!("{report}_{job}.")), "{ending}");
        }
        // Without a time: what is known when it runs, also what came after it was asked for.
        let job = ask(&app, &w.biller, &wanted("delivery")).await;
        record(&app, &w, "V-9", 0, "2026-08-20T16:00").await;
        make_all(&app.ctx).await;
        let told: Value = serde_json::from_str(&file(&app, &w.biller, &job).await.body).unwrap();
        assert_eq!((&told["totals"]["contacts"], &told["control"]["ties"]), (&json!(4), &json!(true)), "{told}");
        assert_eq!(look(&app, &w.biller, &job).await["as_of"], told["as_of"], "asked for as of no time");
        let trail = app.get("/v1/audit?action=report.export_job", &w.biller).await.expect(200);
        assert_eq!(trail["items"][0]["subject"], job.as_str());
        assert_eq!(trail["items"].as_array().unwrap().len(), 9, "each file that was fetched");
        let trail = app.get("/v1/audit?action=report.job", &w.biller).await.expect(200);
        assert_eq!(trail["items"].as_array().unwrap().len(), 10, "each job");
    }

    async fn what_a_job_was_made_as_of_is_told_and_asked_for_again(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        some_visits(&app, &w).await;
        let asked = [("utilization", Some("month,service")), ("utilization", None), ("mix", None)];
        for (n, (report, by)) in asked.into_iter().enumerate() {
            let mut body = with(report, json!({"format": "csv"}));
            let mut path = format!("/v1/reports/{report}?{YEAR}&format=csv");
            if let Some(by) = by {
                body["group_by"] = json!(by);
                path = format!("{path}&group_by={by}");
            }
            let job = ask(&app, &w.biller, &body).await;
            let waiting = look(&app, &w.biller, &job).await;
            assert_eq!((&waiting["as_of"], &waiting["group_by"]), (&Value::Null, &json!(by)), "{waiting}");
            make_all(&app.ctx).await;
            let done = look(&app, &w.biller, &job).await;
            assert_eq!(done["group_by"], json!(by), "{done}");
            let made = file(&app, &w.biller, &job).await.body;
            // What came in meanwhile is not in it.
            record(&app, &w, &format!("N-{n}"), 0, &format!("2026-08-2{n}T16:00")).await;
            let path = format!("{path}&as_of={}", done["as_of"].as_str().unwrap());
            assert_eq!(app.get(&path, &w.biller).await.body, made, "{path}");
        }
    }

    async fn lines_are_written_as_they_are_read(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        some_visits(&app, &w).await;
        let body = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for (key, lines) in [(&w.biller, 3), (&analyst, 2)] {
            for format in ["csv", "pipe", "dictionary", "json", "parquet"] {
                let job = ask(&app, key, &with("lines", json!({"format": format}))).await;
                make_all(&app.ctx).await;
                let done = look(&app, key, &job).await;
                assert_eq!((&done["state"], &done["error"]), (&json!("done"), &Value::Null), "{done}");
                if format != "dictionary" {
                    assert_eq!(done["progress"], json!({"part": "write", "unit": "rows", "done": lines, "of": lines}));
                }
                let path = format!("/v1/report-jobs/{job}/file");
                let made = app.request(reqwest::Method::GET, &path, key).send().await.unwrap();
                let made = made.bytes().await.unwrap();
                assert_eq!(done["size"], made.len());
                if format == "parquet" {
                    assert!(made.starts_with(b"PAR1") && made.ends_with(b"PAR1"));
                    continue;
                }
                let made = String::from_utf8(made.to_vec()).unwrap();
                let direct = app.get(&format!("/v1/reports/lines?{YEAR}&format={format}"), key).await.body;
                // The moment is another one; all else is the same.
                let pattern = |text: &str| {
                    let words = text.split(['"', ',', '|', '\r']).map(|word| {
                        if word.starts_with("2026-09-10T") && word.ends_with('Z') { "then" } else { word }
                    });
                    words.collect::<Vec<_>>().join(" ")
                };
                assert_eq!(pattern(&made), pattern(&direct), "{format}");
            }
        }
        for bad in [json!({"format": "svg"}), json!({"basis": "submission"}),
            json!({"as_of": "2026-09-01T00:00:00Z"}), json!({"to": "2025-01-01"})] {
            app.post("/v1/report-jobs", &w.biller, &with("lines", bad)).await.problem(400, "invalid_parameter");
        }
    }

    async fn where_much_is_to_be_read_a_job_does_it_and_tells_how_far_it_is(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        some_visits(&app, &w).await;
        let path = format!("/v1/reports/delivery?{YEAR}");
        // What is answered does not depend on the database, and this one reads 2,400 days in seconds.
        if matches!(app.database, Database::Sqlite { .. }) {
            mark(&app, 2_500);
            let problem = app.get(&path, &w.biller).await.problem(503, "busy");
            assert!(problem["detail"].as_str().unwrap().contains("POST /v1/report-jobs"), "{problem}");
        }
        mark(&app, 900);
        let job = ask(&app, &w.biller, &wanted("delivery")).await;
        let ctx = app.ctx.clone();
        let working = tokio::spawn(async move { make_all(&ctx).await });
        let mut seen: Vec<(u64, u64)> = Vec::new();
        until("the end", async || {
            let now = look(&app, &w.biller, &job).await;
            let part = &now["progress"];
            if part["part"] == "refresh" {
                assert_eq!((&now["state"], &part["unit"]), (&json!("running"), &json!("days")), "{now}");
                let count = |name: &str| part[name].as_u64().unwrap();
                if seen.last().is_none_or(|last| last.0 != count("done")) {
                    seen.push((count("done"), count("of")));
                }
            }
            now["state"] == "done"
        })
        .await;
        working.await.unwrap();
        assert!(seen.len() > 2, "{seen:?}");
        assert!(seen.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 == w[1].1), "{seen:?}");
        assert!(seen.iter().all(|(done, of)| done <= of && *of >= 900), "{seen:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_marks"), 0);
        let told: Value = serde_json::from_str(&file(&app, &w.biller, &job).await.body).unwrap();
        assert_eq!(told["totals"]["contacts"], 3);
        app.get(&path, &w.biller).await.expect(200);
    }

    async fn a_large_file_is_kept_and_handed_out_in_pieces(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let job = ask(&app, &w.biller, &with("delivery", json!({"format": "pipe"}))).await;
        let (_going, stop) = watch::channel(false);
        assert!(report_jobs::turn(&app.ctx, four_and_a_half, &stop).await.unwrap());
        assert_eq!(pieces(&app), 5);
        let made = file(&app, &w.biller, &job).await;
        assert_eq!(made.body.as_bytes(), large());
        assert_eq!(made.header("content-length"), large().len().to_string());
        // Removed while it is read, the answer ends with an error and is not taken for the whole.
        app.database.execute("DELETE FROM report_job_pieces WHERE ordinal = 3");
        let path = format!("/v1/report-jobs/{job}/file");
        let answer = app.request(reqwest::Method::GET, &path, &w.biller).send().await.unwrap();
        assert!(answer.bytes().await.is_err());
    }
}
