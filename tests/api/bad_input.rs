//! Encounters that cannot be right: each gets its answer, with the place, and nothing is stored.

use serde_json::{Value, json};

use crate::app::{Answer, Database, TestApp, on_both};
use crate::reference_samples::pointers;
use crate::world::{self, World, id, visit};

const PATH: &str = "/v1/encounters";
const JSON: &str = "application/json";

fn good(w: &World) -> Value {
    visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00")
}

/// The good visit with one field changed.
fn with(w: &World, field: &str, value: Value) -> Value {
    let mut body = good(w);
    body[field] = value;
    body
}

#[track_caller]
fn nothing_stored(app: &TestApp) {
    for table in ["encounters", "decisions", "decision_lines", "unit_entries"] {
        assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
    }
}

/// The problem without what differs between any two requests.
fn bare(answer: &Answer, status: u16, code: &str) -> Value {
    let mut problem = answer.problem(status, code);
    problem["request_id"] = Value::Null;
    problem
}

on_both! {
    async fn bodies_that_cannot_be_read(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let text = good(&w).to_string();
        for broken in [&text[..text.len() - 1], "", "{", "{\"reference\": \"V-1\",}", "\u{feff}{}"] {
            for path in [PATH, "/v1/decisions/preview"] {
                let answer = world::body(&app, path, &w.submitter, JSON, broken.to_owned()).await;
                let problem = answer.problem(400, "malformed_body");
                assert!(problem["faults"][0]["line"].is_u64(), "{problem}");
            }
        }
        let mut bytes = text.clone().into_bytes();
        let place = text.find("V-1").unwrap();
        bytes[place] = 0xff;
        world::body(&app, PATH, &w.submitter, JSON, bytes).await.problem(400, "malformed_body");
        for kind in ["text/plain", "text/csv", "application/json; charset=latin-1"] {
            world::body(&app, PATH, &w.submitter, kind, text.clone()).await.problem(415, "unsupported_media_type");
        }
        nothing_stored(&app);
    }

    async fn wrong_fields_are_told_by_their_pointers(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let problem = app.post(PATH, &w.submitter, &json!({})).await.problem(422, "invalid_input");
        let all = ["/activity", "/ended_at", "/member", "/mode", "/peer", "/reference", "/setting", "/started_at"];
        assert_eq!(pointers(&problem), all, "all at once");
        for (field, value, pointer) in [
            ("colour", json!("red"), "/colour"),
            ("reference", json!("has space"), "/reference"),
            ("reference", json!("x".repeat(65)), "/reference"),
            ("reference", json!(7), "/reference"),
            ("peer", json!("1987654327"), "/peer"),
            ("peer", json!("peer_0000000000001x"), "/peer"),
            ("peer", json!("peer_ILOU000000001"), "/peer"),
            ("peer", json!("enc_0000000000001"), "/peer"),
            ("member", json!("enc_0000000000001"), "/member"),
            ("member", json!("mem_00000000000U1"), "/member"),
            ("member", json!({"payer": "evergreen"}), "/member/number"),
            ("member", json!(["evergreen", "EV1000"]), "/member"),
            ("note", json!([]), "/note"),
            ("group", json!(["S-1", 7]), "/group"),
            ("member", json!({"payer": "ever green", "number": "EV1000"}), "/member/payer"),
            ("activity", json!("gardening"), "/activity"),
            ("service", json!("peer_individual"), "/service"),
            ("role", json!("king"), "/role"),
            ("mode", json!("telepathy"), "/mode"),
            ("setting", json!("moon"), "/setting"),
            ("diagnoses", json!(["F32.9", "F32.9"]), "/diagnoses/1"),
            ("diagnoses", json!(["not a code"]), "/diagnoses/0"),
            ("diagnoses", json!("F32.9"), "/diagnoses"),
            ("authorization", json!("aut_forged"), "/authorization"),
            ("note", json!({"signed_at": "yesterday"}), "/note/signed_at"),
            ("note", json!({"signed_at": "2026-10-01T00:00:00Z"}), "/note/signed_at"),
            ("note", json!({"text": "what was said"}), "/note/text"),
        ] {
            let body = with(&w, field, value);
            let answer = app.post(PATH, &w.submitter, &body).await;
            let problem = answer.problem(422, "invalid_input");
            assert_eq!(pointers(&problem), [pointer], "{body}: {problem}");
        }
        nothing_stored(&app);
    }

    async fn impossible_times_are_refused(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for (start, end, pointer) in [
            ("2026-07-01T16:00:00Z", "2026-07-01T15:00:00Z", "/ended_at"),
            ("2026-07-01T16:00:00Z", "2026-07-01T16:00:00Z", "/ended_at"),
            ("2026-07-01T16:00:00Z", "2026-07-02T17:00:00Z", "/ended_at"),
            ("2026-07-01T16:00:00Z", "2026-07-02T16:00:01Z", "/ended_at"),
            // The calendar of these tests stands at 10 September 2026, 16:00 UTC.
            ("2026-09-10T16:30:00Z", "2026-09-10T17:00:00Z", "/ended_at"),
            ("2026-09-10T15:30:00Z", "2026-09-10T18:00:00Z", "/ended_at"),
            ("2126-07-01T16:00:00Z", "2126-07-01T17:00:00Z", "/ended_at"),
            ("2026-07-01T16:00:00", "2026-07-01T17:00:00Z", "/started_at"),
            ("2026-07-01T16:00:00Z", "2026-07-01 17:00", "/ended_at"),
            ("2026-02-30T16:00:00Z", "2026-07-01T17:00:00Z", "/started_at"),
            ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z", "/started_at"),
            ("1e9", "2026-07-01T17:00:00Z", "/started_at"),
        ] {
            let mut body = good(&w);
            (body["started_at"], body["ended_at"]) = (json!(start), json!(end));
            let problem = app.post(PATH, &w.submitter, &body).await.problem(422, "invalid_input");
            assert!(pointers(&problem).contains(&pointer.to_owned()), "{start} {end}: {problem}");
        }
        nothing_stored(&app);
    }

    async fn ids_that_are_not_ours_are_unknown(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        // A member of the other organization only, by every name there is.
        let theirs = world::member(&app, &w.admin, "hill-top", "evergreen", "EV7777").await;
        let approval = world::authorization(&app, &w.admin, "hill-top", &json!({
            "member": theirs, "payer": "evergreen", "number": "PA-7", "units": 9,
            "from": "2026-07-01", "to": "2026-12-31",
        })).await;
        for (field, foreign, unknown) in [
            ("peer", json!(other.peers[0]), json!("peer_0000000000001")),
            ("member", json!(theirs), json!("mem_0000000000001")),
            ("member", json!("evergreen:EV7777"), json!("evergreen:EV8888")),
            ("member", json!({"payer": "evergreen", "number": "EV7777"}), json!({"payer": "nobody", "number": "EV7777"})),
            ("authorization", json!(approval), json!("aut_0000000000001")),
        ] {
            for path in [PATH, "/v1/decisions/preview"] {
                let one = app.post(path, &w.submitter, &with(&w, field, foreign.clone())).await;
                let two = app.post(path, &w.submitter, &with(&w, field, unknown.clone())).await;
                let one = bare(&one, 422, "invalid_input");
                assert_eq!(one, bare(&two, 422, "invalid_input"), "{field} {foreign}");
                assert_eq!(pointers(&one), [format!("/{field}")]);
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0);
        // And in the URL.
        let body = good(&w);
        let own = id(&app.post(PATH, &w.submitter, &body).await.expect(201));
        for unseen in [own.as_str(), "enc_0000000000001", "enc_00000000000U1", "enc_", "mem_0000000000001", "%2e%2e", "%00"] {
            let one = format!("{PATH}/{unseen}");
            app.get(&one, &other.submitter).await.problem(404, "not_found");
            app.act(&format!("{one}/decide"), &other.submitter).await.problem(404, "not_found");
            let reason = json!({"reason": "not mine"});
            app.post(&format!("{one}/void"), &other.submitter, &reason).await.problem(404, "not_found");
        }
        let stranger = bare(&app.get(&format!("{PATH}/{own}"), &other.submitter).await, 404, "not_found");
        let nobody = bare(&app.get(&format!("{PATH}/enc_0000000000001"), &other.submitter).await, 404, "not_found");
        assert_eq!(stranger, nobody);
        assert_eq!(app.get(PATH, &other.submitter).await.expect(200)["items"], json!([]));
        let filtered = format!("{PATH}?member={}", w.members[0]);
        assert_eq!(app.get(&filtered, &other.submitter).await.expect(200)["items"], json!([]));
        let allowances = format!("/v1/members/{}/allowances?on=2026-07-01", w.members[0]);
        app.get(&allowances, &other.submitter).await.problem(404, "not_found");
        assert_eq!(app.get(&format!("{PATH}/{own}"), &w.submitter).await.expect(200)["status"], "ready");
    }

    async fn the_organization_must_be_named_and_seen(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 1).await;
        let body = good(&w);
        app.post(PATH, &w.admin, &body).await.problem(400, "invalid_parameter");
        app.get(PATH, &w.admin).await.problem(400, "invalid_parameter");
        for unseen in ["river-bend", "nobody", "org_0000000000001", "No Key"] {
            let named = format!("{PATH}?organization={unseen}");
            app.post(&named, &other.submitter, &body).await.problem(404, "not_found");
            app.get(&named, &other.submitter).await.problem(404, "not_found");
            if unseen != "river-bend" {
                app.post(&named, &w.admin, &body).await.problem(404, "not_found");
            }
        }
        nothing_stored(&app);
        let named = format!("{PATH}?organization=river-bend");
        app.post(&named, &w.admin, &body).await.expect(201);
        // Another organization's ids do not become visible by naming one's own.
        let foreign = format!("{PATH}?organization=hill-top");
        let answer = app.post(&foreign, &w.admin, &body).await;
        assert_eq!(pointers(&answer.problem(422, "invalid_input")), ["/member", "/peer"]);
    }

    async fn keys_and_references_are_used_once(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = good(&w);
        let first = app.post_once(PATH, &w.submitter, "k-1", &body).await;
        let again = app.post_once(PATH, &w.submitter, "k-1", &body).await;
        assert_eq!((first.expect(201), again.header("idempotent-replayed")), (again.expect(201), "true"));
        let other = with(&w, "reference", json!("V-2"));
        app.post_once(PATH, &w.submitter, "k-1", &other).await.problem(422, "idempotency_key_reused");
        // A new key with the known reference is a repeat; with other content a conflict.
        let repeat = app.post_once(PATH, &w.submitter, "k-2", &body).await;
        assert_eq!(repeat.expect(200), first.expect(201));
        let conflict = with(&w, "setting", json!("home"));
        let answer = app.post_once(PATH, &w.submitter, "k-3", &conflict).await;
        assert_eq!(pointers(&answer.problem(409, "reference_conflict")), ["/reference"]);
        // What was refused is not kept: the key may be used for what is right.
        app.post_once(PATH, &w.submitter, "k-3", &other).await.expect(201);
        for bad in ["", "with space", &"k".repeat(256)] {
            app.post_once(PATH, &w.submitter, bad, &body).await.problem(400, "invalid_parameter");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
        let void = format!("{PATH}/{}/void", id(&first.expect(201)));
        let reason = json!({"reason": "twice"});
        let voided = app.post_once(&void, &w.submitter, "k-4", &reason).await.expect(200);
        assert_eq!(app.post_once(&void, &w.submitter, "k-4", &reason).await.expect(200), voided);
        for bad in [json!({}), json!({"reason": " "}), json!({"reason": "x".repeat(501)})] {
            let answer = app.post(&void, &w.submitter, &bad).await;
            assert_eq!(pointers(&answer.problem(422, "invalid_input")), ["/reason"]);
        }
        app.post(&format!("{PATH}/{}/decide", id(&voided)), &w.submitter, &json!({"force": true})).await
            .problem(400, "malformed_body");
    }

    async fn wrong_parameters_of_lists_are_told(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        for query in [
            "status=sleeping", "member=x", "from=yesterday", "limit=0", "limit=201", "cursor=x",
            "colour=red", "limit=1&limit=2", "reference=a%20b", "from=2026-07-02&to=2026-07-01",
        ] {
            app.get(&format!("{PATH}?{query}"), &w.submitter).await.problem(400, "invalid_parameter");
        }
        let turned = "from=2026-07-02&to=2026-07-01";
        app.get(&format!("/v1/sessions?{turned}"), &w.submitter).await.problem(400, "invalid_parameter");
        app.get(&format!("/v1/audit?{turned}"), &w.biller).await.problem(400, "invalid_parameter");
        for n in 0..3 {
            let body = visit(&format!("V-{n}"), &w.peers[0], &w.members[0], &format!("2026-07-0{}T16:00", n + 1));
            app.post(PATH, &w.submitter, &body).await.expect(201);
        }
        let page = app.get(&format!("{PATH}?limit=1&status=ready"), &w.submitter).await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        app.get(&format!("{PATH}?limit=1&status=held&cursor={cursor}"), &w.submitter).await
            .problem(400, "invalid_parameter");
        let next = app.get(&format!("{PATH}?limit=5&status=ready&cursor={cursor}"), &w.submitter).await.expect(200);
        let references: Vec<&str> = next["items"].as_array().unwrap().iter().map(|i| i["reference"].as_str().unwrap()).collect();
        assert_eq!(references, ["V-1", "V-2"]);
        assert_eq!(next["next_cursor"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encounter_that_is_too_large_is_refused() {
    let app = TestApp::on(Database::sqlite(), &[("HTTP__MAX_BODY_BYTES", "20000")]);
    let w = world::mesa_voices(&app, 1).await;
    let mut body = good(&w);
    body["diagnoses"] = json!(vec!["F32.9"; 5000]);
    app.post(PATH, &w.submitter, &body).await.problem(413, "too_large");
    nothing_stored(&app);
}
