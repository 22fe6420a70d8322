//! What a payer was told of organizations without a contract, before its reports were only of those with one, is told
//! no more (ADR 153): migration 74 closes its issues and files of that time.

use peerclaims::flow::access::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::report_jobs::{ask, file, look, make_all, wanted, with};
use crate::world::{self, World, id};

/// Reports that may have told of such an organization.
const TOLD: [&str; 5] = ["authorizations", "ending", "pace", "over_use", "engagement"];

/// The migration, which is the same on both databases.
fn migrate(app: &TestApp) {
    app.database
        .execute(include_str!("../../migrations/sqlite/2026-11-30-000074_strangers_issues/up.sql"));
}

async fn authorize(app: &TestApp, w: &World, organization: &str, member: usize, number: &str) {
    let body = json!({"member": w.members[member], "payer": "evergreen", "number": number, "units": 40,
        "from": "2026-01-01", "to": "2026-12-31"});
    world::authorization(app, &w.admin, organization, &body).await;
}

/// `hill-top` has an authorization and an enrollment that name the payer.
async fn stranger(app: &TestApp, admin: &str) {
    let other = world::second_of_evergreen(app, admin, "hill-top", 1).await;
    authorize(app, &other, "hill-top", 0, "PA-OTHER").await;
    let body = json!({"reference": "E-1", "member": other.members[0], "kind": "episode", "payer": "evergreen",
        "from": "2026-06-08"});
    app.post("/v1/episodes?organization=hill-top", admin, &body).await.expect(201);
}

/// As if it had never had a contract with the payer, whose reports told of it all the same.
async fn forget_its_contract(app: &TestApp, admin: &str) {
    world::payer(app, admin, "elsewhere").await;
    app.database.execute(
        "UPDATE contracts SET payer_id = (SELECT id FROM payers WHERE key = 'elsewhere') \
         WHERE organization_id = (SELECT id FROM organizations WHERE key = 'hill-top')",
    );
}

async fn issue(app: &TestApp, key: &str, body: &Value) -> String {
    id(&app.post("/v1/report-issues", key, body).await.expect(201))
}

/// Whether a file of an issue tells of the organization.
async fn tells(app: &TestApp, key: &str, issue: &str, form: &str) -> bool {
    let path = format!("/v1/report-issues/{issue}/file?format={form}");
    let told = app.get(&path, key).await.expect(200).to_string();
    told.contains("hill-top") || told.contains("PA-OTHER")
}

/// Issued again they are open, and say nothing of whom they do not tell.
async fn issued_again_without_them(
    app: &TestApp,
    w: &World,
    analyst: &str,
    issues: &[(&str, String)],
) {
    authorize(app, w, "river-bend", 1, "PA-1").await;
    for (report, before) in issues {
        let more = json!({"supersedes": before, "reason": "closed"});
        let next = issue(app, analyst, &with(report, more)).await;
        for form in ["json", "restatement"] {
            assert!(!tells(app, analyst, &next, form).await, "{report} {form}");
        }
        let path = format!("/v1/report-issues/{next}/file?format=restatement");
        let restated = app.get(&path, analyst).await.expect(200);
        assert_eq!(restated["left_out_without_consent"], true, "{restated}");
        let changes = restated["changes"].as_array().unwrap();
        if *report == "authorizations" {
            assert!(restated["ties"] == true && !changes.is_empty(), "{restated}");
            let of_new = |change: &Value| change["row"]["authorization"] == "PA-1";
            assert!(changes.iter().all(of_new), "{restated}");
        } else if matches!(*report, "over_use" | "engagement") {
            assert!(changes.is_empty(), "{restated}");
        }
    }
}

on_both! {
    async fn what_was_told_of_strangers_is_closed_once(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        authorize(&app, &w, "river-bend", 0, "PA-0").await;
        stranger(&app, &w.admin).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        let (mut issues, mut jobs) = (Vec::new(), Vec::new());
        for report in TOLD {
            let issued = issue(&app, &analyst, &wanted(report)).await;
            let has = tells(&app, &analyst, &issued, "json").await;
            assert!(has || matches!(report, "ending" | "pace"), "{report}");
            issues.push((report, issued));
            jobs.push(ask(&app, &analyst, &wanted(report)).await);
            make_all(&app.ctx).await;
        }
        // Of one organization that has a contract, of sums of claims, and the service's own.
        let one = with("authorizations", json!({"organization": "river-bend"}));
        let open = [
            (&analyst, issue(&app, &analyst, &one).await),
            (&analyst, issue(&app, &analyst, &wanted("delivery")).await),
            (&w.admin, issue(&app, &w.admin, &wanted("authorizations")).await),
        ];
        let stays = ask(&app, &analyst, &one).await;
        make_all(&app.ctx).await;
        let waits = ask(&app, &analyst, &wanted("over_use")).await;

        forget_its_contract(&app, &w.admin).await;
        app.database.execute("UPDATE organizations SET part2 = 'program' WHERE key = 'hill-top'");
        for (report, issued) in &issues {
            // What such an organization says of itself closed nothing.
            let path = format!("/v1/report-issues/{issued}/file");
            assert_eq!(app.get(&path, &analyst).await.status, 200, "{report}");
        }
        migrate(&app);

        for ((report, issued), job) in issues.iter().zip(&jobs) {
            let path = format!("/v1/report-issues/{issued}");
            for more in ["/file", "/file?format=csv", "/rebuild"] {
                app.get(&format!("{path}{more}"), &analyst).await.problem(409, "wrong_status");
            }
            let manifest = app.get(&path, &analyst).await.expect(200);
            assert!(manifest["rows"].is_null() && manifest["totals"].is_null(), "{report} {manifest}");
            file(&app, &analyst, job).await.problem(409, "wrong_status");
            assert!(look(&app, &analyst, job).await["sha256"].is_null(), "{report}");
        }
        for (key, issued) in &open {
            assert_eq!(app.get(&format!("/v1/report-issues/{issued}/file"), key).await.status, 200);
        }
        assert_eq!(file(&app, &analyst, &stays).await.status, 200);
        make_all(&app.ctx).await;
        let made = file(&app, &analyst, &waits).await;
        assert!(made.status == 200 && !made.body.contains("hill-top"), "{}", made.body);

        issued_again_without_them(&app, &w, &analyst, &issues).await;
    }
}
