//! Units of visits whose replacement is built and not released. The ledger has freed what the first claim drew
//! and holds what the replacement will draw; the payer has the first claim until the other is released
//! (`docs/adr/0137`, `docs/adr/0145`).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use crate::domain::ids::OrganizationId;
use crate::domain::status::ClaimStatus;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::types::{self, CHUNK};

/// What the ledger says too much or too little of an authorization and a service date: consumed and reserved.
pub(super) type Difference = (i64, NaiveDate, [i64; 2]);

#[derive(QueryableByName)]
struct KeptRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    authorization_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Text)]
    status: String,
}

#[derive(QueryableByName)]
struct LedgerRow {
    #[diesel(sql_type = BigInt)]
    authorization_id: i64,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    consumed: i64,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
}

/// A decision line may be split over two lines of one claim: it draws once.
const KEPT: &str = "SELECT DISTINCT l.id, l.encounter_id, l.authorization_id, \
     l.authorized_units AS units, k.service_date AS day, c.status \
     FROM claim_changes r JOIN claims n ON n.organization_id = r.organization_id \
     AND n.id = r.built_claim_id AND n.status = 'batched' \
     JOIN claims c ON c.organization_id = r.organization_id AND c.id = r.claim_id \
     JOIN claim_lines k ON k.organization_id = c.organization_id AND k.claim_id = c.id \
     JOIN claim_line_parts p ON p.organization_id = k.organization_id AND p.claim_line_id = k.id \
     JOIN decision_lines l ON l.organization_id = p.organization_id AND l.id = p.decision_line_id \
     WHERE r.organization_id = $1 AND r.is_open AND r.kind = 'replacement' AND r.state = 'built'";

/// What is to be added to the ledger.
pub(super) fn differences(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<Vec<Difference>, StoreError> {
    let rows: Vec<KeptRow> =
        diesel::sql_query(KEPT).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    let mut all: Vec<Difference> = Vec::new();
    let mut visits = BTreeSet::new();
    for row in rows {
        let status: ClaimStatus = types::read("claims.status", row.status)?;
        if status.is_billed() {
            visits.insert(row.encounter_id);
            if let Some(id) = row.authorization_id {
                all.push((id, row.day, [row.units, 0]));
            }
        }
    }
    let visits: Vec<i64> = visits.into_iter().collect();
    for chunk in visits.chunks(CHUNK) {
        let list = chunk.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        // By line, as the ledger is indexed.
        let sql = format!(
            "SELECT u.authorization_id, u.service_date AS day, \
             CAST(SUM(u.consumed) AS BIGINT) AS consumed, CAST(SUM(u.reserved) AS BIGINT) AS reserved \
             FROM decision_lines l JOIN unit_entries u \
             ON u.organization_id = l.organization_id AND u.line_id = l.id \
             WHERE l.organization_id = $1 AND l.encounter_id IN ({list}) AND l.status <> 'submitted' \
             AND u.authorization_id IS NOT NULL AND u.service IS NOT NULL \
             GROUP BY u.authorization_id, u.service_date"
        );
        let rows: Vec<LedgerRow> =
            diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
        for row in rows {
            all.push((row.authorization_id, row.day, [-row.consumed, -row.reserved]));
        }
    }
    Ok(all)
}
