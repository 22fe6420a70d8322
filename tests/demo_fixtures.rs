//! The fixtures of the demo: what is invented is what `peerclaims synth` writes, and each row that was
//! written by hand is read, or refused at the field that their README says. What needs the roster or
//! the rules is checked by `tests/demo.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peerclaims::domain::dates::{Instant, Zone};
use peerclaims::flow::intake::draft::{Draft, Reading, parse};
use peerclaims::synth::{self, Form, Shares, Wanted, Year};
use serde_json::Value;

/// The demo's calendar.
const NOW: &str = "2027-01-05T09:00:00-08:00";
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
        .filter(|line| line.starts_with("| by-hand/"))
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
            "group" => {
                let count = |key: &str| value.get(key).map(ToString::to_string);
                draft.group_session = part("session");
                (draft.group_size, draft.group_peers) = (count("size"), count("peers"));
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

/// The members' parts in a session, each as a visit that names it.
fn members(session: &Value) -> Vec<Value> {
    let mut shared = session.as_object().unwrap().clone();
    let parts = shared.remove("members").unwrap();
    let (reference, size) = (shared.remove("reference"), shared.remove("size"));
    shared.insert("group".into(), serde_json::json!({"session": reference, "size": size}));
    let part = |part: &Value| {
        let mut visit = shared.clone();
        visit.extend(part.as_object().unwrap().clone());
        Value::Object(visit)
    };
    parts.as_array().unwrap().iter().map(part).collect()
}

/// The rows of each file with the line they stand on.
fn rows() -> Vec<(&'static str, usize, Reading, Result<Draft, String>)> {
    let mut rows = Vec::new();
    let file = "by-hand/river-bend.csv";
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
            member_absent: None,
            group_session: column("session"),
            group_size: column("group_size"),
            group_peers: column("group_peers"),
        };
        let line = rows.len() + 2;
        rows.push((file, line, reading(Some("America/Los_Angeles")), Ok(draft)));
    }
    let file = "by-hand/mesa-voices.ndjson";
    for (index, line) in text(file).lines().enumerate() {
        rows.push((file, index + 1, reading(None), json_line(line)));
    }
    let file = "by-hand/open-door.json";
    let list: Vec<Value> = serde_json::from_str(&text(file)).unwrap();
    for (index, value) in list.iter().enumerate() {
        rows.push((file, index + 1, reading(None), draft(value)));
    }
    let file = "by-hand/open-door-group.json";
    for (index, value) in members(&serde_json::from_str(&text(file)).unwrap()).iter().enumerate() {
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
    assert_eq!((read, refused), (21, 11));
    assert!(told.is_empty(), "the README tells of rows that are not there: {told:?}");
}

/// Writes the year as its README says.
fn invented(form: Form, out: &Path) {
    let (year, shares) = (Year::new(2026).unwrap(), Shares::default());
    let wanted = Wanted { encounters: 2_000, seed: 1, year, organizations: None, shares, form };
    let written = synth::write(&wanted, out).unwrap();
    assert_eq!((written.encounters, written.members), (2_000, 150));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

/// What is invented: by its path below the demo's folder.
fn wanted() -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let (csv, json) = (dir.path().join("csv"), dir.path().join("json"));
    invented(Form::Csv, &csv);
    invented(Form::NdJson, &json);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut wanted = BTreeMap::new();
    for file in files(&csv).iter().filter(|f| f.extension().is_some_and(|e| e == "csv")) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        wanted.insert(name, read(file));
    }
    for (run, organization) in [(&csv, "river-bend"), (&json, "mesa-voices"), (&json, "open-door")]
    {
        for file in files(&run.join("encounters").join(organization)) {
            let name = file.strip_prefix(run).unwrap().to_str().unwrap().to_owned();
            wanted.insert(name, read(&file));
        }
    }
    // Each organization's flaws by the lines of its own form.
    let is_json = |line: &str| line.starts_with("mesa-voices,") || line.starts_with("open-door,");
    let both = [(&csv, false), (&json, true)].map(|(run, json)| {
        let text = read(&run.join("flaws.csv"));
        let lines: Vec<String> =
            text.lines().filter(|l| is_json(l) == json).map(|l| format!("{l}\n")).collect();
        lines.concat()
    });
    // The header stands in the first part, and is none of an organization with JSON.
    let [first, second] = both;
    let second = second.lines().filter(|l| !l.starts_with("organization,"));
    let second: String = second.flat_map(|l| [l, "\n"]).collect();
    wanted.insert("flaws.csv".to_owned(), first + &second);
    wanted
}

#[test]
fn what_is_invented_is_what_synth_writes() {
    for (name, content) in wanted() {
        assert!(text(&name) == content, "fixtures/demo/{name} is not what synth writes");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo/encounters");
    let there: usize = files(&folder).iter().map(|f| files(f).len()).sum();
    assert_eq!(there, 36, "nothing else stands among what is invented");
}

#[test]
fn the_visit_that_the_first_ten_minutes_mend_waits_for_an_authorization() {
    let line = "RB-00678,no_authorization,held,authorization.missing";
    assert!(text("flaws.csv").lines().any(|l| l.ends_with(line)));
    let first = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    assert!(first.contains("RB-00678") && first.contains("RB-M036"));
    // The member of that visit is the one whom the README's authorization is for.
    let number = text("members.csv")
        .lines()
        .find(|l| l.contains(",RB-M036,"))
        .and_then(|l| l.split(',').nth(12).map(str::to_owned))
        .unwrap();
    let visits = text("encounters/river-bend/2026-11.csv");
    assert!(visits.lines().any(|l| l.starts_with("RB-00678,") && l.contains(&number)));
}
