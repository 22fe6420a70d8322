//! `/v1/peers`: certified peer support specialists of an organization.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::identifiers::Npi;
use crate::domain::ids::PeerId;
use crate::domain::peer::{Certificate, Peer};
use crate::error::AppError;
use crate::flow::reference::draft::{CertificateDraft, PeerClaimDraft, PeerDraft};
use crate::flow::reference::{Scope, peers as steps};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(
    paths(create, list, get, update),
    components(schemas(PeerDraft, CertificateDraft, PeerClaimDraft, PeerBody, CertificateBody))
)]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/peers");
    let one = web::resource("/peers/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// A peer with certificates.
#[derive(Debug, Serialize, ToSchema)]
struct PeerBody {
    /// Our id.
    #[schema(example = "peer_0J4XQ2M7R8ZKT")]
    id: String,
    /// Type 1 NPI.
    npi: String,
    /// First name.
    first_name: String,
    /// Last name.
    last_name: String,
    /// Taxonomy.
    taxonomy: String,
    /// Day of birth.
    birth_date: Option<String>,
    /// First day of work.
    hired_on: Option<String>,
    /// Certificates, in order of state, kind and first day.
    certificates: Vec<CertificateBody>,
    /// What claims say of the peer beside that.
    claim: Option<PeerClaimDraft>,
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
struct CertificateBody {
    /// Our id.
    id: String,
    /// The state that issued it.
    state: String,
    /// Its type.
    kind: String,
    /// Its number.
    number: Option<String>,
    /// First day on which it is valid.
    from: String,
    /// Last day on which it is valid.
    to: Option<String>,
    /// How it stands.
    standing: String,
    /// What it is good for.
    endorsements: Vec<String>,
}

impl From<&Peer> for PeerBody {
    fn from(peer: &Peer) -> Self {
        let data = &peer.data;
        Self {
            id: peer.id.to_string(),
            npi: data.npi.to_string(),
            first_name: data.first_name.to_string(),
            last_name: data.last_name.to_string(),
            taxonomy: data.taxonomy.to_string(),
            birth_date: data.birth_date.as_ref().map(ToString::to_string),
            hired_on: data.hired_on.as_ref().map(ToString::to_string),
            certificates: peer.certificates.iter().map(CertificateBody::from).collect(),
            claim: PeerClaimDraft::of(&data.claim),
        }
    }
}

impl From<&Certificate> for CertificateBody {
    fn from(certificate: &Certificate) -> Self {
        let data = &certificate.data;
        Self {
            id: certificate.id.to_string(),
            state: data.state.to_string(),
            kind: data.kind.to_string(),
            number: data.number.as_ref().map(ToString::to_string),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
            standing: data.standing.to_string(),
            endorsements: data.endorsements.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Make a peer.
#[utoipa::path(post, path = "/v1/peers", tag = "peers", request_body = PeerDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = PeerBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<PeerDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/peers/{}", made.id);
        created(&PeerBody::from(&made), address, made.revision)
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
    /// The one with this NPI.
    #[param(value_type = Option<String>)]
    npi: Option<Npi>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List peers.
#[utoipa::path(get, path = "/v1/peers", tag = "peers", params(List),
    responses((status = 200, description = "A page", body = PageBody<PeerBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let filters = ("peers", organization, &query.npi);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(PeerId::from_i64);
    let rows = steps::list(&ctx, organization, query.npi, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| PeerBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One peer.
#[utoipa::path(get, path = "/v1/peers/{id}", tag = "peers",
    params(Owner, ("id" = String, Path, description = "Id of the peer")),
    responses((status = 200, description = "With its ETag", body = PeerBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<PeerId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&PeerBody::from(&found), found.revision))
}

/// Change a peer. The certificates are replaced by those given, those of the same state,
/// kind and first day being the same certificate.
#[utoipa::path(put, path = "/v1/peers/{id}", tag = "peers", request_body = PeerDraft,
    params(Owner, ("id" = String, Path, description = "Id of the peer"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = PeerBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<PeerId>,
    Json(draft): Json<PeerDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&PeerBody::from(&changed), changed.revision))
}
