//! `peerclaims report NAME`: the reports of the API, from the command line, for administrators.

use std::io::Write;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::report_frame::{self, Framed};
use super::report_lines::{self, Lines};
use super::{CliError, open};
use crate::config::Settings;
use crate::domain::dates::parse_date;
use crate::error::AppError;
use crate::flow::Clock;
use crate::flow::access::find_names;
use crate::flow::audit::{Action, Detail};
use crate::flow::{disclosed, reporting};
use crate::reports::Dimension;
use crate::reports::frame::{Basis, Lens};
use crate::reports::utilization::{self, Perspective, Request, Row, Utilization};

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// What was delivered, to how many people, and what became of it.
    Utilization(Wanted),
    /// The lines behind it, one by one.
    Lines(Lines),
    /// Which reports there are.
    List,
    #[command(flatten)]
    Framed(Framed),
}

#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// Key or id of a payer; all when not said.
    #[arg(long, value_name = "KEY")]
    payer: Option<String>,
    /// Key or id of an organization; all when not said.
    #[arg(long, value_name = "KEY")]
    organization: Option<String>,
    /// First service date, such as 2026-07-01.
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: NaiveDate,
    /// Last service date.
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: NaiveDate,
    /// Any of month, organization, service, role, mode, setting, program, joined by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = dimension)]
    group_by: Vec<Dimension>,
    /// As the payer sees it: released claims only.
    #[arg(long, requires = "payer")]
    as_payer: bool,
    /// How it is printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// For analysts: typed columns.
    Parquet,
}

pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).map_err(|e| e.to_string())
}

fn dimension(text: &str) -> Result<Dimension, String> {
    Dimension::parse(text).map_err(|e| e.to_string())
}

pub(super) async fn run(settings: &Settings, command: ReportCommand) -> Result<(), CliError> {
    let wanted = match command {
        ReportCommand::Utilization(wanted) => wanted,
        ReportCommand::Lines(wanted) => return report_lines::show(settings, wanted).await,
        ReportCommand::List => {
            report_frame::list();
            return Ok(());
        }
        ReportCommand::Framed(wanted) => return report_frame::show(settings, wanted).await,
    };
    let ctx = open(settings, Clock::system()).await?;
    let (organization, payer) =
        find_names(&ctx, wanted.organization.as_deref(), wanted.payer.as_deref()).await?;
    let perspective = if wanted.as_payer { Perspective::Payer } else { Perspective::Organization };
    let (from, to) = (wanted.from, wanted.to);
    let lens = Lens { edition: perspective, organization, payer };
    report_frame::acquainted(&ctx, &lens).await?;
    let group_by = wanted.group_by;
    let request = Request { perspective, organization, payer, from, to, group_by };
    reporting::refresh(&ctx, organization).await?;
    let report = utilization::run(&ctx.db, request).await?;
    let format = wanted.format.to_possible_value();
    let format = format.as_ref().map_or("", |value| value.get_name());
    let detail = Detail::default().about("format", format).about("basis", Basis::Service);
    let detail = detail.about("from", from).about("to", to);
    let whose = report_frame::whose(&lens);
    disclosed::exported(&ctx, whose, Action::ReportUtilization, "", detail).await?;
    match wanted.format {
        Format::Csv => print!("{}", report.csv()?),
        Format::Json => {
            let text = serde_json::to_string_pretty(&report)
                .map_err(|e| AppError::internal(e.to_string()))?;
            println!("{text}");
        }
        Format::Parquet => {
            let bytes = report.parquet()?;
            std::io::stdout().write_all(&bytes).map_err(|e| CliError::Other(e.to_string()))?;
        }
        Format::Table => println!("{}", table(&report)),
    }
    Ok(())
}

/// The report for people: rows, subtotals, totals, and whether it ties.
pub(super) fn table(report: &Utilization) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    // The three that most reports have, and the others where they are grouped by.
    let usual = [Dimension::Month, Dimension::Organization, Dimension::Service];
    let shown = |d: &&Dimension| usual.contains(d) || report.group_by.contains(&d.as_str());
    let shown: Vec<Dimension> = Dimension::ALL.iter().filter(shown).copied().collect();
    let measures = [
        "members",
        "visits",
        "ready",
        "held",
        "not billable",
        "claimed",
        "submitted",
        "units",
        "hours",
        "units/member",
        "billed",
        "expected",
    ];
    table.set_header(shown.iter().map(|d| d.as_str()).chain(measures));
    for row in report.rows.iter().chain(&report.subtotals) {
        table.add_row(cells(row, &shown));
    }
    let totals = Row {
        month: Some("all".to_owned()),
        organization: None,
        service: None,
        role: None,
        mode: None,
        setting: None,
        program: None,
        measures: report.totals.clone(),
    };
    table.add_row(cells(&totals, &shown));
    let word = if report.ties.ties { "ties" } else { "DOES NOT TIE" };
    let broken: Vec<String> = report
        .ties
        .checks
        .iter()
        .filter(|c| !c.holds)
        .map(|c| format!("\n  {}: {} against {}", c.what, c.left, c.right))
        .collect();
    format!("{table}\nThe report {word}.{}", broken.concat())
}

fn cells(row: &Row, shown: &[Dimension]) -> Vec<String> {
    let place = |dimension: &Dimension| {
        let value = match dimension {
            Dimension::Month => &row.month,
            Dimension::Organization => &row.organization,
            Dimension::Service => &row.service,
            Dimension::Role => &row.role,
            Dimension::Mode => &row.mode,
            Dimension::Setting => &row.setting,
            Dimension::Program => &row.program,
        };
        value.clone().unwrap_or_default()
    };
    let count = |value: Option<i64>| value.map(|v| v.to_string()).unwrap_or_default();
    let (m, e) = (&row.measures, &row.measures.encounters);
    let measures = [
        m.members.to_string(),
        e.recorded.to_string(),
        count(e.ready),
        count(e.held),
        count(e.non_billable),
        count(e.claimed),
        e.submitted.to_string(),
        count(m.units.told(m.units.recorded)),
        m.contact_hours.to_string(),
        m.units_per_member.map(|d| d.to_string()).unwrap_or_default(),
        m.billed.to_string(),
        m.expected.to_string(),
    ];
    shown.iter().map(place).chain(measures).collect()
}
