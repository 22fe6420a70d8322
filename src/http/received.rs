//! Files from clearinghouses and payers: they come in here, and what became of them is told.

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::{pieces, sealed};
use super::batches::tenant;
use super::body::{self, Upload};
use super::bulk::spool;
use super::encounters::OfOrganization;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::response_view::ResponseView;
use super::{Caller, PathId, Query};
use crate::domain::ids::{BatchId, ClaimId, OrganizationId, ReceivedId, ResponseId};
use crate::domain::response::{Channel, FileKind, FileState};
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::acknowledge::{
    self, FileFilter, Filter, Incoming, MAX_FILE_BYTES, PaymentSeen, Seen,
};
use crate::flow::audit::{self, Action, Detail};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/files").route(web::post().to(upload)).route(web::get().to(list)))
        .service(web::resource("/files/{id}").route(web::get().to(get)))
        .service(web::resource("/files/{id}/content").route(web::get().to(content)))
        .service(web::resource("/responses").route(web::get().to(responses)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(upload, list, get, content, responses))]
pub struct Doc;

/// A file that came.
#[derive(Debug, Serialize, ToSchema)]
struct ReceivedView {
    /// Our id.
    #[schema(example = "rcv_0KXJ5T9B20000")]
    id: String,
    /// The organization.
    organization: String,
    /// Its name.
    name: String,
    /// Bytes.
    size: u64,
    /// SHA-256 of its bytes, hex.
    sha256: String,
    /// ta1, 999, 277ca, 835, several, other: by its content.
    kind: String,
    /// ISA06 of its first interchange.
    sender: Option<String>,
    /// ISA08 of its first interchange.
    receiver: Option<String>,
    /// applied, partly, waiting, quarantined, kept.
    state: String,
    /// Why, where not all of it was applied.
    reason: Option<String>,
    /// api, folder, command.
    channel: String,
    /// Name of the zip that it came in.
    archive: Option<String>,
    /// The batch whose release it waits for.
    waits_for: Option<String>,
    /// Claims that it accepted.
    accepted: u32,
    /// Claims that it rejected.
    rejected: u32,
    /// When it came.
    received_at: String,
    /// When it was applied.
    applied_at: Option<String>,
    /// Of one file that is asked for: the payments that it tells, at most a hundred; none of a file that
    /// was put aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    payments: Vec<PaymentView>,
}

/// A payment of an 835, as far as it names no person.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentView {
    /// Who pays.
    payer: Option<String>,
    /// Whom.
    payee: Option<String>,
    /// The payee's NPI or tax id.
    payee_id: Option<String>,
    /// ACH, CHK, NON and others (BPR04).
    method: Option<String>,
    /// How much.
    #[schema(example = "64.00")]
    amount: Option<String>,
    /// Of which day.
    date: Option<NaiveDate>,
    /// Number of the check or transfer.
    trace: Option<String>,
    /// How many claims.
    claims: u64,
    /// Whether its amounts agree with each other.
    balances: bool,
    /// The first that do not, in words.
    difference: Option<String>,
}

impl From<PaymentSeen> for PaymentView {
    fn from(seen: PaymentSeen) -> Self {
        let PaymentSeen { payer, payee, payee_id, method, date, trace, claims, .. } = seen;
        let amount = seen.amount.map(|amount| amount.to_string());
        let (balances, difference) = (seen.balances, seen.difference);
        Self { payer, payee, payee_id, method, amount, date, trace, claims, balances, difference }
    }
}

fn view(organization: OrganizationId, seen: Seen) -> ReceivedView {
    let Seen { file, stored, .. } = seen;
    ReceivedView {
        id: file.id.to_string(),
        organization: organization.to_string(),
        name: stored.name,
        size: stored.size,
        sha256: file.sha256,
        kind: file.kind.to_string(),
        sender: file.sender,
        receiver: file.receiver,
        state: file.state.to_string(),
        reason: file.reason,
        channel: file.channel.to_string(),
        archive: file.archive,
        waits_for: file.waits_for.map(String::from),
        accepted: file.accepted,
        rejected: file.rejected,
        received_at: file.received_at.to_string(),
        applied_at: file.applied_at.map(|at| at.to_string()),
        payments: Vec::new(),
    }
}

/// What an upload says beside its bytes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// The file's name, for people; what it is is known by its content.
    #[param(max_length = 200)]
    name: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Serialize, ToSchema)]
struct UploadView {
    /// Its files: one, or those of a zip.
    files: Vec<ReceivedView>,
}

/// Bring in what a clearinghouse or payer sent: TA1, 999, 277CA or 835, one or several in a file, or a
/// zip of such files (one level), as the plain bytes of the body, of whatever type. It is recognized by its content, kept once, and
/// moves the batch and claims that it answers. The same bytes again change nothing and get the first
/// answer (status 200), so that no Idempotency-Key is needed. A file that cannot be applied is kept
/// with the reason: look at `state`.
#[utoipa::path(post, path = "/v1/files", tag = "responses", params(UploadQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, body = UploadView), (status = 200, body = UploadView),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn upload(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<UploadQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    body::plain_encoding(&request)?;
    // X12 comes under any type or none; these two are never it.
    let kind = body::media_type(&request).ok().flatten().unwrap_or_default();
    if kind == "application/json" || kind.starts_with("multipart/") {
        return Err(AppError::new(
            Code::UnsupportedMediaType,
            "Send the file's own bytes as the body, as application/octet-stream; no JSON, no form.",
        ));
    }
    // Of a body that is too large by its own word nothing is kept, not even on the way.
    let stated = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    let limit =
        if stated.is_some_and(|size: u64| size > MAX_FILE_BYTES) { 0 } else { MAX_FILE_BYTES };
    let spooled = spool(Upload::begin(&request, payload)?, limit).await;
    let bytes = spooled.map_err(|error| match error.code {
        Code::TooLarge => acknowledge::too_large(),
        _ => error,
    })?;
    let name = query.0.name.unwrap_or_else(|| "upload".to_owned());
    let incoming = Incoming { name, bytes, channel: Channel::Api, archive: None };
    let seen = acknowledge::receive_any(&ctx, tenant, incoming).await?;
    let fresh = seen.iter().any(|s| !s.repeat);
    let files = seen.into_iter().map(|s| view(tenant, s)).collect();
    let mut answer = if fresh { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(UploadView { files }))
}

/// What a list of files is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// ta1, 999, 277ca, 835, several, other.
    #[param(value_type = Option<String>)]
    kind: Option<FileKind>,
    /// applied, partly, waiting, quarantined, kept.
    #[param(value_type = Option<String>)]
    state: Option<FileState>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Files that came, oldest first.
#[utoipa::path(get, path = "/v1/files", tag = "responses", params(ListQuery),
    responses((status = 200, body = PageBody<ReceivedView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(tenant.to_string());
    let page = Page::new(limit, cursor.as_deref(), &("files", &query))?;
    let after = page.after.map(ReceivedId::from_i64);
    let filter = FileFilter { kind: query.kind, state: query.state };
    let rows = acknowledge::list(&ctx, tenant, filter, after, page.rows()).await?;
    let body = page.body(rows, |s| s.file.id.as_i64(), |s| view(tenant, s));
    Ok(HttpResponse::Ok().json(body))
}

/// One file that came, with its payments. What it says is in `GET /v1/responses?file=`.
#[utoipa::path(get, path = "/v1/files/{id}", tag = "responses",
    params(("id" = String, Path, description = "The file's id"), OfOrganization),
    responses((status = 200, body = ReceivedView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReceivedId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let seen = acknowledge::get(&ctx, tenant, id.0).await?;
    let payments = acknowledge::payments(&ctx, tenant, &seen.file).await?;
    let mut shown = view(tenant, seen);
    shown.payments = payments.into_iter().map(PaymentView::from).collect();
    Ok(HttpResponse::Ok().json(shown))
}

/// The file, byte for byte as it came.
#[utoipa::path(get, path = "/v1/files/{id}/content", tag = "responses",
    params(("id" = String, Path, description = "The file's id"), OfOrganization),
    responses((status = 200, body = String, content_type = "application/octet-stream"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn content(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReceivedId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let seen = acknowledge::get(&ctx, tenant, id.0).await?;
    let detail = Detail::default().about("kind", seen.file.kind);
    audit::exported(&ctx, Some(tenant), Action::FileExport, id.0, detail).await?;
    // The name came from outside: it is told in the view, and is in no header.
    let (name, file) = (format!("{}.edi", id.0), seen.file.file);
    let work = ctx.get_ref().clone();
    Ok(sealed("application/octet-stream", &name, &seen.file.sha256)
        .streaming(Box::pin(pieces(work, move |ctx, ordinal| async move {
            acknowledge::piece(&ctx, tenant, file, ordinal).await
        }))))
}

/// What a list of responses is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ResponsesQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By the file that says it.
    #[param(value_type = Option<String>)]
    file: Option<ReceivedId>,
    /// By batch: what is said of it, its sets and its claims.
    #[param(value_type = Option<String>)]
    batch: Option<BatchId>,
    /// By claim.
    #[param(value_type = Option<String>)]
    claim: Option<ClaimId>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What clearinghouses and payers said of batches and claims, oldest first.
#[utoipa::path(get, path = "/v1/responses", tag = "responses", params(ResponsesQuery),
    responses((status = 200, body = PageBody<ResponseView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn responses(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ResponsesQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(tenant.to_string());
    let page = Page::new(limit, cursor.as_deref(), &("responses", &query))?;
    let after = page.after.map(ResponseId::from_i64);
    let ResponsesQuery { file, batch, claim, .. } = query;
    let filter = Filter { received: file, batch, claim, of_claims: None };
    let rows = acknowledge::responses(&ctx, tenant, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), ResponseView::from);
    Ok(HttpResponse::Ok().json(body))
}
