//! What the audit trail is told of a file, beside that it was brought in: an entry for each record that it made or
//! changed, as for one that was made or changed alone. Entries are inserted as sets: a file may have as many records
//! as rows.

use super::Load;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::flow::audit;
use crate::flow::reference::told::{self, Told};

/// Entries of a set: they are in memory until they are inserted.
const TOGETHER: usize = 1_000;

impl Load<'_> {
    /// Tells of a record that the file made, or changed from `old`.
    pub(super) fn tell<T: Told>(
        &mut self,
        owner: Option<OrganizationId>,
        old: Option<&T>,
        new: &T,
    ) -> Result<(), AppError> {
        self.entries.push(told::entry(self.ctx, owner, old, new)?);
        if self.entries.len() >= TOGETHER { self.tell_rest() } else { Ok(()) }
    }

    /// Tells of an organization's records that the file made.
    pub(super) fn tell_made<T: Told>(
        &mut self,
        owner: OrganizationId,
        made: &[T],
    ) -> Result<(), AppError> {
        made.iter().try_for_each(|new| self.tell(Some(owner), None, new))
    }

    /// Inserts what was told and not inserted yet.
    pub(super) fn tell_rest(&mut self) -> Result<(), AppError> {
        audit::note_all(self.conn, &std::mem::take(&mut self.entries))
    }
}
