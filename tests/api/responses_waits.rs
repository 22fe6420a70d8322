//! Files that wait, that come again, and that hold too much.

use serde_json::json;

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::billed_once::SENT;
use crate::partner::{
    Sent, ack, batch, move_batch, next_batch, remit, standing, status, ta1, take, tie, upload,
};
use crate::world::{self, id};

/// A file about the first claim of each of two batches.
fn about(one: &Sent, two: &Sent, number: u32, accepted: bool) -> String {
    let charges = one.charges.iter().chain(&two.charges).map(|(k, v)| (k.clone(), *v)).collect();
    let both = Sent { charges, ..one.clone() };
    let words = [(one.claims()[0].clone(), accepted), (two.claims()[0].clone(), accepted)];
    let words: Vec<(&str, bool)> = words.iter().map(|(c, yes)| (c.as_str(), *yes)).collect();
    status(&both, number, "PR", &words)
}

on_both! {
    async fn each_batch_that_is_released_is_answered_whatever_the_others_wait_for(app: TestApp) {
        for first in [0, 1] {
            let app = crate::billed_once::fresh(&app).await;
            let (w, third) = batch(&app, 1, &[]).await;
            record(&app, &w, "V-9", "2026-07-09T16:00").await;
            let fourth = next_batch(&app, &w, &[]).await;
            let took = take(&app, &w.biller, about(&third, &fourth, 1, true)).await;
            assert_eq!(took["state"], "waiting", "{took}");
            assert!(took["reason"].as_str().unwrap().contains("and 1 more"), "{took}");
            let turn = || peerclaims::flow::acknowledge::turn(&app.ctx);
            assert_eq!(turn().await.unwrap(), 0);
            let order = if first == 0 { [&third, &fourth] } else { [&fourth, &third] };
            move_batch(&app, &w, &order[0].batch, "release").await;
            turn().await.unwrap();
            assert_eq!(standing(&app, &w, order[0]).await, ["accepted"]);
            assert_eq!(standing(&app, &w, order[1]).await, ["batched"]);
            let seen = app.get(&format!("/v1/files/{}", id(&took)), &w.biller).await.expect(200);
            assert_eq!((&seen["state"], &seen["waits_for"], &seen["accepted"]), (&json!("waiting"), &json!(order[1].batch), &json!(1)), "{seen}");
            // Nothing is due any more, and nothing is done twice.
            assert_eq!(turn().await.unwrap(), 0);
            assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 1);
            let last = if first == 0 { "withdraw" } else { "release" };
            move_batch(&app, &w, &order[1].batch, last).await;
            assert_eq!(turn().await.unwrap(), 1);
            let seen = app.get(&format!("/v1/files/{}", id(&took)), &w.biller).await.expect(200);
            let (state, accepted) = if first == 0 { ("partly", 1) } else { ("applied", 2) };
            assert_eq!((&seen["state"], &seen["accepted"]), (&json!(state), &json!(accepted)), "{seen}");
            assert_eq!(app.database.number("SELECT COUNT(*) FROM received_waits"), 0);
            tie(&app);
        }
    }

    async fn a_file_with_a_payment_is_looked_at_anew_whatever_else_it_holds(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let pays = remit(&sent, 1).replace("XX*1234567893", "XX*1245319599");
        let file = ack(&sent, 2, &[(0, 'A')]) + &pays;
        let took = take(&app, &w.biller, file.clone()).await;
        assert_eq!((&took["kind"], &took["state"]), (&json!("several"), &json!("quarantined")), "{took}");
        assert!(took["reason"].as_str().unwrap().contains("add it to a location"), "{took}");
        let trail = || app.database.number("SELECT COUNT(*) FROM audit_entries");
        let before = trail();
        let again = upload(&app, &w.biller, file.clone()).await.expect(200);
        assert_eq!((&again["files"][0], trail()), (&took, before), "nothing changed, nothing is noted");
        app.database.execute("UPDATE locations SET npi = '1245319599'");
        let again = upload(&app, &w.biller, file.clone()).await.expect(200);
        assert_eq!(again["files"][0]["state"], "applied", "{again}");
        let seen = app.get(&format!("/v1/batches/{}", sent.batch), &w.biller).await.expect(200);
        assert_eq!(seen["acknowledgment"], "accepted", "{seen}");
        // From then on it is as any other.
        let third = upload(&app, &w.biller, file).await.expect(200);
        assert_eq!(third["files"], again["files"]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM responses"), 1);
    }

    async fn a_reason_that_cannot_be_read_is_told_as_it_is_told_today(app: TestApp) {
        let (w, _) = batch(&app, 1, SENT).await;
        let took = take(&app, &w.biller, "%PDF-1.7 your claims were rejected").await;
        app.database.execute("UPDATE received_files SET reason = 'words of long ago'");
        let again = upload(&app, &w.biller, "%PDF-1.7 your claims were rejected").await.expect(200);
        assert_eq!(again["files"][0], took);
    }

    async fn a_payment_without_a_payee_is_nobodys_where_several_send_under_the_id(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let bare = |number: u32| remit(&sent, number).replace("*XX*1234567893", "");
        assert_eq!(take(&app, &w.biller, bare(1)).await["state"], "kept");
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        record(&app, &other, "H-1", "2026-07-03T16:00").await;
        next_batch(&app, &other, &[]).await;
        // Under a number of its own: one of a pair stands for one interchange.
        app.database.execute(&format!(
            "UPDATE batches SET sender_id = '{0}', interchange_control = interchange_control + 1000 \
             WHERE sender_id <> '{0}'",
            sent.sender
        ));
        for key in [&w.biller, &other.biller] {
            let took = take(&app, key, bare(2)).await;
            assert_eq!(took["state"], "quarantined", "{took}");
            let reason = took["reason"].as_str().unwrap();
            assert!(reason.contains("more than one organization") && !reason.contains("hill"), "{took}");
        }
        assert_eq!(take(&app, &w.biller, remit(&sent, 3)).await["state"], "kept");
    }

    async fn a_file_of_ten_thousand_interchanges_and_one_is_put_aside(app: TestApp) {
        let (w, sent) = batch(&app, 1, SENT).await;
        let one = ta1(&sent, 1, "A", "000");
        let isa = one.split_once("TA1*").unwrap().0;
        let hollow = |number: u32| {
            let isa = isa.replace("000000001", &format!("{number:09}"));
            format!("{}IEA*0*{number:09}~\n", isa.trim_end_matches('\n').to_owned() + "\n")
        };
        let many: String = (2..=10_001).map(hollow).collect();
        let took = take(&app, &w.biller, one.clone() + &many).await;
        assert_eq!(took["state"], "quarantined", "{took}");
        assert!(took["reason"].as_str().unwrap().contains("more than 10000 interchanges"), "{took}");
        let count = || app.database.number("SELECT COUNT(*) FROM received_interchanges");
        assert_eq!(count(), 0);
        // Of those that say nothing none is remembered.
        let some: String = (2..=50).map(hollow).collect();
        assert_eq!(take(&app, &w.biller, one.clone() + &some).await["state"], "applied");
        assert_eq!(count(), 1);
        let copy = take(&app, &w.biller, (one + &some).replace('\n', "\r\n")).await;
        assert!(copy["reason"].as_str().unwrap().contains("applied before"), "{copy}");
        let sets = ack(&sent, 60, &[(0, 'A')]);
        let (head, rest) = sets.split_once("ST*999").unwrap();
        let (_, tail) = rest.split_once("GE*1*").unwrap();
        let set = |n: u32| format!("ST*999*{n:04}*005010X231A1~AK1*HC*1~AK9*A*1*1*1~SE*4*{n:04}~\n");
        let many: String = (1..=50_001).map(set).collect();
        let took = take(&app, &w.biller, format!("{head}{many}GE*50001*{tail}")).await;
        assert!(took["reason"].as_str().unwrap().contains("more than 50000 sets"), "{took}");
        tie(&app);
    }
}
