//! `/v1/audit`: who did what, when, from which key. Admins see everything, billers what was done to
//! their own organization's data (`docs/audit.md`).

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::{Caller, Query};
use crate::domain::dates::{Instant, day_after};
use crate::domain::ids::{AuditId, KeyId};
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::access::{self, Role};
use crate::flow::audit::{self, Action, AuditEntry, Filter};

/// Longest id that is looked for, in characters; ours have 19 at most.
const MAX_SUBJECT_CHARS: usize = 40;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/audit").route(web::get().to(list)));
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
    /// The organization's id or key; a biller's own when not said, an admin's: all.
    organization: Option<String>,
    /// First day, in UTC.
    #[serde(default, deserialize_with = "super::day::optional")]
    from: Option<NaiveDate>,
    /// Last day, in UTC; not before `from`.
    #[serde(default, deserialize_with = "super::day::optional")]
    to: Option<NaiveDate>,
    /// By action, such as `batch.release`; docs/audit.md lists them.
    #[param(value_type = Option<String>)]
    action: Option<Action>,
    /// By the id of what it was done to.
    subject: Option<String>,
    /// By the key that was used.
    #[param(value_type = Option<String>)]
    key: Option<KeyId>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One entry of the trail.
#[derive(Debug, Serialize, ToSchema)]
struct EntryView {
    /// Its id.
    #[schema(example = "aud_0KXJ5T9B20000")]
    id: String,
    /// When, by the clock of the machine.
    at: String,
    /// key, command or worker.
    actor: String,
    /// From which key.
    key: Option<String>,
    /// The role of that key.
    role: Option<String>,
    /// Whose data; null for what is of no organization, or of several.
    organization: Option<String>,
    /// What was done.
    #[schema(example = "batch.release")]
    action: String,
    /// To which thing.
    #[schema(example = "bat_0KXJ5T9B20000")]
    subject: Option<String>,
    /// How many of what.
    counts: BTreeMap<String, u64>,
    /// Names of the fields that were changed.
    fields: Vec<String>,
    /// Ids, codes and dates that it concerns.
    about: BTreeMap<String, String>,
    /// The id of the request, which the log has too.
    request_id: Option<String>,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_string(),
            actor: entry.actor.as_str().to_owned(),
            key: entry.key.map(|k| k.to_string()),
            role: entry.role.map(|r| r.as_str().to_owned()),
            organization: entry.organization.map(|o| o.to_string()),
            action: entry.action.as_str().to_owned(),
            subject: entry.subject,
            counts: entry.detail.counts,
            fields: entry.detail.fields,
            about: entry.detail.about,
            request_id: entry.request,
        }
    }
}

/// The audit trail, newest first: every change and every export, with who did it.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(ListQuery),
    responses((status = 200, body = PageBody<EntryView>), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    query: Query<ListQuery>,
) -> Result<HttpResponse, AppError> {
    caller.require(&[Role::Admin, Role::Biller])?;
    let mut query = query.0;
    let organization = if caller.role == Role::Admin && query.organization.is_none() {
        None
    } else {
        Some(access::tenant(&ctx, &caller, query.organization.as_deref()).await?)
    };
    query.organization = organization.map(|o| o.to_string());
    if query.subject.as_deref().is_some_and(|s| !is_id(s)) {
        let detail = "Parameter subject: write an id as the API shows it, such as bat_….";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    super::day::in_order(query.from, query.to)?;
    let (limit, cursor) = (query.limit.take(), query.cursor.take());
    let page = Page::new(limit, cursor.as_deref(), &("audit", &query))?;
    let filter = Filter {
        organization,
        from: query.from.map(start),
        before: query.to.map(|day| start(day_after(day, 1))),
        action: query.action,
        subject: query.subject,
        key: query.key,
    };
    let after = page.after.map(AuditId::from_i64);
    let rows = audit::list(&ctx, filter, after, page.rows()).await?;
    Ok(HttpResponse::Ok().json(page.body(rows, |e| e.id.as_i64(), EntryView::from)))
}

/// The start of a day in UTC.
fn start(day: NaiveDate) -> Instant {
    Instant::from_naive(day.and_time(chrono::NaiveTime::MIN))
}

fn is_id(text: &str) -> bool {
    let set = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=MAX_SUBJECT_CHARS).contains(&text.len()) && text.bytes().all(set)
}
