//! Who leads and who waits, when much of the same kind comes at the same time: one transaction, or one question,
//! for all that wait costs as much as for one (`docs/adr/0050`).
//!
//! Whoever comes while nobody leads, leads, and goes at once. Those who come meanwhile wait; when the leader is
//! done the first of them leads, with all who wait by then. The lead is a value that somebody holds: where it is
//! dropped, for whatever reason, the next one who waits has it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::store::ACQUIRE_TIMEOUT;

/// Most who go with a leader: more than wait at once where a small team works, few enough that the first of
/// them is not kept waiting by the last.
const MOST_OTHERS: usize = 63;

/// By what they queue: those of different keys have nothing to do with each other.
pub(super) trait QueueKey: Copy + Eq + Hash {}

impl<K: Copy + Eq + Hash> QueueKey for K {}

/// Those who came with an item each, and wait for an answer.
pub(super) struct Queues<K: QueueKey, I, A> {
    led: Mutex<Led<K, I, A>>,
}

/// The last number, and those who wait where somebody leads.
type Led<K, I, A> = (u64, HashMap<K, VecDeque<Waiting<K, I, A>>>);

struct Waiting<K: QueueKey, I, A> {
    number: u64,
    item: I,
    sender: oneshot::Sender<Told<K, I, A>>,
}

/// What one who waits is told.
enum Told<K: QueueKey, I, A> {
    /// What came of its item.
    Answer(A),
    /// It leads now, with its own item.
    Lead(Lead<K, I, A>, I),
}

/// Where one who comes has to go.
enum Place<K: QueueKey, I, A> {
    Lead(Lead<K, I, A>, I),
    /// It waits, under a number.
    Wait(u64, oneshot::Receiver<Told<K, I, A>>),
}

/// Why one who waited has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Nobody took its item in time: nothing was done.
    NoTurn,
    /// Whoever took it did not say what came of it.
    Lost,
}

impl<K: QueueKey, I, A> Queues<K, I, A> {
    /// Comes with an item. Who leads goes with it by `go`, which has the lead to ask who else waits and to drop
    /// it when the next one may go; the others are told what came of theirs.
    pub(super) async fn come<G, F>(
        self: &Arc<Self>,
        key: K,
        item: I,
        go: G,
    ) -> Result<A, Unanswered>
    where
        G: FnOnce(Lead<K, I, A>, I) -> F,
        F: Future<Output = A>,
    {
        match self.join(key, item) {
            Place::Lead(lead, item) => Ok(go(lead, item).await),
            Place::Wait(number, told) => match self.wait(key, number, told).await? {
                Told::Answer(answer) => Ok(answer),
                Told::Lead(lead, item) => Ok(go(lead, item).await),
            },
        }
    }

    fn join(self: &Arc<Self>, key: K, item: I) -> Place<K, I, A> {
        let mut state = self.led();
        let (last, queues) = &mut *state;
        let Some(waiting) = queues.get_mut(&key) else {
            queues.insert(key, VecDeque::new());
            return Place::Lead(Lead { queues: Arc::clone(self), key, held: true }, item);
        };
        *last += 1;
        let (sender, receiver) = oneshot::channel();
        waiting.push_back(Waiting { number: *last, item, sender });
        Place::Wait(*last, receiver)
    }

    async fn wait(
        &self,
        key: K,
        number: u64,
        mut told: oneshot::Receiver<Told<K, I, A>>,
    ) -> Result<Told<K, I, A>, Unanswered> {
        let told = match tokio::time::timeout(ACQUIRE_TIMEOUT, &mut told).await {
            Ok(told) => told,
            Err(_) if self.leave(key, number) => return Err(Unanswered::NoTurn),
            // Somebody has taken its item.
            Err(_) => told.await,
        };
        told.map_err(|_| Unanswered::Lost)
    }

    /// Goes away, if nobody has taken its item yet.
    fn leave(&self, key: K, number: u64) -> bool {
        let mut state = self.led();
        let Some(waiting) = state.1.get_mut(&key) else { return false };
        let before = waiting.len();
        waiting.retain(|one| one.number != number);
        waiting.len() < before
    }

    /// The next one who waits; when there is none, nobody leads any more.
    fn next(&self, key: K) -> Option<Waiting<K, I, A>> {
        let mut state = self.led();
        let next = state.1.get_mut(&key)?.pop_front();
        if next.is_none() {
            state.1.remove(&key);
        }
        next
    }

    fn led(&self) -> MutexGuard<'_, Led<K, I, A>> {
        // Nothing panics while it is held; and what it holds is whole at each step.
        self.led.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: QueueKey, I, A> Default for Queues<K, I, A> {
    fn default() -> Self {
        Self { led: Mutex::new((0, HashMap::new())) }
    }
}

impl<K: QueueKey, I, A> fmt::Debug for Queues<K, I, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

/// The lead of those who come under a key.
pub(super) struct Lead<K: QueueKey, I, A> {
    queues: Arc<Queues<K, I, A>>,
    key: K,
    /// `false` once it was passed on.
    held: bool,
}

impl<K: QueueKey, I, A> Lead<K, I, A> {
    /// The items of those who wait now, in order of arrival, but for those who went away; and whom to tell what
    /// comes of them.
    pub(super) fn others(&self) -> (Vec<I>, Others<K, I, A>) {
        let mut items = Vec::new();
        let mut senders = Vec::new();
        let mut state = self.queues.led();
        let Some(waiting) = state.1.get_mut(&self.key) else { return (items, Others(senders)) };
        while items.len() < MOST_OTHERS
            && let Some(Waiting { item, sender, .. }) = waiting.pop_front()
        {
            if !sender.is_closed() {
                items.push(item);
                senders.push(sender);
            }
        }
        (items, Others(senders))
    }
}

impl<K: QueueKey, I, A> Drop for Lead<K, I, A> {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        while let Some(Waiting { item, sender, .. }) = self.queues.next(self.key) {
            let lead = Self { queues: Arc::clone(&self.queues), key: self.key, held: true };
            match sender.send(Told::Lead(lead, item)) {
                Ok(()) => return,
                // It went away. Its lead is this one again, and not passed on twice.
                Err(Told::Lead(mut lead, _)) => lead.held = false,
                Err(Told::Answer(_)) => {}
            }
        }
    }
}

/// Those whose items a leader took. Whoever is not told has lost its answer, and hears that.
pub(super) struct Others<K: QueueKey, I, A>(Vec<oneshot::Sender<Told<K, I, A>>>);

impl<K: QueueKey, I, A> Others<K, I, A> {
    /// Tells each what came of its item; answers are in the order of the items.
    pub(super) fn tell(self, answers: impl IntoIterator<Item = A>) {
        for (sender, answer) in self.0.into_iter().zip(answers) {
            // Who went away needs no answer.
            let _ = sender.send(Told::Answer(answer));
        }
    }
}

#[cfg(test)]
#[path = "together_tests.rs"]
mod tests;
