//! What the audit trail is told of a recording: one entry for each visit that was recorded or revised, so
//! that a visit's own id finds who did it, whether it came alone or in a file. Entries of one upload have
//! its request id in common.

use super::record::Recorded;
use crate::domain::encounter::EncounterData;
use crate::domain::ids::{EncounterId, OrganizationId};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, Detail};
use crate::store::Conn;

/// What a recording has done so far, visit by visit.
#[derive(Debug, Default)]
pub struct Told {
    deeds: Vec<(EncounterId, Action, Detail)>,
}

impl Told {
    /// A visit was recorded now.
    pub fn recorded(&mut self, one: &Recorded) {
        self.deeds.push((one.encounter.id, Action::EncounterRecord, Detail::default()));
    }

    /// A visit may have been revised, which said something else before.
    pub fn revised(&mut self, before: &EncounterData, one: &Recorded) -> Result<(), AppError> {
        if one.revised {
            let detail = audit::changed(before, &one.encounter.data)?;
            self.deeds.push((one.encounter.id, Action::EncounterRevise, detail));
        }
        Ok(())
    }

    /// Makes the entries; none when nothing was changed.
    pub fn note(self, ctx: &Ctx, conn: &mut Conn, tenant: OrganizationId) -> Result<(), AppError> {
        let entry = |(id, action, detail)| audit::entry(ctx, Some(tenant), action, id, detail);
        let entries: Vec<_> = self.deeds.into_iter().map(entry).collect();
        audit::note_all(conn, &entries)
    }
}
