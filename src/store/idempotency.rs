//! Answers kept under an Idempotency-Key, in the transaction of the effect itself.
//!
//! The row is claimed first and filled last. On PostgreSQL a second process that claims the same
//! key waits at the primary key until the first has committed (then it reads the answer) or rolled
//! back (then it has claimed the key); on SQLite writers take turns anyway.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::idempotency_keys as keys;
use super::types;
use crate::domain::dates::Instant;
use crate::domain::ids::KeyId;

/// Rows deleted by one statement: keeps the write lock short.
const FORGET_AT_ONCE: i64 = 1_000;

/// Which request: the key, and what must not differ when it is repeated.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Whose key.
    pub api_key: KeyId,
    /// The client's text.
    pub text: &'a str,
    /// Method and path.
    pub endpoint: &'a str,
    /// SHA-256 of the body.
    pub body_hash: &'a [u8],
}

/// An answer as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Method and path of the first request.
    pub endpoint: String,
    /// SHA-256 of its body.
    pub body_hash: Vec<u8>,
    /// HTTP status of the answer.
    pub status: i32,
    /// Headers as a JSON list of pairs.
    pub headers: String,
    /// Body of the answer.
    pub body: String,
}

/// Claims the key: `None` when it was free and is now this transaction's, else the answer kept.
pub fn claim(conn: &mut Conn, claim: Claim<'_>, at: Instant) -> Result<Option<Kept>, StoreError> {
    let row = (
        keys::api_key_id.eq(claim.api_key.as_i64()),
        keys::idempotency_key.eq(claim.text),
        keys::endpoint.eq(claim.endpoint),
        keys::body_hash.eq(claim.body_hash),
        keys::status.eq(0),
        keys::headers.eq(""),
        keys::body.eq(""),
        keys::created_at.eq(at.naive()),
    );
    let inserted = per_backend!(&mut *conn, c => diesel::insert_into(keys::table)
        .values(row)
        .on_conflict((keys::api_key_id, keys::idempotency_key))
        .do_nothing()
        .execute(c))?;
    if inserted > 0 {
        return Ok(None);
    }
    let (endpoint, body_hash, status, headers, body) = keys::table
        .find((claim.api_key.as_i64(), claim.text))
        .select((keys::endpoint, keys::body_hash, keys::status, keys::headers, keys::body))
        .first::<(String, Vec<u8>, i32, String, String)>(conn)?;
    Ok(Some(Kept { endpoint, body_hash, status, headers, body }))
}

/// Keeps the answer under a key that this transaction has claimed.
pub fn keep(
    conn: &mut Conn,
    api_key: KeyId,
    text: &str,
    status: i32,
    headers: &str,
    body: &str,
) -> Result<(), StoreError> {
    let changed = diesel::update(keys::table.find((api_key.as_i64(), text)))
        .set((keys::status.eq(status), keys::headers.eq(headers), keys::body.eq(body)))
        .execute(conn)?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Broken("an idempotency row is gone".into())) }
}

/// A free key with what is kept under it.
pub type Fresh<'a> = (Claim<'a>, Kept);

/// The answers kept under some of these keys. Nothing is claimed: an answer for a key that is not
/// among them is kept with [`keep_fresh`].
pub fn kept(
    conn: &mut Conn,
    wanted: &[(KeyId, &str)],
) -> Result<HashMap<(KeyId, String), Kept>, StoreError> {
    let mut found = HashMap::new();
    for chunk in wanted.chunks(types::CHUNK) {
        let ids: BTreeSet<i64> = chunk.iter().map(|(id, _)| id.as_i64()).collect();
        let texts: Vec<&str> = chunk.iter().map(|(_, text)| *text).collect();
        // Another key of the list may have the text that this one has not: more rows than wanted may
        // come, and do no harm.
        let rows: Vec<Row> = keys::table
            .filter(keys::api_key_id.one_of(ids.into_iter().collect::<Vec<_>>()))
            .filter(keys::idempotency_key.one_of(texts))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let name = (KeyId::from_i64(row.api_key_id), row.idempotency_key);
            let Row { endpoint, body_hash, status, headers, body, .. } = row;
            found.insert(name, Kept { endpoint, body_hash, status, headers, body });
        }
    }
    Ok(found)
}

/// Keeps answers under keys that were free. `false`: another process has taken one of them
/// meanwhile, and the transaction must be rolled back.
pub fn keep_fresh(conn: &mut Conn, list: &[Fresh<'_>], at: Instant) -> Result<bool, StoreError> {
    let mut rows: Vec<Row> = list.iter().map(|(claim, kept)| Row::of(*claim, kept, at)).collect();
    // In one order, so that two processes never wait for each other in a ring.
    rows.sort_by(|a, b| {
        (a.api_key_id, &a.idempotency_key).cmp(&(b.api_key_id, &b.idempotency_key))
    });
    let mut kept = 0;
    for chunk in rows.chunks(types::CHUNK) {
        kept += per_backend!(&mut *conn, c => diesel::insert_into(keys::table)
            .values(chunk)
            .on_conflict((keys::api_key_id, keys::idempotency_key))
            .do_nothing()
            .execute(c))?;
    }
    Ok(kept == rows.len())
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = keys, treat_none_as_default_value = false)]
struct Row {
    api_key_id: i64,
    idempotency_key: String,
    endpoint: String,
    body_hash: Vec<u8>,
    status: i32,
    headers: String,
    body: String,
    created_at: NaiveDateTime,
}

impl Row {
    fn of(claim: Claim<'_>, kept: &Kept, at: Instant) -> Self {
        Self {
            api_key_id: claim.api_key.as_i64(),
            idempotency_key: claim.text.to_owned(),
            endpoint: claim.endpoint.to_owned(),
            body_hash: claim.body_hash.to_vec(),
            status: kept.status,
            headers: kept.headers.clone(),
            body: kept.body.clone(),
            created_at: at.naive(),
        }
    }
}

/// Deletes some keys older than `before`; true when there may be more.
pub fn forget(conn: &mut Conn, before: Instant) -> Result<bool, StoreError> {
    use diesel::sql_types::{BigInt, Timestamp};
    let text = "DELETE FROM idempotency_keys WHERE (api_key_id, idempotency_key) IN \
                (SELECT api_key_id, idempotency_key FROM idempotency_keys \
                 WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    let gone = diesel::sql_query(text)
        .bind::<Timestamp, _>(before.naive())
        .bind::<BigInt, _>(FORGET_AT_ONCE)
        .execute(conn)?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX) >= FORGET_AT_ONCE)
}
