//! Doing a thing once: the answer is kept under the client's Idempotency-Key, in the transaction of
//! the effect itself.
//!
//! So there is never an effect without its answer or an answer without its effect; a client that
//! lost the answer, or got "the outcome is unknown", sends the same request again. Errors keep
//! nothing: the corrected request may use the same key.

use std::collections::{HashMap, HashSet};
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

    /// Marks the key as running in this process; refused while it is.
    pub(super) fn mark(&self, ctx: &Ctx) -> Result<Mark, AppError> {
        Mark::set(&ctx.running, self)
    }

    fn claim(&self) -> store::Claim<'_> {
        store::Claim {
            api_key: self.api_key,
            text: &self.text,
            endpoint: &self.endpoint,
            body_hash: &self.body_hash,
        }
    }
}

/// Answers kept under the keys of some requests, which are done together.
pub(super) struct Answered(HashMap<(KeyId, String), store::Kept>);

impl Answered {
    /// Reads what is kept under these keys.
    pub(super) fn read<'a>(
        conn: &mut Conn,
        tickets: impl Iterator<Item = &'a Ticket>,
    ) -> Result<Self, AppError> {
        let wanted: Vec<_> = tickets.map(|t| (t.api_key, t.text.as_str())).collect();
        Ok(Self(store::kept(conn, &wanted)?))
    }

    /// The answer to a request that was done before; none when it was not.
    pub(super) fn to(&self, ticket: &Ticket) -> Option<Result<Reply, AppError>> {
        let kept = self.0.get(&(ticket.api_key, ticket.text.clone()))?;
        Some(replay(ticket, kept.clone()))
    }
}

/// Keeps the answers to requests that were done together, in the transaction of their effects. An
/// error where another process has done one of them at the same moment: then none is done.
pub(super) fn keep_all(
    ctx: &Ctx,
    conn: &mut Conn,
    done: &[(&Ticket, Reply)],
) -> Result<(), AppError> {
    let list = done
        .iter()
        .map(|(ticket, reply)| {
            let kept = store::Kept {
                endpoint: ticket.endpoint.clone(),
                body_hash: ticket.body_hash.to_vec(),
                status: i32::from(reply.status),
                headers: headers(reply)?,
                body: reply.body.clone(),
            };
            Ok((ticket.claim(), kept))
        })
        .collect::<Result<Vec<store::Fresh<'_>>, AppError>>()?;
    if store::keep_fresh(conn, &list, ctx.clock.real())? {
        return Ok(());
    }
    Err(AppError::new(Code::Busy, "The service is busy; try again in a moment."))
}

fn headers(reply: &Reply) -> Result<String, AppError> {
    serde_json::to_string(&reply.headers)
        .map_err(|e| AppError::internal(format!("headers cannot be kept: {e}")))
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
    let mark = Arc::new(ticket.mark(ctx)?);
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
    if let Some(kept) = store::claim(conn, ticket.claim(), now)? {
        return replay(ticket, kept);
    }
    let reply = work(conn)?;
    let headers = headers(&reply)?;
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
#[derive(Debug)]
pub(super) struct Mark {
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
