//! Providers beside the billing one: loops 2310A to D, 2420A and 2420E.

use std::io::Write;

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{ClaimDetail, Facility, Provider};
use crate::domain::contract::RenderingMode;
use crate::domain::contract::form::kinds::{FacilityMode, Number, ProviderId, Send};
use crate::domain::identifiers::Taxonomy;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::form;
use super::parties::{street, town};

/// Loops 2310A to 2310D, as far as the profile wants them.
pub(super) fn of_claim<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let knobs = &form(header).content;
    if let Some(referring) = sent(detail.referring.as_ref(), knobs.referring) {
        provider(out, ("2310A", "DN"), referring, None)?;
    }
    if rendering_is_sent(claim, header) {
        rendering(out, claim, detail, header)?;
    }
    if let Some(facility) = detail.facility.as_ref().filter(|f| facility_is_sent(f, claim, header))
    {
        place(out, facility)?;
    }
    // Who stands for the peer is not named a second time.
    let apart = detail.supervising.as_ref();
    let apart = apart.filter(|_| header.profile.rendering != RenderingMode::Supervisor);
    if let Some(supervising) = sent(apart, knobs.supervising) {
        provider(out, ("2310D", "DQ"), supervising, None)?;
    }
    Ok(())
}

/// What a rule of sending leaves of something known.
pub(super) fn sent<T>(known: Option<T>, rule: Send) -> Option<T> {
    known.filter(|_| rule != Send::Never)
}

fn rendering_is_sent(claim: &Claim, header: &FileHeader) -> bool {
    let same = claim.rendering.npi == header.billing.npi;
    match header.profile.rendering {
        _ if form(header).content.rendering_places.contains(&claim.place) => true,
        RenderingMode::Always | RenderingMode::Supervisor | RenderingMode::Agency => true,
        RenderingMode::IfDifferent => !same,
        RenderingMode::Never => false,
    }
}

fn facility_is_sent(facility: &Facility, claim: &Claim, header: &FileHeader) -> bool {
    let knobs = &form(header).content;
    let elsewhere = facility.address != header.billing.address;
    let wanted = match knobs.facility {
        FacilityMode::Never => false,
        FacilityMode::IfDifferent => elsewhere,
        FacilityMode::Always => true,
    };
    wanted && !knobs.facility_not_at.contains(&claim.place)
}

/// Loop 2310B: the peer, or who stands for it.
fn rendering<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let knobs = &form(header).content;
    let with_taxonomy = header.profile.rendering_taxonomy;
    match (header.profile.rendering, &detail.supervising) {
        (RenderingMode::Supervisor, Some(supervisor)) => {
            let taxonomy = supervisor.taxonomy.as_ref().filter(|_| with_taxonomy);
            return provider(out, ("2310B", "82"), supervisor, taxonomy);
        }
        (RenderingMode::Agency, _) => {
            let billing = &header.billing;
            out.segment("2310B", "NM1")
                .code("82")
                .code("2")
                .text(billing.name.as_str(), 1..=60)
                .skip(4)
                .code("XX")
                .text(billing.npi.as_str(), 10..=10)
                .end()?;
            return taxonomy(out, "2310B", Some(&billing.taxonomy).filter(|_| with_taxonomy));
        }
        _ => {}
    }
    let peer = &claim.rendering;
    out.segment("2310B", "NM1")
        .code("82")
        .code("1")
        .text(peer.last_name.as_str(), 1..=60)
        .text(peer.first_name.as_str(), 1..=35);
    if knobs.rendering_id == ProviderId::Npi {
        out.skip(3).code("XX").text(peer.npi.as_str(), 10..=10);
    }
    out.end()?;
    taxonomy(out, "2310B", Some(&peer.taxonomy).filter(|_| with_taxonomy))?;
    if knobs.rendering_numbers == Send::Never && knobs.rendering_id == ProviderId::Npi {
        return Ok(());
    }
    numbers(out, "2310B", &detail.rendering_numbers)
}

/// NM1, PRV and REF of a provider.
pub(super) fn provider<W: Write>(
    out: &mut SegmentWriter<W>,
    (loop_id, role): (&'static str, &str),
    provider: &Provider,
    of: Option<&Taxonomy>,
) -> Result<(), X12Error> {
    out.segment(loop_id, "NM1").code(role);
    out.code(if provider.first_name.is_some() { "1" } else { "2" });
    out.text(provider.last_name.as_str(), 1..=60);
    match &provider.first_name {
        Some(first) => out.text(first.as_str(), 1..=35),
        None => out.skip(1),
    };
    if let Some(npi) = &provider.npi {
        out.skip(3).code("XX").text(npi.as_str(), 10..=10);
    }
    out.end()?;
    taxonomy(out, loop_id, of)?;
    numbers(out, loop_id, &provider.numbers)
}

fn taxonomy<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    taxonomy: Option<&Taxonomy>,
) -> Result<(), X12Error> {
    let Some(taxonomy) = taxonomy else { return Ok(()) };
    out.segment(loop_id, "PRV").code("PE").code("PXC").text(taxonomy.as_str(), 10..=10).end()
}

/// REF of numbers that are no NPIs.
pub(super) fn numbers<W: Write>(
    out: &mut SegmentWriter<W>,
    loop_id: &'static str,
    numbers: &[Number],
) -> Result<(), X12Error> {
    numbers.iter().try_for_each(|one| {
        let value = one.number.as_str();
        out.segment(loop_id, "REF").code(one.kind.as_str()).text(value, 1..=50).end()
    })
}

/// Loop 2310C.
fn place<W: Write>(out: &mut SegmentWriter<W>, facility: &Facility) -> Result<(), X12Error> {
    out.segment("2310C", "NM1").code("77").code("2").text(facility.name.as_str(), 1..=60);
    if let Some(npi) = &facility.npi {
        out.skip(4).code("XX").text(npi.as_str(), 10..=10);
    }
    out.end()?;
    let address = &facility.address;
    street(out, "2310C", &address.line1, address.line2.as_ref())?;
    town(out, "2310C", &address.city, &address.state, address.zip.as_str())
}
