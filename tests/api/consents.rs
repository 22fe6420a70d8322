//! Consent and 42 CFR Part 2 (R11): a substance-use visit waits for a live consent, is looked at
//! again when it is claimed and released, and nothing leaves after a revocation.

use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both};
use crate::reference_samples::pointers;
use crate::world::{self, World, id, rules, visit};

/// `river-bend` as a Part 2 program, with one member and a payer more.
async fn program(app: &TestApp) -> World {
    let w = world::river_bend(app, 1).await;
    world::payer(app, &w.admin, "harbor-light").await;
    posture(app, &w, "program").await;
    w
}

async fn posture(app: &TestApp, w: &World, part2: &str) {
    let list = app.get("/v1/organizations?key=river-bend", &w.admin).await.expect(200);
    let path = format!("/v1/organizations/{}", id(&list["items"][0]));
    let answer = app.get(&path, &w.admin).await;
    let mut body = answer.expect(200);
    body.as_object_mut().unwrap().remove("id");
    for location in body["locations"].as_array_mut().unwrap() {
        location.as_object_mut().unwrap().remove("id");
    }
    body["part2"] = json!(part2);
    app.put(&path, &w.admin, answer.header("etag"), &body).await.expect(200);
}

fn consent(w: &World, reference: &str) -> Value {
    json!({
        "reference": reference, "member": w.members[0], "recipient": "evergreen",
        "purposes": ["payment"], "from": "2026-09-01", "obtained": "paper",
    })
}

fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (field, value) in changes {
        body[*field] = value.clone();
    }
    body
}

/// A substance-use visit.
async fn record(app: &TestApp, w: &World, reference: &str, start: &str) -> Value {
    let mut body = visit(reference, &w.peers[0], &w.members[0], start);
    body["diagnoses"] = json!(["F11.20"]);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201)
}

async fn decide(app: &TestApp, w: &World, encounter: &Value) -> Value {
    app.act(&format!("/v1/encounters/{}/decide", id(encounter)), &w.biller).await.expect(200)
}

async fn build(app: &TestApp, w: &World) -> Answer {
    let wanted = json!({"payer": "evergreen", "through": "2026-09-30"});
    app.post("/v1/batches", &w.biller, &wanted).await
}

async fn revoke(app: &TestApp, w: &World, consent: &Value, body: Value) -> Answer {
    app.post(&format!("/v1/consents/{}/revoke", id(consent)), &w.biller, &body).await
}

on_both! {
    async fn a_consent_lifts_the_hold_and_a_revocation_stops_the_release(app: TestApp) {
        let w = program(&app).await;
        let visit = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!(rules(&visit), ["part2.no_consent"]);
        assert_eq!(visit["disposition"], "held");
        // Signed for another payer: no.
        let other = with(consent(&w, "C-1"), &[("recipient", json!("harbor-light"))]);
        app.post("/v1/consents", &w.biller, &other).await.expect(201);
        let held = decide(&app, &w, &visit).await;
        let message = held["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("C-1 is for another payer"), "{message}");
        // Signed two months after the service, before the claim: it permits what happens now.
        let made = app.post("/v1/consents", &w.biller, &consent(&w, "C-2")).await.expect(201);
        assert_eq!(decide(&app, &w, &visit).await["disposition"], "ready");
        let batch = id(&build(&app, &w).await.expect(201));

        let gone = revoke(&app, &w, &made, json!({"reason": "asked by telephone"})).await.expect(200);
        assert!(gone["revoked_at"].is_string());
        assert_eq!(gone["revoke_reason"], "asked by telephone");
        let release = format!("/v1/batches/{batch}/release");
        let problem = app.act(&release, &w.biller).await.problem(409, "release_refused");
        let fault = &problem["faults"][0];
        assert!(fault["message"].as_str().unwrap().contains("C-2 was revoked"), "{problem}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM batches WHERE status = 'released'"), 0);
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        build(&app, &w).await.problem(409, "nothing_ready");
        let path = format!("/v1/encounters/{}", id(&visit));
        assert_eq!(app.get(&path, &w.biller).await.expect(200)["status"], "held");

        // A new one opens it again; what was released stays released.
        let again = app.post("/v1/consents", &w.biller, &consent(&w, "C-3")).await.expect(201);
        assert_eq!(decide(&app, &w, &visit).await["disposition"], "ready");
        let batch = id(&build(&app, &w).await.expect(201));
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        revoke(&app, &w, &again, json!({})).await.expect(200);
        assert_eq!(app.get(&path, &w.biller).await.expect(200)["status"], "submitted");
    }

    async fn posture_decides_whether_a_consent_is_needed(app: TestApp) {
        let w = program(&app).await;
        let first = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        for (part2, disposition) in [("undeclared", "held"), ("not_program", "ready"), ("program", "held")] {
            posture(&app, &w, part2).await;
            assert_eq!(decide(&app, &w, &first).await["disposition"], disposition, "{part2}");
        }
        // Another diagnosis needs none.
        let body = visit("V-2", &w.peers[0], &w.members[0], "2026-07-02T16:00");
        let other = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        assert_eq!(other["disposition"], "ready");
        // A posture that changes after the batch was built stops its release too.
        posture(&app, &w, "not_program").await;
        decide(&app, &w, &first).await;
        let batch = id(&build(&app, &w).await.expect(201));
        posture(&app, &w, "undeclared").await;
        let release = format!("/v1/batches/{batch}/release");
        app.act(&release, &w.biller).await.problem(409, "release_refused");
    }

    async fn what_a_consent_says_is_checked_and_never_changes(app: TestApp) {
        let w = program(&app).await;
        for (body, wanted) in [
            (json!({}), vec!["/from", "/member", "/obtained", "/purposes", "/recipient", "/reference"]),
            (with(consent(&w, "C-9"), &[("recipient", json!("nobody"))]), vec!["/recipient"]),
            (with(consent(&w, "C-9"), &[("purposes", json!(["legal"]))]), vec!["/purposes/0"]),
            (with(consent(&w, "C-9"), &[("purposes", json!([]))]), vec!["/purposes"]),
            (with(consent(&w, "C-9"), &[("obtained", json!("spoken"))]), vec!["/obtained"]),
            (with(consent(&w, "C-9"), &[("services", json!(["peer_indvidual"]))]), vec!["/services"]),
            (with(consent(&w, "C-9"), &[("from", json!("2026-09-11"))]), vec!["/from"]),
            (with(consent(&w, "C-9"), &[("to", json!("2026-08-31"))]), vec!["/to"]),
            (with(consent(&w, "C-9"), &[("revoked_at", json!("2026-08-31T12:00:00Z"))]), vec!["/revoked_at"]),
            (with(consent(&w, "C-9"), &[("revoked_at", json!("2027-08-31T12:00:00Z"))]), vec!["/revoked_at"]),
            (with(consent(&w, "C-9"), &[("services_from", json!("2026-08-31")),
                ("services_to", json!("2026-08-30"))]), vec!["/services_to"]),
        ] {
            let problem = app.post("/v1/consents", &w.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), wanted, "{problem}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM consents"), 0);
        let all = with(consent(&w, "C-1"), &[("purposes", json!(["all"])), ("recipient", json!("all_payers"))]);
        let made = app.post("/v1/consents", &w.biller, &all).await.expect(201);
        assert_eq!(made["purposes"], json!(["treatment", "payment", "operations"]));
        assert_eq!(made["recipient"], "all_payers");
        assert_eq!(made["signer"], "member");
        let path = format!("/v1/consents/{}", id(&made));
        assert_eq!(app.get(&path, &w.biller).await.expect(200), made);
        app.post("/v1/consents", &w.biller, &all).await.problem(409, "already_exists");
        app.put(&path, &w.biller, "\"1\"", &all).await.problem(405, "method_not_allowed");

        for (body, pointer) in [
            (json!({"at": "2026-08-31T12:00:00Z"}), "/at"), (json!({"at": "2026-12-31T12:00:00Z"}), "/at"),
            (json!({"at": "yesterday"}), "/at"), (json!({"reason": " "}), "/reason"),
        ] {
            let problem = revoke(&app, &w, &made, body).await.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), [pointer]);
        }
        let first = revoke(&app, &w, &made, json!({"at": "2026-09-03T09:00:00Z"})).await.expect(200);
        assert_eq!(revoke(&app, &w, &made, json!({"reason": "again"})).await.expect(200), first);
        revoke(&app, &w, &made, json!({"at": "2026-09-04T09:00:00Z"})).await.problem(409, "wrong_status");

        app.post("/v1/consents", &w.biller, &consent(&w, "C-2")).await.expect(201);
        for (query, count) in [
            ("", 2), ("?recipient=evergreen", 2), ("?recipient=harbor-light", 1), ("?reference=C-2", 1),
        ] {
            let list = app.get(&format!("/v1/consents{query}"), &w.biller).await.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
        }
        app.get("/v1/consents", &w.submitter).await.problem(404, "not_found");
    }

    async fn a_file_adds_consents_and_revocations_and_changes_none(app: TestApp) {
        let w = program(&app).await;
        let head = "organization,reference,member_reference,recipient,purposes,services,from,to,obtained,revoked_at\n";
        let import = |rows: &str| {
            let text = format!("{head}{rows}");
            let output = crate::reference_import::import(&app.database, "consents", text.as_bytes(), &[]);
            let text = if output.status.success() { output.stdout } else { output.stderr };
            String::from_utf8(text).unwrap().trim().to_owned()
        };
        let rows = "river-bend,C-1,R-EV1000,evergreen,payment;operations,peer_individual,2026-09-01,,paper,\n\
            river-bend,C-2,R-EV1000,all_payers,all,,2026-01-01,2026-12-31,electronic,\n";
        assert_eq!(import(rows), "consents: 2 created, 0 updated, 0 unchanged");
        assert_eq!(import(rows), "consents: 2 unchanged");
        let gone = rows.replace("paper,\n", "paper,2026-09-02T10:00:00-07:00\n");
        assert_eq!(import(&gone), "consents: 0 created, 1 updated, 1 unchanged");
        // An older file does not take a revocation back.
        assert_eq!(import(rows), "consents: 2 unchanged");
        let error = import(&rows.replace("all_payers", "evergreen").replace("R-EV1000,evergreen,payment;", "R-9,nobody,pay;"));
        for place in ["line 2, member_reference:", "line 2, recipient:", "line 2, purposes:", "line 3, reference:"] {
            // Of a row that cannot be read the names of others are not looked up; other rows are told, too.
            let said = error.contains(place);
            let wanted = ["line 2, purposes:", "line 3, reference:"].contains(&place);
            assert_eq!(said, wanted, "{place}\n{error}");
        }
        let error = import(&rows.replace("all_payers", "evergreen").replace("R-EV1000,evergreen,payment;", "R-9,nobody,payment;"));
        for place in ["line 2, member_reference:", "line 2, recipient:", "line 3, reference:"] {
            assert!(error.contains(place), "{place}\n{error}");
        }
        let visit = record(&app, &w, "V-1", "2026-07-01T16:00").await;
        assert_eq!(visit["disposition"], "ready", "C-2 permits it: {visit}");
    }

    async fn of_a_release_and_a_revocation_at_once_one_comes_first(app: TestApp) {
        let w = program(&app).await;
        let (mut released, mut refused) = (0, 0);
        for round in 0..6 {
            let made = app.post("/v1/consents", &w.biller, &consent(&w, &format!("C-{round}"))).await.expect(201);
            record(&app, &w, &format!("V-{round}"), &format!("2026-07-{:02}T16:00", round + 1)).await;
            let batch = id(&build(&app, &w).await.expect(201));
            let path = format!("/v1/batches/{batch}/release");
            let (release, gone) = tokio::join!(app.act(&path, &w.biller), revoke(&app, &w, &made, json!({})));
            gone.expect(200);
            if release.status == 200 {
                released += 1;
            } else {
                release.problem(409, "release_refused");
                app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
                refused += 1;
            }
            let late = format!(
                "SELECT COUNT(*) FROM batches b JOIN consents c ON c.reference = 'C-{round}' \
                 WHERE b.status = 'released' AND b.released_at > c.revoked_at AND b.id = \
                 (SELECT MAX(id) FROM batches)");
            assert_eq!(app.database.number(&late), 0, "nothing leaves after a revocation");
        }
        assert_eq!(released + refused, 6);
    }
}
