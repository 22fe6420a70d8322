//! The correction list: claimed visits that would be billed otherwise today.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::batches::tenant;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::{Caller, Query};
use crate::domain::ids::{ClaimId, CorrectionId};
use crate::domain::text::code_list;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::again::{self, BilledLine, Billing, Difference, Filter, Listed};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/corrections").route(web::get().to(list)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

code_list!(
    /// Which corrections a list shows.
    State, "a state of a correction" {
        /// What would be billed today still differs.
        Open = "open",
        /// It differs no longer, or the claim is no longer live.
        Resolved = "resolved",
    }
);

/// A claimed visit that would be billed otherwise today.
#[derive(Debug, Serialize, ToSchema)]
struct CorrectionView {
    /// Our id.
    #[schema(example = "cor_0KXJ5T9B20000")]
    id: String,
    /// The claim.
    claim: String,
    /// Its number on the claim (CLM01).
    claim_number: String,
    /// Control numbers of its lines that state the visit (REF*6R).
    lines: Vec<String>,
    /// The encounter.
    encounter: String,
    /// Your own name for it.
    reference: String,
    /// open or resolved.
    state: String,
    /// What changed when the difference was first seen.
    cause: String,
    /// Since when the difference is known.
    since: String,
    /// When it last changed.
    changed_at: String,
    /// When it was gone.
    resolved_at: Option<String>,
    /// What differs: payer, `member_number`, `service_date`, service, units, charge, authorization.
    differs: Vec<String>,
    /// What was billed.
    billed: BillingView,
    /// What would be billed today.
    today: BillingView,
}

/// What a claim says of a visit.
#[derive(Debug, Serialize, ToSchema)]
struct BillingView {
    /// To whom.
    payer: Option<String>,
    /// Under which number.
    member_number: Option<String>,
    /// For which day.
    service_date: NaiveDate,
    /// Units of all lines; 0 when nothing would be billed.
    units: u32,
    /// Charge of all lines.
    charge: String,
    /// The lines.
    lines: Vec<LineView>,
    /// Ids of the rules that spoke.
    reasons: Vec<String>,
}

/// A line of it.
#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    /// Procedure code.
    procedure: String,
    /// Modifiers in order.
    modifiers: Vec<String>,
    /// Place of service.
    place: String,
    /// Units.
    units: u32,
    /// Charge.
    charge: String,
    /// The authorization drawn on.
    authorization: Option<String>,
}

impl From<&BilledLine> for LineView {
    fn from(line: &BilledLine) -> Self {
        Self {
            procedure: line.procedure.as_str().to_owned(),
            modifiers: line.modifiers.iter().map(|m| m.as_str().to_owned()).collect(),
            place: line.place.as_str().to_owned(),
            units: line.units,
            charge: line.charge.to_string(),
            authorization: line.authorization.as_ref().map(|a| a.as_str().to_owned()),
        }
    }
}

impl From<&Billing> for BillingView {
    fn from(billing: &Billing) -> Self {
        Self {
            payer: billing.payer.map(|id| id.to_string()),
            member_number: billing.member_number.as_ref().map(|n| n.as_str().to_owned()),
            service_date: billing.service_date,
            units: billing.units(),
            charge: billing.charge().to_string(),
            lines: billing.lines.iter().map(LineView::from).collect(),
            reasons: billing.reasons.clone(),
        }
    }
}

fn view(listed: Listed) -> CorrectionView {
    let Listed { correction, reference, claim_number, lines } = listed;
    let state = if correction.resolved_at.is_none() { State::Open } else { State::Resolved };
    let differs = correction.billed.differs(&correction.today);
    CorrectionView {
        id: correction.id.to_string(),
        claim: correction.claim.to_string(),
        claim_number,
        lines,
        encounter: correction.encounter.to_string(),
        reference,
        state: state.as_str().to_owned(),
        cause: correction.cause.as_str().to_owned(),
        since: String::from(correction.opened_at),
        changed_at: String::from(correction.changed_at),
        resolved_at: correction.resolved_at.map(String::from),
        differs: differs.into_iter().map(Difference::as_str).map(str::to_owned).collect(),
        billed: (&correction.billed).into(),
        today: (&correction.today).into(),
    }
}

/// Which corrections.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// open or resolved; both when it is left out.
    #[param(value_type = Option<String>)]
    state: Option<State>,
    /// Of this claim.
    #[param(value_type = Option<String>)]
    claim: Option<ClaimId>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Claimed visits that would be billed otherwise today, since a contract, coverage, authorization or
/// something else changed. The claims stay as they are.
#[utoipa::path(get, path = "/v1/corrections", tag = "batches", params(ListQuery),
    responses((status = 200, body = PageBody<CorrectionView>), (status = "4XX", response = Problem),
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
    let page = Page::new(limit, cursor.as_deref(), &("corrections", &query))?;
    let after = page.after.map(CorrectionId::from_i64);
    let filter = Filter { open: query.state.map(|s| s == State::Open), claim: query.claim };
    let rows = again::corrections(&ctx, tenant, filter, after, page.rows()).await?;
    let body = page.body(rows, |l| l.correction.id.as_i64(), view);
    Ok(HttpResponse::Ok().json(body))
}
