//! Tasks: rejections to correct, answers that are overdue or unclear, corrections that wait,
//! deadlines that are near (`docs/tasks.md`). They are worked out, never kept.

use chrono::NaiveDate;

use super::{Ctx, Scope};
use crate::domain::ids::OrganizationId;
pub use crate::domain::task::{Subject, Task, TaskKind, TaskOwner};
use crate::error::AppError;
use crate::store;
pub use crate::store::tasks::{Filter, Place};

/// Where a list goes on after a task.
pub fn place(task: &Task) -> Place {
    let id = match task.subject {
        Subject::Claim(id) => id.as_i64(),
        Subject::Batch(id) => id.as_i64(),
        Subject::Correction(id) => id.as_i64(),
        Subject::Encounter(id) => id.as_i64(),
        Subject::Response(id) => id.as_i64(),
        Subject::File(id) => id.as_i64(),
    };
    (store::tasks::number(task.due), id)
}

/// A page of tasks as they stand on `today`, the nearest due day first.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    today: NaiveDate,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Task>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            Ok(store::tasks::list(conn, tenant, filter, today, after, limit)?)
        })
        .await
}
