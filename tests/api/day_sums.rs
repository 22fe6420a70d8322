//! Minutes summed over the day: whatever the order of arrival, voids and new decisions, the day has
//! the units of its minutes, each visit the increment that it causes, one claim line states them
//! all, and the ledger holds no more.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::edi;
use crate::world::{self, Dice, World, id, rules};

pub const SUMMED: (&str, &str) =
    ("rounding = \"floor\"", "rounding = \"floor\"\nsum_over = \"day\"");
pub const ROOMY: [(&str, &str); 3] =
    [SUMMED, ("units = 16", "units = 96"), ("free_units = 24", "free_units = 35000")];

async fn record(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

/// A visit of member 0 with peer 0 on 1 July, at an hour of UTC.
fn at(w: &World, reference: &str, hour: &str, minutes: i64) -> Value {
    world::visit_of(reference, &w.peers[0], &w.members[0], &format!("2026-07-01T{hour}"), minutes)
}

async fn now(app: &TestApp, w: &World, encounter: &str) -> Value {
    app.get(&format!("/v1/encounters/{encounter}"), &w.biller).await.expect(200)
}

/// Status and units of the lines of a visit.
pub fn lines(body: &Value) -> Vec<(&str, i64)> {
    let list = body["lines"].as_array().unwrap();
    list.iter().map(|l| (l["status"].as_str().unwrap(), l["units"].as_i64().unwrap())).collect()
}

async fn void(app: &TestApp, w: &World, encounter: &str) {
    let reason = json!({"reason": "entered in error"});
    app.post(&format!("/v1/encounters/{encounter}/void"), &w.biller, &reason).await.expect(200);
}

pub fn reserved(app: &TestApp) -> i64 {
    app.database.number(
        "SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM unit_entries WHERE service IS NOT NULL",
    )
}

/// Every day of every member, peer and place against a count from nothing; the units of all, and how
/// many sums have any.
async fn recount(app: &TestApp, w: &World) -> (i64, i64) {
    recount_by(app, w, &["member", "peer", "service_date", "setting"]).await
}

/// The same, where what is equal in these fields is one sum.
pub async fn recount_by(app: &TestApp, w: &World, fields: &[&str]) -> (i64, i64) {
    let mut days: BTreeMap<Vec<String>, Vec<Value>> = BTreeMap::new();
    for visit in world::all(app, "/v1/encounters", &w.biller).await {
        if visit["status"] == "void" {
            continue;
        }
        if visit["note"].is_null() {
            assert_eq!(visit["status"], "held", "{visit}");
            assert_eq!(lines(&visit).len(), 1, "{visit}");
            continue;
        }
        let text = |name: &str| visit[name].as_str().unwrap().to_owned();
        let key = fields.iter().copied().map(text).collect();
        days.entry(key).or_default().push(visit);
    }
    let mut all = (0, 0);
    for visits in days.values_mut() {
        visits.sort_by_key(|v| v["started_at"].as_str().unwrap().to_owned());
        let minutes =
            |list: &[Value]| list.iter().map(|v| v["minutes"].as_i64().unwrap()).sum::<i64>();
        let units = minutes(visits) / 15;
        all = (all.0 + units, all.1 + i64::from(units > 0));
        for (place, visit) in visits.iter().enumerate() {
            let increment = minutes(&visits[..=place]) / 15 - minutes(&visits[..place]) / 15;
            if units == 0 {
                assert_eq!(
                    (&visit["status"], rules(visit)),
                    (&json!("non_billable"), vec!["below_one_unit".into()])
                );
                assert!(lines(visit).is_empty());
                continue;
            }
            let status = visit["status"].as_str().unwrap();
            assert!(["ready", "claimed", "submitted"].contains(&status), "{visit}");
            assert_eq!(lines(visit), [(status, increment)], "{visit}");
            assert_eq!(visit["disposition"], "ready");
            assert!(rules(visit).is_empty(), "{visit}");
        }
    }
    all
}

/// A visit was longer or shorter, elsewhere, or signed after all.
async fn correct(app: &TestApp, w: &World, dice: &mut Dice, known: &[String]) {
    let path = format!("/v1/encounters/{}", dice.pick(known));
    let seen = app.get(&path, &w.submitter).await;
    let start =
        chrono::DateTime::parse_from_rfc3339(seen.json()["started_at"].as_str().unwrap()).unwrap();
    let end = start + chrono::TimeDelta::minutes(1 + i64::try_from(dice.roll(15)).unwrap());
    let body = match dice.roll(3) {
        0 => json!({"ended_at": end.to_rfc3339()}),
        1 => json!({"setting": dice.pick(&["office", "home"])}),
        _ => json!({"note": {"signed_at": "2026-07-05T00:00:00Z", "plan_goal": "G1"}}),
    };
    let request = app
        .request(reqwest::Method::PATCH, &path, &w.submitter)
        .header("if-match", seen.header("etag"));
    let request = request.header("content-type", "application/merge-patch+json");
    crate::app::send(request.body(body.to_string())).await.expect(200);
}

/// Something that happens to a day: visits one by one or many at once, in any order of time.
pub async fn happens(
    app: &TestApp,
    w: &World,
    dice: &mut Dice,
    slots: &mut Vec<(usize, usize)>,
    known: &mut Vec<String>,
) {
    let visit = |dice: &mut Dice, slots: &mut Vec<(usize, usize)>| {
        let (day, slot) = slots.swap_remove(dice.roll(slots.len()));
        let start = format!("2026-07-{:02}T{:02}:{:02}", 1 + day, 15 + slot / 4, slot % 4 * 15);
        let minutes = 1 + i64::try_from(dice.roll(15)).unwrap();
        let (peer, member) = (dice.roll(2), dice.roll(2));
        let reference = format!("D-{day}-{slot}");
        let mut body =
            world::visit_of(&reference, &w.peers[peer], &w.members[member], &start, minutes);
        if dice.roll(6) == 0 {
            body.as_object_mut().unwrap().remove("note");
        }
        body
    };
    match dice.roll(10) {
        0..4 if slots.len() > 8 => {
            let body = visit(dice, slots);
            known.push(id(&record(app, w, &body).await));
        }
        4..6 if slots.len() > 8 => {
            let rows: Vec<String> = (0..8).map(|_| visit(dice, slots).to_string()).collect();
            let answer = world::body(
                app,
                "/v1/encounters/bulk",
                &w.submitter,
                "application/x-ndjson",
                rows.join("\n"),
            )
            .await;
            for row in world::answers(&answer) {
                let encounter = if row["encounter"].is_object() { &row["encounter"] } else { &row };
                let seen = now(app, w, &id(encounter)).await;
                assert_eq!(encounter["disposition"], seen["disposition"], "{row}");
                known.push(id(encounter));
            }
        }
        6 if !known.is_empty() => correct(app, w, dice, known).await,
        7 if !known.is_empty() => {
            let encounter = known.swap_remove(dice.roll(known.len()));
            void(app, w, &encounter).await;
        }
        _ if !known.is_empty() => {
            let encounter = dice.pick(known);
            app.act(&format!("/v1/encounters/{encounter}/decide"), &w.biller).await.expect(200);
        }
        _ => {}
    }
}

on_both! {
    async fn a_late_visit_moves_the_increments(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &ROOMY).await;
        let short = record(&app, &w, &at(&w, "S-1", "20:00", 10)).await;
        assert_eq!((short["disposition"].as_str(), rules(&short)), (Some("non_billable"), vec!["below_one_unit".to_owned()]));
        assert_eq!(reserved(&app), 0);
        let early = at(&w, "S-2", "17:00", 10);
        let preview = app.post("/v1/decisions/preview", &w.submitter, &early).await.expect(200);
        assert_eq!(lines(&preview), [("ready", 0)]);
        assert_eq!(preview["day_sum"]["units"], 1);
        assert!(preview["day_sum"]["visits"][0]["encounter"].is_null());
        assert_eq!(now(&app, &w, &id(&short)).await["status"], "non_billable", "a preview changes nothing");
        // The earlier one makes no unit alone and rides; the later one, decided again, brings it.
        let early = record(&app, &w, &early).await;
        assert_eq!((early["disposition"].as_str(), lines(&early)), (Some("ready"), vec![("ready", 0)]));
        assert_eq!(early["lines"][0]["charge"], "0.00");
        let lifted = now(&app, &w, &id(&short)).await;
        assert_eq!((lifted["status"].as_str(), lines(&lifted)), (Some("ready"), vec![("ready", 1)]));
        assert!(rules(&lifted).is_empty());
        assert_eq!((&lifted["decision"]["sequence"], reserved(&app)), (&json!(2), 1));
        let visits = lifted["day_sum"]["visits"].as_array().unwrap();
        assert_eq!(visits.iter().map(|v| v["encounter"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), [id(&early), id(&short)]);
        // One in between moves the increment again: 10, 24, 34 minutes.
        let between = record(&app, &w, &at(&w, "S-3", "18:00", 14)).await;
        assert_eq!(lines(&between), [("ready", 1)]);
        assert_eq!(lines(&now(&app, &w, &id(&short)).await), [("ready", 1)]);
        assert_eq!(reserved(&app), 2);
        let last = record(&app, &w, &at(&w, "S-4", "16:00", 5)).await;
        assert_eq!(lines(&last), [("ready", 0)]);
        // 5, 15, 29, 39.
        assert_eq!(lines(&now(&app, &w, &id(&early)).await), [("ready", 1)]);
        assert_eq!(lines(&now(&app, &w, &id(&between)).await), [("ready", 0)]);
        assert_eq!((reserved(&app), recount(&app, &w).await), (2, (2, 1)));
        // Without the one in between there are 25 minutes, without the last 20, then 10.
        void(&app, &w, &id(&between)).await;
        assert_eq!((reserved(&app), recount(&app, &w).await), (1, (1, 1)));
        void(&app, &w, &id(&last)).await;
        assert_eq!((reserved(&app), recount(&app, &w).await), (1, (1, 1)));
        void(&app, &w, &id(&early)).await;
        assert_eq!((reserved(&app), recount(&app, &w).await), (0, (0, 0)));
        assert_eq!(now(&app, &w, &id(&short)).await["status"], "non_billable");
        // What a peer, a place, a mode or a service has apart is a sum of its own.
        record(&app, &w, &world::visit_of("S-5", &w.peers[1], &w.members[0], "2026-07-01T22:00", 10)).await;
        let mut home = at(&w, "S-6", "23:00", 10);
        home["setting"] = json!("home");
        record(&app, &w, &home).await;
        assert_eq!(reserved(&app), 0);
    }

    async fn a_day_is_one_claim_line_and_takes_nothing_more_once_claimed(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &[ROOMY[0], ROOMY[1], ROOMY[2], ("rollup = \"day\"", "rollup = \"none\"")]).await;
        let mut other = at(&w, "S-1", "16:00", 20);
        other["diagnoses"] = json!(["F33.1"]);
        let first = record(&app, &w, &other).await;
        let rides = record(&app, &w, &at(&w, "S-2", "17:00", 5)).await;
        let second = record(&app, &w, &at(&w, "S-3", "18:00", 20)).await;
        assert_eq!([lines(&first), lines(&rides), lines(&second)], [[("ready", 1)], [("ready", 0)], [("ready", 2)]]);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!((&batch["claims"], &batch["lines"], &batch["units"]), (&json!(1), &json!(1), &json!(3)));
        edi::fetch(&app, &id(&batch), &w.biller).await;
        let claim = world::all(&app, "/v1/claims", &w.biller).await.remove(0);
        assert_eq!(claim["diagnoses"], json!(["F331", "F329"]), "of all visits, in order of start");
        let parts = claim["lines"][0]["encounters"].as_array().unwrap();
        let shares: Vec<_> = parts.iter().map(|p| (p["units"].as_i64().unwrap(), p["charge"].as_str().unwrap().to_owned())).collect();
        assert_eq!(shares.len(), 3);
        assert!(shares.contains(&(0, "0.00".to_owned())), "{shares:?}");
        assert_eq!(now(&app, &w, &id(&rides)).await["status"], "claimed");
        let reason = json!({"reason": "x"});
        app.post(&format!("/v1/encounters/{}/void", id(&rides)), &w.biller, &reason).await.problem(409, "already_claimed");
        let late = record(&app, &w, &at(&w, "S-4", "19:00", 40)).await;
        assert_eq!((late["disposition"].as_str(), rules(&late)), (Some("held"), vec!["day.claimed".to_owned()]));
        assert!(late["findings"][0]["message"].as_str().unwrap().starts_with("This day is already claimed"));
        assert_eq!(lines(&late), [("held", 2)]);
        assert_eq!(reserved(&app), 3);
        // Withdrawn, the day is open again and takes it in: 20, 25, 45, 85 minutes.
        app.act(&format!("/v1/batches/{}/withdraw", id(&batch)), &w.biller).await.expect(200);
        assert_eq!(lines(&now(&app, &w, &id(&late)).await), [("ready", 2)]);
        assert_eq!((reserved(&app), recount(&app, &w).await), (5, (5, 1)));
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!((&batch["lines"], &batch["units"]), (&json!(1), &json!(5)));
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        let report = app.get("/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service", &w.biller).await.expect(200);
        assert_eq!((&report["ties"]["ties"], &report["totals"]["billed"]), (&json!(true), &batch["charge"]));
        assert_eq!((&report["totals"]["units_submitted"], &report["totals"]["encounters_submitted"]), (&json!(5), &json!(4)));
        assert_eq!(app.database.number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), 5);
    }

    async fn only_the_change_needs_room(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &[SUMMED, ("units = 16", "units = 2")]).await;
        let first = record(&app, &w, &at(&w, "S-1", "18:00", 25)).await;
        // 25 and 20 minutes are 3 units: one more fits, the third waits with the newcomer.
        let second = record(&app, &w, &at(&w, "S-2", "16:00", 20)).await;
        assert_eq!((lines(&second), rules(&second)), (vec![("ready", 1), ("held", 1)], vec!["limit.bill_up_to".to_owned()]));
        assert_eq!(lines(&now(&app, &w, &id(&first)).await), [("ready", 1)]);
        let third = record(&app, &w, &at(&w, "S-3", "20:00", 20)).await;
        assert_eq!((third["disposition"].as_str(), lines(&third)), (Some("held"), vec![("held", 1)]));
        // One that changes nothing rides.
        let fourth = record(&app, &w, &at(&w, "S-4", "21:00", 3)).await;
        assert_eq!(lines(&fourth), [("ready", 0)]);
        assert_eq!(reserved(&app), 2);
        // A void makes room; whoever is decided again takes it.
        void(&app, &w, &id(&first)).await;
        assert_eq!(reserved(&app), 1);
        app.act(&format!("/v1/encounters/{}/decide", id(&third)), &w.biller).await.expect(200);
        assert_eq!(reserved(&app), 2);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!((&batch["lines"], &batch["units"]), (&json!(1), &json!(2)));
        edi::fetch(&app, &id(&batch), &w.biller).await;
    }

    async fn visits_that_overlap_are_never_both_counted(app: TestApp) {
        let w = world::river_bend_with(&app, 1, &ROOMY).await;
        let one = record(&app, &w, &at(&w, "S-1", "16:00", 10)).await;
        let two = record(&app, &w, &at(&w, "S-2", "16:05", 9)).await;
        for visit in [&one, &two] {
            assert_eq!(visit["disposition"], "non_billable", "{visit}");
        }
        let third = record(&app, &w, &at(&w, "S-3", "18:00", 6)).await;
        // 10 and 6 minutes: the second of those that overlap stays what it was.
        assert_eq!(lines(&third), [("ready", 1)]);
        assert_eq!(now(&app, &w, &id(&one)).await["status"], "ready");
        assert_eq!(now(&app, &w, &id(&two)).await["status"], "non_billable");
        let again = app.act(&format!("/v1/encounters/{}/decide", id(&two)), &w.biller).await.expect(200);
        assert_eq!(again["disposition"], "held", "now it overlaps with a visit that is ready");
    }

    async fn minutes_whose_time_comes_free_count_in_their_day(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &ROOMY).await;
        let short = record(&app, &w, &at(&w, "S-1", "17:00", 10)).await;
        assert_eq!(short["disposition"], "non_billable");
        let other = world::visit_of("U-1", &w.peers[0], &w.members[1], "2026-07-01T17:00", 30);
        let other = record(&app, &w, &other).await;
        assert_eq!(lines(&other), [("ready", 2)]);
        let long = record(&app, &w, &at(&w, "S-2", "19:00", 50)).await;
        assert_eq!(lines(&long), [("ready", 3)], "ten minutes are somebody else's");
        void(&app, &w, &id(&other)).await;
        app.settle().await;
        let [short, long] = [now(&app, &w, &id(&short)).await, now(&app, &w, &id(&long)).await];
        assert_eq!((lines(&short).len(), short["status"].as_str()), (1, Some("ready")), "{short}");
        assert_eq!(lines(&short)[0].1 + lines(&long)[0].1, 4, "sixty minutes: {long}");
        assert_eq!(recount(&app, &w).await, (4, 1));
    }

    async fn any_history_of_days_ties(app: TestApp) {
        let w = world::river_bend_with(&app, 2, &ROOMY).await;
        let mut dice = Dice::new(0x000D_A157);
        let mut slots: Vec<(usize, usize)> = (0..3).flat_map(|d| (0..32).map(move |s| (d, s))).collect();
        let mut known = Vec::new();
        for step in 0..80 {
            happens(&app, &w, &mut dice, &mut slots, &mut known).await;
            if step % 6 == 5 {
                let (units, _) = recount(&app, &w).await;
                assert_eq!(reserved(&app), units, "step {step}");
            }
        }
        let (units, sums) = recount(&app, &w).await;
        assert!(units > 20, "{units}");
        assert!(app.database.number("SELECT COUNT(*) FROM decisions WHERE cause = 'day_sum'") > 10);
        crate::worklist::ties(&app, &w.biller).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        assert_eq!(batch["units"], units);
        assert_eq!(batch["lines"], sums, "a line for each day, member, peer and place");
        edi::fetch(&app, &id(&batch), &w.biller).await;
        assert_eq!(recount(&app, &w).await, (units, sums));
        app.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
        assert_eq!(app.database.number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), units);
        let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=month,service";
        let report = app.get(path, &w.biller).await.expect(200);
        assert_eq!((&report["ties"]["ties"], &report["totals"]["units_submitted"]), (&json!(true), &json!(units)));
    }
}
