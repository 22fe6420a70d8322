//! Random histories in which the reference data changes too: after the worker is done, the ledger is
//! what the lines say, and deciding everything again changes nothing.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::changes::amend;
use crate::history::{self, Past};
use crate::world::{self, Dice, id};

const CONTRACT: &str = include_str!("../../fixtures/contracts/river-bend_evergreen.toml");
const PACK: &str = include_str!("../../config/payers/evergreen.toml");

/// `rounds` of so many steps in two organizations, each followed by the checks.
pub async fn fixpoint(app: &TestApp, seed: u64, rounds: usize, steps: usize) {
    let mut pasts = history::two_organizations(app, 5).await;
    for past in &mut pasts {
        past.shifting = true;
    }
    let mut dice = Dice::new(seed);
    for round in 0..rounds {
        for step in 0..steps {
            history::play(app, &mut pasts, &mut dice, 1).await;
            if dice.roll(4) == 0 {
                let name = format!("{round}.{step}");
                change(app, &pasts[dice.roll(2)], &mut dice, &name).await;
            }
            // Now and then the worker gets to it, now and then marks gather.
            if dice.roll(12) == 0 {
                app.settle().await;
            }
        }
        app.settle().await;
        books_hold(app);
        for past in &pasts {
            crate::again_turns::stands(app, past).await;
        }
        books_hold(app);
    }
    assert!(app.database.number("SELECT COUNT(*) FROM decision_changes") > 20, "it was eventful");
    assert!(app.database.number("SELECT COUNT(*) FROM corrections") > 0, "some was claimed");
}

/// Somebody changes something that decisions look at.
async fn change(app: &TestApp, past: &Past, dice: &mut Dice, name: &str) {
    let w = &past.world;
    let own = |what: &str, id: &String| format!("/v1/{what}/{id}?organization={}", past.key);
    let covered = &w.members[..w.members.len() - 1];
    let member = own("members", dice.pick(covered));
    match dice.roll(9) {
        0 => {
            let to = *dice.pick(&["2026-07-20", "2026-06-30", "", ""]);
            let to = if to.is_empty() { Value::Null } else { json!(to) };
            amend(app, w, &member, |m| m["coverages"][0]["to"] = to).await;
        }
        1 | 2 => {
            amend(app, w, &member, |m| {
                let number = m["coverages"][0]["member_number"].as_str().unwrap().to_owned();
                let other = number.strip_suffix('B').map_or(format!("{number}B"), str::to_owned);
                m["coverages"][0]["member_number"] = json!(other);
            })
            .await;
        }
        3 => {
            let there =
                json!({"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"});
            let address = if dice.roll(3) == 0 { Value::Null } else { there };
            amend(app, w, &member, |m| m["address"] = address).await;
        }
        4 | 5 => {
            let path = format!("/v1/authorizations?organization={}", past.key);
            let all = world::all(app, &path, &w.admin).await;
            if !all.is_empty() {
                let path = own("authorizations", &id(dice.pick(&all)));
                let units = dice.roll(30);
                amend(app, w, &path, |a| a["units"] = json!(units)).await;
            }
        }
        6 => {
            let to = *dice.pick(&["2026-07-15", "2027-12-31", "2027-12-31"]);
            let path = own("peers", dice.pick(&w.peers));
            amend(app, w, &path, |p| p["certificates"][0]["to"] = json!(to)).await;
        }
        7 => supersede(app, past, dice, name).await,
        _ => {
            let zone = *dice.pick(&["America/Los_Angeles", "America/New_York", "Asia/Tokyo"]);
            let path = format!("/v1/organizations?key={}", past.key);
            let one = app.get(&path, &w.admin).await.expect(200);
            let path = format!("/v1/organizations/{}", id(&one["items"][0]));
            amend(app, w, &path, |o| o["zone"] = json!(zone)).await;
        }
    }
}

/// A contract version with other caps and other free units, for all days.
async fn supersede(app: &TestApp, past: &Past, dice: &mut Dice, name: &str) {
    let path = format!("/v1/contracts?organization={}", past.key);
    let list = world::all(app, &path, &past.world.admin).await;
    let newest = id(list.last().unwrap());
    let (cap, free) = (dice.pick(&[6, 10, 16, 20]), dice.pick(&[8, 24, 40]));
    let exceed = dice.pick(&["bill_up_to", "bill_up_to", "hold"]);
    let pack = PACK
        .replace("\"2026.1\"", &format!("\"{name}\""))
        .replace("units = 16", &format!("units = {cap}"))
        .replace("free_units = 24", &format!("free_units = {free}"))
        .replace("exceed = \"bill_up_to\"", &format!("exceed = \"{exceed}\""));
    world::pack(app, &past.world.admin, &pack).await;
    let sender = if past.key == "river-bend" { "RIVERBEND01" } else { "SECONDORG01" };
    let supersedes = format!("from = 2026-01-01\nsupersedes = \"{newest}\"\n");
    let contract = CONTRACT
        .replace("evergreen@2026.1", &format!("evergreen@{name}"))
        .replace("river-bend", past.key)
        .replace("RIVERBEND01", sender)
        .replacen("from = 2026-01-01\n", &supersedes, 1);
    world::toml(app, &path, &past.world.admin, &contract).await.expect(201);
}

/// The ledger says what the lines say, each unit in the account of its number.
pub fn books_hold(app: &TestApp) {
    let none = |what: &str, sql: &str| {
        assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM ({sql}) x")), 0, "{what}");
    };
    assert_eq!(app.database.number("SELECT COUNT(*) FROM marks"), 0);
    none(
        "a line's holding is what its status says",
        "SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
         ON u.organization_id = l.organization_id AND u.line_id = l.id GROUP BY l.id, l.status, l.units \
         HAVING COALESCE(SUM(u.reserved), 0) <> CASE WHEN l.status IN ('ready', 'claimed') THEN l.units ELSE 0 END \
         OR COALESCE(SUM(u.consumed), 0) <> CASE WHEN l.status = 'submitted' THEN l.units ELSE 0 END",
    );
    none(
        "units are in the account of a number that the member has",
        "SELECT u.line_id FROM unit_entries u JOIN accounts a ON a.organization_id = u.organization_id \
         AND a.id = u.account_id JOIN encounters e ON e.organization_id = u.organization_id \
         AND e.id = u.encounter_id JOIN coverages c ON c.organization_id = u.organization_id \
         AND c.member_id = e.member_id WHERE u.service IS NOT NULL \
         GROUP BY u.line_id, a.key, c.member_number \
         HAVING SUM(u.reserved + u.consumed) <> 0 AND a.key NOT LIKE '%:' || c.member_number",
    );
    none(
        "the encounter's status follows its lines",
        "SELECT e.id FROM encounters e LEFT JOIN decision_lines l ON l.organization_id = e.organization_id \
         AND l.encounter_id = e.id AND l.status NOT IN ('superseded', 'void') \
         GROUP BY e.id, e.status, e.voided_at, e.disposition \
         HAVING e.status <> COALESCE(MAX(CASE WHEN l.status <> 'held' THEN l.status END), \
         CASE WHEN e.voided_at IS NOT NULL THEN 'void' WHEN e.disposition = 'non_billable' \
         THEN 'non_billable' ELSE 'held' END)",
    );
    none(
        "no two live visits of a peer or a member at one time",
        "SELECT a.id FROM encounters a JOIN encounters b ON a.organization_id = b.organization_id \
         AND a.id < b.id AND (a.peer_id = b.peer_id OR a.member_id = b.member_id) \
         AND a.started_at < b.ended_at AND b.started_at < a.ended_at \
         WHERE a.status IN ('ready', 'claimed', 'submitted') AND b.status IN ('ready', 'claimed', 'submitted')",
    );
    none(
        "an open correction is of a claimed visit",
        "SELECT c.id FROM corrections c JOIN encounters e ON e.organization_id = c.organization_id \
         AND e.id = c.encounter_id WHERE c.resolved_at IS NULL AND e.status NOT IN ('claimed', 'submitted')",
    );
    none(
        "the feed has no gap",
        "SELECT organization_id FROM decision_changes GROUP BY organization_id \
         HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)",
    );
}
