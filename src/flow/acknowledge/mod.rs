//! Step 5: what comes back is recognized, kept once, and moves the batch and claims that it is about.
//!
//! A file is known by its bytes: the same file again changes nothing and gets the first answer. It is
//! read whole before anything is done; one that is damaged, for somebody else, or under a control
//! number that stood for other content is kept and put aside (quarantined) with a reason that a
//! biller understands. What it says is applied in the transaction that keeps it, so that after a
//! loss of power all of it is there or nothing.
//!
//! Authority: ASC X12 005010X231A1 (999), 005010X214 (277CA), appendix C (TA1); decisions in
//! `docs/adr/0070-…` and following.

mod acked;
mod answered;
mod apply;
mod archive;
mod asked;
mod board;
pub mod folder;
mod gather;
mod levels;
mod meanwhile;
mod moves;
mod payments;
mod resolve;
mod said;
mod sets;
mod statuses;
mod upload;
mod whose;
mod word;

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use chrono::Days;
use sha2::{Digest, Sha256};

use super::audit::{self, Action, Detail};
use super::{Ctx, Scope};
use crate::domain::batch::StoredFile;
use crate::domain::dates::Instant;
use crate::domain::ids::{BatchId, OrganizationId, ReceivedId};
pub use crate::domain::response::{
    Channel, FileKind, FileState, ReceivedFile, Response, Said, Verdict,
};
use crate::error::{AppError, Code};
pub use crate::store::received::Filter as FileFilter;
pub use crate::store::responses::Filter;
use crate::store::{self, Conn};
pub use asked::{get, list, payments, piece, responses};
use gather::{Words, digests, gather};
pub(super) use meanwhile::catch_up;
pub use payments::PaymentSeen;
pub use upload::receive_any;

/// Largest file: a day's remittances of a large organization have some 50 MB; it is kept in the
/// database, where a gigabyte would stop everybody else for minutes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Longest name that is kept.
const MAX_NAME_CHARS: usize = 200;

/// How often a file is tried when others are at the same bytes or claims.
const TRIES: u32 = 3;

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A file on its way in.
#[derive(Debug)]
pub struct Incoming<S> {
    /// Its name, as its sender calls it; made harmless here.
    pub name: String,
    /// Its bytes, from the first one.
    pub bytes: S,
    /// How it came.
    pub channel: Channel,
    /// Name of the zip that it came in.
    pub archive: Option<String>,
}

/// A file with its name and size.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What became of it.
    pub file: ReceivedFile,
    /// Its name, size and hash.
    pub stored: StoredFile,
    /// Whether the same bytes were here before.
    pub repeat: bool,
}

/// A name that does no harm: no folders, no control characters, nothing endless. The bytes of the
/// file say what it is, never its name.
pub fn harmless(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let keep = |c: char| if c.is_control() || "\"<>|:*?\u{fffd}".contains(c) { '_' } else { c };
    let text: String = last.trim().chars().take(MAX_NAME_CHARS).map(keep).collect();
    if text.is_empty() { "unnamed".to_owned() } else { text }
}

/// Receives a file: keeps it and applies what it says.
pub async fn receive<S>(
    ctx: &Ctx,
    tenant: OrganizationId,
    incoming: Incoming<S>,
) -> Result<Seen, AppError>
where
    S: Read + Seek + Send + 'static,
{
    // Read before the transaction: on SQLite nobody else writes while it lasts.
    let looked = tokio::task::spawn_blocking(move || look(incoming)).await;
    let (incoming, read) = looked.map_err(|e| AppError::internal(e.to_string()))??;
    let (shared, read) = (Arc::new(Mutex::new(incoming)), Arc::new(read));
    let mut tries = 0;
    loop {
        tries += 1;
        let (work, shared, read) = (ctx.clone(), Arc::clone(&shared), Arc::clone(&read));
        let done = ctx
            .db
            .write(Scope::Tenant(tenant), move |conn| {
                let poisoned = |_| AppError::internal("a received file was left in a panic");
                let mut incoming = shared.lock().map_err(poisoned)?;
                receive_in(&work, conn, tenant, &mut incoming, &read)
            })
            .await;
        match done {
            // Nothing was written: the transaction was rolled back.
            Err(error) if error.code == Code::Busy && tries < TRIES => {}
            done => return done,
        }
    }
}

fn unreadable(error: io::Error) -> AppError {
    AppError::internal(format!("a received file cannot be read: {error}"))
}

fn rewind(bytes: &mut impl Seek) -> Result<(), AppError> {
    bytes.seek(SeekFrom::Start(0)).map(|_| ()).map_err(unreadable)
}

/// What a file holds.
#[derive(Debug)]
struct Looked {
    sha256: String,
    /// Its bytes when it was looked at first: one that grows meanwhile is read no further.
    size: u64,
    words: Words,
}

/// Looks at all of a file; one that is empty or too large is refused before it is read.
fn look<S: Read + Seek>(mut incoming: Incoming<S>) -> Result<(Incoming<S>, Looked), AppError> {
    let bytes = &mut incoming.bytes;
    let size = bytes.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if size == 0 {
        return Err(AppError::new(Code::MalformedBody, "The file is empty; nothing was kept."));
    }
    if size > MAX_FILE_BYTES {
        return Err(too_large());
    }
    rewind(bytes)?;
    let sha256 = sha256(bytes.take(size))?;
    rewind(bytes)?;
    let digests = digests(bytes.take(size));
    rewind(bytes)?;
    let words = gather(bytes.take(size), digests, &sha256);
    Ok((incoming, Looked { sha256, size, words }))
}

fn sha256(mut bytes: impl Read) -> Result<String, AppError> {
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = bytes.read(&mut piece).map_err(unreadable)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { break };
        digest.update(read);
    }
    Ok(store::files::hex(digest))
}

/// Receives a file in the caller's transaction.
fn receive_in<S: Read + Seek>(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    incoming: &mut Incoming<S>,
    Looked { sha256, size, words }: &Looked,
) -> Result<Seen, AppError> {
    if let Some(mut file) = store::received::by_digest(conn, tenant, sha256)? {
        // What was put aside is looked at anew: the cause may be gone (a payee that is known by now, a
        // program that reads more), or be told better.
        if file.state == FileState::Quarantined && is_untouched(conn, tenant, &file)? {
            let before = file.clone();
            apply::apply(ctx, conn, tenant, &mut file, words)?;
            if file != before {
                store::received::update(conn, tenant, &file)?;
                note(ctx, conn, tenant, &file)?;
            }
        }
        return seen(conn, tenant, file, true);
    }
    let mut file = fresh(ctx, incoming, sha256.clone(), words);
    rewind(&mut incoming.bytes)?;
    keep(ctx, conn, tenant, &file, &incoming.name, (&mut incoming.bytes).take(*size))?;
    if store::files::head(conn, tenant, file.file)?.sha256 != *sha256 {
        let detail = "The file was changed while it was read. Nothing was kept; send it when it is complete.";
        return Err(AppError::new(Code::MalformedBody, detail));
    }
    if !store::received::insert(conn, tenant, &file)? {
        return Err(AppError::new(Code::Busy, "The same file is just being received; try again."));
    }
    apply::apply(ctx, conn, tenant, &mut file, words)?;
    store::received::update(conn, tenant, &file)?;
    note(ctx, conn, tenant, &file)?;
    seen(conn, tenant, file, false)
}

/// Whether nothing of a file was applied before.
fn is_untouched(
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &ReceivedFile,
) -> Result<bool, AppError> {
    let moved = file.applied_at.is_some() || file.accepted > 0 || file.rejected > 0;
    Ok(!moved && store::responses::done_by(conn, tenant, file.id)?.is_empty())
}

/// The refusal of a file that is too large.
pub fn too_large() -> AppError {
    let detail = format!(
        "The file is larger than {} MB, which no acknowledgment is. Look what it is; ask the sender \
         for smaller files. Nothing was kept.",
        MAX_FILE_BYTES / (1024 * 1024)
    );
    AppError::new(Code::TooLarge, detail)
}

fn fresh<S>(ctx: &Ctx, incoming: &Incoming<S>, sha256: String, words: &Words) -> ReceivedFile {
    let first = words.interchanges.first();
    let id = |of: fn(&gather::Interchange) -> &String| {
        first.map(of).filter(|text| !text.is_empty()).cloned()
    };
    ReceivedFile {
        id: ctx.id(),
        file: ctx.id(),
        sha256,
        kind: words.kind(),
        sender: id(|i| &i.sender),
        receiver: id(|i| &i.receiver),
        state: FileState::Quarantined,
        reason: None,
        channel: incoming.channel,
        archive: incoming.archive.as_deref().map(harmless),
        waits_for: None,
        accepted: 0,
        rejected: 0,
        received_at: ctx.now(),
        applied_at: None,
    }
}

/// Keeps the bytes.
fn keep(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &ReceivedFile,
    name: &str,
    mut bytes: impl Read,
) -> Result<(), AppError> {
    let name = harmless(name);
    let mut sink = store::files::Sink::begin(conn, tenant, file.file, &name, ctx.now())?;
    io::copy(&mut bytes, &mut sink).map_err(unreadable)?;
    sink.flush().map_err(unreadable)?;
    Ok(sink.finish()?)
}

fn note(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    file: &ReceivedFile,
) -> Result<(), AppError> {
    let detail = Detail::default()
        .about("kind", file.kind)
        .about("state", file.state)
        .count("accepted", file.accepted)
        .count("rejected", file.rejected);
    audit::note(ctx, conn, Some(tenant), Action::FileReceive, file.id, detail)
}

fn seen(
    conn: &mut Conn,
    tenant: OrganizationId,
    file: ReceivedFile,
    repeat: bool,
) -> Result<Seen, AppError> {
    let stored = store::files::head(conn, tenant, file.file)?;
    Ok(Seen { file, stored, repeat })
}

/// Applies a file that waited for a batch. `false`: it waits no longer, or still does.
fn apply_waiting(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: ReceivedId,
) -> Result<bool, AppError> {
    let file = store::received::by_id(conn, tenant, id)?;
    let Some(mut file) = file.filter(|f| f.state == FileState::Waiting) else { return Ok(false) };
    let digests = digests(store::files::Source::new(conn, tenant, file.file));
    let source = store::files::Source::new(conn, tenant, file.file);
    let words = gather(source, digests, &file.sha256);
    apply::apply(ctx, conn, tenant, &mut file, &words)?;
    store::received::update(conn, tenant, &file)?;
    note(ctx, conn, tenant, &file)?;
    Ok(file.state != FileState::Waiting)
}

/// Files taken up in one turn of the worker.
const TURN_FILES: i64 = 20;

/// Applies what waited for batches that were released meanwhile. Gives how many files were applied.
pub async fn turn(ctx: &Ctx) -> Result<usize, AppError> {
    let due = ctx.db.read(Scope::Service, |conn| store::received::due(conn, TURN_FILES)).await?;
    let mut applied = 0;
    for (tenant, id) in due {
        let work = ctx.clone();
        let apply = move |conn: &mut Conn| apply_waiting(&work, conn, tenant, id);
        match ctx.db.write(Scope::Tenant(tenant), apply).await {
            Ok(done) => applied += usize::from(done),
            Err(error) => {
                // It must not stop the others, whose turn comes before it from now on.
                tracing::warn!(
                    code = error.code.as_str(),
                    cause = error.internal,
                    organization = %tenant,
                    received = %id,
                    "a file that waited for its batch could not be applied"
                );
                let put_off = move |conn: &mut Conn| store::received::put_off(conn, tenant, id);
                let done: Result<(), store::StoreError> =
                    ctx.db.write(Scope::Tenant(tenant), put_off).await;
                done?;
            }
        }
    }
    Ok(applied)
}

/// Says by when a batch that was delivered should be answered; later it is a task.
pub(super) fn expect(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    batch: BatchId,
    delivered: Instant,
) -> Result<(), AppError> {
    let Some(version) = store::acknowledged::version_of(conn, tenant, batch)? else {
        return Ok(());
    };
    let terms = ctx.terms(conn, tenant, version)?;
    let filing = &terms.pack.filing;
    let day = super::encounters::organization(conn, tenant)?.data.zone.date_of(delivered);
    let by = |days: u32| day.checked_add_days(Days::new(u64::from(days))).unwrap_or(day);
    let by = (by(filing.acknowledgment_days), by(filing.claim_status_days));
    Ok(store::acknowledged::expect(conn, tenant, batch, by)?)
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod look_tests;
