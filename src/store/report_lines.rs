//! The lines of released live claims, as they are held against a payer's own extract.

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::counting::COUNTS;
use super::error::StoreError;
use super::types::read;
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::report::extract::Line;
use crate::domain::status::ClaimStatus;

/// A claim's lines lie at most so many days after its first: a month.
const CLAIM_DAYS: i64 = 31;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Nullable<Text>)]
    payer_control: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    control: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    charge: i64,
}

const SQL: &str = "SELECT c.number, c.payer_control, c.status, k.control, k.service_date, k.units, \
     k.charge FROM claims c JOIN claim_lines k ON k.organization_id = c.organization_id \
     AND k.claim_id = c.id \
     WHERE c.payer_id = $1 AND k.service_date BETWEEN $2 AND $3 AND c.service_date BETWEEN $4 AND $3";

/// Lines with a service date in the period.
pub fn released(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Line>, StoreError> {
    let of = organization
        .map_or_else(String::new, |o| format!(" AND c.organization_id = {}", o.as_i64()));
    let rows: Vec<Row> = diesel::sql_query(format!("{SQL}{of} AND {COUNTS}"))
        .bind::<BigInt, _>(payer.as_i64())
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .bind::<Date, _>(from - TimeDelta::days(CLAIM_DAYS))
        .load(conn)?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let status: ClaimStatus = read("claims.status", row.status)?;
        if status.is_billed() {
            lines.push(Line {
                claim: row.number,
                payer_claim: row.payer_control,
                control: row.control,
                date: row.service_date,
                units: row.units,
                charge: row.charge,
            });
        }
    }
    Ok(lines)
}
