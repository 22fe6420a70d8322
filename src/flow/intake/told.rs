//! What the audit trail is told of a recording: one entry for a visit, or one for a chunk with its
//! counts. The visits of a chunk tell their own history.

use super::record::{Recorded, RowResult};
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, Detail};
use crate::store::Conn;

/// What a recording has done so far.
#[derive(Debug, Default)]
pub struct Told {
    recorded: usize,
    revised: usize,
    last: Option<EncounterId>,
}

impl Told {
    /// Counts a visit that was recorded now.
    pub fn recorded(&mut self, one: &Recorded) {
        self.recorded += 1;
        self.last = Some(one.encounter.id);
    }

    /// Counts a row that may have been revised.
    pub fn revised(&mut self, row: &RowResult) {
        if let Some(one) = row.as_ref().ok().filter(|one| one.revised) {
            self.revised += 1;
            self.last = Some(one.encounter.id);
        }
    }

    /// Makes the entry for a recording of so many rows; none when nothing was changed.
    pub fn note(
        &self,
        ctx: &Ctx,
        conn: &mut Conn,
        tenant: OrganizationId,
        rows: usize,
    ) -> Result<(), AppError> {
        let Some(last) = self.last else { return Ok(()) };
        let owner = Some(tenant);
        if rows == 1 {
            let action =
                if self.revised == 0 { Action::EncounterRecord } else { Action::EncounterRevise };
            return audit::note(ctx, conn, owner, action, last, Detail::default());
        }
        let mut detail = Detail::default().count("rows", rows).count("recorded", self.recorded);
        if self.revised > 0 {
            detail = detail.count("revised", self.revised);
        }
        audit::note(ctx, conn, owner, Action::EncounterRecord, "", detail)
    }
}
