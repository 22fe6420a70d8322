//! Rows of payers. They belong to the service, not to a tenant.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::payers;
use super::types::{CHUNK, page_size, read};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::PayerId;
use crate::domain::payer::{Payer, PayerData};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payers, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    key: String,
    name: String,
    sandbox: bool,
    revision: i32,
    #[diesel(skip_update)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Row {
    fn new(payer: &Payer, revision: i32, now: Instant) -> Self {
        Self {
            id: payer.id.as_i64(),
            key: payer.data.key.to_string(),
            name: payer.data.name.to_string(),
            sandbox: payer.data.sandbox,
            revision,
            created_at: now.naive(),
            updated_at: now.naive(),
        }
    }

    fn into_domain(self) -> Result<Payer, StoreError> {
        let data = PayerData {
            key: read("payers.key", self.key)?,
            name: read("payers.name", self.name)?,
            sandbox: self.sandbox,
        };
        Ok(Payer { id: PayerId::from_i64(self.id), revision: self.revision, data })
    }
}

/// Stores a new payer.
pub fn insert(conn: &mut Conn, payer: &Payer, now: Instant) -> Result<(), StoreError> {
    let row = Row::new(payer, payer.revision, now);
    diesel::insert_into(payers::table).values(&row).execute(conn)?;
    Ok(())
}

/// Changes the payer that stands at `payer.revision`, which goes up by one. `false`: somebody
/// changed it meanwhile.
pub fn update(conn: &mut Conn, payer: &Payer, now: Instant) -> Result<bool, StoreError> {
    let row = Row::new(payer, payer.revision.saturating_add(1), now);
    let at =
        payers::table.filter(payers::id.eq(row.id)).filter(payers::revision.eq(payer.revision));
    Ok(diesel::update(at).set(&row).execute(conn)? == 1)
}

/// The payer with this id.
pub fn by_id(conn: &mut Conn, id: PayerId) -> Result<Option<Payer>, StoreError> {
    Ok(by_ids(conn, &[id])?.pop())
}

/// The payers with these ids, in no order; unknown ids are left out.
pub fn by_ids(conn: &mut Conn, ids: &[PayerId]) -> Result<Vec<Payer>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let query = payers::table
            .filter(payers::id.one_of(chunk.iter().map(|i| i.as_i64()).collect::<Vec<_>>()));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    found.into_iter().map(Row::into_domain).collect()
}

/// The payer with this key.
pub fn by_key(conn: &mut Conn, key: &Key) -> Result<Option<Payer>, StoreError> {
    Ok(by_keys(conn, std::slice::from_ref(key))?.pop())
}

/// The payers with these keys, in no order; unknown keys are left out.
pub fn by_keys(conn: &mut Conn, keys: &[Key]) -> Result<Vec<Payer>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let query = payers::table
            .filter(payers::key.one_of(chunk.iter().map(Key::as_str).collect::<Vec<_>>()));
        found.extend(query.select(Row::as_select()).load(conn)?);
    }
    found.into_iter().map(Row::into_domain).collect()
}

/// A page of all payers, in order of id, after the given one.
pub fn list(conn: &mut Conn, after: Option<PayerId>, limit: i64) -> Result<Vec<Payer>, StoreError> {
    let rows = payers::table
        .filter(payers::id.gt(after.map_or(-1, PayerId::as_i64)))
        .order(payers::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}
