//! Bulk upload of encounters: one answer a row, in order, streamed.
//!
//! The upload is spooled (in memory while small, then in an unnamed temporary file), so that clients
//! that send everything before they read work too and memory stays flat. Then chunk after chunk is
//! recorded and answered. A client that goes away or reads too slowly stops the work between chunks;
//! what was recorded stays, and sending the same file again answers for it with the first results.

use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::{self, task::JoinError, task::JoinHandle};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::Deserialize;
use tempfile::SpooledTempFile;
use tokio::sync::mpsc;
use utoipa::{IntoParams, OpenApi};

use super::body::Upload;
use super::bulk_answers::write_answers;
use super::bulk_rows::{Form, Row, Rows};
use super::encounter_body::EncounterBody;
use super::encounters::tenant;
use super::problem::{self, Problem};
use super::{Caller, Query, body};
use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::intake::{self, OnConflict, Parsed, Reading, RowResult};
use crate::flow::{Ctx, encounters};

/// Bytes of an upload that are held in memory before a temporary file is used.
const SPOOL_MEMORY_BYTES: usize = 4 * 1024 * 1024;
/// Longest wait for a client to take an answer.
const ANSWER_PAUSE: Duration = Duration::from_secs(60);
/// Answered chunks that wait for the client: more would only be memory.
const CHUNKS_WAITING: usize = 2;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/encounters/bulk").route(web::post().to(upload)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(upload))]
pub struct Doc;

/// What an upload says beside its rows.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// What becomes of a known reference with other content: `refuse` the row (so when not said), or
    /// `revise` what is not claimed yet.
    #[param(value_type = Option<String>)]
    on_conflict: Option<OnConflict>,
}

/// Record many visits. Send `application/x-ndjson` (one encounter a line), `application/json` (one
/// list of encounters) or `text/csv` (columns of `template.csv`; times without offset are in the
/// organization's zone). The answer is NDJSON, one line a row, in order: `{row, line, status,
/// encounter}` or `{row, line, status, error}`, with `revised` when the row revised what was
/// recorded. A bad row never spoils its neighbors; sending a file again records nothing twice.
#[utoipa::path(post, path = "/v1/encounters/bulk", tag = "encounters", params(UploadQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson"),
        (Vec<EncounterBody> = "application/json"))),
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn upload(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<UploadQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let on_conflict = query.0.on_conflict.unwrap_or(OnConflict::Refuse);
    let form = form(&request)?;
    let spooled = spooled(&request, payload).await?;
    let zone = encounters::zone(&ctx, tenant).await?;
    let local = (form == Form::Csv).then_some(zone);
    let reading = Reading { local, not_after: Some(ctx.now()) };
    let rows = Rows::begin(spooled, form, reading)?;
    let work = ctx.get_ref().clone();
    Ok(streamed(
        move |sender| async move { answer(&work, (tenant, on_conflict), rows, &sender).await },
    ))
}

/// The upload, read to its end and bounded.
pub(super) async fn spooled(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Spooled, AppError> {
    body::plain_encoding(request)?;
    let limit = super::settings(request)?.max_bulk_bytes;
    Ok(BufReader::new(spool(Upload::begin(request, payload)?, limit).await?))
}

/// A response whose body is what `work` sends.
pub(super) fn streamed<W, F>(work: W) -> HttpResponse
where
    W: FnOnce(Answers) -> F + 'static,
    F: Future<Output = Result<(), AppError>>,
{
    let (sender, receiver) = mpsc::channel::<Bytes>(CHUNKS_WAITING);
    // The problems of rows, too, carry the id of the request that brought them.
    let id = problem::request_id();
    actix_web::rt::spawn(async move {
        if let Err(error) = problem::with_request_id(&id, work(Answers(sender))).await {
            tracing::warn!(error = %error, internal = ?error.internal, "a bulk upload was left");
        }
    });
    let answers = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|bytes| (Ok::<_, actix_web::Error>(bytes), receiver))
    });
    HttpResponse::Ok().content_type("application/x-ndjson").streaming(answers)
}

/// Where the answers to rows go.
#[derive(Debug)]
pub(super) struct Answers(mpsc::Sender<Bytes>);

impl Answers {
    /// Sends some answers. A client that went away or is too slow ends the work.
    pub(super) async fn send(&self, bytes: Bytes) -> Result<(), AppError> {
        let sent = tokio::time::timeout(ANSWER_PAUSE, self.0.send(bytes)).await;
        if matches!(sent, Ok(Ok(()))) {
            return Ok(());
        }
        Err(AppError::new(Code::Busy, "the client no longer takes answers"))
    }
}

/// The form of an upload.
pub(super) fn form(request: &HttpRequest) -> Result<Form, AppError> {
    match body::media_type(request)?.as_deref() {
        Some("application/x-ndjson") => Ok(Form::NdJson),
        Some("application/json") => Ok(Form::Json),
        Some("text/csv") => Ok(Form::Csv),
        _ => Err(AppError::new(
            Code::UnsupportedMediaType,
            "Send application/x-ndjson, application/json or text/csv, and say so in Content-Type.",
        )),
    }
}

/// Takes an upload to its end; one larger than `limit` is refused.
pub(super) async fn spool(mut upload: Upload, limit: u64) -> Result<SpooledTempFile, AppError> {
    let mut file = SpooledTempFile::new(SPOOL_MEMORY_BYTES);
    let mut size: u64 = 0;
    while let Some(piece) = upload.next().await? {
        size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if size <= limit {
            file.write_all(&piece).map_err(spool_failed)?;
        } else if size > limit.saturating_add(body::DRAIN_BYTES) {
            break;
        }
    }
    if size > limit {
        let detail = format!("The upload is larger than {limit} bytes; send it in parts.");
        return Err(AppError::new(Code::TooLarge, detail));
    }
    file.seek(SeekFrom::Start(0)).map_err(spool_failed)?;
    Ok(file)
}

fn spool_failed(error: io::Error) -> AppError {
    AppError::internal(format!("an upload cannot be spooled: {error}"))
}

/// An upload, read to its end.
pub(super) type Spooled = BufReader<SpooledTempFile>;

/// Records chunk after chunk. While one is recorded, the next is read and the answers to the one
/// before are written: what is read, recorded and answered at a time is a chunk each.
async fn answer(
    ctx: &Ctx,
    (tenant, on_conflict): (OrganizationId, OnConflict),
    rows: Rows<Spooled>,
    answers: &Answers,
) -> Result<(), AppError> {
    let gone = |e: JoinError| AppError::internal(e.to_string());
    let mut reading = rt::spawn(read_chunk(rows, on_conflict.chunk_rows()));
    let mut written: Option<JoinHandle<Result<Bytes, AppError>>> = None;
    loop {
        let (rows, chunk) = reading.await.map_err(gone)??;
        if chunk.is_empty() {
            break;
        }
        reading = rt::spawn(read_chunk(rows, on_conflict.chunk_rows()));
        let good = chunk.iter().filter_map(|r| r.parsed.as_ref().ok().cloned()).collect();
        let recorded = record(ctx, (tenant, on_conflict), good).await;
        if let Some(before) = written.take() {
            answers.send(before.await.map_err(gone)??).await?;
        }
        let (metrics, id) = (Arc::clone(&ctx.metrics), problem::request_id());
        let write = move || write_answers(&metrics, tenant, chunk, recorded);
        written = Some(rt::task::spawn_blocking(|| problem::under_request_id(id, write)));
    }
    match written {
        Some(last) => answers.send(last.await.map_err(gone)??).await,
        None => Ok(()),
    }
}

async fn record(
    ctx: &Ctx,
    (tenant, on_conflict): (OrganizationId, OnConflict),
    rows: Vec<Parsed>,
) -> Result<Vec<RowResult>, AppError> {
    if rows.is_empty() {
        Ok(Vec::new())
    } else {
        intake::record(ctx, tenant, rows, on_conflict).await
    }
}

/// Reads a chunk of `most` rows on a blocking thread: the spool may be a file.
pub(super) async fn read_chunk<T: Send + 'static>(
    mut rows: Rows<Spooled, T>,
    most: usize,
) -> Result<(Rows<Spooled, T>, Vec<Row<T>>), AppError> {
    let read = move || {
        let mut chunk = Vec::with_capacity(most);
        while chunk.len() < most {
            match rows.next_row()? {
                Some(row) => chunk.push(row),
                None => break,
            }
        }
        Ok((rows, chunk))
    };
    web::block(read).await.map_err(|e| AppError::internal(e.to_string()))?
}
