//! Replacements that are not released yet: what they state of a visit does not count, while the payer has
//! the first claim.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::store::conn::Conn;
use crate::store::counting::STANDS;
use crate::store::error::StoreError;

#[derive(QueryableByName)]
pub(super) struct KnownRow {
    #[diesel(sql_type = BigInt)]
    pub(super) line: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) units: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) charge: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) expected: i64,
}

/// What lines of replacements that are not released state of visits that still count on the first claim.
pub(super) fn elsewhere(
    conn: &mut Conn,
    organization: i64,
    ids: &[i64],
) -> Result<HashMap<i64, KnownRow>, StoreError> {
    let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT p.claim_line_id AS line, CAST(SUM(p.units) AS BIGINT) AS units, \
         CAST(SUM(p.charge) AS BIGINT) AS charge, CAST(SUM(p.expected) AS BIGINT) AS expected \
         FROM claims c JOIN claim_lines k ON k.organization_id = c.organization_id \
         AND k.claim_id = c.id JOIN claim_line_parts p ON p.organization_id = k.organization_id \
         AND p.claim_line_id = k.id JOIN encounters e ON e.organization_id = p.organization_id \
         AND e.id = p.encounter_id WHERE c.organization_id = $1 AND c.id IN ({list}) \
         AND c.status = 'batched' AND {STANDS} GROUP BY p.claim_line_id"
    );
    let rows: Vec<KnownRow> = diesel::sql_query(sql).bind::<BigInt, _>(organization).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.line, row)).collect())
}
