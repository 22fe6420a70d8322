//! Sessions, and which encounters are of them.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{encounters, session_encounters, sessions};
use super::sets::insert_set;
use super::types;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, OrganizationId, PeerId, SessionId};
use crate::domain::session::{Attendance, Session, SessionData};
use crate::domain::status::EncounterStatus;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub(super) struct Row {
    organization_id: i64,
    id: i64,
    reference: String,
    peer_id: i64,
    started_at: NaiveDateTime,
    ended_at: NaiveDateTime,
    service_date: NaiveDate,
    size: i64,
    peers: i64,
    stated: bool,
    content_hash: Option<Vec<u8>>,
    revision: i32,
    recorded_at: NaiveDateTime,
    voided_at: Option<NaiveDateTime>,
    void_reason: Option<String>,
}

impl Row {
    fn of(organization: OrganizationId, s: &Session, service_date: NaiveDate) -> Self {
        Self {
            organization_id: organization.as_i64(),
            id: s.id.as_i64(),
            reference: s.data.reference.as_str().to_owned(),
            peer_id: s.data.peer.as_i64(),
            started_at: s.data.started_at.naive(),
            ended_at: s.data.ended_at.naive(),
            service_date,
            size: i64::from(s.data.size),
            peers: i64::from(s.data.peers),
            stated: s.data.stated,
            content_hash: s.content_hash.clone(),
            revision: s.revision,
            recorded_at: s.recorded_at.naive(),
            voided_at: s.voided_at.map(Instant::naive),
            void_reason: s.void_reason.clone(),
        }
    }

    fn into_domain(self) -> Result<Session, StoreError> {
        let data = SessionData {
            reference: types::read("sessions.reference", self.reference)?,
            peer: PeerId::from_i64(self.peer_id),
            started_at: Instant::from_naive(self.started_at),
            ended_at: Instant::from_naive(self.ended_at),
            size: types::read_count("sessions.size", self.size)?,
            peers: types::read_count("sessions.peers", self.peers)?,
            stated: self.stated,
        };
        Ok(Session {
            id: SessionId::from_i64(self.id),
            data,
            content_hash: self.content_hash,
            revision: self.revision,
            recorded_at: Instant::from_naive(self.recorded_at),
            voided_at: self.voided_at.map(Instant::from_naive),
            void_reason: self.void_reason,
        })
    }
}

/// Adds sessions, each with its service date.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    new: &[(&Session, NaiveDate)],
) -> Result<(), StoreError> {
    let rows: Vec<Row> =
        new.iter().map(|(session, day)| Row::of(organization, session, *day)).collect();
    insert_set!(conn, sessions::table, rows);
    Ok(())
}

/// Changes what a session is, and its revision.
pub fn update(
    conn: &mut Conn,
    organization: OrganizationId,
    session: &Session,
    day: NaiveDate,
) -> Result<(), StoreError> {
    let data = &session.data;
    diesel::update(sessions::table.find((organization.as_i64(), session.id.as_i64())))
        .set((
            sessions::peer_id.eq(data.peer.as_i64()),
            sessions::started_at.eq(data.started_at.naive()),
            sessions::ended_at.eq(data.ended_at.naive()),
            sessions::service_date.eq(day),
            sessions::size.eq(i64::from(data.size)),
            sessions::peers.eq(i64::from(data.peers)),
            sessions::stated.eq(data.stated),
            sessions::revision.eq(session.revision),
            sessions::voided_at.eq(session.voided_at.map(Instant::naive)),
            sessions::void_reason.eq(session.void_reason.clone()),
        ))
        .execute(conn)?;
    Ok(())
}

/// The session with this id.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: SessionId,
) -> Result<Session, StoreError> {
    sessions::table
        .find((organization.as_i64(), id.as_i64()))
        .select(Row::as_select())
        .first(conn)?
        .into_domain()
}

/// The sessions with these references, in any order.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[&Reference],
) -> Result<Vec<Session>, StoreError> {
    let mut found = Vec::new();
    for chunk in references.chunks(types::CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(|r| r.as_str()).collect();
        let rows: Vec<Row> = sessions::table
            .filter(sessions::organization_id.eq(organization.as_i64()))
            .filter(sessions::reference.one_of(texts))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            found.push(row.into_domain()?);
        }
    }
    Ok(found)
}

/// Sessions of these peers that touch the time and are not void.
pub fn touching(
    conn: &mut Conn,
    organization: OrganizationId,
    peers: &[PeerId],
    (from, to): (Instant, Instant),
) -> Result<Vec<Session>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|p| p.as_i64()).collect();
    let rows: Vec<Row> = sessions::table
        .filter(sessions::organization_id.eq(organization.as_i64()))
        .filter(sessions::peer_id.one_of(peers))
        .filter(sessions::started_at.lt(to.naive()))
        .filter(sessions::ended_at.gt(from.naive()))
        // A session that grew by its encounters is below two days; so the index bounds the search.
        .filter(sessions::started_at.gt(from.naive() - TimeDelta::days(2)))
        .filter(sessions::voided_at.is_null())
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// The encounters of these sessions that are not void, by session and id.
pub fn attendance(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[SessionId],
) -> Result<Vec<Attendance>, StoreError> {
    let mut found = Vec::new();
    for chunk in list.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let joined = session_encounters::table.inner_join(
            encounters::table.on(encounters::organization_id
                .eq(session_encounters::organization_id)
                .and(encounters::id.eq(session_encounters::encounter_id))),
        );
        let rows: Vec<(i64, i64)> = joined
            .filter(session_encounters::organization_id.eq(organization.as_i64()))
            .filter(session_encounters::session_id.one_of(chunk))
            .filter(encounters::status.ne(EncounterStatus::Void.as_str()))
            .order((session_encounters::session_id, session_encounters::encounter_id))
            .select((session_encounters::session_id, session_encounters::encounter_id))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(session, encounter)| Attendance {
            session: SessionId::from_i64(session),
            encounter: EncounterId::from_i64(encounter),
        }));
    }
    Ok(found)
}

/// Those of these sessions' encounters that are on a live claim.
pub fn claimed(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[SessionId],
) -> Result<Vec<Attendance>, StoreError> {
    let mut found = Vec::new();
    let on_claims = [EncounterStatus::Claimed, EncounterStatus::Submitted];
    for chunk in list.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let joined = session_encounters::table.inner_join(
            encounters::table.on(encounters::organization_id
                .eq(session_encounters::organization_id)
                .and(encounters::id.eq(session_encounters::encounter_id))),
        );
        let rows: Vec<(i64, i64)> = joined
            .filter(session_encounters::organization_id.eq(organization.as_i64()))
            .filter(session_encounters::session_id.one_of(chunk))
            .filter(encounters::status.one_of(on_claims.map(EncounterStatus::as_str)))
            .select((session_encounters::session_id, session_encounters::encounter_id))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(session, encounter)| Attendance {
            session: SessionId::from_i64(session),
            encounter: EncounterId::from_i64(encounter),
        }));
    }
    Ok(found)
}

/// All encounters of a session, voided ones too, in order of id.
pub fn encounters_of(
    conn: &mut Conn,
    organization: OrganizationId,
    id: SessionId,
) -> Result<Vec<EncounterId>, StoreError> {
    let rows: Vec<i64> = session_encounters::table
        .filter(session_encounters::organization_id.eq(organization.as_i64()))
        .filter(session_encounters::session_id.eq(id.as_i64()))
        .order(session_encounters::encounter_id)
        .select(session_encounters::encounter_id)
        .load(conn)?;
    Ok(rows.into_iter().map(EncounterId::from_i64).collect())
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = session_encounters, treat_none_as_default_value = false)]
pub(super) struct LinkRow {
    organization_id: i64,
    encounter_id: i64,
    pub(super) session_id: i64,
}

/// Says of which session each encounter is; those that are of another one leave it.
pub fn link(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[Attendance],
) -> Result<(), StoreError> {
    let rows: Vec<LinkRow> = list
        .iter()
        .map(|a| LinkRow {
            organization_id: organization.as_i64(),
            encounter_id: a.encounter.as_i64(),
            session_id: a.session.as_i64(),
        })
        .collect();
    for chunk in rows.chunks(types::CHUNK) {
        let ids: Vec<EncounterId> =
            chunk.iter().map(|r| EncounterId::from_i64(r.encounter_id)).collect();
        unlink(conn, organization, &ids)?;
        per_backend!(&mut *conn,
            c => diesel::insert_into(session_encounters::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Takes encounters out of their sessions.
pub fn unlink(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[EncounterId],
) -> Result<(), StoreError> {
    for chunk in list.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        diesel::delete(
            session_encounters::table
                .filter(session_encounters::organization_id.eq(organization.as_i64()))
                .filter(session_encounters::encounter_id.one_of(chunk)),
        )
        .execute(conn)?;
    }
    Ok(())
}

/// What a list of sessions is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// By reference.
    pub reference: Option<Reference>,
    /// By peer.
    pub peer: Option<PeerId>,
    /// First service date.
    pub from: Option<NaiveDate>,
    /// Last service date.
    pub to: Option<NaiveDate>,
}

/// A page of sessions in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>, StoreError> {
    let mut query = sessions::table
        .filter(sessions::organization_id.eq(organization.as_i64()))
        .filter(sessions::id.gt(after.map_or(-1, SessionId::as_i64)))
        .into_boxed();
    if let Some(reference) = &filter.reference {
        query = query.filter(sessions::reference.eq(reference.as_str().to_owned()));
    }
    if let Some(peer) = filter.peer {
        query = query.filter(sessions::peer_id.eq(peer.as_i64()));
    }
    if let Some(from) = filter.from {
        query = query.filter(sessions::service_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(sessions::service_date.le(to));
    }
    let rows: Vec<Row> = query
        .order(sessions::id)
        .limit(types::page_size(limit))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}
