//! What is said above the claims and of copies, where one slip would free a whole batch: a level that
//! rejects, a duplicate that is remembered, and files that were put aside and are looked at anew.

use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::billed_once::{ask, build, claim_of, says};
use crate::partner::{ack, batch, move_batch, standing, status, ta1, take, tie, upload};
use crate::responses_order::{claim, level, told};
use crate::world;

const SENT: &[&str] = &["release", "delivered"];
const NO: &str = "A3:21*20260909*U*71.53";
const YES: &str = "A1:19*20260909*WQ*71.53";

on_both! {
    async fn a_level_frees_no_claim_that_the_file_accepts(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let trace = format!("BATCH{:09}", sent.interchange);
        // Another provider is rejected, without a claim; the claims of ours are received.
        let first = [
            level(2, false, &trace, YES),
            level(3, true, "0", YES),
            claim(4, &numbers[0], YES),
            claim(5, &numbers[1], YES),
            level(6, true, "0", NO),
        ];
        // The level counts claims that were accepted.
        let mut counted = level(2, false, &trace, NO);
        counted.push("QTY*90*1".to_owned());
        for (number, body) in [(1, first.concat()), (2, counted)] {
            let took = take(&app, &w.biller, told(&sent, number, &body)).await;
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
            let reason = took["reason"].as_str().unwrap();
            assert!(reason.contains("says otherwise of some"), "{took}");
            assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        }
        // By another set of the same file, in either order.
        let whole = told(&sent, 3, &level(2, false, &trace, NO));
        let took = take(&app, &w.biller, whole + &says(&sent, 4, true)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["accepted"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn a_duplicate_above_the_claims_makes_copies_of_all_below(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let trace = format!("BATCH{:09}", sent.interchange);
        let mut body = level(2, false, &trace, "A3:54*20260909*U*71.53");
        body.extend(level(3, true, "0", NO));
        for (place, number) in sent.claims().iter().enumerate() {
            body.extend(claim(4 + place, number, "A3:0*20260909*U*71.53"));
        }
        let took = take(&app, &w.biller, told(&sent, 1, &body)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        tie(&app);
    }

    async fn a_copy_of_the_interchange_is_one_of_its_sets(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let nine = ack(&sent, 1, &[(0, 'R')]);
        let copy = ta1(&sent, 2, "R", "025");
        let start = copy.find("TA1*").unwrap();
        let end = start + copy[start..].find("IEA*").unwrap();
        let beside = nine.replacen("GS*", &format!("{}GS*", &copy[start..end]), 1);
        let took = take(&app, &w.biller, beside).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        tie(&app);
    }

    async fn a_torn_status_names_a_duplicate_too(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let torn = says(&sent, 1, false).replace("A7:562:85", "A7:54").replace("*U*", "*WQ*");
        let took = take(&app, &w.biller, torn + &says(&sent, 2, false)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
        tie(&app);
    }

    async fn a_duplicate_that_the_payer_named_is_remembered(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let of = |number, from, place: usize| status(&sent, number, from, &[(&numbers[place], false)]);
        let copy = |number, from, place| of(number, from, place).replace("A7:562:85", "A7:54");
        take(&app, &w.biller, copy(1, "PR", 0)).await;
        for (number, from) in [(2, "AY"), (3, "PR")] {
            let took = take(&app, &w.biller, of(number, from, 0)).await;
            assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
            assert!(took["reason"].as_str().unwrap().contains("contradicts"), "{took}");
        }
        // A clearinghouse knows of its own copies only.
        take(&app, &w.biller, copy(4, "AY", 1)).await;
        assert_eq!(take(&app, &w.biller, of(5, "PR", 1)).await["rejected"], 1);
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "rejected"]);
        tie(&app);
    }

    async fn a_duplicate_is_remembered_when_a_correction_comes_to_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let first = claim_of(&app, &w, &sent.batch).await;
        take(&app, &w.biller, says(&sent, 1, false).replace("A7:562:85", "A7:54")).await;
        ask(&app, &w, &first, "replace", &json!({})).await.expect(200);
        let built = world::id(&build(&app, &w).await.expect(201));
        assert_eq!(take(&app, &w.biller, says(&sent, 2, false)).await["rejected"], 0);
        move_batch(&app, &w, &built, "withdraw").await;
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"]);
        tie(&app);
    }

    async fn what_was_put_aside_is_looked_at_when_it_is_brought_in_again(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let file = says(&sent, 1, true);
        let number = &sent.claims()[0];
        let rename = |to: &str, from: &str| {
            app.database.execute(&format!("UPDATE claims SET number = '{to}' WHERE number = '{from}'"));
        };
        // As if the claim had not been known when the file first came.
        rename("P0OTHER00", number);
        let took = take(&app, &w.biller, file.clone()).await;
        assert_eq!(took["state"], "quarantined", "{took}");
        rename(number, "P0OTHER00");
        let again = upload(&app, &w.biller, file.clone()).await.expect(200);
        assert_eq!((&again["files"][0]["state"], &again["files"][0]["accepted"]), (&json!("applied"), &json!(1)), "{again}");
        let third = upload(&app, &w.biller, file).await.expect(200);
        assert_eq!(third["files"], again["files"]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 1);
        tie(&app);
    }
}
