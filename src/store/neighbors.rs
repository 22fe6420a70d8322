//! Neighbors: live encounters close by in time, or in the same session.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::encounters;
use super::types;
use crate::domain::dates::Instant;
use crate::domain::facts::Neighbor;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};
use crate::domain::status::EncounterStatus;

/// Who and when to look for neighbors.
#[derive(Debug, Clone)]
pub struct Vicinity {
    /// Members.
    pub members: Vec<MemberId>,
    /// Peers.
    pub peers: Vec<PeerId>,
    /// Start of the time looked at.
    pub from: Instant,
    /// End of it.
    pub to: Instant,
    /// Left out.
    pub except: Vec<EncounterId>,
}

type NeighborRow = (i64, String, i64, i64, Option<String>, NaiveDateTime, NaiveDateTime);

const LIVE: [EncounterStatus; 3] =
    [EncounterStatus::Ready, EncounterStatus::Claimed, EncounterStatus::Submitted];

fn neighbor(row: NeighborRow) -> Result<Neighbor, StoreError> {
    let (id, reference, member, peer, service, started_at, ended_at) = row;
    Ok(Neighbor {
        encounter: EncounterId::from_i64(id),
        reference: types::read("encounters.reference", reference)?,
        member: MemberId::from_i64(member),
        peer: PeerId::from_i64(peer),
        service: types::read_optional("encounters.service", service)?,
        started_at: Instant::from_naive(started_at),
        ended_at: Instant::from_naive(ended_at),
        session: None,
    })
}

/// Live encounters (ready or claimed) of these members or peers that touch the time.
pub fn live_in(
    conn: &mut Conn,
    organization: OrganizationId,
    vicinity: &Vicinity,
) -> Result<Vec<Neighbor>, StoreError> {
    let except: Vec<i64> = vicinity.except.iter().map(|e| e.as_i64()).collect();
    let members: Vec<i64> = vicinity.members.iter().map(|m| m.as_i64()).collect();
    let peers: Vec<i64> = vicinity.peers.iter().map(|p| p.as_i64()).collect();
    let rows: Vec<NeighborRow> = encounters::table
        .filter(encounters::organization_id.eq(organization.as_i64()))
        .filter(encounters::member_id.one_of(members).or(encounters::peer_id.one_of(peers)))
        .filter(encounters::started_at.lt(vicinity.to.naive()))
        .filter(encounters::ended_at.gt(vicinity.from.naive()))
        // A contact lasts a day at most, so the index on the start bounds the search.
        .filter(encounters::started_at.gt(vicinity.from.naive() - chrono::TimeDelta::days(1)))
        .filter(encounters::status.one_of(LIVE.map(EncounterStatus::as_str)))
        .filter(encounters::id.none_of(except))
        .order(encounters::id)
        .select((
            encounters::id,
            encounters::reference,
            encounters::member_id,
            encounters::peer_id,
            encounters::service,
            encounters::started_at,
            encounters::ended_at,
        ))
        .load(conn)?;
    rows.into_iter().map(neighbor).collect()
}

/// Those of these encounters that are live.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[EncounterId],
) -> Result<Vec<Neighbor>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<NeighborRow> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::id.one_of(chunk))
            .filter(encounters::status.one_of(LIVE.map(EncounterStatus::as_str)))
            .order(encounters::id)
            .select((
                encounters::id,
                encounters::reference,
                encounters::member_id,
                encounters::peer_id,
                encounters::service,
                encounters::started_at,
                encounters::ended_at,
            ))
            .load(conn)?;
        for row in rows {
            found.push(neighbor(row)?);
        }
    }
    Ok(found)
}
