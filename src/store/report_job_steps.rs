//! Steps of a job. Whoever makes it writes only while it is still the one who took it; each step says
//! whether it was.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::report_jobs as table;
use super::types::broken;
use crate::domain::dates::Instant;
use crate::domain::ids::ReportJobId;
use crate::domain::report::job::{Failure, JobState, Made, Progress};

/// Who took a job: nobody else has the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The job.
    pub job: ReportJobId,
    /// The number.
    pub attempt: i32,
}

/// The job while it is held.
macro_rules! held {
    ($hold:expr) => {
        table::table
            .filter(table::id.eq($hold.job.as_i64()))
            .filter(table::attempt.eq($hold.attempt))
            .filter(table::state.eq(JobState::Running.as_str()))
            .filter(table::removed_at.is_null())
    };
}

fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| broken("report_jobs.count"))
}

/// Takes a job that `seen` is the last attempt of.
pub fn take(
    conn: &mut Conn,
    id: ReportJobId,
    seen: i32,
    (now, until): (Instant, Instant),
) -> Result<Option<Hold>, StoreError> {
    let free = table::table
        .filter(table::id.eq(id.as_i64()))
        .filter(table::attempt.eq(seen))
        .filter(table::state.eq_any([JobState::Waiting.as_str(), JobState::Running.as_str()]))
        .filter(table::removed_at.is_null());
    let taken = diesel::update(free)
        .set((
            table::state.eq(JobState::Running.as_str()),
            table::attempt.eq(table::attempt + 1),
            table::tries.eq(table::tries + 1),
            table::lease_until.eq(Some(until.naive())),
            table::started_at.eq(Some(now.naive())),
            table::part.eq(None::<String>),
            table::part_done.eq(None::<i64>),
            table::part_of.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok((taken == 1).then_some(Hold { job: id, attempt: seen + 1 }))
}

/// Holds on, and tells how far it is.
pub fn hold_on(
    conn: &mut Conn,
    hold: Hold,
    until: Instant,
    progress: Option<Progress>,
) -> Result<bool, StoreError> {
    let lease = table::lease_until.eq(Some(until.naive()));
    let Some(progress) = progress else {
        return Ok(diesel::update(held!(hold)).set(lease).execute(conn)? == 1);
    };
    let change = (
        lease,
        table::part.eq(Some(progress.part.as_str())),
        table::part_done.eq(Some(number(progress.done)?)),
        table::part_of.eq(progress.of.map(number).transpose()?),
    );
    Ok(diesel::update(held!(hold)).set(change).execute(conn)? == 1)
}

/// It is made.
pub fn done(conn: &mut Conn, hold: Hold, now: Instant, made: &Made) -> Result<bool, StoreError> {
    let change = (
        table::state.eq(JobState::Done.as_str()),
        table::lease_until.eq(None::<chrono::NaiveDateTime>),
        table::finished_at.eq(Some(now.naive())),
        table::known_at.eq(Some(made.known_at.naive())),
        table::size_bytes.eq(Some(number(made.size)?)),
        table::sha256.eq(Some(made.sha256.as_str())),
        table::narrowings.eq(made.narrowings),
        table::as_of.eq(made.as_of.map(Instant::naive)),
    );
    Ok(diesel::update(held!(hold)).set(change).execute(conn)? == 1)
}

/// It cannot be made.
pub fn fail(
    conn: &mut Conn,
    hold: Hold,
    now: Instant,
    failure: &Failure,
) -> Result<bool, StoreError> {
    let change = (
        table::state.eq(JobState::Failed.as_str()),
        table::lease_until.eq(None::<chrono::NaiveDateTime>),
        table::finished_at.eq(Some(now.naive())),
        table::error_code.eq(Some(failure.code.as_str())),
        table::error_detail.eq(Some(failure.detail.as_str())),
    );
    Ok(diesel::update(held!(hold)).set(change).execute(conn)? == 1)
}

/// Gives it back, for whoever takes it next. `ended_well`: nothing was wrong with it, so that this was no
/// try.
pub fn give_back(conn: &mut Conn, hold: Hold, ended_well: bool) -> Result<bool, StoreError> {
    let change = (
        table::state.eq(JobState::Waiting.as_str()),
        table::tries.eq(table::tries - i32::from(ended_well)),
        table::lease_until.eq(None::<chrono::NaiveDateTime>),
        table::started_at.eq(None::<chrono::NaiveDateTime>),
        table::part.eq(None::<String>),
        table::part_done.eq(None::<i64>),
        table::part_of.eq(None::<i64>),
    );
    Ok(diesel::update(held!(hold)).set(change).execute(conn)? == 1)
}

/// Stops a job that waits or runs.
pub fn cancel(conn: &mut Conn, id: ReportJobId, now: Instant) -> Result<bool, StoreError> {
    let open = table::table
        .filter(table::id.eq(id.as_i64()))
        .filter(table::state.eq_any([JobState::Waiting.as_str(), JobState::Running.as_str()]))
        .filter(table::removed_at.is_null());
    let change = (
        table::state.eq(JobState::Cancelled.as_str()),
        table::lease_until.eq(None::<chrono::NaiveDateTime>),
        table::finished_at.eq(Some(now.naive())),
    );
    Ok(diesel::update(open).set(change).execute(conn)? == 1)
}

/// Takes a job that has ended out of sight.
pub fn remove(conn: &mut Conn, id: ReportJobId, now: Instant) -> Result<bool, StoreError> {
    let ended = table::table
        .filter(table::id.eq(id.as_i64()))
        .filter(table::finished_at.is_not_null())
        .filter(table::removed_at.is_null());
    let change = table::removed_at.eq(Some(now.naive()));
    Ok(diesel::update(ended).set(change).execute(conn)? == 1)
}
