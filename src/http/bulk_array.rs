//! The elements of one JSON list, one after another, however long the list is.
//!
//! A scanner finds where each element ends by its quotes and brackets and leaves the reading of it
//! to serde; at most one element is in memory. An element that is wrong inside spoils itself only.
//! Where the list itself is broken (a comma is missing, a bracket does not match) nothing behind it
//! can be trusted, so reading ends there, and the last answer says so.

use std::io::{self, BufRead};

use crate::error::{AppError, Code, Fault};

/// Deepest nesting of an element: an encounter has three levels; serde itself stops at 128.
const MAX_DEPTH: usize = 100;

/// Where the scanner stands between elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// Behind the opening bracket.
    Open,
    /// Behind an element.
    Behind,
    /// The list has ended, or cannot be read further.
    Ended,
}

/// Gives the elements of a list.
#[derive(Debug)]
pub(super) struct Elements<R> {
    input: R,
    line: u64,
    stand: Stand,
    /// Longest element in bytes.
    most: usize,
}

/// What came next.
#[derive(Debug)]
pub(super) enum Element {
    /// An element that begins on this line; its bytes are in the buffer.
    Whole(u64),
    /// An element that begins on this line and is longer than allowed.
    TooLong(u64),
    /// The list is broken on this line.
    Broken(u64, AppError),
}

fn broken(line: u64, message: &str) -> AppError {
    let fault = Fault::on_line(line, None, message);
    AppError::new(Code::MalformedBody, "The body is not a JSON list.").with_faults(vec![fault])
}

impl<R: BufRead> Elements<R> {
    /// Reads up to the opening bracket. A body that begins otherwise is refused.
    pub(super) fn begin(input: R, most: usize) -> io::Result<Result<Self, AppError>> {
        let mut elements = Self { input, line: 1, stand: Stand::Open, most };
        if elements.input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            elements.input.consume(3);
        }
        Ok(match elements.next_significant()? {
            Some(b'[') => Ok(elements),
            _ => Err(broken(elements.line, "write a JSON list: [{…}, {…}]")),
        })
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.input.consume(1);
        }
        if byte == Some(b'\n') {
            self.line += 1;
        }
        Ok(byte)
    }

    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !b" \t\r\n".contains(&byte) {
                return Ok(Some(byte));
            }
            self.take()?;
        }
        Ok(None)
    }

    fn next_significant(&mut self) -> io::Result<Option<u8>> {
        self.skip_space()?;
        self.take()
    }

    fn stop(&mut self, message: &str) -> Element {
        self.stand = Stand::Ended;
        Element::Broken(self.line, broken(self.line, message))
    }

    /// The next element; its bytes replace those in the buffer. None at the end of the list.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Element>> {
        buffer.clear();
        let first = match self.stand {
            Stand::Ended => return Ok(None),
            Stand::Open => self.skip_space()?,
            Stand::Behind => match self.skip_space()? {
                Some(b',') => {
                    self.take()?;
                    match self.skip_space()? {
                        Some(b']') => return Ok(Some(self.stop("an element follows a comma"))),
                        other => other,
                    }
                }
                Some(b']') => Some(b']'),
                Some(_) => return Ok(Some(self.stop("a comma is missing between two elements"))),
                None => None,
            },
        };
        match first {
            None => Ok(Some(self.stop("the list does not end: its closing bracket is missing"))),
            Some(b']') => {
                self.take()?;
                self.stand = Stand::Ended;
                let after = self.skip_space()?;
                Ok(after.map(|_| self.stop("something follows the end of the list")))
            }
            Some(b',') => Ok(Some(self.stop("there is a comma where an element should be"))),
            Some(_) => self.element(buffer),
        }
    }

    fn element(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Element>> {
        let begins = self.line;
        let mut nest = Nest::default();
        let mut long = false;
        while !nest.ended {
            let Some(byte) = self.peek()? else {
                return Ok(Some(self.stop("the body ends within an element")));
            };
            if nest.is_before(byte) {
                break;
            }
            if let Err(message) = nest.step(byte) {
                return Ok(Some(self.stop(message)));
            }
            self.take()?;
            if buffer.len() < self.most {
                buffer.push(byte);
            } else {
                long = true;
            }
        }
        self.stand = Stand::Behind;
        Ok(Some(if long { Element::TooLong(begins) } else { Element::Whole(begins) }))
    }
}

/// What is open within an element.
#[derive(Debug, Default)]
struct Nest {
    /// Closing brackets that are waited for, the innermost last.
    open: Vec<u8>,
    in_text: bool,
    escaped: bool,
    /// The element has ended with its bracket or quote.
    ended: bool,
}

impl Nest {
    /// Whether a number or a word, which has no end of its own, is over before this byte.
    fn is_before(&self, byte: u8) -> bool {
        self.open.is_empty() && !self.in_text && b",] \t\r\n".contains(&byte)
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    self.ended = self.open.is_empty();
                }
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' if self.open.len() >= MAX_DEPTH => {
                return Err("the element is nested too deeply");
            }
            b'{' => self.open.push(b'}'),
            b'[' => self.open.push(b']'),
            b'}' | b']' => {
                if self.open.pop() != Some(byte) {
                    return Err("a bracket does not match; the list cannot be read behind it");
                }
                self.ended = self.open.is_empty();
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "bulk_array_tests.rs"]
mod tests;
