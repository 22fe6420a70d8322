//! Reports that are made in the background: the bytes of the direct report, progress, who has which file,
//! limits, and what becomes of a job whose process goes away.

use std::io::Write;
use std::time::Duration;

use peerclaims::domain::dates::Instant;
use peerclaims::error::{AppError, Code};
use peerclaims::flow::access::Role;
use peerclaims::flow::report_jobs::{self, Conn, Job, PIECE_BYTES};
use peerclaims::flow::{Actor, Ctx};
use peerclaims::reports;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::app::{Answer, Database, TestApp, on_both};
use crate::world::{self, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

fn wanted(report: &str) -> Value {
    json!({"report": report, "from": "2026-01-01", "to": "2026-12-31"})
}

fn with(report: &str, more: Value) -> Value {
    let mut body = wanted(report);
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

async fn ask(app: &TestApp, key: &str, body: &Value) -> String {
    id(&app.post("/v1/report-jobs", key, body).await.expect(202))
}

async fn look(app: &TestApp, key: &str, job: &str) -> Value {
    app.get(&format!("/v1/report-jobs/{job}"), key).await.expect(200)
}

async fn file(app: &TestApp, key: &str, job: &str) -> Answer {
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

async fn some_visits(app: &TestApp, w: &World) {
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

fn lease_has_passed(app: &TestApp) {
    app.database.execute("UPDATE report_jobs SET lease_until = '2020-01-01 00:00:00'");
}

fn pieces(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM report_job_pieces")
}

/// A report without an end: a piece every 20 milliseconds.
fn endless(
    _: &mut Conn,
    _: (&Job, Instant),
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), AppError> {
    for n in 1.. {
        tell(n, None);
        out.write_all(&vec![b'x'; PIECE_BYTES]).map_err(|e| AppError::internal(e.to_string()))?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A report of four pieces and a rest.
fn four_and_a_half(
    _: &mut Conn,
    _: (&Job, Instant),
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), AppError> {
    out.write_all(&large()).map_err(|e| AppError::internal(e.to_string()))?;
    tell(9, Some(9));
    Ok(())
}

fn large() -> Vec<u8> {
    (0..4 * PIECE_BYTES + PIECE_BYTES / 2).map(|n| (n % 89).to_le_bytes()[0] + 32).collect()
}

fn busy(
    _: &mut Conn,
    _: (&Job, Instant),
    _: &mut (dyn Write + Send),
    _: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), AppError> {
    Err(AppError::new(Code::Busy, "The service is busy; try again in a moment."))
}

fn broken(
    _: &mut Conn,
    _: (&Job, Instant),
    _: &mut (dyn Write + Send),
    _: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), AppError> {
    Err(AppError::internal("Marigold's row cannot be read"))
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
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
        let trail = app.get("/v1/audit?action=report.export_job", &w.biller).await.expect(200);
        assert_eq!(trail["items"][0]["subject"], job.as_str());
        assert_eq!(trail["items"].as_array().unwrap().len(), 9, "each file that was fetched");
        let trail = app.get("/v1/audit?action=report.job", &w.biller).await.expect(200);
        assert_eq!(trail["items"].as_array().unwrap().len(), 10, "each job");
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
        for bad in [json!({"format": "xlsx"}), json!({"format": "svg"}), json!({"basis": "submission"}),
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

    async fn a_job_whose_process_went_away_is_taken_over_and_finished_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        some_visits(&app, &w).await;
        let at = app.get(&format!("/v1/reports/delivery?{YEAR}"), &w.biller).await.expect(200)["as_of"].clone();
        let job = ask(&app, &w.biller, &with("delivery", json!({"as_of": at, "format": "csv"}))).await;
        let (_going, stop) = watch::channel(false);
        // The first process writes some pieces and dies.
        let run = report_jobs::claim(&app.ctx).await.unwrap().unwrap();
        let dying = tokio::spawn(run.to_the_end(endless, stop.clone()));
        until("a piece", async || pieces(&app) > 2).await;
        let now = look(&app, &w.biller, &job).await;
        assert_eq!((&now["state"], &now["progress"]["part"], &now["progress"]["of"]), (&json!("running"), &json!("write"), &Value::Null));
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        file(&app, &w.biller, &job).await.problem(409, "wrong_status");
        // Nobody takes it while the lease may be that of a living process.
        assert!(report_jobs::claim(&app.ctx).await.unwrap().is_none());
        lease_has_passed(&app);
        // The second is thought dead, and is not.
        let slow = report_jobs::claim(&app.ctx).await.unwrap().unwrap();
        lease_has_passed(&app);
        make_all(&app.ctx).await;
        let done = look(&app, &w.biller, &job).await;
        assert_eq!(done["state"], "done", "{done}");
        let made = file(&app, &w.biller, &job).await.body;
        slow.to_the_end(four_and_a_half, stop).await.unwrap();
        assert_eq!(look(&app, &w.biller, &job).await, done);
        assert_eq!(file(&app, &w.biller, &job).await.body, made);
        assert_eq!(pieces(&app), 1, "what others wrote is gone");
        let path = format!("/v1/reports/delivery?{YEAR}&format=csv&as_of={}", at.as_str().unwrap());
        assert_eq!(made, app.get(&path, &w.biller).await.body);
        assert_eq!(app.database.number("SELECT CAST(attempt AS BIGINT) FROM report_jobs"), 3);
    }

    async fn a_job_is_stopped_while_it_waits_and_while_it_runs(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let one = ask(&app, &w.biller, &wanted("delivery")).await;
        let two = ask(&app, &w.biller, &wanted("mix")).await;
        let path = |job: &str| format!("/v1/report-jobs/{job}");
        app.delete(&path(&two), &w.biller).await.expect(200);
        let (_going, stop) = watch::channel(false);
        let run = report_jobs::claim(&app.ctx).await.unwrap().unwrap();
        let running = tokio::spawn(run.to_the_end(endless, stop));
        until("a piece", async || pieces(&app) > 0).await;
        let stopped = app.delete(&path(&one), &w.biller).await.expect(200);
        assert_eq!((&stopped["state"], &stopped["file"]), (&json!("cancelled"), &Value::Null), "{stopped}");
        running.await.unwrap().unwrap();
        for job in [&one, &two] {
            assert_eq!(look(&app, &w.biller, job).await["state"], "cancelled");
            file(&app, &w.biller, job).await.problem(409, "wrong_status");
        }
        assert!(pieces(&app) > 0);
        report_jobs::tidy(&app.ctx).await.unwrap();
        assert_eq!(pieces(&app), 0);
        make_all(&app.ctx).await;
        // What has ended is removed, and then it was never there.
        let gone = app.delete(&path(&one), &w.biller).await;
        assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
        app.delete(&path(&one), &w.biller).await.problem(404, "not_found");
        app.get(&path(&one), &w.biller).await.problem(404, "not_found");
        let list = app.get("/v1/report-jobs", &w.biller).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        report_jobs::tidy(&app.ctx).await.unwrap();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_jobs"), 1);
        for (action, count) in [("report.job_cancel", 2), ("report.job_remove", 1)] {
            let trail = app.get(&format!("/v1/audit?action={action}"), &w.biller).await.expect(200);
            assert_eq!(trail["items"].as_array().unwrap().len(), count, "{action}");
        }
    }

    async fn a_process_that_ends_gives_its_job_back(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let job = ask(&app, &w.biller, &wanted("delivery")).await;
        for _ in 0..4 {
            let (going, stop) = watch::channel(false);
            let run = report_jobs::claim(&app.ctx).await.unwrap().unwrap();
            let running = tokio::spawn(run.to_the_end(endless, stop));
            until("a piece", async || pieces(&app) > 0).await;
            going.send(true).unwrap();
            running.await.unwrap().unwrap();
            let now = look(&app, &w.biller, &job).await;
            assert_eq!((&now["state"], &now["progress"]), (&json!("waiting"), &Value::Null), "{now}");
        }
        make_all(&app.ctx).await;
        assert_eq!(look(&app, &w.biller, &job).await["state"], "done", "to end in order is no failure");
    }

    async fn what_cannot_be_made_fails_with_its_reason(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let (_going, stop) = watch::channel(false);
        let job = ask(&app, &w.biller, &wanted("delivery")).await;
        for tries in 1..=3 {
            assert_ne!(look(&app, &w.biller, &job).await["state"], "failed", "{tries}");
            assert!(report_jobs::turn(&app.ctx, busy, &stop).await.unwrap());
        }
        let failed = look(&app, &w.biller, &job).await;
        assert_eq!((&failed["state"], &failed["error"]["code"], &failed["error"]["status"]),
            (&json!("failed"), &json!("busy"), &json!(503)), "{failed}");
        assert!(!report_jobs::turn(&app.ctx, busy, &stop).await.unwrap());
        let job = ask(&app, &w.biller, &wanted("delivery")).await;
        report_jobs::turn(&app.ctx, broken, &stop).await.unwrap();
        let failed = look(&app, &w.biller, &job).await;
        assert_eq!(failed["error"]["code"], "internal");
        assert!(!failed.to_string().contains("Marigold"), "{failed}");
        // What ends its process each time is begun three times.
        let job = ask(&app, &w.biller, &wanted("mix")).await;
        for _ in 0..3 {
            drop(report_jobs::claim(&app.ctx).await.unwrap().unwrap());
            lease_has_passed(&app);
        }
        assert!(report_jobs::claim(&app.ctx).await.unwrap().is_none());
        let failed = look(&app, &w.biller, &job).await;
        assert_eq!((&failed["state"], &failed["error"]["code"]), (&json!("failed"), &json!("internal")), "{failed}");
        let list = app.get("/v1/report-jobs?state=failed&limit=2", &w.biller).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        let cursor = list["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("/v1/report-jobs?state=failed&limit=2&cursor={cursor}"), &w.biller).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    }

    async fn so_many_wait_and_so_many_are_kept(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        for _ in 0..4 {
            ask(&app, &w.biller, &wanted("delivery")).await;
        }
        let problem = app.post("/v1/report-jobs", &w.biller, &wanted("delivery")).await.problem(409, "too_many_jobs");
        assert!(problem["detail"].as_str().unwrap().starts_with("4 jobs"), "{problem}");
        // Of an organization that an administrator names they are the same; another has its own.
        let named = with("delivery", json!({"organization": "river-bend"}));
        app.post("/v1/report-jobs", &w.admin, &named).await.problem(409, "too_many_jobs");
        ask(&app, &w.admin, &wanted("delivery")).await;
        ask(&app, &other.biller, &wanted("delivery")).await;
        // One of each runs at a time.
        let mut runs = Vec::new();
        while let Some(run) = report_jobs::claim(&app.ctx).await.unwrap() {
            runs.push(run);
        }
        assert_eq!(runs.len(), 3);
        let running = |key: &'static str| {
            let sql = format!("SELECT COUNT(*) FROM report_jobs j WHERE state = 'running' AND \
                organization_id = (SELECT id FROM organizations WHERE key = '{key}')");
            app.database.number(&sql)
        };
        assert_eq!((running("river-bend"), running("hill-top")), (1, 1));
        lease_has_passed(&app);
        for kept in [4, 8, 12, 16, 20] {
            make_all(&app.ctx).await;
            let sql = "SELECT COUNT(*) FROM report_jobs WHERE state = 'done'";
            assert_eq!(app.database.number(sql), kept + 2);
            for _ in 0..4 {
                if kept < 20 {
                    ask(&app, &w.biller, &wanted("delivery")).await;
                }
            }
        }
        let problem = app.post("/v1/report-jobs", &w.biller, &wanted("delivery")).await.problem(409, "too_many_jobs");
        assert!(problem["detail"].as_str().unwrap().starts_with("20 jobs"), "{problem}");
        let list = app.get("/v1/report-jobs", &w.biller).await.expect(200);
        let oldest = id(list["items"].as_array().unwrap().last().unwrap());
        let gone = app.delete(&format!("/v1/report-jobs/{oldest}"), &w.biller).await;
        assert_eq!(gone.status, 204);
        ask(&app, &w.biller, &wanted("delivery")).await;
    }

    async fn whose_jobs_and_wrong_questions(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        let own = ask(&app, &w.biller, &wanted("held")).await;
        let theirs = ask(&app, &analyst, &wanted("delivery")).await;
        make_all(&app.ctx).await;
        for more in ["", "/file"] {
            let path = |job: &str| format!("/v1/report-jobs/{job}{more}");
            for key in [&w.biller, &w.admin] {
                assert_eq!(app.get(&path(&own), key).await.status, 200);
            }
            for key in [&other.biller, &analyst, &foreign, &w.submitter] {
                app.get(&path(&own), key).await.problem(404, "not_found");
            }
            for key in [&analyst, &w.admin] {
                assert_eq!(app.get(&path(&theirs), key).await.status, 200);
            }
            for key in [&other.biller, &w.biller, &foreign, &w.submitter] {
                app.get(&path(&theirs), key).await.problem(404, "not_found");
            }
        }
        for key in [&other.biller, &analyst, &foreign, &w.submitter] {
            app.delete(&format!("/v1/report-jobs/{own}"), key).await.problem(404, "not_found");
        }
        let mine = async |key: &str| {
            let list = app.get("/v1/report-jobs", key).await.expect(200);
            list["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        };
        assert_eq!(mine(&w.biller).await, std::slice::from_ref(&own));
        assert_eq!(mine(&analyst).await, std::slice::from_ref(&theirs));
        assert_eq!(mine(&w.admin).await, [theirs.clone(), own.clone()], "newest first");
        assert!(mine(&foreign).await.is_empty() && mine(&other.biller).await.is_empty());
        let told: Value = serde_json::from_str(&file(&app, &analyst, &theirs).await.body).unwrap();
        assert_eq!((&told["edition"], &told["payer"]), (&json!("payer"), &json!("evergreen")));
        // What a key may not have at once it may not have later.
        app.post("/v1/report-jobs", &analyst, &wanted("held")).await.problem(422, "invalid_input");
        let hidden = |field: &str, value: &str| with("delivery", json!({ field: value }));
        for (key, body) in [
            (&other.biller, hidden("organization", "river-bend")), (&foreign, hidden("payer", "evergreen")),
            (&w.biller, hidden("payer", "lone-mesa")), (&foreign, hidden("organization", "river-bend")),
            (&w.biller, hidden("organization", "nobody")), (&w.submitter, wanted("delivery")),
        ] {
            app.post("/v1/report-jobs", key, &body).await.problem(404, "not_found");
        }
        for (bad, status) in [
            (json!({"report": "nothing"}), 422), (json!({"report": "utilization"}), 422), (json!({"report": "public"}), 400),
            (json!({"to": "2025-06-30"}), 400), (json!({"run_out_days": 731}), 422), (json!({"run_out_days": -1}), 422),
            (json!({"from": "2026-02-30"}), 422), (json!({"format": "xml"}), 422), (json!({"format": "svg", "report": "mix"}), 400),
            (json!({"basis": "birthday"}), 422), (json!({"basis": "submission", "report": "held"}), 400),
            (json!({"as_of": "2030-01-01T00:00:00Z"}), 400), (json!({"as_of": "yesterday"}), 422),
            (json!({"since": "2026-01-01T00:00:00Z"}), 400), (json!({"report": "movement"}), 400),
            (json!({"report": "authorizations", "as_of": "2026-01-01T00:00:00Z"}), 400), (json!({"report": "rates"}), 400),
            (json!({"convention": "any_day"}), 400), (json!({"group_by": "month"}), 422), (json!({"from": "1990-01-01"}), 400),
            (json!({"organization": 7}), 422), (json!({"payer": "\u{0}"}), 404),
        ] {
            let answer = app.post("/v1/report-jobs", &w.biller, &with("delivery", bad.clone())).await;
            assert_eq!(answer.status, status, "{bad} {}", answer.body);
        }
        for bad in ["state=asleep", "limit=0", "cursor=x", "format=csv", "organization=%00"] {
            let answer = app.get(&format!("/v1/report-jobs?{bad}"), &w.admin).await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{bad} {}", answer.body);
        }
        for bad in ["rjb_0000000000001", "rpt_0000000000001", "%00", "x"] {
            for more in ["", "/file"] {
                app.get(&format!("/v1/report-jobs/{bad}{more}"), &w.admin).await.problem(404, "not_found");
            }
            app.delete(&format!("/v1/report-jobs/{bad}"), &w.admin).await.problem(404, "not_found");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_jobs"), 2, "what was refused left nothing");
    }

    async fn a_payer_gets_no_rows_of_people_of_whom_less_may_be_told_by_now(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 2, &flagged).await;
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        let mut consents = Vec::new();
        for (member, number) in [(0, "PA-A"), (1, "PA-B")] {
            let body = json!({"member": w.members[member], "payer": "evergreen", "number": number,
                "units": 10, "from": "2026-01-01", "to": "2026-12-31"});
            world::authorization(&app, &w.admin, "river-bend", &body).await;
            let body = json!({"reference": format!("C-{member}"), "member": w.members[member], "recipient": "evergreen",
                "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
            let path = "/v1/consents?organization=river-bend";
            consents.push(id(&app.post(path, &w.admin, &body).await.expect(201)));
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let people = ask(&app, &analyst, &wanted("authorizations")).await;
        let sums = ask(&app, &analyst, &wanted("delivery")).await;
        let own = ask(&app, &w.biller, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        let rows = |answer: &Answer| answer.expect(200)["rows"].as_array().unwrap().len();
        assert_eq!(rows(&file(&app, &analyst, &people).await), 2);
        let path = format!("/v1/consents/{}/revoke?organization=river-bend", consents[1]);
        app.post(&path, &w.admin, &json!({})).await.expect(200);
        let problem = file(&app, &analyst, &people).await.problem(409, "wrong_status");
        assert!(!problem["detail"].as_str().unwrap().contains('1'), "not of how many: {problem}");
        file(&app, &w.admin, &people).await.problem(409, "wrong_status");
        assert_eq!(file(&app, &analyst, &sums).await.status, 200, "sums are of nobody");
        assert_eq!(rows(&file(&app, &w.biller, &own).await), 2);
        // Made again it tells what may be told, as the report does at once.
        let again = ask(&app, &analyst, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        let told = file(&app, &analyst, &again).await.expect(200);
        let direct = app.get(&format!("/v1/reports/authorizations?{YEAR}"), &analyst).await.expect(200);
        assert_eq!((&told["rows"], &told["left_out_without_consent"]), (&direct["rows"], &json!(true)));
        // A consent whose last day has passed; an organization that says something else of itself.
        app.database.execute("UPDATE contract_versions SET recorded_at = '2026-01-01 00:00:00'");
        app.database.execute("UPDATE organizations SET updated_at = '2026-01-01 00:00:00'");
        app.database.execute("UPDATE consents SET valid_to = '2026-09-10'");
        assert_eq!(file(&app, &analyst, &again).await.status, 200, "it holds until the end of the day");
        app.database.execute("UPDATE report_jobs SET known_at = '2026-09-01 16:00:00'");
        app.database.execute("UPDATE consents SET valid_to = '2026-09-09', revoked_at = NULL");
        file(&app, &analyst, &again).await.problem(409, "wrong_status");
        app.database.execute("UPDATE consents SET valid_to = NULL");
        assert_eq!(file(&app, &analyst, &again).await.status, 200);
        app.database.execute("UPDATE contract_versions SET recorded_at = '2026-09-02 00:00:00'");
        file(&app, &analyst, &again).await.problem(409, "wrong_status");
        app.database.execute("UPDATE contract_versions SET recorded_at = '2026-01-01 00:00:00'");
        app.database.execute("UPDATE organizations SET updated_at = '2026-09-02 00:00:00'");
        file(&app, &analyst, &again).await.problem(409, "wrong_status");
        app.database.execute("UPDATE organizations SET part2 = 'not_program'");
        assert_eq!(file(&app, &analyst, &again).await.status, 200, "no Part 2 program, no wall");
    }

    async fn what_was_made_is_removed_when_its_time_is_over(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        let old = ask(&app, &w.biller, &wanted("delivery")).await;
        let young = ask(&app, &w.biller, &wanted("mix")).await;
        make_all(&app.ctx).await;
        let back = |job: &str, hours: i64| {
            let at = chrono::Utc::now() - chrono::TimeDelta::hours(hours);
            let at = at.format("%Y-%m-%d %H:%M:%S");
            let number = peerclaims::domain::ids::ReportJobId::parse(job).unwrap().as_i64();
            app.database.execute(&format!("UPDATE report_jobs SET finished_at = '{at}' WHERE id = {number}"));
        };
        back(&old, 73);
        back(&young, 71);
        let worker = app.ctx.acting(Actor::Worker);
        report_jobs::tidy(&worker).await.unwrap();
        app.get(&format!("/v1/report-jobs/{old}"), &w.biller).await.problem(404, "not_found");
        file(&app, &w.biller, &old).await.problem(404, "not_found");
        assert_eq!(file(&app, &w.biller, &young).await.status, 200);
        let left = ["report_jobs", "report_job_pieces"].map(|table| app.database.number(&format!("SELECT COUNT(*) FROM {table}")));
        assert_eq!(left, [1, 1]);
        let trail = app.get("/v1/audit?action=report.job_remove", &w.biller).await.expect(200);
        assert_eq!((&trail["items"][0]["actor"], &trail["items"][0]["subject"]), (&json!("worker"), &json!(old)));
        report_jobs::tidy(&worker).await.unwrap();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM audit_entries WHERE action = 'report.job_remove'"), 1);
    }
}
