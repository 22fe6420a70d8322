//! Revisions as entity tags: a change says which revision it was made from (RFC 9110 section 13).

use actix_web::HttpRequest;
use actix_web::http::header::IF_MATCH;

use crate::error::{AppError, Code};

/// The entity tag of a revision: `"7"`.
pub fn etag(revision: i32) -> String {
    format!("\"{revision}\"")
}

/// The revision that `If-Match` names. Missing: `precondition_required`; not a tag of ours:
/// `precondition_failed`, because it is the tag of nothing here.
pub fn if_match(request: &HttpRequest) -> Result<i32, AppError> {
    let header = request.headers().get(IF_MATCH).ok_or_else(|| {
        AppError::new(
            Code::PreconditionRequired,
            "Send If-Match with the ETag of what you read, so that nobody's change is lost.",
        )
    })?;
    header
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .ok_or_else(changed)
}

/// `precondition_failed`.
pub fn changed() -> AppError {
    AppError::new(
        Code::PreconditionFailed,
        "It was changed since you read it. Read it again, look at the difference, and send your \
         change with the new ETag.",
    )
}
