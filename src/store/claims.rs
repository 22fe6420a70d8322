//! Claims, their lines, and which visits each line states.

mod control;
mod documents;
mod listed;

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{claim_line_parts, claim_lines, claims};
use super::sets::insert_set;
use super::types;
use crate::domain::batch::{Part, StoredClaim, StoredClaimLine};
use crate::domain::contract::form::kinds::Frequency;
use crate::domain::ids::{
    BatchId, ClaimId, ClaimLineId, ContractVersionId, EncounterId, LineId, MemberId,
    OrganizationId, PayerId, PeerId,
};
use crate::domain::money::Money;
use crate::domain::status::ClaimStatus;

pub use control::set_payer_control;
pub use documents::documents;
pub use listed::{Filter, list};

/// Rows of one INSERT: at most 20 columns each, below both databases' parameter limits.
const INSERT_ROWS: usize = types::CHUNK;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claims, treat_none_as_default_value = false)]
struct ClaimRow {
    organization_id: i64,
    id: i64,
    number: String,
    batch_id: i64,
    ordinal: i32,
    payer_id: i64,
    member_id: i64,
    member_number: String,
    peer_id: i64,
    contract_version_id: i64,
    status: String,
    service_date: NaiveDate,
    units: i64,
    charge: i64,
    expected: i64,
    file_by: NaiveDate,
    document: String,
    payer_control_first: Option<String>,
    payer_control: Option<String>,
    payer_control_by: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_lines, treat_none_as_default_value = false)]
struct LineRow {
    organization_id: i64,
    id: i64,
    claim_id: i64,
    ordinal: i32,
    control: String,
    service: String,
    units: i64,
    charge: i64,
    expected: i64,
    service_date: NaiveDate,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_line_parts, treat_none_as_default_value = false)]
struct PartRow {
    organization_id: i64,
    claim_line_id: i64,
    decision_line_id: i64,
    encounter_id: i64,
    units: i64,
    charge: i64,
    expected: i64,
    live: bool,
}

fn claim_row(organization: OrganizationId, c: &StoredClaim) -> Result<ClaimRow, StoreError> {
    Ok(ClaimRow {
        organization_id: organization.as_i64(),
        id: c.id.as_i64(),
        number: c.number().as_str().to_owned(),
        batch_id: c.batch.as_i64(),
        ordinal: c.ordinal,
        payer_id: c.payer.as_i64(),
        member_id: c.member.as_i64(),
        member_number: c.member_number.as_str().to_owned(),
        peer_id: c.peer.as_i64(),
        contract_version_id: c.contract_version.as_i64(),
        status: c.status.as_str().to_owned(),
        service_date: c.service_date,
        units: i64::from(c.units),
        charge: c.document.charge.cents(),
        expected: c.expected.cents(),
        file_by: c.file_by,
        document: types::write_json("claims.document", &c.document)?,
        payer_control_first: c.control.as_ref().map(|n| n.first.as_str().to_owned()),
        payer_control: c.control.as_ref().map(|n| n.latest.as_str().to_owned()),
        payer_control_by: c.control.as_ref().map(|n| n.by.as_str().to_owned()),
        detail: types::write_unusual("claims.detail", &c.detail)?,
    })
}

fn line_rows(organization: OrganizationId, c: &StoredClaim) -> Vec<LineRow> {
    let sent = c.document.lines.iter().zip(&c.lines).zip(1..);
    sent.map(|((sent, line), ordinal)| LineRow {
        organization_id: organization.as_i64(),
        id: line.id.as_i64(),
        claim_id: c.id.as_i64(),
        ordinal,
        control: sent.control.clone(),
        service: line.service.as_str().to_owned(),
        units: i64::from(line.units),
        charge: line.charge.cents(),
        expected: line.expected.cents(),
        service_date: sent.date,
    })
    .collect()
}

fn part_rows(organization: OrganizationId, c: &StoredClaim) -> Vec<PartRow> {
    // A void holds no lines: they stay on the claim that it reverses until the payer has taken it.
    let live = c.status.is_live() && c.detail.frequency != Frequency::Void;
    let parts = c.lines.iter().flat_map(|line| line.parts.iter().map(move |part| (line.id, part)));
    parts
        .map(|(line, part)| PartRow {
            organization_id: organization.as_i64(),
            claim_line_id: line.as_i64(),
            decision_line_id: part.line.as_i64(),
            encounter_id: part.encounter.as_i64(),
            units: i64::from(part.units),
            charge: part.charge.cents(),
            expected: part.expected.cents(),
            live,
        })
        .collect()
}

/// Inserts claims with their lines and parts. A decision line that is on another live claim is a
/// conflict, by the database's own rule.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[StoredClaim],
) -> Result<(), StoreError> {
    for chunk in list.chunks(INSERT_ROWS) {
        let rows =
            chunk.iter().map(|c| claim_row(organization, c)).collect::<Result<Vec<_>, _>>()?;
        insert_set!(conn, claims::table, rows);
        let lines: Vec<LineRow> = chunk.iter().flat_map(|c| line_rows(organization, c)).collect();
        insert_set!(conn, claim_lines::table, lines);
        let parts: Vec<PartRow> = chunk.iter().flat_map(|c| part_rows(organization, c)).collect();
        insert_set!(conn, claim_line_parts::table, parts);
    }
    Ok(())
}

/// Writes the claims of a batch as they are: by this the days of their lines are marked for the
/// reports, which tell when the batch was delivered.
pub fn touch_batch(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
) -> Result<(), StoreError> {
    diesel::update(
        claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::batch_id.eq(batch.as_i64())),
    )
    .set(claims::status.eq(claims::status))
    .execute(conn)?;
    Ok(())
}

/// Moves all claims of a batch from one status to another; those withdrawn let go of their lines.
pub fn advance_batch(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
    from: ClaimStatus,
    to: ClaimStatus,
) -> Result<(), StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Broken(format!("a claim may not move from {from} to {to}")));
    }
    if !to.is_live() {
        let of_batch = claim_lines::table
            .inner_join(
                claims::table.on(claims::organization_id
                    .eq(claim_lines::organization_id)
                    .and(claims::id.eq(claim_lines::claim_id))),
            )
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::batch_id.eq(batch.as_i64()))
            .select(claim_lines::id);
        diesel::update(
            claim_line_parts::table
                .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
                .filter(claim_line_parts::claim_line_id.eq_any(of_batch)),
        )
        .set(claim_line_parts::live.eq(false))
        .execute(conn)?;
    }
    diesel::update(
        claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::batch_id.eq(batch.as_i64()))
            .filter(claims::status.eq(from.as_str())),
    )
    .set(claims::status.eq(to.as_str()))
    .execute(conn)?;
    Ok(())
}

/// The claim with this id.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ClaimId,
) -> Result<Option<StoredClaim>, StoreError> {
    Ok(by_ids(conn, organization, &[id])?.pop())
}

/// The claims with these ids, in no order.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[ClaimId],
) -> Result<Vec<StoredClaim>, StoreError> {
    let mut rows: Vec<ClaimRow> = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(types::CHUNK) {
        let some = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::id.one_of(chunk.iter().map(|id| id.as_i64())))
            .select(ClaimRow::as_select());
        rows.extend(some.load::<ClaimRow>(conn)?);
    }
    with_lines(conn, organization, rows)
}

/// All claims of a batch, in the order of its file.
pub fn of_batch(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
) -> Result<Vec<StoredClaim>, StoreError> {
    let rows: Vec<ClaimRow> = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::batch_id.eq(batch.as_i64()))
        .order(claims::ordinal)
        .select(ClaimRow::as_select())
        .load(conn)?;
    with_lines(conn, organization, rows)
}

fn with_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: Vec<ClaimRow>,
) -> Result<Vec<StoredClaim>, StoreError> {
    let mut all = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<ClaimRow> = rows.by_ref().take(INSERT_ROWS).collect();
        all.extend(some_with_lines(conn, organization, chunk)?);
    }
    Ok(all)
}

fn some_with_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: Vec<ClaimRow>,
) -> Result<Vec<StoredClaim>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let mut lines: Vec<LineRow> = Vec::with_capacity(rows.len());
    for chunk in ids.chunks(types::CHUNK) {
        let some = claim_lines::table
            .filter(claim_lines::organization_id.eq(organization.as_i64()))
            .filter(claim_lines::claim_id.eq_any(chunk.iter().copied()))
            .order((claim_lines::claim_id, claim_lines::ordinal))
            .select(LineRow::as_select());
        lines.extend(some.load::<LineRow>(conn)?);
    }
    let mut parts: HashMap<i64, Vec<Part>> = HashMap::new();
    for chunk in lines.chunks(INSERT_ROWS) {
        let ids: Vec<i64> = chunk.iter().map(|l| l.id).collect();
        let rows: Vec<PartRow> = claim_line_parts::table
            .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
            .filter(claim_line_parts::claim_line_id.eq_any(ids))
            .order((claim_line_parts::claim_line_id, claim_line_parts::decision_line_id))
            .select(PartRow::as_select())
            .load(conn)?;
        for row in rows {
            let line = row.claim_line_id;
            parts.entry(line).or_default().push(part(row)?);
        }
    }
    let mut of_claim: HashMap<i64, Vec<StoredClaimLine>> = HashMap::new();
    for row in lines {
        let (claim, parts) = (row.claim_id, parts.remove(&row.id).unwrap_or_default());
        of_claim.entry(claim).or_default().push(StoredClaimLine {
            id: ClaimLineId::from_i64(row.id),
            service: types::read("claim_lines.service", row.service)?,
            units: types::read_count("claim_lines.units", row.units)?,
            charge: Money::from_cents(row.charge),
            expected: Money::from_cents(row.expected),
            parts,
        });
    }
    rows.into_iter()
        .map(|row| {
            let lines = of_claim.remove(&row.id).unwrap_or_default();
            claim(row, lines)
        })
        .collect()
}

fn part(row: PartRow) -> Result<Part, StoreError> {
    Ok(Part {
        line: LineId::from_i64(row.decision_line_id),
        encounter: EncounterId::from_i64(row.encounter_id),
        units: types::read_count("claim_line_parts.units", row.units)?,
        charge: Money::from_cents(row.charge),
        expected: Money::from_cents(row.expected),
    })
}

fn claim(row: ClaimRow, lines: Vec<StoredClaimLine>) -> Result<StoredClaim, StoreError> {
    Ok(StoredClaim {
        id: ClaimId::from_i64(row.id),
        batch: BatchId::from_i64(row.batch_id),
        ordinal: row.ordinal,
        payer: PayerId::from_i64(row.payer_id),
        member: MemberId::from_i64(row.member_id),
        member_number: types::read("claims.member_number", row.member_number)?,
        peer: PeerId::from_i64(row.peer_id),
        contract_version: ContractVersionId::from_i64(row.contract_version_id),
        status: types::read("claims.status", row.status)?,
        service_date: row.service_date,
        units: types::read_count("claims.units", row.units)?,
        expected: Money::from_cents(row.expected),
        file_by: row.file_by,
        document: types::read_json("claims.document", &row.document)?,
        detail: types::read_unusual("claims.detail", row.detail.as_deref())?,
        control: control::read(row.payer_control_first, row.payer_control, row.payer_control_by)?,
        lines,
    })
}

/// How many claims of a batch had their deadline before `day`.
pub fn late_on(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
    day: NaiveDate,
) -> Result<u32, StoreError> {
    let count: i64 = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::batch_id.eq(batch.as_i64()))
        .filter(claims::file_by.lt(day))
        .count()
        .get_result(conn)?;
    types::read_count("claims", count)
}
