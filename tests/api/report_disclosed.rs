//! What payers may still be told when consents have ended, and whose trail says what they were told; names of
//! issues; what is made again after an organization has moved.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::program;
use crate::world::{self, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";
const HEADER: &str = "claim_number,line_control,service_date,units,charge\n";

/// Two members of an organization whose service is one of substance use.
async fn flagged(app: &TestApp) -> World {
    let flagged =
        [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
    world::river_bend_with(app, 2, &flagged).await
}

/// From now on the organization is a Part 2 program.
fn walled(app: &TestApp) {
    app.database.execute("UPDATE organizations SET part2 = 'program'");
}

async fn consent(app: &TestApp, w: &World, member: usize) -> String {
    let body = json!({"reference": format!("C-{member}"), "member": w.members[member], "recipient": "evergreen",
        "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
    id(&app.post("/v1/consents?organization=river-bend", &w.admin, &body).await.expect(201))
}

async fn revoke(app: &TestApp, w: &World, consent: &str) {
    let path = format!("/v1/consents/{consent}/revoke?organization=river-bend");
    app.post(&path, &w.admin, &json!({})).await.expect(200);
}

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

async fn release(app: &TestApp, w: &World) {
    let body = json!({"payer": "evergreen", "through": "2026-08-31"});
    let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

async fn issue(app: &TestApp, key: &str, body: &Value) -> Value {
    app.post("/v1/report-issues", key, body).await.expect(201)
}

fn file(manifest: &Value, form: &str) -> String {
    format!("/v1/report-issues/{}/file?format={form}", manifest["id"].as_str().unwrap())
}

fn path(manifest: &Value) -> String {
    format!("/v1/report-issues/{}", manifest["id"].as_str().unwrap())
}

async fn held_against(app: &TestApp, key: &str, query: &str, text: &str) -> Value {
    let path = format!("/v1/reports/differences?payer=evergreen&{query}");
    let told = world::body(app, &path, key, "text/csv", text.to_owned()).await.expect(200);
    assert_eq!(told["ties"]["ties"], true, "{told}");
    told
}

on_both! {
    async fn whom_a_wall_hides_is_not_told_of_once_more(app: TestApp) {
        let w = flagged(&app).await;
        walled(&app);
        let mut consents = Vec::new();
        for (member, number) in [(0, "PA-A"), (1, "PA-B")] {
            let body = json!({"member": w.members[member], "payer": "evergreen", "number": number,
                "units": 40, "from": "2026-01-01", "to": "2026-12-31"});
            world::authorization(&app, &w.admin, "river-bend", &body).await;
            consents.push(consent(&app, &w, member).await);
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let wanted = json!({"report": "authorizations", "from": "2026-01-01", "to": "2026-12-31"});
        let own = issue(&app, &w.biller, &wanted).await;
        let first = issue(&app, &analyst, &wanted).await;
        let told = app.get(&file(&first, "json"), &analyst).await.expect(200);
        assert_eq!(told["rows"].as_array().unwrap().len(), 2, "{told}");
        assert_eq!(app.get(&path(&first), &analyst).await.expect(200)["totals"]["approved"], 80);
        // Of who is shown a number moves; of the other the consent ends.
        app.database.execute("UPDATE authorizations SET units = 30 WHERE number = 'PA-A'");
        revoke(&app, &w, &consents[1]).await;
        for (key, form) in [(&analyst, "json"), (&analyst, "csv"), (&analyst, "xlsx"), (&w.admin, "json")] {
            let problem = app.get(&file(&first, form), key).await.problem(409, "wrong_status");
            assert!(!problem["detail"].as_str().unwrap().contains('1'), "not of how many: {problem}");
        }
        for path in [path(&first), "/v1/report-issues?limit=1".to_owned()] {
            let seen = app.get(&path, &analyst).await.expect(200);
            let seen = if seen["items"].is_array() { seen["items"][0].clone() } else { seen };
            assert_eq!((&seen["id"], &seen["totals"]), (&first["id"], &Value::Null));
        }
        let mut again = wanted.clone();
        again["supersedes"] = first["id"].clone();
        again["reason"] = json!("units were changed");
        let second = issue(&app, &analyst, &again).await;
        let restated = app.get(&file(&second, "restatement"), &analyst).await;
        let told = restated.expect(200);
        assert_eq!(told["left_out_without_consent"], true);
        assert!(!restated.body.contains("PA-B") && !restated.body.contains("EV1001"), "{told}");
        let changes = told["changes"].as_array().unwrap();
        assert!(changes.iter().any(|c| c["column"] == "approved" && c["after"] == 30), "{told}");
        assert!(changes.iter().all(|c| c["row"]["authorization"] == "PA-A"), "no totals: {told}");
        let told = app.get(&file(&second, "json"), &analyst).await.expect(200);
        assert_eq!((told["rows"].as_array().unwrap().len(), &told["left_out_without_consent"]), (1, &json!(true)));
        // The organization has its own records.
        let told = app.get(&file(&own, "json"), &w.biller).await.expect(200);
        assert_eq!(told["rows"].as_array().unwrap().len(), 2);
        again["supersedes"] = own["id"].clone();
        let second = issue(&app, &w.biller, &again).await;
        let told = app.get(&file(&second, "restatement"), &w.biller).await.expect(200);
        assert!(told["left_out_without_consent"].is_null(), "{told}");
        assert!(told["changes"].as_array().unwrap().iter().any(|c| c["row"].is_null()), "{told}");
    }

    async fn an_empty_extract_shows_nothing_behind_the_wall(app: TestApp) {
        let w = flagged(&app).await;
        for member in 0..2 {
            record(&app, &w, &format!("V-{member}"), member, &format!("2026-07-0{}T16:00", member + 1)).await;
        }
        release(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let all = held_against(&app, &analyst, YEAR, HEADER).await;
        assert_eq!((&all["only_here"]["lines"], &all["left_out_without_consent"]), (&json!(2), &json!(false)));
        walled(&app);
        let kept = consent(&app, &w, 0).await;
        let seen = held_against(&app, &analyst, YEAR, HEADER).await;
        assert_eq!((&seen["only_here"]["lines"], &seen["here"]["lines"]), (&json!(1), &json!(1)), "in no sum");
        assert_eq!((&seen["left_out_without_consent"], &seen["differences"][0]["here"]["service_date"]),
            (&json!(true), &json!("2026-07-01")));
        let own = held_against(&app, &w.biller, YEAR, HEADER).await;
        assert_eq!(own["only_here"]["lines"], 2);
        assert!(own["left_out_without_consent"].is_null());
        // What the payer brings is told while it may be told, and then as a number that nobody gave.
        let line = |of: &Value| format!("{},{},{},9,{}\n", of["claim_number"].as_str().unwrap(),
            of["line_control"].as_str().unwrap(), of["here"]["service_date"].as_str().unwrap(),
            of["here"]["charge"].as_str().unwrap());
        let told = all["differences"].as_array().unwrap().iter().find(|d| d["here"]["service_date"] == "2026-07-01");
        let text = format!("{HEADER}{}", line(told.unwrap()));
        let seen = held_against(&app, &analyst, YEAR, &text).await;
        assert_eq!((&seen["differing"], &seen["only_here"]["lines"]), (&json!(1), &json!(0)), "{seen}");
        assert_eq!(seen["differences"][0]["differs"], json!(["units"]));
        let csv = world::body(&app, &format!("/v1/reports/differences?{YEAR}&format=csv"), &analyst, "text/csv", text.clone()).await;
        let row = csv.body.lines().nth(1).unwrap();
        let left_out = format!(",true{}", ",".repeat(9));
        assert!(row.starts_with("row,both,") && row.contains("42 CFR part 2") && row.ends_with(&left_out), "{row}");
        // With nothing that differs it says so, and that lines are left out.
        let path = "/v1/reports/differences?from=2026-07-02&to=2026-07-02&format=csv";
        let nothing = world::body(&app, path, &analyst, "text/csv", HEADER.to_owned()).await;
        let lines: Vec<&str> = nothing.body.lines().collect();
        let whole = ",true,0,0,0,0,0,0,0,true,2026-";
        assert!(lines.len() == 2 && lines[1].starts_with("total,,") && lines[1].contains(whole), "{lines:?}");
        revoke(&app, &w, &kept).await;
        let seen = held_against(&app, &analyst, YEAR, &text).await;
        assert_eq!((&seen["differing"], &seen["here"]["lines"], &seen["only_there"]["lines"]), (&json!(0), &json!(0), &json!(1)), "{seen}");
        // Utilization carries the notice, too.
        let told = app.get(&format!("/v1/reports/utilization?{YEAR}"), &analyst).await.expect(200);
        assert!(told["notice"].as_str().unwrap().contains("42 CFR part 2"));
        let csv = app.get(&format!("/v1/reports/utilization?{YEAR}&format=csv"), &analyst).await;
        assert!(csv.body.lines().all(|l| l.contains(",notice") || l.contains("42 CFR part 2")), "{}", csv.body);
        let own = app.get(&format!("/v1/reports/utilization?{YEAR}"), &w.biller).await.expect(200);
        assert!(own["notice"].is_null());
    }

    async fn a_date_that_differs_over_the_edge_is_a_date_that_differs(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", 0, "2026-07-31T16:00").await;
        record(&app, &w, "V-2", 0, "2026-08-05T16:00").await;
        release(&app, &w).await;
        let july = held_against(&app, &w.biller, "from=2026-07-01&to=2026-07-31", HEADER).await;
        let ours = &july["differences"][0];
        let text = format!("{HEADER}{},{},2026-08-01,{},{}\n", ours["claim_number"].as_str().unwrap(),
            ours["line_control"].as_str().unwrap(), ours["here"]["units"], ours["here"]["charge"].as_str().unwrap());
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        for key in [&analyst, &w.biller] {
            let told = held_against(&app, key, "from=2026-08-01&to=2026-08-31", &text).await;
            let list = told["differences"].as_array().unwrap();
            let both = list.iter().find(|d| d["place"] == "both").unwrap();
            assert_eq!(both["differs"], json!(["service_date"]), "{told}");
            assert_eq!((&both["here"]["service_date"], &both["there"]["service_date"]), (&json!("2026-07-31"), &json!("2026-08-01")));
            let lines = |sum: &str| told[sum]["lines"].as_i64().unwrap();
            let sums = ["here", "here_on_other_days", "there", "both_here", "only_here", "only_there"];
            assert_eq!(sums.map(lines), [1, 1, 1, 1, 1, 0], "{told}");
        }
        // A number that is nobody's, and one of a claim with another line, are only there.
        let text = format!("{HEADER}X'; --,1,2026-08-01,4,1.00\n{},NONE,2026-08-01,4,1.00\n", ours["claim_number"].as_str().unwrap());
        let told = held_against(&app, &analyst, "from=2026-08-01&to=2026-08-31", &text).await;
        assert_eq!((&told["only_there"]["lines"], &told["here_on_other_days"]["lines"]), (&json!(2), &json!(0)));
    }

    async fn that_somebody_is_enrolled_in_a_program_is_told_with_consent(app: TestApp) {
        let w = flagged(&app).await;
        for member in 0..2 {
            let body = json!({"reference": format!("E-{member}"), "member": w.members[member], "kind": "episode",
                "payer": "evergreen", "from": "2026-06-08"});
            app.post("/v1/episodes?organization=river-bend", &w.admin, &body).await.expect(201);
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let report = format!("/v1/reports/engagement?{YEAR}");
        let enrolled = async |key: &str| {
            let told = app.get(&report, key).await.expect(200);
            assert_eq!(told["ties"]["ties"], true, "{told}");
            (told["totals"]["enrolled"].clone(), told["left_out_without_consent"].clone())
        };
        assert_eq!(enrolled(&analyst).await, (json!(2), json!(false)));
        walled(&app);
        assert_eq!(enrolled(&analyst).await, (json!(0), json!(true)));
        let kept = consent(&app, &w, 0).await;
        assert_eq!(enrolled(&analyst).await, (json!(1), json!(true)));
        assert_eq!(enrolled(&w.biller).await, (json!(2), Value::Null));
        revoke(&app, &w, &kept).await;
        assert_eq!(enrolled(&analyst).await, (json!(0), json!(true)));
    }

    async fn names_of_files_are_never_used_for_other_bytes(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let rates = |convention: Option<&str>| {
            let mut body = json!({"report": "rates", "payer": "evergreen", "organization": "river-bend",
                "from": "2026-07-01", "to": "2026-07-31"});
            if let Some(convention) = convention {
                body["convention"] = json!(convention);
            }
            body
        };
        let mut names = Vec::new();
        for (key, convention) in [(&w.biller, None), (&w.biller, Some("prorated")), (&w.biller, Some("last_day")),
            (&analyst, None), (&analyst, Some("prorated"))] {
            let manifest = issue(&app, key, &rates(convention)).await;
            assert_eq!(manifest["convention"], convention.unwrap_or("any_day"));
            names.push(manifest["files"][0]["name"].as_str().unwrap().to_owned());
        }
        assert!(names[0].starts_with("RIVER-BEND_EVERGREEN_RATES_ANY-DAY_ORG_SER20260701-20260731_ASOF"), "{names:?}");
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
        // Left out, the convention is any_day: the same question.
        for key in [&w.biller, &analyst] {
            app.post("/v1/report-issues", key, &rates(Some("any_day"))).await.problem(409, "already_exists");
        }
    }

    async fn who_took_the_rows_is_in_the_trail_of_each_organization(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        let stranger = world::organization(&app, &w.admin, "lone-peak", "WA", "America/Los_Angeles").await;
        let stranger = app.key(Role::Biller, &stranger).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let entries = async |action: &str, key: &str| {
            let list = world::all(&app, &format!("/v1/audit?action={action}"), key).await;
            list.into_iter().filter(|e| e["role"] == "payer_analyst").collect::<Vec<_>>()
        };
        let counts = async |action: &str| {
            [entries(action, &w.biller).await.len(), entries(action, &other.biller).await.len(),
                entries(action, &stranger).await.len()]
        };
        app.get(&format!("/v1/reports/delivery?{YEAR}"), &analyst).await.expect(200);
        assert_eq!(counts("report.export").await, [1, 1, 0]);
        let told = app.get(&format!("/v1/reports/lines?{YEAR}&organization=river-bend"), &analyst).await.expect(200);
        assert_eq!(counts("report.export").await, [2, 1, 0]);
        let own = entries("report.export", &w.biller).await;
        let of_lines = own.iter().find(|e| e["about"]["report"] == "lines").unwrap();
        assert!(told["as_of"].is_string() && of_lines["about"]["as_of"] == told["as_of"], "{of_lines}");
        let entry = &entries("report.export", &other.biller).await[0];
        let about = &entry["about"];
        assert_eq!((&about["report"], &about["format"], &about["basis"]), (&json!("delivery"), &json!("json"), &json!("service")));
        let payer = id(&app.get("/v1/payers?key=evergreen", &w.admin).await.expect(200)["items"][0]);
        assert_eq!(about["payer"], payer.as_str(), "{entry}");
        assert!(about["as_of"].as_str().unwrap().starts_with("2026-09-"), "{entry}");
        app.get(&format!("/v1/reports/utilization?{YEAR}&format=csv"), &analyst).await;
        assert_eq!(counts("report.export").await, [3, 2, 0]);
        held_against(&app, &analyst, YEAR, HEADER).await;
        assert_eq!(counts("report.differences").await, [1, 1, 0]);
        let wanted = json!({"report": "delivery", "from": "2026-07-01", "to": "2026-07-31"});
        let manifest = issue(&app, &analyst, &wanted).await;
        assert_eq!(counts("report.issue").await, [1, 1, 0]);
        app.get(&path(&manifest), &analyst).await.expect(200);
        app.get("/v1/report-issues", &analyst).await.expect(200);
        assert_eq!(counts("report.read_issue").await, [2, 2, 0]);
        app.get(&file(&manifest, "csv"), &analyst).await;
        assert_eq!(counts("report.export_issue").await, [1, 1, 0]);
        // Nothing was on the page: nothing was told.
        app.get("/v1/report-issues?report=mix", &analyst).await.expect(200);
        assert_eq!(counts("report.read_issue").await, [2, 2, 0]);
    }

    async fn an_organization_that_has_moved_is_made_again_where_it_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // Today is 10 September: seven days in Los Angeles, and eight on Guam, where it is tomorrow.
        record(&app, &w, "V-1", 0, "2026-09-03T16:00").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let wanted = json!({"report": "timeliness", "from": "2026-09-01", "to": "2026-09-30"});
        let mut issues = Vec::new();
        for key in [&w.biller, &analyst, &w.admin] {
            issues.push((key, issue(&app, key, &wanted).await));
        }
        let seen = app.get("/v1/reports/timeliness?from=2026-09-01&to=2026-09-30", &w.biller).await.expect(200);
        let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", organization["items"][0]["id"].as_str().unwrap());
        for zone in ["Pacific/Guam", "America/New_York"] {
            crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!(zone)).await;
            for (key, manifest) in &issues {
                let again = app.get(&format!("/v1/report-issues/{}/rebuild", id(manifest)), key).await.expect(200);
                assert_eq!(again["same"], true, "{zone} {again}");
            }
            let at = seen["as_of"].as_str().unwrap();
            let again = format!("/v1/reports/timeliness?from=2026-09-01&to=2026-09-30&as_of={at}");
            assert_eq!(app.get(&again, &w.biller).await.expect(200)["rows"], seen["rows"], "{zone}");
            if zone == "Pacific/Guam" {
                let now = app.get("/v1/reports/timeliness?from=2026-09-01&to=2026-09-30", &w.biller).await.expect(200);
                assert_ne!(now["rows"], seen["rows"], "eight days have passed there");
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM past_zones"), 2);
    }

    async fn the_command_line_and_utilization_keep_to_contracts(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        world::payer(&app, &w.admin, "lone-mesa").await;
        for payer in ["lone-mesa", "nobody"] {
            for key in [&w.biller, &w.admin] {
                let path = format!("/v1/reports/utilization?{YEAR}&organization=river-bend&payer={payer}");
                let problem = app.get(&path, key).await.problem(404, "not_found");
                assert_eq!(problem["detail"], "There is no such payer that this key may see.");
            }
        }
        app.get(&format!("/v1/reports/utilization?{YEAR}&payer=lone-mesa"), &w.admin).await.expect(200);
        let url = app.database.url();
        let run = |arguments: &[&str]| {
            let period = ["--from", "2026-07-01", "--to", "2026-07-31", "--organization", "river-bend"];
            program::run(&url, &[&["report"][..], arguments, &period[..]].concat())
        };
        for name in ["rates", "delivery", "lines", "utilization"] {
            let refused = run(&[name, "--payer", "lone-mesa"]);
            assert_eq!((refused.status.code(), refused.stdout.is_empty()), (Some(1), true), "{name}");
            let refused = run(&[name, "--payer", "lone-mesa", "--as-payer"]);
            assert_eq!(refused.status.code(), Some(1), "{name}");
        }
        let told = run(&["rates", "--payer", "evergreen", "--run-out-days", "30", "--format", "json"]);
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(told["run_out_days"], 30);
        assert_eq!(run(&["rates", "--payer", "evergreen", "--run-out-days", "731"]).status.code(), Some(2));
        assert!(run(&["utilization", "--payer", "evergreen", "--format", "csv", "--as-payer"]).status.success());
        let trail = app.get("/v1/audit?action=report.export", &w.biller).await.expect(200);
        for (place, report) in [(0, "utilization"), (1, "rates")] {
            let entry = &trail["items"][place];
            assert_eq!((&entry["actor"], &entry["about"]["basis"]), (&json!("command"), &json!("service")), "{trail}");
            assert!(entry["about"]["format"].is_string() && entry["about"]["payer"].is_string(), "{entry}");
            assert_eq!(entry["about"]["report"], report);
        }
    }
}
