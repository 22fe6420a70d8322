//! Reports: for payers of released claims of their own members, for organizations of their own work.

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::attachment;
use super::problem::Problem;
use super::{Caller, Query};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::access::{self, Principal, Role, find_names};
use crate::flow::audit::{Action, Detail};
use crate::flow::disclosed::{self, Whose};
use crate::flow::reporting;
use crate::reports::Dimension;
use crate::reports::formats::Format;
use crate::reports::frame::{Basis, Lens};
use crate::reports::utilization::{self, Perspective, Request};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/reports/utilization").route(web::get().to(utilization)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(utilization))]
pub struct Doc;

/// What the report is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UtilizationQuery {
    /// A payer's id or key; a payer's key sees its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key sees its own only.
    organization: Option<String>,
    /// First service date.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last service date.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// Any of month, organization, service, role, mode, setting, program, joined by commas; none:
    /// totals only.
    #[param(example = "month,service")]
    group_by: Option<String>,
    /// json, csv or parquet; else the header Accept chooses.
    #[param(example = "json")]
    format: Option<String>,
}

/// What was delivered, to how many people, and what became of it. Every level is computed for
/// itself; the `ties` block says what it reconciles to.
#[utoipa::path(get, path = "/v1/reports/utilization", tag = "reports", params(UtilizationQuery),
    responses((status = 200, description = "The report; docs/reports.md says what the columns are",
            content((Object = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn utilization(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<UtilizationQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    caller.0.require(&[Role::Admin, Role::Biller, Role::PayerAnalyst])?;
    let format = form(&request, query.format.as_deref())?;
    let (organization, payer) =
        find_names(&ctx, query.organization.as_deref(), query.payer.as_deref()).await?;
    let (perspective, organization, payer) = view_of(&caller.0, organization, payer)?;
    acquainted(&ctx, perspective, organization, payer).await?;
    let wanted = Request {
        perspective,
        organization,
        payer,
        from: query.from,
        to: query.to,
        group_by: dimensions(query.group_by.as_deref().unwrap_or_default())?,
    };
    let detail = told(&wanted, format);
    let whose = whose(&Lens { edition: perspective, organization, payer });
    reporting::refresh(&ctx, wanted.organization).await?;
    let report = utilization::run(&ctx.db, wanted).await?;
    disclosed::exported(&ctx, whose, Action::ReportUtilization, "", detail).await?;
    let bytes = match format {
        Format::Csv => report.csv()?.into_bytes(),
        Format::Parquet => report.parquet()?,
        _ => return Ok(HttpResponse::Ok().json(report)),
    };
    Ok(attachment::report("utilization", format).body(bytes))
}

/// The form that is asked for: utilization is to be had in three.
fn form(request: &HttpRequest, format: Option<&str>) -> Result<Format, AppError> {
    let parquet = Format::Parquet.media_type();
    let accepted = |kind: &str| kind.split(';').next().unwrap_or_default().trim() == parquet;
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match format {
        Some("parquet") => Ok(Format::Parquet),
        None if accept.split(',').next().is_some_and(accepted) => Ok(Format::Parquet),
        Some(other) if !["csv", "json"].contains(&other) => {
            let detail = "Parameter format: write json, csv or parquet.";
            Err(AppError::new(Code::InvalidParameter, detail))
        }
        _ => wants_csv(request, format).map(|csv| if csv { Format::Csv } else { Format::Json }),
    }
}

/// What the audit trail is told of a report.
fn told(wanted: &Request, format: Format) -> Detail {
    let detail = Detail::default()
        .about("format", format)
        .about("basis", Basis::Service)
        .about("from", wanted.from)
        .about("to", wanted.to);
    if wanted.group_by.is_empty() {
        return detail;
    }
    let by: Vec<&str> = wanted.group_by.iter().map(|d| d.as_str()).collect();
    detail.about("group_by", by.join(","))
}

/// Whose trail says that a report left.
pub(super) fn whose(lens: &Lens) -> Whose {
    let Lens { edition, organization, payer } = *lens;
    Whose { organization, payer, to_payer: edition == Perspective::Payer }
}

/// What the caller may see of what was asked for.
pub(super) fn view_of(
    caller: &Principal,
    organization: Option<OrganizationId>,
    payer: Option<PayerId>,
) -> Result<(Perspective, Option<OrganizationId>, Option<PayerId>), AppError> {
    match caller.role {
        Role::PayerAnalyst => Ok((Perspective::Payer, organization, Some(caller.payer(payer)?))),
        Role::Admin => Ok((Perspective::Organization, organization, payer)),
        _ => Ok((Perspective::Organization, Some(caller.tenant(organization)?), payer)),
    }
}

/// Refuses an organization and a payer that never had a contract: for neither of them does the other exist,
/// so that a payer's numbers of who is enrolled are told to nobody else.
pub(super) async fn acquainted(
    ctx: &Ctx,
    reader: Perspective,
    organization: Option<OrganizationId>,
    payer: Option<PayerId>,
) -> Result<(), AppError> {
    let hidden = match reader {
        Perspective::Organization => "payer",
        Perspective::Payer => "organization",
    };
    access::acquainted(ctx, organization, payer, hidden).await
}

/// The dimensions named, each once, in their order.
pub fn dimensions(text: &str) -> Result<Vec<Dimension>, AppError> {
    let mut list = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let dimension =
            Dimension::parse(name).ok().filter(|d| !list.contains(d)).ok_or_else(|| {
                let names: Vec<&str> = Dimension::ALL.iter().map(|d| d.as_str()).collect();
                let detail = format!(
                    "Parameter group_by: write {}, each once, joined by commas.",
                    names.join(", ")
                );
                AppError::new(Code::InvalidParameter, detail)
            })?;
        list.push(dimension);
    }
    Ok(list)
}

pub(super) fn wants_csv(request: &HttpRequest, format: Option<&str>) -> Result<bool, AppError> {
    match format {
        Some("csv") => return Ok(true),
        Some("json") => return Ok(false),
        Some(_) => {
            let detail = "Parameter format: write json or csv.";
            return Err(AppError::new(Code::InvalidParameter, detail));
        }
        None => {}
    }
    let accept = request.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    for kind in accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim()) {
        match kind {
            "text/csv" => return Ok(true),
            "application/json" | "application/*" | "*/*" | "" => return Ok(false),
            _ => {}
        }
    }
    Err(AppError::new(Code::NotAcceptable, "This is to be had as JSON and as CSV."))
}
