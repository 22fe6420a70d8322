//! Sessions: one meeting, an encounter for each member, all or nothing; and what becomes of them.

mod brought;
mod late;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::world::{self, World, id, rules, visit};

const PATH: &str = "/v1/sessions";

/// A session of an hour and a half in the community, of so many people; members are billed.
pub fn session(w: &World, reference: &str, day: &str, size: usize, members: &[usize]) -> Value {
    let parts: Vec<Value> = members
        .iter()
        .map(|n| {
            json!({
                "reference": format!("{reference}-{n}"), "member": w.members[*n],
                "diagnoses": ["F32.9"], "note": {"signed_at": format!("{day}T20:00:00Z")},
            })
        })
        .collect();
    json!({
        "reference": reference, "peer": w.peers[0], "activity": "group_support",
        "started_at": format!("{day}T16:00:00Z"), "ended_at": format!("{day}T17:30:00Z"),
        "mode": "in_person", "setting": "community", "size": size, "members": parts,
    })
}

/// A visit that names a session.
fn part(w: &World, reference: &str, member: usize, session: &str, size: usize) -> Value {
    let mut body = visit(reference, &w.peers[0], &w.members[member], "2026-07-01T16:00");
    body["activity"] = json!("group_support");
    body["group"] = json!({"session": session, "size": size});
    body
}

async fn patch(app: &TestApp, w: &World, seen: &Value, body: &Value) -> Answer {
    let path = format!("{PATH}/{}", id(seen));
    let tag = format!("\"{}\"", seen["revision"]);
    let request = app.request(Method::PATCH, &path, &w.submitter).header("if-match", tag);
    send(request.json(body)).await
}

async fn now(app: &TestApp, w: &World, seen: &Value) -> Value {
    app.get(&format!("{PATH}/{}", id(seen)), &w.submitter).await.expect(200)
}

fn each<'a>(seen: &'a Value, field: &str) -> Vec<&'a Value> {
    seen["encounters"].as_array().unwrap().iter().map(|e| &e[field]).collect()
}

fn drawn(app: &TestApp) -> i64 {
    app.database
        .number("SELECT CAST(COALESCE(SUM(reserved + consumed), 0) AS BIGINT) FROM unit_entries")
}

on_both! {
    async fn a_session_is_entered_once_for_all_its_members(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let body = session(&w, "S-1", "2026-07-01", 7, &[0, 1, 2]);
        let answer = app.post(PATH, &w.submitter, &body).await;
        let seen = answer.expect(201);
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(answer.header("location"), format!("{PATH}/{}", id(&seen)));
        assert_eq!((&seen["billed"], &seen["size"], &seen["minutes"]), (&json!(3), &json!(7), &json!(90)));
        assert_eq!(each(&seen, "disposition"), ["ready", "ready", "ready"], "{seen:#}");
        assert_eq!(each(&seen, "reference"), ["S-1-0", "S-1-1", "S-1-2"]);
        for encounter in seen["encounters"].as_array().unwrap() {
            assert_eq!(encounter["service"], "peer_group");
            assert_eq!(encounter["lines"][0]["modifiers"], json!(["HQ"]));
            assert_eq!(encounter["group"], json!({"session": "S-1", "size": 7, "peers": 1}));
        }
        assert_eq!(drawn(&app), 18);
        // Read again, one by one, and in the list.
        let read = now(&app, &w, &seen).await;
        assert_eq!(each(&read, "id"), each(&seen, "id"));
        let list = world::all(&app, &format!("{PATH}?reference=S-1&from=2026-07-01&to=2026-07-01"), &w.submitter).await;
        assert_eq!((list.len(), &list[0]["billed"]), (1, &json!(3)));
        assert!(world::all(&app, &format!("{PATH}?peer={}", w.peers[1]), &w.submitter).await.is_empty());
        // A repeat answers with the first decisions; other content is a conflict.
        let again = app.post(PATH, &w.submitter, &body).await;
        assert_eq!(again.expect(200), seen);
        assert_eq!(again.header("idempotent-replayed"), "true");
        let mut other = body.clone();
        other["size"] = json!(8);
        app.post(PATH, &w.submitter, &other).await.problem(409, "reference_conflict");
        // An encounter of it is like any other.
        let first = each(&seen, "id")[0].as_str().unwrap();
        assert_eq!(app.get(&format!("/v1/encounters/{first}"), &w.submitter).await.expect(200)["group"]["session"], "S-1");
        assert_eq!(drawn(&app), 18);
    }

    async fn bad_input_of_one_member_records_nothing(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        app.post("/v1/encounters", &w.submitter, &visit("S-1-2", &w.peers[1], &w.members[2], "2026-07-09T16:00")).await.expect(201);
        let good = session(&w, "S-1", "2026-07-01", 7, &[0, 1]);
        let bent = |bend: &dyn Fn(&mut Value)| {
            let mut body = good.clone();
            bend(&mut body);
            body
        };
        let cases: [(Value, Vec<&str>); 12] = [
            (bent(&|b| b["members"][1]["member"] = json!("mem_0000000000001")), vec!["/members/1/member"]),
            (bent(&|b| b["members"][1]["member"] = b["members"][0]["member"].clone()), vec!["/members/1/member"]),
            (bent(&|b| b["members"][1]["reference"] = json!("S-1-0")), vec!["/members/1/reference"]),
            (bent(&|b| b["members"][0]["diagnoses"] = json!(["??"])), vec!["/members/0/diagnoses/0"]),
            (bent(&|b| b["members"][0]["ended_at"] = json!("2026-07-01T18:00:00Z")), vec!["/members/0/ended_at"]),
            (bent(&|b| b["members"][0]["started_at"] = json!("2026-07-01T15:59:00Z")), vec!["/members/0/started_at"]),
            (bent(&|b| b["size"] = json!(1)), vec!["/size"]),
            (bent(&|b| b["size"] = json!(501)), vec!["/size"]),
            (bent(&|b| { b["size"] = Value::Null; b["peer"] = json!("123"); b["mode"] = json!("x") }), vec!["/size", "/peer", "/mode"]),
            (bent(&|b| b["members"] = json!([])), vec!["/members"]),
            (bent(&|b| b["ended_at"] = json!("2026-07-01T16:00:00Z")), vec!["/ended_at"]),
            (bent(&|b| b["reference"] = json!("no spaces")), vec!["/reference"]),
        ];
        for (body, pointers) in cases {
            let problem = app.post(PATH, &w.submitter, &body).await.problem(422, "invalid_input");
            let told: Vec<_> = problem["faults"].as_array().unwrap().iter().map(|f| f["pointer"].as_str().unwrap()).collect();
            assert_eq!(told, pointers, "{problem}");
        }
        let unknown = bent(&|b| b["members"][0]["colour"] = json!("red"));
        assert_eq!(app.post(PATH, &w.submitter, &unknown).await.problem(422, "invalid_input")["faults"][0]["pointer"], "/members/0/colour");
        let used = session(&w, "S-1", "2026-07-01", 7, &[0, 2]);
        let problem = app.post(PATH, &w.submitter, &used).await.problem(409, "reference_conflict");
        assert_eq!(problem["faults"][0]["pointer"], "/members/1/reference");
        for table in ["sessions", "session_encounters"] {
            assert_eq!(app.database.number(&format!("SELECT COUNT(*) FROM {table}")), 0);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 1);
    }

    async fn a_session_is_one_interval_of_its_peer(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let mut body = session(&w, "S-1", "2026-07-01", 7, &[0]);
        body["members"][0]["ended_at"] = json!("2026-07-01T16:30:00Z");
        app.post(PATH, &w.submitter, &body).await.expect(201);
        // The member left; the peer did not.
        let beside = visit("V-1", &w.peers[0], &w.members[1], "2026-07-01T16:30");
        assert_eq!(rules(&app.post("/v1/encounters", &w.submitter, &beside).await.expect(201)), ["overlap.peer"]);
        let elsewhere = visit("V-2", &w.peers[1], &w.members[0], "2026-07-01T16:30");
        assert_eq!(app.post("/v1/encounters", &w.submitter, &elsewhere).await.expect(201)["disposition"], "ready");
        let after = visit("V-3", &w.peers[0], &w.members[1], "2026-07-01T17:30");
        assert_eq!(app.post("/v1/encounters", &w.submitter, &after).await.expect(201)["disposition"], "ready");
        // And a session cannot be where a visit is.
        let mut second = session(&w, "S-2", "2026-07-01", 7, &[2]);
        second["started_at"] = json!("2026-07-01T18:00:00Z");
        second["ended_at"] = json!("2026-07-01T19:00:00Z");
        let seen = app.post(PATH, &w.submitter, &second).await.expect(201);
        assert_eq!(rules(&seen["encounters"][0]), ["overlap.peer"]);
    }

    async fn encounters_that_come_one_by_one_make_a_session(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let record = |body: Value| {
            let (app, w) = (&app, &w);
            async move { app.post("/v1/encounters", &w.submitter, &body).await.expect(201) }
        };
        assert_eq!(record(part(&w, "V-0", 0, "S-1", 3)).await["disposition"], "ready");
        // From the half hour on: it touches, so the session is longer.
        let mut late = part(&w, "V-1", 1, "S-1", 3);
        late["started_at"] = json!("2026-07-01T16:30:00Z");
        late["ended_at"] = json!("2026-07-01T17:30:00Z");
        late["note"] = json!({"signed_at": "2026-07-01T18:00:00Z"});
        assert_eq!(record(late.clone()).await["disposition"], "ready");
        let list = world::all(&app, PATH, &w.submitter).await;
        assert_eq!((list.len(), &list[0]["minutes"], &list[0]["stated"]), (1, &json!(90), &json!(false)));
        // Which it is for the peer as well.
        let beside = visit("V-9", &w.peers[0], &w.members[3], "2026-07-01T17:15");
        assert_eq!(rules(&record(beside).await), ["overlap.peer"]);
        // What says otherwise is recorded and held, with both values.
        let other = record(part(&w, "V-2", 2, "S-1", 4)).await;
        assert_eq!(rules(&other), ["session.disagrees"]);
        let message = other["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains('3') && message.contains('4'), "{message}");
        let mut peer = part(&w, "V-3", 3, "S-1", 3);
        peer["peer"] = json!(w.peers[1]);
        assert_eq!(rules(&record(peer).await), ["session.disagrees"]);
        let mut tomorrow = part(&w, "V-4", 3, "S-1", 3);
        for field in ["started_at", "ended_at"] {
            let text = tomorrow[field].as_str().unwrap().replace("07-01", "07-02");
            tomorrow[field] = json!(text);
        }
        tomorrow["note"] = Value::Null;
        assert!(rules(&record(tomorrow).await).contains(&"session.disagrees".to_owned()));
        // Corrected as a whole, those that were held agree; with the size they are all there is.
        let seen = now(&app, &w, &list[0]).await;
        let fixed = patch(&app, &w, &seen, &json!({"size": 6})).await.expect(200);
        // It grew once by a visit, and was corrected once.
        assert_eq!((&seen["revision"], &fixed["revision"]), (&json!(2), &json!(3)));
        let ready = each(&fixed, "disposition").into_iter().filter(|d| *d == "ready").count();
        assert_eq!(ready, 3, "{fixed:#}");
        assert!(each(&fixed, "group").iter().all(|g| g["size"] == 6));
        assert_eq!(each(&fixed, "revision")[0], 2);
        // A member is in it once, also at another time.
        let mut again = part(&w, "V-5", 1, "S-1", 6);
        again["ended_at"] = json!("2026-07-01T16:30:00Z");
        assert_eq!(rules(&record(again).await), ["session.member_twice"]);
    }

    async fn groups_have_sizes_and_ratios_and_their_own_service(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let record = |reference: &'static str, size: usize, peers: usize| {
            let (app, w) = (&app, &w);
            async move {
                let mut body = part(w, reference, 0, reference, size);
                body["group"]["peers"] = json!(peers);
                app.post("/v1/decisions/preview", &w.submitter, &body).await.expect(200)
            }
        };
        for (size, peers, wanted) in [
            (1, 1, &["group.size"][..]), (2, 1, &[]), (12, 1, &[]), (13, 1, &["group.ratio"]),
            (16, 2, &[]), (17, 2, &["group.size"]), (40, 1, &["group.size", "group.ratio"]),
        ] {
            assert_eq!(rules(&record("V-1", size, peers).await), wanted, "{size} {peers}");
        }
        let mut alone = visit("V-2", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        alone["activity"] = json!("group_support");
        let seen = app.post("/v1/decisions/preview", &w.submitter, &alone).await.expect(200);
        assert_eq!(rules(&seen), ["group.missing"]);
        alone["activity"] = json!("individual_support");
        alone["group"] = json!({"session": "S-9", "size": 3});
        let seen = app.post("/v1/decisions/preview", &w.submitter, &alone).await.expect(200);
        assert_eq!(rules(&seen), ["group.not_allowed"]);
        // Skills are taught to one or to many, each by its own service.
        for (group, service) in [(Value::Null, "peer_individual"), (json!({"session": "S-9", "size": 3}), "peer_group")] {
            alone["activity"] = json!("skills_coaching");
            alone["group"] = group;
            let seen = app.post("/v1/decisions/preview", &w.submitter, &alone).await.expect(200);
            assert_eq!((&seen["service"], &seen["disposition"]), (&json!(service), &json!("ready")));
        }
        for (group, pointer) in [
            (json!({"size": 3}), "/group/session"), (json!({"session": "S-1"}), "/group/size"),
            (json!({"session": "S-1", "size": 0}), "/group/size"), (json!({"session": "S-1", "size": 3, "peers": 21}), "/group/peers"),
            (json!({"session": "a b", "size": 3}), "/group/session"), (json!({"session": "S-1", "size": -1}), "/group/size"),
        ] {
            alone["group"] = group;
            let problem = app.post("/v1/encounters", &w.submitter, &alone).await.problem(422, "invalid_input");
            assert_eq!(problem["faults"][0]["pointer"], pointer);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions"), 0, "a preview stores nothing");
    }

    async fn late_changes_decide_the_rest_again(app: TestApp) {
        let w = world::river_bend(&app, 6).await;
        let body = session(&w, "S-1", "2026-07-01", 3, &[0, 1, 2]);
        let first = app.post(PATH, &w.submitter, &body).await.expect(201);
        let late = |n: usize| json!({"reference": format!("L-{n}"), "member": w.members[n], "diagnoses": ["F32.9"],
            "note": {"signed_at": "2026-07-01T20:00:00Z"}});
        // One more than were present: recorded, and held.
        let full = patch(&app, &w, &first, &json!({"add": [late(3)]})).await.expect(200);
        assert_eq!(each(&full, "disposition"), ["ready", "ready", "ready", "held"]);
        assert_eq!(rules(&full["encounters"][3]), ["session.disagrees"]);
        patch(&app, &w, &first, &json!({"size": 4})).await.problem(412, "precondition_failed");
        let fixed = patch(&app, &w, &full, &json!({"size": 4})).await.expect(200);
        assert_eq!(each(&fixed, "disposition"), ["ready"; 4]);
        assert_eq!(drawn(&app), 24);
        // Times: those who were there to the end still are, one who left early keeps that.
        let encounter = each(&fixed, "id")[1].as_str().unwrap().to_owned();
        let tag = format!("\"{}\"", each(&fixed, "revision")[1]);
        let left = app.request(Method::PATCH, &format!("/v1/encounters/{encounter}"), &w.submitter).header("if-match", tag);
        send(left.json(&json!({"ended_at": "2026-07-01T16:30:00Z"}))).await.expect(200);
        let seen = now(&app, &w, &fixed).await;
        let longer = patch(&app, &w, &seen, &json!({"ended_at": "2026-07-01T18:00:00Z"})).await.expect(200);
        assert_eq!(each(&longer, "minutes"), [120, 30, 120, 120]);
        assert_eq!(drawn(&app), 26);
        // One was not there after all; another was.
        let wanted = json!({"remove": ["S-1-0"], "add": [late(4)], "reason": "mixed up"});
        let changed = patch(&app, &w, &longer, &wanted).await.expect(200);
        assert_eq!(each(&changed, "status"), ["void", "ready", "ready", "ready", "ready"]);
        assert_eq!((&changed["billed"], &changed["encounters"][0]["void_reason"]), (&json!(4), &json!("mixed up")));
        assert_eq!(drawn(&app), 26);
        // What cannot be done changes nothing.
        let before = now(&app, &w, &changed).await;
        for (body, status, code, pointer) in [
            (json!({"size": 0}), 422, "invalid_input", "/size"),
            (json!({"size": 3}), 422, "invalid_input", "/size"),
            (json!({"ended_at": "2026-07-01T16:00:00Z"}), 422, "invalid_input", "/ended_at"),
            (json!({"ended_at": "yesterday"}), 422, "invalid_input", "/ended_at"),
            (json!({"started_at": "2026-07-01T16:45:00Z"}), 422, "invalid_input", "/ended_at"),
            (json!({"remove": ["S-1-0"]}), 422, "invalid_input", "/remove/0"),
            (json!({"add": [late(2)]}), 422, "invalid_input", "/add/0/member"),
            (json!({"add": [late(5), late(5)]}), 422, "invalid_input", "/add/1/reference"),
            (json!({"add": [{"reference": "S-1-1", "member": w.members[5]}]}), 409, "reference_conflict", "/add/0/reference"),
            (json!({"reason": ""}), 422, "invalid_input", "/reason"),
            (json!({"colour": 1}), 422, "invalid_input", "/colour"),
        ] {
            let problem = patch(&app, &w, &before, &body).await.problem(status, code);
            assert_eq!(problem["faults"][0]["pointer"], pointer, "{body} {problem}");
        }
        assert_eq!(now(&app, &w, &changed).await, before);
        let without = app.request(Method::PATCH, &format!("{PATH}/{}", id(&before)), &w.submitter).json(&json!({}));
        send(without).await.problem(428, "precondition_required");
    }

    async fn what_asks_for_nothing_else_changes_nothing(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let seen = app.post(PATH, &w.submitter, &session(&w, "S-1", "2026-07-01", 7, &[0, 1])).await.expect(201);
        let before = now(&app, &w, &seen).await;
        let rows = "SELECT (SELECT COUNT(*) FROM audit_entries) + (SELECT COUNT(*) FROM decisions)";
        let count = app.database.number(rows);
        for body in [
            json!({}),
            json!({"size": null, "add": null, "reason": "nothing"}),
            json!({"size": 7, "peers": 1, "ended_at": "2026-07-01T17:30:00Z", "add": [], "remove": []}),
        ] {
            assert_eq!(patch(&app, &w, &before, &body).await.expect(200), before, "{body}");
        }
        assert_eq!(app.database.number(rows), count);
        let fixed = patch(&app, &w, &before, &json!({"size": 8})).await.expect(200);
        assert_eq!(fixed["revision"], 2);
        patch(&app, &w, &before, &json!({})).await.problem(412, "precondition_failed");
    }

    async fn what_is_claimed_of_a_session_stays(app: TestApp) {
        let w = world::river_bend(&app, 5).await;
        let seen = app.post(PATH, &w.submitter, &session(&w, "S-1", "2026-07-01", 3, &[0, 1])).await.expect(201);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        for body in [json!({"size": 4}), json!({"ended_at": "2026-07-01T18:00:00Z"}), json!({"peers": 2}), json!({"remove": ["S-1-0"]})] {
            patch(&app, &w, &seen, &body).await.problem(409, "already_claimed");
        }
        let void = format!("{PATH}/{}/void", id(&seen));
        app.post(&void, &w.submitter, &json!({"reason": "x"})).await.problem(409, "already_claimed");
        // Only an addition: it agrees, or it is held.
        let late = |n: usize| json!({"add": [{"reference": format!("L-{n}"), "member": w.members[n], "diagnoses": ["F32.9"],
            "note": {"signed_at": "2026-07-01T20:00:00Z"}}]});
        let third = patch(&app, &w, &seen, &late(2)).await.expect(200);
        assert_eq!(each(&third, "status"), ["claimed", "claimed", "ready"]);
        let fourth = patch(&app, &w, &third, &late(3)).await.expect(200);
        assert_eq!(rules(&fourth["encounters"][3]), ["session.disagrees"]);
    }

    async fn a_session_is_voided_whole(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let seen = app.post(PATH, &w.submitter, &session(&w, "S-1", "2026-07-01", 3, &[0, 1])).await.expect(201);
        let path = format!("{PATH}/{}/void", id(&seen));
        let void = app.post(&path, &w.submitter, &json!({"reason": "did not take place"})).await.expect(200);
        assert_eq!(each(&void, "status"), ["void", "void"]);
        assert_eq!(void["billed"], 0);
        assert_eq!((void["void_reason"].as_str(), drawn(&app)), (Some("did not take place"), 0));
        assert_eq!(app.post(&path, &w.submitter, &json!({"reason": "again"})).await.expect(200), void);
        patch(&app, &w, &void, &json!({"size": 4})).await.problem(409, "wrong_status");
        // Its reference stays used, and a visit that names it is held.
        app.post(PATH, &w.submitter, &session(&w, "S-1", "2026-07-02", 3, &[2])).await.problem(409, "reference_conflict");
        let late = app.post("/v1/encounters", &w.submitter, &part(&w, "V-1", 2, "S-1", 3)).await.expect(201);
        assert_eq!(rules(&late), ["session.disagrees"]);
        // The peer's time is free again.
        let beside = visit("V-2", &w.peers[0], &w.members[3], "2026-07-01T16:30");
        assert_eq!(app.post("/v1/encounters", &w.submitter, &beside).await.expect(201)["disposition"], "ready");
    }
}
