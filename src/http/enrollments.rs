//! `POST /v1/enrollments`: a payer's file of who is enrolled, which rates per 1,000 are made of.

use std::io::BufRead;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::bulk::spooled;
use super::problem::Problem;
use super::whole::{self, Limits};
use super::{Caller, Query, body};
use crate::domain::dates::{Span, parse_date};
use crate::domain::enrollment::{Month, overlaps};
use crate::domain::identifiers::MemberNumber;
use crate::error::{AppError, Code, Fault};
use crate::flow::Ctx;
use crate::flow::access::{Role, find_names};
use crate::flow::enrollments::{self, Kept, Row};
use crate::flow::table::{Cells, Table};
use crate::reports::issue::sha256;

/// Columns of the file. `to` may be empty: enrolled to the end of the file's period.
const REQUIRED: &[&str] = &["member_number", "from", "to"];
/// The line of the first row, below the header.
const FIRST_ROW: u64 = 2;
/// Most rows of a file: a large plan's members, some of them with two spans.
const MAX_ROWS: usize = 2_000_000;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/enrollments").route(web::post().to(create)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create))]
pub struct Doc;

/// What the file is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EnrollmentQuery {
    /// A payer's id or key; required of an admin's key, a payer's key has its own only.
    payer: Option<String>,
    /// First day that the file speaks of: the first of a month.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last day that it speaks of: the last of a month.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
}

/// What became of the file.
#[derive(Debug, Serialize, ToSchema)]
struct EnrollmentView {
    /// Its id.
    id: String,
    /// Whose.
    payer: String,
    /// First day that it speaks of.
    from: NaiveDate,
    /// Last day that it speaks of.
    to: NaiveDate,
    /// Rows.
    spans: i64,
    /// Different members.
    members: i64,
    /// Of them, those that are on no roster here: enrolled, and not served. For administrators: a payer is
    /// not told whom an organization has on its roster (null).
    unknown_members: Option<i64>,
    /// When it came.
    received_at: String,
}

/// Bring in who is enrolled: CSV with the columns `member_number`, from, to (both ends included; an empty
/// `to` is the end of the file's period). A file is taken whole or refused whole: overlapping spans of one
/// member and days that cannot be read are told by line and column, and one without rows is refused. Members
/// that nobody here serves belong into it; an administrator is told how many. The file that came last and speaks of a whole period is the one that rates
/// are made of; the same bytes again change nothing, unless another file that speaks of any of its days came
/// since: then it is in force again.
#[utoipa::path(post, path = "/v1/enrollments", tag = "reports", params(EnrollmentQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 201, body = EnrollmentView), (status = 200, body = EnrollmentView),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<EnrollmentQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    caller.0.require(&[Role::Admin, Role::PayerAnalyst])?;
    let (_, payer) = find_names(&ctx, None, query.payer.as_deref()).await?;
    let payer = caller.0.payer(payer)?;
    let refuse = |detail: &str| AppError::new(Code::InvalidParameter, detail.to_owned());
    let period = Span::new(query.from, Some(query.to));
    if period.ok().and_then(Month::all).is_none() {
        return Err(refuse(
            "An enrollment file speaks of whole months: from a first day to a last.",
        ));
    }
    if body::media_type(&request)?.as_deref() != Some("text/csv") {
        let detail = "Send the file as CSV, with the header Content-Type: text/csv.";
        return Err(AppError::new(Code::UnsupportedMediaType, detail));
    }
    let spooled = spooled(&request, payload).await?;
    let period = (query.from, query.to);
    let rows = web::block(move || read(spooled, period))
        .await
        .map_err(|_| AppError::internal("reading a file ended abnormally"))??;
    let Kept { file, fresh, unknown } =
        enrollments::keep(&ctx, payer, digest(&rows, period), period, rows).await?;
    let mut answer = if fresh { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(EnrollmentView {
        id: file.id.to_string(),
        payer: file.payer.to_string(),
        from: file.from,
        to: file.to,
        spans: file.spans,
        members: file.members,
        unknown_members: (caller.0.role == Role::Admin).then_some(unknown),
        received_at: file.received_at.to_string(),
    }))
}

/// What the file says, as one number: the order of columns and rows does not matter.
fn digest(rows: &[Row], period: (NaiveDate, NaiveDate)) -> String {
    let mut lines: Vec<String> =
        rows.iter().map(|(number, from, to)| format!("{number},{from},{to}\n")).collect();
    lines.sort_unstable();
    lines.push(format!("{},{}", period.0, period.1));
    sha256(lines.concat().as_bytes())
}

fn read(input: impl BufRead, period: (NaiveDate, NaiveDate)) -> Result<Vec<Row>, AppError> {
    let table = Table::open(input, REQUIRED, &[]).map_err(AppError::invalid)?;
    let limits = Limits {
        most: MAX_ROWS,
        name: "An enrollment file",
        clashes: overlaps,
        clash: ("from", "these days overlap those of another row of the same member"),
    };
    let rows = whole::read(table, &limits, |cells| row(cells, period))?;
    if rows.is_empty() {
        // It would take the place of the file in force, and nobody would be enrolled.
        let detail = "The file has no rows; nothing was changed.";
        let rule = "the file has no rows: where nobody is enrolled there is nothing to send";
        let fault = Fault::on_line(FIRST_ROW, None, rule);
        return Err(AppError::new(Code::InvalidInput, detail).with_faults(vec![fault]));
    }
    Ok(rows)
}

fn row(cells: &Cells, period: (NaiveDate, NaiveDate)) -> Result<Row, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |column, rule: String| {
        faults.push(Fault::on_line(cells.line, Some(column), rule));
    };
    let number = match cells.get("member_number").as_deref().map(MemberNumber::parse) {
        Some(Ok(number)) => Some(number.to_string()),
        Some(Err(rule)) => {
            fault("member_number", rule.0);
            None
        }
        None => {
            fault("member_number", "this field is missing".to_owned());
            None
        }
    };
    let mut day = |column, otherwise: Option<NaiveDate>| {
        if let Some(text) = cells.get(column) {
            return parse_date(&text).map_err(|rule| fault(column, rule.0)).ok();
        }
        if otherwise.is_none() {
            fault(column, "this field is missing".to_owned());
        }
        otherwise
    };
    let (from, to) = (day("from", None), day("to", Some(period.1)));
    match (number, from, to) {
        (Some(number), Some(from), Some(to)) => {
            let inside = from <= period.1 && to >= period.0;
            if from > to || !inside {
                let rule = "a span runs from a day to the same or a later one, and touches the period \
                            of the file";
                return Err(vec![Fault::on_line(cells.line, Some("to"), rule)]);
            }
            Ok((number, from, to))
        }
        _ => Err(faults),
    }
}
