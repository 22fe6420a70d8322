//! Reasons that people write: why something was voided or overridden.

use crate::domain::text::plain;
use crate::error::AppError;

/// Longest reason, in characters: a sentence or two.
const MAX_REASON_CHARS: usize = 500;

/// The reason at `/reason` of a body.
pub fn reason(text: &str) -> Result<String, AppError> {
    words("/reason", text)
}

/// A sentence of a person at some field of a body.
pub fn words(field: &str, text: &str) -> Result<String, AppError> {
    plain(text, MAX_REASON_CHARS).ok_or_else(|| {
        let name = field.trim_start_matches('/');
        let message =
            format!("write a {name} of 1 to {MAX_REASON_CHARS} characters, none of them control.");
        AppError::field(field, message)
    })
}
