//! Reasons that people write: why something was voided or overridden.

use crate::domain::text::plain;
use crate::error::AppError;

/// Longest reason, in characters: a sentence or two.
const MAX_REASON_CHARS: usize = 500;

/// The reason at `/reason` of a body.
pub fn reason(text: &str) -> Result<String, AppError> {
    plain(text, MAX_REASON_CHARS).ok_or_else(|| {
        let message =
            format!("write a reason of 1 to {MAX_REASON_CHARS} characters, none of them control.");
        AppError::field("/reason", message)
    })
}
