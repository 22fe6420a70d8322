//! `/v1/tasks`: what a person must do about claims that are out or due (`docs/tasks.md`).

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::{CSV, attachment};
use super::batches::tenant;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reports::wants_csv;
use super::{Caller, Query};
use crate::domain::ids::{OrganizationId, PayerId};
use crate::error::AppError;
use crate::flow::audit::{self, Action, Detail};
use crate::flow::tasks::{self, Filter, Subject, Task, TaskKind, TaskOwner};
use crate::flow::{Ctx, worklist};
use crate::reports::csv_out::Table;

/// Rows of one part of the table as CSV: what is in memory at once.
const CSV_ROWS: i64 = 500;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/tasks").route(web::get().to(list)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

/// What the list is narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// rejection, `response_overdue`, correction, delivery, deadline, answer, file.
    #[param(value_type = Option<String>)]
    kind: Option<TaskKind>,
    /// By who must move: biller, peer, administrator, payer, clearinghouse, member.
    #[param(value_type = Option<String>)]
    owner: Option<TaskOwner>,
    /// By payer.
    #[param(value_type = Option<String>)]
    payer: Option<PayerId>,
    /// Those due on this day or before.
    #[serde(default, deserialize_with = "super::day::optional")]
    due_by: Option<NaiveDate>,
    /// json or csv (all rows); else the header Accept chooses.
    #[param(example = "json")]
    format: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something to do.
#[derive(Debug, Serialize, ToSchema)]
struct TaskView {
    /// rejection, `response_overdue`, correction, delivery, deadline, answer, file.
    kind: String,
    /// Who must move: biller, peer, administrator, payer, clearinghouse, member.
    owner: String,
    /// The id of what it is about: claim, batch, correction, encounter, response or file.
    subject: String,
    /// More of it: acknowledgment, `claim_status` or `payer_status` of an overdue answer; the batch's
    /// status; ready or held; contradicts or unclear; waiting or the kind of a file; correction of a rejected replacement or void;
    /// prepared or problem of one that is not built.
    stage: Option<String>,
    /// By when.
    due: NaiveDate,
    /// Days left; negative after it.
    days_left: i64,
    /// What the contract should pay.
    #[schema(example = "64.00")]
    money: String,
    /// Who would pay.
    payer: Option<String>,
    /// The batch.
    batch: Option<String>,
    /// The claim.
    claim: Option<String>,
    /// Where to look.
    #[schema(example = "/v1/claims/clm_0KXJ5T9B20000")]
    link: String,
    /// What to do.
    advice: String,
}

fn subject(task: &Task) -> (String, String) {
    match task.subject {
        Subject::Claim(id) => (id.to_string(), format!("/v1/claims/{id}")),
        Subject::Batch(id) => (id.to_string(), format!("/v1/batches/{id}")),
        Subject::Encounter(id) => (id.to_string(), format!("/v1/encounters/{id}")),
        Subject::File(id) => (id.to_string(), format!("/v1/files/{id}")),
        Subject::Correction(id) => (id.to_string(), by_claim("corrections", task)),
        Subject::Response(id) => (id.to_string(), by_claim("responses", task)),
    }
}

fn by_claim(list: &str, task: &Task) -> String {
    let claim = task.claim.map(String::from).unwrap_or_default();
    format!("/v1/{list}?claim={claim}")
}

fn view(task: Task, today: NaiveDate) -> TaskView {
    let (subject, link) = subject(&task);
    TaskView {
        kind: task.kind.to_string(),
        owner: task.owner.to_string(),
        subject,
        due: task.due,
        days_left: (task.due - today).num_days(),
        money: task.money.to_string(),
        payer: task.payer.map(String::from),
        batch: task.batch.map(String::from),
        claim: task.claim.map(String::from),
        link,
        advice: task.advice().to_owned(),
        stage: task.stage,
    }
}

/// What a person must do about claims that are out or due, the nearest due day first: rejections to
/// correct, answers that are overdue, unclear or contradict, corrections that wait, deliveries and
/// deadlines that are near, files that were put aside.
#[utoipa::path(get, path = "/v1/tasks", tag = "worklist", params(ListQuery),
    responses((status = 200, description = "A page; as CSV all rows",
            content((PageBody<TaskView> = "application/json"), (String = "text/csv"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    let mut query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let csv = wants_csv(&request, query.format.take().as_deref())?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    query.organization = Some(tenant.to_string());
    let today = worklist::today(&ctx, tenant).await?;
    let ListQuery { kind, owner, payer, due_by, .. } = query;
    let filter = Filter { kind, owner, payer, due_by };
    // The day is part of the list: on another day other tasks are there.
    let (page, after) = Page::ranked(limit, cursor.as_deref(), &("tasks", &query, today))?;
    if csv {
        return table(&ctx, tenant, filter, today).await;
    }
    let rows = tasks::list(&ctx, tenant, filter, today, after, page.rows()).await?;
    Ok(HttpResponse::Ok().json(page.ranked_body(rows, tasks::place, |task| view(task, today))))
}

/// The columns, as `docs/tasks.md` documents them.
const COLUMNS: [&str; 12] = [
    "kind",
    "owner",
    "subject",
    "stage",
    "due",
    "days_left",
    "money",
    "payer",
    "batch",
    "claim",
    "link",
    "advice",
];

/// All rows as CSV, part by part: no connection is held while a part is on its way.
async fn table(
    ctx: &web::Data<Ctx>,
    tenant: OrganizationId,
    filter: Filter,
    today: NaiveDate,
) -> Result<HttpResponse, AppError> {
    let detail = Detail::default().about("format", "csv");
    audit::exported(ctx, Some(tenant), Action::TasksExport, "", detail).await?;
    let start = (ctx.get_ref().clone(), Some(None));
    let parts = stream::try_unfold(start, move |(ctx, next)| async move {
        let Some(after) = next else { return Ok::<_, AppError>(None) };
        let rows = tasks::list(&ctx, tenant, filter, today, after, CSV_ROWS).await?;
        let last = rows.last().map(tasks::place);
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == CSV_ROWS);
        let text = part(rows, after.is_none(), today)?;
        Ok(Some((Bytes::from(text), (ctx, last.filter(|_| full).map(Some)))))
    });
    Ok(attachment(CSV, "tasks.csv").streaming(parts))
}

fn part(rows: Vec<Task>, first: bool, today: NaiveDate) -> Result<String, AppError> {
    let mut table = if first { Table::new(&COLUMNS)? } else { Table::continued() };
    for task in rows {
        let v = view(task, today);
        let some = |value: Option<String>| value.unwrap_or_default();
        let fields = [
            v.kind,
            v.owner,
            v.subject,
            some(v.stage),
            v.due.to_string(),
            v.days_left.to_string(),
            v.money,
            some(v.payer),
            some(v.batch),
            some(v.claim),
            v.link,
            v.advice,
        ];
        table.row(fields.iter().map(String::as_str))?;
    }
    table.finish()
}
