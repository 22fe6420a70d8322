//! Several words on the same claims, in one file and in several: the order within a file decides nothing,
//! and what shows that a claim arrived keeps it from being billed again (`docs/adr/0132-…`).

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::billed_once::{SENT, ask, build, claim, fresh, release_next, says, two_visits};
use crate::partner::{Sent, ack, batch, remit, report, standing, status, ta1, take, tie};
use crate::responses_order::{claim as told_of, level, told};
use crate::world;

/// Answers to a batch of two claims; their numbers begin with the given one.
type Words = fn(&Sent, u32) -> String;

fn payer(sent: &Sent, number: u32, accepted: bool) -> String {
    says(sent, number, accepted)
}

fn house(sent: &Sent, number: u32, accepted: bool) -> String {
    let numbers = sent.claims();
    let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), accepted)).collect();
    status(sent, number, "AY", &all)
}

/// An 835 that names these claims and pays nothing for them.
fn paying(sent: &Sent, number: u32) -> String {
    let claims: Vec<String> = sent
        .claims()
        .iter()
        .map(|claim| {
            let charge = sent.charges[claim];
            format!(
                "CLP*{claim}*4*{charge}*0**MC*ICN{claim}~CAS*CO*29*{charge}~NM1*QC*1*DOE*JO****MI*EV1000~"
            )
        })
        .collect();
    let (claims, plain) = (claims.concat(), remit(sent, number));
    let count = 10 + 1 + 3 * sent.claims().len();
    plain.replace("SE*10*", &format!("LX*1~{claims}SE*{count}*"))
}

/// The claims of a batch whose first one has a rejected line beside an acceptance.
fn with_a_rejected_line(sent: &Sent, number: u32, category: &str) -> String {
    let whole = format!("BATCH{:09}", sent.interchange);
    let mut body = level(2, false, &whole, "A1:19*20260909*WQ*71.53");
    body.extend(level(3, true, "0", "A1:19*20260909*WQ*71.53"));
    let accepts = format!("{category}:20:PR*20260909*WQ*71.53");
    body.extend(told_of(4, &sent.claims()[0], &accepts));
    body.push("SVC*HC:H0038*71.53*0****4".to_owned());
    body.push("STC*A7:562:85*20260909*U*71.53".to_owned());
    told(sent, number, &body)
}

async fn contradictions(app: &TestApp, key: &str) -> usize {
    let tasks = world::all(app, "/v1/tasks?kind=answer", key).await;
    tasks.iter().filter(|t| t["stage"] == "contradicts").count()
}

on_both! {
    async fn no_order_within_a_file_frees_what_arrived(app: TestApp) {
        let pairs: [(&str, Words, Words, bool); 5] = [
            ("the payer rejects and adjudicates", |s, n| payer(s, n, false), |s, n| payer(s, n, true), true),
            ("a 999 rejects what the payer has", |s, n| ack(s, n, &[(0, 'R')]), |s, n| payer(s, n, true), true),
            ("a 999 rejects what a clearinghouse has", |s, n| ack(s, n, &[(0, 'R')]), |s, n| house(s, n, true), true),
            ("a TA1 rejects what the payer has", |s, n| ta1(s, n, "R", "006"), |s, n| payer(s, n, true), true),
            // Beside the payer's word it does not count, and is no question either.
            ("a clearinghouse rejects what the payer has", |s, n| house(s, n, false), |s, n| payer(s, n, true), false),
        ];
        for (name, rejects, accepts, asks) in pairs {
            let mut pictures: Vec<Value> = Vec::new();
            for first in [true, false] {
                let app = fresh(&app).await;
                let (w, sent) = batch(&app, 2, SENT).await;
                let (no, yes) = (rejects(&sent, 1), accepts(&sent, 2));
                let took = take(&app, &w.biller, if first { no + &yes } else { yes + &no }).await;
                assert_eq!((&took["accepted"], &took["rejected"]), (&json!(2), &json!(0)), "{name} {first}: {took}");
                assert_eq!(took["state"], if asks { "partly" } else { "applied" }, "{name}: {took}");
                assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2], "{name} {first}");
                build(&app, &w).await.problem(409, "nothing_ready");
                tie(&app);
                let told = world::all(&app, &format!("/v1/responses?batch={}", sent.batch), &w.biller).await;
                let mut told: Vec<String> = told.iter().map(|r| format!("{} {} {}", r["source"], r["verdict"], r["effect"])).collect();
                told.sort();
                pictures.push(json!([told, contradictions(&app, &w.biller).await, took["reason"]]));
            }
            assert_eq!(pictures[0], pictures[1], "{name}");
        }
    }

    async fn over_two_files_the_second_word_is_told_or_does_not_count(app: TestApp) {
        let pairs: [(Words, Words); 3] = [
            (|s, n| payer(s, n, false), |s, n| payer(s, n, true)),
            (|s, n| ack(s, n, &[(0, 'R')]), |s, n| payer(s, n, true)),
            (|s, n| ta1(s, n, "R", "006"), |s, n| payer(s, n, true)),
        ];
        for (rejects, accepts) in pairs {
            for first in [true, false] {
                let app = fresh(&app).await;
                let (w, sent) = batch(&app, 2, SENT).await;
                let (no, yes) = (rejects(&sent, 1), accepts(&sent, 2));
                let (one, two) = if first { (no, yes) } else { (yes, no) };
                assert_eq!(take(&app, &w.biller, one).await["state"], "applied");
                let took = take(&app, &w.biller, two).await;
                assert_eq!((&took["state"], &took["accepted"], &took["rejected"]), (&json!("partly"), &json!(0), &json!(0)), "{took}");
                assert_eq!(contradictions(&app, &w.biller).await, 2);
                let stand = if first { "rejected" } else { "accepted" };
                assert_eq!(standing(&app, &w, &sent).await, [stand; 2]);
                tie(&app);
            }
        }
    }

    async fn what_is_split_upon_acceptance_is_adjudicated(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let split = says(&sent, 1, true).replace("A2:20", "A5:20");
        assert_eq!(take(&app, &w.biller, split).await["accepted"], 2);
        let took = take(&app, &w.biller, says(&sent, 2, false)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn what_is_split_upon_acceptance_ends_a_correction(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "void", &json!({"visits": "void"})).await.expect(200);
        let (sent, void) = release_next(&app, &w).await;
        take(&app, &w.biller, says(&sent, 1, true).replace("A2:20", "A5:20")).await;
        assert_eq!(claim(&app, &w, &first).await["status"], "voided");
        assert_eq!(claim(&app, &w, &void).await["status"], "closed");
        tie(&app);
    }

    async fn a_claim_in_adjudication_is_there_though_a_line_was_rejected(app: TestApp) {
        for category in ["A2", "A5"] {
            let app = fresh(&app).await;
            let (w, sent) = batch(&app, 2, SENT).await;
            let took = take(&app, &w.biller, with_a_rejected_line(&sent, 1, category)).await;
            assert_eq!((&took["state"], &took["accepted"]), (&json!("partly"), &json!(0)), "{took}");
            assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
            let numbers = sent.claims();
            // A clearinghouse does not count beside it, and the payer itself contradicts.
            take(&app, &w.biller, status(&sent, 2, "AY", &[(&numbers[0], false)])).await;
            let took = take(&app, &w.biller, status(&sent, 3, "PR", &[(&numbers[0], false)])).await;
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
            assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
            build(&app, &w).await.problem(409, "nothing_ready");
            tie(&app);
        }
    }

    async fn an_unclear_answer_to_a_correction_does_not_end_it(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let (sent, second) = release_next(&app, &w).await;
        take(&app, &w.biller, house(&sent, 1, true)).await;
        take(&app, &w.biller, with_a_rejected_line(&sent, 2, "A2")).await;
        assert_eq!(claim(&app, &w, &first).await["change"]["state"], "built");
        assert_eq!(claim(&app, &w, &second).await["status"], "accepted");
        tie(&app);
    }

    async fn a_copy_with_a_second_code_is_a_copy(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let no = says(&sent, 1, false);
        let line = no.lines().find(|line| line.starts_with("STC*A7")).unwrap();
        let two = format!("{}\n{}", line.replace("A7:562:85", "A7:54"), line.replace("A7:562:85", "A7:718"));
        let count = no.lines().filter(|l| !["ISA", "GS*", "GE*", "IEA"].contains(&&l[..3])).count();
        let more = sent.claims().len();
        let file = no.replace(line, &two).replace(&format!("SE*{count}*"), &format!("SE*{}*", count + more));
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("unclear"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn a_payment_that_names_a_claim_shows_that_it_arrived(app: TestApp) {
        // Before the rejection, and in one file with it, in either order.
        for round in 0..3 {
            let app = fresh(&app).await;
            let (w, sent) = batch(&app, 2, SENT).await;
            let (no, pays) = (ack(&sent, 1, &[(0, 'R')]), paying(&sent, 2));
            let took = match round {
                0 => {
                    let kept = take(&app, &w.biller, pays).await;
                    assert_eq!(kept["state"], "kept", "{kept}");
                    take(&app, &w.biller, no).await
                }
                1 => take(&app, &w.biller, no + &pays).await,
                _ => take(&app, &w.biller, pays + &no).await,
            };
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{round}: {took}");
            assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
            assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
            // Nor the payer's own rejection before adjudication, nor a TA1.
            for file in [says(&sent, 3, false), ta1(&sent, 4, "R", "006")] {
                assert_eq!(take(&app, &w.biller, file).await["rejected"], 0);
            }
            build(&app, &w).await.problem(409, "nothing_ready");
            tie(&app);
            report(&app, &w).await;
        }
    }

    async fn a_payment_of_what_was_rejected_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        assert_eq!(take(&app, &w.biller, ack(&sent, 1, &[(0, 'R')])).await["rejected"], 2);
        let took = take(&app, &w.biller, paying(&sent, 2)).await;
        assert_eq!(took["state"], "partly", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("2 claims that are paid or denied in it were rejected"), "{took}");
        let seen = app.get(&format!("/v1/files/{}", world::id(&took)), &w.biller).await.expect(200);
        assert_eq!(seen["payments"][0]["claims"], 2, "{seen}");
    }
}
