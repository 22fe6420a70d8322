//! What waits is reached by everything that gives units or time back, and units follow a member
//! number in one step. Each story was found by a reviewer, and failed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::changes::{amend, amend_member};
use crate::windows::ready;
use crate::world::{self, World, id, limit, rules, visit, visit_of};

const MONTH: &str = "window = \"month\"\nexceed = \"hold\"";
const ACROSS: &str = "window = \"month\"\nscope = \"member\"\nexceed = \"hold\"";

async fn post(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

/// An hour, 4 units, of the first member with the first peer.
async fn hour(app: &TestApp, w: &World, reference: &str, start: &str) -> Value {
    post(app, w, &visit(reference, &w.peers[0], &w.members[0], start)).await
}

async fn now(app: &TestApp, w: &World, seen: &Value) -> Value {
    app.get(&format!("/v1/encounters/{}", id(seen)), &w.biller).await.expect(200)
}

async fn patch(app: &TestApp, w: &World, seen: &Value, body: &Value) -> Answer {
    let path = format!("/v1/encounters/{}", id(seen));
    let tag = format!("\"{}\"", seen["revision"]);
    let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", tag);
    send(request.json(body)).await
}

async fn release(app: &TestApp, w: &World) {
    let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
    let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

async fn renumber(app: &TestApp, w: &World) {
    amend_member(app, w, 0, |m| m["coverages"][0]["member_number"] = json!("EV7777")).await;
}

fn units_of(app: &TestApp, number: &str) -> i64 {
    app.database.number(&format!(
        "SELECT CAST(COALESCE(SUM(u.reserved + u.consumed), 0) AS BIGINT) FROM unit_entries u \
         JOIN accounts a ON a.organization_id = u.organization_id AND a.id = u.account_id \
         WHERE a.key LIKE 'units:%:{number}'"
    ))
}

fn shared_of(app: &TestApp, number: &str) -> i64 {
    app.database.number(&format!(
        "SELECT CAST(COALESCE(SUM(s.units), 0) AS BIGINT) FROM shared_entries s \
         JOIN shared_accounts a ON a.id = s.account_id WHERE a.key LIKE '%:{number}'"
    ))
}

on_both! {
    async fn shared_units_of_a_claim_follow_the_number_once(app: TestApp) {
        let w = world::limited(&app, &limit("shared", "8", ACROSS), 1).await;
        hour(&app, &w, "V-1", "2026-07-01T16:00").await;
        release(&app, &w).await;
        renumber(&app, &w).await;
        app.settle().await;
        assert_eq!((units_of(&app, "EV1000"), units_of(&app, "EV7777")), (0, 4));
        assert_eq!((shared_of(&app, "EV1000"), shared_of(&app, "EV7777")), (0, 4));
        let moved = "SELECT COUNT(*) FROM shared_entries WHERE kind = 'adjust'";
        assert_eq!(app.database.number(moved), 2, "moved once, out and in");
        assert_eq!(ready(&hour(&app, &w, "V-2", "2026-07-02T16:00").await), 4);
        let third = hour(&app, &w, "V-3", "2026-07-03T16:00").await;
        assert_eq!(rules(&third), ["limit.across_organizations"], "{third}");
    }

    async fn a_repeat_under_the_number_of_then_is_the_first_visit(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let by = |reference: &str, number: &str| {
            let mut body = visit(reference, &w.peers[0], "", "2026-07-01T16:00");
            body["member"] = json!({"payer": "evergreen", "number": number});
            body
        };
        let first = post(&app, &w, &by("V-1", "EV1000")).await;
        renumber(&app, &w).await;
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            for number in ["EV1000", "EV7777"] {
                let body = by("V-1", number);
                let again = app.post("/v1/encounters", &w.submitter, &body).await.expect(200);
                assert_eq!((&again["id"], &again["lines"]), (&first["id"], &first["lines"]));
            }
            let rows = by("V-1", "EV1000").to_string() + "\n" + &by("V-1", "EV9").to_string();
            let path = "/v1/encounters/bulk";
            let kind = "application/x-ndjson";
            let rows = world::answers(&world::body(&app, path, &w.submitter, kind, rows).await);
            assert_eq!((&rows[0]["status"], &rows[1]["status"]), (&json!(200), &json!(422)));
        }
        // Another visit is another visit; a number that was never this member's is nobody's.
        let mut other = by("V-1", "EV1000");
        other["setting"] = json!("home");
        let answer = app.post("/v1/encounters", &w.submitter, &other).await;
        answer.problem(409, "reference_conflict");
        for body in [by("V-1", "EV9"), by("V-2", "EV1000")] {
            app.post("/v1/encounters", &w.submitter, &body).await.problem(422, "invalid_input");
        }
    }

    async fn no_visit_is_decided_on_an_account_that_looks_empty(app: TestApp) {
        let w = world::limited(&app, &limit("monthly", "4", MONTH), 2).await;
        hour(&app, &w, "V-2", "2026-07-20T16:00").await;
        release(&app, &w).await;
        let earlier = hour(&app, &w, "V-1", "2026-07-05T16:00").await;
        assert_eq!(rules(&earlier), ["limit.hold"]);
        // A visit of a session is decided by itself, so the others are, too.
        let mut group = visit("G-1", &w.peers[0], &w.members[0], "2026-07-01T20:00");
        group["activity"] = json!("group_support");
        group["group"] = json!({"session": "S-1", "size": 3});
        post(&app, &w, &group).await;
        renumber(&app, &w).await;
        assert_eq!(units_of(&app, "EV7777"), 8, "at once, before the worker");
        app.settle().await;
        assert_eq!(now(&app, &w, &earlier).await["status"], "held");
        assert_eq!((units_of(&app, "EV1000"), units_of(&app, "EV7777")), (0, 8));
    }

    async fn a_correction_of_a_number_displaces_no_reservation(app: TestApp) {
        let w = world::limited(&app, &limit("monthly", "8", MONTH), 1).await;
        let first = hour(&app, &w, "V-1", "2026-07-20T16:00").await;
        hour(&app, &w, "V-2", "2026-07-21T16:00").await;
        let held = hour(&app, &w, "V-3", "2026-07-05T16:00").await;
        assert_eq!((ready(&first), rules(&held)), (4, vec!["limit.hold".to_owned()]));
        renumber(&app, &w).await;
        app.settle().await;
        assert_eq!(now(&app, &w, &first).await["status"], "ready");
        assert_eq!(now(&app, &w, &held).await["status"], "held");
        assert_eq!((units_of(&app, "EV1000"), units_of(&app, "EV7777")), (0, 8));
    }

    async fn an_opening_balance_follows_the_number(app: TestApp) {
        let w = world::limited(&app, &limit("monthly", "8", MONTH), 1).await;
        let body = json!({"member": w.members[0], "payer": "evergreen",
            "service": "peer_individual", "date": "2026-07-01", "units": 8});
        let path = "/v1/opening-balances?organization=river-bend";
        app.post(path, &w.admin, &body).await.expect(201);
        renumber(&app, &w).await;
        app.settle().await;
        assert_eq!((units_of(&app, "EV1000"), units_of(&app, "EV7777")), (0, 8));
        assert_eq!(shared_of(&app, "EV7777"), 8);
        assert_eq!(rules(&hour(&app, &w, "V-1", "2026-07-02T16:00").await), ["limit.hold"]);
        app.post(path, &w.admin, &body).await.problem(409, "already_exists");
        let left = format!("/v1/members/{}/allowances?on=2026-07-02", w.members[0]);
        let left = app.get(&left, &w.biller).await.expect(200);
        assert_eq!(left["payers"][0]["remaining"][0]["opening"], 8, "{left}");
    }

    async fn time_that_a_correction_gives_back_reaches_who_waited_for_it(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let first = hour(&app, &w, "V-1", "2026-07-01T16:00").await;
        let other = visit("W-1", &w.peers[0], &w.members[1], "2026-07-01T16:00");
        let other = post(&app, &w, &other).await;
        assert_eq!(rules(&other), ["overlap.peer"]);
        let later = json!({"started_at": "2026-07-01T20:00:00Z", "ended_at": "2026-07-01T21:00:00Z",
            "note": {"signed_at": "2026-07-01T21:05:00Z"}});
        patch(&app, &w, &first, &later).await.expect(200);
        app.settle().await;
        assert_eq!(now(&app, &w, &other).await["status"], "ready");
    }

    async fn units_that_another_peer_has_now_reach_who_waited_for_them(app: TestApp) {
        let by_peer = "window = \"day\"\nscope = \"peer\"\nexceed = \"hold\"";
        let w = world::limited(&app, &limit("peer", "4", by_peer), 2).await;
        let first = hour(&app, &w, "V-1", "2026-07-01T16:00").await;
        let other = visit_of("W-1", &w.peers[0], &w.members[1], "2026-07-01T20:00", 60);
        let other = post(&app, &w, &other).await;
        assert_eq!(rules(&other), ["limit.hold"]);
        patch(&app, &w, &first, &json!({"peer": w.peers[1]})).await.expect(200);
        app.settle().await;
        assert_eq!(now(&app, &w, &other).await["status"], "ready");
    }

    async fn time_of_a_peer_that_left_the_town_is_free(app: TestApp) {
        // A certificate that ends holds the visit, and its time is the peer's again.
        let w = world::river_bend(&app, 2).await;
        hour(&app, &w, "V-1", "2026-07-01T16:00").await;
        let mut other = visit("W-1", &w.peers[1], &w.members[0], "2026-07-01T16:30");
        other["ended_at"] = json!("2026-07-01T17:30:00Z");
        let other = post(&app, &w, &other).await;
        assert_eq!(now(&app, &w, &other).await["status"], "held", "the member is with the first peer");
        let path = format!("/v1/peers/{}?organization=river-bend", w.peers[0]);
        amend(&app, &w, &path, |p| p["certificates"] = json!([])).await;
        app.settle().await;
        assert_eq!(now(&app, &w, &other).await["status"], "ready");
    }
}
