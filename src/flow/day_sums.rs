//! Sums of a day's minutes, once decisions are stored: which visits count is recorded, and the
//! visits whose increments moved are decided again with the share that they were dealt
//! (`docs/definitions.md` section 3, "Sum before rounding").
//!
//! Such a decision keeps the facts of the visit's last one: nothing else is asked anew, and no
//! visit loses its place because another one arrived.

use std::collections::HashMap;
use std::sync::Arc;

use super::Ctx;
use super::encounters::{end_lines, organization};
use super::intake::Recorded;
use super::intake::bench::days::{Settlement, holding, names};
use super::intake::record::{DrawnOn, Draws, draw, draws};
use crate::domain::contract::{LimitScope, Terms};
use crate::domain::day_sum::{DaySum, Piece, Share, SumKey};
use crate::domain::decision::Decision;
use crate::domain::encounter::Encounter;
use crate::domain::facts::{AuthorizationFact, Facts};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{
    ContractVersionId, DecisionId, EncounterId, OrganizationId, PayerId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::line::{Line, lines_of};
use crate::domain::rules;
use crate::domain::status::LineStatus;
use crate::error::AppError;
use crate::store::decisions::{NewDecision, StoredDecision};
use crate::store::encounters::Outcome;
use crate::store::{self, Conn};

/// Why a visit is decided again that another one's arrival or leaving gave another share.
const CAUSE: &str = "day_sum";

/// Stores what decisions made of sums; the decisions that were made anew by it.
pub(super) fn settle(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    settlement: &Settlement,
) -> Result<Vec<Recorded>, AppError> {
    store::day_visits::remove(conn, tenant, &settlement.left_out)?;
    store::day_visits::put(conn, tenant, &settlement.counted)?;
    deal_out(ctx, conn, tenant, &settlement.moved)
}

/// Takes a visit out of the sum in which it counts, before its lines end; its units go to the
/// others as far as their minutes make them. Nothing when it counts in none.
pub(super) fn leave(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
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
    let differs = |now: &&Share| {
        let before = shares.iter().find(|s| s.encounter == now.encounter);
        sum.units == 0 || before.is_none_or(|b| b.ready != now.ready || b.held != now.held)
    };
    let moved: Vec<(EncounterId, DaySum)> = sum
        .visits
        .iter()
        .filter(differs)
        .filter_map(|s| Some((s.encounter?, sum.told_of(s.encounter?))))
        .collect();
    deal_out(ctx, conn, tenant, &moved).map(|_| ())
}

/// Takes a visit out of the sum in which it counts, if that is another than the one of `key`, to
/// which it belongs from now on. Whether it did: what decisions look at is another then.
pub(super) fn leave_for(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    key: Option<SumKey>,
) -> Result<bool, AppError> {
    let counted = store::day_visits::by_ids(conn, tenant, &[id])?.pop();
    let leaves = counted.is_some_and(|visit| Some(visit.key) != key);
    if leaves {
        leave(ctx, conn, tenant, id)?;
    }
    Ok(leaves)
}

/// A visit with the decision that its new share gives.
struct Dealt {
    encounter: Encounter,
    id: DecisionId,
    sequence: i32,
    version: ContractVersionId,
    terms: Arc<Terms>,
    billed: (PayerId, MemberNumber),
    facts: Facts,
    answer: Decision,
}

/// Decides visits again with the shares that they are dealt, all of them with the same statements.
fn deal_out(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    moved: &[(EncounterId, DaySum)],
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
    let lost = || AppError::internal("a visit of a day's sum has no decision");
    let mut dealt = Vec::with_capacity(moved.len());
    for (id, sum) in moved {
        let encounter = encounters.remove(id).ok_or_else(lost)?;
        let (decision, mut facts) = before.remove(id).ok_or_else(lost)?;
        facts.day.get_or_insert_default().dealt = Some(sum.clone());
        dealt.push(decide_share(ctx, conn, tenant, encounter, &decision, facts)?);
    }
    write(ctx, conn, tenant, &ids, dealt)
}

fn decide_share(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounter: Encounter,
    before: &StoredDecision,
    facts: Facts,
) -> Result<Dealt, AppError> {
    let lost = || AppError::internal("a visit of a day's sum has no contract or coverage");
    let version = before.contract_version.ok_or_else(lost)?;
    let billed = facts.billed.as_ref().ok_or_else(lost)?;
    let billed = (billed.data.payer, billed.data.member_number.clone());
    let terms = ctx.terms(conn, tenant, version)?;
    let answer = rules::decide(Some(&terms), &facts, &encounter.data);
    let (id, sequence) = (ctx.id(), encounter.sequence + 1);
    Ok(Dealt { encounter, id, sequence, version, terms, billed, facts, answer })
}

fn write(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[EncounterId],
    dealt: Vec<Dealt>,
) -> Result<Vec<Recorded>, AppError> {
    let ended = store::decisions::current_lines(conn, tenant, ids)?;
    end_lines(ctx, conn, tenant, &ended, LineStatus::Superseded)?;
    let decisions: Vec<NewDecision<'_>> = dealt
        .iter()
        .map(|d| NewDecision {
            id: d.id,
            encounter: d.encounter.id,
            sequence: d.sequence,
            cause: CAUSE,
            contract_version: Some(d.version),
            answer: &d.answer,
            facts: &d.facts,
        })
        .collect();
    store::decisions::insert_all(conn, tenant, &decisions)?;
    let key = |d: &Dealt| AccountKey::payer_member(d.billed.0, &d.billed.1);
    let keys: Vec<AccountKey> = dealt.iter().map(key).collect();
    let accounts = store::ledger::find_accounts(conn, tenant, &keys)?;
    let (mut lines, mut drawn) = (Vec::new(), Draws::default());
    for d in &dealt {
        let fresh = lines_of(&d.answer, d.id, d.encounter.id, Some(d.billed.0), || ctx.id());
        let account = accounts.get(&key(d)).copied();
        let shared = shared_account(conn, tenant, &d.terms, d.billed.0, &d.billed.1)?;
        let on = DrawnOn { account, shared, terms: Some(&d.terms) };
        drawn.extend(draws(on, &d.encounter.data, &fresh)?);
        lines.extend(fresh);
    }
    store::decisions::insert_lines(conn, tenant, &lines)?;
    draw(ctx, conn, tenant, ctx.now(), drawn)?;
    for d in &dealt {
        let billed = Some((d.billed.0, &d.billed.1));
        let (id, decision, sequence) = (d.encounter.id, d.id, d.sequence);
        let outcome = Outcome { id, decision, sequence, answer: &d.answer, billed };
        store::encounters::set_outcome(conn, tenant, &outcome)?;
    }
    recorded(conn, tenant, ids, dealt)
}

/// The visits as they now stand, with their new decisions.
fn recorded(
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[EncounterId],
    dealt: Vec<Dealt>,
) -> Result<Vec<Recorded>, AppError> {
    let mut now: HashMap<EncounterId, Encounter> =
        store::encounters::by_ids(conn, tenant, ids)?.into_iter().map(|e| (e.id, e)).collect();
    let lost = || AppError::internal("a visit of a day's sum is gone");
    dealt
        .into_iter()
        .map(|d| {
            let encounter = now.remove(&d.encounter.id).ok_or_else(lost)?;
            let decision = StoredDecision {
                id: d.id,
                encounter: encounter.id,
                sequence: d.sequence,
                contract_version: Some(d.version),
                as_of: d.facts.as_of,
                answer: d.answer,
            };
            Ok(Recorded { encounter, decision, fresh: true, revised: false })
        })
        .collect()
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
