//! Second copies of what the payer has, and words that say less than they seem to: neither frees a claim,
//! which would be billed again (`docs/adr/0110-…`).

use serde_json::json;

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::billed_once::{
    SENT, ask, build, claim, claim_of, fresh, release_next, says, two_visits,
};
use crate::partner::{ack, batch, move_batch, next_batch, standing, status, ta1, take, tie};
use crate::responses_order::{level, told};
use crate::world::{self, id};

on_both! {
    async fn a_second_copy_that_is_refused_frees_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        take(&app, &w.biller, ta1(&sent, 1, "A", "000")).await;
        take(&app, &w.biller, ack(&sent, 2, &[(0, 'A')])).await;
        let seen = || async { app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200) };
        assert_eq!(seen().await["acknowledgment"], "accepted");
        // The second upload of the same file: known to be a copy, or for whatever reason.
        let copy = take(&app, &w.biller, ta1(&sent, 3, "R", "025")).await;
        assert_eq!((&copy["state"], &copy["rejected"]), (&json!("applied"), &json!(0)), "{copy}");
        for (file, what) in [
            (ta1(&sent, 4, "R", "006"), "TA1"),
            (ack(&sent, 5, &[(0, 'R')]), "999"),
        ] {
            let took = take(&app, &w.biller, file).await;
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{what}: {took}");
            assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        }
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        take(&app, &w.biller, says(&sent, 6, true)).await;
        take(&app, &w.biller, ta1(&sent, 7, "R", "001")).await;
        // Of the file of the claims that the payer took.
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        assert_eq!(seen().await["acknowledgment"], "accepted");
        tie(&app);
    }

    async fn a_copy_is_never_the_reason_to_bill_again(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        // Nothing is known of the first one yet: somebody must ask, and nothing is free.
        let took = take(&app, &w.biller, ta1(&sent, 1, "R", "025")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        let took = take(&app, &w.biller, ack(&sent, 2, &[(0, 'R')]).replace("IK5*R*5", "IK5*R*23")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        let said = says(&sent, 3, false).replace("A7:562:85", "A7:54");
        let took = take(&app, &w.biller, said).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        let tasks = world::all(&app, "/v1/tasks?kind=answer", &w.biller).await;
        assert_eq!(tasks.len(), 2, "{tasks:?}");
        take(&app, &w.biller, says(&sent, 4, true)).await;
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        tie(&app);
    }

    async fn what_the_payer_adjudicates_is_not_freed_by_its_own_rejection(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        // One by a file of its own, the other in the same file.
        take(&app, &w.biller, status(&sent, 1, "PR", &[(&numbers[0], true)])).await;
        let late = status(&sent, 2, "PR", &[(&numbers[0], false), (&numbers[1], true), (&numbers[1], false)]);
        let took = take(&app, &w.biller, late).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("2 answers say otherwise"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        let tasks = world::all(&app, "/v1/tasks?kind=answer", &w.biller).await;
        assert_eq!(tasks.iter().filter(|t| t["stage"] == "contradicts").count(), 2, "{tasks:?}");
        tie(&app);
    }

    async fn a_receipt_of_the_payer_and_then_its_rejection_frees_the_claim(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        take(&app, &w.biller, says(&sent, 1, true).replace("A2:20", "A1:19")).await;
        assert_eq!(take(&app, &w.biller, says(&sent, 2, false)).await["rejected"], 2);
        tie(&app);
    }

    async fn a_status_that_says_two_things_or_that_nothing_is_found_frees_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let (yes, no) = (|n: u32| says(&sent, n, true), |n: u32| says(&sent, n, false));
        for file in [
            no(1).replace("*U*", "*WQ*"),
            yes(2).replace("*WQ*", "*U*"),
            no(3).replace("A7:562:85", "A4:35"),
        ] {
            let took = take(&app, &w.biller, file).await;
            assert_eq!((&took["state"], &took["accepted"], &took["rejected"]), (&json!("partly"), &json!(0), &json!(0)), "{took}");
            assert!(took["reason"].as_str().unwrap().contains("unclear"), "{took}");
            assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
        }
        build(&app, &w).await.problem(409, "nothing_ready");
        let tasks = world::all(&app, "/v1/tasks?kind=answer", &w.biller).await;
        assert_eq!((tasks.len(), &tasks[0]["owner"]), (1, &json!("payer")), "{tasks:?}");
        tie(&app);
    }

    async fn what_is_rejected_under_a_number_is_replaced_where_the_profile_says_so(app: TestApp) {
        for (round, replaced) in [(0, true), (1, false)] {
            let app = if round == 0 { &app } else { &fresh(&app).await };
            let key = if replaced { "[claim.content]\nafter_rejection = \"replacement\"\n\n[filing]" } else { "[filing]" };
            let w = world::river_bend_with(app, 1, &[("[filing]", key)]).await;
            record(app, &w, "A-1", "2026-07-01T16:00").await;
            let sent = next_batch(app, &w, SENT).await;
            let first = claim_of(app, &w, &sent.batch).await;
            let plain = says(&sent, 1, false);
            let (head, rest) = plain.split_once("DTP*472").unwrap();
            let numbered = format!("{head}REF*1K*ICN77~\nDTP*472{rest}");
            let (head, rest) = numbered.split_once("SE*").unwrap();
            let (count, rest) = rest.split_once('*').unwrap();
            let numbered = format!("{head}SE*{}*{rest}", count.parse::<u32>().unwrap() + 1);
            let took = take(app, &w.biller, numbered).await;
            if replaced {
                assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
                assert_eq!(standing(app, &w, &sent).await, ["delivered"]);
                build(app, &w).await.problem(409, "nothing_ready");
                assert_eq!(world::all(app, "/v1/tasks?kind=answer", &w.biller).await.len(), 1);
                let body = json!({"reason": "as the payer wants"});
                app.post(&format!("/v1/claims/{}/replace", id(&first)), &w.biller, &body).await.expect(200);
                assert_eq!(world::all(app, "/v1/tasks?kind=answer", &w.biller).await.len(), 0);
                let (next, second) = release_next(app, &w).await;
                assert_eq!(second["frequency"], "replacement");
                let file = app.get(&format!("/v1/batches/{}/837p", next.batch), &w.biller).await.body;
                assert!(file.contains("REF*F8*ICN77~"), "{file}");
            } else {
                assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}");
                let (_, second) = release_next(app, &w).await;
                assert_eq!(second["frequency"], "original");
            }
            tie(app);
        }
    }

    async fn an_acceptance_after_a_rejection_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        assert_eq!(take(&app, &w.biller, ack(&sent, 1, &[(0, 'R')])).await["rejected"], 2);
        let took = take(&app, &w.biller, ack(&sent, 2, &[(0, 'A')])).await;
        assert_eq!(took["state"], "partly", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["rejected"; 2]);
        tie(&app);
    }

    async fn a_set_that_is_rejected_as_a_copy_is_not_free(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let trace = format!("BATCH{:09}", sent.interchange);
        let file = told(&sent, 1, &level(2, false, &trace, "A3:54*20260909*U*10"));
        let took = take(&app, &w.biller, file).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn in_one_file_what_accepts_counts_first(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let both = ack(&sent, 1, &[(0, 'R')]) + &ack(&sent, 2, &[(0, 'A')]);
        let took = take(&app, &w.biller, both).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        tie(&app);
    }

    async fn a_verdict_that_nobody_understands_is_told(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let odd = ack(&sent, 1, &[(0, 'A')]).replace("IK5*A", "IK5*Q");
        let took = take(&app, &w.biller, odd).await;
        assert_ne!(took["state"], "applied", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("IK501"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
    }

    async fn a_copy_counts_no_more_after_a_correction_than_before(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        take(&app, &w.biller, says(&sent, 1, true)).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let batch = id(&build(&app, &w).await.expect(201));
        let copy = says(&sent, 2, false).replace("A7:562:85", "A3:54");
        assert_eq!(take(&app, &w.biller, copy).await["rejected"], 0);
        move_batch(&app, &w, &batch, "withdraw").await;
        assert_eq!(claim(&app, &w, &first).await["status"], "accepted");
        tie(&app);
    }

    async fn what_a_biller_knows_of_a_correction_no_clearinghouse_undoes(app: TestApp) {
        let (w, _, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let (sent, replacement) = release_next(&app, &w).await;
        let taken = format!("/v1/claims/{}/taken", id(&replacement));
        app.post(&taken, &w.biller, &json!({"evidence": "the portal shows it"})).await.expect(200);
        let number = sent.claims();
        let took = take(&app, &w.biller, status(&sent, 1, "AY", &[(&number[0], false)])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(0)), "{took}");
        assert_eq!(claim(&app, &w, &first).await["status"], "replaced");
        assert_eq!(claim_of(&app, &w, &sent.batch).await["status"], "accepted");
        tie(&app);
    }

    async fn an_acceptance_that_came_after_the_replacement_was_built_is_kept(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let (second, _) = release_next(&app, &w).await;
        take(&app, &w.biller, says(&sent, 1, true)).await;
        take(&app, &w.biller, says(&second, 2, true)).await;
        assert_eq!(claim(&app, &w, &first).await["status"], "replaced");
        take(&app, &w.biller, says(&second, 3, false)).await;
        assert_eq!(claim(&app, &w, &first).await["status"], "accepted");
        tie(&app);
    }

    async fn a_number_read_in_the_portal_shows_that_the_file_arrived(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let took = take(&app, &w.biller, ack(&sent, 1, &[(0, 'R')])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        assert_eq!(claim(&app, &w, &first).await["status"], "delivered");
        tie(&app);
    }

    async fn what_a_clearinghouse_has_twice_its_own_rejection_does_not_free(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let numbers = sent.claims();
        let says = |number, from| status(&sent, number, from, &[(&numbers[0], false)]);
        let took = take(&app, &w.biller, says(1, "AY").replace("A7:562:85", "A3:54")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        // It may have sent the first one on, whatever it says of another.
        let took = take(&app, &w.biller, says(2, "AY")).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
        // Whether it has, the payer's own word tells.
        assert_eq!(take(&app, &w.biller, says(3, "PR")).await["rejected"], 1);
        tie(&app);
    }

    async fn nor_does_it_when_a_correction_comes_to_nothing(app: TestApp) {
        let (w, sent, first) = two_visits(&app).await;
        let numbers = sent.claims();
        let house = |number| status(&sent, number, "AY", &[(&numbers[0], false)]);
        take(&app, &w.biller, house(1).replace("A7:562:85", "A3:54")).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let built = id(&build(&app, &w).await.expect(201));
        assert_eq!(take(&app, &w.biller, house(2)).await["rejected"], 0);
        move_batch(&app, &w, &built, "withdraw").await;
        assert_eq!(claim(&app, &w, &first).await["status"], "delivered");
        tie(&app);
    }

    async fn a_word_said_twice_may_tell_the_number_the_second_time(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let said = says(&sent, 1, true);
        let bare = said.replace("REF*1K*ICN", "REF*D9*CLR");
        assert_ne!(bare, said);
        let took = take(&app, &w.biller, bare + &says(&sent, 2, true)).await;
        assert_eq!(took["state"], "applied", "{took}");
        let known = claim_of(&app, &w, &sent.batch).await;
        assert!(known["payer_control"]["latest"].as_str().unwrap().starts_with("ICN"), "{known}");
        tie(&app);
    }
}
