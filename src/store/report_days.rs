//! Packed days, and the small numbers by which they know people.

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{organizations, payers, programs, report_days, report_people, report_roster};
use super::sets::insert_set;
use super::types::{CHUNK, broken};
use crate::domain::ids::OrganizationId;
use crate::domain::program::ProgramKind;
use crate::domain::report::day::Day;

/// Days that are read at once: a page of some megabytes at most.
const PAGE: i64 = 200;
/// Pages that are read and not yet looked at: enough that neither waits for the other, few enough for memory.
const PAGES_AHEAD: usize = 2;

#[derive(Debug, Insertable)]
#[diesel(table_name = report_roster, treat_none_as_default_value = false)]
struct RosterRow {
    organization_id: i64,
    member_id: i64,
    ordinal: i64,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = report_people, treat_none_as_default_value = false)]
struct PersonRow {
    payer_id: i64,
    person: String,
    ordinal: i64,
}

/// Stores a day, or takes it away when nothing is left of it.
pub fn put(
    conn: &mut Conn,
    organization: OrganizationId,
    date: NaiveDate,
    day: &Day,
) -> Result<(), StoreError> {
    let at = report_days::table.find((organization.as_i64(), date));
    if day.cells.is_empty() && day.control.is_empty() {
        diesel::delete(at).execute(conn)?;
        return Ok(());
    }
    let content = report_days::content.eq(day.pack());
    if diesel::update(at).set(content.clone()).execute(conn)? == 0 {
        let id = report_days::organization_id.eq(organization.as_i64());
        let values = (id, report_days::service_date.eq(date), content);
        diesel::insert_into(report_days::table).values(values).execute(conn)?;
    }
    Ok(())
}

/// Gives each day of the period to `look`, page by page, in order of organization and date. While a page
/// is unpacked and looked at, by a thread of its own, the next one is read.
pub fn each(
    conn: &mut Conn,
    organization: Option<OrganizationId>,
    period: (NaiveDate, NaiveDate),
    look: impl FnMut(i64, NaiveDate, &Day) + Send,
) -> Result<(), StoreError> {
    let owners: Vec<i64> = match organization {
        Some(one) => vec![one.as_i64()],
        None => {
            organizations::table.select(organizations::id).order(organizations::id).load(conn)?
        }
    };
    let (pages, taken) = sync_channel(PAGES_AHEAD);
    std::thread::scope(|scope| {
        let looking = scope.spawn(move || look_at(&taken, look));
        let read = read_pages(conn, &owners, period, &pages);
        drop(pages);
        let ended = || StoreError::Broken("a unit of work ended abnormally".into());
        looking.join().map_err(|_| ended())?.and(read)
    })
}

/// Packed days of an organization.
type Packed = (i64, Vec<(NaiveDate, Vec<u8>)>);

/// Reads the days page by page, as long as somebody takes them.
fn read_pages(
    conn: &mut Conn,
    owners: &[i64],
    (from, to): (NaiveDate, NaiveDate),
    pages: &SyncSender<Packed>,
) -> Result<(), StoreError> {
    for owner in owners {
        let mut next = Some(from);
        while let Some(start) = next {
            let rows: Vec<(NaiveDate, Vec<u8>)> = report_days::table
                .filter(report_days::organization_id.eq(*owner))
                .filter(report_days::service_date.between(start, to))
                .order(report_days::service_date)
                .limit(PAGE)
                .select((report_days::service_date, report_days::content))
                .load(conn)?;
            let full = i64::try_from(rows.len()).is_ok_and(|n| n == PAGE);
            next = rows.last().filter(|_| full).and_then(|(day, _)| day.succ_opt());
            if pages.send((*owner, rows)).is_err() {
                // A day that cannot be unpacked ends it: the other thread says so.
                return Ok(());
            }
        }
    }
    Ok(())
}

fn look_at(
    pages: &Receiver<Packed>,
    mut look: impl FnMut(i64, NaiveDate, &Day),
) -> Result<(), StoreError> {
    let mut day = Day::default();
    for (owner, rows) in pages {
        for (date, bytes) in rows {
            day.unpack_again(&bytes).map_err(|_| broken("report_days.content"))?;
            look(owner, date, &day);
        }
    }
    Ok(())
}

/// The small numbers of members; new ones get the next.
pub fn roster(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &BTreeSet<i64>,
) -> Result<HashMap<i64, u32>, StoreError> {
    let owner = organization.as_i64();
    let mut known: HashMap<i64, u32> = HashMap::new();
    let list: Vec<i64> = members.iter().copied().collect();
    for chunk in list.chunks(CHUNK) {
        let rows: Vec<(i64, i64)> = report_roster::table
            .filter(report_roster::organization_id.eq(owner))
            .filter(report_roster::member_id.eq_any(chunk.to_vec()))
            .select((report_roster::member_id, report_roster::ordinal))
            .load(conn)?;
        for (member, ordinal) in rows {
            known.insert(member, small(ordinal)?);
        }
    }
    let fresh: Vec<i64> = list.into_iter().filter(|m| !known.contains_key(m)).collect();
    if fresh.is_empty() {
        return Ok(known);
    }
    let count: i64 = report_roster::table
        .filter(report_roster::organization_id.eq(owner))
        .count()
        .get_result(conn)?;
    let rows: Vec<RosterRow> = fresh
        .iter()
        .zip(count..)
        .map(|(member, ordinal)| RosterRow { organization_id: owner, member_id: *member, ordinal })
        .collect();
    insert_set!(conn, report_roster::table, rows);
    for row in rows {
        known.insert(row.member_id, small(row.ordinal)?);
    }
    Ok(known)
}

/// The small numbers of a payer's people, by their names (`docs/adr/0140`); new ones get the next.
pub fn people(
    conn: &mut Conn,
    payer: i64,
    persons: &BTreeSet<&str>,
) -> Result<HashMap<String, u32>, StoreError> {
    let mut known: HashMap<String, u32> = HashMap::new();
    let list: Vec<&str> = persons.iter().copied().collect();
    for chunk in list.chunks(CHUNK) {
        let rows: Vec<(String, i64)> = report_people::table
            .filter(report_people::payer_id.eq(payer))
            .filter(report_people::person.eq_any(chunk.to_vec()))
            .select((report_people::person, report_people::ordinal))
            .load(conn)?;
        for (person, ordinal) in rows {
            known.insert(person, small(ordinal)?);
        }
    }
    let fresh: Vec<&str> = list.into_iter().filter(|p| !known.contains_key(*p)).collect();
    if fresh.is_empty() {
        return Ok(known);
    }
    let count: i64 =
        report_people::table.filter(report_people::payer_id.eq(payer)).count().get_result(conn)?;
    let rows: Vec<PersonRow> = fresh
        .iter()
        .zip(count..)
        .map(|(person, ordinal)| PersonRow {
            payer_id: payer,
            person: (*person).to_owned(),
            ordinal,
        })
        .collect();
    insert_set!(conn, report_people::table, rows);
    for row in rows {
        known.insert(row.person, small(row.ordinal)?);
    }
    Ok(known)
}

fn small(ordinal: i64) -> Result<u32, StoreError> {
    u32::try_from(ordinal).map_err(|_| broken("report_roster.ordinal"))
}

/// Keys of organizations, by id.
pub fn organization_keys(conn: &mut Conn) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> =
        organizations::table.select((organizations::id, organizations::key)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Keys of payers, by id.
pub fn payer_keys(conn: &mut Conn) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = payers::table.select((payers::id, payers::key)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The state's waivers and programs of each organization: all of their programs that a payer is told
/// of. Their sites and grants are their own matter.
pub fn shared_programs(conn: &mut Conn) -> Result<BTreeSet<(i64, String)>, StoreError> {
    let rows: Vec<(i64, String)> = programs::table
        .filter(programs::kind.eq(ProgramKind::Program.as_str()))
        .select((programs::organization_id, programs::key))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}
