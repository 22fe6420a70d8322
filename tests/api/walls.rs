//! Who sees what: every operation of the OpenAPI document against every role. What a key may not
//! see does not exist: 404, never 401 or 403, whatever else is wrong with the request.

use std::collections::HashMap;

use peerclaims::domain::dates::Instant;
use peerclaims::flow::access::{self, NewKey, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::world::{self, World, id, visit};

/// A path of the document with its method.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    pub path: String,
}

pub async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.get("/openapi.json", "").await.expect(200);
    let mut list = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str())
                && path.starts_with("/v1/")
            {
                list.push(Operation { method, path: path.clone() });
            }
        }
    }
    assert!(list.len() > 30, "the document was read");
    list
}

/// Who may see an operation of its own organization or payer: Build 3 of the design, written down
/// once more. An operation that is not named here fails the test.
fn seen_by(operation: &Operation) -> &'static [Role] {
    use Role::{Admin, Biller, PayerAnalyst, Submitter};
    let read = operation.method == Method::GET;
    let parts: Vec<&str> = operation.path.split('/').skip(2).collect();
    match parts.as_slice() {
        ["encounters" | "sessions" | "decisions", ..] | ["members", _, "allowances"]
            if !parts.contains(&"overrides") =>
        {
            &[Admin, Biller, Submitter]
        }
        ["organizations"] | ["payers" | "packs", ..] if !read => &[Admin],
        [
            "organizations" | "payers" | "packs" | "contracts" | "peers" | "members"
            | "authorizations" | "documents" | "episodes" | "consents" | "opening-balances"
            | "programs" | "batches" | "claims" | "audit" | "worklist" | "encounters"
            | "corrections" | "files" | "responses" | "tasks",
            ..,
        ]
        | ["report-issues" | "report-jobs", _, ..] => &[Admin, Biller],
        ["enrollments"] => &[Admin, PayerAnalyst],
        ["reports" | "report-issues" | "report-jobs", ..] => &[Admin, Biller, PayerAnalyst],
        _ => panic!("say in this test who may see {operation:?}"),
    }
}

/// Two organizations with the same payer, another payer, a built batch, and what is in them.
struct Town {
    home: World,
    other: World,
    analyst: String,
    other_analyst: String,
    ids: HashMap<String, String>,
}

async fn town(app: &TestApp) -> Town {
    let home = world::river_bend(app, 1).await;
    let other = world::second_of_evergreen(app, &home.admin, "hill-top", 0).await;
    let other_payer = world::payer(app, &home.admin, "lone-mesa").await;
    let body = visit("V-1", &home.peers[0], &home.members[0], "2026-07-01T16:00");
    let encounter = id(&app.post("/v1/encounters", &home.submitter, &body).await.expect(201));
    let authorization = world::authorization(
        app,
        &home.admin,
        "river-bend",
        &json!({
            "member": home.members[0], "payer": "evergreen", "number": "PA-1", "units": 3,
            "from": "2026-07-01", "to": "2026-12-31",
        }),
    )
    .await;
    let body = json!({
        "reference": "E-1", "member": home.members[0], "kind": "episode", "from": "2026-07-01",
    });
    let path = "/v1/episodes?organization=river-bend";
    let episode = id(&app.post(path, &home.admin, &body).await.expect(201));
    let body = json!({
        "reference": "D-1", "member": home.members[0], "kind": "plan", "from": "2026-07-01",
    });
    let path = "/v1/documents?organization=river-bend";
    let document = id(&app.post(path, &home.admin, &body).await.expect(201));
    let body = json!({
        "reference": "C-1", "member": home.members[0], "recipient": "evergreen",
        "purposes": ["payment"], "from": "2026-07-01", "obtained": "paper",
    });
    let path = "/v1/consents?organization=river-bend";
    let consent = id(&app.post(path, &home.admin, &body).await.expect(201));
    let body = json!({
        "member": home.members[0], "payer": "evergreen", "service": "peer_individual",
        "date": "2026-06-30", "units": 2,
    });
    let path = "/v1/opening-balances?organization=river-bend";
    let opening = id(&app.post(path, &home.admin, &body).await.expect(201));
    let program = world::program(app, &home.admin, "river-bend", "waiver", "program").await;
    let wanted = json!({"payer": "evergreen", "through": "2026-07-31"});
    let batch = id(&app.post("/v1/batches", &home.biller, &wanted).await.expect(201));
    let body = crate::sessions::session(&home, "S-1", "2026-08-03", 3, &[0]);
    let session = id(&app.post("/v1/sessions", &home.submitter, &body).await.expect(201));
    let mut ids = HashMap::from([
        ("sessions".to_owned(), session),
        ("encounters".to_owned(), encounter),
        ("authorizations".to_owned(), authorization),
        ("episodes".to_owned(), episode),
        ("documents".to_owned(), document),
        ("consents".to_owned(), consent),
        ("opening-balances".to_owned(), opening),
        ("programs".to_owned(), program),
        ("batches".to_owned(), batch),
        ("members".to_owned(), home.members[0].clone()),
        ("peers".to_owned(), home.peers[0].clone()),
    ]);
    for list in ["claims", "contracts"] {
        let path = format!("/v1/{list}?organization=river-bend");
        ids.insert(list.to_owned(), id(&app.get(&path, &home.admin).await.expect(200)["items"][0]));
    }
    for list in ["organizations?key=river-bend", "payers?key=evergreen", "packs"] {
        let seen = app.get(&format!("/v1/{list}"), &home.admin).await.expect(200);
        let name = list.split('?').next().unwrap().to_owned();
        ids.insert(name, id(&seen["items"][0]));
    }
    let file = world::body(app, "/v1/files", &home.biller, "text/plain", "not an X12 file").await;
    ids.insert("files".to_owned(), id(&file.expect(201)["files"][0]));
    let wanted = json!({"report": "delivery", "from": "2026-07-01", "to": "2026-07-31"});
    let issue = app.post("/v1/report-issues", &home.biller, &wanted).await.expect(201);
    ids.insert("report-issues".to_owned(), id(&issue));
    let job = app.post("/v1/report-jobs", &home.biller, &wanted).await.expect(202);
    crate::report_jobs::make_all(&app.ctx).await;
    ids.insert("report-jobs".to_owned(), id(&job));
    let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
    let other_analyst = app.key(Role::PayerAnalyst, &other_payer).await;
    Town { home, other, analyst, other_analyst, ids }
}

impl Town {
    /// The path with the id of what is there, or with `id`.
    fn path(&self, operation: &Operation, id: Option<&str>) -> String {
        let list = operation.path.split('/').nth(2).unwrap();
        let own = self.ids.get(list).map_or("", String::as_str);
        let path = operation.path.replace("{id}", id.unwrap_or(own)).replace("{name}", "delivery");
        assert!(!path.contains('{'), "say in this test what to put into {path}");
        path
    }
}

async fn ask(app: &TestApp, operation: &Operation, path: &str, key: &str, body: &Value) -> Answer {
    let request = app.request(operation.method.clone(), path, key);
    send(if body.is_null() { request } else { request.json(body).header("if-match", "\"1\"") })
        .await
}

/// A body that is right for a foreign thing, so that only the wall can answer.
async fn right_body(app: &TestApp, town: &Town, operation: &Operation) -> Value {
    match (operation.method.as_str(), operation.path.rsplit('/').next().unwrap()) {
        ("GET" | "DELETE", _) | (_, "decide" | "release" | "withdraw" | "keep") => Value::Null,
        ("PATCH", "{id}") if operation.path.contains("sessions") => json!({"size": 3}),
        ("POST", "overrides" | "revoke") if operation.path.starts_with("/v1/encounters") => {
            json!({"rule": "note.unsigned", "reason": "not mine"})
        }
        ("POST", "revoke") => json!({}),
        ("PATCH", "{id}") => json!({"setting": "home"}),
        ("POST", "void" | "replace") => json!({"reason": "not mine"}),
        ("POST", "taken") => json!({"evidence": "not mine"}),
        ("POST", "delivered") => json!({"how": "portal", "to": "intake"}),
        ("PUT", "{id}") => {
            let list = operation.path.split('/').nth(2).unwrap();
            let named = if list == "organizations" { "" } else { "?organization=river-bend" };
            let path = town.path(operation, None) + named;
            let mut body = app.get(&path, &town.home.admin).await.expect(200);
            without_ids(&mut body);
            // Named by one of two.
            body.as_object_mut().unwrap().remove("member_number");
            body
        }
        _ => panic!("say in this test what a right body of {operation:?} is"),
    }
}

/// What was read, as it is sent back.
pub fn without_ids(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            fields.remove("id");
            fields.remove("revision");
            fields.values_mut().for_each(without_ids);
        }
        Value::Array(items) => items.iter_mut().for_each(without_ids),
        _ => {}
    }
}

on_both! {
    async fn each_operation_is_there_for_its_roles_only(app: TestApp) {
        let town = town(&app).await;
        let keys = [
            (Role::Admin, &town.home.admin),
            (Role::Biller, &town.home.biller),
            (Role::Submitter, &town.home.submitter),
            (Role::PayerAnalyst, &town.analyst),
        ];
        for operation in operations(&app).await {
            let path = town.path(&operation, None);
            let roles = seen_by(&operation);
            // Reads of what is there must succeed for who may; other requests must be looked at.
            for (role, key) in keys {
                let extra = match (role, operation.path.split('/').next_back().unwrap()) {
                    (Role::Admin, "allowances") => "?organization=river-bend&on=2026-07-01",
                    (_, "allowances") => "?on=2026-07-01",
                    (_, "lines" | "{name}" | "differences" | "enrollments") => "?from=2026-07-01&to=2026-07-31",
                    (_, "reports") | (Role::Admin, "template.csv") => "",
                    (Role::Admin, _) if !["organizations", "payers", "packs"]
                        .contains(&operation.path.split('/').nth(2).unwrap()) => "?organization=river-bend",
                    _ => "",
                };
                let read = operation.method == Method::GET;
                // Without a body that could be right: what is hidden is hidden before that is seen.
                let nonsense = if read { Value::Null } else { json!("nonsense") };
                let answer = ask(&app, &operation, &format!("{path}{extra}"), key, &nonsense).await;
                if !roles.contains(&role) {
                    let problem = answer.problem(404, "not_found");
                    assert!(problem["faults"].is_null(), "{role:?} {operation:?} {problem}");
                } else if read {
                    assert_eq!(answer.status, 200, "{role:?} {operation:?} {}", answer.body);
                } else {
                    let told = [400, 415, 422].contains(&answer.status.as_u16());
                    assert!(told, "{role:?} {operation:?} {}", answer.body);
                }
            }
            // Nobody, a wrong key: 401, before anything else is told.
            for key in ["", "pck_0000000000001_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
                ask(&app, &operation, &path, key, &json!(["x"])).await.problem(401, "unauthorized");
            }
        }
    }

    async fn another_organizations_things_are_not_there(app: TestApp) {
        let town = town(&app).await;
        let count = |app: &TestApp| ["decisions", "unit_entries", "batches", "members", "claim_line_parts"]
            .map(|table| app.database.number(&format!("SELECT COUNT(*) FROM {table}")));
        let before = count(&app);
        let mut tried = 0;
        for operation in operations(&app).await.into_iter().filter(|o| o.path.contains("{id}")) {
            let list = operation.path.split('/').nth(2).unwrap();
            if ["payers", "packs"].contains(&list) {
                continue; // of no organization
            }
            let body = right_body(&app, &town, &operation).await;
            let (prefix, _) = town.ids[list].split_once('_').unwrap();
            let nobody = format!("{prefix}_0000000000001");
            let on = if operation.path.ends_with("allowances") { "on=2026-07-01" } else { "" };
            for key in [&town.other.biller, &town.other.submitter] {
                let mut answers = Vec::new();
                for id in [None, Some(nobody.as_str())] {
                    let path = format!("{}?{on}", town.path(&operation, id));
                    let answer = ask(&app, &operation, &path, key, &body).await;
                    let mut problem = answer.problem(404, "not_found");
                    problem["request_id"] = Value::Null;
                    answers.push(problem);
                    if list != "organizations" {
                        // Naming the owner does not open it.
                        let named = format!("{path}&organization=river-bend");
                        ask(&app, &operation, &named, key, &body).await.problem(404, "not_found");
                    }
                }
                assert_eq!(answers[0], answers[1], "{operation:?}");
                tried += 1;
            }
        }
        assert!(tried > 30);
        for list in [
            "encounters", "batches", "claims", "contracts", "members", "authorizations", "episodes",
            "consents", "documents", "opening-balances", "programs",
        ] {
            let seen = world::all(&app, &format!("/v1/{list}"), &town.other.biller).await;
            let foreign = seen.iter().any(|row| row["id"] == town.ids[list].as_str());
            assert!(!foreign, "{list}");
        }
        let own = app.get("/v1/organizations", &town.other.biller).await.expect(200);
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        assert_eq!(count(&app), before, "nothing happened");
    }

    async fn analysts_see_reports_of_their_own_payer(app: TestApp) {
        let town = town(&app).await;
        let batch = &town.ids["batches"];
        let path = "/v1/reports/utilization?from=2026-07-01&to=2026-07-31&group_by=organization";
        // Nothing is released: nothing is the payer's business yet.
        let empty = app.get(path, &town.analyst).await.expect(200);
        assert_eq!(empty["totals"]["encounters_recorded"], 0);
        assert_eq!(empty["rows"], json!([]), "not even that the organization has something");
        app.act(&format!("/v1/batches/{batch}/release"), &town.home.biller).await.expect(200);
        let seen = app.get(path, &town.analyst).await.expect(200);
        assert_eq!(seen["totals"]["encounters_recorded"], 1, "{seen}");
        assert_eq!(seen["edition"], "payer");
        for hidden in ["ready", "held", "non_billable", "claimed"] {
            assert!(seen["totals"][format!("encounters_{hidden}")].is_null(), "{seen}");
        }
        let named = app.get(&format!("{path}&payer=evergreen"), &town.analyst).await.expect(200);
        assert_eq!(named["totals"], seen["totals"]);
        // Another payer's analyst: nothing of it, and not by naming it.
        let other = app.get(path, &town.other_analyst).await.expect(200);
        assert_eq!(other["totals"]["encounters_recorded"], 0);
        let mut answers = Vec::new();
        for payer in ["evergreen", "nobody", town.ids["payers"].as_str(), "pay_0000000000001"] {
            let answer = app.get(&format!("{path}&payer={payer}"), &town.other_analyst).await;
            let mut problem = answer.problem(404, "not_found");
            problem["request_id"] = Value::Null;
            answers.push(problem);
        }
        assert!(answers.windows(2).all(|w| w[0] == w[1]), "{answers:?}");
        // An organization's key sees its own only.
        let foreign = format!("{path}&organization=river-bend");
        app.get(&foreign, &town.other.biller).await.problem(404, "not_found");
        let own = app.get(path, &town.other.biller).await.expect(200);
        assert_eq!(own["totals"]["encounters_recorded"], 0);
    }

    async fn keys_that_have_ended_open_nothing(app: TestApp) {
        let town = town(&app).await;
        let past = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        let expired = NewKey {
            role: Role::Admin, organization: None, payer: None, label: "old".into(), expires_at: Some(past),
        };
        let (_, expired) = access::create_key(&app.ctx, expired).await.unwrap();
        let revoked = app.key(Role::Biller, "river-bend").await;
        app.get("/v1/batches", &revoked).await.expect(200);
        let newest = access::list_keys(&app.ctx).await.unwrap().into_iter().map(|k| k.id).max().unwrap();
        access::revoke_key(&app.ctx, newest).await.unwrap();
        for operation in operations(&app).await {
            for key in [&expired, &revoked] {
                let path = town.path(&operation, None);
                ask(&app, &operation, &path, key, &Value::Null).await.problem(401, "unauthorized");
            }
        }
    }
}
