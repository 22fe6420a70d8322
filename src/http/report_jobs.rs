//! `/v1/report-jobs`: reports that are made in the background, looked at while they are, and fetched.

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::web;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::{pieces, sealed};
use super::encounters::OfOrganization;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::report_issues::shelf;
use super::report_job_view::JobView;
use super::report_question::{self as question, READERS, Wanted, edition};
use super::reports::{acquainted, grouped, whose};
use super::{Action as NoBody, Caller, PathId, Post, Query, respond};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::domain::ids::ReportJobId;
use crate::error::{AppError, Code};
use crate::flow::audit::Action;
use crate::flow::idempotent::{self, Reply};
use crate::flow::issues::{self, Seen};
use crate::flow::report_jobs::{self, Conn, Filter, Job, JobState, PIECE_BYTES};
use crate::flow::{Ctx, Scope, disclosed};
use crate::reports::formats::Format;
use crate::reports::frame::{Asked, Basis, MAX_RUN_OUT_DAYS};
use crate::reports::issue;
use crate::reports::job::{self, Question};
use crate::reports::registry::Definition;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/report-jobs").route(web::post().to(create)).route(web::get().to(list)),
    )
    .service(
        web::resource("/report-jobs/{id}")
            .route(web::get().to(get))
            .route(web::delete().to(delete)),
    )
    .service(web::resource("/report-jobs/{id}/file").route(web::get().to(file)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(create, list, get, file, delete))]
pub struct Doc;

/// What is to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JobBody {
    /// One of GET /v1/reports.
    #[schema(example = "delivery")]
    report: String,
    /// A payer's id or key; a payer's key has its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key has its own only.
    organization: Option<String>,
    /// First day.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last day.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// service (when missing), submission, receipt or paid.
    #[schema(value_type = Option<String>)]
    basis: Option<Basis>,
    /// As it was known then; as it is known when the job runs when missing.
    #[schema(value_type = Option<String>)]
    as_of: Option<Instant>,
    /// For movement: against what was known then.
    #[schema(value_type = Option<String>)]
    since: Option<Instant>,
    /// Days after the period until it is complete; 90 when missing.
    run_out_days: Option<u16>,
    /// For rates: `any_day` (when missing), prorated, `last_day` or `mid_month`.
    #[schema(value_type = Option<String>)]
    convention: Option<Convention>,
    /// For utilization: what its rows are grouped by, such as month,service.
    #[schema(example = "month,service")]
    group_by: Option<String>,
    /// As in GET /v1/reports/{name}; json when missing.
    #[schema(value_type = Option<String>, example = "csv")]
    format: Option<Format>,
}

impl From<JobBody> for Wanted {
    fn from(body: JobBody) -> Self {
        let JobBody { payer, organization, from, to, basis, as_of, since, .. } = body;
        let (run_out_days, convention) = (body.run_out_days, body.convention);
        let group_by = body.group_by;
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

/// Have a report made in the background: the same that `GET /v1/reports/{name}` would answer, however much
/// is to be read for it. Days that changed are read again first. Look at the job until its state is done,
/// failed or cancelled; what it came to is kept for three days.
#[utoipa::path(post, path = "/v1/report-jobs", tag = "reports", request_body = JobBody,
    responses((status = 202, body = JobView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    caller: Caller,
    body: Post<JobBody>,
) -> Result<HttpResponse, AppError> {
    let (wanted, ticket) = (body.value, body.ticket);
    caller.0.require(READERS)?;
    let definition = job::find(&wanted.report, edition(caller.0.role))
        .map_err(|_| AppError::field("/report", "take one of GET /v1/reports"))?;
    if wanted.run_out_days.is_some_and(|days| i64::from(days) > MAX_RUN_OUT_DAYS) {
        return Err(AppError::field("/run_out_days", "two years at most, 730"));
    }
    grouped(wanted.group_by.as_deref())?;
    let format = wanted.format.unwrap_or(Format::Json);
    let asked = question::asked(&ctx, &caller, wanted.into()).await?;
    job::check(definition, &asked, format, ctx.now())?;
    let work = ctx.get_ref().clone();
    let scope = asked.lens.organization.map_or(Scope::Service, Scope::Tenant);
    let reply = idempotent::run(&ctx, scope, ticket, move |conn| {
        let job = new(&work, conn, definition, &asked, format)?;
        report_jobs::add(&work, conn, &job)?;
        Ok(Reply::json(StatusCode::ACCEPTED.as_u16(), &JobView::of(&job, false)?)?
            .with_header("Location", format!("/v1/report-jobs/{}", job.id)))
    });
    respond(reply.await?)
}

fn new(
    ctx: &Ctx,
    conn: &mut Conn,
    definition: &Definition,
    asked: &Asked,
    format: Format,
) -> Result<Job, AppError> {
    Ok(Job {
        id: ctx.id(),
        organization: asked.lens.organization,
        payer: asked.lens.payer,
        edition: issue::edition(asked.lens.edition).to_owned(),
        report: definition.name.to_owned(),
        question: Question::of(conn, asked, format)?.text()?,
        state: JobState::Waiting,
        attempt: 0,
        tries: 0,
        lease: None,
        progress: None,
        made_at: ctx.clock.real(),
        started_at: None,
        finished_at: None,
        made: None,
        failure: None,
    })
}

/// What a list of jobs is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; an admin who names none sees all.
    organization: Option<String>,
    /// By report.
    report: Option<String>,
    /// By state: waiting, running, done, failed, cancelled.
    #[param(value_type = Option<String>)]
    state: Option<JobState>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Jobs, newest first.
#[utoipa::path(get, path = "/v1/report-jobs", tag = "reports", params(ListQuery),
    responses((status = 200, body = PageBody<JobView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    let shelf = shelf(&ctx, &caller, query.organization.as_deref()).await?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(format!("{shelf:?}"));
    let page = Page::new(limit, cursor.as_deref(), &("report-jobs", &query))?;
    let filter = Filter { id: None, report: query.report, state: query.state };
    let after = page.after.map(ReportJobId::from_i64);
    let rows = report_jobs::list(&ctx, shelf, filter, after, page.rows()).await?;
    let views = views(&ctx, &rows).await?;
    let views = rows.iter().map(|job| job.id).zip(views).collect();
    let body: PageBody<JobView> = page.body(views, |(id, _)| id.as_i64(), |(_, view)| view);
    Ok(HttpResponse::Ok().json(body))
}

/// A job: how far it is, and what it came to.
#[utoipa::path(get, path = "/v1/report-jobs/{id}", tag = "reports",
    params(("id" = String, Path, description = "The job's id"), OfOrganization),
    responses((status = 200, body = JobView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportJobId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    let job = report_jobs::get(&ctx, shelf, id.0).await?;
    Ok(HttpResponse::Ok().json(views(&ctx, &[job]).await?.pop()))
}

/// Jobs as they are told now: whether a payer may be told less than when they were made is looked up.
async fn views(ctx: &Ctx, jobs: &[Job]) -> Result<Vec<JobView>, AppError> {
    let narrowed = narrowed(ctx, jobs).await?;
    jobs.iter().zip(narrowed).map(|(job, narrowed)| JobView::of(job, narrowed)).collect()
}

/// Of each of these jobs: whether what it came to may tell a payer more of people than may be told now. What
/// came to nothing is not known to be younger than what has changed.
async fn narrowed(ctx: &Ctx, jobs: &[Job]) -> Result<Vec<bool>, AppError> {
    let (mut all, mut asked) = (Vec::new(), Vec::new());
    for job in jobs {
        let payer = job.payer.filter(|_| job::tells_a_payer_of_people(job));
        let made = job.made.as_ref();
        let seen = made.map(|made| Seen { at: made.known_at, narrowings: made.narrowings });
        let told = payer.zip(seen).map(|(payer, seen)| (payer, job.organization, seen));
        all.push(payer.is_some() && made.is_none() && job.state.ended());
        asked.push(told);
    }
    let mut told =
        issues::narrowed(ctx, asked.iter().flatten().copied().collect()).await?.into_iter();
    for (one, _) in all.iter_mut().zip(asked).filter(|(_, asked)| asked.is_some()) {
        *one = told.next().unwrap_or(true);
    }
    Ok(all)
}

/// Stop a job that waits or runs (200, with the job), or remove one that has ended, with its file (204).
#[utoipa::path(delete, path = "/v1/report-jobs/{id}", tag = "reports",
    params(("id" = String, Path, description = "The job's id"), OfOrganization),
    responses((status = 200, body = JobView), (status = 204, description = "It is gone"),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn delete(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportJobId>,
    query: Query<OfOrganization>,
    body: Result<NoBody, AppError>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    // What is hidden is hidden before a wrong body is told.
    report_jobs::get(&ctx, shelf, id.0).await?;
    body?;
    Ok(match report_jobs::delete(&ctx, shelf, id.0).await? {
        Some(job) => HttpResponse::Ok().json(views(&ctx, &[job]).await?.pop()),
        None => HttpResponse::NoContent().finish(),
    })
}

/// The file of a job that is done, byte for byte as it was made; `ETag` is its SHA-256. Whether this key may
/// have it is asked again: a payer gets no rows of people when less of them may be told by now.
#[utoipa::path(get, path = "/v1/report-jobs/{id}/file", tag = "reports",
    params(("id" = String, Path, description = "The job's id"), OfOrganization),
    responses((status = 200, description = "The file, in the form that the job was asked for",
            content((Object = "application/json"), (String = "text/csv"), (String = "text/plain"),
            (String = "image/svg+xml"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn file(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<ReportJobId>,
    query: Query<OfOrganization>,
) -> Result<HttpResponse, AppError> {
    let shelf = shelf(&ctx, &caller, query.0.organization.as_deref()).await?;
    let job = report_jobs::get(&ctx, shelf, id.0).await?;
    let asked = Question::read(&job)?;
    let Some(made) = job.made.clone() else {
        let detail = format!("The job is {}; its file is there when it is done.", job.state);
        return Err(AppError::new(Code::WrongStatus, detail));
    };
    let definition = job::definition(&job)?;
    acquainted(&ctx, job::edition(&job), job.organization, job.payer).await?;
    if narrowed(&ctx, std::slice::from_ref(&job)).await?.contains(&true) {
        return Err(issues::closed());
    }
    let lens = job::lens(&job);
    let detail = asked.asked(lens).detail(definition.name, asked.format);
    let detail = detail.about("known_at", made.known_at);
    disclosed::exported(&ctx, whose(&lens), Action::ReportJobExport, job.id, detail).await?;
    let name = format!("{}_{}.{}", definition.name, job.id, asked.format.ending());
    let count = made.size.div_ceil(u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX));
    let (work, key) = (ctx.get_ref().clone(), (job.id, job.attempt));
    let stream = pieces(work, move |ctx, ordinal| async move {
        if u64::try_from(ordinal).is_ok_and(|n| n >= count) {
            return Ok(None);
        }
        report_jobs::piece(&ctx, key, ordinal).await.map(Some)
    });
    Ok(sealed(asked.format.media_type(), &name, &made.sha256)
        .body(SizedStream::new(made.size, Box::pin(stream))))
}
