//! What lines draw on authorizations: the other side of what the ledger of units says of them. What was
//! released is read from the claims, and of a claim whose replacement is built and not released, too
//! (`docs/adr/0145`).

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::{ByAuthorization, Touching};
use crate::domain::ids::{ContractVersionId, OrganizationId};
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

/// Adds what lines draw: those of released claims, and ready and claimed ones.
pub(super) fn add(
    conn: &mut Conn,
    touching: Touching,
    all: &mut [ByAuthorization; 3],
) -> Result<(), StoreError> {
    let (organization, sql) = (touching.organization, touching.sql());
    let mut read = |conn: &mut Conn, version: i64| unit_minutes(conn, organization, version);
    let mut lengths = Lengths::new(&mut read);
    for (of, (sql, released)) in
        all.iter_mut().zip([(on_claims(&sql), true), (waiting(&sql), false)])
    {
        let rows: Vec<Row> =
            diesel::sql_query(sql).bind::<BigInt, _>(organization.as_i64()).load(conn)?;
        for row in rows {
            if released {
                let status: ClaimStatus = types::read("claims.status", row.status)?;
                if !status.is_billed() {
                    continue;
                }
            }
            let own = of.entry(row.id).or_default();
            own.of_lines += row.units;
            if let Some(version) = row.contract_version_id {
                own.unit_minutes.extend(lengths.of(conn, version, &row.service)?);
            }
        }
    }
    Ok(())
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
pub fn visits(conn: &mut Conn, touching: Touching) -> Result<Vec<(i64, Visit)>, StoreError> {
    // Of claims, as `on_claims`: while a replacement is built, the visit is on the first claim still.
    let sql = format!(
        "SELECT DISTINCT a.id, a.member_id, l.encounter_id, k.service, k.service_date, c.status \
         FROM authorizations a JOIN decision_lines l \
         ON l.organization_id = a.organization_id AND l.authorization_id = a.id \
         JOIN claim_line_parts p ON p.organization_id = l.organization_id \
         AND p.encounter_id = l.encounter_id AND p.decision_line_id = l.id \
         JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id \
         JOIN claims c ON c.organization_id = k.organization_id AND c.id = k.claim_id \
         WHERE {} AND (p.live OR {KEPT})",
        touching.sql()
    );
    let organization = touching.organization.as_i64();
    let rows: Vec<DrawnRow> = diesel::sql_query(sql).bind::<BigInt, _>(organization).load(conn)?;
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
