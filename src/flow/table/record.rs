//! Records of a CSV file, one after another, however broken the file is.

use std::io::BufRead;

use crate::error::Fault;

/// Longest record, and longest line: a row of ours has some hundred bytes.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// Bytes of a UTF-8 byte order mark, which spreadsheets write.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A record: its fields without quotes, not yet known to be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The line on which it starts, 1 first.
    pub line: u64,
    pub fields: Vec<Vec<u8>>,
}

/// Where the reader stands within a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// Between the quotes of a field.
    Quoted,
    /// Behind a quote within quotes: the end, or the first of two.
    Closed,
}

/// Reads records.
#[derive(Debug)]
pub(super) struct Records<R> {
    reader: R,
    line: u64,
    ended: bool,
}

/// One physical line.
enum Line {
    /// Its bytes, without the line end.
    Whole(Vec<u8>),
    /// Longer than allowed; it was read over.
    TooLong,
    /// There are no more.
    End,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: 0, ended: false }
    }

    /// The next line, at most [`MAX_RECORD_BYTES`] of it in memory.
    fn line(&mut self) -> Result<Line, Fault> {
        let mut bytes = Vec::new();
        let (mut length, mut seen) = (0usize, false);
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) => {
                    // There is nothing to go on with.
                    self.ended = true;
                    let message = format!("the file cannot be read: {}", error.kind());
                    return Err(Fault::on_line(self.line + 1, None, message));
                }
            };
            if buffer.is_empty() {
                break;
            }
            seen = true;
            let end = buffer.iter().position(|b| *b == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            length = length.saturating_add(part.len());
            if length <= MAX_RECORD_BYTES {
                bytes.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !seen {
            return Ok(Line::End);
        }
        self.line += 1;
        if length > MAX_RECORD_BYTES {
            return Ok(Line::TooLong);
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.line == 1 && bytes.starts_with(BOM) {
            bytes.drain(..BOM.len());
        }
        Ok(Line::Whole(bytes))
    }

    fn record(&mut self) -> Result<Option<Record>, Fault> {
        let mut parser = Parser::new();
        let mut start = 0;
        let mut length = 0usize;
        loop {
            let bytes = match self.line()? {
                Line::Whole(bytes) => bytes,
                Line::TooLong => return Err(self.too_long()),
                Line::End if parser.state == State::Quoted => {
                    let message = "a double quote opens on this line and never closes";
                    return Err(Fault::on_line(start, None, message));
                }
                Line::End => return Ok(None),
            };
            if parser.state == State::Start && bytes.is_empty() {
                continue;
            }
            if self.line == 1 && (bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF"))
            {
                self.ended = true;
                let message = "the file is UTF-16; save it as CSV in UTF-8";
                return Err(Fault::on_line(1, None, message));
            }
            if start == 0 {
                start = self.line;
            }
            length = length.saturating_add(bytes.len() + 1);
            if length > MAX_RECORD_BYTES + 1 {
                return Err(self.too_long());
            }
            parser.line(&bytes).map_err(|message| Fault::on_line(self.line, None, message))?;
            if parser.state != State::Quoted {
                return Ok(Some(Record { line: start, fields: parser.finish() }));
            }
            parser.field.push(b'\n');
        }
    }

    fn too_long(&self) -> Fault {
        let message = format!("this row is longer than {MAX_RECORD_BYTES} bytes");
        Fault::on_line(self.line, None, message)
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.record().transpose();
        self.ended |= record.is_none();
        record
    }
}

/// Takes a record apart, line by line.
struct Parser {
    state: State,
    field: Vec<u8>,
    fields: Vec<Vec<u8>>,
}

impl Parser {
    fn new() -> Self {
        Self { state: State::Start, field: Vec::new(), fields: Vec::new() }
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for byte in bytes {
            self.state = match (self.state, byte) {
                (State::Start, b'"') => State::Quoted,
                (State::Start | State::Plain | State::Closed, b',') => {
                    self.fields.push(std::mem::take(&mut self.field));
                    State::Start
                }
                (State::Plain, b'"') => {
                    return Err("a double quote stands in a field that does not start with one; \
                                put the field in quotes and write the quote twice");
                }
                (State::Start | State::Plain, _) => self.keep(*byte, State::Plain),
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) | (State::Closed, b'"') => self.keep(*byte, State::Quoted),
                (State::Closed, _) => {
                    return Err("something follows the closing double quote of a field; inside \
                                quotes write a quote twice");
                }
            };
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8, state: State) -> State {
        self.field.push(byte);
        state
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        self.fields.push(self.field);
        self.fields
    }
}
