//! Sums of a day's minutes, once decisions are stored: which visits count is recorded, and the
//! visits whose increments moved are decided again with the share that they were dealt
//! (`docs/definitions.md` section 3, "Sum before rounding").
//!
//! Such a decision keeps the facts of the visit's last one: nothing else is asked anew, and no
//! visit loses its place because another one arrived.

use std::collections::HashMap;

use super::encounters::end_lines;
use super::intake::Recorded;
use super::intake::bench::days::{Settlement, holding, names};
use super::intake::record::{book, reservations};
use super::{Ctx, meter};
use crate::domain::day_sum::{DaySum, Piece, Share, SumKey};
use crate::domain::encounter::Encounter;
use crate::domain::facts::{AuthorizationFact, Facts};
use crate::domain::ids::{DecisionId, EncounterId, OrganizationId};
use crate::domain::ledger::AccountKey;
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

/// Decides visits again with the shares that they are dealt.
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
        store::decisions::with_facts(conn, tenant, &decisions)?
            .into_iter()
            .map(|(d, f)| (d.encounter, (d, f)))
            .collect();
    let mut lines: HashMap<EncounterId, Vec<Line>> = HashMap::new();
    for line in store::decisions::current_lines(conn, tenant, &ids)? {
        lines.entry(line.encounter).or_default().push(line);
    }
    let lost = || AppError::internal("a visit of a day's sum has no decision");
    let mut made = Vec::with_capacity(moved.len());
    for (id, sum) in moved {
        let encounter = encounters.remove(id).ok_or_else(lost)?;
        let (decision, mut facts) = before.remove(id).ok_or_else(lost)?;
        let lines = lines.remove(id).unwrap_or_default();
        facts.day.get_or_insert_default().dealt = Some(sum.clone());
        made.push(deal_to(ctx, conn, tenant, encounter, &decision, &facts, &lines)?);
    }
    Ok(made)
}

fn deal_to(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounter: Encounter,
    before: &StoredDecision,
    facts: &Facts,
    lines: &[Line],
) -> Result<Recorded, AppError> {
    let lost = || AppError::internal("a visit of a day's sum has no contract or coverage");
    let version = before.contract_version.ok_or_else(lost)?;
    let billed = facts.billed.as_ref().ok_or_else(lost)?;
    let terms = ctx.terms(conn, tenant, version)?;
    let answer = rules::decide(Some(&terms), facts, &encounter.data);
    end_lines(ctx, conn, tenant, lines, LineStatus::Superseded)?;
    let (decision_id, sequence): (DecisionId, i32) = (ctx.id(), encounter.sequence + 1);
    let (payer, number) = (billed.data.payer, &billed.data.member_number);
    let fresh = lines_of(&answer, decision_id, encounter.id, Some(payer), || ctx.id());
    let decision = NewDecision {
        id: decision_id,
        encounter: encounter.id,
        sequence,
        cause: CAUSE,
        contract_version: Some(version),
        answer: &answer,
        facts,
    };
    store::decisions::insert_all(conn, tenant, &[decision])?;
    meter::decided(ctx, [&answer]);
    store::decisions::insert_lines(conn, tenant, &fresh)?;
    let key = AccountKey::payer_member(payer, number);
    let account = store::ledger::find_accounts(conn, tenant, std::slice::from_ref(&key))?;
    let entries = reservations(account.get(&key).copied(), &fresh)?;
    book(ctx, conn, tenant, ctx.now(), entries)?;
    let (id, billed) = (encounter.id, Some((payer, number)));
    let outcome = Outcome { id, decision: decision_id, sequence, answer: &answer, billed };
    store::encounters::set_outcome(conn, tenant, &outcome)?;
    let decision = StoredDecision {
        id: decision_id,
        encounter: id,
        sequence,
        contract_version: Some(version),
        as_of: facts.as_of,
        answer,
    };
    let encounter = store::encounters::by_id(conn, tenant, id)?;
    Ok(Recorded { encounter, decision, fresh: true, revised: false })
}
