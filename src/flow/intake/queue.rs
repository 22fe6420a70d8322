//! Who leads and who waits, when single visits of an organization are sent at the same time.
//!
//! The lead is a value that somebody holds: where it is dropped, for whatever reason, the next one
//! who waits has it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::posts::{Outcome, Post};
use crate::domain::ids::OrganizationId;

/// Most posts of one transaction: more than wait at once where a small team works, few enough that
/// the first of them is not kept waiting by the last.
const TOGETHER: usize = 64;

/// What one who waits is told.
#[derive(Debug)]
pub(super) enum Told {
    /// It is done.
    Done(Outcome),
    /// It leads now, with its own post.
    Lead(Lead, Box<Post>),
}

/// A post and who is to be told of it.
#[derive(Debug)]
pub(super) struct Queued {
    number: u64,
    post: Post,
    sender: oneshot::Sender<Told>,
}

impl Queued {
    /// A post of the one who leads.
    pub(super) fn new(post: Post, sender: oneshot::Sender<Told>) -> Self {
        Self { number: 0, post, sender }
    }

    /// Its parts.
    pub(super) fn parts(self) -> (Post, oneshot::Sender<Told>) {
        (self.post, self.sender)
    }
}

/// Those who wait while somebody leads.
type Waiting = VecDeque<Queued>;

/// The last number, and those who wait where somebody leads.
type Led = (u64, HashMap<OrganizationId, Waiting>);

/// The organizations for which somebody leads.
#[derive(Debug, Default)]
pub struct Queues {
    led: Mutex<Led>,
}

/// Where one who comes has to go.
#[derive(Debug)]
pub(super) enum Place {
    /// Nobody leads: it does.
    Lead(Lead, Box<Post>),
    /// It waits, under a number.
    Wait(u64, oneshot::Receiver<Told>),
}

impl Queues {
    fn led(&self) -> MutexGuard<'_, Led> {
        // Nothing panics while it is held; and what it holds is whole at each step.
        self.led.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes with a post.
    pub(super) fn join(self: &Arc<Self>, tenant: OrganizationId, post: Post) -> Place {
        let mut state = self.led();
        let (last, queues) = &mut *state;
        let Some(waiting) = queues.get_mut(&tenant) else {
            queues.insert(tenant, Waiting::new());
            let lead = Lead { queues: Arc::clone(self), tenant, held: true };
            return Place::Lead(lead, Box::new(post));
        };
        *last += 1;
        let (sender, receiver) = oneshot::channel();
        waiting.push_back(Queued { number: *last, post, sender });
        Place::Wait(*last, receiver)
    }

    /// Goes away, if nobody has taken its post yet.
    pub(super) fn leave(&self, tenant: OrganizationId, number: u64) -> bool {
        let mut state = self.led();
        let Some(waiting) = state.1.get_mut(&tenant) else { return false };
        let before = waiting.len();
        waiting.retain(|queued| queued.number != number);
        waiting.len() < before
    }

    /// The next one who still wants to be told; when there is none, nobody leads any more.
    fn next(&self, tenant: OrganizationId) -> Option<Queued> {
        let mut state = self.led();
        let waiting = state.1.get_mut(&tenant)?;
        let next = waiting.pop_front();
        if next.is_none() {
            state.1.remove(&tenant);
        }
        next
    }
}

/// The lead of an organization's posts.
#[derive(Debug)]
pub(super) struct Lead {
    queues: Arc<Queues>,
    tenant: OrganizationId,
    /// `false` once it was passed on.
    held: bool,
}

impl Lead {
    /// Of which organization.
    pub(super) fn tenant(&self) -> OrganizationId {
        self.tenant
    }

    /// The leader's post and those that wait, in order of arrival; not those whose senders went away.
    pub(super) fn group(&self, own: Queued) -> Vec<Queued> {
        let mut group = vec![own];
        let mut state = self.queues.led();
        let Some(waiting) = state.1.get_mut(&self.tenant) else { return group };
        while group.len() < TOGETHER
            && let Some(queued) = waiting.pop_front()
        {
            if !queued.sender.is_closed() {
                group.push(queued);
            }
        }
        group
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        while let Some(Queued { post, sender, .. }) = self.queues.next(self.tenant) {
            let lead = Self { queues: Arc::clone(&self.queues), tenant: self.tenant, held: true };
            match sender.send(Told::Lead(lead, Box::new(post))) {
                Ok(()) => return,
                // It went away. Its lead is this one again, and not passed on twice.
                Err(Told::Lead(mut lead, _)) => lead.held = false,
                Err(Told::Done(_)) => {}
            }
        }
    }
}
