//! Units follow the member number. A payer counts a person by the number: when the roster corrects it
//! with the same payer, all that was drawn under the old one, and what was used before go-live, moves
//! to the account of the new one at once, in the transaction of the correction (`docs/adr/0027`).
//!
//! At once, and not visit by visit as they are decided again: a visit that is decided meanwhile would
//! find an account that looks empty.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::mark::follow;
use super::write::freed;
use crate::domain::again::{Cause, Touched};
use crate::domain::contract::{VersionHead, in_force};
use crate::domain::encounter::Encounter;
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{
    AccountId, EncounterId, LineId, MemberId, OrganizationId, PayerId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::member::{Member, billed_coverage};
use crate::domain::opening::Opening;
use crate::domain::organization::OrganizationMode;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::encounters::organization as organization_of;
use crate::flow::intake::draws::{Draws, draw};
use crate::store::{self, Conn};

/// A payer's member.
type Number = (PayerId, MemberNumber);

/// What has another number now, with the one that it is counted under.
struct Moving {
    encounters: Vec<(Encounter, Number)>,
    openings: Vec<(Opening, Number)>,
}

/// The locked accounts of the numbers.
struct Accounts {
    own: BTreeMap<AccountKey, AccountId>,
    shared: BTreeMap<SharedKey, SharedAccountId>,
    mode: OrganizationMode,
}

impl Accounts {
    fn own(&self, (payer, number): &Number) -> Result<AccountId, AppError> {
        let found = self.own.get(&AccountKey::payer_member(*payer, number)).copied();
        found.ok_or_else(|| AppError::internal("an account was not made"))
    }

    fn shared(&self, (payer, number): &Number) -> Result<SharedAccountId, AppError> {
        let found = self.shared.get(&SharedKey::new(self.mode, *payer, number)).copied();
        found.ok_or_else(|| AppError::internal("a shared account was not made"))
    }
}

/// Moves the units of members whose coverages were changed, and are stored.
pub fn follow_numbers(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[&Member],
) -> Result<(), AppError> {
    let moving = moving(conn, organization, members)?;
    if moving.encounters.is_empty() && moving.openings.is_empty() {
        return Ok(());
    }
    let accounts = lock(ctx, conn, organization, members, &moving)?;
    let ids: Vec<EncounterId> = moving.encounters.iter().map(|(e, _)| e.id).collect();
    let lines = store::decisions::current_lines(conn, organization, &ids)?;
    let lines: Vec<LineId> = lines.iter().map(|l| l.id).collect();
    let mut drawn = of_lines(conn, organization, &lines, &moving, &accounts)?;
    drawn.extend(of_openings(ctx, conn, organization, &moving, &accounts)?);
    draw(ctx, conn, organization, ctx.now(), drawn)?;
    // Whoever has the old number may have room now.
    let touched: Vec<Touched> = freed(moving.encounters.iter().map(|(e, _)| e));
    follow(ctx, conn, organization, Cause::Member, 0, &touched)
}

fn moving(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[&Member],
) -> Result<Moving, AppError> {
    let heads = store::contracts::versions_of(conn, organization)?;
    let by_id: HashMap<MemberId, &Member> = members.iter().map(|m| (m.id, *m)).collect();
    let ids: Vec<MemberId> = by_id.keys().copied().collect();
    let live = store::touched::live_of(conn, organization, &ids)?;
    let mut encounters = Vec::new();
    for encounter in store::encounters::by_ids(conn, organization, &live)? {
        let Some(payer) = encounter.payer else { continue };
        let member = by_id.get(&encounter.data.member);
        let now = member.and_then(|m| number(&heads, m, payer, encounter.service_date));
        if let Some(now) = now.filter(|now| Some(&now.1) != encounter.member_number.as_ref()) {
            encounters.push((encounter, now));
        }
    }
    let mut openings = Vec::new();
    for opening in store::openings::of_members(conn, organization, &ids)? {
        let member = by_id.get(&opening.data.member);
        let now = member.and_then(|m| number(&heads, m, opening.data.payer, opening.data.date));
        if let Some(now) = now.filter(|now| now.1 != opening.member_number) {
            openings.push((opening, now));
        }
    }
    Ok(Moving { encounters, openings })
}

/// The number under which this payer counts a day of the member; none when another payer would.
fn number(
    heads: &[VersionHead],
    member: &Member,
    payer: PayerId,
    day: chrono::NaiveDate,
) -> Option<Number> {
    let bills = |payer| in_force(heads, payer, day).is_some();
    let coverage = billed_coverage(&member.coverages, day, bills)?;
    let same = coverage.data.payer == payer;
    same.then(|| (payer, coverage.data.member_number.clone()))
}

/// Locks what is moved between, and the members' time, in the order of all writers.
fn lock(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[&Member],
    moving: &Moving,
) -> Result<Accounts, AppError> {
    let mode = organization_of(conn, organization)?.data.mode;
    let mut numbers: BTreeSet<Number> = BTreeSet::new();
    for (encounter, now) in &moving.encounters {
        numbers.insert(now.clone());
        numbers.extend(encounter.payer.zip(encounter.member_number.clone()));
    }
    for (opening, now) in &moving.openings {
        numbers.insert(now.clone());
        numbers.insert((opening.data.payer, opening.member_number.clone()));
    }
    let units = numbers.iter().map(|(payer, number)| AccountKey::payer_member(*payer, number));
    let time = members.iter().map(|m| AccountKey::member(m.id));
    let own = units.chain(time).map(|key| (key, ctx.id())).collect();
    let own = store::ledger::lock_accounts(conn, organization, &own)?;
    let shared = numbers.iter().map(|(payer, number)| SharedKey::new(mode, *payer, number));
    let shared = shared.map(|key| (key, ctx.id())).collect();
    let shared = store::shared::lock_accounts(conn, &shared)?;
    Ok(Accounts { own, shared, mode })
}

fn of_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    lines: &[LineId],
    moving: &Moving,
    accounts: &Accounts,
) -> Result<Draws, AppError> {
    let now: HashMap<EncounterId, &Number> =
        moving.encounters.iter().map(|(e, now)| (e.id, now)).collect();
    let mut drawn = Draws::default();
    for entry in store::ledger::holdings(conn, organization, lines)? {
        let Some(number) = entry.encounter.and_then(|id| now.get(&id)) else { continue };
        drawn.move_to(accounts.own(number)?, entry);
    }
    for entry in store::shared::holdings(conn, organization, lines)? {
        let Some(number) = entry.encounter.and_then(|id| now.get(&id)) else { continue };
        drawn.move_to_shared(accounts.shared(number)?, entry);
    }
    Ok(drawn)
}

/// A balance moves with its row. One that meets another of the same name becomes a part of it.
fn of_openings(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: OrganizationId,
    moving: &Moving,
    accounts: &Accounts,
) -> Result<Draws, AppError> {
    let members: BTreeSet<MemberId> = moving.openings.iter().map(|(o, _)| o.data.member).collect();
    let members: Vec<MemberId> = members.into_iter().collect();
    let there = store::openings::of_members(conn, organization, &members)?;
    let mut drawn = Draws::default();
    for (old, number) in &moving.openings {
        let units = old.data.units;
        let was = (old.data.payer, old.member_number.clone());
        let (account, shared) = (accounts.own(number)?, accounts.shared(number)?);
        let emptied = Opening { data: of_units(old, 0), ..old.clone() };
        drawn.own.extend(emptied.entry(Some(units)));
        drawn.shared.extend(emptied.shared_entry(accounts.shared(&was)?, Some(units)));
        let same = |o: &&Opening| o.account == account && o.data == of_units(old, o.data.units);
        let (row, before) = if let Some(other) = there.iter().find(same) {
            store::openings::set_units(conn, organization, &emptied, ctx.now())?;
            let sum = other.data.units.saturating_add(units);
            let joined = Opening { data: of_units(other, sum), ..other.clone() };
            store::openings::set_units(conn, organization, &joined, ctx.now())?;
            (joined, other.data.units)
        } else {
            let number = number.1.clone();
            let moved = Opening { account, member_number: number, ..old.clone() };
            store::openings::set_account(conn, organization, &moved, ctx.now())?;
            (moved, 0)
        };
        drawn.own.extend(row.entry(Some(before)));
        drawn.shared.extend(row.shared_entry(shared, Some(before)));
    }
    Ok(drawn)
}

fn of_units(opening: &Opening, units: u32) -> crate::domain::opening::OpeningData {
    crate::domain::opening::OpeningData { units, ..opening.data.clone() }
}
