//! Pages of claims.

use diesel::prelude::*;

use super::{ClaimRow, with_lines};
use crate::domain::batch::StoredClaim;
use crate::domain::ids::{BatchId, ClaimId, MemberId, OrganizationId};
use crate::domain::status::ClaimStatus;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::claims;
use crate::store::types;

/// What a list of claims is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// By batch.
    pub batch: Option<BatchId>,
    /// By status.
    pub status: Option<ClaimStatus>,
    /// By member.
    pub member: Option<MemberId>,
}

/// A page of claims in order of id, after `after`.
pub fn list(
    conn: &mut Conn,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<ClaimId>,
    limit: i64,
) -> Result<Vec<StoredClaim>, StoreError> {
    let mut query = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::id.gt(after.map_or(-1, ClaimId::as_i64)))
        .into_boxed();
    if let Some(batch) = filter.batch {
        query = query.filter(claims::batch_id.eq(batch.as_i64()));
    }
    if let Some(status) = filter.status {
        query = query.filter(claims::status.eq(status.as_str()));
    }
    if let Some(member) = filter.member {
        query = query.filter(claims::member_id.eq(member.as_i64()));
    }
    let rows: Vec<ClaimRow> = query
        .order(claims::id)
        .limit(types::page_size(limit))
        .select(ClaimRow::as_select())
        .load(conn)?;
    with_lines(conn, organization, rows)
}
