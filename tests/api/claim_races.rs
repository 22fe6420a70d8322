//! Steps about one claim at the same moment. On PostgreSQL writers wait for each other; on SQLite there is
//! one at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::again::seen;
use crate::app::TestApp;
use crate::billed_once::{SENT, ask, build, claim, claim_of, drawn, says, two_visits, void};
use crate::partner::{move_batch, take, tie, upload};
use crate::world::{World, id};

/// Holds what writers about a member wait for.
fn hold(app: &TestApp, w: &World) -> PgConnection {
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    let key = &w.members[0];
    other
        .batch_execute(&format!(
            "BEGIN; SELECT id FROM accounts WHERE key = 'time:{key}' FOR UPDATE"
        ))
        .unwrap();
    other
}

/// Waits until so many writers wait for a lock.
async fn waiting(app: &TestApp, writers: i64) {
    let since = Instant::now();
    let sql = "SELECT COUNT(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while app.database.number(sql) < writers {
        assert!(since.elapsed() < Duration::from_secs(30), "nobody waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_sees_the_visit_that_was_left_out_while_it_waited() {
    let Some(app) = TestApp::postgres().await else { return };
    let (w, _, first) = two_visits(&app).await;
    ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
    let mut other = hold(&app, &w);
    let (app, w) = (Arc::new(app), Arc::new(w));
    let (a, b) = ((Arc::clone(&app), Arc::clone(&w)), (Arc::clone(&app), Arc::clone(&w)));
    let voiding = tokio::spawn(async move { void(&a.0, &a.1, "A-2").await });
    waiting(&app, 1).await;
    let building = tokio::spawn(async move { build(&b.0, &b.1).await });
    waiting(&app, 2).await;
    other.batch_execute("COMMIT").unwrap();
    voiding.await.unwrap().expect(200);
    let batch = id(&building.await.unwrap().expect(201));
    assert_eq!(claim_of(&app, &w, &batch).await["units"], 4);
    assert_eq!(seen(&app, &w, "A-2").await["status"], "void");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_void_is_built_of_a_claim_that_is_being_rejected() {
    for rejected_first in [true, false] {
        let Some(app) = TestApp::postgres().await else { return };
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({})).await.expect(200);
        let mut other = hold(&app, &w);
        let (app, w) = (Arc::new(app), Arc::new(w));
        let start = |builds: bool| {
            let (app, w, file) = (Arc::clone(&app), Arc::clone(&w), says(&sent, 1, false));
            tokio::spawn(async move {
                if builds { build(&app, &w).await } else { upload(&app, &w.biller, file).await }
            })
        };
        let one = start(!rejected_first);
        waiting(&app, 1).await;
        let two = start(rejected_first);
        waiting(&app, 2).await;
        other.batch_execute("COMMIT").unwrap();
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        if rejected_first {
            assert_eq!(one.expect(201)["files"][0]["rejected"], 1);
            two.problem(409, "nothing_ready");
            assert_eq!(claim(&app, &w, &first).await["status"], "rejected");
            assert_eq!(drawn(&app), 0, "what was to be voided is void");
        } else {
            let batch = id(&one.expect(201));
            let took = two.expect(201)["files"][0].clone();
            assert_eq!(
                (&took["state"], &took["rejected"]),
                (&json!("partly"), &json!(0)),
                "{took}"
            );
            for step in SENT {
                move_batch(&app, &w, &batch, step).await;
            }
            let void = crate::partner::fetch(&app, &batch, &w.biller).await;
            let took = take(&app, &w.biller, says(&void, 2, true)).await;
            assert_eq!(took["state"], "applied", "{took}");
            assert_eq!(claim(&app, &w, &first).await["status"], "voided");
        }
        tie(&app);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_files_with_one_interchange_at_once_are_one_and_its_copy() {
    let Some(app) = TestApp::postgres().await else { return };
    let (w, sent, _) = two_visits(&app).await;
    let mut other = hold(&app, &w);
    let (app, w) = (Arc::new(app), Arc::new(w));
    let file = says(&sent, 1, false);
    let start = |bytes: String| {
        let (app, w) = (Arc::clone(&app), Arc::clone(&w));
        tokio::spawn(async move { upload(&app, &w.biller, bytes).await })
    };
    let one = start(file.clone());
    waiting(&app, 1).await;
    let two = start(file.replace('\n', "\r\n"));
    waiting(&app, 2).await;
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(one.await.unwrap().expect(201)["files"][0]["rejected"], 1);
    let copy = two.await.unwrap().expect(201)["files"][0].clone();
    assert_eq!((&copy["state"], &copy["rejected"]), (&json!("applied"), &json!(0)), "{copy}");
    tie(&app);
}
