//! What files are written from: claims as sent, and nothing else of them.

use diesel::prelude::*;

use crate::domain::claim::Claim;
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::ids::{BatchId, OrganizationId};
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::claims;
use crate::store::types;

/// The documents of a batch's claims, in the order of its file: at most `limit` after an ordinal (0:
/// from the first), each with its own. All that its 837P is written from.
pub fn documents(
    conn: &mut Conn,
    organization: OrganizationId,
    batch: BatchId,
    after: i32,
    limit: i64,
) -> Result<Vec<(i32, Claim, ClaimDetail)>, StoreError> {
    let rows: Vec<(i32, String, Option<String>)> = claims::table
        .filter(claims::organization_id.eq(organization.as_i64()))
        .filter(claims::batch_id.eq(batch.as_i64()))
        .filter(claims::ordinal.gt(after))
        .order(claims::ordinal)
        .limit(types::page_size(limit))
        .select((claims::ordinal, claims::document, claims::detail))
        .load(conn)?;
    let read = |(ordinal, document, detail): (i32, String, Option<String>)| {
        let claim = types::read_json("claims.document", &document)?;
        Ok((ordinal, claim, types::read_unusual("claims.detail", detail.as_deref())?))
    };
    rows.into_iter().map(read).collect()
}
