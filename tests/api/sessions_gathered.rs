//! A session that nobody entered is what the first of its encounters says, also when that one is
//! corrected or voided: the others are decided again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both, send};
use crate::world::{self, World, answers, id, visit};

fn part(w: &World, member: usize, size: usize) -> Value {
    let name = format!("P-{member}");
    let mut body = visit(&name, &w.peers[0], &w.members[member], "2026-07-01T16:00");
    body["activity"] = json!("group_support");
    body["group"] = json!({"session": "K", "size": size});
    body
}

async fn record(app: &TestApp, w: &World, sizes: [usize; 3]) -> Vec<Value> {
    let mut seen = Vec::new();
    for (member, size) in sizes.into_iter().enumerate() {
        let body = part(w, member, size);
        seen.push(app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
    }
    seen
}

async fn statuses(app: &TestApp, w: &World) -> Vec<String> {
    app.settle().await;
    let mut all = world::all(app, "/v1/encounters", &w.biller).await;
    all.sort_by_key(|e| e["reference"].as_str().unwrap().to_owned());
    all.iter().map(|e| e["status"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn a_file_with_another_size_for_all_corrects_all(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        record(&app, &w, [4, 4, 4]).await;
        assert_eq!(statuses(&app, &w).await, ["ready"; 3]);
        let text: String = (0..3).map(|n| part(&w, n, 5).to_string() + "\n").collect();
        let path = "/v1/encounters/bulk?on_conflict=revise";
        let answer = world::body(&app, path, &w.submitter, "application/x-ndjson", text).await;
        assert_eq!(answers(&answer).len(), 3);
        assert_eq!(statuses(&app, &w).await, ["ready"; 3]);
    }

    async fn a_first_visit_that_was_wrong_is_corrected(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = record(&app, &w, [11, 4, 4]).await;
        assert_eq!(statuses(&app, &w).await, ["ready", "held", "held"]);
        let path = format!("/v1/encounters/{}", id(&seen[0]));
        let body = json!({"group": {"session": "K", "size": 4}});
        let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", "\"1\"");
        send(request.json(&body)).await.expect(200);
        assert_eq!(statuses(&app, &w).await, ["ready"; 3]);
    }

    async fn a_session_that_its_first_visit_changed_is_to_be_read_again(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = record(&app, &w, [4, 4, 4]).await;
        let list = world::all(&app, "/v1/sessions", &w.submitter).await;
        let place = format!("/v1/sessions/{}", id(&list[0]));
        let patch = |path: String, body: Value| {
            let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", "\"1\"");
            send(request.json(&body))
        };
        // Visits that say the same change nothing.
        assert_eq!(app.get(&place, &w.submitter).await.header("etag"), "\"1\"");
        let body = json!({"group": {"session": "K", "size": 5}});
        patch(format!("/v1/encounters/{}", id(&seen[0])), body).await.expect(200);
        patch(place.clone(), json!({"size": 6})).await.problem(412, "precondition_failed");
        app.settle().await;
        let now = app.get(&place, &w.submitter).await;
        assert_eq!((now.header("etag"), &now.json()["size"]), ("\"2\"", &json!(5)));
    }

    async fn a_build_looks_at_what_the_worker_has_not_looked_at_yet(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = record(&app, &w, [4, 4, 4]).await;
        assert_eq!(statuses(&app, &w).await, ["ready"; 3]);
        let path = format!("/v1/encounters/{}", id(&seen[0]));
        let body = json!({"group": {"session": "K", "size": 5}});
        let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", "\"1\"");
        send(request.json(&body)).await.expect(200);
        // The others disagree now with their session, and the worker does not know it yet.
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!(batch["lines"], 1, "{batch}");
        assert_eq!(statuses(&app, &w).await, ["claimed", "held", "held"]);
    }

    async fn a_first_visit_that_was_wrong_is_voided(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = record(&app, &w, [11, 4, 4]).await;
        let path = format!("/v1/encounters/{}/void", id(&seen[0]));
        app.post(&path, &w.submitter, &json!({"reason": "not there"})).await.expect(200);
        assert_eq!(statuses(&app, &w).await, ["void", "ready", "ready"]);
    }

    async fn a_first_visit_that_is_of_another_session_after_all(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = record(&app, &w, [11, 4, 4]).await;
        let path = format!("/v1/encounters/{}", id(&seen[0]));
        let body = json!({"group": {"session": "L", "size": 11},
            "started_at": "2026-07-01T20:00:00Z", "ended_at": "2026-07-01T21:00:00Z",
            "note": {"signed_at": "2026-07-01T21:05:00Z"}});
        let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", "\"1\"");
        send(request.json(&body)).await.expect(200);
        assert_eq!(statuses(&app, &w).await, ["ready"; 3]);
    }
}
