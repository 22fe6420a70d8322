//! Sums of a day's minutes, once decisions are stored: which visits count is recorded, and the
//! visits whose increments moved are decided again with the share that they were dealt
//! (`docs/definitions.md` section 3, "Sum before rounding").
//!
//! Such a decision keeps the facts of the visit's last one: nothing else is asked anew, and no
//! visit loses its place because another one arrived.

use std::collections::{BTreeMap, HashMap};

use super::Ctx;
use super::again::{Again, Cause, write};
use super::encounters::organization;
use super::intake::Recorded;
use super::intake::bench::Case;
use super::intake::bench::days::{Settlement, holding, names};
use crate::domain::contract::{LimitScope, Terms};
use crate::domain::day_sum::{DaySum, Piece, Share, SumKey};
use crate::domain::encounter::Encounter;
use crate::domain::facts::{AuthorizationFact, Facts};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{
    AccountId, DecisionId, EncounterId, OrganizationId, PayerId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::line::Line;
use crate::domain::money::Money;
use crate::domain::rules;
use crate::error::AppError;
use crate::store::decisions::StoredDecision;
use crate::store::{self, Conn};

/// Stores what decisions made of sums; the decisions that were made anew by it. `depth` is that of the
/// decisions (`flow::again`).
pub(super) fn settle(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    settlement: &Settlement,
    depth: i32,
) -> Result<Vec<Recorded>, AppError> {
    store::day_visits::remove(conn, tenant, &settlement.left_out)?;
    store::day_visits::put(conn, tenant, &settlement.counted)?;
    deal_out(ctx, conn, tenant, &settlement.moved, depth)
}

/// Takes a visit out of the sum in which it counts, before its lines end; its units go to the
/// others as far as their minutes make them. Nothing when it counts in none.
pub(super) fn leave(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    depth: i32,
) -> Result<(), AppError> {
    let Some(own) = store::day_visits::by_ids(conn, tenant, &[id])?.pop() else { return Ok(()) };
    store::day_visits::remove(conn, tenant, &[id])?;
    let (member, date) = (own.key.member, own.key.date);
    let mut visits = store::day_visits::of_members(conn, tenant, &[member], (date, date))?;
    visits.retain(|v| v.key == own.key);
    let ids: Vec<EncounterId> = visits.iter().map(|v| v.encounter).chain([id]).collect();
    let lines = store::decisions::current_lines(conn, tenant, &ids)?;
    let authorizations = store::authorizations::of_members(conn, tenant, &[member])?;
    let names = names(authorizations.iter());
    let of = |id: EncounterId| {
        let lines: Vec<&Line> = lines.iter().filter(|l| l.encounter == id).collect();
        holding(&lines, &names)
    };
    let held: Vec<Piece> = of(id)?.0.unwrap_or_default().0;
    let mut shares = Vec::new();
    for visit in visits {
        let (Some((ready, held)), false) = of(visit.encounter)? else { continue };
        let (started_at, minutes) = (visit.started_at, visit.minutes);
        shares.push(Share { encounter: Some(visit.encounter), started_at, minutes, ready, held });
    }
    let facts: Vec<AuthorizationFact> = authorizations.iter().map(Into::into).collect();
    let sum = rules::day_without(&facts, held, shares.clone(), own.measure);
    // What members pay for a visit or a day is taken from the first units.
    let paid = lines.iter().any(|l| l.flat_share() > Money::ZERO);
    let differs = |now: &&Share| {
        let before = shares.iter().find(|s| s.encounter == now.encounter);
        let moved = before.is_none_or(|b| b.ready != now.ready || b.held != now.held);
        sum.units == 0 || paid || moved
    };
    let moved: Vec<(EncounterId, DaySum)> = sum
        .visits
        .iter()
        .filter(differs)
        .filter_map(|s| Some((s.encounter?, sum.told_of(s.encounter?))))
        .collect();
    deal_out(ctx, conn, tenant, &moved, depth).map(|_| ())
}

/// Takes a visit out of the sum in which it counts, if that is another than the one of `key`, to
/// which it belongs from now on. Whether it did: what decisions look at is another then.
pub(super) fn leave_for(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    key: Option<SumKey>,
    depth: i32,
) -> Result<bool, AppError> {
    let counted = store::day_visits::by_ids(conn, tenant, &[id])?.pop();
    let leaves = counted.is_some_and(|visit| Some(visit.key) != key);
    if leaves {
        leave(ctx, conn, tenant, id, depth)?;
    }
    Ok(leaves)
}

/// Decides visits again with the shares that they are dealt, all of them with the same statements.
fn deal_out(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    moved: &[(EncounterId, DaySum)],
    depth: i32,
) -> Result<Vec<Recorded>, AppError> {
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<EncounterId> = moved.iter().map(|(id, _)| *id).collect();
    let mut encounters: HashMap<EncounterId, Encounter> =
        store::encounters::by_ids(conn, tenant, &ids)?.into_iter().map(|e| (e.id, e)).collect();
    let decisions: Vec<DecisionId> = encounters.values().map(|e| e.decision).collect();
    let mut before: HashMap<EncounterId, (StoredDecision, Facts)> =
        store::decision_facts::with_facts(conn, tenant, &decisions)?
            .into_iter()
            .map(|(d, f)| (d.encounter, (d, f)))
            .collect();
    let mut lines: HashMap<EncounterId, Vec<Line>> = HashMap::new();
    for line in store::decisions::current_lines(conn, tenant, &ids)? {
        lines.entry(line.encounter).or_default().push(line);
    }
    let lost = || AppError::internal("a visit of a day's sum has no decision");
    let accounts = accounts(conn, tenant, before.values().map(|(_, facts)| facts))?;
    let mut dealt = Vec::with_capacity(moved.len());
    for (id, sum) in moved {
        let encounter = encounters.remove(id).ok_or_else(lost)?;
        let (decision, mut facts) = before.remove(id).ok_or_else(lost)?;
        facts.day.get_or_insert_default().dealt = Some(sum.clone());
        let lines = lines.remove(id).unwrap_or_default();
        let visit = (encounter, lines);
        let again = dealt_to(ctx, conn, tenant, visit, decision, facts, &accounts)?;
        dealt.push(Again { depth, ..again });
    }
    let decisions = write(ctx, conn, tenant, dealt)?;
    let mut encounters: HashMap<EncounterId, Encounter> =
        store::encounters::by_ids(conn, tenant, &ids)?.into_iter().map(|e| (e.id, e)).collect();
    decisions
        .into_iter()
        .map(|decision| {
            let encounter = encounters.remove(&decision.encounter).ok_or_else(lost)?;
            Ok(Recorded { encounter, decision, fresh: true, revised: false })
        })
        .collect()
}

type Accounts = BTreeMap<AccountKey, AccountId>;

/// The accounts that visits draw on.
fn accounts<'a>(
    conn: &mut Conn,
    tenant: OrganizationId,
    facts: impl Iterator<Item = &'a Facts>,
) -> Result<Accounts, AppError> {
    let billed = facts.filter_map(|f| f.billed.as_ref());
    let keys: Vec<AccountKey> =
        billed.map(|b| AccountKey::payer_member(b.data.payer, &b.data.member_number)).collect();
    Ok(store::ledger::find_accounts(conn, tenant, &keys)?)
}

/// The decision about a visit with another share than before, and everything else as it was.
fn dealt_to(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    (encounter, lines): (Encounter, Vec<Line>),
    before: StoredDecision,
    facts: Facts,
    accounts: &Accounts,
) -> Result<Again, AppError> {
    let lost = || AppError::internal("a visit of a day's sum has no contract or coverage");
    let version = before.contract_version.ok_or_else(lost)?;
    let billed = facts.billed.as_ref().ok_or_else(lost)?;
    let billed = (billed.data.payer, billed.data.member_number.clone());
    let terms = ctx.terms(conn, tenant, version)?;
    let answer = rules::decide(Some(&terms), &facts, &encounter.data);
    let key = AccountKey::payer_member(billed.0, &billed.1);
    let account = accounts.get(&key).copied();
    let shared = shared_account(conn, tenant, &terms, billed.0, &billed.1)?;
    let case = Case { facts, version: Some(version), terms: Some(terms), account, shared };
    Ok(Again {
        encounter,
        revised: None,
        lines,
        before,
        case,
        answer,
        cause: Cause::DaySum,
        depth: 0,
    })
}

/// The account shared with other organizations, where the contract counts across them. It exists and
/// is locked: the visit that moved the day's units reached for it.
fn shared_account(
    conn: &mut Conn,
    tenant: OrganizationId,
    terms: &Terms,
    payer: PayerId,
    number: &MemberNumber,
) -> Result<Option<SharedAccountId>, AppError> {
    if !rules::has_scope(&terms.pack, LimitScope::Member) {
        return Ok(None);
    }
    let mode = organization(conn, tenant)?.data.mode;
    Ok(store::shared::find(conn, &SharedKey::new(mode, payer, number))?)
}
