//! Enrollment files: brought in whole or not at all (`docs/adr/0102`).

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::audit::{self, Action, Detail};
use super::{Ctx, Scope};
use crate::domain::enrollment::EnrollmentFile;
use crate::domain::ids::PayerId;
use crate::error::AppError;
use crate::store::{Conn, enrollments as store, report_facts};

/// A row: member number, first and last day.
pub type Row = (String, NaiveDate, NaiveDate);

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub file: EnrollmentFile,
    /// Whether it was kept now; else it was there already.
    pub fresh: bool,
    /// Members of it that are on no roster: enrolled, and never served here.
    pub unknown: i64,
}

/// Keeps a file. The same bytes of the same period again change nothing, unless another file that speaks of
/// any of its days came since: then it is put back.
pub async fn keep(
    ctx: &Ctx,
    payer: PayerId,
    sha256: String,
    (from, to): (NaiveDate, NaiveDate),
    rows: Vec<Row>,
) -> Result<Kept, AppError> {
    let work = ctx.clone();
    let keep = move |conn: &mut Conn| -> Result<Kept, AppError> {
        let numbers: BTreeSet<&String> = rows.iter().map(|(number, _, _)| number).collect();
        let numbers: Vec<String> = numbers.into_iter().cloned().collect();
        let known = store::on_rosters(conn, payer, &numbers)?;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let unknown = count(numbers.len().saturating_sub(known.len()));
        let detail = Detail::default().about("payer", payer).about("from", from).about("to", to);
        if let Some(file) = store::by_digest(conn, payer, &sha256)? {
            if store::is_overtaken(conn, &file)? {
                let at = report_facts::advance(conn, work.now())?;
                store::arrive(conn, file.id, at)?;
                let detail = detail.about("again", true);
                audit::note(&work, conn, None, Action::EnrollmentImport, file.id, detail)?;
            }
            return Ok(Kept { file, fresh: false, unknown });
        }
        let file = EnrollmentFile {
            id: work.id(),
            payer,
            sha256,
            from,
            to,
            spans: count(rows.len()),
            members: count(numbers.len()),
            received_at: work.now(),
        };
        store::insert(conn, &file, &rows)?;
        // By the clock of the reports, which may be ahead: what was issued before reads the file of before.
        let at = report_facts::advance(conn, work.now())?;
        store::arrive(conn, file.id, at)?;
        audit::note(&work, conn, None, Action::EnrollmentImport, file.id, detail)?;
        Ok(Kept { file, fresh: true, unknown })
    };
    ctx.db.write(Scope::Service, keep).await
}
