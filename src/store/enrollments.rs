//! Enrollment files of payers: kept whole, never changed. Which one is in force is told by when each came: one
//! that is put back came again (`docs/adr/0145`).

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{
    coverages, enrollment_arrivals as arrivals, enrollment_files as files,
    enrollment_spans as spans,
};
use super::sets::insert_set;
use super::types::CHUNK;
use crate::domain::dates::Instant;
use crate::domain::enrollment::{Enrolled, EnrollmentFile};
use crate::domain::ids::{EnrollmentId, PayerId};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = files, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    payer_id: i64,
    sha256: String,
    from_date: NaiveDate,
    to_date: NaiveDate,
    spans: i64,
    members: i64,
    received_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = spans, treat_none_as_default_value = false)]
struct SpanRow {
    file_id: i64,
    member_number: String,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
}

impl Row {
    fn into_domain(self) -> EnrollmentFile {
        EnrollmentFile {
            id: EnrollmentId::from_i64(self.id),
            payer: PayerId::from_i64(self.payer_id),
            sha256: self.sha256,
            from: self.from_date,
            to: self.to_date,
            spans: self.spans,
            members: self.members,
            received_at: Instant::from_naive(self.received_at),
        }
    }
}

/// Keeps a file.
pub fn insert(
    conn: &mut Conn,
    file: &EnrollmentFile,
    rows: &[(String, NaiveDate, NaiveDate)],
) -> Result<(), StoreError> {
    let row = Row {
        id: file.id.as_i64(),
        payer_id: file.payer.as_i64(),
        sha256: file.sha256.clone(),
        from_date: file.from,
        to_date: file.to,
        spans: file.spans,
        members: file.members,
        received_at: file.received_at.naive(),
    };
    diesel::insert_into(files::table).values(row).execute(conn)?;
    let rows: Vec<SpanRow> = rows
        .iter()
        .map(|(number, from, to)| SpanRow {
            file_id: file.id.as_i64(),
            member_number: number.clone(),
            valid_from: *from,
            valid_to: *to,
        })
        .collect();
    insert_set!(conn, spans::table, rows);
    Ok(())
}

/// The file with these bytes.
pub fn by_digest(
    conn: &mut Conn,
    payer: PayerId,
    sha256: &str,
) -> Result<Option<EnrollmentFile>, StoreError> {
    let row: Option<Row> = files::table
        .filter(files::payer_id.eq(payer.as_i64()))
        .filter(files::sha256.eq(sha256))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Row::into_domain))
}

/// Notes that a file came, at a time of the reports' clock.
pub fn arrive(conn: &mut Conn, file: EnrollmentId, at: Instant) -> Result<(), StoreError> {
    diesel::insert_into(arrivals::table)
        .values((arrivals::file_id.eq(file.as_i64()), arrivals::known_from.eq(at.naive())))
        .execute(conn)?;
    Ok(())
}

/// Whether another file that speaks of any of its days came after it did last.
pub fn is_overtaken(conn: &mut Conn, file: &EnrollmentFile) -> Result<bool, StoreError> {
    let last: Option<i64> = arrivals::table
        .inner_join(files::table.on(files::id.eq(arrivals::file_id)))
        .filter(files::payer_id.eq(file.payer.as_i64()))
        .filter(files::from_date.le(file.to))
        .filter(files::to_date.ge(file.from))
        .order((arrivals::known_from.desc(), arrivals::file_id.desc()))
        .select(arrivals::file_id)
        .first(conn)
        .optional()?;
    Ok(last != Some(file.id.as_i64()))
}

/// The file, known at a time, that speaks of a whole period and came last.
pub fn newest(
    conn: &mut Conn,
    payer: PayerId,
    (from, to): (NaiveDate, NaiveDate),
    as_of: Instant,
) -> Result<Option<EnrollmentFile>, StoreError> {
    let row: Option<Row> = arrivals::table
        .inner_join(files::table.on(files::id.eq(arrivals::file_id)))
        .filter(files::payer_id.eq(payer.as_i64()))
        .filter(files::from_date.le(from))
        .filter(files::to_date.ge(to))
        .filter(arrivals::known_from.le(as_of.naive()))
        .order((arrivals::known_from.desc(), arrivals::file_id.desc()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Row::into_domain))
}

/// Who is enrolled in a period, as a file says.
pub fn enrolled(
    conn: &mut Conn,
    file: EnrollmentId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Enrolled, StoreError> {
    let rows: Vec<(String, NaiveDate, NaiveDate)> = spans::table
        .filter(spans::file_id.eq(file.as_i64()))
        .filter(spans::valid_from.le(to))
        .filter(spans::valid_to.ge(from))
        .order((spans::member_number, spans::valid_from))
        .select((spans::member_number, spans::valid_from, spans::valid_to))
        .load(conn)?;
    let mut all = Enrolled::new();
    for (number, from, to) in rows {
        all.entry(number).or_default().push((from, to));
    }
    Ok(all)
}

/// Which of these numbers are on a roster.
pub fn on_rosters(
    conn: &mut Conn,
    payer: PayerId,
    numbers: &[String],
) -> Result<HashSet<String>, StoreError> {
    let mut known = HashSet::new();
    for chunk in numbers.chunks(CHUNK) {
        let found: Vec<String> = coverages::table
            .filter(coverages::payer_id.eq(payer.as_i64()))
            .filter(coverages::member_number.eq_any(chunk.to_vec()))
            .select(coverages::member_number)
            .distinct()
            .load(conn)?;
        known.extend(found);
    }
    Ok(known)
}
