//! Single visits that are sent at the same time are recorded together, in one transaction by the
//! same steps as a chunk of an upload: a transaction and its sync cost as much for one as for many
//! (`docs/adr/0050`).
//!
//! Whoever comes while nobody records leads, and goes at once. Those who come meanwhile wait, and are
//! recorded together when that is done, in the same turn at the database; where somebody else wants to
//! write, the first who waits leads and asks for a turn behind that one. Each is answered as if it had
//! come alone, in the order of arrival. What fails for reasons of one of them is done one by one.

use std::collections::HashMap;

use super::record::{OnConflict, Order, Recorded, record_rows};
use super::{Parsed, RACE_TRIES, may_win};
use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::audit::{self, Action, Detail};
use crate::flow::idempotent::{self, Answered, Mark, Reply, Ticket};
use crate::flow::together::{self, Queues, Unanswered};
use crate::flow::{Ctx, Scope};
use crate::store::{Conn, StoreError, Tell, Turn};

/// The answer to a recording, in the words of the door.
pub type Telling = fn(OrganizationId, Recorded) -> Result<Reply, AppError>;

/// A visit that somebody sent.
#[derive(Debug)]
pub struct Post {
    /// With the sender acting.
    ctx: Ctx,
    row: Parsed,
    ticket: Option<Ticket>,
    /// Held until the work has ended, also when the sender goes away.
    _mark: Option<Mark>,
    tell: Telling,
}

/// What became of a post.
#[derive(Debug)]
pub(in crate::flow) enum Done {
    /// Recorded; the answer is still to be written.
    Recorded(Box<Recorded>),
    /// With its answer, which is kept under its key.
    Answered(Reply),
}

/// The answer to a post, or what refuses it.
type Outcome = Result<Done, AppError>;

/// Visits that wait to be recorded together, by organization.
pub(in crate::flow) type Posts = Queues<OrganizationId, Box<Post>, Outcome>;

type Lead = together::Lead<OrganizationId, Box<Post>, Outcome>;

/// Records a visit, at most once with a ticket.
///
/// Errors beside those of the visit are those of `idempotent::run`.
pub async fn post(
    ctx: &Ctx,
    tenant: OrganizationId,
    row: Parsed,
    ticket: Option<Ticket>,
    tell: Telling,
) -> Result<Reply, AppError> {
    let mark = ticket.as_ref().map(|ticket| ticket.mark(ctx)).transpose()?;
    let post = Box::new(Post { ctx: ctx.clone(), row, ticket, _mark: mark, tell });
    let go = |lead, post| record_with(ctx, tenant, lead, post);
    let outcome = match ctx.posts.come(tenant, post, go).await {
        Ok(outcome) => outcome,
        Err(Unanswered::NoTurn) => Err(StoreError::Busy("no turn in time".into()).into()),
        Err(Unanswered::Lost) => Err(unknown()),
    };
    match outcome? {
        Done::Answered(reply) => Ok(reply),
        Done::Recorded(recorded) => tell(tenant, *recorded),
    }
}

fn unknown() -> AppError {
    StoreError::OutcomeUnknown("the work ended abnormally".into()).into()
}

/// Records a post, and with it all that wait once its turn has come; then those who came meanwhile.
async fn record_with(ctx: &Ctx, tenant: OrganizationId, lead: Lead, post: Box<Post>) -> Outcome {
    let db = ctx.db.clone();
    let work = move |turn: &mut Turn, tell: Tell<Outcome>| {
        let mut own = Some((post, tell));
        // Of groups after the first, no log line may tell the request: the span is that of whoever led.
        while own.is_some() || !turn.is_wanted() {
            let (mut posts, others) = lead.others();
            let tell = own.take().map(|(post, tell)| {
                posts.insert(0, post);
                tell
            });
            if posts.is_empty() {
                return;
            }
            let all: Vec<&Post> = posts.iter().map(Box::as_ref).collect();
            let mut outcomes = record_group(turn, tenant, &all).into_iter();
            db.grown(posts.len());
            db.logged();
            // Their keys are free before anybody is told.
            drop(posts);
            if let Some(tell) = tell {
                // Who went away needs no answer.
                let _ = outcomes.next().map(|outcome| tell.send(outcome));
            }
            others.tell(outcomes);
            if !turn.has_begun() {
                return;
            }
        }
    };
    let told = ctx.db.turn(Scope::Tenant(tenant), work).await?;
    told.unwrap_or_else(|| Err(unknown()))
}

/// Records posts together; one by one where that fails.
fn record_group(turn: &mut Turn, tenant: OrganizationId, posts: &[&Post]) -> Vec<Outcome> {
    match turn.transaction(|conn| record_all(conn, tenant, posts)) {
        Ok(outcomes) => outcomes,
        // It may have happened, nobody knows of any of them; or nothing has, and alone nothing would.
        Err(error) if error.code == Code::OutcomeUnknown || !turn.has_begun() => {
            posts.iter().map(|_| Err(error.same())).collect()
        }
        Err(error) if posts.len() == 1 && !may_win(&error) => vec![Err(error)],
        Err(_) => record_each(turn, tenant, posts),
    }
}

/// Records posts one by one; where one could not even begin, those behind it are told the same.
fn record_each(turn: &mut Turn, tenant: OrganizationId, posts: &[&Post]) -> Vec<Outcome> {
    let mut lost: Option<AppError> = None;
    let mut record = |post: &&Post| {
        if let Some(error) = &lost {
            return Err(error.same());
        }
        let outcome = record_alone(turn, tenant, post);
        if !turn.has_begun() {
            lost = outcome.as_ref().err().map(AppError::same);
        }
        outcome
    };
    posts.iter().map(&mut record).collect()
}

fn record_alone(turn: &mut Turn, tenant: OrganizationId, post: &Post) -> Outcome {
    let mut tries = 0;
    loop {
        tries += 1;
        match turn.transaction(|conn| record_all(conn, tenant, &[post])) {
            Err(error) if may_win(&error) && tries < RACE_TRIES && turn.has_begun() => {}
            Err(error) => return Err(error),
            Ok(outcomes) => {
                let lost = || AppError::internal("a post has no outcome");
                return outcomes.into_iter().next().unwrap_or_else(|| Err(lost()));
            }
        }
    }
}

/// Records posts in the caller's transaction; outcomes are in their order.
fn record_all(
    conn: &mut Conn,
    tenant: OrganizationId,
    posts: &[&Post],
) -> Result<Vec<Outcome>, AppError> {
    let Some(first) = posts.first() else { return Ok(Vec::new()) };
    let ctx = &first.ctx;
    let tickets = || posts.iter().filter_map(|post| post.ticket.as_ref());
    let answered = Answered::read(conn, tickets())?;
    let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
    let mut rows = Vec::with_capacity(posts.len());
    let mut places = Vec::with_capacity(posts.len());
    for (place, post) in posts.iter().enumerate() {
        let before = post.ticket.as_ref().and_then(|ticket| answered.to(ticket));
        if let Some(reply) = before {
            outcomes.insert(place, reply.map(Done::Answered));
        } else {
            rows.push(post.row.clone());
            places.push((place, post));
        }
    }
    let refuse = OnConflict::Refuse;
    let (results, _) = record_rows(ctx, conn, tenant, &rows, refuse, Order::Arrival)?;
    let mut entries = Vec::new();
    let mut kept: Vec<(&Ticket, Reply)> = Vec::new();
    for ((place, post), result) in places.into_iter().zip(results) {
        let outcome = match (result, &post.ticket) {
            (Err(error), _) => Err(error),
            (Ok(recorded), ticket) => {
                if recorded.fresh {
                    let id = recorded.encounter.id;
                    let (owner, action) = (Some(tenant), Action::EncounterRecord);
                    entries.push(audit::entry(&post.ctx, owner, action, id, Detail::default()));
                }
                match ticket {
                    None => Ok(Done::Recorded(Box::new(recorded))),
                    Some(ticket) => {
                        let reply = (post.tell)(tenant, recorded)?;
                        kept.push((ticket, reply.clone()));
                        Ok(Done::Answered(reply))
                    }
                }
            }
        };
        outcomes.insert(place, outcome);
    }
    audit::note_all(conn, &entries)?;
    idempotent::keep_all(ctx, conn, &kept)?;
    let lost = || AppError::internal("a post has no outcome");
    (0..posts.len()).map(|place| outcomes.remove(&place).ok_or_else(lost)).collect()
}
