//! `/v1/worklist`: what waits for a person, what it is worth, how long there is time
//! (`docs/worklist.md`).

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::attachment::{CSV, attachment};
use super::batches::tenant;
use super::finding_view::FindingView;
use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reports::wants_csv;
use super::worklist_csv;
use super::{Caller, Query};
use crate::domain::ids::{EncounterId, OrganizationId, PayerId};
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::audit::{self, Action, Detail};
use crate::flow::worklist::{self, Due, Filter, Item, Order, Place, RuleId, Summary, Sums, Who};

/// Rows of one part of the table as CSV: what is in memory at once.
const CSV_ROWS: i64 = 500;

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/worklist").route(web::get().to(list)))
        .service(web::resource("/worklist/summary").route(web::get().to(summary)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list, summary))]
pub struct Doc;

/// What the sums are narrowed to.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By reason: the id of a rule.
    #[param(value_type = Option<String>, example = "note.unsigned")]
    rule: Option<RuleId>,
    /// By who can fix a reason: peer, biller, administrator, payer, member.
    #[param(value_type = Option<String>)]
    who: Option<Who>,
    /// By the payer that would be billed.
    #[param(value_type = Option<String>)]
    payer: Option<PayerId>,
    /// By deadline: overdue, week, month, `two_months`, later, unknown.
    #[param(value_type = Option<String>)]
    due: Option<Due>,
    /// Those with a reason that may be overridden, or those without.
    overridable: Option<bool>,
}

/// What the list is narrowed to, and its order.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// By reason: the id of a rule.
    #[param(value_type = Option<String>, example = "note.unsigned")]
    rule: Option<RuleId>,
    /// By who can fix a reason: peer, biller, administrator, payer, member.
    #[param(value_type = Option<String>)]
    who: Option<Who>,
    /// By the payer that would be billed.
    #[param(value_type = Option<String>)]
    payer: Option<PayerId>,
    /// By deadline: overdue, week, month, `two_months`, later, unknown.
    #[param(value_type = Option<String>)]
    due: Option<Due>,
    /// Those with a reason that may be overridden, or those without.
    overridable: Option<bool>,
    /// urgency (money at risk, weighed by the deadline; when not said), deadline or money.
    #[param(value_type = Option<String>)]
    order: Option<Order>,
    /// json or csv (all rows); else the header Accept chooses.
    #[param(example = "json")]
    format: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An encounter of which something waits.
#[derive(Debug, Serialize, ToSchema)]
struct ItemView {
    /// The encounter.
    #[schema(example = "enc_0KXJ5T9B20000")]
    encounter: String,
    /// Your own name for it.
    reference: String,
    /// Where the encounter stands; one that is ready or claimed waits in part.
    status: String,
    /// all or part.
    held: String,
    /// The member.
    member: String,
    /// Your own name for the member.
    member_reference: String,
    /// The peer.
    peer: String,
    /// The payer that would be billed.
    payer: Option<String>,
    /// The service of the contract.
    service: Option<String>,
    /// The local date of the start.
    service_date: NaiveDate,
    /// Units that wait.
    units: u32,
    /// What the contract should pay for them; null when that is not known.
    #[schema(example = "64.00")]
    at_risk: Option<String>,
    /// Why not: `no_service` or `no_rate`.
    at_risk_unknown: Option<String>,
    /// Last day on which a claim can be delivered.
    file_by: Option<NaiveDate>,
    /// Days left until then; negative after it.
    days_left: Option<i64>,
    /// overdue, week, month, `two_months`, later, unknown.
    due: String,
    /// The findings that hold it, each with who can fix it and how.
    findings: Vec<FindingView>,
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        let (e, w) = (item.encounter, item.waiting);
        Self {
            encounter: e.id.to_string(),
            reference: e.data.reference.to_string(),
            status: e.status.as_str().to_owned(),
            held: if w.whole { "all" } else { "part" }.to_owned(),
            member: e.data.member.to_string(),
            member_reference: item.member.to_string(),
            peer: e.data.peer.to_string(),
            payer: w.payer.map(|p| p.to_string()),
            service: e.service.map(|s| s.to_string()),
            service_date: e.service_date,
            units: w.units,
            at_risk: w.at_risk.ok().map(|m| m.to_string()),
            at_risk_unknown: w.at_risk.err().map(|why| why.as_str().to_owned()),
            file_by: item.file_by,
            days_left: item.days_left,
            due: item.due.as_str().to_owned(),
            findings: item.findings.into_iter().map(FindingView::from).collect(),
        }
    }
}

/// What waits for a person: encounters that are held, in whole or in part. The most urgent money
/// first, unless another order is asked for.
#[utoipa::path(get, path = "/v1/worklist", tag = "worklist", params(ListQuery),
    responses((status = 200, description = "A page; as CSV all rows",
            content((PageBody<ItemView> = "application/json"), (String = "text/csv"))),
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
    let order = query.order.unwrap_or(Order::Urgency);
    let filter = Filter {
        rule: query.rule,
        who: query.who,
        payer: query.payer,
        due: query.due,
        overridable: query.overridable,
    };
    // The day is part of the list: on another day rows stand elsewhere.
    let (page, after) = Page::ranked(limit, cursor.as_deref(), &("worklist", &query, today))?;
    if csv {
        return table(&ctx, tenant, filter, (order, today)).await;
    }
    let after = after.map(|(rank, id)| Place { rank, encounter: EncounterId::from_i64(id) });
    let rows = worklist::list(&ctx, tenant, filter, (order, today), after, page.rows()).await?;
    let place = |i: &Item| (i.waiting.place.rank, i.waiting.place.encounter.as_i64());
    Ok(HttpResponse::Ok().json(page.ranked_body(rows, place, ItemView::from)))
}

/// All rows as CSV, part by part: no connection is held while a part is on its way.
async fn table(
    ctx: &web::Data<Ctx>,
    tenant: OrganizationId,
    filter: Filter,
    by: (Order, NaiveDate),
) -> Result<HttpResponse, AppError> {
    let detail = Detail::default().about("format", "csv");
    audit::exported(ctx, Some(tenant), Action::WorklistExport, "", detail).await?;
    let start = (ctx.get_ref().clone(), Some(None));
    let parts = stream::try_unfold(start, move |(ctx, next)| async move {
        let Some(after) = next else { return Ok::<_, AppError>(None) };
        let rows = worklist::list(&ctx, tenant, filter, by, after, CSV_ROWS).await?;
        let last = rows.last().map(|item| item.waiting.place);
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == CSV_ROWS);
        let text = worklist_csv::part(&rows, after.is_none())?;
        Ok(Some((Bytes::from(text), (ctx, last.filter(|_| full).map(Some)))))
    });
    Ok(attachment(CSV, "worklist.csv").streaming(parts))
}

/// Sums of what waits.
#[derive(Debug, Serialize, ToSchema)]
struct SumsView {
    /// Encounters of which something waits.
    encounters: i64,
    /// Those of which nothing is ready.
    held_in_whole: i64,
    /// Units that wait.
    units: i64,
    /// What the contract should pay for them, as far as it is known.
    #[schema(example = "1234.50")]
    at_risk: String,
    /// Encounters whose money is not known, and not in `at_risk`.
    at_risk_unknown: i64,
    /// Encounters with a reason that may be overridden.
    overridable: i64,
}

/// Sums of a group.
#[derive(Debug, Serialize, ToSchema)]
struct GroupView {
    /// The rule, the one who can fix it, the deadline or the payer; null: no payer is known.
    key: Option<String>,
    /// For a rule: who can fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(flatten)]
    sums: SumsView,
}

/// What waits, in sums.
#[derive(Debug, Serialize, ToSchema)]
struct SummaryView {
    /// The day in the organization's zone that deadlines are counted from.
    today: NaiveDate,
    /// Everything.
    total: SumsView,
    /// By reason, the most money first. An encounter with two reasons is in both.
    by_rule: Vec<GroupView>,
    /// By who can fix a reason. An encounter may be in several.
    by_who: Vec<GroupView>,
    /// By deadline; adds up to the total.
    by_due: Vec<GroupView>,
    /// By payer; adds up to the total.
    by_payer: Vec<GroupView>,
}

impl From<Sums> for SumsView {
    fn from(sums: Sums) -> Self {
        Self {
            encounters: sums.encounters,
            held_in_whole: sums.whole,
            units: sums.units,
            at_risk: sums.at_risk.to_string(),
            at_risk_unknown: sums.unknown,
            overridable: sums.overridable,
        }
    }
}

fn groups<K>(list: Vec<(K, Sums)>, key: impl Fn(&K) -> Option<String>) -> Vec<GroupView> {
    let show = |(k, sums): (K, Sums)| GroupView { key: key(&k), who: None, sums: sums.into() };
    list.into_iter().map(show).collect()
}

impl SummaryView {
    fn new(today: NaiveDate, mut summary: Summary) -> Self {
        summary.by_rule.sort_by(|a, b| b.1.at_risk.cmp(&a.1.at_risk).then_with(|| a.0.cmp(&b.0)));
        summary.by_payer.sort_by_key(|(payer, _)| *payer);
        let mut by_rule = groups(summary.by_rule, |rule| Some(rule.clone()));
        for group in &mut by_rule {
            let rule = group.key.as_deref().and_then(|rule| RuleId::parse(rule).ok());
            group.who = rule.map(|rule| rule.who().as_str().to_owned());
        }
        Self {
            today,
            total: summary.all.into(),
            by_rule,
            by_who: groups(summary.by_who, |who| Some(who.as_str().to_owned())),
            by_due: groups(summary.by_due, |due| Some(due.as_str().to_owned())),
            by_payer: groups(summary.by_payer, |payer| payer.map(|p| p.to_string())),
        }
    }
}

/// What waits, in sums: in all, by reason, by who can fix it, by deadline, by payer.
#[utoipa::path(get, path = "/v1/worklist/summary", tag = "worklist", params(SummaryQuery),
    responses((status = 200, body = SummaryView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn summary(
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<SummaryQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    let tenant = tenant(&ctx, &caller.0, query.organization.as_deref()).await?;
    let today = worklist::today(&ctx, tenant).await?;
    let SummaryQuery { rule, who, payer, due, overridable, .. } = query;
    let filter = Filter { rule, who, payer, due, overridable };
    let found = worklist::summary(&ctx, tenant, filter, today).await?;
    Ok(HttpResponse::Ok().json(SummaryView::new(today, found)))
}
