//! `peerclaims report lines`: the lines behind utilization, written as they are read.

use std::io::{BufWriter, stdout};

use chrono::NaiveDate;
use clap::Args;
use tokio::sync::oneshot;

use super::report::date;
use super::report_frame::{acquainted, format, whose};
use super::{CliError, open};
use crate::config::Settings;
use crate::error::AppError;
use crate::flow::access::find_names;
use crate::flow::audit::Action;
use crate::flow::{Clock, Scope, disclosed, reporting};
use crate::reports::formats::Format;
use crate::reports::frame::{Asked, Basis, Lens, RUN_OUT_DAYS};
use crate::reports::utilization::Perspective;
use crate::reports::{lines, registry};
use crate::store::Conn;

#[derive(Debug, Args)]
pub(super) struct Lines {
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
    /// As the payer sees them: released claims only.
    #[arg(long, requires = "payer")]
    as_payer: bool,
    /// csv, pipe, json, xlsx, parquet or dictionary.
    #[arg(long, default_value = "csv", value_parser = format)]
    format: Format,
}

/// Writes them to the standard output. One that ends in the middle says so by its exit code, and by the
/// missing end of what was written.
pub(super) async fn show(settings: &Settings, wanted: Lines) -> Result<(), CliError> {
    let format = wanted.format;
    let ctx = open(settings, Clock::system()).await?;
    let (organization, payer) =
        find_names(&ctx, wanted.organization.as_deref(), wanted.payer.as_deref()).await?;
    let edition = if wanted.as_payer { Perspective::Payer } else { Perspective::Organization };
    let lens = Lens { edition, organization, payer };
    acquainted(&ctx, &lens).await?;
    let asked = Asked {
        lens,
        from: wanted.from,
        to: wanted.to,
        basis: Basis::Service,
        as_of: None,
        since: None,
        run_out_days: RUN_OUT_DAYS,
        convention: None,
        group_by: Vec::new(),
    };
    lines::check(&asked, format)?;
    if format == Format::Dictionary {
        print!("{}", lines::dictionary()?);
        return Ok(());
    }
    reporting::settle(&ctx).await?;
    let detail = asked.detail(registry::LINES.name, format);
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let now = ctx.now();
    let (tell, told) = oneshot::channel();
    let (allow, allowed) = oneshot::channel::<()>();
    let work = move |conn: &mut Conn| {
        let left = || AppError::internal("an export was left before its first line");
        tell.send(lines::as_of(conn, now)?).map_err(|_| left())?;
        allowed.blocking_recv().map_err(|_| left())?;
        let to = BufWriter::new(stdout());
        lines::write(conn, &asked, now, (format, to), &mut |_| Ok(())).map(|_| ())
    };
    // The trail knows of it, and as of when it is, before the first byte leaves.
    let entering = async {
        // Who reads has failed, and says why.
        let Ok(as_of) = told.await else { return Ok(()) };
        let detail = detail.about("as_of", as_of);
        disclosed::exported(&ctx, whose(&lens), Action::ReportExport, "", detail).await?;
        allow.send(()).map_err(|()| AppError::internal("an export was left at its first line"))
    };
    let (read, entered) = tokio::join!(ctx.db.read::<(), AppError>(scope, work), entering);
    entered?;
    Ok(read?)
}
