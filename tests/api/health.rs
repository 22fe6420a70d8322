//! Is it alive, is it ready, what can it do.

use crate::app::{TestApp, on_both};

on_both! {
    async fn a_migrated_service_is_alive_and_ready(app: TestApp) {
        assert_eq!(app.get("/healthz", "").await.expect(200)["status"], "alive");
        assert_eq!(app.get("/readyz", "").await.expect(200)["status"], "ready");
    }

    async fn a_service_without_its_tables_is_alive_and_not_ready(app: TestApp) {
        app.database.execute(
            "DELETE FROM __diesel_schema_migrations WHERE version = '20261122000002'",
        );
        app.get("/healthz", "").await.expect(200);
        let answer = app.get("/readyz", "").await;
        let problem = answer.problem(503, "busy");
        assert!(problem["detail"].as_str().unwrap().contains("peerclaims migrate"));
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_of_3_1_and_knows_problems_and_keys() {
    let app = TestApp::sqlite().await;
    let document = app.get("/openapi.json", "").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
    let problem = &document["components"]["responses"]["Problem"];
    assert!(problem["content"]["application/problem+json"].is_object(), "{problem}");
    assert!(document["paths"]["/readyz"]["get"].is_object());
}
