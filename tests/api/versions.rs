//! Contract versions that change between the visit, its claim and the release.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, visit};

const FIRST: &str = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");

/// Adds a version that supersedes the first one from `from` on.
pub async fn supersede(app: &TestApp, w: &World, from: &str, change: (&str, &str)) {
    let list = app.get("/v1/contracts?organization=river-bend", &w.admin).await.expect(200);
    let first = id(&list["items"][0]);
    let text = FIRST.replacen(
        "from = 2026-01-01\n",
        &format!("from = {from}\nsupersedes = \"{first}\"\n"),
        1,
    );
    assert!(text.contains(change.0), "{text}");
    let text = text.replace(change.0, change.1);
    // Rates are cut to the days of the version.
    let text = text.replacen(
        "[[rate]]\nservice = \"peer_individual\"\nfrom = 2026-01-01\nto = 2026-07-31\n",
        &format!("[[rate]]\nservice = \"peer_individual\"\nfrom = {from}\nto = 2026-07-31\n"),
        usize::from(from < "2026-07-31"),
    );
    let text = if from < "2026-07-31" {
        text
    } else {
        let start = text.find("[[rate]]").unwrap();
        let next = start + 1 + text[start + 1..].find("[[rate]]").unwrap();
        format!("{}{}", &text[..start], &text[next..])
    };
    let path = "/v1/contracts?organization=river-bend";
    world::toml(app, path, &w.admin, &text).await.expect(201);
}

async fn build(app: &TestApp, w: &World) -> crate::app::Answer {
    let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
    app.post("/v1/batches", &w.biller, &wanted).await
}

async fn record(app: &TestApp, w: &World, reference: &str, start: &str) -> Value {
    let body = visit(reference, &w.peers[0], &w.members[0], start);
    let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    assert_eq!(seen["disposition"], "ready", "{seen}");
    seen
}

on_both! {
    async fn versions_with_other_senders_make_files_of_their_own(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        supersede(&app, &w, "2026-08-01", ("RIVERBEND01", "RIVERBEND02")).await;
        record(&app, &w, "V-1", "2026-07-10T16:00").await;
        record(&app, &w, "V-2", "2026-08-10T16:00").await;
        for (sender, day) in [("RIVERBEND01", "20260710"), ("RIVERBEND02", "20260810")] {
            let batch = build(&app, &w).await.expect(201);
            assert_eq!(batch["claims"], 1, "{batch}");
            let file = crate::edi::fetch(&app, &id(&batch), &w.biller).await.body;
            assert!(file.contains(sender) && file.contains(day), "{file}");
        }
        build(&app, &w).await.problem(409, "nothing_ready");
    }

    async fn a_version_recorded_after_the_build_stops_the_release(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-10T16:00").await;
        let batch = build(&app, &w).await.expect(201);
        assert_eq!(batch["charge"], "71.53");
        supersede(&app, &w, "2026-07-01", ("\"17.8825\"", "\"20.00\"")).await;
        let path = format!("/v1/batches/{}", id(&batch));
        let problem =
            app.act(&format!("{path}/release"), &w.biller).await.problem(409, "release_refused");
        let message = problem["faults"][0]["message"].as_str().unwrap();
        assert!(message.contains("another contract version"), "{message}");
        // Withdrawn and built again, the claim has the new rate.
        app.act(&format!("{path}/withdraw"), &w.biller).await.expect(200);
        let again = build(&app, &w).await.expect(201);
        assert_eq!(again["charge"], "80.00");
        app.act(&format!("/v1/batches/{}/release", id(&again)), &w.biller).await.expect(200);
    }

    async fn an_organization_without_a_contract_does_not_exist_for_a_payer(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        world::organization(&app, &w.admin, "elsewhere", "WA", "America/Los_Angeles").await;
        let analyst = app.key(peerclaims::flow::access::Role::PayerAnalyst, "evergreen").await;
        let path = |name: &str| {
            format!("/v1/reports/utilization?from=2026-07-01&to=2026-07-31&organization={name}")
        };
        app.get(&path("river-bend"), &analyst).await.expect(200);
        app.get(&path("elsewhere"), &analyst).await.problem(404, "not_found");
        app.get(&path("nowhere"), &analyst).await.problem(404, "not_found");
    }
}
