//! What is left for a member on a day: limits, free units, authorizations.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::encounter_view::RemainingView;
use super::encounters::tenant;
use super::problem::Problem;
use super::{Caller, PathId, Query};
use crate::domain::ids::MemberId;
use crate::error::AppError;
use crate::flow::{Ctx, allowances, encounters};

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/members/{id}/allowances").route(web::get().to(what_is_left)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(what_is_left))]
pub struct Doc;

/// On which day.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OnDay {
    /// The day; today in the organization's zone when not said.
    #[serde(default, deserialize_with = "super::day::optional")]
    on: Option<NaiveDate>,
    /// The organization's id or key; required of an admin's key.
    #[param(example = "river-bend")]
    organization: Option<String>,
}

/// What is left for a member.
#[derive(Debug, Serialize, ToSchema)]
struct AllowancesView {
    /// The member.
    member: String,
    /// The day.
    on: NaiveDate,
    /// For each coverage in force whose payer the organization has a contract with.
    payers: Vec<PayerAllowances>,
}

/// What is left under one payer's contract.
#[derive(Debug, Serialize, ToSchema)]
struct PayerAllowances {
    /// The payer.
    payer: String,
    /// Limits, free units and authorizations.
    remaining: Vec<AllowanceView>,
}

/// A figure, and what of it was used before go-live.
#[derive(Debug, Serialize, ToSchema)]
struct AllowanceView {
    #[serde(flatten)]
    figure: RemainingView,
    /// Units of opening balances among those used.
    opening: i64,
}

/// What is left of the member's limits, free units and authorizations on a day.
#[utoipa::path(get, path = "/v1/members/{id}/allowances", tag = "encounters",
    params(("id" = String, Path, description = "The member's id"), OnDay),
    responses((status = 200, body = AllowancesView), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn what_is_left(
    ctx: web::Data<Ctx>,
    caller: Caller,
    id: PathId<MemberId>,
    query: Query<OnDay>,
) -> Result<HttpResponse, AppError> {
    let tenant = tenant(&ctx, &caller.0, query.0.organization.as_deref()).await?;
    let on = match query.0.on {
        Some(day) => day,
        None => encounters::zone(&ctx, tenant).await?.date_of(ctx.now()),
    };
    let payers = allowances::on_day(&ctx, tenant, id.0, on).await?;
    let figure = |allowance: allowances::Allowance| AllowanceView {
        figure: RemainingView::new(allowance.figure),
        opening: allowance.opening,
    };
    let view = AllowancesView {
        member: id.0.to_string(),
        on,
        payers: payers
            .into_iter()
            .map(|p| PayerAllowances {
                payer: p.payer.to_string(),
                remaining: p.remaining.into_iter().map(figure).collect(),
            })
            .collect(),
    };
    Ok(HttpResponse::Ok().json(view))
}
