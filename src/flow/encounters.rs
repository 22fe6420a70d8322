//! Step 1b: what happens to an encounter after it was recorded: read, decided again, voided; and
//! the question that stores nothing, a preview.

use super::again::{self, Again, Cause};
use super::audit::{self, Action, Detail};
use super::intake::bench::{Access, Bench, People};
use super::intake::records::Records;
use super::intake::{Parsed, Recorded, resolve};
use super::{Ctx, corrected, day_sums, sessions};
use crate::domain::dates::Zone;
use crate::domain::decision::Decision;
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::ids::{ClaimId, DecisionId, EncounterId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::organization::Organization;
use crate::domain::status::LineStatus;
use crate::error::{AppError, Code};
use crate::store::decisions::StoredDecision;
pub use crate::store::encounters::Filter;
use crate::store::encounters::status_of;
use crate::store::stamps::Stamp;
use crate::store::{self, Conn, Purpose, Scope};

/// The organization, or not found.
pub fn organization(conn: &mut Conn, id: OrganizationId) -> Result<Organization, AppError> {
    store::organizations::by_id(conn, id)?.ok_or_else(|| AppError::not_found("organization"))
}

/// The organization and the stamp of what is on record of it, or not found.
pub(super) fn with_stamp(
    conn: &mut Conn,
    id: OrganizationId,
) -> Result<(Organization, Option<Stamp>), AppError> {
    let found = store::organizations::with_stamp(conn, id)?;
    found.ok_or_else(|| AppError::not_found("organization"))
}

/// The encounter, or not found.
pub(super) fn find(
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
) -> Result<Encounter, AppError> {
    match store::encounters::by_id(conn, tenant, id) {
        Err(store::StoreError::NotFound) => Err(AppError::not_found("encounter")),
        other => Ok(other?),
    }
}

/// The organization's zone.
pub async fn zone(ctx: &Ctx, tenant: OrganizationId) -> Result<Zone, AppError> {
    let found = ctx.db.read(Scope::Tenant(tenant), move |conn| organization(conn, tenant)).await?;
    Ok(found.data.zone)
}

/// An encounter with its newest decision and its current lines.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The encounter.
    pub encounter: Encounter,
    /// The newest decision.
    pub decision: StoredDecision,
    /// The lines that count now.
    pub lines: Vec<Line>,
    /// The claim whose prepared replacement leaves it out.
    pub left_out_of: Option<ClaimId>,
}

/// What a wish to void a visit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voided {
    /// It is void.
    Now,
    /// The replacement of its claim will leave it out; it is void when that is built.
    LeftOut,
    /// Nothing was to be done.
    Already,
}

/// Encounters with their newest decisions and their current lines.
pub(super) fn with_decisions(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: Vec<Encounter>,
) -> Result<Vec<Seen>, AppError> {
    let ids: Vec<EncounterId> = list.iter().map(|e| e.id).collect();
    let wanted: Vec<DecisionId> = list.iter().map(|e| e.decision).collect();
    let mut decisions: std::collections::HashMap<DecisionId, StoredDecision> =
        store::decisions::by_ids(conn, tenant, &wanted)?.into_iter().map(|d| (d.id, d)).collect();
    let mut lines: std::collections::HashMap<EncounterId, Vec<Line>> =
        std::collections::HashMap::new();
    for line in store::decisions::current_lines(conn, tenant, &ids)? {
        lines.entry(line.encounter).or_default().push(line);
    }
    let leaving = corrected::leaving(conn, tenant, lines.values().flatten())?;
    list.into_iter()
        .map(|encounter| {
            let decision = decisions
                .remove(&encounter.decision)
                .ok_or_else(|| AppError::internal("an encounter has no current decision"))?;
            let lines = lines.remove(&encounter.id).unwrap_or_default();
            let left_out_of = leaving.get(&encounter.id).copied();
            Ok(Seen { encounter, decision, lines, left_out_of })
        })
        .collect()
}

/// One encounter.
pub async fn get(ctx: &Ctx, tenant: OrganizationId, id: EncounterId) -> Result<Seen, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let encounter = find(conn, tenant, id)?;
            with_decisions(conn, tenant, vec![encounter])?
                .pop()
                .ok_or_else(|| AppError::not_found("encounter"))
        })
        .await
}

/// A page of encounters.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    after: Option<EncounterId>,
    limit: i64,
) -> Result<Vec<Seen>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let page = store::encounters::list(conn, tenant, &filter, after, limit)?;
            with_decisions(conn, tenant, page)
        })
        .await
}

/// The people of some encounters.
pub(super) fn who(
    conn: &mut Conn,
    tenant: OrganizationId,
    list: &[&EncounterData],
) -> Result<People, AppError> {
    let (members, peers) = People::named(list);
    let members = store::members::by_ids(conn, tenant, &members)?;
    Ok(People::of(members, store::peers::by_ids(conn, tenant, &peers)?))
}

/// What is on a live claim stays as it is.
pub(super) fn refuse_claimed(lines: &[Line]) -> Result<(), AppError> {
    if lines.iter().any(|l| l.status.is_claimed()) {
        return Err(AppError::new(
            Code::AlreadyClaimed,
            "The encounter is on a live claim. Withdraw its batch while that is not released; \
             after release it changes by a replacement claim only.",
        ));
    }
    Ok(())
}

/// What was voided stays as it is.
pub(super) fn refuse_void(encounter: &Encounter) -> Result<(), AppError> {
    if encounter.voided_at.is_some() {
        let detail = "The encounter was voided; it stays as it is.";
        return Err(AppError::new(Code::WrongStatus, detail));
    }
    Ok(())
}

/// Of an encounter that was revised before the locks were ours, other people may have been locked
/// than it has now: the same request succeeds when it is tried again.
pub(super) fn refuse_moved(before: &Encounter, now: &Encounter) -> Result<(), AppError> {
    if before.revision == now.revision {
        return Ok(());
    }
    Err(AppError::new(Code::Busy, "The encounter was revised at the same moment; try again."))
}

/// The bench for deciding an encounter again, as it was and as it will be, with its accounts locked.
pub(super) fn bench_of(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    data: &[&EncounterData],
    id: EncounterId,
) -> Result<Bench, AppError> {
    let people = who(conn, organization.id, data)?;
    Bench::gather(ctx, conn, organization, people, data, Access::Lock, &[id])
}

/// Decides an encounter again with the facts of now, in the caller's transaction.
pub fn decide_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    why: Cause,
) -> Result<Recorded, AppError> {
    let organization = again::deciding(conn, tenant)?;
    let before = find(conn, tenant, id)?;
    let mut bench = bench_of(ctx, conn, &organization, &[&before.data], id)?;
    // Read again: somebody may have changed it before the lock was ours.
    let encounter = find(conn, tenant, id)?;
    refuse_moved(&before, &encounter)?;
    refuse_void(&encounter)?;
    let lines = store::decisions::current_lines(conn, tenant, &[id])?;
    refuse_claimed(&lines)?;
    let key = bench.sum_key(&encounter.data);
    if day_sums::leave_for(ctx, conn, tenant, id, key, 0)? {
        bench = bench_of(ctx, conn, &organization, &[&encounter.data], id)?;
    }
    let none = || AppError::internal("an encounter has no current decision");
    let before = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
    let mut before = before.ok_or_else(none)?;
    before.answer = before.booked(&lines);
    let (case, answer) = bench.decide_again(&encounter, &before.answer, ctx.now())?;
    let again =
        Again { encounter, revised: None, lines, before, case, answer, cause: why, depth: 0 };
    write_again(ctx, conn, tenant, bench, again)
}

/// Puts a new decision in the place of the current one, and stores what it makes of the sum of its
/// day and of its session.
pub(super) fn write_again(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    mut bench: Bench,
    again: Again,
) -> Result<Recorded, AppError> {
    let (id, depth, was) = (again.encounter.id, again.depth, again.encounter.data.group.clone());
    let data = again.data().clone();
    let none = || AppError::internal("a decision was not stored");
    let decision = again::write(ctx, conn, tenant, vec![again])?.pop().ok_or_else(none)?;
    bench.put(ctx, id, &data, &decision.answer);
    if data.group.is_none() && was.is_some() {
        store::sessions::unlink(conn, tenant, &[id])?;
    }
    bench.store_sessions(conn)?;
    let left = was.filter(|was| data.group.as_ref().is_none_or(|now| now.session != was.session));
    let mut others = bench.retold();
    if let Some(left) = left {
        others.extend(sessions::others(conn, tenant, &left.session)?);
    }
    again::retell(ctx, conn, tenant, depth, others)?;
    day_sums::settle(ctx, conn, tenant, &bench.settlement(), depth)?;
    let encounter = find(conn, tenant, id)?;
    Ok(Recorded { encounter, decision, fresh: true, revised: false })
}

/// Decides an encounter again because somebody asked, in the caller's transaction.
pub fn decide_as_asked(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
) -> Result<Recorded, AppError> {
    let recorded = decide_in(ctx, conn, tenant, id, Cause::Asked)?;
    let detail = Detail::default().about("decision", recorded.decision.id);
    audit::note(ctx, conn, Some(tenant), Action::EncounterDecide, id, detail)?;
    Ok(recorded)
}

/// Voids an encounter that is on no live claim; its units are given back, its reference stays used.
/// One on a claim whose replacement is prepared is left out of that.
pub fn void_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    reason: &str,
) -> Result<Seen, AppError> {
    let action = match void_visit(ctx, conn, tenant, id, reason)? {
        Voided::Now => Some(Action::EncounterVoid),
        Voided::LeftOut => Some(Action::EncounterLeaveOut),
        Voided::Already => None,
    };
    if let Some(action) = action {
        audit::note(ctx, conn, Some(tenant), action, id, Detail::default())?;
    }
    let encounter = find(conn, tenant, id)?;
    with_decisions(conn, tenant, vec![encounter])?
        .pop()
        .ok_or_else(|| AppError::not_found("encounter"))
}

/// The same, as a part of something larger that has its own entry in the trail.
pub(super) fn void_visit(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: EncounterId,
    reason: &str,
) -> Result<Voided, AppError> {
    let organization = again::deciding(conn, tenant)?;
    let before = find(conn, tenant, id)?;
    let people = who(conn, tenant, &[&before.data])?;
    // The bench is gathered for its locks: a void frees time and units that others may wait for.
    let bench =
        Bench::gather(ctx, conn, &organization, people, &[&before.data], Access::Stand, &[])?;
    let encounter = find(conn, tenant, id)?;
    refuse_moved(&before, &encounter)?;
    if encounter.voided_at.is_some() {
        return Ok(Voided::Already);
    }
    let lines = store::decisions::current_lines(conn, tenant, &[id])?;
    if lines.iter().any(|l| l.status.is_claimed()) {
        let fresh = corrected::leave_out(conn, tenant, id, reason)?;
        return Ok(if fresh { Voided::LeftOut } else { Voided::Already });
    }
    day_sums::leave(ctx, conn, tenant, id, 0)?;
    let ending: Vec<&Line> = lines.iter().collect();
    again::end_lines(ctx, conn, tenant, &ending, LineStatus::Void)?;
    store::encounters::set_void(conn, tenant, id, ctx.now(), reason)?;
    let mut touched = Vec::new();
    if lines.iter().any(|l| l.status == LineStatus::Ready) {
        touched = again::freed([&encounter]);
    }
    let all = bench.terms_of_all(ctx, conn)?;
    let decision = store::decisions::by_ids(conn, tenant, &[encounter.decision])?.pop();
    let mut others = Vec::new();
    if let Some(before) = decision {
        let (before, holders) = ((&encounter, &before.answer), &mut again::Holders::default());
        let gone = again::gone(conn, tenant, &all, before, holders)?;
        touched.extend(gone.own);
        others = gone.others;
    }
    touched.extend(again::uncounted(&all, &encounter.data));
    again::mark(ctx, conn, tenant, Cause::Freed, &touched)?;
    again::follow(ctx, conn, tenant, Cause::Freed, 0, &others)?;
    if let Some(group) = &encounter.data.group {
        let others = sessions::others(conn, tenant, &group.session)?;
        again::retell(ctx, conn, tenant, 0, others)?;
    }
    Ok(Voided::Now)
}

/// What the rules would say of an encounter; nothing is stored and nothing is locked.
pub async fn preview(ctx: &Ctx, tenant: OrganizationId, row: Parsed) -> Result<Decision, AppError> {
    let work = ctx.clone();
    ctx.db
        .run(Scope::Tenant(tenant), Purpose::ReadByKey, move |conn| {
            let (organization, stamp) = with_stamp(conn, tenant)?;
            let records = Records::kept(&work, &organization, stamp);
            let (mut rows, people) = resolve(records, conn, std::slice::from_ref(&row))?;
            let data = rows.pop().ok_or_else(|| AppError::internal("no row"))??;
            let bench = Bench::gather_from(records, conn, people, &[&data], Access::Look, &[])?;
            Ok(bench.for_preview().decide(&data, work.now())?.1)
        })
        .await
}

/// The status of an encounter right after a decision, for views.
pub fn fresh_status(decision: &Decision) -> crate::domain::status::EncounterStatus {
    status_of(decision.disposition)
}
