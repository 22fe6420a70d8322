//! Second copies of what the payer has, and words that say less than they seem to: neither frees a claim,
//! which would be billed again (`docs/adr/0110-…`).

use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::billed_once::{SENT, ask, build, claim, claim_of, release_next, says, two_visits};
use crate::partner::{ack, batch, move_batch, standing, status, ta1, take, tie};
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
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
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
        assert_eq!(claim(&app, &w, &first).await["status"], "released");
        tie(&app);
    }

    async fn a_word_said_twice_may_tell_the_number_the_second_time(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let said = says(&sent, 1, true);
        let bare: String =
            said.split_inclusive('~').filter(|s| !s.trim_start().starts_with("REF*1K")).collect();
        assert_ne!(bare, said);
        take(&app, &w.biller, bare + &says(&sent, 2, true)).await;
        let known = claim_of(&app, &w, &sent.batch).await;
        assert!(known["payer_control"]["latest"].as_str().unwrap().starts_with("ICN"), "{known}");
        tie(&app);
    }
}
