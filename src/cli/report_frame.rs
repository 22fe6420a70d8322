//! `peerclaims report list` and `peerclaims report NAME`: the reports of the frame. Each is a command of
//! its own, made from the registry, so that a new report is there without another word.

use std::io::Write;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

use super::report::date;
use super::report_table::{Printed, printed, table};
use super::{CliError, open};
use crate::config::Settings;
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::flow::access::{self, find_names};
use crate::flow::audit::Action;
use crate::flow::disclosed::{self, Whose};
use crate::flow::{Clock, Ctx, Scope, reporting};
use crate::reports::Dimension;
use crate::reports::formats::Format;
use crate::reports::frame::{Asked, Basis, Lens, MAX_RUN_OUT_DAYS, RUN_OUT_DAYS};
use crate::reports::registry::{self, Definition};
use crate::reports::utilization::Perspective;

#[derive(Debug, Args)]
pub(super) struct Shown {
    /// Key or id of a payer; all when not said.
    #[arg(long, value_name = "KEY")]
    payer: Option<String>,
    /// Key or id of an organization; all when not said.
    #[arg(long, value_name = "KEY")]
    organization: Option<String>,
    /// First day, such as 2026-07-01.
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: NaiveDate,
    /// Last day.
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: NaiveDate,
    /// service, submission, receipt or paid.
    #[arg(long, default_value = "service", value_parser = basis)]
    basis: Basis,
    /// As it was known then, such as 2026-09-10T16:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    as_of: Option<Instant>,
    /// For movement: against what was known then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Instant>,
    /// For rates: `any_day` (when not said), prorated, `last_day` or `mid_month`.
    #[arg(long, value_parser = convention)]
    convention: Option<Convention>,
    /// Days after the period until it is complete.
    #[arg(long, value_name = "DAYS", default_value_t = RUN_OUT_DAYS,
        value_parser = clap::value_parser!(i64).range(0..=MAX_RUN_OUT_DAYS))]
    run_out_days: i64,
    /// As the payer sees it: released claims only.
    #[arg(long, requires = "payer")]
    as_payer: bool,
    /// For utilization: any of month, organization, service, role, mode, setting, program, joined by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = dimension)]
    group_by: Vec<Dimension>,
    /// table (for people), json, csv, pipe, xlsx, parquet, dictionary, or svg for those that have a chart.
    #[arg(long, default_value = "csv", value_parser = printed)]
    format: Printed,
}

/// One report with what is asked of it.
#[derive(Debug)]
pub(super) struct Framed {
    definition: &'static Definition,
    shown: Shown,
}

impl FromArgMatches for Framed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let definition = registry::REPORTS.iter().find(|d| d.name == name).ok_or_else(missing)?;
        Ok(Self { definition, shown: Shown::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Framed {
    fn augment_subcommands(command: Command) -> Command {
        registry::REPORTS.iter().fold(command, |command, definition| {
            command.subcommand(
                Shown::augment_args(Command::new(definition.name)).about(definition.purpose),
            )
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        registry::REPORTS.iter().any(|d| d.name == name)
    }
}

fn basis(text: &str) -> Result<Basis, String> {
    Basis::parse(text).map_err(|e| e.to_string())
}

fn convention(text: &str) -> Result<Convention, String> {
    Convention::parse(text).map_err(|e| e.to_string())
}

fn time(text: &str) -> Result<Instant, String> {
    Instant::parse(text).map_err(|e| e.to_string())
}

fn dimension(text: &str) -> Result<Dimension, String> {
    Dimension::parse(text).map_err(|e| e.to_string())
}

pub(super) fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).map_err(|e| e.to_string())
}

/// Names the reports.
pub(super) fn list() {
    for definition in registry::APART.into_iter().chain(registry::REPORTS) {
        println!("{:14} {}", definition.name, definition.purpose);
    }
}

/// Refuses an organization and a payer that never had a contract, as the API does.
pub(super) async fn acquainted(ctx: &Ctx, lens: &Lens) -> Result<(), CliError> {
    let hidden = match lens.edition {
        Perspective::Organization => "payer",
        Perspective::Payer => "organization",
    };
    Ok(access::acquainted(ctx, lens.organization, lens.payer, hidden).await?)
}

/// Whose trail says that a report left.
pub(super) fn whose(lens: &Lens) -> Whose {
    let Lens { edition, organization, payer } = *lens;
    Whose { organization, payer, to_payer: edition == Perspective::Payer }
}

/// Prints one.
pub(super) async fn show(settings: &Settings, framed: Framed) -> Result<(), CliError> {
    let wanted = framed.shown;
    let edition = if wanted.as_payer { Perspective::Payer } else { Perspective::Organization };
    let definition = registry::find(framed.definition.name, edition)?;
    let ctx = open(settings, Clock::system()).await?;
    let (organization, payer) =
        find_names(&ctx, wanted.organization.as_deref(), wanted.payer.as_deref()).await?;
    let lens = Lens { edition, organization, payer };
    acquainted(&ctx, &lens).await?;
    let asked = Asked {
        lens,
        from: wanted.from,
        to: wanted.to,
        basis: wanted.basis,
        as_of: wanted.as_of,
        since: wanted.since,
        run_out_days: wanted.run_out_days,
        convention: wanted.convention,
        group_by: wanted.group_by,
    };
    reporting::settle(&ctx).await?;
    let detail = asked.detail(definition.name, wanted.format);
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let answer = ctx.db.read(scope, move |conn| registry::build(conn, definition, asked)).await?;
    let bytes = match wanted.format {
        Printed::Table => (table(&answer) + "\n").into_bytes(),
        Printed::As(format) => answer.bytes(format)?,
    };
    let detail = detail.about("as_of", answer.as_of);
    disclosed::exported(&ctx, whose(&lens), Action::ReportExport, "", detail).await?;
    std::io::stdout().write_all(&bytes).map_err(|e| CliError::Other(e.to_string()))
}
