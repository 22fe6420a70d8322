//! A service line: loop 2400.

use std::io::Write;

use crate::domain::claim::ClaimLine;
use crate::domain::codes::PlaceOfService;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::claim::authorization;

pub(super) fn write<W: Write>(
    out: &mut SegmentWriter<W>,
    ordinal: u64,
    line: &ClaimLine,
    claim_place: &PlaceOfService,
) -> Result<(), X12Error> {
    out.segment("2400", "LX").number(ordinal).end()?;
    service(out, line, claim_place)?;
    out.segment("2400", "DTP").code("472").code("D8").date(line.date).end()?;
    if let Some(number) = &line.authorization {
        authorization(out, "2400", number)?;
    }
    out.segment("2400", "REF").code("6R").text(&line.control, 1..=30).end()
}

fn service<W: Write>(
    out: &mut SegmentWriter<W>,
    line: &ClaimLine,
    claim_place: &PlaceOfService,
) -> Result<(), X12Error> {
    out.segment("2400", "SV1").code("HC").part_text(line.procedure.as_str(), 5..=5);
    for modifier in &line.modifiers {
        out.part_text(modifier.as_str(), 2..=2);
    }
    out.amount(line.charge).code("UN").number(line.units.into());
    if line.place == *claim_place {
        out.skip(2);
    } else {
        out.text(line.place.as_str(), 2..=2).skip(1);
    }
    let mut pointers = line.pointers.iter().map(|p| u64::from(*p));
    if let Some(first) = pointers.next() {
        out.number(first);
    }
    for pointer in pointers {
        out.part_number(pointer);
    }
    out.end()
}
