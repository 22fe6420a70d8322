//! Grants: what an authorization approves is booked in the unit ledger, and what changes about it
//! is looked at again; the audit trail names each visit that is decided otherwise.
//!
//! When a grant shrinks or moves, consumed units are never taken back (what remains is then
//! negative); visits that are not claimed yet and no longer fit become held, the latest service
//! date first (`docs/definitions.md`, "Unit ledger").

use std::collections::{BTreeMap, BTreeSet};

use super::Ctx;
use super::again::{self, Cause, Days, Touched, Ways, Wish, redo};
use super::audit;
use super::batching::lock_visits;
use super::intake::draws::book;
use crate::domain::authorization::Authorization;
use crate::domain::ids::{AccountId, EncounterId, MemberId, OrganizationId};
use crate::domain::ledger::{AccountKey, Entry, EntryKind};
use crate::error::AppError;
use crate::store::{self, Conn};

/// Books the grants of new authorizations.
pub fn granted(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[Authorization],
) -> Result<(), AppError> {
    let changes: Vec<(&Authorization, EntryKind, i64)> =
        list.iter().map(|a| (a, EntryKind::Grant, i64::from(a.data.units))).collect();
    book_changes(ctx, conn, tenant, &changes)?;
    mark(ctx, conn, tenant, list)
}

/// Marks what authorizations may decide otherwise: all visits of their members, for a visit may name
/// one that does not cover its day.
pub fn mark(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[Authorization],
) -> Result<(), AppError> {
    let members: BTreeSet<MemberId> = list.iter().map(|a| a.data.member).collect();
    let touched: Vec<Touched> =
        members.into_iter().map(|id| Touched::Member(id, Days::ALL)).collect();
    again::mark(ctx, conn, tenant, Cause::Authorization, &touched)
}

/// Locks what a change of these authorizations may touch; to be called before the change is stored.
/// A visit that is being decided holds its member and has read the grant as it was: without the
/// lock it would draw on units that are gone, and no one would look at it again.
pub fn lock(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[&Authorization],
) -> Result<(), AppError> {
    // Before the accounts, as all who decide.
    again::deciding(conn, tenant)?;
    let keys: BTreeMap<AccountKey, AccountId> =
        list.iter().map(|a| (AccountKey::member(a.data.member), ctx.id())).collect();
    store::ledger::lock_accounts(conn, tenant, &keys)?;
    let mut visits = Vec::new();
    for authorization in list {
        visits.extend(store::decisions::ready_on_authorization(conn, tenant, authorization.id)?);
    }
    visits.sort_unstable();
    visits.dedup();
    // All peers and units at once, in the order of all other writers, and not visit by visit.
    lock_visits(ctx, conn, tenant, &visits).map(|_| ())
}

/// Books the difference between an authorization before and after a change, and decides again what
/// draws on it and is not claimed yet.
pub fn changed(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    old: &Authorization,
    new: &Authorization,
) -> Result<(), AppError> {
    let difference = i64::from(new.data.units) - i64::from(old.data.units);
    book_changes(ctx, conn, tenant, &[(new, EntryKind::Adjust, difference)])?;
    let wider = difference >= 0
        && new.data.services == old.data.services
        && new.data.span.from <= old.data.span.from
        && new.data.span.to.is_none_or(|to| old.data.span.to.is_some_and(|was| was <= to));
    if wider && new.data.number == old.data.number {
        return Ok(());
    }
    let visits = store::decisions::ready_on_authorization(conn, tenant, new.id)?;
    let wish = |encounter| Wish { encounter, cause: Cause::Authorization, depth: 0 };
    let wishes: Vec<Wish> = visits.into_iter().map(wish).collect();
    let organization = again::deciding(conn, tenant)?;
    // On the way back the latest give way; what remains of the grant is theirs on the way forward.
    let decided = redo(ctx, conn, &organization, &wishes, Ways::BOTH)?;
    let told: BTreeMap<EncounterId, Cause> =
        decided.into_iter().map(|id| (id, Cause::Authorization)).collect();
    audit::decided(ctx, conn, tenant, &told)
}

fn book_changes(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    changes: &[(&Authorization, EntryKind, i64)],
) -> Result<(), AppError> {
    let keys: BTreeMap<AccountKey, AccountId> =
        changes.iter().map(|(a, _, _)| (AccountKey::authorization(a.id), ctx.id())).collect();
    let accounts = store::ledger::lock_accounts(conn, tenant, &keys)?;
    let mut entries = Vec::with_capacity(changes.len());
    for (authorization, kind, units) in changes.iter().filter(|(_, _, units)| *units != 0) {
        let key = AccountKey::authorization(authorization.id);
        let account =
            accounts.get(&key).ok_or_else(|| AppError::internal("an account was not made"))?;
        entries.push(Entry {
            account: *account,
            kind: *kind,
            encounter: None,
            line: None,
            service: None,
            service_date: authorization.data.span.from,
            authorization: Some(authorization.id),
            payer: None,
            peer: None,
            how: None,
            granted: *units,
            reserved: 0,
            consumed: 0,
        });
    }
    book(ctx, conn, tenant, ctx.now(), entries)
}
