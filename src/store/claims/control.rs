//! The payer's own number of a claim.

use diesel::prelude::*;

use crate::domain::batch::{ControlNumbers, SaidBy};
use crate::domain::claim_detail::PayerControl;
use crate::domain::ids::{ClaimId, OrganizationId};
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::claims;
use crate::store::types;

/// Reads the three columns; all are there or none is.
pub(super) fn read(
    first: Option<String>,
    latest: Option<String>,
    by: Option<String>,
) -> Result<Option<ControlNumbers>, StoreError> {
    let (Some(first), Some(latest), Some(by)) = (first, latest, by) else { return Ok(None) };
    Ok(Some(ControlNumbers {
        first: types::read("claims.payer_control_first", first)?,
        latest: types::read("claims.payer_control", latest)?,
        by: types::read("claims.payer_control_by", by)?,
    }))
}

/// Keeps what somebody said to be the payer's number of a claim; whose word counts is in
/// [`ControlNumbers::after`]. `None`: there is no such claim.
pub fn set_payer_control(
    conn: &mut Conn,
    organization: OrganizationId,
    claim: ClaimId,
    number: &PayerControl,
    by: SaidBy,
) -> Result<Option<ControlNumbers>, StoreError> {
    let row = || claims::table.find((organization.as_i64(), claim.as_i64()));
    // Written first, so that nobody else says another number between our look and our word.
    let found = diesel::update(row())
        .set(claims::payer_control_by.eq(claims::payer_control_by))
        .execute(conn)?;
    if found == 0 {
        return Ok(None);
    }
    let (first, latest, said): (Option<String>, Option<String>, Option<String>) = row()
        .select((claims::payer_control_first, claims::payer_control, claims::payer_control_by))
        .first(conn)?;
    let after = ControlNumbers::after(read(first, latest, said)?, number.clone(), by);
    diesel::update(row())
        .set((
            claims::payer_control_first.eq(after.first.as_str()),
            claims::payer_control.eq(after.latest.as_str()),
            claims::payer_control_by.eq(after.by.as_str()),
        ))
        .execute(conn)?;
    Ok(Some(after))
}
