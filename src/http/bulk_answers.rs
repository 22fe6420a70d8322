//! The answers to a chunk of a bulk upload: one line of NDJSON for each row, in order.

use actix_web::web::Bytes;
use serde::Serialize;

use super::bulk_rows::Row;
use super::encounter_view::EncounterView;
use super::problem::Problem;
use crate::domain::ids::OrganizationId;
use crate::error::AppError;
use crate::flow::intake::RowResult;
use crate::metrics::Metrics;

/// The answer to one row.
#[derive(Debug, Serialize)]
struct RowAnswer<'a> {
    row: u64,
    line: u64,
    status: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revised: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    encounter: Option<&'a EncounterView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// Writes an answer for each row of a chunk, of whose well-formed rows this became. Runs on a
/// blocking thread: the views of a chunk are some hundred kilobytes of JSON.
pub(super) fn write_answers(
    metrics: &Metrics,
    tenant: OrganizationId,
    chunk: Vec<Row>,
    recorded: Result<Vec<RowResult>, AppError>,
) -> Result<Bytes, AppError> {
    // A chunk that failed as a whole (a busy database) is answered row by row: each may be sent again.
    let (mut results, failed) = match recorded {
        Ok(results) => (results.into_iter(), None),
        Err(error) => (Vec::new().into_iter(), Some(error)),
    };
    let mut out = Vec::with_capacity(chunk.len() * 1024);
    for row in chunk {
        let result = match (&row.parsed, &failed) {
            (Err(error), _) | (Ok(_), Some(error)) => Err(Problem::from(error)),
            (Ok(_), None) => match results.next() {
                Some(Ok(recorded)) => Ok(recorded),
                Some(Err(error)) => Err(Problem::from(&row.place(error))),
                None => return Err(AppError::internal("a row has no result")),
            },
        };
        let outcome = match &result {
            Ok(recorded) if recorded.revised => "revised",
            Ok(recorded) if recorded.fresh => "recorded",
            Ok(_) => "repeated",
            Err(_) => "refused",
        };
        metrics.bulk_rows.add(outcome, 1);
        let (status, revised, view, error) = match result {
            Ok(recorded) => {
                let revised = recorded.revised;
                let status = if recorded.fresh && !revised { 201 } else { 200 };
                (status, revised, Some(EncounterView::recorded(tenant, recorded)), None)
            }
            Err(problem) => (problem.status(), false, None, Some(problem)),
        };
        let (row, line, encounter) = (row.row, row.line, view.as_ref());
        let answer = RowAnswer { row, line, status, revised, encounter, error };
        serde_json::to_writer(&mut out, &answer).map_err(|e| AppError::internal(e.to_string()))?;
        out.push(b'\n');
    }
    Ok(Bytes::from(out))
}
