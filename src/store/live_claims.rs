//! Claims that hold their lines, as decisions about later visits look at them.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::{claim_line_parts, claim_lines, claims};
use super::types;
use crate::domain::claim::Claim;
use crate::domain::claim_detail::{ClaimDetail, Facility};
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::status::ClaimStatus;

/// A live claim.
#[derive(Debug, Clone)]
pub struct LiveClaim {
    /// For whom.
    pub member: MemberId,
    /// To whom.
    pub payer: PayerId,
    /// Under which number.
    pub member_number: MemberNumber,
    /// Rendered by.
    pub peer: PeerId,
    /// Its earliest service date.
    pub service_date: NaiveDate,
    /// As sent.
    pub document: Claim,
    /// Where its visits were, if at a location of the organization that is known.
    pub facility: Option<Facility>,
}

type LiveRow = (i64, i64, i64, String, i64, NaiveDate, String, Option<String>);

/// The live claims of members whose earliest service date lies between two days.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    members: &[MemberId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<LiveClaim>, StoreError> {
    let live: Vec<&str> =
        ClaimStatus::ALL.iter().filter(|s| s.is_live()).map(|s| s.as_str()).collect();
    let mut found = Vec::new();
    for chunk in members.chunks(types::CHUNK) {
        let ids: Vec<i64> = chunk.iter().map(|m| m.as_i64()).collect();
        let rows: Vec<LiveRow> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::member_id.eq_any(ids))
            .filter(claims::service_date.between(from, to))
            .filter(claims::status.eq_any(&live))
            .order(claims::id)
            .select((
                claims::id,
                claims::member_id,
                claims::payer_id,
                claims::member_number,
                claims::peer_id,
                claims::service_date,
                claims::document,
                claims::detail,
            ))
            .load(conn)?;
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let holding = holding(conn, organization, &ids)?;
        for (id, member, payer, number, peer, service_date, document, detail) in rows {
            if !holding.contains(&id) {
                continue;
            }
            let detail: ClaimDetail = types::read_unusual("claims.detail", detail.as_deref())?;
            found.push(LiveClaim {
                member: MemberId::from_i64(member),
                payer: PayerId::from_i64(payer),
                member_number: types::read("claims.member_number", number)?,
                peer: PeerId::from_i64(peer),
                service_date,
                document: types::read_json("claims.document", &document)?,
                facility: detail.facility,
            });
        }
    }
    Ok(found)
}

/// Those of the claims that hold lines: one that is being replaced or voided holds none.
fn holding(
    conn: &mut Conn,
    organization: OrganizationId,
    ids: &[i64],
) -> Result<HashSet<i64>, StoreError> {
    let mut found = HashSet::new();
    for chunk in ids.chunks(types::CHUNK) {
        let rows: Vec<i64> = claim_lines::table
            .inner_join(
                claim_line_parts::table.on(claim_line_parts::organization_id
                    .eq(claim_lines::organization_id)
                    .and(claim_line_parts::claim_line_id.eq(claim_lines::id))),
            )
            .filter(claim_lines::organization_id.eq(organization.as_i64()))
            .filter(claim_lines::claim_id.eq_any(chunk.to_vec()))
            .filter(claim_line_parts::live.eq(true))
            .select(claim_lines::claim_id)
            .distinct()
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}
