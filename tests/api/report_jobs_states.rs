//! What becomes of a report that is made in the background: taken over, stopped, failed, refused, removed.

use std::io::Write;
use std::time::Duration;

use peerclaims::domain::dates::Instant;
use peerclaims::error::{AppError, Code};
use peerclaims::flow::Actor;
use peerclaims::flow::report_jobs::{self, Conn, Job, PIECE_BYTES};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::app::{TestApp, on_both};
use crate::report_jobs::{
    YEAR, ask, file, four_and_a_half, look, make_all, pieces, some_visits, until, wanted, with,
};
use crate::world::{self, id};

fn lease_has_passed(app: &TestApp) {
    app.database.execute("UPDATE report_jobs SET lease_until = '2020-01-01 00:00:00'");
}

/// A report without an end: a piece every 20 milliseconds.
fn endless(
    _: &mut Conn,
    (_, now): (&Job, Instant),
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    for n in 1.. {
        tell(n, None);
        out.write_all(&vec![b'x'; PIECE_BYTES]).map_err(|e| AppError::internal(e.to_string()))?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(now)
}

fn busy(
    _: &mut Conn,
    _: (&Job, Instant),
    _: &mut (dyn Write + Send),
    _: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    Err(AppError::new(Code::Busy, "The service is busy; try again in a moment."))
}

fn broken(
    _: &mut Conn,
    _: (&Job, Instant),
    _: &mut (dyn Write + Send),
    _: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    Err(AppError::internal("Marigold's row cannot be read"))
}

on_both! {
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
