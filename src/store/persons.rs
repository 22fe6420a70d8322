//! Numbers of a payer that are not simply a person each, with the times from which and to which that was
//! known, and the marks of numbers to look at again (`docs/adr/0140`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{
    claim_lines, claims, coverages, report_marks, report_number_marks as marks,
    report_persons as persons,
};
use super::sets::insert_set;
use super::types::{CHUNK, page_size};
use crate::domain::dates::Instant;
use crate::domain::ids::PayerId;
use crate::domain::report::person::{Held, Owners, Persons};
use crate::domain::status::ClaimStatus;

/// Claims of which the payer was not told.
const UNTOLD: [ClaimStatus; 2] = [ClaimStatus::Batched, ClaimStatus::Withdrawn];

#[derive(Debug, Insertable)]
#[diesel(table_name = persons, treat_none_as_default_value = false)]
struct Row<'a> {
    payer_id: i64,
    member_number: &'a str,
    valid_from: NaiveDate,
    known_from: NaiveDateTime,
    known_to: Option<NaiveDateTime>,
    person: &'a str,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = report_marks, treat_none_as_default_value = false)]
struct MarkRow {
    organization_id: i64,
    service_date: NaiveDate,
}

/// Marked numbers with their payers: at most `limit`.
pub fn marked(conn: &mut Conn, limit: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = marks::table
        .select((marks::payer_id, marks::member_number))
        .distinct()
        .order((marks::payer_id, marks::member_number))
        .limit(page_size(limit))
        .load(conn)?;
    Ok(rows)
}

/// Takes the marks of numbers away: to be called before they are looked at.
pub fn unmark(conn: &mut Conn, payer: i64, numbers: &BTreeSet<String>) -> Result<(), StoreError> {
    for chunk in chunks(numbers) {
        let of_payer = marks::table.filter(marks::payer_id.eq(payer));
        diesel::delete(of_payer.filter(marks::member_number.eq_any(chunk))).execute(conn)?;
    }
    Ok(())
}

fn chunks(numbers: &BTreeSet<String>) -> Vec<Vec<&str>> {
    let list: Vec<&str> = numbers.iter().map(String::as_str).collect();
    list.chunks(CHUNK).map(<[&str]>::to_vec).collect()
}

/// Who has these numbers on rosters, of those members of whom the payer was told by a claim: of others a
/// roster tells it nothing.
pub fn held(
    conn: &mut Conn,
    payer: i64,
    numbers: &BTreeSet<String>,
) -> Result<Vec<Held>, StoreError> {
    let mut all = Vec::new();
    for chunk in chunks(numbers) {
        let told = claims::table
            .filter(claims::organization_id.eq(coverages::organization_id))
            .filter(claims::member_id.eq(coverages::member_id))
            .filter(claims::payer_id.eq(coverages::payer_id))
            .filter(claims::status.ne_all(UNTOLD.map(ClaimStatus::as_str)));
        let rows: Vec<(i64, i64, String, NaiveDate)> = coverages::table
            .filter(coverages::payer_id.eq(payer))
            .filter(coverages::member_number.eq_any(chunk))
            .filter(exists(told))
            .select((
                coverages::organization_id,
                coverages::member_id,
                coverages::member_number,
                coverages::valid_from,
            ))
            .load(conn)?;
        let held =
            |(organization, member, number, from)| Held { organization, member, number, from };
        all.extend(rows.into_iter().map(held));
    }
    Ok(all)
}

/// All numbers at a payer of members, by organization and member.
pub fn numbers_of(
    conn: &mut Conn,
    payer: i64,
    members: &BTreeSet<(i64, i64)>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut by_owner: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (organization, member) in members {
        by_owner.entry(*organization).or_default().push(*member);
    }
    let mut all = BTreeSet::new();
    for (organization, members) in by_owner {
        for chunk in members.chunks(CHUNK) {
            let rows: Vec<String> = coverages::table
                .filter(coverages::organization_id.eq(organization))
                .filter(coverages::member_id.eq_any(chunk.to_vec()))
                .filter(coverages::payer_id.eq(payer))
                .select(coverages::member_number)
                .load(conn)?;
            all.extend(rows);
        }
    }
    Ok(all)
}

/// The numbers that are known to be the same people's as these.
pub fn of_the_same(
    conn: &mut Conn,
    payer: i64,
    numbers: &BTreeSet<String>,
) -> Result<BTreeSet<String>, StoreError> {
    let known =
        || persons::table.filter(persons::payer_id.eq(payer)).filter(persons::known_to.is_null());
    let mut people: BTreeSet<String> = BTreeSet::new();
    for chunk in chunks(numbers) {
        let rows: Vec<String> = known()
            .filter(persons::member_number.eq_any(chunk))
            .select(persons::person)
            .load(conn)?;
        people.extend(rows);
    }
    let mut all = BTreeSet::new();
    for chunk in chunks(&people) {
        let rows: Vec<String> = known()
            .filter(persons::person.eq_any(chunk))
            .select(persons::member_number)
            .load(conn)?;
        all.extend(rows);
    }
    Ok(all)
}

/// Whose these numbers are now.
pub fn now(conn: &mut Conn, payer: i64, numbers: &BTreeSet<String>) -> Result<Persons, StoreError> {
    let mut all = Owners::new();
    for chunk in chunks(numbers) {
        let rows: Vec<(String, NaiveDate, String)> = persons::table
            .filter(persons::payer_id.eq(payer))
            .filter(persons::known_to.is_null())
            .filter(persons::member_number.eq_any(chunk))
            .order((persons::member_number, persons::valid_from))
            .select((persons::member_number, persons::valid_from, persons::person))
            .load(conn)?;
        put_all(&mut all, rows);
    }
    Ok(Persons(all))
}

fn put_all(all: &mut Owners, rows: Vec<(String, NaiveDate, String)>) {
    for (number, from, person) in rows {
        all.entry(number).or_default().push((from, person));
    }
}

/// Whose the payer's numbers were known to be at a time.
pub fn at(conn: &mut Conn, payer: PayerId, as_of: Instant) -> Result<Persons, StoreError> {
    let time = as_of.naive();
    let rows: Vec<(String, NaiveDate, String)> = persons::table
        .filter(persons::payer_id.eq(payer.as_i64()))
        .filter(persons::known_from.le(time))
        .filter(persons::known_to.is_null().or(persons::known_to.gt(time)))
        .order((persons::member_number, persons::valid_from))
        .select((persons::member_number, persons::valid_from, persons::person))
        .load(conn)?;
    let mut all = Owners::new();
    put_all(&mut all, rows);
    Ok(Persons(all))
}

/// Whether something else was learned of a payer's numbers after `since`, until `as_of`.
pub fn changed(
    conn: &mut Conn,
    payer: PayerId,
    (since, as_of): (Instant, Instant),
) -> Result<bool, StoreError> {
    let (since, as_of) = (since.naive(), as_of.naive());
    let began = persons::known_from.gt(since).and(persons::known_from.le(as_of));
    let ended = persons::known_to
        .assume_not_null()
        .gt(since)
        .and(persons::known_to.assume_not_null().le(as_of))
        .and(persons::known_to.is_not_null());
    let any: Option<String> = persons::table
        .filter(persons::payer_id.eq(payer.as_i64()))
        .filter(began.or(ended))
        .select(persons::person)
        .first(conn)
        .optional()?;
    Ok(any.is_some())
}

/// Writes whose these numbers are now: what is no longer true ends at `at`, and days on which one that
/// changed was billed are marked.
pub fn learn(
    conn: &mut Conn,
    payer: i64,
    numbers: &BTreeSet<String>,
    owners: &Owners,
    at: Instant,
) -> Result<(), StoreError> {
    let known = now(conn, payer, numbers)?.0;
    let other = |number: &&String| known.get(*number) != owners.get(*number);
    let changed: BTreeSet<String> = numbers.iter().filter(other).cloned().collect();
    for chunk in chunks(&changed) {
        let ended = persons::table
            .filter(persons::payer_id.eq(payer))
            .filter(persons::known_to.is_null())
            .filter(persons::member_number.eq_any(chunk));
        diesel::update(ended).set(persons::known_to.eq(at.naive())).execute(conn)?;
    }
    let fresh = changed.iter().filter_map(|number| Some((number, owners.get(number)?)));
    let rows: Vec<Row> = fresh
        .flat_map(|(number, list)| list.iter().map(move |(from, person)| (number, from, person)))
        .map(|(number, from, person)| Row {
            payer_id: payer,
            member_number: number,
            valid_from: *from,
            known_from: at.naive(),
            known_to: None,
            person,
        })
        .collect();
    insert_set!(conn, persons::table, rows);
    mark_days(conn, payer, &changed)
}

/// The days of visits that claims state under these numbers are read again.
fn mark_days(conn: &mut Conn, payer: i64, numbers: &BTreeSet<String>) -> Result<(), StoreError> {
    let mut days: BTreeSet<(i64, NaiveDate)> = BTreeSet::new();
    for chunk in chunks(numbers) {
        let of_claim = claims::organization_id
            .eq(claim_lines::organization_id)
            .and(claims::id.eq(claim_lines::claim_id));
        let rows: Vec<(i64, NaiveDate)> = claims::table
            .inner_join(claim_lines::table.on(of_claim))
            .filter(claims::payer_id.eq(payer))
            .filter(claims::member_number.eq_any(chunk))
            .select((claim_lines::organization_id, claim_lines::service_date))
            .distinct()
            .load(conn)?;
        days.extend(rows);
    }
    let day = |(organization_id, service_date)| MarkRow { organization_id, service_date };
    let rows: Vec<MarkRow> = days.into_iter().map(day).collect();
    insert_set!(conn, report_marks::table, rows);
    Ok(())
}
