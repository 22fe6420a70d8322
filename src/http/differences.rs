//! `POST /v1/reports/differences`: a payer's own extract, held against released claim lines.

use std::io::BufRead;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::attachment::{CSV, attachment};
use super::bulk::spooled;
use super::problem::Problem;
use super::reports::{acquainted, view_of, wants_csv, whose};
use super::whole::{self, Limits};
use super::{Caller, Query, body};
use crate::domain::dates::parse_date;
use crate::domain::money::Money;
use crate::domain::report::extract::{Line, MAX_UNITS, twice};
use crate::domain::text::plain;
use crate::error::{AppError, Code, Fault};
use crate::flow::access::{Role, find_names};
use crate::flow::audit::{Action, Detail};
use crate::flow::table::{Cells, MAX_ROWS, Table};
use crate::flow::{Ctx, Scope, disclosed, reporting};
use crate::reports::differences::{Sides, against};
use crate::reports::frame::Lens;

/// Columns that each extract has.
const REQUIRED: &[&str] = &["claim_number", "line_control", "service_date", "units", "charge"];
/// Columns that it may have.
const OPTIONAL: &[&str] = &["payer_claim"];
/// Longest number of a claim or line that is read: those of X12 have fifty characters at most.
const MAX_NUMBER: usize = 50;
/// Longest period, in days: a year and its leap day.
const MAX_DAYS: i64 = 366;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/reports/differences").route(web::post().to(differences)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(differences))]
pub struct Doc;

/// What the extract is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DifferencesQuery {
    /// Whose extract it is: a payer's id or key; a payer's key has its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key has its own only.
    organization: Option<String>,
    /// First service date of the extract.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last service date of the extract.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// json or csv; else the header Accept chooses.
    #[param(example = "json")]
    format: Option<String>,
}

/// Hold a payer's own extract against the lines of released claims. The CSV has the columns
/// `claim_number`, `line_control`, `service_date`, units, charge, and `payer_claim` if it is known; one
/// row a line. The answer lists what is only here, only there, or differs, by claim and line control numbers,
/// and the chain from one sum to the other; the CSV ends with a line of the level `total`. Nothing of it is kept.
#[utoipa::path(post, path = "/v1/reports/differences", tag = "reports", params(DifferencesQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "The differences; docs/reports.md says what its parts are",
            content((Object = "application/json"), (String = "text/csv"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn differences(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<DifferencesQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    caller.0.require(&[Role::Admin, Role::Biller, Role::PayerAnalyst])?;
    let csv = wants_csv(&request, query.format.as_deref())?;
    let (organization, payer) =
        find_names(&ctx, query.organization.as_deref(), query.payer.as_deref()).await?;
    let (perspective, organization, payer) = view_of(&caller.0, organization, payer)?;
    let refuse = |detail: &str| AppError::new(Code::InvalidParameter, detail.to_owned());
    let payer = payer.ok_or_else(|| refuse("Name the payer: ?payer= with its id or key."))?;
    acquainted(&ctx, perspective, organization, Some(payer)).await?;
    let days = (query.to - query.from).num_days();
    if !(0..=MAX_DAYS).contains(&days) {
        let detail = "The period runs from a day to the same or a later one, a year at most.";
        return Err(refuse(detail));
    }
    if body::media_type(&request)?.as_deref() != Some("text/csv") {
        let detail = "Send the extract as CSV, with the header Content-Type: text/csv.";
        return Err(AppError::new(Code::UnsupportedMediaType, detail));
    }
    let spooled = spooled(&request, payload).await?;
    let period = (query.from, query.to);
    let extract = web::block(move || read(spooled, period))
        .await
        .map_err(|_| AppError::internal("reading an extract ended abnormally"))??;
    reporting::refresh(&ctx, organization).await?;
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    let work = move |conn: &mut crate::flow::issues::Conn| {
        let sides = Sides { edition: perspective, payer, organization };
        against(conn, sides, period, extract)
    };
    let answer = ctx.db.read(scope, work).await?;
    let detail = Detail::default()
        .about("format", if csv { "csv" } else { "json" })
        .about("from", period.0)
        .about("to", period.1);
    let lens = Lens { edition: perspective, organization, payer: Some(payer) };
    disclosed::exported(&ctx, whose(&lens), Action::ReportDifferences, "", detail).await?;
    if csv {
        return Ok(attachment(CSV, "differences.csv").body(answer.csv()?));
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// Reads an extract whole; what is wrong with it is told by line and column, the first hundred of it.
fn read(input: impl BufRead, period: (NaiveDate, NaiveDate)) -> Result<Vec<Line>, AppError> {
    let table = Table::open(input, REQUIRED, OPTIONAL).map_err(AppError::invalid)?;
    let limits = Limits {
        most: MAX_ROWS,
        name: "An extract",
        clashes: twice,
        clash: ("line_control", "this claim and line number stand in the file twice"),
    };
    whole::read(table, &limits, |cells| line(cells, period))
}

fn line(cells: &Cells, (from, to): (NaiveDate, NaiveDate)) -> Result<Line, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |column, message: String| {
        faults.push(Fault::on_line(cells.line, Some(column), message));
    };
    let missing = || "this field is missing".to_owned();
    let text = |column, fault: &mut dyn FnMut(&'static str, String)| {
        let found = cells.get(column).and_then(|text| plain(&text, MAX_NUMBER));
        if found.is_none() {
            fault(column, format!("write a number of 1 to {MAX_NUMBER} characters"));
        }
        found.unwrap_or_default()
    };
    let (claim, control) = (text("claim_number", &mut fault), text("line_control", &mut fault));
    let date = match cells.get("service_date").as_deref().map(parse_date) {
        Some(Ok(date)) if (from..=to).contains(&date) => Some(date),
        Some(Ok(_)) => {
            fault("service_date", "this date is not in the period that was named".to_owned());
            None
        }
        Some(Err(rule)) => {
            fault("service_date", rule.0);
            None
        }
        None => {
            fault("service_date", missing());
            None
        }
    };
    let units = cells.get("units").filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    let units = units.and_then(|text| text.parse::<i64>().ok()).filter(|n| *n <= MAX_UNITS);
    if units.is_none() {
        fault("units", format!("write a whole number of units, {MAX_UNITS} at most"));
    }
    let charge = match cells.get("charge").as_deref().map(Money::parse) {
        Some(Ok(money)) => Some(money.cents()),
        Some(Err(rule)) => {
            fault("charge", rule.0);
            None
        }
        None => {
            fault("charge", missing());
            None
        }
    };
    let payer_claim = cells.get("payer_claim");
    if payer_claim.as_ref().is_some_and(|text| plain(text, MAX_NUMBER).is_none()) {
        fault("payer_claim", format!("write a number of 1 to {MAX_NUMBER} characters"));
    }
    match (date, units, charge) {
        (Some(date), Some(units), Some(charge)) if faults.is_empty() => {
            Ok(Line { claim, payer_claim, control, date, units, charge })
        }
        _ => Err(faults),
    }
}
