//! The bytes of reports that were made in the background: pieces that are written as they come, read one
//! at a time, and taken away some at a time.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::report_job_steps::Hold;
use super::schema::{report_job_pieces as pieces, report_jobs as jobs};
use crate::domain::ids::ReportJobId;
use crate::domain::report::job::JobState;

/// Pieces of one job that one transaction takes away: 16 MiB, which hold nobody up.
const AT_ONCE: i64 = 64;
/// Jobs with something to take away that are looked at in one turn.
const LOOKED_AT: i64 = 100;

/// Adds a piece. One that is there already was written by the same hand, whose commit nobody heard of.
pub fn put(conn: &mut Conn, hold: Hold, ordinal: i32, content: &[u8]) -> Result<(), StoreError> {
    let row = (
        pieces::job_id.eq(hold.job.as_i64()),
        pieces::attempt.eq(hold.attempt),
        pieces::ordinal.eq(ordinal),
        pieces::content.eq(content),
    );
    per_backend!(conn, c => diesel::insert_into(pieces::table)
        .values(row)
        .on_conflict((pieces::job_id, pieces::attempt, pieces::ordinal))
        .do_nothing()
        .execute(c))?;
    Ok(())
}

/// One piece of a file, 0 first.
pub fn get(conn: &mut Conn, hold: Hold, ordinal: i32) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(pieces::table
        .find((hold.job.as_i64(), hold.attempt, ordinal))
        .select(pieces::content)
        .first(conn)
        .optional()?)
}

/// Jobs with pieces that nobody reads any more, and the attempt below which they are such.
pub fn left(conn: &mut Conn) -> Result<Vec<Hold>, StoreError> {
    let of_job = || pieces::table.filter(pieces::job_id.eq(jobs::id));
    let nobodys = jobs::removed_at
        .is_not_null()
        .or(jobs::state.eq_any([JobState::Failed.as_str(), JobState::Cancelled.as_str()]));
    let whole: Vec<(i64, i32)> = jobs::table
        .filter(nobodys)
        .filter(exists(of_job()))
        .select((jobs::id, jobs::attempt + 1))
        .limit(LOOKED_AT)
        .load(conn)?;
    let lost: Vec<(i64, i32)> = jobs::table
        .filter(jobs::attempt.gt(1))
        .filter(exists(of_job().filter(pieces::attempt.lt(jobs::attempt))))
        .select((jobs::id, jobs::attempt))
        .limit(LOOKED_AT)
        .load(conn)?;
    let hold = |(job, attempt)| Hold { job: ReportJobId::from_i64(job), attempt };
    Ok(whole.into_iter().chain(lost).map(hold).collect())
}

/// Takes some pieces of earlier attempts away; `true`: there may be more.
pub fn clear(conn: &mut Conn, below: Hold) -> Result<bool, StoreError> {
    let keys: Vec<(i32, i32)> = pieces::table
        .filter(pieces::job_id.eq(below.job.as_i64()))
        .filter(pieces::attempt.lt(below.attempt))
        .order((pieces::attempt, pieces::ordinal))
        .limit(AT_ONCE)
        .select((pieces::attempt, pieces::ordinal))
        .load(conn)?;
    for (attempt, ordinal) in &keys {
        let one = pieces::table.find((below.job.as_i64(), *attempt, *ordinal));
        diesel::delete(one).execute(conn)?;
    }
    Ok(i64::try_from(keys.len()).is_ok_and(|n| n == AT_ONCE))
}

/// Takes the rows of jobs away that were removed and have no pieces.
pub fn forget(conn: &mut Conn) -> Result<usize, StoreError> {
    let pieces_of = pieces::table.filter(pieces::job_id.eq(jobs::id));
    let gone = jobs::table.filter(jobs::removed_at.is_not_null()).filter(not(exists(pieces_of)));
    Ok(diesel::delete(gone).execute(conn)?)
}
