//! Where there is no longer room for all that is claimed, those give way first of whom the payer was not told yet;
//! and what a batch tells it for the first time is looked at before it goes out (`docs/adr/0158`).

use serde_json::{Value, json};

use crate::again::{grant, seen};
use crate::app::{Answer, TestApp, on_both};
use crate::changes::amend;
use crate::day_sums::SUMMED;
use crate::partner::move_batch;
use crate::windows_moved::eight;
use crate::world::{self, World, id, rules, visit_of};

const WEEKLY: (&str, &str) = ("rollup = \"day\"", "rollup = \"day\"\nperiod = \"week\"");

/// Each visit needs an authorization.
pub const GRANTED: &str = "[[authorization]]\nkey = \"all\"\nservices = [\"peer_individual\"]\n\
                       require = \"always\"\nsource = \"manual-limits\"\n";

pub async fn record(app: &TestApp, w: &World, reference: &str, start: &str, minutes: i64) -> Value {
    let body = visit_of(reference, &w.peers[0], &w.members[0], start, minutes);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn ready(app: &TestApp, w: &World, reference: &str, start: &str, minutes: i64) -> String {
    let visit = record(app, w, reference, start, minutes).await;
    assert_eq!(visit["status"], "ready", "{visit}");
    id(&visit)
}

/// A batch of so many units.
async fn built(app: &TestApp, w: &World, through: &str, units: u32) -> String {
    let wanted = json!({"payer": "evergreen", "through": through});
    let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
    assert_eq!(batch["units"], units, "{batch}");
    id(&batch)
}

async fn step(app: &TestApp, w: &World, batch: &str, step: &str) -> Answer {
    app.act(&format!("/v1/batches/{batch}/{step}"), &w.biller).await
}

/// The replacement of the one claim of a batch, with a visit that came late.
async fn replaced(app: &TestApp, w: &World, batch: &str, units: u32) -> String {
    let claims = app.get(&format!("/v1/claims?batch={batch}"), &w.biller).await.expect(200);
    let path = format!("/v1/claims/{}/replace", id(&claims["items"][0]));
    let asked = json!({"reason": "a late visit", "payer_control": "ICN1"});
    app.post(&path, &w.biller, &asked).await.expect(200);
    built(app, w, "2026-08-02", units).await
}

async fn void(app: &TestApp, w: &World, encounter: &str) {
    let reason = json!({"reason": "a mistake"});
    app.post(&format!("/v1/encounters/{encounter}/void"), &w.biller, &reason).await.expect(200);
}

async fn shrink(app: &TestApp, w: &World, authorization: &str, units: u32) {
    let path = format!("/v1/authorizations/{authorization}?organization=river-bend");
    amend(app, w, &path, |body| body["units"] = json!(units)).await;
}

/// The units of each visit that is to be corrected, as billed and as of today.
async fn corrections(app: &TestApp, w: &World) -> Vec<(String, i64, i64)> {
    let units = |said: &Value| {
        said["lines"].as_array().unwrap().iter().map(|l| l["units"].as_i64().unwrap()).sum()
    };
    let mut found = Vec::new();
    for one in world::all(app, "/v1/corrections?state=open", &w.biller).await {
        let path = format!("/v1/encounters/{}", one["encounter"].as_str().unwrap());
        let visit = app.get(&path, &w.biller).await.expect(200);
        let reference = visit["reference"].as_str().unwrap().to_owned();
        found.push((reference, units(&one["billed"]), units(&one["today"])));
    }
    found.sort();
    found
}

async fn refused(app: &TestApp, w: &World, batch: &str, begins: &str) {
    let problem = step(app, w, batch, "release").await.problem(409, "release_refused");
    let said = problem["faults"][0]["message"].as_str().unwrap();
    assert!(said.starts_with(begins), "{problem}");
    step(app, w, batch, "withdraw").await.expect(200);
}

/// The payer has a claim of B; A, a day earlier and late, is told with its replacement for the first time, which
/// is built when the authorization for both is shrunk to B's four units. Gives the replacement's batch.
async fn shrunk_under_a_replacement(app: &TestApp, w: &World) -> String {
    let granted = grant(app, w, "PA-1", 8).await;
    ready(app, w, "B", "2026-07-28T16:00", 60).await;
    let batch = built(app, w, "2026-08-02", 4).await;
    step(app, w, &batch, "release").await.expect(200);
    move_batch(app, w, &batch, "delivered").await;
    record(app, w, "A", "2026-07-27T16:00", 60).await;
    let replacement = replaced(app, w, &batch, 8).await;
    shrink(app, w, &granted, 4).await;
    app.settle().await;
    assert_eq!(corrections(app, w).await, [("A".into(), 4, 0)]);
    replacement
}

on_both! {
    async fn rk14_a_summed_day_for_which_no_grant_is_left_is_not_released(app: TestApp) {
        let w = world::limited_with(&app, GRANTED, &[SUMMED], 1).await;
        let grant = grant(&app, &w, "PA-1", 12).await;
        // Two visits of one day, and one of another.
        for (reference, start) in [("A", "2026-07-01T16:00"), ("B", "2026-07-01T19:00"), ("C", "2026-07-03T16:00")] {
            ready(&app, &w, reference, start, 60).await;
        }
        let batch = built(&app, &w, "2026-07-31", 12).await;
        shrink(&app, &w, &grant, 5).await;
        let problem = step(&app, &w, &batch, "release").await.problem(409, "release_refused");
        let said: Vec<&str> =
            problem["faults"].as_array().unwrap().iter().map(|f| f["message"].as_str().unwrap()).collect();
        assert_eq!(said.len(), 2, "{problem}");
        assert!(said.iter().any(|s| s.starts_with("B: 4 units were claimed and 1 would be")), "{problem}");
        assert!(said.iter().any(|s| s.starts_with("C: 4 units were claimed and 0 would be")), "{problem}");
        step(&app, &w, &batch, "withdraw").await.expect(200);
        let batch = built(&app, &w, "2026-07-31", 5).await;
        step(&app, &w, &batch, "release").await.expect(200);
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn rk14_a_summed_day_that_was_released_is_corrected_when_its_grant_shrinks(app: TestApp) {
        let w = world::limited_with(&app, GRANTED, &[SUMMED], 1).await;
        let grant = grant(&app, &w, "PA-1", 12).await;
        ready(&app, &w, "A", "2026-07-01T16:00", 40).await;
        ready(&app, &w, "B", "2026-07-01T19:00", 50).await;
        let batch = built(&app, &w, "2026-07-31", 6).await;
        step(&app, &w, &batch, "release").await.expect(200);
        shrink(&app, &w, &grant, 6).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, []);
        shrink(&app, &w, &grant, 3).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("B".into(), 4, 1)]);
        shrink(&app, &w, &grant, 6).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn rk19_summed_days_that_a_void_moves_into_one_window_are_not_released(app: TestApp) {
        let w = world::limited_with(&app, &eight(), &[SUMMED], 1).await;
        let first = ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        ready(&app, &w, "B", "2026-07-28T16:00", 60).await;
        ready(&app, &w, "C", "2026-07-31T16:00", 120).await;
        let early = built(&app, &w, "2026-07-01", 4).await;
        let late = built(&app, &w, "2026-08-01", 12).await;
        step(&app, &w, &early, "withdraw").await.expect(200);
        void(&app, &w, &first).await;
        refused(&app, &w, &late, "C: 8 units were claimed and ").await;
        let again = built(&app, &w, "2026-08-01", 4).await;
        step(&app, &w, &again, "release").await.expect(200);
    }

    async fn rk19_what_nobody_was_told_of_gives_way_to_what_the_payer_has(app: TestApp) {
        let w = world::limited(&app, &eight(), 1).await;
        let first = ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        ready(&app, &w, "B", "2026-07-28T16:00", 60).await;
        ready(&app, &w, "C", "2026-07-31T16:00", 120).await;
        let [one, two, three] = [
            built(&app, &w, "2026-07-01", 4).await,
            built(&app, &w, "2026-07-28", 4).await,
            built(&app, &w, "2026-08-01", 8).await,
        ];
        step(&app, &w, &three, "release").await.expect(200);
        step(&app, &w, &one, "withdraw").await.expect(200);
        void(&app, &w, &first).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("B".into(), 4, 0)]);
        refused(&app, &w, &two, "B: 4 units were claimed and 0 would be today").await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "B").await["status"], "held");
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn of_two_that_are_claimed_the_one_that_is_released_keeps_its_grant(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let grant = grant(&app, &w, "PA-1", 8).await;
        ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        let first = built(&app, &w, "2026-07-01", 4).await;
        ready(&app, &w, "B", "2026-07-20T16:00", 60).await;
        let second = built(&app, &w, "2026-07-31", 4).await;
        step(&app, &w, &second, "release").await.expect(200);
        shrink(&app, &w, &grant, 4).await;
        refused(&app, &w, &first, "A: 4 units were claimed and 0 would be today").await;
        app.settle().await;
        assert_eq!(seen(&app, &w, "A").await["status"], "held");
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn a_replacement_that_tells_too_much_for_the_first_time_is_not_released(app: TestApp) {
        let w = world::limited_with(&app, &eight(), &[WEEKLY], 1).await;
        let first = ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        ready(&app, &w, "B", "2026-07-28T16:00", 60).await;
        let early = built(&app, &w, "2026-07-05", 4).await;
        let batch = built(&app, &w, "2026-08-02", 4).await;
        step(&app, &w, &batch, "release").await.expect(200);
        move_batch(&app, &w, &batch, "delivered").await;
        // One more in the week that is claimed: of the next window, as long as A is there.
        let late = record(&app, &w, "C", "2026-07-31T16:00", 120).await;
        assert_eq!(rules(&late), ["period.claimed"], "{late}");
        let replacement = replaced(&app, &w, &batch, 12).await;
        step(&app, &w, &early, "withdraw").await.expect(200);
        void(&app, &w, &first).await;
        let problem = step(&app, &w, &replacement, "release").await.problem(409, "release_refused");
        let said = problem["faults"][0]["message"].as_str().unwrap();
        assert!(said.starts_with("C: 8 units were claimed and 0 would be today"), "{problem}");
        assert_eq!(problem["faults"].as_array().unwrap().len(), 1, "of B the payer was told: {problem}");
    }

    async fn a_replacement_that_tells_of_more_units_than_before_is_looked_at_too(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let granted = grant(&app, &w, "PA-1", 2).await;
        record(&app, &w, "A", "2026-07-20T16:00", 60).await;
        let batch = built(&app, &w, "2026-07-31", 2).await;
        step(&app, &w, &batch, "release").await.expect(200);
        move_batch(&app, &w, &batch, "delivered").await;
        shrink(&app, &w, &granted, 4).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("A".into(), 2, 4)]);
        let replacement = replaced(&app, &w, &batch, 4).await;
        // Two of the four are told with it for the first time, and one of them is granted no more.
        shrink(&app, &w, &granted, 3).await;
        refused(&app, &w, &replacement, "A: 4 units were claimed and 3 would be today").await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("A".into(), 2, 3)]);
    }

    async fn what_names_an_authorization_that_has_ended_is_not_released(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let first = grant(&app, &w, "PA-1", 8).await;
        ready(&app, &w, "A", "2026-07-20T16:00", 60).await;
        let batch = built(&app, &w, "2026-07-31", 4).await;
        grant(&app, &w, "PA-2", 8).await;
        let path = format!("/v1/authorizations/{first}?organization=river-bend");
        amend(&app, &w, &path, |body| body["to"] = json!("2026-07-10")).await;
        refused(&app, &w, &batch, "A: 4 units were claimed and 4 would be today; what differs: authorization").await;
        let batch = built(&app, &w, "2026-07-31", 4).await;
        step(&app, &w, &batch, "release").await.expect(200);
    }

    async fn what_could_be_billed_beyond_it_or_under_another_good_grant_is_released(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let first = grant(&app, &w, "PA-1", 5).await;
        ready(&app, &w, "A", "2026-07-20T16:00", 60).await;
        record(&app, &w, "B", "2026-07-22T16:00", 60).await;
        let batch = built(&app, &w, "2026-07-31", 5).await;
        // One that would be drawn on first; and the first one wider.
        let other = json!({"member": w.members[0], "payer": "evergreen", "number": "PA-0", "units": 8,
            "from": "2026-07-01", "to": "2026-08-31"});
        world::authorization(&app, &w.admin, "river-bend", &other).await;
        shrink(&app, &w, &first, 50).await;
        app.settle().await;
        step(&app, &w, &batch, "release").await.expect(200);
    }

    async fn what_names_a_grant_that_is_used_up_is_not_released(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let first = grant(&app, &w, "PA-1", 8).await;
        ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        let early = built(&app, &w, "2026-07-01", 4).await;
        ready(&app, &w, "B", "2026-07-20T16:00", 60).await;
        let late = built(&app, &w, "2026-07-31", 4).await;
        step(&app, &w, &late, "release").await.expect(200);
        // There is room for A, under another number.
        shrink(&app, &w, &first, 4).await;
        grant(&app, &w, "PA-2", 8).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("A".into(), 4, 4)]);
        refused(&app, &w, &early, "A: 4 units were claimed and 4 would be today; what differs: authorization").await;
        let again = built(&app, &w, "2026-07-31", 4).await;
        step(&app, &w, &again, "release").await.expect(200);
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn what_the_payer_has_keeps_its_place_while_its_replacement_is_built(app: TestApp) {
        let w = world::limited_with(&app, GRANTED, &[WEEKLY], 1).await;
        let replacement = shrunk_under_a_replacement(&app, &w).await;
        let problem = step(&app, &w, &replacement, "release").await.problem(409, "release_refused");
        let said = problem["faults"][0]["message"].as_str().unwrap();
        assert!(said.starts_with("A: 4 units were claimed and 0 would be today"), "{problem}");
        assert_eq!(problem["faults"].as_array().unwrap().len(), 1, "{problem}");
    }

    async fn who_is_told_otherwise_has_the_others_looked_at_once_more(app: TestApp) {
        let w = world::limited(&app, GRANTED, 1).await;
        let granted = grant(&app, &w, "PA-1", 8).await;
        ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        let early = built(&app, &w, "2026-07-01", 4).await;
        ready(&app, &w, "B", "2026-07-20T16:00", 60).await;
        let late = built(&app, &w, "2026-07-31", 4).await;
        shrink(&app, &w, &granted, 4).await;
        app.settle().await;
        // Neither was told: the later one gives way.
        assert_eq!(corrections(&app, &w).await, [("B".into(), 4, 0)]);
        // It is taken back, and is held; then nothing is left to correct.
        step(&app, &w, &late, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(seen(&app, &w, "B").await["status"], "held");
        assert_eq!(corrections(&app, &w).await, []);
        // The earlier one goes, and comes back as the first that is told.
        shrink(&app, &w, &granted, 8).await;
        app.settle().await;
        let late = built(&app, &w, "2026-07-31", 4).await;
        step(&app, &w, &late, "release").await.expect(200);
        shrink(&app, &w, &granted, 4).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("A".into(), 4, 0)]);
        step(&app, &w, &early, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(seen(&app, &w, "A").await["status"], "held");
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn of_the_members_of_a_peer_no_more_goes_out_than_its_limit_either(app: TestApp) {
        let limit = eight().replace("window =", "scope = \"peer\"\nwindow =");
        let w = world::limited(&app, &limit, 2).await;
        let first = ready(&app, &w, "A", "2026-07-01T16:00", 60).await;
        ready(&app, &w, "B", "2026-07-28T16:00", 60).await;
        let early = built(&app, &w, "2026-07-01", 4).await;
        let second = built(&app, &w, "2026-07-28", 4).await;
        let body = visit_of("C", &w.peers[0], &w.members[1], "2026-07-31T16:00", 120);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let third = built(&app, &w, "2026-08-01", 8).await;
        step(&app, &w, &early, "withdraw").await.expect(200);
        void(&app, &w, &first).await;
        app.settle().await;
        assert_eq!(corrections(&app, &w).await, [("C".into(), 8, 0)]);
        // The earlier one is taken back, and gives way as a ready one.
        step(&app, &w, &second, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(seen(&app, &w, "B").await["status"], "held");
        step(&app, &w, &third, "release").await.expect(200);
        assert_eq!(corrections(&app, &w).await, []);
    }

    async fn of_a_visit_that_leaves_a_built_replacement_nothing_is_left_to_correct(app: TestApp) {
        let w = world::limited_with(&app, GRANTED, &[WEEKLY, SUMMED], 1).await;
        let replacement = shrunk_under_a_replacement(&app, &w).await;
        step(&app, &w, &replacement, "withdraw").await.expect(200);
        app.settle().await;
        assert_eq!(seen(&app, &w, "A").await["status"], "held");
        assert_eq!(corrections(&app, &w).await, []);
    }
}
