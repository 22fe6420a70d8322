//! A request that does not get the lock of the database in time is told to try again, and has changed
//! nothing.
//!
//! On SQLite, where how long to wait is a setting of the one connection that writes. How long to wait for
//! a turn or for a connection is a constant, and long: the tests of `store::writer` try a shorter one.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use peerclaims::store::{Conn, Scope, StoreError};
use serde_json::json;

use crate::app::TestApp;
use crate::world::{self, id};

/// Much shorter than the service's own ten seconds.
const SHORT: &str = "PRAGMA busy_timeout = 200";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_write_in_time_hears_busy_and_asks_again_with_the_same_key() {
    let app = TestApp::sqlite().await;
    let w = world::river_bend(&app, 1).await;
    let first = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
    app.post("/v1/encounters", &w.submitter, &first).await.expect(201);
    // The writer keeps its connection, so what is said on it holds for the requests below.
    let shorten = |conn: &mut Conn| conn.batch_execute(SHORT).map_err(StoreError::from);
    app.ctx.db.write(Scope::Service, shorten).await.unwrap();
    let url = app.database.url();
    let mut other = SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    let second = world::visit("V-2", &w.peers[0], &w.members[0], "2026-07-02T16:00");
    let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
    let visit = || app.post_once("/v1/encounters", &w.submitter, "visit", &second);
    let batch = || app.post_once("/v1/batches", &w.biller, "batch", &wanted);
    for answer in [visit().await, batch().await] {
        let problem = answer.problem(503, "busy");
        assert!(problem["detail"].as_str().unwrap().contains("try again"), "{problem}");
        assert_eq!(answer.header("retry-after"), "1");
    }
    // Who only reads waits for nobody.
    let list = app.get("/v1/encounters", &w.biller).await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "nothing was recorded");
    other.batch_execute("ROLLBACK").unwrap();
    let recorded = visit().await.expect(201);
    assert_eq!(id(&visit().await.expect(201)), id(&recorded));
    let built = batch().await.expect(201);
    assert_eq!((&built["claims"], &built["units"]), (&json!(2), &json!(8)));
    assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM batches"), 1);
}
