//! Reports that are made in the background: their rows as they are read, and new ones. Steps of a job are
//! in [`super::report_job_steps`], the bytes in [`super::report_job_pieces`].

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::report_jobs as table;
use super::types::{broken, page_size, read, read_optional};
use crate::domain::dates::Instant;
use crate::domain::ids::{OrganizationId, PayerId, ReportJobId};
use crate::domain::report::issue::Shelf;
use crate::domain::report::job::{Failure, Job, JobState, Made, Part, Progress};

/// Most open jobs that are looked at for the next one: those of some hundred organizations.
const LOOKED_AT: i64 = 1_000;
/// States of jobs that wait or run.
const OPEN: [&str; 2] = [JobState::Waiting.as_str(), JobState::Running.as_str()];

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    organization_id: Option<i64>,
    payer_id: Option<i64>,
    edition: String,
    report: String,
    question: String,
    state: String,
    attempt: i32,
    tries: i32,
    lease_until: Option<NaiveDateTime>,
    part: Option<String>,
    part_done: Option<i64>,
    part_of: Option<i64>,
    made_at: NaiveDateTime,
    started_at: Option<NaiveDateTime>,
    finished_at: Option<NaiveDateTime>,
    known_at: Option<NaiveDateTime>,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    error_code: Option<String>,
    error_detail: Option<String>,
    narrowings: i64,
    as_of: Option<NaiveDateTime>,
}

impl Row {
    fn into_domain(self) -> Result<Job, StoreError> {
        let time = |at: Option<NaiveDateTime>| at.map(Instant::from_naive);
        let part: Option<Part> = read_optional("report_jobs.part", self.part)?;
        let (done, of) = (count(self.part_done)?.unwrap_or(0), count(self.part_of)?);
        let size = count(self.size_bytes)?;
        let made = match (size, self.sha256, time(self.known_at)) {
            (Some(size), Some(sha256), Some(known_at)) => {
                let as_of = time(self.as_of);
                Some(Made { size, sha256, known_at, as_of, narrowings: self.narrowings })
            }
            _ => None,
        };
        let failure = self.error_code.zip(self.error_detail);
        Ok(Job {
            id: ReportJobId::from_i64(self.id),
            organization: self.organization_id.map(OrganizationId::from_i64),
            payer: self.payer_id.map(PayerId::from_i64),
            edition: self.edition,
            report: self.report,
            question: self.question,
            state: read("report_jobs.state", self.state)?,
            attempt: self.attempt,
            tries: self.tries,
            lease: time(self.lease_until),
            progress: part.map(|part| Progress { part, done, of }),
            made_at: Instant::from_naive(self.made_at),
            started_at: time(self.started_at),
            finished_at: time(self.finished_at),
            made,
            failure: failure.map(|(code, detail)| Failure { code, detail }),
        })
    }
}

fn count(value: Option<i64>) -> Result<Option<u64>, StoreError> {
    value.map(|v| u64::try_from(v).map_err(|_| broken("report_jobs.count"))).transpose()
}

/// Adds a job that waits.
pub fn insert(conn: &mut Conn, job: &Job) -> Result<(), StoreError> {
    let row = Row {
        id: job.id.as_i64(),
        organization_id: job.organization.map(OrganizationId::as_i64),
        payer_id: job.payer.map(PayerId::as_i64),
        edition: job.edition.clone(),
        report: job.report.clone(),
        question: job.question.clone(),
        state: job.state.to_string(),
        attempt: job.attempt,
        tries: job.tries,
        lease_until: None,
        part: None,
        part_done: None,
        part_of: None,
        made_at: job.made_at.naive(),
        started_at: None,
        finished_at: None,
        known_at: None,
        size_bytes: None,
        sha256: None,
        error_code: None,
        error_detail: None,
        narrowings: 0,
        as_of: None,
    };
    diesel::insert_into(table::table).values(row).execute(conn)?;
    Ok(())
}

/// What a list of jobs is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of them.
    pub id: Option<ReportJobId>,
    /// By report.
    pub report: Option<String>,
    /// By state.
    pub state: Option<JobState>,
}

/// A boxed query of what is on a shelf and was not removed.
macro_rules! on_shelf {
    ($shelf:expr) => {{
        let query = table::table.filter(table::removed_at.is_null()).into_boxed();
        match $shelf {
            Shelf::All => query,
            Shelf::Organization(id) => query
                .filter(table::organization_id.eq(id.as_i64()))
                .filter(table::edition.eq("organization")),
            Shelf::Payer(id) => {
                query.filter(table::payer_id.eq(id.as_i64())).filter(table::edition.eq("payer"))
            }
        }
    }};
}

/// A page of a shelf, newest first, older than `after`.
pub fn list(
    conn: &mut Conn,
    shelf: Shelf,
    filter: &Filter,
    after: Option<ReportJobId>,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let mut query = on_shelf!(shelf).order(table::id.desc()).limit(page_size(limit));
    if let Some(id) = filter.id {
        query = query.filter(table::id.eq(id.as_i64()));
    }
    if let Some(report) = &filter.report {
        query = query.filter(table::report.eq(report.clone()));
    }
    if let Some(state) = filter.state {
        query = query.filter(table::state.eq(state.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(table::id.lt(after.as_i64()));
    }
    let rows: Vec<Row> = query.select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// A job on a shelf.
pub fn by_id(conn: &mut Conn, shelf: Shelf, id: ReportJobId) -> Result<Option<Job>, StoreError> {
    let filter = Filter { id: Some(id), ..Filter::default() };
    Ok(list(conn, shelf, &filter, None, 1)?.pop())
}

/// How many of a shelf wait or run, and how many there are. Those over all organizations, which only the
/// service itself has, are counted by themselves.
pub fn counts(conn: &mut Conn, shelf: Shelf) -> Result<(i64, i64), StoreError> {
    let own = |open: bool| {
        let mut query = on_shelf!(shelf);
        if shelf == Shelf::All {
            query = query
                .filter(table::organization_id.is_null())
                .filter(table::edition.eq("organization"));
        }
        if open { query.filter(table::state.eq_any(OPEN)) } else { query }
    };
    let waiting: i64 = own(true).count().get_result(conn)?;
    let all: i64 = own(false).count().get_result(conn)?;
    Ok((waiting, all))
}

/// Jobs that wait or run, oldest first.
pub fn open(conn: &mut Conn) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = table::table
        .filter(table::state.eq_any(OPEN))
        .order(table::id)
        .limit(LOOKED_AT)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// How many wait or run.
pub fn open_count(conn: &mut Conn) -> Result<u64, StoreError> {
    let found: i64 = table::table.filter(table::state.eq_any(OPEN)).count().get_result(conn)?;
    u64::try_from(found).map_err(|_| broken("report_jobs.count"))
}

/// Jobs that ended before a time and were not removed.
pub fn ended_before(conn: &mut Conn, before: Instant, limit: i64) -> Result<Vec<Job>, StoreError> {
    let rows: Vec<Row> = table::table
        .filter(table::removed_at.is_null())
        .filter(table::finished_at.lt(before.naive()))
        .order(table::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}
