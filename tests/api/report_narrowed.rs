//! What payers may be told less by now than before: files that were made before are closed, whatever day a
//! revocation names and whatever was granted since; consents are asked for each visit and day; and what is behind
//! the wall is in no count and answers to no guess.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::report_jobs::{ask, file, look, make_all, wanted};
use crate::world::{self, World, id, visit_of};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";
const CONSENTS: &str = "/v1/consents?organization=river-bend";

async fn flagged(app: &TestApp, members: usize) -> World {
    let flagged =
        [("key = \"peer_individual\"", "key = \"peer_individual\"\nsubstance_use = true")];
    world::river_bend_with(app, members, &flagged).await
}

fn walled(app: &TestApp) {
    app.database.execute("UPDATE organizations SET part2 = 'program'");
}

/// A consent of a member, with more fields.
async fn consent(app: &TestApp, w: &World, name: &str, member: usize, more: Value) -> String {
    let mut body = json!({"reference": name, "member": w.members[member], "recipient": "evergreen",
        "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    id(&app.post(CONSENTS, &w.admin, &body).await.expect(201))
}

async fn revoke(app: &TestApp, w: &World, consent: &str, body: &Value) {
    let path = format!("/v1/consents/{consent}/revoke?organization=river-bend");
    app.post(&path, &w.admin, body).await.expect(200);
}

async fn authorize(app: &TestApp, w: &World, member: usize, span: (&str, &str)) {
    let body = json!({"member": w.members[member], "payer": "evergreen", "number": format!("PA-{member}"),
        "units": 40, "from": span.0, "to": span.1});
    world::authorization(app, &w.admin, "river-bend", &body).await;
}

async fn enroll(app: &TestApp, w: &World, member: usize, from: &str) {
    let body = json!({"reference": format!("E-{member}"), "member": w.members[member], "kind": "episode",
        "payer": "evergreen", "from": from});
    app.post("/v1/episodes?organization=river-bend", &w.admin, &body).await.expect(201);
}

async fn release(app: &TestApp, w: &World) {
    let body = json!({"payer": "evergreen", "through": "2026-09-09"});
    let batch = id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
    app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
}

async fn report(app: &TestApp, name: &str, key: &str) -> Value {
    let told = app.get(&format!("/v1/reports/{name}?{YEAR}"), key).await.expect(200);
    // Where lines are left out, they do not add up to what claims told, and nothing is said of it.
    let open = name == "lines" && told["left_out_without_consent"] == true;
    assert_eq!(told["ties"]["ties"], if open { Value::Null } else { json!(true) }, "{told}");
    told
}

/// Rows, and whether there are more.
async fn rows(app: &TestApp, name: &str, key: &str) -> (usize, Value) {
    let told = report(app, name, key).await;
    (told["rows"].as_array().unwrap().len(), told["left_out_without_consent"].clone())
}

on_both! {
    async fn a_revocation_of_last_month_closes_what_was_made_today(app: TestApp) {
        let w = flagged(&app, 2).await;
        walled(&app);
        let mut consents = Vec::new();
        for member in 0..2 {
            authorize(&app, &w, member, ("2026-01-01", "2026-12-31")).await;
            enroll(&app, &w, member, "2026-06-08").await;
            consents.push(consent(&app, &w, &format!("C-{member}"), member, json!({})).await);
        }
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let issue = async |report: &str| {
            let name = format!("issue-{report}");
            app.post_once("/v1/report-issues", &analyst, &name, &wanted(report)).await.expect(201)
        };
        let (mut issues, mut jobs) = (Vec::new(), Vec::new());
        for report in ["authorizations", "engagement", "delivery"] {
            let manifest = issue(report).await;
            assert!(manifest["rows"].is_u64() && manifest["files"][0]["bytes"].is_u64(), "{manifest}");
            issues.push((report, id(&manifest)));
            jobs.push((report, ask(&app, &analyst, &wanted(report)).await));
        }
        make_all(&app.ctx).await;
        let check = async |open: bool| {
            for ((report, issue), (_, job)) in issues.iter().zip(&jobs) {
                let open = open || *report == "delivery";
                let status = if open { 200 } else { 409 };
                let of_issue = app.get(&format!("/v1/report-issues/{issue}/file"), &analyst).await;
                assert_eq!(of_issue.status, status, "{report}");
                let of_job = file(&app, &analyst, job).await;
                assert_eq!(of_job.status, status, "{report}");
                let again = app.get(&format!("/v1/report-issues/{issue}/rebuild"), &analyst).await;
                assert_eq!(again.status, status, "{report}");
                // How many there were is not told either.
                let listed = app.get(&format!("/v1/report-issues?report={report}"), &analyst).await.expect(200);
                let one = app.get(&format!("/v1/report-issues/{issue}"), &analyst).await.expect(200);
                let repeated = app.post_once("/v1/report-issues", &analyst, &format!("issue-{report}"), &wanted(report)).await.expect(201);
                for manifest in [&listed["items"][0], &one, &repeated] {
                    let seen = [&manifest["rows"], &manifest["totals"], &manifest["files"][0]["bytes"], &manifest["files"][0]["sha256"]];
                    assert!(seen.iter().all(|value| value.is_null() != open), "{report} {manifest}");
                }
                let listed = app.get(&format!("/v1/report-jobs?report={report}"), &analyst).await.expect(200);
                for job in [&listed["items"][0], &look(&app, &analyst, job).await] {
                    assert_eq!(job["state"], "done");
                    let seen = [&job["size"], &job["sha256"], &job["progress"]];
                    assert!(seen.iter().all(|value| value.is_null() != open), "{report} {job}");
                }
            }
        };
        check(true).await;
        // Taken back a month ago, as is known today; then granted anew, so that all is as it was.
        revoke(&app, &w, &consents[1], &json!({"at": "2026-08-01T16:00:00Z"})).await;
        check(false).await;
        consent(&app, &w, "C-NEW", 1, json!({})).await;
        assert_eq!(rows(&app, "authorizations", &analyst).await, (2, json!(false)));
        check(false).await;
        // Made again they tell what may be told, and a restatement of sums says of nobody that he is gone.
        revoke(&app, &w, &consents[0], &json!({})).await;
        for ((report, before), gone) in issues.iter().zip([true, true, false]) {
            let mut body = wanted(report);
            body["supersedes"] = json!(before);
            body["reason"] = json!("consents");
            let next = id(&app.post("/v1/report-issues", &analyst, &body).await.expect(201));
            let restated = app.get(&format!("/v1/report-issues/{next}/file?format=restatement"), &analyst).await.expect(200);
            assert_eq!(restated["left_out_without_consent"], if gone { json!(true) } else { Value::Null }, "{restated}");
            assert_eq!(restated["changes"], json!([]), "{restated}");
        }
        // A file of consents revokes as well as a request does.
        let job = ask(&app, &analyst, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        assert_eq!(file(&app, &analyst, &job).await.status, 200);
        let csv = "organization,reference,member_reference,recipient,purposes,services,from,to,obtained,revoked_at\n\
            river-bend,C-NEW,R-EV1001,evergreen,payment,,2026-01-01,,paper,2026-08-02T16:00:00Z\n";
        let loaded = crate::reference_import::import(&app.database, "consents", csv.as_bytes(), &[]);
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        file(&app, &analyst, &job).await.problem(409, "wrong_status");
    }

    async fn a_consent_is_asked_for_each_day_and_not_for_today(app: TestApp) {
        let w = flagged(&app, 1).await;
        walled(&app);
        authorize(&app, &w, 0, ("2026-01-01", "2026-12-31")).await;
        enroll(&app, &w, 0, "2026-06-08").await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let told = async || {
            let engaged = report(&app, "engagement", &analyst).await;
            (rows(&app, "authorizations", &analyst).await.0, rows(&app, "over_use", &analyst).await.0,
                engaged["totals"]["enrolled"].clone(), engaged["left_out_without_consent"].clone())
        };
        assert_eq!(told().await, (0, 0, json!(0), json!(true)));
        // In force today, and of services from July on: the spring is not told, nor who began in it.
        consent(&app, &w, "C-1", 0, json!({"services_from": "2026-07-01"})).await;
        assert_eq!(told().await, (0, 0, json!(0), json!(true)));
        // Of the first half of the year: a day is missing.
        let short = consent(&app, &w, "C-2", 0, json!({"services_to": "2026-06-29"})).await;
        assert_eq!(told().await, (0, 0, json!(0), json!(true)));
        revoke(&app, &w, &short, &json!({})).await;
        consent(&app, &w, "C-3", 0, json!({"services_to": "2026-06-30"})).await;
        let (approved, flags, enrolled, left_out) = told().await;
        assert_eq!((approved, enrolled, left_out), (1, json!(1), json!(false)));
        assert!(flags > 0, "months without a visit");
    }

    async fn a_diagnosis_closes_what_counts_the_visit(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        for member in 0..2 {
            authorize(&app, &w, member, ("2026-01-01", "2026-12-31")).await;
            enroll(&app, &w, member, "2026-06-08").await;
            // 24 units are free; of 48 the others draw on the authorization.
            for day in 1..=3 {
                let start = format!("2026-07-0{}T16:00", day + 3 * member);
                let mut body = visit_of(&format!("V-{member}-{day}"), &w.peers[0], &w.members[member], &start, 240);
                if member == 1 {
                    body["diagnoses"] = json!(["F11.20"]);
                }
                app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            }
        }
        release(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let numbers = async || {
            let (use_of, engaged) = (report(&app, "authorizations", &analyst).await, report(&app, "engagement", &analyst).await);
            let flags = report(&app, "over_use", &analyst).await;
            let compared = flags["rows"].as_array().unwrap().iter().find(|row| row["flag"] == "compared").unwrap().clone();
            let lines = report(&app, "lines", &analyst).await;
            (use_of["rows"].as_array().unwrap().len(), use_of["totals"]["used"].as_i64().unwrap(), engaged["totals"]["enrolled"].clone(),
                compared["compared"].clone(), compared["value"].clone(), lines["lines"].clone())
        };
        let all = (2, 48, json!(2), json!(2), json!("96.00"), json!(6));
        assert_eq!(numbers().await, all);
        walled(&app);
        assert_eq!(numbers().await, (1, 24, json!(1), json!(1), json!("48.00"), json!(3)), "as in lines");
        // Of the first visit, whose units were free, nothing is on the authorization; of the second there is.
        consent(&app, &w, "C-0", 1, json!({"services_from": "2026-07-06"})).await;
        assert_eq!(numbers().await, (1, 24, json!(1), json!(1), json!("48.00"), json!(4)), "of the second visit there is none");
        consent(&app, &w, "C-1", 1, json!({"services_from": "2026-07-05"})).await;
        assert_eq!(numbers().await, (2, 48, json!(1), json!(1), json!("48.00"), json!(5)));
        consent(&app, &w, "C-2", 1, json!({})).await;
        assert_eq!(numbers().await, all);
    }

    async fn a_visit_that_is_not_told_is_none_of_the_month(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        authorize(&app, &w, 0, ("2026-01-01", "2026-12-31")).await;
        let mut body = visit_of("V-1", &w.peers[0], &w.members[0], "2026-08-03T16:00", 60);
        body["diagnoses"] = json!(["F11.20"]);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        release(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let without = async || {
            let told = report(&app, "over_use", &analyst).await;
            told["rows"].as_array().unwrap().iter().filter(|row| row["flag"] == "no_visits").count()
        };
        let seen = without().await;
        assert!(seen > 0);
        walled(&app);
        assert_eq!(without().await, seen + 1, "August is as if nothing had been");
    }

    async fn an_authorization_stays_hidden_while_a_replacement_is_built(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        authorize(&app, &w, 0, ("2026-01-01", "2026-12-31")).await;
        for day in 1..=3 {
            let start = format!("2026-07-0{day}T16:00");
            let mut body = visit_of(&format!("V-{day}"), &w.peers[0], &w.members[0], &start, 240);
            body["diagnoses"] = json!(["F11.20"]);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        release(&app, &w).await;
        walled(&app);
        let granted = consent(&app, &w, "C-0", 0, json!({})).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        assert_eq!(rows(&app, "authorizations", &analyst).await, (1, json!(false)));
        // Only units of the last two visits are on it; each of them is replaced.
        let claims = world::all(&app, "/v1/claims", &w.biller).await;
        for claim in claims.iter().filter(|claim| !claim.to_string().contains("2026-07-01")) {
            let body = json!({"reason": "shorter", "payer_control": "ICN-1"});
            app.post(&format!("/v1/claims/{}/replace", id(claim)), &w.biller, &body).await.expect(200);
        }
        for day in 2..=3 {
            let end = json!({"ended_at": format!("2026-07-0{day}T19:30:00Z")});
            crate::claim_changes::patch(&app, &w, &format!("V-{day}"), &end).await.expect(200);
        }
        let body = json!({"payer": "evergreen", "through": "2026-09-09"});
        app.post("/v1/batches", &w.biller, &body).await.expect(201);
        assert_eq!(rows(&app, "authorizations", &analyst).await, (1, json!(false)));
        revoke(&app, &w, &granted, &json!({})).await;
        assert_eq!(rows(&app, "authorizations", &analyst).await, (0, json!(true)));
    }

    async fn an_organization_without_a_contract_is_no_payers_to_read(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        authorize(&app, &w, 0, ("2026-01-01", "2026-12-31")).await;
        // It has written an authorization of the payer, and has not agreed on anything with it.
        let stranger = world::organization(&app, &w.admin, "hill-top", "WA", "America/Los_Angeles").await;
        let member = world::member(&app, &w.admin, &stranger, "evergreen", "EV9009").await;
        let body = json!({"member": member, "payer": "evergreen", "number": "PA-9", "units": 40,
            "from": "2026-01-01", "to": "2026-12-31"});
        world::authorization(&app, &w.admin, &stranger, &body).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        app.get(&format!("/v1/reports/authorizations?{YEAR}&organization=hill-top"), &analyst).await.problem(404, "not_found");
        for name in ["authorizations", "ending", "pace", "over_use", "engagement"] {
            let told = report(&app, name, &analyst).await;
            assert!(!told.to_string().contains("hill-top"), "{told}");
        }
        assert_eq!(rows(&app, "authorizations", &analyst).await, (1, json!(false)));
        assert_eq!(rows(&app, "authorizations", &w.admin).await.0, 2);
        // What is issued and made in the background is of the same ones.
        let issue = id(&app.post("/v1/report-issues", &analyst, &wanted("authorizations")).await.expect(201));
        let told = app.get(&format!("/v1/report-issues/{issue}/file"), &analyst).await.expect(200).to_string();
        assert!(told.contains("PA-0") && !told.contains("PA-9") && !told.contains("hill-top"), "{told}");
        let job = ask(&app, &analyst, &wanted("authorizations")).await;
        make_all(&app.ctx).await;
        let made = file(&app, &analyst, &job).await;
        assert!(made.body.contains("PA-0") && !made.body.contains("PA-9"), "{}", made.body);
    }

    async fn a_peers_day_has_only_the_visits_that_are_told(app: TestApp) {
        let w = flagged(&app, 3).await;
        for (member, start, minutes) in [(0, "2026-08-03T07:00", 60), (1, "2026-08-03T16:00", 480), (2, "2026-08-04T00:00", 480)] {
            let body = visit_of(&format!("V-{member}"), &w.peers[0], &w.members[member], start, minutes);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        release(&app, &w).await;
        walled(&app);
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let long = async || {
            let told = report(&app, "over_use", &analyst).await;
            let rows = told["rows"].as_array().unwrap().iter().filter(|row| row["flag"] == "long_day");
            (rows.map(|row| row["value"].clone()).collect::<Vec<_>>(), told["left_out_without_consent"].clone())
        };
        for member in 1..3 {
            consent(&app, &w, &format!("C-{member}"), member, json!({})).await;
        }
        assert_eq!(long().await, (vec![], json!(true)), "sixteen hours, and not seventeen");
        consent(&app, &w, "C-0", 0, json!({})).await;
        assert_eq!(long().await, (vec![json!("17.00")], json!(false)));
    }

    async fn a_guessed_number_is_a_number_that_nobody_gave(app: TestApp) {
        let w = flagged(&app, 1).await;
        for (name, start) in [("V-1", "2026-07-01T16:00"), ("V-2", "2026-08-05T16:00")] {
            let body = visit_of(name, &w.peers[0], &w.members[0], start, 60);
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        release(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let held = async |key: &str, query: &str, text: &str| {
            let path = format!("/v1/reports/differences?payer=evergreen&{query}");
            let mut told = world::body(&app, &path, key, "text/csv", text.to_owned()).await.expect(200);
            assert_eq!(told["ties"]["ties"], true, "{told}");
            told.as_object_mut().unwrap().remove("as_of");
            told
        };
        let header = "claim_number,line_control,service_date,units,charge\n";
        let all = held(&w.biller, YEAR, header).await;
        let july = all["differences"].as_array().unwrap().iter().find(|d| d["here"]["service_date"] == "2026-07-01").unwrap();
        let (claim, control) = (july["claim_number"].as_str().unwrap(), july["line_control"].as_str().unwrap());
        let (units, charge) = (july["here"]["units"].clone(), july["here"]["charge"].as_str().unwrap());
        let extract = |claim: &str, control: &str, day: &str| format!("{header}{claim},{control},{day},{units},{charge}\n");
        walled(&app);
        // In the period, and over its edge: on a day that we have, and on one that we do not have.
        for (query, day) in [("from=2026-07-01&to=2026-07-31", "2026-07-01"), ("from=2026-08-01&to=2026-08-31", "2026-08-01"),
            ("from=2026-06-01&to=2026-06-30", "2026-06-30")] {
            let guess = held(&analyst, query, &extract(claim, control, day)).await;
            let nobody = held(&analyst, query, &extract("NOBODY", "NOBODY-1", day)).await;
            assert_eq!(guess["only_there"]["lines"], 1, "{guess}");
            let other = guess.to_string().replace(control, "NOBODY-1").replace(claim, "NOBODY");
            assert_eq!(other, nobody.to_string());
            let own = held(&w.biller, query, &extract(claim, control, day)).await;
            assert_eq!((&own["both_here"]["lines"], &own["only_there"]["lines"]), (&json!(1), &json!(0)), "{own}");
        }
        consent(&app, &w, "C-0", 0, json!({})).await;
        for (query, day, differs) in [("from=2026-07-01&to=2026-07-31", "2026-07-01", 0), ("from=2026-08-01&to=2026-08-31", "2026-08-01", 1)] {
            let told = held(&analyst, query, &extract(claim, control, day)).await;
            assert_eq!((&told["both_here"]["lines"], &told["differing"]), (&json!(1), &json!(differs)), "{told}");
        }
    }
}
