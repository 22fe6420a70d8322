//! Who is who: the head of a set (BHT, 1000A, 1000B), the billing provider, the subscriber.

use std::io::Write;

use crate::domain::claim::{FileHeader, Subscriber};
use crate::domain::claim_detail::ClaimDetail;
use crate::domain::contract::ClaimProfile;
use crate::domain::contract::form::kinds::{Address, FileKind, ProviderId};
use crate::domain::identifiers::{City, Line55, State};
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::form;
use super::providers::numbers;

/// BHT. BHT03 is unique for each set: those after the first add a hyphen and their ordinal.
pub(super) fn beginning<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
    set: u32,
) -> Result<(), X12Error> {
    let parties = &form(header).parties;
    out.segment("BHT", "BHT").code("0019").code(if parties.reissue { "18" } else { "00" });
    if set == 1 {
        out.text(&header.batch_reference, 1..=30);
    } else {
        out.text(&format!("{}-{set}", header.batch_reference), 1..=30);
    }
    out.date(header.created.date()).time(header.created.time()).code(parties.bht06()).end()
}

/// Loop 1000A: the billing provider, or the agent of the profile.
pub(super) fn submitter<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let parties = &form(header).parties;
    let own = (header.billing.name.as_str(), header.sender_id.as_str());
    let agent = parties.submitter.as_ref().map(|s| (s.name.as_str(), s.id.as_str()));
    let (name, id) = agent.unwrap_or(own);
    out.segment("1000A", "NM1").code("41");
    match parties.billing_first_name.as_ref().filter(|_| agent.is_none()) {
        Some(first) => {
            out.code("1").text(name, 1..=60).text(first.as_str(), 1..=35).skip(3);
        }
        None => {
            out.code("2").text(name, 1..=60).skip(4);
        }
    }
    out.code("46").text(id, 2..=80).end()?;
    out.segment("1000A", "PER").code("IC");
    let Some(contact) = &parties.contact else {
        return out
            .text(header.contact_name.as_str(), 1..=60)
            .code("TE")
            .text(header.contact_phone.as_str(), 10..=10)
            .end();
    };
    out.text(contact.name.as_str(), 1..=60).code("TE").text(contact.phone.as_str(), 10..=10);
    if let Some(extension) = &contact.extension {
        out.code("EX").text(extension.as_str(), 1..=10);
    }
    if let Some(email) = &contact.email {
        out.code("EM").text(email.as_str(), 1..=80);
    }
    if let Some(fax) = &contact.fax {
        out.code("FX").text(fax.as_str(), 10..=10);
    }
    out.end()
}

/// Loop 1000B.
pub(super) fn receiver<W: Write>(
    out: &mut SegmentWriter<W>,
    profile: &ClaimProfile,
) -> Result<(), X12Error> {
    let number = profile.form.parties.receiver_number.as_ref().unwrap_or(&profile.receiver_id);
    out.segment("1000B", "NM1")
        .code("40")
        .code("2")
        .text(profile.receiver_name.as_str(), 1..=60)
        .skip(4)
        .code("46")
        .text(number.as_str(), 2..=80)
        .end()
}

/// Loops 2000A (without its HL), 2010AA and 2010AB.
pub(super) fn billing_provider<W: Write>(
    out: &mut SegmentWriter<W>,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let (billing, parties) = (&header.billing, &form(header).parties);
    if header.profile.billing_taxonomy {
        out.segment("2000A", "PRV")
            .code("BI")
            .code("PXC")
            .text(billing.taxonomy.as_str(), 10..=10)
            .end()?;
    }
    out.segment("2010AA", "NM1").code("85");
    match &parties.billing_first_name {
        Some(first) => {
            out.code("1").text(billing.name.as_str(), 1..=60).text(first.as_str(), 1..=35);
        }
        None => {
            out.code("2").text(billing.name.as_str(), 1..=60).skip(1);
        }
    }
    if parties.billing_id == ProviderId::Npi {
        out.skip(3).code("XX").text(billing.npi.as_str(), 10..=10);
    }
    out.end()?;
    let address = &billing.address;
    street(out, "2010AA", &address.line1, address.line2.as_ref())?;
    town(out, "2010AA", &address.city, &address.state, address.zip.as_str())?;
    let kind = parties.billing_tax_number.as_str();
    out.segment("2010AA", "REF").code(kind).text(billing.ein.as_str(), 9..=9).end()?;
    let Some(pay_to) = &parties.pay_to else { return Ok(()) };
    out.segment("2010AB", "NM1").code("87").code("2").end()?;
    at(out, "2010AB", pay_to)
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
    detail: &ClaimDetail,
    profile: &ClaimProfile,
) -> Result<(), X12Error> {
    let parties = &profile.form.parties;
    out.segment("2000B", "SBR")
        .code(detail.sequence.as_str())
        .code("18")
        .text(parties.group_number.as_ref().map_or("", |n| n.as_str()), 0..=50)
        .text(parties.group_name.as_ref().map_or("", |n| n.as_str()), 0..=60)
        .code(detail.insurance_type.as_ref().map_or("", |t| t.as_str()))
        .skip(3)
        .text(&profile.claim_filing_code, 1..=2)
        .end()?;
    out.segment("2010BA", "NM1")
        .code("IL")
        .code("1")
        .text(subscriber.last_name.as_str(), 1..=60)
        .text(subscriber.first_name.as_str(), 1..=35)
        .text(detail.middle_name.as_ref().map_or("", |n| n.as_str()), 0..=25)
        .skip(2)
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
    payer(out, profile)
}

/// Loop 2010BB.
fn payer<W: Write>(out: &mut SegmentWriter<W>, profile: &ClaimProfile) -> Result<(), X12Error> {
    let parties = &profile.form.parties;
    let encounters = parties.kind == FileKind::Encounters;
    let id = parties.encounter_payer_id.as_ref().filter(|_| encounters);
    out.segment("2010BB", "NM1")
        .code("PR")
        .code("2")
        .text(profile.payer_name.as_str(), 1..=60)
        .skip(4)
        .code("PI")
        .text(id.unwrap_or(&profile.payer_id).as_str(), 2..=80)
        .end()?;
    if let Some(address) = &parties.payer_address {
        at(out, "2010BB", address)?;
    }
    numbers(out, "2010BB", &parties.payer_numbers)?;
    numbers(out, "2010BB", &parties.billing_numbers)
}

/// N3 and N4.
fn at<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    address: &Address,
) -> Result<(), X12Error> {
    street(out, loop_id, &address.line1, address.line2.as_ref())?;
    town(out, loop_id, &address.city, &address.state, address.zip.as_str())
}

pub(super) fn street<W: Write>(
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

pub(super) fn town<W: Write>(
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
