//! Numbers of type R (amounts, units, quantities): no zeros before the first digit that counts.
//! `0025.76` is read as 25.76 by some and refused by others.
//!
//! Authority: ASC X12 005010X222A1, appendix B.1.1.3.1.2 (decimal) and the element tables.

use crate::x12::segment::Segment;

use super::problem::ProblemKind::Code;
use super::problem::Problems;

/// Looks at the numbers of one segment.
pub(super) fn check(segment: &Segment<'_>, problems: &mut Problems) {
    for element in reals(segment.id()) {
        if is_padded(segment.element(*element)) {
            let what = "the number has zeros before its first digit that counts";
            problems.add(Code, segment.place_of(*element, 0), what);
        }
    }
}

/// The elements of type R, by segment.
fn reals(id: &[u8]) -> &'static [u8] {
    match id {
        b"AMT" | b"CLM" | b"PS1" | b"QTY" => &[2],
        b"CAS" => &[3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19],
        b"CN1" => &[2, 3],
        b"CR1" => &[2, 6],
        b"CTP" => &[4],
        b"HCP" => &[2, 3, 5, 7, 12],
        b"MEA" => &[3],
        b"MOA" => &[1, 2, 8, 9],
        b"PAT" => &[8],
        b"SV1" => &[2, 4],
        b"SV5" => &[3, 4, 5],
        b"SVD" => &[2, 5],
        _ => &[],
    }
}

/// Whether a zero stands before another digit; the zero of `0` and `0.5` does not.
fn is_padded(bytes: &[u8]) -> bool {
    let plain = bytes.strip_prefix(b"-").unwrap_or(bytes);
    matches!(plain, [b'0', b'0'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_that_count_nothing_are_told_from_those_that_do() {
        for good in ["0", "0.5", "-0.5", ".5", "10", "100.00", "", "X0"] {
            assert!(!is_padded(good.as_bytes()), "{good}");
        }
        for bad in ["00", "0025.76", "-01", "00.5", "0184"] {
            assert!(is_padded(bad.as_bytes()), "{bad}");
        }
    }
}
