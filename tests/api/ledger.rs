//! The unit ledger after random histories, against a slow recount of what the API shows: nothing
//! drawn twice, nothing lost, no limit passed, no line on two claims, whatever the order.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::app::{TestApp, on_both};
use crate::history::{self, Past};
use crate::world::{self, Dice};

/// Free units a year and units a day of `evergreen`.
const FREE: i64 = 24;
const DAILY: i64 = 16;

type Counts = BTreeMap<String, i64>;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What the lines of an organization draw: by account and service, and by authorization.
#[derive(Debug, Default, PartialEq)]
struct Drawn {
    reserved: Counts,
    consumed: Counts,
    authorized: Counts,
}

async fn recount(app: &TestApp, past: &Past) -> Drawn {
    let (key, mut drawn) = (&past.world.biller, Drawn::default());
    let mut numbers = HashMap::new();
    for member in world::all(app, "/v1/members", key).await {
        if let Some(coverage) = member["coverages"].get(0) {
            let account =
                format!("units:{}:{}", text(&coverage["payer"]), text(&coverage["member_number"]));
            numbers.insert(text(&member["id"]).to_owned(), account);
        }
    }
    for encounter in world::all(app, "/v1/encounters", key).await {
        for line in encounter["lines"].as_array().unwrap() {
            let units = line["units"].as_i64().unwrap();
            let counts = match text(&line["status"]) {
                "ready" | "claimed" => &mut drawn.reserved,
                "submitted" => &mut drawn.consumed,
                "held" | "void" => continue,
                other => panic!("{other}"),
            };
            let account = &numbers[text(&encounter["member"])];
            *counts.entry(format!("{account}|{}", text(&encounter["service"]))).or_default() +=
                units;
            if let Some(number) = line["authorization"]["number"].as_str() {
                *drawn.authorized.entry(number.to_owned()).or_default() +=
                    line["authorization"]["units"].as_i64().unwrap();
            }
        }
    }
    drawn
}

/// The same from the ledger's entries.
fn booked(app: &TestApp, past: &Past) -> Drawn {
    let sums = |name: &str, value: &str, more: &str| -> Counts {
        let sql = format!(
            "SELECT {name} AS name, CAST(SUM({value}) AS BIGINT) AS value FROM unit_entries u \
             JOIN accounts a ON a.organization_id = u.organization_id AND a.id = u.account_id \
             LEFT JOIN authorizations p \
             ON p.organization_id = u.organization_id AND p.id = u.authorization_id \
             WHERE u.organization_id = (SELECT id FROM organizations WHERE key = '{}') {more} \
             GROUP BY 1 HAVING SUM({value}) <> 0",
            past.key
        );
        app.database.table(&sql).into_iter().collect()
    };
    let service = "a.key || '|' || u.service";
    let drawn = "u.reserved + u.consumed";
    // No limit is passed: not the day's, not the year's free units, not a grant.
    let lines = "AND u.service IS NOT NULL";
    let days = sums("a.key || '|' || u.service_date", drawn, lines);
    assert!(days.values().all(|units| (0..=DAILY).contains(units)), "{days:?}");
    let free = sums("a.key", drawn, "AND u.service IS NOT NULL AND u.authorization_id IS NULL");
    assert!(free.values().all(|units| (0..=FREE).contains(units)), "{free:?}");
    let granted = sums("p.number", "u.granted", "AND u.authorization_id IS NOT NULL");
    let authorized = sums("p.number", drawn, "AND u.authorization_id IS NOT NULL");
    for (number, units) in &authorized {
        assert!((0..=granted[number]).contains(units), "{number}: {units} of {}", granted[number]);
    }
    Drawn {
        reserved: sums(service, "u.reserved", lines),
        consumed: sums(service, "u.consumed", lines),
        authorized,
    }
}

/// Claims against visits: each claimed visit on one live claim, with the units of its line.
async fn claims_tie(app: &TestApp, past: &Past) {
    let key = &past.world.biller;
    let mut stated: HashMap<String, (String, i64)> = HashMap::new();
    let mut batches: BTreeMap<String, i64> = BTreeMap::new();
    for claim in world::all(app, "/v1/claims", key).await {
        let (mut units, status) = (0, text(&claim["status"]).to_owned());
        for line in claim["lines"].as_array().unwrap() {
            let parts = line["encounters"].as_array().unwrap();
            let sum: i64 = parts.iter().map(|p| p["units"].as_i64().unwrap()).sum();
            assert_eq!(sum, line["units"].as_i64().unwrap(), "{claim}");
            units += sum;
            for part in parts.iter().filter(|_| status != "withdrawn") {
                let entry = (status.clone(), part["units"].as_i64().unwrap());
                let before = stated.insert(text(&part["encounter"]).to_owned(), entry);
                assert!(before.is_none(), "on two live claims: {part}");
            }
        }
        assert_eq!(units, claim["units"].as_i64().unwrap());
        assert!(past.numbers.contains_key(text(&claim["number"])), "{claim}");
        *batches.entry(text(&claim["batch"]).to_owned()).or_default() += units;
    }
    for batch in world::all(app, "/v1/batches", key).await {
        assert_eq!(batches[text(&batch["id"])], batch["units"].as_i64().unwrap());
    }
    for encounter in world::all(app, "/v1/encounters", key).await {
        let on = stated.remove(text(&encounter["id"]));
        let wanted = match text(&encounter["status"]) {
            "claimed" => &["batched"][..],
            "submitted" => &["released", "delivered"],
            _ => &[],
        };
        let seen = on.as_ref().map(|(status, _)| status.as_str());
        assert_eq!(seen.is_some(), !wanted.is_empty(), "{encounter}");
        if let Some((status, units)) = &on {
            assert!(wanted.contains(&status.as_str()), "{status}: {encounter}");
            let claimed = encounter["lines"]
                .as_array()
                .unwrap()
                .iter()
                .find(|l| l["status"] != "held")
                .unwrap();
            assert_eq!(claimed["units"].as_i64().unwrap(), *units);
        }
    }
    assert!(stated.is_empty());
}

async fn all_ties(app: &TestApp, pasts: &[Past]) {
    for past in pasts {
        let (seen, booked) = (recount(app, past).await, booked(app, past));
        assert_eq!(seen, booked, "{}", past.key);
        claims_tie(app, past).await;
    }
}

/// What a history must have come through, or it shows nothing.
fn was_eventful(app: &TestApp) {
    for (what, sql) in [
        ("voids", "encounters WHERE voided_at IS NOT NULL"),
        ("held", "encounters WHERE status = 'held'"),
        ("non-billable", "encounters WHERE status = 'non_billable'"),
        ("released", "claims WHERE status = 'released'"),
        ("withdrawn", "claims WHERE status = 'withdrawn'"),
        ("split lines", "decision_lines WHERE ordinal = 2"),
        ("authorized", "decision_lines WHERE authorized_units > 0 AND status = 'submitted'"),
        (
            "part authorized",
            "decision_lines WHERE authorized_units > 0 AND authorized_units < units",
        ),
    ] {
        assert!(app.database.number(&format!("SELECT COUNT(*) FROM {sql}")) > 0, "{what}");
    }
}

on_both! {
    async fn any_history_ties(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 6).await;
        let mut dice = Dice::new(0x5EED);
        for _ in 0..4 {
            history::play(&app, &mut pasts, &mut dice, 100).await;
            all_ties(&app, &pasts).await;
        }
        was_eventful(&app);
    }

    async fn histories_that_happen_at_once_tie_too(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        let mut dice = Dice::new(77);
        history::play(&app, &mut pasts, &mut dice, 60).await;
        for _ in 0..10 {
            let steps: Vec<_> = (0..24).map(|n| (n % 2, pasts[n % 2].next(&mut dice))).collect();
            let done = steps.iter().map(|(who, step)| pasts[*who].run(&app, step));
            let done = futures_util::future::join_all(done).await;
            for ((who, step), answer) in steps.iter().zip(&done) {
                pasts[*who].learn(&app, step, answer).await;
            }
            all_ties(&app, &pasts).await;
        }
    }

    async fn the_database_refuses_a_line_on_two_live_claims(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        history::play(&app, &mut pasts, &mut Dice::new(5), 150).await;
        assert!(app.database.number("SELECT COUNT(*) FROM claim_line_parts WHERE live") > 1);
        let again = |live: &str| {
            format!(
                "INSERT INTO claim_line_parts (organization_id, claim_line_id, decision_line_id, \
                 encounter_id, units, charge, expected, live) \
                 SELECT p.organization_id, (SELECT MIN(k.id) FROM claim_lines k \
                 WHERE k.organization_id = p.organization_id AND k.id <> p.claim_line_id), \
                 p.decision_line_id, p.encounter_id, p.units, p.charge, p.expected, {live} \
                 FROM claim_line_parts p WHERE p.live AND EXISTS (SELECT 1 FROM claim_lines k \
                 WHERE k.organization_id = p.organization_id AND k.id <> p.claim_line_id) \
                 ORDER BY p.claim_line_id LIMIT 1"
            )
        };
        let refused = app.database.try_execute(&again("TRUE")).unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("unique"), "{refused}");
        // It is the liveness that is refused, and it cannot come later either.
        app.database.execute(&again("FALSE"));
        app.database.try_execute("UPDATE claim_line_parts SET live = TRUE").unwrap_err();
    }
}
