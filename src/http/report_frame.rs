//! The reports of the frame: which there are, and one of them (`docs/reports.md`).

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi};

use super::attachment;
use super::path::segment;
use super::problem::Problem;
use super::report_question::{self as question, READERS, Wanted, edition};
use super::reports::{form, whose};
use super::{Caller, Query};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::error::AppError;
use crate::flow::audit::Action;
use crate::flow::{Ctx, Scope, disclosed, reporting};
use crate::reports::formats::Format;
use crate::reports::frame::Basis;
use crate::reports::job;
use crate::reports::registry::{self, Definition};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/reports").route(web::get().to(list)))
        .service(web::resource("/reports/{name}").route(web::get().to(report)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list, report))]
pub struct Doc;

/// The reports that a caller may read.
#[derive(Serialize)]
struct Listed {
    items: Vec<ListedReport>,
}

/// One of them.
#[derive(Serialize)]
struct ListedReport {
    #[serde(flatten)]
    definition: &'static Definition,
    parameters: Vec<&'static str>,
    chart: bool,
}

impl From<&'static Definition> for ListedReport {
    fn from(definition: &'static Definition) -> Self {
        let common: &[&'static str] = if definition.issued_only {
            &["from", "to", "run_out_days"]
        } else if definition.name == registry::LINES.name {
            &["from", "to", "payer", "organization", "format"]
        } else {
            &["from", "to", "payer", "organization", "basis", "run_out_days", "format"]
        };
        let parameters = common.iter().chain(definition.parameters).copied().collect();
        Self { definition, parameters, chart: job::has_chart(definition, Basis::Service) }
    }
}

/// The reports, with their parameters, whether there is a chart, and what each column means.
#[utoipa::path(get, path = "/v1/reports", tag = "reports",
    responses((status = 200, description = "Name, purpose, grain, bases and columns of each",
            content_type = "application/json"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(caller: Caller) -> Result<HttpResponse, AppError> {
    caller.0.require(READERS)?;
    let edition = edition(caller.0.role);
    let all = registry::APART.into_iter().chain(registry::REPORTS);
    let items = all.filter(|d| d.editions.contains(&edition)).map(ListedReport::from).collect();
    Ok(HttpResponse::Ok().json(Listed { items }))
}

/// What a report is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// A payer's id or key; a payer's key sees its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key sees its own only.
    organization: Option<String>,
    /// First day.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last day.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// service (when missing), submission, receipt or paid: the date that places a row in the period.
    #[param(value_type = Option<String>)]
    basis: Option<Basis>,
    /// As it was known then, such as 2026-09-10T16:00:00Z; as it is known now when missing.
    #[param(value_type = Option<String>)]
    as_of: Option<Instant>,
    /// For movement: against what was known then.
    #[param(value_type = Option<String>)]
    since: Option<Instant>,
    /// Days after the period until it is complete; 90 when missing.
    run_out_days: Option<u16>,
    /// For rates: `any_day` (when missing), prorated, `last_day` or `mid_month`.
    #[param(value_type = Option<String>)]
    convention: Option<Convention>,
    /// For utilization: any of month, organization, service, role, mode, setting, program, joined by commas, in
    /// the order of the levels; none: totals only.
    #[param(example = "month,service")]
    group_by: Option<String>,
    /// json, csv, pipe, xlsx, parquet, dictionary, or svg for those that have a chart; else the header Accept
    /// chooses.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// One report. Every number has a period on one basis and is told as of a time; what cannot be told is
/// null with a reason; `ties` says what it reconciles to.
#[utoipa::path(get, path = "/v1/reports/{name}", tag = "reports",
    params(ReportQuery, ("name" = String, Path, description = "One of GET /v1/reports")),
    responses((status = 200, description = "The report; docs/reports.md says what its parts are",
            content((Object = "application/json"), (String = "text/csv"), (String = "text/plain"),
            (String = "image/svg+xml"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn report(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ReportQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    caller.0.require(READERS)?;
    let name: String = segment(&request, "name")?;
    let definition = registry::find(&name, edition(caller.0.role))?;
    let basis = query.basis.unwrap_or(Basis::Service);
    let format = form(&request, query.format, job::has_chart(definition, basis))?;
    let asked = question::asked(&ctx, &caller, query.into()).await?;
    let (detail, whose) = (asked.detail(definition.name, format), whose(&asked.lens));
    let organization = asked.lens.organization;
    reporting::refresh_or_job(&ctx, organization).await?;
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let now = ctx.now();
    let make = move |conn: &mut reporting::Conn| -> Result<_, AppError> {
        let mut bytes = Vec::new();
        let as_of = asked.as_of.map_or_else(|| reporting::known(conn), Ok)?;
        job::give(conn, (definition, asked, format), now, &mut bytes, &mut |_, _| {})?;
        Ok((bytes, as_of))
    };
    let (bytes, as_of) = ctx.db.read(scope, make).await?;
    let detail = detail.about("as_of", as_of);
    disclosed::exported(&ctx, whose, Action::ReportExport, "", detail).await?;
    Ok(attachment::report(definition.name, format).body(bytes))
}

impl From<ReportQuery> for Wanted {
    fn from(query: ReportQuery) -> Self {
        let ReportQuery { payer, organization, from, to, basis, as_of, since, .. } = query;
        let (run_out_days, convention) = (query.run_out_days, query.convention);
        let group_by = query.group_by;
        Self {
            payer,
            organization,
            from,
            to,
            basis,
            as_of,
            since,
            run_out_days,
            convention,
            group_by,
        }
    }
}
