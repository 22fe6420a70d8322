//! Reports that are made in the background (`docs/adr/0120`): asked for, looked at, handed out, stopped and
//! removed. [`run`] makes them.

mod run;
mod sink;

use chrono::TimeDelta;

use super::audit::{self, Action, Detail};
use super::{Ctx, Scope};
use crate::domain::dates::Instant;
use crate::domain::ids::ReportJobId;
use crate::domain::report::issue::Shelf;
pub use crate::domain::report::job::{Job, JobState};
use crate::domain::report::job::{MOST_KEPT, MOST_OPEN};
use crate::error::{AppError, Code};
pub use crate::store::Conn;
pub use crate::store::report_jobs::Filter;
use crate::store::{report_job_pieces as pieces, report_job_steps as steps, report_jobs as store};
pub use run::{Make, Run, claim, turn};
pub use sink::{MAX_FILE_BYTES, PIECE_BYTES};

/// How long what a job came to is kept: what is asked for on a Friday is still there on Monday, and no
/// longer than that, because it is health information of which the database has the source anyway.
pub const KEPT: TimeDelta = TimeDelta::hours(72);
/// Jobs that one transaction removes.
const REMOVED_AT_ONCE: i64 = 50;

/// Adds a job, in the caller's transaction; refused where its shelf has enough of them.
pub fn add(ctx: &Ctx, conn: &mut Conn, job: &Job) -> Result<(), AppError> {
    crate::store::turns::jobs(conn)?;
    let (open, all) = store::counts(conn, job.shelf())?;
    let full = |most: usize, count: i64| usize::try_from(count).is_ok_and(|count| count >= most);
    if full(MOST_OPEN, open) {
        let detail = format!(
            "{open} jobs wait or run already, and {MOST_OPEN} may: wait for one, or delete one."
        );
        return Err(AppError::new(Code::TooManyJobs, detail));
    }
    if full(MOST_KEPT, all) {
        let detail = format!("{all} jobs are kept already, and {MOST_KEPT} may: delete one.");
        return Err(AppError::new(Code::TooManyJobs, detail));
    }
    store::insert(conn, job)?;
    let detail = Detail::default().about("report", &job.report);
    audit::note(ctx, conn, job.owner(), Action::ReportJob, job.id, detail)
}

/// A page of a shelf, newest first.
pub async fn list(
    ctx: &Ctx,
    shelf: Shelf,
    filter: Filter,
    after: Option<ReportJobId>,
    limit: i64,
) -> Result<Vec<Job>, AppError> {
    let read = move |conn: &mut Conn| store::list(conn, shelf, &filter, after, limit);
    Ok(ctx.db.read(Scope::Service, read).await?)
}

fn hidden() -> AppError {
    AppError::not_found("job")
}

/// A job of a shelf.
pub async fn get(ctx: &Ctx, shelf: Shelf, id: ReportJobId) -> Result<Job, AppError> {
    let found = ctx.db.read(Scope::Service, move |conn| store::by_id(conn, shelf, id)).await?;
    found.ok_or_else(hidden)
}

/// Stops a job that waits or runs, and gives it as it is then; removes one that has ended, and gives
/// nothing.
pub async fn delete(ctx: &Ctx, shelf: Shelf, id: ReportJobId) -> Result<Option<Job>, AppError> {
    let (work, now) = (ctx.clone(), ctx.clock.real());
    let delete = move |conn: &mut Conn| {
        let job = store::by_id(conn, shelf, id)?.ok_or_else(hidden)?;
        let detail = Detail::default().about("report", &job.report);
        if steps::cancel(conn, id, now)? {
            audit::note(&work, conn, job.owner(), Action::ReportJobCancel, id, detail)?;
            return Ok(Some(store::by_id(conn, shelf, id)?.ok_or_else(hidden)?));
        }
        if !steps::remove(conn, id, now)? {
            return Err(hidden());
        }
        audit::note(&work, conn, job.owner(), Action::ReportJobRemove, id, detail)?;
        Ok(None)
    };
    ctx.db.write(Scope::Service, delete).await
}

/// One piece of the file of a job, 0 first. It is an error when it is not there: then the job was removed
/// while it was read.
pub async fn piece(
    ctx: &Ctx,
    (job, attempt): (ReportJobId, i32),
    ordinal: i32,
) -> Result<Vec<u8>, AppError> {
    let hold = steps::Hold { job, attempt };
    let found = ctx.db.read(Scope::Service, move |conn| pieces::get(conn, hold, ordinal)).await?;
    found.ok_or_else(|| AppError::internal("a report was removed while it was handed out"))
}

/// When what a job came to is removed.
pub fn kept_until(job: &Job) -> Option<Instant> {
    job.finished_at.map(|at| at.plus(KEPT))
}

/// Removes jobs whose time is over, and takes away what nobody reads any more, some at a time.
pub async fn tidy(ctx: &Ctx) -> Result<(), AppError> {
    while remove_old(ctx).await? {}
    let left = ctx.db.read(Scope::Service, pieces::left).await?;
    for below in left {
        while ctx.db.write(Scope::Service, move |conn| pieces::clear(conn, below)).await? {}
    }
    ctx.db.write(Scope::Service, pieces::forget).await?;
    Ok(())
}

/// Some of those whose time is over; `true`: there may be more.
async fn remove_old(ctx: &Ctx) -> Result<bool, AppError> {
    let now = ctx.clock.real();
    let before = now.plus(-KEPT);
    let look = move |conn: &mut Conn| store::ended_before(conn, before, REMOVED_AT_ONCE);
    let old = ctx.db.read(Scope::Service, look).await?;
    if old.is_empty() {
        return Ok(false);
    }
    let (work, full) = (ctx.clone(), i64::try_from(old.len()).is_ok_and(|n| n == REMOVED_AT_ONCE));
    let remove = move |conn: &mut Conn| -> Result<(), AppError> {
        for job in old {
            // Another process may have been quicker.
            if steps::remove(conn, job.id, now)? {
                let detail = Detail::default().about("report", &job.report);
                audit::note(&work, conn, job.owner(), Action::ReportJobRemove, job.id, detail)?;
            }
        }
        Ok(())
    };
    ctx.db.write(Scope::Service, remove).await?;
    Ok(full)
}
