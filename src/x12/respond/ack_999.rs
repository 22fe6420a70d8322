//! 999: what became of each set of a group. AK9 is worked out from the sets, so that the two can
//! never disagree (in files of other programs they do: `docs/x12-companion.md`).
//!
//! Authority: ASC X12 005010X231A1.

use std::io::Write;

use super::{Exchange, Kind};
use crate::x12::envelope::Envelope;
use crate::x12::error::X12Error;
use crate::x12::writer::SegmentWriter;

const KIND: Kind = Kind { functional_id: "FA", set_id: "999", version: "005010X231A1" };

/// Of which group, and what became of its sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupVerdict {
    /// AK101: its GS01.
    pub functional_id: String,
    /// AK102: its GS06.
    pub control: String,
    /// AK103: its GS08.
    pub version: String,
    /// Its sets in order.
    pub sets: Vec<SetVerdict>,
}

/// What became of one set: rejected when it has an error that is fatal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetVerdict {
    /// AK201: its ST01.
    pub kind: String,
    /// AK202: its ST02.
    pub control: String,
    /// AK203: its ST03.
    pub version: String,
    /// What was found.
    pub faults: Vec<SegmentFault>,
    /// Whether it is rejected; otherwise faults are told and it is accepted all the same.
    pub rejected: bool,
}

/// A segment with a fault (IK3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentFault {
    /// IK301.
    pub segment: String,
    /// IK302: its ordinal in the set, ST being 1.
    pub position: u64,
    /// IK303: the loop, empty when it has none.
    pub loop_id: String,
    /// IK304, such as `3` (missing) or `8` (its elements have faults).
    pub code: String,
    /// Its elements with a fault.
    pub elements: Vec<ElementFault>,
}

/// An element with a fault (IK4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElementFault {
    /// IK401-1, 1 first.
    pub element: u8,
    /// IK401-2; 0 when the element is no composite.
    pub component: u8,
    /// IK402: number of the data element; 0 when unknown.
    pub reference: u16,
    /// IK403, such as `7` (not a code of the list).
    pub code: String,
}

impl SetVerdict {
    /// IK501.
    pub fn status(&self) -> &'static str {
        match (self.rejected, self.faults.is_empty()) {
            (true, _) => "R",
            (false, true) => "A",
            (false, false) => "E",
        }
    }
}

impl GroupVerdict {
    /// AK901: `A`, `E`, `P` (some sets rejected) or `R` (all of them, or none there).
    pub fn status(&self) -> &'static str {
        let rejected = self.sets.iter().filter(|s| s.rejected).count();
        match rejected {
            0 if self.sets.is_empty() => "R",
            0 if self.sets.iter().any(|s| !s.faults.is_empty()) => "E",
            0 => "A",
            all if all == self.sets.len() => "R",
            _ => "P",
        }
    }
}

/// Writes a file with one 999.
///
/// ```
/// use peerclaims::domain::{contract::Delimiters, organization::OrganizationMode};
/// use peerclaims::x12::respond::{
///     ElementFault, Exchange, GroupVerdict, SegmentFault, SetVerdict, write_999,
/// };
///
/// let created = chrono::NaiveDate::from_ymd_opt(2026, 9, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
/// let exchange = Exchange {
///     mode: OrganizationMode::Test,
///     sender: ("ZZ".into(), "PAYER".into()),
///     receiver: ("ZZ".into(), "SENDER".into()),
///     created,
///     interchange_control: 7,
///     group_control: 7,
///     delimiters: Delimiters::default(),
///     line_breaks: false,
/// };
/// let version = "005010X222A1".to_owned();
/// let sound = SetVerdict {
///     kind: "837".into(),
///     control: "0001".into(),
///     version: version.clone(),
///     ..SetVerdict::default()
/// };
/// let npi = ElementFault { element: 9, component: 0, reference: 67, code: "5".into() };
/// let fault = SegmentFault {
///     segment: "NM1".into(),
///     position: 8,
///     loop_id: "2010".into(),
///     code: "8".into(),
///     elements: vec![npi],
/// };
/// let control = "0002".to_owned();
/// let bad = SetVerdict { control, faults: vec![fault], rejected: true, ..sound.clone() };
/// assert_eq!((sound.status(), bad.status()), ("A", "R"));
/// let (functional_id, control, sets) = ("HC".into(), "3".into(), vec![sound, bad]);
/// let group = GroupVerdict { functional_id, control, version, sets };
/// assert_eq!(group.status(), "P");
/// let file = String::from_utf8(write_999(Vec::new(), &exchange, &group)?).unwrap();
/// assert!(file.contains("~IK3*NM1*8*2010*8~IK4*9*67*5~IK5*R*5~AK9*P*2*2*1~"), "{file}");
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
pub fn write_999<W: Write>(
    out: W,
    exchange: &Exchange,
    group: &GroupVerdict,
) -> Result<W, X12Error> {
    let mut out = SegmentWriter::new(out, exchange.delimiters, exchange.line_breaks)?;
    let mut envelope = Envelope::open(&mut out, &exchange.header(KIND))?;
    envelope.open_set(&mut out)?;
    out.segment("AK1", "AK1")
        .text(&group.functional_id, 2..=2)
        .text(&group.control, 1..=9)
        .text(&group.version, 0..=12)
        .end()?;
    for set in &group.sets {
        set_verdict(&mut out, set)?;
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let accepted = group.sets.iter().filter(|s| !s.rejected).count();
    out.segment("AK9", "AK9")
        .code(group.status())
        .number(count(group.sets.len()))
        .number(count(group.sets.len()))
        .number(count(accepted))
        .end()?;
    envelope.close_set(&mut out)?;
    envelope.close(&mut out)?;
    out.finish()
}

fn set_verdict<W: Write>(out: &mut SegmentWriter<W>, set: &SetVerdict) -> Result<(), X12Error> {
    out.segment("2000", "AK2")
        .text(&set.kind, 3..=3)
        .text(&set.control, 4..=9)
        .text(&set.version, 0..=35)
        .end()?;
    for fault in &set.faults {
        out.segment("2100", "IK3")
            .text(&fault.segment, 2..=3)
            .number(fault.position)
            .text(&fault.loop_id, 0..=4)
            .text(&fault.code, 1..=3)
            .end()?;
        for element in &fault.elements {
            out.segment("2110", "IK4").number(element.element.into());
            if element.component > 0 {
                out.part_number(element.component.into());
            }
            if element.reference > 0 {
                out.number(element.reference.into());
            } else {
                out.skip(1);
            }
            out.text(&element.code, 1..=3).end()?;
        }
        out.commit()?;
    }
    out.segment("2000", "IK5").code(set.status());
    if set.rejected {
        // One or more segments in error.
        out.code("5");
    }
    out.end()
}
