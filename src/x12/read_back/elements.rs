//! How many elements a segment has, and which of them have components. What stands behind the last
//! one, or in a component too many, is read by no receiver, and some refuse the file for it.
//!
//! Authority: ASC X12 005010X222A1, the element tables of chapter 2.4: of each segment the last
//! element that the guide uses in any loop.

use crate::x12::segment::Segment;

use super::problem::ProblemKind::{Code, Structure};
use super::problem::Problems;

/// Looks at one segment of the loop `at`.
pub(super) fn check(at: &str, segment: &Segment<'_>, problems: &mut Problems) {
    let Some(most) = most(at, segment) else { return };
    if segment.element_count() > usize::from(most) {
        let what = format!("the guide has {most} elements in this segment, and none here");
        problems.add(Structure, segment.place_of(most + 1, 0), what);
    }
    let (bytes, marks) = (segment.bytes(), segment.marks());
    let repeats = marks.repetition.is_some_and(|mark| bytes.contains(&mark));
    if repeats || bytes.contains(&marks.component) {
        parts(segment, most, problems);
    }
}

/// The components of each element, and its repetitions: nothing is repeated in an 837P.
fn parts(segment: &Segment<'_>, most: u8, problems: &mut Problems) {
    for element in 1..=most {
        let components = components(segment.id(), element);
        if segment.components(element).count() > components {
            let what = match components {
                1 => "the element has no components; the mark between components stands in it"
                    .to_owned(),
                some => format!("the element has {some} components at most"),
            };
            problems.add(Code, segment.place_of(element, 0), what);
        }
        if segment.repetitions(element).count() > 1 {
            let what = "the element is not repeated; the mark between repetitions stands in it";
            problems.add(Code, segment.place_of(element, 0), what);
        }
    }
}

/// Most elements of a segment; none for an ISA, whose widths are fixed, and for segments that an
/// 837P has not, which are told where they stand.
fn most(at: &str, segment: &Segment<'_>) -> Option<u8> {
    Some(match segment.id() {
        b"K3" | b"LX" => 1,
        b"CR3" | b"DMG" | b"DTP" | b"LIN" | b"MEA" | b"PRV" | b"ST" => 3,
        b"HL" => 4,
        b"CTP" | b"FRM" | b"TA1" => 5,
        b"BHT" | b"CN1" | b"OI" | b"PWK" | b"SV5" | b"SVD" => 6,
        b"CRC" | b"N4" => 7,
        b"GS" | b"PER" => 8,
        b"MOA" | b"NM1" | b"PAT" | b"SBR" => 9,
        b"CR1" => 10,
        b"CR2" => 11,
        b"HI" => 12,
        b"HCP" | b"SV1" => 15,
        b"CAS" => 19,
        b"CLM" => 20,
        // A number of another payer names it in its fourth element, at lines only.
        b"REF" if at.starts_with("242") => 4,
        b"REF" if at == "2400" && matches!(segment.element(1), b"9F" | b"G1") => 4,
        b"AMT" | b"CUR" | b"GE" | b"IEA" | b"LQ" | b"N3" | b"NTE" | b"PS1" | b"QTY" | b"REF"
        | b"SE" => 2,
        _ => return None,
    })
}

/// Most components of an element; 1 is none.
fn components(id: &[u8], element: u8) -> usize {
    match (id, element) {
        (b"CLM", 5) => 3,
        (b"CLM", 11) => 5,
        (b"HI", _) | (b"REF", 4) | (b"SV5", 1) => 2,
        (b"SV1", 1) | (b"SVD", 3) => 7,
        // The pointers are counted with their claim.
        (b"SV1", 7) => usize::MAX,
        _ => 1,
    }
}
