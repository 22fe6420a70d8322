//! Who is who: the head of a set (BHT, 1000A, 1000B), the billing provider, the subscriber.

use std::io::Write;

use crate::domain::claim::{FileHeader, Subscriber};
use crate::domain::contract::ClaimProfile;
use crate::domain::identifiers::{City, Line55, State};
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

/// BHT: an original file (00) of chargeable claims (CH). BHT03 is unique for each set: those after
/// the first add a hyphen and their ordinal.
pub(super) fn beginning<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
    set: u32,
) -> Result<(), X12Error> {
    out.segment("BHT", "BHT").code("0019").code("00");
    if set == 1 {
        out.text(&header.batch_reference, 1..=30);
    } else {
        out.text(&format!("{}-{set}", header.batch_reference), 1..=30);
    }
    out.date(header.created.date()).time(header.created.time()).code("CH").end()
}

/// Loop 1000A.
pub(super) fn submitter<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
) -> Result<(), X12Error> {
    out.segment("1000A", "NM1")
        .code("41")
        .code("2")
        .text(header.billing.name.as_str(), 1..=60)
        .skip(4)
        .code("46")
        .text(header.sender_id.as_str(), 2..=80)
        .end()?;
    out.segment("1000A", "PER")
        .code("IC")
        .text(header.contact_name.as_str(), 1..=60)
        .code("TE")
        .text(header.contact_phone.as_str(), 10..=10)
        .end()
}

/// Loop 1000B.
pub(super) fn receiver<W: Write>(
    out: &mut SegmentWriter<W>,
    profile: &ClaimProfile,
) -> Result<(), X12Error> {
    out.segment("1000B", "NM1")
        .code("40")
        .code("2")
        .text(profile.receiver_name.as_str(), 1..=60)
        .skip(4)
        .code("46")
        .text(profile.receiver_id.as_str(), 2..=80)
        .end()
}

/// Loops 2000A (without its HL) and 2010AA.
pub(super) fn billing_provider<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let billing = &header.billing;
    if header.profile.billing_taxonomy {
        out.segment("2000A", "PRV")
            .code("BI")
            .code("PXC")
            .text(billing.taxonomy.as_str(), 10..=10)
            .end()?;
    }
    out.segment("2010AA", "NM1")
        .code("85")
        .code("2")
        .text(billing.name.as_str(), 1..=60)
        .skip(4)
        .code("XX")
        .text(billing.npi.as_str(), 10..=10)
        .end()?;
    let address = &billing.address;
    street(out, "2010AA", &address.line1, address.line2.as_ref())?;
    town(out, "2010AA", &address.city, &address.state, address.zip.as_str())?;
    out.segment("2010AA", "REF").code("EI").text(billing.ein.as_str(), 9..=9).end()
}

/// The HL of loop 2000B: a subscriber without dependents.
pub(super) fn subscriber_hl<W: Write>(
    out: &mut SegmentWriter<W>,
    hl: u64,
    parent: u64,
) -> Result<(), X12Error> {
    out.segment("2000B", "HL").number(hl).number(parent).code("22").code("0").end()
}

/// Loops 2000B (without its HL), 2010BA and 2010BB.
pub(super) fn subscriber<W: Write>(
    out: &mut SegmentWriter<W>,
    subscriber: &Subscriber,
    profile: &ClaimProfile,
) -> Result<(), X12Error> {
    out.segment("2000B", "SBR")
        .code("P")
        .code("18")
        .skip(6)
        .text(&profile.claim_filing_code, 1..=2)
        .end()?;
    out.segment("2010BA", "NM1")
        .code("IL")
        .code("1")
        .text(subscriber.last_name.as_str(), 1..=60)
        .text(subscriber.first_name.as_str(), 1..=35)
        .skip(3)
        .code("MI")
        .text(subscriber.member_number.as_str(), 2..=80)
        .end()?;
    let address = &subscriber.address;
    street(out, "2010BA", &address.line1, address.line2.as_ref())?;
    town(out, "2010BA", &address.city, &address.state, address.zip.as_str())?;
    out.segment("2010BA", "DMG")
        .code("D8")
        .date(subscriber.birth_date)
        .code(subscriber.gender.as_str())
        .end()?;
    out.segment("2010BB", "NM1")
        .code("PR")
        .code("2")
        .text(profile.payer_name.as_str(), 1..=60)
        .skip(4)
        .code("PI")
        .text(profile.payer_id.as_str(), 2..=80)
        .end()
}

fn street<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    line1: &Line55,
    line2: Option<&Line55>,
) -> Result<(), X12Error> {
    out.segment(loop_id, "N3").text(line1.as_str(), 1..=55);
    if let Some(line2) = line2 {
        out.text(line2.as_str(), 1..=55);
    }
    out.end()
}

fn town<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    city: &City,
    state: &State,
    zip: &str,
) -> Result<(), X12Error> {
    out.segment(loop_id, "N4")
        .text(city.as_str(), 2..=30)
        .text(state.as_str(), 2..=2)
        .text(zip, 5..=9)
        .end()
}
