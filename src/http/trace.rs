//! One span and one log line for each request, and its id, which the answer carries.
//!
//! What is logged: id, method, route pattern, status, time, error code and cause. Never the path
//! itself (it holds ids), the query, headers or bodies.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;

use super::patience::{Handed, Line};
use super::problem;
use crate::domain::ids::Tsid;
use crate::error::{AppError, Code};
use crate::metrics::Metrics;

/// Carries the id of a request, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken over from a caller.
const MAX_ID_CHARS: usize = 64;

/// A fresh id in the form of our other ids.
struct Fresh(String);

impl From<Tsid> for Fresh {
    fn from(id: Tsid) -> Self {
        Self(format!("req_{}", id.text()))
    }
}

fn accepted(text: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=MAX_ID_CHARS).contains(&text.len()) && text.bytes().all(safe)
}

fn id_of(request: &ServiceRequest) -> String {
    let given = request.headers().get(&REQUEST_ID).and_then(|v| v.to_str().ok());
    match (given.filter(|text| accepted(text)), super::ctx(request.request())) {
        (Some(text), _) => text.to_owned(),
        (None, Ok(ctx)) => ctx.id::<Fresh>().0,
        (None, Err(_)) => String::new(),
    }
}

/// The outermost middleware.
pub(super) async fn request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Handed>, actix_web::Error> {
    let started = Instant::now();
    let id = id_of(&request);
    let metrics = super::ctx(request.request()).ok().map(|ctx| ctx.metrics.clone());
    let busy = request.request().conn_data::<Rc<Line>>().map(Line::busy);
    let running = metrics.as_ref().map(Metrics::begin);
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id = id, method = method.as_str());
    let work = async {
        // The request is not kept beside: the router needs it for itself. Middleware below answers
        // its errors, so that none comes up to here without an answer.
        let mut response = problem::finish(next.call(request).await?);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let time = started.elapsed();
        log(&response, time);
        if let Some(metrics) = metrics {
            count(&metrics, &response, time);
        }
        Ok(response.map_body(|_, body| Handed::new(body, busy, running)))
    };
    problem::with_request_id(&id, work.instrument(span)).await
}

fn error_of(response: &ServiceResponse) -> Option<&AppError> {
    response.response().error().and_then(|e| e.as_error::<AppError>())
}

/// The code of an answer with an error: ours, or the one that an error of the web framework got.
fn code_of(response: &ServiceResponse) -> Option<&'static str> {
    let ours = error_of(response).map(|error| error.code);
    let code = ours.or_else(|| response.response().extensions().get::<Code>().copied());
    code.map(Code::as_str)
}

fn log(response: &ServiceResponse, time: Duration) {
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("none");
    let status = response.status().as_u16();
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let error = error_of(response);
    let code = code_of(response);
    let cause = error.and_then(|e| e.internal.as_deref());
    if status >= 500 {
        tracing::error!(route, status, micros, code, cause, "request");
    } else {
        tracing::info!(route, status, micros, code, cause, "request");
    }
}

fn count(metrics: &Metrics, response: &ServiceResponse, time: Duration) {
    let request = response.request();
    let route = request.match_pattern();
    let route = route.as_deref().unwrap_or("none");
    metrics.answered(request.method().as_str(), route, response.status().as_u16(), time);
    if let Some(code) = code_of(response) {
        metrics.errors.add(code, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn only_plain_short_request_ids_are_taken_over() {
        assert!(accepted("a-Z_0.9"));
        assert!(accepted(&"a".repeat(64)));
        for bad in ["", "a b", "a\"b", "é", "a\n"] {
            assert!(!accepted(bad), "{bad}");
        }
        assert!(!accepted(&"a".repeat(65)));
    }
}
