//! Marking: a change says which visits it may decide otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::write::goes_on_without_end;
use crate::domain::again::{Cause, Mark, Touched};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{AccountId, EncounterId, MemberId, OrganizationId, PayerId};
use crate::domain::ledger::AccountKey;
use crate::domain::organization::Organization;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::encounters::with_stamp;
use crate::store::stamps::Stamp;
use crate::store::{self, Conn};

/// The organization, for a decision about its visits: changes of its own settings and contracts
/// wait until the transaction ends, and those under way are waited for.
pub fn deciding(conn: &mut Conn, id: OrganizationId) -> Result<Organization, AppError> {
    Ok(deciding_by(conn, id)?.0)
}

/// The same, with the stamp of what is on record of it.
pub fn deciding_by(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<(Organization, Option<Stamp>), AppError> {
    store::turns::decide(conn, id)?;
    with_stamp(conn, id)
}

/// Marks what a change touches, in the transaction of the change.
///
/// Whoever decides about a member or peer holds the account of its time and reads the roster under
/// that lock; so a change that holds the lock when it commits is seen by each decision that comes
/// after, and each one before is there when the mark is worked on.
pub fn mark(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    cause: Cause,
    touched: &[Touched],
) -> Result<(), AppError> {
    if touched.is_empty() {
        return Ok(());
    }
    // Before the accounts: those who decide take the two in this order.
    if touched.len() > MANY || touched.iter().any(Touched::is_wide) {
        store::turns::change(conn, organization)?;
    } else {
        lock_people(ctx, conn, organization, touched)?;
    }
    let touched = with_visits(conn, organization, touched)?;
    follow(ctx, conn, organization, cause, 0, &touched)
}

/// More people than this, of a file for example, are not locked one by one: the whole organization
/// is then waited for.
const MANY: usize = 200;

fn lock_people(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    touched: &[Touched],
) -> Result<(), AppError> {
    let accounts: BTreeMap<AccountKey, AccountId> = touched
        .iter()
        .filter_map(|t| match t {
            Touched::Member(id, _) => Some(AccountKey::member(*id)),
            Touched::Peer(id, _) => Some(AccountKey::peer(*id)),
            _ => None,
        })
        .map(|key| (key, ctx.id()))
        .collect();
    store::ledger::lock_accounts(conn, organization, &accounts)?;
    Ok(())
}

/// Leaves out members without a visit, who are most of those that a file brings, and all of an
/// organization without any. Under the locks it is certain that none is being recorded.
fn with_visits(
    conn: &mut Conn,
    organization: OrganizationId,
    touched: &[Touched],
) -> Result<Vec<Touched>, AppError> {
    let member = |t: &Touched| match t {
        Touched::Member(id, _) => Some(*id),
        _ => None,
    };
    let members: Vec<MemberId> = touched.iter().filter_map(member).collect();
    let visited = store::touched::members_with_visits(conn, organization, &members)?;
    let wide = touched.iter().any(Touched::is_wide);
    let none = wide && !store::touched::has_visits(conn, organization)?;
    let stays = |t: &&Touched| match member(t) {
        Some(id) => visited.contains(&id),
        None => !(none && t.is_wide()),
    };
    Ok(touched.iter().filter(stays).cloned().collect())
}

/// For a step that locks accounts of its own before it marks [`MANY`] of them or more: to be called
/// before it does.
pub fn changing(conn: &mut Conn, organization: OrganizationId) -> Result<(), AppError> {
    Ok(store::turns::change(conn, organization)?)
}

/// Marks what a decision set free, `depth` steps away from somebody's change. Its accounts are
/// locked by whoever decided.
pub(in crate::flow) fn follow(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    cause: Cause,
    depth: i32,
    touched: &[Touched],
) -> Result<(), AppError> {
    let accounts = touched.iter().filter_map(|t| match t {
        Touched::Freed(freed) => freed.account.clone(),
        _ => None,
    });
    let others = elsewhere(conn, organization, &accounts.collect())?;
    let own = touched.iter().map(|touched| (organization, touched.clone()));
    insert(ctx, conn, cause, depth, own.chain(others))
}

fn insert(
    ctx: &Ctx,
    conn: &mut Conn,
    cause: Cause,
    depth: i32,
    touched: impl IntoIterator<Item = (OrganizationId, Touched)>,
) -> Result<(), AppError> {
    let mark = |(organization, touched): (OrganizationId, Touched)| Mark {
        organization,
        id: ctx.id(),
        cause,
        depth,
        back: touched.may_shrink(),
        touched,
        after: None,
        tries: 0,
        marked_at: ctx.now(),
    };
    let marks: Vec<Mark> = touched.into_iter().map(mark).collect();
    store::marks::insert_all(conn, &marks, ctx.clock.real())?;
    if !marks.is_empty() {
        let wake = Arc::clone(&ctx.wake);
        store::after_commit(move || wake.notify_one());
    }
    Ok(())
}

/// Marks the other visits of a session that is something else by a decision `depth` steps away from
/// somebody's change. Its account is locked by whoever decided.
pub fn retell(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    depth: i32,
    others: Vec<EncounterId>,
) -> Result<(), AppError> {
    let touched: Vec<Touched> = others.into_iter().map(Touched::Encounter).collect();
    if touched.is_empty() || goes_on_without_end(organization, depth) {
        return Ok(());
    }
    follow(ctx, conn, organization, Cause::Session, depth + 1, &touched)
}

/// Marks visits of other organizations that may wait for units of these payers' members, where a payer
/// counts across organizations.
pub fn reach_others(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    cause: Cause,
    accounts: &BTreeSet<(PayerId, MemberNumber)>,
) -> Result<(), AppError> {
    let others = elsewhere(conn, organization, accounts)?;
    insert(ctx, conn, cause, 0, others)
}

/// What units that were given back may decide otherwise in other organizations, where a payer counts
/// across them (`docs/adr/0011`). Their workers decide; nothing of them is seen here.
fn elsewhere(
    conn: &mut Conn,
    organization: OrganizationId,
    accounts: &BTreeSet<(PayerId, MemberNumber)>,
) -> Result<Vec<(OrganizationId, Touched)>, AppError> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let waiting = store::touched::held_across(conn, organization, accounts)?;
    Ok(waiting.into_iter().map(|(other, id)| (other, Touched::Encounter(id))).collect())
}
