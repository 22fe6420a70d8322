//! The staircase: one file for each step of the work, read in this order.
//!
//! A step loads, asks the domain, saves, and returns; it has no SQL, no JSON of the wire and no
//! segment names. Command line, worker and HTTP all walk the same stairs.

pub mod access;
pub mod acknowledge;
pub mod again;
pub mod allowances;
pub mod alternatives;
mod anew;
pub mod audit;
pub mod batches;
pub mod batching;
mod checking;
mod claimable;
mod claims;
pub mod clock;
mod compare;
pub mod corrected;
mod day_sums;
pub mod disclosed;
pub mod encounters;
pub mod enrollments;
pub mod explain;
mod form;
pub mod grants;
pub mod health;
pub mod idempotent;
pub mod intake;
pub mod issues;
mod late_visits;
mod meter;
mod overbilled;
pub mod overrides;
mod persons;
pub mod reference;
pub mod report_jobs;
pub mod reporting;
pub mod revise;
pub mod sessions;
mod submit;
pub mod table;
pub mod tasks;
mod together;
pub mod unclaimed;
pub mod worklist;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::domain::contract::Terms;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Key;
use crate::domain::ids::{ContractVersionId, IdSource, OrganizationId, PayerId, Tsid};
use crate::error::AppError;
use crate::metrics::Metrics;
pub use crate::store::Scope;
use crate::store::{self, Conn, Db};
pub use audit::Actor;
pub use clock::Clock;

/// What every step needs: the database, ids, the time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Clock,
    /// Who is acting: what the audit trail says of everything done with this context.
    actor: Actor,
    /// What is counted for `/metrics`.
    pub metrics: Arc<Metrics>,
    ids: Arc<IdSource>,
    /// Wakes the worker of this process: there may be something to decide again.
    pub(crate) wake: Arc<tokio::sync::Notify>,
    /// Idempotency keys of requests that are running in this process.
    pub(crate) running: Arc<Mutex<HashSet<String>>>,
    /// Single visits that wait to be recorded together.
    posts: Arc<intake::posts::Posts>,
    /// API keys that wait to be looked up together.
    keys: Arc<checking::Keys>,
    /// Terms of contract versions: they never change, so they may be kept.
    terms: Arc<Mutex<HashMap<ContractVersionId, Arc<Terms>>>>,
    /// Payers by key: it never changes, and no payer is taken away.
    payers: Arc<Mutex<HashMap<Key, PayerId>>>,
    /// What is on record of organizations, as long as it does not change.
    records: Arc<intake::records::Kept>,
}

/// Contract versions kept in memory: a state's organizations at some ten kilobytes each.
const TERMS_KEPT: usize = 1_000;
/// Keys of payers kept in memory: more than a state has.
const PAYERS_KEPT: usize = 1_000;

impl Ctx {
    /// For one process; `node` is its number among the processes of this database. Until
    /// [`Ctx::acting`] says otherwise, whoever runs the program is the one who acts.
    pub fn new(db: Db, clock: Clock, node: i64) -> Self {
        Self {
            db,
            clock,
            actor: Actor::Command,
            metrics: Arc::default(),
            ids: Arc::new(IdSource::new(node)),
            wake: Arc::default(),
            running: Arc::default(),
            posts: Arc::default(),
            keys: Arc::default(),
            terms: Arc::default(),
            payers: Arc::default(),
            records: Arc::default(),
        }
    }

    /// The same context, with another one acting.
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// A fresh id.
    pub fn id<I: From<Tsid>>(&self) -> I {
        self.ids.next(self.clock.real().utc().timestamp_millis())
    }

    /// The time of the work: the clock's.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The terms of a contract version of this tenant.
    pub fn terms(
        &self,
        conn: &mut Conn,
        organization: OrganizationId,
        version: ContractVersionId,
    ) -> Result<Arc<Terms>, AppError> {
        let poisoned = |_| AppError::internal("the cache of terms is poisoned");
        if let Some(terms) = self.terms.lock().map_err(poisoned)?.get(&version) {
            return Ok(Arc::clone(terms));
        }
        let terms = store::contracts::terms(conn, organization, version)?
            .ok_or_else(|| AppError::internal("a contract version has no terms"))?;
        let terms = Arc::new(terms);
        let poisoned = |_| AppError::internal("the cache of terms is poisoned");
        let mut kept = self.terms.lock().map_err(poisoned)?;
        if kept.len() >= TERMS_KEPT {
            kept.clear();
        }
        kept.insert(version, Arc::clone(&terms));
        Ok(terms)
    }

    /// The payers with these keys; unknown keys are left out.
    pub(crate) fn payers(
        &self,
        conn: &mut Conn,
        keys: &[Key],
    ) -> Result<HashMap<Key, PayerId>, AppError> {
        let poisoned = |_| AppError::internal("the cache of payers is poisoned");
        let find = |kept: &HashMap<Key, PayerId>| {
            let known = |key: &Key| kept.get(key).map(|id| (key.clone(), *id));
            keys.iter().filter_map(known).collect::<HashMap<_, _>>()
        };
        let mut found = find(&*self.payers.lock().map_err(poisoned)?);
        let unknown: Vec<Key> = keys.iter().filter(|k| !found.contains_key(*k)).cloned().collect();
        if unknown.is_empty() {
            return Ok(found);
        }
        let read = store::payers::by_keys(conn, &unknown)?;
        let read: Vec<_> = read.into_iter().map(|payer| (payer.data.key, payer.id)).collect();
        let poisoned = |_| AppError::internal("the cache of payers is poisoned");
        let mut kept = self.payers.lock().map_err(poisoned)?;
        if kept.len() >= PAYERS_KEPT {
            kept.clear();
        }
        kept.extend(read.iter().cloned());
        found.extend(read);
        Ok(found)
    }
}
