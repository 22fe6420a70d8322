//! Service lines: loops 2400, 2420 and 2430.

use std::io::Write;

use crate::domain::claim::{Claim, ClaimLine, FileHeader};
use crate::domain::claim_detail::{ClaimDetail, LineDetail};
use crate::domain::codes::Modifier;
use crate::domain::contract::form::LinesForm;
use crate::domain::contract::form::kinds::{DateFormat, UnitBasis};
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::claim::{authorization, is_of_epsdt_age};
use super::providers::{provider, sent};
use super::{form, notes, others};

pub(super) fn write_all<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let knobs = &form(header).lines;
    let plain = LineDetail::default();
    let mut details = detail.lines.iter();
    (1..).zip(&claim.lines).try_for_each(|(ordinal, line)| {
        let detail = details.next().unwrap_or(&plain);
        write(out, ordinal, claim, line, detail, knobs)
    })
}

fn write<W: Write>(
    out: &mut SegmentWriter<W>,
    ordinal: u64,
    claim: &Claim,
    line: &ClaimLine,
    detail: &LineDetail,
    knobs: &LinesForm,
) -> Result<(), X12Error> {
    out.segment("2400", "LX").number(ordinal).end()?;
    service(out, claim, line, detail, knobs)?;
    out.segment("2400", "DTP").code("472");
    match (detail.last_day, knobs.date_format) {
        (None, DateFormat::Shortest) => out.code("D8").date(line.date),
        (last, _) => out.code("RD8").days(line.date, last.unwrap_or(line.date)),
    };
    out.end()?;
    let again = claim.authorization.as_ref().filter(|_| knobs.authorization_again);
    if let Some(number) = line.authorization.as_ref().or(again) {
        authorization(out, number)?;
    }
    out.segment("2400", "REF").code("6R").text(&line.control, 1..=30).end()?;
    notes::of_line(out, claim, line, detail, &knobs.notes)?;
    if let Some(rendering) = sent(detail.rendering.as_ref(), knobs.rendering) {
        provider(out, ("2420A", "82"), rendering, rendering.taxonomy.as_ref())?;
    }
    if let Some(ordering) = sent(detail.ordering.as_ref(), knobs.ordering) {
        provider(out, ("2420E", "DK"), ordering, None)?;
    }
    detail
        .adjudications
        .iter()
        .try_for_each(|word| others::line(out, line, word, &knobs.modifier_order))
}

/// SV1.
fn service<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    line: &ClaimLine,
    detail: &LineDetail,
    knobs: &LinesForm,
) -> Result<(), X12Error> {
    out.segment("2400", "SV1");
    procedure(out, line, &knobs.modifier_order);
    let quantity = match knobs.basis {
        UnitBasis::Units => line.units,
        // `check_detail` has refused a line whose minutes are not known.
        UnitBasis::Minutes => detail.minutes.unwrap_or(line.units),
    };
    out.amount(line.charge).code(knobs.basis.as_str()).number(quantity.into());
    if line.place == claim.place {
        out.skip(2);
    } else {
        out.text(line.place.as_str(), 2..=2).skip(1);
    }
    let most = usize::try_from(knobs.pointers.0).unwrap_or(usize::MAX);
    let mut pointers = line.pointers.iter().take(most).map(|p| u64::from(*p));
    if let Some(first) = pointers.next() {
        out.number(first);
    }
    for pointer in pointers {
        out.part_number(pointer);
    }
    let epsdt = knobs.epsdt && is_of_epsdt_age(claim, line.date);
    for (skipped, said, code) in [
        (1, knobs.emergency || detail.emergency, "Y"),
        (1, epsdt || detail.epsdt, "Y"),
        (0, knobs.family_planning || detail.family_planning, "Y"),
        (2, knobs.copay_exempt || detail.copay_exempt, "0"),
    ] {
        // Trailing empty elements are never written.
        out.skip(skipped).code(if said { code } else { "" });
    }
    out.end()
}

/// SV101 or SVD03: the modifiers of `order` first, in that order.
pub(super) fn procedure<W: Write>(
    out: &mut SegmentWriter<W>,
    line: &ClaimLine,
    order: &[Modifier],
) {
    out.code("HC").part_text(line.procedure.as_str(), 5..=5);
    let first = order.iter().filter(|modifier| line.modifiers.contains(modifier));
    let rest = line.modifiers.iter().filter(|modifier| !order.contains(modifier));
    for modifier in first.chain(rest) {
        out.part_text(modifier.as_str(), 2..=2);
    }
}
