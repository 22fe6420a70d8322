//! API keys, each with the organization or payer that it belongs to.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{api_keys, organizations};
use crate::domain::access::Role;
use crate::domain::dates::Instant;
use crate::domain::ids::{KeyId, OrganizationId, PayerId};
use crate::domain::organization::OrganizationMode;

/// An API key as it is kept, without its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id: the middle part of its text.
    pub id: KeyId,
    /// What it may do.
    pub role: Role,
    /// What people call it.
    pub label: String,
    /// Whose it is, for submitters and billers.
    pub organization: Option<OrganizationId>,
    /// Whose it is, for payer analysts.
    pub payer: Option<PayerId>,
    /// When it was made.
    pub created_at: Instant,
    /// From when on it is refused.
    pub expires_at: Option<Instant>,
    /// Since when it has been refused.
    pub revoked_at: Option<Instant>,
}

/// A key with what is needed to check a caller.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// The key.
    pub record: KeyRecord,
    /// SHA-256 of its secret.
    pub hash: Vec<u8>,
    /// The mode of its organization.
    pub mode: Option<OrganizationMode>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct Row {
    id: i64,
    hash: Vec<u8>,
    role: String,
    label: String,
    organization_id: Option<i64>,
    payer_id: Option<i64>,
    created_at: chrono::NaiveDateTime,
    expires_at: Option<chrono::NaiveDateTime>,
    revoked_at: Option<chrono::NaiveDateTime>,
}

impl Row {
    fn record(&self) -> Result<KeyRecord, StoreError> {
        let role = Role::parse(&self.role).map_err(|e| StoreError::Broken(e.to_string()))?;
        Ok(KeyRecord {
            id: KeyId::from_i64(self.id),
            role,
            label: self.label.clone(),
            organization: self.organization_id.map(OrganizationId::from_i64),
            payer: self.payer_id.map(PayerId::from_i64),
            created_at: Instant::from_naive(self.created_at),
            expires_at: self.expires_at.map(Instant::from_naive),
            revoked_at: self.revoked_at.map(Instant::from_naive),
        })
    }
}

/// Keeps a new key.
pub fn insert(conn: &mut Conn, key: &KeyRecord, hash: &[u8]) -> Result<(), StoreError> {
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(key.id.as_i64()),
            api_keys::hash.eq(hash),
            api_keys::role.eq(key.role.as_str()),
            api_keys::label.eq(&key.label),
            api_keys::organization_id.eq(key.organization.map(OrganizationId::as_i64)),
            api_keys::payer_id.eq(key.payer.map(PayerId::as_i64)),
            api_keys::created_at.eq(key.created_at.naive()),
            api_keys::expires_at.eq(key.expires_at.map(Instant::naive)),
            api_keys::revoked_at.eq(key.revoked_at.map(Instant::naive)),
        ))
        .execute(conn)?;
    Ok(())
}

macro_rules! with_mode {
    () => {
        api_keys::table
            .left_join(
                organizations::table.on(api_keys::organization_id.eq(organizations::id.nullable())),
            )
            .select((Row::as_select(), organizations::mode.nullable()))
    };
}

fn stored((row, mode): (Row, Option<String>)) -> Result<StoredKey, StoreError> {
    let mode = mode.as_deref().map(OrganizationMode::parse).transpose();
    let mode = mode.map_err(|e| StoreError::Broken(e.to_string()))?;
    Ok(StoredKey { record: row.record()?, hash: row.hash, mode })
}

/// The key with this id, revoked or not.
pub fn find(conn: &mut Conn, id: KeyId) -> Result<Option<StoredKey>, StoreError> {
    let query = with_mode!().filter(api_keys::id.eq(id.as_i64()));
    query.first(conn).optional()?.map(stored).transpose()
}

/// The keys with these ids, revoked or not; unknown ones are left out.
pub fn find_all(conn: &mut Conn, ids: &[KeyId]) -> Result<Vec<StoredKey>, StoreError> {
    if let [one] = ids {
        // The rule, and a statement that is prepared once.
        return Ok(find(conn, *one)?.into_iter().collect());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.as_i64()).collect();
    let rows: Vec<(Row, Option<String>)> =
        with_mode!().filter(api_keys::id.one_of(ids)).load(conn)?;
    rows.into_iter().map(stored).collect()
}

/// All keys, oldest first. There are few: people make them one by one.
pub fn list(conn: &mut Conn) -> Result<Vec<KeyRecord>, StoreError> {
    let rows: Vec<Row> = api_keys::table.order(api_keys::id).select(Row::as_select()).load(conn)?;
    rows.iter().map(Row::record).collect()
}

/// Refuses the key from `at` on; false when there is no such key. A key that is revoked already
/// keeps its first time.
pub fn revoke(conn: &mut Conn, id: KeyId, at: Instant) -> Result<bool, StoreError> {
    let live = api_keys::table.find(id.as_i64()).filter(api_keys::revoked_at.is_null());
    let changed = diesel::update(live).set(api_keys::revoked_at.eq(at.naive())).execute(conn)?;
    Ok(changed > 0 || find(conn, id)?.is_some())
}
