//! Who is calling: the header `Authorization: Bearer pck_…` becomes a `Principal`, before anything
//! else of a request below `/v1` is looked at.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::{gate, problem};
use crate::error::{AppError, Code};
use crate::flow::Actor;
use crate::flow::access::{self, Principal};

/// The middleware of `/v1`.
pub(super) async fn authenticate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    match principal(request.request()).await {
        Ok(principal) => {
            tracing::debug!(key = %principal.key, role = principal.role.as_str(), "caller");
            if !gate::open(principal.role, request.method(), request.path()) {
                return Ok(request.error_response(access::hidden()));
            }
            let acting = acting(&request, &principal)?;
            request.add_data_container(acting);
            request.extensions_mut().insert(principal);
            next.call(request).await.map(ServiceResponse::map_into_boxed_body)
        }
        Err(error) => Ok(request.error_response(error)),
    }
}

/// The context of this one request: the service's, with the holder of the key acting. Handlers ask
/// for `web::Data<Ctx>` and get it.
fn acting(request: &ServiceRequest, who: &Principal) -> Result<Rc<Extensions>, AppError> {
    let id = problem::request_id();
    let actor = Actor::Key { id: who.key, role: who.role, request: id.into() };
    let mut own = Extensions::new();
    own.insert(web::Data::new(super::ctx(request.request())?.acting(actor)));
    Ok(Rc::new(own))
}

async fn principal(request: &HttpRequest) -> Result<Principal, AppError> {
    let key = bearer(request).unwrap_or_default();
    access::authenticate(super::ctx(request)?, key).await
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    // Two keys: which one is meant is not for us to guess.
    let (only, None) = (headers.next()?, headers.next()) else { return None };
    let (scheme, key) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The caller of this request.
pub(super) fn caller(request: &HttpRequest) -> Result<Principal, AppError> {
    request
        .extensions()
        .get::<Principal>()
        .cloned()
        .ok_or_else(|| AppError::new(Code::Unauthorized, "Send a valid API key."))
}

/// The caller, for handlers.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl FromRequest for Caller {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).map(Self))
    }
}
