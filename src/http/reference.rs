//! What the resources of reference data share: who may, which organization, documents in TOML or
//! JSON, answers with their entity tag.

use actix_web::dev::Payload;
use actix_web::http::header::ETAG;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::{body, etag, idempotency, json};
use crate::domain::ids::OrganizationId;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::access::{self, Principal, Role};
use crate::flow::idempotent::{Reply, Ticket};
use crate::flow::reference::Document;

/// Roles that work with reference data; for the others there is none.
pub(super) const KEEPERS: &[Role] = &[Role::Admin, Role::Biller];

/// The parameter of requests about one thing of an organization.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Owner {
    /// Id or key of the organization; an admin must name it, a biller has one.
    #[param(example = "river-bend")]
    pub organization: Option<String>,
}

/// The organization that a request is about, for those who may work with its reference data.
pub(super) async fn owner(
    ctx: &Ctx,
    caller: &Principal,
    requested: Option<&str>,
) -> Result<OrganizationId, AppError> {
    caller.require(KEEPERS)?;
    access::tenant(ctx, caller, requested).await
}

/// 201 with the new thing, its address and its entity tag.
pub(super) fn created(
    body: &impl Serialize,
    address: String,
    revision: i32,
) -> Result<Reply, AppError> {
    let reply = Reply::json(201, body)?.with_header("Location", address);
    Ok(reply.with_header("ETag", etag::etag(revision)))
}

/// 200 with a thing and its entity tag.
pub(super) fn shown(body: &impl Serialize, revision: i32) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, etag::etag(revision))).json(body)
}

/// The body of a POST of a pack or contract: TOML or JSON.
#[derive(Debug)]
pub(super) struct PostDocument {
    pub document: Document,
    pub ticket: Option<Ticket>,
}

impl FromRequest for PostDocument {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let media_type = body::media_type(&request)?;
            let toml = match media_type.as_deref() {
                Some("application/toml") => true,
                Some("application/json") => false,
                _ => return Err(neither()),
            };
            let bytes = body::read(&request, &mut payload).await?;
            let ticket = idempotency::ticket(&request, &bytes)?;
            let document = if toml {
                let text = std::str::from_utf8(&bytes).map_err(|_| not_utf8())?;
                Document::Toml(text.to_owned())
            } else {
                Document::Json(json::decode(&bytes)?)
            };
            Ok(Self { document, ticket })
        })
    }
}

fn neither() -> AppError {
    AppError::new(
        Code::UnsupportedMediaType,
        "Send TOML (Content-Type: application/toml) or JSON of the same layout (application/json).",
    )
}

fn not_utf8() -> AppError {
    AppError::new(Code::MalformedBody, "The body is not UTF-8.")
}
