//! Rows of payer packs: inserted and never changed.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::packs;
use super::types::{page_size, read_json, write_json};
use crate::domain::contract::Pack;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::PackId;

/// A pack as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPack {
    /// Our id.
    pub id: PackId,
    /// What it says.
    pub pack: Pack,
    /// When it was stored.
    pub created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = packs, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    key: String,
    version: String,
    title: String,
    model: String,
    created_at: NaiveDateTime,
}

impl Row {
    fn into_domain(self) -> Result<StoredPack, StoreError> {
        Ok(StoredPack {
            id: PackId::from_i64(self.id),
            pack: read_json("packs.model", &self.model)?,
            created_at: Instant::from_naive(self.created_at),
        })
    }
}

/// Stores a new pack.
pub fn insert(conn: &mut Conn, id: PackId, pack: &Pack, now: Instant) -> Result<(), StoreError> {
    let row = Row {
        id: id.as_i64(),
        key: pack.key.to_string(),
        version: pack.version.clone(),
        title: pack.title.clone(),
        model: write_json("packs.model", pack)?,
        created_at: now.naive(),
    };
    diesel::insert_into(packs::table).values(&row).execute(conn)?;
    Ok(())
}

/// The pack with this id.
pub fn by_id(conn: &mut Conn, id: PackId) -> Result<Option<StoredPack>, StoreError> {
    let query = packs::table.filter(packs::id.eq(id.as_i64()));
    first(query.select(Row::as_select()).load(conn)?)
}

/// The pack of this key and version.
pub fn by_key_version(
    conn: &mut Conn,
    key: &Key,
    version: &str,
) -> Result<Option<StoredPack>, StoreError> {
    let query = packs::table.filter(packs::key.eq(key.as_str())).filter(packs::version.eq(version));
    first(query.select(Row::as_select()).load(conn)?)
}

/// A page of all packs, in order of id, after the given one.
pub fn list(
    conn: &mut Conn,
    after: Option<PackId>,
    limit: i64,
) -> Result<Vec<StoredPack>, StoreError> {
    let rows = packs::table
        .filter(packs::id.gt(after.map_or(-1, PackId::as_i64)))
        .order(packs::id)
        .limit(page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

fn first(rows: Vec<Row>) -> Result<Option<StoredPack>, StoreError> {
    rows.into_iter().next().map(Row::into_domain).transpose()
}
