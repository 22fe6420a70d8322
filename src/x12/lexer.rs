//! The lexer: bytes to segments, in constant memory, with the place of each.
//!
//! It knows the envelope's first segment (the delimiters are in it) and nothing of any transaction.
//! Tolerated, because real files have it: a byte order mark, blanks before ISA and between
//! segments, line ends after the terminator, a line end *as* the terminator, several interchanges
//! with delimiters of their own in one file, a few doubled terminators, the padding of old systems
//! (Ctrl-Z, zero bytes) after an interchange. Not tolerated: guessing.

use std::io::{ErrorKind, Read};

use super::error::{Place, SegmentId, X12Error, X12Fault};
use super::foreign;
use super::scan::{Separators, find};
use super::segment::{Marks, Segment};

/// Longest segment. The guides' longest have some 1,500 characters; a longer run without a
/// terminator means wrong delimiters or a file that is not X12.
pub(super) const MAX_SEGMENT_BYTES: usize = 16 * 1024;
/// Most elements of a segment. The standard's largest have some 30; places use two digits.
pub(super) const MAX_ELEMENTS: usize = 99;
/// Most segments of a file: some 2.5 GB, above what clearinghouses take; stops endless input.
const MAX_SEGMENTS: u64 = 100_000_000;

/// Most empty segments of a file that are passed over: a program that doubles a terminator does so
/// where it joins its parts. More of them say that the file is not what it seems; each is a fault.
pub(super) const MAX_EMPTY_SEGMENTS: u32 = 100;
/// What old systems fill their last block with, or end a file with (Ctrl-Z).
const PADDING: [u8; 2] = [0x1A, 0];

/// What is said of a segment without a name.
const NO_NAME: &str = "a segment must start with a name of two or three capital letters and \
                       digits; a terminator may be missing here";
/// What an empty segment is told that is one too many.
const EMPTY: &str = "the segment is empty: its terminator is doubled. 100 of these are passed over \
                     in a file, not more; have the sender mend it";

/// Bytes held at a time; several of the longest segments.
const BUFFER_BYTES: usize = 64 * 1024;
/// Bytes of an ISA with its terminator: all its widths are fixed.
const ISA_BYTES: usize = 106;
/// Where the element separators of an ISA are.
const ISA_SEPARATORS: [usize; 16] =
    [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];
/// The byte order mark of UTF-8, which editors leave at the start of files.
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Reads segments one at a time.
///
/// ```
/// use peerclaims::x12::Lexer;
///
/// let isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       \
///            *261008*1530*^*00501*000000101*1*T*:~";
/// let file = format!("{isa}\nREF*EI*911234567~\n");
/// let mut lexer = Lexer::new(file.as_bytes());
/// assert_eq!(lexer.marks(), None);
/// assert_eq!(lexer.next_segment()?.unwrap().element(15), b"T");
/// assert_eq!((lexer.consumed(), lexer.marks().unwrap().segment), (106, b'~'));
/// let reference = lexer.next_segment()?.unwrap();
/// assert_eq!((reference.id(), reference.element(2)), (&b"REF"[..], &b"911234567"[..]));
/// assert_eq!(reference.place().segment, 2);
/// assert!(lexer.next_segment()?.is_none());
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
#[derive(Debug)]
pub struct Lexer<R> {
    input: R,
    buffer: Vec<u8>,
    /// Unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Bytes of the file before `buffer[0]`.
    offset: u64,
    exhausted: bool,
    marks: Option<Marks>,
    separators: Separators,
    segments: u64,
    /// Empty segments passed over.
    empty: u32,
    /// The first thing passed over that no standard has.
    odd: Option<(Place, &'static str)>,
}

impl<R: Read> Lexer<R> {
    /// A lexer over any bytes; it buffers by itself.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            offset: 0,
            exhausted: false,
            marks: None,
            separators: Separators::default(),
            segments: 0,
            empty: 0,
            odd: None,
        }
    }

    /// The delimiters of the interchange being read; `None` before the first ISA.
    pub fn marks(&self) -> Option<Marks> {
        self.marks
    }

    /// What is read from.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The first thing that was passed over and that no file should have: an empty segment, or
    /// padding after an interchange.
    pub(super) fn passed_over(&self) -> Option<(Place, &'static str)> {
        self.odd
    }

    /// Bytes consumed so far: up to and with the last terminator; at the end, all.
    pub fn consumed(&self) -> u64 {
        self.offset + u64::try_from(self.start).unwrap_or(u64::MAX)
    }

    /// The next segment, or `None` at the end of the file.
    pub fn next_segment(&mut self) -> Result<Option<Segment<'_>>, X12Error> {
        loop {
            if !self.skip_blanks()? {
                return Ok(None);
            }
            // Where a letter stands, a segment starts: only else is there more to look at.
            let letter = self.buffer.get(self.start).is_some_and(u8::is_ascii_uppercase);
            if letter || !self.pass_over()? {
                break;
            }
        }
        if self.segments >= MAX_SEGMENTS {
            let message = format!("the file has more than {MAX_SEGMENTS} segments; split it");
            return Err(self.fault(X12Fault::Limit, message));
        }
        self.segments += 1;
        // Few segments start with an I: only then is there more to look at.
        let starts = self.buffer.get(self.start) == Some(&b'I') && is_isa(self.at_least(4)?);
        let (marks, length) = match (starts, self.marks) {
            (true, _) => (self.isa()?, ISA_BYTES - 1),
            (false, Some(marks)) => (marks, self.scan(marks)?),
            (false, None) => {
                let what = foreign::advice(self.at_least(foreign::START_BYTES)?);
                let message =
                    format!("the file must start with an ISA segment; this is not X12{what}");
                return Err(self.fault(X12Fault::NotX12, message));
            }
        };
        self.marks = Some(marks);
        let place = self.place();
        let first = self.start;
        self.start += length + 1;
        let bytes = self.buffer.get(first..first + length).unwrap_or_default();
        let separators = self.separators.found();
        let name = bytes.get(..separators.first().copied().unwrap_or(length));
        let Some(id) = name.and_then(SegmentId::new) else {
            let message = if length == 0 { EMPTY } else { NO_NAME };
            return Err(X12Error::new(X12Fault::Syntax, place, message));
        };
        let place = Place { id, ..place };
        Ok(Some(Segment { bytes, separators, marks, place }))
    }

    fn place(&self) -> Place {
        Place { byte: self.consumed(), segment: self.segments, ..Place::default() }
    }

    fn fault(&self, fault: X12Fault, message: impl Into<String>) -> X12Error {
        X12Error::new(fault, self.place(), message)
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads more behind the unread bytes; false at the end of the input.
    fn fill(&mut self) -> Result<bool, X12Error> {
        if self.exhausted {
            return Ok(false);
        }
        if self.end == self.buffer.len() {
            self.offset += u64::try_from(self.start).unwrap_or(u64::MAX);
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => {
                    self.exhausted = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end = (self.end + count).min(self.buffer.len());
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(X12Error::io(self.place(), "the file could not be read", error));
                }
            }
        }
    }

    /// The unread bytes, after trying to have `count` of them.
    fn at_least(&mut self, count: usize) -> Result<&[u8], X12Error> {
        while self.end - self.start < count && self.fill()? {}
        Ok(self.unread())
    }

    /// Moves to the next byte that is not blank; false at the end of the file.
    fn skip_blanks(&mut self) -> Result<bool, X12Error> {
        if self.segments == 0 && self.consumed() == 0 {
            let head = self.at_least(BYTE_ORDER_MARK.len())?;
            if head.starts_with(BYTE_ORDER_MARK) {
                self.start += BYTE_ORDER_MARK.len();
            }
        }
        // A terminator outside of ASCII has more bytes than the one that ISA declares.
        let tail = self.marks.is_some_and(|marks| marks.segment >= 0xC0);
        loop {
            let blank = |b: &u8| {
                matches!(b, b' ' | b'\t' | b'\r' | b'\n') || (tail && (0x80..0xC0).contains(b))
            };
            match self.unread().iter().position(|b| !blank(b)) {
                Some(blanks) => {
                    self.start += blanks;
                    return Ok(true);
                }
                None => self.start = self.end,
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Passes over an empty segment, or over padding when an interchange or the end of the file is
    /// behind it. False when there is neither.
    #[cold]
    fn pass_over(&mut self) -> Result<bool, X12Error> {
        let (Some(marks), Some(first)) = (self.marks, self.unread().first().copied()) else {
            return Ok(false);
        };
        let place = Place { segment: self.segments + 1, ..self.place() };
        if first == marks.segment {
            let few = self.empty < MAX_EMPTY_SEGMENTS;
            if few {
                self.empty += 1;
                self.start += 1;
                self.odd.get_or_insert((place, "an empty segment stands here"));
            }
            return Ok(few);
        }
        if !PADDING.contains(&first) || first == marks.element {
            return Ok(false);
        }
        let more = loop {
            let padding = |b: &u8| PADDING.contains(b) || b.is_ascii_whitespace();
            match self.unread().iter().position(|b| !padding(b)) {
                Some(count) => {
                    self.start += count;
                    break true;
                }
                None => self.start = self.end,
            }
            if !self.fill()? {
                break false;
            }
        };
        if more && !is_isa(self.at_least(4)?) {
            let message = "bytes that are no text (Ctrl-Z or zero) stand before this segment; they \
                           are passed over after an interchange only";
            return Err(X12Error::new(X12Fault::Syntax, place, message));
        }
        self.odd.get_or_insert((place, "bytes that are no text follow the interchange"));
        Ok(true)
    }

    /// Reads the delimiters of an ISA at the unread bytes and checks its widths.
    fn isa(&mut self) -> Result<Marks, X12Error> {
        let isa = self.at_least(ISA_BYTES)?;
        let byte = |index: usize| isa.get(index).copied();
        let (Some(element), Some(repetition), Some(component), Some(segment)) =
            (byte(3), byte(82), byte(104), byte(105))
        else {
            let message = "the file ends inside its ISA segment; it was cut off";
            return Err(self.fault(X12Fault::Envelope, message));
        };
        let displaced = ISA_SEPARATORS.iter().position(|at| byte(*at) != Some(element));
        let stray = isa.iter().take(ISA_BYTES).filter(|b| **b == element).count();
        let version = isa.get(84..89).unwrap_or_default();
        // Some senders of 5010 leave the letter there that ISA11 had before it was a delimiter.
        let is_mark = version >= &b"00402"[..] && !repetition.is_ascii_alphanumeric();
        let repetition = is_mark.then_some(repetition);
        let distinct = ![Some(component), Some(segment), repetition].contains(&Some(element))
            && component != segment
            && (repetition != Some(component) && repetition != Some(segment));
        let id = SegmentId::new(b"ISA").unwrap_or_default();
        let place = Place { id, ..self.place() };
        if let Some(ordinal) = displaced.or((stray != 16).then_some(15)) {
            let element = u8::try_from(ordinal).unwrap_or_default();
            let message = "ISA has fixed widths, 106 bytes in all; an element before this place \
                           is too long or too short";
            let place = Place { element, ..place };
            return Err(X12Error::new(X12Fault::Envelope, place, message));
        }
        if !distinct || [component, segment].iter().any(u8::is_ascii_alphanumeric) {
            let message = "the delimiters that ISA declares must differ from one another and must \
                           not be letters or digits";
            return Err(X12Error::new(X12Fault::Envelope, place, message));
        }
        self.separators.clear();
        for index in ISA_SEPARATORS {
            self.separators.push(index);
        }
        Ok(Marks { element, component, repetition, segment })
    }

    /// Finds the terminator of the segment at the unread bytes, noting separators on the way.
    /// Gives the segment's length without the terminator.
    fn scan(&mut self, marks: Marks) -> Result<usize, X12Error> {
        self.separators.clear();
        let mut seen = 0;
        loop {
            let window = self.buffer.get(self.start + seen..self.end).unwrap_or_default();
            if let Some(index) = find(window, marks, |index| self.separators.push(seen + index)) {
                return self.within_limits(seen + index);
            }
            seen += window.len();
            self.within_limits(seen)?;
            if !self.fill()? {
                let message = "the file ends inside this segment, before its terminator; it was \
                               cut off";
                return Err(self.fault(X12Fault::Syntax, message));
            }
        }
    }

    fn within_limits(&self, length: usize) -> Result<usize, X12Error> {
        if length > MAX_SEGMENT_BYTES {
            let message = format!(
                "the segment has more than {MAX_SEGMENT_BYTES} bytes; its terminator is missing"
            );
            return Err(self.fault(X12Fault::Limit, message));
        }
        if self.separators.count() > MAX_ELEMENTS {
            let message = format!("the segment has more than {MAX_ELEMENTS} elements");
            return Err(self.fault(X12Fault::Limit, message));
        }
        Ok(length)
    }
}

/// Whether an ISA starts here.
fn is_isa(bytes: &[u8]) -> bool {
    matches!(bytes, [b'I', b'S', b'A', mark, ..] if !mark.is_ascii_alphanumeric())
}
