//! The lines of a day's visits: units and money by what became of them.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::Lengths;
use crate::domain::report::fact::{Open, Units};
use crate::domain::status::LineStatus;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::types;

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    contract_version_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
}

/// The contract version says how long a unit of the service is.
const LINES: &str = "SELECT l.encounter_id, l.status, l.service, d.contract_version_id, \
     CAST(SUM(l.units) AS BIGINT) AS units, CAST(SUM(l.expected) AS BIGINT) AS expected \
     FROM encounters e JOIN decision_lines l \
     ON l.organization_id = e.organization_id AND l.encounter_id = e.id \
     JOIN decisions d ON d.organization_id = l.organization_id AND d.id = l.decision_id";
const GROUPED: &str = "GROUP BY l.encounter_id, l.status, l.service, d.contract_version_id";

/// What the lines of a visit come to.
#[derive(Default)]
pub(super) struct OfLines {
    pub units: Units,
    pub open: Open,
    /// Minutes of a unit of those that count.
    pub unit_minutes: BTreeSet<i64>,
}

/// By visit.
pub(super) fn lines(
    conn: &mut Conn,
    of_day: &str,
    (organization, day): (i64, NaiveDate),
    lengths: &mut Lengths<'_>,
) -> Result<HashMap<i64, OfLines>, StoreError> {
    let rows: Vec<LineRow> = diesel::sql_query(format!("{LINES} WHERE {of_day} {GROUPED}"))
        .bind::<BigInt, _>(organization)
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut all: HashMap<i64, OfLines> = HashMap::new();
    for row in rows {
        let OfLines { units, open, unit_minutes } = all.entry(row.encounter_id).or_default();
        match types::read("decision_lines.status", row.status)? {
            LineStatus::Superseded | LineStatus::Void => continue,
            LineStatus::Ready => {
                units.ready += row.units;
                open.ready += row.expected;
            }
            LineStatus::Held => {
                units.held += row.units;
                open.held += row.expected;
            }
            LineStatus::Claimed => {
                units.claimed += row.units;
                open.ready += row.expected;
            }
            LineStatus::Submitted => units.submitted += row.units,
        }
        if let Some(version) = row.contract_version_id {
            unit_minutes.extend(lengths.of(conn, version, &row.service)?);
        }
    }
    Ok(all)
}
