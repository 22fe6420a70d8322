//! Restatements name a cause for each number, and no cause of which nothing came (ADR 145).

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{billed, patch};
use crate::world::{self, id};

async fn issue(
    app: &TestApp,
    key: &str,
    (name, to): (&str, &str),
    before: Option<&Value>,
) -> Value {
    let mut body = json!({"report": name, "from": "2026-06-01", "to": to});
    if let Some(before) = before {
        body["supersedes"] = before["id"].clone();
        body["reason"] = json!("more is known");
    }
    app.post("/v1/report-issues", key, &body).await.expect(201)
}

async fn told(app: &TestApp, key: &str, issue: &Value) -> Value {
    let path = format!("/v1/report-issues/{}/file?format=restatement", id(issue));
    let told = app.get(&path, key).await.expect(200);
    assert_eq!(told["ties"], true, "{told}");
    told
}

/// The causes of all changes, each once.
fn causes(told: &Value) -> Vec<Value> {
    let changes = told["changes"].as_array().unwrap().iter();
    let mut all: Vec<Value> = changes.map(|change| change["causes"].clone()).collect();
    all.dedup();
    all
}

async fn same_again(app: &TestApp, key: &str, issue: &Value) {
    let again = app.get(&format!("/v1/report-issues/{}/rebuild", id(issue)), key).await.expect(200);
    assert_eq!(again["same"], true, "{again}");
}

on_both! {
    async fn a_file_that_is_put_back_is_in_force_again_and_the_cause(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        billed(&app, &w).await;
        let file = async |rows: &str| {
            let path = "/v1/enrollments?from=2026-06-01&to=2026-07-31&payer=evergreen";
            let text = format!("member_number,from,to\n{rows}");
            world::body(&app, path, &analyst, "text/csv", text).await
        };
        let (one, two) = ("EV1000,2026-06-01,\n", "EV1000,2026-06-01,\nEV9,2026-07-01,\n");
        let kept = file(one).await.expect(201);
        let question = ("rates", "2026-07-31");
        let first = issue(&app, &analyst, question, None).await;
        file(two).await.expect(201);
        let second = issue(&app, &analyst, question, Some(&first)).await;
        // The same bytes while they are in force change nothing.
        file(two).await.expect(200);
        let still = issue(&app, &analyst, question, Some(&second)).await;
        assert_eq!(causes(&told(&app, &analyst, &still).await), Vec::<Value>::new());
        assert_eq!(file(one).await.expect(200)["id"], kept["id"]);
        let third = issue(&app, &analyst, question, Some(&still)).await;
        for (issue, enrolled) in [(&first, 1), (&second, 2), (&still, 2), (&third, 1)] {
            assert_eq!(issue["totals"]["enrolled"], enrolled, "{issue}");
            same_again(&app, &analyst, issue).await;
        }
        for issue in [&second, &third] {
            let told = told(&app, &analyst, issue).await;
            assert_eq!(causes(&told), [json!(["enrollment"])], "{told}");
            assert_eq!(told["beside"], json!(["enrollment"]));
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM enrollment_arrivals"), 3);
    }

    async fn what_waits_is_a_cause_of_utilization(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        let question = ("utilization", "2026-08-31");
        let first = issue(&app, &w.biller, question, None).await;
        let wanted = json!({"payer": "evergreen", "through": "2026-08-31"});
        app.post("/v1/batches", &w.biller, &wanted).await.expect(201);
        let second = issue(&app, &w.biller, question, Some(&first)).await;
        let claimed = told(&app, &w.biller, &second).await;
        assert_eq!(causes(&claimed), [json!(["waits"])], "{claimed}");
        let moved = claimed["changes"].as_array().unwrap().iter().any(|c| c["column"] == "encounters_claimed");
        assert!(moved, "{claimed}");
    }

    async fn each_number_has_the_cause_of_its_own_row(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-06-10T16:00").await;
        record(&app, &w, "V-2", "2026-07-10T16:00").await;
        let question = ("delivery", "2026-08-31");
        let first = issue(&app, &w.biller, question, None).await;
        // A visit is moved to another month, and a new one comes in the first.
        let other = json!({"started_at": "2026-08-03T16:00:00Z", "ended_at": "2026-08-03T17:00:00Z"});
        patch(&app, &w, "V-2", &other).await.expect(200);
        let second = issue(&app, &w.biller, question, Some(&first)).await;
        let moved = told(&app, &w.biller, &second).await;
        assert_eq!(causes(&moved), [json!(["described"])], "{moved}");
        assert!(moved["changes"].as_array().unwrap().iter().all(|c| !c["row"].is_null()), "of all nothing is another");
        record(&app, &w, "V-3", "2026-06-11T16:00").await;
        let other = json!({"ended_at": "2026-08-03T17:30:00Z"});
        patch(&app, &w, "V-2", &other).await.expect(200);
        let third = issue(&app, &w.biller, question, Some(&second)).await;
        let both = told(&app, &w.biller, &third).await;
        for change in both["changes"].as_array().unwrap() {
            let wanted = match change["row"]["month"].as_str() {
                Some("2026-06") => json!(["late"]),
                Some("2026-08") => json!(["corrected"]),
                _ => json!(["late", "corrected"]),
            };
            assert_eq!(change["causes"], wanted, "{change}");
        }
    }

    async fn days_that_pass_and_a_zone_are_causes_where_something_waits(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        // Today is 10 September: seven days in Los Angeles, and eight on Guam.
        record(&app, &w, "V-1", "2026-09-03T16:00").await;
        let question = ("timeliness", "2026-09-30");
        let first = issue(&app, &w.biller, question, None).await;
        let organization = app.get("/v1/organizations", &w.biller).await.expect(200);
        let path = format!("/v1/organizations/{}", id(&organization["items"][0]));
        crate::changes::amend(&app, &w, &path, |o| o["zone"] = json!("Pacific/Guam")).await;
        let second = issue(&app, &w.biller, question, Some(&first)).await;
        let moved = told(&app, &w.biller, &second).await;
        assert_eq!((causes(&moved), &moved["beside"]), (vec![json!(["zone"])], &json!(["zone"])), "{moved}");
        app.ctx.clock.set(peerclaims::domain::dates::Instant::parse("2026-10-20T16:00:00Z").unwrap());
        let third = issue(&app, &w.biller, question, Some(&second)).await;
        let passed = told(&app, &w.biller, &third).await;
        assert_eq!((causes(&passed), &passed["beside"]), (vec![json!(["time"])], &json!(["time"])), "{passed}");
        for issue in [&first, &second, &third] {
            same_again(&app, &w.biller, issue).await;
        }
        // No days that make a difference passed: no cause is claimed.
        let delivery = issue(&app, &w.biller, ("delivery", "2026-09-30"), None).await;
        let same = issue(&app, &w.biller, ("delivery", "2026-09-30"), Some(&delivery)).await;
        assert_eq!(told(&app, &w.biller, &same).await["beside"], json!([]));
    }
}
