//! API keys of requests that come at the same time are looked up together: one question on one connection for
//! all that wait. Nothing is kept from one question to the next, so a key that is revoked is refused from then
//! on: each request is answered by a question that was asked after it came.
//!
//! Who asks and who waits is said in `together.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::together::{self, Queues, Unanswered};
use super::{Ctx, Scope};
use crate::domain::ids::KeyId;
use crate::error::AppError;
use crate::store::StoreError;
use crate::store::access::{StoredKey, find_all};

type Found = Option<Arc<StoredKey>>;

type Answer = Result<Found, AppError>;

/// API keys that wait to be looked up: all in one queue.
pub(super) type Keys = Queues<(), KeyId, Answer>;

type Lead = together::Lead<(), KeyId, Answer>;

/// The key with this id, as it is now.
pub(super) async fn find(ctx: &Ctx, key: KeyId) -> Answer {
    match ctx.keys.come((), key, |lead, key| ask(ctx, lead, key)).await {
        Ok(answer) => answer,
        Err(Unanswered::NoTurn) => Err(StoreError::Busy("no turn in time".into()).into()),
        // Whoever asked for it went away, or failed for a reason that may be another key's.
        Err(Unanswered::Lost) => Ok(question(ctx, vec![key]).await?.remove(&key)),
    }
}

/// Asks for a key and for all that wait.
async fn ask(ctx: &Ctx, lead: Lead, key: KeyId) -> Answer {
    let (others, waiting) = lead.others();
    let keys: BTreeSet<KeyId> = others.iter().copied().chain([key]).collect();
    let found = question(ctx, keys.into_iter().collect()).await;
    // The next one asks before these are told.
    drop(lead);
    match found {
        Ok(found) => {
            waiting.tell(others.iter().map(|key| Ok(found.get(key).cloned())));
            Ok(found.get(&key).cloned())
        }
        Err(error) => {
            let busy = matches!(error, StoreError::Busy(_));
            let error = AppError::from(error);
            // The others hear of it too where it is nobody's own; else each asks alone.
            if busy {
                waiting.tell(others.iter().map(|_| Err(error.same())));
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
