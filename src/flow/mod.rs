//! The staircase: one file for each step of the work, read in this order.
//!
//! A step loads, asks the domain, saves, and returns; it has no SQL, no JSON of the wire and no
//! segment names. Command line, worker and HTTP all walk the same stairs.

pub mod access;
pub mod clock;
pub mod health;
pub mod idempotent;
pub mod reference;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::domain::dates::Instant;
use crate::domain::ids::{IdSource, Tsid};
use crate::store::Db;
pub use clock::Clock;

/// What every step needs: the database, ids, the time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    ids: Arc<IdSource>,
    /// Idempotency keys of requests that are running in this process.
    pub(crate) running: Arc<Mutex<HashSet<String>>>,
}

impl Ctx {
    /// For one process; `node` is its number among the processes of this database.
    pub fn new(db: Db, clock: Clock, node: i64) -> Self {
        Self { db, clock, ids: Arc::new(IdSource::new(node)), running: Arc::default() }
    }

    /// A fresh id.
    pub fn id<I: From<Tsid>>(&self) -> I {
        self.ids.next(self.clock.real().utc().timestamp_millis())
    }

    /// The time of the work: the clock's.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}
