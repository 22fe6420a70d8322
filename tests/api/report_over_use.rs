//! Flags of over- and under-use, each trap by itself: long days and overlaps of peers, groups, units over a
//! cap, members far above the others, months without a visit; and what a payer is told of them.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::world::{self, NPIS, World, id, visit_of};

async fn report(app: &TestApp, query: &str, key: &str) -> Value {
    let report = app.get(&format!("/v1/reports/over_use?{query}"), key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{}", report["ties"]);
    assert_eq!(report["control"]["ties"], true, "{}", report["control"]);
    report
}

/// Rows of one flag.
fn flags<'a>(report: &'a Value, flag: &str) -> Vec<&'a Value> {
    report["rows"].as_array().unwrap().iter().filter(|row| row["flag"] == flag).collect()
}

fn columns(row: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| row[*name].clone()).collect()
}

async fn record(
    app: &TestApp,
    w: &World,
    name: &str,
    of: (usize, usize),
    start: &str,
    minutes: i64,
) {
    let body = visit_of(name, &w.peers[of.0], &w.members[of.1], start, minutes);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

async fn release(app: &TestApp, key: &str, through: &str) {
    let body = json!({"payer": "evergreen", "through": through});
    let batch = id(&app.post("/v1/batches", key, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), key).await.expect(200);
}

async fn authorize(app: &TestApp, w: &World, member: usize, from: &str, to: &str) {
    let body = json!({"member": w.members[member], "payer": "evergreen", "number": format!("PA-{member}"),
        "units": 40, "from": from, "to": to});
    world::authorization(app, &w.admin, "river-bend", &body).await;
}

const AUGUST: &str = "from=2026-08-01&to=2026-08-31";

on_both! {
    async fn a_peers_day_is_its_sessions_and_a_group_is_one(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        // The third of August in Los Angeles: an hour from midnight, eight from nine, eight until one at night.
        record(&app, &w, "V-3", (0, 2), "2026-08-03T07:00", 60).await;
        record(&app, &w, "V-1", (0, 0), "2026-08-03T16:00", 480).await;
        record(&app, &w, "V-2", (0, 1), "2026-08-04T00:00", 480).await;
        // Half an hour of the second is the first one's; the third touches.
        record(&app, &w, "W-1", (1, 0), "2026-08-05T16:00", 60).await;
        record(&app, &w, "W-2", (1, 1), "2026-08-05T16:30", 60).await;
        record(&app, &w, "W-3", (1, 2), "2026-08-05T17:30", 30).await;
        // Three members for an hour.
        let shared = visit_of("G-1", &w.peers[2], "", "2026-08-06T16:00", 60);
        let parts: Vec<Value> = (0..3).map(|n| json!({"reference": format!("G-1-{n}"), "member": w.members[n],
            "diagnoses": ["F32.9"], "note": shared["note"]})).collect();
        let session = json!({"reference": "G-1", "peer": w.peers[2], "activity": "group_support",
            "started_at": shared["started_at"], "ended_at": shared["ended_at"], "mode": "in_person",
            "setting": "office", "size": 4, "members": parts});
        app.post("/v1/sessions", &w.submitter, &session).await.expect(201);
        let own = report(&app, AUGUST, &w.biller).await;
        let names = ["rendering_npi", "payer", "from", "to", "meetings", "unit", "value", "bound"];
        let long = flags(&own, "long_day");
        assert_eq!(long.len(), 1, "{own}");
        assert_eq!(columns(long[0], &names), [json!(NPIS[0]), json!("all"), json!("2026-08-03"), json!("2026-08-03"),
            json!(3), json!("hours"), json!("17.00"), json!("16.00")]);
        assert_eq!(columns(long[0], &["member", "member_number", "service", "z"]), vec![Value::Null; 4]);
        let overlap = flags(&own, "overlap");
        assert_eq!(overlap.len(), 1, "{own}");
        assert_eq!(columns(overlap[0], &names), [json!(NPIS[1]), json!("all"), json!("2026-08-05"), json!("2026-08-05"),
            json!(1), json!("hours"), json!("0.50"), Value::Null]);
        // Of 32 units a day 16 are billed.
        let over: Vec<_> = flags(&own, "over_cap").into_iter().map(|row| columns(row, &["member", "meetings", "value"])).collect();
        assert_eq!(over, [vec![json!("R-EV1000"), json!(1), json!("16.00")], vec![json!("R-EV1001"), json!(1), json!("16.00")]]);
        // Few are not compared, and it is said why.
        for row in flags(&own, "compared") {
            assert_eq!(columns(row, &["compared", "flags", "median", "mad", "z"]),
                [json!(3), json!(0), Value::Null, Value::Null, Value::Null], "{row}");
        }
        assert_eq!(flags(&own, "compared").len(), 2, "each service for itself");
        let why = own["nulls"].as_array().unwrap();
        assert!(why.iter().any(|n| n["column"] == "z" && n["reason"] == "too_few" && n["count"] == 2), "{why:?}");
        assert_eq!(own["totals"]["flags"], 4);
        // A payer is told of nothing before it is released, and then not of what is held.
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        assert_eq!(report(&app, AUGUST, &analyst).await["rows"], json!([]));
        release(&app, &w.biller, "2026-08-31").await;
        let theirs = report(&app, AUGUST, &analyst).await;
        let long = flags(&theirs, "long_day");
        assert_eq!(columns(long[0], &names)[..2], [json!(NPIS[0]), json!("evergreen")]);
        assert_eq!((&long[0]["value"], &long[0]["meetings"]), (&json!("17.00"), &json!(3)));
        assert_eq!((flags(&theirs, "overlap").len(), flags(&theirs, "over_cap").len()), (0, 0));
        assert!(theirs["rows"].as_array().unwrap().iter().all(|row| row["member"].is_null()), "{theirs}");
        // The night before is looked at, and not counted.
        let part = report(&app, "from=2026-08-04&to=2026-08-31", &w.biller).await;
        assert!(flags(&part, "long_day").is_empty());
        record(&app, &w, "V-4", (0, 3), "2026-08-04T07:30", 60).await;
        let part = report(&app, "from=2026-08-04&to=2026-08-04", &w.biller).await;
        let overlap = flags(&part, "overlap");
        assert_eq!((overlap.len(), &overlap[0]["value"], &overlap[0]["from"]), (1, &json!("0.50"), &json!("2026-08-04")));
    }

    async fn a_member_far_above_the_others_is_told_and_a_payer_with_consent_only(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 31, &flagged).await;
        // Ten each of two, three and four units, and one of sixteen: median 3, all others 0 or 1 from it.
        for member in 0..31 {
            let minutes = if member == 0 { 240 } else { 30 + 15 * (i64::try_from(member).unwrap() % 3) };
            let start = format!("2026-07-{:02}T16:00", member + 1);
            record(&app, &w, &format!("V-{member}"), (member % 4, member), &start, minutes).await;
        }
        let july = "from=2026-07-01&to=2026-07-31";
        let names = ["member_number", "service", "meetings", "value", "bound", "compared", "median", "mad", "z"];
        // 0.6745 * 13 / 1; 3 + 3.5 / 0.6745.
        let told = [json!("EV1000"), json!("peer_individual"), json!(1), json!("16.00"), json!("8.19"), json!(31),
            json!("3.00"), json!("1.00"), json!("8.7685")];
        let far = async |key: &str, query: &str| {
            let report = report(&app, query, key).await;
            let rows: Vec<_> = flags(&report, "far_above").into_iter().map(|row| columns(row, &names)).collect();
            let all: Vec<_> = flags(&report, "compared").into_iter().map(|row| columns(row, &["compared", "value", "median"])).collect();
            (rows, all, report["left_out_without_consent"].clone())
        };
        let all = vec![vec![json!(31), json!("106.00"), json!("3.00")]];
        assert_eq!(far(&w.biller, july).await, (vec![told.to_vec()], all.clone(), Value::Null));
        // Of thirty the one is still told; of 29 nobody is.
        let (rows, ..) = far(&w.biller, "from=2026-07-01&to=2026-07-30").await;
        assert_eq!(rows.len(), 1);
        let (rows, compared, _) = far(&w.biller, "from=2026-07-01&to=2026-07-29").await;
        assert_eq!((rows.len(), &compared[0]), (0, &vec![json!(29), json!("100.00"), Value::Null]));
        release(&app, &w.biller, "2026-07-31").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        assert_eq!(far(&analyst, july).await, (vec![told.to_vec()], all.clone(), json!(false)));
        // Where the organization may be a Part 2 program, each member's consent is asked for, and who has given
        // none is not counted among those who are compared either.
        app.database.execute("UPDATE organizations SET part2 = 'undeclared'");
        assert_eq!(far(&analyst, july).await, (vec![], vec![], json!(true)), "not how many");
        assert_eq!(far(&w.biller, july).await.0.len(), 1, "its own");
        let consent = |member: usize| json!({"reference": format!("C-{member}"), "member": w.members[member],
            "recipient": "evergreen", "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
        let consents = async |members: std::ops::Range<usize>| {
            for member in members {
                app.post("/v1/consents?organization=river-bend", &w.admin, &consent(member)).await.expect(201);
            }
        };
        consents(0..29).await;
        let few = vec![vec![json!(29), json!("100.00"), Value::Null]];
        assert_eq!(far(&analyst, july).await, (vec![], few, json!(true)));
        let seen = report(&app, july, &analyst).await;
        assert_eq!(seen["control"]["checks"], json!([]), "both sides would give back who is left out");
        consents(29..30).await;
        assert_eq!(far(&analyst, july).await.0.len(), 1, "thirty");
        consents(30..31).await;
        assert_eq!(far(&analyst, july).await, (vec![told.to_vec()], all, json!(false)));
        // Another payer is told of nobody.
        world::payer(&app, &w.admin, "lone-mesa").await;
        let foreign = app.key(Role::PayerAnalyst, "lone-mesa").await;
        assert_eq!(report(&app, july, &foreign).await["rows"], json!([]));
    }

    async fn a_month_without_a_visit_is_told_once_it_is_over(app: TestApp) {
        let w = world::river_bend(&app, 5).await;
        // Today is 10 September. Seen in August; approved since the middle of July; never seen; absent in July.
        for (member, from, to) in [(0, "2026-01-01", "2026-12-31"), (1, "2026-07-15", "2026-12-31"),
            (2, "2026-06-01", "2026-07-31"), (3, "2026-07-01", "2026-07-31")] {
            authorize(&app, &w, member, from, to).await;
        }
        record(&app, &w, "V-0", (0, 0), "2026-08-03T16:00", 60).await;
        let mut absent = visit_of("V-3", &w.peers[0], &w.members[3], "2026-07-10T16:00", 60);
        absent["member_absent"] = json!(true);
        app.post("/v1/encounters", &w.submitter, &absent).await.expect(201);
        let mut missed = visit_of("V-4", &w.peers[0], &w.members[2], "2026-07-13T16:00", 60);
        missed["activity"] = json!("no_contact");
        app.post("/v1/encounters", &w.submitter, &missed).await.expect(201);
        let told = async |key: &str, query: &str| -> Vec<String> {
            let report = report(&app, query, key).await;
            let row = |row: &Value| {
                assert_eq!(columns(row, &["value", "meetings", "flags", "bound"]), [json!("0.00"), json!(0), json!(1), Value::Null]);
                format!("{} {}", row["member_number"].as_str().unwrap(), &row["from"].as_str().unwrap()[5..7])
            };
            flags(&report, "no_visits").into_iter().map(row).collect()
        };
        let summer = "from=2026-06-01&to=2026-09-30";
        assert_eq!(told(&w.biller, summer).await,
            ["EV1000 06", "EV1000 07", "EV1001 08", "EV1002 06", "EV1002 07", "EV1003 07"]);
        // For a payer nobody was seen of whom nothing was released.
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let mut all = told(&w.biller, summer).await;
        all.insert(2, "EV1000 08".to_owned());
        assert_eq!(told(&analyst, summer).await, all);
        release(&app, &w.biller, "2026-08-31").await;
        all.remove(2);
        assert_eq!(told(&analyst, summer).await, all);
        // Whole months only, and whole months of a coverage.
        assert_eq!(told(&w.biller, "from=2026-06-02&to=2026-07-30").await, Vec::<String>::new());
        app.database.execute("UPDATE coverages SET valid_to = '2026-07-30' WHERE member_number = 'EV1002'");
        all.retain(|row| row != "EV1002 07");
        assert_eq!(told(&w.biller, summer).await, all);
        let past = format!("/v1/reports/over_use?{summer}&as_of=2026-09-01T00:00:00Z");
        app.get(&past, &w.biller).await.problem(400, "invalid_parameter");
    }
}
