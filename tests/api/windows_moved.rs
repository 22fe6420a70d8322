//! A visit that goes moves the windows that it began: what no longer fits beside the others gives way, the latest
//! first, before it is claimed or released (`docs/adr/0158`).

use serde_json::{Value, json};

use crate::again::seen;
use crate::app::{Answer, TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::world::{self, World, id, limit, visit_of};

/// Eight units in thirty days from the first service.
pub fn eight() -> String {
    limit("moving", "8", "window = \"consecutive_days\"\nlength = 30\nexceed = \"hold\"")
}

async fn record(
    app: &TestApp,
    w: &World,
    reference: &str,
    whose: &Value,
    start: &str,
    minutes: i64,
) -> Value {
    let mut body = visit_of(reference, &w.peers[0], "", start, minutes);
    body["member"] = whose.clone();
    if reference == "A" {
        body["diagnoses"] = json!(["F11.20"]);
    }
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

/// A on 1 July and B on the 28th are four units each of one window; C on the 31st is eight of the next.
async fn three(app: &TestApp, w: &World) -> Value {
    let whose = json!(w.members[0]);
    let first = record(app, w, "A", &whose, "2026-07-01T16:00", 60).await;
    record(app, w, "B", &whose, "2026-07-28T16:00", 60).await;
    let last = record(app, w, "C", &whose, "2026-07-31T16:00", 120).await;
    assert_eq!(last["status"], "ready", "{last}");
    first
}

async fn statuses(app: &TestApp, w: &World) -> [String; 3] {
    let mut all = Vec::new();
    for reference in ["A", "B", "C"] {
        all.push(seen(app, w, reference).await["status"].as_str().unwrap().to_owned());
    }
    all.try_into().unwrap()
}

async fn build(app: &TestApp, w: &World) -> Answer {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-30"});
    app.post("/v1/batches", &w.biller, &wanted).await
}

async fn posture(app: &TestApp, w: &World, part2: &str) {
    let list = app.get("/v1/organizations?key=river-bend", &w.admin).await.expect(200);
    let path = format!("/v1/organizations/{}", id(&list["items"][0]));
    amend(app, w, &path, |body| body["part2"] = json!(part2)).await;
}

on_both! {
    async fn rk19_what_a_build_holds_moves_windows_in_the_same_build(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        three(&app, &w).await;
        // Nobody signed for A: it is held by the very build, and B and C are then in one window.
        posture(&app, &w, "program").await;
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(batch["units"], 4, "{batch}");
        assert_eq!(statuses(&app, &w).await, ["held", "claimed", "held"]);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        app.settle().await;
        assert_eq!(statuses(&app, &w).await, ["held", "submitted", "held"]);
    }

    async fn rk19_the_latest_gives_way_whatever_the_first_is_held_by(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        three(&app, &w).await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["from"] = json!("2026-07-05")).await;
        app.settle().await;
        assert_eq!(statuses(&app, &w).await, ["held", "ready", "held"]);
    }

    async fn rk19_the_latest_of_groups_gives_way_too(app: TestApp) {
        let text = limit("moving", "8", "window = \"consecutive_days\"\nlength = 30\nexceed = \"hold\"");
        let text = text.replace("\"peer_crisis\"", "\"peer_crisis\", \"peer_group\"");
        let w = world::limited(&app, &text, 1).await;
        for (reference, start, minutes) in [("A", "2026-07-01", 60), ("B", "2026-07-28", 60), ("C", "2026-07-31", 120)] {
            let mut body = visit_of(reference, &w.peers[0], &w.members[0], &format!("{start}T16:00"), minutes);
            body["activity"] = json!("group_support");
            body["group"] = json!({"session": format!("S-{reference}"), "size": 3});
            let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(seen["status"], "ready", "{seen}");
        }
        amend_member(&app, &w, 0, |m| m["coverages"][0]["from"] = json!("2026-07-05")).await;
        app.settle().await;
        assert_eq!(statuses(&app, &w).await, ["held", "ready", "held"]);
    }

    async fn rk19_others_under_the_same_number_are_decided_again(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-07-20")).await;
        let next = json!({
            "reference": "R-next", "first_name": "Lee", "last_name": "Ito", "birth_date": "1990-03-03",
            "gender": "M", "address": {"line1": "9 Elm St", "city": "Spokane", "state": "WA", "zip": "99202"},
            "coverages": [{"payer": "evergreen", "member_number": "EV1000", "from": "2026-07-21", "order": 1}],
        });
        let next = json!(id(&app.post("/v1/members?organization=river-bend", &w.admin, &next).await.expect(201)));
        let first = record(&app, &w, "A", &json!(w.members[0]), "2026-07-01T16:00", 60).await;
        record(&app, &w, "B", &next, "2026-07-28T16:00", 60).await;
        record(&app, &w, "C", &next, "2026-07-31T16:00", 120).await;
        let path = format!("/v1/encounters/{}/void", id(&first));
        app.post(&path, &w.biller, &json!({"reason": "a mistake"})).await.expect(200);
        // Before the worker came: the batch decides what is marked.
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(batch["units"], 4, "{batch}");
        assert_eq!(statuses(&app, &w).await, ["void", "claimed", "held"]);
    }

    async fn a_batch_that_claims_too_much_by_now_is_not_released(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        let path = "/v1/opening-balances";
        let opening = |units: u32| {
            json!({"member": w.members[0], "payer": "evergreen", "service": "peer_individual",
                "date": "2026-07-01", "units": units})
        };
        let made = app.post(path, &w.biller, &opening(4)).await.expect(201);
        let whose = json!(w.members[0]);
        record(&app, &w, "B", &whose, "2026-07-28T16:00", 60).await;
        record(&app, &w, "C", &whose, "2026-07-31T16:00", 120).await;
        let batch = id(&build(&app, &w).await.expect(201));
        // Nothing was given before, after all: B begins the window of C.
        let path = format!("{path}/{}", id(&made));
        app.put(&path, &w.biller, "\"1\"", &opening(0)).await.expect(200);
        let release = format!("/v1/batches/{batch}/release");
        let problem = app.act(&release, &w.biller).await.problem(409, "release_refused");
        let said = problem["faults"][0]["message"].as_str().unwrap();
        assert!(said.starts_with("C: 8 units were claimed and 0 would be today"), "{problem}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM batches WHERE status = 'released'"), 0);
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(batch["units"], 4, "{batch}");
        let release = format!("/v1/batches/{}/release", id(&batch));
        app.act(&release, &w.biller).await.expect(200);
    }
}
