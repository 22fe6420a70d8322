//! A job as its readers see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::error::{AppError, Code};
use crate::flow::report_jobs::{self, Job};
use crate::reports::job::Question;
use crate::reports::utilization::words;

/// How far a job is. Each part counts for itself: days to read again, days of the period, rows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgressView {
    /// refresh, read or write.
    #[schema(example = "refresh")]
    part: String,
    /// What is counted: days or rows.
    #[schema(example = "days")]
    unit: &'static str,
    /// How many are done.
    #[schema(example = 120)]
    done: u64,
    /// Of how many; null where that is not known beforehand.
    #[schema(example = 365)]
    of: Option<u64>,
}

/// A report that is made in the background.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    /// Our id.
    #[schema(example = "rjb_0KXJ5T9B20000")]
    id: String,
    /// The report.
    #[schema(example = "delivery")]
    report: String,
    /// For whom: organization or payer.
    edition: String,
    /// Key of the organization; null: all.
    organization: Option<String>,
    /// Key of the payer; null: all.
    payer: Option<String>,
    /// First day.
    from: String,
    /// Last day.
    to: String,
    /// By which date.
    basis: String,
    /// As it was known then; null until it is done: as it is known when the job runs.
    as_of: Option<String>,
    /// For movement: against what was known then.
    since: Option<String>,
    /// Days after the period until it is complete.
    run_out_days: i64,
    /// For rates: how a member's month is counted.
    convention: Option<String>,
    /// For utilization: what its rows are grouped by, joined by commas; null: by nothing.
    #[schema(example = "month,service")]
    group_by: Option<String>,
    /// In which form.
    format: String,
    /// waiting, running, done, failed or cancelled.
    state: String,
    /// How far it is; null before it runs, and of a closed file.
    progress: Option<ProgressView>,
    /// When it was asked for.
    made_at: String,
    /// When it was last begun.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
    /// When it is removed.
    kept_until: Option<String>,
    /// Where the file is, when it is done.
    file: Option<String>,
    /// Its bytes; null when the file is closed because less may be told by now.
    size: Option<u64>,
    /// SHA-256 of them, hex; null as the size.
    sha256: Option<String>,
    /// Why it failed.
    error: Option<Problem>,
}

impl JobView {
    /// Of a job; `narrowed`: its reader may be told less of people than when it was made, and so neither how
    /// many rows nor how many bytes there were.
    pub(super) fn of(job: &Job, narrowed: bool) -> Result<Self, AppError> {
        let asked = Question::read(job)?;
        let id = job.id.to_string();
        // Who names it in GET has the same bytes as the file.
        let as_of = asked.as_of.or_else(|| job.made.as_ref().and_then(|made| made.as_of));
        let error = job.failure.as_ref().map(|failure| {
            let code = Code::parse(&failure.code).unwrap_or(Code::Internal);
            Problem::from(&AppError::new(code, failure.detail.clone()))
        });
        Ok(Self {
            report: job.report.clone(),
            edition: job.edition.clone(),
            organization: asked.organization,
            payer: asked.payer,
            from: asked.from.to_string(),
            to: asked.to.to_string(),
            basis: asked.basis.to_string(),
            as_of: as_of.map(|at| at.to_string()),
            since: asked.since.as_ref().map(ToString::to_string),
            run_out_days: asked.run_out_days,
            convention: asked.convention.map(|c| c.to_string()),
            group_by: (!asked.group_by.is_empty()).then(|| words(&asked.group_by)),
            format: asked.format.to_string(),
            state: job.state.to_string(),
            progress: job.progress.filter(|_| !narrowed).map(|p| ProgressView {
                part: p.part.to_string(),
                unit: p.part.unit(),
                done: p.done,
                of: p.of,
            }),
            made_at: job.made_at.to_string(),
            started_at: job.started_at.map(|at| at.to_string()),
            finished_at: job.finished_at.map(|at| at.to_string()),
            kept_until: report_jobs::kept_until(job).map(|at| at.to_string()),
            file: job.made.as_ref().map(|_| format!("/v1/report-jobs/{id}/file")),
            size: job.made.as_ref().filter(|_| !narrowed).map(|made| made.size),
            sha256: job.made.as_ref().filter(|_| !narrowed).map(|made| made.sha256.clone()),
            error,
            id,
        })
    }
}
