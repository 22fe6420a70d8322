//! Other payers of a claim: loops 2320, 2330A and 2330B, and what they did with a line, 2430.

use std::io::Write;

use crate::domain::claim::ClaimLine;
use crate::domain::claim_detail::{Adjustment, LineAdjudication, OtherPayer};
use crate::domain::codes::Modifier;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::line::procedure;
use super::parties::{street, town};

/// Reasons of one CAS segment.
const REASONS: usize = 6;

/// Loops 2320, 2330A and 2330B. The payer's date stands at the lines when they state it, else
/// here, never at both.
pub(super) fn payer<W: Write>(
    out: &mut SegmentWriter<W>,
    other: &OtherPayer,
    dated_by_lines: bool,
) -> Result<(), X12Error> {
    out.segment("2320", "SBR").code(other.sequence.as_str()).code(other.relationship.as_str());
    match &other.group_number {
        Some(number) => out.text(number.as_str(), 1..=50),
        None => out.skip(1),
    };
    out.skip(5).text(&other.filing_code, 1..=2).end()?;
    adjustments(out, "2320", &other.adjustments)?;
    for (kind, amount) in [("D", other.paid), ("EAF", other.remaining)] {
        if let Some(amount) = amount {
            out.segment("2320", "AMT").code(kind).amount(amount).end()?;
        }
    }
    out.segment("2320", "OI")
        .skip(2)
        .code(other.benefits.as_str())
        .skip(2)
        .code(other.release.as_str())
        .end()?;
    insured(out, other)?;
    out.segment("2330B", "NM1")
        .code("PR")
        .code("2")
        .text(other.name.as_str(), 1..=60)
        .skip(4)
        .code("PI")
        .text(other.id.as_str(), 2..=80)
        .end()?;
    if let Some(date) = other.adjudicated.filter(|_| !dated_by_lines) {
        out.segment("2330B", "DTP").code("573").code("D8").date(date).end()?;
    }
    if let Some(control) = &other.control {
        out.segment("2330B", "REF").code("F8").text_as_told(control.as_str(), 1..=50).end()?;
    }
    Ok(())
}

fn insured<W: Write>(out: &mut SegmentWriter<W>, other: &OtherPayer) -> Result<(), X12Error> {
    let insured = &other.insured;
    out.segment("2330A", "NM1")
        .code("IL")
        .code("1")
        .text(insured.last_name.as_str(), 1..=60)
        .text(insured.first_name.as_str(), 1..=35)
        .skip(3)
        .code("MI")
        .text(insured.number.as_str(), 2..=80)
        .end()?;
    let Some(address) = &insured.address else { return Ok(()) };
    street(out, "2330A", &address.line1, address.line2.as_ref())?;
    town(out, "2330A", &address.city, &address.state, address.zip.as_str())
}

/// Loop 2430.
pub(super) fn line<W: Write>(
    out: &mut SegmentWriter<W>,
    line: &ClaimLine,
    word: &LineAdjudication,
    order: &[Modifier],
) -> Result<(), X12Error> {
    out.segment("2430", "SVD").text(word.payer.as_str(), 2..=80).amount(word.paid);
    procedure(out, line, order);
    out.skip(1).quantity(word.units).end()?;
    adjustments(out, "2430", &word.adjustments)?;
    out.segment("2430", "DTP").code("573").code("D8").date(word.date).end()?;
    if let Some(remaining) = word.remaining {
        out.segment("2430", "AMT").code("EAF").amount(remaining).end()?;
    }
    Ok(())
}

/// CAS: neighbours with one group share a segment, six reasons at most.
fn adjustments<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    all: &[Adjustment],
) -> Result<(), X12Error> {
    for run in all.chunk_by(|a, b| a.group == b.group).flat_map(|run| run.chunks(REASONS)) {
        let Some(first) = run.first() else { continue };
        out.segment(loop_id, "CAS").code(first.group.as_str());
        for one in run {
            out.code(one.reason.as_str()).signed_amount(one.amount);
            match one.quantity {
                Some(quantity) => out.quantity(quantity),
                None => out.skip(1),
            };
        }
        out.end()?;
    }
    Ok(())
}
