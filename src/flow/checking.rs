//! API keys of requests that come at the same time are looked up together: one question on one connection for
//! all that wait. Nothing is kept from one question to the next, so a key that is revoked is refused from then
//! on: each request is answered by a question that was asked after it came.
//!
//! Whoever comes while nobody asks leads, and asks at once. Those who come meanwhile wait; when the leader has
//! its answer the first of them leads, and asks for all who wait by then.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{Ctx, Scope};
use crate::domain::ids::KeyId;
use crate::error::AppError;
use crate::store::access::{StoredKey, find_all};
use crate::store::{ACQUIRE_TIMEOUT, StoreError};

/// Keys of one question.
const TOGETHER: usize = 64;

type Found = Option<Arc<StoredKey>>;

/// What one who waits is told.
#[derive(Debug)]
enum Told {
    Found(Result<Found, AppError>),
    /// To lead.
    Lead(Lead),
}

#[derive(Debug)]
struct Waiting {
    key: KeyId,
    sender: oneshot::Sender<Told>,
}

/// Those who wait; none where nobody leads.
#[derive(Debug, Default)]
pub struct Queue(Mutex<Option<Vec<Waiting>>>);

/// Where one who comes has to go.
enum Place {
    Lead(Lead),
    Wait(oneshot::Receiver<Told>),
}

/// The lead: where it is dropped, the next one who waits has it.
#[derive(Debug)]
struct Lead {
    queue: Arc<Queue>,
    /// `false` once it was passed on.
    held: bool,
}

/// The key with this id, as it is now.
pub(super) async fn find(ctx: &Ctx, key: KeyId) -> Result<Found, AppError> {
    match ctx.keys.join(key) {
        Place::Lead(lead) => ask(ctx, lead, key).await,
        Place::Wait(told) => match tokio::time::timeout(ACQUIRE_TIMEOUT, told).await {
            Ok(Ok(Told::Found(found))) => found,
            Ok(Ok(Told::Lead(lead))) => ask(ctx, lead, key).await,
            // Whoever asked for it went away, or failed for a reason that may be another key's.
            Ok(Err(_)) => Ok(question(ctx, vec![key]).await?.remove(&key)),
            Err(_) => Err(StoreError::Busy("no turn in time".into()).into()),
        },
    }
}

/// Asks for a key and for all that wait.
async fn ask(ctx: &Ctx, lead: Lead, key: KeyId) -> Result<Found, AppError> {
    let others = lead.others();
    let keys: BTreeSet<KeyId> = others.iter().map(|w| w.key).chain([key]).collect();
    let found = question(ctx, keys.into_iter().collect()).await;
    // The next one asks before these are told.
    drop(lead);
    match found {
        Ok(found) => {
            for Waiting { key, sender } in others {
                // A sender that went away needs no answer.
                let _ = sender.send(Told::Found(Ok(found.get(&key).cloned())));
            }
            Ok(found.get(&key).cloned())
        }
        Err(error) => {
            let busy = matches!(error, StoreError::Busy(_));
            let error = AppError::from(error);
            // The others hear of it too where it is nobody's own; else each asks alone.
            for Waiting { sender, .. } in others.into_iter().filter(|_| busy) {
                let _ = sender.send(Told::Found(Err(error.same())));
            }
            Err(error)
        }
    }
}

async fn question(
    ctx: &Ctx,
    keys: Vec<KeyId>,
) -> Result<HashMap<KeyId, Arc<StoredKey>>, StoreError> {
    let found = ctx.db.glance(Scope::Service, move |conn| find_all(conn, &keys)).await?;
    Ok(found.into_iter().map(|key| (key.record.id, Arc::new(key))).collect())
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Waiting>>> {
        // Nothing panics while it is held; and what it holds is whole at each step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(self: &Arc<Self>, key: KeyId) -> Place {
        let mut state = self.waiting();
        let Some(waiting) = state.as_mut() else {
            *state = Some(Vec::new());
            return Place::Lead(Lead { queue: Arc::clone(self), held: true });
        };
        let (sender, told) = oneshot::channel();
        waiting.push(Waiting { key, sender });
        Place::Wait(told)
    }
}

impl Lead {
    /// Those who wait, whose keys are asked for with the leader's.
    fn others(&self) -> Vec<Waiting> {
        let mut state = self.queue.waiting();
        let Some(waiting) = state.as_mut() else { return Vec::new() };
        let count = waiting.len().min(TOGETHER);
        waiting.drain(..count).collect()
    }

    /// The next one who waits; when there is none, nobody leads any more.
    fn next(&self) -> Option<Waiting> {
        let mut state = self.queue.waiting();
        let waiting = state.as_mut()?;
        if waiting.is_empty() {
            *state = None;
            return None;
        }
        Some(waiting.remove(0))
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        while let Some(Waiting { sender, .. }) = self.next() {
            let lead = Self { queue: Arc::clone(&self.queue), held: true };
            match sender.send(Told::Lead(lead)) {
                Ok(()) => return,
                // It went away. Its lead is this one again, and not passed on twice.
                Err(Told::Lead(mut lead)) => lead.held = false,
                Err(Told::Found(_)) => {}
            }
        }
    }
}
