//! `/v1/contracts`: versions of contracts, added in TOML or JSON (`docs/contracts.md`). A version
//! never changes; a later one supersedes it.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{KEEPERS, Owner, PostDocument, owner};
use super::{Caller, PathId, Query, respond};
use crate::domain::contract::gaps;
use crate::domain::ids::ContractVersionId;
use crate::error::AppError;
use crate::flow::access::Role;
use crate::flow::idempotent::Reply;
use crate::flow::reference::contracts::{self as steps, ContractVersion};
use crate::flow::reference::draft::PayerName;
use crate::flow::reference::{Scope, payers};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get), components(schemas(VersionHead, VersionBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/contracts");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(web::resource("/contracts/{id}").route(web::get().to(get)));
}

/// A version of a contract, without its terms.
#[derive(Debug, Serialize, ToSchema)]
struct VersionHead {
    /// Our id of the version.
    #[schema(example = "ctv_0J4XQ2M7R8ZKT")]
    id: String,
    /// Our id of the contract that it is a version of.
    #[schema(example = "ctr_0J4XQ2M7R8ZKT")]
    contract: String,
    /// Id of the payer.
    payer: String,
    /// Id of the pack.
    pack: String,
    /// Key and version of the pack.
    #[schema(example = "evergreen@2026.1")]
    pack_name: String,
    /// First day in force.
    from: String,
    /// Last day in force.
    to: Option<String>,
    /// When it was recorded: of versions that cover a day, the one recorded last is in force.
    recorded_at: String,
    /// The version that it supersedes.
    supersedes: Option<String>,
    /// What is allowed and yet worth a look, such as services without a rate.
    warnings: Vec<String>,
}

/// A version of a contract.
#[derive(Debug, Serialize, ToSchema)]
struct VersionBody {
    #[serde(flatten)]
    head: VersionHead,
    /// The whole agreement as data: pack and what was negotiated.
    #[schema(value_type = Object)]
    terms: serde_json::Value,
}

impl From<&ContractVersion> for VersionHead {
    fn from(version: &ContractVersion) -> Self {
        let (head, pack) = (&version.head, &version.terms.pack);
        Self {
            id: head.id.to_string(),
            contract: head.contract.to_string(),
            payer: head.payer.to_string(),
            pack: version.pack.to_string(),
            pack_name: format!("{}@{}", pack.key, pack.version),
            from: head.span.from.to_string(),
            to: head.span.to.as_ref().map(ToString::to_string),
            recorded_at: head.recorded_at.to_string(),
            supersedes: head.supersedes.as_ref().map(ToString::to_string),
            warnings: gaps(&version.terms),
        }
    }
}

/// Add a version of a contract. The same terms again are answered 200 and change nothing.
#[utoipa::path(post, path = "/v1/contracts", tag = "contracts",
    request_body(content((String = "application/toml"), (Object = "application/json"))),
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Added", body = VersionHead),
        (status = 200, description = "It was there, word for word", body = VersionHead),
        (status = 422, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: PostDocument,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let organization = if caller.role == Role::Admin && query.organization.is_none() {
        steps::organization_of(&ctx, &post.document).await?
    } else {
        owner(&ctx, &caller, query.organization.as_deref()).await?
    };
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let added = steps::create(conn, &inner, organization, &post.document)?;
        let status = if added.fresh { 201 } else { 200 };
        let reply = Reply::json(status, &VersionHead::from(&added.version))?;
        Ok(reply.with_header("Location", format!("/v1/contracts/{}", added.version.head.id)))
    });
    respond(work.await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// Id or key of the organization; an admin must name it, a biller has one.
    #[param(example = "river-bend")]
    organization: Option<String>,
    /// Those with this payer (id or key).
    #[param(value_type = Option<String>)]
    payer: Option<PayerName>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List versions of contracts.
#[utoipa::path(get, path = "/v1/contracts", tag = "contracts", params(List),
    responses((status = 200, description = "A page", body = PageBody<VersionHead>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let payer = payers::named(&ctx, query.payer).await?;
    let filters = ("contracts", organization, payer);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(ContractVersionId::from_i64);
    let rows = steps::list(&ctx, organization, payer, after, page.rows()).await?;
    let body = page.body(rows, |v| v.head.id.as_i64(), |v| VersionHead::from(&v));
    Ok(HttpResponse::Ok().json(body))
}

/// One version of a contract, with its terms.
#[utoipa::path(get, path = "/v1/contracts/{id}", tag = "contracts",
    params(Owner, ("id" = String, Path, description = "Id of the version")),
    responses((status = 200, description = "The version", body = VersionBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<ContractVersionId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let version = steps::get(&ctx, organization, id).await?;
    let terms = serde_json::to_value(&version.terms)
        .map_err(|e| AppError::internal(format!("terms cannot be written: {e}")))?;
    Ok(HttpResponse::Ok().json(VersionBody { head: VersionHead::from(&version), terms }))
}
