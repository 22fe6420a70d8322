//! `peerclaims cases PATH...`: scenarios in TOML that a person without a compiler can write, played
//! through the flow that production runs, each on a temporary SQLite database of its own.
//! `docs/cases.md` has the whole vocabulary.

mod boundary;
mod check;
mod compare;
mod meet;
mod merge;
mod people;
mod play;
mod tell;
mod visit;
mod words;
mod world;

#[cfg(test)]
mod docs_tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::Value;
use tokio::sync::Semaphore;

use self::boundary::Boundary;
use self::words::CaseFile;
use super::CliError;
use crate::domain::text::code_list;
use crate::flow::{Clock, Ctx};
use crate::store::{self, Db};

/// Largest case or pack file: a scenario of a year of visits has fewer bytes.
const MAX_BYTES: u64 = 1_048_576;
/// Most case files in one run.
const MAX_CASES: usize = 10_000;
/// Connections to a case's database: one writes, one reads.
const CONNECTIONS: u32 = 2;

code_list!(
    /// How results are told.
    Format, "a format" {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
        /// For build servers.
        Junit = "junit",
    }
);

#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Case files, or folders in which every `*.toml` outside of a folder `packs` is one.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// `text`, `json` or `junit`.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Only cases whose path or title has these words.
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The file.
    pub(super) path: String,
    /// What it shows; empty when it could not be read.
    pub(super) title: String,
    /// Rules that it names.
    pub(super) rules: Vec<String>,
    /// Boundaries on which it stands.
    pub(super) boundaries: Vec<Boundary>,
    /// Every difference; none: it is as it says.
    pub(super) differences: Vec<String>,
    /// How long it took.
    pub(super) took: Duration,
}

pub(super) async fn run(cases: Cases) -> Result<(), CliError> {
    let files = found(&cases.paths)?;
    let folder = tempfile::tempdir().map_err(|e| CliError::Other(format!("no folder: {e}")))?;
    let template = folder.path().join("template.db");
    store::migrate(&format!("sqlite://{}", template.display()))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let turns = Arc::new(Semaphore::new(cores));
    let mut running = Vec::new();
    for (number, path) in files.into_iter().enumerate() {
        let Some(case) = read(&path, cases.only.as_deref()) else { continue };
        let database = folder.path().join(format!("{number}.db"));
        let (turns, template) = (Arc::clone(&turns), template.clone());
        let name = path.display().to_string();
        let one = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            let outcome = play(&path, case, &template, &database).await;
            forget(&database);
            outcome
        });
        running.push((name, one));
    }
    let mut outcomes = Vec::new();
    for (path, one) in running {
        outcomes.push(one.await.unwrap_or_else(|broken| Outcome {
            path,
            title: String::new(),
            rules: Vec::new(),
            boundaries: Vec::new(),
            differences: vec![format!("the case broke the program: {broken}")],
            took: Duration::ZERO,
        }));
    }
    if outcomes.is_empty() {
        return Err(CliError::Other("there is no case to play at these paths".to_owned()));
    }
    print!("{}", tell::all(&outcomes, cases.format));
    let failed = outcomes.iter().filter(|o| !o.differences.is_empty()).count();
    if failed == 0 {
        return Ok(());
    }
    Err(CliError::Other(format!("{failed} of {} cases failed", outcomes.len())))
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.as_str()))
    }
}

/// A case as read, or why it cannot be; none when it is not among the wanted ones.
fn read(path: &Path, only: Option<&str>) -> Option<Result<CaseFile, String>> {
    let wanted = |text: &str| only.is_none_or(|words| text.contains(words));
    let case = text_of(path).and_then(|text| {
        toml::from_str::<CaseFile>(&text).map_err(|e| format!("it cannot be read: {e}"))
    });
    let title = case.as_ref().map_or("", |c| c.title.as_str());
    (wanted(&path.display().to_string()) || wanted(title)).then_some(case)
}

async fn play(
    path: &Path,
    case: Result<CaseFile, String>,
    template: &Path,
    database: &Path,
) -> Outcome {
    let begun = Instant::now();
    let (title, rules, boundaries, differences) = match case {
        Err(why) => (String::new(), Vec::new(), Vec::new(), vec![why]),
        Ok(case) => {
            let played = match prepared(path, &case, template, database) {
                Ok((ctx, pack)) => play::play(ctx, &case, pack).await,
                Err(why) => vec![why],
            };
            (case.title.clone(), case.rules, case.boundaries, played)
        }
    };
    let path = path.display().to_string();
    Outcome { path, title, rules, boundaries, differences, took: begun.elapsed() }
}

/// Removes the database of a case with the files that SQLite keeps beside it: a run of thousands of
/// cases must not need the room of all of them at once. What cannot be removed goes with the folder.
fn forget(database: &Path) {
    for beside in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(beside);
        let _ = std::fs::remove_file(name);
    }
}

/// A database and the pack of a case.
fn prepared(
    path: &Path,
    case: &CaseFile,
    template: &Path,
    database: &Path,
) -> Result<(Ctx, Value), String> {
    std::fs::copy(template, database).map_err(|e| format!("no database: {e}"))?;
    let url = format!("sqlite://{}", database.display());
    let db = Db::open(&url, CONNECTIONS).map_err(|e| e.to_string())?;
    let pack = path.parent().unwrap_or(Path::new(".")).join(&case.pack);
    let text = text_of(&pack).map_err(|why| format!("pack {}: {why}", case.pack))?;
    let pack: toml::Table =
        toml::from_str(&text).map_err(|e| format!("pack {}: {e}", case.pack))?;
    Ok((Ctx::new(db, Clock::system(), 1), words::document(&pack)))
}

fn text_of(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|e| e.kind().to_string())?.len();
    if size > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    std::fs::read_to_string(path).map_err(|e| e.kind().to_string())
}

/// The case files at these paths, each once, in order.
fn found(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = Vec::new();
    let cannot = |path: &Path, e: &std::io::Error| {
        CliError::Other(format!("cannot read {}: {}", path.display(), e.kind()))
    };
    for path in paths {
        let about = std::fs::metadata(path).map_err(|e| cannot(path, &e))?;
        if about.is_dir() { folders.push(path.clone()) } else { files.push(path.clone()) }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| cannot(&folder, &e))? {
            let entry = entry.map_err(|e| cannot(&folder, &e))?;
            let (path, kind) = (entry.path(), entry.file_type());
            let kind = kind.map_err(|e| cannot(&folder, &e))?;
            // A link may lead back to where it stands.
            if kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                if path.file_name().is_some_and(|name| name != "packs") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "toml") {
                files.push(path);
            }
        }
        if files.len() > MAX_CASES {
            return Err(CliError::Other(format!("more than {MAX_CASES} cases; name fewer")));
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}
