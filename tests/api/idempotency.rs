//! Done once: repeats, conflicts, many at once, two processes, and what is forgotten.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::future::join_all;
use peerclaims::domain::ids::KeyId;
use peerclaims::error::{AppError, Code};
use peerclaims::flow::idempotent::{self, Reply, Ticket};
use peerclaims::flow::{Clock, Ctx, access};
use peerclaims::store::{Conn, Db, Scope, counters};
use serde_json::json;

use crate::app::{TestApp, on_both};

const PATH: &str = "/v1/probe";
/// How often the probe's effect has happened.
const EFFECTS: &str = "SELECT COALESCE(MAX(next_value), 1) - 1 AS value FROM counters \
                       WHERE name = 'probe'";

async fn key_id(app: &TestApp) -> KeyId {
    app.admin_key().await;
    access::list_keys(&app.ctx).await.unwrap()[0].id
}

fn ticket(key: KeyId) -> Ticket {
    Ticket::new(key, "once", "POST /v1/probe", b"{}").unwrap()
}

fn effect(conn: &mut Conn) -> Result<Reply, AppError> {
    Reply::json(200, &counters::take(conn, "probe", 1)?)
}

/// The service as a second process would be: its own pool and its own list of running keys.
fn other_process(app: &TestApp) -> Ctx {
    Ctx::new(Db::open(&app.database.url(), 4).unwrap(), Clock::system(), 999)
}

on_both! {
    async fn a_repeat_gets_the_first_answer(app: TestApp) {
        let key = app.admin_key().await;
        let body = json!({ "note": "a" });
        let first = app.post_once(PATH, &key, "once", &body).await;
        let again = app.post_once(PATH, &key, "once", &body).await;
        assert_eq!(first.expect(201), again.expect(201));
        assert_eq!(first.body, again.body);
        assert_eq!(first.header("idempotent-replayed"), "");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(app.database.number(EFFECTS), 1);
        // Without a key each request is a new one; another caller's keys are other keys.
        app.post(PATH, &key, &body).await.expect(201);
        app.post_once(PATH, &app.admin_key().await, "once", &body).await.expect(201);
        assert_eq!(app.database.number(EFFECTS), 3);
    }

    async fn another_request_under_the_same_key_is_refused(app: TestApp) {
        let key = app.admin_key().await;
        app.post_once(PATH, &key, "once", &json!({ "note": "a" })).await.expect(201);
        let other = app.post_once(PATH, &key, "once", &json!({ "note": "b" })).await;
        other.problem(422, "idempotency_key_reused");
        let query = format!("{PATH}?organization=x");
        let elsewhere = app.post_once(&query, &key, "once", &json!({ "note": "a" })).await;
        elsewhere.problem(422, "idempotency_key_reused");
        assert_eq!(app.database.number(EFFECTS), 1);
    }

    async fn an_error_keeps_nothing(app: TestApp) {
        let key = app.admin_key().await;
        let failing = app.post_once(PATH, &key, "once", &json!({ "note": "fail" })).await;
        failing.problem(422, "invalid_input");
        assert_eq!(app.database.number(EFFECTS), 0);
        app.post_once(PATH, &key, "once", &json!({ "note": "a" })).await.expect(201);
        assert_eq!(app.database.number(EFFECTS), 1);
    }

    async fn sixty_four_at_once_have_one_effect(app: TestApp) {
        let key = app.admin_key().await;
        let body = json!({ "note": "a" });
        let answers = join_all((0..64).map(|_| app.post_once(PATH, &key, "once", &body))).await;
        let mut bodies = Vec::new();
        for answer in &answers {
            if answer.status == 409 {
                answer.problem(409, "idempotency_key_running");
                assert_eq!(answer.header("retry-after"), "1");
            } else {
                answer.expect(201);
                bodies.push(answer.body.clone());
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
        assert_eq!(app.database.number(EFFECTS), 1);
        app.post_once(PATH, &key, "once", &body).await.expect(201);
    }

    async fn two_processes_have_one_effect(app: TestApp) {
        let key = key_id(&app).await;
        let others = [other_process(&app), other_process(&app), other_process(&app)];
        for _ in 0..5 {
            let runs = others.iter().map(|ctx| {
                idempotent::run(ctx, Scope::Service, Some(ticket(key)), |conn| {
                    std::thread::sleep(Duration::from_millis(20));
                    effect(conn)
                })
            });
            for reply in join_all(runs).await {
                assert_eq!(reply.unwrap().body, "1");
            }
        }
        assert_eq!(app.database.number(EFFECTS), 1);
    }

    async fn when_the_first_process_fails_the_second_does_it(app: TestApp) {
        let key = key_id(&app).await;
        let other = other_process(&app);
        let (begun, wait) = mpsc::channel();
        let first = idempotent::run(&app.ctx, Scope::Service, Some(ticket(key)), move |conn| {
            effect(conn)?;
            begun.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            Err(AppError::new(Code::NothingReady, "not now"))
        });
        let second = async {
            tokio::task::spawn_blocking(move || wait.recv().unwrap()).await.unwrap();
            idempotent::run(&other, Scope::Service, Some(ticket(key)), effect).await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap_err().code, Code::NothingReady);
        assert_eq!(second.unwrap().body, "1");
    }

    async fn a_key_is_taken_while_its_request_runs_and_free_after(app: TestApp) {
        let key = key_id(&app).await;
        let (begun, begins) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let ctx = app.ctx.clone();
        let first = tokio::spawn(async move {
            let work = move |conn: &mut Conn| {
                begun.send(()).unwrap();
                gone.recv().unwrap();
                effect(conn)
            };
            idempotent::run(&ctx, Scope::Service, Some(ticket(key)), work).await
        });
        tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
        let run = || idempotent::run(&app.ctx, Scope::Service, Some(ticket(key)), effect);
        assert_eq!(run().await.unwrap_err().code, Code::IdempotencyKeyRunning);
        // The caller goes away; the work runs on, and so does its mark.
        first.abort();
        assert!(first.await.is_err());
        assert_eq!(run().await.unwrap_err().code, Code::IdempotencyKeyRunning);
        go.send(()).unwrap();
        let mut reply = run().await;
        for _ in 0..500 {
            let Err(error) = &reply else { break };
            assert_eq!(error.code, Code::IdempotencyKeyRunning);
            tokio::time::sleep(Duration::from_millis(10)).await;
            reply = run().await;
        }
        assert_eq!(reply.unwrap().body, "1");
        assert_eq!(app.database.number(EFFECTS), 1);
    }

    async fn answers_are_forgotten_after_thirty_days(app: TestApp) {
        let key = app.admin_key().await;
        let body = json!({ "note": "a" });
        app.post_once(PATH, &key, "old", &body).await.expect(201);
        app.post_once(PATH, &key, "young", &body).await.expect(201);
        app.database.execute(
            "UPDATE idempotency_keys SET created_at = '2026-01-01 00:00:00' \
             WHERE idempotency_key = 'old'",
        );
        idempotent::forget(&app.ctx).await.unwrap();
        let left = "SELECT COUNT(*) AS value FROM idempotency_keys";
        assert_eq!(app.database.number(left), 1);
        let young = app.post_once(PATH, &key, "young", &body).await;
        assert_eq!(young.header("idempotent-replayed"), "true");
    }

    async fn counters_never_repeat_a_number(app: TestApp) {
        let takes = (0..32).map(|_| {
            app.ctx.db.write(Scope::Service, |conn| counters::take(conn, "files", 3))
        });
        let mut firsts: Vec<i64> =
            join_all(takes).await.into_iter().map(Result::unwrap).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, (0..32).map(|n| 1 + 3 * n).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_kept_are_refused() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    let body = json!({ "note": "a" });
    let long = "k".repeat(256);
    for bad in ["", "a b", "é", long.as_str()] {
        app.post_once(PATH, &key, bad, &body).await.problem(400, "invalid_parameter");
    }
    app.post_once(PATH, &key, &long[1..], &body).await.expect(201);
    let path = "/v1/probe/bat_0000000000005";
    app.act(path, &key).await.expect(200);
    app.post(path, &key, &json!({ "note": "a" })).await.problem(400, "malformed_body");
    app.post(path, &key, &json!({})).await.expect(200);
}
