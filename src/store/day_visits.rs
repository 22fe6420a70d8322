//! Which visits are in the sum of a day's minutes: one row for each that counts.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::{Conn, per_backend};
use super::error::StoreError;
use super::one_of::OneOfDsl;
use super::schema::{day_visits, encounters};
use super::types;
use crate::domain::dates::Instant;
use crate::domain::day_sum::{Measure, SumKey};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{EncounterId, MemberId, OrganizationId, PeerId};

/// Rows of one INSERT or list of one query: 8 columns each.
const CHUNK_ROWS: usize = types::CHUNK;

#[derive(Debug, Insertable)]
#[diesel(table_name = day_visits)]
struct Row<'a> {
    organization_id: i64,
    encounter_id: i64,
    member_id: i64,
    service_date: NaiveDate,
    sum_key: &'a str,
    unit_minutes: i64,
    rounding: &'a str,
    min_minutes: i64,
}

/// A visit that counts.
#[derive(Debug, Clone)]
pub struct DayVisit {
    /// Its id.
    pub encounter: EncounterId,
    /// In which sum.
    pub key: SumKey,
    /// How that sum is rounded.
    pub measure: Measure,
    /// The organization's name for it.
    pub reference: Reference,
    /// Its peer.
    pub peer: PeerId,
    /// Start.
    pub started_at: Instant,
    /// End.
    pub ended_at: Instant,
    /// Whole minutes.
    pub minutes: u32,
}

type JoinedRow =
    (i64, i64, NaiveDate, String, i64, String, i64, String, i64, NaiveDateTime, NaiveDateTime, i64);

fn visit(row: JoinedRow) -> Result<DayVisit, StoreError> {
    let (id, member, date, rest, length, rounding, least, reference, peer, from, to, minutes) = row;
    Ok(DayVisit {
        encounter: EncounterId::from_i64(id),
        key: SumKey { member: MemberId::from_i64(member), date, rest },
        measure: Measure {
            unit_minutes: types::read_count("day_visits.unit_minutes", length)?,
            rounding: types::read("day_visits.rounding", rounding)?,
            min_minutes: types::read_count("day_visits.min_minutes", least)?,
        },
        reference: types::read("encounters.reference", reference)?,
        peer: PeerId::from_i64(peer),
        started_at: Instant::from_naive(from),
        ended_at: Instant::from_naive(to),
        minutes: types::read_count("encounters.minutes", minutes)?,
    })
}

macro_rules! joined {
    ($organization:expr) => {
        day_visits::table
            .inner_join(
                encounters::table.on(encounters::organization_id
                    .eq(day_visits::organization_id)
                    .and(encounters::id.eq(day_visits::encounter_id))),
            )
            .filter(day_visits::organization_id.eq($organization.as_i64()))
            .order((encounters::started_at, encounters::id))
            .select((
                day_visits::encounter_id,
                day_visits::member_id,
                day_visits::service_date,
                day_visits::sum_key,
                day_visits::unit_minutes,
                day_visits::rounding,
                day_visits::min_minutes,
                encounters::reference,
                encounters::peer_id,
                encounters::started_at,
                encounters::ended_at,
                encounters::minutes,
            ))
    };
}

/// The visits of members that count in sums between two days, in order of start.
pub fn of_members(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<DayVisit>, StoreError> {
    let mut found = Vec::new();
    for chunk in members.chunks(CHUNK_ROWS) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<JoinedRow> = joined!(organization)
            .filter(day_visits::member_id.one_of(ids))
            .filter(day_visits::service_date.between(from, to))
            .load(conn)?;
        for row in rows {
            found.push(visit(row)?);
        }
    }
    Ok(found)
}

/// Those of these encounters that count in a sum.
pub fn by_ids(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[EncounterId],
) -> Result<Vec<DayVisit>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        let rows: Vec<JoinedRow> =
            joined!(organization).filter(day_visits::encounter_id.one_of(ids)).load(conn)?;
        for row in rows {
            found.push(visit(row)?);
        }
    }
    Ok(found)
}

/// Records that visits count, each in its sum.
pub fn put(
    conn: &mut Conn,
    organization: OrganizationId,
    list: &[(EncounterId, SumKey, Measure)],
) -> Result<(), StoreError> {
    let ids: Vec<EncounterId> = list.iter().map(|(id, _, _)| *id).collect();
    remove(conn, organization, &ids)?;
    for chunk in list.chunks(CHUNK_ROWS) {
        let rows: Vec<Row<'_>> = chunk
            .iter()
            .map(|(id, key, measure)| Row {
                organization_id: organization.as_i64(),
                encounter_id: id.as_i64(),
                member_id: key.member.as_i64(),
                service_date: key.date,
                sum_key: &key.rest,
                unit_minutes: i64::from(measure.unit_minutes),
                rounding: measure.rounding.as_str(),
                min_minutes: i64::from(measure.min_minutes),
            })
            .collect();
        per_backend!(&mut *conn,
            c => diesel::insert_into(day_visits::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// Records that visits count no longer.
pub fn remove(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[EncounterId],
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK_ROWS) {
        let ids: Vec<i64> = chunk.iter().map(|i| i.as_i64()).collect();
        diesel::delete(
            day_visits::table
                .filter(day_visits::organization_id.eq(organization.as_i64()))
                .filter(day_visits::encounter_id.one_of(ids)),
        )
        .execute(conn)?;
    }
    Ok(())
}
