//! `/v1/documents`: orders, plans, assessments and other dated evidence.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::document::{Content, Document, DocumentKind};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{DocumentId, MemberId, PeerId};
use crate::error::AppError;
use crate::flow::reference::draft::DocumentDraft;
use crate::flow::reference::{DocumentFilter, Scope, documents as steps};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(paths(create, list, get, update), components(schemas(DocumentDraft, DocumentBody)))]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/documents");
    let one = web::resource("/documents/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// A document, or another dated evidence.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentBody {
    /// Our id.
    #[schema(example = "doc_0J4XQ2M7R8ZKT")]
    id: String,
    /// The organization's own name for it.
    reference: String,
    /// Its kind.
    kind: String,
    /// Id of the member whom it is about.
    member: Option<String>,
    /// Id of the peer whom it is about.
    peer: Option<String>,
    /// First day on which it holds.
    from: String,
    /// Last day; null: no end.
    to: Option<String>,
    /// The day on which it was signed.
    signed_on: Option<String>,
    /// What it is about, in the words of packs.
    about: Option<String>,
    /// The score of an assessment.
    score: Option<String>,
    /// The goals of a plan.
    goals: Vec<String>,
    /// The days on which a plan was reviewed.
    reviews: Vec<String>,
    /// What an order or plan has, in the words of packs.
    elements: Vec<String>,
}

impl From<&Document> for DocumentBody {
    fn from(document: &Document) -> Self {
        let data = &document.data;
        let (goals, reviews) = match &data.content {
            Content::Plan { goals, reviews, .. } => (goals.as_slice(), reviews.as_slice()),
            _ => (&[][..], &[][..]),
        };
        let score = match &data.content {
            Content::Assessment { score, .. } => Some(score.to_string()),
            _ => None,
        };
        Self {
            id: document.id.to_string(),
            reference: data.reference.to_string(),
            kind: data.content.kind().to_string(),
            member: data.member.as_ref().map(ToString::to_string),
            peer: data.peer.as_ref().map(ToString::to_string),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
            signed_on: data.signed_on.as_ref().map(ToString::to_string),
            about: data.content.about().map(ToString::to_string),
            score,
            goals: goals.iter().map(ToString::to_string).collect(),
            reviews: reviews.iter().map(ToString::to_string).collect(),
            elements: data.content.elements().iter().map(ToString::to_string).collect(),
        }
    }
}

/// Make a document. What its kind does not have is refused.
#[utoipa::path(post, path = "/v1/documents", tag = "documents", request_body = DocumentDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = DocumentBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<DocumentDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/documents/{}", made.id);
        created(&DocumentBody::from(&made), address, made.revision)
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
    /// The one with this reference.
    #[param(value_type = Option<String>)]
    reference: Option<Reference>,
    /// Those about this member (id).
    #[param(value_type = Option<String>)]
    member: Option<MemberId>,
    /// Those about this peer (id).
    #[param(value_type = Option<String>)]
    peer: Option<PeerId>,
    /// Those of this kind.
    #[param(value_type = Option<String>)]
    kind: Option<DocumentKind>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List documents.
#[utoipa::path(get, path = "/v1/documents", tag = "documents", params(List),
    responses((status = 200, description = "A page", body = PageBody<DocumentBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let filters =
        ("documents", organization, &query.reference, query.member, query.peer, query.kind);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(DocumentId::from_i64);
    let filter = DocumentFilter { member: query.member, peer: query.peer, kind: query.kind };
    let rows = steps::list(&ctx, organization, query.reference, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| DocumentBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One document.
#[utoipa::path(get, path = "/v1/documents/{id}", tag = "documents",
    params(Owner, ("id" = String, Path, description = "Id of the document")),
    responses((status = 200, description = "With its ETag", body = DocumentBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<DocumentId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&DocumentBody::from(&found), found.revision))
}

/// Change a document. Its kind and whom it is about never change.
#[utoipa::path(put, path = "/v1/documents/{id}", tag = "documents", request_body = DocumentDraft,
    params(Owner, ("id" = String, Path, description = "Id of the document"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = DocumentBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<DocumentId>,
    Json(draft): Json<DocumentDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&DocumentBody::from(&changed), changed.revision))
}
