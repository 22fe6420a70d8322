//! What ISA and GS say beside their control numbers, versions and usage: code sets, dates, times.
//! A receiver looks at these first, and a TA1 rejects the whole file for one of them.
//!
//! Authority: ASC X12 005010X222A1, appendix C (ISA, GS) and B.1.1.3 (the types DT and TM).

use crate::x12::segment::{Segment, day as calendar_day};

use super::codes::{day, listed};
use super::problem::ProblemKind::{Code, Control, Date, Missing};
use super::problem::Problems;

/// ISA05 and ISA07.
const QUALIFIERS: &[&str] = &["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"];

/// Elements of ISA, and what may stand in them.
const ISA: &[(u8, &[&str])] =
    &[(1, &["00", "03"]), (3, &["00", "01"]), (5, QUALIFIERS), (7, QUALIFIERS), (14, &["0", "1"])];

/// ISA01 and ISA03 by which ISA02 and ISA04 say something.
const SAID: &[(u8, &[u8])] = &[(1, b"03"), (3, b"01")];

/// The values of an ISA.
pub(super) fn interchange(isa: &Segment<'_>, problems: &mut Problems) {
    for (element, codes) in ISA {
        listed(isa, *element, codes, problems);
    }
    let blank = |element| isa.element(element).trim_ascii().is_empty();
    for (element, code) in SAID {
        if isa.element(*element) == *code && blank(element + 1) {
            let what = "the element before says that something stands here, and nothing does";
            problems.add(Missing, isa.place_of(element + 1, 0), what);
        }
    }
    for element in [6, 8] {
        if blank(element) {
            let what = "the id of the sender or receiver is not there";
            problems.add(Missing, isa.place_of(element, 0), what);
        }
    }
    // Two digits of the year; the century is this one.
    let date = [b"20", isa.element(9)].concat();
    if calendar_day(&date).is_none() {
        let what = "the date must be a day of the calendar, six digits, year first";
        problems.add(Date, isa.place_of(9, 0), what);
    }
    time(isa, 10, problems);
    if isa.element(11).iter().any(u8::is_ascii_alphanumeric) {
        let what = "ISA11 must be the mark between repetitions, no letter or digit";
        problems.add(Code, isa.place_of(11, 0), what);
    }
}

/// The values of a GS.
pub(super) fn group(gs: &Segment<'_>, problems: &mut Problems) {
    for element in [2, 3] {
        let code = gs.element(element).trim_ascii();
        if code.is_empty() {
            let what = "the code of the sender or receiver is not there";
            problems.add(Missing, gs.place_of(element, 0), what);
        } else if !(2..=15).contains(&code.len()) {
            let what = "a code of the sender or receiver has 2 to 15 characters";
            problems.add(Code, gs.place_of(element, 0), what);
        }
    }
    day(gs, 4, problems);
    time(gs, 5, problems);
    if gs.element(6).len() > 9 {
        problems.add(Control, gs.place_of(6, 0), "GS06 has at most nine digits");
    }
    listed(gs, 7, &["X"], problems);
}

/// A time of the day.
pub(super) fn time(segment: &Segment<'_>, element: u8, problems: &mut Problems) {
    if !is_time(segment.element(element)) {
        let what = "the time must be one of the day: HHMM, and seconds and their parts if at all";
        problems.add(Date, segment.place_of(element, 0), what);
    }
}

/// HHMM, HHMMSS, HHMMSSD or HHMMSSDD.
fn is_time(bytes: &[u8]) -> bool {
    let (pairs, _) = bytes.as_chunks::<2>();
    matches!(bytes.len(), 4 | 6..=8)
        && bytes.iter().all(u8::is_ascii_digit)
        && pairs.iter().zip([b"23", b"59", b"59", b"99"]).all(|(pair, most)| pair <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_a_day() {
        for good in ["0000", "2359", "1530", "235959", "2359599", "00000000", "15300099"] {
            assert!(is_time(good.as_bytes()), "{good}");
        }
        for bad in
            ["", "153", "2400", "2575", "1560", "235960", "15:3", "15300", "153000999", "9999"]
        {
            assert!(!is_time(bad.as_bytes()), "{bad}");
        }
    }
}
