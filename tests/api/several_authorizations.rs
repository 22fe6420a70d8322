//! A visit that draws on several authorizations: one claim, a line for each where the payer's
//! claims name them line by line; else the second part waits and says why.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::edi;
use crate::world::{self, World, id, rules, visit};

/// One unit a year is free; the rest needs an authorization.
async fn world_with(app: &TestApp, level: &str) -> World {
    let level = format!("authorization_level = \"{level}\"");
    let other =
        [("free_units = 24", "free_units = 1"), ("authorization_level = \"claim\"", &level)];
    let w = world::river_bend_with(app, 2, &other).await;
    for (member, number, units, to) in [
        (0, "PA-SOON", 2, "2026-07-31"),
        (0, "PA-LATER", 7, "2026-12-31"),
        (1, "PA-OTHER", 50, "2026-12-31"),
    ] {
        let body = json!({
            "member": w.members[member], "payer": "evergreen", "number": number, "units": units,
            "from": "2026-07-01", "to": to,
        });
        world::authorization(app, &w.admin, "river-bend", &body).await;
    }
    w
}

async fn record(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

/// Status, units, and number of each line.
fn lines(body: &Value) -> Vec<(String, i64, String)> {
    let list = body["lines"].as_array().unwrap();
    list.iter()
        .map(|l| {
            let number = l["authorization"]["number"].as_str().unwrap_or_default().to_owned();
            (l["status"].as_str().unwrap().to_owned(), l["units"].as_i64().unwrap(), number)
        })
        .collect()
}

fn line(status: &str, units: i64, number: &str) -> (String, i64, String) {
    (status.to_owned(), units, number.to_owned())
}

/// Units drawn on an authorization, from the ledger.
fn drawn(app: &TestApp, number: &str) -> i64 {
    app.database.number(&format!(
        "SELECT CAST(COALESCE(SUM(u.reserved + u.consumed), 0) AS BIGINT) FROM unit_entries u \
         JOIN authorizations a ON a.organization_id = u.organization_id \
         AND a.id = u.authorization_id WHERE a.number = '{number}'"
    ))
}

on_both! {
    async fn line_by_line_they_are_on_one_claim(app: TestApp) {
        let w = world_with(&app, "line").await;
        let first = record(&app, &w, &visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00")).await;
        assert_eq!(lines(&first), [line("ready", 3, "PA-SOON"), line("ready", 1, "PA-LATER")]);
        assert_eq!((first["disposition"].as_str(), rules(&first)), (Some("ready"), vec![]));
        let second = record(&app, &w, &visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T18:00")).await;
        assert_eq!(lines(&second), [line("ready", 4, "PA-LATER")]);
        let third = record(&app, &w, &visit("V-3", &w.peers[0], &w.members[0], "2026-07-02T16:00")).await;
        assert_eq!(lines(&third), [line("ready", 2, "PA-LATER"), line("held", 2, "")]);
        assert_eq!(rules(&third), ["authorization.exhausted"]);
        assert_eq!((drawn(&app, "PA-SOON"), drawn(&app, "PA-LATER")), (2, 7));
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        // The two visits of the first day roll up, by authorization.
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(2), &json!(3), &json!(10)));
        let file = edi::fetch(&app, &id(&batch), &w.biller).await.body;
        let numbers: Vec<&str> = file.split('~').filter_map(|s| s.trim().strip_prefix("REF*G1*")).collect();
        assert_eq!(numbers, ["PA-SOON", "PA-LATER", "PA-LATER"]);
        let claims = world::all(&app, "/v1/claims", &w.biller).await;
        assert_eq!(claims[0]["lines"][1]["units"], 5);
        assert_eq!(claims[0]["lines"][1]["encounters"].as_array().unwrap().len(), 2);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        assert_eq!((drawn(&app, "PA-SOON"), drawn(&app, "PA-LATER")), (2, 7));
        let report = app.get("/v1/reports/utilization?from=2026-07-01&to=2026-07-31", &w.biller).await.expect(200);
        assert_eq!((&report["ties"]["ties"], &report["totals"]["billed"]), (&json!(true), &batch["charge"]));
    }

    async fn a_void_gives_back_what_each_of_them_gave(app: TestApp) {
        let w = world_with(&app, "line").await;
        let first = record(&app, &w, &visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00")).await;
        assert_eq!((drawn(&app, "PA-SOON"), drawn(&app, "PA-LATER")), (2, 1));
        let reason = json!({"reason": "entered in error"});
        app.post(&format!("/v1/encounters/{}/void", id(&first)), &w.biller, &reason).await.expect(200);
        assert_eq!((drawn(&app, "PA-SOON"), drawn(&app, "PA-LATER")), (0, 0));
    }

    async fn a_claim_that_names_one_leaves_the_second_part_waiting(app: TestApp) {
        let w = world_with(&app, "claim").await;
        let first = record(&app, &w, &visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00")).await;
        assert_eq!(lines(&first), [line("ready", 3, "PA-SOON"), line("held", 1, "")]);
        assert_eq!(rules(&first), ["authorization.second"]);
        let fix = first["findings"][0]["fix"].as_str().unwrap();
        assert!(fix.contains("PA-LATER") && fix.contains("7 units"), "{fix}");
        // The first one is used up, so the next is the first that is used.
        let second = record(&app, &w, &visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T18:00")).await;
        assert_eq!(lines(&second), [line("ready", 4, "PA-LATER")]);
        let mut named = visit("V-3", &w.peers[0], &w.members[0], "2026-07-02T16:00");
        named["authorization"] = json!("PA-SOON");
        let named = record(&app, &w, &named).await;
        assert_eq!(lines(&named), [line("held", 4, "")]);
        assert_eq!(rules(&named), ["authorization.exhausted"]);
    }
}
