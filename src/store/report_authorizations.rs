//! Authorizations with what was drawn on them, for reports: one query for an organization, and what stands on
//! claims whose replacement is built.

mod by_lines;
mod kept;

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::conn::Conn;
use super::error::StoreError;
use super::schema::coverages;
use super::types::{CHUNK, read_json};
use crate::domain::ids::{OrganizationId, PayerId};
pub use by_lines::{OfLines, by_lines, drawn};

/// An authorization and its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Its id.
    pub id: i64,
    /// The member on the roster.
    pub member: i64,
    /// By which payer.
    pub payer: i64,
    /// The payer's number of it.
    pub number: String,
    /// The member's number at the payer on the first day; without a coverage of that day, the one that is
    /// nearest to it.
    pub member_number: Option<String>,
    /// For which services; none: all.
    pub services: Vec<String>,
    /// Units approved.
    pub approved: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none: open.
    pub to: Option<NaiveDate>,
    /// Units on released claims.
    pub consumed: i64,
    /// Units of what is ready or claimed and not released.
    pub reserved: i64,
    /// Units of released claims with service dates since a day.
    pub consumed_lately: i64,
    /// Units not released, the same.
    pub reserved_lately: i64,
}

#[derive(QueryableByName)]
struct Row {
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
    #[diesel(sql_type = BigInt)]
    consumed: i64,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
    #[diesel(sql_type = BigInt)]
    consumed_lately: i64,
    #[diesel(sql_type = BigInt)]
    reserved_lately: i64,
}

/// The authorizations that touch a period, with their use; `since` begins what counts as lately.
pub fn used(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    (from, to): (NaiveDate, NaiveDate),
    (since, today): (NaiveDate, NaiveDate),
) -> Result<Vec<Used>, StoreError> {
    let of_payer = payer.map_or_else(String::new, |p| format!(" AND a.payer_id = {}", p.as_i64()));
    let sum = |column: &str| format!("CAST(COALESCE(SUM(e.{column}), 0) AS BIGINT) AS {column}");
    let lately = |column: &str| {
        format!(
            "CAST(COALESCE(SUM(CASE WHEN e.service_date BETWEEN '{since}' AND '{today}' \
             THEN e.{column} ELSE 0 END), 0) AS BIGINT) AS {column}_lately"
        )
    };
    // Sums are made before anything else is joined, so that no join multiplies them.
    let sql = format!(
        "SELECT a.id, a.member_id, a.payer_id, a.number, a.services, a.units, a.valid_from, a.valid_to, \
         {}, {}, {}, {} FROM authorizations a LEFT JOIN unit_entries e \
         ON e.organization_id = a.organization_id AND e.authorization_id = a.id \
         AND e.service IS NOT NULL \
         WHERE a.organization_id = $1 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}'){of_payer} \
         GROUP BY a.organization_id, a.id, a.member_id, a.payer_id, a.number, a.services, a.units, \
         a.valid_from, a.valid_to ORDER BY a.payer_id, a.number, a.id",
        sum("consumed"),
        sum("reserved"),
        lately("consumed"),
        lately("reserved"),
    );
    let rows: Vec<Row> =
        diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
    let members: BTreeSet<i64> = rows.iter().map(|row| row.member_id).collect();
    let numbers = numbers(conn, organization, members)?;
    let kept = kept::differences(conn, organization, (since, today))?;
    rows.into_iter()
        .map(|row| {
            let of_member = numbers.get(&(row.member_id, row.payer_id));
            let member_number = of_member.and_then(|list| on(list, row.valid_from));
            let [consumed, reserved, consumed_lately, reserved_lately] =
                kept.get(&row.id).copied().unwrap_or_default();
            Ok(Used {
                id: row.id,
                member: row.member_id,
                payer: row.payer_id,
                number: row.number,
                member_number,
                services: read_json("authorizations.services", &row.services)?,
                approved: row.units,
                from: row.valid_from,
                to: row.valid_to,
                consumed: row.consumed + consumed,
                reserved: row.reserved + reserved,
                consumed_lately: row.consumed_lately + consumed_lately,
                reserved_lately: row.reserved_lately + reserved_lately,
            })
        })
        .collect()
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
