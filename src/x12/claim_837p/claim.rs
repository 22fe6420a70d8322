//! The claim itself: loop 2300 and its rendering provider, loop 2310B.

use std::io::Write;

use crate::domain::claim::{Claim, FileHeader, Rendering};
use crate::domain::contract::RenderingMode;
use crate::domain::identifiers::AuthorizationNumber;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::line;

/// CLM05-3 of an original claim.
const ORIGINAL: &str = "1";

pub(super) fn write<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    header: &FileHeader,
) -> Result<(), X12Error> {
    // CLM06 to CLM09: signature on file, assignment accepted, benefits assigned, release of
    // information: a participating provider says yes to each.
    out.segment("2300", "CLM")
        .text(claim.number.as_str(), 1..=17)
        .amount(claim.charge)
        .skip(2)
        .text(claim.place.as_str(), 2..=2)
        .part("B")
        .part(ORIGINAL)
        .code("Y")
        .code("A")
        .code("Y")
        .code("Y")
        .end()?;
    if let Some(number) = &claim.authorization {
        authorization(out, "2300", number)?;
    }
    diagnoses(out, claim)?;
    let same = claim.rendering.npi == header.billing.npi;
    if !(same && header.profile.rendering == RenderingMode::IfDifferent) {
        rendering(out, &claim.rendering, header.profile.rendering_taxonomy)?;
    }
    (1..).zip(&claim.lines).try_for_each(|(ordinal, l)| line::write(out, ordinal, l, &claim.place))
}

/// REF*G1 of loop 2300 or 2400.
pub(super) fn authorization<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    number: &AuthorizationNumber,
) -> Result<(), X12Error> {
    out.segment(loop_id, "REF").code("G1").text(number.as_str(), 1..=50).end()
}

fn diagnoses<W: Write>(out: &mut SegmentWriter<W>, claim: &Claim) -> Result<(), X12Error> {
    out.segment("2300", "HI");
    for (index, diagnosis) in claim.diagnoses.iter().enumerate() {
        let qualifier = if index == 0 { "ABK" } else { "ABF" };
        out.code(qualifier).part_text(diagnosis.as_str(), 1..=30);
    }
    out.end()
}

fn rendering<W: Write>(
    out: &mut SegmentWriter<W>,
    rendering: &Rendering,
    taxonomy: bool,
) -> Result<(), X12Error> {
    out.segment("2310B", "NM1")
        .code("82")
        .code("1")
        .text(rendering.last_name.as_str(), 1..=60)
        .text(rendering.first_name.as_str(), 1..=35)
        .skip(3)
        .code("XX")
        .text(rendering.npi.as_str(), 10..=10)
        .end()?;
    if taxonomy {
        out.segment("2310B", "PRV")
            .code("PE")
            .code("PXC")
            .text(rendering.taxonomy.as_str(), 10..=10)
            .end()?;
    }
    Ok(())
}
