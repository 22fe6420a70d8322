//! A replacement or void that is withdrawn or rejected leaves everything as it was before it was
//! built: the lines return to the claim that stands.

use std::collections::BTreeSet;

use super::before::statuses;
use crate::domain::again::{Days, Touched};
use crate::domain::batch::StoredClaim;
use crate::domain::claim_change::{Before, ChangeState, ClaimChange};
use crate::domain::encounter::Encounter;
use crate::domain::ids::{DecisionId, EncounterId, LineId, OrganizationId, PeerId};
use crate::domain::ledger;
use crate::domain::line::Line;
use crate::domain::status::{EncounterStatus, LineStatus};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Ways, Wish, redo};
use crate::flow::batching::lock_visits;
use crate::flow::claims::encounter_ids;
use crate::flow::intake::draws::{Draws, book, draw, give_back as release};
use crate::store::encounters::Outcome;
use crate::store::{self, Conn};

/// The batch of a correction was withdrawn: it is prepared as before.
pub(in crate::flow) fn withdraw(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    change: &ClaimChange,
    claim: &StoredClaim,
) -> Result<(), AppError> {
    end(ctx, conn, tenant, change, claim, ChangeState::Withdrawn)?;
    let again = ClaimChange {
        id: ctx.id(),
        state: ChangeState::Prepared,
        built: None,
        ended_at: None,
        ..change.clone()
    };
    Ok(store::claim_changes::insert(conn, tenant, &again)?)
}

/// Ends a change whose claim holds its lines no longer.
pub(super) fn end(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    change: &ClaimChange,
    claim: &StoredClaim,
    to: ChangeState,
) -> Result<(), AppError> {
    let before = store::claim_changes::before(conn, tenant, change.id)?;
    let step = (change.state, to);
    if !store::claim_changes::advance(conn, tenant, change.id, step, ctx.now())? {
        return Err(super::changing("The correction was moved at the same moment."));
    }
    give_back(ctx, conn, tenant, change, claim, before)
}

/// Puts visits, lines and units back as they were before `claim` was built.
pub(in crate::flow) fn give_back(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    change: &ClaimChange,
    claim: &StoredClaim,
    before: Before,
) -> Result<(), AppError> {
    let joined = encounter_ids(std::slice::from_ref(claim));
    let own: BTreeSet<EncounterId> = before.visits.iter().map(|v| v.encounter).collect();
    let all: Vec<EncounterId> = own.iter().copied().chain(joined.into_keys()).collect();
    let all: Vec<EncounterId> = all.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let visits = lock_visits(ctx, conn, tenant, &all)?;
    let current = store::decisions::current_lines(conn, tenant, &all)?;
    let kept: BTreeSet<LineId> = before.lines.iter().map(|l| l.0).collect();
    let (mine, others): (Vec<Line>, Vec<Line>) =
        current.into_iter().partition(|l| own.contains(&l.encounter));
    let fresh: Vec<&Line> = mine.iter().filter(|l| !kept.contains(&l.id)).collect();
    let ids: Vec<LineId> = fresh.iter().map(|l| l.id).collect();
    release(ctx, conn, tenant, &ids)?;
    for from in [LineStatus::Ready, LineStatus::Held, LineStatus::Claimed, LineStatus::Submitted] {
        let ids: Vec<LineId> = fresh.iter().filter(|l| l.status == from).map(|l| l.id).collect();
        store::decisions::move_lines(conn, tenant, &ids, from, LineStatus::Superseded)?;
    }
    lines_as_before(ctx, conn, tenant, &before)?;
    visits_as_before(conn, tenant, &before)?;
    store::claim_changes::set_live(conn, tenant, change.claim, true)?;
    let late = free_others(ctx, conn, tenant, &others)?;
    again::let_go(ctx, conn, tenant, &late)?;
    let wish = |id: &EncounterId| Wish { encounter: *id, cause: Cause::Withdrawn, depth: 0 };
    let wishes: Vec<Wish> = late.iter().map(wish).collect();
    redo(ctx, conn, &visits.organization, &wishes, Ways::FORWARD)?;
    // What was corrected since it was claimed is on the list again. And what found room meanwhile
    // gives way, as long as it is on no claim.
    let mut touched: Vec<Touched> = own.into_iter().map(Touched::Encounter).collect();
    let number = |v: &Encounter| v.payer.zip(v.member_number.clone());
    let numbers: BTreeSet<_> = visits.encounters.values().filter_map(number).collect();
    // Whoever has the same number draws on the same units.
    let mut members = BTreeSet::from([claim.member]);
    members.extend(store::touched::members_of_numbers(conn, tenant, &numbers)?);
    touched.extend(members.into_iter().map(|member| Touched::Member(member, Days::ALL)));
    let peers: BTreeSet<PeerId> = visits.encounters.values().map(|e| e.data.peer).collect();
    touched.extend(peers.into_iter().map(|peer| Touched::Peer(peer, Days::ALL)));
    again::mark(ctx, conn, tenant, Cause::Withdrawn, &touched)
}

/// The lines of the claim as they were, with what they held.
fn lines_as_before(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    before: &Before,
) -> Result<(), AppError> {
    let ids: Vec<LineId> = before.lines.iter().map(|l| l.0).collect();
    let mut now = statuses(conn, tenant, &ids)?;
    // What was freed and not built goes back by the steps that a claim would have gone.
    let claims = |id: &LineId, was: LineStatus| {
        was == LineStatus::Submitted && now.get(id) == Some(&LineStatus::Ready)
    };
    let freed = before.lines.iter().filter(|(id, was)| claims(id, *was));
    let freed: Vec<LineId> = freed.map(|l| l.0).collect();
    store::decisions::move_lines(conn, tenant, &freed, LineStatus::Ready, LineStatus::Claimed)?;
    now.extend(freed.into_iter().map(|id| (id, LineStatus::Claimed)));
    for to in LineStatus::ALL {
        for from in LineStatus::ALL.iter().filter(|from| *from != to) {
            let moved: Vec<LineId> = before
                .lines
                .iter()
                .filter(|(id, was)| was == to && now.get(id) == Some(from))
                .map(|l| l.0)
                .collect();
            if !moved.is_empty() {
                store::decisions::move_lines(conn, tenant, &moved, *from, *to)?;
            }
        }
    }
    release(ctx, conn, tenant, &ids)?;
    for id in &ids {
        let on = before.held.iter().filter(|h| h.line == Some(*id) && h.authorization.is_some());
        let units: i64 = on.map(|h| h.reserved.saturating_add(h.consumed)).sum();
        // Somebody else's loss may have divided them otherwise meanwhile (docs/adr/0170).
        store::divisions::set_authorized(conn, tenant, *id, u32::try_from(units).unwrap_or(0))?;
    }
    let draws = Draws { own: before.held.clone(), shared: before.shared.clone() };
    draw(ctx, conn, tenant, ctx.now(), draws)
}

/// The visits of the claim under the decisions by which they were claimed.
fn visits_as_before(
    conn: &mut Conn,
    tenant: OrganizationId,
    before: &Before,
) -> Result<(), AppError> {
    let ids: Vec<EncounterId> = before.visits.iter().map(|v| v.encounter).collect();
    let now = store::encounters::by_ids(conn, tenant, &ids)?;
    let decisions: Vec<DecisionId> = before.visits.iter().map(|v| v.decision).collect();
    let decided = store::decision_facts::with_facts(conn, tenant, &decisions)?;
    let lost = || AppError::internal("a decision of a claimed visit is gone");
    for visit in &before.visits {
        let (decision, facts) =
            decided.iter().find(|(d, _)| d.id == visit.decision).ok_or_else(lost)?;
        let encounter = now.iter().find(|e| e.id == visit.encounter).ok_or_else(lost)?;
        let outcome = Outcome {
            id: visit.encounter,
            decision: visit.decision,
            // Later decisions keep their numbers; the next one comes after them.
            sequence: encounter.sequence,
            answer: &decision.answer,
            billed: visit.payer.zip(visit.member_number.as_ref()),
        };
        store::encounters::set_outcome(conn, tenant, &outcome)?;
        store::encounters::revive(conn, tenant, visit.encounter)?;
        store::encounters::set_status(conn, tenant, &[visit.encounter], visit.status)?;
        store::holds::again(conn, tenant, decision, facts)?;
    }
    store::day_visits::remove(conn, tenant, &ids)?;
    Ok(store::day_visits::put(conn, tenant, &before.days)?)
}

/// Visits that joined the correction are ready by themselves again.
fn free_others(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    lines: &[Line],
) -> Result<Vec<EncounterId>, AppError> {
    for from in [LineStatus::Claimed, LineStatus::Submitted] {
        let ids: Vec<LineId> = lines.iter().filter(|l| l.status == from).map(|l| l.id).collect();
        store::decisions::move_lines(conn, tenant, &ids, from, LineStatus::Ready)?;
        let held = store::ledger::holdings(conn, tenant, &ids)?;
        let consumed = held.into_iter().filter(|e| e.consumed != 0).map(ledger::unconsume);
        book(ctx, conn, tenant, ctx.now(), consumed.collect())?;
    }
    let ids: BTreeSet<EncounterId> = lines.iter().map(|l| l.encounter).collect();
    let ids: Vec<EncounterId> = ids.into_iter().collect();
    store::encounters::set_status(conn, tenant, &ids, EncounterStatus::Ready)?;
    Ok(ids)
}
