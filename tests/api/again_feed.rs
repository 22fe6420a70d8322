//! The feed of changed outcomes: whoever reads on with the cursor misses nothing and sees nothing
//! twice, whatever is committed meanwhile and in whatever order.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::again::{grant, record, seen, supersede};
use crate::app::{TestApp, on_both};
use crate::changes::amend_member;
use crate::world::{self, id};

/// Visits that change at once, and how many are asked for at a time.
const VISITS: usize = 48;
const AT_ONCE: usize = 12;

fn numbers(items: &[Value]) -> Vec<i64> {
    items.iter().map(|c| c["number"].as_i64().unwrap()).collect()
}

/// Reads the feed as a client does, from `cursor` on until there is no more.
async fn read(app: &TestApp, key: &str, cursor: &mut String) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let from = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let path = format!("/v1/decisions/changes?limit=7{from}");
        let feed = app.get(&path, key).await.expect(200);
        items.extend(feed["items"].as_array().unwrap().clone());
        feed["next_cursor"].as_str().unwrap().clone_into(cursor);
        if feed["more"] == false {
            return items;
        }
    }
}

on_both! {
    async fn a_reader_misses_nothing_while_many_write(app: TestApp) {
        let w = world::river_bend(&app, VISITS).await;
        let mut visits = Vec::new();
        for (n, member) in w.members.iter().enumerate() {
            let start = format!("2026-07-{:02}T{:02}:00", 1 + n / 4, 15);
            let body = world::visit(&format!("V-{n}"), &w.peers[n % 4], member, &start);
            visits.push(id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201)));
        }
        supersede(&app, &w, "2026.2", ["units = 16", "units = 3"], ["RIVERBEND01", "RIVERBEND01"]).await;
        // Nobody works on the mark: each visit is decided again by a request of its own, while the
        // feed is read.
        let (mut cursor, mut told) = (String::new(), Vec::new());
        for chunk in visits.chunks(AT_ONCE) {
            let asked = chunk.iter().map(|id| app.act_on(id, "decide", &w.submitter));
            let all = futures_util::future::join_all(asked);
            tokio::pin!(all);
            loop {
                tokio::select! {
                    answers = &mut all => {
                        assert!(answers.iter().all(|a| a.status == 200), "{answers:?}");
                        break;
                    }
                    items = read(&app, &w.submitter, &mut cursor) => told.extend(items),
                }
            }
        }
        told.extend(read(&app, &w.submitter, &mut cursor).await);
        let all = i64::try_from(VISITS).unwrap();
        assert_eq!(numbers(&told), (1..=all).collect::<Vec<_>>(), "in order, none twice, none missed");
        assert!(told.iter().all(|c| c["cause"] == "asked" && c["after"]["ready_units"] == 3), "{told:?}");
        assert!(read(&app, &w.submitter, &mut cursor).await.is_empty());
        // What is told already is not told by the worker.
        app.settle().await;
        assert!(read(&app, &w.submitter, &mut cursor).await.is_empty());
        let pending = app.get("/v1/decisions/changes", &w.submitter).await.expect(200);
        assert_eq!(pending["pending"], false);
    }

    async fn the_feed_begins_where_it_is_asked_to(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in 1..=7 {
            record(&app, &w, &format!("V-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        grant(&app, &w, "PA-1", 4).await;
        let feed = app.get("/v1/decisions/changes", &w.submitter).await.expect(200);
        assert_eq!((&feed["items"], &feed["pending"], &feed["more"]), (&json!([]), &json!(true), &json!(false)));
        app.settle().await;
        let from_empty = format!("/v1/decisions/changes?cursor={}", feed["next_cursor"].as_str().unwrap());
        let feed = app.get(&from_empty, &w.submitter).await.expect(200);
        let change = &feed["items"][0];
        assert_eq!((&change["reference"], &change["number"]), (&json!("V-7"), &json!(1)));
        assert_eq!(change["before"]["disposition"], "held");
        assert_eq!(change["before"]["reasons"], json!(["authorization.missing"]));
        assert_eq!((&change["after"]["disposition"], &change["after"]["ready_units"]), (&json!("ready"), &json!(4)));
        assert_eq!(change["decision"], seen(&app, &w, "V-7").await["decision"]["id"], "{change}");
        for (since, count) in [("2026-09-10T00:00:00Z", 1), ("2026-09-11T00:00:00Z", 0)] {
            let path = format!("/v1/decisions/changes?since={since}");
            let feed = app.get(&path, &w.submitter).await.expect(200);
            assert_eq!(feed["items"].as_array().unwrap().len(), count, "{since}");
        }
        for bad in ["since=yesterday", "cursor=1000", "limit=0", "limit=201", "what=1", "cursor=%00"] {
            let path = format!("/v1/decisions/changes?{bad}");
            app.get(&path, &w.submitter).await.problem(400, "invalid_parameter");
        }
        // Another organization's cursor is none here, and its changes are not seen.
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        app.get(&from_empty, &other.submitter).await.problem(400, "invalid_parameter");
        let theirs = app.get("/v1/decisions/changes", &other.submitter).await.expect(200);
        assert_eq!(theirs["items"], json!([]));
    }
}

/// A change that has its number and is not committed yet holds up those that come after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_given_in_the_order_of_commit() {
    let Some(app) = TestApp::postgres().await else { return };
    let w = world::river_bend(&app, 2).await;
    for (n, member) in w.members.iter().enumerate() {
        let body = world::visit(&format!("V-{n}"), &w.peers[n], member, "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    }
    amend_member(&app, &w, 0, |m| m["address"] = Value::Null).await;
    app.settle().await;
    let organization = app
        .database
        .table("SELECT name, next_value AS value FROM counters WHERE name LIKE 'changes:%'");
    let (counter, next) = organization[0].clone();
    assert_eq!(next, 2);
    let mut other = PgConnection::establish(&app.database.url()).unwrap();
    other
        .batch_execute(&format!(
            "BEGIN; UPDATE counters SET next_value = next_value + 1 WHERE name = '{counter}'"
        ))
        .unwrap();
    amend_member(&app, &w, 1, |m| m["address"] = Value::Null).await;
    let app = std::sync::Arc::new(app);
    let work = std::sync::Arc::clone(&app);
    let settling = tokio::spawn(async move { work.settle().await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!settling.is_finished(), "a number was given beside one that is not committed");
    other.batch_execute("ROLLBACK").unwrap();
    settling.await.unwrap();
    let feed = app.get("/v1/decisions/changes", &w.submitter).await.expect(200);
    assert_eq!(numbers(feed["items"].as_array().unwrap()), [1, 2]);
}
