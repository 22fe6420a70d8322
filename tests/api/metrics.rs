//! What the service counts of itself, and where it does not tell it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::{TestApp, on_both};
use crate::world;

/// Name with labels, and value, of each sample. Fails on a line that a collector would not read.
fn samples(page: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut families = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(!families.contains(&name.to_owned()), "{name} comes twice");
            assert!(kind != "counter" || name.ends_with("_total"), "{line}");
            families.push(name.to_owned());
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap_or_else(|e| panic!("{e}: {line}"));
            let family = families.last().expect("a sample stands below its family");
            assert!(name.starts_with(family.as_str()), "{line} is not of {family}");
            assert!(found.insert(name.to_owned(), value.to_owned()).is_none(), "{line} twice");
        }
    }
    assert!(page.ends_with('\n'));
    found
}

on_both! {
    async fn the_work_of_a_day_is_counted(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let (peer, member) = (&w.peers[0], &w.members[0]);
        let mut rows = String::new();
        for (reference, day, minutes) in [("V-1", 1, 60), ("V-2", 2, 60), ("V-3", 3, -60)] {
            let start = format!("2026-09-0{day}T16:00");
            rows += &(world::visit_of(reference, peer, member, &start, minutes).to_string() + "\n");
        }
        let mut held = world::visit("V-4", peer, member, "2026-09-04T16:00");
        held["note"] = json!(null);
        rows += &(held.to_string() + "\n");
        let path = "/v1/encounters/bulk";
        for _ in 0..2 {
            world::body(&app, path, &w.submitter, "application/x-ndjson", rows.clone()).await;
        }
        let body = json!({"payer": "evergreen", "through": "2026-09-05"});
        let batch = world::id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
        app.post("/v1/batches", &w.biller, &body).await.problem(409, "nothing_ready");

        let page = app.metrics().await;
        let found = samples(&page);
        let at = |name: &str| found.get(name).map_or("none", String::as_str);
        assert_eq!(at("peerclaims_bulk_rows_total{outcome=\"recorded\"}"), "3");
        assert_eq!(at("peerclaims_bulk_rows_total{outcome=\"repeated\"}"), "3");
        assert_eq!(at("peerclaims_bulk_rows_total{outcome=\"refused\"}"), "2");
        assert_eq!(at("peerclaims_decisions_total{disposition=\"ready\"}"), "2");
        assert_eq!(at("peerclaims_decisions_total{disposition=\"held\"}"), "1");
        assert_eq!(at("peerclaims_decisions_held_total{rule=\"note.unsigned\"}"), "1", "{page}");
        assert_eq!(at("peerclaims_batches_total{step=\"built\"}"), "1");
        assert_eq!(at("peerclaims_work_waiting{kind=\"batches_built\"}"), "1");
        assert_eq!(at("peerclaims_work_waiting{kind=\"report_jobs\"}"), "0");
        assert_eq!(at("peerclaims_work_waiting{kind=\"decisions_failed\"}"), "0");
        assert_ne!(at("peerclaims_work_waiting{kind=\"decisions\"}"), "none");
        assert_eq!(at("peerclaims_errors_total{code=\"nothing_ready\"}"), "1");
        let calls = "peerclaims_http_requests_total{method=\"POST\",route=\"/v1/batches\"";
        assert_eq!(at(&format!("{calls},status=\"201\"}}")), "1");
        assert_eq!(at(&format!("{calls},status=\"409\"}}")), "1");
        let waits = "peerclaims_database_wait_seconds_count{purpose=\"write\"}";
        assert!(at(waits).parse::<u32>().unwrap() > 4);
        assert!(at("process_resident_memory_bytes").parse::<u64>().unwrap() > 1_000_000);

        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.expect(200);
        let page = app.metrics().await;
        let found = samples(&page);
        let at = |name: &str| found.get(name).map_or("none", String::as_str);
        assert_eq!(at("peerclaims_batches_total{step=\"released\"}"), "1");
        assert_eq!(at("peerclaims_work_waiting{kind=\"batches_built\"}"), "0");
        assert_eq!(at("peerclaims_work_waiting{kind=\"batches_released\"}"), "1");
        // Nobody and nothing in particular is named.
        let mut named = vec!["V-1", "river-bend", "evergreen", "EV1000", "Dana", "pck_", &batch];
        named.extend([peer.as_str(), member.as_str()]);
        for name in named {
            assert!(!page.contains(name), "{name} is in\n{page}");
        }
    }

    async fn what_was_rolled_back_is_not_counted(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let visit = world::visit("V-1", &w.peers[0], &w.members[0], "2026-09-01T16:00");
        app.post("/v1/encounters", &w.submitter, &visit).await.expect(201);
        let body = json!({"payer": "evergreen", "through": "2026-09-05"});
        let batch = world::id(&app.post("/v1/batches", &w.biller, &body).await.expect(201));
        // The file's bytes are not what was built: the release is undone after its first steps.
        app.database.execute("UPDATE files SET sha256 = 'x'");
        app.act(&format!("/v1/batches/{batch}/release"), &w.biller).await.problem(409, "release_refused");
        let steps = app.ctx.metrics.batches.all();
        assert_eq!(steps, [("built", 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_on_their_own_port_only() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    app.get("/metrics", &key).await.problem(404, "not_found");
    app.get("/v1/metrics", &key).await.problem(404, "not_found");
    // And nothing else is there.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/", "/v1/encounters", "/openapi.json"] {
        let url = format!("http://{}{path}", app.metrics);
        assert_eq!(client.get(url).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_not_grow_with_what_is_asked() {
    let app = TestApp::sqlite().await;
    let key = app.admin_key().await;
    app.get("/v1/payers/pay_0000000000001", &key).await.problem(404, "not_found");
    app.get("/nowhere", "").await.problem(404, "not_found");
    let before = samples(&app.metrics().await).len();
    for n in 0..50 {
        app.get(&format!("/v1/payers/pay_00000000{n:05}"), &key).await;
        app.get(&format!("/nowhere-{n}"), "").await;
        let method = reqwest::Method::from_bytes(format!("M{n}").as_bytes()).unwrap();
        crate::app::send(app.request(method, "/healthz", "")).await;
    }
    let after = samples(&app.metrics().await);
    // The method that is not of HTTP: one count, and one series of times.
    assert!(after.len() <= before + 20, "{after:#?}");
    let route = "route=\"/v1/payers/{id}\",status=\"404\"";
    assert_eq!(after[&format!("peerclaims_http_requests_total{{method=\"GET\",{route}}}")], "51");
}
