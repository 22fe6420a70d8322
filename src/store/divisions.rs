//! How the units of lines divide between those on an authorization and those without one, once they are claimed
//! (`docs/adr/0170`).

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{decision_lines, encounters};
use super::types::CHUNK;
use crate::domain::ids::{EncounterId, LineId, MemberId, OrganizationId};
use crate::domain::status::{EncounterStatus, LineStatus};

/// Claimed visits of members of which a line is partly on the authorization that it names.
pub fn partly_authorized(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
) -> Result<Vec<EncounterId>, StoreError> {
    let claimed =
        [EncounterStatus::Claimed, EncounterStatus::Submitted].map(EncounterStatus::as_str);
    let of_visit = encounters::organization_id
        .eq(decision_lines::organization_id)
        .and(encounters::id.eq(decision_lines::encounter_id));
    let live: Vec<&str> =
        LineStatus::ALL.iter().filter(|s| s.is_claimed()).map(|s| s.as_str()).collect();
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<i64> = encounters::table
            .inner_join(decision_lines::table.on(of_visit))
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.one_of(chunk))
            .filter(encounters::status.one_of(claimed))
            .filter(decision_lines::status.one_of(live.clone()))
            .filter(decision_lines::authorization_id.is_not_null())
            .filter(decision_lines::authorized_units.lt(decision_lines::units))
            .select(encounters::id)
            .distinct()
            .load(conn)?;
        found.extend(rows.into_iter().map(EncounterId::from_i64));
    }
    Ok(found)
}

/// Says how many units of a line are booked on its authorization.
pub fn set_authorized(
    conn: &mut Conn,
    organization: OrganizationId,
    id: LineId,
    units: u32,
) -> Result<(), StoreError> {
    let line = decision_lines::table
        .filter(decision_lines::organization_id.eq(organization.as_i64()))
        .filter(decision_lines::id.eq(id.as_i64()));
    let units = decision_lines::authorized_units.eq(i64::from(units));
    diesel::update(line).set(units).execute(conn)?;
    Ok(())
}
