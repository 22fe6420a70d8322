//! Claims that hold their lines, as decisions about later visits look at them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::one_of::OneOfDsl;
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

/// Days whose claims are asked for, both ends included, by member.
pub type Periods = BTreeMap<MemberId, BTreeSet<(NaiveDate, NaiveDate)>>;

type LiveRow = (i64, i64, i64, String, i64, NaiveDate, String, Option<String>);

/// The live claims of members whose earliest service date lies in one of the periods asked for, in order.
pub fn live_of(
    conn: &mut Conn,
    organization: OrganizationId,
    periods: &Periods,
) -> Result<Vec<LiveClaim>, StoreError> {
    // Which ones first: the claims of all who are asked for, over all of their days, would be many.
    let ids = begun_in(conn, organization, periods)?;
    let holding = holding(conn, organization, &ids)?;
    let ids: Vec<i64> = ids.into_iter().filter(|id| holding.contains(id)).collect();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(types::CHUNK) {
        let rows: Vec<LiveRow> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::id.one_of(chunk.to_vec()))
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
        for (_, member, payer, number, peer, service_date, document, detail) in rows {
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

/// The claims of a living status that begin in one of the periods, in order of id.
fn begun_in(
    conn: &mut Conn,
    organization: OrganizationId,
    periods: &Periods,
) -> Result<Vec<i64>, StoreError> {
    let all = || periods.values().flatten();
    let (Some(from), Some(to)) = (all().map(|d| d.0).min(), all().map(|d| d.1).max()) else {
        return Ok(Vec::new());
    };
    let live: Vec<&str> =
        ClaimStatus::ALL.iter().filter(|s| s.is_live()).map(|s| s.as_str()).collect();
    let members: Vec<i64> = periods.keys().map(|m| m.as_i64()).collect();
    let mut found = Vec::new();
    for chunk in members.chunks(types::CHUNK) {
        let rows: Vec<(i64, i64, NaiveDate)> = claims::table
            .filter(claims::organization_id.eq(organization.as_i64()))
            .filter(claims::member_id.one_of(chunk.to_vec()))
            .filter(claims::service_date.between(from, to))
            .filter(claims::status.one_of(live.clone()))
            .select((claims::id, claims::member_id, claims::service_date))
            .load(conn)?;
        let asked = |(_, member, day): &(i64, i64, NaiveDate)| {
            let periods = periods.get(&MemberId::from_i64(*member));
            periods.is_some_and(|p| p.iter().any(|days| (days.0..=days.1).contains(day)))
        };
        found.extend(rows.iter().filter(|row| asked(row)).map(|row| row.0));
    }
    found.sort_unstable();
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
            .filter(claim_lines::claim_id.one_of(chunk.to_vec()))
            .filter(claim_line_parts::live.eq(true))
            .select(claim_lines::claim_id)
            .distinct()
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}
