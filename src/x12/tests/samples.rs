//! Invented people and a header, for tests of the writer and the read-back.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::domain::claim::{
    BillingProvider, Claim, ClaimLine, ClaimNumber, FileHeader, Rendering, Subscriber,
};
use crate::domain::codes::{Diagnosis, Gender, Modifier, PlaceOfService, ProcedureCode};
use crate::domain::contract::{
    AuthorizationLevel, ClaimProfile, Delimiters, RenderingMode, Rollup, SourceOf,
};
use crate::domain::identifiers::{
    AuthorizationNumber, City, Ein, Line35, Line55, MemberNumber, Npi, PartnerCode, Phone, State,
    Taxonomy, Zip, Zip9,
};
use crate::domain::member::MemberAddress;
use crate::domain::money::Money;
use crate::domain::organization::{OrganizationMode, StreetAddress};
use crate::domain::period::Period;
use crate::x12::{Totals, Writer837p, X12Error};

pub(super) fn line55(text: &str) -> Line55 {
    Line55::parse(text).unwrap()
}

pub(super) fn line35(text: &str) -> Line35 {
    Line35::parse(text).unwrap()
}

pub(super) fn place(code: &str) -> PlaceOfService {
    PlaceOfService::parse(code).unwrap()
}

pub(super) fn profile() -> ClaimProfile {
    ClaimProfile {
        receiver_qualifier: "ZZ".to_owned(),
        receiver_id: PartnerCode::parse("MCOPAYER01").unwrap(),
        receiver_code: PartnerCode::parse("MCOPAYER01").unwrap(),
        receiver_name: line55("Evergreen Community Health Plan"),
        payer_name: line55("Evergreen Community Health Plan"),
        payer_id: PartnerCode::parse("MCOPAYER01").unwrap(),
        acknowledgment_requested: true,
        claim_filing_code: "MC".to_owned(),
        delimiters: Delimiters::default(),
        line_breaks: true,
        max_claims_per_set: 5000,
        billing_taxonomy: true,
        rendering: RenderingMode::Always,
        rendering_taxonomy: true,
        authorization_level: AuthorizationLevel::Claim,
        rollup: Rollup::Day,
        one_place_per_claim: false,
        period: Period::Day,
        form: Box::default(),
        source: None,
        source_of: SourceOf::default(),
    }
}

pub(super) fn header() -> FileHeader {
    FileHeader {
        mode: OrganizationMode::Test,
        interchange_control: 101,
        group_control: 101,
        created: day(2026, 10, 8).and_hms_opt(15, 30, 0).unwrap(),
        batch_reference: "BATCH000101".to_owned(),
        sender_qualifier: "ZZ".to_owned(),
        sender_id: PartnerCode::parse("PEERORG001").unwrap(),
        contact_name: line35("Billing Office"),
        contact_phone: Phone::parse("509-555-0142").unwrap(),
        profile: profile(),
        billing: BillingProvider {
            name: line55("River Bend Peer Recovery"),
            npi: Npi::parse("1234567893").unwrap(),
            ein: Ein::parse("91-1234567").unwrap(),
            taxonomy: Taxonomy::parse("251S00000X").unwrap(),
            address: StreetAddress {
                line1: line55("410 W Main Ave"),
                line2: Some(line55("Suite 200")),
                city: City::parse("Spokane").unwrap(),
                state: State::parse("WA").unwrap(),
                zip: Zip9::parse("99201-0001").unwrap(),
            },
        },
    }
}

pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(super) fn subscriber(first: &str, last: &str, number: &str) -> Subscriber {
    Subscriber {
        last_name: line55(last),
        first_name: line35(first),
        member_number: MemberNumber::parse(number).unwrap(),
        address: MemberAddress {
            line1: line55("88 Pine St Apt 4"),
            line2: None,
            city: City::parse("Spokane").unwrap(),
            state: State::parse("WA").unwrap(),
            zip: Zip::parse("99202-0004").unwrap(),
        },
        birth_date: day(1985, 2, 14),
        gender: Gender::Female,
    }
}

pub(super) fn rendering() -> Rendering {
    Rendering {
        last_name: line55("Okafor"),
        first_name: line35("June"),
        npi: Npi::parse("1987654328").unwrap(),
        taxonomy: Taxonomy::parse("175T00000X").unwrap(),
    }
}

/// Modifiers, cents, units, place, pointers.
type Line<'a> = (&'a [&'a str], i64, u32, &'a str, &'a [u8]);

pub(super) fn claim(
    number: &str,
    subscriber: &Subscriber,
    service: NaiveDate,
    lines: &[Line<'_>],
) -> Claim {
    let number = ClaimNumber::parse(number).unwrap();
    let lines: Vec<ClaimLine> = (1..)
        .zip(lines)
        .map(|(ordinal, (modifiers, cents, units, code, pointers))| ClaimLine {
            control: number.line(ordinal),
            procedure: ProcedureCode::parse("H0038").unwrap(),
            modifiers: modifiers.iter().map(|m| Modifier::parse(m).unwrap()).collect(),
            charge: Money::from_cents(*cents),
            units: *units,
            place: place(code),
            pointers: pointers.to_vec(),
            date: service,
            authorization: None,
        })
        .collect();
    Claim {
        number,
        charge: lines.iter().map(|l| l.charge).sum(),
        place: lines.first().map_or_else(|| place("11"), |l| l.place.clone()),
        subscriber: subscriber.clone(),
        rendering: rendering(),
        authorization: Some(AuthorizationNumber::parse("PA-7700123").unwrap()),
        diagnoses: ["F11.20", "F32.9"].iter().map(|d| Diagnosis::parse(d).unwrap()).collect(),
        lines,
    }
}

/// Two members; the first has two claims of one day and a third of another.
pub(super) fn claims() -> Vec<Claim> {
    let dana = subscriber("Dana", "Alvarez", "MCO55012345");
    let lee = subscriber("Léa", "Peña-O'Neil", "MCO55067890");
    let (first, second) = (day(2026, 9, 14), day(2026, 9, 22));
    vec![
        claim(
            "P0HJ2A000000A1",
            &dana,
            first,
            &[(&[], 6400, 4, "11", &[1]), (&["HQ"], 2850, 4, "11", &[1, 2])],
        ),
        claim("P0HJ2A000000A2", &dana, first, &[(&["HQ", "HF"], 50, 1, "99", &[2])]),
        claim(
            "P0HJ2A000000A3",
            &dana,
            second,
            &[(&["95"], 6405, 4, "10", &[1]), (&["95"], 8000, 5, "02", &[1])],
        ),
        claim("P0HJ2A000000B1", &lee, second, &[(&[], 12_800, 8, "12", &[1])]),
    ]
}

/// Moves each claim's authorization to its lines.
pub(super) fn at_line_level(mut claims: Vec<Claim>) -> Vec<Claim> {
    for claim in &mut claims {
        let number = claim.authorization.take();
        claim.lines.iter_mut().for_each(|l| l.authorization.clone_from(&number));
    }
    claims
}

pub(super) fn write(header: &FileHeader, claims: &[Claim]) -> Result<(Vec<u8>, Totals), X12Error> {
    let mut bytes = Vec::new();
    let mut writer = Writer837p::new(&mut bytes, header)?;
    claims.iter().try_for_each(|claim| writer.claim(claim))?;
    let totals = writer.finish()?;
    Ok((bytes, totals))
}

/// A sound file, as text.
pub(super) fn good_file() -> String {
    String::from_utf8(write(&header(), &claims()).unwrap().0).unwrap()
}

/// Leaves a file for pyx12 where it is wanted.
pub(super) fn leave_for_pyx12(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("PEERCLAIMS_837P_DIR") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}
