//! `GET /v1/reports/lines`: the lines behind utilization, streamed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, rt, web};
use chrono::NaiveDate;
use serde::Deserialize;
use tokio::sync::{Semaphore, oneshot};
use utoipa::{IntoParams, OpenApi};

use super::attachment;
use super::problem::Problem;
use super::reports::{acquainted, form, view_of, whose};
use super::spool_out::{self, Maker, Reader};
use super::{Caller, Query};
use crate::domain::dates::Instant;
use crate::domain::ids::{KeyId, OrganizationId};
use crate::error::{AppError, Code};
use crate::flow::access::{Role, find_names};
use crate::flow::audit::Action;
use crate::flow::{Ctx, Scope, disclosed, reporting};
use crate::reports::formats::Format;
use crate::reports::frame::{Asked, Basis, Lens, RUN_OUT_DAYS};
use crate::reports::{lines, registry};

/// Exports that read at a time: each has a connection of the database while it does.
static READING: Semaphore = Semaphore::const_new(2);
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);
/// Exports that a key may have under way at a time, also read slowly: each may be a file as large as all
/// lines.
const MOST_OF_A_KEY: u32 = 2;
/// Exports under way, by key.
static UNDER_WAY: Mutex<Option<HashMap<KeyId, u32>>> = Mutex::new(None);

/// Registers the routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/reports/lines").route(web::get().to(export)));
}

/// Its part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(export))]
pub struct Doc;

/// What the lines are of.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LinesQuery {
    /// A payer's id or key; a payer's key sees its own only.
    payer: Option<String>,
    /// An organization's id or key; an organization's key sees its own only.
    organization: Option<String>,
    /// First service date.
    #[serde(deserialize_with = "super::day::required")]
    from: NaiveDate,
    /// Last service date.
    #[serde(deserialize_with = "super::day::required")]
    to: NaiveDate,
    /// json, csv, pipe, xlsx, parquet, or dictionary; else the header Accept chooses.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// The lines behind utilization, one row a claim line: for a payer those of released live claims of its own
/// members, for an organization also those that are on no released claim, with their status. As of one
/// moment, and streamed: a whole CSV or pipe file ends with a line of the level `total`, which has the number
/// of lines and whether some were left out for want of a consent; JSON and Parquet that are not whole cannot be
/// read, and the connection of a broken answer ends without the end of the body.
#[utoipa::path(get, path = "/v1/reports/lines", tag = "reports", params(LinesQuery),
    responses((status = 200, description = "The lines; docs/reports.md says what the columns are",
            content((Object = "application/json"), (String = "text/csv"), (String = "text/plain"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn export(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    caller: Caller,
    query: Query<LinesQuery>,
) -> Result<HttpResponse, AppError> {
    let query = query.0;
    caller.0.require(&[Role::Admin, Role::Biller, Role::PayerAnalyst])?;
    let format = form(&request, query.format, false)?;
    let (organization, payer) =
        find_names(&ctx, query.organization.as_deref(), query.payer.as_deref()).await?;
    let (edition, organization, payer) = view_of(&caller.0, organization, payer)?;
    acquainted(&ctx, edition, organization, payer).await?;
    let asked = Asked {
        lens: Lens { edition, organization, payer },
        from: query.from,
        to: query.to,
        basis: Basis::Service,
        as_of: None,
        since: None,
        run_out_days: RUN_OUT_DAYS,
        convention: None,
        group_by: Vec::new(),
    };
    lines::check(&asked, format)?;
    let mut response = attachment::report(registry::LINES.name, format);
    if format == Format::Dictionary {
        return Ok(response.body(lines::dictionary()?));
    }
    let place = Place::take(caller.0.key)?;
    reporting::refresh_or_job(&ctx, organization).await?;
    let (detail, whose) = (asked.detail(registry::LINES.name, format), whose(&asked.lens));
    let (reader, as_of) = made(&ctx, organization, asked, format).await?;
    // Its first bytes are there, and none of them has left.
    let detail = detail.about("as_of", as_of);
    disclosed::exported(&ctx, whose, Action::ReportExport, "", detail).await?;
    Ok(response.streaming(reader.pieces(place)))
}

/// Begins to make the answer beside the request; gives it when its first bytes are there, and as of when it is.
async fn made(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    asked: Asked,
    format: Format,
) -> Result<(Reader, Instant), AppError> {
    let busy = || AppError::new(Code::Busy, "Other exports are being read. Ask again shortly.");
    let turn = tokio::time::timeout(PATIENCE, READING.acquire()).await.map_err(|_| busy())?;
    let turn = turn.map_err(|e| AppError::internal(e.to_string()))?;
    let (maker, mut reader) = spool_out::begin()?;
    let (tell, told) = oneshot::channel();
    let work = ctx.clone();
    let making = rt::spawn(async move {
        let result = make(&work, organization, asked, (format, maker, tell)).await;
        drop(turn);
        if let Err(error) = &result {
            tracing::warn!(error = %error, internal = ?error.internal, "an export was left");
        }
        result
    });
    if reader.first().await {
        let untold = |_| AppError::internal("an export did not say as of when it is");
        return Ok((reader, told.await.map_err(untold)?));
    }
    let ended = making.await.map_err(|e| AppError::internal(e.to_string()))?;
    Err(ended.err().unwrap_or_else(|| AppError::internal("an export ended without its end")))
}

async fn make(
    ctx: &Ctx,
    organization: Option<OrganizationId>,
    asked: Asked,
    (format, mut maker, tell): (Format, Maker, oneshot::Sender<Instant>),
) -> Result<(), AppError> {
    let scope = organization.map_or(Scope::Service, Scope::Tenant);
    // Everything that was committed by now is in the snapshot that begins after it.
    let now = ctx.now();
    let work = move |conn: &mut crate::flow::issues::Conn| {
        // Whoever asked may have gone.
        let _ = tell.send(lines::as_of(conn, now)?);
        lines::write(conn, &asked, now, (format, &mut maker), &mut |_| Ok(()))?;
        maker.whole().map_err(|e| AppError::internal(format!("an export cannot be kept: {e}")))
    };
    ctx.db.read(scope, work).await
}

/// A key's place among the exports that are under way.
struct Place(KeyId);

impl Place {
    fn take(key: KeyId) -> Result<Self, AppError> {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.get_or_insert_default().entry(key).or_default();
        if *count >= MOST_OF_A_KEY {
            let detail =
                format!("{MOST_OF_A_KEY} exports of this key are under way; read them first.");
            return Err(AppError::new(Code::Busy, detail));
        }
        *count += 1;
        Ok(Self(key))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let all = under_way.get_or_insert_default();
        if let Some(count) = all.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.0);
            }
        }
    }
}
