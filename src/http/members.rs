//! `/v1/members`: people served, as the organization's roster knows them.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::page::{Page, PageBody};
use super::problem::Problem;
use super::reference::{Owner, created, owner, shown};
use super::{Caller, Json, PathId, Post, Query, etag, respond};
use crate::domain::identifiers::{MemberNumber, Reference};
use crate::domain::ids::MemberId;
use crate::domain::member::{Coverage, Member, MemberAddress};
use crate::error::AppError;
use crate::flow::reference::draft::{
    AddressDraft, CoverageDraft, MemberClaimDraft, MemberDraft, PayerName,
};
use crate::flow::reference::{MemberFilter, Scope, members as steps, payers};
use crate::flow::{Ctx, idempotent};

#[derive(OpenApi)]
#[openapi(
    paths(create, list, get, update),
    components(schemas(
        MemberDraft,
        AddressDraft,
        CoverageDraft,
        MemberClaimDraft,
        MemberBody,
        AddressBody,
        CoverageBody
    ))
)]
pub(super) struct Doc;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/members");
    let one = web::resource("/members/{id}");
    cfg.service(all.route(web::post().to(create)).route(web::get().to(list)))
        .service(one.route(web::get().to(get)).route(web::put().to(update)));
}

/// A member with coverages.
#[derive(Debug, Serialize, ToSchema)]
struct MemberBody {
    /// Our id.
    #[schema(example = "mem_0J4XQ2M7R8ZKT")]
    id: String,
    /// The organization's own name for the member.
    reference: String,
    /// First name.
    first_name: String,
    /// Last name.
    last_name: String,
    /// Day of birth.
    birth_date: String,
    /// `F`, `M` or `U`.
    gender: String,
    /// Address.
    address: Option<AddressBody>,
    /// Coverages, in order of first day.
    coverages: Vec<CoverageBody>,
    /// What claims say of the member beside that.
    claim: Option<MemberClaimDraft>,
}

/// An address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddressBody {
    /// First line.
    pub line1: String,
    /// Second line.
    pub line2: Option<String>,
    /// City.
    pub city: String,
    /// State.
    pub state: String,
    /// ZIP code, without the hyphen.
    pub zip: String,
}

/// A coverage.
#[derive(Debug, Serialize, ToSchema)]
struct CoverageBody {
    /// Our id.
    id: String,
    /// Id of the payer.
    payer: String,
    /// The payer's number for the member.
    member_number: String,
    /// First day covered.
    from: String,
    /// Last day covered.
    to: Option<String>,
    /// 1 pays first.
    order: u8,
    /// Product line.
    product: Option<String>,
    /// When the organization came to know of it.
    known_on: Option<String>,
}

impl From<&Member> for MemberBody {
    fn from(member: &Member) -> Self {
        let data = &member.data;
        Self {
            id: member.id.to_string(),
            reference: data.reference.to_string(),
            first_name: data.first_name.to_string(),
            last_name: data.last_name.to_string(),
            birth_date: data.birth_date.to_string(),
            gender: data.gender.to_string(),
            address: data.address.as_ref().map(AddressBody::from),
            coverages: member.coverages.iter().map(CoverageBody::from).collect(),
            claim: MemberClaimDraft::of(&data.claim),
        }
    }
}

impl From<&MemberAddress> for AddressBody {
    fn from(address: &MemberAddress) -> Self {
        Self {
            line1: address.line1.to_string(),
            line2: address.line2.as_ref().map(ToString::to_string),
            city: address.city.to_string(),
            state: address.state.to_string(),
            zip: address.zip.to_string(),
        }
    }
}

impl From<&Coverage> for CoverageBody {
    fn from(coverage: &Coverage) -> Self {
        let data = &coverage.data;
        Self {
            id: coverage.id.to_string(),
            payer: data.payer.to_string(),
            member_number: data.member_number.to_string(),
            from: data.span.from.to_string(),
            to: data.span.to.as_ref().map(ToString::to_string),
            order: data.order,
            product: data.product.as_ref().map(ToString::to_string),
            known_on: data.known_on.as_ref().map(ToString::to_string),
        }
    }
}

/// Make a member.
#[utoipa::path(post, path = "/v1/members", tag = "members", request_body = MemberDraft,
    params(Owner,
        ("Idempotency-Key" = Option<String>, Header, description = "Done at most once.")),
    responses((status = 201, description = "Made", body = MemberBody),
        (status = 409, response = Problem), (status = 422, response = Problem),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn create(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    post: Post<MemberDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let input = post.value.parse().map_err(AppError::invalid)?;
    let inner = ctx.clone();
    let work = idempotent::run(&ctx, Scope::Tenant(organization), post.ticket, move |conn| {
        let made = steps::create(conn, &inner, organization, input)?;
        let address = format!("/v1/members/{}", made.id);
        created(&MemberBody::from(&made), address, made.revision)
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
    /// Those whom this payer (id or key) covers at some time.
    #[param(value_type = Option<String>)]
    payer: Option<PayerName>,
    /// Those who have this number at some payer.
    #[param(value_type = Option<String>)]
    member_number: Option<MemberNumber>,
    /// Rows of a page, 1 to 200; 50 when missing.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List members.
#[utoipa::path(get, path = "/v1/members", tag = "members", params(List),
    responses((status = 200, description = "A page", body = PageBody<MemberBody>),
        (status = "4XX", response = Problem), (status = "5XX", response = Problem)))]
async fn list(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<List>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let payer = payers::named(&ctx, query.payer).await?;
    let filters = ("members", organization, &query.reference, payer, &query.member_number);
    let page = Page::new(query.limit, query.cursor.as_deref(), &filters)?;
    let after = page.after.map(MemberId::from_i64);
    let filter = MemberFilter { payer, member_number: query.member_number };
    let rows = steps::list(&ctx, organization, query.reference, filter, after, page.rows()).await?;
    let body = page.body(rows, |r| r.id.as_i64(), |r| MemberBody::from(&r));
    Ok(HttpResponse::Ok().json(body))
}

/// One member.
#[utoipa::path(get, path = "/v1/members/{id}", tag = "members",
    params(Owner, ("id" = String, Path, description = "Id of the member")),
    responses((status = 200, description = "With its ETag", body = MemberBody),
        (status = 404, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn get(
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<MemberId>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    let found = steps::get(&ctx, organization, id).await?;
    Ok(shown(&MemberBody::from(&found), found.revision))
}

/// Change a member. The coverages are replaced by those given, those of the same payer,
/// number and first day being the same coverage.
#[utoipa::path(put, path = "/v1/members/{id}", tag = "members", request_body = MemberDraft,
    params(Owner, ("id" = String, Path, description = "Id of the member"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "Changed", body = MemberBody),
        (status = 404, response = Problem), (status = 412, response = Problem),
        (status = 428, response = Problem), (status = "4XX", response = Problem),
        (status = "5XX", response = Problem)))]
async fn update(
    request: HttpRequest,
    ctx: web::Data<Ctx>,
    Caller(caller): Caller,
    Query(query): Query<Owner>,
    PathId(id): PathId<MemberId>,
    Json(draft): Json<MemberDraft>,
) -> Result<HttpResponse, AppError> {
    let organization = owner(&ctx, &caller, query.organization.as_deref()).await?;
    // What is not there, or not the caller's, is told before anything about the request.
    steps::get(&ctx, organization, id).await?;
    let revision = etag::if_match(&request)?;
    let input = draft.parse().map_err(AppError::invalid)?;
    let changed = steps::update(&ctx, organization, id, revision, input).await?;
    Ok(shown(&MemberBody::from(&changed), changed.revision))
}
