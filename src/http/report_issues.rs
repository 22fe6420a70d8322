//! `/v1/report-issues`: reports that are issued once, kept to the byte, and restated with a cause.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::sealed;
use super::encounters::OfOrganization;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reason::reason;
use super::report_issue_view::{IssueView, as_of_now, look_at, looked_at, view};
use super::report_question::READERS;
use super::reports::{acquainted, grouped, view_of};
use super::{Caller, PathId, Post, Query, respond};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::domain::ids::ReportIssueId;
use crate::domain::report::issue::{Issue, Shelf};
use crate::error::{AppError, Code};
use crate::flow::access::{Role, find_names, tenant};
use crate::flow::audit::{Action, Detail};
use crate::flow::disclosed::{self, Whose};
use crate::flow::idempotent::{self, Reply};
use crate::flow::{Ctx, Scope, issues, reporting};
use crate::reports::frame::{Asked, Basis, Lens, MAX_RUN_OUT_DAYS, RUN_OUT_DAYS};
use crate::reports::issue::{self, Before, Manifest, Rebuilt};
use crate::reports::registry;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/report-issues").route(web::post().to(create)).route(web::get().to(list)),
    )
    .service(web::resource("/report-issues/{id}").route(web::get().to(get)))
    .service(web::resource("/report-issues/{id}/file").route(web::get().to(file)))
    .service(web::resource("/report-issues/{id}/rebuild").route(web::get().to(rebuild)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, get, file, rebuild))]
pub struct Doc;

/// What is to be issued.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueBody {
    /// One of GET /v1/reports.
    #[schema(example = "delivery")]
    report: String,
    /// A payer's id or key; a payer's key has its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key has its own only.
    organization: Option<String>,
    /// First day.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last day.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// service (when missing) or submission.
    #[schema(value_type = Option<String>)]
    basis: Option<Basis>,
    /// Days after the period until it is complete; 90 when missing.
    run_out_days: Option<u16>,
    /// For rates: `any_day` (when missing), prorated, `last_day` or `mid_month`.
    #[schema(value_type = Option<String>)]
    convention: Option<Convention>,
    /// For utilization: what its rows are grouped by, such as month,service.
    #[schema(example = "month,service")]
    group_by: Option<String>,
    /// The newest issue of the same question, which this one takes the place of.
    #[schema(value_type = Option<String>)]
    supersedes: Option<ReportIssueId>,
    /// Why there is another one: needed with `supersedes`, and only then.
    #[schema(example = "visits of July were recorded late")]
    reason: Option<String>,
}

/// Whose trail says that something of an issue was given out.
fn owner(issue: &Issue) -> Whose {
    let Issue { organization, payer, .. } = *issue;
    Whose { organization, payer, to_payer: issue.edition == "payer" }
}

/// Issue a report: it is built once of all that is known now, sealed, and kept to the byte. The same
/// question is issued again only as a restatement: with the issue that it supersedes, and a reason. The
/// restatement says each number that moved, with its causes: steps of the visits of its organization and month,
/// and what changed beside them.
#[utoipa::path(post, path = "/v1/report-issues", tag = "reports", request_body = IssueBody,
    responses((status = 201, description = "The manifest", content_type = "application/json"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    body: Post<IssueBody>,
) -> Result<HttpResponse, AppError> {
    let wanted = body.value;
    caller.0.require(READERS)?;
    let (organization, payer) =
        find_names(&ctx, wanted.organization.as_deref(), wanted.payer.as_deref()).await?;
    let (edition, organization, payer) = view_of(&caller.0, organization, payer)?;
    acquainted(&ctx, edition, organization, payer).await?;
    let definition = registry::find(&wanted.report, edition)
        .map_err(|_| AppError::field("/report", "take one of GET /v1/reports"))?;
    let asked = asked(&wanted, Lens { edition, organization, payer })?;
    let why = match (wanted.supersedes, wanted.reason.as_deref()) {
        (None, None) => None,
        (Some(before), Some(text)) => Some((before, reason(text)?)),
        _ => {
            let rule = "say which issue is superseded and why, or neither";
            return Err(AppError::field("/reason", rule));
        }
    };
    let shelf = shelf_of(&caller.0, organization)?;
    reporting::refresh(&ctx, organization).await?;
    let (id, now) = (ctx.id::<ReportIssueId>(), ctx.now());
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let make = move |conn: &mut issues::Conn| -> Result<_, AppError> {
        let before = match why {
            None => None,
            Some((before, cause)) => {
                let (issue, json) = issues::with_json(conn, shelf, before)?;
                Some(Before { issue, json, cause })
            }
        };
        issue::make(conn, definition, asked, (id, now), before)
    };
    let (issue, files) = ctx.db.read(scope, make).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, scope, body.ticket, move |conn| {
        issues::keep(conn, &issue, &files)?;
        let manifest = Manifest::read(&issue)?;
        let detail = manifest.detail();
        disclosed::note(&work, conn, owner(&issue), Action::ReportIssue, issue.id, detail)?;
        Ok(Reply::json(StatusCode::CREATED.as_u16(), &view(&manifest, false)?)?
            .with_header("Location", format!("/v1/report-issues/{}", issue.id)))
    });
    respond(as_of_now(&ctx, shelf, reply.await?).await?)
}

fn asked(wanted: &IssueBody, lens: Lens) -> Result<Asked, AppError> {
    let run_out_days = wanted.run_out_days.map_or(RUN_OUT_DAYS, i64::from);
    if run_out_days > MAX_RUN_OUT_DAYS {
        return Err(AppError::field("/run_out_days", "two years at most, 730"));
    }
    let basis = wanted.basis.unwrap_or(Basis::Service);
    if matches!(basis, Basis::Receipt | Basis::Paid) {
        let rule = "nothing can be issued on this basis: remittances are not posted yet";
        return Err(AppError::field("/basis", rule));
    }
    let (from, to) = (wanted.from, wanted.to);
    let convention = wanted.convention;
    let group_by = grouped(wanted.group_by.as_deref())?;
    Ok(Asked {
        lens,
        from,
        to,
        basis,
        as_of: None,
        since: None,
        run_out_days,
        convention,
        group_by,
    })
}

/// Whose issues a caller sees.
pub(super) fn shelf_of(
    caller: &crate::flow::access::Principal,
    organization: Option<crate::domain::ids::OrganizationId>,
) -> Result<Shelf, AppError> {
    match caller.role {
        Role::Admin => Ok(Shelf::All),
        Role::PayerAnalyst => Ok(Shelf::Payer(caller.payer(None)?)),
        _ => Ok(Shelf::Organization(caller.tenant(organization)?)),
    }
}

/// Whose issues a caller asks for.
pub(super) async fn shelf(
    ctx: &Ctx,
    caller: &Caller,
    named: Option<&str>,
) -> Result<Shelf, AppError> {
    caller.0.require(READERS)?;
    match (caller.0.role, named) {
        (Role::PayerAnalyst, Some(_)) => Err(AppError::not_found("organization")),
        (Role::PayerAnalyst, None) => shelf_of(&caller.0, None),
        (Role::Admin, None) => Ok(Shelf::All),
        _ => Ok(Shelf::Organization(tenant(ctx, &caller.0, named).await?)),
    }
}

/// What a list of issues is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; an admin who names none sees all.
    organization: Option<String>,
    /// By report.
    report: Option<String>,
    /// Those issued after, such as 2026-09-10T16:00:00Z.
    #[param(value_type = Option<String>)]
    issued_after: Option<Instant>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Manifests, newest first.
#[utoipa::path(get, path = "/v1/report-issues", tag = "reports", params(ListQuery),
    responses((status = 200, description = "A page of manifests", content_type = "application/json"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    let shelf = shelf(&ctx, &caller, query.organization.as_deref()).await?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(format!("{shelf:?}"));
    let page = Page::new(limit, cursor.as_deref(), &("report-issues", &query))?;
    let filter =
        issues::Filter { id: None, report: query.report, issued_after: query.issued_after };
    let after = page.after.map(ReportIssueId::from_i64);
    let rows = issues::list(&ctx, shelf, filter, after, page.rows()).await?;
    let views: Result<Vec<_>, AppError> = looked_at(&ctx, &rows)
        .await?
        .into_iter()
        .map(|(manifest, narrowed)| Ok((manifest.id, view(&manifest, narrowed)?)))
        .collect();
    let body: PageBody<IssueView> = page.body(views?, |(id, _)| id.as_i64(), |(_, view)| view);
    if !body.items.is_empty() {
        let detail = Detail::default().count("issues", body.items.len());
        disclosed::exported(&ctx, of_shelf(shelf), Action::ReportIssueRead, "", detail).await?;
    }
    Ok(HttpResponse::Ok().json(body))
}

/// The manifest of an issue.
#[utoipa::path(get, path = "/v1/report-issues/{id}", tag = "reports",
    params(("id" = String, Path, description = "The issue's id"), OfOrganization),
    responses((status = 200, description = "The manifest", content_type = "application/json"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportIssueId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    let issue = issues::get(&ctx, shelf, id.0).await?;
    let (manifest, narrowed) = look_at(&ctx, &issue).await?;
    let detail = manifest.detail();
    disclosed::exported(&ctx, owner(&issue), Action::ReportIssueRead, issue.id, detail).await?;
    Ok(HttpResponse::Ok().json(view(&manifest, narrowed)?))
}

/// Whose trail says that a page of issues was read.
fn of_shelf(shelf: Shelf) -> Whose {
    let (organization, payer) = match shelf {
        Shelf::All => (None, None),
        Shelf::Organization(id) => (Some(id), None),
        Shelf::Payer(id) => (None, Some(id)),
    };
    Whose { organization, payer, to_payer: payer.is_some() }
}

/// Which file.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// The organization's id or key.
    organization: Option<String>,
    /// One of the manifest's files; json when missing.
    format: Option<String>,
}

/// A file of an issue, byte for byte as it was issued. A payer gets no rows of people when less of them may be
/// told by now.
#[utoipa::path(get, path = "/v1/report-issues/{id}/file", tag = "reports",
    params(("id" = String, Path, description = "The issue's id"), FileQuery),
    responses((status = 200, body = String, content_type = "application/octet-stream"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn file(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportIssueId>,
    query: Query<FileQuery>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    let issue = issues::get(&ctx, shelf, id.0).await?;
    let (manifest, narrowed) = look_at(&ctx, &issue).await?;
    let form = query.0.format.unwrap_or_else(|| "json".to_owned());
    let Some(seal) = manifest.files.iter().find(|seal| seal.format == form) else {
        let forms: Vec<&str> = manifest.files.iter().map(|seal| seal.format.as_str()).collect();
        let detail = format!("Parameter format: this issue has {}.", forms.join(", "));
        return Err(AppError::new(Code::InvalidParameter, detail));
    };
    if narrowed {
        return Err(issues::closed());
    }
    let detail = manifest.detail().about("format", &form);
    disclosed::exported(&ctx, owner(&issue), Action::ReportIssueExport, issue.id, detail).await?;
    let bytes = issues::file(&ctx, issue.id, &form).await?;
    if issue::sha256(&bytes) != seal.sha256 {
        return Err(AppError::internal("the bytes of an issue are not those that were sealed"));
    }
    Ok(sealed(issue::media_type(&form), &seal.name, &seal.sha256).body(bytes))
}

/// What came of making an issue again.
#[derive(Debug, Serialize)]
struct RebuiltView {
    /// Whether it can be made again at all.
    rebuildable: bool,
    /// Whether every file came out as it was issued; null where it cannot be made again.
    same: Option<bool>,
    /// Each file.
    files: Vec<Rebuilt>,
}

/// Make an issue again from what was known then, and compare the bytes.
#[utoipa::path(get, path = "/v1/report-issues/{id}/rebuild", tag = "reports",
    params(("id" = String, Path, description = "The issue's id"), OfOrganization),
    responses((status = 200, description = "Each file with both hashes",
            content_type = "application/json"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn rebuild(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportIssueId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    let issue = issues::get(&ctx, shelf, id.0).await?;
    if look_at(&ctx, &issue).await?.1 {
        return Err(issues::closed());
    }
    let files = ctx.db.read(Scope::Service, move |conn| issue::rebuild(conn, &issue)).await?;
    let rebuildable = !files.is_empty();
    let same = rebuildable.then(|| files.iter().all(|file| file.same));
    Ok(HttpResponse::Ok().json(RebuiltView { rebuildable, same, files }))
}
