//! A line as a row: the columns, and what stands in them.

use super::super::frame::{Column, Value};
use crate::domain::dates::Instant;
use crate::domain::status::{ClaimStatus, LineStatus};
use crate::store::line_pages::{SentClaim, SentLine, WaitingLine};

/// The columns of a line, as `docs/reports.md` documents them.
pub const COLUMNS: &[Column] = &[
    Column::key("organization", "key of the organization"),
    Column::key("payer", "key of the payer; none where the rules found none"),
    Column::words(
        "status",
        "as in utilization: ready, held, claimed (on a claim that is not released) or submitted",
    ),
    Column::key("claim_number", "CLM01; null (not_claimed)"),
    Column::key("line_control", "REF*6R; null (not_claimed)"),
    Column::words("claim_status", "batched, released, delivered, accepted; null (not_claimed)"),
    Column::words("claim_kind", "original or replacement (CLM05-3); null (not_claimed)"),
    Column::words("payer_claim", "the payer's number of the claim; null (not_known)"),
    Column::words("batch", "our id of the batch; null (not_claimed)"),
    Column::time("released_at", "when the batch was released; null (not_released)"),
    Column::time("delivered_at", "when the batch reached the payer; null (not_delivered)"),
    Column::words("member_number", "the member's number at the payer; null (not_known)"),
    Column::words(
        "member",
        "the organization's own name of the member; null (not_told) for a payer",
    ),
    Column::words(
        "rendering_npi",
        "NPI of the peer; of several, with a semicolon, where the claim names none",
    ),
    Column::date("service_date", "date of service"),
    Column::words("service", "the contract's service"),
    Column::words("procedure", "SV101-2"),
    Column::words("modifiers", "SV101-3 to -6, joined by colons"),
    Column::words("place", "place of service"),
    Column::sum("lines", "lines", "1; of all: how many there are"),
    Column::sum(
        "units",
        "units",
        "SV104, or what it would be; of all: null (mixed_units) where they are of different lengths",
    ),
    Column::money("charge", "SV102, or what it would be"),
    Column::money("expected", "what the contract should pay for the line"),
    Column::words("authorization", "the number sent or drawn on; null (none)"),
    Column::date("file_by", "last day for the delivery of the claim; null (not_known)"),
    Column::words(
        "encounters",
        "the organization's own names of the visits, joined by semicolons; null (not_told) for a payer",
    ),
];

/// The status of the lines of a claim, in the words of utilization.
pub(super) fn status(claim: ClaimStatus) -> &'static str {
    if claim.is_billed() { LineStatus::Submitted } else { LineStatus::Claimed }.as_str()
}

/// What a claim does not say of itself.
pub(super) struct Told<'a> {
    /// Key of the organization.
    pub(super) organization: &'a str,
    /// Key of the payer.
    pub(super) payer: &'a str,
    /// The organization's own name of the member; none for a payer.
    pub(super) member: Option<&'a str>,
    /// And of the visits.
    pub(super) visits: Option<String>,
}

fn text_or(text: Option<&str>, reason: &'static str) -> Value {
    text.map_or(Value::Null(reason), Value::text)
}

fn time_or(time: Option<Instant>, reason: &'static str) -> Value {
    time.map_or(Value::Null(reason), Value::Time)
}

/// The row of a line on a claim.
pub(super) fn sent(claim: &SentClaim, line: &SentLine, told: Told<'_>) -> Vec<Value> {
    vec![
        Value::text(told.organization),
        Value::text(told.payer),
        Value::text(status(claim.status)),
        Value::text(&claim.number),
        Value::text(&line.control),
        Value::text(claim.status.as_str()),
        Value::text(claim.frequency.as_str()),
        text_or(claim.payer_claim.as_deref(), "not_known"),
        Value::text(claim.batch.to_string()),
        time_or(claim.released, "not_released"),
        time_or(claim.delivered, "not_delivered"),
        Value::text(&claim.member_number),
        text_or(told.member, "not_told"),
        Value::text(&line.npi),
        Value::Date(line.date),
        Value::text(&line.service),
        Value::text(&line.procedure),
        Value::text(line.modifiers.join(":")),
        Value::text(&line.place),
        Value::Integer(1),
        Value::Integer(line.units),
        Value::Money(line.charge),
        Value::Money(line.expected),
        text_or(line.authorization.as_deref(), "none"),
        Value::Date(claim.file_by),
        told.visits.map_or(Value::Null("not_told"), Value::Text),
    ]
}

/// The row of a line that is on no claim.
pub(super) fn waiting(line: &WaitingLine, organization: &str, payer: &str) -> Vec<Value> {
    vec![
        Value::text(organization),
        Value::text(payer),
        Value::text(&line.status),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        Value::Null("not_claimed"),
        text_or(line.member_number.as_deref(), "not_known"),
        Value::text(&line.member),
        Value::text(&line.npi),
        Value::Date(line.service_date),
        Value::text(&line.service),
        Value::text(&line.procedure_code),
        Value::text(&line.modifiers),
        Value::text(&line.place),
        Value::Integer(1),
        Value::Integer(line.units),
        Value::Money(line.charge),
        Value::Money(line.expected),
        text_or(line.authorization.as_deref(), "none"),
        line.file_by.map_or(Value::Null("not_known"), Value::Date),
        Value::text(&line.reference),
    ]
}
