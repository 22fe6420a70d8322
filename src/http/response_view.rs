//! What was said of a batch or claim, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::response::{Response, Said};

/// What was said of a batch or claim.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResponseView {
    /// Our id.
    #[schema(example = "rsp_0KXJ5T9B20000")]
    id: String,
    /// The file that says it.
    file: String,
    /// The batch.
    batch: String,
    /// The claim; none when the batch or one of its sets is meant.
    claim: Option<String>,
    /// interchange (TA1), set (999), claim (277CA).
    stage: String,
    /// receiver, clearinghouse, payer.
    source: String,
    /// ISA13; group and set control number; CLM01.
    control: String,
    /// accepted, `accepted_with_errors`, rejected, mixed, unknown.
    verdict: String,
    /// What it did: accepted, rejected, recorded, contradicts, unclear.
    effect: String,
    /// The codes, in words.
    said: Vec<SaidView>,
    /// The payer's number for the claim.
    payer_control: Option<String>,
    /// The clearinghouse's.
    clearinghouse_control: Option<String>,
    /// When it was recorded.
    recorded_at: String,
}

/// A code in words.
#[derive(Debug, Serialize, ToSchema)]
struct SaidView {
    /// The codes.
    #[schema(example = "A7:562:85")]
    code: String,
    /// Where.
    place: Option<String>,
    /// What they mean.
    message: String,
}

impl From<Said> for SaidView {
    fn from(said: Said) -> Self {
        Self { code: said.code, place: said.place, message: said.message }
    }
}

impl From<Response> for ResponseView {
    fn from(r: Response) -> Self {
        Self {
            id: r.id.to_string(),
            file: r.received.to_string(),
            batch: r.batch.to_string(),
            claim: r.claim.map(String::from),
            stage: r.stage.to_string(),
            source: r.source.to_string(),
            control: r.control,
            verdict: r.verdict.to_string(),
            effect: r.effect.to_string(),
            said: r.said.into_iter().map(SaidView::from).collect(),
            payer_control: r.payer_control,
            clearinghouse_control: r.clearinghouse_control,
            recorded_at: r.recorded_at.to_string(),
        }
    }
}
