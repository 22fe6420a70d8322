//! Batches: build, look, fetch the 837P and its CSV, release, withdraw, record the delivery.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::{CSV, attachment, pieces, sealed};
use super::encounters::OfOrganization;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::receipt::{DeliveredBody, receipt};
use super::response_view::ResponseView;
use super::{Action, Caller, PathId, Post, Query, respond};
use crate::domain::batch::Batch;
use crate::domain::ids::{BatchId, OrganizationId, PayerId};
use crate::domain::status::BatchStatus;
use crate::error::{AppError, Code};
use crate::flow::access::{self, Principal, Role};
use crate::flow::acknowledge::{self, Filter};
use crate::flow::audit::{self, Action as Audited, Detail};
use crate::flow::batches::SeenBatch;
use crate::flow::idempotent::{self, Reply};
use crate::flow::{Ctx, Scope, batches, batching, unclaimed};
use crate::reports;

/// Responses shown with one batch; all of them: `GET /v1/responses?batch=`.
const RESPONSES: i64 = 200;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/batches").route(web::post().to(create)).route(web::get().to(list)))
        .service(web::resource("/batches/{id}").route(web::get().to(get)))
        .service(web::resource("/batches/{id}/837p").route(web::get().to(file)))
        .service(web::resource("/batches/{id}/csv").route(web::get().to(table)))
        .service(web::resource("/batches/{id}/release").route(web::post().to(release)))
        .service(web::resource("/batches/{id}/withdraw").route(web::post().to(withdraw)))
        .service(web::resource("/batches/{id}/delivered").route(web::post().to(delivered)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, get, file, table, release, withdraw, delivered))]
pub struct Doc;

/// The tenant of a request about claims and batches.
pub(super) async fn tenant(
    ctx: &Ctx,
    caller: &Principal,
    organization: Option<&str>,
) -> Result<OrganizationId, AppError> {
    caller.require(&[Role::Admin, Role::Biller])?;
    access::tenant(ctx, caller, organization).await
}

/// What to make a batch of.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BatchBody {
    /// The payer's id or key.
    #[schema(example = "evergreen")]
    payer: String,
    /// The organization's id or key; a biller's own when not said.
    organization: Option<String>,
    /// Last service date to take.
    #[serde(deserialize_with = "super::day::required")]
    through: NaiveDate,
}

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
struct BatchView {
    /// Our id.
    #[schema(example = "bat_0KXJ5T9B20000")]
    id: String,
    /// The organization.
    organization: String,
    /// The payer.
    payer: String,
    /// Last service date taken.
    through: NaiveDate,
    /// built, released, delivered, acknowledged, withdrawn.
    status: String,
    /// Number of claims.
    claims: u32,
    /// Number of claim lines.
    lines: u32,
    /// Units of all lines.
    units: u32,
    /// Sum of charges.
    #[schema(example = "1234.50")]
    charge: String,
    /// Sum of what the contract should pay.
    #[schema(example = "1234.50")]
    expected: String,
    /// The file.
    file: FileView,
    /// ISA13.
    interchange_control: u32,
    /// GS06.
    group_control: u32,
    /// When it was made.
    built_at: String,
    /// When it was released.
    released_at: Option<String>,
    /// When it was withdrawn.
    withdrawn_at: Option<String>,
    /// When it reached the payer.
    delivered_at: Option<String>,
    /// The proof of that.
    receipt: Option<ReceiptView>,
    /// How all of it was answered (TA1, 999): accepted, `accepted_with_errors`, partly, rejected.
    acknowledgment: Option<String>,
    /// When.
    acknowledged_at: Option<String>,
    /// Claims whose filing deadline had passed on delivery.
    late_claims: Option<u32>,
    /// What its receiver said of it and of its sets, oldest first (asked for one batch; the first
    /// 200).
    #[serde(skip_serializing_if = "Option::is_none")]
    responses: Option<Vec<ResponseView>>,
    /// When it was made now: whether more may be ready, for another batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
}

/// The 837P file of a batch.
#[derive(Debug, Serialize, ToSchema)]
struct FileView {
    /// Its name.
    name: String,
    /// Bytes.
    size: u64,
    /// SHA-256 of its bytes, hex.
    sha256: String,
}

/// The proof of delivery.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptView {
    how: String,
    to: String,
    reference: Option<String>,
}

fn view(organization: OrganizationId, seen: SeenBatch) -> BatchView {
    let b: Batch = seen.batch;
    BatchView {
        id: b.id.to_string(),
        organization: organization.to_string(),
        payer: b.payer.to_string(),
        through: b.through,
        status: b.status.as_str().to_owned(),
        claims: b.claims,
        lines: b.lines,
        units: b.units,
        charge: b.charge.to_string(),
        expected: b.expected.to_string(),
        file: FileView { name: seen.file.name, size: seen.file.size, sha256: seen.file.sha256 },
        interchange_control: b.interchange_control,
        group_control: b.group_control,
        built_at: b.built_at.to_string(),
        released_at: b.released_at.map(|t| t.to_string()),
        withdrawn_at: b.withdrawn_at.map(|t| t.to_string()),
        delivered_at: b.delivered_at.map(|t| t.to_string()),
        receipt: b.receipt.map(|r| ReceiptView { how: r.how, to: r.to, reference: r.reference }),
        acknowledgment: b.acknowledgment.map(String::from),
        acknowledged_at: b.acknowledged_at.map(|t| t.to_string()),
        late_claims: seen.late_claims,
        responses: None,
        more: None,
    }
}

/// Make claims of what is ready for a payer up to a service date, and their 837P file. A batch takes
/// some five thousand lines; where more are ready, `more` says so: build again.
#[utoipa::path(post, path = "/v1/batches", tag = "batches", params(OfOrganization),
    request_body = BatchBody,
    responses((status = 201, body = BatchView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<OfOrganization>,
    body: Post<BatchBody>,
) -> Result<HttpResponse, AppError> {
    let named = body.value.organization.as_deref().or(query.0.organization.as_deref());
    let tenant = tenant(&ctx, &caller.0, named).await?;
    let (work, wanted) = (ctx.clone(), body.value);
    let (payer, through) = (wanted.payer.clone(), wanted.through);
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let payer = access::payer(conn, &wanted.payer)?
            .ok_or_else(|| AppError::field("/payer", "there is no such payer."))?;
        let built = batching::build_in(&work, conn, tenant, payer, wanted.through)?;
        let id = built.batch.id;
        let seen = batches::see(conn, tenant, id)?;
        let view = BatchView { more: Some(built.more), ..view(tenant, seen) };
        Ok(Reply::json(201, &view)?.with_header("Location", format!("/v1/batches/{id}")))
    });
    let reply = reply.await;
    if matches!(&reply, Err(error) if error.code == Code::NothingReady) {
        unclaimed::settle(&ctx, tenant, payer, through).await?;
    }
    respond(reply?)
}

/// What a list of batches is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By payer.
    #[param(value_type = Option<String>)]
    payer: Option<PayerId>,
    /// By status: built, released, delivered, acknowledged, withdrawn.
    #[param(value_type = Option<String>)]
    status: Option<BatchStatus>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Batches, oldest first.
#[utoipa::path(get, path = "/v1/batches", tag = "batches", params(ListQuery),
    responses((status = 200, body = PageBody<BatchView>), (status = "4XX", response = Problem),
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
    let page = Page::new(limit, cursor.as_deref(), &("batches", &query))?;
    let after = page.after.map(BatchId::from_i64);
    let rows = batches::list(&ctx, tenant, query.payer, query.status, after, page.rows()).await?;
    let body = page.body(rows, |s| s.batch.id.as_i64(), |s| view(tenant, s));
    Ok(HttpResponse::Ok().json(body))
}

/// One batch.
#[utoipa::path(get, path = "/v1/batches/{id}", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    responses((status = 200, body = BatchView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let batch = view(tenant, batches::get(&ctx, tenant, id.0).await?);
    let filter = Filter { batch: Some(id.0), of_claims: Some(false), ..Filter::default() };
    let said = acknowledge::responses(&ctx, tenant, filter, None, RESPONSES).await?;
    let responses = Some(said.into_iter().map(ResponseView::from).collect());
    Ok(HttpResponse::Ok().json(BatchView { responses, ..batch }))
}

/// The 837P file, byte for byte as it was built. Send it only when the batch is released: the
/// header `Peerclaims-Batch-Status` says where it stands.
#[utoipa::path(get, path = "/v1/batches/{id}/837p", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    responses((status = 200, body = String, content_type = "application/edi-x12"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn file(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let seen = batches::get(&ctx, tenant, id.0).await?;
    let detail = Detail::default().about("status", seen.batch.status);
    audit::exported(&ctx, Some(tenant), Audited::BatchFile, id.0, detail).await?;
    let mut response = sealed("application/edi-x12", &seen.file.name, &seen.file.sha256);
    response.insert_header(("Peerclaims-Batch-Status", seen.batch.status.as_str()));
    let work = (ctx.get_ref().clone(), seen.batch);
    Ok(response.streaming(Box::pin(pieces(work, move |(ctx, batch), ordinal| async move {
        batches::file_piece(&ctx, tenant, &batch, ordinal).await
    }))))
}

/// The claim lines of the batch as a table; docs/reports.md says what the columns are.
#[utoipa::path(get, path = "/v1/batches/{id}/csv", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    responses((status = 200, body = String, content_type = "text/csv"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn table(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let text = reports::batch_lines::csv(&ctx.db, tenant, id.0).await?;
    let detail = Detail::default().about("format", "csv");
    audit::exported(&ctx, Some(tenant), Audited::BatchLines, id.0, detail).await?;
    Ok(attachment(CSV, &format!("{}.csv", id.0)).body(text))
}

/// Freeze and check a batch. Any fault found refuses the release whole; nothing is changed then. A claim
/// that says for the first time more than would be billed today is a fault.
#[utoipa::path(post, path = "/v1/batches/{id}/release", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    responses((status = 200, body = BatchView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn release(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
    action: Action,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), action.ticket, move |conn| {
        Reply::json(200, &view(tenant, batches::release_in(&work, conn, tenant, id.0)?))
    });
    respond(reply.await?)
}

/// Take a batch back before it is released; its visits are ready again.
#[utoipa::path(post, path = "/v1/batches/{id}/withdraw", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    responses((status = 200, body = BatchView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn withdraw(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
    action: Action,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), action.ticket, move |conn| {
        Reply::json(200, &view(tenant, batches::withdraw_in(&work, conn, tenant, id.0)?))
    });
    respond(reply.await?)
}

/// Record that a released batch reached the payer, with its receipt.
#[utoipa::path(post, path = "/v1/batches/{id}/delivered", tag = "batches",
    params(("id" = String, Path, description = "The batch's id"), OfOrganization),
    request_body = DeliveredBody,
    responses((status = 200, body = BatchView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn delivered(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<BatchId>,
    query: Query<OfOrganization>,
    body: Post<DeliveredBody>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let (receipt, at) = receipt(body.value)?;
    let work = ctx.clone();
    let reply = idempotent::run(&ctx, Scope::Tenant(tenant), body.ticket, move |conn| {
        let seen = batches::deliver_in(&work, conn, tenant, id.0, at, &receipt)?;
        Reply::json(200, &view(tenant, seen))
    });
    respond(reply.await?)
}
