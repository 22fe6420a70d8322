//! Answers kept under an Idempotency-Key, in the transaction of the effect itself.
//!
//! The row is claimed first and filled last. On PostgreSQL a second process that claims the same
//! key waits at the primary key until the first has committed (then it reads the answer) or rolled
//! back (then it has claimed the key); on SQLite writers take turns anyway.

use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::schema::idempotency_keys as keys;
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
