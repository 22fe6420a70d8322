//! What the member's other visits are, where a contract asks what came before a visit or stands
//! beside it: sessions so far, visits face to face, lines of the day.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::conn::Conn;
use super::decisions::LineRow;
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{decision_lines, decisions, encounters};
use super::types;
use crate::domain::codes::Mode;
use crate::domain::dates::Instant;
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::Key;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId};
use crate::domain::line::Line;
use crate::domain::status::{EncounterStatus, LineStatus};

/// How a line stands that is ready or claimed.
const LIVE: [LineStatus; 3] = [LineStatus::Ready, LineStatus::Claimed, LineStatus::Submitted];

/// Which visits are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Of these members.
    pub members: &'a [MemberId],
    /// Without these.
    pub except: &'a [EncounterId],
}

impl Wanted<'_> {
    fn except(&self) -> Vec<i64> {
        self.except.iter().map(|e| e.as_i64()).collect()
    }
}

/// Starts of all visits of a service that took place, whatever became of them.
pub fn starts(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted<'_>,
) -> Result<Vec<(MemberId, Instant, EncounterId)>, StoreError> {
    let mut found = Vec::new();
    for chunk in wanted.members.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<(i64, NaiveDateTime, i64)> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.one_of(chunk))
            .filter(encounters::status.ne(EncounterStatus::Void.as_str()))
            .filter(encounters::service.is_not_null())
            .filter(encounters::id.none_of(wanted.except()))
            .select((encounters::member_id, encounters::started_at, encounters::id))
            .load(conn)?;
        found.extend(rows.into_iter().map(|(member, start, id)| {
            (MemberId::from_i64(member), Instant::from_naive(start), EncounterId::from_i64(id))
        }));
    }
    Ok(found)
}

/// A visit as far as it is one face to face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Which.
    pub encounter: EncounterId,
    /// Its service.
    pub service: Key,
    /// Its service date.
    pub day: NaiveDate,
    /// What was recorded.
    pub data: EncounterData,
}

/// Visits in these modes between two days that are not held: also those too short for a unit.
pub fn in_modes(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted<'_>,
    modes: &[Mode],
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Met>, StoreError> {
    let out = [EncounterStatus::Void, EncounterStatus::Held].map(EncounterStatus::as_str);
    let modes: Vec<&str> = modes.iter().map(|m| m.as_str()).collect();
    let mut found = Vec::new();
    for chunk in wanted.members.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<(i64, Option<String>, NaiveDate, String)> = encounters::table
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.one_of(chunk))
            .filter(encounters::service_date.between(first, last))
            .filter(encounters::status.none_of(out))
            .filter(encounters::mode.one_of(modes.clone()))
            .filter(encounters::service.is_not_null())
            .filter(encounters::id.none_of(wanted.except()))
            .order(encounters::id)
            .select((
                encounters::id,
                encounters::service,
                encounters::service_date,
                encounters::content,
            ))
            .load(conn)?;
        for (id, service, day, content) in rows {
            let service = types::read_optional("encounters.service", service)?;
            let Some(service) = service else { continue };
            let data = types::read_json("encounters.content", &content)?;
            found.push(Met { encounter: EncounterId::from_i64(id), service, day, data });
        }
    }
    Ok(found)
}

/// A visit with the decision about it that its live lines are of.
#[derive(Debug)]
pub struct Decided {
    /// The visit.
    pub encounter: EncounterId,
    /// What it says.
    pub data: EncounterData,
    /// The decision.
    pub decision: Decision,
}

/// Visits as one of these services between two days that are ready or claimed, with their decisions.
pub fn decided(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted<'_>,
    services: &[Key],
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Decided>, StoreError> {
    let services: Vec<&str> = services.iter().map(Key::as_str).collect();
    let live = LIVE.map(LineStatus::as_str);
    let mut found = Vec::new();
    for chunk in wanted.members.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let of_visit = decision_lines::table
            .filter(decision_lines::organization_id.eq(encounters::organization_id))
            .filter(decision_lines::encounter_id.eq(encounters::id))
            .filter(decision_lines::decision_id.eq(decisions::id))
            .filter(decision_lines::status.one_of(live))
            .select(decision_lines::id);
        let rows: Vec<(i64, String, String)> = encounters::table
            .inner_join(
                decisions::table.on(decisions::organization_id
                    .eq(encounters::organization_id)
                    .and(decisions::encounter_id.eq(encounters::id))),
            )
            .filter(encounters::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.one_of(chunk))
            .filter(encounters::service_date.between(first, last))
            .filter(encounters::service.one_of(services.clone()))
            .filter(encounters::id.none_of(wanted.except()))
            .filter(exists(of_visit))
            .order(encounters::id)
            .select((encounters::id, encounters::content, decisions::answer))
            .load(conn)?;
        for (id, content, answer) in rows {
            found.push(Decided {
                encounter: EncounterId::from_i64(id),
                data: types::read_json("encounters.content", &content)?,
                decision: types::read_json("decisions.answer", &answer)?,
            });
        }
    }
    Ok(found)
}

/// Lines of these services between two days that are ready or claimed, with their visits.
pub fn lines(
    conn: &mut Conn,
    organization: OrganizationId,
    wanted: Wanted<'_>,
    services: &[Key],
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<(Line, EncounterData)>, StoreError> {
    let services: Vec<&str> = services.iter().map(Key::as_str).collect();
    let mut found = Vec::new();
    for chunk in wanted.members.chunks(types::CHUNK) {
        let chunk: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<(LineRow, String)> = decision_lines::table
            .inner_join(
                encounters::table.on(encounters::organization_id
                    .eq(decision_lines::organization_id)
                    .and(encounters::id.eq(decision_lines::encounter_id))),
            )
            .filter(decision_lines::organization_id.eq(organization.as_i64()))
            .filter(encounters::member_id.one_of(chunk))
            .filter(encounters::service_date.between(first, last))
            .filter(decision_lines::service.one_of(services.clone()))
            .filter(decision_lines::status.one_of(LIVE.map(LineStatus::as_str)))
            .filter(encounters::id.none_of(wanted.except()))
            .order((decision_lines::encounter_id, decision_lines::ordinal))
            .select((LineRow::as_select(), encounters::content))
            .load(conn)?;
        for (row, content) in rows {
            found.push((row.into_domain()?, types::read_json("encounters.content", &content)?));
        }
    }
    Ok(found)
}
