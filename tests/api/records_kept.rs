//! What a process keeps in memory of people, papers, programs and contracts is what is on record: it is let go
//! of as soon as another process changes any of it (`docs/adr/0160`).

use serde_json::{Value, json};

use crate::again::{CONTRACT, PACK};
use crate::app::{TestApp, on_both};
use crate::changes::{amend, amend_member};
use crate::world::{self, World, id, rules, visit};

/// Sixteen units a day, six in an episode of package, an authorization and a plan for each visit.
fn demanding() -> String {
    let day = world::limit("daily", "16", "window = \"day\"\nexceed = \"hold\"");
    let episode = "window = \"episode\"\nepisode = \"package\"\nexceed = \"bill_up_to\"";
    let episode = world::limit("package", "6", episode);
    format!(
        "{day}{episode}\n[[authorization]]\nkey = \"all\"\nservices = [\"peer_individual\"]\n\
         require = \"always\"\nsource = \"manual-limits\"\n\n[[condition]]\nkey = \"plan\"\n\
         services = [\"peer_individual\"]\ndemand = \"document\"\none_of = [{{ kind = \"plan\" }}]\n\
         source = \"manual-limits\"\n"
    )
}

/// A visit of the first member by the first peer, and one by the second under a program and by the
/// member's number.
fn visits(w: &World) -> [Value; 2] {
    let mut plain = visit("P-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
    plain["diagnoses"] = json!(["F11.20"]);
    let mut named = visit("P-2", &w.peers[1], "", "2026-07-02T16:00");
    named["member"] = json!({"payer": "evergreen", "number": "EV1000"});
    named["program"] = json!("annex");
    [plain, named]
}

async fn preview(app: &TestApp, w: &World) -> Vec<Value> {
    let mut said = Vec::new();
    for visit in visits(w) {
        let answer = app.post("/v1/decisions/preview", &w.submitter, &visit).await;
        let mut body = answer.json();
        // The number of the request, and the moment of the answer.
        for own in ["request_id", "as_of", "decided_at"] {
            body.as_object_mut().unwrap().remove(own);
        }
        said.push(body);
    }
    said
}

/// What `warm` says is what a process says that keeps nothing; and it is not what was said before.
#[track_caller]
fn told(step: &str, warm: &[Value], fresh: &[Value], before: &mut Vec<Value>) {
    assert_eq!(warm, fresh, "{step}");
    assert_ne!(warm, before.as_slice(), "{step} changes what is said");
    *before = warm.to_vec();
}

on_both! {
    async fn what_another_process_changes_is_seen_at_once(app: TestApp) {
        let w = world::limited(&app, &demanding(), 1).await;
        let other = TestApp::on(app.database.twin(), &[]);
        let of = |path: &str| format!("{path}?organization=river-bend");
        let mut before = preview(&app, &w).await;
        assert_eq!(before, preview(&app, &w).await);
        for step in [
            "program", "episode", "authorization", "plan", "consent", "authorization shrinks", "episode ends",
            "plan ends", "revoked", "contract", "certificate", "address", "number", "peer", "program ends",
            "coverage",
        ] {
            let put = async |path: String, change: &dyn Fn(&mut Value)| {
                amend(&other, &w, &of(&path), change).await;
            };
            let made = async |list: &str, body: Value| {
                other.post(&of(&format!("/v1/{list}")), &w.admin, &body).await.expect(201)
            };
            let first = async |list: &str| {
                let path = format!("/v1/{list}");
                let found = other.get(&of(&path), &w.admin).await.expect(200);
                format!("{path}/{}", id(&found["items"][0]))
            };
            let (member, peer) = (&w.members[0], &w.peers[0]);
            match step {
                "program" => drop(made("programs", json!({"key": "annex", "name": "Annex", "kind": "program",
                    "from": "2026-01-01"})).await),
                "episode" => drop(made("episodes", json!({"reference": "E-1", "member": member,
                    "kind": "package", "from": "2026-06-01"})).await),
                "authorization" => drop(made("authorizations", json!({"member": member, "payer": "evergreen",
                    "number": "PA-1", "units": 40, "from": "2026-07-01", "to": "2026-12-31"})).await),
                "plan" => drop(made("documents", json!({"reference": "D-1", "kind": "plan", "member": member,
                    "from": "2026-01-15", "goals": ["G1"], "reviews": ["2026-04-15"]})).await),
                "consent" => {
                    let list = other.get("/v1/organizations?key=river-bend", &w.admin).await.expect(200);
                    let path = format!("/v1/organizations/{}", id(&list["items"][0]));
                    amend(&other, &w, &path, |o| o["part2"] = json!("program")).await;
                    let held = preview(&app, &w).await;
                    told("posture", &held, &preview(&twin(&app), &w).await, &mut before);
                    made("consents", json!({"reference": "C-1", "member": member, "recipient": "evergreen",
                        "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"})).await;
                }
                "certificate" => put(format!("/v1/peers/{peer}"),
                    &|p| p["certificates"][0]["to"] = json!("2026-06-30")).await,
                "address" => amend_member(&other, &w, 0, |m| m["address"] = Value::Null).await,
                "coverage" => amend_member(&other, &w, 0,
                    |m| m["coverages"][0]["from"] = json!("2026-07-02")).await,
                "number" => amend_member(&other, &w, 0,
                    |m| m["coverages"][0]["member_number"] = json!("EV2000")).await,
                "peer" => {
                    amend_member(&other, &w, 0, |m| {
                        m["coverages"][0]["member_number"] = json!("EV1000");
                        m["address"] = json!({"line1": "9 Elm St", "city": "Spokane", "state": "WA",
                            "zip": "99202"});
                    }).await;
                    put(format!("/v1/peers/{}", w.peers[1]),
                        &|p| p["certificates"][0]["standing"] = json!("suspended")).await;
                }
                "program ends" => put(first("programs").await, &|p| p["to"] = json!("2026-07-01")).await,
                "episode ends" => put(first("episodes").await, &|e| e["to"] = json!("2026-06-30")).await,
                "authorization shrinks" => put(first("authorizations").await,
                    &|a| a["units"] = json!(2)).await,
                "plan ends" => put(first("documents").await, &|d| d["to"] = json!("2026-06-30")).await,
                "revoked" => {
                    let path = format!("{}/revoke", first("consents").await);
                    other.post(&of(&path), &w.admin, &json!({"reason": "asked"})).await.expect(200);
                }
                _ => {
                    let list = other.get(&of("/v1/contracts"), &w.admin).await.expect(200);
                    let version = id(&list["items"][0]);
                    world::pack(&other, &w.admin, &PACK.replace("\"2026.1\"", "\"2026.9\"")).await;
                    let text = CONTRACT.replace("evergreen@2026.1", "evergreen@2026.9").replacen(
                        "from = 2026-01-01\n",
                        &format!("from = 2026-01-01\nsupersedes = \"{version}\"\n"), 1);
                    world::toml(&other, &of("/v1/contracts"), &w.admin, &text).await.expect(201);
                }
            }
            let warm = preview(&app, &w).await;
            told(step, &warm, &preview(&twin(&app), &w).await, &mut before);
            // What is recorded is decided as it was told.
            let mut body = visits(&w)[0].clone();
            body["reference"] = json!(format!("R-{}", step.replace(' ', "-")));
            let seen = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(rules(&seen), rules(&warm[0]), "{step}");
            let path = format!("/v1/encounters/{}/void", id(&seen));
            app.post(&path, &w.biller, &json!({"reason": "a test"})).await.expect(200);
        }
    }

    async fn each_table_of_records_has_its_stamp(app: TestApp) {
        let w = world::limited(&app, &demanding(), 1).await;
        for (list, body) in [
            ("programs", json!({"key": "annex", "name": "Annex", "kind": "program", "from": "2026-01-01"})),
            ("episodes", json!({"reference": "E-1", "member": w.members[0], "kind": "package", "from": "2026-06-01"})),
            ("authorizations", json!({"member": w.members[0], "payer": "evergreen", "number": "PA-1", "units": 40,
                "from": "2026-07-01", "to": "2026-12-31"})),
            ("documents", json!({"reference": "D-1", "kind": "plan", "member": w.members[0], "from": "2026-01-15",
                "goals": ["G1"], "reviews": ["2026-04-15"]})),
            ("consents", json!({"reference": "C-1", "member": w.members[0], "recipient": "evergreen",
                "purposes": ["payment"], "from": "2026-01-01", "obtained": "paper"})),
        ] {
            app.post(&format!("/v1/{list}?organization=river-bend"), &w.admin, &body).await.expect(201);
        }
        world::organization(&app, &w.admin, "elsewhere", "WA", "America/Los_Angeles").await;
        let other = crate::reference_samples::peer(&crate::reference_samples::npi(7));
        app.post("/v1/peers?organization=elsewhere", &w.admin, &other).await.expect(201);
        let stamp = |of: &str| app.database.number(&format!(
            "SELECT stamp FROM fact_stamps WHERE organization_id = (SELECT id FROM organizations WHERE key = '{of}')"));
        let elsewhere = stamp("elsewhere");
        let ours = "organization_id = (SELECT id FROM organizations WHERE key = 'river-bend')";
        let moved = |sql: &str| {
            let before = stamp("river-bend");
            app.database.execute(sql);
            assert_ne!(stamp("river-bend"), before, "{sql}");
        };
        for table in [
            "members", "coverages", "peers", "certificates", "programs", "episodes", "consents", "authorizations",
            "documents", "contracts", "contract_versions",
        ] {
            moved(&format!("UPDATE {table} SET organization_id = organization_id WHERE {ours}"));
        }
        for table in ["coverages", "certificates", "programs", "episodes", "consents", "documents"] {
            moved(&format!("DELETE FROM {table} WHERE {ours}"));
        }
        assert_eq!(stamp("elsewhere"), elsewhere);
    }

    async fn what_moves_no_stamp_is_told_as_it_was(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let body = visit("P-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let rules_now = async |app: &TestApp| {
            rules(&app.post("/v1/decisions/preview", &w.submitter, &body).await.expect(200))
        };
        let said = rules_now(&app).await;
        // Without the trigger nobody is told of the change: what is kept is really what is used.
        match &app.database {
            crate::database::Database::Sqlite { .. } => {
                app.database.execute("DROP TRIGGER stamp_of_changed_coverages");
            }
            crate::database::Database::Postgres { .. } => {
                app.database.execute("DROP TRIGGER stamp_of_coverages ON coverages");
            }
        }
        app.database.execute("UPDATE coverages SET valid_from = '2026-07-02'");
        assert_eq!(rules_now(&app).await, said);
        assert_ne!(rules_now(&twin(&app)).await, said);
        app.database.execute("UPDATE members SET organization_id = organization_id");
        assert_ne!(rules_now(&app).await, said);
    }

    async fn an_upload_knows_who_came_since(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let other = TestApp::on(app.database.twin(), &[]);
        let row = |n: u32| {
            let mut body = visit(&format!("U-{n}"), &w.peers[0], "", &format!("2026-07-{:02}T16:00", n + 1));
            body["member"] = json!({"payer": "evergreen", "number": "EV7000"});
            format!("{body}\n")
        };
        let sent = async |n: u32| {
            let kind = "application/x-ndjson";
            let answer = world::body(&app, "/v1/encounters/bulk", &w.submitter, kind, row(n)).await;
            world::answers(&answer)[0].clone()
        };
        assert_eq!(sent(1).await["status"], 422);
        world::member(&other, &w.admin, "river-bend", "evergreen", "EV7000").await;
        assert_eq!(sent(1).await["status"], 201);
        assert_eq!(sent(2).await["status"], 201);
        app.database.execute("DELETE FROM coverages WHERE member_number = 'EV7000'");
        assert_eq!(sent(3).await["status"], 422);
    }
}

/// A process that keeps nothing yet.
fn twin(app: &TestApp) -> TestApp {
    TestApp::on(app.database.twin(), &[])
}
