//! What is billed once only, and what is not billed at all: rejections of claims whose correction is
//! under way, and what took the room of visits that come back. (Second copies: `copies.rs`.)

use peerclaims::domain::ids::{BatchId, OrganizationId, PayerId};
use peerclaims::error::AppError;
use peerclaims::flow::batching::{self, Wanted};
use peerclaims::flow::{Scope, access};
use peerclaims::store::Conn;
use reqwest::Method;
use serde_json::{Value, json};

use crate::again::{record, record_by, seen};
use crate::app::{Answer, TestApp, on_both, send};
use crate::partner::{Sent, move_batch, next_batch, report, status, take, tie};
use crate::world::{self, World, id, rules, visit_of};

pub const SENT: &[&str] = &["release", "delivered"];

pub async fn build(app: &TestApp, w: &World) -> Answer {
    let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
    app.post("/v1/batches", &w.biller, &wanted).await
}

/// The claim of a batch with one.
pub async fn claim_of(app: &TestApp, w: &World, batch: &str) -> Value {
    let list = world::all(app, &format!("/v1/claims?batch={batch}"), &w.biller).await;
    assert_eq!(list.len(), 1, "{list:?}");
    list[0].clone()
}

pub async fn claim(app: &TestApp, w: &World, of: &Value) -> Value {
    app.get(&format!("/v1/claims/{}", id(of)), &w.biller).await.expect(200)
}

pub async fn ask(app: &TestApp, w: &World, of: &Value, what: &str, more: &Value) -> Answer {
    let mut body = json!({"reason": "a word of the biller", "payer_control": "ICN-1"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post(&format!("/v1/claims/{}/{what}", id(of)), &w.biller, &body).await
}

pub async fn void(app: &TestApp, w: &World, reference: &str) -> Answer {
    let path = format!("/v1/encounters/{}/void", id(&seen(app, w, reference).await));
    app.post(&path, &w.biller, &json!({"reason": "did not take place"})).await
}

async fn patch(app: &TestApp, w: &World, reference: &str, body: &Value) {
    let visit = seen(app, w, reference).await;
    let path = format!("/v1/encounters/{}", id(&visit));
    let etag = format!("\"{}\"", visit["revision"]);
    let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", etag);
    let request = request.header("content-type", "application/merge-patch+json");
    send(request.body(body.to_string())).await.expect(200);
}

/// Two visits of a day on one claim that was sent: `A-1` and `A-2`.
pub async fn two_visits(app: &TestApp) -> (World, Sent, Value) {
    let w = world::river_bend(app, 2).await;
    record(app, &w, "A-1", "2026-07-01T16:00").await;
    record(app, &w, "A-2", "2026-07-01T20:00").await;
    let sent = next_batch(app, &w, SENT).await;
    let first = claim_of(app, &w, &sent.batch).await;
    (w, sent, first)
}

/// What the payer says of the claims of a batch.
pub fn says(sent: &Sent, number: u32, accepted: bool) -> String {
    let numbers = sent.claims();
    let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), accepted)).collect();
    status(sent, number, "PR", &all)
}

/// The batch after the last one, released and delivered.
pub async fn release_next(app: &TestApp, w: &World) -> (Sent, Value) {
    let sent = next_batch(app, w, SENT).await;
    let claim = claim_of(app, w, &sent.batch).await;
    (sent, claim)
}

/// Units reserved and consumed.
pub fn drawn(app: &TestApp) -> i64 {
    app.database
        .number("SELECT CAST(COALESCE(SUM(reserved + consumed), 0) AS BIGINT) FROM unit_entries")
}

/// Builds at most so many claims up to a day; gives the batch and whether more is.
async fn build_some(app: &TestApp, through: &str, most: i64) -> (BatchId, bool) {
    let (ctx, through) = (app.ctx.clone(), through.parse().unwrap());
    let work = move |conn: &mut Conn| {
        let tenant: OrganizationId = access::organization(conn, "river-bend")?.unwrap();
        let payer: PayerId = access::payer(conn, "evergreen")?.unwrap();
        let wanted = Wanted { payer, through };
        let built = batching::build_some(&ctx, conn, tenant, wanted, most)?;
        Ok::<_, AppError>((built.batch.id, built.more))
    };
    app.ctx.db.write(Scope::Service, work).await.unwrap()
}

on_both! {
    async fn a_visit_left_out_is_not_billed_when_the_claim_is_rejected(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        void(&app, &w, "A-2").await.expect(200);
        assert_eq!(take(&app, &w.biller, says(&sent, 1, false)).await["rejected"], 1);
        assert_eq!(seen(&app, &w, "A-2").await["status"], "void");
        assert_eq!(claim(&app, &w, &first).await["change"], Value::Null);
        app.settle().await;
        let (_, again) = release_next(&app, &w).await;
        assert_eq!((&again["units"], &again["frequency"]), (&json!(4), &json!("original")));
        assert_eq!(drawn(&app), 4);
        tie(&app);
        report(&app, &w).await;
    }

    async fn what_was_to_be_voided_is_not_billed_when_the_claim_is_rejected(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({"visits": "void"})).await.expect(200);
        assert_eq!(take(&app, &w.biller, says(&sent, 1, false)).await["rejected"], 1);
        for reference in ["A-1", "A-2"] {
            assert_eq!(seen(&app, &w, reference).await["status"], "void");
        }
        build(&app, &w).await.problem(409, "nothing_ready");
        assert_eq!((claim(&app, &w, &first).await["change"].clone(), drawn(&app)), (Value::Null, 0));
        tie(&app);
    }

    async fn what_was_to_be_billed_again_is_when_the_claim_is_rejected(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({"visits": "bill_again"})).await.expect(200);
        take(&app, &w.biller, says(&sent, 1, false)).await;
        let (_, again) = release_next(&app, &w).await;
        assert_eq!((&again["units"], &again["frequency"]), (&json!(8), &json!("original")));
        tie(&app);
    }

    async fn what_took_the_time_of_a_visit_that_comes_back_is_held(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        let body = world::visit("R-3", &w.peers[0], &w.members[1], "2026-07-01T20:00");
        let newcomer = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(newcomer["status"], "held", "{newcomer}");
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        void(&app, &w, "A-2").await.expect(200);
        let batch = id(&build(&app, &w).await.expect(201));
        app.settle().await;
        assert_eq!(seen(&app, &w, "R-3").await["status"], "ready");
        move_batch(&app, &w, &batch, "withdraw").await;
        let path = format!("/v1/claims/{}/keep", id(&first));
        app.act(&path, &w.biller).await.expect(200);
        assert_eq!(seen(&app, &w, "A-2").await["status"], "submitted");
        // Before the worker has looked at anything.
        build(&app, &w).await.problem(409, "nothing_ready");
        app.settle().await;
        assert_eq!(seen(&app, &w, "R-3").await["status"], "held");
        tie(&app);
    }

    async fn what_took_the_units_of_a_claim_that_comes_back_is_held(app: TestApp) {
        // 24 units a year are free.
        let w = world::river_bend(&app, 1).await;
        let long = |reference: &str, day: u32, minutes: i64| {
            let body = visit_of(reference, &w.peers[0], &w.members[0], &format!("2026-07-{day:02}T16:00"), minutes);
            let (app, key) = (&app, &w.submitter);
            async move { app.post("/v1/encounters", key, &body).await.expect(201) }
        };
        long("Q-1", 1, 180).await;
        long("Q-2", 2, 180).await;
        let sent = next_batch(&app, &w, SENT).await;
        let list = world::all(&app, &format!("/v1/claims?batch={}", sent.batch), &w.biller).await;
        let first = list.iter().find(|c| c["service_date"] == "2026-07-01").unwrap();
        assert_eq!(long("Q-3", 3, 120).await["status"], "held");
        ask(&app, &w, first, "replace", &json!({})).await.expect(200);
        patch(&app, &w, "Q-1", &json!({"ended_at": "2026-07-01T17:00:00Z", "note": {"signed_at": "2026-07-01T20:00:00Z"}})).await;
        let (replacement, _) = release_next(&app, &w).await;
        app.settle().await;
        assert_eq!((seen(&app, &w, "Q-3").await["status"].clone(), drawn(&app)), (json!("ready"), 24));
        assert_eq!(take(&app, &w.biller, says(&replacement, 1, false)).await["rejected"], 1);
        build(&app, &w).await.problem(409, "nothing_ready");
        app.settle().await;
        assert_eq!((seen(&app, &w, "Q-3").await["status"].clone(), drawn(&app)), (json!("held"), 24));
        tie(&app);
    }

    async fn late_visits_are_free_after_a_void(app: TestApp) {
        let week = ("rollup = \"day\"", "rollup = \"day\"\nperiod = \"week\"");
        let w = world::river_bend_with(&app, 1, &[week]).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let (_, first) = release_next(&app, &w).await;
        assert_eq!(rules(&record_by(&app, &w, "V-2", 0, "2026-07-02T16:00").await), ["period.claimed"]);
        ask(&app, &w, &first, "void", &json!({"visits": "bill_again"})).await.expect(200);
        let (void, _) = release_next(&app, &w).await;
        take(&app, &w.biller, says(&void, 1, true)).await;
        app.settle().await;
        for reference in ["V-1", "V-2"] {
            assert_eq!(seen(&app, &w, reference).await["status"], "ready");
        }
        let (_, again) = release_next(&app, &w).await;
        assert_eq!(again["units"], 8);
        tie(&app);
    }

    async fn a_visit_that_its_correction_holds_is_not_dropped_unseen(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        // Beside the first visit of the same peer.
        patch(&app, &w, "A-2", &json!({"started_at": "2026-07-01T16:30:00Z", "ended_at": "2026-07-01T17:30:00Z"})).await;
        build(&app, &w).await.problem(409, "nothing_ready");
        let problem = claim(&app, &w, &first).await["change"]["problem"].clone();
        assert!(problem.as_str().unwrap().contains("A-2"), "{problem}");
        app.act(&format!("/v1/claims/{}/keep", id(&first)), &w.biller).await.expect(200);
        let asked = ask(&app, &w, &first, "replace", &json!({"without_held": true})).await.expect(200);
        assert_eq!(asked["change"]["without_held"], true);
        let (_, second) = release_next(&app, &w).await;
        assert_eq!((&second["units"], &second["frequency"]), (&json!(4), &json!("replacement")));
        assert_eq!(seen(&app, &w, "A-2").await["status"], "held");
    }

    async fn a_rejection_that_came_while_the_replacement_was_built_counts_after_it(app: TestApp) {
        for (round, withdrawn) in [(0, true), (1, false)] {
            let app = if round == 0 { &app } else { &fresh(&app).await };
            let (w, sent, first) = two_visits(app).await;
            ask(app, &w, &first, "replace", &json!({})).await.expect(200);
            void(app, &w, "A-2").await.expect(200);
            let batch = id(&build(app, &w).await.expect(201));
            let took = take(app, &w.biller, says(&sent, 1, false)).await;
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
            if withdrawn {
                move_batch(app, &w, &batch, "withdraw").await;
                // Nothing is left to replace; what was left out is void.
                assert_eq!(seen(app, &w, "A-2").await["status"], "void");
            } else {
                for step in SENT {
                    move_batch(app, &w, &batch, step).await;
                }
                let replacement = crate::partner::fetch(app, &batch, &w.biller).await;
                take(app, &w.biller, says(&replacement, 2, false)).await;
            }
            let now = claim(app, &w, &first).await;
            assert_eq!((&now["status"], &now["change"]), (&json!("rejected"), &Value::Null), "{now}");
            app.settle().await;
            let (_, again) = release_next(app, &w).await;
            // What was left out is billed by nobody.
            assert_eq!((&again["units"], &again["frequency"]), (&json!(4), &json!("original")));
            assert_eq!(seen(app, &w, "A-2").await["status"], "void");
            tie(app);
        }
    }

    async fn a_receipt_ends_no_void_and_a_biller_may(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({})).await.expect(200);
        let (void, stated) = release_next(&app, &w).await;
        let numbers = void.claims();
        let house = status(&void, 1, "AY", &[(&numbers[0], true)]);
        take(&app, &w.biller, house).await;
        take(&app, &w.biller, says(&void, 2, true).replace("A2:20", "A1:19")).await;
        assert_eq!(claim(&app, &w, &first).await["status"], "delivered");
        assert_eq!(claim(&app, &w, &first).await["change"]["state"], "built");
        let path = format!("/v1/claims/{}/taken", id(&stated));
        for evidence in ["", "a\u{7}"] {
            app.post(&path, &w.biller, &json!({"evidence": evidence})).await.problem(422, "invalid_input");
        }
        let evidence = json!({"evidence": "the payer's portal shows it on 9 September"});
        let of_first = format!("/v1/claims/{}/taken", id(&first));
        app.post(&of_first, &w.biller, &evidence).await.problem(409, "wrong_status");
        let done = app.post(&path, &w.biller, &evidence).await.expect(200);
        assert_eq!(done["status"], "closed");
        assert_eq!(claim(&app, &w, &first).await["status"], "voided");
        assert_eq!((seen(&app, &w, "A-1").await["status"].clone(), drawn(&app)), (json!("void"), 0));
        app.post(&path, &w.biller, &evidence).await.problem(409, "wrong_status");
        // The payer's own word comes after all.
        let late = take(&app, &w.biller, says(&void, 3, true)).await;
        assert_eq!(late["state"], "applied", "{late}");
        tie(&app);
    }

    async fn a_void_of_a_claim_that_is_rejected_is_told(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({})).await.expect(200);
        let (void, stated) = release_next(&app, &w).await;
        app.database.execute(&format!("UPDATE claims SET status = 'rejected' WHERE number = '{}'", first["number"].as_str().unwrap()));
        let took = take(&app, &w.biller, says(&void, 1, true)).await;
        assert_eq!(took["state"], "partly", "{took}");
        assert!(took["reason"].as_str().unwrap().contains(first["number"].as_str().unwrap()), "{took}");
        assert_eq!(claim(&app, &w, &stated).await["status"], "closed");
    }

    async fn corrections_of_later_days_starve_nobody(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (reference, day) in [("V-1", "20"), ("V-2", "02"), ("V-3", "03")] {
            record(&app, &w, reference, &format!("2026-07-{day}T16:00")).await;
        }
        let sent = next_batch(&app, &w, SENT).await;
        let list = world::all(&app, &format!("/v1/claims?batch={}", sent.batch), &w.biller).await;
        let of = |day: &str| list.iter().find(|c| c["service_date"] == day).unwrap().clone();
        for day in ["2026-07-20", "2026-07-02", "2026-07-03"] {
            ask(&app, &w, &of(day), "void", &json!({})).await.expect(200);
        }
        for (day, more) in [("2026-07-02", true), ("2026-07-03", false)] {
            let (batch, left) = build_some(&app, "2026-07-10", 1).await;
            let built = claim_of(&app, &w, &batch.to_string()).await;
            assert_eq!((&built["service_date"], left), (&json!(day), more), "{built}");
        }
    }
}

pub async fn fresh(app: &TestApp) -> TestApp {
    if app.database.url().starts_with("sqlite") {
        return TestApp::sqlite().await;
    }
    TestApp::postgres().await.unwrap()
}
