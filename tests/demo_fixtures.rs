//! The visits of the demo against their README: each row is read, or refused at the field that the
//! README says. What needs the roster or the rules is checked by `tests/demo.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

use std::collections::{BTreeMap, BTreeSet};

use peerclaims::domain::dates::{Instant, Zone};
use peerclaims::flow::intake::draft::{Draft, Reading, parse};
use serde_json::Value;

/// The demo's calendar.
const NOW: &str = "2026-10-05T09:00:00-07:00";
/// Why a row that can be read is refused all the same: its neighbors or the roster say so.
const SEEN_LATER: [&str; 2] = ["roster", "reference_conflict"];

fn text(file: &str) -> String {
    let path = format!("{}/fixtures/demo/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect(file)
}

/// (file, row) -> (reference, answer, reason), from the README's table.
fn told() -> BTreeMap<(String, usize), (String, String, String)> {
    let readme = text("README.md");
    readme
        .lines()
        .filter(|line| line.starts_with("| encounters-"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let reason = cells[5].trim_matches('`').to_owned();
            let answer = (cells[3].to_owned(), cells[4].to_owned(), reason);
            ((cells[1].to_owned(), cells[2].parse().expect("a row")), answer)
        })
        .collect()
}

fn reading(zone: Option<&str>) -> Reading {
    Reading {
        local: zone.map(|z| Zone::parse(z).unwrap()),
        not_after: Some(Instant::parse(NOW).unwrap()),
    }
}

/// A draft from JSON; a field that nobody knows is a fault.
fn draft(value: &Value) -> Result<Draft, String> {
    let mut draft = Draft::default();
    for (name, value) in value.as_object().ok_or("not an object")? {
        let text = || value.as_str().map(str::to_owned);
        let part = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        match name.as_str() {
            "reference" => draft.reference = text(),
            "peer" => draft.peer = text(),
            "member" => (draft.member_payer, draft.member_number) = (part("payer"), part("number")),
            "activity" => draft.activity = text(),
            "role" => draft.role = text(),
            "started_at" => draft.started_at = text(),
            "ended_at" => draft.ended_at = text(),
            "mode" => draft.mode = text(),
            "setting" => draft.setting = text(),
            "authorization" => draft.authorization = text(),
            "note" => {
                draft.note_signed_at = part("signed_at");
                draft.note_plan_goal = part("plan_goal");
            }
            "diagnoses" => {
                let list = value.as_array().ok_or("diagnoses are a list")?;
                draft.diagnoses =
                    list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            other => return Err(format!("unknown field {other}")),
        }
    }
    Ok(draft)
}

fn json_line(line: &str) -> Result<Draft, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    draft(&value)
}

/// The rows of each file with the line they stand on.
fn rows() -> Vec<(&'static str, usize, Reading, Result<Draft, String>)> {
    let mut rows = Vec::new();
    let file = "encounters-river-bend.csv";
    let content = text(file);
    let content = content.strip_prefix('\u{feff}').expect("this file has a byte order mark");
    assert!(content.contains("\r\n"), "and CRLF");
    let mut table = csv::Reader::from_reader(content.as_bytes());
    for record in table.deserialize::<BTreeMap<String, String>>() {
        let record = record.unwrap();
        let column = |name: &str| record.get(name).filter(|t| !t.is_empty()).cloned();
        let cell = |name: &str| Some(record[name].clone()).filter(|t| !t.is_empty());
        let draft = Draft {
            reference: cell("reference"),
            peer: cell("peer"),
            member: cell("member"),
            member_payer: cell("member_payer"),
            member_number: cell("member_number"),
            activity: cell("activity"),
            service: cell("service"),
            role: cell("role"),
            started_at: cell("started_at"),
            ended_at: cell("ended_at"),
            mode: cell("mode"),
            setting: cell("setting"),
            diagnoses: cell("diagnoses")
                .map(|t| t.split(';').map(str::to_owned).collect())
                .unwrap_or_default(),
            authorization: cell("authorization"),
            note_signed_at: cell("note_signed_at"),
            note_plan_goal: cell("note_plan_goal"),
            program: column("program"),
            group_session: column("session"),
            group_size: column("group_size"),
            group_peers: column("group_peers"),
        };
        let line = rows.len() + 2;
        rows.push((file, line, reading(Some("America/Los_Angeles")), Ok(draft)));
    }
    for file in ["encounters-mesa-voices.ndjson", "encounters-open-door.ndjson"] {
        for (index, line) in text(file).lines().enumerate() {
            rows.push((file, index + 1, reading(None), json_line(line)));
        }
    }
    let file = "encounters-open-door-single.json";
    let list: Vec<Value> = serde_json::from_str(&text(file)).unwrap();
    for (index, value) in list.iter().enumerate() {
        rows.push((file, index + 1, reading(None), draft(value)));
    }
    rows
}

#[test]
fn every_row_is_read_or_refused_as_the_readme_says() {
    let mut told = told();
    let (mut read, mut refused) = (0, 0);
    for (file, line, reading, draft) in rows() {
        let place = format!("{file}:{line}");
        let flaw = told.remove(&(file.to_owned(), line));
        let (reference, answer, reason) = flaw.unwrap_or_default();
        let here = answer == "refused" && !SEEN_LATER.contains(&reason.as_str());
        let parsed = draft.and_then(|draft| {
            if !reference.is_empty() {
                assert_eq!(draft.reference.as_deref(), Some(reference.as_str()), "{place}");
            }
            parse(&draft, reading).map_err(|faults| {
                let pointers: Vec<String> = faults.into_iter().filter_map(|f| f.pointer).collect();
                pointers.join(" ")
            })
        });
        match parsed {
            Ok(_) => {
                assert!(!here, "{place} is read, and should be refused for {reason}");
                read += 1;
            }
            Err(why) => {
                assert!(here, "{place} is refused: {why}");
                assert!(
                    reason == "json" || why.starts_with(&reason),
                    "{place}: {why}, not {reason}"
                );
                refused += 1;
            }
        }
    }
    assert_eq!((read, refused), (402, 10));
    assert!(told.is_empty(), "the README tells of rows that are not there: {told:?}");
}

#[test]
fn every_organization_has_a_share_of_sound_flawed_and_refused_visits() {
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let mut reasons: BTreeSet<String> = BTreeSet::new();
    for (_, answer, reason) in told().into_values() {
        *answers.entry(answer).or_default() += 1;
        reasons.insert(reason);
    }
    assert_eq!(answers["held"], 57, "{answers:?}");
    assert_eq!(answers["non_billable"], 19);
    assert_eq!(answers["refused"], 13);
    assert_eq!(answers["repeat"], 1);
    // A rule of each family shows itself at least once.
    for rule in ["part2.no_consent", "limit.hold", "authorization.exhausted", "filing.late"] {
        assert!(reasons.contains(rule), "{rule}");
    }
}

#[test]
fn the_visit_that_the_first_ten_minutes_mend_waits_for_an_authorization() {
    let wanted = ("RB-0138".to_owned(), "held".to_owned(), "authorization.missing".to_owned());
    assert!(told().into_values().any(|answer| answer == wanted));
    let first = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    assert!(first.contains("RB-0138") && first.contains("RB-M06"));
    // The member of that visit is the one whom the README's authorization is for.
    let number = text("members.csv")
        .lines()
        .find(|l| l.contains(",RB-M06,"))
        .and_then(|l| l.split(',').nth(12).map(str::to_owned))
        .unwrap();
    let visits = text("encounters-river-bend.csv");
    assert!(visits.lines().any(|l| l.starts_with("RB-0138,") && l.contains(&number)));
}
