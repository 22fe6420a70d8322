//! Claimed visits are never changed silently: what would be billed for them today is compared with
//! what was, and a difference goes on the correction list until it is gone.
//!
//! Units already claimed are never taken back. Where there is no longer room for all, those give way first
//! of which nobody was told yet, ready ones before claimed ones, and among alike ones the latest: each is judged
//! beside those that do not give way to it.

use std::collections::{BTreeSet, HashSet};

use super::mark::follow;
use super::redo::Standing;
use super::write::freed;
use crate::domain::again::{Cause, Place, Touched};
use crate::domain::correction::{Billing, Correction, Difference, lost};
use crate::domain::day_sum::SummedState;
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{
    ClaimId, CorrectionId, EncounterId, LineId, MemberId, OrganizationId, PayerId, PeerId,
};
use crate::domain::kept::Kept;
use crate::domain::organization::Organization;
use crate::domain::status::EncounterStatus;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::encounters::who;
use crate::flow::intake::bench::{Access, Bench, Case};
use crate::flow::intake::draws::{Draws, draw};
use crate::store::decisions::StoredDecision;
use crate::store::{self, Conn};

/// What was found about a claimed visit.
pub(super) struct Examined {
    encounter: EncounterId,
    claim: ClaimId,
    cause: Cause,
    billed: Billing,
    today: Billing,
    differs: bool,
    /// Units that belong to another account now.
    moves: Draws,
}

fn billed(case: &Case) -> Option<(PayerId, &MemberNumber)> {
    case.facts.billed.as_ref().map(|b| (b.data.payer, &b.data.member_number))
}

/// Compares what was billed for a claimed visit with what would be billed today.
pub(super) fn examine(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    bench: &mut Bench,
    one: &Standing,
    claim: ClaimId,
) -> Result<Examined, AppError> {
    let encounter = &one.encounter;
    let lifted = bench.lift(encounter.id, &encounter.data);
    let (case, answer) = decide(bench, one)?;
    bench.restore(lifted);
    let was = encounter.payer.zip(encounter.member_number.as_ref());
    let before = Billing::of(&one.decision.answer, was);
    let mut today = billed_today(one, &case, &answer);
    let mut differences = before.differs(&today);
    let fewer = today.units() < before.units();
    if fewer || (today.units() == before.units() && differs_in_grant(&differences)) {
        // Perhaps only because visits that would give way to it hold what this one was given.
        let (case, answer) = beside_others(ctx, conn, organization, one)?;
        let alone = billed_today(one, &case, &answer);
        let more = alone.units() > before.units();
        // Of two ways to deal out what there is, the one that bills more is what would be billed.
        if alone.units() >= today.units() && (fewer || !more) {
            today = alone;
            differences = before.differs(&today);
        }
        if fewer && more {
            let room = |d: &Difference| !matches!(d, Difference::Units | Difference::Charge);
            differences.retain(room);
        }
    }
    let moves = moves(conn, organization.id, one, &case)?;
    Ok(Examined {
        encounter: encounter.id,
        claim,
        cause: one.wish.cause,
        billed: before,
        today,
        differs: !differences.is_empty(),
        moves,
    })
}

/// What would be billed by an answer, and which authorizations of the claim are good no more beside it.
fn billed_today(one: &Standing, case: &Case, answer: &Decision) -> Billing {
    let (authorizations, usage) = (&case.facts.authorizations, &case.facts.usage);
    let lost = lost(&one.decision.answer, authorizations, usage);
    Billing { lost, ..Billing::of(answer, billed(case)) }
}

fn differs_in_grant(differences: &[Difference]) -> bool {
    differences.contains(&Difference::Authorization)
}

fn decide(bench: &Bench, one: &Standing) -> Result<(Case, Decision), AppError> {
    as_if_free(bench, &one.encounter.data, &one.decision)
}

/// What would be said of a claimed visit whose own drawings are not on the bench: as of the moment at
/// which it was decided, as a deadline that was met is not missed later; and as if its period and its day were not
/// claimed, which they are by its own claim, and perhaps by another one of the same batch that had no more room in
/// it.
pub(in crate::flow) fn as_if_free(
    bench: &Bench,
    data: &EncounterData,
    decision: &StoredDecision,
) -> Result<(Case, Decision), AppError> {
    let mut case = bench.case(data, decision.as_of)?;
    case.facts.claimed.clear();
    case.facts.kept = Kept::of(&decision.answer);
    let others = case.facts.day.iter_mut().flat_map(|day| &mut day.others);
    for other in others.filter(|o| o.state == SummedState::Claimed) {
        other.state = SummedState::Counted;
    }
    Ok(bench.judge(data, case))
}

/// The decision as if no visit held anything that would give way to this one.
pub(super) fn beside_others(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    one: &Standing,
) -> Result<(Case, Decision), AppError> {
    let data = &one.encounter.data;
    let bench = beside_told(ctx, conn, organization, data, (one.place(), one.encounter.status))?;
    decide(&bench, one)
}

/// A bench on which no visit holds anything that would give way to a claimed one, nor it itself.
pub(in crate::flow) fn beside_told(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    data: &EncounterData,
    (place, status): (Place, EncounterStatus),
) -> Result<Bench, AppError> {
    let giving = store::touched::giving_way(conn, organization.id, data, (place, status))?;
    let mut apart = giving.later;
    apart.push(place.id);
    let people = who(conn, organization.id, &[data])?;
    let mut bench = Bench::gather(ctx, conn, organization, people, &[data], Access::Look, &apart)?;
    // What they hold, and not that they took place: a later visit may stand on that.
    bench.give_back(conn, &[data], &giving.earlier)?;
    Ok(bench)
}

/// Under another number of the same payer, units are counted in another account, and in another of
/// those that organizations share. A corrected number has moved them already (`numbers`); here it is
/// the day that is another, when the organization's zone was corrected.
fn moves(
    conn: &mut Conn,
    tenant: OrganizationId,
    one: &Standing,
    case: &Case,
) -> Result<Draws, AppError> {
    let (was, now) = (one.encounter.payer, billed(case).map(|b| b.0));
    let mut moves = Draws::default();
    let Some(account) = case.account.filter(|_| was == now) else { return Ok(moves) };
    let claimed = one.lines.iter().filter(|l| l.status.is_claimed());
    let ids: Vec<LineId> = claimed.map(|l| l.id).collect();
    for entry in store::ledger::holdings(conn, tenant, &ids)? {
        moves.move_to(account, entry);
    }
    let Some(account) = case.shared else { return Ok(moves) };
    for entry in store::shared::holdings(conn, tenant, &ids)? {
        moves.move_to_shared(account, entry);
    }
    Ok(moves)
}

/// Opens, changes and ends corrections by what was found, and moves units.
pub(super) fn keep(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    standing: &[Standing],
    examined: Vec<Examined>,
) -> Result<(), AppError> {
    let ids: Vec<EncounterId> = standing.iter().map(|s| s.encounter.id).collect();
    let mut open = store::corrections::open_of(conn, tenant, &ids)?;
    let now = ctx.now();
    let (mut fresh, mut moved, mut drawn) = (Vec::new(), Vec::new(), Draws::default());
    for found in examined {
        if !found.moves.own.is_empty() || !found.moves.shared.is_empty() {
            moved.push(found.encounter);
            drawn.extend(found.moves);
        }
        if !found.differs {
            continue;
        }
        if let Some(known) = open.remove(&found.encounter) {
            if known.today != found.today {
                store::corrections::set_today(conn, tenant, known.id, &found.today, now)?;
            }
            continue;
        }
        fresh.push(Correction {
            id: ctx.id(),
            encounter: found.encounter,
            claim: found.claim,
            cause: found.cause,
            billed: found.billed,
            today: found.today,
            opened_at: now,
            changed_at: now,
            resolved_at: None,
        });
    }
    store::corrections::insert_all(conn, tenant, &fresh)?;
    // What is left open here differs no longer, or is on no claim any more.
    let gone: Vec<CorrectionId> = open.into_values().map(|c| c.id).collect();
    store::corrections::resolve(conn, tenant, &gone, now)?;
    draw(ctx, conn, tenant, now, drawn)?;
    let of_moved = standing.iter().filter(|s| moved.contains(&s.encounter.id));
    let touched: Vec<Touched> = freed(of_moved.map(|s| &s.encounter));
    follow(ctx, conn, tenant, Cause::Freed, 1, &touched)
}

/// Visits that are on a claim no longer: nothing is left to correct, and what changed while they
/// were claimed is decided now.
pub fn let_go(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounters: &[EncounterId],
) -> Result<(), AppError> {
    let open = store::corrections::open_of(conn, tenant, encounters)?;
    let ids: Vec<CorrectionId> = open.values().map(|c| c.id).collect();
    store::corrections::resolve(conn, tenant, &ids, ctx.now())?;
    told_otherwise(ctx, conn, tenant, encounters, open.into_keys().collect())
}

/// More or less was told of these visits than before, so that others give way to them, or they to others: where
/// something of the same members or peers is to be corrected, that and these visits are decided again, with what
/// is `touched` anyway.
pub fn told_otherwise(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    encounters: &[EncounterId],
    mut touched: BTreeSet<EncounterId>,
) -> Result<(), AppError> {
    let open = store::corrections::open_visits(conn, tenant)?;
    if !open.is_empty() {
        let mut moved = store::encounters::by_ids(conn, tenant, encounters)?;
        let members: HashSet<MemberId> = open.iter().map(|visit| visit.1).collect();
        let peers: HashSet<PeerId> = open.iter().map(|visit| visit.2).collect();
        moved.retain(|e| members.contains(&e.data.member) || peers.contains(&e.data.peer));
        let members: HashSet<MemberId> = moved.iter().map(|e| e.data.member).collect();
        let peers: HashSet<PeerId> = moved.iter().map(|e| e.data.peer).collect();
        let beside = open.iter().filter(|(_, m, p)| members.contains(m) || peers.contains(p));
        touched.extend(beside.map(|visit| visit.0));
        touched.extend(moved.iter().map(|e| e.id));
    }
    let touched: Vec<Touched> = touched.into_iter().map(Touched::Encounter).collect();
    follow(ctx, conn, tenant, Cause::Withdrawn, 0, &touched)
}
