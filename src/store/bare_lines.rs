//! Lines in a bare table of their own, with nothing but what a utilization report sums: the limit that
//! reports are measured against (`benches/limits`). No other part of the program knows this table.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use crate::domain::ids::OrganizationId;

/// How far the ids of a copy lie below those of the copy before: the ids of six hours.
const AWAY: i64 = 100_000_000_000_000;

/// Makes the table.
pub fn make(conn: &mut Conn) -> Result<(), StoreError> {
    let id = match conn {
        Conn::Sqlite(_) => "id INTEGER PRIMARY KEY",
        Conn::Postgres(_) => "id BIGSERIAL PRIMARY KEY",
    };
    conn.batch_execute(&format!(
        "CREATE TABLE bare_lines ({id}, organization_id BIGINT NOT NULL, month BIGINT NOT NULL, \
         service TEXT, member_id BIGINT NOT NULL, minutes BIGINT NOT NULL, units BIGINT NOT NULL, \
         charge BIGINT NOT NULL, expected BIGINT NOT NULL)"
    ))?;
    Ok(())
}

/// Fills it with the lines of an organization's visits; how many there are.
pub fn fill(conn: &mut Conn, organization: OrganizationId) -> Result<u64, StoreError> {
    let month = match conn {
        Conn::Sqlite(_) => {
            "CAST(strftime('%Y', e.service_date) AS INTEGER) * 12 \
             + CAST(strftime('%m', e.service_date) AS INTEGER)"
        }
        Conn::Postgres(_) => {
            "CAST(EXTRACT(YEAR FROM e.service_date) * 12 + EXTRACT(MONTH FROM e.service_date) AS BIGINT)"
        }
    };
    let sql = format!(
        "INSERT INTO bare_lines (organization_id, month, service, member_id, minutes, units, charge, \
         expected) SELECT e.organization_id, {month}, e.service, e.member_id, e.minutes, l.units, \
         COALESCE(l.charge, 0), COALESCE(l.expected, 0) FROM encounters e JOIN decision_lines l \
         ON l.organization_id = e.organization_id AND l.encounter_id = e.id \
         WHERE e.organization_id = $1 AND e.voided_at IS NULL"
    );
    let count = diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).execute(conn)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The lines of the first filling once more, as those of so many years before.
pub fn again(conn: &mut Conn, years: u32) -> Result<(), StoreError> {
    let sql = "INSERT INTO bare_lines (organization_id, month, service, member_id, minutes, units, \
               charge, expected) SELECT organization_id, month - 12 * $1, service, member_id, minutes, \
               units, charge, expected FROM bare_lines WHERE month > \
               (SELECT MAX(month) - 12 FROM bare_lines)";
    diesel::sql_query(sql).bind::<BigInt, _>(i64::from(years)).execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = BigInt)]
    units: i64,
}

/// One pass over all of it, by month, organization and service; how many groups there are.
pub fn pass(conn: &mut Conn) -> Result<usize, StoreError> {
    let sql = "SELECT CAST(SUM(units) + SUM(minutes) + SUM(charge) + SUM(expected) AS BIGINT) AS units \
               FROM bare_lines GROUP BY month, organization_id, service";
    let groups: Vec<Group> = diesel::sql_query(sql).load(conn)?;
    Ok(groups.iter().filter(|group| group.units > 0).count())
}

#[derive(QueryableByName)]
struct DayRow {
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
}

/// The days of the visits that were recorded last.
pub fn days_of(
    conn: &mut Conn,
    organization: OrganizationId,
    visits: i64,
) -> Result<Vec<NaiveDate>, StoreError> {
    let sql = "SELECT DISTINCT service_date FROM (SELECT service_date FROM encounters \
               WHERE organization_id = $1 ORDER BY id DESC LIMIT $2) v";
    let rows: Vec<DayRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<BigInt, _>(visits)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.service_date).collect())
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    month: i64,
    #[diesel(sql_type = Nullable<Text>)]
    service: Option<String>,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    charge: i64,
}

/// The next lines after one, as texts.
pub fn page(
    conn: &mut Conn,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, [String; 4])>, StoreError> {
    let sql = "SELECT id, month, service, units, charge FROM bare_lines WHERE id > $1 ORDER BY id \
               LIMIT $2";
    let rows: Vec<LineRow> =
        diesel::sql_query(sql).bind::<BigInt, _>(after).bind::<BigInt, _>(limit).load(conn)?;
    let texts = |row: LineRow| {
        let service = row.service.unwrap_or_default();
        (row.id, [row.month.to_string(), service, row.units.to_string(), row.charge.to_string()])
    };
    Ok(rows.into_iter().map(texts).collect())
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(conn: &mut Conn, sql: &str) -> Result<i64, StoreError> {
    let row: CountRow = diesel::sql_query(sql).get_result(conn)?;
    Ok(row.count)
}

/// How many claim lines an organization has, and how often its claims were copied.
pub fn claim_lines(
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<(u64, i64), StoreError> {
    let owner = organization.as_i64();
    let of = |table: &str, more: &str| {
        format!("SELECT COUNT(*) AS count FROM {table} WHERE organization_id = {owner}{more}")
    };
    let lines = count(conn, &of("claim_lines", ""))?;
    let claims = count(conn, &of("claims", ""))?;
    let first = count(conn, &of("claims", " AND number NOT LIKE '%U%'"))?;
    Ok((u64::try_from(lines).unwrap_or_default(), claims / first.max(1) - 1))
}

/// Fills the bare table anew, with at least so many lines.
pub fn refill(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: u64,
) -> Result<(), StoreError> {
    conn.batch_execute("DELETE FROM bare_lines")?;
    let mut there = 0;
    while there < wanted {
        there += fill(conn, organization)?.max(1);
    }
    Ok(())
}

/// The claims of an organization once more, with other ids and numbers, so that there are as many as an
/// export needs: on the same days, of the same visits, in the same batches. Gives how many lines were added.
pub fn claims_again(
    conn: &mut Conn,
    organization: OrganizationId,
    copy: i64,
) -> Result<u64, StoreError> {
    // What was not copied lies above all copies. No number of ours has a U.
    let away = copy.saturating_mul(AWAY);
    let owner = organization.as_i64();
    let newest = format!("SELECT MAX(id) AS count FROM claims WHERE organization_id = {owner}");
    let above = count(conn, &newest)?.saturating_sub(AWAY / 2);
    conn.batch_execute(&format!(
        "INSERT INTO claims (organization_id, id, number, batch_id, ordinal, payer_id, member_id, \
         member_number, peer_id, contract_version_id, status, service_date, units, charge, expected, \
         file_by, document, payer_control_first, payer_control, payer_control_by, detail) \
         SELECT organization_id, id - {away}, number || 'U{copy}', batch_id, \
         ordinal + {copy} * 10000, payer_id, member_id, member_number, peer_id, contract_version_id, \
         status, service_date, units, charge, expected, file_by, document, payer_control_first, \
         payer_control, payer_control_by, detail FROM claims WHERE organization_id = {owner} \
         AND id > {above}"
    ))?;
    let lines = diesel::sql_query(format!(
        "INSERT INTO claim_lines (organization_id, id, claim_id, ordinal, control, service, units, \
         charge, expected, service_date) SELECT organization_id, id - {away}, claim_id - {away}, \
         ordinal, control || 'U{copy}', service, units, charge, expected, service_date \
         FROM claim_lines WHERE organization_id = {owner} AND claim_id > {above}"
    ))
    .execute(conn)?;
    conn.batch_execute(&format!(
        "INSERT INTO claim_line_parts (organization_id, claim_line_id, decision_line_id, encounter_id, \
         units, charge, expected, live) SELECT organization_id, claim_line_id - {away}, \
         decision_line_id, encounter_id, units, charge, expected, FALSE FROM claim_line_parts \
         WHERE organization_id = {owner} AND claim_line_id > {above}; DELETE FROM report_marks;"
    ))?;
    Ok(u64::try_from(lines).unwrap_or_default())
}
