//! What lines draw on authorizations: the other side of what the ledger of units says of them. What was
//! released is read from the claims, and of a claim whose replacement is built and not released, too
//! (`docs/adr/0145`).

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use crate::domain::ids::{ContractVersionId, OrganizationId, PayerId};
use crate::domain::status::ClaimStatus;
use crate::store::conn::Conn;
use crate::store::contracts;
use crate::store::counting::{KEPT, STANDS};
use crate::store::error::StoreError;
use crate::store::report_lines::Visit;
use crate::store::report_source::Lengths;
use crate::store::types;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    contract_version_id: Option<i64>,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

/// What lines draw on an authorization.
#[derive(Debug, Clone, Default)]
pub struct OfLines {
    /// Units on released claims, and of ready and claimed lines.
    pub units: [i64; 2],
    /// Minutes of a unit of those.
    pub unit_minutes: [BTreeSet<i64>; 2],
}

/// A decision line may be split over two lines of one claim: it draws once.
fn on_claims(touching: &str) -> String {
    format!(
        "SELECT t.id, t.status, t.contract_version_id, t.service, \
         CAST(SUM(t.units) AS BIGINT) AS units FROM (SELECT DISTINCT a.id, l.id AS line_id, c.status, \
         c.contract_version_id, l.service, l.authorized_units AS units \
         FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         JOIN claim_line_parts p ON p.organization_id = l.organization_id \
         AND p.encounter_id = l.encounter_id AND p.decision_line_id = l.id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         WHERE {touching} AND l.authorized_units > 0 AND (p.live OR {KEPT})) AS t \
         GROUP BY t.id, t.status, t.contract_version_id, t.service"
    )
}

fn waiting(touching: &str) -> String {
    format!(
        "SELECT a.id, l.status, d.contract_version_id, l.service, \
         CAST(SUM(l.authorized_units) AS BIGINT) AS units FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         JOIN decisions d ON d.organization_id = l.organization_id AND d.id = l.decision_id \
         JOIN encounters e ON e.organization_id = l.organization_id AND e.id = l.encounter_id \
         WHERE {touching} AND l.authorized_units > 0 AND l.status IN ('ready', 'claimed') \
         AND NOT {STANDS} GROUP BY a.id, l.status, d.contract_version_id, l.service"
    )
}

/// By authorization that touches a period: what lines of released claims draw on it, and what ready and
/// claimed lines do.
pub fn by_lines(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: Option<PayerId>,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<HashMap<i64, OfLines>, StoreError> {
    let of_payer = payer.map_or_else(String::new, |p| format!(" AND a.payer_id = {}", p.as_i64()));
    let touching = format!(
        "a.organization_id = $1 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}'){of_payer}"
    );
    let mut read = |conn: &mut Conn, version: i64| unit_minutes(conn, organization, version);
    let mut lengths = Lengths::new(&mut read);
    let mut all: HashMap<i64, OfLines> = HashMap::new();
    for (place, sql) in [on_claims(&touching), waiting(&touching)].into_iter().enumerate() {
        let rows: Vec<Row> =
            diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
        for row in rows {
            if place == 0 {
                let status: ClaimStatus = types::read("claims.status", row.status)?;
                if !status.is_billed() {
                    continue;
                }
            }
            let of = all.entry(row.id).or_default();
            if let Some(units) = of.units.get_mut(place) {
                *units += row.units;
            }
            let Some(version) = row.contract_version_id else { continue };
            let minutes = lengths.of(conn, version, &row.service)?;
            if let Some(list) = of.unit_minutes.get_mut(place) {
                list.extend(minutes);
            }
        }
    }
    Ok(all)
}

/// Minutes of a unit of each service of a contract version.
fn unit_minutes(
    conn: &mut Conn,
    organization: OrganizationId,
    version: i64,
) -> Result<HashMap<String, i64>, StoreError> {
    let terms = contracts::terms(conn, organization, ContractVersionId::from_i64(version))?;
    let services = terms.into_iter().flat_map(|terms| terms.pack.services);
    Ok(services.map(|s| (s.key.to_string(), i64::from(s.unit_minutes))).collect())
}

#[derive(QueryableByName)]
struct DrawnRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    member_id: i64,
    #[diesel(sql_type = BigInt)]
    encounter_id: i64,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Date)]
    service_date: NaiveDate,
    #[diesel(sql_type = Text)]
    status: String,
}

/// The visits on released claims that drew on a payer's authorizations that touch a period, each with the
/// authorization.
pub fn drawn(
    conn: &mut Conn,
    organization: OrganizationId,
    payer: PayerId,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(i64, Visit)>, StoreError> {
    // Of claims, as `on_claims`: while a replacement is built, the visit is on the first claim still.
    let sql = format!(
        "SELECT DISTINCT a.id, a.member_id, l.encounter_id, k.service, k.service_date, c.status \
         FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         JOIN claim_line_parts p ON p.organization_id = l.organization_id \
         AND p.encounter_id = l.encounter_id AND p.decision_line_id = l.id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         WHERE a.organization_id = $1 AND a.payer_id = $2 AND a.valid_from <= '{to}' \
         AND (a.valid_to IS NULL OR a.valid_to >= '{from}') AND (p.live OR {KEPT})"
    );
    let rows: Vec<DrawnRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(organization.as_i64())
        .bind::<BigInt, _>(payer.as_i64())
        .load(conn)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let DrawnRow { id, member_id, encounter_id, service, service_date, status } = row;
        let status: ClaimStatus = types::read("claims.status", status)?;
        if status.is_billed() {
            let (encounter, member, date) = (encounter_id, member_id, service_date);
            all.push((id, Visit { encounter, member, service, date }));
        }
    }
    Ok(all)
}
