//! The receipt of a delivery, as a person writes it down.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::batch::Receipt;
use crate::domain::dates::Instant;
use crate::domain::text::plain;
use crate::error::{AppError, Fault};

/// Longest text of a receipt's field.
const MAX_RECEIPT_CHARS: usize = 200;

/// That a released batch reached the payer, and how that is known: the proof of timely filing.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveredBody {
    /// How, such as `payer portal` or `sftp`.
    #[schema(min_length = 1, max_length = 200, example = "payer portal")]
    how: String,
    /// To whom or where.
    #[schema(min_length = 1, max_length = 200, example = "Evergreen claims intake")]
    to: String,
    /// The receiver's own number for it.
    #[schema(max_length = 200, example = "UP-20261005-17")]
    reference: Option<String>,
    /// When; now when not said.
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
}

/// The receipt and the moment of the delivery, or all that is wrong with them.
pub(super) fn receipt(body: DeliveredBody) -> Result<(Receipt, Option<Instant>), AppError> {
    let mut faults = Vec::new();
    let mut text = |pointer: &str, text: &str| {
        let text = plain(text, MAX_RECEIPT_CHARS);
        if text.is_none() {
            let message = format!("write 1 to {MAX_RECEIPT_CHARS} characters.");
            faults.push(Fault::at(pointer, message));
        }
        text.unwrap_or_default()
    };
    let receipt = Receipt {
        how: text("/how", &body.how),
        to: text("/to", &body.to),
        reference: body.reference.as_deref().map(|r| text("/reference", r)),
    };
    let at = body.delivered_at.as_deref().map(Instant::parse);
    if let Some(Err(error)) = &at {
        faults.push(Fault::at("/delivered_at", format!("{error}.")));
    }
    if faults.is_empty() {
        Ok((receipt, at.and_then(Result::ok)))
    } else {
        Err(AppError::invalid(faults))
    }
}
