//! What says that nothing of what is on record of an organization's people, papers, programs and contracts has
//! changed: a stamp that triggers of the database move (migration 76, `docs/adr/0160`).

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::fact_stamps;
use crate::domain::ids::OrganizationId;

/// Under which stamp something was read. What was read under another one may be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(i64);

impl Stamp {
    pub(super) const fn stored(stamp: i64) -> Self {
        Self(stamp)
    }
}

/// The stamp now; none where nothing was on record since there are stamps.
pub fn of(conn: &mut Conn, organization: OrganizationId) -> Result<Option<Stamp>, StoreError> {
    let found = fact_stamps::table
        .find(organization.as_i64())
        .select(fact_stamps::stamp)
        .first(conn)
        .optional()?;
    Ok(found.map(Stamp))
}
