//! The demo from end to end: what the README of its fixtures promises is what the service answers,
//! the numbers tie, and a second run tells the same story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use peerclaims::domain::money::Money;
use peerclaims::flow::again::{self, Round, Turn};
use peerclaims::flow::{Clock, Ctx};
use peerclaims::store::Db;
use serde_json::Value;

/// Where CI collects 837P files for pyx12.
const KEPT: &str = "PEERCLAIMS_837P_DIR";

/// Files of visits written by hand, and where the answers to them are kept.
const BY_HAND: [(&str, &str); 4] = [
    ("by-hand/river-bend.csv", "answers-by-hand-river-bend.ndjson"),
    ("by-hand/mesa-voices.ndjson", "answers-by-hand-mesa-voices.ndjson"),
    ("by-hand/open-door.json", "answers-by-hand-open-door.ndjson"),
    ("by-hand/open-door-group.json", "answers-by-hand-open-door-group.ndjson"),
];

/// Organizations with the ending of their files.
const ORGANIZATIONS: [(&str, &str); 3] =
    [("river-bend", "csv"), ("mesa-voices", "ndjson"), ("open-door", "ndjson")];

/// All files of visits, and where the answers to them are kept.
fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        BY_HAND.iter().map(|(file, answers)| ((*file).into(), (*answers).into())).collect();
    for (organization, ending) in ORGANIZATIONS {
        for month in 1..=12 {
            files.push((
                format!("encounters/{organization}/2026-{month:02}.{ending}"),
                format!("answers-{organization}-2026-{month:02}.ndjson"),
            ));
        }
    }
    files
}

fn demo(out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
    command.args(["demo", "--exit", "--out"]).arg(out).args(more);
    // The demo must not care for settings around it.
    command.env("PEERCLAIMS__DATABASE__URL", "nonsense");
    command.output().unwrap()
}

fn told(out: &Path) -> String {
    let output = demo(out, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = out.canonicalize().unwrap();
    String::from_utf8(output.stdout).unwrap().replace(path.to_str().unwrap(), "OUT")
}

fn read(out: &Path, name: &str) -> String {
    std::fs::read_to_string(out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// (file, row) -> (reference, answer, reason), from the README's table and from `flaws.csv`.
fn told_beforehand() -> BTreeMap<(String, u64), (String, String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let by_hand = read(&path, "README.md");
    let by_hand = by_hand.lines().filter(|line| line.starts_with("| by-hand/")).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let answer = (cells[3].into(), cells[4].into(), cells[5].trim_matches('`').into());
        ((cells[1].into(), cells[2].parse().unwrap()), answer)
    });
    let invented = read(&path, "flaws.csv");
    let invented = invented.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let file = format!("encounters/{}/{}", cells[0], cells[1]);
        let answer = (cells[3].into(), cells[5].into(), cells[6].into());
        ((file, cells[2].parse().unwrap()), answer)
    });
    by_hand.chain(invented).collect()
}

fn first_finding(encounter: &Value) -> String {
    let serious = |f: &&Value| f["severity"] != "warn";
    let first = encounter["findings"].as_array().unwrap().iter().find(serious);
    first.map(|f| f["rule"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// What was answered to a row, in the words of the README.
fn answered(row: &Value) -> (String, String) {
    match row["status"].as_u64().unwrap() {
        200 => ("repeat".into(), String::new()),
        201 => {
            let encounter = &row["encounter"];
            let disposition = encounter["disposition"].as_str().unwrap();
            (disposition.into(), first_finding(encounter))
        }
        _ => {
            let error = &row["error"];
            let faults = error["faults"].as_array().cloned().unwrap_or_default();
            let pointer = faults.first().and_then(|f| f["pointer"].as_str().map(str::to_owned));
            let column = faults.first().and_then(|f| f["column"].as_str()).map(|c| format!("/{c}"));
            let place = pointer.or(column).unwrap_or_default();
            let code = error["code"].as_str().unwrap();
            let reason = if code == "reference_conflict" { code.to_owned() } else { place };
            ("refused".into(), reason)
        }
    }
}

#[test]
fn every_row_is_answered_as_the_fixtures_say() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    told(&out);
    let mut flaws = told_beforehand();
    let mut rows = 0;
    for (file, answers) in files() {
        for line in read(&out, &answers).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let place = (file.clone(), row["line"].as_u64().unwrap());
            let (answer, reason) = answered(&row);
            let said = format!("{place:?}: {answer} {reason}");
            match flaws.remove(&place) {
                None => assert_eq!((answer.as_str(), reason.as_str()), ("ready", ""), "{said}"),
                Some((reference, wanted, why)) => {
                    assert_eq!(answer, wanted, "{said}");
                    // Nobody of that name, and lines that cannot be read, have no field of their own.
                    let same = why == reason || why == "roster" || why == "json";
                    assert!(same, "{said}, not {why}");
                    if answer != "refused" {
                        assert_eq!(row["encounter"]["reference"], reference.as_str(), "{said}");
                    }
                }
            }
            rows += 1;
        }
    }
    assert_eq!(rows, 2_032);
    assert!(flaws.is_empty(), "not answered: {flaws:?}");
    assert_eq!(next_turn(&out), Turn::Idle, "what visitors mend waits behind nothing");
}

/// What the worker would do next on the demo's database.
fn next_turn(out: &Path) -> Turn {
    let url = format!("sqlite://{}", out.join("peerclaims.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ctx = Ctx::new(Db::open(&url, 2).unwrap(), Clock::default(), 900);
        again::turn(&ctx, &mut Round::default()).await.unwrap()
    })
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Sum of a column of a CSV file, and its number of rows.
fn column(out: &Path, file: &str, name: &str) -> (Money, usize) {
    let text = read(out, file);
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let place = table.headers().unwrap().iter().position(|h| h == name);
    let place = place.unwrap_or_else(|| panic!("{file} has no column {name}: {text:.300}"));
    let cells: Vec<Money> = table.records().map(|r| money(&r.unwrap()[place])).collect();
    (cells.iter().copied().sum(), cells.len())
}

/// CLM02 of all claims of an 837P file, read with nothing but its own delimiters.
fn claims(text: &str) -> (Money, usize) {
    let element = text.chars().nth(3).unwrap();
    let segment = text.chars().nth(105).unwrap();
    let charges: Vec<Money> = text
        .split(segment)
        .map(|s| s.trim().split(element).collect::<Vec<_>>())
        .filter(|s| s[0] == "CLM")
        .map(|s| money(s[2]))
        .collect();
    (charges.iter().copied().sum(), charges.len())
}

#[test]
fn the_numbers_tie_and_a_second_run_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let first = told(&out);
    let report: Value = serde_json::from_str(&read(&out, "report.json")).unwrap();
    assert_eq!(report["ties"]["ties"], true, "{}", report["ties"]);
    let totals = report["totals"].clone();
    let count = |name: &str| totals[format!("encounters_{name}")].as_i64().unwrap();
    let parts = ["ready", "held", "non_billable", "claimed", "submitted"].map(count);
    assert_eq!(count("recorded"), parts.iter().sum::<i64>());
    let foreseen = told_beforehand();
    let answered = |answer: &str| foreseen.values().filter(|told| told.1 == answer).count();
    let counted = |name: &str| usize::try_from(count(name)).unwrap();
    assert_eq!(counted("recorded"), 2_032 - answered("refused") - answered("repeat"));
    assert_eq!(counted("held"), answered("held"));
    assert_eq!(counted("non_billable"), answered("non_billable"));
    assert_eq!((count("ready"), count("claimed")), (0, 0));

    let (mut billed, mut lines, mut written, mut number) = (Money::ZERO, 0, Money::ZERO, 0);
    for (organization, _) in ORGANIZATIONS {
        for month in 1..=12 {
            let table = format!("batch-{organization}-2026-{month:02}.csv");
            let (charge, rows) = column(&out, &table, "charge");
            (billed, lines) = (billed + charge, lines + rows);
        }
    }
    let files = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().path());
    for file in files.filter(|p| p.extension().is_some_and(|e| e == "837")) {
        let (charge, claims) = claims(&std::fs::read_to_string(&file).unwrap());
        (written, number) = (written + charge, number + claims);
        keep(&file);
    }
    // Two visits of a day with the same peer are one claim, at some payers even one line.
    assert!(number <= lines && lines < counted("submitted"), "{number} {lines}");
    assert_eq!(billed, money(totals["billed"].as_str().unwrap()));
    assert_eq!(written, billed);

    let second = told(&out);
    assert_eq!(first, second);
    let again: Value = serde_json::from_str(&read(&out, "report.json")).unwrap();
    assert_eq!((&again["totals"], &again["rows"]), (&report["totals"], &report["rows"]));
}

/// For pyx12, when CI asks for it.
fn keep(file: &Path) {
    if let Ok(folder) = std::env::var(KEPT) {
        let name = format!("demo_{}", file.file_name().unwrap().to_str().unwrap());
        std::fs::copy(file, Path::new(&folder).join(name)).unwrap();
    }
}

#[test]
fn a_strangers_file_and_a_taken_port_stop_the_demo_before_it_changes_anything() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("peerclaims.db"), b"somebody's own").unwrap();
    let output = demo(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("peerclaims.db") && said.contains("--out"), "{said}");
    assert_eq!(read(dir.path(), "peerclaims.db"), "somebody's own");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let out = dir.path().join("out");
    let output = demo(&out, &["--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
    assert!(!out.exists());
}
