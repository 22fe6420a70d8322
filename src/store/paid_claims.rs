//! Claims that a payment (835) names: the proof that the payer has them, until payments are posted.
//! Only added to.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::paid_claims as table;
use super::sets::insert_set;
use super::types::CHUNK;
use crate::domain::ids::{ClaimId, OrganizationId, ReceivedId};

#[derive(Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    claim_id: i64,
    received_id: i64,
}

/// Remembers which claims the payments of a file name; what is known of the file stays.
pub fn add(
    conn: &mut Conn,
    organization: OrganizationId,
    received: ReceivedId,
    claims: &BTreeSet<ClaimId>,
) -> Result<(), StoreError> {
    let known: Option<i64> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::received_id.eq(received.as_i64()))
        .select(table::claim_id)
        .first(conn)
        .optional()?;
    if known.is_some() {
        return Ok(());
    }
    let row = |claim: &ClaimId| Row {
        organization_id: organization.as_i64(),
        claim_id: claim.as_i64(),
        received_id: received.as_i64(),
    };
    let rows: Vec<Row> = claims.iter().map(row).collect();
    for chunk in rows.chunks(CHUNK) {
        insert_set!(conn, table::table, chunk);
    }
    Ok(())
}

/// Those of these claims that a payment names.
pub fn among(
    conn: &mut Conn,
    organization: OrganizationId,
    claims: &[ClaimId],
) -> Result<HashSet<ClaimId>, StoreError> {
    let mut found = HashSet::new();
    for chunk in claims.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let rows: Vec<i64> = table::table
            .filter(table::organization_id.eq(organization.as_i64()))
            .filter(table::claim_id.eq_any(ids))
            .select(table::claim_id)
            .distinct()
            .load(conn)?;
        found.extend(rows.into_iter().map(ClaimId::from_i64));
    }
    Ok(found)
}
