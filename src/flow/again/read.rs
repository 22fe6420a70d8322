//! What came of deciding again, as others read it: the feed of changed outcomes and the correction
//! list.

use crate::domain::again::Change;
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::domain::ids::{CorrectionId, OrganizationId};
use crate::error::AppError;
use crate::flow::{Ctx, Scope};
use crate::store;
pub use crate::store::corrections::{Filter, Listed};

/// A piece of the feed.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Changes in order of number, each with the organization's name for the visit.
    pub changes: Vec<(Change, Reference)>,
    /// Whether visits are still to be decided again.
    pub pending: bool,
}

/// Changes with numbers above `after`, made at `since` or later.
pub async fn changes(
    ctx: &Ctx,
    tenant: OrganizationId,
    since: Option<Instant>,
    after: i64,
    limit: i64,
) -> Result<Feed, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let changes = store::changes::list(conn, tenant, since, after, limit)?;
            Ok(Feed { changes, pending: store::marks::any(conn, tenant)? })
        })
        .await
}

/// A page of the correction list.
pub async fn corrections(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    after: Option<CorrectionId>,
    limit: i64,
) -> Result<Vec<Listed>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            Ok(store::corrections::list(conn, tenant, filter, after, limit)?)
        })
        .await
}
