//! The program as a person at a terminal meets it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    let url = format!("sqlite://{}", folder.join("test.db").display());
    command.args(arguments).current_dir(folder).env_remove("PEERCLAIMS_CONFIG");
    command.env("PEERCLAIMS__DATABASE__URL", url).env("PEERCLAIMS__HTTP__LISTEN", "127.0.0.1:0");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let early = run(folder.path(), &["keys", "create", "--role", "admin"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(text(&early.stderr).contains("peerclaims migrate"));
    assert!(early.stdout.is_empty());
    assert!(run(folder.path(), &["migrate"]).status.success());

    let label = ["keys", "create", "--role", "admin", "--label", "desk", "--expires-days", "30"];
    let made = run(folder.path(), &label);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let key = text(&made.stdout);
    assert!(key.starts_with("pck_") && key.ends_with('\n') && key.lines().count() == 1, "{key}");
    assert!(!text(&made.stderr).contains(key.trim()));

    let listed = text(&run(folder.path(), &["keys", "list"]).stdout);
    assert!(listed.contains("desk") && !listed.contains(&key.trim()[18..]), "{listed}");
    let id = format!("key_{}", &key[4..17]);
    assert!(run(folder.path(), &["keys", "revoke", &id]).status.success());
    let unknown = run(folder.path(), &["keys", "revoke", "key_0000000000001"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn wrong_usage_is_exit_code_two_and_failure_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [&["nothing"][..], &["keys", "create", "--role", "king"], &["keys", "create"]] {
        assert_eq!(run(folder.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert!(run(folder.path(), &["migrate"]).status.success());
    for failing in [
        &["keys", "create", "--role", "biller"][..],
        &["keys", "create", "--role", "biller", "--organization", "nobody"],
        &["--config", "nowhere.toml", "check-config"],
    ] {
        let output = run(folder.path(), failing);
        assert_eq!(output.status.code(), Some(1), "{failing:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{failing:?}");
        assert!(output.stdout.is_empty(), "{failing:?}");
    }
}

#[test]
fn a_year_is_brought_in_to_its_end_and_what_is_refused_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, year) = (folder.path(), folder.path().join("year"));
    assert!(run(path, &["migrate"]).status.success());
    let made = run(path, &["synth", "--encounters", "60", "--seed", "1", "--out", "year"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    // A row that cannot be read in the first file, so that one is refused whatever the day is.
    let first = year.join("encounters/mesa-voices/2026-01.csv");
    let rows = std::fs::read_to_string(&first).unwrap();
    let header = rows.lines().next().unwrap();
    std::fs::write(&first, format!("{rows}broken\n")).unwrap();
    let mut import = Command::new("sh");
    import.arg("year/import.sh").current_dir(path).env_remove("PEERCLAIMS_CONFIG");
    import.env("PEERCLAIMS", env!("CARGO_BIN_EXE_peerclaims"));
    let url = format!("sqlite://{}", path.join("test.db").display());
    let done = import.env("PEERCLAIMS__DATABASE__URL", url).output().unwrap();
    let (out, said) = (text(&done.stdout), text(&done.stderr));
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.ends_with("what was refused, and why, is told above.\n"), "{said}");
    // Three organizations have a file for each month, and each was read.
    let counted = out.lines().filter(|line| line.starts_with("refused: ")).count();
    assert_eq!(counted, 36, "{out}\n{said}");

    // Neither a file whose lines end in CR nor a row with one within passes for an empty one.
    for wrong in [format!("{header}\ra,b\rc,d\r"), format!("{header}\r\na,b\rc,d\r\n")] {
        std::fs::write(path.join("cr.csv"), &wrong).unwrap();
        let bad = run(path, &["import", "encounters", "cr.csv", "--organization", "mesa-voices"]);
        assert_eq!(bad.status.code(), Some(1), "{wrong}");
        assert!(text(&bad.stderr).contains("carriage return"), "{}", text(&bad.stderr));
    }
}

#[test]
fn lines_go_to_the_standard_output_with_their_end() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    let report = |more: &[&str]| {
        let period = ["report", "lines", "--from", "2026-07-01", "--to", "2026-07-31"];
        run(folder.path(), &[&period[..], more].concat())
    };
    let csv = report(&[]);
    assert!(csv.status.success(), "{}", text(&csv.stderr));
    let csv = text(&csv.stdout);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[0].starts_with("level,organization,payer,status,claim_number,"), "{csv}");
    assert!(lines[1].starts_with("total,") && lines[1].ends_with(",true,,false,"), "{csv}");
    let json: serde_json::Value =
        serde_json::from_slice(&report(&["--format", "json"]).stdout).unwrap();
    assert_eq!((&json["rows"], &json["ties"]["ties"]), (&serde_json::json!([]), &true.into()));
    let parquet = report(&["--format", "parquet"]).stdout;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    assert!(text(&report(&["--format", "dictionary"]).stdout).contains("\r\nline_control,text,"));
    assert!(report(&["--format", "xlsx"]).stdout.starts_with(b"PK"));
    let wrong = report(&["--format", "svg"]);
    assert_eq!((wrong.status.code(), wrong.stdout.is_empty()), (Some(1), true));
    assert_eq!(report(&["--as-payer"]).status.code(), Some(2));
}

#[test]
fn check_config_hides_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = command(folder.path(), &["check-config"]);
    check.env("PEERCLAIMS__DATABASE__URL", "postgres://user:hunter2@localhost/x");
    let output = check.output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("postgres://user:***@localhost/x"));
    // It tells every setting that there is.
    let defaults: toml::Table = toml::from_str(peerclaims::config::DEFAULTS).unwrap();
    for (section, keys) in &defaults {
        for key in keys.as_table().unwrap().keys() {
            let start = format!("{section}.{key} = ");
            assert!(text(&output.stdout).lines().any(|line| line.starts_with(&start)), "{start}");
        }
    }
    assert!(!text(&output.stdout).contains("hunter2"));
}

#[test]
fn a_service_starts_answers_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = command(folder.path(), &["serve"]);
    serve.env("PEERCLAIMS__LOG__FORMAT", "json").stderr(Stdio::piped());
    let mut process = serve.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the service ended").unwrap();
        let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if line["message"] == "listening" {
            break line["address"].as_str().unwrap().to_owned();
        }
    };
    let mut connection = TcpStream::connect(&address).unwrap();
    // The connection stays open: an idle client must not hold up the end.
    connection
        .write_all(b"GET /v1/members/mem_secret?name=Marigold HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");

    let told = Instant::now();
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let rest: String = lines.map(|line| line.unwrap() + "\n").collect();
    assert!(process.wait().unwrap().success(), "{rest}");
    assert!(told.elapsed() < Duration::from_secs(30));
    assert!(rest.contains("\"request_id\":\"req_"), "{rest}");
    assert!(rest.contains("\"code\":\"unauthorized\""), "{rest}");
    assert!(!rest.contains("mem_secret") && !rest.contains("Marigold"), "{rest}");
}
