//! The audit trail: every operation that changes or hands out something leaves an entry with who did
//! it; what fails leaves none; nothing in it can be changed; nothing in it is about a person.

use peerclaims::flow::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::audit_deeds::Deeds;
use crate::walls::operations;
use crate::world::{self, World, id, visit};

fn entries(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM audit_entries")
}

/// The id of a key with this text.
fn key_id(text: &str) -> String {
    format!("key_{}", text.split('_').nth(1).unwrap())
}

async fn world_with_authorization(app: &TestApp) -> World {
    let w = world::river_bend(app, 1).await;
    let authorization = json!({"member": w.members[0], "payer": "evergreen", "number": "PA-1",
        "units": 500, "from": "2026-07-01", "to": "2026-12-31"});
    world::authorization(app, &w.admin, "river-bend", &authorization).await;
    w
}

#[test]
fn every_action_is_documented() {
    let text = include_str!("../../docs/audit.md");
    for action in peerclaims::domain::audit::Action::ALL {
        assert!(text.contains(&format!("`{action}`")), "docs/audit.md lacks {action}");
    }
}

on_both! {
    async fn every_change_and_every_export_leaves_an_entry(app: TestApp) {
        let w = world_with_authorization(&app).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let mut deeds = Deeds { app: &app, w: &w, analyst, next: 0 };
        let mut done = 0;
        for operation in operations(&app).await {
            let Some(deed) = deeds.of(&operation.method, &operation.path).await else { continue };
            let before = entries(&app);
            let any_bytes = ["application/x-ndjson", "application/octet-stream"];
            if deed.method != Method::GET && !any_bytes.contains(&deed.kind) {
                // First a request that is refused.
                let refused = deed.send(&app, "[\"nonsense\"]").await;
                assert!(refused.status.is_client_error(), "{operation:?} {}", refused.body);
                assert_eq!(entries(&app), before, "{operation:?}: a refused request left an entry");
            }
            let answer = deed.send(&app, &deed.body).await;
            assert!(answer.status.is_success(), "{operation:?} {}", answer.body);
            // A file of two visits is two entries.
            let made = if operation.path.ends_with("/encounters/bulk") { 2 } else { 1 };
            assert_eq!(entries(&app), before + made, "{operation:?}");
            let newest = app.get("/v1/audit?limit=1", &w.admin).await.expect(200)["items"][0].clone();
            assert_eq!(newest["action"], deed.action, "{operation:?} {newest}");
            assert_eq!(newest["actor"], "key", "{newest}");
            assert_eq!(newest["key"], key_id(&deed.key).as_str(), "{newest}");
            assert_eq!(newest["role"], deed.role, "{newest}");
            assert_eq!(newest["request_id"], answer.header("x-request-id"), "{newest}");
            done += 1;
        }
        assert!(done > 20, "{done}");
        // Names, numbers, diagnoses and reasons that were sent are nowhere in the trail.
        for word in ["Marigold", "Alvarez", "Okafor", "EV1000", "F329", "PA-NEW", "portal", "Spokane"] {
            let sql = format!("SELECT COUNT(*) FROM audit_entries WHERE detail LIKE '%{word}%' OR subject LIKE '%{word}%'");
            assert_eq!(app.database.number(&sql), 0, "{word}");
        }
        let revised = world::all(&app, "/v1/audit?action=encounter.revise", &w.biller).await;
        assert_eq!(revised[0]["fields"], json!(["setting"]), "{revised:?}");
        let member = world::all(&app, "/v1/audit?action=member.change", &w.admin).await;
        assert_eq!(member[0]["fields"], json!(["first_name"]), "{member:?}");
    }

    async fn a_file_of_visits_is_entered_visit_by_visit(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let at = |reference: &str, day: u32, setting: &str| {
            let start = format!("2026-07-{day:02}T16:00");
            let mut body = visit(reference, &w.peers[0], &w.members[0], &start);
            body["setting"] = json!(setting);
            body
        };
        let send = async |rows: &[Value], key: &str| {
            let text = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let path = "/v1/encounters/bulk?on_conflict=revise&organization=river-bend";
            world::answers(&world::body(&app, path, key, "application/x-ndjson", text).await)
        };
        let first = [at("V-1", 1, "office"), at("V-2", 2, "office"), at("V-3", 3, "office")];
        let seen = send(&first, &w.submitter).await;
        let again = [at("V-1", 1, "office"), at("V-2", 2, "home"), at("V-3", 3, "home"), at("V-4", 4, "home")];
        let later = send(&again, &w.admin).await;
        let history = async |id: &str| {
            let list = world::all(&app, &format!("/v1/audit?subject={id}"), &w.admin).await;
            let told = |e: &Value| {
                (e["action"].as_str().unwrap().to_owned(), e["key"].clone(), e["fields"].clone())
            };
            list.iter().map(told).collect::<Vec<_>>()
        };
        let (submitter, admin) = (json!(key_id(&w.submitter)), json!(key_id(&w.admin)));
        let recorded = |key: &Value, fields: Value| ("encounter.record".to_owned(), key.clone(), fields);
        let revised = ("encounter.revise".to_owned(), admin.clone(), json!(["setting"]));
        for (row, wanted) in [
            (&seen[0], vec![recorded(&submitter, Value::Null)]),
            (&seen[1], vec![revised.clone(), recorded(&submitter, Value::Null)]),
            (&seen[2], vec![revised.clone(), recorded(&submitter, Value::Null)]),
            (&later[3], vec![recorded(&admin, Value::Null)]),
        ] {
            let mut told = history(&id(&row["encounter"])).await;
            for one in &mut told {
                if one.2 == json!([]) {
                    one.2 = Value::Null;
                }
            }
            assert_eq!(told, wanted, "{row}");
        }
    }

    async fn repeats_conflicts_and_failures_leave_none(app: TestApp) {
        let w = world_with_authorization(&app).await;
        let body = visit("F-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let first = app.post_once("/v1/encounters", &w.submitter, "once", &body).await;
        let encounter = id(&first.expect(201));
        let batch = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &batch).await.expect(201));
        let before = entries(&app);
        // The same under its Idempotency-Key, the same without, and other content.
        app.post_once("/v1/encounters", &w.submitter, "once", &body).await.expect(201);
        app.post("/v1/encounters", &w.submitter, &body).await.expect(200);
        let mut other = body.clone();
        other["setting"] = json!("home");
        app.post("/v1/encounters", &w.submitter, &other).await.problem(409, "reference_conflict");
        let reason = json!({"reason": "x"});
        let void = format!("/v1/encounters/{encounter}/void");
        app.post(&void, &w.biller, &reason).await.problem(409, "already_claimed");
        let delivered = json!({"how": "portal", "to": "intake"});
        let path = format!("/v1/batches/{batch}/delivered");
        app.post(&path, &w.biller, &delivered).await.problem(409, "wrong_status");
        let nothing = json!({"payer": "evergreen", "through": "2026-06-01"});
        app.post("/v1/batches", &w.biller, &nothing).await.problem(409, "nothing_ready");
        app.get(&format!("/v1/batches/{batch}/837p"), &w.submitter).await.problem(404, "not_found");
        let peer = app.get(&format!("/v1/peers/{}", w.peers[0]), &w.biller).await;
        let mut same = peer.expect(200);
        crate::walls::without_ids(&mut same);
        let path = format!("/v1/peers/{}", w.peers[0]);
        app.put(&path, &w.biller, peer.header("etag"), &same).await.expect(200);
        app.put(&path, &w.biller, "\"99\"", &same).await.problem(412, "precondition_failed");
        assert_eq!(entries(&app), before);
        // A void that happens twice is one change.
        app.act(&format!("/v1/batches/{batch}/withdraw"), &w.biller).await.expect(200);
        app.post(&void, &w.biller, &reason).await.expect(200);
        app.post(&void, &w.biller, &reason).await.expect(200);
        assert_eq!(entries(&app), before + 2);
    }

    async fn a_build_that_finds_visits_wrong_says_so(app: TestApp) {
        let w = world_with_authorization(&app).await;
        let body = visit("B-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        let peer = app.get(&format!("/v1/peers/{}", w.peers[0]), &w.biller).await;
        let mut bare = peer.expect(200);
        crate::walls::without_ids(&mut bare);
        bare["certificates"] = json!([]);
        let path = format!("/v1/peers/{}", w.peers[0]);
        app.put(&path, &w.biller, peer.header("etag"), &bare).await.expect(200);
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        app.post("/v1/batches", &w.biller, &wanted).await.problem(409, "nothing_ready");
        let newest = app.get("/v1/audit?action=encounter.decide", &w.biller).await.expect(200);
        assert_eq!(newest["items"][0]["counts"], json!({"no_longer_ready": 1}), "{newest}");
    }

    async fn what_is_decided_again_in_the_background_is_named(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let mut touched = Vec::new();
        for n in 0..3 {
            let name = format!("N-{n}");
            let body = visit(&name, &w.peers[n / 2], &w.members[n], &format!("2026-07-0{}T16:00", n + 1));
            touched.push(id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201)));
        }
        let untouched = touched.pop().unwrap();
        let path = format!("/v1/peers/{}?organization=river-bend", w.peers[0]);
        crate::changes::amend(&app, &w, &path, |peer| peer["certificates"] = json!([])).await;
        app.settle().await;
        let trail = app.get("/v1/audit?action=encounter.decide", &w.biller).await.expect(200);
        let items = trail["items"].as_array().unwrap();
        let mut named: Vec<&str> = items.iter().map(|e| e["subject"].as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, touched, "{trail}");
        assert!(!named.contains(&untouched.as_str()));
        assert!(items.iter().all(|e| e["about"]["cause"] == "peer_changed"), "{trail}");
    }

    async fn nothing_in_the_trail_can_be_changed(app: TestApp) {
        app.admin_key().await;
        assert_eq!(entries(&app), 1);
        for sql in [
            "UPDATE audit_entries SET action = 'nothing'",
            "DELETE FROM audit_entries",
            "DELETE FROM audit_entries WHERE id > 0",
        ] {
            assert!(app.database.try_execute(sql).is_err(), "{sql}");
        }
        if app.database.url().starts_with("postgres") {
            assert!(app.database.try_execute("TRUNCATE audit_entries").is_err());
        } else {
            // What SQLite replaces, no DELETE trigger hears of: by the key, and by its own number.
            for (columns, values) in [
                ("id, at", "id, at"),
                ("rowid, id, at", "rowid, id + 1, at"),
            ] {
                let sql = format!("REPLACE INTO audit_entries ({columns}, actor, action, detail) \
                    SELECT {values}, 'command', 'nothing', detail FROM audit_entries");
                let refused = app.database.try_execute(&sql);
                assert!(refused.is_err(), "{sql}");
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM audit_entries WHERE action = 'key.create'"), 1);
    }

    async fn the_command_line_is_an_actor_too(app: TestApp) {
        let admin = app.admin_key().await;
        app.insert_organization("river-bend");
        app.key(Role::Biller, "river-bend").await;
        let newest = peerclaims::flow::access::list_keys(&app.ctx).await.unwrap().last().unwrap().id;
        for _ in 0..2 {
            peerclaims::flow::access::revoke_key(&app.ctx, newest).await.unwrap();
        }
        let seen = world::all(&app, "/v1/audit?organization=river-bend", &admin).await;
        let told: Vec<_> = seen.iter().map(|e| (e["actor"].clone(), e["action"].clone())).collect();
        assert_eq!(told, [(json!("command"), json!("key.revoke")), (json!("command"), json!("key.create"))]);
        assert!(seen.iter().all(|e| e["key"].is_null() && e["subject"] == newest.to_string()), "{seen:?}");
    }

    async fn who_sees_what(app: TestApp) {
        let home = world::river_bend(&app, 1).await;
        let other = world::second_of_evergreen(&app, &home.admin, "hill-top", 1).await;
        let body = visit("W-1", &home.peers[0], &home.members[0], "2026-07-01T16:00");
        let encounter = id(&app.post("/v1/encounters", &home.submitter, &body).await.expect(201));
        let all = world::all(&app, "/v1/audit", &home.admin).await;
        let i64s = |rows: &[Value]| rows.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let mut sorted = i64s(&all);
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!(i64s(&all), sorted, "newest first");
        assert_eq!(all.len(), usize::try_from(entries(&app)).unwrap());
        // Page by page it is the same.
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/v1/audit?limit=3{cursor}"), &home.admin).await.expect(200);
            pages.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(pages, all);
        // A biller sees its own organization's entries, whoever made them, and no other's.
        for (w, key) in [(&home, "river-bend"), (&other, "hill-top")] {
            let organization = id(&app.get("/v1/organizations", &w.biller).await.expect(200)["items"][0]);
            let seen = world::all(&app, "/v1/audit", &w.biller).await;
            let of = world::all(&app, &format!("/v1/audit?organization={key}"), &home.admin).await;
            assert_eq!(seen, of);
            assert!(!seen.is_empty() && seen.iter().all(|e| e["organization"] == organization.as_str()));
        }
        app.get("/v1/audit?organization=river-bend", &other.biller).await.problem(404, "not_found");
        let hidden = world::all(&app, &format!("/v1/audit?subject={encounter}"), &other.biller).await;
        assert!(hidden.is_empty());
        // Filters.
        let of_visit = world::all(&app, &format!("/v1/audit?subject={encounter}"), &home.biller).await;
        assert_eq!(of_visit.len(), 1);
        assert_eq!(of_visit[0]["action"], "encounter.record");
        let key = key_id(&home.submitter);
        assert_eq!(world::all(&app, &format!("/v1/audit?key={key}"), &home.admin).await, of_visit);
        let today = chrono::Utc::now().date_naive();
        let days = |from: i64, to: i64| {
            let day = |n| today + chrono::TimeDelta::days(n);
            format!("/v1/audit?from={}&to={}", day(from), day(to))
        };
        assert_eq!(world::all(&app, &days(-1, 1), &home.admin).await, all);
        assert!(world::all(&app, &days(2, 3), &home.admin).await.is_empty());
        assert!(world::all(&app, &days(-3, -2), &home.admin).await.is_empty());
        for bad in ["action=nothing", "key=key_1", "subject=a%00b", "subject=", "from=x", "cursor=1", "limit=0"] {
            let answer = app.get(&format!("/v1/audit?{bad}"), &home.admin).await;
            answer.problem(400, "invalid_parameter");
        }
    }
}
