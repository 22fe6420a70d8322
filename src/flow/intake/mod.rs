//! Step 1: an encounter comes in, is checked, decided under its contract, and stored.

pub mod bench;
mod beside;
mod dossiers;
pub mod draft;
pub mod draws;
mod meetings;
mod nearby;
pub(in crate::flow) mod plan;
pub mod posts;
pub mod record;
pub mod records;
pub mod refs;
mod remembered;
mod resolve;
mod told;
mod usage;

use std::sync::Arc;

use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
pub use crate::store::decisions::StoredDecision;
use crate::store::{Purpose, Scope};
pub use draft::{Draft, Parsed, Reading};
pub use record::{CHUNK_ROWS, OnConflict, Recorded, RowResult, lost_race, record_in};
pub use resolve::resolve;

/// How often a step is tried again when another request recorded the same reference meanwhile:
/// the second try finds the other's row, so more than three means something else is wrong.
pub const RACE_TRIES: usize = 3;

/// Whether the same chunk may well succeed when it is tried again at once.
pub(super) fn may_win(error: &AppError) -> bool {
    lost_race(error) || error.code == Code::Busy
}

/// Records a chunk in a transaction of its own.
pub async fn record(
    ctx: &Ctx,
    organization: OrganizationId,
    rows: Vec<Parsed>,
    on_conflict: OnConflict,
) -> Result<Vec<RowResult>, AppError> {
    let rows = Arc::new(rows);
    let mut tries = 0;
    loop {
        let (work, rows) = (ctx.clone(), Arc::clone(&rows));
        let result = ctx
            .db
            .run(Scope::Tenant(organization), Purpose::WriteByKey, move |conn| {
                record_in(&work, conn, organization, &rows, on_conflict)
            })
            .await;
        tries += 1;
        match result {
            Err(error) if may_win(&error) && tries < RACE_TRIES => {}
            Ok(results) => {
                ctx.db.grown(results.len());
                return Ok(results);
            }
            error => return error,
        }
    }
}
