//! The connection: one enum over both databases, opened by the scheme of its URL.
//!
//! diesel's derive types what both databases share; `per_backend!` compiles the rest twice, once for
//! each. Nothing outside `store` names this module's insides.

use std::cell::RefCell;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;

/// How long a SQLite connection waits for another process's write before it gives up.
const SQLITE_BUSY_MILLIS: u32 = 10_000;
/// Pages that the write-ahead log of SQLite takes before they are put into the database: 32 MiB. With
/// the 1,000 that SQLite proposes every second chunk of an upload, and more than one in a hundred
/// single posts, would wait for that.
const SQLITE_CHECKPOINT_PAGES: u32 = 8_192;
/// KiB of pages that a SQLite connection keeps: what one transaction writes, and the upper pages of its
/// indexes. The system keeps the rest of the file; eight connections that keep much stay large for ever.
const SQLITE_CACHE_KIB: u32 = 4_096;
/// How long opening a PostgreSQL connection may take.
const POSTGRES_CONNECT_SECONDS: u32 = 10;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// Embedded.
    Sqlite(SqliteConnection),
    /// Server.
    Postgres(PgConnection),
}

impl Conn {
    /// Whether a write transaction has the database to itself, so that nothing changes under it.
    pub fn writes_alone(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// The same statement compiled for each backend: for upserts, batch inserts and row locks, which
/// the shared enum cannot type.
macro_rules! per_backend {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            $crate::store::conn::Conn::Sqlite($inner) => $body,
            $crate::store::conn::Conn::Postgres($inner) => $body,
        }
    };
}
pub(crate) use per_backend;

/// Which database a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `sqlite://path`
    Sqlite,
    /// `postgres://…`
    Postgres,
}

impl Backend {
    /// Reads the scheme; any other scheme is refused rather than taken for a file name.
    pub fn of(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite://") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else {
            Err(StoreError::Broken("a database URL starts with sqlite:// or postgres://".into()))
        }
    }
}

/// Opens a connection. The error keeps the cause and never the URL, which may hold a password.
pub fn establish(url: &str) -> Result<Conn, StoreError> {
    let broken =
        |e: &dyn std::fmt::Display| StoreError::Broken(format!("cannot open the database: {e}"));
    match Backend::of(url)? {
        Backend::Sqlite => {
            let path = url.strip_prefix("sqlite://").unwrap_or(url);
            let mut conn = SqliteConnection::establish(path).map_err(|e| broken(&e))?;
            // busy_timeout first: with WAL first, concurrent opens fail with "database is locked".
            conn.batch_execute(&format!(
                "PRAGMA busy_timeout = {SQLITE_BUSY_MILLIS}; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA cache_size = -{SQLITE_CACHE_KIB}; \
                 PRAGMA wal_autocheckpoint = {SQLITE_CHECKPOINT_PAGES};"
            ))
            .map_err(|e| broken(&e))?;
            Ok(Conn::Sqlite(conn))
        }
        Backend::Postgres => {
            let joint = if url.contains('?') { '&' } else { '?' };
            let url = if url.contains("connect_timeout=") {
                url.to_owned()
            } else {
                format!("{url}{joint}connect_timeout={POSTGRES_CONNECT_SECONDS}")
            };
            let mut conn = PgConnection::establish(&url).map_err(|e| broken(&e))?;
            conn.batch_execute("SET TIME ZONE 'UTC'").map_err(|e| broken(&e))?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// Opens and checks connections for the pool.
#[derive(Debug)]
pub struct Manager {
    url: String,
}

impl Manager {
    /// For one database URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> Result<Conn, StoreError> {
        establish(&self.url)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), StoreError> {
        per_backend!(conn, c => c.ping()).map_err(StoreError::from)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        // A panic in a closure leaves a transaction open: that connection must not be used again.
        std::thread::panicking() || is_broken(conn)
    }
}

/// Whether the connection was lost or left in a state that nobody knows.
pub(super) fn is_broken(conn: &mut Conn) -> bool {
    per_backend!(conn, c => R2D2Connection::is_broken(c))
}

/// Longest wait for a free connection before a request is answered "busy".
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// What PostgreSQL is told of work by key. A plan that is made once is made without knowing what is asked, and
/// perhaps while tables are still empty: from index to index is right for few rows, and never very wrong.
macro_rules! by_key {
    () => {
        "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; \
         SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"
    };
}

/// What a transaction is for: decides how it is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// One snapshot, nothing changed.
    Read,
    /// Changes; on SQLite the write lock is taken at once, because a read that turns into a write
    /// fails when another write came between.
    Write,
    /// [`Self::Read`] by statements that each find few rows by an index, whatever they are asked with:
    /// PostgreSQL plans each of them once for a connection, and not again each time.
    ReadByKey,
    /// [`Self::Write`], as [`Self::ReadByKey`].
    WriteByKey,
}

impl Purpose {
    /// Whether something may be changed.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::WriteByKey)
    }

    /// How it is begun on PostgreSQL: what is said with it takes no round trip of its own.
    const fn postgres(self) -> &'static str {
        match self {
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Self::ReadByKey => {
                concat!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ", by_key!())
            }
            Self::WriteByKey => concat!("BEGIN ISOLATION LEVEL READ COMMITTED; ", by_key!()),
        }
    }
}

type AfterCommit = Box<dyn FnOnce()>;

thread_local! {
    /// What is done when the transaction of this thread is committed.
    static AFTER_COMMIT: RefCell<Vec<AfterCommit>> = const { RefCell::new(Vec::new()) };
}

/// Does `work` when the transaction that runs on this thread is committed, and never when it is
/// rolled back: for counting, which must not fail. Outside of a transaction it is never done.
pub fn after_commit(work: impl FnOnce() + 'static) {
    AFTER_COMMIT.with_borrow_mut(|list| list.push(Box::new(work)));
}

/// Begins a transaction.
pub(super) fn begin(conn: &mut Conn, purpose: Purpose) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(c) => {
            let begin = if purpose.writes() { "BEGIN IMMEDIATE" } else { "BEGIN" };
            AnsiTransactionManager::begin_transaction_sql(c, begin)
        }
        Conn::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, purpose.postgres()),
    }
    .map_err(StoreError::from)
}

/// Runs `body` in the transaction that has begun; commits when it succeeds, rolls back when it does
/// not.
pub(super) fn in_begun<T, E: From<StoreError>>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    AFTER_COMMIT.take();
    let result = end(conn, body);
    let after = AFTER_COMMIT.take();
    if result.is_ok() {
        for work in after {
            work();
        }
    }
    result
}

/// Runs `body` in the transaction that is under way; when it fails, what it did is undone, and only
/// that.
pub fn in_savepoint<T, E: From<StoreError>>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    per_backend!(&mut *conn, c => AnsiTransactionManager::begin_transaction(c))
        .map_err(StoreError::from)?;
    let before = AFTER_COMMIT.with_borrow(Vec::len);
    let result = end(conn, body);
    if result.is_err() {
        AFTER_COMMIT.with_borrow_mut(|list| list.truncate(before));
    }
    result
}

fn end<T, E: From<StoreError>>(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    match body(conn) {
        Ok(value) => {
            let done = per_backend!(&mut *conn, c => AnsiTransactionManager::commit_transaction(c));
            match done {
                Ok(()) => Ok(value),
                Err(error) => {
                    let _ =
                        per_backend!(conn, c => AnsiTransactionManager::rollback_transaction(c));
                    Err(StoreError::from_commit(error).into())
                }
            }
        }
        Err(error) => {
            // The body's own error is the one to tell; a failed rollback breaks the connection,
            // which the pool then drops.
            let _ = per_backend!(conn, c => AnsiTransactionManager::rollback_transaction(c));
            Err(error)
        }
    }
}
