//! A session is corrected: its size or times, a member who came after all, one who was not there.
//! What is not claimed of it is decided again, in order of time.

use std::collections::BTreeSet;

use super::draft::{MemberDraft, SessionDraft};
use super::record::{find_people, known, record_new, refuse_known};
use super::{SeenSession, already_claimed, claimed, encounters_of, find, locked, see};
use crate::domain::codes::{Mode, Role, Setting};
use crate::domain::dates::Instant;
use crate::domain::encounter::{Encounter, EncounterData, Kind, MAX_CONTACT_MINUTES};
use crate::domain::identifiers::Key;
use crate::domain::ids::{EncounterId, OrganizationId, SessionId};
use crate::domain::session::{Session, SessionData};
use crate::domain::status::EncounterStatus;
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::flow::again::{self, Cause, Days, Touched};
use crate::flow::audit::{self, Action};
use crate::flow::encounters::{decide_in, organization, void_visit};
use crate::flow::intake::Reading;
use crate::flow::intake::bench::{Access, Bench};
use crate::flow::intake::records::Records;
use crate::flow::revise::{Correction, revise_in};
use crate::store::{self, Conn};

/// Why the encounters of a corrected session are decided again.
const WHY: Cause = Cause::Session;

/// A correction of a session. What is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Amendment {
    /// The revision that it was made from.
    pub from: i32,
    /// Everyone served who was present.
    pub size: Option<u32>,
    /// Peers who led it together.
    pub peers: Option<u32>,
    /// Start.
    pub started_at: Option<Instant>,
    /// End.
    pub ended_at: Option<Instant>,
    /// Members who were there after all.
    pub add: Vec<MemberDraft>,
    /// Encounters of members who were not there, by reference or id: they are voided.
    pub remove: Vec<String>,
    /// Why, for those; no names.
    pub reason: String,
}

/// Corrects a session in the caller's transaction. One that asks for nothing else than there is
/// changes nothing, and is answered with the session as it is.
///
/// Errors, before anything is written: `not_found`, `precondition_failed`, `wrong_status` of a
/// voided session, `invalid_input`, `reference_conflict`, and `already_claimed` when an encounter
/// that would change is on a live claim. (An addition changes no other; if it disagrees with the
/// session it is held.)
pub fn amend_in(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    id: SessionId,
    amendment: &Amendment,
) -> Result<SeenSession, AppError> {
    let before = find(conn, tenant, id)?;
    let wanted = amendment.applied(&before.data)?;
    let others = encounters_of(conn, tenant, id)?;
    let additions = additions(ctx, conn, tenant, &wanted, &others, amendment)?;
    let (session, encounters) = locked(ctx, conn, tenant, id, &additions)?;
    if session.revision != amendment.from {
        let detail = "It was changed since you read it. Read it again, look at the difference, and \
                      send your change with the new ETag.";
        return Err(AppError::new(Code::PreconditionFailed, detail));
    }
    let known = known(conn, tenant, &additions)?;
    refuse_known("add", &known, &additions)?;
    let removed = removed(&encounters, &amendment.remove)?;
    let claimed = claimed(conn, tenant, &encounters)?;
    let live = encounters.iter().filter(|e| e.voided_at.is_none());
    let (gone, rest): (Vec<&Encounter>, Vec<&Encounter>) =
        live.partition(|e| removed.contains(&e.id));
    check(&session.data, &wanted, (&gone, &rest), &claimed, &additions)?;
    let followed = rest
        .iter()
        .map(|e| Ok((*e, follow(&e.data, &session.data, &wanted)?)))
        .collect::<Result<Vec<_>, AppError>>()?;
    if wanted == session.data && gone.is_empty() && additions.is_empty() {
        // A revision that changes nothing would only make the ETags of others stale.
        return see(conn, tenant, id);
    }
    let detail = audit::changed(&session.data, &wanted)?
        .count("removed", gone.len())
        .count("added", additions.len());
    audit::note(ctx, conn, Some(tenant), Action::SessionRevise, id, detail)?;
    let shorter =
        wanted.started_at > session.data.started_at || wanted.ended_at < session.data.ended_at;
    write(conn, tenant, &session, wanted)?;
    for encounter in gone {
        void_visit(ctx, conn, tenant, encounter.id, &amendment.reason)?;
    }
    decide_rest(ctx, conn, tenant, followed, &claimed)?;
    if shorter {
        give_time_back(ctx, conn, tenant, &session.data)?;
    }
    if !additions.is_empty() {
        let organization = again::deciding(conn, tenant)?;
        let all: Vec<&EncounterData> = additions.iter().collect();
        let people = crate::flow::encounters::who(conn, tenant, &all)?;
        let bench = Bench::gather(ctx, conn, &organization, people, &all, Access::Lock, &[])?;
        record_new(ctx, conn, tenant, bench, additions)?;
    }
    see(conn, tenant, id)
}

impl Amendment {
    /// What the session becomes.
    fn applied(&self, before: &SessionData) -> Result<SessionData, AppError> {
        let timed = self.started_at.is_some() || self.ended_at.is_some();
        let data = SessionData {
            size: self.size.unwrap_or(before.size),
            peers: self.peers.unwrap_or(before.peers),
            started_at: self.started_at.unwrap_or(before.started_at),
            ended_at: self.ended_at.unwrap_or(before.ended_at),
            stated: before.stated || timed,
            ..before.clone()
        };
        let minutes = data.started_at.minutes_until(data.ended_at);
        if data.ended_at <= data.started_at {
            return Err(AppError::field("/ended_at", "the end must lie after the start."));
        }
        if minutes > MAX_CONTACT_MINUTES {
            return Err(AppError::field("/ended_at", "a session lasts 24 hours at most."));
        }
        Ok(data)
    }
}

/// What was done and where, of a member's visit to a session.
fn shared(e: &EncounterData) -> (&Kind, Role, Mode, Setting, Option<&Key>) {
    (&e.kind, e.role, e.mode, e.setting, e.program.as_ref())
}

/// Whether a visit is meant by a name: its reference or its id.
fn is_called(encounter: &Encounter, name: &str) -> bool {
    encounter.voided_at.is_none()
        && (encounter.data.reference.as_str() == name || encounter.id.to_string() == name)
}

/// The visit from which a late one takes what was done and where: that is what most of those say who stay. Where
/// as many say something else, those of whom more may be billed; then the first. Where nobody stays, those who
/// are taken out are asked; then the first of those that are void.
fn example<'a>(others: &'a [Encounter], taken_out: &[String]) -> Option<&'a Encounter> {
    let live = others.iter().filter(|e| e.voided_at.is_none());
    let goes = |e: &&Encounter| taken_out.iter().any(|name| is_called(e, name));
    let (going, staying): (Vec<&Encounter>, Vec<&Encounter>) = live.partition(goes);
    let live = if staying.is_empty() { going } else { staying };
    if live.is_empty() {
        return others.first();
    }
    let alike = |one: &Encounter| {
        let same = live.iter().filter(|e| shared(&e.data) == shared(&one.data));
        let billed = same
            .clone()
            .filter(|e| !matches!(e.status, EncounterStatus::Held | EncounterStatus::NonBillable));
        (same.count(), billed.count())
    };
    // Of those that are alike, the first: `max_by_key` gives the last.
    live.iter().rev().max_by_key(|one| alike(one)).copied()
}

/// The encounters of members who come to the session late: what they share with the others is taken
/// from these.
fn additions(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    wanted: &SessionData,
    others: &[Encounter],
    Amendment { add, remove, .. }: &Amendment,
) -> Result<Vec<EncounterData>, AppError> {
    if add.is_empty() {
        return Ok(Vec::new());
    }
    let first = example(others, remove).ok_or_else(|| {
        let detail = "No visit is left from which a new one could take what was done and where.";
        AppError::new(Code::WrongStatus, detail)
    })?;
    let reading = Reading { local: None, not_after: Some(ctx.now()) };
    let times = (wanted.started_at, wanted.ended_at);
    let rows = SessionDraft::of(wanted, &first.data).parts("add", add, Some(times), reading);
    let rows = rows.map_err(AppError::invalid)?;
    let organization = organization(conn, tenant)?;
    Ok(find_people(Records::read(ctx, &organization), conn, "add", &rows)?.0)
}

/// The encounters that are named to be taken out.
fn removed(list: &[Encounter], names: &[String]) -> Result<BTreeSet<EncounterId>, AppError> {
    let (mut found, mut faults) = (BTreeSet::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        if let Some(encounter) = list.iter().find(|e| is_called(e, name)) {
            found.insert(encounter.id);
        } else {
            let message = "the session has no such visit; name it by its reference or id.";
            faults.push(Fault::at(format!("/remove/{index}"), message));
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(AppError::invalid(faults)) }
}

/// Whether all of it may be done.
fn check(
    before: &SessionData,
    wanted: &SessionData,
    (gone, rest): (&[&Encounter], &[&Encounter]),
    claimed: &[EncounterId],
    additions: &[EncounterData],
) -> Result<(), AppError> {
    let changed = if wanted == before { &[][..] } else { rest };
    let stuck = gone.iter().chain(changed).filter(|e| claimed.contains(&e.id));
    let stuck: Vec<&str> = stuck.map(|e| e.data.reference.as_str()).collect();
    if !stuck.is_empty() {
        return Err(already_claimed(&stuck));
    }
    let there = |e: &EncounterData| rest.iter().any(|r| r.data.member == e.member);
    let twice = additions.iter().enumerate().filter(|(_, e)| there(e));
    let told = |(index, _)| {
        Fault::at(format!("/add/{index}/member"), "this member is in the session already.")
    };
    let mut faults: Vec<Fault> = twice.map(told).collect();
    let billed = rest.len() + additions.len();
    if wanted.size != before.size && billed > usize::try_from(wanted.size).unwrap_or(usize::MAX) {
        faults.push(Fault::at("/size", "more members are billed than were present."));
    }
    if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
}

/// An encounter as it reads in the corrected session: a member who was there from its start, or to
/// its end, still is.
fn follow(
    data: &EncounterData,
    before: &SessionData,
    wanted: &SessionData,
) -> Result<EncounterData, AppError> {
    let mut data = data.clone();
    // One that disagreed with its session was told so, and stays as it is but for what is corrected.
    if wanted.size != before.size || wanted.peers != before.peers {
        data.group = Some(wanted.group());
    }
    if data.started_at == before.started_at {
        data.started_at = wanted.started_at;
    }
    if data.ended_at == before.ended_at {
        data.ended_at = wanted.ended_at;
    }
    if data.ended_at <= data.started_at {
        let message = format!("{} would end before it starts; correct it first.", data.reference);
        return Err(AppError::field("/ended_at", message));
    }
    Ok(data)
}

fn write(
    conn: &mut Conn,
    tenant: OrganizationId,
    session: &Session,
    data: SessionData,
) -> Result<(), AppError> {
    let changed = Session { data, revision: session.revision + 1, ..session.clone() };
    let day = organization(conn, tenant)?.data.zone.date_of(changed.data.started_at);
    Ok(store::sessions::update(conn, tenant, &changed, day)?)
}

/// Marks the visits of the peer that may have waited for the time of a session.
fn give_time_back(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    before: &SessionData,
) -> Result<(), AppError> {
    let zone = organization(conn, tenant)?.data.zone;
    let day = |at| Some(zone.date_of(at));
    let days = Days { from: day(before.started_at), to: day(before.ended_at) };
    again::mark(ctx, conn, tenant, Cause::Session, &[Touched::Peer(before.peer, days)])
}

/// Decides again what is not claimed, in order of service date, start and id.
fn decide_rest(
    ctx: &Ctx,
    conn: &mut Conn,
    tenant: OrganizationId,
    mut list: Vec<(&Encounter, EncounterData)>,
    claimed: &[EncounterId],
) -> Result<(), AppError> {
    list.sort_by_key(|(e, data)| (e.service_date, data.started_at, e.id));
    for (encounter, data) in list {
        if claimed.contains(&encounter.id) {
            continue;
        }
        if data == encounter.data {
            decide_in(ctx, conn, tenant, encounter.id, WHY)?;
        } else {
            let correction = Correction { data, from: None, why: WHY };
            revise_in(ctx, conn, tenant, encounter.id, correction)?;
        }
    }
    Ok(())
}
