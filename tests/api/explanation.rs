//! Why a visit was decided as it was: the stored answer stands, and what today would say is beside it.

use serde_json::{Value, json};

use crate::again::supersede;
use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, visit_of};

async fn explained(app: &TestApp, w: &World, encounter: &str) -> Value {
    app.get(&format!("/v1/encounters/{encounter}/explanation"), &w.submitter).await.expect(200)
}

/// The rules that spoke.
fn spoke(body: &Value) -> Vec<&str> {
    let steps = body["steps"].as_array().unwrap().iter();
    steps.filter(|s| s["spoke"] == true).map(|s| s["rule"].as_str().unwrap()).collect()
}

on_both! {
    async fn a_decision_is_explained_and_today_told_beside_it(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // 24 units of a year are free: 16 and 8; the last four need an authorization.
        let record = |n: u32, day: &str, minutes: i64| {
            visit_of(&format!("V-{n}"), &w.peers[0], &w.members[0], &format!("{day}T16:00"), minutes)
        };
        let first = record(1, "2026-07-01", 240);
        app.post("/v1/encounters", &w.submitter, &first).await.expect(201);
        let second = record(2, "2026-07-02", 180);
        let seen = app.post("/v1/encounters", &w.submitter, &second).await.expect(201);
        let visit = id(&seen);
        let told = explained(&app, &w, &visit).await;
        assert_eq!((&told["encounter"], &told["sequence"]), (&json!(visit), &json!(1)));
        assert_eq!(told["answer"]["lines"], seen["lines"]);
        assert_eq!(spoke(&told), ["authorization.missing"]);
        let steps = told["steps"].as_array().unwrap();
        let step = steps.iter().find(|s| s["rule"] == "authorization.missing").unwrap();
        assert_eq!(step["findings"], seen["findings"]);
        assert!(step["looks_at"].as_array().unwrap().contains(&json!("facts.authorizations")));
        assert_eq!((&told["replay_agrees"], &told["replay_differences"]), (&json!(true), &json!([])));
        assert_eq!(told["facts"]["authorizations"], json!([]));
        assert_eq!((&told["today"]["differs"], &told["today"]["changed_facts"]), (&json!(false), &json!([])));
        // An authorization comes; nothing was decided again yet.
        let body = json!({
            "member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 10,
            "from": "2026-07-01", "to": "2026-12-31",
        });
        world::authorization(&app, &w.admin, "river-bend", &body).await;
        let told = explained(&app, &w, &visit).await;
        assert_eq!(spoke(&told), ["authorization.missing"], "the stored answer stands");
        assert_eq!(told["replay_agrees"], true);
        let today = &told["today"];
        assert_eq!((&today["differs"], &today["reason"]), (&json!(true), &Value::Null));
        assert_eq!(today["changed_facts"], json!(["authorizations"]));
        let gone = json!("authorization.missing spoke then and does not today");
        assert!(today["differences"].as_array().unwrap().contains(&gone), "{today}");
        assert_eq!(today["answer"]["lines"][0]["units"], 12);
        // Nothing was changed by asking; the worker then gives the new answer.
        assert_eq!(app.get(&format!("/v1/encounters/{visit}"), &w.submitter).await.json()["lines"], seen["lines"]);
        app.settle().await;
        let told = explained(&app, &w, &visit).await;
        assert_eq!((&told["sequence"], &told["today"]["differs"]), (&json!(2), &json!(false)));
        assert!(spoke(&told).is_empty());
    }

    async fn what_is_claimed_is_told_as_if_it_were_not_and_what_is_voided_is_not_asked_again(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit_of("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00", 60);
        let claimed = id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        let told = explained(&app, &w, &claimed).await;
        let today = &told["today"];
        assert_eq!((&today["differs"], &today["differences"]), (&json!(false), &json!([])), "{today:#}");
        assert_eq!(today["changed_facts"], json!([]), "{today:#}");
        assert!(today["reason"].as_str().unwrap().contains("/v1/corrections"), "{told}");
        assert_eq!((&told["replay_agrees"], &told["answer"]["disposition"]), (&json!(true), &json!("ready")));
        // Another rate: the claim stays, and what today's answer would be is told beside it.
        supersede(&app, &w, "2026.2", ["units = 16", "units = 16"], ["\"17.8825\"", "\"20.00\""]).await;
        app.settle().await;
        let told = explained(&app, &w, &claimed).await;
        let today = &told["today"];
        assert_eq!((&told["sequence"], &today["differs"]), (&json!(1), &json!(true)), "{today:#}");
        assert_eq!(today["answer"]["lines"][0]["charge"], "80.00");
        let why = today["differences"].as_array().unwrap();
        assert!(why.len() == 1 && why[0].as_str().unwrap().contains("charge 80.00"), "{today:#}");
        let body = visit_of("V-2", &w.peers[0], &w.members[0], "2026-07-02T16:00", 60);
        let voided = id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
        let path = format!("/v1/encounters/{voided}/void");
        app.post(&path, &w.submitter, &json!({"reason": "entered twice"})).await.expect(200);
        let told = explained(&app, &w, &voided).await;
        assert_eq!(told["today"]["reason"], "It was voided.");
    }
}
