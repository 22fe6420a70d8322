//! From names to ids: who the sender's peers, members and authorizations are, with set queries.
//!
//! What is not in this organization does not exist: an unknown id, a forged one and another
//! tenant's get the same answer.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};

use super::bench::People;
use super::draft::Parsed;
use super::records::Records;
use super::refs::{AuthorizationRef, MemberRef, PayerRef, PeerRef};
use super::remembered;
use crate::domain::dates::{Span, Zone};
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::{AuthorizationNumber, Key, MemberNumber, Npi, Reference};
use crate::domain::ids::{AuthorizationId, MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::member::{Coverage, Member};
use crate::domain::peer::Peer;
use crate::error::{AppError, Fault};
use crate::flow::Ctx;
use crate::store::{self, Conn};

const NO_PEER: &str = "this organization has no such peer; add the peer first.";
const NO_MEMBER: &str = "this organization's roster has no such member; add the member first.";
const NO_AUTHORIZATION: &str = "there is no such authorization; name it by its number.";

/// Rows with their ids found, in the order given; a row that names somebody unknown is refused
/// alone. The people found come along.
pub fn resolve(
    records: Records<'_>,
    conn: &mut Conn,
    rows: &[Parsed],
) -> Result<(Vec<Result<EncounterData, AppError>>, People), AppError> {
    let zone = records.organization.data.zone;
    let organization = records.organization.id;
    let payers = payers(records.ctx, conn, rows)?;
    let (peers, npis) = peers(records, conn, rows)?;
    let (members, numbers) = members(records, conn, rows, &payers)?;
    let authorizations = authorizations(conn, organization, rows)?;
    let programs = programs(records, conn, rows)?;
    let stands = under_ended_programs(conn, organization, zone, rows, &programs)?;
    let people = People { members, peers };
    let number = |member: &MemberRef| match member {
        MemberRef::Number(payer, number) => Some((payers.id(payer)?, number.clone())),
        MemberRef::Id(_) => None,
    };
    let nobodys = |member: &MemberRef| number(member).filter(|n| !numbers.contains_key(n));
    let remembered = remembered::members(conn, organization, rows, nobodys)?;
    let found = rows
        .iter()
        .map(|row| {
            let mut faults = Vec::new();
            let peer = match &row.peer {
                PeerRef::Id(id) => people.peers.contains_key(id).then_some(*id),
                PeerRef::Npi(npi) => npis.get(npi).copied(),
            };
            if peer.is_none() {
                faults.push(Fault::at("/peer", NO_PEER));
            }
            let member = match &row.member {
                MemberRef::Id(id) => people.members.contains_key(id).then_some(*id),
                MemberRef::Number(..) => number(&row.member).and_then(|number| {
                    let day = zone.date_of(row.started_at);
                    let held = numbers.get(&number).and_then(|holders| holder(holders, day));
                    held.or_else(|| remembered.get(&(row.reference.clone(), number)).copied())
                }),
            };
            if member.is_none() {
                faults.push(Fault::at("/member", NO_MEMBER));
            }
            let authorization = match &row.authorization {
                None => Some(None),
                Some(AuthorizationRef::Number(number)) => Some(Some(number.clone())),
                Some(AuthorizationRef::Id(id)) => authorizations.get(id).cloned().map(Some),
            };
            if authorization.is_none() {
                faults.push(Fault::at("/authorization", NO_AUTHORIZATION));
            }
            if !stands.contains(&row.reference) {
                faults.extend(wrong_program(row, zone, &programs));
            }
            match (peer, member, authorization) {
                (Some(peer), Some(member), Some(authorization)) if faults.is_empty() => {
                    Ok(data(row, peer, member, authorization))
                }
                _ => Err(AppError::invalid(faults)),
            }
        })
        .collect();
    Ok((found, people))
}

fn data(
    row: &Parsed,
    peer: PeerId,
    member: MemberId,
    authorization: Option<AuthorizationNumber>,
) -> EncounterData {
    EncounterData {
        reference: row.reference.clone(),
        peer,
        member,
        kind: row.kind.clone(),
        role: row.role,
        started_at: row.started_at,
        ended_at: row.ended_at,
        mode: row.mode,
        setting: row.setting,
        diagnoses: row.diagnoses.clone(),
        authorization,
        note: row.note.clone(),
        program: row.program.clone(),
        member_absent: row.member_absent,
        group: row.group.clone(),
    }
}

struct Payers {
    by_key: HashMap<Key, PayerId>,
}

impl Payers {
    fn id(&self, payer: &PayerRef) -> Option<PayerId> {
        match payer {
            PayerRef::Id(id) => Some(*id),
            PayerRef::Key(key) => self.by_key.get(key).copied(),
        }
    }
}

fn payers(ctx: &Ctx, conn: &mut Conn, rows: &[Parsed]) -> Result<Payers, AppError> {
    let mut keys: Vec<Key> = rows
        .iter()
        .filter_map(|row| match &row.member {
            MemberRef::Number(PayerRef::Key(key), _) => Some(key.clone()),
            _ => None,
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    Ok(Payers { by_key: ctx.payers(conn, &keys)? })
}

type PeersFound = (HashMap<PeerId, Peer>, HashMap<Npi, PeerId>);

fn peers(records: Records<'_>, conn: &mut Conn, rows: &[Parsed]) -> Result<PeersFound, AppError> {
    let (mut ids, mut npis) = (Vec::new(), Vec::new());
    for row in rows {
        match &row.peer {
            PeerRef::Id(id) => ids.push(*id),
            PeerRef::Npi(npi) => npis.push(npi.clone()),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    npis.sort_unstable();
    npis.dedup();
    let mut found = records.peers(conn, &ids)?;
    found.extend(records.peers_by_npi(conn, &npis)?);
    let by_npi = found.iter().map(|p| (p.data.npi.clone(), p.id)).collect();
    Ok((found.into_iter().map(|p| (p.id, p)).collect(), by_npi))
}

/// Who has a number at a payer, and when: payers reuse numbers.
type Holders = Vec<(MemberId, Span)>;

type MembersFound = (HashMap<MemberId, Member>, HashMap<(PayerId, MemberNumber), Holders>);

/// Who has the number on the day; else who had it last before; else who gets it first.
fn holder(holders: &Holders, day: NaiveDate) -> Option<MemberId> {
    let near = |(id, span): &&(MemberId, Span)| {
        let (begun, from) = (span.from <= day, span.from.num_days_from_ce());
        (span.covers(day), begun, if begun { from } else { -from }, *id)
    };
    holders.iter().max_by_key(near).map(|(id, _)| *id)
}

fn members(
    records: Records<'_>,
    conn: &mut Conn,
    rows: &[Parsed],
    payers: &Payers,
) -> Result<MembersFound, AppError> {
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for row in rows {
        match &row.member {
            MemberRef::Id(id) => ids.push(*id),
            MemberRef::Number(payer, number) => {
                if let Some(payer) = payers.id(payer) {
                    numbers.push((payer, number.clone()));
                }
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    numbers.sort_unstable();
    numbers.dedup();
    let mut members: HashMap<_, _> =
        records.members(conn, &ids)?.into_iter().map(|m| (m.id, m)).collect();
    let mut by_number: HashMap<_, Holders> = HashMap::new();
    for (number, people) in records.members_by_number(conn, &numbers)? {
        let ours = |c: &&Coverage| (c.data.payer, &c.data.member_number) == (number.0, &number.1);
        for member in people {
            let spans = member.coverages.iter().filter(ours).map(|c| (member.id, c.data.span));
            by_number.entry(number.clone()).or_default().extend(spans);
            members.insert(member.id, member);
        }
    }
    Ok((members, by_number))
}

fn authorizations(
    conn: &mut Conn,
    organization: OrganizationId,
    rows: &[Parsed],
) -> Result<HashMap<AuthorizationId, AuthorizationNumber>, AppError> {
    let named = |row: &Parsed| match &row.authorization {
        Some(AuthorizationRef::Id(id)) => Some(*id),
        _ => None,
    };
    let ids: Vec<AuthorizationId> = rows.iter().filter_map(named).collect();
    let found = store::authorizations::by_ids(conn, organization, &ids)?;
    Ok(found.into_iter().map(|a| (a.id, a.data.number)).collect())
}

/// Programs that the rows name, by key, with their days.
fn programs(
    records: Records<'_>,
    conn: &mut Conn,
    rows: &[Parsed],
) -> Result<HashMap<Key, Span>, AppError> {
    let keys: HashSet<&Key> = rows.iter().filter_map(|row| row.program.as_ref()).collect();
    let keys: Vec<Key> = keys.into_iter().cloned().collect();
    let found = records.programs(conn, &keys)?;
    Ok(found.into_iter().map(|p| (p.data.key, p.data.span)).collect())
}

/// The references of rows whose program does not run on their day, and under which a visit of that
/// program and day is recorded: later changes of a program leave it alone (`docs/adr/0032`).
fn under_ended_programs(
    conn: &mut Conn,
    organization: OrganizationId,
    zone: Zone,
    rows: &[Parsed],
    programs: &HashMap<Key, Span>,
) -> Result<HashSet<Reference>, AppError> {
    let wrong: HashMap<&Reference, &Parsed> = rows
        .iter()
        .filter(|row| wrong_program(row, zone, programs).is_some())
        .map(|row| (&row.reference, row))
        .collect();
    if wrong.is_empty() {
        return Ok(HashSet::new());
    }
    let references: Vec<&Reference> = wrong.keys().copied().collect();
    let found = store::encounters::by_references(conn, organization, &references)?;
    let same = |e: &EncounterData| {
        wrong.get(&e.reference).is_some_and(|row| {
            e.program == row.program && zone.date_of(e.started_at) == zone.date_of(row.started_at)
        })
    };
    let found = found.into_iter().map(|(encounter, _)| encounter.data);
    Ok(found.filter(same).map(|data| data.reference).collect())
}

fn wrong_program(row: &Parsed, zone: Zone, programs: &HashMap<Key, Span>) -> Option<Fault> {
    let key = row.program.as_ref()?;
    not_running(programs.get(key), zone.date_of(row.started_at))
}

/// What is wrong with a program on a day.
fn not_running(program: Option<&Span>, day: NaiveDate) -> Option<Fault> {
    let message = match program {
        None => "this organization has no such program; add the program first.".to_owned(),
        Some(days) if days.covers(day) => return None,
        Some(Span { from, to: None }) => format!("the program starts on {from}."),
        Some(Span { from, to: Some(to) }) => format!("the program runs from {from} to {to}."),
    };
    Some(Fault::at("/program", message))
}
