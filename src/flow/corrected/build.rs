//! Prepared replacements and voids become claims, in a batch of their own.

use std::collections::{BTreeSet, HashMap};

use super::before::before;
use super::fits::{Stop, fitting, nothing_held, twice, writable};
use super::{give_back, number};
use crate::domain::batch::{Batch, StoredClaim, StoredClaimLine};
use crate::domain::claim::ClaimNumber;
use crate::domain::claim_change::{Before, ChangeKind, ChangeState, ClaimChange};
use crate::domain::grouping::{self, Group};
use crate::domain::ids::{
    BatchId, ClaimId, ContractVersionId, EncounterId, LineId, OrganizationId,
};
use crate::domain::ledger;
use crate::domain::organization::Organization;
use crate::domain::status::{ClaimStatus, EncounterStatus, LineStatus};
use crate::error::AppError;
use crate::flow::again::{self, Cause, Ways, Wish, redo};
use crate::flow::audit::{self, Action, Detail};
use crate::flow::batching::{Wanted, check_mode, form, lock_visits, of_file};
use crate::flow::claimable::claimables;
use crate::flow::claims::{Of, claim, encounter_ids};
use crate::flow::encounters::void_visit;
use crate::flow::intake::draws::book;
use crate::flow::submit::{Draft, write_file};
use crate::flow::{Ctx, late_visits, meter};
use crate::store::holds::HeldVisit;
use crate::store::{self, Conn, acknowledged, in_savepoint};

/// Most claims of a batch of corrections: each is decided for itself.
const MOST: i64 = 500;

/// A change with the claim that it became.
struct Made {
    change: ClaimChange,
    claim: StoredClaim,
    before: Before,
}

/// Makes a batch of what is prepared for a payer, and says whether more is; none when nothing is, or
/// nothing of it can be built.
pub(in crate::flow) fn build_batch(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    most: i64,
) -> Result<Option<(Batch, bool)>, AppError> {
    let Some((organization, list, more)) = due(ctx, conn, tenant, wanted, most.min(MOST))? else {
        return Ok(None);
    };
    let batch: BatchId = ctx.id();
    let (mut made, mut later): (Vec<Made>, bool) = (Vec::new(), more);
    for (change, claim) in list {
        let replaced = |m: &&Made| m.change.kind == ChangeKind::Replacement;
        let made_of: Vec<&StoredClaim> = made.iter().filter(replaced).map(|m| &m.claim).collect();
        if change.kind == ChangeKind::Replacement && twice(ctx, conn, tenant, &made_of, &claim)? {
            later = true;
            continue;
        }
        let like = made.first().map(|m: &Made| m.claim.contract_version);
        let ordinal = i32::try_from(made.len()).unwrap_or(i32::MAX).saturating_add(1);
        let place = (batch, ordinal, like);
        let work = |conn: &mut Conn| one(ctx, conn, &organization, place, change.clone(), &claim);
        match in_savepoint(conn, work) {
            Ok(one) => made.push(one),
            Err(Stop::Later) => later = true,
            Err(Stop::Problem(why)) => {
                store::claim_changes::set_problem(conn, tenant, change.id, &why)?;
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    let done = finish(ctx, conn, &organization, wanted, batch, made)?;
    Ok(done.map(|(batch, left)| (batch, left || later)))
}

/// What is prepared, each with its claim.
type Due = Vec<(ClaimChange, StoredClaim)>;

/// What is prepared for a payer up to a day, with its visits locked, and whether more is.
fn due(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    most: i64,
) -> Result<Option<(Organization, Due, bool)>, AppError> {
    let one_more = most.saturating_add(1);
    let mut asked = store::claim_changes::prepared(conn, tenant, wanted, one_more)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = asked.len() > most;
    asked.truncate(most);
    let asked: Vec<ClaimId> = asked.into_iter().map(|change| change.claim).collect();
    let claims = store::claims::by_ids(conn, tenant, &asked)?;
    if claims.is_empty() {
        return Ok(None);
    }
    // Answers to these claims wait, or are there already; in the order in which these lock.
    let batches: BTreeSet<BatchId> = claims.iter().map(|c| c.batch).collect();
    let batches: Vec<BatchId> = batches.into_iter().collect();
    acknowledged::lock(conn, tenant, &batches)?;
    let ids: Vec<EncounterId> = encounter_ids(&claims).into_keys().collect();
    // All at once, so that two builds wait for each other in one order.
    let organization = lock_visits(ctx, conn, tenant, &ids)?.organization;
    let list = still_asked(ctx, conn, tenant, &asked)?;
    if list.is_empty() {
        return Ok(None);
    }
    check_mode(conn, &organization, wanted.payer)?;
    Ok(Some((organization, list, more)))
}

/// What is prepared of these claims now that their locks are held: a visit may have been left out
/// meanwhile, the change taken back, or the claim rejected.
fn still_asked(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    asked: &[ClaimId],
) -> Result<Due, AppError> {
    let open = store::claim_changes::open_of_all(conn, tenant, asked)?;
    let claims = store::claims::by_ids(conn, tenant, asked)?;
    let mut claims: HashMap<ClaimId, StoredClaim> =
        claims.into_iter().map(|claim| (claim.id, claim)).collect();
    let mut list = Vec::with_capacity(asked.len());
    for id in asked {
        let prepared = |c: &&ClaimChange| c.claim == *id && c.state == ChangeState::Prepared;
        let Some(change) = open.iter().find(prepared) else { continue };
        let Some(claim) = claims.remove(id) else { continue };
        if claim.status.is_with_payer() {
            list.push((change.clone(), claim));
        } else {
            // Rejected since: its visits are billed anew by themselves.
            let step = (ChangeState::Prepared, ChangeState::Cancelled);
            store::claim_changes::advance(conn, tenant, change.id, step, ctx.now())?;
        }
    }
    Ok(list)
}

/// Keeps why what is prepared cannot be built, where a build found nothing else to make and is undone.
pub(in crate::flow) fn note_problems(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
) -> Result<(), AppError> {
    let Some((organization, list, _)) = due(ctx, conn, tenant, wanted, MOST)? else {
        return Ok(());
    };
    for (change, claim) in list {
        let place = (ctx.id(), 1, None);
        let tried = in_savepoint(conn, |conn: &mut Conn| {
            one(ctx, conn, &organization, place, change.clone(), &claim)?;
            // Only asked: all of it is undone.
            Err::<(), Stop>(Stop::Later)
        });
        match tried {
            Err(Stop::Problem(why)) => {
                store::claim_changes::set_problem(conn, tenant, change.id, &why)?;
            }
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Later) | Ok(()) => {}
        }
    }
    Ok(())
}

/// One change, alone; what it did is undone when it stops.
fn one(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    (batch, ordinal, like): (BatchId, i32, Option<ContractVersionId>),
    change: ClaimChange,
    of: &StoredClaim,
) -> Result<Made, Stop> {
    let tenant = organization.id;
    let named = number(ctx, conn, tenant, of)?.ok_or_else(|| {
        Stop::Problem("the payer's number of the claim is not known any more".to_owned())
    })?;
    let before = before(conn, tenant, of)?;
    let place = (batch, ordinal);
    let mut claim = match change.kind {
        ChangeKind::Replacement => {
            store::claim_changes::set_live(conn, tenant, of.id, false)?;
            let with = |conn: &mut Conn, late: &[HeldVisit]| {
                let work =
                    |conn: &mut Conn| replaced(ctx, conn, organization, place, (&change, of), late);
                in_savepoint(conn, work)
            };
            let late = late_visits::waiting(ctx, conn, tenant, std::slice::from_ref(of))?;
            match with(conn, &late) {
                Err(Stop::Problem(_)) if !late.is_empty() => {
                    let some = fitting(conn, &late, with)?;
                    with(conn, &some)?
                }
                made => made?,
            }
        }
        ChangeKind::Void => voided(ctx, place, of),
    };
    if let Some(like) = like {
        let (a, b) = (ctx.terms(conn, tenant, like)?, claim.contract_version);
        if of_file(&a) != of_file(&*ctx.terms(conn, tenant, b)?) {
            return Err(Stop::Later);
        }
    }
    claim.detail.frequency = change.kind.frequency();
    claim.detail.payer_control = Some(named);
    // What the claim before said in words was about that one.
    claim.detail.note = change.own_note();
    writable(ctx, conn, organization, &claim)?;
    Ok(Made { change, claim, before })
}

/// The claim as it was, to be reversed; its lines stay submitted.
fn voided(ctx: &Ctx, (batch, ordinal): (BatchId, i32), of: &StoredClaim) -> StoredClaim {
    let id: ClaimId = ctx.id();
    let mut document = of.document.clone();
    document.number = ClaimNumber::of(id);
    for (line, ordinal) in document.lines.iter_mut().zip(1..) {
        line.control = document.number.line(ordinal);
    }
    let again = |line: &StoredClaimLine| StoredClaimLine { id: ctx.id(), ..line.clone() };
    StoredClaim {
        id,
        batch,
        ordinal,
        status: ClaimStatus::Batched,
        document,
        lines: of.lines.iter().map(again).collect(),
        control: None,
        ..of.clone()
    }
}

/// The claim anew: its visits as they read now, without those that are left out, and with some that waited
/// because they came after it.
fn replaced(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    place: (BatchId, i32),
    (change, of): (&ClaimChange, &StoredClaim),
    late: &[HeldVisit],
) -> Result<StoredClaim, Stop> {
    let tenant = organization.id;
    let parts = encounter_ids(std::slice::from_ref(of));
    let own: Vec<EncounterId> = parts.keys().copied().collect();
    free(ctx, conn, tenant, parts.into_values().flatten().collect(), &own)?;
    for left in &change.left_out {
        void_visit(ctx, conn, tenant, left.encounter, &left.reason)?;
    }
    let ids: Vec<EncounterId> =
        own.iter().copied().chain(late.iter().map(|v| v.encounter)).collect();
    let wish = |id: &EncounterId| Wish { encounter: *id, cause: Cause::Replaced, depth: 0 };
    let wishes: Vec<Wish> = ids.iter().map(wish).collect();
    let aside = late_visits::alike(ctx, conn, tenant, of)?;
    redo(ctx, conn, organization, &wishes, Ways { aside: &aside, ..Ways::BOTH })?;
    let group = group(ctx, conn, tenant, (change, of), &own, ids)?;
    let visits =
        lock_visits(ctx, conn, tenant, &grouping::encounters(std::slice::from_ref(&group)))?;
    let terms = ctx.terms(conn, tenant, group.contract_version)?;
    let (batch, ordinal) = place;
    Ok(claim(ctx, &visits, Of { batch, payer: of.payer, terms: &terms }, ordinal, &group)?)
}

/// Lines of a claim that the payer has are ready again.
fn free(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    lines: Vec<LineId>,
    visits: &[EncounterId],
) -> Result<(), AppError> {
    let (from, to) = (LineStatus::Submitted, LineStatus::Ready);
    store::decisions::move_lines(conn, tenant, &lines, from, to)?;
    store::encounters::set_status(conn, tenant, visits, EncounterStatus::Ready)?;
    let held = store::ledger::holdings(conn, tenant, &lines)?;
    book(ctx, conn, tenant, ctx.now(), held.into_iter().map(ledger::unconsume).collect())
}

/// The one claim that the visits make.
fn group(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    (change, of): (&ClaimChange, &StoredClaim),
    own: &[EncounterId],
    mut ids: Vec<EncounterId>,
) -> Result<Group, Stop> {
    ids.sort_unstable();
    ids.dedup();
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    let decisions: Vec<_> = visits.encounters.values().map(|e| e.decision).collect();
    let versions = store::decisions::by_ids(conn, tenant, &decisions)?
        .into_iter()
        .filter_map(|d| Some((d.encounter, d.contract_version?)))
        .collect();
    let mut lines = store::decisions::current_lines(conn, tenant, &ids)?;
    lines.retain(|l| l.status == LineStatus::Ready && l.payer == Some(of.payer));
    let nothing = || {
        let why = "nothing of the claim can be billed any more: void it instead (with visits = bill_again, where \
                   they are held for another claim that they belong on now)";
        Stop::Problem(why.to_owned())
    };
    let claimables = claimables(ctx, conn, tenant, &visits, lines, &versions)?;
    let first = claimables.iter().find(|c| own.contains(&c.line.encounter)).ok_or_else(nothing)?;
    let terms = ctx.terms(conn, tenant, first.contract_version)?;
    let states = |g: &Group| {
        let mut parts = g.lines.iter().flat_map(|l| &l.parts);
        parts.any(|p| own.contains(&p.encounter))
    };
    let mut groups = grouping::group(claimables, form(&terms));
    groups.retain(states);
    let group = groups.pop().ok_or_else(nothing)?;
    if !change.without_held {
        nothing_held(own, &visits, &group)?;
    }
    let on_claim = grouping::encounters(std::slice::from_ref(&group));
    let left = visits.encounters.values().any(|e| {
        e.status == EncounterStatus::Ready && !own.contains(&e.id) && !on_claim.contains(&e.id)
    });
    if left {
        return Err(Stop::Problem("what came later has no room on the claim".to_owned()));
    }
    if !groups.is_empty() || group.member != of.member {
        let why = "its visits no longer fit on one claim (another member, peer, diagnosis, \
                   authorization, place, or too many lines): void it, and bill the visits anew";
        return Err(Stop::Problem(why.to_owned()));
    }
    Ok(group)
}

/// Writes the file and stores everything; what has no room in the file is as it was before.
fn finish(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    wanted: Wanted,
    id: BatchId,
    made: Vec<Made>,
) -> Result<Option<(Batch, bool)>, AppError> {
    let tenant = organization.id;
    let Some(first) = made.first() else { return Ok(None) };
    let terms = ctx.terms(conn, tenant, first.claim.contract_version)?;
    let draft = Draft { id, payer: wanted.payer, through: wanted.through };
    let claims: Vec<StoredClaim> = made.iter().map(|m| m.claim.clone()).collect();
    let (batch, claims) = write_file(ctx, conn, organization, &terms, draft, claims)?;
    let left = claims.len() < made.len();
    store::batches::insert(conn, tenant, &batch)?;
    store::claims::insert_all(conn, tenant, &claims)?;
    let mut told: Vec<EncounterId> = Vec::new();
    for (place, one) in made.into_iter().enumerate() {
        if place >= claims.len() {
            give_back(ctx, conn, tenant, &one.change, &one.claim, one.before)?;
            continue;
        }
        let parts = encounter_ids(std::slice::from_ref(&one.claim));
        let visits: Vec<EncounterId> = parts.keys().copied().collect();
        if one.change.kind == ChangeKind::Replacement {
            let lines: Vec<LineId> = parts.into_values().flatten().collect();
            let (from, to) = (LineStatus::Ready, LineStatus::Claimed);
            store::decisions::move_lines(conn, tenant, &lines, from, to)?;
            store::encounters::set_status(conn, tenant, &visits, EncounterStatus::Claimed)?;
        }
        let step = (ChangeState::Prepared, ChangeState::Built);
        if !store::claim_changes::advance(conn, tenant, one.change.id, step, ctx.now())? {
            return Err(super::changing("A correction was taken back at the same moment."));
        }
        store::claim_changes::set_built(conn, tenant, one.change.id, one.claim.id, &one.before)?;
        told.extend(visits);
        // Of one that is left out there is nothing to correct any more, until the claim is given back.
        told.extend(one.change.left_out.iter().map(|left| left.encounter));
    }
    again::let_go(ctx, conn, tenant, &told)?;
    let detail = Detail::default().about("payer", wanted.payer).count("claims", batch.claims);
    let detail = detail.count("lines", batch.lines).about("kind", "corrections");
    audit::note(ctx, conn, Some(tenant), Action::BatchBuild, id, detail)?;
    meter::batch(ctx, "built");
    Ok(Some((batch, left)))
}
