//! Answers that speak of several batches and claims at once: each is weighed by what was said of it
//! before, and by nothing that was said of others.

use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::billed_once::{SENT, ask, build, says};
use crate::partner::{Sent, ack, batch, move_batch, next_batch, standing, status, take, tie};
use crate::world::{self, World, id};

async fn acknowledgment(app: &TestApp, w: &World, sent: &Sent) -> Value {
    app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200)["acknowledgment"]
        .clone()
}

on_both! {
    async fn each_batch_of_a_file_is_weighed_by_what_was_said_of_it(app: TestApp) {
        let (w, one) = batch(&app, 1, SENT).await;
        record(&app, &w, "V-8", "2026-07-08T16:00").await;
        let two = next_batch(&app, &w, SENT).await;
        record(&app, &w, "V-9", "2026-07-09T16:00").await;
        let three = next_batch(&app, &w, SENT).await;
        // The payer has received the first, and called the second a copy.
        take(&app, &w.biller, says(&one, 1, true).replace("A2:20", "A1:19")).await;
        take(&app, &w.biller, says(&two, 2, false).replace("A7:562:85", "A7:54")).await;
        let acks: String = [(&three, 3), (&one, 4), (&two, 5)].map(|(sent, n)| ack(sent, n, &[(0, 'R')])).concat();
        let took = take(&app, &w.biller, acks).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(1)), "{took}");
        assert!(took["reason"].as_str().unwrap().starts_with("2 answers say otherwise"), "{took}");
        for (sent, stands, answered) in [
            (&one, "accepted", Value::Null),
            (&two, "delivered", Value::Null),
            (&three, "rejected", json!("rejected")),
        ] {
            assert_eq!(standing(&app, &w, sent).await, [stands]);
            assert_eq!(acknowledgment(&app, &w, sent).await, answered);
        }
        // And claim by claim in one file.
        let all: Vec<String> = [&one, &two, &three].into_iter().flat_map(Sent::claims).collect();
        let charges = [&one, &two, &three].into_iter().flat_map(|s| s.charges.clone()).collect();
        let whole = Sent { charges, ..one.clone() };
        let said: Vec<(&str, bool)> = all.iter().map(|claim| (claim.as_str(), false)).collect();
        let took = take(&app, &w.biller, status(&whole, 6, "PR", &said)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(1)), "{took}");
        for (sent, stands) in [(&one, "rejected"), (&two, "delivered"), (&three, "rejected")] {
            assert_eq!(standing(&app, &w, sent).await, [stands]);
        }
        tie(&app);
    }

    async fn each_claim_catches_up_with_what_was_said_of_it(app: TestApp) {
        let (w, sent) = batch(&app, 4, SENT).await;
        let numbers = sent.claims();
        let word = |number, place: usize, yes| status(&sent, number, "PR", &[(&numbers[place], yes)]);
        // The payer adjudicates the last one.
        take(&app, &w.biller, word(1, 3, true)).await;
        let claims = world::all(&app, &format!("/v1/claims?batch={}", sent.batch), &w.biller).await;
        for claim in &claims {
            ask(&app, &w, claim, "replace", &json!({})).await.expect(200);
        }
        let built = id(&build(&app, &w).await.expect(201));
        // Rejected meanwhile: one for good, one as a copy, one against the payer's own word.
        for (number, place, code) in [(2, 0, "A7:562:85"), (3, 1, "A7:54"), (4, 3, "A7:562:85")] {
            let file = word(number, place, false).replace("A7:562:85", code);
            let took = take(&app, &w.biller, file).await;
            assert_eq!(took["rejected"], 0, "{took}");
        }
        assert_eq!(standing(&app, &w, &sent).await, ["delivered", "delivered", "delivered", "accepted"]);
        move_batch(&app, &w, &built, "withdraw").await;
        assert_eq!(standing(&app, &w, &sent).await, ["rejected", "delivered", "delivered", "accepted"]);
        tie(&app);
    }
}
