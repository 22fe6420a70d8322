//! What lines draw on authorizations: the other side of what the ledger of units says of them.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use crate::domain::ids::{OrganizationId, PayerId};
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::report_lines::Visit;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    submitted: i64,
    #[diesel(sql_type = BigInt)]
    open: i64,
}

/// By authorization that touches a period: units that lines of released claims draw on it, and those that
/// ready and claimed lines do.
pub fn by_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<HashMap<i64, [i64; 2]>, StoreError> {
    let of_payer = payer.map_or_else(String::new, |p| format!(" AND a.payer_id = {}", p.as_i64()));
    let sum = |states: &str| {
        format!(
            "CAST(COALESCE(SUM(CASE WHEN l.status IN ({states}) THEN l.authorized_units ELSE 0 END), \
             0) AS BIGINT)"
        )
    };
    let sql = format!(
        "SELECT a.id, {} AS submitted, {} AS open FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         WHERE a.organization_id = $1 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}'){of_payer} GROUP BY a.id",
        sum("'submitted'"),
        sum("'ready', 'claimed'"),
    );
    let rows: Vec<Row> =
        diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, [row.submitted, row.open])).collect())
}

#[derive(QueryableByName)]
struct DrawnRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
}

/// The visits on released claims that drew on a payer's authorizations that touch a period, each with the
/// authorization.
pub fn drawn(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(i64, Visit)>, StoreError> {
    let sql = format!(
        "SELECT a.id, a.member_id, l.encounter_id, l.service, l.service_date \
         FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         WHERE a.organization_id = $1 AND a.payer_id = $2 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}') AND l.status = 'submitted'"
    );
    let rows: Vec<DrawnRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<BigInt, _>(payer.as_i64())
        .load(conn)?;
    let visit = |row: DrawnRow| {
        let DrawnRow { id, member_id, encounter_id, service, service_date } = row;
        let visit =
            Visit { encounter: encounter_id, member: member_id, service, date: service_date };
        (id, visit)
    };
    Ok(rows.into_iter().map(visit).collect())
}
