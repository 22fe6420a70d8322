//! The cellar: everything that knows the database. It hands out domain types.
//!
//! `Db::read` and `Db::write` are the only doors: each takes the tenant with the closure, runs it
//! on a blocking thread in one transaction, and never lets a connection out.

pub mod access;
pub mod acknowledged;
pub mod allowances;
pub mod audit;
pub mod authorizations;
pub mod backup;
pub mod bare;
pub mod bare_lines;
pub mod batches;
pub mod beside;
pub mod changes;
mod checkpoints;
pub mod claim_changes;
pub mod claims;
mod conn;
pub mod consents;
pub mod contracts;
pub mod corrections;
pub mod counters;
mod counting;
pub mod day_visits;
pub mod decision_facts;
pub mod decisions;
pub mod divisions;
pub mod documents;
pub mod encounters;
pub mod enrollments;
pub mod episodes;
pub mod error;
pub mod files;
mod freed;
pub mod holds;
pub mod idempotency;
pub mod ledger;
pub mod line_pages;
pub mod listening;
pub mod live_claims;
pub mod marks;
pub mod members;
mod migrations;
pub mod neighbors;
mod one_of;
pub mod openings;
pub mod organizations;
pub mod overrides;
pub mod packs;
pub mod paid_claims;
pub mod payers;
pub mod peer_visits;
pub mod peers;
pub mod persons;
pub mod programs;
pub mod ready_lines;
pub mod received;
pub mod report_authorizations;
pub mod report_days;
pub mod report_facts;
pub mod report_issues;
pub mod report_job_pieces;
pub mod report_job_steps;
pub mod report_jobs;
pub mod report_lines;
pub mod report_source;
pub mod report_walls;
pub mod responses;
pub mod revisions;
mod schema;
pub mod sessions;
mod sets;
pub mod shared;
pub mod stamps;
pub mod statistics;
mod task_parts;
pub mod tasks;
pub mod touched;
pub mod turns;
mod types;
pub mod usage;
pub mod worklist;
mod writer;
pub mod zones;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::r2d2::{Builder, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::domain::ids::OrganizationId;
use crate::metrics::Histogram;
use conn::Manager;
pub use conn::{ACQUIRE_TIMEOUT, Backend, Conn, Purpose, after_commit, in_savepoint};
pub use error::StoreError;
pub use migrations::{MigrationState, down_all, migrate, pending, unapplied};
pub use writer::{Tell, Turn};

/// Whose rows a unit of work may touch. Every query on tenant-owned tables takes the organization
/// from here or from a row it already holds; PostgreSQL's row-level security can become a second
/// wall at this point without touching a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One organization.
    Tenant(OrganizationId),
    /// The service itself: keys, payers, packs, reports for payers, administration.
    Service,
}

/// The database with its pool.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    /// Where those who write take their connection.
    writing: Pool<Manager>,
    backend: Backend,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    /// How many wait for a turn to write.
    wanted: Arc<AtomicUsize>,
    waits: Arc<Waits>,
    growth: Arc<statistics::Growth>,
    checkpoints: Arc<checkpoints::Checkpoints>,
}

/// How long units of work waited for their turn and their connection.
#[derive(Debug, Default)]
pub struct Waits {
    /// Before reading.
    pub reads: Histogram,
    /// Before writing.
    pub writes: Histogram,
}

/// Connections of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Most that may be open.
    pub most: u32,
    /// Open ones.
    pub open: u32,
    /// Open ones that nobody uses.
    pub idle: u32,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens at most `connections` connections (at least 2) for whoever reads and writes, and tries one.
    pub fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        Self::open_with(url, connections, ACQUIRE_TIMEOUT)
    }

    /// The same, where whoever has a turn waits so long for a connection.
    fn open_with(url: &str, connections: u32, patience: Duration) -> Result<Self, StoreError> {
        let backend = Backend::of(url)?;
        let connections = connections.max(2);
        // One connection at once, so that a wrong URL is told with its cause, at start.
        drop(conn::establish(url)?);
        let pool = |size: u32| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .connection_timeout(patience)
                // To begin a transaction is the test (`Turn`).
                .test_on_check_out(false)
        };
        let built = |pool: Builder<Manager>| {
            pool.build(Manager::new(url)).map_err(|e| StoreError::Broken(e.to_string()))
        };
        let (pool, writing) = match backend {
            // SQLite's writer has a connection of its own (`docs/adr/0162`): what one connection keeps of the
            // database is worth nothing once another has written. And its log is put away beside all turns
            // (`checkpoints`), on one more than there are turns to read: else one whose turn it is would wait.
            Backend::Sqlite => {
                let writing = pool(1).idle_timeout(None).max_lifetime(None);
                (built(pool(connections))?, built(writing)?)
            }
            Backend::Postgres => {
                let pool = built(pool(connections))?;
                (pool.clone(), pool)
            }
        };
        let count = usize::try_from(connections).unwrap_or(2);
        // SQLite has one writer; queueing here is fair, its own lock is not.
        let writers = if backend == Backend::Sqlite { 1 } else { count };
        let readers = if backend == Backend::Sqlite { count - 1 } else { count };
        Ok(Self {
            pool,
            writing,
            backend,
            readers: Arc::new(Semaphore::new(readers)),
            writers: Arc::new(Semaphore::new(writers)),
            wanted: Arc::default(),
            waits: Arc::default(),
            growth: Arc::default(),
            checkpoints: Arc::default(),
        })
    }

    /// How long units of work waited.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// The pool now.
    pub fn pool_state(&self) -> PoolState {
        let state = self.pool.state();
        let (mut most, mut open, mut idle) =
            (self.pool.max_size(), state.connections, state.idle_connections);
        if self.backend == Backend::Sqlite {
            let state = self.writing.state();
            (most, open, idle) = (
                most + self.writing.max_size(),
                open + state.connections,
                idle + state.idle_connections,
            );
        }
        PoolState { most, open, idle }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Reads in one snapshot.
    pub async fn read<T, E>(
        &self,
        scope: Scope,
        body: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(scope, Purpose::Read, body).await
    }

    /// Reads by one statement, without a transaction around it.
    pub async fn glance<T: Send + 'static>(
        &self,
        _scope: Scope,
        question: impl Fn(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.take_turn(Purpose::Read, move |turn| turn.glance(question)).await
    }

    /// Writes in one transaction: all of it or nothing. The closure runs to its end even when the
    /// caller goes away.
    pub async fn write<T, E>(
        &self,
        scope: Scope,
        body: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(scope, Purpose::Write, body).await
    }

    /// A turn to write, for more transactions than one, by key ([`Purpose::WriteByKey`]). Whoever asks for it has
    /// the answer as soon as the work tells it, and what is left of the work is done all the same. Work that tells
    /// nothing lost its answer; an error says that the turn never began.
    pub async fn turn<T: Send + 'static>(
        &self,
        _scope: Scope,
        work: impl FnOnce(&mut Turn, Tell<T>) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.told(Purpose::WriteByKey, work).await
    }

    /// One transaction, begun as its purpose asks: for work by key; else [`Self::read`] and [`Self::write`].
    /// Who only reads has the answer before the transaction is ended: that changes nothing of it, and is one
    /// round trip more.
    pub async fn run<T, E>(
        &self,
        _scope: Scope,
        purpose: Purpose,
        body: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if purpose.writes() {
            return self.take_turn(purpose, |turn| turn.transaction(body)).await;
        }
        let work = |turn: &mut Turn, tell: Tell<Result<T, E>>| turn.snapshot(body, tell);
        let lost = || StoreError::Broken("a unit of work ended abnormally".into());
        self.told(purpose, work).await?.ok_or_else(lost)?
    }

    /// Takes a turn for work that tells its answer when it has it.
    async fn told<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut Turn, Tell<T>) + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (tell, mut told) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let done = self.take_turn(purpose, move |turn| {
            begins.store(true, Ordering::Release);
            work(turn, tell);
            Ok::<_, StoreError>(())
        });
        let mut done = std::pin::pin!(done);
        tokio::select! {
            biased;
            Ok(answer) = &mut told => return Ok(Some(answer)),
            // Nothing was told yet: how it ended says why, unless the work had begun.
            ended = &mut done => {
                if let Err(error) = ended && !begun.load(Ordering::Acquire) {
                    return Err(error);
                }
            }
        }
        Ok(told.try_recv().ok())
    }

    async fn take_turn<T, E>(
        &self,
        purpose: Purpose,
        work: impl FnOnce(&mut Turn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let asked = Instant::now();
        let permit = self.admitted(purpose).await?;
        let wanted = Arc::clone(&self.wanted);
        let pool = if purpose.writes() { &self.writing } else { &self.pool }.clone();
        let waits = Arc::clone(&self.waits);
        let span = tracing::Span::current();
        let work = move || {
            let _entered = span.enter();
            let _permit = permit;
            let mut turn = Turn::with(&pool, purpose, wanted)?;
            let waits = if purpose.writes() { &waits.writes } else { &waits.reads };
            waits.record(asked.elapsed());
            work(&mut turn)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::Broken("a unit of work ended abnormally".into()))?
    }

    /// Waits for a turn; who waits to write is counted meanwhile.
    async fn admitted(&self, purpose: Purpose) -> Result<OwnedSemaphorePermit, StoreError> {
        let gate = if purpose.writes() { &self.writers } else { &self.readers };
        let _waits = purpose.writes().then(|| writer::Waiting::on(&self.wanted));
        tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(gate).acquire_owned())
            .await
            .map_err(|_| StoreError::Busy("no turn in time".into()))?
            .map_err(|e| StoreError::Broken(e.to_string()))
    }
}
