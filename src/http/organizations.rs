//! `/v1/organizations`: made by admins; a biller sees and changes its own.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{KEEPERS, created, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::identifiers::Key;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Location, Organization};
use crate::error::AppError;
use crate::flow::access::Role;
use crate::flow::reference::draft::{LocationDraft, OrganizationDraft};
use crate::flow::reference::{Scope, organizations as steps};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(
    paths(create, list, get, update),
    components(schemas(OrganizationDraft, LocationDraft, OrganizationBody, LocationBody))
)]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/organizations");
    let one = web::resource("/organizations/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// An organization with its locations.
#[derive(Debug, Serialize, ToSchema)]
struct OrganizationBody {
    /// Our id.
    #[schema(example = "org_0J4XQ2M7R8ZKT")]
    id: String,
    /// Short name.
    key: String,
    /// Legal name.
    name: String,
    /// `test` or `live`.
    mode: String,
    /// Type 2 NPI.
    npi: String,
    /// Employer identification number.
    ein: String,
    /// Taxonomy.
    taxonomy: String,
    /// IANA time zone.
    zone: String,
    /// 42 CFR Part 2 posture.
    part2: String,
    /// Whom a payer calls about a file.
    contact_name: String,
    /// The number to call.
    contact_phone: String,
    /// Its locations, in order of key.
    locations: Vec<LocationBody>,
}

/// A location.
#[derive(Debug, Serialize, ToSchema)]
struct LocationBody {
    /// Our id.
    id: String,
    /// Short name.
    key: String,
    /// Its name for people.
    name: String,
    /// Its own NPI.
    npi: Option<String>,
    /// Its street address.
    address: super::members::AddressBody,
}

impl From<&Organization> for OrganizationBody {
    fn from(organization: &Organization) -> Self {
        let data = &organization.data;
        Self {
            id: organization.id.to_string(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            mode: data.mode.to_string(),
            npi: data.npi.to_string(),
            ein: data.ein.to_string(),
            taxonomy: data.taxonomy.to_string(),
            zone: data.zone.name().to_owned(),
            part2: data.part2.to_string(),
            contact_name: data.contact_name.to_string(),
            contact_phone: data.contact_phone.to_string(),
            locations: organization.locations.iter().map(LocationBody::from).collect(),
        }
    }
}

impl From<&Location> for LocationBody {
    fn from(location: &Location) -> Self {
        let (data, address) = (&location.data, &location.data.address);
        Self {
            id: location.id.to_string(),
            key: data.key.to_string(),
            name: data.name.to_string(),
            npi: data.npi.as_ref().map(ToString::to_string),
            address: super::members::AddressBody {
                line1: address.line1.to_string(),
                line2: address.line2.as_ref().map(ToString::to_string),
                city: address.city.to_string(),
                state: address.state.to_string(),
                zip: address.zip.to_string(),
            },
        }
    }
}

/// Make an organization, with its locations.
#[utoipa::path(post, path = "/v1/organizations", tag = "organizations",
    request_body = OrganizationDraft,
    params(("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = OrganizationBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    post: Post<OrganizationDraft>,
) -> Result<HttpResponse, AppError> {
    caller.require(&[Role::Admin])?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Service, post.ticket, move |conn| {
        let made = steps::create(conn, &inner, input)?;
        let address = format!("/v1/organizations/{}", made.id);
        created(&OrganizationBody::from(&made), address, made.revision)
    });
    respond(work.await?)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct List {
    /// The one with this key.
    #[param(value_type = Option<String>)]
    key: Option<Key>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List organizations: an admin's all, a biller's own.
#[utoipa::path(get, path = "/v1/organizations", tag = "organizations", params(List),
    responses((status = 200, description = "A page", body = PageBody<OrganizationBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let filters = ("organizations", caller.organization, &query.key);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let rows = if let Some(own) = caller.organization {
        let own = steps::get(&ctx, own).await?;
        let wanted = query.key.is_none_or(|key| key == own.data.key);
        if wanted { vec![own] } else { Vec::new() }
    } else {
        let after = page.after.map(OrganizationId::from_i64);
        steps::list(&ctx, query.key, after, page.rows()).await?
    };
    let body = page.body(rows, |o| o.id.as_i64(), |o| OrganizationBody::from(&o));
    Ok(HttpResponse::Ok().json(body))
}

/// One organization.
#[utoipa::path(get, path = "/v1/organizations/{id}", tag = "organizations",
    params(("id" = String, Path, description = "Id of the organization")),
    responses((status = 200, description = "With its ETag", body = OrganizationBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    PathId(id): PathId<OrganizationId>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    let found = steps::get(&ctx, caller.tenant(Some(id))?).await?;
    Ok(shown(&OrganizationBody::from(&found), found.revision))
}

/// Change an organization. The locations are replaced by those given, the same key being the same
/// location. Its key and mode never change, and no location goes from which a contract bills or where a
/// program is.
#[utoipa::path(put, path = "/v1/organizations/{id}", tag = "organizations",
    request_body = OrganizationDraft,
    params(("id" = String, Path, description = "Id of the organization"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = OrganizationBody),
        (status = 412, response = Problem), (status = 428, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    PathId(id): PathId<OrganizationId>,
    Json(draft): Json<OrganizationDraft>,
) -> Result<HttpResponse, AppError> {
    caller.require(KEEPERS)?;
    steps::get(&ctx, caller.tenant(Some(id))?).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, id, revision, input).await?;
    Ok(shown(&OrganizationBody::from(&changed), changed.revision))
}
