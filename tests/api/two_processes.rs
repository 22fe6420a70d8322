//! Two processes on one database: nothing is done twice, whichever of them a request reaches.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::program::{self, Program};
use crate::world::{self, id};

const MEMBERS: usize = 8;
const VISITS: usize = 64;

/// The ids of answers that all succeeded.
#[track_caller]
fn ids(answers: &[Answer]) -> BTreeSet<String> {
    answers.iter().map(|answer| id(&answer.json())).collect()
}

on_both! {
    async fn each_visit_batch_and_key_is_had_once(app: TestApp) {
        let days = (program::day(-200), program::day(200));
        let w = world::mesa_voices_in(&app, MEMBERS, (&days.0, &days.1)).await;
        let both = [Program::start(&app.database), Program::start(&app.database)];
        let [one, two] = &both;

        // Every visit is posted to both at once: one records it, the other knows it.
        let visits = program::visits(&w, "T", VISITS, 30);
        let posts = visits.iter().flat_map(|visit| {
            both.iter().map(|p| p.post("/v1/encounters", &w.submitter, visit))
        });
        let answers = join_all(posts).await;
        for pair in answers.chunks(2) {
            let mut status = [pair[0].status.as_u16(), pair[1].status.as_u16()];
            status.sort_unstable();
            assert_eq!(status, [200, 201], "{} {}", pair[0].body, pair[1].body);
            assert_eq!(id(&pair[0].json()), id(&pair[1].json()));
        }
        assert_eq!(ids(&answers).len(), VISITS);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 64);

        // Eight batches are asked for at once, under one key, half of them elsewhere.
        let wanted = json!({"payer": "lone-mesa", "through": program::day(-1)});
        let asks = (0..8).map(|n| both[n % 2].post_once("/v1/batches", &w.biller, "b-1", &wanted));
        let mut built: Vec<Value> = Vec::new();
        for answer in join_all(asks).await {
            if answer.status == 201 {
                built.push(answer.json());
            } else {
                answer.problem(409, "idempotency_key_running");
            }
        }
        assert!(!built.is_empty());
        assert!(built.iter().all(|b| b == &built[0]), "{built:#?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM batches"), 1);
        assert_eq!(built[0]["lines"], VISITS, "{}", built[0]);
        let batch = id(&built[0]);

        // Built through either, released through the other, and by one only.
        let release = format!("/v1/batches/{batch}/release");
        let answers = join_all(both.iter().map(|p| p.act(&release, &w.biller))).await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
        assert_eq!((done.len(), refused.len()), (1, 1));
        refused[0].problem(409, "wrong_status");
        let file = format!("/v1/batches/{batch}/837p");
        let (first, second) = (one.get(&file, &w.biller).await, two.get(&file, &w.biller).await);
        assert_eq!(first.body, second.body);
        assert!(!first.body.is_empty());
        assert_eq!(first.header("etag"), second.header("etag"));

        // The key of one is the key of the other, also for another body.
        let other = json!({"payer": "lone-mesa", "through": program::day(-3)});
        let taken = two.post_once("/v1/batches", &w.biller, "b-1", &other).await;
        taken.problem(422, "idempotency_key_reused");

        // Control numbers of both come from one row.
        let more = program::visits(&w, "U", VISITS + MEMBERS, 30).split_off(VISITS);
        for (n, visit) in more.iter().enumerate() {
            both[n % 2].post("/v1/encounters", &w.submitter, visit).await.expect(201);
        }
        let next = two.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        let control = |b: &Value| b["interchange_control"].as_i64().unwrap();
        assert!(control(&next) > built[0]["group_control"].as_i64().unwrap(), "{next}");

        // Reserved for the second batch, consumed by the first: two units a visit.
        let sum = |column: &str| {
            app.database.number(&format!("SELECT CAST(SUM({column}) AS BIGINT) FROM unit_entries"))
        };
        assert_eq!((sum("consumed"), sum("reserved")), (128, 16));
        for program in both {
            program.terminate();
            assert!(program.ended().success());
        }
    }
}
