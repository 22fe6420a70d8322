//! The project's examples, written by our writer from facts: byte for byte the files of
//! `fixtures/x12/valid`, among them a replacement, a void, a telehealth claim and a secondary one.

use crate::domain::claim::{Claim, ClaimLine, ClaimNumber, FileHeader};
use crate::domain::claim_detail::{
    Adjustment, AdjustmentGroup, ClaimDetail, Insured, LineAdjudication, LineDetail, OtherPayer,
    Sequence,
};
use crate::domain::codes::{Carc, Diagnosis, Gender, Modifier, ProcedureCode};
use crate::domain::contract::form::kinds::{Benefits, Contact, Email, Frequency, Release};
use crate::domain::identifiers::{AuthorizationNumber, MemberNumber, PartnerCode, Phone};
use crate::domain::money::Money;

use super::samples::{day, header, leave_for_pyx12, line35, line55, place, rendering, subscriber};
use super::variants::write_with;

fn example(name: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("fixtures/x12/valid").join(name)).unwrap()
}

/// The examples' header: control number and day of making.
fn made(control: u32, month: u32, on: u32) -> FileHeader {
    let mut header = header();
    header.interchange_control = control;
    header.group_control = control;
    header.created = day(2026, month, on).and_hms_opt(15, 30, 0).unwrap();
    header.batch_reference = format!("BATCH{control:06}");
    header.profile.form.parties.contact = Some(Contact {
        name: line35("Billing Office"),
        phone: Phone::parse("5095550142").unwrap(),
        extension: None,
        email: Some(Email::parse("billing@example.org").unwrap()),
        fax: None,
    });
    header
}

/// Modifiers, dollars, units, place, pointers, day of September, control.
type Line<'a> = (&'a [&'a str], i64, u32, &'a str, &'a [u8], u32, &'a str);

fn claim(number: &str, diagnoses: &[&str], lines: &[Line<'_>]) -> Claim {
    let lines: Vec<ClaimLine> = lines
        .iter()
        .map(|(modifiers, dollars, units, code, pointers, on, control)| ClaimLine {
            control: (*control).to_owned(),
            procedure: ProcedureCode::parse("H0038").unwrap(),
            modifiers: modifiers.iter().map(|m| Modifier::parse(m).unwrap()).collect(),
            charge: Money::from_cents(dollars * 100),
            units: *units,
            place: place(code),
            pointers: pointers.to_vec(),
            date: day(2026, 9, *on),
            authorization: None,
        })
        .collect();
    Claim {
        number: ClaimNumber::parse(number).unwrap(),
        charge: lines.iter().map(|l| l.charge).sum(),
        place: lines[0].place.clone(),
        subscriber: subscriber("Dana", "Alvarez", "MCO55012345"),
        rendering: rendering(),
        authorization: Some(AuthorizationNumber::parse("PA7700123").unwrap()),
        diagnoses: diagnoses.iter().map(|d| Diagnosis::parse(d).unwrap()).collect(),
        lines,
    }
}

fn of_dana() -> ClaimDetail {
    ClaimDetail { middle_name: Some(line35("M")), ..ClaimDetail::default() }
}

fn same(name: &str, header: &FileHeader, claim: Claim, detail: &ClaimDetail) {
    let text = write_with(header, &[claim], detail).unwrap();
    leave_for_pyx12(&format!("example-{name}"), text.as_bytes());
    assert_eq!(text, example(name));
}

#[test]
fn an_original_with_group_lines() {
    let lines: [Line<'_>; 4] = [
        (&[], 64, 4, "11", &[1], 14, "L1001A"),
        (&["HQ"], 28, 4, "11", &[1], 14, "L1001B"),
        (&[], 64, 4, "11", &[1, 2], 21, "L1001C"),
        (&["HQ"], 28, 4, "11", &[1], 21, "L1001D"),
    ];
    let claim = claim("PS0001001", &["F1120", "F329"], &lines);
    same("peer_support_original.837", &made(101, 10, 8), claim, &of_dana());
}

#[test]
fn a_telehealth_claim_with_two_places() {
    let lines: [Line<'_>; 2] =
        [(&["95"], 64, 4, "10", &[1], 15, "L1002A"), (&["95"], 80, 5, "02", &[1], 22, "L1002B")];
    let claim = claim("PS0001002", &["F1120"], &lines);
    same("peer_support_telehealth.837", &made(102, 10, 8), claim, &of_dana());
}

#[test]
fn a_replacement() {
    let lines: [Line<'_>; 3] = [
        (&[], 64, 4, "11", &[1], 14, "L1001AR"),
        (&["HQ"], 28, 4, "11", &[1], 14, "L1001BR"),
        (&[], 64, 4, "11", &[1], 21, "L1001CR"),
    ];
    let claim = claim("PS0001001R1", &["F1120", "F329"], &lines);
    let detail = ClaimDetail {
        frequency: Frequency::Replacement,
        payer_control: Some("2026282000417".parse().unwrap()),
        ..of_dana()
    };
    same("peer_support_replacement.837", &made(103, 11, 5), claim, &detail);
}

#[test]
fn a_void() {
    let text = example("peer_support_void.837");
    let control = text.split("REF*6R*").nth(2).unwrap().split('~').next().unwrap();
    let lines: [Line<'_>; 2] =
        [(&["95"], 64, 4, "10", &[1], 15, "L1002AR"), (&["95"], 80, 5, "02", &[1], 22, control)];
    let claim = claim("PS0001002V1", &["F1120"], &lines);
    let detail = ClaimDetail {
        frequency: Frequency::Void,
        payer_control: Some("2026282000533".parse().unwrap()),
        ..of_dana()
    };
    let made_on: Vec<u32> = ["*000000", "*261"]
        .iter()
        .map(|mark| {
            let rest = text.split(mark).nth(1).unwrap();
            rest[..3].trim_start_matches('0').parse().unwrap()
        })
        .collect();
    assert_eq!(made_on[0], 104);
    same("peer_support_void.837", &made(104, 11, made_on[1] % 100), claim, &detail);
}

#[test]
fn a_secondary_claim_after_a_commercial_payer() {
    let lines: [Line<'_>; 2] =
        [(&[], 64, 4, "11", &[1], 14, "L1003A"), (&["HQ"], 28, 4, "11", &[1], 14, "L1003B")];
    let mut claim = claim("PS0001003", &["F1120"], &lines);
    claim.subscriber = subscriber("Lee", "Brandt", "MCO55067890");
    claim.subscriber.birth_date = day(1958, 7, 3);
    claim.subscriber.gender = Gender::Male;
    claim.authorization = Some(AuthorizationNumber::parse("PA7700456").unwrap());
    let cascade = PartnerCode::parse("CASCADE01").unwrap();
    let adjusted = |group, reason: &str, dollars: i64| Adjustment {
        group,
        reason: Carc::parse(reason).unwrap(),
        amount: Money::from_cents(dollars * 100),
        quantity: None,
    };
    let word = |paid: i64, adjustments: Vec<Adjustment>, remaining: i64| LineDetail {
        adjudications: vec![LineAdjudication {
            payer: cascade.clone(),
            paid: Money::from_cents(paid * 100),
            units: 4.into(),
            adjustments,
            date: day(2026, 10, 1),
            remaining: Some(Money::from_cents(remaining * 100)),
        }],
        ..LineDetail::default()
    };
    let mut address = claim.subscriber.address.clone();
    address.line1 = line55("12 Cedar Ln");
    address.zip = "99203-0009".parse().unwrap();
    let contractual = AdjustmentGroup::Contractual;
    let first = vec![adjusted(contractual, "45", 24), adjusted(AdjustmentGroup::Patient, "2", 10)];
    let detail = ClaimDetail {
        sequence: Sequence::Secondary,
        other_payers: vec![OtherPayer {
            sequence: Sequence::Primary,
            relationship: "18".parse().unwrap(),
            group_number: None,
            filing_code: "CI".to_owned(),
            adjustments: vec![],
            paid: Some(Money::from_cents(3000)),
            remaining: None,
            benefits: Benefits::Yes,
            release: Release::Yes,
            insured: Insured {
                last_name: line55("Brandt"),
                first_name: line35("Lee"),
                number: MemberNumber::parse("CEH4417720").unwrap(),
                address: Some(address),
            },
            name: line55("Cascade Employee Health"),
            id: cascade.clone(),
            adjudicated: Some(day(2026, 10, 1)),
            control: None,
        }],
        lines: vec![word(30, first, 10), word(0, vec![adjusted(contractual, "96", 28)], 0)],
        ..ClaimDetail::default()
    };
    same("peer_support_secondary_commercial.837", &made(105, 10, 8), claim.clone(), &detail);
    unbalanced(&claim, &detail);
}

/// What does not add up is refused before it is written.
fn unbalanced(claim: &Claim, detail: &ClaimDetail) {
    let refused = |change: &dyn Fn(&mut ClaimDetail), word: &str| {
        let mut detail = detail.clone();
        change(&mut detail);
        let error =
            write_with(&made(105, 10, 8), std::slice::from_ref(claim), &detail).unwrap_err();
        assert!(error.to_string().contains(word), "{word} is not in {error}");
    };
    refused(&|d| d.other_payers[0].paid = Some(Money::from_cents(2999)), "must be 30.00");
    refused(&|d| d.lines[0].adjudications[0].paid = Money::from_cents(2999), "must be 29.99");
    refused(&|d| d.lines[1].adjudications[0].adjustments.clear(), "add up");
    refused(&|d| d.lines[1].adjudications[0].payer = "OTHER01".parse().unwrap(), "does not");
    refused(&|d| d.sequence = Sequence::Primary, "share");
    refused(&|d| d.other_payers[0].remaining = Some(Money::ZERO), "left to the member");
}
