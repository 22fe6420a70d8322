//! Claims for a week or a month: they wait for its end, name each line's own date, and what comes
//! later is held until the claim is withdrawn.

use peerclaims::domain::ids::EncounterId;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::changes::amend;
use crate::claim_changes::ask;
use crate::edi;
use crate::world::{self, World, id, rules, visit, visit_of};

async fn weekly(app: &TestApp, members: usize) -> World {
    world::river_bend_with(app, members, &[(PLAIN, "rollup = \"day\"\nperiod = \"week\"")]).await
}

async fn monthly(app: &TestApp, members: usize) -> World {
    world::river_bend_with(app, members, &[(PLAIN, "rollup = \"day\"\nperiod = \"month\"")]).await
}

const PLAIN: &str = "rollup = \"day\"";

async fn record(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

async fn build(app: &TestApp, w: &World, through: &str) -> crate::app::Answer {
    let wanted = json!({"payer": "evergreen", "through": through});
    app.post("/v1/batches", &w.biller, &wanted).await
}

/// A visit that is claimed, as if it had been recorded while the claim was made: ready, and not on it.
async fn is_looked_at_when_its_turn_comes(app: &TestApp, w: &World, late: &Value) {
    let encounter: EncounterId = id(late).parse().unwrap();
    let number = encounter.as_i64();
    for (table, set, key) in [
        ("claim_line_parts", "live = FALSE", "encounter_id"),
        ("decision_lines", "status = 'ready'", "encounter_id"),
        ("encounters", "status = 'ready'", "id"),
    ] {
        app.database.execute(&format!("UPDATE {table} SET {set} WHERE {key} = {number}"));
    }
    build(app, w, "2026-07-05").await.problem(409, "nothing_ready");
    let now = app.get(&format!("/v1/encounters/{}", id(late)), &w.biller).await.expect(200);
    assert_eq!(
        (now["status"].as_str(), rules(&now)),
        (Some("held"), vec!["period.claimed".to_owned()])
    );
}

/// The dates of the service lines of an 837P, in order.
fn dates(file: &str) -> Vec<&str> {
    file.split('~').filter_map(|s| s.trim().strip_prefix("DTP*472*D8*")).collect()
}

on_both! {
    async fn a_week_waits_for_its_end_and_is_one_claim(app: TestApp) {
        let w = weekly(&app, 2).await;
        // Monday 29 June to Sunday 5 July; the last one is of the next week.
        for (reference, day) in [("W-1", "2026-06-29"), ("W-2", "2026-07-02"), ("W-3", "2026-07-05"), ("W-4", "2026-07-06")] {
            let body = visit(reference, &w.peers[0], &w.members[0], &format!("{day}T17:00"));
            assert_eq!(record(&app, &w, &body).await["disposition"], "ready");
        }
        build(&app, &w, "2026-07-04").await.problem(409, "nothing_ready");
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(3), &json!(12)));
        let file = edi::fetch(&app, &id(&batch), &w.biller).await;
        assert_eq!(dates(&file.body), ["20260629", "20260702", "20260705"]);
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        assert_eq!(claim["service_date"], "2026-06-29");
        assert_eq!(claim["lines"][2]["service_date"], "2026-07-05");
        // 95 days after the earliest service date.
        assert_eq!(claim["file_by"], "2026-10-02");
        let table = app.get(&format!("/v1/batches/{}/csv", id(&batch)), &w.biller).await.body;
        assert!(table.contains("2026-07-02"), "{table}");
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        // A report over a part of the week counts its lines only, and ties.
        let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service";
        let report = app.get(path, &w.biller).await.expect(200);
        assert_eq!(report["ties"]["ties"], true, "{report}");
        assert_eq!(report["control"]["ties"], true, "{report}");
        assert_eq!(report["totals"]["units_submitted"], 8);
        // The other week is claimed by itself once it is over.
        let next = build(&app, &w, "2026-07-12").await.expect(201);
        assert_eq!((&next["claims"], &next["units"]), (&json!(1), &json!(4)));
    }

    async fn what_comes_later_is_held_until_the_claim_is_withdrawn(app: TestApp) {
        let w = weekly(&app, 2).await;
        record(&app, &w, &visit("W-1", &w.peers[0], &w.members[0], "2026-06-29T17:00")).await;
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        let late = visit("W-2", &w.peers[0], &w.members[0], "2026-07-01T17:00");
        let preview = app.post("/v1/decisions/preview", &w.submitter, &late).await.expect(200);
        assert_eq!(rules(&preview), ["period.claimed"]);
        let held = record(&app, &w, &late).await;
        assert_eq!(held["disposition"], "held");
        assert_eq!(rules(&held), ["period.claimed"]);
        let finding = &held["findings"][0];
        assert_eq!(finding["carc"], "18");
        let message = finding["message"].as_str().unwrap();
        assert!(message.starts_with("This period is already claimed"), "{message}");
        // Another peer's or member's week, and another week, are claims of their own.
        for (reference, peer, member, day) in [("W-3", 1, 0, "2026-07-02"), ("W-4", 0, 1, "2026-07-02"), ("W-5", 0, 0, "2026-07-06")] {
            let body = visit(reference, &w.peers[peer], &w.members[member], &format!("{day}T20:00"));
            assert_eq!(record(&app, &w, &body).await["disposition"], "ready", "{reference}");
        }
        // So is one with other diagnoses.
        let mut other = visit("W-6", &w.peers[0], &w.members[0], "2026-07-03T17:00");
        other["diagnoses"] = json!(["F33.1"]);
        assert_eq!(record(&app, &w, &other).await["disposition"], "ready");
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        let now = app.get(&format!("/v1/encounters/{}", id(&held)), &w.biller).await.expect(200);
        assert_eq!(now["status"], "ready", "{now}");
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!(batch["claims"], 4, "{batch}");
        edi::fetch(&app, &id(&batch), &w.biller).await;
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
    }

    async fn a_visit_decided_before_the_claim_was_made_is_looked_at_when_its_turn_comes(app: TestApp) {
        let w = weekly(&app, 1).await;
        record(&app, &w, &visit("W-1", &w.peers[0], &w.members[0], "2026-06-29T17:00")).await;
        let late = record(&app, &w, &visit("W-2", &w.peers[0], &w.members[0], "2026-07-01T17:00")).await;
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!(batch["lines"], 2);
        is_looked_at_when_its_turn_comes(&app, &w, &late).await;
    }

    /// A visit by video has no place of the organization. Where that is not told, its claim is that of the others.
    async fn a_late_visit_by_video_joins_the_claim_of_its_week(app: TestApp) {
        let w = weekly(&app, 1).await;
        let of = |reference: &str, day: &str, mode: &str| {
            let mut body = visit(reference, &w.peers[0], &w.members[0], &format!("{day}T17:00"));
            body["mode"] = json!(mode);
            body
        };
        record(&app, &w, &of("W-1", "2026-06-30", "in_person")).await;
        record(&app, &w, &of("W-2", "2026-07-01", "video")).await;
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"]), (&json!(1), &json!(2)), "{batch}");
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        for (reference, day, mode) in [("W-3", "2026-07-02", "video"), ("W-4", "2026-07-03", "in_person")] {
            let late = record(&app, &w, &of(reference, day, mode)).await;
            assert_eq!(rules(&late), ["period.claimed"]);
        }
        ask(&app, &w, &claim, "replace", "ICN1").await.expect(200);
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(4), &json!(16)));
        let waiting = world::all(&app, "/v1/encounters?status=held", &w.biller).await;
        assert!(waiting.is_empty(), "{waiting:?}");
    }

    /// Where claims tell in which of two houses it was, each has its own.
    async fn a_week_in_two_houses_is_two_claims(app: TestApp) {
        let w = weekly(&app, 1).await;
        let organization = app.get("/v1/organizations", &w.admin).await.expect(200)["items"][0].clone();
        amend(&app, &w, &format!("/v1/organizations/{}", id(&organization)), |o| {
            let mut second = o["locations"][0].clone();
            second.as_object_mut().unwrap().remove("id");
            (second["key"], second["name"]) = (json!("annex"), json!("River Bend Annex"));
            second["address"]["line1"] = json!("77 Sample Road");
            o["locations"].as_array_mut().unwrap().push(second);
        }).await;
        for (key, at) in [("house", "main"), ("annex", "annex")] {
            let program = json!({"key": key, "name": key, "kind": "site", "from": "2026-01-01", "location": at});
            app.post("/v1/programs?organization=river-bend", &w.admin, &program).await.expect(201);
        }
        app.settle().await;
        let of = |reference: &str, day: &str, program: &str| {
            let mut body = visit(reference, &w.peers[0], &w.members[0], &format!("{day}T17:00"));
            body["program"] = json!(program);
            body
        };
        record(&app, &w, &of("W-1", "2026-06-30", "house")).await;
        build(&app, &w, "2026-07-05").await.expect(201);
        let other = record(&app, &w, &of("W-2", "2026-07-01", "annex")).await;
        assert_eq!(other["disposition"], "ready", "{other}");
        let same = record(&app, &w, &of("W-3", "2026-07-02", "house")).await;
        assert_eq!(rules(&same), ["period.claimed"]);
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        let file = edi::fetch(&app, &id(&batch), &w.biller).await.body;
        assert!(file.contains("NM1*77*2*RIVER BEND ANNEX"), "{file}");
        let same = record(&app, &w, &of("W-4", "2026-07-03", "annex")).await;
        assert_eq!(rules(&same), ["period.claimed"]);
    }

    /// A day and procedure that are one line to the payer are claimed once: a second original is a duplicate (ADR 169).
    async fn a_late_contact_of_a_claimed_day_joins_its_line(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &[]).await;
        record(&app, &w, &visit("D-1", &w.peers[0], &w.members[0], "2026-07-01T17:00")).await;
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        let late = visit("D-2", &w.peers[0], &w.members[0], "2026-07-01T20:00");
        let preview = app.post("/v1/decisions/preview", &w.submitter, &late).await.expect(200);
        let held = record(&app, &w, &late).await;
        assert_eq!((rules(&held), rules(&held)), (rules(&preview), vec!["period.claimed".to_owned()]));
        let message = held["findings"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("This day is already claimed: H0038 of 2026-07-01"), "{message}");
        // Withdrawn, both are one line of the next batch.
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        let batch = build(&app, &w, "2026-07-05").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(1), &json!(8)));
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let claim = app.get("/v1/claims?status=released", &w.biller).await.expect(200)["items"][0].clone();
        // After release, what comes later is taken in by a replacement; another peer's, day's or member's is not it.
        for (reference, peer, member, start) in [("D-3", 1, 0, "2026-07-01T22:00"), ("D-4", 0, 0, "2026-07-02T20:00"), ("D-5", 0, 1, "2026-07-01T23:00")] {
            let body = visit_of(reference, &w.peers[peer], &w.members[member], start, 15);
            assert_eq!(record(&app, &w, &body).await["disposition"], "ready", "{reference}");
        }
        let mut group = visit_of("D-6", &w.peers[0], &w.members[0], "2026-07-01T15:00", 15);
        (group["group"], group["setting"]) = (json!({"session": "S-1", "size": 4}), json!("office"));
        group["activity"] = json!("group_support");
        let other = record(&app, &w, &group).await;
        assert!(!rules(&other).contains(&"period.claimed".to_owned()), "{other}");
        let late = record(&app, &w, &visit("D-7", &w.peers[0], &w.members[0], "2026-07-02T01:00")).await;
        assert_eq!(rules(&late), ["period.claimed"]);
        ask(&app, &w, &claim, "replace", "ICN1").await.expect(200);
        let batch = build(&app, &w, "2026-07-01").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(1), &json!(12)));
        let waiting = world::all(&app, "/v1/encounters?status=held", &w.biller).await;
        assert!(waiting.iter().all(|e| e["reference"] != "D-7"), "{waiting:?}");
    }

    /// Without roll-up each contact is a line of its own, and another claim of the day is what the contract says.
    async fn a_late_contact_of_a_day_is_its_own_line_without_roll_up(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &[(PLAIN, "rollup = \"none\"")]).await;
        record(&app, &w, &visit("D-1", &w.peers[0], &w.members[0], "2026-07-01T17:00")).await;
        build(&app, &w, "2026-07-05").await.expect(201);
        let late = record(&app, &w, &visit("D-2", &w.peers[0], &w.members[0], "2026-07-01T20:00")).await;
        assert_eq!(late["disposition"], "ready", "{late}");
    }

    /// Two contacts that were decided while the claim of one of them was made.
    async fn a_contact_decided_before_the_claim_of_its_day_is_looked_at_when_its_turn_comes(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &[]).await;
        record(&app, &w, &visit("D-1", &w.peers[0], &w.members[0], "2026-07-01T17:00")).await;
        let late = record(&app, &w, &visit("D-2", &w.peers[0], &w.members[0], "2026-07-01T20:00")).await;
        assert_eq!(build(&app, &w, "2026-07-05").await.expect(201)["lines"], 1);
        is_looked_at_when_its_turn_comes(&app, &w, &late).await;
    }

    async fn a_month_waits_for_its_last_day_and_is_one_claim(app: TestApp) {
        let w = monthly(&app, 1).await;
        // By the clock of Los Angeles M-3 begins at 22:00 on 31 July, and M-4 at midnight behind it.
        let starts = ["2026-07-01T17:00", "2026-07-16T17:00", "2026-08-01T05:00", "2026-08-01T07:00", "2026-08-31T17:00"];
        for (n, start) in starts.iter().enumerate() {
            let body = visit(&format!("M-{}", n + 1), &w.peers[0], &w.members[0], start);
            assert_eq!(record(&app, &w, &body).await["disposition"], "ready", "{start}");
        }
        build(&app, &w, "2026-07-30").await.problem(409, "nothing_ready");
        let batch = build(&app, &w, "2026-07-31").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(3), &json!(12)));
        let file = edi::fetch(&app, &id(&batch), &w.biller).await;
        assert_eq!(dates(&file.body), ["20260701", "20260716", "20260731"]);
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        assert_eq!(claim["service_date"], "2026-07-01");
        // 95 days after the earliest service date.
        assert_eq!(claim["file_by"], "2026-10-04");
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        // August waits for its own end, also behind a claim of July.
        build(&app, &w, "2026-08-30").await.problem(409, "nothing_ready");
        let next = build(&app, &w, "2026-08-31").await.expect(201);
        assert_eq!((&next["claims"], &next["lines"], &next["units"]), (&json!(1), &json!(2), &json!(8)));
        let file = edi::fetch(&app, &id(&next), &w.biller).await;
        assert_eq!(dates(&file.body), ["20260801", "20260831"]);
    }

    async fn what_comes_after_the_claim_of_a_month_is_held_until_that_is_withdrawn(app: TestApp) {
        let w = monthly(&app, 1).await;
        record(&app, &w, &visit("M-1", &w.peers[0], &w.members[0], "2026-07-01T17:00")).await;
        let batch = build(&app, &w, "2026-07-31").await.expect(201);
        // At 22:00 on the last day of July.
        let late = visit("M-2", &w.peers[0], &w.members[0], "2026-08-01T05:00");
        let preview = app.post("/v1/decisions/preview", &w.submitter, &late).await.expect(200);
        assert_eq!(rules(&preview), ["period.claimed"]);
        let held = record(&app, &w, &late).await;
        assert_eq!((held["disposition"].as_str(), rules(&held)), (Some("held"), vec!["period.claimed".to_owned()]));
        let message = held["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("the month of 2026-07-31 is on claim"), "{message}");
        // At 22:00 on 30 June, at midnight to 1 August, and in July with another peer.
        for (reference, peer, start) in [("M-3", 0, "2026-07-01T05:00"), ("M-4", 0, "2026-08-01T07:00"), ("M-5", 1, "2026-07-15T17:00")] {
            let body = visit(reference, &w.peers[peer], &w.members[0], start);
            assert_eq!(record(&app, &w, &body).await["disposition"], "ready", "{reference}");
        }
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        let now = app.get(&format!("/v1/encounters/{}", id(&held)), &w.biller).await.expect(200);
        assert_eq!(now["status"], "ready", "{now}");
        // June, and July of each peer; August waits.
        let batch = build(&app, &w, "2026-07-31").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(3), &json!(4), &json!(16)));
        edi::fetch(&app, &id(&batch), &w.biller).await;
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        // What is released is claimed as before.
        let last = record(&app, &w, &visit("M-6", &w.peers[0], &w.members[0], "2026-07-20T17:00")).await;
        assert_eq!((last["disposition"].as_str(), rules(&last)), (Some("held"), vec!["period.claimed".to_owned()]));
    }

    /// A week that was cut off where a claim was full is two claims; neither is in the way of the other's replacement.
    async fn a_week_of_two_claims_is_replaced_claim_by_claim(app: TestApp) {
        let week = "rollup = \"day\"\nperiod = \"week\"\nlines = { most = 3 }";
        let w = world::river_bend_with(&app, 1, &[(PLAIN, week), ("free_units = 24", "free_units = 96")]).await;
        let on = |day: u32| visit(&format!("W-{day}"), &w.peers[0], &w.members[0], &format!("2026-07-{day:02}T17:00"));
        for day in 6..11 {
            record(&app, &w, &on(day)).await;
        }
        let batch = build(&app, &w, "2026-07-12").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"]), (&json!(2), &json!(5)));
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let claims = world::all(&app, "/v1/claims", &w.biller).await;
        for day in [11, 12] {
            assert_eq!(rules(&record(&app, &w, &on(day)).await), ["period.claimed"]);
        }
        // The full one is replaced as it is; the other one has room for the first that waits.
        for (claim, lines) in claims.iter().zip([3, 3]) {
            ask(&app, &w, claim, "replace", "ICN").await.expect(200);
            let batch = build(&app, &w, "2026-07-12").await.expect(201);
            assert_eq!((&batch["claims"], &batch["lines"]), (&json!(1), &json!(lines)), "{claim}");
            app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
            app.settle().await;
        }
        let waiting = world::all(&app, "/v1/encounters?status=held", &w.biller).await;
        let waiting: Vec<_> = waiting.iter().map(|e| (e["reference"].as_str().unwrap(), rules(e))).collect();
        assert_eq!(waiting, [("W-12", vec!["period.claimed".to_owned()])]);
        let ready = world::all(&app, "/v1/encounters?status=ready", &w.biller).await;
        assert!(ready.is_empty(), "{ready:?}");
    }

    /// Two visits come late, of days before those of their week's claim, which has room for one.
    async fn a_replacement_takes_in_as_many_as_it_has_room_for(app: TestApp) {
        let week = "rollup = \"day\"\nperiod = \"week\"\nlines = { most = 3 }";
        let w = world::river_bend_with(&app, 1, &[(PLAIN, week), ("free_units = 24", "free_units = 96")]).await;
        let on = |day: u32| visit(&format!("W-{day}"), &w.peers[0], &w.members[0], &format!("2026-07-{day:02}T17:00"));
        for day in [8, 9] {
            record(&app, &w, &on(day)).await;
        }
        let batch = build(&app, &w, "2026-07-12").await.expect(201);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        for day in [6, 7] {
            assert_eq!(rules(&record(&app, &w, &on(day)).await), ["period.claimed"]);
        }
        ask(&app, &w, &claim, "replace", "ICN").await.expect(200);
        let batch = build(&app, &w, "2026-07-12").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"]), (&json!(1), &json!(3)));
        let waiting = world::all(&app, "/v1/encounters?status=held", &w.biller).await;
        let waiting: Vec<_> = waiting.iter().map(|e| e["reference"].as_str().unwrap()).collect();
        assert_eq!(waiting, ["W-7"]);
    }

    /// A full claim takes in what becomes part of one of its lines; what would be a line more stays held.
    async fn a_full_claim_takes_in_what_needs_no_further_line(app: TestApp) {
        let week = "rollup = \"day\"\nperiod = \"week\"\nlines = { most = 2 }";
        let w = world::river_bend_with(&app, 1, &[(PLAIN, week), ("free_units = 24", "free_units = 96")]).await;
        let on = |name: &str, start: &str| visit(name, &w.peers[0], &w.members[0], &format!("2026-07-{start}:00"));
        for (name, start) in [("W-1", "08T17"), ("W-2", "09T17")] {
            record(&app, &w, &on(name, start)).await;
        }
        let batch = build(&app, &w, "2026-07-12").await.expect(201);
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let claim = app.get("/v1/claims", &w.biller).await.expect(200)["items"][0].clone();
        for (name, start) in [("W-3", "09T20"), ("W-4", "10T17")] {
            assert_eq!(rules(&record(&app, &w, &on(name, start)).await), ["period.claimed"]);
        }
        ask(&app, &w, &claim, "replace", "ICN").await.expect(200);
        let batch = build(&app, &w, "2026-07-12").await.expect(201);
        assert_eq!((&batch["lines"], &batch["units"]), (&json!(2), &json!(12)));
        let ready = world::all(&app, "/v1/encounters?status=ready", &w.biller).await;
        assert!(ready.is_empty(), "{ready:?}");
        let waiting = world::all(&app, "/v1/encounters?status=held", &w.biller).await;
        assert_eq!((waiting.len(), &waiting[0]["reference"]), (1, &json!("W-4")));
    }

    async fn a_month_has_at_most_fifty_lines_a_claim(app: TestApp) {
        let month = "rollup = \"none\"\nperiod = \"month\"";
        let w = world::river_bend_with(&app, 1, &[(PLAIN, month), ("units = 16", "units = 96"), ("free_units = 24", "free_units = 35000")]).await;
        let mut rows = Vec::new();
        for n in 0..62 {
            let start = format!("2026-07-{:02}T{}:00", 1 + n % 31, 16 + n / 31);
            let body = world::visit_of(&format!("M-{n}"), &w.peers[0], &w.members[0], &start, 30);
            rows.push(body.to_string());
        }
        let kind = "application/x-ndjson";
        let answer = world::body(&app, "/v1/encounters/bulk", &w.submitter, kind, rows.join("\n")).await;
        let lines = world::answers(&answer);
        assert!(lines.iter().all(|l| l.to_string().contains("ready")), "{}", answer.body);
        let batch = build(&app, &w, "2026-07-31").await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"]), (&json!(2), &json!(62)));
        let claims = world::all(&app, "/v1/claims", &w.biller).await;
        let sizes: Vec<usize> = claims.iter().map(|c| c["lines"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [50, 12]);
        edi::fetch(&app, &id(&batch), &w.biller).await;
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let path = "/v1/reports/utilization?from=2026-07-10&to=2026-07-20";
        assert_eq!(app.get(path, &w.biller).await.expect(200)["ties"]["ties"], true);
    }
}
