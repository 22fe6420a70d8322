//! Whose an answer is: by the billing provider of a 277CA's level, and by the payee of an 835. What names
//! somebody else moves nothing, also where the number of a claim is ours (`docs/adr/0142-…`).

use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::as_meant::own;
use crate::billed_once::{SENT, build};
use crate::partner::{Sent, batch, move_batch, next_batch, remit, standing, take, tie};
use crate::responses_order::{claim, level, told};
use crate::world;

const YES: &str = "A1:19*20260909*WQ*71.53";
const NO: &str = "A3:21*20260909*U*71.53";
const TAKEN: &str = "A2:20:PR*20260909*WQ*71.53";
const REFUSED: &str = "A7:562:85*20260909*U*71.53";

/// Names of others, with what stands below their word.
const OTHERS: [&[&str]; 4] = [
    &["NM1*85*2*HILL-TOP*****XX*1245319599"],
    // The NPI decides.
    &["NM1*85*2*HILL-TOP*****XX*1245319599", "REF*TJ*911234567"],
    &["NM1*85*2*HILL-TOP*****FI*991234567"],
    &["NM1*85*2*HILL-TOP", "REF*TJ*99-1234567"],
];

/// Names of `river-bend`, and of nobody.
const OWN: [&[&str]; 6] = [
    &["NM1*85*2*RIVER-BEND*****XX*1234567893"],
    &["NM1*85*2*RIVER-BEND*****XX*1234567893", "REF*TJ*991234567"],
    &["NM1*85*2*RIVER-BEND*****FI*91-1234567"],
    &["NM1*85*2*RIVER-BEND", "REF*TJ*911234567"],
    &["NM1*85*2*RIVER-BEND"],
    &["NM1*85*2*RIVER-BEND*****SV*PRV9"],
];

/// A provider's level that is named so.
fn named(place: usize, provider: &[&str], says: &str) -> Vec<String> {
    let mut lines = level(place, true, "0", says);
    provider[0].clone_into(&mut lines[1]);
    lines.extend(provider[1..].iter().map(|more| (*more).to_owned()));
    lines
}

/// The receiver's level on the first set of a batch.
fn receiver(sent: &Sent, says: &str) -> Vec<String> {
    level(2, false, &format!("BATCH{:09}", sent.interchange), says)
}

/// A 277CA of the payer on claims below one provider.
fn below(sent: &Sent, number: u32, provider: &[&str], claims: &[String], says: &str) -> String {
    let mut body = [receiver(sent, YES), named(3, provider, YES)].concat();
    for (place, number) in (4..).zip(claims) {
        body.extend(claim(place, number, says));
    }
    told(sent, number, &body)
}

fn said(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM responses")
}

fn is_put_aside(took: &Value, why: &str) {
    assert_eq!(took["state"], "quarantined", "{took}");
    let reason = took["reason"].as_str().unwrap();
    assert!(reason.contains(why) && reason.contains("somebody else"), "{why}: {took}");
}

/// An 835 that names this payee.
fn paid_to(sent: &Sent, number: u32, payee: &[&str]) -> String {
    let plain = remit(sent, number);
    let usual = "N1*PE*river-bend peers*XX*1234567893~";
    assert!(plain.contains(usual));
    let file = plain.replace(usual, &(payee.join("~") + "~"));
    file.replace("SE*10*", &format!("SE*{}*", 9 + payee.len()))
}

on_both! {
    async fn what_stands_below_another_provider_moves_nothing(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let mut number = 0;
        for provider in OTHERS {
            for says in [TAKEN, REFUSED] {
                number += 1;
                let took = take(&app, &w.biller, below(&sent, number, provider, &numbers, says)).await;
                is_put_aside(&took, "2 of 2 claims in a 277CA stand below a billing provider");
            }
        }
        assert_eq!((standing(&app, &w, &sent).await, said(&app)), (vec!["delivered".to_owned(); 2], 0));
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn what_stands_below_us_or_below_nobody_counts(app: TestApp) {
        let (w, sent) = batch(&app, OWN.len(), SENT).await;
        for ((number, provider), claim) in (1..).zip(OWN).zip(sent.claims()) {
            let says = if number % 2 == 0 { REFUSED } else { TAKEN };
            let took = take(&app, &w.biller, below(&sent, number, provider, &[claim], says)).await;
            assert_eq!(took["state"], "applied", "{provider:?}: {took}");
        }
        let words: Vec<&str> = ["accepted", "rejected"].into_iter().cycle().take(OWN.len()).collect();
        assert_eq!(standing(&app, &w, &sent).await, words);
        tie(&app);
    }

    async fn an_answer_to_somebody_else_waits_for_no_release(app: TestApp) {
        let (w, sent) = batch(&app, 1, &[]).await;
        let took = take(&app, &w.biller, below(&sent, 1, OTHERS[0], &sent.claims(), REFUSED)).await;
        is_put_aside(&took, "stand below a billing provider");
        assert_eq!(took["waits_for"], Value::Null, "{took}");
        move_batch(&app, &w, &sent.batch, "release").await;
        assert_eq!(peerclaims::flow::acknowledge::turn(&app.ctx).await.unwrap(), 0);
        assert_eq!(standing(&app, &w, &sent).await, ["released"]);
    }

    async fn several_organizations_of_one_agent_each_take_their_own(app: TestApp) {
        let (w, ours) = batch(&app, 1, SENT).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        app.database.execute("UPDATE organizations SET npi = '1245319599' WHERE key = 'hill-top'");
        record(&app, &other, "H-1", "2026-07-03T16:00").await;
        record(&app, &other, "H-2", "2026-07-04T16:00").await;
        let theirs = next_batch(&app, &other, SENT).await;
        // The agent sends under one id; of a pair one number stands for one interchange.
        app.database.execute(&format!(
            "UPDATE batches SET sender_id = '{0}', interchange_control = interchange_control + 1000 \
             WHERE sender_id <> '{0}'",
            ours.sender
        ));
        let (own, foreign) = (ours.claims(), theirs.claims());
        assert_eq!(foreign.len(), 2);
        // One of their claims stands below our name.
        let body = [
            receiver(&ours, YES),
            named(3, OWN[0], YES),
            claim(4, &own[0], TAKEN),
            claim(5, &foreign[0], REFUSED),
            named(6, OTHERS[0], YES),
            claim(7, &foreign[1], REFUSED),
        ];
        let file = told(&ours, 1, &body.concat());
        let took = take(&app, &w.biller, file.clone()).await;
        assert_eq!((&took["state"], &took["accepted"], &took["rejected"]), (&json!("partly"), &json!(1), &json!(0)), "{took}");
        assert!(took["reason"].as_str().unwrap().starts_with("2 of 3 claims in a 277CA are not known here"), "{took}");
        assert_eq!(standing(&app, &other, &theirs).await, ["delivered"; 2]);
        let took = take(&app, &other.biller, file).await;
        assert_eq!((&took["state"], &took["accepted"], &took["rejected"]), (&json!("partly"), &json!(0), &json!(1)), "{took}");
        let reason = took["reason"].as_str().unwrap();
        assert!(reason.contains("1 of 3 claims in a 277CA stand below a billing provider"), "{took}");
        assert!(!reason.contains("river"), "{took}");
        assert_eq!(standing(&app, &other, &theirs).await, ["delivered", "rejected"]);
        assert_eq!(standing(&app, &w, &ours).await, ["accepted"]);
        tie(&app);
    }

    async fn a_level_that_names_another_provider_frees_no_set(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let mut number = 0;
        for body in [
            // Of the provider alone, of the receiver with it, and of the receiver with both.
            [receiver(&sent, YES), named(3, OTHERS[0], NO), vec![]],
            [receiver(&sent, NO), named(3, OTHERS[2], NO), vec![]],
            [receiver(&sent, NO), named(3, OWN[0], NO), named(4, OTHERS[3], NO)],
        ] {
            number += 1;
            let took = take(&app, &w.biller, told(&sent, number, &body.concat())).await;
            let reason = took["reason"].as_str().unwrap();
            assert_eq!(reason.matches("under whose number it was not billed").count(), 1, "{took}");
            assert_eq!((&took["accepted"], &took["rejected"]), (&json!(0), &json!(0)), "{took}");
        }
        assert_eq!(standing(&app, &w, &sent).await, ["delivered"; 2]);
        build(&app, &w).await.problem(409, "nothing_ready");
        // With our own name below it, the receiver's level means our set.
        let body = [receiver(&sent, NO), named(3, OWN[3], NO)].concat();
        let took = take(&app, &w.biller, told(&sent, 9, &body)).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(2)), "{took}");
        tie(&app);
    }

    async fn who_bills_without_an_npi_is_known_by_its_own_numbers(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let knobs = "billing_id = \"payer_number\"\nbilling_numbers = [{ kind = \"G2\", number = \"PRV11\" }]";
        own(&app, &w.admin, "river-bend", "RIVERBEND01", knobs).await;
        for day in 1..=3 {
            record(&app, &w, &format!("V-{day}"), &format!("2026-07-{day:02}T16:00")).await;
        }
        let sent = next_batch(&app, &w, SENT).await;
        let file = app.get(&format!("/v1/batches/{}/837p", sent.batch), &w.biller).await.body;
        assert!(file.contains("REF*G2*PRV11~") && !file.contains("*XX*1234567893~"), "{file}");
        let numbers = sent.claims();
        for (number, provider) in (1..).zip(OTHERS) {
            let took = take(&app, &w.biller, below(&sent, number, provider, &numbers, REFUSED)).await;
            is_put_aside(&took, "3 of 3 claims in a 277CA stand below a billing provider");
        }
        // The payer may know its NPI, or call it by its tax id.
        for ((number, provider), claim) in (11..).zip([OWN[0], OWN[2], OWN[3]]).zip(&numbers) {
            let one = std::slice::from_ref(claim);
            let took = take(&app, &w.biller, below(&sent, number, provider, one, TAKEN)).await;
            assert_eq!((&took["state"], &took["accepted"]), (&json!("applied"), &json!(1)), "{took}");
        }
        tie(&app);
    }

    async fn a_payment_is_for_the_payee_whose_npi_or_tax_id_it_names(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let (ours, other) = ("N1*PE*river-bend peers*XX*1234567893", "N1*PE*hill-top*XX*1245319599");
        let bare = "N1*PE*river-bend peers";
        let (tax_id, foreign) = ("REF*TJ*911234567", "REF*TJ*991234567");
        let cases: [(&[&str], &str, &str); 12] = [
            (&[ours, tax_id], "kept", "not posted"),
            (&["N1*PE*river-bend peers*FI*91-1234567"], "kept", "not posted"),
            (&["N1*PE*river-bend peers*FI*911234567", foreign], "kept", "not posted"),
            (&[bare, "REF*TJ*91-1234567"], "kept", "not posted"),
            // A number of the payer's own says nothing.
            (&["N1*PE*river-bend peers*ZZ*PRV9", tax_id], "kept", "not posted"),
            (&["N1*PE*river-bend peers*ZZ*PRV9"], "quarantined", "pays somebody else"),
            (&["N1*PE*hill-top*FI*991234567"], "quarantined", "pays somebody else"),
            (&["N1*PE*hill-top*FI*991234567", tax_id], "quarantined", "pays somebody else"),
            (&[bare, foreign], "quarantined", "pays somebody else"),
            // The NPI decides, and the contradiction is told.
            (&[ours, foreign], "partly", "1 payments name this organization by its NPI"),
            (&[other, foreign], "quarantined", "pays somebody else"),
            (&[other, tax_id], "quarantined", "Others may have the same tax id"),
        ];
        for (number, (payee, state, why)) in (1..).zip(cases) {
            let took = take(&app, &w.biller, paid_to(&sent, number, payee)).await;
            assert_eq!(took["state"], state, "{payee:?}: {took}");
            assert!(took["reason"].as_str().unwrap().contains(why), "{payee:?}: {took}");
        }
    }

    async fn a_payee_that_is_named_by_tax_id_is_shown_and_needs_no_receiver(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let file = paid_to(&sent, 1, &["N1*PE*river-bend peers", "REF*TJ*911234567"]);
        let away = file.replace(&format!("*ZZ*{:<15}*260909", sent.sender), "*ZZ*HOUSE          *260909");
        assert_ne!(file, away);
        let took = take(&app, &w.biller, away).await;
        assert_eq!(took["state"], "kept", "{took}");
        let seen = app.get(&format!("/v1/files/{}", world::id(&took)), &w.biller).await.expect(200);
        assert_eq!(seen["payments"][0]["payee_id"], "911234567", "{seen}");
    }
}
