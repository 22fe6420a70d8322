//! The claim itself: loop 2300.

use std::io::Write;

use chrono::NaiveDate;

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{Attachment, ClaimDetail, Epsdt, ReportType, Transmission};
use crate::domain::contract::form::ContentForm;
use crate::domain::contract::form::kinds::{DelayReason, NumberKind, Paperwork, Reference};
use crate::domain::dates::age_on;
use crate::domain::identifiers::AuthorizationNumber;
use crate::domain::money::Money;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

use super::providers::sent;
use super::{form, line, notes, others, providers};

/// EPSDT is for members below this age.
const EPSDT_ENDS: i32 = 21;
/// The EPSDT condition that goes with N in CRC02.
const NO_REFERRAL: &str = "NU";

pub(super) fn write<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let knobs = &form(header).content;
    head(out, claim, detail, header)?;
    paperwork(out, claim, detail, knobs)?;
    if let Some(contract) = &knobs.contract {
        out.segment("2300", "CN1").code(contract.kind.as_str());
        match contract.amount {
            Some(amount) => out.amount(amount),
            None => out.skip(1),
        };
        if let Some(code) = &contract.code {
            out.skip(1).text(code.as_str(), 1..=50);
        }
        out.end()?;
    }
    if detail.member_paid > Money::ZERO {
        out.segment("2300", "AMT").code("F5").amount(detail.member_paid).end()?;
    }
    references(out, claim, detail, knobs)?;
    for item in knobs.fixed_format.iter().chain(&detail.fixed_format) {
        out.segment("2300", "K3").text(item.as_str(), 1..=80).end()?;
    }
    notes::of_claim(out, claim, detail, &knobs.notes)?;
    epsdt(out, claim, detail, knobs)?;
    diagnoses(out, claim)?;
    providers::of_claim(out, claim, detail, header)?;
    for other in &detail.other_payers {
        let mut words = detail.lines.iter().flat_map(|line| &line.adjudications);
        others::payer(out, other, words.any(|word| word.payer == other.id))?;
    }
    line::write_all(out, claim, detail, header)
}

/// PWK: the claim's own, else the profile's for every claim, by the claim's number.
fn paperwork<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    knobs: &ContentForm,
) -> Result<(), X12Error> {
    for Attachment { report, transmission, control } in &detail.attachments {
        let control = control.as_ref().map(Reference::as_str);
        attachment(out, report, *transmission, control)?;
    }
    match &knobs.paperwork {
        Some(Paperwork { report, transmission }) if detail.attachments.is_empty() => {
            let sent = *transmission != Transmission::OnRequest;
            attachment(out, report, *transmission, sent.then(|| claim.number.as_str()))
        }
        _ => Ok(()),
    }
}

fn attachment<W: Write>(
    out: &mut SegmentWriter<W>,
    report: &ReportType,
    transmission: Transmission,
    control: Option<&str>,
) -> Result<(), X12Error> {
    out.segment("2300", "PWK").code(report.as_str()).code(transmission.as_str());
    if let Some(control) = control {
        out.skip(2).code("AC").text(control, 2..=50);
    }
    out.end()
}

/// CRC*ZZ: the claim's own, else the profile's for a member of the age.
fn epsdt<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    knobs: &ContentForm,
) -> Result<(), X12Error> {
    let first = claim.lines.iter().map(|line| line.date).min();
    let young = first.is_some_and(|day| is_of_epsdt_age(claim, day));
    let usual = knobs.epsdt.as_ref().filter(|_| young).map(|condition| Epsdt {
        referred: condition.as_str() != NO_REFERRAL,
        conditions: vec![condition.clone()],
    });
    let Some(Epsdt { referred, conditions }) = detail.epsdt.as_ref().or(usual.as_ref()) else {
        return Ok(());
    };
    out.segment("2300", "CRC").code("ZZ").code(if *referred { "Y" } else { "N" });
    for condition in conditions {
        out.code(condition.as_str());
    }
    out.end()
}

/// Whether the member is below the age at which EPSDT ends (42 U.S.C. 1396d(a)(4)(B)).
pub(super) fn is_of_epsdt_age(claim: &Claim, day: NaiveDate) -> bool {
    age_on(claim.subscriber.birth_date, day) < EPSDT_ENDS
}

/// CLM.
fn head<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
) -> Result<(), X12Error> {
    let knobs = &form(header).content;
    out.segment("2300", "CLM")
        .text(claim.number.as_str(), 1..=17)
        .amount(claim.charge)
        .skip(2)
        .text(claim.place.as_str(), 2..=2)
        .part("B")
        .part(detail.frequency.code())
        .code(if knobs.signature_on_file { "Y" } else { "N" })
        .code(knobs.assignment.as_str())
        .code(knobs.benefits_assigned.as_str())
        .code(knobs.release.as_str());
    let late = delay(claim, detail, header);
    if knobs.member_signature_by_provider {
        out.code("P");
    } else if late.is_some() {
        out.skip(1);
    }
    if let Some(reason) = late {
        out.skip(9).code(reason.as_str());
    }
    out.end()
}

/// CLM20: the claim's own reason, or the profile's when the first service lies too far back.
fn delay(claim: &Claim, detail: &ClaimDetail, header: &FileHeader) -> Option<DelayReason> {
    let knobs = &form(header).content;
    let first = claim.lines.iter().map(|line| line.date).min()?;
    let days = header.created.date().signed_duration_since(first).num_days();
    detail.delay_reason.or(knobs.delay_reason.filter(|_| days > i64::from(knobs.delay_days.0)))
}

/// REF of loop 2300, in the guide's order.
fn references<W: Write>(
    out: &mut SegmentWriter<W>,
    claim: &Claim,
    detail: &ClaimDetail,
    knobs: &ContentForm,
) -> Result<(), X12Error> {
    let usual = knobs.authorization_exception.filter(|_| {
        let on_line = claim.lines.iter().any(|line| line.authorization.is_some());
        claim.authorization.is_none() && !on_line
    });
    let exception = detail.exception.or(usual);
    let referral = sent(detail.referral.as_ref(), knobs.referral);
    let record = sent(detail.medical_record.as_ref(), knobs.medical_record);
    for (kind, value) in [
        ("4N", exception.map(crate::domain::contract::form::kinds::Exception::as_str)),
        ("9F", referral.map(crate::domain::identifiers::AuthorizationNumber::as_str)),
        (
            "G1",
            claim
                .authorization
                .as_ref()
                .map(crate::domain::identifiers::AuthorizationNumber::as_str),
        ),
        (
            "F8",
            detail.payer_control.as_ref().map(crate::domain::claim_detail::PayerControl::as_str),
        ),
        ("EA", record.map(crate::domain::contract::form::kinds::Reference::as_str)),
        (
            "P4",
            knobs
                .demonstration_project
                .as_ref()
                .map(crate::domain::contract::form::kinds::Reference::as_str),
        ),
    ] {
        if let Some(value) = value {
            let out = out.segment("2300", "REF").code(kind);
            // The payer looks for its own number as it wrote it.
            let out = if kind == "F8" {
                out.text_as_told(value, 1..=50)
            } else {
                out.text(value, 1..=50)
            };
            out.end()?;
        }
    }
    Ok(())
}

/// REF*G1 of loop 2400.
pub(super) fn authorization<W: Write>(
    out: &mut SegmentWriter<W>,
    number: &AuthorizationNumber,
) -> Result<(), X12Error> {
    out.segment("2400", "REF").code("G1").text(number.as_str(), 1..=50).end()
}

fn diagnoses<W: Write>(out: &mut SegmentWriter<W>, claim: &Claim) -> Result<(), X12Error> {
    out.segment("2300", "HI");
    for (index, diagnosis) in claim.diagnoses.iter().enumerate() {
        let qualifier = if index == 0 { "ABK" } else { "ABF" };
        out.code(qualifier).part_text(diagnosis.as_str(), 1..=30);
    }
    out.end()
}

/// Whether a number may stand with a provider (REF of 2310 and 2420).
pub(super) fn is_of_provider(kind: NumberKind) -> bool {
    matches!(
        kind,
        NumberKind::License | NumberKind::Upin | NumberKind::Payer | NumberKind::Location
    )
}
