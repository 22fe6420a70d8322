//! Batches: one row each; a status moves only from the one it is thought to have.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::batches;
use super::types;
use crate::domain::batch::{Batch, Receipt};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, FileId, OrganizationId, PayerId};
use crate::domain::money::Money;
use crate::domain::status::BatchStatus;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = batches, treat_none_as_default_value = false)]
struct Row {
    organization_id: i64,
    id: i64,
    payer_id: i64,
    through: NaiveDate,
    status: String,
    sender_id: String,
    receiver_id: String,
    interchange_control: i64,
    group_control: i64,
    claim_count: i64,
    line_count: i64,
    units: i64,
    charge: i64,
    expected: i64,
    file_id: i64,
    built_at: NaiveDateTime,
    released_at: Option<NaiveDateTime>,
    withdrawn_at: Option<NaiveDateTime>,
    delivered_at: Option<NaiveDateTime>,
    receipt: Option<String>,
    acknowledgment: Option<String>,
    acknowledged_at: Option<NaiveDateTime>,
}

impl Row {
    fn into_domain(self) -> Result<Batch, StoreError> {
        let receipt = self.receipt.as_deref();
        Ok(Batch {
            id: BatchId::from_i64(self.id),
            payer: PayerId::from_i64(self.payer_id),
            through: self.through,
            status: types::read("batches.status", self.status)?,
            sender: types::read("batches.sender_id", self.sender_id)?,
            receiver: types::read("batches.receiver_id", self.receiver_id)?,
            interchange_control: types::read_count(
                "batches.interchange_control",
                self.interchange_control,
            )?,
            group_control: types::read_count("batches.group_control", self.group_control)?,
            claims: types::read_count("batches.claim_count", self.claim_count)?,
            lines: types::read_count("batches.line_count", self.line_count)?,
            units: types::read_count("batches.units", self.units)?,
            charge: Money::from_cents(self.charge),
            expected: Money::from_cents(self.expected),
            file: FileId::from_i64(self.file_id),
            built_at: Instant::from_naive(self.built_at),
            released_at: self.released_at.map(Instant::from_naive),
            withdrawn_at: self.withdrawn_at.map(Instant::from_naive),
            delivered_at: self.delivered_at.map(Instant::from_naive),
            receipt: receipt.map(|r| types::read_json("batches.receipt", r)).transpose()?,
            acknowledgment: types::read_optional("batches.acknowledgment", self.acknowledgment)?,
            acknowledged_at: self.acknowledged_at.map(Instant::from_naive),
        })
    }
}

/// Inserts a batch.
pub fn insert(conn: &mut Conn, organization: OrganizationId, b: &Batch) -> Result<(), StoreError> {
    let receipt =
        b.receipt.as_ref().map(|r| types::write_json("batches.receipt", r)).transpose()?;
    let row = Row {
        organization_id: organization.as_i64(),
        id: b.id.as_i64(),
        payer_id: b.payer.as_i64(),
        through: b.through,
        status: b.status.as_str().to_owned(),
        sender_id: b.sender.as_str().to_owned(),
        receiver_id: b.receiver.as_str().to_owned(),
        interchange_control: i64::from(b.interchange_control),
        group_control: i64::from(b.group_control),
        claim_count: i64::from(b.claims),
        line_count: i64::from(b.lines),
        units: i64::from(b.units),
        charge: b.charge.cents(),
        expected: b.expected.cents(),
        file_id: b.file.as_i64(),
        built_at: b.built_at.naive(),
        released_at: b.released_at.map(Instant::naive),
        withdrawn_at: b.withdrawn_at.map(Instant::naive),
        delivered_at: b.delivered_at.map(Instant::naive),
        receipt,
        acknowledgment: b.acknowledgment.map(|a| a.as_str().to_owned()),
        acknowledged_at: b.acknowledged_at.map(Instant::naive),
    };
    diesel::insert_into(batches::table).values(&row).execute(conn)?;
    Ok(())
}

/// The batch with this id.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: BatchId,
) -> Result<Option<Batch>, StoreError> {
    let row: Option<Row> = batches::table
        .find((organization.as_i64(), id.as_i64()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::into_domain).transpose()
}

/// How many batches of all organizations have this status.
pub fn count(conn: &mut Conn, status: BatchStatus) -> Result<u64, StoreError> {
    let found: i64 =
        batches::table.filter(batches::status.eq(status.as_str())).count().get_result(conn)?;
    u64::try_from(found).map_err(|e| StoreError::Broken(e.to_string()))
}

/// A page of batches in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    status: Option<BatchStatus>,
    after: Option<BatchId>,
    limit: i64,
) -> Result<Vec<Batch>, StoreError> {
    let mut query = batches::table
        .filter(batches::organization_id.eq(organization.as_i64()))
        .filter(batches::id.gt(after.map_or(-1, BatchId::as_i64)))
        .into_boxed();
    if let Some(payer) = payer {
        query = query.filter(batches::payer_id.eq(payer.as_i64()));
    }
    if let Some(status) = status {
        query = query.filter(batches::status.eq(status.as_str()));
    }
    let rows: Vec<Row> = query
        .order(batches::id)
        .limit(types::page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// Moves a batch on, with the time of the step. `false`: it is no longer in the status `from`.
/// As the first statement of a step it also keeps others off the batch until the step has ended.
pub fn advance(
    conn: &mut Conn,
    organization: OrganizationId,
    id: BatchId,
    from: BatchStatus,
    to: BatchStatus,
    at: Instant,
) -> Result<bool, StoreError> {
    if !from.may_become(to) {
        return Err(StoreError::Broken(format!("a batch may not move from {from} to {to}")));
    }
    let row = batches::table
        .find((organization.as_i64(), id.as_i64()))
        .filter(batches::status.eq(from.as_str()));
    let (status, at) = (batches::status.eq(to.as_str()), at.naive());
    let moved = match to {
        BatchStatus::Released => {
            diesel::update(row).set((status, batches::released_at.eq(at))).execute(conn)?
        }
        BatchStatus::Withdrawn => {
            diesel::update(row).set((status, batches::withdrawn_at.eq(at))).execute(conn)?
        }
        BatchStatus::Delivered => {
            diesel::update(row).set((status, batches::delivered_at.eq(at))).execute(conn)?
        }
        BatchStatus::Acknowledged => {
            diesel::update(row).set((status, batches::acknowledged_at.eq(at))).execute(conn)?
        }
        BatchStatus::Built => diesel::update(row).set(status).execute(conn)?,
    };
    Ok(moved == 1)
}

/// Records the delivery of a batch that was answered before anybody had told of it. `false`: it is
/// known already.
pub fn deliver_answered(
    conn: &mut Conn,
    organization: OrganizationId,
    id: BatchId,
    at: Instant,
) -> Result<bool, StoreError> {
    let row = batches::table
        .find((organization.as_i64(), id.as_i64()))
        .filter(batches::status.eq(BatchStatus::Acknowledged.as_str()))
        .filter(batches::delivered_at.is_null());
    let set = diesel::update(row).set(batches::delivered_at.eq(at.naive())).execute(conn)?;
    Ok(set == 1)
}

/// Keeps the proof of delivery.
pub fn set_receipt(
    conn: &mut Conn,
    organization: OrganizationId,
    id: BatchId,
    receipt: &Receipt,
) -> Result<(), StoreError> {
    let text = types::write_json("batches.receipt", receipt)?;
    diesel::update(batches::table.find((organization.as_i64(), id.as_i64())))
        .set(batches::receipt.eq(text))
        .execute(conn)?;
    Ok(())
}
