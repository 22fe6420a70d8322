//! What comes back: each file is recognized, kept once, and moves the right batch and claims.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::partner::{
    ack, batch, move_batch, next_batch, remit, report, standing, status, ta1, take, tie, upload,
};
use crate::world::{self, World, id};

const SENT: &[&str] = &["release", "delivered"];

async fn seen_batch(app: &TestApp, w: &World, batch: &str) -> Value {
    app.get(&format!("/v1/batches/{batch}"), &w.biller).await.expect(200)
}

on_both! {
    async fn accepted_all_the_way(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let took = take(&app, &w.biller, ta1(&sent, 1, "A", "000")).await;
        assert_eq!((&took["kind"], &took["state"]), (&json!("ta1"), &json!("applied")), "{took}");
        assert_eq!(seen_batch(&app, &w, &sent.batch).await["status"], "delivered");
        let took = take(&app, &w.biller, ack(&sent, 2, &[(0, 'A'), (1, 'E')])).await;
        assert_eq!((&took["kind"], &took["state"]), (&json!("999"), &json!("applied")), "{took}");
        let batch = seen_batch(&app, &w, &sent.batch).await;
        assert_eq!((&batch["status"], &batch["acknowledgment"]), (&json!("acknowledged"), &json!("accepted_with_errors")));
        // Neither of the two accepts a claim.
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 3]);
        let numbers = sent.claims();
        let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), true)).collect();
        let took = take(&app, &w.biller, status(&sent, 3, "PR", &all)).await;
        assert_eq!((&took["kind"], &took["state"], &took["accepted"]), (&json!("277ca"), &json!("applied"), &json!(3)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 3]);
        let said = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
        assert_eq!(said.len(), 1 + 2 + 3);
        assert_eq!(said[3]["payer_control"], format!("ICN{}", numbers[0]));
        let claim = app.get(&format!("/v1/claims/{}", said[3]["claim"].as_str().unwrap()), &w.biller).await.expect(200);
        assert_eq!((&claim["payer_control"]["latest"], &claim["payer_control"]["by"]), (&said[3]["payer_control"], &json!("payer")));
        assert_eq!(said[2]["said"][0]["message"], "a required segment is missing");
        tie(&app);
        assert_eq!(report(&app, &w).await["units_submitted"], 12);
    }

    async fn one_of_two_sets_is_rejected_whatever_ak9_says(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let before = report(&app, &w).await;
        let file = ack(&sent, 1, &[(0, 'A'), (1, 'R')]).replace("AK9*P*", "AK9*R*");
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered", "rejected"]);
        assert_eq!(seen_batch(&app, &w, &sent.batch).await["acknowledgment"], "partly");
        tie(&app);
        // No longer billed, ready again, and on the next batch under a number of its own.
        let after = report(&app, &w).await;
        assert_eq!((&after["units_submitted"], &after["units_ready"]), (&json!(8), &json!(4)));
        assert_ne!(before["billed"], after["billed"]);
        let next = next_batch(&app, &w, SENT).await;
        assert_eq!(next.claims().len(), 1);
        assert!(!sent.claims().contains(&next.claims()[0]));
        tie(&app);
        assert_eq!(report(&app, &w).await["billed"], before["billed"]);
    }

    async fn an_interchange_that_did_not_arrive_frees_all_claims(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let took = take(&app, &w.biller, ta1(&sent, 1, "R", "006")).await;
        assert_eq!(took["rejected"], 3, "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected"; 3]);
        let batch = seen_batch(&app, &w, &sent.batch).await;
        assert_eq!((&batch["status"], &batch["acknowledgment"]), (&json!("acknowledged"), &json!("rejected")));
        let said = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
        let words = "the sender's id (ISA06) is not known to the receiver";
        assert!(said.iter().all(|r| r["said"][0]["message"] == words), "{said:?}");
        tie(&app);
        assert_eq!(next_batch(&app, &w, SENT).await.claims().len(), 3);
        tie(&app);
    }

    async fn a_277ca_speaks_claim_by_claim(app: TestApp) {
        let (w, sent) = batch(&app, 3, SENT).await;
        let numbers = sent.claims();
        let file = status(&sent, 1, "PR", &[(&numbers[0], true), (&numbers[2], false)]);
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["accepted"], &took["rejected"]), (&json!(1), &json!(1)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "delivered", "rejected"]);
        let list = world::all(&app, "/v1/claims?status=rejected", &w.biller).await;
        let said = world::all(&app, &format!("/v1/responses?claim={}", id(&list[0])), &w.biller).await;
        assert_eq!((&said[0]["source"], &said[0]["said"][0]["code"]), (&json!("payer"), &json!("A7:562:85")));
        let words = said[0]["said"][0]["message"].as_str().unwrap();
        assert!(words.contains("National Provider Identifier") && words.contains("billing provider"), "{words}");
        tie(&app);
    }

    async fn the_payers_word_counts_and_both_are_kept(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let both = |n: u32, from: &str, yes: bool| status(&sent, n, from, &[(&numbers[0], yes), (&numbers[1], true)]);
        take(&app, &w.biller, both(1, "AY", true)).await;
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "accepted"]);
        take(&app, &w.biller, both(2, "PR", false)).await;
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "accepted"]);
        // The clearinghouse comes late: recorded, and nothing moves.
        let took = take(&app, &w.biller, both(3, "AY", true)).await;
        assert_eq!((&took["state"], &took["accepted"], &took["rejected"]), (&json!("applied"), &json!(0), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "accepted"]);
        // The payer takes a claim after all whose lines are free: a person must ask.
        let took = take(&app, &w.biller, both(4, "PR", true)).await;
        assert_eq!(took["state"], "partly", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "accepted"]);
        // A rejection of the clearinghouse behind the payer's acceptance does not count.
        let late = status(&sent, 5, "AY", &[(&numbers[1], false)]);
        take(&app, &w.biller, late).await;
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "accepted"]);
        let said = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
        assert_eq!(said.len(), 9);
        tie(&app);
    }

    async fn the_same_file_again_changes_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let file = ack(&sent, 1, &[(0, 'R')]);
        let first = take(&app, &w.biller, file.clone()).await;
        let count = || app.database.number("SELECT COUNT(*) FROM responses");
        let before = count();
        let again = upload(&app, &w.biller, file.clone()).await.expect(200);
        assert_eq!(again["files"][0], first);
        // The same interchange, with other line ends: a copy.
        let copy = take(&app, &w.biller, file.replace('\n', "\r\n")).await;
        assert_eq!((&copy["state"], &copy["rejected"]), (&json!("applied"), &json!(0)), "{copy}");
        assert!(copy["reason"].as_str().unwrap().contains("applied before"), "{copy}");
        // The same number with other content: nobody knows which counts.
        let conflict = take(&app, &w.biller, ack(&sent, 1, &[(0, 'A')])).await;
        assert_eq!(conflict["state"], "quarantined", "{conflict}");
        assert!(conflict["reason"].as_str().unwrap().contains("ISA13"), "{conflict}");
        assert_eq!(count(), before);
        let kept = app.get(&format!("/v1/files/{}/content", id(&conflict)), &w.biller).await;
        assert_eq!(kept.body, ack(&sent, 1, &[(0, 'A')]));
        tie(&app);
    }

    async fn an_answer_before_its_question_waits(app: TestApp) {
        let (w, sent) = batch(&app, 2, &[]).await;
        let numbers = sent.claims();
        let took = take(&app, &w.biller, status(&sent, 1, "PR", &[(&numbers[0], true), (&numbers[1], false)])).await;
        assert_eq!((&took["state"], &took["waits_for"]), (&json!("waiting"), &json!(sent.batch)), "{took}");
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 0);
        assert_eq!(standing(&app, &w, &sent).await, ["batched", "batched"]);
        move_batch(&app, &w, &sent.batch, "release").await;
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "rejected"]);
        // The delivery is told later: it is the proof of timely filing all the same.
        take(&app, &w.biller, ack(&sent, 2, &[(0, 'A')])).await;
        let told = move_batch(&app, &w, &sent.batch, "delivered").await;
        assert_eq!((&told["status"], &told["receipt"]["how"]), (&json!("acknowledged"), &json!("payer portal")));
        assert_eq!(standing(&app, &w, &sent).await, ["accepted", "rejected"]);
        tie(&app);
    }

    async fn a_withdrawn_batch_that_is_answered_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 2, &["withdraw"]).await;
        let took = take(&app, &w.biller, ack(&sent, 1, &[(0, 'A')])).await;
        assert_eq!(took["state"], "quarantined", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("withdrawn"), "{took}");
    }

    async fn what_is_for_somebody_else_moves_nothing_and_tells_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        let numbers = sent.claims();
        let mut reasons = Vec::new();
        for (of, nobody) in [
            (ta1(&sent, 1, "R", "006"), ta1(&crate::partner::Sent { interchange: 777, ..sent.clone() }, 2, "R", "006")),
            (ack(&sent, 3, &[(0, 'R')]), ack(&crate::partner::Sent { group: "777".into(), ..sent.clone() }, 4, &[(0, 'R')])),
            (status(&sent, 5, "PR", &[(&numbers[0], false)]), status(&sent, 6, "PR", &[("PC00000NOBODY", false)])),
        ] {
            let foreign = take(&app, &other.biller, of).await;
            let unknown = take(&app, &other.biller, nobody).await;
            assert_eq!((&foreign["state"], &foreign["reason"]), (&json!("quarantined"), &unknown["reason"]), "{foreign}");
            reasons.push(foreign["reason"].as_str().unwrap().to_owned());
        }
        assert!(reasons.iter().all(|r| r.contains("somebody else") && !r.contains("river")), "{reasons:?}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 0);
        // A file of a clearinghouse for several submitters: what is ours is applied.
        let mixed = status(&sent, 9, "AY", &[(&numbers[0], true), ("PC00000NOBODY", true)]);
        let took = take(&app, &w.biller, mixed).await;
        assert_eq!((&took["state"], &took["accepted"]), (&json!("partly"), &json!(1)), "{took}");
    }

    async fn a_damaged_file_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let good = status(&sent, 1, "PR", &[(&numbers[0], true), (&numbers[1], false)]);
        let cut = |part: &str| good.split_once(part).unwrap().0.to_owned();
        let cases = [
            (cut("IEA*"), "cut short"),
            (cut("SE*"), "cut short"),
            (good.replace("SE*3", "SE*4"), "not whole"),
            (good.replace("*005010X214", "*004010X214"), "4010"),
            (good.replace("*T*:", "*P*:"), "production file"),
            ("%PDF-1.7 your claims were rejected".to_owned(), "no X12 file"),
            (good.replace("STC*A7", "ST*A7"), "segment"),
            (app.get(&format!("/v1/batches/{}/837p", sent.batch), &w.biller).await.body, "goes to the payer"),
            ("~".repeat(100_000), "no X12 file"),
        ];
        for (bytes, why) in cases {
            let took = take(&app, &w.biller, bytes.clone()).await;
            assert_eq!(took["state"], "quarantined", "{why}: {took}");
            assert!(took["reason"].as_str().unwrap().contains(why), "{why}: {took}");
            let path = format!("/v1/files/{}/content", id(&took));
            assert_eq!(app.get(&path, &w.biller).await.body, bytes);
        }
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 0);
        let list = world::all(&app, "/v1/files?state=quarantined", &w.biller).await;
        assert_eq!(list.len(), 9);
        upload(&app, &w.biller, "").await.problem(400, "malformed_body");
        // Its number was not used up by the damaged ones.
        assert_eq!(take(&app, &w.biller, good).await["state"], "applied");
        tie(&app);
    }

    async fn payments_are_recognized_and_kept(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let took = take(&app, &w.biller, remit(&sent, 1)).await;
        assert_eq!((&took["kind"], &took["state"]), (&json!("835"), &json!("kept")), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
    }

    async fn a_payment_for_somebody_else_is_put_aside(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let good = remit(&sent, 1);
        let cases = [
            (good.replace("XX*1234567893", "XX*1245319599"), "pays somebody else"),
            (good.replace("*XX*1234567893", ""), "kept"),
            (good.replace("*XX*1234567893", "").replace(&format!("*ZZ*{:<15}*260909", sent.sender), "*ZZ*SOMEBODY       *260909"), "pays somebody else"),
            (good.replace("BPR*H*0*", "BPR*H*-5*"), "negative"),
            // A clearinghouse's id in ISA08, and the right payee.
            (good.replace(&format!("*ZZ*{:<15}*260909", sent.sender), "*ZZ*HOUSE          *260909"), "kept"),
        ];
        for (place, (bytes, why)) in cases.into_iter().enumerate() {
            let control = format!("{:09}", place + 10);
            let took = take(&app, &w.biller, bytes.replace("000000001", &control)).await;
            let state = if why == "kept" { "kept" } else { "quarantined" };
            assert_eq!(took["state"], state, "{why}: {took}");
            assert!(took["reason"].as_str().unwrap().contains(why), "{why}: {took}");
        }
        // The number of a location that is told later: the same bytes are looked at again.
        let late = good.replace("XX*1234567893", "XX*1245319599").replace("000000001", "000000030");
        assert_eq!(take(&app, &w.biller, late.clone()).await["state"], "quarantined");
        app.database.execute("UPDATE locations SET npi = '1245319599'");
        let again = upload(&app, &w.biller, late).await.expect(200);
        assert_eq!(again["files"][0]["state"], "kept", "{again}");
    }

    async fn a_payment_says_what_it_is_and_whether_it_balances(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let took = take(&app, &w.biller, remit(&sent, 1)).await;
        let seen = app.get(&format!("/v1/files/{}", id(&took)), &w.biller).await.expect(200);
        let paid = &seen["payments"][0];
        assert_eq!((&paid["payer"], &paid["payee_id"], &paid["amount"]), (&json!("Evergreen"), &json!("1234567893"), &json!("0.00")), "{seen}");
        assert_eq!((&paid["date"], &paid["trace"], &paid["claims"], &paid["balances"]), (&json!("2026-09-09"), &json!("T1"), &json!(0), &json!(true)), "{seen}");
        let uneven = remit(&sent, 2).replace("BPR*H*0*", "BPR*H*5*");
        let took = take(&app, &w.biller, uneven).await;
        assert_eq!(took["state"], "kept", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("does not balance"), "{took}");
        let seen = app.get(&format!("/v1/files/{}", id(&took)), &w.biller).await.expect(200);
        assert_eq!(seen["payments"][0]["balances"], false, "{seen}");
    }

    async fn a_ta1_of_another_day_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let early = crate::partner::Sent { created: sent.created - chrono::Duration::days(400), ..sent.clone() };
        let took = take(&app, &w.biller, ta1(&early, 1, "R", "006")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("quarantined"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("TA102"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        assert_eq!(take(&app, &w.biller, ta1(&sent, 2, "R", "006")).await["rejected"], 2);
    }

    async fn a_999_that_leaves_sets_out_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 5, SENT).await;
        let one = ack(&sent, 1, &[(0, 'R')]);
        let (head, rest) = one.split_once("AK9*").unwrap();
        let rest = rest.split_once('~').unwrap().1;
        let with = |number: u32, ak9: &str| format!("{head}AK9*{ak9}~{rest}").replace("000000001", &format!("{number:09}"));
        let took = take(&app, &w.biller, with(11, "R*3*3*0")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(2)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("says nothing of sets 0002, 0003"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "rejected", "delivered", "delivered", "delivered"]);
        assert!(seen_batch(&app, &w, &sent.batch).await["acknowledgment"].is_null());
        let took = take(&app, &w.biller, with(12, "P*3*3*2")).await;
        assert_eq!(took["state"], "applied", "{took}");
        assert_eq!(seen_batch(&app, &w, &sent.batch).await["acknowledgment"], "partly");
        tie(&app);
    }

    async fn what_waits_holds_back_nothing_else(app: TestApp) {
        let (w, first) = batch(&app, 1, SENT).await;
        crate::again::record(&app, &w, "V-9", "2026-07-09T16:00").await;
        let second = next_batch(&app, &w, &[]).await;
        let (old, new) = (first.claims()[0].clone(), second.claims()[0].clone());
        let charges = first.charges.iter().chain(&second.charges).map(|(k, v)| (k.clone(), *v)).collect();
        let both = crate::partner::Sent { charges, ..first.clone() };
        let took = take(&app, &w.biller, status(&both, 1, "PR", &[(&old, false), (&new, true)])).await;
        assert_eq!((&took["state"], &took["rejected"], &took["waits_for"]), (&json!("waiting"), &json!(1), &json!(second.batch)), "{took}");
        assert_eq!(standing(&app, &w, &first).await, ["rejected"]);
        let tasks = world::all(&app, "/v1/tasks?kind=file", &w.biller).await;
        assert_eq!((&tasks[0]["stage"], &tasks[0]["batch"]), (&json!("waiting"), &json!(second.batch)), "{tasks:?}");
        // The same interchange in another file: a copy of what was applied.
        let copy = status(&both, 1, "PR", &[(&old, false), (&new, true)]).replace('\n', "\r\n");
        assert_eq!(take(&app, &w.biller, copy).await["rejected"], 0);
        move_batch(&app, &w, &second.batch, "release").await;
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 1);
        assert_eq!(standing(&app, &w, &second).await, ["accepted"]);
        let seen = app.get(&format!("/v1/files/{}", id(&took)), &w.biller).await.expect(200);
        assert_eq!((&seen["state"], &seen["accepted"], &seen["rejected"]), (&json!("applied"), &json!(1), &json!(1)), "{seen}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 2);
        assert_eq!(world::all(&app, "/v1/tasks?kind=file", &w.biller).await.len(), 0);
        tie(&app);
    }

    async fn another_charge_than_was_sent_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let file = status(&sent, 1, "PR", &[(&sent.claims()[0], true)]).replace("*WQ*71.53", "*WQ*9999.99");
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["state"], &took["accepted"]), (&json!("partly"), &json!(1)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("STC04"), "{took}");
    }

    async fn names_from_outside_do_no_harm(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let named = |name: &str, n: u32| {
            let path = format!("/v1/files?name={name}");
            let (app, key, bytes) = (&app, &w.biller, ta1(&sent, n, "A", "000"));
            async move { world::body(app, &path, key, "application/octet-stream", bytes).await }
        };
        let took = named("..%2F..%2Fetc%2Fpass%0Awd", 1).await.expect(201);
        assert_eq!(took["files"][0]["name"], "pass_wd", "{took}");
        // Not UTF-8.
        let took = named("%FF%FE.999", 2).await;
        assert!([201, 400].contains(&took.status.as_u16()), "{}", took.body);
        world::body(&app, "/v1/files", &w.biller, "application/json", "{}").await.problem(415, "unsupported_media_type");
    }
}
