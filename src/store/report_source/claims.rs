//! What claims state of a day's visits: the one that counts, and the story of all that were sent.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamp};

use super::Lengths;
use crate::domain::dates::Instant;
use crate::domain::report::fact::{Billed, Sent};
use crate::domain::status::ClaimStatus;
use crate::store::conn::Conn;
use crate::store::counting::KEPT;
use crate::store::error::StoreError;
use crate::store::types;
use crate::store::zones::Zones;

#[derive(QueryableByName)]
struct PartRow {
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = BigInt)]
    claim_id: i64,
    #[diesel(sql_type = BigInt)]
    payer_id: i64,
    #[diesel(sql_type = Text)]
    member_number: String,
    #[diesel(sql_type = BigInt)]
    contract_version_id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    was_accepted: bool,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    decision_id: i64,
    #[diesel(sql_type = Bool)]
    live: bool,
    #[diesel(sql_type = Bool)]
    stands: bool,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    charge: i64,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = Nullable<Timestamp>)]
    released_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    delivered_at: Option<NaiveDateTime>,
}

/// Whether the payer accepted a claim that was replaced or voided since: it answered so, or the claim stood
/// so when the change was built.
const ACCEPTED: &str = "c.status IN ('replaced', 'voided') AND (EXISTS (SELECT 1 FROM responses x \
     WHERE x.organization_id = c.organization_id AND x.claim_id = c.id AND x.effect = 'accepted') \
     OR EXISTS (SELECT 1 FROM claim_changes w WHERE w.organization_id = c.organization_id \
     AND w.claim_id = c.id AND w.before LIKE '{\"status\":\"accepted\"%'))";

/// A claim whose replacement is not released yet has let go of its lines, and the payer has it still.
fn parts(of_day: &str) -> String {
    format!(
        "SELECT p.encounter_id, c.id AS claim_id, c.payer_id, c.member_number, \
         c.contract_version_id, c.status, ({ACCEPTED}) AS was_accepted, k.service, k.service_date, l.decision_id, \
         p.live, {KEPT} AS stands, p.units, p.charge, p.expected, b.released_at, b.delivered_at \
         FROM encounters e \
         JOIN claim_line_parts p ON p.organization_id = e.organization_id AND p.encounter_id = e.id \
         JOIN decision_lines l ON l.organization_id = p.organization_id AND l.id = p.decision_line_id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         JOIN batches b ON b.organization_id = c.organization_id AND b.id = c.batch_id \
         WHERE {of_day} ORDER BY c.id, k.ordinal"
    )
}

/// Of whom and of what a claim states a visit.
pub(super) struct Stated {
    /// The claim.
    pub claim: i64,
    /// The decision of its lines.
    pub decision: i64,
    pub payer: i64,
    pub number: String,
    pub service: String,
}

/// What claims state of a visit, and whether its first claim stands while the replacement is built.
#[derive(Default)]
pub(super) struct OfClaims {
    pub billed: Option<Billed>,
    /// Minutes of a unit of what is billed.
    pub unit_minutes: BTreeSet<i64>,
    pub stated: Option<Stated>,
    pub sent: Option<Sent>,
    pub stands: bool,
}

/// By visit.
pub(super) fn claims(
    conn: &mut Conn,
    of_day: &str,
    (organization, zones, day): (i64, &Zones, NaiveDate),
    lengths: &mut Lengths<'_>,
) -> Result<HashMap<i64, OfClaims>, StoreError> {
    let rows: Vec<PartRow> = diesel::sql_query(parts(of_day))
        .bind::<BigInt, _>(organization)
        .bind::<Date, _>(day)
        .load(conn)?;
    let mut all: HashMap<i64, OfClaims> = HashMap::new();
    let mut standing: HashSet<i64> = HashSet::new();
    // By visit and claim, in order of the claims' ids, which is that of their making.
    let mut sent: BTreeMap<(i64, i64), (NaiveDateTime, PartRow)> = BTreeMap::new();
    for row in rows {
        let status: ClaimStatus = types::read("claims.status", row.status.clone())?;
        if (row.live || row.stands) && status.is_billed() {
            if row.stands {
                standing.insert(row.encounter_id);
            }
            let of = all.entry(row.encounter_id).or_default();
            let sums = of.billed.get_or_insert_default();
            sums.units += row.units;
            sums.charge += row.charge;
            sums.expected += row.expected;
            of.unit_minutes.extend(lengths.of(conn, row.contract_version_id, &row.service)?);
            of.stated.get_or_insert_with(|| Stated {
                claim: row.claim_id,
                decision: row.decision_id,
                payer: row.payer_id,
                number: row.member_number.clone(),
                service: row.service.clone(),
            });
        }
        if let Some(released) = row.released_at {
            sent.insert((row.encounter_id, row.claim_id), (released, row));
        }
    }
    let date = |time: NaiveDateTime| zones.date_of(Instant::from_naive(time));
    for ((encounter, _), (released, row)) in sent {
        let story = &mut all.entry(encounter).or_default().sent;
        let story = story.get_or_insert_with(|| Sent {
            first: date(released),
            delivered: None,
            times: 0,
            first_status: row.status.clone(),
            first_accepted: row.was_accepted,
            last_status: String::new(),
            payer: None,
            day: (row.service_date != day).then_some(row.service_date),
            moved: false,
        });
        story.times += 1;
        story.delivered = story.delivered.or(row.delivered_at.map(date));
        story.last_status = row.status;
        story.payer = Some(row.payer_id);
        story.moved = row.service_date != day;
    }
    for encounter in standing {
        all.entry(encounter).or_default().stands = true;
    }
    Ok(all)
}
