//! Reports of what keeps no past: they are made again of what was kept with their issues, and their restatements
//! lead from one number to the other by the parts that changed it (ADR 149).

use peerclaims::domain::dates::Instant;
use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::changes::amend;
use crate::history;
use crate::world::{self, Dice, World, id, visit};

const REPORTS: [&str; 6] = ["authorizations", "ending", "pace", "over_use", "limits", "engagement"];

async fn issue(app: &TestApp, key: &str, name: &str, before: Option<&Value>) -> Value {
    let mut body = json!({"report": name, "from": "2026-06-01", "to": "2026-09-30"});
    if let Some(before) = before {
        body["supersedes"] = before["id"].clone();
        body["reason"] = json!("more is known");
    }
    let made = app.post("/v1/report-issues", key, &body).await.expect(201);
    assert_eq!((&made["ties"], &made["rebuildable"]), (&json!(true), &json!(true)), "{made}");
    assert!(made.get("source").is_none(), "what it was made of is told by no hash either");
    made
}

/// It comes out to the byte, and what it was made of is given to nobody.
async fn same_again(app: &TestApp, key: &str, issue: &Value) {
    let path = format!("/v1/report-issues/{}", id(issue));
    let again = app.get(&format!("{path}/rebuild"), key).await.expect(200);
    assert_eq!(again["same"], true, "{} {again}", issue["report"]);
    let forms: Vec<&str> =
        again["files"].as_array().unwrap().iter().map(|f| f["format"].as_str().unwrap()).collect();
    assert_eq!(forms, ["json", "csv", "pipe", "dictionary"]);
    app.get(&format!("{path}/file?format=source"), key).await.problem(400, "invalid_parameter");
}

/// The restatement, whose steps lead from each number to the other.
async fn told(app: &TestApp, key: &str, issue: &Value) -> Value {
    let path = format!("/v1/report-issues/{}/file?format=restatement", id(issue));
    let told = app.get(&path, key).await.expect(200);
    assert_eq!(told["ties"], true, "{told}");
    for change in told["changes"].as_array().unwrap() {
        let steps = change["steps"].as_array().unwrap();
        let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
        assert_eq!(
            (&first["before"], &last["after"]),
            (&change["before"], &change["after"]),
            "{change}"
        );
        assert!(steps.windows(2).all(|two| two[0]["after"] == two[1]["before"]), "{change}");
        assert!(steps.iter().all(|step| step["before"] != step["after"]), "{change}");
        let causes = change["causes"].as_array().unwrap();
        assert!(steps.iter().all(|step| causes.contains(&step["cause"])), "{change}");
        assert!(!causes.contains(&json!("definition")), "{change}");
    }
    told
}

/// The change of a column of the rows with a word, or of all of them.
fn change<'a>(told: &'a Value, row: Option<&str>, column: &str) -> &'a Value {
    let is_it = |change: &&Value| {
        let words = change["row"].as_object();
        let of = |word: &str| words.is_some_and(|words| words.values().any(|v| v == word));
        change["column"] == column && row.map_or(words.is_none(), of)
    };
    let found = told["changes"].as_array().unwrap().iter().find(is_it);
    found.unwrap_or_else(|| panic!("no {row:?} {column}: {told}"))
}

async fn authorize(app: &TestApp, w: &World, member: usize, units: u32) -> String {
    let body = json!({"member": w.members[member], "payer": "evergreen", "number": format!("PA-{member}"),
        "units": units, "from": "2026-06-01", "to": "2026-12-31"});
    world::authorization(app, &w.admin, "river-bend", &body).await
}

async fn record(app: &TestApp, w: &World, name: &str, member: usize, start: &str) {
    let body = visit(name, &w.peers[0], &w.members[member], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

/// The 24 units of a year that need no authorization.
async fn free_ones(app: &TestApp, w: &World, member: usize) {
    for day in 1..=6 {
        record(app, w, &format!("F-{member}-{day}"), member, &format!("2026-07-{day:02}T16:00"))
            .await;
    }
}

async fn release(app: &TestApp, w: &World) {
    let body = json!({"payer": "evergreen", "through": "2026-09-09"});
    let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

fn set(app: &TestApp, time: &str) {
    app.ctx.clock.set(Instant::parse(time).unwrap());
}

on_both! {
    async fn each_part_of_an_authorizations_use_is_its_own_cause(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let path = format!("/v1/authorizations/{}?organization=river-bend", authorize(&app, &w, 0, 40).await);
        free_ones(&app, &w, 0).await;
        record(&app, &w, "V-1", 0, "2026-08-20T16:00").await;
        let first = issue(&app, &w.biller, "authorizations", None).await;
        // The same day nothing moved, and nothing is said to have.
        let still = issue(&app, &w.biller, "authorizations", Some(&first)).await;
        assert_eq!(told(&app, &w.biller, &still).await["changes"], json!([]));
        release(&app, &w).await;
        record(&app, &w, "V-2", 0, "2026-08-21T16:00").await;
        amend(&app, &w, &path, |a| a["units"] = json!(60)).await;
        authorize(&app, &w, 1, 10).await;
        let second = issue(&app, &w.biller, "authorizations", Some(&still)).await;
        let moved = told(&app, &w.biller, &second).await;
        assert_eq!(change(&moved, Some("PA-0"), "approved")["causes"], json!(["authorizations"]));
        assert_eq!(change(&moved, Some("PA-0"), "used")["causes"], json!(["released"]));
        let left = change(&moved, Some("PA-0"), "remaining");
        // 36 of 40; twenty more; four released, which had been reserved, and four more reserved.
        let step = |cause: &str, before: i64, after: i64| json!({"cause": cause, "before": before, "after": after,
            "difference": (after - before).to_string()});
        assert_eq!(left["steps"], json!([step("authorizations", 36, 56), step("released", 56, 52)]), "{left}");
        let rate = change(&moved, Some("PA-0"), "utilization_rate");
        assert_eq!(rate["causes"], json!(["released"]), "{rate}");
        assert_eq!(change(&moved, Some("PA-1"), "approved")["causes"], json!(["authorizations"]));
        assert_eq!(change(&moved, None, "approved")["difference"], "30");
        // Days pass, and what is of late no longer is.
        set(&app, "2026-11-20T16:00:00Z");
        let third = issue(&app, &w.biller, "authorizations", Some(&second)).await;
        let passed = told(&app, &w.biller, &third).await;
        for change in passed["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["time"]), "{change}");
        }
        assert_eq!(change(&passed, Some("PA-0"), "daily_burn")["after"], "0.0000");
        let number = |c: &mut Value| c["coverages"][0]["member_number"] = json!("EVOTHER");
        crate::changes::amend_member(&app, &w, 1, number).await;
        let fourth = issue(&app, &w.biller, "authorizations", Some(&third)).await;
        let named = told(&app, &w.biller, &fourth).await;
        for change in named["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["coverages"]), "{change}");
        }
        // Units from before go-live are on no claim: they are neither used nor is their cause a claim.
        let opening = json!({"member": w.members[0], "payer": "evergreen", "service": "peer_individual",
            "date": "2026-06-30", "units": 5, "authorization": "PA-0"});
        app.post("/v1/opening-balances", &w.biller, &opening).await.expect(201);
        let fifth = issue(&app, &w.biller, "authorizations", Some(&fourth)).await;
        let opened = told(&app, &w.biller, &fifth).await;
        assert_eq!(change(&opened, Some("PA-0"), "remaining")["steps"], json!([step("opening", 52, 47)]), "{opened}");
        for change in opened["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["opening"]), "{change}");
            assert_ne!(change["column"], "used");
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let seen = issue(&app, &analyst, "authorizations", None).await;
        assert_eq!((&seen["totals"]["used"], &seen["totals"]["opening"]), (&json!(4), &Value::Null));
        assert_eq!(seen["totals"]["remaining"], 70 - 4);
        // A coverage is taken away, and its number with it.
        crate::changes::amend_member(&app, &w, 1, |m| m["coverages"] = json!([])).await;
        let sixth = issue(&app, &w.biller, "authorizations", Some(&fifth)).await;
        let gone = told(&app, &w.biller, &sixth).await;
        assert!(!gone["changes"].as_array().unwrap().is_empty());
        for change in gone["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["coverages"]), "{change}");
        }
        for issue in [&first, &still, &second, &third, &fourth, &fifth, &sixth] {
            same_again(&app, &w.biller, issue).await;
        }
    }

    async fn a_day_that_comes_back_with_a_zone_is_time(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        authorize(&app, &w, 0, 40).await;
        free_ones(&app, &w, 0).await;
        // The fourteenth in both zones: 28 days before the tenth of September, and 29 before the eleventh.
        record(&app, &w, "V-1", 0, "2026-08-14T08:00").await;
        release(&app, &w).await;
        let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", id(&organization["items"][0]));
        amend(&app, &w, &path, |o| o["zone"] = json!("Pacific/Kiritimati")).await;
        let first = issue(&app, &w.biller, "authorizations", None).await;
        amend(&app, &w, &path, |o| o["zone"] = json!("America/Los_Angeles")).await;
        let second = issue(&app, &w.biller, "authorizations", Some(&first)).await;
        let moved = told(&app, &w.biller, &second).await;
        let burn = change(&moved, Some("PA-0"), "daily_burn");
        assert_eq!((&burn["before"], &burn["after"]), (&json!("0.0000"), &json!("0.1429")), "{moved}");
        for change in moved["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["time"]), "{change}");
        }
        same_again(&app, &w.biller, &first).await;
    }

    async fn enrollments_limits_and_flags_name_their_parts(app: TestApp) {
        let w = world::limited(&app, &world::limit("month", "6", "window = \"month\"\nexceed = \"hold\""), 2).await;
        let enroll = json!({"reference": "E-0", "member": w.members[0], "kind": "episode",
            "payer": "evergreen", "from": "2026-06-08"});
        let names = ["engagement", "limits", "over_use"];
        let mut issues = Vec::new();
        for name in names {
            issues.push(issue(&app, &w.biller, name, None).await);
        }
        app.post("/v1/episodes?organization=river-bend", &w.admin, &enroll).await.expect(201);
        record(&app, &w, "V-1", 0, "2026-09-01T16:00").await;
        record(&app, &w, "V-2", 0, "2026-09-02T16:00").await;
        let mut second = Vec::new();
        for (name, before) in names.iter().zip(&issues) {
            second.push(issue(&app, &w.biller, name, Some(before)).await);
        }
        let engaged = told(&app, &w.biller, &second[0]).await;
        assert_eq!(change(&engaged, None, "enrolled")["causes"], json!(["episodes"]));
        assert_eq!(change(&engaged, None, "engaged")["causes"], json!(["visits"]));
        let left = told(&app, &w.biller, &second[1]).await;
        for change in left["changes"].as_array().unwrap() {
            assert_eq!(change["causes"], json!(["units"]), "{change}");
        }
        // A number is corrected and a unit from before go-live is told of: one unit moved, and no coverage did it.
        let number = |c: &mut Value| c["coverages"][0]["member_number"] = json!("EVOTHER");
        crate::changes::amend_member(&app, &w, 0, number).await;
        let opening = json!({"member": w.members[0], "payer": "evergreen", "service": "peer_individual",
            "date": "2026-09-03", "units": 1});
        app.post("/v1/opening-balances", &w.biller, &opening).await.expect(201);
        let third = issue(&app, &w.biller, "limits", Some(&second[1])).await;
        let renamed = told(&app, &w.biller, &third).await;
        for change in renamed["changes"].as_array().unwrap() {
            assert_eq!((&change["causes"], change["steps"].as_array().unwrap().len()), (&json!(["units"]), 1), "{change}");
        }
        let used = renamed["changes"].as_array().unwrap().iter().find(|c| c["column"] == "used").unwrap();
        assert_eq!(used["difference"], "1", "{renamed}");
        // Who comes to be covered brings units along: coverages are the cause of all of them.
        crate::changes::amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = json!("2026-09-20")).await;
        let fourth = issue(&app, &w.biller, "limits", Some(&third)).await;
        crate::changes::amend_member(&app, &w, 0, |m| m["coverages"][0]["to"] = Value::Null).await;
        let fifth = issue(&app, &w.biller, "limits", Some(&fourth)).await;
        for issue in [&fourth, &fifth] {
            let covered = told(&app, &w.biller, issue).await;
            assert!(!covered["changes"].as_array().unwrap().is_empty());
            for change in covered["changes"].as_array().unwrap() {
                assert_eq!(change["causes"], json!(["coverages"]), "{change}");
            }
            same_again(&app, &w.biller, issue).await;
        }
        let flags = told(&app, &w.biller, &second[2]).await;
        assert_eq!(change(&flags, None, "flags")["causes"], json!(["visits"]), "{flags}");
        for issue in issues.iter().chain(&second) {
            same_again(&app, &w.biller, issue).await;
        }
    }

    async fn whatever_happens_issues_come_out_again_and_steps_lead_on(app: TestApp) {
        let mut pasts = history::two_organizations(&app, 3).await;
        let mut dice = Dice::new(1_490);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let mut moved = 0;
        let mut all: Vec<Vec<Value>> = vec![Vec::new(); REPORTS.len()];
        for round in 0..3 {
            history::play(&app, &mut pasts, &mut dice, 60).await;
            set(&app, ["2026-09-10T16:00:00Z", "2026-09-12T07:30:00Z", "2026-10-02T03:00:00Z"][round]);
            let biller = pasts[0].world.biller.clone();
            for (name, issues) in REPORTS.iter().zip(&mut all) {
                for (place, key) in [&biller, &analyst].into_iter().enumerate() {
                    if *name == "limits" && place == 1 {
                        continue;
                    }
                    let mine = |i: &&Value| i["edition"] == ["organization", "payer"][place];
                    let before = issues.iter().rev().find(mine).cloned();
                    let made = issue(&app, key, name, before.as_ref()).await;
                    if before.is_some() {
                        moved += told(&app, key, &made).await["changes"].as_array().unwrap().len();
                    }
                    issues.push(made);
                }
            }
        }
        for issue in all.iter().flatten() {
            let key = if issue["edition"] == "payer" { &analyst } else { &pasts[0].world.biller };
            same_again(&app, key, issue).await;
        }
        assert!(moved > 100, "{moved}");
    }

    async fn a_restatement_tells_a_payer_of_nobody_behind_the_wall(app: TestApp) {
        let flagged = [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
        let w = world::river_bend_with(&app, 3, &flagged).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let mut consents = Vec::new();
        for member in 0..3 {
            authorize(&app, &w, member, 40).await;
            let body = json!({"reference": format!("C-{member}"), "member": w.members[member], "recipient": "evergreen",
                "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
            let path = "/v1/consents?organization=river-bend";
            consents.push(id(&app.post(path, &w.admin, &body).await.expect(201)));
        }
        app.database.execute("UPDATE organizations SET part2 = 'program'");
        let mut issues = Vec::new();
        for name in ["authorizations", "engagement"] {
            issues.push(issue(&app, &analyst, name, None).await);
        }
        for member in 0..2 {
            free_ones(&app, &w, member).await;
            record(&app, &w, &format!("V-{member}"), member, "2026-08-10T16:00").await;
        }
        release(&app, &w).await;
        // One takes it back.
        let path = format!("/v1/consents/{}/revoke?organization=river-bend", consents[1]);
        app.post(&path, &w.admin, &json!({})).await.expect(200);
        for (name, before) in ["authorizations", "engagement"].iter().zip(&issues) {
            let next = issue(&app, &analyst, name, Some(before)).await;
            let told = app.get(&format!("/v1/report-issues/{}/file?format=restatement", id(&next)), &analyst).await.expect(200);
            assert_eq!(told["left_out_without_consent"], true);
            let text = told.to_string();
            assert!(!text.contains("PA-1") && !text.contains("EV1001"), "{text}");
            if *name == "engagement" {
                assert_eq!((&told["changes"], &told["ties"]), (&json!([]), &Value::Null));
            } else {
                assert_eq!(change(&told, Some("PA-0"), "used")["causes"], json!(["released"]));
                assert!(told["changes"].as_array().unwrap().iter().all(|c| !c["row"].is_null()), "{text}");
            }
            same_again(&app, &analyst, &next).await;
        }
    }
}
