//! Authorizations with what was drawn on them, for reports: one query for an organization.

mod by_lines;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::types::read_json;
use crate::domain::ids::{OrganizationId, PayerId};
pub use by_lines::by_lines;

/// An authorization and its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Its id.
    pub id: i64,
    /// The member on the roster.
    pub member: i64,
    /// By which payer.
    pub payer: i64,
    /// The payer's number of it.
    pub number: String,
    /// The member's number at the payer.
    pub member_number: Option<String>,
    /// For which services; none: all.
    pub services: Vec<String>,
    /// Units approved.
    pub approved: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none: open.
    pub to: Option<NaiveDate>,
    /// Units on released claims.
    pub consumed: i64,
    /// Units of what is ready or claimed and not released.
    pub reserved: i64,
    /// Units of released claims with service dates since a day.
    pub consumed_lately: i64,
    /// Units not released, the same.
    pub reserved_lately: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = BigInt)]
    payer_id: i64,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Nullable<Text>)]
    member_number: Option<String>,
    #[diesel(sql_type = Text)]
    services: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
    #[diesel(sql_type = BigInt)]
    consumed: i64,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
    #[diesel(sql_type = BigInt)]
    consumed_lately: i64,
    #[diesel(sql_type = BigInt)]
    reserved_lately: i64,
}

/// The authorizations that touch a period, with their use; `since` begins what counts as lately.
pub fn used(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    (from, to): (NaiveDate, NaiveDate),
    (since, today): (NaiveDate, NaiveDate),
) -> Result<Vec<Used>, StoreError> {
    let of_payer = payer.map_or_else(String::new, |p| format!(" AND a.payer_id = {}", p.as_i64()));
    let sum = |column: &str| format!("CAST(COALESCE(SUM(e.{column}), 0) AS BIGINT) AS {column}");
    let lately = |column: &str| {
        format!(
            "CAST(COALESCE(SUM(CASE WHEN e.service_date BETWEEN '{since}' AND '{today}' \
             THEN e.{column} ELSE 0 END), 0) AS BIGINT) AS {column}_lately"
        )
    };
    // Sums are made before anything else is joined, so that no join multiplies them.
    let sql = format!(
        "SELECT a.id, a.member_id, a.payer_id, a.number, a.services, a.units, a.valid_from, a.valid_to, \
         (SELECT MIN(c.member_number) FROM coverages c WHERE c.organization_id = a.organization_id \
         AND c.member_id = a.member_id AND c.payer_id = a.payer_id) AS member_number, \
         {}, {}, {}, {} FROM authorizations a LEFT JOIN unit_entries e \
         ON e.organization_id = a.organization_id AND e.authorization_id = a.id \
         AND e.service IS NOT NULL \
         WHERE a.organization_id = $1 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}'){of_payer} \
         GROUP BY a.organization_id, a.id, a.member_id, a.payer_id, a.number, a.services, a.units, \
         a.valid_from, a.valid_to ORDER BY a.payer_id, a.number, a.id",
        sum("consumed"),
        sum("reserved"),
        lately("consumed"),
        lately("reserved"),
    );
    let rows: Vec<Row> =
        diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    rows.into_iter()
        .map(|row| {
            Ok(Used {
                id: row.id,
                member: row.member_id,
                payer: row.payer_id,
                number: row.number,
                member_number: row.member_number,
                services: read_json("authorizations.services", &row.services)?,
                approved: row.units,
                from: row.valid_from,
                to: row.valid_to,
                consumed: row.consumed,
                reserved: row.reserved,
                consumed_lately: row.consumed_lately,
                reserved_lately: row.reserved_lately,
            })
        })
        .collect()
}
