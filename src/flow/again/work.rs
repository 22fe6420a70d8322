//! The worker's turns: one bounded chunk of one organization's marks, in a transaction of its own.
//!
//! Organizations take turns, and the marks of an organization do: none waits for more than a chunk of
//! each other one, but what came of deciding waits for the end of a change of much (`docs/adr/0155`).
//! How far a mark came commits with what was decided, so a process that is killed leaves nothing half
//! done and nothing to do twice. Of several processes on one database, one at a time works on an
//! organization.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::bundle::{Bundle, bundles};
use super::mark::deciding;
use super::redo::{Ways, Wish, redo};
use crate::domain::again::{Cause, Mark, Place, Touched};
use crate::domain::dates::Instant;
use crate::domain::ids::{EncounterId, MarkId, OrganizationId};
use crate::domain::organization::Organization;
use crate::error::{AppError, Code};
use crate::flow::audit::{self, Action, Detail};
use crate::flow::{Ctx, Scope};
use crate::store::touched::Page;
use crate::store::{self, Conn, Purpose};

/// Visits that are decided in one transaction: with hundreds of them, a visit that is posted
/// meanwhile would wait noticeably for the locks.
pub const CHUNK_VISITS: usize = 100;
/// Marks that are worked on together when all that they touch fits one chunk: most touch a few
/// visits or none, and a file of authorizations makes thousands.
const MARKS_TOGETHER: i64 = 64;
/// The same of those that each stand for several.
const BUNDLES_TOGETHER: usize = 64;
/// Bundles of what was given back that are one walk: each may ask for a member and a peer once a page.
const KIN_TOGETHER: usize = 300;
/// Marks that are looked through for such as one may stand for.
const MARKS_BUNDLED: i64 = 1_000;
/// Longest wait before a mark that failed is tried again, in seconds.
const LONGEST_WAIT: i64 = 60 * 60;
/// Pause after a turn that met another writer.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Turns in a row that may meet another writer before [`settle`] gives up.
const MOST_BUSY: u32 = 3_000;

/// Where a worker stands in the round of organizations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Round {
    last: Option<OrganizationId>,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A chunk was worked on.
    Worked,
    /// The organization whose turn it was is being worked on elsewhere, or somebody held a lock.
    Busy,
    /// Nothing is due.
    Idle,
}

/// Takes one turn. An error that will not pass by itself puts off the marks that it met.
pub async fn turn(ctx: &Ctx, round: &mut Round) -> Result<Turn, AppError> {
    let (real, last) = (ctx.clock.real(), round.last);
    let next = move |conn: &mut Conn| {
        let next = store::marks::next_organization(conn, last, real)?;
        if next.is_some() || last.is_none() {
            return Ok(next);
        }
        store::marks::next_organization(conn, None, real)
    };
    let next: Result<_, store::StoreError> = ctx.db.read(Scope::Service, next).await;
    let Some(organization) = next? else { return Ok(Turn::Idle) };
    round.last = Some(organization);
    let (work, met) = (ctx.clone(), Met::default());
    let meeting = met.clone();
    let result = ctx
        .db
        .run(Scope::Tenant(organization), Purpose::WriteByKey, move |conn| {
            turn_in(&work, conn, organization, &meeting)
        })
        .await;
    match result {
        Err(error) if error.retryable() => Ok(Turn::Busy),
        Err(error) => {
            put_off(ctx, organization, met.take()).await?;
            Err(error)
        }
        done => done,
    }
}

/// Works until no mark is left: for tests, for the demo, and for whoever must not look at anything
/// before it is decided. Errors: those of the work, and `busy` when others never let it.
pub async fn settle(ctx: &Ctx) -> Result<(), AppError> {
    let (mut round, mut busy) = (Round::default(), 0);
    loop {
        match turn(ctx, &mut round).await? {
            Turn::Worked => busy = 0,
            Turn::Idle => return Ok(()),
            Turn::Busy if busy < MOST_BUSY => {
                busy += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            Turn::Busy => return Err(AppError::new(Code::Busy, "Others never let go.")),
        }
    }
}

fn turn_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    met: &Met,
) -> Result<Turn, AppError> {
    if !store::turns::try_work(conn, tenant)? {
        return Ok(Turn::Busy);
    }
    let bundles = bundles(next(conn, tenant, ctx.clock.real())?);
    let Some(first) = bundles.first() else { return Ok(Turn::Busy) };
    met.set(first.ids());
    let organization = deciding(conn, tenant)?;
    // What waits for what was given back is looked at once for all of it, page by page.
    let alike = first.is_freed() || !may_join(&first.mark);
    if alike || !together(ctx, conn, &organization, &bundles, met)? {
        alone(ctx, conn, &organization, first, &bundles, met)?;
    }
    Ok(Turn::Worked)
}

/// The marks that a turn works on, known also when it fails.
#[derive(Debug, Clone, Default)]
struct Met(Arc<Mutex<Vec<MarkId>>>);

impl Met {
    fn set(&self, ids: Vec<MarkId>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ids;
    }

    fn add(&self, ids: Vec<MarkId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    fn take(&self) -> Vec<MarkId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The marks that are next. While somebody's change of much is under way, what came of its decisions waits for its
/// end: it would look at the same visits once for each chunk.
fn next(
    conn: &mut Conn,
    tenant: OrganizationId,
    real: Instant,
) -> Result<Vec<Mark>, store::StoreError> {
    let direct = store::marks::is_wide_under_way(conn, tenant, real)?;
    let first = store::marks::due(conn, tenant, (real, direct), 1)?;
    // Of visits each is marked once; people and what was given back, again and again.
    let single = |mark: &Mark| matches!(mark.touched, Touched::Encounter(_));
    let most = if first.iter().any(single) { MARKS_TOGETHER } else { MARKS_BUNDLED };
    store::marks::due(conn, tenant, (real, direct), most)
}

/// Whether a mark may be worked on with others: it is small, nothing of it is done, and it has not
/// failed.
fn may_join(mark: &Mark) -> bool {
    !mark.touched.is_wide() && mark.is_fresh() && mark.tries == 0
}

/// Works on all marks that may be joined, when what they touch fits one chunk.
fn together(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    bundles: &[Bundle],
    met: &Met,
) -> Result<bool, AppError> {
    let page = Page { back: false, after: None, limit: CHUNK_VISITS + 1 };
    let mut wishes: BTreeMap<Place, Wish> = BTreeMap::new();
    let mut done: Vec<MarkId> = Vec::new();
    let mut back = false;
    met.take();
    for bundle in bundles.iter().filter(|b| may_join(&b.mark)).take(BUNDLES_TOGETHER) {
        let mark = &bundle.mark;
        met.add(bundle.ids());
        let touched = std::slice::from_ref(&mark.touched);
        let places = store::touched::page(conn, organization.id, touched, page)?;
        let fresh = places.iter().filter(|p| !wishes.contains_key(p)).count();
        if wishes.len() + fresh > CHUNK_VISITS {
            break;
        }
        for place in places {
            wishes.entry(place).or_insert_with(|| wish(mark, place));
        }
        back |= mark.touched.may_shrink();
        done.extend(bundle.ids());
    }
    if done.is_empty() {
        return Ok(false);
    }
    met.set(done.clone());
    let wishes: Vec<Wish> = wishes.into_values().collect();
    decide(ctx, conn, organization, &wishes, if back { Ways::BOTH } else { Ways::FORWARD })?;
    store::marks::delete(conn, organization.id, &done)?;
    Ok(true)
}

/// Decides a chunk again, and tells the audit trail of each visit about which that said something
/// new.
fn decide(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    wishes: &[Wish],
    ways: Ways<'_>,
) -> Result<(), AppError> {
    let causes: HashMap<EncounterId, Cause> =
        wishes.iter().map(|wish| (wish.encounter, wish.cause)).collect();
    let decided = redo(ctx, conn, organization, wishes, ways)?;
    let entry = |id: EncounterId| {
        let cause = causes.get(&id).map(|cause| cause.as_str()).unwrap_or_default();
        let detail = Detail::default().about("cause", cause);
        audit::entry(ctx, Some(organization.id), Action::EncounterDecide, id, detail)
    };
    let entries: Vec<_> = decided.into_iter().map(entry).collect();
    audit::note_all(conn, &entries)
}

fn wish(mark: &Mark, place: Place) -> Wish {
    Wish { encounter: place.id, cause: mark.cause, depth: mark.depth }
}

/// Works on the next chunk of one mark and of its kin, and keeps how far they came.
fn alone(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    first: &Bundle,
    bundles: &[Bundle],
    met: &Met,
) -> Result<(), AppError> {
    let kin = bundles.iter().filter(|bundle| bundle.is_kin(first)).take(KIN_TOGETHER);
    let kin: Vec<&Bundle> = kin.collect();
    let all: Vec<MarkId> = kin.iter().flat_map(|bundle| bundle.ids()).collect();
    met.set(all.clone());
    let touched: Vec<Touched> = kin.iter().map(|bundle| bundle.mark.touched.clone()).collect();
    let Mark { back, after, .. } = first.mark;
    let page = Page { back, after, limit: CHUNK_VISITS };
    let places = store::touched::page(conn, organization.id, &touched, page)?;
    let wishes: Vec<Wish> = places.iter().map(|place| wish(&first.mark, *place)).collect();
    decide(ctx, conn, organization, &wishes, if back { Ways::BACK } else { Ways::FORWARD })?;
    let more = places.len() == CHUNK_VISITS;
    if !more && !back {
        return Ok(store::marks::delete(conn, organization.id, &all)?);
    }
    for bundle in kin.iter().filter(|bundle| !bundle.others.is_empty()) {
        store::marks::delete(conn, organization.id, &bundle.others)?;
        store::marks::widen(conn, &bundle.mark)?;
    }
    let ids: Vec<MarkId> = kin.iter().map(|bundle| bundle.mark.id).collect();
    let came = (back && more, places.last().copied().filter(|_| more));
    Ok(store::marks::proceed(conn, organization.id, &ids, came, ctx.clock.real())?)
}

/// Puts off what a failed turn met. Those that were joined are tried one by one from now on, so that
/// one that cannot be worked on holds up no other.
async fn put_off(ctx: &Ctx, tenant: OrganizationId, met: Vec<MarkId>) -> Result<(), AppError> {
    let real = ctx.clock.real();
    let work = move |conn: &mut Conn| {
        let [one] = met.as_slice() else {
            return store::marks::postpone(conn, tenant, &met, 1, real);
        };
        let Some(tries) = store::marks::tries(conn, tenant, *one)? else { return Ok(()) };
        let wait = 1_i64.checked_shl(tries.clamp(0, 20).unsigned_abs()).unwrap_or(1);
        let due = real.plus(TimeDelta::seconds(wait.min(LONGEST_WAIT)));
        store::marks::postpone(conn, tenant, &met, tries.saturating_add(1), due)
    };
    let done: Result<(), store::StoreError> = ctx.db.write(Scope::Tenant(tenant), work).await;
    Ok(done?)
}
