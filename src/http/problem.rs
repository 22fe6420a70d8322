//! Errors as RFC 9457 problem details: the only place where an error becomes an answer.
//!
//! Every answer with an error status is `application/problem+json`, also those that the web
//! framework gives by itself (`finish`). Only a request whose head is not HTTP gets a bare 400.

use std::cell::RefCell;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::{ToResponse, ToSchema};

use crate::error::{AppError, Code, Fault};

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the type of a problem starts with; the code follows. A name, not an address.
pub const TYPE_BASE: &str = "https://peerclaims.example/errors/";
/// Seconds after which a busy service may be asked again.
const RETRY_SECONDS: usize = 1;

tokio::task_local! {
    /// The id of the request that is being answered.
    static REQUEST_ID: RefCell<String>;
}

/// Runs `work` as the answer to the request with this id.
pub(super) async fn with_request_id<T>(id: &str, work: impl Future<Output = T>) -> T {
    REQUEST_ID.scope(RefCell::new(id.to_owned()), work).await
}

/// The same for work that runs on another thread.
pub(super) fn under_request_id<T>(id: String, work: impl FnOnce() -> T) -> T {
    REQUEST_ID.sync_scope(RefCell::new(id), work)
}

/// The id of the request that is being answered; empty outside of one.
pub(super) fn request_id() -> String {
    REQUEST_ID.try_with(|id| id.borrow().clone()).unwrap_or_default()
}

/// A problem as RFC 9457 says it.
#[derive(Debug, Serialize, ToSchema, ToResponse)]
#[response(
    description = "A problem (RFC 9457). `code` is stable; docs/errors.md lists all of them.",
    content_type = "application/problem+json"
)]
pub struct Problem {
    /// Names the kind of problem: a fixed text that ends in the code.
    #[serde(rename = "type")]
    #[schema(example = "https://peerclaims.example/errors/invalid_input")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// The stable code.
    #[schema(example = "invalid_input")]
    code: &'static str,
    /// What happened and what to do.
    detail: String,
    /// Finds the request in the log of the service.
    request_id: String,
    /// What is wrong where; the first hundred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FaultBody>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultBody {
    /// JSON pointer (RFC 6901) of the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Line, 1 first.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// Column: its name in CSV, its place in the line in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// What is wrong and what to write.
    message: String,
}

impl From<&Fault> for FaultBody {
    fn from(fault: &Fault) -> Self {
        Self {
            pointer: fault.pointer.clone(),
            line: fault.line,
            column: fault.column.clone(),
            message: fault.message.clone(),
        }
    }
}

impl From<&AppError> for Problem {
    fn from(error: &AppError) -> Self {
        Self {
            kind: format!("{TYPE_BASE}{}", error.code.as_str()),
            title: error.code.title(),
            status: error.code.status(),
            code: error.code.as_str(),
            detail: error.detail.clone(),
            request_id: request_id(),
            faults: error.faults.iter().map(FaultBody::from).collect(),
        }
    }
}

impl Problem {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if self.retryable() {
            response.insert_header((RETRY_AFTER, RETRY_SECONDS));
        }
        if self.code == Code::TooSlow {
            // What is still to come of the body is not waited for.
            response.force_close();
        }
        if self.code == Code::Unauthorized {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"peerclaims\""));
        }
        let body = serde_json::to_string(&Problem::from(self)).unwrap_or_default();
        response.content_type(MEDIA_TYPE).body(body)
    }
}

/// What answers where there is nothing.
pub(super) async fn no_route() -> Result<HttpResponse, AppError> {
    Err(AppError::new(Code::NotFound, "There is nothing at this path; see /openapi.json."))
}

/// Gives an error answer of the web framework the form of a problem; others stay as they are.
pub(super) fn finish(response: ServiceResponse<impl MessageBody + 'static>) -> ServiceResponse {
    let status = response.status();
    let error_status = status.is_client_error() || status.is_server_error();
    let shaped = response.headers().get(CONTENT_TYPE).is_some_and(|t| t == MEDIA_TYPE);
    let response = response.map_into_boxed_body();
    if !error_status || shaped {
        return response;
    }
    let error = of_status(status);
    // The headers stay: Allow belongs to 405.
    let answer = serde_json::to_string(&Problem::from(&error)).unwrap_or_default();
    let mut response = response.map_body(|_, _| BoxBody::new(answer));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    *response.response_mut().status_mut() = error.status_code();
    // For the log and the counts, which know our own errors by themselves.
    response.response_mut().extensions_mut().insert(error.code);
    response
}

fn of_status(status: StatusCode) -> AppError {
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => (Code::NotFound, "There is nothing at this path."),
        StatusCode::METHOD_NOT_ALLOWED => {
            (Code::MethodNotAllowed, "The header Allow lists the methods of this resource.")
        }
        StatusCode::REQUEST_TIMEOUT => (Code::TooSlow, "The request did not arrive in time."),
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "The body is larger than allowed."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            (Code::UnsupportedMediaType, "The type of the body is not read here.")
        }
        StatusCode::NOT_ACCEPTABLE => {
            (Code::NotAcceptable, "The header Accept allows nothing that is to be had here.")
        }
        StatusCode::UNAUTHORIZED => (Code::Unauthorized, "Send a valid API key."),
        s if s.is_client_error() => (Code::MalformedBody, "The request cannot be read."),
        _ => return AppError::internal(format!("the web framework answered {status}")),
    };
    AppError::new(code, detail)
}
