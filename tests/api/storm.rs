//! Everything at once: record, void, decide, build, withdraw and release, and afterwards the books.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::world::{self, World, visit};

/// Requests of each writer.
const STEPS: u32 = 30;
/// Writers.
const WRITERS: u32 = 8;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

async fn items(app: &TestApp, w: &World, path: &str) -> Vec<Value> {
    app.get(path, &w.biller).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn step(app: &TestApp, w: &World, dice: &mut Dice, next: &AtomicU32) -> Answer {
    let some = |list: &[Value], at: usize| {
        list.get(at % list.len().max(1)).map(|v| v["id"].as_str().unwrap().to_owned())
    };
    let at = dice.below(1000);
    match dice.below(10) {
        0..=4 => {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let start = format!("2026-07-{:02}T{:02}:00", 1 + dice.below(6), 15 + dice.below(6));
            let body = visit(
                &format!("S-{n}"),
                &w.peers[dice.below(4)],
                &w.members[dice.below(3)],
                &start,
            );
            app.post("/v1/encounters", &w.submitter, &body).await
        }
        5 | 6 => {
            let list = items(app, w, "/v1/encounters?limit=200").await;
            let Some(id) = some(&list, at) else { return app.get("/healthz", "").await };
            if dice.below(2) == 0 {
                app.act(&format!("/v1/encounters/{id}/decide"), &w.submitter).await
            } else {
                app.post(
                    &format!("/v1/encounters/{id}/void"),
                    &w.submitter,
                    &json!({"reason": "storm"}),
                )
                .await
            }
        }
        7 => {
            app.post(
                "/v1/batches",
                &w.biller,
                &json!({"payer": "evergreen", "through": "2026-07-31"}),
            )
            .await
        }
        _ => {
            let list = items(app, w, "/v1/batches?status=built").await;
            let Some(id) = some(&list, at) else { return app.get("/healthz", "").await };
            let what = if dice.below(3) == 0 { "release" } else { "withdraw" };
            app.act(&format!("/v1/batches/{id}/{what}"), &w.biller).await
        }
    }
}

on_both! {
    async fn the_books_hold_after_everything_at_once(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        for (n, member) in w.members.iter().enumerate() {
            world::authorization(&app, &w.admin, "river-bend", &json!({
                "member": member, "payer": "evergreen", "number": format!("PA-{n}"), "units": 10,
                "from": "2026-07-01", "to": "2026-12-31",
            })).await;
        }
        let next = AtomicU32::new(0);
        let writers = (0..WRITERS).map(|writer| {
            let (app, w, next) = (&app, &w, &next);
            async move {
                let mut dice = Dice(u64::from(writer) + 7);
                for _ in 0..STEPS {
                    let answer = step(app, w, &mut dice, next).await;
                    let known = [200, 201, 404, 409, 503].contains(&answer.status.as_u16());
                    assert!(known, "{answer:?}");
                }
            }
        });
        futures_util::future::join_all(writers).await;
        let none = |what: &str, sql: &str| {
            assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM ({sql}) x")), 0, "{what}");
        };
        none("a line's holding is what its status says",
            "SELECT l.id FROM decision_lines l LEFT JOIN unit_entries u \
             ON u.organization_id = l.organization_id AND u.line_id = l.id GROUP BY l.id, l.status, l.units \
             HAVING COALESCE(SUM(u.reserved), 0) <> CASE WHEN l.status IN ('ready', 'claimed') THEN l.units ELSE 0 END \
             OR COALESCE(SUM(u.consumed), 0) <> CASE WHEN l.status = 'submitted' THEN l.units ELSE 0 END");
        none("no day holds more than 16 units",
            "SELECT account_id FROM unit_entries WHERE service IS NOT NULL GROUP BY account_id, service_date \
             HAVING SUM(reserved + consumed) > 16");
        none("no more than 24 free units a year",
            "SELECT account_id FROM unit_entries WHERE service IS NOT NULL AND authorization_id IS NULL \
             GROUP BY account_id HAVING SUM(reserved + consumed) > 24");
        none("no authorization beyond its grant",
            "SELECT authorization_id FROM unit_entries WHERE service IS NOT NULL AND authorization_id IS NOT NULL \
             GROUP BY authorization_id HAVING SUM(reserved + consumed) > 10");
        none("a claimed line is on one live claim, and no other is on any",
            "SELECT l.id FROM decision_lines l LEFT JOIN claim_line_parts p ON p.organization_id = l.organization_id \
             AND p.decision_line_id = l.id AND p.live GROUP BY l.id, l.status HAVING COUNT(p.decision_line_id) <> \
             CASE WHEN l.status IN ('claimed', 'submitted') THEN 1 ELSE 0 END");
        none("the encounter's status follows its lines",
            "SELECT e.id FROM encounters e LEFT JOIN decision_lines l ON l.organization_id = e.organization_id \
             AND l.encounter_id = e.id AND l.status NOT IN ('superseded', 'void') GROUP BY e.id, e.status \
             HAVING e.status <> COALESCE(MAX(CASE WHEN l.status <> 'held' THEN l.status END), \
             CASE WHEN e.voided_at IS NOT NULL THEN 'void' ELSE 'held' END)".replace("GROUP BY e.id, e.status", "GROUP BY e.id, e.status, e.voided_at").as_str());
        none("no two live visits of a peer or a member at one time",
            "SELECT a.id FROM encounters a JOIN encounters b ON a.id < b.id AND (a.peer_id = b.peer_id OR a.member_id = b.member_id) \
             AND a.started_at < b.ended_at AND b.started_at < a.ended_at \
             WHERE a.status IN ('ready', 'claimed', 'submitted') AND b.status IN ('ready', 'claimed', 'submitted')");
        assert!(app.database.number("SELECT COUNT(*) FROM claims WHERE status = 'released'") > 0);
        crate::worklist::ties(&app, &w.biller).await;
        let report = app.get("/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service", &w.biller).await.expect(200);
        assert_eq!(report["ties"]["ties"], true, "{report}");
        assert_eq!(report["control"]["ties"], true, "{report}");
    }
}
