//! X12 faults and where they are. A message says what to do and never repeats a person's data.

use std::fmt;
use std::io;

use crate::domain::text::code_list;

/// The name of a segment: two or three capital letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SegmentId([u8; 3]);

impl SegmentId {
    /// Reads a name; `None` when it is not two or three capital letters and digits.
    #[inline]
    pub(super) const fn new(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [a, b] if fits(a) && fits(b) => Some(Self([a, b, 0])),
            [a, b, c] if fits(a) && fits(b) && fits(c) => Some(Self([a, b, c])),
            _ => None,
        }
    }

    /// No segment.
    pub(super) const NONE: Self = Self([0; 3]);

    /// The name as text; empty for "no segment".
    pub fn as_str(&self) -> &str {
        let [a, _, c] = self.0;
        let length = if a == 0 { 0 } else { 2 + usize::from(c != 0) };
        self.0.get(..length).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

/// Whether a byte may stand in a name.
#[inline]
const fn fits(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in an X12 file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Bytes before the segment (reading) or before the value (writing).
    pub byte: u64,
    /// Ordinal of the segment in the file, ISA being 1; 0 outside of any.
    pub segment: u64,
    /// Its name, when it has one.
    pub id: SegmentId,
    /// Ordinal of the element, 1 first; 0 when the whole segment is meant.
    pub element: u8,
    /// Ordinal of the component, 1 first; 0 when the whole element is meant.
    pub component: u8,
    /// The guide's loop, where it is known (writing).
    pub loop_id: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segment > 0 {
            write!(f, "segment {}", self.segment)?;
            if !self.id.as_str().is_empty() {
                write!(f, " ({}", self.id)?;
                if self.element > 0 {
                    write!(f, "{:02}", self.element)?;
                }
                if self.component > 0 {
                    write!(f, "-{}", self.component)?;
                }
                f.write_str(")")?;
            }
            if !self.loop_id.is_empty() {
                write!(f, " in loop {}", self.loop_id)?;
            }
            f.write_str(" at ")?;
        }
        write!(f, "byte {}", self.byte)
    }
}

code_list!(
    /// What kind of fault it is: a stable word for programs.
    X12Fault, "an X12 fault" {
        /// The bytes could not be read or written.
        Io = "io",
        /// The file is something else: it does not begin with ISA.
        NotX12 = "not_x12",
        /// ISA, GS, ST or a trailer is missing or not as the standard wants it.
        Envelope = "envelope",
        /// A segment is not a segment.
        Syntax = "syntax",
        /// A limit of this program; its constant says why it is there.
        Limit = "limit",
        /// A character that cannot be sent.
        Character = "character",
        /// Too long, too short, or missing.
        Length = "length",
        /// A value that contradicts another one or the guide.
        Content = "content",
    }
);

/// A fault that ends the reading or writing of a file, or refuses a claim.
///
/// ```
/// use peerclaims::x12::{Lexer, Place, SegmentId, X12Error, X12Fault};
///
/// let file = include_bytes!("../../fixtures/x12/valid/peer_support_void.837");
/// let mut lexer = Lexer::new(&file[..]);
/// lexer.next_segment()?;
/// let group = lexer.next_segment()?.unwrap();
/// let error: X12Error = group.number(1).unwrap_err();
/// assert_eq!(error.fault, X12Fault::Content);
/// let Place { id, segment, element, .. } = error.place;
/// assert_eq!((SegmentId::as_str(&id), segment, element), ("GS", 2, 1));
/// assert!(error.to_string().starts_with("segment 2 (GS01) at byte 107: "), "{error}");
/// # Ok::<(), X12Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct X12Error {
    /// The kind.
    pub fault: X12Fault,
    /// Where.
    pub place: Place,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// The cause, of [`X12Fault::Io`].
    #[source]
    pub source: Option<io::Error>,
}

impl X12Error {
    /// A fault at a place.
    pub(super) fn new(fault: X12Fault, place: Place, message: impl Into<String>) -> Self {
        Self { fault, place, message: message.into(), source: None }
    }

    /// Bytes that could not be read or written; `doing` is a full clause.
    pub(super) fn io(place: Place, doing: &str, source: io::Error) -> Self {
        let message = format!("{doing}: {source}");
        Self { fault: X12Fault::Io, place, message, source: Some(source) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_well() {
        let id = SegmentId::new(b"NM1").unwrap();
        let place =
            Place { byte: 812, segment: 14, id, element: 3, component: 0, loop_id: "2010BA" };
        let error = X12Error::new(X12Fault::Length, place, "too long");
        assert_eq!(error.to_string(), "segment 14 (NM103) in loop 2010BA at byte 812: too long");
        assert_eq!(Place::default().to_string(), "byte 0");
    }

    #[test]
    fn names_of_segments_are_checked() {
        for (bytes, good) in
            [(&b"HL"[..], true), (b"NM1", true), (b"", false), (b"N", false), (b"nm1", false)]
        {
            assert_eq!(SegmentId::new(bytes).is_some(), good);
        }
        assert_eq!(SegmentId::new(b"HL").unwrap().as_str(), "HL");
    }
}
