//! The traps of reports, at least three cases each: groups counted twice, people added up, partial months,
//! voided and replaced claims, two coverages, zones, the change of the year.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, billed, build, of_batch, patch, payer_says, step};
use crate::sessions::session;
use crate::world::{self, World, visit, visit_of};
use crate::{billed_once, partner};

pub async fn report(app: &TestApp, name: &str, query: &str, key: &str) -> Value {
    let report = app.get(&format!("/v1/reports/{name}?{query}"), key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{name}: {}", report["ties"]);
    if !report["control"].is_null() {
        assert_eq!(report["control"]["ties"], true, "{name}: {}", report["control"]);
    }
    report
}

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn put(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

fn row<'a>(report: &'a Value, month: &str) -> &'a Value {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().find(|row| row["month"] == month).unwrap_or_else(|| panic!("{month}: {report}"))
}

on_both! {
    async fn a_group_is_one_hour_of_its_peer(app: TestApp) {
        let w = world::mesa_voices(&app, 4).await;
        // A session of three, another of two with someone present who is not billed, a visit alone.
        let three = session(&w, "S-1", "2026-08-03", 3, &[0, 1, 2]);
        app.post("/v1/sessions", &w.submitter, &three).await.expect(201);
        let all = report(&app, "delivery", YEAR, &w.biller).await["totals"].clone();
        assert_eq!((&all["contacts"], &all["sessions"], &all["staff_minutes"]), (&json!(3), &json!(1), &json!(90)));
        assert_eq!(all["contact_minutes"], 270);
        let more = session(&w, "S-2", "2026-08-04", 3, &[0, 1]);
        app.post("/v1/sessions", &w.submitter, &more).await.expect(201);
        let all = report(&app, "delivery", YEAR, &w.biller).await["totals"].clone();
        assert_eq!((&all["contacts"], &all["group_sessions"], &all["staff_hours"]), (&json!(5), &json!(2), &json!("3.00")));
        assert_eq!(all["average_group_size"], "3.00", "everyone present counts, billed or not");
        let mut alone = visit("V-1", &w.peers[0], &w.members[3], "2026-08-05T16:00");
        alone["setting"] = json!("community");
        put(&app, &w, &alone).await;
        let delivery = report(&app, "delivery", YEAR, &w.biller).await;
        let all = &delivery["totals"];
        assert_eq!((&all["contacts"], &all["sessions"], &all["group_contacts"]), (&json!(6), &json!(3), &json!(5)));
        assert_eq!(all["staff_minutes"], 240);
        assert!(delivery["non_additive"].as_array().unwrap().contains(&json!("staff_minutes")));
        let mix = report(&app, "mix", YEAR, &w.biller).await;
        let group = mix["rows"].as_array().unwrap().iter().find(|r| r["value"] == "group").unwrap().clone();
        assert_eq!(group["share_of_contacts"], "0.8333");
    }

    async fn people_are_counted_at_each_level_and_never_added(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        // One person in two months; in two modes of one month; another person once.
        put(&app, &w, &visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00")).await;
        put(&app, &w, &visit("V-2", &w.peers[0], &w.members[0], "2026-08-03T16:00")).await;
        let mut video = visit("V-3", &w.peers[0], &w.members[0], "2026-08-04T16:00");
        video["mode"] = json!("audio");
        video["setting"] = json!("home");
        put(&app, &w, &video).await;
        put(&app, &w, &visit("V-4", &w.peers[0], &w.members[1], "2026-08-05T16:00")).await;
        let delivery = report(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!((&row(&delivery, "2026-07")["members"], &row(&delivery, "2026-08")["members"]), (&json!(1), &json!(2)));
        assert_eq!(delivery["totals"]["members"], 2, "not three");
        let mix = report(&app, "mix", YEAR, &w.biller).await;
        let people: i64 = mix["rows"].as_array().unwrap().iter().filter(|r| r["cut"] == "mode")
            .map(|r| r["members"].as_i64().unwrap()).sum();
        assert_eq!((people, &mix["totals"]["members"]), (3, &json!(2)));
        // The same number on another roster: one person for the payer, two for those who serve.
        put(&app, &other, &visit("H-1", &other.peers[0], &other.members[0], "2026-08-06T16:00")).await;
        for (who, through) in [(&w, "2026-08-31"), (&other, "2026-08-31")] {
            let body = json!({"payer": "evergreen", "through": through});
            let batch = world::id(&app.post("/v1/batches", &who.biller, &body).await.expect(201));
            app.act(&format!("/v1/batches/{batch}/release"), &who.biller).await.expect(200);
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let theirs = report(&app, "delivery", YEAR, &analyst).await;
        let rows: i64 = theirs["rows"].as_array().unwrap().iter().map(|r| r["members"].as_i64().unwrap()).sum();
        assert!(rows > theirs["totals"]["members"].as_i64().unwrap(), "{theirs}");
        assert_eq!(theirs["totals"]["members"], 2);
        let all = report(&app, "delivery", YEAR, &w.admin).await;
        assert_eq!(all["totals"]["members"], 3);
    }

    async fn a_part_of_a_month_is_that_part(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (name, start) in [("V-1", "2026-07-01T16:00"), ("V-2", "2026-07-15T16:00"), ("V-3", "2026-07-31T16:00"),
            ("V-4", "2026-08-01T16:00")] {
            put(&app, &w, &visit(name, &w.peers[0], &w.members[0], start)).await;
        }
        for (from, to, contacts) in [
            ("2026-07-01", "2026-07-31", 3), ("2026-07-02", "2026-07-31", 2), ("2026-07-01", "2026-07-30", 2),
            ("2026-07-15", "2026-07-15", 1), ("2026-07-31", "2026-08-01", 2), ("2026-07-16", "2026-07-30", 0),
        ] {
            let query = format!("from={from}&to={to}");
            let delivery = report(&app, "delivery", &query, &w.biller).await;
            assert_eq!(delivery["totals"]["contacts"], contacts, "{query}");
            assert_eq!(delivery["totals"]["units"], 4 * contacts, "{query}");
        }
    }

    async fn months_that_are_cut_are_named(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (period, wanted) in [
            ("from=2026-07-01&to=2026-08-31", json!([])),
            ("from=2026-07-02&to=2026-08-31", json!(["2026-07"])),
            ("from=2026-07-01&to=2026-08-30", json!(["2026-08"])),
            ("from=2026-07-31&to=2026-09-01", json!(["2026-07", "2026-09"])),
            ("from=2026-07-05&to=2026-07-05", json!(["2026-07"])),
            ("from=2024-02-01&to=2024-02-28", json!(["2024-02"])),
            ("from=2026-02-01&to=2026-02-28", json!([])),
        ] {
            for name in ["delivery", "utilization", "authorizations", "lines"] {
                let told = report(&app, name, period, &w.biller).await;
                assert_eq!(told["partial_months"], wanted, "{name} {period}");
            }
            let csv = app.get(&format!("/v1/reports/delivery?{period}&format=csv"), &w.biller).await;
            let names: Vec<&str> = wanted.as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
            assert!(csv.body.trim_end().ends_with(&format!(",{}", names.join(";"))), "{}", csv.body);
        }
    }

    async fn a_claim_that_was_replaced_or_voided_counts_as_it_stands(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let seen = async || {
            let all = report(&app, "dollars", YEAR, &analyst).await["totals"].clone();
            let contacts = report(&app, "delivery", YEAR, &analyst).await["totals"]["contacts"].clone();
            (contacts, all["released_units"].clone(), all["billed"].clone())
        };
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let first = billed(&app, &w).await;
        assert_eq!(seen().await, (json!(1), json!(4), first["charge"].clone()));
        let at = report(&app, "dollars", YEAR, &analyst).await["as_of"].as_str().unwrap().to_owned();
        // Replaced with six units: one contact, six units, not ten.
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let second = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        app.settle().await;
        payer_says(&app, &second, true).await;
        assert_eq!(seen().await, (json!(1), json!(6), second["charge"].clone()));
        let moved = report(&app, "movement", &format!("{YEAR}&since={at}"), &analyst).await;
        let step_of = |name: &str| moved["rows"].as_array().unwrap().iter().find(|r| r["step"] == name).unwrap().clone();
        assert_eq!((&step_of("corrected")["contacts"], &step_of("corrected")["units"]), (&json!(0), &json!(2)));
        // Voided: nothing is left, and it is seen in the movement.
        ask(&app, &w, &second, "void", "ICN-2").await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let void = of_batch(&app, &w, &batch).await;
        step(&app, &w, &batch, "release").await.expect(200);
        payer_says(&app, &void, true).await;
        app.settle().await;
        assert_eq!(seen().await, (json!(0), json!(0), json!("0.00")));
        let moved = report(&app, "movement", &format!("{YEAR}&since={at}"), &analyst).await;
        let closing = moved["rows"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&closing["step"], &closing["units"]), (&json!("closing"), &json!(0)));
        let then = report(&app, "dollars", &format!("{YEAR}&as_of={at}"), &analyst).await;
        assert_eq!(then["totals"]["released_units"], 4, "then it was so");
    }

    async fn until_its_replacement_is_released_the_first_claim_counts(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let seen = async || {
            let mut all = Vec::new();
            for key in [&analyst, &w.biller] {
                let dollars = report(&app, "dollars", YEAR, key).await["totals"].clone();
                let contacts = report(&app, "delivery", YEAR, key).await["totals"]["contacts"].clone();
                all.push((contacts, dollars["released_units"].clone(), dollars["billed"].clone()));
            }
            for name in ["completeness", "held"] {
                report(&app, name, YEAR, &w.biller).await;
            }
            let whole = app.get(&format!("/v1/reports/utilization?{YEAR}"), &w.biller).await.expect(200);
            assert_eq!(whole["ties"]["ties"], true, "{whole}");
            all
        };
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-01T20:00").await;
        let first = billed(&app, &w).await;
        let told = seen().await;
        assert_eq!(told, vec![(json!(2), json!(8), first["charge"].clone()); 2]);
        // One visit longer, the other left out.
        ask(&app, &w, &first, "replace", "ICN-1").await.expect(200);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        billed_once::void(&app, &w, "V-2").await.expect(200);
        for ending in ["withdraw", "release"] {
            let batch = build(&app, &w).await.expect(201);
            assert_eq!(seen().await, told, "built, and here only");
            step(&app, &w, &batch, ending).await.expect(200);
            app.settle().await;
            if ending == "withdraw" {
                assert_eq!(seen().await, told);
            } else {
                let second = of_batch(&app, &w, &batch).await;
                assert_eq!(seen().await, vec![(json!(1), json!(6), second["charge"].clone()); 2]);
            }
        }
    }

    async fn by_submission_a_release_is_told_as_one(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let at = report(&app, "delivery", YEAR, &w.biller).await["as_of"].as_str().unwrap().to_owned();
        billed(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&w.biller, &analyst, &w.admin] {
            let moved = report(&app, "movement", &format!("{YEAR}&basis=submission&since={at}"), key).await;
            let rows = moved["rows"].as_array().unwrap();
            let told: Vec<_> = rows.iter().filter(|r| r["changed"] != 0).map(|r| (&r["step"], &r["contacts"])).collect();
            assert_eq!(told, [(&json!("released"), &json!(1))], "{moved}");
        }
    }

    async fn two_coverages_are_one_person(app: TestApp) {
        let w = world::river_bend(&app, 0).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        let member = async |reference: &str, coverages: Value| {
            let body = json!({"reference": reference, "first_name": "Dana", "last_name": "Alvarez",
                "birth_date": "1985-02-14", "gender": "F", "coverages": coverages,
                "address": {"line1": "88 Pine St", "city": "Spokane", "state": "WA", "zip": "99202"}});
            world::id(&app.post("/v1/members?organization=river-bend", &w.admin, &body).await.expect(201))
        };
        let of = |payer: &str, number: &str, order: i64| {
            json!({"payer": payer, "member_number": number, "from": "2026-01-01", "order": order})
        };
        // Another payer first; ours first; and ours alone.
        let dual = member("R-dual", json!([of("lone-mesa", "LM1", 1), of("evergreen", "EV1", 2)])).await;
        let second = member("R-second", json!([of("evergreen", "EV2", 1), of("lone-mesa", "LM2", 2)])).await;
        let only = member("R-only", json!([of("evergreen", "EV3", 1)])).await;
        for (name, member) in [("V-1", &dual), ("V-2", &second), ("V-3", &only)] {
            put(&app, &w, &visit(name, &w.peers[0], member, "2026-07-01T16:00")).await;
        }
        let all = report(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!((&all["totals"]["members"], &all["totals"]["contacts"]), (&json!(3), &json!(3)), "each once");
        let mut parts = 0;
        for payer in ["evergreen", "lone-mesa"] {
            let own = report(&app, "delivery", &format!("{YEAR}&payer={payer}"), &w.admin).await;
            parts += own["totals"]["contacts"].as_i64().unwrap();
        }
        assert!(parts <= 3, "no visit is of two payers: {parts}");
        let completeness = report(&app, "completeness", YEAR, &w.biller).await;
        assert_eq!(completeness["totals"]["recorded"], 3);
        let dollars = report(&app, "dollars", YEAR, &w.biller).await;
        let rows = dollars["rows"].as_array().unwrap();
        assert_eq!(rows.iter().filter(|r| r["payer"] == "lone-mesa").count(), 0, "it has no contract here");
    }

    async fn a_day_is_that_of_the_organization(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // Los Angeles: the evening of 31 July is 1 August in UTC; the morning of 1 August is not.
        for (name, start) in [("V-1", "2026-08-01T03:00"), ("V-2", "2026-08-01T07:00"), ("V-3", "2026-08-01T16:00")] {
            put(&app, &w, &visit_of(name, &w.peers[0], &w.members[0], start, 30)).await;
        }
        let delivery = report(&app, "delivery", YEAR, &w.biller).await;
        assert_eq!(row(&delivery, "2026-07")["contacts"], 1);
        assert_eq!(row(&delivery, "2026-08")["contacts"], 2);
        // Clocks went forward on 8 March 2026 at two: an hour by the clocks of the world.
        put(&app, &w, &visit_of("V-4", &w.peers[0], &w.members[0], "2026-03-08T09:30", 60)).await;
        let march = report(&app, "delivery", "from=2026-03-08&to=2026-03-08", &w.biller).await;
        assert_eq!(march["totals"]["contact_minutes"], 60);
        let before = report(&app, "delivery", "from=2026-03-07&to=2026-03-07", &w.biller).await;
        assert_eq!(before["totals"]["contacts"], 0);
    }

    async fn a_payer_is_told_what_it_rejected(app: TestApp) {
        let (w, sent) = partner::batch(&app, 3, &["release", "delivered"]).await;
        let numbers = sent.claims();
        let said = [(numbers[0].as_str(), true), (numbers[1].as_str(), false)];
        partner::take(&app, &w.biller, partner::status(&sent, 1, "PR", &said)).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&analyst, &w.biller] {
            let all = report(&app, "acceptance", YEAR, key).await["totals"].clone();
            let of = |name: &str| all[name].clone();
            assert_eq!([of("submitted"), of("accepted"), of("rejected"), of("in_flight")], [json!(3), json!(1), json!(1), json!(1)]);
            assert_eq!((of("rejection_rate"), of("acceptance_first")), (json!("0.5000"), json!("0.5000")));
            let timeliness = report(&app, "timeliness", YEAR, key).await;
            let rows = timeliness["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["leg"] == "delivered").unwrap();
            assert_eq!((&row["started"], &row["finished"]), (&json!(3), &json!(3)), "{row}");
        }
        // What is billed is another question.
        assert_eq!(report(&app, "delivery", YEAR, &analyst).await["totals"]["contacts"], 2);
        assert_eq!(report(&app, "dollars", YEAR, &analyst).await["totals"]["released_units"], 8);
    }

    async fn the_seventh_day_is_in_time_and_the_eighth_is_not(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // Today is 10 September: eight days, seven days, and today.
        for (name, start) in [("V-1", "2026-09-02T16:00"), ("V-2", "2026-09-03T16:00"), ("V-3", "2026-09-10T15:00")] {
            put(&app, &w, &visit_of(name, &w.peers[0], &w.members[0], start, 30)).await;
        }
        let released = async || {
            let timeliness = report(&app, "timeliness", YEAR, &w.biller).await;
            let rows = timeliness["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["leg"] == "released").unwrap();
            (row["started"].clone(), row["due_7"].clone(), row["share_within_7"].clone())
        };
        assert_eq!(released().await, (json!(3), json!(1), json!("0.0000")));
        // Where it is the eleventh by now, the visit of the third has waited for eight days.
        app.database.execute("UPDATE organizations SET zone = 'Pacific/Guam'");
        assert_eq!(released().await, (json!(3), json!(2), json!("0.0000")));
    }

    async fn a_year_ends_where_it_ends(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (name, start) in [
            ("V-1", "2025-12-31T16:00"), ("V-2", "2026-01-01T07:30"), ("V-3", "2026-01-01T16:00"),
            ("V-4", "2026-01-02T16:00"),
        ] {
            put(&app, &w, &visit_of(name, &w.peers[0], &w.members[0], start, 30)).await;
        }
        // 7:30 in UTC on the first of January is half past eleven of the old year.
        for (query, contacts) in [
            ("from=2025-01-01&to=2025-12-31", 2), ("from=2026-01-01&to=2026-12-31", 2),
            ("from=2025-12-31&to=2026-01-01", 3), ("from=2025-12-01&to=2026-01-31", 4),
        ] {
            let delivery = report(&app, "delivery", query, &w.biller).await;
            assert_eq!(delivery["totals"]["contacts"], contacts, "{query}");
            assert_eq!(delivery["totals"]["members"], 1, "{query}");
        }
        let delivery = report(&app, "delivery", "from=2025-12-01&to=2026-01-31", &w.biller).await;
        let months: Vec<&Value> = delivery["rows"].as_array().unwrap().iter().map(|r| &r["month"]).collect();
        assert_eq!(months, [&json!("2025-12"), &json!("2026-01")], "in the order of time");
    }
}
