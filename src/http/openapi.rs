//! The OpenAPI 3.1 document, made from the code: each file of resources gives its part.

use std::sync::LazyLock;

use actix_web::{HttpResponse, web};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::{FaultBody, Problem};
use super::{authorizations, contracts, health, members, organizations, packs, payers, peers};
use crate::error::AppError;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "peerclaims",
        description = "Medicaid billing and managed-care claims for peer support. Errors are \
                       problem details (RFC 9457) with a stable `code`. Lists are keyset pages: \
                       `limit` and `cursor`. A POST with an `Idempotency-Key` is done at most once.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(responses(Problem), schemas(Problem, FaultBody)),
    modifiers(&Bearer),
    security(("api_key" = [])),
)]
struct Root;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `peerclaims keys create`."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// The whole document.
pub fn document() -> Document {
    // Functions and not documents: a list of all documents at once is too large for a stack.
    let parts: &[fn() -> Document] = &[
        health::Doc::openapi,
        super::encounters::Doc::openapi,
        super::encounter_revisions::Doc::openapi,
        super::explanation::Doc::openapi,
        super::bulk::Doc::openapi,
        super::sessions::Doc::openapi,
        super::sessions_bulk::Doc::openapi,
        super::member_allowances::Doc::openapi,
        super::changes::Doc::openapi,
        super::batches::Doc::openapi,
        super::corrections::Doc::openapi,
        super::received::Doc::openapi,
        super::tasks::Doc::openapi,
        super::claim_changes::Doc::openapi,
        super::claims::Doc::openapi,
        super::differences::Doc::openapi,
        super::enrollments::Doc::openapi,
        super::report_lines::Doc::openapi,
        super::report_frame::Doc::openapi,
        super::report_issues::Doc::openapi,
        super::report_jobs::Doc::openapi,
        super::overrides::Doc::openapi,
        super::worklist::Doc::openapi,
        super::audit::Doc::openapi,
        organizations::Doc::openapi,
        payers::Doc::openapi,
        packs::Doc::openapi,
        contracts::Doc::openapi,
        peers::Doc::openapi,
        members::Doc::openapi,
        authorizations::Doc::openapi,
        super::documents::Doc::openapi,
        super::episodes::Doc::openapi,
        super::consents::Doc::openapi,
        super::openings::Doc::openapi,
        super::programs::Doc::openapi,
    ];
    parts.iter().fold(Root::openapi(), |whole, part| whole.merge_from(part()))
}

static TEXT: LazyLock<Result<String, String>> =
    LazyLock::new(|| document().to_json().map_err(|e| e.to_string()));

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/openapi.json").route(web::get().to(send)));
}

async fn send() -> Result<HttpResponse, AppError> {
    let text = TEXT.as_ref().map_err(|e| AppError::internal(e.clone()))?;
    Ok(HttpResponse::Ok().content_type("application/json").body(text.as_str()))
}
