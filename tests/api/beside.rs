//! What stands beside a visit and came before it: lines of the day under an edit, visits face to face
//! that were too short for a unit. Posted one by one, and decided again together.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, rules, visit_of};

const CONDITIONS: &str = r#"
[[condition]]
key = "edit"
services = ["peer_individual"]
demand = "units_per_visit"
units = 6
source = "manual-limits"

[[condition]]
key = "anchor"
services = ["peer_individual"]
demand = "face_to_face_within"
days = 30
source = "manual-limits"
"#;

async fn conditioned(app: &TestApp) -> World {
    let limit = world::limit("daily", "90", "window = \"day\"\nexceed = \"hold\"");
    world::limited(app, &format!("{limit}{CONDITIONS}"), 1).await
}

fn visit(w: &World, reference: &str, start: &str, minutes: i64) -> Value {
    visit_of(reference, &w.peers[0], &w.members[0], start, minutes)
}

async fn record(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

async fn now(app: &TestApp, w: &World, encounter: &Value) -> (Value, Vec<String>) {
    app.settle().await;
    let path = format!("/v1/encounters/{}", id(encounter));
    let body = app.get(&path, &w.biller).await.expect(200);
    (body["disposition"].clone(), rules(&body))
}

on_both! {
    async fn lines_of_a_day_share_what_a_claim_line_may_hold(app: TestApp) {
        let w = conditioned(&app).await;
        let first = record(&app, &w, &visit(&w, "V-1", "2026-07-01T16:00", 60)).await;
        assert_eq!(rules(&first), Vec::<String>::new());
        let second = record(&app, &w, &visit(&w, "V-2", "2026-07-01T18:00", 60)).await;
        assert_eq!(rules(&second), ["limit.visit"]);
        let third = record(&app, &w, &visit(&w, "V-3", "2026-07-01T20:00", 30)).await;
        assert_eq!(rules(&third), Vec::<String>::new(), "6 in all");
        // Decided again side by side, nothing changes.
        let path = format!("/v1/encounters/{}/decide", id(&third));
        app.act(&path, &w.submitter).await;
        assert_eq!(now(&app, &w, &third).await, (json!("ready"), vec![]));
        assert_eq!(now(&app, &w, &second).await, (json!("held"), vec!["limit.visit".to_owned()]));
        let path = format!("/v1/encounters/{}/void", id(&first));
        app.post(&path, &w.submitter, &json!({"reason": "It did not take place."})).await.expect(200);
        assert_eq!(now(&app, &w, &second).await, (json!("ready"), vec![]));
    }

    async fn a_short_visit_face_to_face_anchors_remote_ones(app: TestApp) {
        let w = conditioned(&app).await;
        let remote = |reference: &str, start: &str| {
            let mut body = visit(&w, reference, start, 60);
            body["mode"] = json!("video");
            body
        };
        let early = record(&app, &w, &remote("V-1", "2026-07-31T16:00")).await;
        assert_eq!(rules(&early), ["mode.no_anchor"]);
        let short = record(&app, &w, &visit(&w, "V-2", "2026-08-01T16:00", 5)).await;
        assert_eq!(short["disposition"], "non_billable");
        let last = record(&app, &w, &remote("V-3", "2026-08-31T16:00")).await;
        assert_eq!(rules(&last), Vec::<String>::new());
        let late = record(&app, &w, &remote("V-4", "2026-09-01T16:00")).await;
        assert_eq!(rules(&late), ["mode.no_anchor"]);
    }
}
