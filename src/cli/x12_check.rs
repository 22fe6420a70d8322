//! `peerclaims x12 check FILE`: an 837P against the guide, as a batch is checked before its release.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::CliError;
use crate::x12::{FileSummary, read_back};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// For programs.
    #[arg(long)]
    json: bool,
}

/// Tells every problem of the file; one with problems is a failure.
pub(super) fn run(check: &Check) -> Result<(), CliError> {
    let name = check.file.display();
    let file =
        File::open(&check.file).map_err(|e| CliError::Other(format!("cannot open {name}: {e}")))?;
    let summary = read_back(file)
        .map_err(|e| CliError::Other(format!("{name} cannot be read as X12: {e}")))?;
    let text = if check.json {
        serde_json::to_string_pretty(&summary)
            .map_err(|e| CliError::Other(format!("cannot show: {e}")))?
    } else {
        readable(&summary)
    };
    writeln!(std::io::stdout().lock(), "{text}")
        .map_err(|e| CliError::Other(format!("cannot write: {e}")))?;
    match summary.problem_count {
        0 => Ok(()),
        count => Err(CliError::Other(format!("{name} has {count} problems by the guide"))),
    }
}

fn readable(summary: &FileSummary) -> String {
    let totals = &summary.totals;
    let mut lines: Vec<String> =
        summary.problems.iter().map(|p| format!("{}: {}", p.kind.as_str(), p.message)).collect();
    let kept = u64::try_from(summary.problems.len()).unwrap_or(u64::MAX);
    let more = summary.problem_count.saturating_sub(kept);
    if more > 0 {
        lines.push(format!("and {more} more, which are counted only"));
    }
    lines.push(format!(
        "{} sets, {} claims, {} lines, {} charged, {} problems.",
        totals.sets, totals.claims, totals.lines, totals.charge, summary.problem_count
    ));
    lines.join("\n")
}
