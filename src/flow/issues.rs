//! Reports as they were issued: kept once, read back, never changed (`docs/adr/0100`).

use super::{Ctx, Scope};
use crate::domain::ids::{OrganizationId, PayerId, ReportIssueId};
use crate::domain::report::issue::{Issue, Shelf};
use crate::error::{AppError, Code};
pub use crate::store::Conn;
pub use crate::store::report_issues::Filter;
pub use crate::store::report_walls::Seen;
use crate::store::{StoreError, report_issues as store};

/// Keeps an issue with its files. Refused when its question was issued already and this is no
/// restatement, or when another one superseded the same issue.
pub fn keep(conn: &mut Conn, issue: &Issue, files: &[(String, Vec<u8>)]) -> Result<(), AppError> {
    let newest = store::newest(conn, &issue.question)?.map(|newest| newest.id);
    if newest != issue.supersedes {
        return Err(taken(newest));
    }
    match store::insert(conn, issue, files) {
        Err(StoreError::Conflict { .. }) => Err(taken(None)),
        other => Ok(other?),
    }
}

fn taken(newest: Option<ReportIssueId>) -> AppError {
    let which = newest.map(|id| format!(": {id}")).unwrap_or_default();
    let detail = format!(
        "This question was issued already{which}. Issue it again as a restatement: name its newest \
         issue in supersedes, and say why in reason."
    );
    AppError::new(Code::AlreadyExists, detail)
}

/// An issue with its JSON.
pub fn with_json(
    conn: &mut Conn,
    shelf: Shelf,
    id: ReportIssueId,
) -> Result<(Issue, Vec<u8>), AppError> {
    let missing = || AppError::field("/supersedes", "there is no such issue");
    let issue = store::by_id(conn, shelf, id)?.ok_or_else(missing)?;
    let json = store::file(conn, id, "json")?;
    Ok((issue, json.ok_or_else(|| AppError::internal("an issue has no JSON"))?))
}

/// An issue of a shelf.
pub async fn get(ctx: &Ctx, shelf: Shelf, id: ReportIssueId) -> Result<Issue, AppError> {
    let read = move |conn: &mut Conn| store::by_id(conn, shelf, id);
    let found = ctx.db.read(Scope::Service, read).await?;
    found.ok_or_else(|| AppError::not_found("issue"))
}

/// A file for a payer: whose, of which organization, and what it knows.
pub type Told = (PayerId, Option<OrganizationId>, Seen);

/// Of each of these files: whether its payer may be told less of people now than when it was made.
pub async fn narrowed(ctx: &Ctx, list: Vec<Told>) -> Result<Vec<bool>, AppError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let now = ctx.now();
    let look = move |conn: &mut Conn| {
        let one = |(payer, organization, seen)| {
            crate::store::report_walls::narrowed(conn, payer, organization, (seen, now))
        };
        list.into_iter().map(one).collect::<Result<Vec<bool>, StoreError>>()
    };
    Ok(ctx.db.read(Scope::Service, look).await?)
}

/// Why a file is closed that tells more than may be told now.
pub fn closed() -> AppError {
    let detail = "Consents, contracts or organizations changed since this was made, and it may tell more \
                  than may be told now: have it made again.";
    AppError::new(Code::WrongStatus, detail)
}

/// A page of a shelf, newest first.
pub async fn list(
    ctx: &Ctx,
    shelf: Shelf,
    filter: Filter,
    after: Option<ReportIssueId>,
    limit: i64,
) -> Result<Vec<Issue>, AppError> {
    let read = move |conn: &mut Conn| store::list(conn, shelf, &filter, after, limit);
    Ok(ctx.db.read(Scope::Service, read).await?)
}

/// The bytes of a file of an issue.
pub async fn file(ctx: &Ctx, id: ReportIssueId, form: &str) -> Result<Vec<u8>, AppError> {
    let form = form.to_owned();
    let bytes = ctx.db.read(Scope::Service, move |conn| store::file(conn, id, &form)).await?;
    bytes.ok_or_else(|| AppError::internal("a file of an issue is missing"))
}
