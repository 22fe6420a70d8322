//! What is claimed is never changed silently: the correction list, and what becomes of its entries.

use serde_json::{Value, json};

use crate::again::{decisions, grant, record, seen, split, supersede, units};
use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::world::{self, World, id};

async fn build(app: &TestApp, w: &World) -> String {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201))
}

async fn release(app: &TestApp, w: &World, batch: &str) {
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

async fn corrections(app: &TestApp, w: &World, state: &str) -> Vec<Value> {
    world::all(app, &format!("/v1/corrections?state={state}"), &w.biller).await
}

on_both! {
    async fn a_rate_that_changes_is_a_correction_of_what_is_claimed(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let visit = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let batch = build(&app, &w).await;
        release(&app, &w, &batch).await;
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        let before = (seen(&app, &w, "V-1").await, decisions(&app), units(&app));
        supersede(&app, &w, "2026.2", ["units = 16", "units = 16"], ["\"17.8825\"", "\"20.00\""]).await;
        app.settle().await;
        assert_eq!((seen(&app, &w, "V-1").await, decisions(&app), units(&app)), before);
        assert_eq!(app.get("/v1/claims", &w.biller).await.expect(200)["items"][0], claim);
        let open = corrections(&app, &w, "open").await;
        assert_eq!(open.len(), 1, "{open:?}");
        let one = &open[0];
        assert_eq!((&one["claim"], &one["claim_number"]), (&claim["id"], &claim["number"]));
        assert_eq!(one["lines"], json!([claim["lines"][0]["control"]]));
        assert_eq!((&one["encounter"], &one["reference"]), (&visit["id"], &json!("V-1")));
        assert_eq!((&one["differs"], &one["cause"]), (&json!(["charge"]), &json!("contract_changed")));
        assert_eq!((&one["billed"]["charge"], &one["today"]["charge"]), (&json!("71.53"), &json!("80.00")));
        assert!(one["since"].as_str().unwrap().starts_with("2026-09-10"), "{one}");
        // Another change alters the same entry; back to the first rate ends it.
        supersede(&app, &w, "2026.3", ["units = 16", "units = 16"], ["\"17.8825\"", "\"21.00\""]).await;
        app.settle().await;
        let open = corrections(&app, &w, "open").await;
        assert_eq!((open.len(), &open[0]["id"], &open[0]["today"]["charge"]), (1, &one["id"], &json!("84.00")));
        supersede(&app, &w, "2026.4", ["units = 16", "units = 16"], ["RIVERBEND01", "RIVERBEND01"]).await;
        app.settle().await;
        assert!(corrections(&app, &w, "open").await.is_empty());
        let resolved = corrections(&app, &w, "resolved").await;
        assert_eq!(resolved[0]["id"], one["id"]);
        assert!(resolved[0]["resolved_at"].is_string());
        // The feed tells of decisions only.
        let feed = app.get("/v1/decisions/changes", &w.biller).await.expect(200);
        assert_eq!(feed["items"], json!([]));
        let of_claim = format!("/v1/corrections?claim={}", claim["id"].as_str().unwrap());
        assert_eq!(world::all(&app, &of_claim, &w.biller).await.len(), 1);
        assert!(world::all(&app, "/v1/corrections?claim=clm_0000000000001", &w.biller).await.is_empty());
        app.get("/v1/corrections?state=new", &w.biller).await.problem(400, "invalid_parameter");
    }

    async fn a_member_number_moves_the_units_of_what_is_claimed_too(app: TestApp) {
        // Each contact is a line of its own: what is late is not held for the claim of its day.
        let w = world::river_bend_with(&app, 1, &[("rollup = \"day\"", "rollup = \"none\"")]).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let batch = build(&app, &w).await;
        release(&app, &w, &batch).await;
        record(&app, &w, "V-2", "2026-07-01T18:00").await;
        build(&app, &w).await;
        record(&app, &w, "V-3", "2026-07-01T20:00").await;
        let number = |to: &'static str| amend_member(&app, &w, 0, move |m| m["coverages"][0]["member_number"] = json!(to));
        number("EV2000").await;
        app.settle().await;
        let sums = || app.database.table(
            "SELECT a.key AS name, CAST(SUM(u.reserved) * 1000 + SUM(u.consumed) AS BIGINT) AS value \
             FROM unit_entries u JOIN accounts a ON a.id = u.account_id WHERE u.service IS NOT NULL \
             GROUP BY a.key HAVING SUM(u.reserved) <> 0 OR SUM(u.consumed) <> 0 ORDER BY 1");
        let at = |sums: Vec<(String, i64)>| sums.into_iter().map(|(key, units)| (key[key.len() - 6..].to_owned(), units)).collect::<Vec<_>>();
        assert_eq!(at(sums()), [("EV2000".to_owned(), 8004)]);
        // A fourth fits the day, a fifth does not: the day's 16 units are counted together.
        record(&app, &w, "V-4", "2026-07-01T22:00").await;
        record(&app, &w, "V-5", "2026-07-01T14:00").await;
        assert_eq!((split(&app, &w, "V-4").await, split(&app, &w, "V-5").await), ((4, 0), (0, 4)));
        let open = corrections(&app, &w, "open").await;
        assert_eq!(open.len(), 2, "{open:?}");
        assert!(open.iter().all(|c| c["differs"] == json!(["member_number"])), "{open:?}");
        // The number was right after all.
        number("EV1000").await;
        app.settle().await;
        assert_eq!(at(sums()), [("EV1000".to_owned(), 12004)]);
        assert!(corrections(&app, &w, "open").await.is_empty());
    }

    async fn a_withdrawn_claim_leaves_nothing_to_correct(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-08-03T16:00").await;
        let batch = build(&app, &w).await;
        let path = format!("/v1/peers/{}?organization=river-bend", w.peers[0]);
        amend(&app, &w, &path, |p| p["certificates"][0]["to"] = json!("2026-07-31")).await;
        app.settle().await;
        let open = corrections(&app, &w, "open").await;
        assert_eq!((open.len(), &open[0]["reference"]), (1, &json!("V-2")));
        assert_eq!(open[0]["differs"], json!(["units", "charge"]));
        assert_eq!(open[0]["today"]["reasons"], json!(["peer.not_certified"]));
        assert_eq!(open[0]["today"]["lines"], json!([]));
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        assert!(corrections(&app, &w, "open").await.is_empty());
        app.settle().await;
        assert_eq!((split(&app, &w, "V-1").await, split(&app, &w, "V-2").await), ((4, 0), (0, 4)));
        assert_eq!(units(&app), 4);
    }

    async fn a_coverage_that_ends_is_a_correction_of_what_is_released_until_its_end_is_taken_back(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-0", "2026-06-25T16:00").await;
        let visit = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let batch = build(&app, &w).await;
        release(&app, &w, &batch).await;
        let before = (decisions(&app), units(&app));
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-06-30")).await;
        app.settle().await;
        // V-0 took place while the coverage was in force.
        let open = corrections(&app, &w, "open").await;
        assert_eq!(open.len(), 1, "{open:?}");
        let one = &open[0];
        assert_eq!((&one["encounter"], &one["reference"]), (&visit["id"], &json!("V-1")));
        assert_eq!((&one["differs"], &one["cause"]), (&json!(["units", "charge"]), &json!("member_changed")));
        assert_eq!((&one["billed"]["units"], &one["billed"]["charge"]), (&json!(4), &json!("71.53")));
        assert_eq!((&one["today"]["units"], &one["today"]["lines"]), (&json!(0), &json!([])));
        assert_eq!(one["today"]["reasons"], json!(["eligibility.not_covered"]));
        // The visit stays as it was claimed.
        assert_eq!(seen(&app, &w, "V-1").await["status"], "submitted");
        assert_eq!((decisions(&app), units(&app)), before);
        amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = Value::Null).await;
        app.settle().await;
        assert!(corrections(&app, &w, "open").await.is_empty());
        let resolved = corrections(&app, &w, "resolved").await;
        assert_eq!((resolved.len(), &resolved[0]["id"]), (1, &one["id"]));
        assert!(resolved[0]["resolved_at"].is_string());
        assert_eq!((decisions(&app), units(&app)), before);
    }

    async fn only_the_latest_claimed_visits_beyond_a_grant_are_to_be_corrected(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for day in 1..=6 {
            record(&app, &w, &format!("F-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        let grant = grant(&app, &w, "PA-1", 12).await;
        // Arrival is not the order in which they take place.
        for day in [9, 7, 8] {
            record(&app, &w, &format!("A-{day}"), &format!("2026-07-0{day}T16:00")).await;
        }
        let batch = build(&app, &w).await;
        release(&app, &w, &batch).await;
        let path = format!("/v1/authorizations/{grant}?organization=river-bend");
        amend(&app, &w, &path, |a| a["units"] = json!(6)).await;
        app.settle().await;
        let open = corrections(&app, &w, "open").await;
        let told: Vec<_> = open.iter().map(|c| (c["reference"].as_str().unwrap(), &c["today"]["units"])).collect();
        assert_eq!(told, [("A-8", &json!(2)), ("A-9", &json!(0))]);
        assert_eq!(units(&app), 36, "consumed units are never taken back");
        amend(&app, &w, &path, |a| a["units"] = json!(12)).await;
        app.settle().await;
        assert!(corrections(&app, &w, "open").await.is_empty());
    }

    async fn more_that_could_be_billed_is_a_correction_too(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = world::visit_of("V-0", &w.peers[1], &w.members[0], "2026-07-01T14:00", 120);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let body = world::visit_of("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00", 180);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(split(&app, &w, "V-1").await, (8, 4));
        let body = json!({"payer": "evergreen", "through": "2026-08-31"});
        app.post("/v1/batches", &w.biller, &body).await.expect(201);
        // A batch of both; the first is withdrawn with it, voided, and the second claimed alone.
        let batches = app.get("/v1/batches", &w.biller).await.expect(200);
        let batch = id(&batches["items"][0]);
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        let first = id(&seen(&app, &w, "V-0").await);
        build(&app, &w).await;
        assert!(corrections(&app, &w, "open").await.is_empty());
        app.post(&format!("/v1/encounters/{first}/void"), &w.submitter, &json!({"reason": "x"}))
            .await.problem(409, "already_claimed");
        // The cap is lifted to 20: four units more could be billed for the second.
        supersede(&app, &w, "2026.2", ["units = 16", "units = 20"], ["RIVERBEND01", "RIVERBEND01"]).await;
        app.settle().await;
        let open = corrections(&app, &w, "open").await;
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!((&open[0]["billed"]["units"], &open[0]["today"]["units"]), (&json!(8), &json!(12)));
    }

    async fn a_deadline_that_was_met_is_not_missed_later(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let batch = build(&app, &w).await;
        release(&app, &w, &batch).await;
        // The same database a year later.
        let later = peerclaims::domain::dates::Instant::parse("2027-09-10T16:00:00Z").unwrap();
        let clock = peerclaims::flow::Clock::starting_at(later);
        let ctx = peerclaims::flow::Ctx::new(app.ctx.db.clone(), clock, 900);
        amend_member(&app, &w, 0, |m| m["birth_date"] = json!("1985-02-15")).await;
        peerclaims::flow::again::settle(&ctx).await.unwrap();
        assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
        assert!(corrections(&app, &w, "open").await.is_empty());
    }
}
