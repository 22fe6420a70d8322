//! `peerclaims import KIND FILE`: reference data from CSV (packs and contracts from TOML), the whole
//! file or nothing. `docs/import.md` has every column.

mod cells;
mod records;
mod rows;

use std::fs::File as Source;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{CliError, open};
use crate::config::Settings;
use crate::domain::contract::{MAX_INPUT_BYTES, gaps};
use crate::domain::identifiers::Key;
use crate::error::{AppError, Fault};
use crate::flow::intake::OnConflict;
use crate::flow::reference::bulk::{self, Columns, Counts};
use crate::flow::reference::{Document, Scope, contracts, packs};
use crate::flow::table::{Cells, MAX_ROWS, Table};
use crate::flow::{Clock, Ctx};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Organizations (CSV).
    Organizations,
    /// Locations of organizations (CSV).
    Locations,
    /// Payers (CSV).
    Payers,
    /// Peers (CSV).
    Peers,
    /// Certificates of peers (CSV).
    Certificates,
    /// Members, each with one coverage or none (CSV).
    Members,
    /// Coverages of members (CSV).
    Coverages,
    /// Authorizations (CSV).
    Authorizations,
    /// Orders, plans, assessments and other dated evidence (CSV).
    Documents,
    /// Enrollment episodes of members (CSV).
    Episodes,
    /// Members' consents to disclosures of substance-use records (CSV).
    Consents,
    /// Units used before go-live (CSV).
    OpeningBalances,
    /// Programs, sites and grants of organizations (CSV).
    Programs,
    /// A payer pack (TOML).
    Packs,
    /// A contract (TOML).
    Contracts,
    /// Visits (CSV, NDJSON or a JSON list); each row stands for itself.
    Encounters,
    /// Sessions (NDJSON or a JSON list); each stands for itself.
    Sessions,
    /// What clearinghouses and payers answered (TA1, 999, 277CA, 835): a file, a zip or a folder.
    Responses,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// What the file holds.
    kind: Kind,
    /// The file.
    file: PathBuf,
    /// Key of the organization, in place of the column `organization`.
    #[arg(long, value_name = "KEY")]
    organization: Option<Key>,
    /// What becomes of a known reference with other content: `refuse` the row, or `revise` what is
    /// not claimed yet. For encounters.
    #[arg(long, value_name = "ANSWER", default_value = "refuse")]
    on_conflict: OnConflict,
}

pub(super) async fn run(settings: &Settings, import: Import) -> Result<(), CliError> {
    let ctx = open(settings, Clock::system()).await?;
    let Import { kind, file, organization, on_conflict } = import;
    if kind == Kind::Sessions {
        return super::sessions::run(&ctx, &file, organization.as_ref()).await;
    }
    if kind == Kind::Responses {
        return super::responses::run(&ctx, &file, organization.as_ref()).await;
    }
    if kind == Kind::Encounters {
        return super::encounters::run(&ctx, &file, organization.as_ref(), on_conflict).await;
    }
    let counts = load_file(&ctx, kind, &file, organization.as_ref()).await?;
    println!("{}", said(kind, counts));
    Ok(())
}

/// Brings a file in: the whole of it, or nothing.
pub(crate) async fn load_file(
    ctx: &Ctx,
    kind: Kind,
    file: &Path,
    organization: Option<&Key>,
) -> Result<Counts, CliError> {
    let cannot = |e: std::io::Error| {
        CliError::Other(format!("cannot read {}: {}", file.display(), e.kind()))
    };
    let source = Source::open(file).map_err(cannot)?;
    match kind {
        Kind::Packs | Kind::Contracts => {
            let most = u64::try_from(MAX_INPUT_BYTES).unwrap_or(u64::MAX);
            let mut bytes = Vec::new();
            // One byte more than allowed: the reader then tells that the text is too large.
            source.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot)?;
            let text = String::from_utf8(bytes).map_err(|_| not_utf8(file))?;
            Ok(load_toml(ctx, kind, text).await?)
        }
        _ => Ok(load_csv(ctx, kind, BufReader::new(source), organization).await?),
    }
}

/// Brings in a file's text.
pub(super) async fn load_text(ctx: &Ctx, kind: Kind, text: &str) -> Result<Counts, AppError> {
    match kind {
        Kind::Packs | Kind::Contracts => load_toml(ctx, kind, text.to_owned()).await,
        _ => load_csv(ctx, kind, text.as_bytes(), None).await,
    }
}

/// The counts in words.
pub(crate) fn said(kind: Kind, counts: Counts) -> String {
    let name = kind.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    let Counts { created, updated, unchanged } = counts;
    if created == 0 && updated == 0 {
        return format!("{name}: {unchanged} unchanged");
    }
    format!("{name}: {created} created, {updated} updated, {unchanged} unchanged")
}

fn not_utf8(file: &Path) -> CliError {
    CliError::Other(format!("{} is not UTF-8", file.display()))
}

async fn load_toml(ctx: &Ctx, kind: Kind, text: String) -> Result<Counts, AppError> {
    let document = Document::Toml(text);
    let inner = ctx.clone();
    let fresh = if kind == Kind::Packs {
        let pack = packs::parse(&document)?;
        let add = move |conn: &mut _| packs::create(conn, &inner, pack);
        ctx.db.write(Scope::Service, add).await?.1
    } else {
        let organization = contracts::organization_of(ctx, &document).await?;
        let add = move |conn: &mut _| contracts::create(conn, &inner, organization, &document);
        let added = ctx.db.write(Scope::Tenant(organization), add).await?;
        for warning in gaps(&added.version.terms) {
            eprintln!("warning: {warning}");
        }
        added.fresh
    };
    let (created, unchanged) = (u64::from(fresh), u64::from(!fresh));
    Ok(Counts { created, updated: 0, unchanged })
}

async fn load_csv(
    ctx: &Ctx,
    kind: Kind,
    source: impl BufRead,
    organization: Option<&Key>,
) -> Result<Counts, AppError> {
    let (required, optional) = rows::columns(kind, organization.is_some());
    let table = Table::open(source, &required, &optional).map_err(AppError::invalid)?;
    let columns = Columns::Of(table.columns().to_vec());
    let (cells, mut faults) = read(table);
    let most = cells.len() >= MAX_ROWS;
    let (file, more) = rows::parse(kind, &cells, organization);
    faults.extend(more);
    // So many rows are not held against the database in vain.
    if most && !faults.is_empty() {
        faults.sort_by_key(|f| f.line);
        return Err(AppError::invalid(faults));
    }
    bulk::load(ctx, file, columns, faults).await.map_err(|error| in_columns(kind, error))
}

/// All rows, and the faults of those that cannot be read.
fn read(table: Table<impl BufRead>) -> (Vec<Cells>, Vec<Fault>) {
    let (mut cells, mut faults) = (Vec::new(), Vec::new());
    for row in table {
        match row {
            Ok(row) if cells.len() >= MAX_ROWS => {
                let message = format!("a file has at most {MAX_ROWS} rows; split it");
                faults.push(Fault::on_line(row.line, None, message));
                break;
            }
            Ok(row) => cells.push(row),
            Err(fault) => faults.push(fault),
        }
    }
    (cells, faults)
}

/// Pointers of the drafts as columns of the file; faults of rows that cannot be read have theirs.
fn in_columns(kind: Kind, mut error: AppError) -> AppError {
    for fault in error.faults.iter_mut().filter(|f| f.line.is_some()) {
        if let Some(pointer) = fault.pointer.take() {
            fault.column = Some(rows::column(kind, &pointer));
        }
    }
    error
}
