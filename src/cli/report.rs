//! `peerclaims report NAME`: the reports of the API, from the command line, for administrators.

use chrono::NaiveDate;
use clap::Subcommand;

use super::CliError;
use super::report_frame::{self, Framed};
use super::report_lines::{self, Lines};
use crate::config::Settings;
use crate::domain::dates::parse_date;

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// The lines behind utilization, one by one.
    Lines(Lines),
    /// Which reports there are.
    List,
    #[command(flatten)]
    Framed(Framed),
}

pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).map_err(|e| e.to_string())
}

pub(super) async fn run(settings: &Settings, command: ReportCommand) -> Result<(), CliError> {
    match command {
        ReportCommand::Lines(wanted) => report_lines::show(settings, wanted).await,
        ReportCommand::List => {
            report_frame::list();
            Ok(())
        }
        ReportCommand::Framed(wanted) => report_frame::show(settings, wanted).await,
    }
}
