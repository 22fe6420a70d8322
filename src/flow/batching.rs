//! Step 3: ready lines are gathered, grouped into claims, and put into a batch with its 837P file.
//!
//! Everything happens in one transaction: the accounts are locked, each visit is looked at again
//! (a contract version or a certificate may have changed since it was decided), claims are grouped,
//! the file is written and read back, and the lines move to `claimed`. A difference between what was
//! meant and what stands in the file stops it all.
//!
//! A batch takes the lines of so many members as make [`MOST_LINES`]; when more are ready, it says
//! so, and the next one takes them. So the memory of a build does not grow with what is ready.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::again::{self, Cause, Ways, Wish, redo};
use super::audit::{self, Action, Detail};
use super::claimable::claimables;
use super::claims::{Of, claim};
use super::encounters::{refuse_moved, who};
use super::intake::bench::{Access, Bench, Case, People};
use super::submit::{Draft, write_file};
use super::unclaimed::{Passed, of_looked_at, told_gone};
use super::{Ctx, corrected, meter};
use crate::domain::batch::Batch;
use crate::domain::contract::{ClaimProfile, Terms};
use crate::domain::dates::WeekStart;
use crate::domain::encounter::Encounter;
use crate::domain::grouping::{self, Form};
use crate::domain::identifiers::{Key, PartnerCode};
use crate::domain::ids::{
    BatchId, ContractVersionId, EncounterId, LineId, MemberId, OrganizationId, PayerId, PeerId,
};
use crate::domain::line::Line;
use crate::domain::member::Member;
use crate::domain::organization::{Organization, OrganizationMode};
use crate::domain::peer::Peer;
use crate::domain::rules;
use crate::domain::status::{EncounterStatus, LineStatus};
use crate::error::{AppError, Code};
pub use crate::store::ready_lines::Wanted;
use crate::store::ready_lines::{self, Members};
use crate::store::{self, Conn};

/// The people and visits behind a batch.
pub(super) struct Visits {
    pub(super) organization: Organization,
    pub(super) encounters: HashMap<EncounterId, Encounter>,
    pub(super) bench: Bench,
    pub(super) members: HashMap<MemberId, Member>,
    pub(super) peers: HashMap<PeerId, Peer>,
}

/// Reads and locks the visits with these ids and all that decisions about them look at.
pub(super) fn lock_visits(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[EncounterId],
) -> Result<Visits, AppError> {
    let organization = again::deciding(conn, tenant)?;
    let found = store::encounters::by_ids(conn, tenant, ids)?;
    let data: Vec<_> = found.iter().map(|e| &e.data).collect();
    let people = who(conn, tenant, &data)?;
    let bench = Bench::gather(ctx, conn, &organization, people, &data, Access::Stand, &[])?;
    // Read again under the locks.
    let before = found.iter().map(|e| (e.id, e)).collect::<HashMap<_, _>>();
    let again = store::encounters::by_ids(conn, tenant, ids)?;
    for encounter in &again {
        before.get(&encounter.id).map_or(Ok(()), |before| refuse_moved(before, encounter))?;
    }
    let encounters = again.into_iter().map(|e| (e.id, e)).collect();
    let People { members, peers } = bench.people();
    Ok(Visits { organization, encounters, bench, members, peers })
}

pub(super) fn encounters_of(lines: &[Line]) -> Vec<EncounterId> {
    let mut ids: Vec<EncounterId> = lines.iter().map(|l| l.encounter).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Most lines of a batch, but for a single member with more: as many claims as the implementation
/// guide wants in one transaction set at most (005010X222A1, loop 2300 CLM), each of one line or more.
pub const MOST_LINES: i64 = 5_000;

/// How often what is to be claimed is decided again because of decisions about the rest of it. Each time something
/// is held that was ready, or lifted; twice is the rule.
const MOST_ROUNDS: usize = 16;

/// A batch that was made.
#[derive(Debug)]
pub struct Built {
    /// The batch.
    pub batch: Batch,
    /// Whether more may be ready: build again.
    pub more: bool,
}

/// Makes a batch of what is ready for a payer up to a service date: of all, or of the first members.
pub fn build_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    payer: PayerId,
    through: NaiveDate,
) -> Result<Built, AppError> {
    build_some(ctx, conn, tenant, Wanted { payer, through }, MOST_LINES)
}

/// The same with another number of lines at most.
pub fn build_some(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    most: i64,
) -> Result<Built, AppError> {
    if let Some((batch, left)) = corrected::build_batch(ctx, conn, tenant, wanted, most)? {
        let more = left || ready_lines::next(conn, tenant, wanted, None, most)?.is_some();
        return Ok(Built { batch, more });
    }
    let (mut after, mut passed) = (None, Passed::default());
    while let Some(members) = ready_lines::next(conn, tenant, wanted, after, most)? {
        after = Some(members.last);
        // Nothing, where all wait for the end of their week or month or no longer stand.
        if let Some((batch, left)) = build_part(ctx, conn, tenant, wanted, members, &mut passed)? {
            let more = left || ready_lines::next(conn, tenant, wanted, after, most)?.is_some();
            return Ok(Built { batch, more });
        }
    }
    if passed.waits {
        let detail = "Visits of all members with something to claim were recorded at the same moment, \
                      and go out together: build again.";
        return Err(AppError::new(Code::NothingReady, detail));
    }
    Err(AppError::new(
        Code::NothingReady,
        "Nothing is ready to be claimed from this payer up to this date. The held visits and \
         their reasons are in GET /v1/encounters?status=held. Visits of a week or month that \
         is claimed as a whole wait for its end. A replacement or void that cannot be built says why \
         in GET /v1/claims/{id}.",
    ))
}

/// Makes a batch of what is ready of some members, and says whether lines of theirs are left for
/// another file; none when nothing can be claimed. What is `passed` over is of these members and of those before,
/// of whom nothing can be claimed: the batch's entry tells of all of them.
fn build_part(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: Wanted,
    members: Members,
    passed: &mut Passed,
) -> Result<Option<(Batch, bool)>, AppError> {
    let Wanted { payer, through } = wanted;
    let candidates = ready_lines::of(conn, tenant, wanted, members)?;
    let ids = encounters_of(&candidates);
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    check_mode(conn, &visits.organization, payer)?;
    let versions = look_again(ctx, conn, tenant, &visits, &ids)?;
    let ready = of_looked_at(conn, tenant, wanted, members, &visits)?;
    passed.gone += ready.gone;
    passed.waits |= ready.left;
    let lines = due(ctx, conn, tenant, through, ready.lines, &versions)?;
    let Some(first) = lines.first().and_then(|l| versions.get(&l.encounter)) else {
        return Ok(None);
    };
    let terms = ctx.terms(conn, tenant, *first)?;
    let all = lines.len();
    let lines = of_one_file(ctx, conn, tenant, &terms, lines, &versions)?;
    let left = ready.left || lines.len() < all;
    let claimables = claimables(ctx, conn, tenant, &visits, lines, &versions)?;
    let mut groups = grouping::group(claimables, form(&terms));
    if terms.pack.claim.form.content.date_order {
        groups.sort_by_key(|group| group.service_date);
    }
    let id: BatchId = ctx.id();
    let of = Of { batch: id, payer, terms: &terms };
    let claims = groups
        .iter()
        .zip(1..)
        .map(|(group, ordinal)| claim(ctx, &visits, of, ordinal, group))
        .collect::<Result<Vec<_>, _>>()?;
    let draft = Draft { id, payer, through };
    let (batch, claims) = write_file(ctx, conn, &visits.organization, &terms, draft, claims)?;
    // What the profile's limits leave no room for stays ready, for the next file.
    let left = left || claims.len() < groups.len();
    groups.truncate(claims.len());
    store::batches::insert(conn, tenant, &batch)?;
    store::claims::insert_all(conn, tenant, &claims)?;
    let parts = || groups.iter().flat_map(|g| &g.lines).flat_map(|l| &l.parts);
    let lines: Vec<LineId> = parts().map(|p| p.line).collect();
    store::decisions::move_lines(conn, tenant, &lines, LineStatus::Ready, LineStatus::Claimed)?;
    let encounters = grouping::encounters(&groups);
    store::encounters::set_status(conn, tenant, &encounters, EncounterStatus::Claimed)?;
    let detail = Detail::default().about("payer", payer).count("claims", batch.claims);
    let detail = told_gone(detail.count("lines", batch.lines), passed.gone);
    audit::note(ctx, conn, Some(tenant), Action::BatchBuild, id, detail)?;
    meter::batch(ctx, "built");
    Ok(Some((batch, left)))
}

pub(super) fn check_mode(
    conn: &mut Conn,
    organization: &Organization,
    payer: PayerId,
) -> Result<(), AppError> {
    let payer = store::payers::by_id(conn, payer)?.ok_or_else(|| AppError::not_found("payer"))?;
    let test = organization.data.mode == OrganizationMode::Test;
    if test == payer.data.sandbox {
        return Ok(());
    }
    let detail = if test {
        "A test organization makes claims to sandbox payers only."
    } else {
        "A live organization never makes claims to a sandbox payer."
    };
    Err(AppError::new(Code::WrongStatus, detail))
}

/// Whether the coverage to bill now is the one that the visit was decided for: the payer and the
/// member number that stand on its claim.
pub(super) fn bills_as_decided(case: &Case, encounter: &Encounter) -> bool {
    let now = case.facts.billed.as_ref().map(|b| (b.data.payer, &b.data.member_number));
    now == encounter.payer.zip(encounter.member_number.as_ref())
}

/// Looks at each visit again; those that no longer stand, whose contract version or coverage to bill
/// changed, or that wait for the worker's look at a change, are decided again, and the audit trail is told of
/// each. Gives each visit's contract version.
pub(super) fn look_again(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    visits: &Visits,
    ids: &[EncounterId],
) -> Result<HashMap<EncounterId, ContractVersionId>, AppError> {
    let decisions: Vec<_> =
        ids.iter().filter_map(|i| visits.encounters.get(i)).map(|e| e.decision).collect();
    let mut versions: HashMap<EncounterId, ContractVersionId> =
        store::decisions::by_ids(conn, tenant, &decisions)?
            .into_iter()
            .filter_map(|d| Some((d.encounter, d.contract_version?)))
            .collect();
    let mut order: Vec<&Encounter> = ids.iter().filter_map(|i| visits.encounters.get(i)).collect();
    order.sort_by_key(|e| (e.service_date, e.data.started_at, e.id));
    let (mut wishes, mut decided) = (Vec::new(), Vec::new());
    // Under the locks: whoever changes a person or a session of these visits is done, or waits.
    let pending = again::Pending::read(conn, tenant)?;
    for encounter in order {
        if encounter.status != EncounterStatus::Ready {
            continue;
        }
        if let Some(wish) = pending.wish(encounter) {
            wishes.push(wish);
            continue;
        }
        let case = visits.bench.case(&encounter.data, ctx.now())?;
        // What stands by others is counted once more: they may be gone, or be fewer units.
        let stands = case.facts.has_address
            && !rules::leans(case.terms.as_deref(), &case.facts, &encounter.data)
            && !rules::may_stand_on_claim(case.terms.as_deref(), &case.facts, &encounter.data)
            && bills_as_decided(&case, encounter)
            && rules::standing(case.terms.as_deref(), &case.facts, &encounter.data).is_empty();
        if stands && case.version.is_some() && case.version == versions.get(&encounter.id).copied()
        {
            continue;
        }
        wishes.push(Wish { encounter: encounter.id, cause: Cause::ClaimCheck, depth: 0 });
    }
    wishes.extend(pending.divided(conn, tenant, visits.members.keys().copied())?);
    let again = settle(ctx, conn, &visits.organization, wishes, ids)?;
    for encounter in store::encounters::by_ids(conn, tenant, &again)? {
        versions.remove(&encounter.id);
        decided.push(encounter.decision);
    }
    let now = store::decisions::by_ids(conn, tenant, &decided)?;
    versions.extend(now.into_iter().filter_map(|d| Some((d.encounter, d.contract_version?))));
    Ok(versions)
}

/// Decides visits again, and those of `ids` that these decisions touch, until nothing changes any more: a visit
/// that gives way may move a window in which others were counted. Gives all that were looked at, and tells the
/// audit trail of those about which something else was said than before.
fn settle(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    mut wishes: Vec<Wish>,
    ids: &[EncounterId],
) -> Result<Vec<EncounterId>, AppError> {
    let tenant = organization.id;
    let mut again: HashSet<EncounterId> = HashSet::new();
    let mut told: BTreeMap<EncounterId, Cause> = BTreeMap::new();
    for _ in 0..MOST_ROUNDS {
        again.extend(wishes.iter().map(|w| w.encounter));
        // All at once: what they look at is locked in one order, and read once.
        let decided: HashSet<EncounterId> =
            redo(ctx, conn, organization, &wishes, Ways::BOTH)?.into_iter().collect();
        if decided.is_empty() {
            audit::decided(ctx, conn, tenant, &told)?;
            return Ok(again.into_iter().collect());
        }
        let otherwise = wishes.iter().filter(|w| decided.contains(&w.encounter));
        told.extend(otherwise.map(|w| (w.encounter, w.cause)));
        let pending = again::Pending::read(conn, tenant)?;
        let mut ready = store::encounters::by_ids(conn, tenant, ids)?;
        ready.retain(|e| e.status == EncounterStatus::Ready);
        wishes = ready.iter().filter_map(|e| pending.wish(e)).collect();
    }
    let detail = "Decisions about these visits follow each other and have no end yet; try again in a moment.";
    Err(AppError::new(Code::Busy, detail))
}

pub(super) fn form(terms: &Terms) -> Form<'_> {
    Form { profile: &terms.pack.claim, week_start: terms.pack.week_start }
}

/// The lines whose period is over by the batch's last day; the others wait.
fn due(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    through: NaiveDate,
    lines: Vec<Line>,
    versions: &HashMap<EncounterId, ContractVersionId>,
) -> Result<Vec<Line>, AppError> {
    let mut due = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(version) = versions.get(&line.encounter) else { continue };
        let terms = ctx.terms(conn, tenant, *version)?;
        if form(&terms).due(line.service_date) <= through {
            due.push(line);
        }
    }
    Ok(due)
}

/// What the head of a file is made from.
type OfFile = ((String, PartnerCode), Key, ClaimProfile, WeekStart);

/// What terms make of the head of a file.
pub(super) fn of_file(t: &Terms) -> OfFile {
    let a = &t.agreement;
    let sender = (a.sender_qualifier.clone(), a.sender_id.clone());
    (sender, a.billing_location.clone(), t.pack.claim.clone(), t.pack.week_start)
}

/// The lines whose contract versions write the same file as the earliest one's: the same sender,
/// billing location and claim profile. The others stay ready and make the next batch.
fn of_one_file(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    terms: &Terms,
    lines: Vec<Line>,
    versions: &HashMap<EncounterId, ContractVersionId>,
) -> Result<Vec<Line>, AppError> {
    let wanted = of_file(terms);
    let mut fits: HashMap<ContractVersionId, bool> = HashMap::new();
    for version in versions.values() {
        if !fits.contains_key(version) {
            fits.insert(*version, of_file(&*ctx.terms(conn, tenant, *version)?) == wanted);
        }
    }
    let fits = |line: &Line| versions.get(&line.encounter).and_then(|v| fits.get(v)).copied();
    Ok(lines.into_iter().filter(|line| fits(line) == Some(true)).collect())
}
