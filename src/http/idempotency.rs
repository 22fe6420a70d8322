//! POST bodies with their Idempotency-Key, and answers made of kept ones.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::{auth, body, json};
use crate::error::{AppError, Code};
use crate::flow::idempotent::{Reply, Ticket};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The JSON body of a POST with its ticket.
#[derive(Debug, Clone)]
pub struct Post<T> {
    /// The body.
    pub value: T,
    /// Present when the request has an Idempotency-Key; for `flow::idempotent::run`.
    pub ticket: Option<Ticket>,
}

/// A POST without a body (or with `{}`), and its ticket.
#[derive(Debug, Clone)]
pub struct Action {
    /// Present when the request has an Idempotency-Key; for `flow::idempotent::run`.
    pub ticket: Option<Ticket>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Post<T> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            json::expect_json(&request)?;
            let bytes = body::read(&request, &mut payload).await?;
            let ticket = ticket(&request, &bytes)?;
            Ok(Self { value: json::decode(&bytes)?, ticket })
        })
    }
}

impl FromRequest for Action {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = body::read(&request, &mut payload).await?;
            if bytes.iter().any(|b| !b.is_ascii_whitespace() && !b"{}".contains(b)) {
                let detail = "This request takes no body; send none, or {}.";
                return Err(AppError::new(Code::MalformedBody, detail));
            }
            Ok(Self { ticket: ticket(&request, b"")? })
        })
    }
}

/// The ticket of a request whose body is `bytes`, when it has an Idempotency-Key.
pub fn ticket(request: &HttpRequest, bytes: &[u8]) -> Result<Option<Ticket>, AppError> {
    let mut given = request.headers().get_all(&IDEMPOTENCY_KEY);
    let Some(text) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        let detail = "The request has more than one Idempotency-Key; send one.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    // What is not ASCII fails the check of the ticket, as an empty text does.
    let text = text.to_str().unwrap_or_default();
    let endpoint = format!("{} {}", request.method(), request.uri());
    Ticket::new(auth::caller(request)?.key, text, &endpoint, bytes).map(Some)
}

/// Sends an answer of the flow.
pub fn respond(reply: Reply) -> Result<HttpResponse, AppError> {
    let status = StatusCode::from_u16(reply.status)
        .map_err(|_| AppError::internal("an answer has no valid status"))?;
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((CONTENT_TYPE, "application/json"));
    for (name, value) in &reply.headers {
        let broken = |_| AppError::internal("an answer has an invalid header");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| broken(e.to_string()))?;
        let value = HeaderValue::from_str(value).map_err(|e| broken(e.to_string()))?;
        response.insert_header((name, value));
    }
    Ok(response.body(reply.body))
}
