//! Opening balances: units used before go-live count on limits and authorizations, are entries of the
//! ledger, are seen as such, and are never a service of ours.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::reference_samples::pointers;
use crate::world::{self, World, id, visit};

fn opening(w: &World, date: &str, units: i64) -> Value {
    json!({
        "member": w.members[0], "payer": "evergreen", "service": "peer_individual", "date": date,
        "units": units,
    })
}

fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (field, value) in changes {
        body[*field] = value.clone();
    }
    body
}

async fn approval(
    app: &TestApp,
    w: &World,
    number: &str,
    member: usize,
    services: Value,
) -> String {
    let body = json!({
        "member": w.members[member], "payer": "evergreen", "number": number, "units": 20,
        "services": services, "from": "2026-06-01", "to": "2026-12-31",
    });
    world::authorization(app, &w.admin, "river-bend", &body).await
}

/// Kind and consumed units of the entries of opening balances, in order.
fn entries(app: &TestApp) -> Vec<(String, i64)> {
    app.database.table(
        "SELECT kind AS name, consumed AS value FROM unit_entries \
         WHERE encounter_id IS NULL AND service IS NOT NULL ORDER BY id",
    )
}

async fn left(app: &TestApp, w: &World, on: &str) -> Vec<Value> {
    let path = format!("/v1/members/{}/allowances?on={on}", w.members[0]);
    let seen = app.get(&path, &w.biller).await.expect(200);
    seen["payers"][0]["remaining"].as_array().unwrap().clone()
}

fn figure(remaining: &[Value], kind: &str) -> (f64, f64, f64) {
    let row = remaining.iter().find(|r| r["kind"] == kind).unwrap();
    let number = |name: &str| row[name].to_string().trim_matches('"').parse::<f64>().unwrap();
    (number("used"), number("opening"), number("remaining"))
}

on_both! {
    async fn what_was_used_before_counts_and_is_seen_as_such(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let authorization = approval(&app, &w, "PA-1", 0, json!([])).await;
        // 22 of the year's 24 free units, and 17 of 20 authorized ones.
        let made = app.post("/v1/opening-balances", &w.biller, &opening(&w, "2026-06-30", 22)).await.expect(201);
        assert_eq!(made["member_number"], "EV1000");
        let drawn = with(opening(&w, "2026-06-29", 17), &[("authorization", json!("PA-1"))]);
        let drawn = app.post("/v1/opening-balances", &w.biller, &drawn).await.expect(201);
        assert_eq!(drawn["authorization"], json!(authorization));
        assert_eq!(entries(&app), [("opening".to_owned(), 22), ("opening".to_owned(), 17)]);

        let seen = left(&app, &w, "2026-07-01").await;
        assert_eq!(figure(&seen, "free_units"), (22.0, 22.0, 2.0));
        assert_eq!(figure(&seen, "authorization"), (17.0, 17.0, 3.0));
        assert_eq!(figure(&seen, "limit"), (0.0, 0.0, 16.0));
        // The day limit of the balance's own day.
        assert_eq!(figure(&left(&app, &w, "2026-06-30").await, "limit"), (22.0, 22.0, -6.0));

        // Four units: two are free, two are drawn on the authorization.
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let visited = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(visited["lines"][0]["authorization"]["units"], 2, "{visited}");
        let seen = left(&app, &w, "2026-07-01").await;
        assert_eq!(figure(&seen, "free_units"), (24.0, 22.0, 0.0));
        assert_eq!(figure(&seen, "authorization"), (19.0, 17.0, 1.0));
        assert_eq!(figure(&seen, "limit"), (4.0, 0.0, 12.0));

        // A service of ours it is not.
        let report = "/v1/reports/utilization?from=2026-01-01&to=2026-12-31";
        let report = app.get(report, &w.biller).await.expect(200);
        assert_eq!(report["totals"]["units_recorded"], 4);
        assert_eq!(report["totals"]["encounters_recorded"], 1);
        assert_eq!(report["ties"]["ties"], true);
        // Nor anybody else's.
        let other = app.get(&format!("/v1/members/{}/allowances?on=2026-07-01", w.members[1]), &w.biller).await;
        let other = other.expect(200)["payers"][0]["remaining"].as_array().unwrap().clone();
        assert_eq!(figure(&other, "free_units"), (0.0, 0.0, 24.0));
    }

    async fn a_change_is_a_difference_and_only_units_change(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let first = opening(&w, "2026-06-30", 20);
        let made = app.post("/v1/opening-balances", &w.biller, &first).await.expect(201);
        let path = format!("/v1/opening-balances/{}", id(&made));
        app.post("/v1/opening-balances", &w.biller, &first).await.problem(409, "already_exists");
        let same = app.put(&path, &w.biller, "\"1\"", &first).await;
        assert_eq!(same.header("etag"), "\"1\"");
        app.put(&path, &w.biller, "", &first).await.problem(428, "precondition_required");
        let fewer = app.put(&path, &w.biller, "\"1\"", &opening(&w, "2026-06-30", 15)).await;
        assert_eq!((fewer.expect(200)["units"].as_i64(), fewer.header("etag")), (Some(15), "\"2\""));
        app.put(&path, &w.biller, "\"1\"", &first).await.problem(412, "precondition_failed");
        app.put(&path, &w.biller, "\"2\"", &opening(&w, "2026-06-30", 0)).await.expect(200);
        let booked = entries(&app);
        let wanted = [("opening", 20), ("adjust", -5), ("adjust", -15)];
        assert_eq!(booked, wanted.map(|(kind, units)| (kind.to_owned(), units)));
        let moved = with(opening(&w, "2026-06-29", 9), &[
            ("member", json!(w.members[1])), ("service", json!("peer_crisis")),
        ]);
        let problem = app.put(&path, &w.biller, "\"3\"", &moved).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/date", "/member", "/service"]);
        let list = app.get("/v1/opening-balances?payer=evergreen", &w.biller).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let of_other = format!("/v1/opening-balances?member={}", w.members[1]);
        assert_eq!(app.get(&of_other, &w.biller).await.expect(200)["items"], json!([]));
    }

    async fn what_cannot_be_is_refused_at_its_field(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        approval(&app, &w, "PA-1", 0, json!(["peer_crisis"])).await;
        approval(&app, &w, "PA-2", 1, json!([])).await;
        approval(&app, &w, "PA-3", 0, json!([])).await;
        let base = || opening(&w, "2026-06-30", 4);
        let number = |n: &str| with(base(), &[("member", Value::Null), ("member_number", json!(n))]);
        for (body, wanted) in [
            (json!({}), vec!["/date", "/member", "/payer", "/service", "/units"]),
            (with(base(), &[("member", json!("R-9"))]), vec!["/member"]),
            (with(base(), &[("member_number", json!("EV1000"))]), vec!["/member"]),
            (number("EV9999"), vec!["/member_number"]),
            (with(base(), &[("payer", json!("nobody"))]), vec!["/payer"]),
            (with(base(), &[("payer", json!("lone-mesa"))]), vec!["/member"]),
            (with(base(), &[("service", json!("peer_indvidual"))]), vec!["/service"]),
            (with(base(), &[("date", json!("2026-09-11"))]), vec!["/date"]),
            (with(base(), &[("units", json!(-1))]), vec!["/units"]),
            (with(base(), &[("units", json!(3_500_001))]), vec!["/units"]),
            (with(base(), &[("authorization", json!("PA-1"))]), vec!["/authorization"]),
            (with(base(), &[("authorization", json!("PA-2"))]), vec!["/authorization"]),
            (with(base(), &[("authorization", json!("PA-9"))]), vec!["/authorization"]),
            (with(base(), &[("authorization", json!("PA-3")), ("date", json!("2026-05-31"))]), vec!["/authorization"]),
        ] {
            let problem = app.post("/v1/opening-balances", &w.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), wanted, "{body} {problem}");
        }
        assert_eq!(entries(&app), []);
        let made = app.post("/v1/opening-balances", &w.biller, &number("EV1000")).await.expect(201);
        assert_eq!(made["member"], json!(w.members[0]));
        // On a day of ours they would be counted twice.
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let twice = opening(&w, "2026-07-01", 4);
        let problem = app.post("/v1/opening-balances", &w.biller, &twice).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), ["/date"]);
        let crisis = with(twice, &[("service", json!("peer_crisis"))]);
        app.post("/v1/opening-balances", &w.biller, &crisis).await.expect(201);
    }

    async fn a_file_comes_in_once_and_a_changed_row_is_a_difference(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        approval(&app, &w, "PA-1", 0, json!([])).await;
        let import = |rows: &str| {
            let text = format!(
                "organization,member_reference,member_number,payer,service,date,units,authorization\n{rows}");
            let output = crate::reference_import::import(&app.database, "opening-balances", text.as_bytes(), &[]);
            let text = if output.status.success() { output.stdout } else { output.stderr };
            String::from_utf8(text).unwrap().trim().to_owned()
        };
        let rows = "river-bend,R-EV1000,,evergreen,peer_individual,2026-06-28,6,\n\
            river-bend,,EV1000,evergreen,peer_individual,2026-06-28,3,PA-1\n\
            river-bend,,EV1001,evergreen,peer_crisis,2026-06-28,2,\n";
        assert_eq!(import(rows), "opening-balances: 3 created, 0 updated, 0 unchanged");
        assert_eq!(import(rows), "opening-balances: 3 unchanged");
        assert_eq!(entries(&app).len(), 3);
        // The same balance named another way, with other units.
        let other = "river-bend,,EV1000,evergreen,peer_individual,2026-06-28,8,\n";
        assert_eq!(import(other), "opening-balances: 0 created, 1 updated, 0 unchanged");
        assert_eq!(entries(&app)[3..], [("adjust".to_owned(), 2)]);
        assert_eq!(figure(&left(&app, &w, "2026-07-01").await, "free_units"), (8.0, 8.0, 16.0));
        let error = import("river-bend,R-9,,evergreen,peer_individual,2026-06-27,6,\n\
            river-bend,,EV1001,evergreen,peer_individual,2026-06-27,6,PA-1\n\
            river-bend,,EV1001,evergreen,peer_individual,2026-06-27,6,\n\
            river-bend,R-EV1001,,evergreen,peer_individual,2026-06-27,7,\n\
            river-bend,R-EV1001,,evergreen,peers,2027-06-27,7,\n\
            river-bend,R-EV1001,,nobody,peer_individual,2026-06-27,7,\n");
        for place in [
            "line 2, member_reference:", "line 3, authorization:", "line 5, date: line 4 names the same one",
            "line 6, service:", "line 6, date:", "line 7, payer:",
        ] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        let error = import("river-bend,R-EV1000,,evergreen,peer_individual,2026-06-27,-6,\n");
        assert!(error.contains("line 2, units:"), "{error}");
        assert_eq!(entries(&app).len(), 4, "nothing of a refused file");
    }
}
