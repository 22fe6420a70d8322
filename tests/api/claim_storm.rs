//! Everything that moves claims, in random order: record, void, decide, build, withdraw, release,
//! answers of clearinghouse and payer, replacements and voids. After each step the books are what a
//! recount says; and again with several writers at once.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::partner::{ack, fetch, report, status, ta1, tie};
use crate::world::{self, Dice, World, visit};

/// What is drawn: how often each step comes.
const STEPS: [(&str, usize); 12] = [
    ("record", 8),
    ("decide", 1),
    ("void", 2),
    ("patch", 2),
    ("build", 4),
    ("release", 4),
    ("withdraw", 1),
    ("answer", 7),
    ("replace", 4),
    ("void claim", 2),
    ("keep", 1),
    ("settle", 1),
];

async fn items(app: &TestApp, w: &World, path: &str) -> Vec<Value> {
    world::all(app, path, &w.biller).await
}

fn some(list: &[Value], dice: &mut Dice) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    Some(dice.pick(list)["id"].as_str().unwrap().to_owned())
}

fn drawn(dice: &mut Dice) -> &'static str {
    let all: usize = STEPS.iter().map(|s| s.1).sum();
    let mut at = dice.roll(all);
    for (what, weight) in STEPS {
        if at < weight {
            return what;
        }
        at -= weight;
    }
    "record"
}

/// A batch that left the house, answered by somebody.
async fn answer(app: &TestApp, w: &World, dice: &mut Dice, next: &AtomicU32) -> Option<Answer> {
    let out = items(app, w, "/v1/batches").await;
    let out: Vec<Value> = out.into_iter().filter(|b| b["status"] != "withdrawn").collect();
    let batch = some(&out, dice)?;
    let sent = fetch(app, &batch, &w.biller).await;
    let number = next.fetch_add(1, Ordering::Relaxed);
    let claims = sent.claims();
    let from = if dice.roll(3) == 0 { "AY" } else { "PR" };
    let text = match dice.roll(8) {
        0 => ta1(&sent, number, if dice.roll(3) == 0 { "R" } else { "A" }, "000"),
        1 => ack(&sent, number, &[(0, if dice.roll(3) == 0 { 'R' } else { 'A' })]),
        2 => status(&sent, number, from, &[(dice.pick(&claims).as_str(), false)]),
        _ => {
            let all: Vec<(&str, bool)> =
                claims.iter().map(|c| (c.as_str(), dice.roll(4) > 0)).collect();
            status(&sent, number, from, &all)
        }
    };
    Some(crate::partner::upload(app, &w.biller, text).await)
}

async fn step(
    app: &TestApp,
    w: &World,
    dice: &mut Dice,
    next: &AtomicU32,
) -> (&'static str, Option<Answer>) {
    let what = drawn(dice);
    let reason = json!({"reason": "storm", "payer_control": "ICN-STORM"});
    let done = match what {
        "record" => {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let start = format!("2026-07-{:02}T{:02}:00", 1 + dice.roll(5), 15 + dice.roll(6));
            let (peer, member) = (dice.roll(4), dice.roll(w.members.len()));
            let body = visit(&format!("S-{n}"), &w.peers[peer], &w.members[member], &start);
            Some(app.post("/v1/encounters", &w.submitter, &body).await)
        }
        "decide" | "void" | "patch" => {
            let list = items(app, w, "/v1/encounters").await;
            let Some(id) = some(&list, dice) else { return (what, None) };
            let path = format!("/v1/encounters/{id}");
            Some(match what {
                "decide" => app.act(&format!("{path}/decide"), &w.submitter).await,
                "void" => {
                    let body = json!({"reason": "storm"});
                    app.post(&format!("{path}/void"), &w.submitter, &body).await
                }
                _ => {
                    let seen = list.iter().find(|e| e["id"] == *id).unwrap();
                    let reference = seen["reference"].as_str().unwrap();
                    let code = ["F32.9", "F33.1"][dice.roll(2)];
                    let body = json!({"diagnoses": [code]});
                    crate::claim_changes::patch(app, w, reference, &body).await
                }
            })
        }
        "build" => {
            let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
            Some(app.post("/v1/batches", &w.biller, &wanted).await)
        }
        "release" | "withdraw" => {
            let list = items(app, w, "/v1/batches?status=built").await;
            let Some(id) = some(&list, dice) else { return (what, None) };
            Some(app.act(&format!("/v1/batches/{id}/{what}"), &w.biller).await)
        }
        "answer" => answer(app, w, dice, next).await,
        "replace" | "void claim" | "keep" => {
            let list = items(app, w, "/v1/claims").await;
            let Some(id) = some(&list, dice) else { return (what, None) };
            let verb = if what == "void claim" { "void" } else { what };
            let path = format!("/v1/claims/{id}/{verb}");
            let mut body = reason;
            if verb == "void" && dice.roll(2) == 0 {
                body["visits"] = json!("bill_again");
            }
            Some(match verb {
                "keep" => app.act(&path, &w.biller).await,
                _ => app.post(&path, &w.biller, &body).await,
            })
        }
        _ => {
            app.settle().await;
            None
        }
    };
    (what, done)
}

/// What must hold whenever nobody is at work.
fn books(app: &TestApp) {
    tie(app);
    for (what, sql) in [
        (
            "a visit whose status is not that of its lines",
            "SELECT COUNT(*) FROM (SELECT e.id FROM encounters e JOIN decision_lines l \
             ON l.organization_id = e.organization_id AND l.encounter_id = e.id \
             AND l.status IN ('ready', 'claimed', 'submitted') \
             GROUP BY e.organization_id, e.id, e.status HAVING MIN(l.status) <> MAX(l.status) \
             OR MAX(l.status) <> e.status) x",
        ),
        (
            "a voided visit on a live claim",
            "SELECT COUNT(*) FROM encounters e JOIN claim_line_parts p \
             ON p.organization_id = e.organization_id AND p.encounter_id = e.id AND p.live \
             WHERE e.voided_at IS NOT NULL",
        ),
        (
            "first claims that do not stand where their correction ended",
            "SELECT COUNT(*) FROM claim_changes x JOIN claims c \
             ON c.organization_id = x.organization_id AND c.id = x.claim_id \
             WHERE (x.state = 'accepted' AND c.status NOT IN ('replaced', 'voided')) \
             OR (x.state = 'built' AND c.status NOT IN ('released', 'delivered', 'accepted'))",
        ),
    ] {
        assert_eq!(app.database.number(sql), 0, "{what}");
    }
}

/// What must hold when all is decided: no visit that could give way holds more than there is room
/// for. Units of claims may be more: a correction gave some up, another claim took them, and the payer
/// refused the correction.
fn fits(app: &TestApp) {
    for (what, by, most) in
        [("on a day", ", u.service_date", 16), ("in the year, without an authorization", "", 24)]
    {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT u.account_id FROM unit_entries u JOIN decision_lines l \
             ON l.organization_id = u.organization_id AND l.id = u.line_id \
             WHERE u.service IS NOT NULL AND u.authorization_id IS NULL \
             GROUP BY u.account_id{by} HAVING SUM(u.reserved + u.consumed) > {most} \
             AND SUM(CASE WHEN l.status = 'ready' THEN u.reserved ELSE 0 END) > 0) x"
        );
        assert_eq!(app.database.number(&sql), 0, "more than {most} units of a member {what}");
    }
}

/// How many claims were replaced or voided, and how many corrections were rejected.
fn corrected(app: &TestApp) -> (i64, i64) {
    let of = |state: &str| {
        let sql = format!("SELECT COUNT(*) FROM claim_changes WHERE state = '{state}'");
        app.database.number(&sql)
    };
    (of("accepted"), of("rejected") + of("kept"))
}

on_both! {
    async fn the_books_hold_after_every_step(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let (mut dice, next) = (Dice::new(7), AtomicU32::new(1));
        for n in 0..160 {
            let (what, answer) = step(&app, &w, &mut dice, &next).await;
            if let Some(answer) = answer {
                let known = [200, 201, 409].contains(&answer.status.as_u16());
                assert!(known, "step {n}: {what}: {} {}", answer.status, answer.body);
            }
            books(&app);
            if n % 8 == 0 {
                app.settle().await;
                books(&app);
                fits(&app);
                report(&app, &w).await;
            }
        }
        let (accepted, rejected) = corrected(&app);
        assert!(accepted > 0 && rejected > 0, "{accepted} {rejected}");
        app.settle().await;
        books(&app);
        fits(&app);
        crate::worklist::ties(&app, &w.biller).await;
        report(&app, &w).await;
    }

    async fn the_books_hold_with_several_writers(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let next = AtomicU32::new(1);
        let writers = (0..4_u64).map(|writer| {
            let (app, w, next) = (&app, &w, &next);
            async move {
                let mut dice = Dice::new(writer + 11);
                for n in 0..40 {
                    let (what, answer) = step(app, w, &mut dice, next).await;
                    if let Some(answer) = answer {
                        let known = [200, 201, 404, 409, 412, 503].contains(&answer.status.as_u16());
                        assert!(known, "step {n}: {what}: {} {}", answer.status, answer.body);
                    }
                }
            }
        });
        futures_util::future::join_all(writers).await;
        books(&app);
        app.settle().await;
        books(&app);
        fits(&app);
        crate::worklist::ties(&app, &w.biller).await;
        report(&app, &w).await;
    }
}
