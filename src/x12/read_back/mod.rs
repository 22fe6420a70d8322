//! The read-back: a finished file is read again from its bytes alone before it leaves.
//!
//! It shares the lexer with the readers and nothing with the writer, and checks what pyx12 and a
//! payer's first edits do not: sums, pointers, check digits, numbers used twice. A fault stops the
//! release of the batch. Memory holds the control numbers of claims and lines, nothing else that
//! grows.

mod balance;
mod claims;
mod codes;
mod elements;
mod envelope;
mod grammar;
mod heads;
mod levels;
mod loops;
mod numbers;
mod problem;
mod reals;

use std::io::Read;

use serde::{Deserialize, Serialize};

use super::error::{Place, X12Error};
use super::lexer::Lexer;
use super::segment::Segment;
use super::totals::Totals;
use super::unfold::Unfold;

use balance::Others;
use claims::Claims;
use envelope::EnvelopeCheck;
use levels::Levels;
use loops::Loops;
use problem::Problems;
pub use problem::{Problem, ProblemKind};

/// What a file says of itself, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// ISA13.
    pub interchange_control: u64,
    /// GS06.
    pub group_control: u64,
    /// ISA15: `T` or `P`; a blank when the file does not say.
    pub usage: char,
    /// Counts and sums, as the segments give them: to be compared with the writer's.
    pub totals: Totals,
    /// The first problems, in order of the file (at most 200, and always the first ten of the kinds
    /// control, count, usage and version and what is wrong with the end).
    pub problems: Vec<Problem>,
    /// How many problems there are in all; 0 is a sound file.
    pub problem_count: u64,
}

/// Reads a written 837P file and checks it against itself.
///
/// Fails only when the bytes cannot be cut into segments; everything else is a [`Problem`].
///
/// ```
/// let file = include_bytes!("../../../fixtures/x12/valid/peer_support_original.837");
/// let summary: peerclaims::x12::FileSummary = peerclaims::x12::read_back(&file[..])?;
/// assert_eq!((summary.totals.claims, summary.totals.lines, summary.usage), (1, 4, 'T'));
/// assert_eq!(summary.totals.charge.to_string(), "184.00");
/// assert_eq!(summary.problem_count, 0);
/// # Ok::<(), peerclaims::x12::X12Error>(())
/// ```
pub fn read_back(bytes: impl Read) -> Result<FileSummary, X12Error> {
    let mut lexer = Lexer::new(Unfold::new(bytes));
    let mut reading = Reading::default();
    let mut last = Place::default();
    while let Some(segment) = lexer.next_segment()? {
        last = segment.place();
        reading.segment(&segment);
    }
    // Tolerated in what others send, never sent.
    if let Some((place, what)) = lexer.passed_over() {
        reading.problems.add(ProblemKind::Structure, place, what);
    }
    if lexer.input().folded() {
        let what = "the file is folded into lines of a fixed width; places count bytes without the \
                    line ends";
        reading.problems.add(ProblemKind::Structure, Place::default(), what);
    }
    Ok(reading.finish(last, lexer.consumed()))
}

/// Letters, digits and signs of ASCII: what the guide's character sets have in common with every
/// payer's (appendix B). A mark may be another character.
fn characters(segment: &Segment<'_>, problems: &mut Problems) {
    let marks = segment.marks();
    let fits = |b: &u8| {
        matches!(b, b' '..=b'~')
            || [marks.element, marks.component].contains(b)
            || marks.repetition == Some(*b)
    };
    if !segment.bytes().iter().all(fits) {
        let message = "the segment has a character that is no letter, digit or sign of ASCII";
        problems.add(ProblemKind::Code, segment.place(), message);
    }
}

/// The checks side by side; each looks at the segments that concern it.
#[derive(Debug, Default)]
struct Reading {
    envelope: EnvelopeCheck,
    levels: Levels,
    loops: Loops,
    claims: Claims,
    others: Others,
    problems: Problems,
    segments: u64,
}

impl Reading {
    fn segment(&mut self, segment: &Segment<'_>) {
        self.segments += 1;
        if matches!(segment.id(), b"ST" | b"SE" | b"HL" | b"CLM" | b"GE" | b"IEA") {
            self.claims.close(&mut self.problems);
            self.others.close(&mut self.problems);
        }
        if matches!(segment.id(), b"ST" | b"SE") {
            self.levels.close(&mut self.problems);
        }
        self.envelope.segment(segment, &mut self.problems);
        self.levels.segment(segment, &mut self.problems);
        self.loops.segment(segment, &mut self.problems);
        let at = self.loops.name();
        codes::check(at, segment, &mut self.problems);
        elements::check(at, segment, &mut self.problems);
        reals::check(segment, &mut self.problems);
        characters(segment, &mut self.problems);
        self.claims.segment(segment, &self.levels, &mut self.problems);
        self.others.segment(at, segment, &mut self.problems);
    }

    fn finish(mut self, last: Place, bytes: u64) -> FileSummary {
        self.loops.close(&mut self.problems);
        self.claims.close(&mut self.problems);
        self.others.close(&mut self.problems);
        self.levels.close(&mut self.problems);
        self.problems.end();
        self.envelope.finish(last, &mut self.problems);
        let (problems, problem_count) = self.problems.into_parts();
        FileSummary {
            interchange_control: self.envelope.interchange_control,
            group_control: self.envelope.group_control,
            usage: self.envelope.usage.unwrap_or(' '),
            totals: Totals {
                sets: self.envelope.sets,
                claims: self.claims.claims,
                lines: self.claims.lines,
                charge: self.claims.charge,
                segments: self.segments,
                bytes,
            },
            problems,
            problem_count,
        }
    }
}
