//! Step 2 and 3: ready lines become claims, claims become a batch with its 837P file.
//!
//! Everything happens in one transaction: the accounts are locked, each visit is looked at again
//! (a contract version or a certificate may have changed since it was decided), claims are grouped,
//! the file is written and read back, and the lines move to `claimed`. A difference between what was
//! meant and what stands in the file stops it all.

use std::collections::{BTreeMap, HashMap};
use std::io::BufWriter;

use chrono::{NaiveDate, NaiveDateTime};

use super::Ctx;
use super::encounters::{decide_in, organization};
use super::intake::bench::{Access, Bench, People};
use crate::domain::batch::{Batch, StoredClaim, StoredClaimLine};
use crate::domain::claim::{
    BillingProvider, Claim, ClaimLine, ClaimNumber, FileHeader, Rendering, Subscriber,
};
use crate::domain::contract::Terms;
use crate::domain::encounter::Encounter;
use crate::domain::grouping::{self, Claimable, Group};
use crate::domain::ids::{
    BatchId, ClaimId, ContractVersionId, EncounterId, FileId, LineId, MemberId, OrganizationId,
    PayerId, PeerId,
};
use crate::domain::line::Line;
use crate::domain::member::Member;
use crate::domain::money::Money;
use crate::domain::organization::{Organization, OrganizationMode};
use crate::domain::peer::Peer;
use crate::domain::rules;
use crate::domain::status::{BatchStatus, ClaimStatus, EncounterStatus, LineStatus};
use crate::error::{AppError, Code};
use crate::store::{self, Conn};
use crate::x12::{Totals, Writer837p, read_back};

/// The people and visits behind a batch.
pub(super) struct Visits {
    pub(super) organization: Organization,
    pub(super) encounters: HashMap<EncounterId, Encounter>,
    pub(super) bench: Bench,
    members: HashMap<MemberId, Member>,
    peers: HashMap<PeerId, Peer>,
}

/// Reads and locks the visits with these ids and all that decisions about them look at.
pub(super) fn lock_visits(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    ids: &[EncounterId],
) -> Result<Visits, AppError> {
    let organization = organization(conn, tenant)?;
    let found = store::encounters::by_ids(conn, tenant, ids)?;
    let mut members: Vec<MemberId> = found.iter().map(|e| e.data.member).collect();
    members.sort_unstable();
    members.dedup();
    let mut peers: Vec<PeerId> = found.iter().map(|e| e.data.peer).collect();
    peers.sort_unstable();
    peers.dedup();
    let members: HashMap<MemberId, Member> =
        store::members::by_ids(conn, tenant, &members)?.into_iter().map(|m| (m.id, m)).collect();
    let peers: HashMap<PeerId, Peer> =
        store::peers::by_ids(conn, tenant, &peers)?.into_iter().map(|p| (p.id, p)).collect();
    let people = People { members: members.clone(), peers: peers.clone() };
    let data: Vec<_> = found.iter().map(|e| &e.data).collect();
    let bench = Bench::gather(ctx, conn, &organization, people, &data, Access::Lock, None)?;
    // Read again under the locks.
    let found = store::encounters::by_ids(conn, tenant, ids)?;
    let encounters = found.into_iter().map(|e| (e.id, e)).collect();
    Ok(Visits { organization, encounters, bench, members, peers })
}

fn encounters_of(lines: &[Line]) -> Vec<EncounterId> {
    let mut ids: Vec<EncounterId> = lines.iter().map(|l| l.encounter).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Makes a batch of all that is ready for a payer up to a service date.
pub fn build_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    payer: PayerId,
    through: NaiveDate,
) -> Result<Batch, AppError> {
    let candidates = store::decisions::ready_lines(conn, tenant, payer, through)?;
    let ids = encounters_of(&candidates);
    let visits = lock_visits(ctx, conn, tenant, &ids)?;
    check_mode(conn, &visits.organization, payer)?;
    let versions = look_again(ctx, conn, tenant, &visits, &ids)?;
    let lines: Vec<Line> = store::decisions::ready_lines(conn, tenant, payer, through)?
        .into_iter()
        .filter(|line| ids.binary_search(&line.encounter).is_ok())
        .collect();
    let Some(version) = newest(&lines, &versions) else {
        return Err(AppError::new(
            Code::NothingReady,
            "Nothing is ready to be claimed from this payer up to this date. The held visits and \
             their reasons are in GET /v1/encounters?status=held.",
        ));
    };
    let terms = ctx.terms(conn, tenant, version)?;
    let claimables = claimables(conn, tenant, &visits, lines, &versions)?;
    let groups = grouping::group(claimables, &terms.pack.claim);
    let id: BatchId = ctx.id();
    let claims = groups
        .iter()
        .zip(1..)
        .map(|(group, ordinal)| claim(ctx, &visits, id, payer, ordinal, group))
        .collect::<Result<Vec<_>, _>>()?;
    let batch =
        write_file(ctx, conn, &visits.organization, &terms, Draft { id, payer, through }, &claims)?;
    store::batches::insert(conn, tenant, &batch)?;
    store::claims::insert_all(conn, tenant, &claims)?;
    let parts = || groups.iter().flat_map(|g| &g.lines).flat_map(|l| &l.parts);
    let lines: Vec<LineId> = parts().map(|p| p.line).collect();
    store::decisions::move_lines(conn, tenant, &lines, LineStatus::Ready, LineStatus::Claimed)?;
    let encounters = grouping::encounters(&groups);
    store::encounters::set_status(conn, tenant, &encounters, EncounterStatus::Claimed)?;
    Ok(batch)
}

fn check_mode(
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

/// Looks at each visit again; those that no longer stand, or whose contract version changed, are
/// decided again. Gives each visit's contract version.
fn look_again(
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
    for encounter in order {
        if encounter.status != EncounterStatus::Ready {
            continue;
        }
        let case = visits.bench.case(&encounter.data, ctx.now())?;
        let stands =
            rules::standing(case.terms.as_deref(), &case.facts, &encounter.data).is_empty();
        if stands && case.version.is_some() && case.version == versions.get(&encounter.id).copied()
        {
            continue;
        }
        let again = decide_in(ctx, conn, tenant, encounter.id, "claim_check")?;
        match again.decision.contract_version {
            Some(version) => versions.insert(encounter.id, version),
            None => versions.remove(&encounter.id),
        };
    }
    Ok(versions)
}

/// The newest contract version among the lines: its profile writes the file.
fn newest(
    lines: &[Line],
    versions: &HashMap<EncounterId, ContractVersionId>,
) -> Option<ContractVersionId> {
    lines.iter().filter_map(|l| versions.get(&l.encounter)).max().copied()
}

fn claimables(
    conn: &mut Conn,
    tenant: OrganizationId,
    visits: &Visits,
    lines: Vec<Line>,
    versions: &HashMap<EncounterId, ContractVersionId>,
) -> Result<Vec<Claimable>, AppError> {
    let members: Vec<MemberId> = visits.members.keys().copied().collect();
    let numbers: HashMap<_, _> = store::authorizations::of_members(conn, tenant, &members)?
        .into_iter()
        .map(|a| (a.id, a.data.number))
        .collect();
    // Read anew: a visit that was decided again has another deadline and member number.
    let fresh: HashMap<EncounterId, Encounter> =
        store::encounters::by_ids(conn, tenant, &encounters_of(&lines))?
            .into_iter()
            .map(|e| (e.id, e))
            .collect();
    let broken = || AppError::internal("a ready line lacks what its claim needs");
    lines
        .into_iter()
        .map(|line| {
            let encounter = fresh.get(&line.encounter).ok_or_else(broken)?;
            let authorization =
                line.authorization.map(|id| numbers.get(&id).cloned().ok_or_else(broken));
            Ok(Claimable {
                started_at: encounter.data.started_at,
                member: encounter.data.member,
                member_number: encounter.member_number.clone().ok_or_else(broken)?,
                peer: encounter.data.peer,
                contract_version: *versions.get(&line.encounter).ok_or_else(broken)?,
                diagnoses: encounter.data.diagnoses.clone(),
                authorization: authorization.transpose()?,
                file_by: encounter.file_by.ok_or_else(broken)?,
                line,
            })
        })
        .collect()
}

fn claim(
    ctx: &Ctx,
    visits: &Visits,
    batch: BatchId,
    payer: PayerId,
    ordinal: i32,
    group: &Group,
) -> Result<StoredClaim, AppError> {
    let broken = || AppError::internal("a person of a claim was not read");
    let member = visits.members.get(&group.member).ok_or_else(broken)?;
    let peer = visits.peers.get(&group.peer).ok_or_else(broken)?;
    let id: ClaimId = ctx.id();
    let number = ClaimNumber::of(id);
    let lines: Vec<ClaimLine> = group
        .lines
        .iter()
        .zip(1..)
        .map(|(line, ordinal)| ClaimLine {
            control: number.line(ordinal),
            procedure: line.procedure.clone(),
            modifiers: line.modifiers.clone(),
            charge: line.charge,
            units: line.units,
            place: line.place.clone(),
            pointers: line.pointers.clone(),
            date: group.service_date,
            authorization: line.authorization.clone(),
        })
        .collect();
    let first = group.lines.first().ok_or_else(|| AppError::internal("a claim without lines"))?;
    let address = member.data.address.clone();
    let document = Claim {
        number,
        charge: group.lines.iter().map(|l| l.charge).sum(),
        place: first.place.clone(),
        subscriber: Subscriber {
            last_name: member.data.last_name.clone(),
            first_name: member.data.first_name.clone(),
            member_number: group.member_number.clone(),
            address: address
                .ok_or_else(|| AppError::internal("a ready visit without an address"))?,
            birth_date: member.data.birth_date,
            gender: member.data.gender,
        },
        rendering: Rendering {
            last_name: peer.data.last_name.clone(),
            first_name: peer.data.first_name.clone(),
            npi: peer.data.npi.clone(),
            taxonomy: peer.data.taxonomy.clone(),
        },
        authorization: group.authorization.clone(),
        diagnoses: group.diagnoses.clone(),
        lines,
    };
    Ok(StoredClaim {
        id,
        batch,
        ordinal,
        payer,
        member: group.member,
        member_number: group.member_number.clone(),
        peer: group.peer,
        contract_version: group.contract_version,
        status: ClaimStatus::Batched,
        service_date: group.service_date,
        units: group.lines.iter().map(|l| l.units).sum(),
        expected: group.lines.iter().map(|l| l.expected).sum(),
        file_by: group.file_by,
        document,
        lines: group
            .lines
            .iter()
            .map(|line| StoredClaimLine {
                id: ctx.id(),
                service: line.service.clone(),
                units: line.units,
                charge: line.charge,
                expected: line.expected,
                parts: line.parts.clone(),
            })
            .collect(),
    })
}

/// What a batch is before its file is written.
struct Draft {
    id: BatchId,
    payer: PayerId,
    through: NaiveDate,
}

fn write_file(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    terms: &Terms,
    draft: Draft,
    claims: &[StoredClaim],
) -> Result<Batch, AppError> {
    let now = ctx.now();
    let header = header(ctx, conn, organization, terms)?;
    let id: FileId = ctx.id();
    let name = file_name(&header);
    let sink = store::files::Sink::begin(conn, organization.id, id, &name, now)?;
    let refuse =
        |e: crate::x12::X12Error| AppError::internal(format!("the 837P could not be written: {e}"));
    let mut out = BufWriter::new(sink);
    let mut writer = Writer837p::new(&mut out, &header).map_err(refuse)?;
    for claim in claims {
        writer.claim(&claim.document).map_err(refuse)?;
    }
    let totals = writer.finish().map_err(refuse)?;
    let sink = out.into_inner().map_err(|e| AppError::internal(e.to_string()))?;
    sink.finish()?;
    check_file(conn, organization.id, id, &totals)?;
    let lines: usize = claims.iter().map(|c| c.lines.len()).sum();
    let too_many = |_| AppError::internal("a batch is too large to count");
    Ok(Batch {
        id: draft.id,
        payer: draft.payer,
        through: draft.through,
        status: BatchStatus::Built,
        sender: header.sender_id.clone(),
        receiver: header.profile.receiver_id.clone(),
        interchange_control: header.interchange_control,
        group_control: header.group_control,
        claims: u32::try_from(claims.len()).map_err(too_many)?,
        lines: u32::try_from(lines).map_err(too_many)?,
        units: claims.iter().map(|c| c.units).sum(),
        charge: claims.iter().map(|c| c.document.charge).sum(),
        expected: claims.iter().map(|c| c.expected).sum::<Money>(),
        file: id,
        built_at: now,
        released_at: None,
        withdrawn_at: None,
        delivered_at: None,
        receipt: None,
    })
}

/// Reads the stored file with our reader and compares it with what was meant.
pub(super) fn check_file(
    conn: &mut Conn,
    tenant: OrganizationId,
    file: FileId,
    meant: &Totals,
) -> Result<(), AppError> {
    let source = store::files::Source::new(conn, tenant, file);
    let summary = read_back(source)
        .map_err(|e| AppError::internal(format!("the 837P cannot be read back: {e}")))?;
    if summary.problem_count > 0 {
        let first = summary.problems.first().map(|p| p.message.clone()).unwrap_or_default();
        return Err(AppError::internal(format!(
            "the 837P has {} problems on reading back; the first: {first}",
            summary.problem_count
        )));
    }
    if summary.totals != *meant {
        return Err(AppError::internal("the 837P does not say what was meant"));
    }
    Ok(())
}

fn header(
    ctx: &Ctx,
    conn: &mut Conn,
    organization: &Organization,
    terms: &Terms,
) -> Result<FileHeader, AppError> {
    let agreement = &terms.agreement;
    let profile = &terms.pack.claim;
    let location = organization
        .locations
        .iter()
        .find(|l| l.data.key == agreement.billing_location)
        .ok_or_else(|| {
            let detail = "The contract bills from a location that the organization does not have; \
                          add the location, then build the batch again.";
            AppError::new(Code::WrongStatus, detail)
        })?;
    // One counter for each pair of sender and receiver; interchange and group each take a number.
    let counter = format!("x12:{}:{}", agreement.sender_id, profile.receiver_id);
    let first = store::counters::take(conn, &counter, 2)?;
    let control = |n: i64| {
        u32::try_from(n)
            .ok()
            .filter(|n| *n <= MAX_CONTROL)
            .ok_or_else(|| AppError::internal("the control numbers of this pair are used up"))
    };
    let created: NaiveDateTime = organization.data.zone.local(ctx.now());
    let interchange_control = control(first)?;
    Ok(FileHeader {
        mode: organization.data.mode,
        interchange_control,
        group_control: control(first + 1)?,
        created,
        batch_reference: format!("BATCH{interchange_control:09}"),
        sender_qualifier: agreement.sender_qualifier.clone(),
        sender_id: agreement.sender_id.clone(),
        contact_name: organization.data.contact_name.clone(),
        contact_phone: organization.data.contact_phone.clone(),
        profile: profile.clone(),
        billing: BillingProvider {
            name: organization.data.name.clone(),
            npi: location.data.npi.clone().unwrap_or_else(|| organization.data.npi.clone()),
            ein: organization.data.ein.clone(),
            taxonomy: organization.data.taxonomy.clone(),
            address: location.data.address.clone(),
        },
    })
}

/// ISA13 has nine digits.
const MAX_CONTROL: u32 = 999_999_999;

fn file_name(header: &FileHeader) -> String {
    let usage = match header.mode {
        OrganizationMode::Test => 'T',
        OrganizationMode::Live => 'P',
    };
    format!(
        "837P_{usage}_{}_{}_{}_{:09}.837",
        header.sender_id,
        header.profile.receiver_id,
        header.created.format("%Y%m%d"),
        header.interchange_control
    )
}

/// What a batch's file must say, from its stored claims.
pub(super) fn encounter_ids(claims: &[StoredClaim]) -> BTreeMap<EncounterId, Vec<LineId>> {
    let mut ids: BTreeMap<EncounterId, Vec<LineId>> = BTreeMap::new();
    for part in claims.iter().flat_map(|c| &c.lines).flat_map(|l| &l.parts) {
        ids.entry(part.encounter).or_default().push(part.line);
    }
    ids
}
