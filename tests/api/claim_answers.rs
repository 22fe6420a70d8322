//! What a clearinghouse and the payer say of replacements and voids, in files as they come: which
//! claim counts afterwards, where lines, visits and units are, and what a person is asked to do.

use serde_json::{Value, json};

use crate::again::{record, record_by, seen};
use crate::app::{TestApp, on_both};
use crate::claim_changes::{billed, build, claim, drawn, of_batch, patch, picture, step, tied};
use crate::partner::{Sent, ack, fetch, move_batch, status, take, tie, upload};
use crate::world::{self, World, id, rules};

/// The batch of a claim as its receiver sees it.
async fn sent(app: &TestApp, w: &World, of: &Value) -> Sent {
    fetch(app, of["batch"].as_str().unwrap(), &w.biller).await
}

fn number(of: &Value) -> &str {
    of["number"].as_str().unwrap()
}

/// Bills what is ready, and the payer takes it: from then on its number is known.
async fn taken(app: &TestApp, w: &World, answer: u32) -> Value {
    let first = billed(app, w).await;
    let batch = sent(app, w, &first).await;
    move_batch(app, w, &batch.batch, "delivered").await;
    let took = take(app, &w.biller, status(&batch, answer, "PR", &[(number(&first), true)])).await;
    assert_eq!(took["accepted"], 1, "{took}");
    claim(app, w, &id(&first)).await
}

/// Bills what is ready, and the payer has received it, under a number of its own (A1).
async fn received(app: &TestApp, w: &World, answer: u32) -> Value {
    let first = billed(app, w).await;
    let batch = sent(app, w, &first).await;
    move_batch(app, w, &batch.batch, "delivered").await;
    let says = status(&batch, answer, "PR", &[(number(&first), true)]).replace("A2:20", "A1:19");
    assert_eq!(take(app, &w.biller, says).await["accepted"], 1);
    claim(app, w, &id(&first)).await
}

/// Asks for a correction without a number: the payer has told it.
async fn ask_again(app: &TestApp, w: &World, of: &Value, what: &str, more: &Value) -> Value {
    let mut body = json!({"reason": "a word of the biller"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post(&format!("/v1/claims/{}/{what}", id(of)), &w.biller, &body).await.expect(200)
}

/// Builds, releases and delivers the correction; gives its claim and batch.
async fn out(app: &TestApp, w: &World) -> (Value, Sent) {
    let batch = build(app, w).await.expect(201);
    let made = of_batch(app, w, &batch).await;
    step(app, w, &batch, "release").await.expect(200);
    move_batch(app, w, &id(&batch), "delivered").await;
    app.settle().await;
    crate::edi::fetch(app, &id(&batch), &w.biller).await;
    (made, fetch(app, &id(&batch), &w.biller).await)
}

async fn states<const N: usize>(app: &TestApp, w: &World, of: [&Value; N]) -> [String; N] {
    let mut all = [const { String::new() }; N];
    for (place, one) in of.into_iter().enumerate() {
        claim(app, w, &id(one)).await["status"].as_str().unwrap().clone_into(&mut all[place]);
    }
    all
}

/// Kind and stage of the tasks, with what they are about and the money.
async fn tasks(app: &TestApp, w: &World) -> Vec<String> {
    let list = world::all(app, "/v1/tasks", &w.biller).await;
    let text = |t: &Value, field: &str| t[field].as_str().unwrap_or("-").to_owned();
    let mut all: Vec<String> = list
        .iter()
        .map(|t| {
            let (kind, stage, owner) = (text(t, "kind"), text(t, "stage"), text(t, "owner"));
            format!("{kind} {stage} {owner} {} {}", text(t, "due"), text(t, "money"))
        })
        .collect();
    all.sort();
    all
}

/// One visit of the first member on 1 July, billed and taken by the payer; and a correction of it
/// to an hour and a half, on its way to the payer.
async fn replaced(app: &TestApp) -> (World, Value, Vec<Value>, Value, Sent) {
    let w = world::river_bend(app, 1).await;
    record(app, &w, "V-1", "2026-07-01T16:00").await;
    let first = taken(app, &w, 1).await;
    ask_again(app, &w, &first, "replace", &json!({})).await;
    patch(app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
    let before = picture(app, &w, &["V-1"]).await;
    let (second, batch) = out(app, &w).await;
    assert_eq!((drawn(app), &second["units"]), (6, &json!(6)));
    tie(app);
    (w, first, before, second, batch)
}

/// One visit, billed and taken; and a void of it on its way.
async fn voided(app: &TestApp, more: &Value) -> (World, Value, Vec<Value>, Value, Sent) {
    let w = world::river_bend(app, 1).await;
    record(app, &w, "V-1", "2026-07-01T16:00").await;
    let first = taken(app, &w, 1).await;
    ask_again(app, &w, &first, "void", more).await;
    let before = picture(app, &w, &["V-1"]).await;
    let (void, batch) = out(app, &w).await;
    tie(app);
    (w, first, before, void, batch)
}

on_both! {
    async fn a_replacement_counts_once_the_payer_itself_has_taken_it(app: TestApp) {
        let (w, first, _, second, batch) = replaced(&app).await;
        // A clearinghouse first, even before the 999: the claim goes on, and the first one stands.
        let house = status(&batch, 2, "AY", &[(number(&second), true)]);
        assert_eq!(take(&app, &w.biller, house.clone()).await["accepted"], 1);
        assert_eq!(states(&app, &w, [&first, &second]).await, ["accepted", "accepted"]);
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["state"], "built");
        let took = take(&app, &w.biller, ack(&batch, 3, &[(0, 'A')])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(0)));
        assert_eq!(states(&app, &w, [&first, &second]).await, ["accepted", "accepted"]);
        tie(&app);
        // For somebody else it says nothing.
        let payer = status(&batch, 4, "PR", &[(number(&second), true)]);
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        assert_eq!(take(&app, &other.biller, payer.clone()).await["state"], "quarantined");
        assert_eq!(claim(&app, &w, &id(&first)).await["change"]["state"], "built");
        let took = take(&app, &w.biller, payer.clone()).await;
        assert_eq!((&took["state"], &took["accepted"]), (&json!("applied"), &json!(0)), "it was accepted before: {took}");
        assert_eq!(states(&app, &w, [&first, &second]).await, ["replaced", "accepted"]);
        let now = claim(&app, &w, &id(&second)).await;
        assert_eq!(now["payer_control"]["latest"], format!("ICN{}", number(&second)));
        assert_eq!((drawn(&app), tied(&app, &w).await[0].clone()), (6, second["charge"].clone()));
        tie(&app);
        // The same file, and the same word in another file, change nothing.
        upload(&app, &w.biller, payer.clone()).await.expect(200);
        for (number_of, from) in [(5, "PR"), (6, "AY")] {
            let again = status(&batch, number_of, from, &[(number(&second), true)]);
            assert_eq!(take(&app, &w.biller, again).await["state"], "applied");
        }
        // A rejection of the clearinghouse behind the payer's word does not count.
        take(&app, &w.biller, status(&batch, 7, "AY", &[(number(&second), false)])).await;
        assert_eq!(states(&app, &w, [&first, &second]).await, ["replaced", "accepted"]);
        // What the payer says of the first claim now contradicts: a person asks.
        let old = sent(&app, &w, &first).await;
        let late = take(&app, &w.biller, status(&old, 8, "PR", &[(number(&first), false)])).await;
        assert_eq!(late["state"], "partly", "{late}");
        assert_eq!(states(&app, &w, [&first, &second]).await, ["replaced", "accepted"]);
        tie(&app);
    }

    async fn a_replacement_that_the_payer_rejects_leaves_all_as_it_was_and_a_task(app: TestApp) {
        let (w, first, before, second, batch) = replaced(&app).await;
        take(&app, &w.biller, status(&batch, 2, "AY", &[(number(&second), true)])).await;
        let took = take(&app, &w.biller, status(&batch, 3, "PR", &[(number(&second), false)])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(1)), "{took}");
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &second]).await, ["accepted", "rejected"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        tie(&app);
        // The visit would still be billed otherwise, and the rejected correction is to be worked.
        let money = (first["expected"].as_str().unwrap(), second["expected"].as_str().unwrap());
        let visit = format!("correction - biller 2026-10-04 {}", money.0);
        let rejected = format!("rejection correction biller 2026-10-04 {}", money.1);
        assert_eq!(tasks(&app, &w).await, [visit.clone(), rejected.clone()]);
        let list = world::all(&app, "/v1/tasks?kind=rejection", &w.biller).await;
        assert_eq!((list.len(), &list[0]["subject"], &list[0]["claim"]), (1, &second["id"], &second["id"]));
        let linked = app.get(list[0]["link"].as_str().unwrap(), &w.biller).await.expect(200);
        assert_eq!((&linked["corrects"], &linked["responses"][1]["effect"]), (&first["id"], &json!("rejected")));
        // A late acceptance contradicts; nothing moves.
        let late = take(&app, &w.biller, status(&batch, 4, "PR", &[(number(&second), true)])).await;
        assert_eq!(late["state"], "partly", "{late}");
        assert_eq!(states(&app, &w, [&first, &second]).await, ["accepted", "rejected"]);
        // Asked for again, the task is that one; taken back, the claim is as before and no task is left of it.
        ask_again(&app, &w, &first, "replace", &json!({})).await;
        let prepared = format!("correction prepared biller 2026-10-04 {}", money.0);
        let answer = format!("answer contradicts payer 2026-10-04 {}", money.1);
        assert_eq!(tasks(&app, &w).await, [answer.clone(), visit.clone(), prepared]);
        let (third, batch) = out(&app, &w).await;
        assert_eq!(tasks(&app, &w).await, std::slice::from_ref(&answer));
        // The 999 rejects the set: as before.
        take(&app, &w.biller, ack(&batch, 5, &[(0, 'R')])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &third]).await, ["accepted", "rejected"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        assert_eq!(tasks(&app, &w).await, [answer.clone(), visit.clone(), rejected]);
        let keep = format!("/v1/claims/{}/keep", id(&first));
        app.act(&keep, &w.biller).await.expect(200);
        assert_eq!(tasks(&app, &w).await, [answer, visit]);
        app.act(&keep, &w.biller).await.problem(409, "wrong_status");
        tie(&app);
    }

    async fn a_clearinghouse_rejects_and_the_payer_takes_back_its_word(app: TestApp) {
        let (w, first, before, second, batch) = replaced(&app).await;
        take(&app, &w.biller, status(&batch, 2, "AY", &[(number(&second), false)])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &second]).await, ["accepted", "rejected"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        tie(&app);
        ask_again(&app, &w, &first, "replace", &json!({})).await;
        let (third, batch) = out(&app, &w).await;
        take(&app, &w.biller, status(&batch, 3, "PR", &[(number(&third), true)])).await;
        assert_eq!(states(&app, &w, [&first, &third]).await, ["replaced", "accepted"]);
        // While the replacement is itself corrected, its rejection contradicts.
        ask_again(&app, &w, &third, "replace", &json!({})).await;
        let (fourth, last) = out(&app, &w).await;
        let took = take(&app, &w.biller, status(&batch, 4, "PR", &[(number(&third), false)])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        tie(&app);
        take(&app, &w.biller, status(&last, 5, "PR", &[(number(&fourth), false)])).await;
        app.settle().await;
        // Nothing corrects it any more: what the payer said of it counts, and the first claim stands.
        assert_eq!(states(&app, &w, [&first, &third, &fourth]).await, ["accepted", "rejected", "rejected"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        tie(&app);
        let took = take(&app, &w.biller, status(&batch, 6, "PR", &[(number(&third), false)])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("applied"), &json!(0)), "{took}");
        tie(&app);
    }

    async fn a_void_that_the_payer_takes_frees_units_and_visits(app: TestApp) {
        let (w, first, before, void, batch) = voided(&app, &json!({})).await;
        take(&app, &w.biller, status(&batch, 2, "AY", &[(number(&void), true)])).await;
        take(&app, &w.biller, ack(&batch, 3, &[(0, 'A')])).await;
        assert_eq!(states(&app, &w, [&first, &void]).await, ["accepted", "accepted"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before, "until the payer has taken it");
        tie(&app);
        take(&app, &w.biller, status(&batch, 4, "PR", &[(number(&void), true)])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &void]).await, ["voided", "closed"]);
        assert_eq!((seen(&app, &w, "V-1").await["status"].clone(), drawn(&app)), (json!("void"), 0));
        assert_eq!(tied(&app, &w).await[0], "0.00");
        tie(&app);
        // Said twice, it stays; taken back, a person asks.
        take(&app, &w.biller, status(&batch, 5, "PR", &[(number(&void), true)])).await;
        let took = take(&app, &w.biller, status(&batch, 6, "PR", &[(number(&void), false)])).await;
        assert_eq!((&took["state"], &took["rejected"]), (&json!("partly"), &json!(0)), "{took}");
        assert_eq!(states(&app, &w, [&first, &void]).await, ["voided", "closed"]);
        let due = format!("answer contradicts payer 2026-10-04 {}", void["expected"].as_str().unwrap());
        assert_eq!(tasks(&app, &w).await, [due]);
        tie(&app);
        // The free time and units are taken by another visit.
        let again = record(&app, &w, "V-2", "2026-07-01T16:00").await;
        assert_eq!(again["disposition"], "ready", "{again}");
    }

    async fn a_rejected_void_leaves_the_claim_and_visits_billed_again_go_out_once(app: TestApp) {
        let (w, first, before, void, batch) = voided(&app, &json!({"visits": "bill_again"})).await;
        take(&app, &w.biller, status(&batch, 2, "AY", &[(number(&void), true)])).await;
        take(&app, &w.biller, status(&batch, 3, "PR", &[(number(&void), false)])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &void]).await, ["accepted", "rejected"]);
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        assert_eq!(tasks(&app, &w).await, [format!("rejection correction biller 2026-10-04 {}", void["expected"].as_str().unwrap())]);
        tie(&app);
        build(&app, &w).await.problem(409, "nothing_ready");
        // A rejection of the set by the 999 is the same.
        ask_again(&app, &w, &first, "void", &json!({"visits": "bill_again"})).await;
        let (_, batch) = out(&app, &w).await;
        take(&app, &w.biller, ack(&batch, 4, &[(0, 'R')])).await;
        app.settle().await;
        assert_eq!(picture(&app, &w, &["V-1"]).await, before);
        tie(&app);
        ask_again(&app, &w, &first, "void", &json!({"visits": "bill_again"})).await;
        let (third, batch) = out(&app, &w).await;
        take(&app, &w.biller, status(&batch, 5, "PR", &[(number(&third), true)])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &third]).await, ["voided", "closed"]);
        assert_eq!((seen(&app, &w, "V-1").await["status"].clone(), drawn(&app)), (json!("ready"), 4000));
        tie(&app);
        let anew = billed(&app, &w).await;
        assert_eq!((&anew["frequency"], anew["number"] == first["number"]), (&json!("original"), false));
        assert_eq!(tied(&app, &w).await[0], anew["charge"]);
        tie(&app);
    }

    async fn what_waited_joins_the_replacement_and_goes_out_with_it(app: TestApp) {
        let week = ("rollup = \"day\"", "rollup = \"day\"\nperiod = \"week\"");
        let w = world::river_bend_with(&app, 1, &[week]).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = taken(&app, &w, 1).await;
        let late = record_by(&app, &w, "V-2", 0, "2026-07-02T16:00").await;
        assert_eq!((rules(&late), &late["disposition"]), (vec!["period.claimed".to_owned()], &json!("held")));
        ask_again(&app, &w, &first, "replace", &json!({})).await;
        let before = picture(&app, &w, &["V-1", "V-2"]).await;
        let (second, batch) = out(&app, &w).await;
        assert_eq!((&second["units"], drawn(&app)), (&json!(8), 8));
        assert_eq!(seen(&app, &w, "V-2").await["status"], "submitted");
        // Rejected, it waits again, held for the same reason.
        take(&app, &w.biller, status(&batch, 2, "PR", &[(number(&second), false)])).await;
        app.settle().await;
        let waits = seen(&app, &w, "V-2").await;
        assert_eq!((&waits["status"], rules(&waits)), (&json!("held"), vec!["period.claimed".to_owned()]));
        let mut now = picture(&app, &w, &["V-1", "V-2"]).await;
        now[2]["decision"] = before[2]["decision"].clone();
        assert_eq!(now, before);
        tie(&app);
        ask_again(&app, &w, &first, "replace", &json!({})).await;
        let (third, batch) = out(&app, &w).await;
        take(&app, &w.biller, status(&batch, 3, "PR", &[(number(&third), true)])).await;
        app.settle().await;
        assert_eq!(states(&app, &w, [&first, &third]).await, ["replaced", "accepted"]);
        assert_eq!((seen(&app, &w, "V-2").await["status"].clone(), drawn(&app)), (json!("submitted"), 8));
        assert_eq!(tied(&app, &w).await[0], third["charge"]);
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }

    async fn a_claim_that_is_rejected_while_its_correction_is_prepared(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = received(&app, &w, 1).await;
        ask_again(&app, &w, &first, "replace", &json!({})).await;
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        let left = format!("/v1/encounters/{}/void", id(&seen(&app, &w, "V-2").await));
        app.post(&left, &w.biller, &json!({"reason": "did not take place"})).await.expect(200);
        // The payer refuses the claim after all: what was corrected counts for the next one.
        let batch = sent(&app, &w, &first).await;
        let took = take(&app, &w.biller, status(&batch, 2, "PR", &[(number(&first), false)])).await;
        assert_eq!(took["rejected"], 1, "{took}");
        app.settle().await;
        assert_eq!(claim(&app, &w, &id(&first)).await["change"], Value::Null);
        assert_eq!((seen(&app, &w, "V-1").await["status"].clone(), seen(&app, &w, "V-2").await["status"].clone()), (json!("ready"), json!("void")));
        assert_eq!(drawn(&app), 6000);
        tie(&app);
        let second = received(&app, &w, 3).await;
        assert_eq!((&second["units"], &second["frequency"]), (&json!(6), &json!("original")));
        tie(&app);
        // And so when it was to be voided with its visits.
        ask_again(&app, &w, &second, "void", &json!({})).await;
        let batch = sent(&app, &w, &second).await;
        take(&app, &w.biller, status(&batch, 4, "PR", &[(number(&second), false)])).await;
        app.settle().await;
        assert_eq!((seen(&app, &w, "V-1").await["status"].clone(), drawn(&app)), (json!("void"), 0));
        build(&app, &w).await.problem(409, "nothing_ready");
        tie(&app);
    }
}
