//! `peerclaims synth`: an invented year of any size, for trying, showing and measuring.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CliError;
use crate::synth::year::YEARS;
use crate::synth::{self, Form, Shares, Wanted, Year};

#[derive(Debug, Args)]
pub(super) struct Synth {
    /// How many visits.
    #[arg(long, value_name = "N")]
    encounters: u64,
    /// The same seed writes the same bytes; another one invents other people.
    #[arg(long, value_name = "S")]
    seed: u64,
    /// The folder to write into: empty, or not there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The calendar year of the visits.
    #[arg(long, value_name = "YEAR", default_value = "2026", value_parser = year)]
    year: Year,
    /// How many organizations: one for each 15,000 visits, and at least 3, when not said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    organizations: Option<u64>,
    /// How visits are written.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Shares of what goes wrong, in percent: "none", or changes such as "unsigned=2.5,late=0", or
    /// both: "none,unsigned=2.5".
    #[arg(long, value_name = "LIST", default_value = "default")]
    flaws: Shares,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CSV with local times.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

fn year(text: &str) -> Result<Year, String> {
    let known = || format!("write a year from {} to {}", YEARS.start(), YEARS.end());
    text.parse().ok().and_then(Year::new).ok_or_else(known)
}

pub(super) fn run(synth: Synth) -> Result<(), CliError> {
    let form = match synth.format {
        Format::Csv => Form::Csv,
        Format::Ndjson => Form::NdJson,
    };
    let wanted = Wanted {
        encounters: synth.encounters,
        seed: synth.seed,
        year: synth.year,
        organizations: synth.organizations,
        shares: synth.flaws,
        form,
    };
    let written = synth::write(&wanted, &synth.out).map_err(|e| CliError::Other(e.to_string()))?;
    println!(
        "{} encounters ({} with a flaw) of {} members at {} organizations",
        written.encounters, written.flawed, written.members, written.organizations
    );
    Ok(())
}

#[cfg(test)]
#[path = "synth_tests.rs"]
mod tests;
