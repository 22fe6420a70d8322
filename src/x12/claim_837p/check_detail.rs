//! What the profile demands of a claim, and what a claim's further facts must agree in. A value
//! that is demanded and not there refuses the claim; nothing is invented in its place.

use crate::domain::claim::{Claim, FileHeader};
use crate::domain::claim_detail::{ClaimDetail, LineDetail, Provider, Transmission};
use crate::domain::contract::RenderingMode;
use crate::domain::contract::form::kinds::{
    FacilityMode, FileKind, Frequency, NoteKind, Number, ProviderId, Send, UnitBasis, ZeroCharge,
};
use crate::domain::money::Money;
use crate::x12::error::{Place, X12Error, X12Fault};

use super::claim::is_of_provider;
use super::form;

/// Most K3 and PWK of a claim.
const MAX_FIXED: usize = 10;
/// Most other payers of a claim (loop 2320).
const MAX_OTHER_PAYERS: usize = 10;
/// Most CAS reasons of one group and loop: five segments of six.
const MAX_ADJUSTMENTS: usize = 30;

pub(super) fn claim(
    claim: &Claim,
    detail: &ClaimDetail,
    header: &FileHeader,
    place: Place,
) -> Result<(), X12Error> {
    let checks = [
        ("2300", correction(detail, header)),
        ("2300", limits(claim, detail, header)),
        ("2010BA", member(claim, header)),
        ("2310", providers(claim, detail, header)),
        ("2320", other_payers(claim, detail)),
    ];
    let plain = LineDetail::default();
    let lines = claim.lines.iter().enumerate().map(|(index, line)| {
        let facts = detail.lines.get(index).unwrap_or(&plain);
        let backwards = facts.last_day.is_some_and(|last| last < line.date);
        let found = if backwards {
            Some("the last day lies before the first".to_owned())
        } else {
            of_line(facts, header)
        };
        ("2400", found.map(|what| format!("line {}: {what}", index + 1)))
    });
    for (loop_id, found) in checks.into_iter().chain(lines) {
        if let Some(what) = found {
            let message = format!("claim {}: {what}", claim.number);
            return Err(X12Error::new(X12Fault::Content, Place { loop_id, ..place }, message));
        }
    }
    Ok(())
}

fn correction(detail: &ClaimDetail, header: &FileHeader) -> Option<String> {
    let original = detail.frequency == Frequency::Original;
    if !form(header).content.frequencies.contains(&detail.frequency) {
        Some(format!("the payer takes no claims of the kind {}", detail.frequency))
    } else if !original && detail.payer_control.is_none() {
        Some("a replacement or void needs the payer's number of the claim (REF*F8)".to_owned())
    } else if original && detail.payer_control.is_some() {
        Some("an original claim cannot name an earlier one (REF*F8)".to_owned())
    } else {
        None
    }
}

fn limits(claim: &Claim, detail: &ClaimDetail, header: &FileHeader) -> Option<String> {
    let knobs = form(header);
    let encounters = knobs.parties.kind == FileKind::Encounters;
    let zero_fits = match knobs.content.zero_charge {
        ZeroCharge::Never => false,
        ZeroCharge::Encounters => encounters,
        ZeroCharge::Allowed => true,
    };
    let above = |count: usize, most: u32| u32::try_from(count).is_ok_and(|count| count > most);
    let fixed = knobs.content.fixed_format.len() + detail.fixed_format.len();
    let sent = knobs.content.referral != Send::Never;
    if claim.charge == Money::ZERO && !zero_fits {
        Some("the payer takes no claim for 0.00".to_owned())
    } else if above(claim.diagnoses.len(), knobs.content.diagnoses.0) {
        Some(format!("the payer takes at most {} diagnoses", knobs.content.diagnoses.0))
    } else if above(claim.lines.len(), knobs.lines.most.0) {
        Some(format!("the payer takes at most {} lines; split the claim", knobs.lines.most.0))
    } else if detail.lines.len() > claim.lines.len() {
        Some("there are facts of more lines than the claim has".to_owned())
    } else if fixed > MAX_FIXED || detail.attachments.len() > MAX_FIXED {
        Some(format!("at most {MAX_FIXED} items of K3 or PWK fit"))
    } else if detail.member_paid < Money::ZERO {
        Some("what the member paid cannot be negative".to_owned())
    } else if detail
        .attachments
        .iter()
        .any(|a| a.control.is_none() && a.transmission != Transmission::OnRequest)
    {
        Some("an attachment that is sent needs a control number (PWK06)".to_owned())
    } else if sent && detail.referral.is_some() && detail.referral == claim.authorization {
        Some("the referral number must not be the authorization number".to_owned())
    } else if detail.epsdt.as_ref().is_some_and(|e| !(1..=3).contains(&e.conditions.len())) {
        Some("an EPSDT referral has one to three conditions".to_owned())
    } else {
        required(knobs.content.referral, detail.referral.is_some(), "the referral number (REF*9F)")
            .or_else(|| {
                let known = detail.medical_record.is_some();
                required(knobs.content.medical_record, known, "the medical record number (REF*EA)")
            })
    }
}

fn required(rule: Send, known: bool, what: &str) -> Option<String> {
    (rule == Send::Required && !known).then(|| format!("the payer wants {what}, which is missing"))
}

fn member(claim: &Claim, header: &FileHeader) -> Option<String> {
    let shape = form(header).parties.member_shape.as_ref()?;
    let fits = shape.fits(claim.subscriber.member_number.as_str());
    (!fits).then(|| "the member's number does not have the payer's shape".to_owned())
}

fn providers(claim: &Claim, detail: &ClaimDetail, header: &FileHeader) -> Option<String> {
    let knobs = &form(header).content;
    let mode = header.profile.rendering;
    let stands_in = mode == RenderingMode::Supervisor;
    let wants_facility =
        knobs.facility == FacilityMode::Always && !knobs.facility_not_at.contains(&claim.place);
    let rendering = Some(&claim.rendering.npi);
    let apart = knobs.supervising != Send::Never && !stands_in;
    let supervising = detail.supervising.as_ref().filter(|_| apart);
    let same = |p: &Provider| p.npi.as_ref() == rendering;
    if stands_in && detail.supervising.is_none() {
        Some("the supervising provider stands for the peer and is missing".to_owned())
    } else if supervising.is_some_and(same) {
        Some("the supervising provider (2310D) must not be the rendering one".to_owned())
    } else if knobs.rendering_id == ProviderId::PayerNumber && detail.rendering_numbers.is_empty() {
        Some("the peer has no number of the payer (REF of 2310B)".to_owned())
    } else if wants_facility && detail.facility.is_none() {
        Some("the payer wants the service facility (2310C), which is missing".to_owned())
    } else if [&detail.referring, &detail.supervising].into_iter().flatten().any(bad_numbers)
        || !detail.rendering_numbers.iter().all(is_of)
    {
        Some("a provider's numbers are of the kinds 0B, 1G, G2 and LU".to_owned())
    } else {
        let numbered = !detail.rendering_numbers.is_empty();
        required(knobs.supervising, detail.supervising.is_some(), "the supervising provider")
            .or_else(|| {
                let known = detail.referring.is_some();
                required(knobs.referring, known, "the referring provider (2310A)")
            })
            .or_else(|| required(knobs.rendering_numbers, numbered, "the peer's number (2310B)"))
    }
}

fn is_of(number: &Number) -> bool {
    is_of_provider(number.kind)
}

fn bad_numbers(provider: &Provider) -> bool {
    !provider.numbers.iter().all(is_of)
}

/// The balance that the read-back asks for is asked for here already, with the claim's number.
fn other_payers(claim: &Claim, detail: &ClaimDetail) -> Option<String> {
    let others = &detail.other_payers;
    if others.len() > MAX_OTHER_PAYERS {
        return Some(format!("a claim has at most {MAX_OTHER_PAYERS} other payers"));
    }
    let mut sequences = vec![detail.sequence];
    let mut ids = Vec::new();
    for other in others {
        if sequences.contains(&other.sequence) || ids.contains(&&other.id) {
            return Some("two payers share a place or an id".to_owned());
        }
        sequences.push(other.sequence);
        ids.push(&other.id);
        let words = detail.lines.iter().flat_map(|line| &line.adjudications);
        let words: Vec<_> = words.filter(|word| word.payer == other.id).collect();
        let adjusted: Money = other.adjustments.iter().map(|a| a.amount).sum();
        let expected = if words.is_empty() {
            claim.charge - adjusted
        } else {
            words.iter().map(|word| word.paid).sum::<Money>() - adjusted
        };
        let silent = words.is_empty() && other.paid.is_none() && other.adjustments.is_empty();
        if !silent && other.paid.unwrap_or_default() != expected {
            return Some(format!("another payer's payment must be {expected} to balance"));
        }
        if other.remaining.is_some() && words.iter().any(|word| word.remaining.is_some()) {
            return Some("what is left to the member is said of the claim or of lines".to_owned());
        }
        if other.adjustments.len() > MAX_ADJUSTMENTS {
            return Some(format!("a payer has at most {MAX_ADJUSTMENTS} adjustments"));
        }
    }
    for (line, facts) in claim.lines.iter().zip(&detail.lines) {
        for word in &facts.adjudications {
            let adjusted: Money = word.adjustments.iter().map(|a| a.amount).sum();
            if !ids.contains(&&word.payer) {
                return Some("a line names a payer that the claim does not".to_owned());
            }
            if word.paid + adjusted != line.charge || word.adjustments.len() > MAX_ADJUSTMENTS {
                return Some(
                    "another payer's payment and adjustments of a line must add up to \
                             its charge"
                        .to_owned(),
                );
            }
        }
    }
    None
}

fn of_line(line: &LineDetail, header: &FileHeader) -> Option<String> {
    let knobs = &form(header).lines;
    let kind = line.note.as_ref().map(|note| note.kind);
    if line.last_day.is_some() && !knobs.spans {
        Some("the payer takes one day to a line".to_owned())
    } else if knobs.basis == UnitBasis::Minutes && line.minutes.is_none_or(|m| m == 0) {
        Some("the payer counts minutes (MJ), which are not known".to_owned())
    } else if matches!(kind, Some(NoteKind::Certification | NoteKind::Diagnosis)) {
        Some("a line's note is of the kind ADD, DCP or TPO".to_owned())
    } else if [&line.rendering, &line.ordering].into_iter().flatten().any(bad_numbers) {
        Some("a provider's numbers are of the kinds 0B, 1G, G2 and LU".to_owned())
    } else {
        required(knobs.ordering, line.ordering.is_some(), "the ordering provider (2420E)").or_else(
            || {
                let known = line.rendering.is_some();
                required(knobs.rendering, known, "the line's rendering provider (2420A)")
            },
        )
    }
}
