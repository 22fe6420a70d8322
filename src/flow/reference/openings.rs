//! Opening balances: units used before go-live, booked in the unit ledger.
//!
//! A new balance is an entry of kind `opening`, a changed one an entry of kind `adjust` with the
//! difference. On a day and service on which visits of ours draw already, a new balance is refused:
//! it would count them a second time (`docs/adr/0031`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::draft::OpeningInput;
use super::opening_names::{Names, Resolved};
use super::{FIRST, OpeningFilter, exists, same_revision, stale, told};
use crate::domain::identifiers::Key;
use crate::domain::ids::{
    AccountId, AuthorizationId, MemberId, OpeningId, OrganizationId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::opening::{Opening, OpeningData};
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::flow::encounters::organization as organization_of;
use crate::flow::intake::draws::{Draws, draw};
use crate::store::{Conn, Scope, ledger, openings as store, shared};

/// What a taken day is told as.
const TAKEN: &str = "an opening balance of this member, payer, service, day and authorization";
/// What a balance on a day of ours is told.
const VISITED: &str = "visits of this service on this day are recorded here and count already; \
                       date what was used before them on an earlier day";

/// What tells opening balances apart.
pub(super) type Name = (AccountId, Key, NaiveDate, Option<AuthorizationId>);

pub(super) fn name(account: AccountId, data: &OpeningData) -> Name {
    (account, data.service.clone(), data.date, data.authorization)
}

/// Locks the accounts of the rows and their members, and gives each row's account.
pub(super) fn lock(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[&Resolved],
) -> Result<Vec<AccountId>, AppError> {
    let units = |r: &Resolved| AccountKey::payer_member(r.data.payer, &r.number);
    let mut keys: BTreeMap<AccountKey, AccountId> = BTreeMap::new();
    for row in rows {
        keys.entry(units(row)).or_insert_with(|| ctx.id());
        keys.entry(AccountKey::member(row.data.member)).or_insert_with(|| ctx.id());
    }
    let locked = ledger::lock_accounts(conn, organization, &keys)?;
    let missing = || AppError::internal("an account was not made");
    rows.iter().map(|r| locked.get(&units(r)).copied().ok_or_else(missing)).collect()
}

/// What is there for the members of the rows, by name.
pub(super) fn stored(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[&Resolved],
) -> Result<HashMap<Name, Opening>, AppError> {
    let members: HashSet<MemberId> = rows.iter().map(|r| r.data.member).collect();
    let members: Vec<MemberId> = members.into_iter().collect();
    let found = store::of_members(conn, organization, &members)?;
    Ok(found.into_iter().map(|o| (name(o.account, &o.data), o)).collect())
}

/// The days on which visits of ours draw on the accounts of the rows.
pub(super) fn visited(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[&Resolved],
    accounts: &[AccountId],
) -> Result<HashSet<store::Day>, AppError> {
    let days = || rows.iter().map(|r| r.data.date);
    let (Some(first), Some(last)) = (days().min(), days().max()) else {
        return Ok(HashSet::new());
    };
    let accounts: HashSet<AccountId> = accounts.iter().copied().collect();
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let found = store::days_of_visits(conn, organization, &accounts, (first, last))?;
    Ok(found.into_iter().collect())
}

/// What a new balance on a day of ours is refused with.
pub(super) fn on_a_day_of_ours(
    visited: &HashSet<store::Day>,
    account: AccountId,
    data: &OpeningData,
) -> Option<Fault> {
    let day = (account, data.service.clone(), data.date);
    visited.contains(&day).then(|| Fault::at("/date", VISITED))
}

/// Creates an opening balance; `already_exists` when there is one of the same name.
pub fn create(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: &OpeningInput,
) -> Result<Opening, AppError> {
    let (resolved, account) = found(conn, ctx, organization, input)?;
    let rows = [&resolved];
    if let Some(other) = stored(conn, organization, &rows)?.get(&name(account, &resolved.data)) {
        return Err(exists(TAKEN, "/date", other.id));
    }
    let days = visited(conn, organization, &rows, &[account])?;
    if let Some(fault) = on_a_day_of_ours(&days, account, &resolved.data) {
        return Err(AppError::invalid(vec![fault]));
    }
    let Resolved { data, number } = resolved;
    let opening = Opening { id: ctx.id(), revision: FIRST, account, member_number: number, data };
    store::insert_all(conn, organization, std::slice::from_ref(&opening), ctx.now())?;
    book_all(ctx, conn, organization, &[(opening.clone(), None)])?;
    told::note(ctx, conn, Some(organization), None, &opening)?;
    Ok(opening)
}

fn found(
    conn: &mut Conn,
    ctx: &Ctx,
    organization: OrganizationId,
    input: &OpeningInput,
) -> Result<(Resolved, AccountId), AppError> {
    let zone = organization_of(conn, organization)?.data.zone;
    let names = Names::read(conn, organization, &[input], zone.date_of(ctx.now()))?;
    let resolved = names.find(input).map_err(AppError::invalid)?;
    let account = lock(ctx, conn, organization, &[&resolved])?.pop();
    let account = account.ok_or_else(|| AppError::internal("a row has no account"))?;
    Ok((resolved, account))
}

/// A balance to be booked, with the units that were booked before; none: it is new.
pub(super) type Booking = (Opening, Option<u32>);

/// Books what balances come to, and marks what that may decide otherwise. They are booked on the
/// organization's ledger and on the accounts shared with others: a contract that comes later may
/// count across organizations. The own accounts are locked already, so the shared ones are locked
/// after them, as everywhere.
pub(super) fn book_all(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    bookings: &[Booking],
) -> Result<(), AppError> {
    let mode = organization_of(conn, organization)?.data.mode;
    let key = |o: &Opening| SharedKey::new(mode, o.data.payer, &o.member_number);
    let keys: BTreeMap<SharedKey, SharedAccountId> =
        bookings.iter().map(|(o, _)| (key(o), ctx.id())).collect();
    let accounts = shared::lock_accounts(conn, &keys)?;
    let missing = || AppError::internal("a shared account was not made");
    let mut drawn = Draws::default();
    for (opening, before) in bookings {
        let account = *accounts.get(&key(opening)).ok_or_else(missing)?;
        drawn.own.extend(opening.entry(*before));
        drawn.shared.extend(opening.shared_entry(account, *before));
    }
    draw(ctx, conn, organization, ctx.now(), drawn)?;
    let members: BTreeSet<MemberId> = bookings.iter().map(|(o, _)| o.data.member).collect();
    let touched: Vec<Touched> =
        members.into_iter().map(|id| Touched::Member(id, Days::ALL)).collect();
    again::mark(ctx, conn, organization, Cause::Opening, &touched)?;
    let fewer = |(o, before): &&Booking| before.is_some_and(|before| o.data.units < before);
    let numbers = bookings.iter().filter(fewer);
    let numbers = numbers.map(|(o, _)| (o.data.payer, o.member_number.clone())).collect();
    again::reach_others(ctx, conn, organization, Cause::Opening, &numbers)
}

/// Changes the units of an opening balance; nothing else of it ever changes.
pub async fn update(
    ctx: &Ctx,
    organization: OrganizationId,
    id: OpeningId,
    revision: i32,
    input: OpeningInput,
) -> Result<Opening, AppError> {
    let work = ctx.clone();
    ctx.db
        .write(Scope::Tenant(organization), move |conn| {
            let missing = || AppError::not_found("opening balance");
            let before = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
            let own = Resolved { data: before.data.clone(), number: before.member_number.clone() };
            lock(&work, conn, organization, &[&own])?;
            let old = store::by_id(conn, organization, id)?.ok_or_else(missing)?;
            same_revision(old.revision, revision)?;
            let zone = organization_of(conn, organization)?.data.zone;
            let today = zone.date_of(work.now());
            let names = Names::read(conn, organization, &[&input], today)?;
            let data = names.find(&input).map_err(AppError::invalid)?.data;
            let faults = fixed(&old.data, &data);
            if !faults.is_empty() {
                return Err(AppError::invalid(faults));
            }
            let mut new = Opening { data, ..old.clone() };
            if new == old {
                return Ok(new);
            }
            if !store::set_units(conn, organization, &new, work.now())? {
                return Err(stale());
            }
            let booking = (new.clone(), Some(old.data.units));
            book_all(&work, conn, organization, &[booking])?;
            told::note(&work, conn, Some(organization), Some(&old), &new)?;
            new.revision += 1;
            Ok(new)
        })
        .await
}

/// What may not change about an opening balance, and would.
fn fixed(old: &OpeningData, new: &OpeningData) -> Vec<Fault> {
    let message =
        "only the units of an opening balance may change; set these to 0 and make another";
    let fields = [
        (old.member == new.member, "/member"),
        (old.payer == new.payer, "/payer"),
        (old.service == new.service, "/service"),
        (old.date == new.date, "/date"),
        (old.authorization == new.authorization, "/authorization"),
    ];
    let changed = fields.into_iter().filter(|(same, _)| !same);
    changed.map(|(_, pointer)| Fault::at(pointer, message)).collect()
}

/// The opening balance with this id, if it is this organization's.
pub async fn get(
    ctx: &Ctx,
    organization: OrganizationId,
    id: OpeningId,
) -> Result<Opening, AppError> {
    let scope = Scope::Tenant(organization);
    let found = ctx.db.read(scope, move |conn| store::by_id(conn, organization, id)).await?;
    found.ok_or_else(|| AppError::not_found("opening balance"))
}

/// A page of opening balances after the given one.
pub async fn list(
    ctx: &Ctx,
    organization: OrganizationId,
    filter: OpeningFilter,
    after: Option<OpeningId>,
    limit: i64,
) -> Result<Vec<Opening>, AppError> {
    let read = move |conn: &mut Conn| store::list(conn, organization, &filter, after, limit);
    Ok(ctx.db.read(Scope::Tenant(organization), read).await?)
}
