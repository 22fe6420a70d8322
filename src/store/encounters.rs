//! Encounters: one row each, with the outcome of the current decision beside the content.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::holds;
use super::one_of::OneOfDsl;
use super::schema::encounters;
use super::sets::insert_set;
use super::types;
use crate::domain::dates::{Instant, year_month};
use crate::domain::decision::{Decision, Disposition};
use crate::domain::encounter::{Encounter, EncounterData};
use crate::domain::identifiers::{Key, MemberNumber, Reference};
use crate::domain::ids::{DecisionId, EncounterId, MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::status::EncounterStatus;

/// Rows of one INSERT: 29 columns each, below SQLite's 32,766 and PostgreSQL's 65,535 parameters.
const INSERT_ROWS: usize = types::CHUNK;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = encounters, treat_none_as_default_value = false)]
pub(super) struct Row {
    organization_id: i64,
    pub(super) id: i64,
    reference: String,
    content_hash: Vec<u8>,
    content: String,
    peer_id: i64,
    member_id: i64,
    started_at: NaiveDateTime,
    ended_at: NaiveDateTime,
    minutes: i64,
    service_date: NaiveDate,
    service_month: i32,
    payer_id: Option<i64>,
    member_number: Option<String>,
    service: Option<String>,
    disposition: String,
    status: String,
    decision_id: i64,
    decision_sequence: i32,
    file_by: Option<NaiveDate>,
    recorded_at: NaiveDateTime,
    voided_at: Option<NaiveDateTime>,
    void_reason: Option<String>,
    role: String,
    mode: String,
    setting: String,
    program: Option<String>,
    revision: i32,
    content_sequence: i32,
}

impl Row {
    fn of(organization: OrganizationId, hash: &[u8], e: &Encounter) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: organization.as_i64(),
            id: e.id.as_i64(),
            reference: e.data.reference.as_str().to_owned(),
            content_hash: hash.to_vec(),
            content: types::write_json("encounters.content", &e.data)?,
            peer_id: e.data.peer.as_i64(),
            member_id: e.data.member.as_i64(),
            started_at: e.data.started_at.naive(),
            ended_at: e.data.ended_at.naive(),
            minutes: i64::from(e.data.minutes()),
            service_date: e.service_date,
            service_month: year_month(e.service_date),
            payer_id: e.payer.map(PayerId::as_i64),
            member_number: e.member_number.as_ref().map(|n| n.as_str().to_owned()),
            service: e.service.as_ref().map(|s| s.as_str().to_owned()),
            disposition: e.disposition.as_str().to_owned(),
            status: e.status.as_str().to_owned(),
            decision_id: e.decision.as_i64(),
            decision_sequence: e.sequence,
            file_by: e.file_by,
            recorded_at: e.recorded_at.naive(),
            voided_at: e.voided_at.map(Instant::naive),
            void_reason: e.void_reason.clone(),
            // What reports group by, beside the content that says it.
            role: e.data.role.as_str().to_owned(),
            mode: e.data.mode.as_str().to_owned(),
            setting: e.data.setting.as_str().to_owned(),
            program: e.data.program.as_ref().map(|p| p.as_str().to_owned()),
            revision: e.revision,
            content_sequence: e.content_sequence,
        })
    }

    fn into_domain(self) -> Result<Encounter, StoreError> {
        let data: EncounterData = types::read_json("encounters.content", &self.content)?;
        Ok(Encounter {
            id: EncounterId::from_i64(self.id),
            data,
            service_date: self.service_date,
            payer: self.payer_id.map(PayerId::from_i64),
            member_number: types::read_optional("encounters.member_number", self.member_number)?,
            service: types::read_optional("encounters.service", self.service)?,
            disposition: types::read("encounters.disposition", self.disposition)?,
            status: types::read("encounters.status", self.status)?,
            decision: DecisionId::from_i64(self.decision_id),
            sequence: self.decision_sequence,
            file_by: self.file_by,
            recorded_at: Instant::from_naive(self.recorded_at),
            voided_at: self.voided_at.map(Instant::from_naive),
            void_reason: self.void_reason,
            revision: self.revision,
            content_sequence: self.content_sequence,
        })
    }
}

/// Inserts encounters with the hashes of their content.
pub fn insert_all(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[(&Encounter, [u8; 32])],
) -> Result<(), StoreError> {
    let rows = list
        .iter()
        .map(|(encounter, hash)| Row::of(organization, hash, encounter))
        .collect::<Result<Vec<_>, _>>()?;
    insert_rows(conn, &rows)
}

pub(super) fn insert_rows(conn: &mut Conn, rows: &[Row]) -> Result<(), StoreError> {
    insert_set!(conn, encounters::table, rows);
    Ok(())
}

/// The encounter with this id.
pub fn by_id(
    conn: &mut Conn,
    organization: OrganizationId,
    id: EncounterId,
) -> Result<Encounter, StoreError> {
    encounters::table
        .find((organization.as_i64(), id.as_i64()))
        .select(Row::as_select())
        .first(conn)?
        .into_domain()
}

/// The encounters with these ids, in any order.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[EncounterId],
) -> Result<Vec<Encounter>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<Row> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::id.one_of(chunk))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            found.push(row.into_domain()?);
        }
    }
    Ok(found)
}

/// Encounters recorded under these references, with the hashes of their content.
pub fn by_references(
    conn: &mut Conn,
    organization: OrganizationId,
    references: &[&Reference],
) -> Result<Vec<(Encounter, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    for chunk in references.chunks(INSERT_ROWS) {
        let texts: Vec<&str> = chunk.iter().map(|r| r.as_str()).collect();
        let rows: Vec<Row> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::reference.one_of(texts))
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let hash = row.content_hash.clone();
            found.push((row.into_domain()?, hash));
        }
    }
    Ok(found)
}

/// Puts the outcome of a new decision beside the content.
pub struct Outcome<'a> {
    /// Which encounter.
    pub id: EncounterId,
    /// The decision's id.
    pub decision: DecisionId,
    /// Its sequence.
    pub sequence: i32,
    /// What it says.
    pub answer: &'a Decision,
    /// The payer and member number billed.
    pub billed: Option<(PayerId, &'a MemberNumber)>,
}

/// Records a new decision's outcome on its encounter.
pub fn set_outcome(
    conn: &mut Conn,
    organization: OrganizationId,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let answer = outcome.answer;
    diesel::update(encounters::table.find((organization.as_i64(), outcome.id.as_i64())))
        .set((
            encounters::decision_id.eq(outcome.decision.as_i64()),
            encounters::decision_sequence.eq(outcome.sequence),
            encounters::disposition.eq(answer.disposition.as_str()),
            encounters::status.eq(status_of(answer.disposition).as_str()),
            encounters::service_date.eq(answer.service_date),
            encounters::service_month.eq(year_month(answer.service_date)),
            encounters::service.eq(answer.service.as_ref().map(Key::as_str)),
            encounters::payer_id.eq(outcome.billed.map(|b| b.0.as_i64())),
            encounters::member_number.eq(outcome.billed.map(|b| b.1.as_str())),
            encounters::file_by.eq(answer.file_by),
        ))
        .execute(conn)?;
    Ok(())
}

/// The encounter's status right after a decision.
pub fn status_of(disposition: Disposition) -> EncounterStatus {
    match disposition {
        Disposition::Ready => EncounterStatus::Ready,
        Disposition::Held => EncounterStatus::Held,
        Disposition::NonBillable => EncounterStatus::NonBillable,
    }
}

/// Sets the derived status of encounters.
pub fn set_status(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[EncounterId],
    status: EncounterStatus,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(INSERT_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        diesel::update(
            encounters::table
                .filter(encounters::organization_id.eq(organization.as_i64()))
                .filter(encounters::id.eq_any(chunk)),
        )
        .set(encounters::status.eq(status.as_str()))
        .execute(conn)?;
    }
    Ok(())
}

/// Marks an encounter void.
pub fn set_void(
    conn: &mut Conn,
    organization: OrganizationId,
    id: EncounterId,
    at: Instant,
    reason: &str,
) -> Result<(), StoreError> {
    diesel::update(encounters::table.find((organization.as_i64(), id.as_i64())))
        .set((
            encounters::status.eq(EncounterStatus::Void.as_str()),
            encounters::voided_at.eq(at.naive()),
            encounters::void_reason.eq(reason),
        ))
        .execute(conn)?;
    // Nothing waits of a visit that did not take place.
    holds::remove(conn, organization, &[id])
}

/// Takes the void of an encounter back: the claim that would have left it out did not come about.
pub fn revive(
    conn: &mut Conn,
    organization: OrganizationId,
    id: EncounterId,
) -> Result<(), StoreError> {
    diesel::update(encounters::table.find((organization.as_i64(), id.as_i64())))
        .set((
            encounters::voided_at.eq(None::<NaiveDateTime>),
            encounters::void_reason.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// What a list of encounters is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// By status.
    pub status: Option<EncounterStatus>,
    /// By member.
    pub member: Option<MemberId>,
    /// By peer.
    pub peer: Option<PeerId>,
    /// By the payer that would be billed.
    pub payer: Option<PayerId>,
    /// By service.
    pub service: Option<Key>,
    /// By reference.
    pub reference: Option<Reference>,
    /// First service date.
    pub from: Option<NaiveDate>,
    /// Last service date.
    pub to: Option<NaiveDate>,
}

/// A page of encounters in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<EncounterId>,
    limit: i64,
) -> Result<Vec<Encounter>, StoreError> {
    let mut query = encounters::table
        .filter(encounters::organization_id.eq(organization.as_i64()))
        .filter(encounters::id.gt(after.map_or(-1, EncounterId::as_i64)))
        .into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(encounters::status.eq(status.as_str()));
    }
    if let Some(member) = filter.member {
        query = query.filter(encounters::member_id.eq(member.as_i64()));
    }
    if let Some(peer) = filter.peer {
        query = query.filter(encounters::peer_id.eq(peer.as_i64()));
    }
    if let Some(payer) = filter.payer {
        query = query.filter(encounters::payer_id.eq(payer.as_i64()));
    }
    if let Some(service) = &filter.service {
        query = query.filter(encounters::service.eq(service.as_str().to_owned()));
    }
    if let Some(reference) = &filter.reference {
        query = query.filter(encounters::reference.eq(reference.as_str().to_owned()));
    }
    if let Some(from) = filter.from {
        query = query.filter(encounters::service_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(encounters::service_date.le(to));
    }
    let rows: Vec<Row> =
        query.order(encounters::id).limit(limit).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Row::into_domain).collect()
}
