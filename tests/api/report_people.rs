//! Reports of authorizations, limits, engagement and rates: against recounts of what the API lists, and
//! with each trap by itself.

use std::collections::BTreeMap;

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::history;
use crate::world::{self, Dice, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn report(app: &TestApp, name: &str, query: &str, key: &str) -> Value {
    let report = app.get(&format!("/v1/reports/{name}?{query}"), key).await.expect(200);
    assert_eq!(report["ties"]["ties"], true, "{name}: {}", report["ties"]);
    report
}

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().unwrap()
}

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) -> Value {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn release(app: &TestApp, key: &str) {
    let body = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", key, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), key).await.expect(200);
}

/// Units that lines of visits draw on each authorization: on released claims, and not.
async fn drawn(app: &TestApp, key: &str) -> BTreeMap<String, [i64; 2]> {
    let mut sums: BTreeMap<String, [i64; 2]> = BTreeMap::new();
    for visit in world::all(app, "/v1/encounters", key).await {
        for line in visit["lines"].as_array().unwrap() {
            let draw = &line["authorization"];
            let place = match line["status"].as_str().unwrap() {
                "submitted" => 0,
                "ready" | "claimed" => 1,
                _ => continue,
            };
            if let Some(number) = draw["number"].as_str() {
                sums.entry(number.to_owned()).or_default()[place] +=
                    draw["units"].as_i64().unwrap();
            }
        }
    }
    sums
}

on_both! {
    async fn authorizations_are_what_a_recount_of_lines_gives(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 4).await;
        history::play(&app, &mut pasts, &mut Dice::new(404), 300).await;
        let key = &pasts[0].world.biller;
        let sums = drawn(&app, key).await;
        assert!(sums.values().any(|s| s[0] > 0) && sums.values().any(|s| s[1] > 0), "{sums:?}");
        let listed = world::all(&app, "/v1/authorizations", key).await;
        let report = report(&app, "authorizations", YEAR, key).await;
        assert_eq!(rows(&report).len(), listed.len());
        for row in rows(&report) {
            let number = row["authorization"].as_str().unwrap();
            let [used, reserved] = sums.get(number).copied().unwrap_or_default();
            let one = listed.iter().find(|a| a["number"] == number).unwrap();
            let approved = one["units"].as_i64().unwrap();
            assert_eq!((&row["approved"], &row["used"], &row["reserved"], &row["remaining"]),
                (&json!(approved), &json!(used), &json!(reserved), &json!(approved - used - reserved)), "{row}");
        }
        // A payer sees what was released, of both organizations, and nothing that waits.
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let seen = self::report(&app, "authorizations", YEAR, &analyst).await;
        let others = drawn(&app, &pasts[1].world.biller).await;
        let used: i64 = sums.values().chain(others.values()).map(|s| s[0]).sum();
        assert_eq!(seen["totals"]["used"], used);
        assert!(rows(&seen).iter().all(|row| row["reserved"].is_null()));
        assert_eq!(seen["left_out_without_consent"], false);
        let app_path = format!("/v1/reports/limits?{YEAR}");
        app.get(&app_path, &analyst).await.problem(404, "not_found");
    }

    async fn an_authorization_near_its_end_is_told_before_it_ends(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let grant = async |number: &str, member: usize, units: i64, from: &str, to: &str| {
            let body = json!({"member": w.members[member], "payer": "evergreen", "number": number,
                "units": units, "from": from, "to": to});
            world::authorization(&app, &w.admin, "river-bend", &body).await;
        };
        // 24 units are free; eight visits of four draw eight on PA-LOW: two of ten are left.
        grant("PA-LOW", 0, 10, "2026-01-01", "2026-12-31").await;
        for day in 1..=8 {
            record(&app, &w, &format!("L-{day}"), 0, &format!("2026-08-{:02}T16:00", day + 20)).await;
        }
        grant("PA-SOON", 1, 40, "2026-01-01", "2026-09-20").await;
        grant("PA-FAR", 2, 40, "2026-09-01", "2026-12-31").await;
        grant("PA-OVER", 3, 40, "2026-01-01", "2026-08-31").await;
        let ending = report(&app, "ending", YEAR, &w.biller).await;
        let told: BTreeMap<&str, &str> = rows(&ending).iter()
            .map(|r| (r["authorization"].as_str().unwrap(), r["near_end"].as_str().unwrap())).collect();
        assert_eq!(told, BTreeMap::from([
            ("PA-LOW", "few_units_left;runs_out_early"), ("PA-SOON", "ends_soon")]));
        let low = rows(&ending).iter().find(|r| r["authorization"] == "PA-LOW").unwrap();
        assert_eq!((&low["remaining"], &low["reserved"]), (&json!(2), &json!(8)));
        assert!(low["projected_exhaustion"].as_str().unwrap() < "2026-10-01", "{low}");
        // Of the pace nothing is said before the thirty-first day, and a use of nothing is said.
        let pace = report(&app, "pace", YEAR, &w.biller).await;
        let judged: BTreeMap<&str, &str> = rows(&pace).iter()
            .map(|r| (r["authorization"].as_str().unwrap(), r["use"].as_str().unwrap())).collect();
        assert_eq!(judged, BTreeMap::from([
            ("PA-LOW", "no_use"), ("PA-SOON", "no_use"), ("PA-OVER", "no_use")]));
        let none = report(&app, "authorizations", "from=2025-01-01&to=2025-12-31", &w.biller).await;
        assert_eq!(none["rows"], json!([]));
        assert!(none["totals"]["utilization_rate"].is_null(), "null, not 0");
        release(&app, &w.biller).await;
        let after = report(&app, "authorizations", YEAR, &w.biller).await;
        let low = rows(&after).iter().find(|r| r["authorization"] == "PA-LOW").unwrap();
        assert_eq!((&low["used"], &low["reserved"], &low["utilization_rate"]), (&json!(8), &json!(0), &json!("0.8000")));
        // Only as things stand.
        let past = format!("/v1/reports/authorizations?{YEAR}&as_of=2026-09-01T00:00:00Z");
        app.get(&past, &w.biller).await.problem(400, "invalid_parameter");
    }

    async fn limits_are_what_a_decision_would_count(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        history::play(&app, &mut pasts, &mut Dice::new(12), 120).await;
        let past = &pasts[0];
        let limits = report(&app, "limits", "from=2026-08-01&to=2026-08-20", &past.world.biller).await;
        let members = world::all(&app, "/v1/members", &past.world.biller).await;
        let mut told = 0;
        for member in &members {
            let path = format!("/v1/members/{}/allowances?on=2026-08-20", id(member));
            let seen = app.get(&path, &past.world.biller).await.expect(200);
            for payer in seen["payers"].as_array().or(seen["items"].as_array()).unwrap() {
                for figure in payer["remaining"].as_array().unwrap() {
                    let row = rows(&limits).iter().find(|r| r["member"] == member["reference"]
                        && r["kind"] == figure["kind"] && r["key"] == figure["key"]).unwrap();
                    for field in ["used", "remaining"] {
                        assert_eq!(decimal(&row[field]), decimal(&figure[field]), "{row} {figure}");
                    }
                    told += 1;
                }
            }
        }
        assert_eq!(told, rows(&limits).len());
        assert!(told > 3);
        assert!(rows(&limits).iter().any(|row| row["binds_first"] == "yes"));
    }

    async fn engagement_keeps_who_waits(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let enroll = async |name: &str, member: usize, from: &str, to: Option<&str>| {
            let mut body = json!({"reference": name, "member": w.members[member], "kind": "episode",
                "payer": "evergreen", "from": from});
            if let Some(to) = to {
                body["to"] = json!(to);
            }
            let path = "/v1/episodes?organization=river-bend";
            app.post(path, &w.admin, &body).await.expect(201);
        };
        // Today is 10 September. Seen on day 2 and again; seen on day 40; never seen; left on day 9.
        enroll("E-1", 0, "2026-06-08", None).await;
        record(&app, &w, "V-1", 0, "2026-06-10T16:00").await;
        record(&app, &w, "V-2", 0, "2026-06-17T16:00").await;
        enroll("E-2", 1, "2026-06-08", None).await;
        record(&app, &w, "V-3", 1, "2026-07-18T16:00").await;
        enroll("E-3", 2, "2026-06-08", None).await;
        // A call that reached nobody, and the note about it, are no contacts.
        for (name, activity) in [("V-4", "no_contact"), ("V-5", "documentation")] {
            let mut body = visit(name, &w.peers[0], &w.members[2], "2026-06-09T16:00");
            body["activity"] = json!(activity);
            let kept = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(kept["status"], "non_billable", "{kept}");
        }
        enroll("E-4", 3, "2026-06-08", Some("2026-06-17")).await;
        let engagement = report(&app, "engagement", YEAR, &w.biller).await;
        let all = &engagement["totals"];
        let seen = |names: &[&str]| names.iter().map(|n| all[*n].clone()).collect::<Vec<_>>();
        assert_eq!(seen(&["enrolled", "engaged", "engaged_share", "early"]), [json!(4), json!(2), json!("0.5000"), json!(1)]);
        // Of four at first, one left after nine days: of the two left after day 2, one is seen on day 40.
        assert_eq!(all["median_days_to_first"], 40);
        assert_eq!(seen(&["due_30", "retained_30", "ended_30"]), [json!(3), json!(1), json!(1)]);
        assert_eq!(seen(&["due_60", "retained_60", "retained_share_60"]), [json!(3), json!(1), json!("0.3333")]);
        assert_eq!(seen(&["due_90", "retained_90"]), [json!(3), json!(0)]);
        // Nothing was released: for the payer nobody was seen yet, and its episodes are there.
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let theirs = report(&app, "engagement", YEAR, &analyst).await;
        assert_eq!((&theirs["totals"]["enrolled"], &theirs["totals"]["engaged"]), (&json!(4), &json!(0)));
        assert!(theirs["totals"]["median_days_to_first"].is_null());
        release(&app, &w.biller).await;
        let theirs = report(&app, "engagement", YEAR, &analyst).await;
        assert_eq!(theirs["totals"]["engaged"], 2);
        let none = report(&app, "engagement", "from=2026-01-01&to=2026-01-31", &w.biller).await;
        assert!(none["totals"]["engaged_share"].is_null());
    }

    async fn rates_need_the_payers_own_file(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", 0, "2026-06-12T16:00").await;
        record(&app, &w, "V-2", 0, "2026-07-05T16:00").await;
        record(&app, &w, "V-3", 1, "2026-06-20T16:00").await;
        release(&app, &w.biller).await;
        let query = "from=2026-06-01&to=2026-07-31&payer=evergreen";
        let without = report(&app, "rates", query, &w.biller).await;
        for column in ["enrolled", "member_months", "users_per_1000_mm", "units"] {
            assert!(without["totals"][column].is_null(), "never made of those who are served");
        }
        assert_eq!(without["nulls"][0]["reason"], "no_enrollment");
        let file = async |key: &str, text: &str| {
            let path = "/v1/enrollments?from=2026-06-01&to=2026-07-31&payer=evergreen";
            world::body(&app, path, key, "text/csv", text.to_owned()).await
        };
        // EV1001 was enrolled for ten days of June; EV9 is served by nobody here.
        let good = "member_number,from,to\nEV1000,2026-01-01,\nEV1001,2026-06-01,2026-06-10\nEV9,2026-07-01,2026-07-31\n";
        let kept = file(&analyst, good).await.expect(201);
        // Who is on a roster and not served is nothing that a payer may find out by files of one row.
        assert_eq!((&kept["members"], &kept["spans"], &kept["unknown_members"]), (&json!(3), &json!(3), &Value::Null));
        let turned = "to,from,member_number\n2026-07-31,2026-07-01,EV9\n2026-06-10,2026-06-01,EV1001\n,2026-01-01,EV1000\n";
        let again = file(&w.admin, turned).await.expect(200);
        assert_eq!((&again["id"], &again["unknown_members"]), (&kept["id"], &json!(1)));
        let months = async |convention: &str| {
            let rates = report(&app, "rates", &format!("{query}&convention={convention}"), &analyst).await;
            assert_eq!(rates["convention"], convention);
            let of = |row: &Value| row["member_months"].as_str().unwrap().to_owned();
            [of(&rates["rows"][0]), of(&rates["rows"][1]), of(&rates["totals"])]
        };
        assert_eq!(months("any_day").await, ["2.0000", "2.0000", "4.0000"]);
        assert_eq!(months("last_day").await, ["1.0000", "2.0000", "3.0000"]);
        assert_eq!(months("mid_month").await, ["1.0000", "2.0000", "3.0000"]);
        assert_eq!(months("prorated").await, ["1.3333", "2.0000", "3.3333"]);
        let rates = report(&app, "rates", query, &analyst).await;
        let all = &rates["totals"];
        // Twenty June is no day on which EV1001 was enrolled: in no numerator, and told.
        assert_eq!((&all["users"], &all["user_months"], &all["units"], &all["not_enrolled"]),
            (&json!(1), &json!(2), &json!(8), &json!(1)));
        assert_eq!((&all["users_per_1000_mm"], &all["units_per_1000_mm"], &all["annual_units_per_1000"]),
            (&json!("500.0000"), &json!("2000.0000"), &json!("24000.0000")));
        // One of three over both months: no mean of the months.
        assert_eq!((&all["enrolled"], &all["penetration"]), (&json!(3), &json!("0.3333")));
        for (bad, line, column) in [
            ("member_number,from,to\nEV1,2026-06-01,2026-06-10\nEV1,2026-06-10,2026-06-30\n", 3, "from"),
            ("member_number,from,to\nEV1,2026-06-31,\n", 2, "from"),
            ("member_number,from,to\n,2026-06-01,\n", 2, "member_number"),
            ("member_number,from,to\nEV1,2026-06-10,2026-06-01\n", 2, "to"),
            ("member_number,from,to\nEV1,2026-08-01,2026-08-10\n", 2, "to"),
            ("member_number,from\nEV1,2026-06-01\n", 1, "to"),
        ] {
            let problem = file(&analyst, bad).await.problem(422, "invalid_input");
            let fault = &problem["faults"][0];
            assert_eq!((&fault["line"], &fault["column"]), (&json!(line), &json!(column)), "{problem}");
        }
        // A header alone would say that nobody is enrolled any more.
        let problem = file(&analyst, "member_number,from,to\n").await.problem(422, "invalid_input");
        assert_eq!(problem["detail"], "The file has no rows; nothing was changed.", "{problem}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM enrollment_files"), 1);
        for bad in ["from=2026-06-02&to=2026-07-31&payer=evergreen", "from=2026-06-01&to=2026-07-31"] {
            app.get(&format!("/v1/reports/rates?{bad}"), &w.biller).await.problem(400, "invalid_parameter");
        }
        let path = format!("/v1/reports/delivery?{query}&convention=any_day");
        app.get(&path, &w.biller).await.problem(400, "invalid_parameter");
        // Nobody is told whom a payer covers who has no contract with it; nor is its existence.
        let stranger = world::organization(&app, &w.admin, "hill-top", "WA", "America/Los_Angeles").await;
        let biller = app.key(Role::Biller, &stranger).await;
        for payer in ["evergreen", "nobody"] {
            let query = format!("from=2026-06-01&to=2026-07-31&payer={payer}");
            let problem = app.get(&format!("/v1/reports/rates?{query}"), &biller).await.problem(404, "not_found");
            assert_eq!(problem["detail"], "There is no such payer that this key may see.");
            let body = json!({"report": "rates", "from": "2026-06-01", "to": "2026-07-31", "payer": payer});
            app.post("/v1/report-issues", &biller, &body).await.problem(404, "not_found");
        }
        let named = format!("/v1/reports/rates?{query}&organization=hill-top");
        for key in [&analyst, &w.admin] {
            app.get(&named, key).await.problem(404, "not_found");
        }
        // An administrator who names the payer alone is told of all who have one.
        let all = report(&app, "rates", query, &w.admin).await;
        assert_eq!(all["totals"]["enrolled"], 3);
        let other = world::payer(&app, &w.admin, "lone-mesa").await;
        let foreign = app.key(Role::PayerAnalyst, &other).await;
        let path = "/v1/enrollments?from=2026-06-01&to=2026-07-31&payer=evergreen";
        world::body(&app, path, &foreign, "text/csv", good).await.problem(404, "not_found");
    }
}

fn decimal(value: &Value) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text == "null" {
        return None;
    }
    let trimmed =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    Some(trimmed.to_owned())
}
