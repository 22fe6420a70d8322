//! Sessions that come in files, by the command line, and all at once.

use serde_json::{Value, json};

use super::{PATH, each, part, session};
use crate::app::{TestApp, on_both};
use crate::world::{self, answers, rules, visit};

on_both! {
    async fn uploads_bring_sessions_in_every_form(app: TestApp) {
        let w = world::river_bend(&app, 4).await;
        let lines = [
            session(&w, "S-1", "2026-07-01", 5, &[0, 1]),
            json!({"reference": "S-2"}),
            session(&w, "S-3", "2026-07-03", 1, &[0, 1]),
            session(&w, "S-4", "2026-07-04", 4, &[2, 3]),
        ];
        let statuses = |rows: &[Value]| rows.iter().map(|r| r["status"].as_u64().unwrap()).collect::<Vec<_>>();
        let text = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let path = "/v1/sessions/bulk";
        let rows = answers(&world::body(&app, path, &w.submitter, "application/x-ndjson", text).await);
        assert_eq!(statuses(&rows), [201, 422, 422, 201], "{rows:#?}");
        assert_eq!(each(&rows[3]["session"], "disposition"), ["ready", "ready"]);
        assert_eq!((&rows[2]["error"]["faults"][0]["pointer"], &rows[2]["error"]["faults"][0]["line"]), (&json!("/size"), &json!(3)));
        let list = serde_json::to_string_pretty(&lines).unwrap();
        let again = answers(&world::body(&app, path, &w.submitter, "application/json", list).await);
        assert_eq!(statuses(&again), [200, 422, 422, 200]);
        assert_eq!(again[2]["error"]["faults"][0]["pointer"], "/2/size");
        world::body(&app, path, &w.submitter, "text/csv", "x").await.problem(415, "unsupported_media_type");
        // Rows of a spreadsheet find together by the session that they name.
        let header = "reference,peer,member,activity,started_at,ended_at,mode,setting,diagnoses,note_signed_at,session,group_size,group_peers";
        let row = |n: usize, size: &str| format!("C-{n},1987654328,evergreen:EV100{n},group_support,2026-07-06 09:00,\
            2026-07-06 10:00,in_person,office,F32.9,2026-07-06 12:00,S-6,{size},");
        let text = [header.to_owned(), row(0, "4"), row(1, "4"), row(2, "5"), row(3, "many")].join("\n");
        let rows = answers(&world::body(&app, "/v1/encounters/bulk", &w.submitter, "text/csv", text.clone()).await);
        assert_eq!(statuses(&rows), [201, 201, 201, 422], "{rows:#?}");
        assert_eq!(rows[3]["error"]["faults"][0]["column"], "group_size");
        assert_eq!(rules(&rows[2]["encounter"]), ["session.disagrees"]);
        assert_eq!(rows[1]["encounter"]["disposition"], "ready");
        let found = app.get(&format!("{PATH}?reference=S-6"), &w.submitter).await.expect(200);
        assert_eq!((&found["items"][0]["billed"], &found["items"][0]["size"]), (&json!(3), &json!(4)));
        // With the size that is right, the upload revises the one that was wrong.
        let fixed = text.replace("S-6,5", "S-6,4");
        let rows = answers(&world::body(&app, "/v1/encounters/bulk?on_conflict=revise", &w.submitter, "text/csv", fixed).await);
        assert_eq!(statuses(&rows), [200, 200, 200, 422]);
        assert_eq!((&rows[2]["revised"], &rows[2]["encounter"]["disposition"]), (&json!(true), &json!("ready")));
    }

    async fn sixteen_at_once_make_one_session(app: TestApp) {
        let w = world::river_bend(&app, 16).await;
        let posts = (0..16).map(|n| {
            let body = part(&w, &format!("V-{n}"), n, "S-1", 10);
            let (app, key) = (&app, &w.submitter);
            async move { app.post("/v1/encounters", key, &body).await }
        });
        let seen = futures_util::future::join_all(posts).await;
        let seen: Vec<Value> = seen.into_iter().map(|a| a.expect(201)).collect();
        // Ten were present, so ten can be billed, whoever came first.
        assert_eq!(seen.iter().filter(|e| e["disposition"] == "ready").count(), 10);
        assert!(seen.iter().filter(|e| e["disposition"] == "held").all(|e| rules(e) == ["session.disagrees"]));
        assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions"), 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM session_encounters"), 16);
    }

    async fn the_command_line_brings_sessions_and_corrections(app: TestApp) {
        let w = world::river_bend(&app, 2).await;
        let folder = tempfile::tempdir().unwrap();
        let run = |kind: &str, name: &str, text: String, more: &[&str]| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_peerclaims"))
                .env("PEERCLAIMS__DATABASE__URL", app.database.url())
                .args(["import", kind]).arg(&file).args(["--organization", "river-bend"]).args(more)
                .output().unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            (output.status.success(), text(output.stdout), text(output.stderr))
        };
        let good = session(&w, "S-1", "2026-07-01", 5, &[0, 1]);
        let done = run("sessions", "s.ndjson", good.to_string(), &[]);
        assert_eq!((done.0, done.1.as_str()), (true, "recorded: 1 sessions, 2 visits\nrepeated: 0\nrefused: 0\n"), "{}", done.2);
        let bad = session(&w, "S-2", "2026-07-02", 1, &[0, 1]);
        let done = run("sessions", "s.json", json!([good, bad]).to_string(), &[]);
        assert!(!done.0 && done.1.contains("repeated: 1\nrefused: 1"), "{}", done.1);
        assert!(done.2.contains("line 1: /1/size: more members"), "{}", done.2);
        assert!(!run("sessions", "s.csv", String::new(), &[]).0);
        let mut visit = visit("V-1", &w.peers[0], &w.members[0], "2026-07-03T16:00");
        assert!(run("encounters", "v.json", json!([visit]).to_string(), &[]).0);
        visit["setting"] = json!("home");
        assert!(!run("encounters", "v.json", json!([visit]).to_string(), &[]).0);
        let done = run("encounters", "v.json", json!([visit]).to_string(), &["--on-conflict", "revise"]);
        assert!(done.0 && done.1.contains("revised: 1"), "{} {}", done.1, done.2);
    }
}
