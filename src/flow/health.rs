//! Whether this process can do its work: the database answers and has the tables it needs.

use super::Ctx;
use crate::domain::status::BatchStatus;
use crate::error::{AppError, Code};
use crate::store::{Backend, Scope, batches, marks, report_jobs, unapplied};

/// Ready, or the reason why not.
pub async fn ready(ctx: &Ctx) -> Result<(), AppError> {
    let missing =
        ctx.db.read(Scope::Service, |conn| unapplied(conn).map_err(AppError::from)).await.map_err(
            |e| AppError {
                internal: e.internal,
                ..AppError::new(Code::Busy, "The database does not answer as it should.")
            },
        )?;
    if missing.is_empty() {
        return Ok(());
    }
    let detail = "The database lacks migrations of this version; run `peerclaims migrate`.";
    Err(AppError { internal: Some(missing.join(", ")), ..AppError::new(Code::Busy, detail) })
}

/// The name of the database's kind.
pub fn backend(ctx: &Ctx) -> &'static str {
    match ctx.db.backend() {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    }
}

/// Kinds of work that wait in the database, with how many there are: batches that nobody has
/// released, released ones that nobody has delivered, reports that are to be made; changes whose visits are to be
/// decided again, and those of them that failed and are tried again.
pub async fn waiting(ctx: &Ctx) -> Result<Vec<(&'static str, u64)>, AppError> {
    let kinds =
        [(BatchStatus::Built, "batches_built"), (BatchStatus::Released, "batches_released")];
    ctx.db
        .read(Scope::Service, move |conn| {
            let count = |(status, kind)| Ok((kind, batches::count(conn, status)?));
            let mut waiting: Vec<_> =
                kinds.into_iter().map(count).collect::<Result<_, AppError>>()?;
            waiting.push(("report_jobs", report_jobs::open_count(conn)?));
            let (all, failed) = marks::counts(conn)?;
            waiting.extend([("decisions", all), ("decisions_failed", failed)]);
            Ok(waiting)
        })
        .await
}
