//! Traps of what a reader is not to see or cannot be told: corrections that are not released, when a visit was
//! recorded, changes without a cause, units of different lengths, answers of claims that were replaced.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, billed, build, claim, of_batch, patch, payer_says, step};
use crate::partner;
use crate::report_traps::report;
use crate::versions::supersede;
use crate::world::{self, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

/// Minutes, modes and settings as three reports tell them.
async fn described(app: &TestApp, key: &str) -> Value {
    let delivery = report(app, "delivery", YEAR, key).await["totals"].clone();
    let mix = report(app, "mix", YEAR, key).await;
    let cuts: Vec<Value> = mix["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["cut"], row["value"], row["contacts"], row["contact_minutes"]]))
        .collect();
    let path = format!("{YEAR}&group_by=mode,setting,role");
    let whole = report(app, "utilization", &path, key).await;
    let rows: Vec<Value> = whole["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([
                row["mode"],
                row["setting"],
                row["contact_minutes"],
                row["units_recorded"],
                row["units_submitted"]
            ])
        })
        .collect();
    json!([delivery["contact_minutes"], delivery["staff_minutes"], delivery["units"], cuts, rows])
}

/// The steps between that changed anything, with contacts.
fn steps(movement: &Value) -> Vec<(String, i64, i64)> {
    let between = |row: &&Value| row["step"] != "opening" && row["step"] != "closing";
    movement
        .as_array()
        .unwrap()
        .iter()
        .filter(between)
        .map(|row| {
            let number = |name: &str| row[name].as_i64().unwrap();
            (row["step"].as_str().unwrap().to_owned(), number("changed"), number("contacts"))
        })
        .filter(|(_, changed, _)| *changed != 0)
        .collect()
}

async fn issue(app: &TestApp, key: &str, name: &str, before: Option<&Value>) -> Value {
    let mut body = json!({"report": name, "from": "2026-07-01", "to": "2026-07-31"});
    if let Some(before) = before {
        body["supersedes"] = before["id"].clone();
        body["reason"] = json!("more is known");
    }
    app.post("/v1/report-issues", key, &body).await.expect(201)
}

/// The restatement of an issue: it ties, and something changed.
async fn restated(app: &TestApp, key: &str, name: &str, before: &Value) -> Value {
    let second = issue(app, key, name, Some(before)).await;
    let path = format!("/v1/report-issues/{}/file?format=restatement", id(&second));
    let told = app.get(&path, key).await.expect(200);
    assert_eq!(told["ties"], true, "{told}");
    assert!(!told["changes"].as_array().unwrap().is_empty(), "{told}");
    told
}

async fn as_of(app: &TestApp, key: &str) -> String {
    report(app, "delivery", YEAR, key).await["as_of"].as_str().unwrap().to_owned()
}

/// A pack whose units are of thirty minutes, from the first of August on.
pub async fn longer_units(app: &TestApp, w: &World) {
    let text = include_str!("../../config/payers/evergreen.toml");
    let text = text.replacen("version = \"2026.1\"", "version = \"2026.9\"", 1);
    let text = text.replace("unit_minutes = 15", "unit_minutes = 30");
    world::pack(app, &w.admin, &text).await;
    supersede(app, w, "2026-08-01", ("evergreen@2026.1", "evergreen@2026.9")).await;
}

on_both! {
    async fn a_correction_counts_when_its_claim_is_released(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        payer_says(&app, &first, true).await;
        let seen = async || [described(&app, &analyst).await, described(&app, &w.biller).await];
        let told = seen().await;
        assert_eq!((&told[0][0], &told[0][1], &told[0][2]), (&json!(60), &json!(60), &json!(4)));
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        let other = json!({"ended_at": "2026-07-01T18:30:00Z", "mode": "video", "setting": "home"});
        patch(&app, &w, "V-1", &other).await.expect(200);
        assert_eq!(seen().await, told, "prepared, and nobody was sent it");
        // Corrected once more, and built.
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T18:00:00Z"})).await.expect(200);
        assert_eq!(seen().await, told, "the claim was made of the first revision");
        for ending in ["withdraw", "release"] {
            let batch = build(&app, &w).await.expect(201);
            assert_eq!(seen().await, told, "built, and here only");
            let at = as_of(&app, &analyst).await;
            step(&app, &w, &batch, ending).await.expect(200);
            app.settle().await;
            if ending == "withdraw" {
                assert_eq!(seen().await, told);
                continue;
            }
            for now in seen().await {
                assert_eq!((&now[0], &now[2]), (&json!(120), &json!(8)), "{now}");
                assert_eq!((&now[4][0][0], &now[4][0][1]), (&json!("video"), &json!("home")), "{now}");
            }
            let moved = report(&app, "movement", &format!("{YEAR}&since={at}"), &analyst).await;
            assert_eq!(steps(&moved["rows"]), [("corrected".to_owned(), 1, 0)]);
            // The payer does not take it: the first claim stands, as it was.
            let second = of_batch(&app, &w, &batch).await;
            payer_says(&app, &second, false).await;
            app.settle().await;
            assert_eq!(seen().await, told, "rejected");
        }
    }

    async fn a_payer_is_not_told_when_a_visit_was_recorded(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let before = as_of(&app, &w.biller).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let between = as_of(&app, &w.biller).await;
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        let after = as_of(&app, &w.biller).await;
        let batch = build(&app, &w).await.expect(201);
        step(&app, &w, &batch, "release").await.expect(200);
        let mut told = Vec::new();
        for since in [&before, &between, &after] {
            let moved = report(&app, "movement", &format!("{YEAR}&since={since}"), &analyst).await;
            assert!(!moved["control"].is_null(), "held against the claim lines");
            assert_eq!(steps(&moved["rows"]), [("released".to_owned(), 2, 2)]);
            told.push(moved["rows"].clone());
        }
        assert!(told.windows(2).all(|w| w[0] == w[1]), "whenever they were recorded");
        let own = report(&app, "movement", &format!("{YEAR}&since={between}"), &w.biller).await;
        assert_eq!(steps(&own["rows"]), [("late".to_owned(), 1, 1), ("released".to_owned(), 1, 0)]);
    }

    async fn each_change_of_a_restatement_has_its_cause(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        for (name, member, start) in [("V-1", 0, "2026-07-01T16:00"), ("V-2", 1, "2026-07-02T16:00")] {
            let body = visit(name, &w.peers[0], &w.members[member], start);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let mut first = Vec::new();
        for name in ["delivery", "mix", "completeness"] {
            first.push(issue(&app, &w.biller, name, None).await);
        }
        // Fourteen minutes more are no unit more.
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:14:00Z"})).await.expect(200);
        let told = restated(&app, &w.biller, "delivery", &first[0]).await;
        assert_eq!(steps(&told["movement"]), [("corrected".to_owned(), 1, 0)]);
        let step_of = |told: &Value, name: &str| {
            let rows = told["movement"].as_array().unwrap();
            rows.iter().find(|row| row["step"] == name).unwrap().clone()
        };
        let corrected = step_of(&told, "corrected");
        assert_eq!((&corrected["contact_minutes"], &corrected["units"]), (&json!(14), &json!(0)));
        let other = json!({"mode": "video", "setting": "home"});
        patch(&app, &w, "V-2", &other).await.expect(200);
        let told = restated(&app, &w.biller, "mix", &first[1]).await;
        assert_eq!(steps(&told["movement"]), [("corrected".to_owned(), 1, 0), ("described".to_owned(), 1, 0)]);
        // On a claim that is not released: another state, and the same numbers.
        let at = as_of(&app, &w.biller).await;
        let batch = build(&app, &w).await.expect(201);
        let moved = report(&app, "movement", &format!("{YEAR}&since={at}"), &w.biller).await;
        assert_eq!(steps(&moved["rows"]), [("waits".to_owned(), 2, 0)]);
        restated(&app, &w.biller, "completeness", &first[2]).await;
        // The payer answers.
        step(&app, &w, &batch, "release").await.expect(200);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let before = [
            issue(&app, &w.biller, "acceptance", None).await,
            issue(&app, &analyst, "acceptance", None).await,
        ];
        let path = format!("/v1/claims?batch={}", id(&batch));
        let claims = world::all(&app, &path, &w.biller).await;
        payer_says(&app, &claims[0], true).await;
        app.settle().await;
        for (key, before) in [&w.biller, &analyst].into_iter().zip(&before) {
            let told = restated(&app, key, "acceptance", before).await;
            assert_eq!(steps(&told["movement"]), [("answered".to_owned(), 1, 0)]);
            let checks = told["checks"].as_array().unwrap();
            assert!(checks.iter().any(|c| c["what"] == "changes without a cause = none"), "{told}");
        }
    }

    async fn units_of_different_lengths_are_not_one_number(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        longer_units(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let empty = as_of(&app, &w.biller).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-08-05T16:00").await;
        for _ in 0..2 {
            // Versions of a contract make claims of their own.
            let batch = build(&app, &w).await;
            if batch.status == 201 {
                step(&app, &w, &batch.json(), "release").await.expect(200);
            }
        }
        for key in [&analyst, &w.biller] {
            let delivery = report(&app, "delivery", YEAR, key).await;
            let months: Vec<Value> = delivery["rows"].as_array().unwrap().iter()
                .map(|row| json!([row["month"], row["units"], row["contact_minutes"]])).collect();
            assert_eq!(json!(months), json!([["2026-07", 4, 60], ["2026-08", 2, 60]]));
            let all = &delivery["totals"];
            for column in ["units", "units_per_member", "median_units_per_member"] {
                assert!(all[column].is_null(), "{column}: {all}");
            }
            assert_eq!((&all["contacts"], &all["contact_minutes"]), (&json!(2), &json!(120)));
            let why = json!({"column": "units", "reason": "mixed_units", "count": 1});
            assert!(delivery["nulls"].as_array().unwrap().contains(&why), "{}", delivery["nulls"]);
            for name in ["mix", "dollars"] {
                let column = if name == "mix" { "units" } else { "released_units" };
                assert!(report(&app, name, YEAR, key).await["totals"][column].is_null(), "{name}");
            }
            let moved = report(&app, "movement", &format!("{YEAR}&since={empty}"), key).await;
            assert!(moved["rows"].as_array().unwrap().iter().all(|row| row["units"].is_null()), "{moved}");
            let query = format!("{YEAR}&group_by=service,month");
            let whole = report(&app, "utilization", &query, key).await;
            let told = |row: &Value| json!([row["units_recorded"], row["units_submitted"]]);
            assert_eq!(whole["rows"].as_array().unwrap().iter().map(told).collect::<Vec<_>>(), [json!([4, 4]), json!([2, 2])]);
            assert_eq!(whole["subtotals"].as_array().unwrap().iter().map(told).collect::<Vec<_>>(), [json!([null, null])]);
            assert_eq!(told(&whole["totals"]), json!([null, null]));
            assert!(whole["totals"]["units_per_member"].is_null());
            let why = |column: &str| json!({"column": column, "reason": "mixed_units", "count": 2});
            let nulls = whole["nulls"].as_array().unwrap();
            assert!(nulls.contains(&why("units_recorded")) && nulls.contains(&why("units_per_member")), "{nulls:?}");
            let csv = app.get(&format!("/v1/reports/utilization?{query}&format=csv"), key).await;
            let last = csv.body.lines().last().unwrap().to_owned();
            assert!(last.contains(",,,,,"), "{last}");
        }
        // By month each is one number, and a picture says so of those that are not.
        let picture = app.get(&format!("/v1/reports/delivery?{YEAR}&format=svg"), &w.biller).await;
        assert_eq!(picture.status, 200, "{}", picture.body);
        let july = report(&app, "delivery", "from=2026-07-01&to=2026-07-31", &w.biller).await;
        assert_eq!((&july["totals"]["units"], &july["totals"]["units_per_member"]), (&json!(4), &json!("4.00")));
    }

    async fn a_first_claim_keeps_its_answer_when_it_is_replaced_or_voided(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let shares = async || {
            let mut all = Vec::new();
            for key in [&analyst, &w.biller] {
                let told = report(&app, "acceptance", YEAR, key).await["totals"].clone();
                all.push(json!([told["submitted"], told["acceptance_first"]]));
            }
            all
        };
        let first = billed(&app, &w).await;
        assert_eq!(shares().await, vec![json!([1, null]); 2]);
        payer_says(&app, &first, true).await;
        assert_eq!(shares().await, vec![json!([1, "1.0000"]); 2]);
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        payer_says(&app, &second, true).await;
        app.settle().await;
        assert_eq!(claim(&app, &w, &id(&first)).await["status"], "replaced");
        assert_eq!(shares().await, vec![json!([1, "1.0000"]); 2], "replaced, and accepted first");
        // Another one is rejected at first: a half.
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        let third = billed(&app, &w).await;
        let sent = partner::fetch(&app, third["batch"].as_str().unwrap(), &w.biller).await;
        let said = [(third["number"].as_str().unwrap(), false)];
        partner::take(&app, &w.biller, partner::status(&sent, 1, "PR", &said)).await;
        app.settle().await;
        assert_eq!(shares().await, vec![json!([2, "0.5000"]); 2]);
    }

    async fn what_timeliness_counts_is_held_against_the_claim_lines(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        billed(&app, &w).await;
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for (key, started) in [(&w.biller, 2), (&analyst, 1)] {
            let told = report(&app, "timeliness", YEAR, key).await;
            assert_eq!(told["control"]["checks"][0]["left"], "4", "{}", told["control"]);
            let rows = told["rows"].as_array().unwrap();
            let released = rows.iter().find(|row| row["leg"] == "released").unwrap();
            assert_eq!(released["started"], started, "{released}");
        }
        // What a payer is not told is said where the column is explained.
        let path = format!("/v1/reports/timeliness?{YEAR}&format=dictionary");
        let dictionary = app.get(&path, &analyst).await;
        assert!(dictionary.body.contains("for a payer only those of which it was sent a claim"), "{}", dictionary.body);
    }
}
