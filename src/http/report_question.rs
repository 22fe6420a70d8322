//! What a report is asked for, and whether this caller may have it: the one way to an answer at once and to
//! a job.

use chrono::NaiveDate;

use super::Caller;
use super::reports::{acquainted, dimensions, view_of};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::access::{Role, find_names};
use crate::reports::frame::{Asked, Basis, Lens, MAX_RUN_OUT_DAYS, RUN_OUT_DAYS};
use crate::reports::utilization::Perspective;

/// Who reads reports.
pub(super) const READERS: &[Role] = &[Role::Admin, Role::Biller, Role::PayerAnalyst];

/// What was named, as it was named.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// A payer's id or key.
    pub payer: Option<String>,
    /// An organization's id or key.
    pub organization: Option<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// By which date; by that of the service when missing.
    pub basis: Option<Basis>,
    /// As it was known then.
    pub as_of: Option<Instant>,
    /// Against what was known then.
    pub since: Option<Instant>,
    /// Days after the period until it is complete.
    pub run_out_days: Option<u16>,
    /// How a member's month is counted.
    pub convention: Option<Convention>,
    /// What rows are grouped by, joined by commas.
    pub group_by: Option<String>,
}

/// The question of this caller: what it names that it may not see does not exist.
pub(super) async fn asked(ctx: &Ctx, caller: &Caller, wanted: Wanted) -> Result<Asked, AppError> {
    let (organization, payer) =
        find_names(ctx, wanted.organization.as_deref(), wanted.payer.as_deref()).await?;
    let (edition, organization, payer) = view_of(&caller.0, organization, payer)?;
    acquainted(ctx, edition, organization, payer).await?;
    let run_out_days = wanted.run_out_days.map_or(RUN_OUT_DAYS, i64::from);
    if run_out_days > MAX_RUN_OUT_DAYS {
        let detail = "Parameter run_out_days: two years at most, 730.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    Ok(Asked {
        lens: Lens { edition, organization, payer },
        from: wanted.from,
        to: wanted.to,
        basis: wanted.basis.unwrap_or(Basis::Service),
        as_of: wanted.as_of,
        since: wanted.since,
        run_out_days,
        convention: wanted.convention,
        group_by: dimensions(wanted.group_by.as_deref())?,
    })
}

/// What a role reads.
pub(super) fn edition(role: Role) -> Perspective {
    if role == Role::PayerAnalyst { Perspective::Payer } else { Perspective::Organization }
}
