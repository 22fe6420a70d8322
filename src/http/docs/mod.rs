//! `/docs`: the OpenAPI document as a page for people, made here from the document itself.
//!
//! One page without scripts, fonts or pictures, so that it works anywhere, also without a network; a
//! browser's own search finds everything in it. Each operation and each schema has an anchor.

mod call;
mod example;
mod html;
mod operation;
mod page;
mod schema;

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, HttpResponseBuilder, web};

use super::openapi;
use crate::error::AppError;

/// The page may load its own style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// What every answer here says to a browser.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // A new version of the program may describe a new API.
    (CACHE_CONTROL, "no-cache"),
];

static PAGE: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let document = serde_json::to_value(openapi::document()).map_err(|e| e.to_string())?;
    Ok(page::write(&document))
});

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/docs").route(web::get().to(send)))
        .service(web::resource("/docs/style.css").route(web::get().to(style)));
}

fn with_headers() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    for header in HEADERS {
        response.insert_header(header);
    }
    response
}

async fn send() -> Result<HttpResponse, AppError> {
    let text = PAGE.as_ref().map_err(|e| AppError::internal(e.clone()))?;
    Ok(with_headers().content_type("text/html; charset=utf-8").body(text.as_str()))
}

async fn style() -> HttpResponse {
    with_headers().content_type("text/css; charset=utf-8").body(include_str!("style.css"))
}
