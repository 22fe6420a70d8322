//! Lines of visits that are on no claim: those that can be claimed, and those that wait for a person.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use crate::domain::ids::{OrganizationId, PayerId};
use crate::store::conn::Conn;
use crate::store::counting::STANDS;
use crate::store::error::StoreError;
use crate::store::types::page_size;

/// A line that can be claimed or waits for a person.
#[derive(Debug, Clone, QueryableByName)]
pub struct WaitingLine {
    /// The visit.
    #[diesel(sql_type = BigInt)]
    pub encounter_id: i64,
    /// The line.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The organization's own name for the visit.
    #[diesel(sql_type = Text)]
    pub reference: String,
    /// ready or held.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// The payer; none where the rules found none.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub payer_id: Option<i64>,
    /// The organization's own name for the member.
    #[diesel(sql_type = Text)]
    pub member: String,
    /// The member's number at the payer.
    #[diesel(sql_type = Nullable<Text>)]
    pub member_number: Option<String>,
    /// NPI of the peer.
    #[diesel(sql_type = Text)]
    pub npi: String,
    /// The contract's service.
    #[diesel(sql_type = Text)]
    pub service: String,
    /// Service date.
    #[diesel(sql_type = Date)]
    pub service_date: NaiveDate,
    /// Procedure.
    #[diesel(sql_type = Text)]
    pub procedure_code: String,
    /// Modifiers, joined by colons.
    #[diesel(sql_type = Text)]
    pub modifiers: String,
    /// Place of service.
    #[diesel(sql_type = Text)]
    pub place: String,
    /// Units.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
    /// Cents.
    #[diesel(sql_type = BigInt)]
    pub charge: i64,
    /// Cents.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
    /// The authorization that it draws on.
    #[diesel(sql_type = Nullable<Text>)]
    pub authorization: Option<String>,
    /// Last day for the delivery of its claim.
    #[diesel(sql_type = Nullable<Date>)]
    pub file_by: Option<NaiveDate>,
}

const WAITING: &str = "SELECT e.id AS encounter_id, l.id, e.reference, l.status, e.payer_id, \
     m.reference AS member, e.member_number, p.npi, l.service, e.service_date, l.procedure_code, \
     l.modifiers, l.place, l.units, l.charge, l.expected, a.number AS authorization, e.file_by \
     FROM encounters e \
     JOIN decision_lines l ON l.organization_id = e.organization_id AND l.encounter_id = e.id \
     JOIN members m ON m.organization_id = e.organization_id AND m.id = e.member_id \
     JOIN peers p ON p.organization_id = e.organization_id AND p.id = e.peer_id \
     LEFT JOIN authorizations a ON a.organization_id = l.organization_id AND a.id = l.authorization_id \
     WHERE e.organization_id = $1 AND e.service_date = $2 AND e.voided_at IS NULL \
     AND l.status IN ('ready', 'held') AND (e.id, l.id) > ($3, $4)";

/// The next waiting lines of a day, by visit and line.
pub fn waiting(
    conn: &mut Conn,
    (organization, payer): (OrganizationId, Option<PayerId>),
    day: NaiveDate,
    (visit, line): (i64, i64),
    limit: i64,
) -> Result<Vec<WaitingLine>, StoreError> {
    let of_payer = payer.map_or_else(String::new, |p| format!(" AND e.payer_id = {}", p.as_i64()));
    let rows = diesel::sql_query(format!(
        "{WAITING}{of_payer} AND NOT {STANDS} ORDER BY e.id, l.id LIMIT $5"
    ))
    .bind::<BigInt, _>(organization.as_i64())
    .bind::<Date, _>(day)
    .bind::<BigInt, _>(visit)
    .bind::<BigInt, _>(line)
    .bind::<BigInt, _>(page_size(limit))
    .load(conn)?;
    Ok(rows)
}
