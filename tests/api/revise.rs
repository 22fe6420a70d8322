//! Corrections: PATCH of an encounter, and bulk uploads that revise what they find.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::world::{self, World, answers, id, rules, visit};

async fn patch(app: &TestApp, w: &World, encounter: &str, etag: &str, body: &Value) -> Answer {
    let request = app.request(Method::PATCH, &format!("/v1/encounters/{encounter}"), &w.submitter);
    let request = if etag.is_empty() { request } else { request.header("if-match", etag) };
    send(request.header("content-type", "application/merge-patch+json").body(body.to_string()))
        .await
}

/// Reserved and consumed units of the whole ledger.
fn drawn(app: &TestApp) -> i64 {
    app.database
        .number("SELECT CAST(COALESCE(SUM(reserved + consumed), 0) AS BIGINT) FROM unit_entries")
}

async fn recorded(app: &TestApp, w: &World, body: &Value) -> Value {
    app.post("/v1/encounters", &w.submitter, body).await.expect(201)
}

/// A body without what only its first answer has.
fn settled(body: &Value) -> Value {
    let mut body = body.clone();
    body["decision"] = Value::Null;
    body
}

on_both! {
    async fn a_correction_is_decided_at_once_and_what_was_said_before_is_kept(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = recorded(&app, &w, &body).await;
        let visit = id(&first);
        let read = app.get(&format!("/v1/encounters/{visit}"), &w.submitter).await;
        assert_eq!(read.header("etag"), "\"1\"");
        assert_eq!(read.json()["revision"], 1);
        assert_eq!(drawn(&app), 4);
        // Only what is given changes; times shrink the visit, and its units come back.
        let shorter = json!({"ended_at": "2026-07-01T16:30:00Z", "note": {"plan_goal": null}});
        let answer = patch(&app, &w, &visit, "\"1\"", &shorter).await;
        let second = answer.expect(200);
        assert_eq!(answer.header("etag"), "\"2\"");
        assert_eq!((&second["revision"], &second["lines"][0]["units"]), (&json!(2), &json!(2)));
        assert_eq!((&second["decision"]["sequence"], &second["setting"]), (&json!(2), &json!("office")));
        assert_eq!(second["note"]["plan_goal"], Value::Null);
        assert!(second["note"]["signed_at"].is_string(), "a note merges field by field");
        assert_eq!(drawn(&app), 2);
        // Another person: everything moves to that account.
        let other = json!({"member": {"payer": "evergreen", "number": "EV1001"}, "activity": null,
            "service": "peer_crisis", "diagnoses": ["F11.20"], "authorization": "PA-9"});
        let third = patch(&app, &w, &visit, "\"2\"", &other).await.expect(200);
        assert_eq!(third["member"], w.members[1].as_str());
        assert_eq!((&third["service"], &third["lines"][0]["modifiers"][0]), (&json!("peer_crisis"), &json!("ET")));
        assert_eq!(drawn(&app), 2);
        let of = app.database.number("SELECT COUNT(DISTINCT account_id) FROM (SELECT account_id FROM unit_entries \
            GROUP BY account_id HAVING SUM(reserved) > 0) held");
        assert_eq!(of, 1, "the first member's units were given back");
        // Null clears what may be missing, and activity puts the service aside.
        let cleared = json!({"authorization": null, "diagnoses": null, "note": null, "role": null, "activity": "individual_support"});
        let fourth = patch(&app, &w, &visit, "\"3\"", &cleared).await.expect(200);
        assert_eq!((&fourth["authorization"], &fourth["note"], &fourth["diagnoses"]), (&Value::Null, &Value::Null, &json!([])));
        assert_eq!(rules(&fourth), ["diagnosis.missing", "note.unsigned"]);
        assert_eq!(drawn(&app), 0);
        // What it said before can be read, oldest first, page by page.
        let past = world::all(&app, &format!("/v1/encounters/{visit}/revisions"), &w.submitter).await;
        let seen: Vec<_> = past.iter().map(|p| p["revision"].as_i64().unwrap()).collect();
        assert_eq!(seen, [1, 2, 3]);
        assert_eq!(past[0]["content"]["ended_at"], "2026-07-01T17:00:00Z");
        assert_eq!(past[0]["decision"], first["decision"]["id"]);
        assert_eq!(past[2]["content"]["service"], "peer_crisis");
        let page = app.get(&format!("/v1/encounters/{visit}/revisions?limit=2"), &w.submitter).await.expect(200);
        let next = page["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("/v1/encounters/{visit}/revisions?limit=2&cursor={next}"), &w.submitter).await.expect(200);
        assert_eq!(rest["items"].as_array().unwrap().len(), 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }

    async fn a_correction_that_cannot_be_made_changes_nothing(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let visit = id(&recorded(&app, &w, &body).await);
        let home = json!({"setting": "home"});
        patch(&app, &w, &visit, "", &home).await.problem(428, "precondition_required");
        patch(&app, &w, &visit, "\"2\"", &home).await.problem(412, "precondition_failed");
        patch(&app, &w, &visit, "nonsense", &home).await.problem(412, "precondition_failed");
        patch(&app, &w, "enc_0000000000001", "\"1\"", &home).await.problem(404, "not_found");
        for (body, pointer) in [
            (json!({"reference": "V-2"}), "/reference"),
            (json!({"reference": null}), "/reference"),
            (json!({"started_at": null}), "/started_at"),
            (json!({"peer": null}), "/peer"),
            (json!({"activity": null}), "/activity"),
            (json!({"activity": "crisis_support", "service": "peer_crisis"}), "/service"),
            (json!({"ended_at": "2026-07-01T15:00:00Z"}), "/ended_at"),
            (json!({"ended_at": "2026-07-01T17:00"}), "/ended_at"),
            (json!({"ended_at": "2026-12-01T17:00:00Z"}), "/ended_at"),
            (json!({"member": "mem_0000000000001"}), "/member"),
            (json!({"peer": "peer_0000000000001"}), "/peer"),
            (json!({"colour": "red"}), "/colour"),
            (json!({"note": {"text": "x"}}), "/note/text"),
            (json!({"mode": 3}), "/mode"),
        ] {
            let problem = patch(&app, &w, &visit, "\"1\"", &body).await.problem(422, "invalid_input");
            assert_eq!(problem["faults"][0]["pointer"], pointer, "{body} {problem}");
        }
        let list = patch(&app, &w, &visit, "\"1\"", &json!(["setting"])).await;
        list.problem(422, "invalid_input");
        let text = app.request(Method::PATCH, &format!("/v1/encounters/{visit}"), &w.submitter).header("if-match", "\"1\"");
        send(text.header("content-type", "text/plain").body("{}")).await.problem(415, "unsupported_media_type");
        // The same again is no revision.
        let same = patch(&app, &w, &visit, "\"1\"", &json!({"setting": "office", "reference": "V-1"})).await;
        assert_eq!((same.expect(200)["revision"].clone(), same.header("etag")), (json!(1), "\"1\""));
        for table in ["decisions", "unit_entries"] {
            assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM {table}")), 1);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounter_revisions"), 0);
    }

    async fn what_is_claimed_or_void_is_not_corrected(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = id(&recorded(&app, &w, &body).await);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        let home = json!({"setting": "home"});
        patch(&app, &w, &first, "\"1\"", &home).await.problem(409, "already_claimed");
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        assert_eq!(patch(&app, &w, &first, "\"1\"", &home).await.expect(200)["lines"][0]["place"], "12");
        let again = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        app.act(&format!("/v1/batches/{again}/release"), &w.biller).await.expect(200);
        patch(&app, &w, &first, "\"2\"", &json!({"setting": "office"})).await.problem(409, "already_claimed");
        let second = id(&recorded(&app, &w, &visit("V-2", &w.peers[0], &w.members[0], "2026-07-02T16:00")).await);
        app.post(&format!("/v1/encounters/{second}/void"), &w.submitter, &json!({"reason": "no visit"})).await.expect(200);
        patch(&app, &w, &second, "\"1\"", &home).await.problem(409, "wrong_status");
    }

    async fn a_repeat_is_of_the_content_as_it_stands(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let visit = id(&recorded(&app, &w, &body).await);
        let revised = patch(&app, &w, &visit, "\"1\"", &json!({"setting": "home"})).await.expect(200);
        app.post("/v1/encounters", &w.submitter, &body).await.problem(409, "reference_conflict");
        let mut home = body.clone();
        home["setting"] = json!("home");
        app.act(&format!("/v1/encounters/{visit}/decide"), &w.submitter).await.expect(200);
        let repeat = app.post("/v1/encounters", &w.submitter, &home).await.expect(200);
        assert_eq!(repeat, revised, "word for word the first answer to this content");
    }

    async fn corrections_at_once_are_made_one_after_another(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = id(&recorded(&app, &w, &body).await);
        for round in 1..=5 {
            let tag = format!("\"{round}\"");
            let tries = (0..6).map(|n| {
                let (app, w, first, tag) = (&app, &w, &first, &tag);
                let body = json!({"member": w.members[(round + n) % 4], "peer": w.peers[n % 4],
                    "diagnoses": [format!("F32.{n}")]});
                async move { patch(app, w, first, tag, &body).await }
            });
            let seen = futures_util::future::join_all(tries).await;
            assert_eq!(seen.iter().filter(|a| a.status == 200).count(), 1, "{seen:?}");
            assert!(seen.iter().all(|a| [200, 412, 503].contains(&a.status.as_u16())), "{seen:?}");
        }
        assert_eq!(drawn(&app), 4);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounter_revisions"), 5);
    }

    async fn an_upload_may_revise_what_is_not_claimed(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let at = |reference: &str, day: u32| visit(reference, &w.peers[0], &w.members[0], &format!("2026-07-0{day}T16:00"));
        for day in 1..=3 {
            recorded(&app, &w, &at(&format!("V-{day}"), day)).await;
        }
        let wanted = json!({"payer": "evergreen", "through": "2026-07-01"});
        app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        let void = app.get("/v1/encounters?reference=V-3", &w.submitter).await.expect(200);
        let void = format!("/v1/encounters/{}/void", id(&void["items"][0]));
        app.post(&void, &w.submitter, &json!({"reason": "no visit"})).await.expect(200);
        let changed = |mut body: Value, setting: &str| {
            body["setting"] = json!(setting);
            body
        };
        let rows = [
            changed(at("V-1", 1), "home"),    // on a claim
            changed(at("V-2", 2), "home"),    // revised
            changed(at("V-2", 2), "home"),    // the same again
            changed(at("V-2", 2), "shelter"), // revised once more
            changed(at("V-3", 3), "home"),    // void
            at("V-1", 1),                     // a repeat
            at("V-4", 4),                     // new
            changed(at("V-4", 4), "home"),    // and revised at once
            json!({"reference": "V-5"}),      // bad
        ];
        let text = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let list = serde_json::to_string_pretty(&rows).unwrap();
        let path = "/v1/encounters/bulk?on_conflict=revise";
        let ndjson = "application/x-ndjson";
        let refused = answers(&world::body(&app, "/v1/encounters/bulk", &w.submitter, ndjson, text.lines().take(2).collect::<Vec<_>>().join("\n")).await);
        assert!(refused.iter().all(|row| row["error"]["code"] == "reference_conflict"), "{refused:?}");
        let seen = answers(&world::body(&app, path, &w.submitter, ndjson, text).await);
        let status = |seen: &[Value]| seen.iter().map(|row| row["status"].as_u64().unwrap()).collect::<Vec<_>>();
        assert_eq!(status(&seen), [409, 200, 200, 200, 409, 200, 201, 200, 422], "{seen:#?}");
        let revised: Vec<bool> = seen.iter().map(|row| row["revised"] == true).collect();
        assert_eq!(revised, [false, true, false, true, false, false, false, true, false]);
        assert_eq!(seen[0]["error"]["code"], "already_claimed");
        assert_eq!(seen[4]["error"]["code"], "wrong_status");
        assert_eq!(seen[3]["encounter"]["revision"], 3);
        assert_eq!(seen[7]["encounter"]["lines"][0]["place"], "12");
        assert_eq!(drawn(&app), 12);
        // As a list of JSON: what stands is repeated; what was said in between comes and goes again.
        let again = answers(&world::body(&app, path, &w.submitter, "application/json", list).await);
        assert_eq!(status(&again), [409, 200, 200, 200, 409, 200, 200, 200, 422], "{again:#?}");
        assert_eq!(again[3]["encounter"]["revision"], 5);
        assert_eq!(again[8]["error"]["faults"][0]["pointer"], "/8/peer");
        assert_eq!(drawn(&app), 12);
        let bad = app.request(Method::POST, "/v1/encounters/bulk?on_conflict=other", &w.submitter);
        send(bad.header("content-type", ndjson).body("")).await.problem(400, "invalid_parameter");
        // What stands is what was sent last; earlier answers differ in their decision only.
        let stands = app.get("/v1/encounters?reference=V-2", &w.submitter).await.expect(200);
        assert_eq!(settled(&stands["items"][0])["setting"], "shelter");
    }

    async fn csv_uploads_revise_too(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let header = "reference,peer,member,activity,started_at,ended_at,mode,setting,diagnoses,note_signed_at";
        let row = |end: &str| format!("{header}\nV-1,1987654328,evergreen:EV1000,individual_support,\
            2026-07-01 09:00,2026-07-01 {end},in_person,office,F32.9,2026-07-01 12:00\n");
        let path = "/v1/encounters/bulk?on_conflict=revise";
        let send = |end: &str| {
            let (app, w, text) = (&app, &w, row(end));
            async move { answers(&world::body(app, path, &w.submitter, "text/csv", text).await).remove(0) }
        };
        assert_eq!(send("10:00").await["status"], 201);
        let revised = send("11:00").await;
        assert_eq!((&revised["revised"], &revised["encounter"]["minutes"]), (&json!(true), &json!(120)));
        assert_eq!((send("11:00").await["status"].clone(), drawn(&app)), (json!(200), 8));
    }
}
