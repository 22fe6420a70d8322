//! Doing a thing once: the answer is kept under the client's Idempotency-Key, in the transaction of
//! the effect itself.
//!
//! So there is never an effect without its answer or an answer without its effect; a client that
//! lost the answer, or got "the outcome is unknown", sends the same request again. Errors keep
//! nothing: the corrected request may use the same key.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Ctx;
use crate::domain::dates::Instant;
use crate::domain::ids::KeyId;
use crate::error::{AppError, Code};
use crate::store::{Conn, Scope, idempotency as store};

/// How long answers are kept (`docs/errors.md`, `idempotency_key_reused`).
pub const KEPT_DAYS: i64 = 30;
/// Longest key that is accepted.
pub const MAX_KEY_CHARS: usize = 255;
/// Says that an answer is a repeat.
const REPLAYED: &str = "Idempotent-Replayed";

/// An answer to a POST, ready to be sent and to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside content type and length; `Content-Type` only when it is not JSON.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON body.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Result<Self, AppError> {
        let body = serde_json::to_string(body)
            .map_err(|e| AppError::internal(format!("an answer cannot be written: {e}")))?;
        Ok(Self { status, headers: Vec::new(), body })
    }

    /// With one more header.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A request that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    api_key: KeyId,
    text: String,
    endpoint: String,
    body_hash: [u8; 32],
}

impl Ticket {
    /// For the Idempotency-Key `text` of a request: 1 to 255 visible ASCII characters. `endpoint`
    /// is method, path and query.
    pub fn new(api_key: KeyId, text: &str, endpoint: &str, body: &[u8]) -> Result<Self, AppError> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.len());
        if !fits || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AppError::new(
                Code::InvalidParameter,
                "An Idempotency-Key has 1 to 255 visible ASCII characters, no spaces.",
            ));
        }
        let body_hash = Sha256::digest(body).into();
        Ok(Self { api_key, text: text.to_owned(), endpoint: endpoint.to_owned(), body_hash })
    }
}

/// Does `work` in one write transaction; with a ticket, at most once.
///
/// Errors beside those of `work`: `idempotency_key_reused` when the key came with another request,
/// `idempotency_key_running` while the first is under way in this process.
pub async fn run(
    ctx: &Ctx,
    scope: Scope,
    ticket: Option<Ticket>,
    work: impl FnOnce(&mut Conn) -> Result<Reply, AppError> + Send + 'static,
) -> Result<Reply, AppError> {
    let Some(ticket) = ticket else {
        return ctx.db.write(scope, work).await;
    };
    // Held here and by the work: the key is free again when both have ended, also when the client
    // goes away before the work has begun.
    let mark = Arc::new(Mark::set(&ctx.running, &ticket)?);
    let working = Arc::clone(&mark);
    let now = ctx.clock.real();
    let result = ctx
        .db
        .write(scope, move |conn| {
            let _working = working;
            once(conn, &ticket, now, work)
        })
        .await;
    drop(mark);
    result
}

fn once(
    conn: &mut Conn,
    ticket: &Ticket,
    now: Instant,
    work: impl FnOnce(&mut Conn) -> Result<Reply, AppError>,
) -> Result<Reply, AppError> {
    let claim = store::Claim {
        api_key: ticket.api_key,
        text: &ticket.text,
        endpoint: &ticket.endpoint,
        body_hash: &ticket.body_hash,
    };
    if let Some(kept) = store::claim(conn, claim, now)? {
        return replay(ticket, kept);
    }
    let reply = work(conn)?;
    let headers = serde_json::to_string(&reply.headers)
        .map_err(|e| AppError::internal(format!("headers cannot be kept: {e}")))?;
    let status = i32::from(reply.status);
    store::keep(conn, ticket.api_key, &ticket.text, status, &headers, &reply.body)?;
    Ok(reply)
}

fn replay(ticket: &Ticket, kept: store::Kept) -> Result<Reply, AppError> {
    if kept.endpoint != ticket.endpoint || kept.body_hash != ticket.body_hash {
        return Err(AppError::new(
            Code::IdempotencyKeyReused,
            "This Idempotency-Key came with another request before; take a new key for a new \
             request, or send exactly the first one.",
        ));
    }
    let broken = |what: &str| AppError::internal(format!("a kept answer has no {what}"));
    let status = u16::try_from(kept.status).map_err(|_| broken("status"))?;
    let headers: Vec<(String, String)> =
        serde_json::from_str(&kept.headers).map_err(|_| broken("headers"))?;
    Ok(Reply { status, headers, body: kept.body }.with_header(REPLAYED, "true"))
}

/// Forgets answers that are older than [`KEPT_DAYS`], a few at a time.
pub async fn forget(ctx: &Ctx) -> Result<(), AppError> {
    let before = ctx.clock.real().plus(-TimeDelta::days(KEPT_DAYS));
    while ctx
        .db
        .write(Scope::Service, move |conn| store::forget(conn, before).map_err(AppError::from))
        .await?
    {}
    Ok(())
}

/// Marks a key as running in this process, until dropped.
struct Mark {
    running: Arc<Mutex<HashSet<String>>>,
    name: String,
}

impl Mark {
    fn set(running: &Arc<Mutex<HashSet<String>>>, ticket: &Ticket) -> Result<Self, AppError> {
        let name = format!("{} {}", ticket.api_key, ticket.text);
        let fresh = running.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        if fresh {
            return Ok(Self { running: Arc::clone(running), name });
        }
        Err(AppError::new(
            Code::IdempotencyKeyRunning,
            "The first request with this Idempotency-Key is still running; ask again in a moment.",
        ))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}
