//! Claims: what was made of the visits, one or many.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::batches::tenant;
use super::encounters::OfOrganization;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::response_view::ResponseView;
use super::{Caller, PathId, Query};
use crate::domain::claim_change::ClaimChange;
use crate::domain::ids::{BatchId, ClaimId, MemberId, OrganizationId};
use crate::domain::status::ClaimStatus;
use crate::error::AppError;
use crate::flow::corrected::{Filter, SeenClaim};
use crate::flow::{Ctx, acknowledge, corrected};

/// Responses shown with one claim; all of them: `GET /v1/responses?claim=`.
const RESPONSES: i64 = 200;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/claims").route(web::get().to(list)))
        .service(web::resource("/claims/{id}").route(web::get().to(get)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list, get))]
pub struct Doc;

/// A claim.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimView {
    /// Our id.
    #[schema(example = "clm_0KXJ5T9B20000")]
    id: String,
    /// Its number on the claim (CLM01).
    number: String,
    /// The organization.
    organization: String,
    /// The batch.
    batch: String,
    /// The payer.
    payer: String,
    /// The member.
    member: String,
    /// The rendering peer; where the claim names none, the peer of its first visit.
    peer: String,
    /// The contract version.
    contract_version: String,
    /// batched, released, delivered, accepted, rejected, withdrawn, replaced, voided, closed. Why:
    /// `GET /v1/responses?claim=`.
    status: String,
    /// original, replacement or void (CLM05-3).
    frequency: String,
    /// The claim that it replaces or voids.
    corrects: Option<String>,
    /// The replacement or void of it that is open.
    change: Option<ChangeView>,
    /// What a replacement or void says to the payer in words of its own (NTE); a note that the payer's
    /// profile makes is not told here.
    note: Option<String>,
    /// The service date; of a claim for a week or a month, its first.
    service_date: NaiveDate,
    /// Diagnoses, the principal one first.
    diagnoses: Vec<String>,
    /// The authorization named on the claim.
    authorization: Option<String>,
    /// Units of its lines.
    units: u32,
    /// Sum of charges (CLM02).
    charge: String,
    /// What the contract should pay.
    expected: String,
    /// Last day for its delivery.
    file_by: NaiveDate,
    /// What the payer calls it, once somebody has said so.
    payer_control: Option<ControlView>,
    /// Its lines.
    lines: Vec<ClaimLineView>,
    /// What clearinghouses and payers said of it, oldest first (asked for one claim; the first 200).
    #[serde(skip_serializing_if = "Option::is_none")]
    responses: Option<Vec<ResponseView>>,
}

/// A replacement or void of a claim.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeView {
    /// replacement or void.
    kind: String,
    /// prepared (the next batch builds it) or built.
    state: String,
    /// Why it was asked for.
    reason: String,
    /// What becomes of the visits of a voided claim: `void` or `bill_again`.
    visits: String,
    /// Visits that are voided when it is built.
    left_out: Vec<String>,
    /// Why the last build could not make it.
    problem: Option<String>,
    /// Whether a replacement may leave out visits of the claim that are held.
    without_held: bool,
    /// What it is to say to the payer in words.
    note: Option<String>,
    /// The claim that it was built as.
    claim: Option<String>,
    /// When it was asked for.
    asked_at: String,
}

impl From<&ClaimChange> for ChangeView {
    fn from(change: &ClaimChange) -> Self {
        Self {
            kind: change.kind.to_string(),
            state: change.state.to_string(),
            reason: change.reason.clone(),
            visits: change.visits.to_string(),
            left_out: change.left_out.iter().map(|l| l.encounter.to_string()).collect(),
            problem: change.problem.clone(),
            without_held: change.without_held,
            note: change.note.as_ref().map(ToString::to_string),
            claim: change.built.map(|c| c.to_string()),
            asked_at: change.asked_at.to_string(),
        }
    }
}

/// The payer's numbers of a claim.
#[derive(Debug, Serialize, ToSchema)]
struct ControlView {
    /// The first that it gave.
    first: String,
    /// The latest.
    latest: String,
    /// Who said the latest: clearinghouse, payer, remittance, person.
    by: String,
}

/// A claim line.
#[derive(Debug, Serialize, ToSchema)]
struct ClaimLineView {
    /// Its control number (REF*6R).
    control: String,
    /// The service of the contract.
    service: String,
    /// The service date of the line.
    service_date: NaiveDate,
    /// Procedure code.
    procedure: String,
    /// Modifiers in order.
    modifiers: Vec<String>,
    /// Place of service.
    place: String,
    /// Units.
    units: u32,
    /// Charge (SV102).
    charge: String,
    /// What the contract should pay.
    expected: String,
    /// The authorization named on the line.
    authorization: Option<String>,
    /// The visits that it states.
    encounters: Vec<PartView>,
}

/// The share of a visit in a claim line.
#[derive(Debug, Serialize, ToSchema)]
struct PartView {
    encounter: String,
    units: u32,
    charge: String,
    expected: String,
}

pub(super) fn view(organization: OrganizationId, seen: SeenClaim) -> ClaimView {
    let SeenClaim { claim, corrects, change } = seen;
    let lines = claim.document.lines.iter().zip(&claim.lines).map(|(sent, line)| ClaimLineView {
        control: sent.control.clone(),
        service: line.service.as_str().to_owned(),
        service_date: sent.date,
        procedure: sent.procedure.as_str().to_owned(),
        modifiers: sent.modifiers.iter().map(|m| m.as_str().to_owned()).collect(),
        place: sent.place.as_str().to_owned(),
        units: line.units,
        charge: line.charge.to_string(),
        expected: line.expected.to_string(),
        authorization: sent.authorization.as_ref().map(|a| a.as_str().to_owned()),
        encounters: line
            .parts
            .iter()
            .map(|part| PartView {
                encounter: part.encounter.to_string(),
                units: part.units,
                charge: part.charge.to_string(),
                expected: part.expected.to_string(),
            })
            .collect(),
    });
    ClaimView {
        id: claim.id.to_string(),
        number: claim.number().as_str().to_owned(),
        organization: organization.to_string(),
        batch: claim.batch.to_string(),
        payer: claim.payer.to_string(),
        member: claim.member.to_string(),
        peer: claim.peer.to_string(),
        contract_version: claim.contract_version.to_string(),
        status: claim.status.as_str().to_owned(),
        frequency: claim.detail.frequency.to_string(),
        corrects: corrects.map(|c| c.claim.to_string()),
        change: change.as_ref().map(ChangeView::from),
        note: claim.detail.note.as_ref().map(|note| note.text.to_string()),
        service_date: claim.service_date,
        diagnoses: claim.document.diagnoses.iter().map(|d| d.as_str().to_owned()).collect(),
        authorization: claim.document.authorization.as_ref().map(|a| a.as_str().to_owned()),
        units: claim.units,
        charge: claim.document.charge.to_string(),
        expected: claim.expected.to_string(),
        file_by: claim.file_by,
        payer_control: claim.control.as_ref().map(|c| ControlView {
            first: c.first.as_str().to_owned(),
            latest: c.latest.as_str().to_owned(),
            by: c.by.as_str().to_owned(),
        }),
        lines: lines.collect(),
        responses: None,
    }
}

/// What a list of claims is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By batch.
    #[param(value_type = Option<String>)]
    batch: Option<BatchId>,
    /// By status, such as `accepted`.
    #[param(value_type = Option<String>)]
    status: Option<ClaimStatus>,
    /// By member.
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Claims, oldest first.
#[utoipa::path(get, path = "/v1/claims", tag = "batches", params(ListQuery),
    responses((status = 200, body = PageBody<ClaimView>), (status = "4XX", response = Problem),
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
    let page = Page::new(limit, cursor.as_deref(), &("claims", &query))?;
    let after = page.after.map(ClaimId::from_i64);
    let filter = Filter { batch: query.batch, status: query.status, member: query.member };
    let rows = corrected::list(&ctx, tenant, filter, after, page.rows()).await?;
    let body = page.body(rows, |c| c.claim.id.as_i64(), |c| view(tenant, c));
    Ok(HttpResponse::Ok().json(body))
}

/// One claim.
#[utoipa::path(get, path = "/v1/claims/{id}", tag = "batches",
    params(("id" = String, Path, description = "The claim's id"), OfOrganization),
    responses((status = 200, body = ClaimView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ClaimId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let claim = view(tenant, corrected::get(&ctx, tenant, id.0).await?);
    let filter = acknowledge::Filter { claim: Some(id.0), ..acknowledge::Filter::default() };
    let said = acknowledge::responses(&ctx, tenant, filter, None, RESPONSES).await?;
    let responses = Some(said.into_iter().map(ResponseView::from).collect());
    Ok(HttpResponse::Ok().json(ClaimView { responses, ..claim }))
}
