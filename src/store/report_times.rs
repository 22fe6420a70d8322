//! When peers were in their sessions, as reports of their time need it: from when until when, and the
//! peers' NPIs.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Timestamp};

use super::conn::Conn;
use super::error::StoreError;
use super::schema::peers;
use crate::domain::dates::Instant;
use crate::domain::ids::OrganizationId;
use crate::domain::report::over_use::Interval;

/// For the peer's time a session is one interval, whenever its members came and left.
const TIMES: &str = "SELECT e.id, COALESCE(s.started_at, e.started_at) AS started_at, \
     COALESCE(s.ended_at, e.ended_at) AS ended_at FROM encounters e \
     LEFT JOIN session_encounters m ON m.organization_id = e.organization_id AND m.encounter_id = e.id \
     LEFT JOIN sessions s ON s.organization_id = m.organization_id AND s.id = m.session_id \
     WHERE e.organization_id = $1 AND e.service_date BETWEEN $2 AND $3 AND e.voided_at IS NULL";

#[derive(QueryableByName)]
struct TimeRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamp)]
    started_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    ended_at: NaiveDateTime,
}

/// By visit, when its peer was taken by it; of the visits of some days that are not void.
pub fn of_days(
    conn: &mut Conn,
    organization: OrganizationId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<HashMap<i64, Interval>, StoreError> {
    let rows: Vec<TimeRow> = diesel::sql_query(TIMES)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .load(conn)?;
    let time = |row: TimeRow| {
        let [from, to] = [row.started_at, row.ended_at].map(Instant::from_naive);
        (row.id, Interval { from, to })
    };
    Ok(rows.into_iter().map(time).collect())
}

/// The NPIs of an organization's peers.
pub fn npis(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = peers::table
        .filter(peers::organization_id.eq(organization.as_i64()))
        .select((peers::id, peers::npi))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}
