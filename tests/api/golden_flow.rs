//! Golden files of what leaves the building, made by the steps of production from recorded visits:
//! telehealth, group sessions, files split by their limits, replacement, void. Both databases must
//! write the same bytes, but for the numbers of claims and the time of day.
//!
//! `PEERCLAIMS_BLESS=1` writes them anew; read the difference before committing it. Every file is left
//! for the outside checker too (`PEERCLAIMS_837P_DIR`).

use std::path::Path;

use serde_json::{Value, json};

use crate::again::record;
use crate::app::{TestApp, on_both};
use crate::claim_changes::{ask, build, of_batch, patch, step};
use crate::edi;
use crate::world::{self, World, id, visit};

/// Numbers of claims in the order in which they come, and no time of day.
fn normal(text: &str) -> String {
    let mut numbers: Vec<String> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for segment in text.split_inclusive('~') {
        let mut part: Vec<String> = segment.split('*').map(str::to_owned).collect();
        match part[0].trim() {
            "ISA" => "0000".clone_into(&mut part[10]),
            "GS" => "0000".clone_into(&mut part[5]),
            "BHT" => "000000".clone_into(&mut part[5]),
            "CLM" => numbers.push(part[1].clone()),
            _ => {}
        }
        lines.push(part.join("*"));
    }
    let mut text = lines.concat();
    for (n, number) in numbers.iter().enumerate() {
        text = text.replace(number, &format!("CLAIM{:02}", n + 1));
    }
    text
}

/// A batch's file, beside what is kept of it.
async fn golden(app: &TestApp, w: &World, batch: &Value, name: &str) -> String {
    let file = edi::fetch(app, &id(batch), &w.biller).await;
    let written = normal(&file.body);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden/flow");
    let path = folder.join(format!("{name}.837"));
    if std::env::var_os("PEERCLAIMS_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, &written).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, expected, "{name} changed; see the head of this file");
    written
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

on_both! {
    async fn telehealth(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        for (n, mode) in ["video", "audio"].into_iter().enumerate() {
            let mut body = visit(&format!("V-{n}"), &w.peers[n], &w.members[n], "2026-07-01T16:00");
            body["mode"] = json!(mode);
            body["setting"] = json!("home");
            let made = app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
            assert_eq!(made["disposition"], "ready", "{made}");
        }
        let text = golden(&app, &w, &build(&app, &w).await.expect(201), "telehealth").await;
        assert_eq!((count(&text, "SV1*HC:H0038:95*"), count(&text, "SV1*HC:H0038:93*")), (1, 1), "{text}");
    }

    async fn group_session(app: TestApp) {
        let w = world::river_bend(&app, 3).await;
        let body = crate::sessions::session(&w, "S-1", "2026-07-01", 7, &[0, 1, 2]);
        app.post("/v1/sessions", &w.submitter, &body).await.expect(201);
        let text = golden(&app, &w, &build(&app, &w).await.expect(201), "group").await;
        assert_eq!(count(&text, "SV1*HC:H0038:HQ*"), 3, "{text}");
    }

    async fn split_by_set_group_and_file(app: TestApp) {
        let limits = "[claim.file]\nsets_per_group = 2\ngroups_per_file = 2\n\n[overrides]\noverridable";
        let other = [("max_claims_per_set = 5000", "max_claims_per_set = 1"), ("[overrides]\noverridable", limits)];
        let w = world::river_bend_with(&app, 5, &other).await;
        for (n, member) in w.members.iter().enumerate() {
            let body = visit(&format!("V-{n}"), &w.peers[0], member, &format!("2026-07-{:02}T16:00", n + 1));
            app.post("/v1/encounters", &w.submitter, &body).await.expect(201);
        }
        let first = build(&app, &w).await.expect(201);
        assert_eq!((&first["claims"], &first["more"]), (&json!(4), &json!(true)));
        let text = golden(&app, &w, &first, "split_1").await;
        assert_eq!((count(&text, "GS*HC*"), count(&text, "ST*837*"), count(&text, "CLM*")), (2, 4, 4));
        let second = build(&app, &w).await.expect(201);
        let text = golden(&app, &w, &second, "split_2").await;
        assert_eq!((count(&text, "GS*HC*"), count(&text, "ST*837*"), count(&text, "CLM*")), (1, 1, 1));
    }

    async fn replacement_and_void(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        record(&app, &w, "V-1", "2026-07-01T16:00").await;
        record(&app, &w, "V-2", "2026-07-02T16:00").await;
        let batch = build(&app, &w).await.expect(201);
        golden(&app, &w, &batch, "original").await;
        step(&app, &w, &batch, "release").await.expect(200);
        let claims = world::all(&app, &format!("/v1/claims?batch={}", id(&batch)), &w.biller).await;
        assert_eq!(claims.len(), 2);
        ask(&app, &w, &claims[0], "replace", "ICN-1").await.expect(200);
        patch(&app, &w, "V-1", &json!({"ended_at": "2026-07-01T17:30:00Z"})).await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let text = golden(&app, &w, &batch, "replacement").await;
        assert_eq!(of_batch(&app, &w, &batch).await["frequency"], "replacement");
        assert!(text.contains(":B:7*") && text.contains("REF*F8*ICN-1~") && text.contains("*UN*6*"), "{text}");
        ask(&app, &w, &claims[1], "void", "ICN-2").await.expect(200);
        let batch = build(&app, &w).await.expect(201);
        let text = golden(&app, &w, &batch, "void").await;
        assert!(text.contains(":B:8*") && text.contains("REF*F8*ICN-2~") && text.contains("*UN*4*"), "{text}");
    }
}
