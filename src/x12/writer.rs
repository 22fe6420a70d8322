//! The segment writer: elements to bytes, with nothing allocated for each.
//!
//! Text is folded to what every payer's character set carries (accents off, capitals). Nothing is
//! escaped, because X12 has no escape: a character that is a delimiter, or that has no plain form,
//! refuses the segment. Nothing is cut: a value that does not fit refuses it too. A fault in the
//! middle of a segment is kept until its `end`, so that a segment reads as one chain.

mod values;

use std::io::Write;
use std::ops::RangeInclusive;

use crate::domain::contract::Delimiters;
use crate::domain::contract::form::kinds::CharacterSet;
use crate::domain::identifiers::fold_accent;

use super::error::{Place, SegmentId, X12Error, X12Fault};
use super::segment::Marks;

pub use values::MAX_AMOUNT;

/// Bytes gathered before they are handed on: large enough that system calls do not count.
const FLUSH_BYTES: usize = 64 * 1024;
/// A place to which the writer can go back; good until the next [`SegmentWriter::commit`].
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    length: usize,
    segments: u64,
}

/// Writes segments. What is written stays in memory until [`SegmentWriter::commit`].
#[derive(Debug)]
pub struct SegmentWriter<W> {
    out: W,
    buffer: Vec<u8>,
    /// Bytes already handed to `out`.
    flushed: u64,
    /// What each byte is sent as; 0 for what cannot be sent.
    sendable: [u8; 256],
    /// Whether the character set has small letters.
    small: bool,
    marks: Marks,
    repetition: u8,
    line_breaks: bool,
    segments: u64,
    /// The element being written, with its segment and loop.
    place: Place,
    /// Separators of the segment, and of the element, already written: trailing ones never are.
    element_marks: u8,
    component_marks: u8,
    fault: Option<X12Error>,
}

impl<W: Write> SegmentWriter<W> {
    /// A writer with these delimiters; a line break follows each segment if wanted. Fails when the
    /// delimiters are not four different punctuation characters, or one is a point.
    pub fn new(out: W, delimiters: Delimiters, line_breaks: bool) -> Result<Self, X12Error> {
        let Delimiters { element, component, repetition, segment } = delimiters;
        let bytes = [element, component, repetition, segment]
            .map(|c| u8::try_from(c).ok().filter(|b| b.is_ascii_punctuation() && *b != b'.'));
        let distinct =
            bytes.iter().enumerate().all(|(i, b)| !bytes.iter().skip(i + 1).any(|o| o == b));
        let [Some(element), Some(component), Some(repetition), Some(segment)] = bytes else {
            return Err(bad_delimiters());
        };
        if !distinct {
            return Err(bad_delimiters());
        }
        let sendable = std::array::from_fn(|index| match u8::try_from(index) {
            Ok(b) if [element, component, repetition, segment].contains(&b) => 0,
            Ok(b) if b == b' ' || b.is_ascii_graphic() => b.to_ascii_uppercase(),
            _ => 0,
        });
        Ok(Self {
            out,
            buffer: Vec::with_capacity(2 * FLUSH_BYTES),
            flushed: 0,
            sendable,
            small: false,
            marks: Marks { element, component, repetition: Some(repetition), segment },
            repetition,
            line_breaks,
            segments: 0,
            place: Place::default(),
            element_marks: 0,
            component_marks: 0,
            fault: None,
        })
    }

    /// The same writer for another character set; what is not in it refuses its segment.
    #[must_use]
    pub fn with_characters(mut self, set: CharacterSet) -> Self {
        self.small = set != CharacterSet::Basic;
        // Capitals, digits and these are the basic set (appendix B of the guide).
        let basic = |b: u8| b.is_ascii_alphanumeric() || b" !\"&'()*+,-./:;?=".contains(&b);
        for (byte, sent) in (0..=u8::MAX).zip(&mut self.sendable) {
            let plain = byte == b' ' || byte.is_ascii_graphic();
            let delimiter = plain && *sent == 0;
            *sent = match set {
                _ if delimiter || !plain => 0,
                CharacterSet::Basic if !basic(byte) => 0,
                CharacterSet::Extended => byte,
                CharacterSet::Basic | CharacterSet::Capitals => byte.to_ascii_uppercase(),
            };
        }
        self
    }

    /// Segments written so far.
    pub fn segments(&self) -> u64 {
        self.segments
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.flushed + u64::try_from(self.buffer.len()).unwrap_or(u64::MAX)
    }

    /// The place of the next byte: what a fault found before writing says.
    pub fn here(&self, loop_id: &'static str) -> Place {
        Place { byte: self.bytes(), segment: self.segments + 1, loop_id, ..Place::default() }
    }

    /// Starts a segment of a loop of the guide.
    pub fn segment(&mut self, loop_id: &'static str, id: &'static str) -> &mut Self {
        let name = SegmentId::new(id.as_bytes()).unwrap_or_default();
        self.place = Place { id: name, ..self.here(loop_id) };
        self.element_marks = 0;
        self.buffer.extend_from_slice(id.as_bytes());
        self
    }

    /// The next element: one of the guide's own codes, letters and digits.
    pub fn code(&mut self, code: &str) -> &mut Self {
        self.next_element().put(code.as_bytes())
    }

    /// The next component: one of the guide's own codes.
    pub fn part(&mut self, code: &str) -> &mut Self {
        self.next_component().put(code.as_bytes())
    }

    /// The next element: a text of so many characters, folded. From 0: it may be empty.
    pub fn text(&mut self, value: &str, lengths: RangeInclusive<usize>) -> &mut Self {
        self.next_element().put_text(value, lengths)
    }

    /// The next element: what the receiver has told us to say, with its small letters where the
    /// character set has any.
    pub fn text_as_told(&mut self, value: &str, lengths: RangeInclusive<usize>) -> &mut Self {
        self.text(value, lengths);
        let told = value.trim_matches(' ').as_bytes();
        let start = self.buffer.len().saturating_sub(told.len());
        let same = |written: &&mut [u8]| written.eq_ignore_ascii_case(told);
        if self.small
            && self.fault.is_none()
            && let Some(written) = self.buffer.get_mut(start..).filter(same)
        {
            written.copy_from_slice(told);
        }
        self
    }

    /// The next component: a text of so many characters, folded.
    pub fn part_text(&mut self, value: &str, lengths: RangeInclusive<usize>) -> &mut Self {
        self.next_component().put_text(value, lengths)
    }

    /// Leaves `count` elements empty.
    pub fn skip(&mut self, count: u8) -> &mut Self {
        self.place.element = self.place.element.saturating_add(count);
        self.place.component = 1;
        self.component_marks = 0;
        self
    }

    /// Ends the segment; gives the first fault found in it.
    pub fn end(&mut self) -> Result<(), X12Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        self.buffer.push(self.marks.segment);
        if self.line_breaks {
            self.buffer.push(b'\n');
        }
        self.segments += 1;
        Ok(())
    }

    /// Remembers this place, between segments.
    pub fn mark(&self) -> Mark {
        Mark { length: self.buffer.len(), segments: self.segments }
    }

    /// Forgets all that was written since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        self.buffer.truncate(mark.length);
        self.segments = mark.segments;
        self.fault = None;
    }

    /// Hands on what has been gathered once it is worth it; no mark is good after that.
    pub fn commit(&mut self) -> Result<(), X12Error> {
        if self.buffer.len() < FLUSH_BYTES { Ok(()) } else { self.flush() }
    }

    /// Hands on all and gives the output back.
    pub fn finish(mut self) -> Result<W, X12Error> {
        self.flush()?;
        self.out.flush().map_err(|e| self.cannot_write(e))?;
        Ok(self.out)
    }

    fn flush(&mut self) -> Result<(), X12Error> {
        self.out.write_all(&self.buffer).map_err(|e| self.cannot_write(e))?;
        self.flushed = self.bytes();
        self.buffer.clear();
        Ok(())
    }

    fn cannot_write(&self, error: std::io::Error) -> X12Error {
        X12Error::io(self.here(""), "the file could not be written; write it again whole", error)
    }

    fn next_element(&mut self) -> &mut Self {
        self.place.element = self.place.element.saturating_add(1);
        self.place.component = 1;
        self.component_marks = 0;
        self
    }

    fn next_component(&mut self) -> &mut Self {
        self.place.component = self.place.component.saturating_add(1);
        self
    }

    /// Writes the separators that the place needs and does not have yet.
    fn separate(&mut self) -> &mut Self {
        while self.element_marks < self.place.element {
            self.buffer.push(self.marks.element);
            self.element_marks += 1;
        }
        while self.component_marks + 1 < self.place.component {
            self.buffer.push(self.marks.component);
            self.component_marks += 1;
        }
        self
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        if !bytes.is_empty() {
            self.separate();
            self.buffer.extend_from_slice(bytes);
        }
        self
    }

    fn put_text(&mut self, value: &str, lengths: RangeInclusive<usize>) -> &mut Self {
        let value = value.trim_matches(' ');
        if !value.is_empty() {
            self.separate();
        }
        let before = self.buffer.len();
        let sendable = &self.sendable;
        let sent = |b: u8| sendable.get(usize::from(b)).copied().unwrap_or_default();
        self.buffer.extend(value.bytes().map(sent));
        if self.buffer.get(before..).is_some_and(|written| written.contains(&0)) {
            self.buffer.truncate(before);
            self.put_folded(value);
        }
        let length = self.buffer.len() - before;
        if self.fault.is_none() && !lengths.contains(&length) {
            let (low, high) = (lengths.start(), lengths.end());
            let message = format!("the value has {length} characters; {low} to {high} are allowed");
            return self.refuse(X12Fault::Length, &message);
        }
        self
    }

    /// The slow way, for text with accents or with what cannot be sent.
    fn put_folded(&mut self, value: &str) {
        for (index, c) in value.chars().enumerate() {
            let mut one = [0; 4];
            let plain: &str = match fold_accent(c) {
                Some("") => c.encode_utf8(&mut one),
                Some(plain) => plain,
                None => "\0",
            };
            for byte in plain.bytes() {
                let sent = self.sendable.get(usize::from(byte)).copied().unwrap_or_default();
                if sent == 0 {
                    let message = format!(
                        "character {} of the value is a delimiter or cannot be sent; change the \
                         value, or the delimiters in the payer's claim profile",
                        index + 1
                    );
                    self.refuse(X12Fault::Character, &message);
                    return;
                }
                self.buffer.push(sent);
            }
        }
    }

    fn refuse(&mut self, fault: X12Fault, message: &str) -> &mut Self {
        // A lone component is the whole element: the place need not say "-1".
        let component = if self.component_marks > 0 { self.place.component } else { 0 };
        let place = Place { byte: self.bytes(), component, ..self.place };
        self.fault.get_or_insert_with(|| X12Error::new(fault, place, message));
        self
    }
}

fn bad_delimiters() -> X12Error {
    let message = "the four delimiters must be different punctuation characters, none a point; \
                   change them in the payer's claim profile";
    X12Error::new(X12Fault::Content, Place::default(), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;

    #[test]
    fn a_segment_is_one_chain() -> Result<(), X12Error> {
        let mut writer = SegmentWriter::new(Vec::new(), Delimiters::default(), false)?;
        writer.segment("2010BA", "NM1").code("IL").code("1").text("Peña", 1..=60).skip(2).end()?;
        let charge = Money::from_cents(6450);
        writer.segment("2400", "SV1").code("HC").part("H0038").amount(charge).end()?;
        assert_eq!(writer.finish()?, b"NM1*IL*1*PENA~SV1*HC:H0038*64.5~");
        Ok(())
    }
}
