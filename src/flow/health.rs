//! Whether this process can do its work: the database answers and has the tables it needs.

use super::Ctx;
use crate::error::{AppError, Code};
use crate::store::{Scope, unapplied};

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
