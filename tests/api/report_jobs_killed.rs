//! The process is killed while it makes a report: another one takes the job when the lease has passed, and
//! finishes it, once. Two processes share jobs without a word between them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::program::Program;
use crate::report_jobs::mark;
use crate::world::{self, id, visit};

async fn state(program: &Program, key: &str, job: &str) -> Value {
    program.get(&format!("/v1/report-jobs/{job}"), key).await.expect(200)
}

async fn done(program: &Program, key: &str, job: &str) -> Value {
    for _ in 0..6_000 {
        let now = state(program, key, job).await;
        if now["state"] == "done" {
            return now;
        }
        assert!(["waiting", "running"].contains(&now["state"].as_str().unwrap()), "{now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the job never ended");
}

on_both! {
    async fn a_killed_process_loses_no_job(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        mark(&app, 1_500);
        let wanted = json!({"report": "delivery", "from": "2026-01-01", "to": "2026-12-31", "format": "csv"});
        let first = Program::start(&app.database);
        let job = id(&first.post("/v1/report-jobs", &w.biller, &wanted).await.expect(202));
        let mut looks = 0;
        while state(&first, &w.biller, &job).await["progress"].is_null() {
            looks += 1;
            assert!(looks < 6_000, "nobody took it");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        first.kill();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM report_jobs WHERE state = 'running'"), 1);
        app.database.execute("UPDATE report_jobs SET lease_until = '2020-01-01 00:00:00'");
        let both = [Program::start(&app.database), Program::start(&app.database)];
        let told = done(&both[0], &w.biller, &job).await;
        assert_eq!(app.database.number("SELECT CAST(attempt AS BIGINT) FROM report_jobs"), 2, "one of both took it");
        let path = format!("/v1/report-jobs/{job}/file");
        let files = [both[0].get(&path, &w.biller).await, both[1].get(&path, &w.biller).await];
        assert_eq!(files[0].body, files[1].body);
        assert_eq!(files[0].body.lines().count(), 3, "header, month, total: {}", files[0].body);
        assert_eq!(told["size"], files[0].body.len());
        // Asked to end, they end, with a job running or not.
        mark(&app, 1_500);
        let next = id(&both[0].post("/v1/report-jobs", &w.biller, &wanted).await.expect(202));
        let [one, two] = both;
        one.terminate();
        assert!(one.ended().success());
        done(&two, &w.biller, &next).await;
        two.terminate();
        assert!(two.ended().success());
    }
}
