//! Overrides: only what the contract lists, only by billers, always with a reason, kept for ever; the
//! visit is decided again at once and the finding stays visible.

use serde_json::{Value, json};

use crate::again::supersede;
use crate::app::{TestApp, on_both};
use crate::world::{self, World, id, rules, visit};

/// A visit whose note is not signed: held for that alone.
async fn unsigned(app: &TestApp, w: &World, reference: &str, day: u32) -> String {
    let start = format!("2026-07-{day:02}T16:00");
    let mut body = visit(reference, &w.peers[0], &w.members[0], &start);
    body["note"] = Value::Null;
    let held = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
    assert_eq!(
        (held["status"].as_str(), rules(&held)),
        (Some("held"), vec!["note.unsigned".into()])
    );
    id(&held)
}

fn path(encounter: &str) -> String {
    format!("/v1/encounters/{encounter}/overrides")
}

fn because(rule: &str) -> Value {
    json!({"rule": rule, "reason": "the payer accepts the signed sheet"})
}

async fn waiting(app: &TestApp, w: &World) -> usize {
    crate::worklist::ties(app, &w.biller).await
}

fn kept(app: &TestApp) -> i64 {
    app.database.number("SELECT COUNT(*) FROM encounter_overrides")
}

on_both! {
    async fn an_override_frees_the_visit_and_stays_visible(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        let item = app.get("/v1/worklist", &w.biller).await.expect(200)["items"][0].clone();
        let finding = &item["findings"][0];
        assert_eq!((&finding["who"], &finding["overridable"]), (&json!("peer"), &json!(true)), "{item}");
        let freed = app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        assert_eq!((&freed["status"], &freed["held_units"]), (&json!("ready"), &json!(0)), "{freed}");
        let key = format!("key_{}", w.biller.split('_').nth(1).unwrap());
        for seen in [freed, app.get(&format!("/v1/encounters/{encounter}"), &w.submitter).await.expect(200)] {
            let finding = &seen["findings"][0];
            assert_eq!(finding["severity"], "warn", "{seen}");
            assert_eq!(finding["overridden"]["by"], key.as_str());
            assert_eq!(finding["overridden"]["reason"], "the payer accepts the signed sheet");
            assert!(finding["overridden"]["at"].as_str().unwrap().starts_with("2026-09-10"));
        }
        assert_eq!(waiting(&app, &w).await, 0);
        // Decided again, it stays; the facts of each decision carry it.
        let again = app.act(&format!("/v1/encounters/{encounter}/decide"), &w.submitter).await.expect(200);
        assert_eq!(again["status"], "ready");
        let carried = "SELECT COUNT(*) FROM decisions WHERE facts LIKE '%the payer accepts the signed sheet%' \
            AND answer LIKE '%the payer accepts the signed sheet%'";
        assert_eq!(app.database.number(carried), 2);
        // It is claimed and released like any other.
        let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
        let batch = id(&app.post("/v1/batches", &w.biller, &wanted).await.expect(201));
        let revoke = format!("{}/revoke", path(&encounter));
        app.post(&revoke, &w.biller, &because("note.unsigned")).await.problem(409, "already_claimed");
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let list = app.get(&path(&encounter), &w.biller).await.expect(200);
        assert_eq!(list["items"][0]["in_force"], true, "{list}");
    }

    async fn an_override_is_taken_back_with_a_reason_and_kept(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        let revoke = format!("{}/revoke", path(&encounter));
        app.post(&revoke, &w.biller, &because("note.unsigned")).await.problem(404, "not_found");
        app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        let second = app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await;
        second.problem(409, "already_exists");
        let why = json!({"rule": "note.unsigned", "reason": "the sheet was lost"});
        let held = app.post(&revoke, &w.biller, &why).await.expect(200);
        assert_eq!((&held["status"], &held["findings"][0]["severity"]), (&json!("held"), &json!("hold")));
        assert_eq!(waiting(&app, &w).await, 1);
        app.post(&revoke, &w.biller, &why).await.problem(404, "not_found");
        // Another one may follow; all of them stay.
        app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        let list = app.get(&path(&encounter), &w.biller).await.expect(200);
        let told: Vec<_> = list["items"].as_array().unwrap().iter()
            .map(|o| (o["in_force"].clone(), o["revoke_reason"].clone())).collect();
        assert_eq!(told, [(json!(false), json!("the sheet was lost")), (json!(true), Value::Null)]);
        assert!(app.database.try_execute("DELETE FROM encounter_overrides").is_err());
        if app.database.url().starts_with("sqlite") {
            // What SQLite replaces, no DELETE trigger hears of: by the key, by its own number, as the
            // one in force; of what is added, and of what is changed.
            for sql in [
                "REPLACE INTO encounter_overrides SELECT * FROM encounter_overrides",
                "REPLACE INTO encounter_overrides (organization_id, id, encounter_id, rule, content_hash, \
                 reason, made_at) SELECT organization_id, id + 1, encounter_id, rule, content_hash, \
                 'another', made_at FROM encounter_overrides WHERE revoked_at IS NULL",
                "REPLACE INTO encounter_overrides (rowid, organization_id, id, encounter_id, rule, \
                 content_hash, reason, made_at) SELECT rowid, organization_id, id + 1, encounter_id, \
                 'another', content_hash, reason, made_at FROM encounter_overrides",
                "INSERT INTO encounter_overrides (rowid, organization_id, id, encounter_id, rule, \
                 content_hash, reason, made_at) SELECT -1, organization_id, id + 1, encounter_id, \
                 'another', content_hash, reason, made_at FROM encounter_overrides",
                "UPDATE encounter_overrides SET rowid = -1",
                "UPDATE OR REPLACE encounter_overrides SET revoked_at = NULL, revoked_key_id = NULL, \
                 revoke_reason = NULL",
                "UPDATE OR REPLACE encounter_overrides SET id = (SELECT MAX(id) FROM encounter_overrides)",
                "UPDATE OR REPLACE encounter_overrides \
                 SET rowid = (SELECT MAX(rowid) FROM encounter_overrides)",
            ] {
                let refused = app.database.try_execute(sql).unwrap_err().to_string();
                assert!(refused.contains("overrides are kept for ever"), "{sql}: {refused}");
                assert_eq!(kept(&app), 2, "{sql}");
            }
        }
        // Neither who and why nor a revocation is written anew, on either database.
        for change in [
            "reason = 'another'", "key_id = NULL", "made_at = '2020-01-01'", "rule = 'another'", "id = id + 7",
            "content_hash = key_id_free", "revoke_reason = 'another'", "revoked_at = '2020-01-01'",
            "revoked_at = '2020-01-01', revoke_reason = ''",
        ] {
            let change = change.replace("key_id_free", "substr(content_hash, 2)");
            let sql = format!("UPDATE encounter_overrides SET {change}");
            let refused = app.database.try_execute(&sql).unwrap_err().to_string();
            assert!(refused.contains("overrides are kept for ever"), "{sql}: {refused}");
            assert_eq!(kept(&app), 2, "{sql}");
        }
        // A voided visit keeps them too.
        app.post(&format!("/v1/encounters/{encounter}/void"), &w.biller, &json!({"reason": "twice"})).await.expect(200);
        app.post(&revoke, &w.biller, &why).await.problem(409, "wrong_status");
        assert_eq!((kept(&app), waiting(&app, &w).await), (2, 0));
    }

    async fn what_may_not_be_overridden_is_refused_and_leaves_nothing(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        let decisions = "SELECT COUNT(*) FROM decisions";
        let before = app.database.number(decisions);
        for rule in peerclaims::domain::rules::RULES.iter().filter(|r| !r.id.may_be_overridden()) {
            let refused = app.post(&path(&encounter), &w.biller, &because(rule.id.as_str())).await;
            let problem = refused.problem(409, "not_overridable");
            assert_eq!(problem["faults"][0]["pointer"], "/rule", "{problem}");
        }
        // Might be listed, and this pack does not; does not hold this visit.
        let mut body = visit("O-2", &w.peers[1], &w.members[0], "2026-07-02T16:00");
        body["diagnoses"] = json!(["Z63.0"]);
        let class = id(&app.post("/v1/encounters", &w.submitter, &body).await.expect(201));
        let problem = app.post(&path(&class), &w.biller, &because("diagnosis.class")).await;
        let problem = problem.problem(409, "not_overridable");
        assert!(problem["detail"].as_str().unwrap().contains("the contract"), "{problem}");
        app.post(&path(&encounter), &w.biller, &because("setting.not_allowed")).await.problem(409, "wrong_status");
        for (body, pointer) in [
            (json!({"rule": "note.sined", "reason": "x"}), "/rule"),
            (json!({"rule": "note.unsigned", "reason": " "}), "/reason"),
            (json!({"rule": "note.unsigned", "reason": "a\u{0}b"}), "/reason"),
            (json!({"rule": "note.unsigned", "reason": "x".repeat(501)}), "/reason"),
            (json!({"rule": "note.unsigned"}), "/reason"),
        ] {
            let problem = app.post(&path(&encounter), &w.biller, &body).await.problem(422, "invalid_input");
            assert_eq!(problem["faults"][0]["pointer"], pointer, "{problem}");
        }
        // Told are the rules that can be named here, and no others.
        for path in [path(&encounter), format!("{}/revoke", path(&encounter))] {
            let body = because("note.sined");
            let problem = app.post(&path, &w.biller, &body).await.problem(422, "invalid_input");
            let said = problem["faults"][0]["message"].as_str().unwrap();
            for rule in peerclaims::domain::rules::RULES {
                let named = said.contains(rule.id.as_str());
                assert_eq!(named, rule.id.may_be_overridden(), "{said}");
            }
        }
        // Those who record visits do not answer for them.
        let other = world::second_of_evergreen(&app, &w.admin, "hill-top", 0).await;
        for key in [&w.submitter, &other.biller, &other.submitter] {
            for path in [path(&encounter), format!("{}/revoke", path(&encounter))] {
                app.post(&path, key, &because("note.unsigned")).await.problem(404, "not_found");
            }
            app.get(&path(&encounter), key).await.problem(404, "not_found");
        }
        assert_eq!(kept(&app), 0);
        assert_eq!(app.database.number(decisions), before + 1);
        assert_eq!(waiting(&app, &w).await, 2);
    }

    async fn an_override_speaks_of_the_visit_as_it_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        // A correction of something else, and the same content again.
        let place = format!("/v1/encounters/{encounter}");
        let to = |setting: &'static str| {
            let (app, key, place) = (&app, w.biller.clone(), place.clone());
            async move {
                let seen = app.get(&place, &key).await;
                let request = app.request(reqwest::Method::PATCH, &place, &key);
                let request = request.header("if-match", seen.header("etag"));
                crate::app::send(request.json(&json!({"setting": setting}))).await.expect(200)
            }
        };
        let revised = to("home").await;
        assert_eq!(revised["status"], "held", "{revised}");
        let back = to("office").await;
        assert_eq!(back["status"], "ready", "{back}");
        let revised = to("home").await;
        assert_eq!(revised["status"], "held", "{revised}");
        assert_eq!(waiting(&app, &w).await, 1);
        let list = app.get(&path(&encounter), &w.biller).await.expect(200);
        let first = &list["items"][0];
        assert_eq!((&first["in_force"], &first["same_content"], &first["revoked_at"]), (&json!(false), &json!(false), &Value::Null));
        // The biller answers for the new content too.
        app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        assert_eq!(kept(&app), 2);
        let freed = app.get(&format!("/v1/encounters/{encounter}"), &w.biller).await.expect(200);
        assert_eq!(freed["status"], "ready");
    }

    async fn an_override_is_in_force_while_the_contract_lists_the_rule(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        app.post(&path(&encounter), &w.biller, &because("note.unsigned")).await.expect(201);
        let told = async || {
            app.settle().await;
            let list = app.get(&path(&encounter), &w.biller).await.expect(200);
            let seen = app.get(&format!("/v1/encounters/{encounter}"), &w.biller).await.expect(200);
            let one = &list["items"][0];
            assert_eq!((&one["same_content"], &one["revoked_at"]), (&json!(true), &Value::Null), "{one}");
            (one["in_force"].as_bool().unwrap(), seen["status"].as_str().unwrap().to_owned())
        };
        let same = ["RIVERBEND01", "RIVERBEND01"];
        assert_eq!(told().await, (true, "ready".to_owned()));
        supersede(&app, &w, "2026.2", ["\"note.unsigned\", ", ""], same).await;
        assert_eq!(told().await, (false, "held".to_owned()));
        supersede(&app, &w, "2026.3", ["units = 16", "units = 16"], same).await;
        assert_eq!(told().await, (true, "ready".to_owned()));
    }

    async fn of_many_at_once_one_counts(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let encounter = unsigned(&app, &w, "O-1", 1).await;
        let body = because("note.unsigned");
        let place = path(&encounter);
        let all = futures_util::future::join_all((0..8).map(|_| app.post(&place, &w.biller, &body))).await;
        let made = all.iter().filter(|a| a.status == 201).count();
        for answer in all.iter().filter(|a| a.status != 201) {
            answer.problem(409, "already_exists");
        }
        assert_eq!((made, kept(&app)), (1, 1));
        assert_eq!(app.database.number("SELECT COUNT(*) FROM decisions"), 2);
    }
}
