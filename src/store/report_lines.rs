//! The lines of released live claims, as they are held against a payer's own extract.

use std::collections::HashSet;

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use serde::Deserialize;

use super::conn::Conn;
use super::counting::COUNTS;
use super::error::StoreError;
use super::schema::claims;
use super::types::{CHUNK, read, read_json};
use crate::domain::codes::{Diagnosis, DiagnosisClass};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::domain::report::extract::Line;
use crate::domain::status::ClaimStatus;

/// A claim's lines lie at most so many days after its first: a month.
const CLAIM_DAYS: i64 = 31;

/// A line with what says whether its payer may be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// The line.
    pub line: Line,
    /// Whose.
    pub organization: i64,
    /// Its claim.
    pub claim: i64,
    /// The member on the roster.
    pub member: i64,
    /// The contract's service.
    pub service: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    organization_id: i64,
    #[diesel(sql_type = BigInt)]
    claim_id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
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

const SQL: &str = "SELECT c.organization_id, c.id AS claim_id, c.member_id, k.service, c.number, \
     c.payer_control, c.status, k.control, k.service_date, k.units, k.charge \
     FROM claims c JOIN claim_lines k ON k.organization_id = c.organization_id AND k.claim_id = c.id \
     WHERE c.payer_id = $1 AND k.service_date BETWEEN $2 AND $3 AND c.service_date BETWEEN $4 AND $3";

/// Lines with a service date in the period.
pub fn released(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Ours>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!("{SQL}{} AND {COUNTS}", of(organization)))
        .bind::<BigInt, _>(payer.as_i64())
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .bind::<Date, _>(from - TimeDelta::days(CLAIM_DAYS))
        .load(conn)?;
    rows.into_iter().filter_map(|row| ours(row).transpose()).collect()
}

/// Lines of these claim numbers with a service date in the period.
pub fn numbered(
    conn: &mut Conn,
    payer: PayerId,
    organization: Option<OrganizationId>,
    (from, to): (NaiveDate, NaiveDate),
    numbers: &[&str],
) -> Result<Vec<Ours>, StoreError> {
    let mut all = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        // Numbers come from outside; what none of ours can look like is not looked for.
        let plain = |number: &&&str| number.bytes().all(|b| b.is_ascii_alphanumeric());
        let list: Vec<String> = chunk.iter().filter(plain).map(|n| format!("'{n}'")).collect();
        if list.is_empty() {
            continue;
        }
        let more = format!("{} AND c.number IN ({})", of(organization), list.join(", "));
        let rows: Vec<Row> = diesel::sql_query(format!("{SQL}{more} AND {COUNTS}"))
            .bind::<BigInt, _>(payer.as_i64())
            .bind::<Date, _>(from)
            .bind::<Date, _>(to)
            .bind::<Date, _>(from - TimeDelta::days(CLAIM_DAYS))
            .load(conn)?;
        for row in rows {
            all.extend(ours(row)?);
        }
    }
    Ok(all)
}

fn of(organization: Option<OrganizationId>) -> String {
    organization.map_or_else(String::new, |o| format!(" AND c.organization_id = {}", o.as_i64()))
}

/// The line, if its claim is billed.
fn ours(row: Row) -> Result<Option<Ours>, StoreError> {
    let status: ClaimStatus = read("claims.status", row.status)?;
    let line = Line {
        claim: row.number,
        payer_claim: row.payer_control,
        control: row.control,
        date: row.service_date,
        units: row.units,
        charge: row.charge,
    };
    Ok(status.is_billed().then_some(Ours {
        line,
        organization: row.organization_id,
        claim: row.claim_id,
        member: row.member_id,
        service: row.service,
    }))
}

/// As much of a claim's document as is looked at here.
#[derive(Deserialize)]
struct Document {
    diagnoses: Vec<Diagnosis>,
}

/// Which of these claims have a first diagnosis of substance use.
pub fn diagnosed(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
) -> Result<HashSet<i64>, StoreError> {
    let mut found = HashSet::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, String)> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::id.eq_any(chunk.to_vec()))
            .select((claims::id, claims::document))
            .load(conn)?;
        for (id, document) in rows {
            let document: Document = read_json("claims.document", &document)?;
            let first = document.diagnoses.first().and_then(Diagnosis::class);
            if first == Some(DiagnosisClass::SubstanceUse) {
                found.insert(id);
            }
        }
    }
    Ok(found)
}

/// A visit that a released claim tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Which.
    pub encounter: i64,
    /// The member on the roster.
    pub member: i64,
    /// The contract's service.
    pub service: String,
    /// Service date.
    pub date: NaiveDate,
}

#[derive(QueryableByName)]
struct StatedRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = BigInt)]
    claim_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
}

/// Which of these visits stand on a released claim whose first diagnosis is one of substance use.
pub fn diagnosed_visits(
    conn: &mut Conn,
    organization: OrganizationId,
    visits: &[i64],
) -> Result<HashSet<i64>, StoreError> {
    let mut found = HashSet::new();
    for chunk in visits.chunks(CHUNK) {
        let ids: Vec<String> = chunk.iter().map(i64::to_string).collect();
        let sql = format!(
            "SELECT DISTINCT q.encounter_id, c.id AS claim_id, c.status FROM claim_line_parts q \
             JOIN claim_lines k ON k.organization_id = q.organization_id AND k.id = q.claim_line_id \
             JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
             WHERE q.organization_id = $1 AND q.encounter_id IN ({}) AND {COUNTS}",
            ids.join(", ")
        );
        let rows: Vec<StatedRow> =
            diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
        let mut stated = Vec::new();
        for row in rows {
            let status: ClaimStatus = read("claims.status", row.status)?;
            if status.is_billed() {
                stated.push((row.encounter_id, row.claim_id));
            }
        }
        let claims: HashSet<i64> = stated.iter().map(|(_, claim)| *claim).collect();
        let claims: Vec<i64> = claims.into_iter().collect();
        let diagnosed = diagnosed(conn, organization, &claims)?;
        let of_substance_use = stated.iter().filter(|(_, claim)| diagnosed.contains(claim));
        found.extend(of_substance_use.map(|(visit, _)| *visit));
    }
    Ok(found)
}
