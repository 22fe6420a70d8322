//! A backup taken while the service works, put back as docs/operations.md says: the restored service
//! answers the same, and no control number comes twice.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{Database, TestApp, on_both};
use crate::program::{self, Program};
use crate::world::{self, World, id};

const MEMBERS: usize = 8;
/// Visits of the days that are compared.
const BEFORE: usize = 40;
/// Visits of earlier days, which are posted while the backup is made.
const MEANWHILE: usize = 40;

/// A program of PostgreSQL, wherever its package put it.
fn tool(name: &str) -> PathBuf {
    let mut found = Vec::new();
    for version in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        found.push(version.path().join("bin").join(name));
    }
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

fn postgres(name: &str, arguments: &[&str]) {
    let mut command = Command::new(tool(name));
    let output = command.args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a backup of the database at `url`, as the documentation says.
fn backup(url: &str, file: &str) {
    if url.starts_with("sqlite:") {
        let said = program::done(url, &["backup", file]);
        assert!(said.contains(" bytes  sha256 "), "{said}");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    } else {
        postgres("pg_dump", &["--format=custom", &format!("--file={file}"), url]);
    }
}

/// Puts a backup into a new database, as the documentation says.
fn restore(kind: &Database, file: &str) -> Database {
    let restored = match kind {
        Database::Sqlite { .. } => {
            let restored = Database::Sqlite { dir: tempfile::tempdir().unwrap().into() };
            let path = restored.url();
            std::fs::copy(file, path.strip_prefix("sqlite://").unwrap()).unwrap();
            restored
        }
        Database::Postgres { .. } => {
            let restored = Database::empty_postgres().unwrap();
            let into = format!("--dbname={}", restored.url());
            let how = ["--exit-on-error", "--single-transaction", "--no-owner"];
            postgres("pg_restore", &[&how[..], &[&into, file]].concat());
            restored
        }
    };
    program::done(&restored.url(), &["migrate"]);
    let said = program::done(&restored.url(), &["after-restore"]);
    assert!(said.contains("the next control number is 10"), "{said}");
    restored
}

/// What a service says of the days that are compared, byte for byte.
async fn said(program: &Program, w: &World, batch: &str) -> Vec<String> {
    let (from, to) = (program::day(-6), program::day(-2));
    let report = format!("/v1/reports/utilization?from={from}&to={to}&group_by=service");
    let encounters = format!("/v1/encounters?from={from}&to={to}&limit=200");
    let batch = format!("/v1/batches/{batch}");
    let mut all = Vec::new();
    for path in [report, encounters, format!("{batch}/837p"), format!("{batch}/csv"), batch] {
        let answer = program.get(&path, &w.biller).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.len() > 100, "{path}");
        let mut body = answer.body.clone();
        if path.contains("/reports/") {
            // The time up to which all is known moves on.
            let mut report: Value = serde_json::from_str(&body).unwrap();
            report.as_object_mut().unwrap().remove("as_of").unwrap();
            body = report.to_string();
        }
        all.push(format!("{path}\n{}\n{body}", answer.header("etag")));
    }
    all
}

async fn build(program: &Program, w: &World) -> Value {
    let wanted = json!({"payer": "lone-mesa", "through": program::day(-1)});
    let batch = program.post("/v1/batches", &w.biller, &wanted).await.expect(201);
    program.act(&format!("/v1/batches/{}/release", id(&batch)), &w.biller).await.expect(200);
    batch
}

on_both! {
    async fn control_numbers_go_on_from_other_software(app: TestApp) {
        let url = app.database.url();
        let say = |next: &str| program::done(&url, &["control-numbers", "--sender", "RIVERBEND01", "--receiver", "EVERGREENCHP", "--next", next]);
        assert!(say("4712").contains("RIVERBEND01:EVERGREENCHP: the next control number is 4712"));
        // Never back.
        assert!(say("9").contains("the next control number is 4712"));
        let next = "SELECT next_value FROM counters WHERE name = 'x12:RIVERBEND01:EVERGREENCHP'";
        assert_eq!(app.database.number(next), 4712);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM audit_entries WHERE action = 'service.control_numbers'"), 2);
        // The last number there is: after a restore there is none, which keeps no other pair back.
        say("999999999");
        let other = ["control-numbers", "--sender", "RIVERBEND01", "--receiver", "LONEMESA", "--next", "7"];
        program::done(&url, &other);
        let said = program::done(&url, &["after-restore"]);
        assert!(said.contains("RIVERBEND01:EVERGREENCHP: its control numbers are used up"), "{said}");
        assert!(said.contains("RIVERBEND01:LONEMESA: the next control number is 1007"), "{said}");
        let w = world::river_bend(&app, 1).await;
        let visit = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        app.post("/v1/encounters", &w.submitter, &visit).await.expect(201);
        let body = json!({"payer": "evergreen", "through": "2026-09-09"});
        app.post("/v1/batches", &w.biller, &body).await.problem(409, "wrong_status");
    }

    async fn who_reads_changes_misses_none_after_a_restore(app: TestApp) {
        let w = world::river_bend(&app, 1).await;
        let visit = world::visit("V-1", &w.peers[0], &w.members[0], "2026-07-01T16:00");
        let kept = app.post("/v1/encounters", &w.submitter, &visit).await.expect(201);
        let change = async |minutes: u32| {
            let end = json!({"ended_at": format!("2026-07-01T16:{minutes}:00Z")});
            crate::claim_changes::patch(&app, &w, "V-1", &end).await.expect(200);
        };
        let feed = async |cursor: &str| app.get(&format!("/v1/decisions/changes{cursor}"), &w.biller).await.expect(200);
        change(45).await;
        let first = "SELECT COUNT(*) FROM decision_changes";
        assert!(app.database.number(first) > 0, "{kept}");
        // A reader whose cursor is of changes that the backup does not have.
        let counter = "next_value FROM counters WHERE name LIKE 'changes:%'";
        app.database.execute("UPDATE counters SET next_value = next_value + 40 WHERE name LIKE 'changes:%'");
        change(30).await;
        let told = feed("").await;
        let cursor = format!("?cursor={}", told["next_cursor"].as_str().unwrap());
        app.database.execute("DELETE FROM decision_changes WHERE number > 20");
        app.database.execute("UPDATE counters SET next_value = next_value - 41 WHERE name LIKE 'changes:%'");
        let before = app.database.number(&format!("SELECT {counter}"));
        program::done(&app.database.url(), &["after-restore"]);
        assert!(app.database.number(&format!("SELECT {counter}")) > before + 1_000_000);
        change(45).await;
        assert_eq!(feed(&cursor).await["items"].as_array().unwrap().len(), 1);
    }

    async fn the_restored_service_answers_the_same(app: TestApp) {
        let days = (program::day(-200), program::day(200));
        let w = world::mesa_voices_in(&app, MEMBERS, (&days.0, &days.1)).await;
        let url = app.database.url();
        let visits = program::visits(&w, "R", BEFORE + MEANWHILE, 30);
        let (before, meanwhile) = visits.split_at(BEFORE);
        let service = Program::start(&app.database);
        for visit in before {
            service.post("/v1/encounters", &w.submitter, visit).await.expect(201);
        }
        let batch = id(&build(&service, &w).await);
        let first = said(&service, &w, &batch).await;

        // The service goes on working while the backup is made.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup").to_str().unwrap().to_owned();
        let (from, into) = (url.clone(), file.clone());
        let copying = tokio::task::spawn_blocking(move || backup(&from, &into));
        let posts = meanwhile.iter().map(|v| service.post("/v1/encounters", &w.submitter, v));
        for answer in join_all(posts).await {
            answer.expect(201);
        }
        copying.await.unwrap();
        // And after it: the payer gets a batch of which the backup knows nothing.
        let lost = build(&service, &w).await;
        service.terminate();
        assert!(service.ended().success());

        let kind = &app.database;
        let restored = tokio::task::block_in_place(|| restore(kind, &file));
        let service = Program::start(&restored);
        assert_eq!(said(&service, &w, &batch).await, first);
        // Everything is sent again: what the backup has is known, the rest is recorded.
        for (n, visit) in visits.iter().enumerate() {
            let answer = service.post("/v1/encounters", &w.submitter, visit).await;
            let known = answer.status == 200;
            assert!(known || (n >= BEFORE && answer.status == 201), "{n}: {}", answer.body);
        }
        let number = |sql: &str| restored.number(sql);
        assert_eq!(number("SELECT COUNT(*) FROM encounters"), 80);
        let next = build(&service, &w).await;
        let control = |b: &Value, name: &str| b[name].as_i64().unwrap();
        let highest = control(&lost, "group_control").max(control(&lost, "interchange_control"));
        assert!(control(&next, "interchange_control") > highest, "{next}");
        assert_eq!(control(&next, "lines"), 40, "{next}");
        // The ledger is the sum of the lines: two units for each visit, all of them billed.
        assert_eq!(number("SELECT CAST(SUM(consumed) AS BIGINT) FROM unit_entries"), 160);
        assert_eq!(number("SELECT CAST(SUM(reserved) AS BIGINT) FROM unit_entries"), 0);
    }
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_no_half() {
    let database = Database::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("taken"), "precious").unwrap();
    let refused = program::run(&database.url(), &["backup", &path("taken")]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(path("taken")).unwrap(), "precious");
    // A database with a reference that leads nowhere is not called a backup.
    database.execute(
        "PRAGMA foreign_keys = OFF; \
         INSERT INTO locations (organization_id, id, key, name, line1, city, state, zip) \
         VALUES (1, 1, 'x', 'x', 'x', 'x', 'WA', '99201')",
    );
    let damaged = program::run(&database.url(), &["backup", &path("new")]);
    let said = String::from_utf8(damaged.stderr).unwrap();
    assert_eq!(damaged.status.code(), Some(1), "{said}");
    assert!(said.contains("lead nowhere"), "{said}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["taken"]);
    let nowhere = program::run("sqlite:///nowhere/at/all.db", &["backup", &path("other")]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(!Path::new(&path("other")).exists());
    let elsewhere = program::run("postgres://localhost/x", &["backup", &path("other")]);
    assert!(String::from_utf8(elsewhere.stderr).unwrap().contains("pg_dump --format=custom"));
}
