//! The command line: results on standard output, everything else on standard error. Exit code 1
//! for failures, 2 for wrong usage.

mod admin;
mod backup;
mod cases;
mod contract;
mod control_numbers;
mod demo;
mod encounters;
pub(crate) mod import;
mod keys;
mod migrate;
mod report;
mod report_frame;
mod report_lines;
mod report_table;
mod responses;
mod serve;
mod sessions;
mod synth;
mod x12;
mod x12_check;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{ConfigError, Settings};
use crate::error::AppError;
use crate::flow::{Clock, Ctx};
use crate::store::{Db, Scope, StoreError, counters, pending};

/// The counter of processes: its numbers keep their ids apart.
const NODE_COUNTER: &str = "node";
/// How often a process that starts tries to have its number: each try waits as long as SQLite waits for a lock.
const START_TRIES: u32 = 6;

#[derive(Debug, Parser)]
#[command(name = "peerclaims", version, about = "Medicaid billing and claims for peer support")]
struct Args {
    /// Settings file (TOML); overrides `PEERCLAIMS_CONFIG`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database and serve the API.
    Serve,
    /// Bring the database to this version.
    Migrate,
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Bring in a file: reference data whole or not at all, encounters row by row.
    Import(import::Import),
    /// Print a report.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Look into X12 files.
    #[command(subcommand)]
    X12(x12::X12Command),
    /// Check, retell and compare packs and contracts.
    #[command(subcommand)]
    Contract(contract::ContractCommand),
    /// Play scenarios written in TOML, and tell where the rules say otherwise.
    Cases(cases::Cases),
    Backup(backup::Backup),
    AfterRestore(backup::AfterRestore),
    ControlNumbers(control_numbers::ControlNumbers),
    /// Invent a year of visits of any size, with the flaws that real submissions have.
    Synth(synth::Synth),
    /// Check the settings and print them, passwords hidden.
    CheckConfig,
    /// Show a quarter of three invented organizations, then keep serving it to be tried.
    Demo(demo::Demo),
}

/// Why a command failed, as a person reads it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{}", tell(.0))]
    App(#[from] AppError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(String),
}

/// On the command line, the one who reads is the one who runs it: the cause is told too.
fn tell(error: &AppError) -> String {
    let mut out = error.detail.clone();
    for fault in &error.faults {
        let line = fault.line.map(|line| format!("line {line}"));
        let place = fault.column.clone().or_else(|| fault.pointer.clone());
        let places: Vec<String> = [line, place].into_iter().flatten().collect();
        out = format!("{out}\n  {}: {}", places.join(", "), fault.message);
    }
    if let Some(cause) = &error.internal {
        out = format!("{out}\n  cause: {cause}");
    }
    out
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), CliError> {
    let settings = || load(args.config.as_deref());
    match args.command {
        Command::Serve => serve::run(&settings()?).await,
        Command::Migrate => migrate::run(&settings()?),
        Command::Keys(command) => keys::run(&settings()?, command).await,
        Command::Import(import) => import::run(&settings()?, import).await,
        Command::Report(command) => report::run(&settings()?, command).await,
        // A file is shown without settings: it needs no database.
        Command::X12(command) => x12::run(command),
        // Nor is a contract checked by what is stored.
        Command::Contract(command) => contract::run(command),
        // Cases have databases of their own.
        Command::Cases(wanted) => cases::run(wanted).await,
        Command::Backup(wanted) => backup::run(&settings()?, &wanted),
        Command::AfterRestore(wanted) => backup::after_restore(&settings()?, &wanted).await,
        Command::ControlNumbers(wanted) => control_numbers::run(&settings()?, &wanted).await,
        // Nor does it take one to invent people.
        Command::Synth(synth) => synth::run(synth),
        Command::CheckConfig => {
            admin::check_config(&settings()?);
            Ok(())
        }
        // It has settings of its own, so that it never opens anybody's database.
        Command::Demo(demo) => demo::run(demo).await,
    }
}

fn load(file: Option<&Path>) -> Result<Settings, CliError> {
    Settings::load(file).map_err(CliError::from)
}

/// The context of this process on a database that has been migrated.
pub(crate) async fn open(settings: &Settings, clock: Clock) -> Result<Ctx, CliError> {
    let url = settings.database.url.expose();
    let db = Db::open(url, settings.database.connections)?;
    let missing = pending(url)?;
    if !missing.is_empty() {
        let text = "the database is not of this version; run `peerclaims migrate` first";
        return Err(CliError::Other(text.to_owned()));
    }
    let node = node(&db).await?;
    Ok(Ctx::new(db, clock, node))
}

/// The number of this process among all that ever used the database. Who starts beside another process that writes
/// one change after the other waits longer than a request does: nobody has asked anything yet.
async fn node(db: &Db) -> Result<i64, StoreError> {
    for _ in 1..START_TRIES {
        let taken = db.write(Scope::Service, |conn| counters::take(conn, NODE_COUNTER, 1)).await;
        if !matches!(taken, Err(StoreError::Busy(_))) {
            return taken;
        }
    }
    db.write(Scope::Service, |conn| counters::take(conn, NODE_COUNTER, 1)).await
}
