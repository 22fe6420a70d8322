//! Files that came from clearinghouses and payers, each kept once, and the interchanges applied.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::{
    batches, received_files as table, received_interchanges as interchanges,
    received_waits as waits,
};
use super::sets::insert_set;
use super::types::{page_size, read, read_count};
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, FileId, OrganizationId, ReceivedId};
use crate::domain::response::{FileKind, FileState, ReceivedFile};
use crate::domain::status::BatchStatus;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = table,
    primary_key(organization_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
struct Row {
    organization_id: i64,
    id: i64,
    file_id: i64,
    sha256: String,
    kind: String,
    sender_id: Option<String>,
    receiver_id: Option<String>,
    state: String,
    reason: Option<String>,
    channel: String,
    archive: Option<String>,
    waits_for: Option<i64>,
    accepted: i64,
    rejected: i64,
    received_at: NaiveDateTime,
    applied_at: Option<NaiveDateTime>,
}

#[derive(Insertable)]
#[diesel(table_name = waits, treat_none_as_default_value = false)]
struct Wait {
    organization_id: i64,
    received_id: i64,
    batch_id: i64,
}

impl Row {
    fn new(organization: OrganizationId, f: &ReceivedFile) -> Self {
        Self {
            organization_id: organization.as_i64(),
            id: f.id.as_i64(),
            file_id: f.file.as_i64(),
            sha256: f.sha256.clone(),
            kind: f.kind.to_string(),
            sender_id: f.sender.clone(),
            receiver_id: f.receiver.clone(),
            state: f.state.to_string(),
            reason: f.reason.clone(),
            channel: f.channel.to_string(),
            archive: f.archive.clone(),
            waits_for: f.waits_for.map(BatchId::as_i64),
            accepted: i64::from(f.accepted),
            rejected: i64::from(f.rejected),
            received_at: f.received_at.naive(),
            applied_at: f.applied_at.map(Instant::naive),
        }
    }

    fn into_domain(self) -> Result<ReceivedFile, StoreError> {
        Ok(ReceivedFile {
            id: ReceivedId::from_i64(self.id),
            file: FileId::from_i64(self.file_id),
            sha256: self.sha256,
            kind: read("received_files.kind", self.kind)?,
            sender: self.sender_id,
            receiver: self.receiver_id,
            state: read("received_files.state", self.state)?,
            reason: self.reason,
            channel: read("received_files.channel", self.channel)?,
            archive: self.archive,
            waits_for: self.waits_for.map(BatchId::from_i64),
            accepted: read_count("received_files.accepted", self.accepted)?,
            rejected: read_count("received_files.rejected", self.rejected)?,
            received_at: Instant::from_naive(self.received_at),
            applied_at: self.applied_at.map(Instant::from_naive),
        })
    }
}

/// Inserts a file. `false`: another transaction has just kept the same bytes.
pub fn insert(
    conn: &mut Conn,
    organization: OrganizationId,
    file: &ReceivedFile,
) -> Result<bool, StoreError> {
    let row = Row::new(organization, file);
    let added = per_backend!(conn, c => diesel::insert_into(table::table)
        .values(&row)
        .on_conflict((table::organization_id, table::sha256))
        .do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// Says what became of a file.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    file: &ReceivedFile,
) -> Result<(), StoreError> {
    let key = (organization.as_i64(), file.id.as_i64());
    diesel::update(table::table.find(key)).set(Row::new(organization, file)).execute(conn)?;
    Ok(())
}

/// The file with this id.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ReceivedId,
) -> Result<Option<ReceivedFile>, StoreError> {
    let row: Option<Row> = table::table
        .find((organization.as_i64(), id.as_i64()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::into_domain).transpose()
}

/// The file with these bytes.
pub fn by_digest(
    conn: &mut Conn,
    organization: OrganizationId,
    sha256: &str,
) -> Result<Option<ReceivedFile>, StoreError> {
    let row: Option<Row> = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::sha256.eq(sha256))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::into_domain).transpose()
}

/// What a list of files is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// By kind.
    pub kind: Option<FileKind>,
    /// By state.
    pub state: Option<FileState>,
}

/// A page of files in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: Filter,
    after: Option<ReceivedId>,
    limit: i64,
) -> Result<Vec<ReceivedFile>, StoreError> {
    let mut query = table::table
        .filter(table::organization_id.eq(organization.as_i64()))
        .filter(table::id.gt(after.map_or(-1, ReceivedId::as_i64)))
        .into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(table::kind.eq(kind.as_str()));
    }
    if let Some(state) = filter.state {
        query = query.filter(table::state.eq(state.as_str()));
    }
    let rows: Vec<Row> =
        query.order(table::id).limit(page_size(limit)).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// Says for which batches a file waits: for these, and for no others any more.
pub fn set_waits(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ReceivedId,
    batches: &BTreeSet<BatchId>,
) -> Result<(), StoreError> {
    let key =
        waits::organization_id.eq(organization.as_i64()).and(waits::received_id.eq(id.as_i64()));
    diesel::delete(waits::table.filter(key)).execute(conn)?;
    let row = |batch: &BatchId| Wait {
        organization_id: organization.as_i64(),
        received_id: id.as_i64(),
        batch_id: batch.as_i64(),
    };
    let rows: Vec<Wait> = batches.iter().map(row).collect();
    insert_set!(conn, waits::table, rows);
    Ok(())
}

/// Files of all organizations that wait for some batch which waits for nothing any more; those that
/// failed most often last.
pub fn due(conn: &mut Conn, limit: i64) -> Result<Vec<(OrganizationId, ReceivedId)>, StoreError> {
    let of_batch = waits::table
        .inner_join(
            batches::table.on(batches::organization_id
                .eq(waits::organization_id)
                .and(batches::id.eq(waits::batch_id))),
        )
        .filter(waits::organization_id.eq(table::organization_id))
        .filter(waits::received_id.eq(table::id))
        .filter(batches::status.ne(BatchStatus::Built.as_str()));
    let rows: Vec<(i64, i64)> = table::table
        .filter(table::state.eq(FileState::Waiting.as_str()))
        .filter(diesel::dsl::exists(of_batch))
        .order((table::tries, table::organization_id, table::id))
        .limit(page_size(limit))
        .select((table::organization_id, table::id))
        .load(conn)?;
    let ids = |(o, r)| (OrganizationId::from_i64(o), ReceivedId::from_i64(r));
    Ok(rows.into_iter().map(ids).collect())
}

/// Notes that a file that waited could not be applied.
pub fn put_off(
    conn: &mut Conn,
    organization: OrganizationId,
    id: ReceivedId,
) -> Result<(), StoreError> {
    diesel::update(table::table.find((organization.as_i64(), id.as_i64())))
        .set(table::tries.eq(table::tries + 1))
        .execute(conn)?;
    Ok(())
}

/// An interchange by whom, to whom and under which number.
#[derive(Debug, Clone, Copy)]
pub struct InterchangeKey<'a> {
    /// ISA06.
    pub sender: &'a str,
    /// ISA08.
    pub receiver: &'a str,
    /// ISA13.
    pub control: &'a str,
}

/// The digest under which an interchange was applied, and the file that held it.
pub fn interchange(
    conn: &mut Conn,
    organization: OrganizationId,
    key: InterchangeKey<'_>,
) -> Result<Option<(String, ReceivedId)>, StoreError> {
    let row: Option<(String, i64)> = interchanges::table
        .find((organization.as_i64(), key.sender, key.receiver, key.control))
        .select((interchanges::digest, interchanges::received_id))
        .first(conn)
        .optional()?;
    Ok(row.map(|(digest, received)| (digest, ReceivedId::from_i64(received))))
}

/// Remembers that an interchange was applied.
pub fn add_interchange(
    conn: &mut Conn,
    organization: OrganizationId,
    key: InterchangeKey<'_>,
    digest: &str,
    received: ReceivedId,
) -> Result<(), StoreError> {
    let added = diesel::insert_into(interchanges::table)
        .values((
            interchanges::organization_id.eq(organization.as_i64()),
            interchanges::sender_id.eq(key.sender),
            interchanges::receiver_id.eq(key.receiver),
            interchanges::control.eq(key.control),
            interchanges::digest.eq(digest),
            interchanges::received_id.eq(received.as_i64()),
        ))
        .execute(conn);
    added.map_err(|error| match StoreError::from(error) {
        // Another file with this interchange is just being received; then it is there, and compared.
        StoreError::Conflict { .. } => StoreError::Busy("the interchange is just received".into()),
        other => other,
    })?;
    Ok(())
}
