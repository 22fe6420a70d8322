//! The feed of outcomes that changed since the visits were recorded.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::encounters::tenant;
use super::page::Page;
use super::problem::Problem;
use super::{Caller, Query};
use crate::domain::dates::Instant;
use crate::domain::identifiers::Reference;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::again::{self, Change, Outcome};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/decisions/changes").route(web::get().to(list)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub struct Doc;

/// An outcome that changed.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeView {
    /// 1 for the organization's first change, then without a gap.
    number: i64,
    /// The encounter.
    #[schema(example = "enc_0KXJ5T9B20000")]
    encounter: String,
    /// Your own name for it.
    reference: String,
    /// The new decision.
    decision: String,
    /// Why it was decided again, such as `authorization_changed` or `freed`.
    cause: String,
    /// When.
    at: String,
    /// What it was.
    before: OutcomeView,
    /// What it is.
    after: OutcomeView,
}

/// What a decision comes to.
#[derive(Debug, Serialize, ToSchema)]
struct OutcomeView {
    /// ready, held, `non_billable`.
    disposition: String,
    /// The service date.
    service_date: NaiveDate,
    /// Who would be billed.
    payer: Option<String>,
    /// Units that can be claimed.
    ready_units: u32,
    /// Units that wait.
    held_units: u32,
    /// Charge of the ready units.
    charge: String,
    /// What the contract should pay for them.
    expected: String,
    /// Ids of the rules that spoke.
    reasons: Vec<String>,
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> Self {
        Self {
            disposition: outcome.disposition.as_str().to_owned(),
            service_date: outcome.service_date,
            payer: outcome.payer.map(|id| id.to_string()),
            ready_units: outcome.ready_units,
            held_units: outcome.held_units,
            charge: outcome.charge.to_string(),
            expected: outcome.expected.to_string(),
            reasons: outcome.reasons,
        }
    }
}

fn view((change, reference): (Change, Reference)) -> ChangeView {
    ChangeView {
        number: change.number,
        encounter: change.encounter.to_string(),
        reference: reference.as_str().to_owned(),
        decision: change.decision.to_string(),
        cause: change.cause.as_str().to_owned(),
        at: String::from(change.at),
        before: change.before.into(),
        after: change.after.into(),
    }
}

/// A piece of the feed.
#[derive(Debug, Serialize, ToSchema)]
struct FeedBody {
    /// Changes, the earliest first.
    items: Vec<ChangeView>,
    /// Where to go on, now or later: never null, so that it can be kept and asked with again.
    next_cursor: String,
    /// Whether there is more to read at once.
    more: bool,
    /// Whether visits are still being decided again.
    pending: bool,
}

/// Which changes.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FeedQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// Changes at this time or later (RFC 3339). To begin with; go on with the cursor.
    #[param(value_type = Option<String>, example = "2026-09-01T00:00:00Z")]
    since: Option<Instant>,
    /// Changes of an answer, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the answer before; nothing that was changed after it is ever missed.
    cursor: Option<String>,
}

/// Outcomes that changed: what was held and is now ready, what was ready and no longer fits, in the
/// order in which it happened. Ask again with `next_cursor` whenever you like.
#[utoipa::path(get, path = "/v1/decisions/changes", tag = "encounters", params(FeedQuery),
    responses((status = 200, body = FeedBody), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<FeedQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let page = Page::new(query.limit, query.cursor.as_deref(), &("changes", tenant.to_string()))?;
    let after = page.after.unwrap_or(0);
    let mut feed = again::changes(&ctx, tenant, query.since, after, page.rows()).await?;
    let more = feed.changes.len() > page.limit();
    feed.changes.truncate(page.limit());
    let last = feed.changes.last().map_or(after, |(change, _)| change.number);
    let body = FeedBody {
        items: feed.changes.into_iter().map(view).collect(),
        next_cursor: page.cursor(last),
        more,
        pending: feed.pending,
    };
    Ok(HttpResponse::Ok().json(body))
}
