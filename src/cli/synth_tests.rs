//! What is invented goes through the doors of real work: all of it is taken, and each row is
//! answered as was foreseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::import::{Kind, load_file};
use crate::domain::dates::Instant;
use crate::domain::finding::Severity;
use crate::domain::identifiers::Key;
use crate::flow::access::find_names;
use crate::flow::intake::{self, CHUNK_ROWS, OnConflict, Reading, Recorded};
use crate::flow::{Clock, Ctx, encounters};
use crate::http::bulk_rows::{Form as Upload, Rows};
use crate::store::{Db, migrate};
use crate::synth::flaws::{Flaw, Of};
use crate::synth::{self, Form, Shares, Wanted, Year};

fn wanted(encounters: u64, seed: u64) -> Wanted {
    let (year, shares) = (Year::new(2026).unwrap(), Shares::default());
    Wanted { encounters, seed, year, organizations: None, shares, form: Form::Csv }
}

/// All files below a folder, by their path from there, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn digest(folder: &Path) -> String {
    let mut hash = Sha256::new();
    for file in files(folder) {
        hash.update(file.strip_prefix(folder).unwrap().to_str().unwrap().as_bytes());
        hash.update(std::fs::read(&file).unwrap());
    }
    hash.finalize().iter().fold(String::new(), |text, b| text + &format!("{b:02x}"))
}

fn written(wanted: &Wanted) -> (tempfile::TempDir, synth::Written) {
    let dir = tempfile::tempdir().unwrap();
    let written = synth::write(wanted, &dir.path().join("out")).unwrap();
    (dir, written)
}

#[test]
fn the_same_seed_writes_the_same_bytes_on_every_machine() {
    let (dir, _) = written(&wanted(500, 1));
    // Packs and contracts are copies, which may change; what is invented may not.
    std::fs::remove_dir_all(dir.path().join("out/packs")).unwrap();
    std::fs::remove_dir_all(dir.path().join("out/contracts")).unwrap();
    let golden = "e540413eb4a89134e9bab2d0cd6680e350ce14a061089eec7a0f29dd3189d03d";
    assert_eq!(digest(&dir.path().join("out")), golden);
    let (other, _) = written(&wanted(500, 2));
    let visits =
        |dir: &Path| std::fs::read(dir.join("out/encounters/river-bend/2026-03.csv")).unwrap();
    assert_ne!(visits(dir.path()), visits(other.path()));
}

#[test]
fn a_folder_with_something_in_it_and_a_number_that_is_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wages.xlsx"), b"mine").unwrap();
    let error = synth::write(&wanted(10, 1), dir.path()).unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(files(dir.path()).len(), 1);
    for number in [0, synth::MOST_ENCOUNTERS + 1] {
        assert!(synth::write(&wanted(number, 1), &dir.path().join("new")).is_err());
    }
    assert!(!dir.path().join("new").exists());
}

/// File and line -> (flaw, answer, rule) of an organization.
type Told = BTreeMap<(String, u64), (String, String, String)>;

fn told(folder: &Path) -> BTreeMap<String, Told> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    let mut table = csv::Reader::from_path(folder.join("flaws.csv")).unwrap();
    for record in table.records() {
        let record = record.unwrap();
        let cell = |at: usize| record[at].to_owned();
        let place = (cell(1), cell(2).parse().unwrap());
        all.entry(cell(0)).or_default().insert(place, (cell(4), cell(5), cell(6)));
    }
    all
}

/// A database of its own with all reference data.
async fn loaded(folder: &Path, year: Year) -> Db {
    let url = format!("sqlite://{}", folder.join("test.db").display());
    migrate(&url).unwrap();
    let db = Db::open(&url, 2).unwrap();
    let ctx = Ctx::new(db.clone(), clock(&year.first().to_string()), 1);
    let out = folder.join("out");
    let kinds = [
        (Kind::Payers, "payers"),
        (Kind::Organizations, "organizations"),
        (Kind::Locations, "locations"),
        (Kind::Packs, "packs/"),
        (Kind::Contracts, "contracts/"),
        (Kind::Peers, "peers"),
        (Kind::Certificates, "certificates"),
        (Kind::Members, "members"),
        (Kind::Coverages, "coverages"),
        (Kind::Authorizations, "authorizations"),
        (Kind::Episodes, "episodes"),
    ];
    for (kind, start) in kinds {
        let fits =
            |path: &&PathBuf| path.strip_prefix(&out).unwrap().to_str().unwrap().starts_with(start);
        for file in files(&out).iter().filter(fits) {
            let counts =
                load_file(&ctx, kind, file, None).await.unwrap_or_else(|e| panic!("{file:?}: {e}"));
            assert_eq!((counts.updated, counts.unchanged), (0, 0), "{file:?}");
        }
    }
    db
}

fn clock(day: &str) -> Clock {
    Clock::starting_at(Instant::parse(&format!("{day}T17:00:00Z")).unwrap())
}

/// Sends a file; each row was taken.
async fn send(ctx: &Ctx, organization: &str, file: &Path, form: Form) -> Vec<(u64, Recorded)> {
    let (tenant, _) = find_names(ctx, Some(organization), None).await.unwrap();
    let tenant = tenant.unwrap();
    let (upload, local) = match form {
        Form::Csv => (Upload::Csv, Some(encounters::zone(ctx, tenant).await.unwrap())),
        Form::NdJson => (Upload::NdJson, None),
    };
    let reading = Reading { local, not_after: Some(ctx.now()) };
    let source = BufReader::new(File::open(file).unwrap());
    let mut rows = Rows::begin(source, upload, reading).unwrap();
    let mut answers = Vec::new();
    loop {
        let (mut lines, mut parsed) = (Vec::new(), Vec::new());
        while lines.len() < CHUNK_ROWS {
            let Some(row) = rows.next_row().unwrap() else { break };
            lines.push(row.line);
            parsed.push(row.parsed.unwrap_or_else(|e| panic!("{file:?} {}: {e:?}", row.line)));
        }
        if lines.is_empty() {
            return answers;
        }
        let results = intake::record(ctx, tenant, parsed, OnConflict::Refuse).await.unwrap();
        for (line, result) in lines.into_iter().zip(results) {
            let recorded = result.unwrap_or_else(|e| panic!("{file:?} {line}: {e:?}"));
            assert!(recorded.fresh, "{file:?} {line}");
            answers.push((line, recorded));
        }
    }
}

/// Sends the year month by month, each file on the fifth of the next month, and compares each answer
/// with what was foreseen. How often each flaw showed itself.
async fn the_year_goes_through(wanted: &Wanted) -> BTreeMap<String, u64> {
    let (dir, summary) = written(wanted);
    let out = dir.path().join("out");
    let db = loaded(dir.path(), wanted.year).await;
    let mut told = told(&out);
    let year = wanted.year.number();
    let (mut seen, mut rows, mut wrong) = (BTreeMap::new(), 0, Vec::new());
    let organizations: BTreeSet<String> = std::fs::read_dir(out.join("encounters"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    for month in 1..=12 {
        let sent_on = wanted.year.sent_on(month).to_string();
        let ctx = Ctx::new(db.clone(), clock(&sent_on), i64::from(month) + 1);
        for organization in &organizations {
            let key = Key::parse(organization).unwrap();
            let name = format!("{year}-{month:02}.{}", wanted.form.ending());
            let file = out.join("encounters").join(organization).join(&name);
            for (line, recorded) in send(&ctx, key.as_str(), &file, wanted.form).await {
                rows += 1;
                let answer = &recorded.decision.answer;
                let disposition = answer.disposition.as_str().to_owned();
                let found: Vec<&str> = answer
                    .findings
                    .iter()
                    .filter(|f| f.severity != Severity::Warn)
                    .map(|f| f.rule.as_str())
                    .collect();
                let place = (name.clone(), line);
                let said = format!("{organization} {place:?}: {disposition} {found:?}");
                let foreseen = told.get_mut(organization).and_then(|t| t.remove(&place));
                let as_foreseen = match &foreseen {
                    None => disposition == "ready" && found.is_empty(),
                    Some((_, wanted, rule)) => disposition == *wanted && found == [rule.as_str()],
                };
                if !as_foreseen {
                    wrong.push(format!("{said}, not {foreseen:?}"));
                }
                if let Some((flaw, ..)) = foreseen {
                    *seen.entry(flaw).or_default() += 1;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} were answered otherwise: {wrong:#?}", wrong.len());
    assert!(told.values().all(BTreeMap::is_empty), "not answered: {told:?}");
    assert_eq!((rows, seen.values().sum::<u64>()), (summary.encounters, summary.flawed));
    seen
}

#[tokio::test]
async fn every_row_is_taken_and_answered_as_foreseen() {
    // What is rare is asked for more often, so that a year of this size has all of it.
    let shares = "no_address=3,too_young=3".parse().unwrap();
    let seen = the_year_goes_through(&Wanted { shares, ..wanted(5_000, 7) }).await;
    let names: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
    let all: BTreeSet<&str> = Flaw::ALL.iter().map(|f| f.name()).collect();
    assert_eq!(names, all, "each flaw shows itself");
}

#[tokio::test]
async fn json_says_the_same_and_without_flaws_all_is_ready() {
    let none = Wanted { shares: Shares::none(), form: Form::NdJson, ..wanted(400, 3) };
    assert!(the_year_goes_through(&none).await.is_empty());
    let json = Wanted { form: Form::NdJson, ..wanted(400, 3) };
    let csv = wanted(400, 3);
    assert_eq!(the_year_goes_through(&json).await, the_year_goes_through(&csv).await);
}

/// The local day of each visit of a year that was written as CSV.
fn days(out: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(&out.join("encounters")) {
        let mut table = csv::Reader::from_path(&file).unwrap();
        for row in table.deserialize::<BTreeMap<String, String>>() {
            found.push(row.unwrap()["started_at"][..10].to_owned());
        }
    }
    found
}

#[tokio::test]
async fn other_years_are_invented_and_taken_too_with_their_leap_day() {
    for (number, leap) in [(2027, false), (2028, true)] {
        let year = Year::new(number).unwrap();
        let wanted = Wanted { year, ..wanted(400, 9) };
        let (dir, _) = written(&wanted);
        let (again, _) = written(&wanted);
        let out = dir.path().join("out");
        assert_eq!(digest(&out), digest(&again.path().join("out")));
        let days = days(&out);
        assert_eq!(days.len(), 400);
        let own = format!("{number}-");
        assert!(days.iter().all(|day| day.starts_with(&own)), "{days:?}");
        assert_eq!(days.contains(&format!("{number}-02-29")), leap);
        assert!(!the_year_goes_through(&wanted).await.is_empty());
    }
}

/// Organization and session -> peer and size as each of the members' parts says them.
type Sessions = BTreeMap<(String, String), Vec<(String, u64)>>;

/// The sessions of a year that was written as CSV, and the number of all rows.
fn sessions(out: &Path) -> (Sessions, u64) {
    let (mut found, mut rows) = (Sessions::new(), 0);
    for file in files(&out.join("encounters")) {
        let organization = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let mut table = csv::Reader::from_path(&file).unwrap();
        for row in table.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            rows += 1;
            if !row["session"].is_empty() {
                let name = (organization.to_owned(), row["session"].clone());
                let size = row["group_size"].parse().unwrap();
                found.entry(name).or_default().push((row["peer"].clone(), size));
            }
        }
    }
    (found, rows)
}

#[test]
fn groups_are_meetings_of_several_and_a_sensible_share_of_all_contacts() {
    let shares = "none,group_too_large=5,group_ratio=5,group_overlap=5".parse().unwrap();
    let (dir, _) = written(&Wanted { shares, ..wanted(6_000, 5) });
    let (sessions, rows) = sessions(&dir.path().join("out"));
    let parts: usize = sessions.values().map(Vec::len).sum();
    let share = u64::try_from(parts).unwrap() * 100 / rows;
    assert!((8..=25).contains(&share), "{share} % of the visits are of groups");
    let several = sessions.values().filter(|parts| parts.len() > 1).count();
    assert!(several * 4 > sessions.len() * 3, "{several} of {}", sessions.len());
    for (name, parts) in &sessions {
        assert!(name.0 != "mesa-voices", "its payer pays for no groups");
        assert!(parts.iter().all(|part| part == &parts[0]), "{name:?}: {parts:?}");
        let (_, size) = parts[0];
        assert!(size >= 2 && size >= u64::try_from(parts.len()).unwrap(), "{name:?}: {parts:?}");
    }
}

#[test]
fn shares_of_visits_are_about_what_was_asked_for() {
    let (dir, summary) = written(&wanted(30_000, 11));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (flaw, ..) in told(&dir.path().join("out")).into_values().flat_map(BTreeMap::into_values) {
        *counts.entry(flaw).or_default() += 1;
    }
    let everywhere = [Flaw::NoShow, Flaw::Paperwork, Flaw::Ride, Flaw::TooShort, Flaw::Unsigned];
    for flaw in everywhere {
        assert_eq!(flaw.of(), Of::Visits);
        let asked = summary.encounters * u64::from(flaw.share()) / 10_000;
        // Some visits have a flaw of the member, the peer or the day instead.
        let range = asked * 65 / 100..asked * 115 / 100;
        assert!(
            range.contains(&counts[flaw.name()]),
            "{}: {} of {asked}",
            flaw.name(),
            counts[flaw.name()]
        );
    }
    // What only some payers know, or what needs a visit before it, is rarer; it is never more.
    for flaw in Flaw::ALL.iter().filter(|f| f.of() == Of::Visits) {
        let asked = summary.encounters * u64::from(flaw.share()) / 10_000;
        let count = counts[flaw.name()];
        assert!(
            (asked / 20..=asked * 115 / 100).contains(&count),
            "{}: {count} of {asked}",
            flaw.name()
        );
    }
}
