//! What the read-back finds wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::text::code_list;
use crate::x12::error::Place;

/// Most problems that are kept; a file with more is wrong throughout, and the count says so.
const MAX_PROBLEMS: usize = 200;

/// Problems of the whole file that are kept however many others came before, so many of each kind:
/// two hundred wrong codes must not hide that it counts wrong.
const WHOLE_KEPT: u64 = 10;

code_list!(
    /// What kind of problem: a stable word for programs.
    ProblemKind, "a problem of a file" {
        /// A segment that is not where it belongs, is missing or empty, or has elements too many; a
        /// file in odd dress (folded, padded).
        Structure = "structure",
        /// ISA12, GS01, GS08, ST01 or ST03 is not of an 837P of version 005010X222A1.
        Version = "version",
        /// ISA15 is neither T nor P.
        Usage = "usage",
        /// SE01, GE01 or IEA01 is not the count.
        Count = "count",
        /// A trailer's control number is not its header's, or a header's is malformed.
        Control = "control",
        /// A set's number or reference (ST02, BHT03) is used twice.
        SetRepeated = "set_repeated",
        /// HL01 does not count 1, 2, 3.
        HlOrder = "hl_order",
        /// HL02 is not the level above.
        HlParent = "hl_parent",
        /// HL04 does not say whether there are levels below.
        HlChild = "hl_child",
        /// An amount is not an amount, or CLM02 is not the sum of SV102.
        Charge = "charge",
        /// A diagnosis pointer points to nothing.
        Pointer = "pointer",
        /// LX does not count 1, 2, 3, or there are no lines or too many.
        Lines = "lines",
        /// An NPI's check digit is wrong.
        Npi = "npi",
        /// Not a ZIP code, or no ZIP+4 where the guide wants one.
        Zip = "zip",
        /// CLM05-3 is not 1, 7 or 8.
        Frequency = "frequency",
        /// A replacement or void does not name the payer's number, REF*F8.
        OriginalReference = "original_reference",
        /// A segment or loop that the guide requires is not there.
        Missing = "missing",
        /// A value that is not of the guide's code set, or not of its shape.
        Code = "code",
        /// A date that is no day, a time that is none of it, or one that lies where it cannot.
        Date = "date",
        /// Diagnoses: more than twelve, one twice, none or two principal ones, not a code.
        Diagnosis = "diagnosis",
        /// What other payers paid and adjusted does not add up.
        Balance = "balance",
        /// CLM01 is missing, too long, or used twice.
        ClaimNumber = "claim_number",
        /// REF*6R is missing or used twice.
        LineControl = "line_control",
    }
);

/// One inconsistency of a file. Says no personal data.
///
/// ```
/// use peerclaims::x12::{Problem, ProblemKind, read_back};
///
/// let file = include_str!("../../../fixtures/x12/valid/peer_support_original.837");
/// let file = file.replace("CLM*PS0001001*184*", "CLM*PS0001001*148*");
/// let problem: Problem = read_back(file.as_bytes())?.problems.remove(0);
/// assert_eq!((problem.kind, problem.segment), (ProblemKind::Charge, 21));
/// assert!(problem.message.contains("CLM02"), "{}", problem.message);
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Ordinal of the segment, ISA being 1.
    pub segment: u64,
    /// Bytes before the segment.
    pub byte: u64,
    /// The place in words, and what is wrong.
    pub message: String,
}

/// The problems found so far, bounded.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Vec<Problem>,
    count: u64,
    /// Problems of the whole file, by kind.
    whole: BTreeMap<ProblemKind, u64>,
    /// The file ends: what is still said is about its end, and kept.
    ending: bool,
}

impl Problems {
    pub(super) fn add(&mut self, kind: ProblemKind, place: Place, what: impl AsRef<str>) {
        self.count += 1;
        let few = self.is_one_of_few(kind);
        if self.kept.len() < MAX_PROBLEMS || few || self.ending {
            let message = format!("{place}: {}", what.as_ref());
            self.kept.push(Problem { kind, segment: place.segment, byte: place.byte, message });
        }
    }

    /// The file ends.
    pub(super) fn end(&mut self) {
        self.ending = true;
    }

    /// Counts a problem of the whole file; whether it is one of the first of its kind.
    fn is_one_of_few(&mut self, kind: ProblemKind) -> bool {
        use ProblemKind::{Control, Count, Usage, Version};
        if !matches!(kind, Control | Count | Usage | Version) {
            return false;
        }
        let found = self.whole.entry(kind).or_default();
        *found += 1;
        *found <= WHOLE_KEPT
    }

    pub(super) fn into_parts(self) -> (Vec<Problem>, u64) {
        (self.kept, self.count)
    }
}
