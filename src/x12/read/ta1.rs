//! TA1: whether an interchange we sent arrived. It can reject claims, never accept them.

use serde::Serialize;

use crate::x12::segment::Segment;

use super::fault::{Out, ReadCode};
use super::values::{required, text};

/// One TA1.
///
/// ```
/// use peerclaims::x12::read::{Event, Reader, ta1::Ta1};
///
/// let file = include_bytes!("../../../fixtures/x12/answers/interchange.ta1");
/// let told: Vec<Ta1> = Reader::new(&file[..])
///     .filter_map(|event| match event {
///         Event::Ta1(ta1) => Some(ta1),
///         _ => None,
///     })
///     .collect();
/// assert_eq!((told[1].control.as_str(), told[1].status.as_str()), ("000000102", "R"));
/// assert_eq!(told[1].note.as_deref(), Some("018"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ta1 {
    /// TA101: ISA13 of the interchange it speaks of.
    pub control: String,
    /// TA102 as sent: that interchange's ISA09 (two digits of year).
    pub date: Option<String>,
    /// TA103: its ISA10.
    pub time: Option<String>,
    /// TA104: `A` accepted, `E` accepted with errors, `R` rejected.
    pub status: String,
    /// TA105: why, such as `000` (no error) or `018`.
    pub note: Option<String>,
    /// Ordinal of the segment in the file.
    pub position: u64,
}

pub(super) fn read(segment: &Segment<'_>, out: &mut Out) -> Ta1 {
    let status: String = required(segment, 4, out);
    if !matches!(status.as_str(), "" | "A" | "E" | "R") {
        out.error(ReadCode::Content, segment.place_of(4, 0), "TA104 must be A, E or R");
    }
    Ta1 {
        control: required(segment, 1, out),
        date: text(segment, 2, out),
        time: text(segment, 3, out),
        status,
        note: text(segment, 5, out),
        position: segment.place().segment,
    }
}
