//! Bulk upload of sessions: one answer a session, in order, streamed. Each session stands for
//! itself: all of its encounters are recorded, or none. (A CSV file of encounters has columns for
//! their sessions instead: `docs/import.md`.)

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::OpenApi;

use super::bulk::{Answers, Spooled, form, read_chunk, spooled, streamed};
use super::bulk_rows::{Form, Row, Rows, Shape};
use super::encounters::{OfOrganization, tenant};
use super::problem::Problem;
use super::session_body::SessionBody;
use super::session_view::SessionView;
use super::sessions::parse;
use super::{Caller, Query, json};
use crate::domain::dates::Zone;
use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::intake::Reading;
use crate::flow::sessions::{ParsedSession, record_session};
use crate::flow::{Ctx, encounters};

/// Longest session in bytes: 200 members at a kilobyte each, and room.
const MAX_SESSION_BYTES: usize = 256 * 1024;
/// Sessions that are read at once; each is recorded in a transaction of its own.
const CHUNK_SESSIONS: usize = 16;

/// Sessions as rows of an upload: NDJSON, or one JSON list.
pub const SESSIONS: Shape<ParsedSession> =
    Shape { max_bytes: MAX_SESSION_BYTES, json: session_row, csv: None };

fn session_row(bytes: &[u8], reading: Reading) -> Result<ParsedSession, AppError> {
    let body: SessionBody = json::decode(bytes)?;
    parse(body, reading)
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(upload))]
pub struct Doc;

/// Record many sessions. Send `application/x-ndjson` (one session a line) or `application/json` (one
/// list of sessions). The answer is NDJSON, one line a session, in order: `{row, line, status,
/// session}` or `{row, line, status, error}`. Sending a file again records nothing twice.
#[utoipa::path(post, path = "/v1/sessions/bulk", tag = "sessions", params(OfOrganization),
    request_body(content((String = "application/x-ndjson"),
        (Vec<SessionBody> = "application/json"))),
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
pub(super) async fn upload(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<OfOrganization>,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let form = form(&request)?;
    if form == Form::Csv {
        let detail = "Sessions come as application/x-ndjson or application/json; a CSV file goes to \
                      /v1/encounters/bulk, with the columns session and group_size.";
        return Err(AppError::new(Code::UnsupportedMediaType, detail));
    }
    let spooled = spooled(&request, payload).await?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let reading = Reading { local: None, not_after: Some(ctx.now()) };
    let rows = Rows::of(spooled, form, reading, SESSIONS)?;
    let work = ctx.get_ref().clone();
    Ok(streamed(move |answers| async move { answer(&work, (tenant, zone), rows, &answers).await }))
}

async fn answer(
    ctx: &Ctx,
    to: (OrganizationId, Zone),
    mut rows: Rows<Spooled, ParsedSession>,
    answers: &Answers,
) -> Result<(), AppError> {
    loop {
        let (back, chunk) = read_chunk(rows, CHUNK_SESSIONS).await?;
        rows = back;
        if chunk.is_empty() {
            return Ok(());
        }
        for row in chunk {
            answers.send(record(ctx, to, row).await?).await?;
        }
    }
}

/// The answer to one session.
#[derive(Debug, Serialize)]
struct RowAnswer {
    row: u64,
    line: u64,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

async fn record(
    ctx: &Ctx,
    (tenant, zone): (OrganizationId, Zone),
    row: Row<ParsedSession>,
) -> Result<Bytes, AppError> {
    let result = match &row.parsed {
        Ok(parsed) => match record_session(ctx, tenant, parsed.clone()).await {
            Ok(recorded) => Ok(recorded),
            Err(error) => Err(Problem::from(&row.place(error))),
        },
        Err(error) => Err(Problem::from(error)),
    };
    let (status, session, error) = match result {
        Ok(recorded) => {
            let status = if recorded.fresh { 201 } else { 200 };
            (status, Some(SessionView::recorded(tenant, zone, recorded)), None)
        }
        Err(problem) => (problem.status(), None, Some(problem)),
    };
    let answer = RowAnswer { row: row.row, line: row.line, status, session, error };
    let mut out = serde_json::to_vec(&answer).map_err(|e| AppError::internal(e.to_string()))?;
    out.push(b'\n');
    Ok(Bytes::from(out))
}
