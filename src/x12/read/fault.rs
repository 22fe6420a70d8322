//! What a reader found wrong: a code for programs, a place, and words for the biller. Never the
//! refused value, which may be personal data.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::domain::text::code_list;
use crate::x12::error::{Place, X12Error, X12Fault};

use super::{Event, Record};

/// Most errors told of one file. A file with more has one cause, told many times; the rest is
/// counted.
const MAX_ERRORS: u64 = 1_000;

/// Fatal errors of each code that are told however many errors came before: a thousand wrong dates
/// must not hide that the file is cut off.
const FATAL_TOLD: u64 = 10;

code_list!(
    /// What kind of error it is: a stable word for programs.
    ReadCode, "a reading error" {
        /// The bytes could not be read.
        Io = "io",
        /// The file is something else: it does not begin with ISA.
        NotX12 = "not_x12",
        /// ISA, GS, ST or a trailer is missing or not as the standard wants it.
        Envelope = "envelope",
        /// A segment is not a segment.
        Syntax = "syntax",
        /// A limit of this program.
        Limit = "limit",
        /// A character that is not text.
        Character = "character",
        /// Too long, too short, or missing (from the lexer).
        Length = "length",
        /// A value that is not of its type or contradicts the guide.
        Content = "content",
        /// A version or transaction that is not read here.
        Version = "version",
        /// A trailer's control number is not its header's, or a number is used twice.
        Control = "control",
        /// A trailer's count is not what is there.
        Count = "count",
        /// A segment stands where it cannot.
        Order = "order",
        /// A value or segment that the guide requires is not there.
        Missing = "missing",
        /// Amounts do not add up.
        Sum = "sum",
        /// A record or file with more than is kept; all of it was read.
        Full = "full",
        /// The file is folded into lines of a fixed width; it was read without their ends.
        Folded = "folded",
    }
);

impl From<X12Fault> for ReadCode {
    fn from(fault: X12Fault) -> Self {
        match fault {
            X12Fault::Io => Self::Io,
            X12Fault::NotX12 => Self::NotX12,
            X12Fault::Envelope => Self::Envelope,
            X12Fault::Syntax => Self::Syntax,
            X12Fault::Limit => Self::Limit,
            X12Fault::Character => Self::Character,
            X12Fault::Length => Self::Length,
            X12Fault::Content => Self::Content,
        }
    }
}

/// One error with its place.
///
/// ```
/// use peerclaims::x12::read::{Document, ReadCode, ReadError};
///
/// let file = include_str!("../../../fixtures/x12/valid/peer_support_void.837");
/// let file = file.replace("GE*1*", "GE*2*");
/// let errors: Vec<ReadError> = Document::read(file.as_bytes()).errors;
/// let ReadError { code, segment, element, message, .. } = &errors[0];
/// assert_eq!((*code, segment.as_str(), *element), (ReadCode::Count, "GE", Some(1)));
/// assert_eq!(message, "the count must be 1 (sets); something was lost or added");
/// assert!(errors.len() == 1 && errors[0].is_fatal());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadError {
    /// The kind.
    pub code: ReadCode,
    /// Name of the segment, such as `SE`; empty when there is none.
    pub segment: String,
    /// Ordinal of the element, 1 first; `None` when the whole segment is meant.
    pub element: Option<u8>,
    /// Ordinal of the component, 1 first.
    pub component: Option<u8>,
    /// Ordinal of the segment in the file, ISA being 1; 0 before any.
    pub position: u64,
    /// Bytes of the file before the segment.
    pub byte: u64,
    /// What is wrong and what to do.
    pub message: String,
}

impl ReadError {
    /// Whether the file is not whole, not of a version that is read, or cannot be read to its end:
    /// nothing of it may be acted upon. All others speak of a value, which is then absent, or of
    /// what was too much to be kept.
    pub fn is_fatal(&self) -> bool {
        is_fatal(self.code, self.element.is_some())
    }

    fn new(code: ReadCode, place: Place, message: String) -> Self {
        Self {
            code,
            segment: place.id.as_str().to_owned(),
            element: (place.element > 0).then_some(place.element),
            component: (place.component > 0).then_some(place.component),
            position: place.segment,
            byte: place.byte,
            message,
        }
    }
}

/// See [`ReadError::is_fatal`]; `element` is whether the error is about one.
fn is_fatal(code: ReadCode, element: bool) -> bool {
    match code {
        ReadCode::Content
        | ReadCode::Character
        | ReadCode::Sum
        | ReadCode::Full
        | ReadCode::Folded => false,
        // An element that is not there; what is missing else is a segment.
        ReadCode::Missing => !element,
        ReadCode::Io
        | ReadCode::NotX12
        | ReadCode::Envelope
        | ReadCode::Syntax
        | ReadCode::Limit
        | ReadCode::Length
        | ReadCode::Version
        | ReadCode::Control
        | ReadCode::Count
        | ReadCode::Order => true,
    }
}

/// What the readers have to say until somebody asks.
#[derive(Debug, Default)]
pub(super) struct Out {
    events: VecDeque<Event>,
    /// Errors found, told or not.
    pub(super) errors: u64,
    /// The first fatal one.
    pub(super) fatal: Option<ReadError>,
    /// Fatal ones found, by code.
    found: BTreeMap<ReadCode, u64>,
    /// The reading ends here: what is still said is about the end, and always told.
    pub(super) ending: bool,
}

impl Out {
    pub(super) fn next(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(super) fn record(&mut self, record: Record) {
        self.event(Event::Record(Box::new(record)));
    }

    pub(super) fn error(&mut self, code: ReadCode, place: Place, message: impl Into<String>) {
        self.errors += 1;
        let fatal = is_fatal(code, place.element > 0);
        let few = fatal && self.is_one_of_few(code);
        if self.errors > MAX_ERRORS && !few && !self.ending {
            return;
        }
        let error = ReadError::new(code, place, message.into());
        if fatal && self.fatal.is_none() {
            self.fatal = Some(error.clone());
        }
        self.event(Event::Error(error));
    }

    /// Counts a fatal error; whether it is one of the first of its code.
    fn is_one_of_few(&mut self, code: ReadCode) -> bool {
        let found = self.found.entry(code).or_default();
        *found += 1;
        *found <= FATAL_TOLD
    }

    pub(super) fn fault(&mut self, fault: &X12Error) {
        self.error(fault.fault.into(), fault.place, fault.message.clone());
    }
}
