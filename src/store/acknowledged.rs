//! Batches and claims as responses find and move them.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{batches, claim_changes, claim_line_parts, claim_lines, claims};
use super::types::{self, CHUNK};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, ClaimId, ContractVersionId, OrganizationId};
use crate::domain::money::Money;
use crate::domain::response::Acknowledgment;
use crate::domain::status::{BatchStatus, ClaimStatus};

/// Which control number of a batch is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// ISA13.
    Interchange(u32),
    /// GS06 of any of its groups. They are numbered in a row from the first, and the numbers of a pair
    /// only go up: the batch whose first group comes last before it is the only one that may have it,
    /// and its file says whether it does.
    Group(u32),
}

/// The batch that was sent by `sender` to `receiver` under a number; of a group, the one that may
/// have it.
pub fn batch(
    conn: &mut Conn,
    organization: OrganizationId,
    (sender, receiver): (&str, &str),
    control: Control,
) -> Result<Option<BatchId>, StoreError> {
    let mut query = batches::table
        .filter(batches::organization_id.eq(organization.as_i64()))
        .filter(batches::sender_id.eq(sender))
        .filter(batches::receiver_id.eq(receiver))
        .into_boxed();
    query = match control {
        Control::Interchange(n) => {
            query.filter(batches::interchange_control.eq(i64::from(n))).order(batches::id)
        }
        Control::Group(n) => query
            .filter(batches::group_control.le(i64::from(n)))
            .order((batches::group_control.desc(), batches::id)),
    };
    let id: Option<i64> = query.select(batches::id).first(conn).optional()?;
    Ok(id.map(BatchId::from_i64))
}

/// Who has sent anything under an id (ISA06).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentAs {
    /// Not the organization that is asked about.
    Never,
    /// This one only.
    Alone,
    /// This one and others.
    WithOthers,
}

/// Whether the organization has sent anything under this id (ISA06), and whether others have.
pub fn sends_as(
    conn: &mut Conn,
    organization: OrganizationId,
    sender: &str,
) -> Result<SentAs, StoreError> {
    let own: Option<i64> = batches::table
        .filter(batches::organization_id.eq(organization.as_i64()))
        .filter(batches::sender_id.eq(sender))
        .select(batches::id)
        .first(conn)
        .optional()?;
    if own.is_none() {
        return Ok(SentAs::Never);
    }
    let other: Option<i64> = batches::table
        .filter(batches::organization_id.ne(organization.as_i64()))
        .filter(batches::sender_id.eq(sender))
        .select(batches::id)
        .first(conn)
        .optional()?;
    Ok(if other.is_some() { SentAs::WithOthers } else { SentAs::Alone })
}

/// Locks batches in order of id until the transaction ends: SQLite's one writer needs none.
pub fn lock(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[BatchId],
) -> Result<(), StoreError> {
    let Conn::Postgres(c) = conn else { return Ok(()) };
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|b| b.as_i64()).collect();
        let _: Vec<i64> = batches::table
            .filter(batches::organization_id.eq(organization.as_i64()))
            .filter(batches::id.eq_any(ids))
            .order(batches::id)
            .select(batches::id)
            .for_update()
            .load(c)?;
    }
    Ok(())
}

/// The batches of the claims that the claims of these batches replace or void.
pub fn corrected_by(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[BatchId],
) -> Result<Vec<BatchId>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|b| b.as_i64()).collect();
        let built: Vec<i64> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::batch_id.eq_any(ids))
            .select(claims::id)
            .load(conn)?;
        let mut first: Vec<i64> = Vec::new();
        for chunk in built.chunks(CHUNK) {
            let of_chunk: Vec<i64> = claim_changes::table
                .filter(claim_changes::organization_id.eq(organization.as_i64()))
                .filter(claim_changes::built_claim_id.eq_any(chunk))
                .select(claim_changes::claim_id)
                .load(conn)?;
            first.extend(of_chunk);
        }
        for chunk in first.chunks(CHUNK) {
            let rows: Vec<i64> = claims::table
                .filter(claims::organization_id.eq(organization.as_i64()))
                .filter(claims::id.eq_any(chunk))
                .select(claims::batch_id)
                .distinct()
                .load(conn)?;
            found.extend(rows.into_iter().map(BatchId::from_i64));
        }
    }
    Ok(found)
}

/// The contract version of the first claim of a batch; those of one file answer alike.
pub fn version_of(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
) -> Result<Option<ContractVersionId>, StoreError> {
    let id: Option<i64> = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::batch_id.eq(batch.as_i64()))
        .order(claims::ordinal)
        .select(claims::contract_version_id)
        .first(conn)
        .optional()?;
    Ok(id.map(ContractVersionId::from_i64))
}

/// Says by when a delivered batch should be answered: by its 999, and by a 277CA.
pub fn expect(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
    (acknowledgment, status): (NaiveDate, NaiveDate),
) -> Result<(), StoreError> {
    diesel::update(batches::table.find((organization.as_i64(), batch.as_i64())))
        .set((batches::acknowledge_by.eq(acknowledgment), batches::status_by.eq(status)))
        .execute(conn)?;
    Ok(())
}

/// How a claim stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The claim.
    pub id: ClaimId,
    /// Its number.
    pub number: String,
    /// Its batch.
    pub batch: BatchId,
    /// Its status.
    pub status: ClaimStatus,
    /// What it charges.
    pub charge: Money,
}

type StandingRow = (i64, String, i64, String, i64);

fn standing((id, number, batch, status, charge): StandingRow) -> Result<Standing, StoreError> {
    Ok(Standing {
        id: ClaimId::from_i64(id),
        number,
        batch: BatchId::from_i64(batch),
        status: types::read("claims.status", status)?,
        charge: Money::from_cents(charge),
    })
}

/// The claims with these numbers.
pub fn by_numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    numbers: &[&str],
) -> Result<Vec<Standing>, StoreError> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<StandingRow> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::number.eq_any(chunk))
            .order(claims::id)
            .select((claims::id, claims::number, claims::batch_id, claims::status, claims::charge))
            .load(conn)?;
        for row in rows {
            found.push(standing(row)?);
        }
    }
    Ok(found)
}

/// All claims of batches, those of each in the order of its file, with whether a number is known under
/// which the payer has them.
pub fn of_batches(
    conn: &mut Conn,
    organization: OrganizationId,
    batches: &[BatchId],
) -> Result<Vec<(Standing, bool)>, StoreError> {
    let mut found = Vec::new();
    for chunk in batches.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|b| b.as_i64()).collect();
        let rows: Vec<(StandingRow, bool)> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::batch_id.eq_any(ids))
            .order((claims::batch_id, claims::ordinal))
            .select((
                (claims::id, claims::number, claims::batch_id, claims::status, claims::charge),
                claims::payer_control.is_not_null(),
            ))
            .load(conn)?;
        for (row, known) in rows {
            found.push((standing(row)?, known));
        }
    }
    Ok(found)
}

/// Moves claims to a status; those that are no longer live let go of their lines.
pub fn move_claims(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[ClaimId],
    to: ClaimStatus,
) -> Result<(), StoreError> {
    let from: Vec<&str> = ClaimStatus::ALL
        .iter()
        .filter(|from| from.may_become(to))
        .map(|from| from.as_str())
        .collect();
    for chunk in ids.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|c| c.as_i64()).collect();
        let moved = diesel::update(
            claims::table
                .filter(claims::organization_id.eq(organization.as_i64()))
                .filter(claims::id.eq_any(&ids))
                .filter(claims::status.eq_any(&from)),
        )
        .set(claims::status.eq(to.as_str()))
        .execute(conn)?;
        if moved != ids.len() {
            return Err(StoreError::Busy("claims were moved by somebody else".into()));
        }
        if !to.is_live() {
            let lines = claim_lines::table
                .filter(claim_lines::organization_id.eq(organization.as_i64()))
                .filter(claim_lines::claim_id.eq_any(ids))
                .select(claim_lines::id);
            diesel::update(
                claim_line_parts::table
                    .filter(claim_line_parts::organization_id.eq(organization.as_i64()))
                    .filter(claim_line_parts::claim_line_id.eq_any(lines)),
            )
            .set(claim_line_parts::live.eq(false))
            .execute(conn)?;
        }
    }
    Ok(())
}

/// Says how all of a batch was answered, and moves it there. A batch whose answer changes (its one
/// set was accepted, then the clearinghouse's own word rejects it) keeps its status.
pub fn acknowledge(
    conn: &mut Conn,
    organization: OrganizationId,
    id: BatchId,
    how: Acknowledgment,
    at: Instant,
) -> Result<(), StoreError> {
    let from: Vec<&str> = BatchStatus::ALL
        .iter()
        .filter(|s| s.may_become(BatchStatus::Acknowledged) || **s == BatchStatus::Acknowledged)
        .map(|s| s.as_str())
        .collect();
    diesel::update(
        batches::table
            .find((organization.as_i64(), id.as_i64()))
            .filter(batches::status.eq_any(from)),
    )
    .set((
        batches::status.eq(BatchStatus::Acknowledged.as_str()),
        batches::acknowledgment.eq(how.as_str()),
        batches::acknowledged_at.eq(at.naive()),
    ))
    .execute(conn)?;
    Ok(())
}
