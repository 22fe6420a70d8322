//! What is held together still fits when each is asked alone beside the others (`docs/adr/0163`): nothing is held,
//! refused or to be corrected for the sake of the order in which visits are asked.

use serde_json::{Value, json};

use crate::again::{grant, seen};
use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::given_way::{GRANTED, record};
use crate::world::{self, World, id, limit};

/// Beyond eight units a month each needs an authorization.
fn eight() -> String {
    limit("month", "8", "window = \"month\"\nexceed = \"authorization\"")
}

/// Ready or claimed units, of which so many on authorizations, and held ones.
pub async fn units(app: &TestApp, w: &World, reference: &str) -> (u64, u64, u64) {
    let visit = seen(app, w, reference).await;
    let (mut all, mut granted, mut held) = (0, 0, 0);
    for line in visit["lines"].as_array().unwrap() {
        let units = line["units"].as_u64().unwrap();
        if line["status"] == "held" {
            held += units;
        } else {
            all += units;
            granted += line["authorization"]["units"].as_u64().unwrap_or(0);
        }
    }
    (all, granted, held)
}

async fn built(app: &TestApp, w: &World, units: u32) -> String {
    let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
    let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
    assert_eq!(batch["units"], units, "{batch}");
    id(&batch)
}

async fn open(app: &TestApp, w: &World) -> Vec<Value> {
    app.settle().await;
    world::all(app, "/v1/corrections?state=open", &w.biller).await
}

/// The later visit has eight units without an authorization, the earlier one, which came after it, two with.
async fn ten(app: &TestApp) -> (World, String) {
    let w = world::limited(app, &eight(), 1).await;
    let granted = grant(app, &w, "PA-1", 2).await;
    record(app, &w, "A", "2026-07-10T16:00", 120).await;
    record(app, &w, "B", "2026-07-05T16:00", 30).await;
    assert_eq!((units(app, &w, "A").await, units(app, &w, "B").await), ((8, 0, 0), (2, 2, 0)));
    (w, granted)
}

/// Twelve units of eight a month: of the earlier visit four are on an authorization.
async fn twelve(app: &TestApp) -> (World, String) {
    let w = world::limited(app, &eight(), 1).await;
    let granted = grant(app, &w, "PA-1", 4).await;
    record(app, &w, "LATE", "2026-07-20T16:00", 90).await;
    record(app, &w, "EARLY", "2026-07-03T16:00", 90).await;
    assert_eq!(
        (units(app, &w, "LATE").await, units(app, &w, "EARLY").await),
        ((6, 0, 0), (6, 4, 0))
    );
    (w, granted)
}

/// An authorization ends before these visits, and not before all.
async fn ended(app: &TestApp, w: &World, granted: &str) {
    amend(app, w, &path(granted), |body| body["to"] = json!("2026-07-02")).await;
    app.settle().await;
}

fn path(authorization: &str) -> String {
    format!("/v1/authorizations/{authorization}?organization=river-bend")
}

/// What takes nothing away from anybody: another address, an authorization for later, one unit more, an earlier end
/// that lies after both visits.
async fn touch(app: &TestApp, w: &World, granted: &str, how: usize) {
    match how {
        0 => amend_member(app, w, 0, |body| body["address"]["line1"] = json!("90 Pine St")).await,
        1 => {
            let later = json!({"member": w.members[0], "payer": "evergreen", "number": "PA-9", "units": 2,
                "from": "2026-12-01", "to": "2026-12-31"});
            world::authorization(app, &w.admin, "river-bend", &later).await;
        }
        2 => amend(app, w, &path(granted), |body| body["units"] = json!(3)).await,
        _ => amend(app, w, &path(granted), |body| body["to"] = json!("2026-11-30")).await,
    }
    app.settle().await;
}

on_both! {
    async fn rk27_nobody_gives_way_where_nothing_shrank(app: TestApp) {
        let (w, granted) = ten(&app).await;
        for how in 0..4 {
            touch(&app, &w, &granted, how).await;
            for (reference, wanted) in [("A", (8, 0, 0)), ("B", (2, 2, 0))] {
                assert_eq!(units(&app, &w, reference).await, wanted, "{reference} after {how}");
                let decide = format!("/v1/encounters/{}/decide", id(&seen(&app, &w, reference).await));
                app.act(&decide, &w.biller).await.expect(200);
                assert_eq!(units(&app, &w, reference).await, wanted, "{reference} by hand after {how}");
            }
        }
        built(&app, &w, 10).await;
    }

    async fn rk27_what_is_built_is_released_and_what_is_released_is_not_corrected(app: TestApp) {
        let (w, granted) = ten(&app).await;
        let batch = built(&app, &w, 10).await;
        touch(&app, &w, &granted, 0).await;
        touch(&app, &w, &granted, 1).await;
        assert_eq!(open(&app, &w).await, [] as [Value; 0]);
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        touch(&app, &w, &granted, 2).await;
        touch(&app, &w, &granted, 3).await;
        assert_eq!(open(&app, &w).await, [] as [Value; 0]);
    }

    async fn rk27_whose_authorization_is_gone_gives_way_and_nobody_else(app: TestApp) {
        let (w, granted) = ten(&app).await;
        amend(&app, &w, &path(&granted), |body| body["units"] = json!(1)).await;
        app.settle().await;
        assert_eq!((units(&app, &w, "A").await, units(&app, &w, "B").await), ((8, 0, 0), (1, 1, 1)));
        // Room that comes free is for whoever waits, and its authorization is free again.
        app.post(&format!("/v1/encounters/{}/void", id(&seen(&app, &w, "A").await)), &w.biller,
            &json!({"reason": "a mistake"})).await.expect(200);
        app.settle().await;
        assert_eq!(units(&app, &w, "B").await, (2, 0, 0));
    }

    async fn rk27_a_further_authorization_takes_nothing_from_whoever_has_enough(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let other = |number: &str, units: u32, to: &str| {
            json!({"member": w.members[0], "payer": "evergreen", "number": number, "units": units,
                "from": "2026-07-01", "to": to})
        };
        let make = async |body: Value| world::authorization(&app, &w.admin, "river-bend", &body).await;
        // The one that ends first is used up by the later visit; the earlier one draws on the other.
        make(other("PA-1", 2, "2026-07-31")).await;
        make(other("PA-2", 8, "2026-12-31")).await;
        record(&app, &w, "LATER", "2026-07-20T16:00", 30).await;
        record(&app, &w, "EARLY", "2026-07-15T16:00", 75).await;
        assert_eq!((units(&app, &w, "LATER").await, units(&app, &w, "EARLY").await), ((2, 2, 0), (5, 5, 0)));
        // One that ends before that and has not enough; then one that has.
        make(other("PA-3", 3, "2026-08-31")).await;
        app.settle().await;
        assert_eq!(units(&app, &w, "EARLY").await, (5, 5, 0));
        let batch = built(&app, &w, 7).await;
        make(other("PA-4", 3, "2026-08-15")).await;
        assert_eq!(open(&app, &w).await, [] as [Value; 0]);
        make(other("PA-5", 8, "2026-09-30")).await;
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        for one in open(&app, &w).await {
            assert_eq!(one["billed"]["units"], one["today"]["units"], "{one}");
        }
    }

    async fn rk27_units_on_a_grant_that_is_good_no_more_are_nobody_elses_room(app: TestApp) {
        // Both are claimed, one of them with four units on an authorization that then ends before it.
        let (w, granted) = twelve(&app).await;
        let batch = built(&app, &w, 12).await;
        ended(&app, &w, &granted).await;
        let told: Vec<Value> = open(&app, &w).await;
        let told: Vec<_> = told.iter().map(|one| (&one["billed"]["units"], &one["today"]["units"], &one["differs"])).collect();
        // The later one gives way, and what the earlier one's claim names is good no more.
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().any(|(billed, today, _)| (*billed, *today) == (&json!(6), &json!(2))), "{told:?}");
        assert!(told.iter().any(|(_, today, differs)| (*today, *differs) == (&json!(6), &json!(["authorization"]))), "{told:?}");
        let release = format!("/v1/batches/{batch}/release");
        let problem = app.act(&release, &w.biller).await.problem(409, "release_refused");
        assert_eq!(problem["faults"].as_array().unwrap().len(), 2, "{problem}");
        // Built again, nothing is above the limit, and nothing names the authorization.
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        app.settle().await;
        let (late, early) = (units(&app, &w, "LATE").await, units(&app, &w, "EARLY").await);
        assert_eq!((late.0 + early.0, late.1 + early.1), (8, 0), "{late:?} {early:?}");
        let batch = built(&app, &w, 8).await;
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        assert_eq!(open(&app, &w).await, [] as [Value; 0]);
    }

    async fn rk27_a_ready_visit_gives_way_to_what_a_claim_has_no_authorization_for_any_more(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        // One of the first day has its unit on the authorization, and keeps it.
        let granted = grant(&app, &w, "PA-1", 5).await;
        record(&app, &w, "LATE", "2026-07-20T16:00", 90).await;
        record(&app, &w, "EARLY", "2026-07-03T16:00", 90).await;
        record(&app, &w, "FIRST", "2026-07-01T16:00", 15).await;
        assert_eq!(units(&app, &w, "FIRST").await, (1, 1, 0));
        let early = json!({"payer": "evergreen", "through": "2026-07-10"});
        let batch = app.post("/v1/batches", &w.biller, &early).await.expect(201);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        ended(&app, &w, &granted).await;
        assert_eq!(units(&app, &w, "LATE").await, (2, 0, 4));
        let told = open(&app, &w).await;
        assert_eq!(told.len(), 1, "a claim names what is good no more: {told:?}");
        built(&app, &w, 2).await;
    }

    async fn rk27_another_number_of_the_member_moves_no_units_from_one_visit_to_another(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        record(&app, &w, "LATE", "2026-07-20T16:00", 120).await;
        grant(&app, &w, "PA-1", 2).await;
        record(&app, &w, "EARLY", "2026-07-03T16:00", 60).await;
        amend_member(&app, &w, 0, |body| body["coverages"][0]["member_number"] = json!("EV7777777")).await;
        app.settle().await;
        assert_eq!((units(&app, &w, "LATE").await, units(&app, &w, "EARLY").await), ((8, 0, 0), (2, 2, 2)));
    }
}
