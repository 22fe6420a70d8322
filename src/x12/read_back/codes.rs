//! Values against the guide's code sets and shapes, one segment at a time: who does not need to
//! know a code list to see that a value is none of it. Which code fits the service is the payer's
//! business.
//!
//! Authority: ASC X12 005010X222A1, the element tables; the code sets that it names (place of
//! service, HCPCS, ICD-10-CM, NUCC taxonomy) by their shape.

use crate::domain::codes::{Carc, Modifier, PlaceOfService, ProcedureCode};
use crate::domain::identifiers::{Ein, Npi, State, Taxonomy, Zip, Zip9};
use crate::x12::segment::{Segment, day as calendar_day, digits, same};

use super::heads::time;
use super::problem::ProblemKind::{Code, Date, Missing, Npi as NpiKind, Zip as ZipKind};
use super::problem::Problems;

/// SBR09.
const FILING: &[&str] = &[
    "11", "12", "13", "14", "15", "16", "17", "AM", "BL", "CH", "CI", "DS", "FI", "HM", "LM", "MA",
    "MB", "MC", "OF", "TV", "VA", "WC", "ZZ",
];
/// SBR01: who pays first, second, third, …
const SEQUENCE: &[&str] = &["P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H", "U"];
/// SBR02 of another payer's subscriber.
const RELATION: &[&str] = &["01", "18", "19", "20", "21", "39", "40", "53", "G8"];
/// CLM20.
const DELAY: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "15"];
/// PWK02.
const TRANSMISSION: &[&str] = &["AA", "BM", "EL", "EM", "FT", "FX"];
/// CN101.
const CONTRACT: &[&str] = &["01", "02", "03", "04", "05", "06", "09"];
/// CAS01.
const GROUPS: &[&str] = &["CO", "CR", "OA", "PI", "PR"];
/// A domain type's check as a yes or no. The types mend some texts (case, hyphens); here only their
/// stored form is right.
macro_rules! stored {
    ($kind:ident) => {
        |text: &str| $kind::parse(text).is_ok_and(|value| value.as_str() == text)
    };
}

/// Longest line of an address; name; note.
const ADDRESS: usize = 55;
const NAME: usize = 60;
const NOTE: usize = 80;

/// Looks at the values of one segment of the loop `at`.
pub(super) fn check(at: &str, segment: &Segment<'_>, problems: &mut Problems) {
    if at.is_empty() {
        return;
    }
    match segment.id() {
        b"BHT" => beginning(segment, problems),
        b"NM1" => name(at, segment, problems),
        b"N3" => longest(segment, 1, ADDRESS, problems),
        b"N4" => town(at, segment, problems),
        b"PER" => contact(segment, problems),
        b"REF" => reference(at, segment, problems),
        b"PRV" => {
            listed(segment, 2, &["PXC"], problems);
            shaped(segment, (3, 0), stored!(Taxonomy), Taxonomy::RULE, problems);
        }
        b"SBR" => subscriber(at, segment, problems),
        b"DMG" => {
            listed(segment, 1, &["D8"], problems);
            day(segment, 2, problems);
            listed(segment, 3, &["F", "M", "U"], problems);
        }
        b"DTP" => period(segment, problems),
        b"CLM" => claim(segment, problems),
        b"SV1" => service(segment, problems),
        b"SVD" => procedure(segment, 3, problems),
        b"CAS" => adjustment(segment, problems),
        b"NTE" => longest(segment, 2, NOTE, problems),
        b"K3" => longest(segment, 1, NOTE, problems),
        b"CN1" => listed(segment, 1, CONTRACT, problems),
        b"PWK" => listed(segment, 2, TRANSMISSION, problems),
        b"OI" => {
            listed(segment, 3, &["N", "W", "Y"], problems);
            listed(segment, 6, &["I", "Y"], problems);
        }
        _ => {}
    }
}

fn beginning(bht: &Segment<'_>, problems: &mut Problems) {
    listed(bht, 1, &["0019"], problems);
    listed(bht, 2, &["00", "18"], problems);
    day(bht, 4, problems);
    time(bht, 5, problems);
    listed(bht, 6, &["31", "CH", "RP"], problems);
}

fn name(at: &str, nm1: &Segment<'_>, problems: &mut Problems) {
    // Referring, supervising and ordering providers are persons.
    let person = matches!(nm1.element(1), b"DN" | b"P3" | b"DQ" | b"DK");
    listed(nm1, 2, if person { &["1"] } else { &["1", "2"] }, problems);
    // Addresses and other payers' providers are known by their place or number.
    let at = at.as_bytes();
    let nameless = matches!(
        at,
        b"2010AB"
            | b"2310E"
            | b"2310F"
            | b"2330C"
            | b"2330D"
            | b"2330E"
            | b"2330F"
            | b"2330G"
            | b"2420G"
            | b"2420H"
    );
    if !nameless || !nm1.element(3).is_empty() {
        longest(nm1, 3, NAME, problems);
    }
    let qualifiers: &[&str] = match at {
        b"1000A" | b"1000B" => &["46"],
        b"2010BA" | b"2330A" => &["II", "MI"],
        b"2010BB" | b"2330B" | b"2010AC" => &["PI", "XV"],
        _ => &["XX"],
    };
    let always = matches!(at, b"1000A" | b"1000B" | b"2010BA" | b"2010BB" | b"2330A" | b"2330B");
    if nm1.element(8).is_empty() && nm1.element(9).is_empty() {
        if always {
            problems.add(Missing, nm1.place_of(9, 0), "the name needs its number, NM109");
        }
        return;
    }
    listed(nm1, 8, qualifiers, problems);
    if nm1.element(9).len() < 2 {
        problems.add(Missing, nm1.place_of(9, 0), "the number has two characters or more");
    }
    if nm1.element(8) == b"XX" && !nm1.text(9).is_ok_and(|npi| Npi::parse(npi).is_ok()) {
        problems.add(NpiKind, nm1.place_of(9, 0), Npi::RULE);
    }
}

fn town(at: &str, n4: &Segment<'_>, problems: &mut Problems) {
    if !(2..=30).contains(&n4.element(1).len()) {
        problems.add(Code, n4.place_of(1, 0), "a city has 2 to 30 characters");
    }
    // N404 names a country only when it is another one.
    if !n4.element(4).is_empty() {
        return;
    }
    shaped(n4, (2, 0), stored!(State), State::RULE, problems);
    let long = matches!(at.as_bytes(), b"2010AA" | b"2310C" | b"2420C");
    let fits = |zip: &str| if long { Zip9::parse(zip).is_ok() } else { Zip::parse(zip).is_ok() };
    let digits = n4.element(3).iter().all(u8::is_ascii_digit);
    if !digits || !n4.text(3).is_ok_and(fits) {
        problems.add(ZipKind, n4.place_of(3, 0), if long { Zip9::RULE } else { Zip::RULE });
    }
}

fn contact(per: &Segment<'_>, problems: &mut Problems) {
    for (qualifier, value) in [(3, 4), (5, 6), (7, 8)] {
        let number = per.element(value);
        if per.element(qualifier).is_empty() && number.is_empty() && qualifier > 3 {
            continue;
        }
        listed(per, qualifier, &["EM", "EX", "FX", "TE"], problems);
        let phone = number.len() == 10 && number.iter().all(u8::is_ascii_digit);
        let fits = match per.element(qualifier) {
            b"TE" | b"FX" => phone,
            _ => !number.is_empty(),
        };
        if !fits {
            let what = "a telephone number has ten digits; an address is not empty";
            problems.add(Code, per.place_of(value, 0), what);
        }
    }
}

fn reference(at: &str, reference: &Segment<'_>, problems: &mut Problems) {
    let value = reference.element(2);
    if value.is_empty() || value.len() > 50 {
        problems.add(Code, reference.place_of(2, 0), "a number has 1 to 50 characters");
    }
    let tax = at == "2010AA" && matches!(reference.element(1), b"EI" | b"SY");
    let exception = reference.element(1) == b"4N" && !matches!(value, [b'1'..=b'7']);
    if exception {
        problems.add(Code, reference.place_of(2, 0), "the exception code is 1 to 7");
    }
    if tax {
        shaped(reference, (2, 0), stored!(Ein), Ein::RULE, problems);
    }
}

fn subscriber(at: &str, sbr: &Segment<'_>, problems: &mut Problems) {
    listed(sbr, 1, SEQUENCE, problems);
    if at == "2320" {
        listed(sbr, 2, RELATION, problems);
    } else if !sbr.element(2).is_empty() {
        listed(sbr, 2, &["18"], problems);
    }
    if !sbr.element(3).is_empty() && !sbr.element(4).is_empty() {
        let what = "a group has a number or a name here, not both";
        problems.add(Code, sbr.place_of(4, 0), what);
    }
    listed(sbr, 9, FILING, problems);
}

fn claim(clm: &Segment<'_>, problems: &mut Problems) {
    shaped(clm, (5, 1), stored!(PlaceOfService), PlaceOfService::RULE, problems);
    if clm.component(5, 2) != b"B" {
        problems.add(Code, clm.place_of(5, 2), "CLM05-2 must be B, a place of service");
    }
    listed(clm, 6, &["N", "Y"], problems);
    listed(clm, 7, &["A", "B", "C"], problems);
    listed(clm, 8, &["N", "W", "Y"], problems);
    listed(clm, 9, &["I", "Y"], problems);
    if !clm.element(10).is_empty() {
        listed(clm, 10, &["P"], problems);
    }
    if !clm.element(20).is_empty() {
        listed(clm, 20, DELAY, problems);
    }
}

fn service(sv1: &Segment<'_>, problems: &mut Problems) {
    procedure(sv1, 1, problems);
    listed(sv1, 3, &["MJ", "UN"], problems);
    if !units(sv1.element(4)) {
        let what = "the units are a number above 0 with at most three decimals";
        problems.add(Code, sv1.place_of(4, 0), what);
    }
    if !sv1.element(5).is_empty() {
        shaped(sv1, (5, 0), stored!(PlaceOfService), PlaceOfService::RULE, problems);
    }
    for element in [9, 11, 12] {
        if !sv1.element(element).is_empty() {
            listed(sv1, element, &["Y"], problems);
        }
    }
    if !sv1.element(15).is_empty() {
        listed(sv1, 15, &["0"], problems);
    }
}

/// A number above 0 with at most three decimals; mostly a whole one.
fn units(bytes: &[u8]) -> bool {
    if let Some(whole) = digits(bytes) {
        return whole > 0;
    }
    let text = std::str::from_utf8(bytes).ok();
    let units = text.and_then(|text| text.parse::<rust_decimal::Decimal>().ok());
    units.is_some_and(|u| u > rust_decimal::Decimal::ZERO && u.scale() <= 3)
}

/// SV101 or SVD03: qualifier, procedure, up to four modifiers, a description.
fn procedure(segment: &Segment<'_>, element: u8, problems: &mut Problems) {
    let qualifier = segment.component(element, 1);
    if !matches!(qualifier, b"ER" | b"HC" | b"IV" | b"WK") {
        problems.add(Code, segment.place_of(element, 1), "the qualifier is ER, HC, IV or WK");
    }
    if qualifier == b"HC" {
        let at = (element, 2);
        shaped(segment, at, stored!(ProcedureCode), ProcedureCode::RULE, problems);
    }
    for ordinal in 3..=6 {
        if !segment.component(element, ordinal).is_empty() {
            let at = (element, ordinal);
            shaped(segment, at, stored!(Modifier), Modifier::RULE, problems);
        }
    }
    if segment.components(element).count() > 8 {
        let what = "a procedure has at most four modifiers";
        problems.add(Code, segment.place_of(element, 0), what);
    }
}

fn adjustment(cas: &Segment<'_>, problems: &mut Problems) {
    listed(cas, 1, GROUPS, problems);
    for reason in (2..=17).step_by(3) {
        if reason > 2 && cas.element(reason).is_empty() && cas.element(reason + 1).is_empty() {
            continue;
        }
        shaped(cas, (reason, 0), stored!(Carc), Carc::RULE, problems);
    }
}

/// A DTP: one day (D8) or a first and a last one (RD8).
fn period(dtp: &Segment<'_>, problems: &mut Problems) {
    let value = dtp.element(3);
    let mut days = value.splitn(2, |b| *b == b'-').map(calendar_day);
    let (first, last) = (days.next().flatten(), days.next());
    let sound = match (dtp.element(2), first, last) {
        (b"D8", Some(_), None) => true,
        (b"RD8", Some(first), Some(Some(last))) => first <= last,
        (b"DT", _, _) => value.get(..8).and_then(calendar_day).is_some(),
        _ => false,
    };
    if !sound {
        let what = "the date must be a day of the calendar as its format (D8, RD8) says";
        problems.add(Date, dtp.place_of(3, 0), what);
    }
}

pub(super) fn day(segment: &Segment<'_>, element: u8, problems: &mut Problems) {
    if calendar_day(segment.element(element)).is_none() {
        let what = "the date must be a day of the calendar, eight digits, year first";
        problems.add(Date, segment.place_of(element, 0), what);
    }
}

fn longest(segment: &Segment<'_>, element: u8, most: usize, problems: &mut Problems) {
    if !(1..=most).contains(&segment.element(element).len()) {
        let what = format!("the text has 1 to {most} characters");
        problems.add(Code, segment.place_of(element, 0), what);
    }
}

pub(super) fn listed(segment: &Segment<'_>, element: u8, codes: &[&str], problems: &mut Problems) {
    let sent = segment.element(element);
    if !codes.iter().any(|code| same(code, sent)) {
        let what = format!("the code must be one of: {}", codes.join(", "));
        problems.add(Code, segment.place_of(element, 0), what);
    }
}

fn shaped(
    segment: &Segment<'_>,
    (element, component): (u8, u8),
    fits: impl Fn(&str) -> bool,
    rule: &str,
    problems: &mut Problems,
) {
    let bytes = match component {
        0 => segment.element(element),
        component => segment.component(element, component),
    };
    if !std::str::from_utf8(bytes).is_ok_and(fits) {
        problems.add(Code, segment.place_of(element, component), rule);
    }
}
