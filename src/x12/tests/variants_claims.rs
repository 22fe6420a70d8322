//! The knobs of a claim, each in the file that it makes.

use chrono::Datelike;

use crate::domain::claim_detail::{Attachment, ClaimDetail, Epsdt, Transmission};
use crate::domain::codes::Modifier;
use crate::domain::contract::form::Count;
use crate::domain::contract::form::kinds::*;
use crate::domain::money::Money;

use super::samples::{claims, header, leave_for_pyx12, line35};
use super::variants::{knob, write_with};

#[test]
fn of_the_claim() {
    knob(
        "signatures",
        |h, _| {
            let content = &mut h.profile.form.content;
            content.signature_on_file = false;
            content.assignment = Assignment::NotAssigned;
            content.benefits_assigned = Benefits::NotApplicable;
            content.release = Release::Informed;
            content.member_signature_by_provider = true;
        },
        &[":B:1*N*C*W*I*P~"],
    );
    knob(
        "late",
        |h, _| {
            h.profile.form.content.delay_reason = Some(DelayReason::Determination);
            h.profile.form.content.delay_days = Count(10);
        },
        &["*Y*A*Y*Y***********8~"],
    );
    knob(
        "numbers",
        |h, d| {
            d.referral = Some("RF99".parse().unwrap());
            d.exception = Some(Exception::Special);
            d.medical_record = Some(Reference::parse("MR-4").unwrap());
            h.profile.form.content.demonstration_project =
                Some(Reference::parse("WAIVER7").unwrap());
        },
        &["REF*4N*7~", "REF*9F*RF99~", "REF*EA*MR-4~", "REF*P4*WAIVER7~"],
    );
    knob(
        "texts",
        |h, d| {
            let content = &mut h.profile.form.content;
            content.fixed_format = vec![Note80::parse("PROGRAM A").unwrap()];
            d.fixed_format = vec![Note80::parse("EPISODE 2").unwrap()];
            content.notes = vec![NoteRule {
                kind: NoteKind::Additional,
                text: Note80::parse("{units} units {first_date} {authorization}").unwrap(),
                procedures: vec![],
                modifiers: vec![Modifier::parse("HQ").unwrap()],
            }];
            content.contract = Some(ContractInfo {
                kind: ContractKind::Capitated,
                amount: Some(Money::from_cents(1250)),
                code: Some(Reference::parse("C1").unwrap()),
            });
            d.member_paid = Money::from_cents(300);
        },
        &[
            "K3*PROGRAM A~\nK3*EPISODE 2~\nNTE*ADD*8 UNITS 20260914 PA-7700123~",
            "CN1*05*12.5**C1~",
            "AMT*F5*3~",
        ],
    );
    knob(
        "attachments_and_epsdt",
        |_, d| {
            d.attachments = vec![Attachment {
                report: "OZ".parse().unwrap(),
                transmission: "BM".parse().unwrap(),
                control: Some(Reference::parse("ATT-1").unwrap()),
            }];
            d.epsdt = Some(Epsdt { referred: true, conditions: vec!["ST".parse().unwrap()] });
        },
        &["PWK*OZ*BM***AC*ATT-1~", "CRC*ZZ*Y*ST~"],
    );
    knob(
        "paperwork_on_request",
        |h, _| {
            let (report, transmission) = ("OZ".parse().unwrap(), Transmission::OnRequest);
            h.profile.form.content.paperwork = Some(Paperwork { report, transmission });
        },
        &["PWK*OZ*AA~"],
    );
    knob(
        "paperwork_by_fax",
        |h, _| {
            let (report, transmission) = ("M1".parse().unwrap(), Transmission::Fax);
            h.profile.form.content.paperwork = Some(Paperwork { report, transmission });
        },
        &["PWK*M1*FX***AC*P0HJ2A000000A1~", "PWK*M1*FX***AC*P0HJ2A000000A2~"],
    );
    knob(
        "middle_name",
        |_, d| d.middle_name = Some(line35("M")),
        &["NM1*IL*1*ALVAREZ*DANA*M***MI*"],
    );
}

/// The day before a member is 21, and the birthday.
#[test]
fn epsdt_ends_with_the_twenty_first_birthday() {
    let mut header = header();
    header.profile.form.content.epsdt = Some("NU".parse().unwrap());
    header.profile.form.lines.epsdt = true;
    let mut claim = claims().remove(1);
    let service = claim.lines[0].date;
    let born = service.with_year(service.year() - 21).unwrap();
    claim.subscriber.birth_date = born + chrono::Days::new(1);
    let young = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(young.contains("~\nCRC*ZZ*N*NU~\nHI*"), "{young}");
    assert!(young.contains("*0.5*UN*1***2****Y~"), "{young}");
    leave_for_pyx12("knob-epsdt_no_referral.837", young.as_bytes());
    header.profile.form.content.epsdt = Some("AV".parse().unwrap());
    let refused = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(refused.contains("CRC*ZZ*Y*AV~"), "{refused}");
    let own = Epsdt { referred: true, conditions: vec!["ST".parse().unwrap()] };
    let own = ClaimDetail { epsdt: Some(own), ..ClaimDetail::default() };
    let said = write_with(&header, &[claim.clone()], &own).unwrap();
    assert!(said.contains("CRC*ZZ*Y*ST~") && !said.contains("*AV~"), "{said}");
    claim.subscriber.birth_date = born;
    let grown = write_with(&header, &[claim], &ClaimDetail::default()).unwrap();
    assert!(!grown.contains("CRC*") && grown.contains("*0.5*UN*1***2~"), "{grown}");
}

#[test]
fn a_claim_for_nothing_where_the_payer_takes_it() {
    let mut claim = claims().remove(0);
    claim.charge = Money::ZERO;
    claim.lines.iter_mut().for_each(|l| l.charge = Money::ZERO);
    let mut header = header();
    header.profile.form.parties.kind = FileKind::Encounters;
    let text = write_with(&header, &[claim.clone()], &ClaimDetail::default()).unwrap();
    assert!(text.contains("CLM*P0HJ2A000000A1*0***"));
    leave_for_pyx12("knob-zero.837", text.as_bytes());
    header.profile.form.content.zero_charge = ZeroCharge::Never;
    assert!(write_with(&header, &[claim], &ClaimDetail::default()).is_err());
}
