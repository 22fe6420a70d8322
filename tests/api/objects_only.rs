//! Objects only where objects are meant: a list in the place of any object of any body is refused at
//! its place, alone and as a row of an upload, and changes nothing. An empty group is no group.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, on_both, send};
use crate::reference_samples::pointers;
use crate::walls::operations;
use crate::world::{self, answers, id, visit};

const PATH: &str = "/v1/encounters";

/// The fields that lead to an object of a body; none for an item of a list.
type Place = Vec<Option<String>>;

/// The places of all objects that a schema knows.
fn objects(document: &Value, schema: &Value, place: &Place, found: &mut BTreeSet<Place>) {
    if place.len() > 6 {
        return;
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return objects(document, &document["components"]["schemas"][name], place, found);
    }
    for together in ["oneOf", "anyOf", "allOf"] {
        for one in schema[together].as_array().into_iter().flatten() {
            objects(document, one, place, found);
        }
    }
    let below = |step: Option<&String>| [place.as_slice(), &[step.cloned()]].concat();
    if let Some(fields) = schema["properties"].as_object() {
        found.insert(place.clone());
        for (name, field) in fields {
            objects(document, field, &below(Some(name)), found);
        }
    }
    if schema["items"].is_object() {
        objects(document, &schema["items"], &below(None), found);
    }
}

/// A body with a list in this place, and the pointer to it.
fn with_list(place: &Place, list: &Value) -> (Value, String) {
    let body = place.iter().rev().fold(list.clone(), |inner, step| match step {
        Some(name) => json!({ name.as_str(): inner }),
        None => json!([inner]),
    });
    let steps = place.iter().map(|step| format!("/{}", step.as_deref().unwrap_or("0")));
    (body, steps.collect())
}

/// A path with the id of something of its kind that is not there.
fn with_id(path: &str) -> String {
    let prefix = match path.split('/').nth(2).unwrap() {
        "encounters" => "enc",
        "sessions" => "ses",
        "batches" => "bat",
        "claims" => "clm",
        "organizations" => "org",
        "payers" => "pay",
        "peers" => "peer",
        "members" => "mem",
        "authorizations" => "aut",
        "documents" => "doc",
        "episodes" => "epi",
        "consents" => "con",
        "opening-balances" => "opn",
        "programs" => "prg",
        _ => "",
    };
    assert!(!prefix.is_empty() || !path.contains("{id}"), "say in this test what {path} is about");
    path.replace("{id}", &format!("{prefix}_0000000000001"))
}

fn counts(app: &TestApp) -> Vec<i64> {
    let tables = [
        "encounters",
        "encounter_revisions",
        "decisions",
        "sessions",
        "members",
        "peers",
        "payers",
        "organizations",
        "batches",
        "encounter_overrides",
        "audit_entries",
    ];
    tables.map(|table| app.database.number(&format!("SELECT COUNT(*) FROM {table}"))).to_vec()
}

async fn patch(app: &TestApp, key: &str, visit: &str, revision: i64, body: &Value) -> Answer {
    let request = app.request(Method::PATCH, &format!("{PATH}/{visit}"), key);
    send(request.header("if-match", format!("\"{revision}\"")).json(body)).await
}

on_both! {
    async fn no_body_takes_a_list_for_an_object(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let before = counts(&app);
        let document = app.get("/openapi.json", "").await.expect(200);
        let (mut tried, mut nested) = (0, 0);
        for operation in operations(&app).await {
            // An upload is a list: its rows are tried below.
            let method = operation.method.as_str().to_lowercase();
            let told = &document["paths"][&operation.path][&method]["requestBody"]["content"];
            let schema = &told["application/json"]["schema"];
            if schema.is_null() || operation.path.ends_with("/bulk") {
                continue;
            }
            let mut places = BTreeSet::from([Place::new()]);
            objects(&document, schema, &Place::new(), &mut places);
            for (place, list) in places.iter().flat_map(|p| [(p, json!([])), (p, json!(["a", "b"]))]) {
                let (body, pointer) = with_list(place, &list);
                let request = app.request(operation.method.clone(), &with_id(&operation.path), &w.admin);
                let problem = send(request.json(&body)).await.problem(422, "invalid_input");
                assert_eq!(pointers(&problem), [pointer], "{operation:?} {body}: {problem}");
                let message = problem["faults"][0]["message"].as_str().unwrap();
                assert!(message.contains("object"), "{operation:?} {body}: {problem}");
                tried += 1;
                nested += usize::from(!place.is_empty());
            }
        }
        assert!(tried > 100 && nested > 50, "{tried} {nested}");
        assert_eq!(counts(&app), before, "nothing was changed");
    }

    async fn a_row_takes_no_list_for_an_object_and_spoils_no_other(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let good = |n: usize| visit(&format!("V-{n}"), &w.peers[0], &w.members[0], &format!("2026-07-0{n}T16:00"));
        let with = |n: usize, field: &str, value: Value| {
            let mut body = good(n);
            body[field] = value;
            body
        };
        let rows = [
            good(1),
            with(2, "note", json!(["2026-07-02T17:00:00Z", "G1"])),
            with(3, "group", json!(["S-1", 7])),
            with(4, "member", json!(["evergreen", "EV1000"])),
            with(5, "group", json!({})),
            json!(["V-6"]),
            good(7),
        ];
        let places: [&[&str]; 7] =
            [&[], &["/note"], &["/group"], &["/member"], &["/group/session", "/group/size"], &[""], &[]];
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        let lines = world::body(&app, "/v1/encounters/bulk", &w.submitter, "application/x-ndjson", lines.join("\n")).await;
        let list = world::body(&app, "/v1/encounters/bulk", &w.submitter, "application/json", json!(rows).to_string()).await;
        for (answer, stored) in [(&lines, 201), (&list, 200)] {
            let told = answers(answer);
            assert_eq!(told.len(), rows.len(), "{told:?}");
            for (n, (row, wanted)) in told.iter().zip(places).enumerate() {
                if wanted.is_empty() {
                    assert_eq!(row["status"], stored, "{row}");
                    continue;
                }
                assert_eq!(row["status"], 422, "{row}");
                let base = if stored == 200 { format!("/{n}") } else { String::new() };
                let wanted: Vec<String> = wanted.iter().map(|place| format!("{base}{place}")).collect();
                assert_eq!(pointers(&row["error"]), wanted, "{row}");
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 2);
        let mut body = crate::sessions::session(&w, "S-1", "2026-08-03", 3, &[0]);
        body["members"] = json!([["S-1-0", w.members[0]]]);
        let answer = world::body(&app, "/v1/sessions/bulk", &w.submitter, "application/x-ndjson", body.to_string()).await;
        assert_eq!(pointers(&answers(&answer)[0]["error"]), ["/members/0"]);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions"), 0);
    }

    async fn an_empty_group_is_not_taken_for_none(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let key = &w.submitter;
        let both = ["/group/session", "/group/size"];
        let mut body = visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        for group in [json!({}), json!({"session": null, "size": null}), json!({"session": " "}), json!({"peers": 2})] {
            body["group"] = group;
            for path in [PATH, "/v1/decisions/preview"] {
                let problem = app.post(path, key, &body).await.problem(422, "invalid_input");
                assert_eq!(pointers(&problem), both, "{body}");
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM encounters"), 0);
        body["group"] = Value::Null;
        let seen = app.post(PATH, key, &body).await.expect(201);
        assert_eq!((&seen["group"], &seen["disposition"]), (&Value::Null, &json!("ready")), "{seen}");
        // A correction merges: of a visit of no group `{}` makes an empty one, of another nothing.
        let empty = json!({"group": {}});
        let problem = patch(&app, key, &id(&seen), 1, &empty).await.problem(422, "invalid_input");
        assert_eq!(pointers(&problem), both);
        let group = json!({"activity": "group_support", "group": {"session": "S-1", "size": 5}});
        let grouped = patch(&app, key, &id(&seen), 1, &group).await.expect(200);
        assert_eq!(grouped["group"], json!({"session": "S-1", "size": 5, "peers": 1}));
        let same = patch(&app, key, &id(&seen), 2, &empty).await.expect(200);
        assert_eq!((&same["revision"], &same["group"]), (&json!(2), &grouped["group"]));
        let alone = json!({"activity": "individual_support", "group": null});
        assert_eq!(patch(&app, key, &id(&seen), 2, &alone).await.expect(200)["group"], Value::Null);
    }
}
