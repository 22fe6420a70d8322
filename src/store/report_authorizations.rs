//! Authorizations and what was drawn on them, for reports, each part by itself: what is written, the members'
//! numbers, the ledger of units, what lines say, and what stands on claims whose replacement is built.

mod by_lines;
mod kept;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use serde::{Deserialize, Serialize};

use super::conn::Conn;
use super::error::StoreError;
use super::schema::coverages;
use super::types::{CHUNK, read_json};
use crate::domain::ids::{OrganizationId, PayerId};
pub use by_lines::visits;

/// An authorization as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Its id.
    pub id: i64,
    /// The member on the roster.
    pub member: i64,
    /// By which payer.
    pub payer: i64,
    /// The payer's number of it.
    pub number: String,
    /// For which services; none: all.
    pub services: Vec<String>,
    /// Units approved.
    pub approved: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none: open.
    pub to: Option<NaiveDate>,
}

/// Units drawn on an authorization: of released claims, of what is ready or claimed and not released, or before
/// go-live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// All of them, by the ledger.
    pub units: i64,
    /// Of those, by service date, what is of late.
    pub lately: BTreeMap<NaiveDate, i64>,
    /// All of them, by the lines, which know nothing of the ledger.
    pub of_lines: i64,
    /// Minutes of a unit of those lines.
    pub unit_minutes: BTreeSet<i64>,
}

impl Drawn {
    /// Units with service dates in a span, as far as they are of late.
    pub fn between(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        self.lately
            .iter()
            .filter(|(day, _)| (from..=to).contains(day))
            .map(|(_, units)| units)
            .sum()
    }
}

/// By authorization.
pub type ByAuthorization = BTreeMap<i64, Drawn>;

/// Whose, of which payer, and which period they touch.
#[derive(Debug, Clone, Copy)]
pub struct Touching {
    /// Whose.
    pub organization: OrganizationId,
    /// Of one payer, or of all.
    pub payer: Option<PayerId>,
    /// First and last day of the period.
    pub period: (NaiveDate, NaiveDate),
}

impl Touching {
    /// As SQL over the authorizations `a`; `$1` is the organization.
    fn sql(&self) -> String {
        let of_payer = self.payer.map(|p| format!(" AND a.payer_id = {}", p.as_i64()));
        let (from, to) = self.period;
        format!(
            "a.organization_id = $1 AND a.valid_from <= '{to}' \
             AND (a.valid_to IS NULL OR a.valid_to >= '{from}'){}",
            of_payer.unwrap_or_default()
        )
    }
}

#[derive(QueryableByName)]
struct PaperRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = BigInt)]
    payer_id: i64,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    services: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
}

/// The authorizations that touch a period, in order of payer and number.
pub fn papers(conn: &mut Conn, touching: Touching) -> Result<Vec<Paper>, StoreError> {
    let sql = format!(
        "SELECT a.id, a.member_id, a.payer_id, a.number, a.services, a.units, a.valid_from, a.valid_to \
         FROM authorizations a WHERE {} ORDER BY a.payer_id, a.number, a.id",
        touching.sql()
    );
    let organization = touching.organization.as_i64();
    let rows: Vec<PaperRow> = diesel::sql_query(sql).bind::<BigInt, _>(organization).load(conn)?;
    rows.into_iter()
        .map(|row| {
            Ok(Paper {
                id: row.id,
                member: row.member_id,
                payer: row.payer_id,
                number: row.number,
                services: read_json("authorizations.services", &row.services)?,
                approved: row.units,
                from: row.valid_from,
                to: row.valid_to,
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = BigInt)]
    consumed: i64,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
    #[diesel(sql_type = BigInt)]
    opening: i64,
}

/// What is drawn on the authorizations that touch a period: by released claims, by what waits, and by
/// opening balances, which are of no visit; `since` begins what is of late.
pub fn drawn(
    conn: &mut Conn,
    touching: Touching,
    papers: &[Paper],
    since: NaiveDate,
) -> Result<[ByAuthorization; 3], StoreError> {
    let mut all: [ByAuthorization; 3] = Default::default();
    // One row for all that is longer ago, and one for each day of late.
    let day = format!("CASE WHEN e.service_date >= '{since}' THEN e.service_date END");
    let sql = format!(
        "SELECT a.id, {day} AS day, \
         CAST(SUM(CASE WHEN e.encounter_id IS NULL THEN 0 ELSE e.consumed END) AS BIGINT) AS consumed, \
         CAST(SUM(e.reserved) AS BIGINT) AS reserved, \
         CAST(SUM(CASE WHEN e.encounter_id IS NULL THEN e.consumed ELSE 0 END) AS BIGINT) AS opening FROM authorizations a JOIN unit_entries e \
         ON e.organization_id = a.organization_id AND e.authorization_id = a.id \
         AND e.service IS NOT NULL WHERE {} GROUP BY a.id, {day}",
        touching.sql()
    );
    let organization = touching.organization;
    let rows: Vec<EntryRow> =
        diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    let known: BTreeSet<i64> = papers.iter().map(|paper| paper.id).collect();
    let kept = kept::differences(conn, organization)?.into_iter();
    let kept = kept.filter(|(id, ..)| known.contains(id));
    let kept = kept.map(|(id, day, [consumed, reserved])| (id, Some(day), [consumed, reserved, 0]));
    let of = |row: EntryRow| (row.id, row.day, [row.consumed, row.reserved, row.opening]);
    let entries = rows.into_iter().map(of);
    for (id, day, units) in entries.chain(kept) {
        for (of, units) in all.iter_mut().zip(units) {
            let own = of.entry(id).or_default();
            own.units += units;
            if let Some(day) = day.filter(|day| *day >= since) {
                *own.lately.entry(day).or_default() += units;
            }
        }
    }
    by_lines::add(conn, touching, &mut all)?;
    Ok(all)
}

/// The members' numbers at the payers of authorizations: on the first day of each, or without a coverage of that
/// day, the one that is nearest to it.
pub fn member_numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    papers: &[Paper],
) -> Result<BTreeMap<i64, String>, StoreError> {
    let members: BTreeSet<i64> = papers.iter().map(|paper| paper.member).collect();
    let numbers = numbers(conn, organization, members)?;
    let number = |paper: &Paper| {
        let list = numbers.get(&(paper.member, paper.payer))?;
        Some((paper.id, on(list, paper.from)?))
    };
    Ok(papers.iter().filter_map(number).collect())
}

/// A coverage's first day, last day and number.
type Numbered = (NaiveDate, Option<NaiveDate>, String);

/// The members' numbers at their payers.
fn numbers(
    conn: &mut Conn,
    organization: OrganizationId,
    members: BTreeSet<i64>,
) -> Result<HashMap<(i64, i64), Vec<Numbered>>, StoreError> {
    let members: Vec<i64> = members.into_iter().collect();
    let mut all: HashMap<(i64, i64), Vec<Numbered>> = HashMap::new();
    for chunk in members.chunks(CHUNK) {
        let rows: Vec<(i64, i64, NaiveDate, Option<NaiveDate>, String)> = coverages::table
            .filter(coverages::organization_id.eq(organization.as_i64()))
            .filter(coverages::member_id.eq_any(chunk.to_vec()))
            .select((
                coverages::member_id,
                coverages::payer_id,
                coverages::valid_from,
                coverages::valid_to,
                coverages::member_number,
            ))
            .load(conn)?;
        for (member, payer, from, to, number) in rows {
            all.entry((member, payer)).or_default().push((from, to, number));
        }
    }
    Ok(all)
}

/// The number in force on a day, or of the coverage nearest to it: of equally near ones the one that began
/// last.
fn on(list: &[Numbered], day: NaiveDate) -> Option<String> {
    let nearest = list.iter().min_by_key(|one| {
        let (from, to, number) = *one;
        let before = (*from - day).num_days().max(0);
        let after = to.map_or(0, |to| (day - to).num_days().max(0));
        (before + after, std::cmp::Reverse(*from), number)
    });
    nearest.map(|(_, _, number)| number.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn the_number_is_that_of_the_day_or_the_nearest() {
        let day = |text: &str| parse_date(text).unwrap();
        let one = |from: &str, to: Option<&str>, number: &str| {
            (day(from), to.map(day), number.to_owned())
        };
        let list = [
            one("2026-01-01", Some("2026-06-30"), "NEW"),
            one("2025-01-01", Some("2025-10-31"), "A-OLD"),
            one("2026-07-01", None, "ZZZ"),
        ];
        let told = |text: &str| on(&list, day(text)).unwrap();
        assert_eq!(told("2025-05-01"), "A-OLD");
        assert_eq!(told("2026-06-30"), "NEW");
        assert_eq!(told("2026-07-01"), "ZZZ");
        assert_eq!(told("2030-01-01"), "ZZZ");
        assert_eq!(told("2025-11-02"), "A-OLD", "two days after the old one");
        assert_eq!(told("2025-12-31"), "NEW", "the day before the new one");
        assert_eq!(told("2020-01-01"), "A-OLD");
        assert_eq!(on(&[], day("2026-01-01")), None);
    }
}
