//! Random headers and claims that a correct writer must be able to send.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::domain::claim::{Claim, ClaimLine, ClaimNumber, FileHeader, Subscriber};
use crate::domain::codes::{Diagnosis, Gender, Modifier, ProcedureCode};
use crate::domain::contract::{AuthorizationLevel, Delimiters, RenderingMode};
use crate::domain::identifiers::{AuthorizationNumber, City, Line35, Line55, MemberNumber, Zip};
use crate::domain::member::MemberAddress;
use crate::domain::money::Money;
use crate::domain::organization::OrganizationMode;

use super::samples::{at_line_level, day, header, place, rendering};

const DIAGNOSES: &[&str] = &["F1120", "F329", "F411", "F4310", "F1020", "F330", "Z590", "F209"];
const MODIFIERS: &[&str] = &["HQ", "HF", "HE", "95", "U1", "GT"];
const PLACES: &[&str] = &["11", "12", "99", "02", "10", "27", "53"];

/// Names with accents, apostrophes and hyphens; no trailing blanks.
const NAME: &str = "[A-Za-zÀÉÑØßœł][a-z'éñü -]{0,14}[a-z]";
const STREET: &str = "[1-9][0-9]{0,4} [A-Z][a-z]{1,20} (St|Ave|Blvd)";

fn address() -> impl Strategy<Value = MemberAddress> {
    let line2 = proptest::option::of("Apt [0-9]{1,3}[A-F]");
    (STREET, line2, "[A-Z][a-zé]{1,20}", "[1-9][0-9]{4}", proptest::bool::ANY).prop_map(
        |(line1, line2, city, zip, long)| MemberAddress {
            line1: Line55::parse(&line1).unwrap(),
            line2: line2.map(|l| Line55::parse(&l).unwrap()),
            city: City::parse(&city).unwrap(),
            state: "NM".parse().unwrap(),
            zip: Zip::parse(&if long { format!("{zip}0001") } else { zip }).unwrap(),
        },
    )
}

fn subscriber() -> impl Strategy<Value = Subscriber> {
    (NAME, NAME, "[A-Z0-9]{2,20}", address(), select(Gender::ALL), 1..=28u32).prop_map(
        |(last, first, number, address, gender, birthday)| Subscriber {
            last_name: Line55::parse(&last).unwrap(),
            first_name: Line35::parse(&first).unwrap(),
            member_number: MemberNumber::parse(&number).unwrap(),
            address,
            birth_date: day(1950 + i32::try_from(birthday).unwrap(), 3, birthday),
            gender,
        },
    )
}

fn line(diagnoses: usize) -> impl Strategy<Value = ClaimLine> {
    let pointers: Vec<u8> = (1..=u8::try_from(diagnoses).unwrap()).collect();
    (
        subsequence(MODIFIERS, 0..=4),
        prop_oneof![0..100_000i64, Just(9_999_999_999 / 50)],
        1..200u32,
        select(PLACES),
        subsequence(pointers, 1..=diagnoses.min(4)),
        1..=30u32,
    )
        .prop_map(|(modifiers, cents, units, code, pointers, service)| ClaimLine {
            control: String::new(),
            procedure: ProcedureCode::parse("H0038").unwrap(),
            modifiers: modifiers.iter().map(|m| Modifier::parse(m).unwrap()).collect(),
            charge: Money::from_cents(cents),
            units,
            place: place(code),
            pointers,
            date: day(2026, 9, service),
            authorization: None,
        })
}

/// A claim without its number, which its place in the file gives.
fn claim() -> impl Strategy<Value = Claim> {
    let body = subsequence(DIAGNOSES, 1..=DIAGNOSES.len()).prop_flat_map(|codes| {
        let lines = prop_oneof![
            9 => prop::collection::vec(line(codes.len()), 1..6),
            1 => prop::collection::vec(line(codes.len()), 45..=50),
        ];
        (Just(codes), lines)
    });
    let authorization = proptest::option::of("[A-Z0-9][A-Z0-9-]{0,20}");
    (subscriber(), body, authorization).prop_map(|(subscriber, (codes, lines), authorization)| {
        Claim {
            number: ClaimNumber::parse("P0").unwrap(),
            charge: lines.iter().map(|l| l.charge).sum(),
            place: lines[0].place.clone(),
            subscriber,
            rendering: rendering(),
            authorization: authorization.map(|a| AuthorizationNumber::parse(&a).unwrap()),
            diagnoses: codes.iter().map(|d| Diagnosis::parse(d).unwrap()).collect(),
            lines,
        }
    })
}

fn delimiters() -> impl Strategy<Value = Delimiters> {
    let all = "*:^~|>{}!<".chars().collect::<Vec<_>>();
    subsequence(all, 4).prop_shuffle().prop_map(|four| Delimiters {
        element: four[0],
        component: four[1],
        repetition: four[2],
        segment: four[3],
    })
}

fn any_header() -> impl Strategy<Value = FileHeader> {
    let control = 1..=999_999_999u32;
    let mode = select(OrganizationMode::ALL);
    let flags = prop::array::uniform5(proptest::bool::ANY);
    (control.clone(), control, mode, delimiters(), 1..5u32, flags).prop_map(
        |(interchange, group, mode, delimiters, per_set, flags)| {
            let mut header = header();
            header.interchange_control = interchange;
            header.group_control = group;
            header.mode = mode;
            let profile = &mut header.profile;
            profile.delimiters = delimiters;
            profile.max_claims_per_set = per_set;
            [profile.line_breaks, profile.billing_taxonomy, profile.rendering_taxonomy] =
                [flags[0], flags[1], flags[2]];
            if flags[3] {
                profile.rendering = RenderingMode::IfDifferent;
            }
            if flags[4] {
                profile.authorization_level = AuthorizationLevel::Line;
            }
            header
        },
    )
}

/// A header, and claims whose numbers are unique; some members have several in a row.
pub(super) fn batch() -> impl Strategy<Value = (FileHeader, Vec<Claim>)> {
    let claims = prop::collection::vec((claim(), 1..3usize), 1..6);
    (any_header(), claims).prop_map(|(header, seeds)| {
        let repeated = seeds.into_iter().flat_map(|(claim, times)| vec![claim; times]);
        let mut claims: Vec<Claim> = repeated.collect();
        for (ordinal, claim) in claims.iter_mut().enumerate() {
            claim.number = format!("P0HJ{ordinal:010}").parse().unwrap();
            for (line, number) in claim.lines.iter_mut().zip(1..) {
                line.control = claim.number.line(number);
            }
        }
        let by_line = header.profile.authorization_level == AuthorizationLevel::Line;
        let claims = if by_line { at_line_level(claims) } else { claims };
        (header, claims)
    })
}
