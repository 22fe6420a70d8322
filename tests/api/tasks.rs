//! Tasks are there exactly as long as their cause.

use chrono::NaiveDate;
use peerclaims::flow::Scope;
use peerclaims::flow::access;
use peerclaims::flow::tasks::{self, Filter, Task};
use peerclaims::store::{Conn, StoreError};
use serde_json::{Value, json};

use crate::again::grant;
use crate::app::{TestApp, on_both};
use crate::given_way::{GRANTED, record};
use crate::partner::{ack, batch, next_batch, status, take};
use crate::world::{self, World, visit};

const SENT: &[&str] = &["release", "delivered"];

/// Kind, stage, owner, due day and money of each task as they stand on a day.
async fn on(app: &TestApp, day: &str) -> Vec<String> {
    let read =
        |conn: &mut Conn| Ok::<_, StoreError>(access::organization(conn, "river-bend")?.unwrap());
    let tenant = app.ctx.db.read(Scope::Service, read).await.unwrap();
    let day: NaiveDate = day.parse().unwrap();
    let (mut all, mut after): (Vec<Task>, _) = (Vec::new(), None);
    loop {
        // One by one: no page loses or repeats a task.
        let page = tasks::list(&app.ctx, tenant, Filter::default(), day, after, 1).await.unwrap();
        let Some(task) = page.into_iter().next() else { break };
        after = Some(tasks::place(&task));
        all.push(task);
    }
    let mut told: Vec<String> = all
        .iter()
        .map(|t| {
            let stage = t.stage.as_deref().unwrap_or("-");
            format!("{} {stage} {} {} {}", t.kind, t.owner, t.due, t.money)
        })
        .collect();
    told.sort();
    told
}

async fn listed(app: &TestApp, w: &World, more: &str) -> Vec<Value> {
    world::all(app, &format!("/v1/tasks?{more}"), &w.biller).await
}

on_both! {
    async fn overdue_answers_are_tasks_until_they_come(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        // Delivered on 10 September; a 999 within three days, a 277CA within seven.
        assert_eq!(on(&app, "2026-09-13").await, [""; 0]);
        assert_eq!(on(&app, "2026-09-14").await, ["response_overdue acknowledgment payer 2026-09-13 143.06"]);
        take(&app, &w.biller, ack(&sent, 1, &[(0, 'A')])).await;
        assert_eq!(on(&app, "2026-09-17").await, [""; 0]);
        assert_eq!(on(&app, "2026-09-18").await, ["response_overdue claim_status payer 2026-09-17 143.06"]);
        let numbers = sent.claims();
        take(&app, &w.biller, status(&sent, 2, "PR", &[(&numbers[0], true)])).await;
        assert_eq!(on(&app, "2026-09-18").await, ["response_overdue claim_status payer 2026-09-17 71.53"]);
        take(&app, &w.biller, status(&sent, 3, "PR", &[(&numbers[1], true)])).await;
        assert_eq!(on(&app, "2026-09-30").await, [""; 0]);
    }

    async fn a_payer_that_is_silent_behind_its_clearinghouse_is_a_task(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        let all: Vec<(&str, bool)> = numbers.iter().map(|n| (n.as_str(), true)).collect();
        let house = status(&sent, 1, "AY", &all).replace("A2:20", "A1:19");
        assert_eq!(take(&app, &w.biller, house).await["accepted"], 2);
        // It arrived: nobody waits for a 999 any more.
        assert_eq!(on(&app, "2026-09-17").await, [""; 0]);
        assert_eq!(on(&app, "2026-09-18").await, ["response_overdue payer_status payer 2026-09-17 143.06"]);
        take(&app, &w.biller, status(&sent, 2, "PR", &all[..1])).await;
        assert_eq!(on(&app, "2026-09-18").await, ["response_overdue payer_status payer 2026-09-17 71.53"]);
        // The clearinghouse passes on what the payer says.
        take(&app, &w.biller, status(&sent, 3, "AY", &all[1..])).await;
        assert_eq!(on(&app, "2026-09-18").await, [""; 0]);
    }

    async fn a_rejection_is_a_task_until_its_visits_are_claimed_again(app: TestApp) {
        let (w, sent) = batch(&app, 2, SENT).await;
        let numbers = sent.claims();
        take(&app, &w.biller, status(&sent, 1, "PR", &[(&numbers[0], false), (&numbers[1], true)])).await;
        let list = listed(&app, &w, "").await;
        assert_eq!(list.len(), 1, "{list:?}");
        assert_eq!((&list[0]["kind"], &list[0]["owner"], &list[0]["money"]), (&json!("rejection"), &json!("biller"), &json!("71.53")));
        assert_eq!((&list[0]["due"], &list[0]["days_left"]), (&json!("2026-10-04"), &json!(24)));
        let claim = app.get(list[0]["link"].as_str().unwrap(), &w.biller).await.expect(200);
        assert_eq!((&claim["status"], &claim["responses"][0]["effect"]), (&json!("rejected"), &json!("rejected")));
        let table = app.get("/v1/tasks?format=csv", &w.biller).await;
        assert_eq!(table.body.lines().count(), 2, "{}", table.body);
        assert!(table.body.starts_with("kind,owner,subject,stage,due"), "{}", table.body);
        for (query, count) in [("kind=rejection", 1), ("kind=file", 0), ("owner=biller", 1), ("owner=payer", 0), ("due_by=2026-10-03", 0), ("due_by=2026-10-04", 1)] {
            assert_eq!(listed(&app, &w, query).await.len(), count, "{query}");
        }
        for (payer, count) in [(list[0]["payer"].as_str().unwrap(), 1), ("pay_0KXJ5T9B20000", 0)] {
            assert_eq!(listed(&app, &w, &format!("payer={payer}")).await.len(), count, "{payer}");
        }
        app.get("/v1/tasks?kind=sleep", &w.biller).await.problem(400, "invalid_parameter");
        next_batch(&app, &w, SENT).await;
        assert_eq!(listed(&app, &w, "").await.len(), 0);
    }

    async fn deadlines_deliveries_and_odd_answers(app: TestApp) {
        let (w, sent) = batch(&app, 2, &[]).await;
        // The first visit was on 1 July: 95 days are over on 4 October.
        assert_eq!(on(&app, "2026-09-19").await, [""; 0]);
        assert_eq!(on(&app, "2026-09-20").await, ["delivery built biller 2026-10-04 143.06"]);
        for step in SENT {
            crate::partner::move_batch(&app, &w, &sent.batch, step).await;
        }
        let mut unsigned = visit("V-H", &w.peers[1], &w.members[0], "2026-07-02T19:00");
        unsigned["note"] = Value::Null;
        app.post("/v1/encounters", &w.submitter, &unsigned).await.expect(201);
        app.post("/v1/encounters", &w.submitter, &visit("V-R", &w.peers[1], &w.members[1], "2026-07-03T19:00")).await.expect(201);
        take(&app, &w.biller, ack(&sent, 1, &[(0, 'A')])).await;
        let numbers = sent.claims();
        let mixed = status(&sent, 2, "PR", &[(&numbers[0], true), (&numbers[1], true)]).replacen("*WQ*71.53", "*ZZ*71.53", 1).replacen("STC*A2:20:PR", "STC*P1:20:PR", 1);
        let took = take(&app, &w.biller, mixed).await;
        assert_eq!((&took["state"], &took["accepted"]), (&json!("partly"), &json!(1)), "{took}");
        assert_eq!(on(&app, "2026-09-12").await, ["answer unclear payer 2026-10-04 71.53"]);
        take(&app, &w.biller, "no X12").await;
        let all = on(&app, "2026-10-05").await;
        assert_eq!(all.len(), 5, "{all:?}");
        assert!(all[0].starts_with("answer unclear payer"), "{all:?}");
        assert!(all[1].starts_with("deadline held peer 2026-10-05 71.53") && all[2].starts_with("deadline ready biller 2026-10-06 71.53"), "{all:?}");
        assert!(all[3].starts_with("file other biller 2026-09-10 0.00"), "{all:?}");
        assert!(all[4].starts_with("response_overdue claim_status payer 2026-09-17 71.53"), "{all:?}");
        // Long after their deadlines: what is ready can still be built, and is on no other list of work.
        let late = on(&app, "2026-12-31").await;
        assert!(late.iter().any(|task| task == "deadline ready biller 2026-10-06 71.53"), "{late:?}");
        assert!(!late.iter().any(|task| task.starts_with("deadline held")), "{late:?}");
        // A clear word ends the question.
        take(&app, &w.biller, status(&sent, 3, "PR", &[(&numbers[0], true)])).await;
        assert_eq!(on(&app, "2026-09-12").await, ["file other biller 2026-09-10 0.00"]);
    }

    async fn of_a_visit_that_is_ready_in_part_the_biller_hears(app: TestApp) {
        let w = world::limited_with(&app, GRANTED, &[], 1).await;
        grant(&app, &w, "PA-1", 4).await;
        record(&app, &w, "A", "2026-07-28T16:00", 120).await;
        let told = on(&app, "2026-10-25").await;
        assert_eq!(told, ["deadline partly biller 2026-10-31 143.06"]);
    }
}
