//! What is asked of files that came: what became of each, what they say, their payments, their bytes.

use super::payments::{MAX_PAYMENTS, PaymentSeen};
use super::{FileFilter, FileKind, FileState, Filter, ReceivedFile, Response, Seen, gather, seen};
use crate::domain::ids::{FileId, OrganizationId, ReceivedId, ResponseId};
use crate::error::AppError;
use crate::flow::{Ctx, Scope};
use crate::store;

/// One file.
pub async fn get(ctx: &Ctx, tenant: OrganizationId, id: ReceivedId) -> Result<Seen, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let file = store::received::by_id(conn, tenant, id)?
                .ok_or_else(|| AppError::not_found("file"))?;
            seen(conn, tenant, file, false)
        })
        .await
}

/// The payments that a file tells, the first ones; none of a file that was put aside.
pub async fn payments(
    ctx: &Ctx,
    tenant: OrganizationId,
    file: &ReceivedFile,
) -> Result<Vec<PaymentSeen>, AppError> {
    let paid = matches!(file.kind, FileKind::Remit835 | FileKind::Several);
    if !paid || file.state == FileState::Quarantined {
        return Ok(Vec::new());
    }
    let id = file.file;
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let source = store::files::Source::new(conn, tenant, id);
            let found = gather::payments(source, MAX_PAYMENTS);
            Ok(found.into_iter().map(PaymentSeen::from).collect())
        })
        .await
}

/// A page of files.
pub async fn list(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: FileFilter,
    after: Option<ReceivedId>,
    limit: i64,
) -> Result<Vec<Seen>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            let page = store::received::list(conn, tenant, filter, after, limit)?;
            page.into_iter().map(|file| seen(conn, tenant, file, false)).collect()
        })
        .await
}

/// A page of responses.
pub async fn responses(
    ctx: &Ctx,
    tenant: OrganizationId,
    filter: Filter,
    after: Option<ResponseId>,
    limit: i64,
) -> Result<Vec<Response>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            Ok(store::responses::list(conn, tenant, filter, after, limit)?)
        })
        .await
}

/// One piece of a file as it came, 0 first; none after the last.
pub async fn piece(
    ctx: &Ctx,
    tenant: OrganizationId,
    file: FileId,
    ordinal: i32,
) -> Result<Option<Vec<u8>>, AppError> {
    ctx.db
        .read(Scope::Tenant(tenant), move |conn| {
            Ok(store::files::piece(conn, tenant, file, ordinal)?)
        })
        .await
}
