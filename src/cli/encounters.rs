//! `peerclaims import encounters FILE`: the bulk upload from the command line. Unlike reference data
//! it is not the whole file or nothing: each row stands for itself, as over HTTP.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::CliError;
use crate::domain::identifiers::Key;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::flow::access::find_names;
use crate::flow::intake::{self, OnConflict, Reading};
use crate::flow::{Ctx, encounters};
use crate::http::bulk_rows::{Form, Rows};

/// What became of the rows.
#[derive(Debug, Default)]
struct Tally {
    recorded: BTreeMap<&'static str, u64>,
    revised: u64,
    repeated: u64,
    refused: u64,
}

/// Records the visits of a file; refused rows go to standard error, the counts to standard output.
pub(super) async fn run(
    ctx: &Ctx,
    file: &Path,
    organization: Option<&Key>,
    on_conflict: OnConflict,
) -> Result<(), CliError> {
    let tenant = owner(ctx, organization).await?;
    let form = form(file)?;
    let local = match form {
        Form::Csv => Some(encounters::zone(ctx, tenant).await?),
        Form::NdJson | Form::Json => None,
    };
    let source = open(file)?;
    let reading = Reading { local, not_after: Some(ctx.now()) };
    let mut rows = Rows::begin(source, form, reading)?;
    let mut tally = Tally::default();
    while chunk(ctx, (tenant, on_conflict), &mut rows, &mut tally).await? {}
    for (disposition, count) in &tally.recorded {
        println!("recorded, {disposition}: {count}");
    }
    if on_conflict == OnConflict::Revise {
        println!("revised: {}", tally.revised);
    }
    println!("repeated: {}", tally.repeated);
    println!("refused: {}", tally.refused);
    if tally.refused == 0 {
        return Ok(());
    }
    let text = format!("{} rows were refused; the others are recorded", tally.refused);
    Err(CliError::Other(text))
}

/// The organization that is named for the whole file.
pub(super) async fn owner(
    ctx: &Ctx,
    organization: Option<&Key>,
) -> Result<OrganizationId, CliError> {
    let Some(organization) = organization else {
        let text = "say whose they are: --organization KEY";
        return Err(CliError::Other(text.to_owned()));
    };
    let (tenant, _) = find_names(ctx, Some(organization.as_str()), None).await?;
    Ok(tenant.ok_or_else(|| AppError::not_found("organization"))?)
}

/// Opens a file.
pub(super) fn open(file: &Path) -> Result<BufReader<File>, CliError> {
    let cannot = |e: std::io::Error| {
        CliError::Other(format!("cannot read {}: {}", file.display(), e.kind()))
    };
    File::open(file).map(BufReader::new).map_err(cannot)
}

/// The form of a file, by its name.
pub(super) fn form(file: &Path) -> Result<Form, CliError> {
    match file.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Form::Csv),
        Some("ndjson" | "jsonl") => Ok(Form::NdJson),
        Some("json") => Ok(Form::Json),
        _ => Err(CliError::Other("encounters come as .csv, .ndjson, .jsonl or .json".to_owned())),
    }
}

/// Records one chunk; `false` at the end of the file.
async fn chunk(
    ctx: &Ctx,
    (tenant, on_conflict): (OrganizationId, OnConflict),
    rows: &mut Rows<BufReader<File>>,
    tally: &mut Tally,
) -> Result<bool, CliError> {
    let (mut good, mut places) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < on_conflict.chunk_rows() {
        let Some(row) = rows.next_row()? else { break };
        read += 1;
        match &row.parsed {
            Ok(parsed) => {
                good.push(parsed.clone());
                places.push(row);
            }
            Err(error) => refuse(tally, row.line, error),
        }
    }
    if !good.is_empty() {
        let results = intake::record(ctx, tenant, good, on_conflict).await?;
        for (result, row) in results.into_iter().zip(places) {
            match result {
                Ok(seen) if seen.revised => tally.revised += 1,
                Ok(seen) if seen.fresh => {
                    let disposition = seen.decision.answer.disposition.as_str();
                    *tally.recorded.entry(disposition).or_default() += 1;
                }
                Ok(_) => tally.repeated += 1,
                Err(error) => refuse(tally, row.line, &row.place(error)),
            }
        }
    }
    Ok(read > 0)
}

fn refuse(tally: &mut Tally, line: u64, error: &AppError) {
    tally.refused += 1;
    tell(line, error);
}

/// Tells what is wrong with a row.
pub(super) fn tell(line: u64, error: &AppError) {
    if error.faults.is_empty() {
        eprintln!("line {line}: {}", error.detail);
    }
    for fault in &error.faults {
        let place = fault.column.as_deref().or(fault.pointer.as_deref()).unwrap_or_default();
        eprintln!("line {line}: {place}: {}", fault.message);
    }
}
