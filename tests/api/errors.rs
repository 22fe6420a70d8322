//! Bad input: each kind gets its problem, with the place, and nothing of the input in it.

use reqwest::Method;
use serde_json::json;

use crate::app::{Answer, Database, TestApp, send};

async fn put(app: &TestApp, key: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = app.request(Method::PUT, "/v1/probe", key);
    let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
    send(request.body(body)).await
}

const JSON: &str = "application/json";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused_with_its_place() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    let answer = put(&app, &key, JSON, "{\"note\":\n \"Marigold Vance\",}").await;
    let problem = answer.problem(400, "malformed_body");
    assert_eq!(problem["faults"][0]["line"], 2);
    assert_eq!(problem["faults"][0]["column"], "19");
    assert!(!answer.body.contains("Marigold"));
    put(&app, &key, JSON, "").await.problem(400, "malformed_body");
    put(&app, &key, JSON, &b"{\"note\": \"\xff\xfe\"}"[..]).await.problem(400, "malformed_body");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named_by_their_pointer() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    for (body, pointer) in [
        (json!({ "note": "a", "nope": 1 }), "/nope"),
        (json!({ "note": 7 }), "/note"),
        (json!({ "npi": null }), "/note"),
        (json!({ "note": "a", "npi": "1234567890" }), "/npi"),
    ] {
        let problem = app.put("/v1/probe", &key, "", &body).await.problem(422, "invalid_input");
        assert_eq!(problem["faults"][0]["pointer"], pointer, "{problem}");
    }
    let good = json!({ "note": "a", "npi": "1234567893" });
    assert_eq!(app.put("/v1/probe", &key, "", &good).await.expect(200), good);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_another_type_are_refused() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    let body = r#"{"note":"a"}"#;
    for kind in ["", "text/plain", "application/xml", "application/json; charset=iso-8859-1"] {
        put(&app, &key, kind, body).await.problem(415, "unsupported_media_type");
    }
    for kind in [JSON, "Application/JSON", "application/json; charset=UTF-8"] {
        put(&app, &key, kind, body).await.expect(200);
    }
    let packed = app.request(Method::PUT, "/v1/probe", &key).header("content-encoding", "gzip");
    let packed = packed.header("content-type", JSON).body(body);
    send(packed).await.problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large_are_refused() {
    let database = Database::sqlite();
    let app = TestApp::on(database, &[("HTTP__MAX_BODY_BYTES", "1000")]);
    let key = app.admin_key().await;
    let body = |length: usize| {
        let empty = json!({ "note": "" }).to_string().len();
        json!({ "note": "a".repeat(length - empty) }).to_string()
    };
    put(&app, &key, JSON, body(1000)).await.expect(200);
    for length in [1001, 100_000, 900_000] {
        put(&app, &key, JSON, body(length)).await.problem(413, "too_large");
        // Without a length in the head.
        let chunks = body(length).into_bytes().chunks(700).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
        let streamed = reqwest::Body::wrap_stream(chunks);
        put(&app, &key, JSON, streamed).await.problem(413, "too_large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let app = TestApp::on(Database::sqlite(), &[("HTTP__BODY_SECONDS", "1")]);
    let key = app.admin_key().await;
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let started = std::time::Instant::now();
    let answer = put(&app, &key, JSON, reqwest::Body::wrap_stream(never)).await;
    answer.problem(408, "too_slow");
    assert!(started.elapsed().as_secs() < 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    app.get("/", "").await.problem(404, "not_found");
    app.get("/v1", &key).await.problem(404, "not_found");
    app.get("/v1/nowhere", &key).await.problem(404, "not_found");
    // Without a key, nobody learns what there is.
    app.get("/v1/nowhere", "").await.problem(401, "unauthorized");
    app.get("/v1/probe", "").await.problem(401, "unauthorized");
    let answer = app.delete("/v1/probe", &key).await;
    answer.problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("PUT"), "{:?}", answer.headers);
    app.delete("/healthz", "").await.problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_parameters_are_read_strictly() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    let id = "bat_0000000000005";
    let found = app.get(&format!("/v1/probe/{id}?limit=3"), &key).await.expect(200);
    assert_eq!(found, json!({ "id": id, "limit": 3 }));
    for forged in ["bat_x", "enc_0000000000005", "5", "%00", "..%2f..", "%ff"] {
        app.get(&format!("/v1/probe/{forged}"), &key).await.problem(404, "not_found");
    }
    for query in ["limit=x", "limit=-1", "limti=1", "limit=1&limit=2", "limit=%ff"] {
        let answer = app.get(&format!("/v1/probe/{id}?{query}"), &key).await;
        answer.problem(400, "invalid_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_service_keep_their_cause_to_themselves() {
    let app = TestApp::sqlite().await;
    let answer = app.get("/v1/fault", &app.admin_key().await).await;
    answer.problem(500, "internal");
    assert!(!answer.body.contains("marigold"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn request_ids_are_taken_over_when_they_are_plain() {
    let app = TestApp::sqlite().await;
    let with = |id: &'static str| app.request(Method::GET, "/v1/x", "").header("x-request-id", id);
    assert_eq!(send(with("trace-7.a_B")).await.header("x-request-id"), "trace-7.a_B");
    for bad in ["a b", "a\"b", "<x>"] {
        let answer = send(with(bad)).await;
        answer.problem(401, "unauthorized");
        assert!(answer.header("x-request-id").starts_with("req_"));
    }
    let first = app.get("/healthz", "").await;
    let second = app.get("/healthz", "").await;
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}
