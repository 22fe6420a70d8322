//! Answers that come in odd shapes: rejections above the claims, words that are repeated, a file that
//! fails before others, and what is told of a delivery or a decision afterwards.

use peerclaims::domain::dates::parse_date;
use peerclaims::flow::{Scope, acknowledge, reporting};
use peerclaims::store::report_facts::{self, Wanted};
use peerclaims::store::{self, StoreError};
use reqwest::Method;
use serde_json::{Value, json};

use crate::again::{record, seen};
use crate::app::{TestApp, on_both, send};
use crate::partner::{Sent, batch, move_batch, next_batch, standing, status, ta1, take, tie};
use crate::world::{self, World, id};

const SENT: &[&str] = &["release", "delivered"];

/// A 277CA of the payer with these segments below its source.
pub fn told(sent: &Sent, number: u32, body: &[String]) -> String {
    let base = status(sent, number, "PR", &[(&sent.claims()[0], false)]);
    let (head, rest) = base.split_once("HL*2*").unwrap();
    let (_, end) = rest.split_once("SE*").unwrap();
    let (_, end) = end.split_once('*').unwrap();
    let body = body.join("~\n") + "~\n";
    let (_, set) = head.split_once("ST*277").unwrap();
    let count = set.matches('~').count() + body.matches('~').count() + 1;
    format!("{head}{body}SE*{count}*{end}")
}

/// The level of a receiver with its word on a set, or that of a provider below it.
pub fn level(place: usize, provider: bool, trace: &str, says: &str) -> Vec<String> {
    let (above, code) = if provider { (place - 1, 19) } else { (1, 21) };
    let name = if provider {
        "NM1*85*2*RIVER-BEND*****XX*1234567893"
    } else {
        "NM1*41*2*RIVER-BEND*****46*RIVERBEND01"
    };
    let kind = if provider { 1 } else { 2 };
    vec![
        format!("HL*{place}*{above}*{code}*1"),
        name.to_owned(),
        format!("TRN*{kind}*{trace}"),
        format!("STC*{says}"),
    ]
}

/// What is said of a claim, below the level before it.
pub fn claim(place: usize, number: &str, says: &str) -> Vec<String> {
    vec![
        format!("HL*{place}*{}*PT", place - 1),
        "NM1*QC*1*ALVAREZ*DANA****MI*EV1000".to_owned(),
        format!("TRN*2*{number}"),
        format!("STC*{says}"),
    ]
}

const NO: &str = "A3:21*20260909*U*71.53";
const YES: &str = "A1:19*20260909*WQ*71.53";

async fn patch(app: &TestApp, w: &World, reference: &str, body: &Value) {
    let visit = seen(app, w, reference).await;
    let path = format!("/v1/encounters/{}", id(&visit));
    let etag = format!("\"{}\"", visit["revision"]);
    let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", etag);
    let request = request.header("content-type", "application/merge-patch+json");
    send(request.body(body.to_string())).await.expect(200);
}

on_both! {
    async fn each_level_that_rejects_counts(app: TestApp) {
        // Two sets: of two claims, and of one.
        let (w, sent) = batch(&app, 3, SENT).await;
        let numbers = sent.claims();
        let whole = format!("BATCH{:09}", sent.interchange);
        let second = format!("{whole}-2");
        // The first set is rejected as a whole, the claim of the second one is named.
        let body = [
            level(2, false, &whole, NO),
            level(3, false, &second, YES),
            level(4, true, "0", YES),
            claim(5, &numbers[2], "A2:20:PR*20260909*WQ*71.53"),
        ];
        let took = take(&app, &w.biller, told(&sent, 1, &body.concat())).await;
        assert_eq!((&took["state"], &took["rejected"], &took["accepted"]), (&json!("applied"), &json!(2), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "rejected", "accepted"]);
        tie(&app);
        // Both sets of the next batch, each by a level of its own.
        let next = next_batch(&app, &w, SENT).await;
        assert_eq!(next.claims().len(), 2);
        let whole = format!("BATCH{:09}", next.interchange);
        // Of a provider, whose own trace says nothing.
        let body = [level(2, false, &whole, YES), level(3, true, "0", NO)];
        let took = take(&app, &w.biller, told(&next, 2, &body.concat())).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(2)), "{took}");
        assert_eq!(standing(&app, &w, &next).await, ["rejected"; 2]);
        tie(&app);
    }

    async fn two_sets_that_are_rejected_are_both_rejected(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let whole = format!("BATCH{:09}", sent.interchange);
        let body = [level(2, false, &whole, NO), level(3, false, &format!("{whole}-2"), NO)];
        let took = take(&app, &w.biller, told(&sent, 1, &body.concat())).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(3)), "{took}");
        tie(&app);
    }

    async fn a_level_that_rejects_what_is_named_otherwise_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let whole = format!("BATCH{:09}", sent.interchange);
        let body = [
            level(2, false, &whole, NO),
            level(3, true, "0", NO),
            claim(4, &sent.claims()[0], "A2:20:PR*20260909*WQ*71.53"),
        ];
        let took = take(&app, &w.biller, told(&sent, 1, &body.concat())).await;
        assert_eq!(took["state"], "partly", "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "delivered"]);
        let tasks = world::all(&app, "/v1/tasks?kind=file", &w.biller).await;
        assert_eq!(tasks[0]["subject"], took["id"], "{tasks:?}");
    }

    async fn a_level_that_says_neither_is_told_and_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let whole = format!("BATCH{:09}", sent.interchange);
        // Of a category that the guide does not have, and of none.
        for (number, says) in [(1, "X9:19:PR*20260909*U*71.53"), (2, ":19*20260909*U*71.53")] {
            let took = take(&app, &w.biller, told(&sent, number, &level(2, false, &whole, says))).await;
            assert_eq!(took["state"], "quarantined", "{took}");
            assert!(took["reason"].as_str().unwrap().contains("as a whole"), "{took}");
        }
        // Of one that says both.
        let mut both = level(2, false, &whole, NO);
        both.push(format!("STC*{YES}"));
        let took = take(&app, &w.biller, told(&sent, 4, &both)).await;
        assert_eq!(took["state"], "quarantined", "{took}");
        // What it says of a claim below it speaks for itself.
        let body = [
            level(2, false, &whole, "X9:19:PR*20260909*U*71.53"),
            level(3, true, "0", YES),
            claim(4, &sent.claims()[0], "A2:20:PR*20260909*WQ*71.53"),
        ];
        let took = take(&app, &w.biller, told(&sent, 3, &body.concat())).await;
        assert_eq!((&took["state"], &took["accepted"]), (&json!("applied"), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "delivered"]);
        tie(&app);
    }

    async fn a_word_that_is_repeated_is_taken_once(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let one = ta1(&sent, 1, "R", "006");
        let start = one.find("TA1*").unwrap();
        let end = start + one[start..].find("IEA*").unwrap();
        let many = format!("{}{}{}", &one[..start], one[start..end].repeat(2_000), &one[end..]);
        let took = take(&app, &w.biller, many).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(2)), "{took}");
        // One of the batch, and one of each claim.
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 3);
        tie(&app);
    }

    async fn a_file_that_cannot_be_applied_stops_no_other(app: TestApp) {
        let (w, first) = batch(&app, 1, &[]).await;
        record(&app, &w, "V-9", "2026-07-09T16:00").await;
        let second = next_batch(&app, &w, &[]).await;
        for (number, sent) in [(1, &first), (2, &second)] {
            let file = status(sent, number, "PR", &[(&sent.claims()[0], true)]);
            assert_eq!(take(&app, &w.biller, file).await["state"], "waiting");
            move_batch(&app, &w, &sent.batch, "release").await;
        }
        let set = |status: &str| {
            let number = &first.claims()[0];
            app.database.execute(&format!("UPDATE claims SET status = '{status}' WHERE number = '{number}'"));
        };
        set("odd");
        assert_eq!(acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &second).await, ["accepted"]);
        let tries = "SELECT CAST(SUM(tries) AS BIGINT) FROM received_files WHERE state = 'waiting'";
        assert_eq!(app.database.number(tries), 1);
        set("released");
        assert_eq!(acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &first).await, ["accepted"]);
        tie(&app);
    }

    async fn a_delivery_that_is_told_late_reaches_the_reports(app: TestApp) {
        let (w, sent) = batch(&app, 1, &["release"]).await;
        take(&app, &w.biller, status(&sent, 1, "PR", &[(&sent.claims()[0], true)])).await;
        let delivered = || async {
            let as_of = reporting::refresh(&app.ctx, None).await.unwrap();
            let (from, to) = (parse_date("2026-01-01").unwrap(), parse_date("2026-12-31").unwrap());
            let wanted = Wanted { organization: None, from, to, as_of };
            let read = move |conn: &mut store::Conn| {
                let mut all = Vec::new();
                report_facts::each(conn, wanted, |known| {
                    all.push(known.fact.sent.as_ref().and_then(|sent| sent.delivered));
                })?;
                Ok::<_, StoreError>(all)
            };
            app.ctx.db.read(Scope::Service, read).await.unwrap()
        };
        assert_eq!(delivered().await, [None]);
        move_batch(&app, &w, &sent.batch, "delivered").await;
        assert_eq!(delivered().await, [parse_date("2026-09-10").ok()]);
    }

    async fn a_claimed_visit_that_is_corrected_is_explained_by_what_was_decided(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let sent = next_batch(&app, &w, SENT).await;
        let list = world::all(&app, &format!("/v1/claims?batch={}", sent.batch), &w.biller).await;
        let body = json!({"reason": "x", "payer_control": "ICN-1"});
        app.post(&format!("/v1/claims/{}/replace", id(&list[0])), &w.biller, &body).await.expect(200);
        for end in ["17:30", "17:45"] {
            patch(&app, &w, "V-1", &json!({"ended_at": format!("2026-07-01T{end}:00Z")})).await;
        }
        let path = format!("/v1/encounters/{}/explanation", id(&seen(&app, &w, "V-1").await));
        let told = app.get(&path, &w.submitter).await.expect(200);
        assert_eq!((&told["replay_agrees"], &told["replay_differences"]), (&json!(true), &json!([])), "{told}");
    }

    async fn the_payers_number_is_sent_as_the_payer_wrote_it_or_not_at_all(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (reference, day) in [("V-1", "01"), ("V-2", "02")] {
            record(&app, &w, reference, &format!("2026-07-{day}T16:00")).await;
        }
        let sent = next_batch(&app, &w, SENT).await;
        let list = world::all(&app, &format!("/v1/claims?batch={}", sent.batch), &w.biller).await;
        let ask = |of: &Value, number: &str| {
            let path = format!("/v1/claims/{}/void", id(of));
            let body = json!({"reason": "x", "payer_control": number});
            let (app, key) = (&app, &w.biller);
            async move { app.post(&path, key, &body).await }
        };
        for number in ["PCN*124", "PCN~124", "PCN:124", "PCN^124"] {
            let problem = ask(&list[0], number).await.problem(422, "invalid_input");
            assert_eq!(problem["faults"][0]["pointer"], "/payer_control", "{problem}");
        }
        for of in &list {
            ask(of, "pcn-124a").await.expect(200);
        }
        // As a payer's 277CA with other delimiters may have brought it in.
        app.database.execute(&format!("UPDATE claims SET payer_control = 'PCN*124~' WHERE number = '{}'", list[0]["number"].as_str().unwrap()));
        let voids = next_batch(&app, &w, &["release"]).await;
        assert_eq!(voids.claims().len(), 1, "the other one is built");
        let file = app.get(&format!("/v1/batches/{}/837p", voids.batch), &w.biller).await.body;
        assert!(file.contains("REF*F8*pcn-124a~"), "{file}");
        let stays = app.get(&format!("/v1/claims/{}", id(&list[0])), &w.biller).await.expect(200);
        let problem = stays["change"]["problem"].as_str().unwrap();
        assert!(problem.contains("delimiter"), "{problem}");
    }
}
