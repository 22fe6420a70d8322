//! The lines as a workbook, units of several lengths in their totals, and what a manifest says of the files
//! that it was made of.

use std::io::Read;

use peerclaims::flow::access::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both};
use crate::report_jobs::{ask, make_all, with};
use crate::report_traps_hidden::longer_units;
use crate::world::{self, World, id, visit};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

async fn record(app: &TestApp, w: &World, name: &str, start: &str) {
    let body = visit(name, &w.peers[0], &w.members[0], start);
    app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
}

async fn release_all(app: &TestApp, w: &World) {
    // Versions of a contract make claims of their own.
    for _ in 0..2 {
        let body = json!({"payer": "evergreen", "through": "2026-08-31"});
        let batch = app.post("/v1/batches", &w.biller, &body).await;
        if batch.status == 201 {
            let path = format!("/v1/batches/{}/release", id(&batch.json()));
            app.act(&path, &w.biller).await.expect(200);
        }
    }
}

/// A file of a workbook.
fn sheet(bytes: &[u8], wanted: &str) -> String {
    let archive = rawzip::ZipArchive::from_slice(bytes).unwrap();
    for entry in archive.entries() {
        let entry = entry.unwrap();
        if entry.file_path().as_ref() == format!("xl/worksheets/{wanted}.xml").as_bytes() {
            let place = archive.get_entry(entry.wayfinder()).unwrap();
            let mut text = String::new();
            flate2::read::DeflateDecoder::new(place.data()).read_to_string(&mut text).unwrap();
            return text;
        }
    }
    panic!("{wanted}");
}

async fn bytes(app: &TestApp, path: &str, key: &str) -> Vec<u8> {
    let answer = app.request(Method::GET, path, key).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert!(answer.headers()["content-type"].to_str().unwrap().ends_with("spreadsheetml.sheet"));
    answer.bytes().await.unwrap().to_vec()
}

on_both! {
    async fn lines_are_to_be_had_as_a_workbook(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        release_all(&app, &w).await;
        record(&app, &w, "V-3", "2026-07-03T16:00").await;
        for (key, lines) in [(&w.biller, 3), (&analyst, 2)] {
            let path = format!("/v1/reports/lines?{YEAR}&format=xlsx");
            let direct = bytes(&app, &path, key).await;
            let data = sheet(&direct, "sheet2");
            // The header, the lines, the total.
            assert_eq!(data.matches("<row ").count(), lines + 2, "{data}");
            assert!(data.contains(">submitted</t>") && data.contains(">total</t>") && !data.contains("<f>"));
            assert_eq!(data.contains(">V-1</t>"), *key == w.biller, "the organization's own names");
            let read_me = sheet(&direct, "sheet1");
            assert!(read_me.contains(">lines</t>") && read_me.contains(">2026-12-31</t>"), "{read_me}");
            assert_eq!(read_me.contains("42 CFR part 2"), *key == analyst);
            assert!(sheet(&direct, "sheet3").contains(">line_control</t>"));
            let ties = sheet(&direct, "sheet4");
            assert!(ties.contains(">billed: lines = utilization</t>"), "{ties}");
            // Both sides are numbers: units as they are, dollars as dollars.
            let units = r#"<c r="B2" s="0"><v>8</v></c><c r="C2" s="0"><v>8</v></c><c r="D2" s="0"><v>0</v></c>"#;
            assert!(ties.contains(units) && ties.contains(r#"<c r="D3" s="2"><v>0.00</v></c>"#), "{ties}");
            assert!(data.contains(r#"<col min="5" max="5" width="22""#), "of claim_number: {data}");
            let job = ask(&app, key, &with("lines", json!({"format": "xlsx"}))).await;
            make_all(&app.ctx).await;
            let made = bytes(&app, &format!("/v1/report-jobs/{job}/file"), key).await;
            assert_eq!(sheet(&made, "sheet2"), data);
        }
    }

    async fn units_of_lines_of_different_lengths_are_not_added(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        longer_units(&app, &w).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-08-05T16:00").await;
        release_all(&app, &w).await;
        let told = async |query: &str, key: &str| {
            let seen = app.get(&format!("/v1/reports/lines?{query}"), key).await.expect(200);
            assert_eq!(seen["ties"]["ties"], true, "{seen}");
            seen
        };
        for key in [&w.biller, &analyst] {
            let both = told(YEAR, key).await;
            assert_eq!((&both["totals"]["lines"], &both["totals"]["units"]), (&json!(2), &Value::Null), "{both}");
            assert!(both["by_status"]["submitted"]["units"].is_null(), "{both}");
            let why = json!({"column": "units", "reason": "mixed_units", "count": 1});
            assert!(both["nulls"].as_array().unwrap().contains(&why), "{both}");
            for (month, units) in [("from=2026-07-01&to=2026-07-31", 4), ("from=2026-08-01&to=2026-08-31", 2)] {
                let one = told(month, key).await;
                assert_eq!((&one["totals"]["units"], &one["by_status"]["submitted"]["units"]), (&json!(units), &json!(units)));
            }
        }
    }

    async fn a_manifest_names_the_enrollment_that_it_was_made_of(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let analyst = app.key(Role::PayerAnalyst, "evergreen").await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        release_all(&app, &w).await;
        let wanted = |report: &str| json!({"report": report, "from": "2026-07-01", "to": "2026-07-31", "payer": "evergreen"});
        let issue = async |report: &str| app.post("/v1/report-issues", &analyst, &wanted(report)).await.expect(201);
        let without = issue("delivery").await;
        assert_eq!((&without["suppression"], &without["enrollment"]), (&json!("off"), &json!([])), "{without}");
        let text = "member_number,from,to\nEV1000,2026-01-01,\n".to_owned();
        let path = "/v1/enrollments?from=2026-07-01&to=2026-07-31&payer=evergreen";
        let file = world::body(&app, path, &analyst, "text/csv", text).await.expect(201);
        let rates = issue("rates").await;
        let named = &rates["enrollment"][0];
        assert_eq!((&named["id"], &named["from"], &named["to"]), (&file["id"], &json!("2026-07-01"), &json!("2026-07-31")), "{rates}");
        assert_eq!(named["sha256"].as_str().unwrap().len(), 64, "{rates}");
        assert_eq!((rates["enrollment"].as_array().unwrap().len(), &rates["partial_months"]), (1, &json!([])));
    }
}
