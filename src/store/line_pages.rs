//! Claim lines and the lines of visits that wait for a claim, page by page, for those who read all of them:
//! by organization and day, in order of id, so that memory holds a page however many there are.

mod unreleased;
mod waiting;

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable};
use serde::Deserialize;

use super::conn::Conn;
use super::counting::COUNTS;
use super::error::StoreError;
use super::schema::{batches, claim_line_parts, claim_lines, claims, encounters, members};
use super::types::{CHUNK, broken, page_size, read, read_json, read_unusual};
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::codes::{Diagnosis, DiagnosisClass};
use crate::domain::contract::form::kinds::Frequency;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, OrganizationId, PayerId};
use crate::domain::status::ClaimStatus;

pub use waiting::{WaitingLine, waiting};

/// Where days are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// By the first service date of claims.
    Claims,
    /// By the service date of visits.
    Visits,
}

#[derive(QueryableByName)]
struct DayRow {
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The first day of a period on which there are any.
pub fn first_day(
    conn: &mut Conn,
    source: Source,
    organization: OrganizationId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Option<NaiveDate>, StoreError> {
    let table = if source == Source::Claims { "claims" } else { "encounters" };
    let sql = format!(
        "SELECT MIN(service_date) AS day FROM {table} WHERE organization_id = $1 \
         AND service_date BETWEEN $2 AND $3"
    );
    let row: DayRow = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .get_result(conn)?;
    Ok(row.day)
}

/// Which claims are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Whose.
    pub organization: OrganizationId,
    /// Of one payer, or of all.
    pub payer: Option<PayerId>,
    /// Released ones only.
    pub released_only: bool,
}

/// The next live claims that begin on a day, by id. Neither a claim whose replacement is released, nor a
/// void, which never counts.
pub fn claims_of_day(
    conn: &mut Conn,
    wanted: Wanted,
    day: NaiveDate,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let counts = |s: &&ClaimStatus| if wanted.released_only { s.is_billed() } else { s.is_live() };
    let states: Vec<String> =
        ClaimStatus::ALL.iter().filter(counts).map(|s| format!("'{s}'")).collect();
    let of_payer =
        wanted.payer.map_or_else(String::new, |p| format!(" AND c.payer_id = {}", p.as_i64()));
    let sql = format!(
        "SELECT c.id FROM claims c WHERE c.organization_id = $1 AND c.service_date = $2 \
         AND c.id > $3{of_payer} AND c.status IN ({}) AND {COUNTS} ORDER BY c.id LIMIT $4",
        states.join(", ")
    );
    let rows: Vec<IdRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(wanted.organization.as_i64())
        .bind::<Date, _>(day)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(page_size(limit))
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// A claim with the lines that it states.
#[derive(Debug, Clone)]
pub struct SentClaim {
    /// Its id.
    pub id: i64,
    /// CLM01.
    pub number: String,
    /// Where it stands.
    pub status: ClaimStatus,
    /// CLM05-3.
    pub frequency: Frequency,
    /// The payer.
    pub payer: i64,
    /// The member on the roster.
    pub member: i64,
    /// The member's number at the payer.
    pub member_number: String,
    /// The payer's number of the claim.
    pub payer_claim: Option<String>,
    /// Its batch.
    pub batch: BatchId,
    /// When that was released.
    pub released: Option<Instant>,
    /// When that was delivered.
    pub delivered: Option<Instant>,
    /// Last day for its delivery.
    pub file_by: NaiveDate,
    /// Whether its first diagnosis is one of substance use.
    pub substance_use: bool,
    /// Its lines, in their order.
    pub lines: Vec<SentLine>,
}

/// A line of a claim.
#[derive(Debug, Clone)]
pub struct SentLine {
    /// Its id.
    pub id: i64,
    /// REF*6R.
    pub control: String,
    /// The contract's service.
    pub service: String,
    /// Service date.
    pub date: NaiveDate,
    /// SV104.
    pub units: i64,
    /// SV102, in cents.
    pub charge: i64,
    /// What the contract should pay for it, in cents.
    pub expected: i64,
    /// SV101-2.
    pub procedure: String,
    /// SV101-3 to -6.
    pub modifiers: Vec<String>,
    /// Place of service.
    pub place: String,
    /// The authorization sent with it.
    pub authorization: Option<String>,
    /// NPI of the peer, or of the peers, who gave it.
    pub npi: String,
}

/// As much of a claim's document as stands in a row.
#[derive(Deserialize)]
struct Document {
    rendering: Rendering,
    authorization: Option<String>,
    diagnoses: Vec<Diagnosis>,
    lines: Vec<DocumentLine>,
}

#[derive(Deserialize)]
struct Rendering {
    npi: String,
}

#[derive(Deserialize)]
struct DocumentLine {
    procedure: String,
    modifiers: Vec<String>,
    place: String,
    authorization: Option<String>,
}

#[derive(Queryable)]
struct ClaimRow {
    id: i64,
    number: String,
    status: String,
    detail: Option<String>,
    payer_id: i64,
    member_id: i64,
    member_number: String,
    payer_control: Option<String>,
    batch_id: i64,
    released_at: Option<NaiveDateTime>,
    delivered_at: Option<NaiveDateTime>,
    file_by: NaiveDate,
    document: String,
}

#[derive(Queryable)]
struct LineRow {
    claim_id: i64,
    id: i64,
    ordinal: i32,
    control: String,
    service: String,
    service_date: NaiveDate,
    units: i64,
    charge: i64,
    expected: i64,
}

/// Claims with all their lines, by id: at most as many as one `IN` takes.
pub fn claims_with_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
) -> Result<Vec<SentClaim>, StoreError> {
    let owner = organization.as_i64();
    let rows: Vec<ClaimRow> = claims::table
        .inner_join(
            batches::table.on(batches::organization_id
                .eq(claims::organization_id)
                .and(batches::id.eq(claims::batch_id))),
        )
        .filter(claims::organization_id.eq(owner))
        .filter(claims::id.eq_any(ids.to_vec()))
        .order(claims::id)
        .select((
            claims::id,
            claims::number,
            claims::status,
            claims::detail,
            claims::payer_id,
            claims::member_id,
            claims::member_number,
            claims::payer_control,
            claims::batch_id,
            batches::released_at,
            batches::delivered_at,
            claims::file_by,
            claims::document,
        ))
        .load(conn)?;
    let lines: Vec<LineRow> = claim_lines::table
        .filter(claim_lines::organization_id.eq(owner))
        .filter(claim_lines::claim_id.eq_any(ids.to_vec()))
        .order((claim_lines::claim_id, claim_lines::ordinal))
        .select((
            claim_lines::claim_id,
            claim_lines::id,
            claim_lines::ordinal,
            claim_lines::control,
            claim_lines::service,
            claim_lines::service_date,
            claim_lines::units,
            claim_lines::charge,
            claim_lines::expected,
        ))
        .load(conn)?;
    let mut known = unreleased::elsewhere(conn, owner, ids)?;
    let mut of_claim: HashMap<i64, Vec<LineRow>> = HashMap::new();
    for mut line in lines {
        if let Some(known) = known.remove(&line.id) {
            line.units -= known.units;
            line.charge -= known.charge;
            line.expected -= known.expected;
        }
        of_claim.entry(line.claim_id).or_default().push(line);
    }
    rows.into_iter().map(|row| sent(row, &mut of_claim)).collect()
}

fn sent(row: ClaimRow, lines: &mut HashMap<i64, Vec<LineRow>>) -> Result<SentClaim, StoreError> {
    let document: Document = read_json("claims.document", &row.document)?;
    let detail: ClaimDetail = read_unusual("claims.detail", row.detail.as_deref())?;
    let stated = |line: LineRow| {
        let place = usize::try_from(line.ordinal - 1).ok();
        let told = place.and_then(|place| Some((place, document.lines.get(place)?)));
        let (place, told) = told.ok_or_else(|| broken("claims.document"))?;
        let authorization = told.authorization.as_ref().or(document.authorization.as_ref());
        Ok(SentLine {
            id: line.id,
            control: line.control,
            service: line.service,
            date: line.service_date,
            units: line.units,
            charge: line.charge,
            expected: line.expected,
            procedure: told.procedure.clone(),
            modifiers: told.modifiers.clone(),
            place: told.place.clone(),
            authorization: authorization.cloned(),
            npi: detail.given_by(place, &document.rendering.npi),
        })
    };
    let lines = lines.remove(&row.id).unwrap_or_default();
    let lines = lines.into_iter().filter(|line| line.units > 0).map(stated);
    let first = document.diagnoses.first().and_then(Diagnosis::class);
    Ok(SentClaim {
        id: row.id,
        number: row.number,
        status: read("claims.status", row.status)?,
        frequency: detail.frequency,
        payer: row.payer_id,
        member: row.member_id,
        member_number: row.member_number,
        payer_claim: row.payer_control,
        batch: BatchId::from_i64(row.batch_id),
        released: row.released_at.map(Instant::from_naive),
        delivered: row.delivered_at.map(Instant::from_naive),
        file_by: row.file_by,
        substance_use: first == Some(DiagnosisClass::SubstanceUse),
        lines: lines.collect::<Result<_, StoreError>>()?,
    })
}

/// The organization's own names of the visits that claim lines state, by line.
pub fn references(
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[i64],
) -> Result<HashMap<i64, Vec<String>>, StoreError> {
    let mut all: HashMap<i64, Vec<String>> = HashMap::new();
    for chunk in lines.chunks(CHUNK) {
        let rows: Vec<(i64, String)> = claim_line_parts::table
            .inner_join(
                encounters::table.on(encounters::organization_id
                    .eq(claim_line_parts::organization_id)
                    .and(encounters::id.eq(claim_line_parts::encounter_id))),
            )
            .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
            .filter(claim_line_parts::claim_line_id.eq_any(chunk.to_vec()))
            .order((claim_line_parts::claim_line_id, claim_line_parts::decision_line_id))
            .select((claim_line_parts::claim_line_id, encounters::reference))
            .load(conn)?;
        for (line, reference) in rows {
            all.entry(line).or_default().push(reference);
        }
    }
    Ok(all)
}

/// The organization's own names of members.
pub fn member_references(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
) -> Result<HashMap<i64, String>, StoreError> {
    let mut all = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(i64, String)> = members::table
            .filter(members::organization_id.eq(organization.as_i64()))
            .filter(members::id.eq_any(chunk.to_vec()))
            .select((members::id, members::reference))
            .load(conn)?;
        all.extend(rows);
    }
    Ok(all)
}
