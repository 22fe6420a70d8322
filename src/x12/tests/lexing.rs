//! The lexer on files as they come.

use std::io::{self, Read};
use std::path::PathBuf;

use crate::x12::lexer::{MAX_ELEMENTS, MAX_SEGMENT_BYTES};
use crate::x12::{Lexer, X12Error, X12Fault, read_back};

use super::samples::good_file;

/// Gives one byte at a time, as the slowest of networks would.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        into[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

fn segments(input: impl Read) -> Result<Vec<Vec<u8>>, X12Error> {
    let mut lexer = Lexer::new(input);
    let mut all = Vec::new();
    while let Some(segment) = lexer.next_segment()? {
        all.push(segment.bytes().to_vec());
    }
    Ok(all)
}

fn fault(text: &str) -> X12Error {
    segments(text.as_bytes()).unwrap_err()
}

#[test]
fn the_projects_examples_are_sound() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/x12/valid");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "837") {
            let summary = read_back(std::fs::File::open(&path).unwrap()).unwrap();
            assert_eq!(summary.problems, [], "{}", path.display());
            assert!(summary.totals.claims > 0);
            count += 1;
        }
    }
    assert!(count >= 7);
}

#[test]
fn line_ends_marks_and_blanks_around_segments_do_not_matter() {
    let plain = good_file().replace('\n', "");
    let wanted = segments(plain.as_bytes()).unwrap();
    assert_eq!(segments(Trickle(plain.as_bytes())).unwrap(), wanted);
    for other in [
        good_file(),
        good_file().replace('\n', "\r\n"),
        good_file().replace('\n', " \n\n"),
        format!("\u{feff}{plain}"),
        format!(" \r\n\t{plain}\n\n"),
        plain.replace('~', "\n"),
        plain.replace('~', "\r\n"),
        plain.replace('~', "\u{1d}"),
    ] {
        assert_eq!(segments(other.as_bytes()).unwrap(), wanted);
    }
}

#[test]
fn interchanges_with_other_delimiters_follow_each_other() {
    let first = good_file();
    let second = good_file().replace('*', "|").replace('~', "!");
    let text = first.clone() + &second;
    let mut lexer = Lexer::new(text.as_bytes());
    let (mut isas, mut count) = (0, 0);
    while let Some(segment) = lexer.next_segment().unwrap() {
        isas += u32::from(segment.id() == b"ISA");
        count += 1;
        assert_eq!(segment.place().segment, count);
        assert!(
            text[usize::try_from(segment.place().byte).unwrap()..]
                .starts_with(std::str::from_utf8(segment.id()).unwrap())
        );
    }
    assert_eq!(isas, 2);
    assert_eq!(lexer.consumed(), u64::try_from(text.len()).unwrap());
}

#[test]
fn elements_components_and_repetitions_are_found() {
    let text = format!("{}REF*A:B::C*D^E**~", &good_file()[..106]);
    let mut lexer = Lexer::new(text.as_bytes());
    lexer.next_segment().unwrap();
    let segment = lexer.next_segment().unwrap().unwrap();
    assert_eq!(segment.element_count(), 4);
    assert_eq!(segment.element(0), b"");
    assert_eq!(segment.element(1), b"A:B::C");
    assert_eq!(segment.component(1, 4), b"C");
    assert_eq!((segment.component(1, 3), segment.component(1, 9)), (&b""[..], &b""[..]));
    assert_eq!(segment.repetitions(2).collect::<Vec<_>>(), [b"D", b"E"]);
    assert_eq!((segment.element(4), segment.element(5)), (&b""[..], &b""[..]));
}

#[test]
fn faults_say_where() {
    let good = good_file();
    assert_eq!(fault("HELLO~").fault, X12Fault::Envelope);
    assert_eq!(fault(&good[..60]).fault, X12Fault::Envelope);
    let cut = fault(&good[..good.len() - 10]);
    assert_eq!(cut.fault, X12Fault::Syntax);
    assert!(cut.to_string().contains("cut off"), "{cut}");
    let short = fault(&good.replacen("PEERORG001     ", "PEERORG001", 1));
    assert_eq!((short.fault, short.place.element), (X12Fault::Envelope, 6), "{short}");
    let doubled = fault(&good.replacen("~\nBHT", "~~BHT", 1));
    assert_eq!((doubled.fault, doubled.place.segment), (X12Fault::Syntax, 4), "{doubled}");
    assert_eq!(fault(&good.replacen("*:~", "**~", 1)).fault, X12Fault::Envelope);
    assert_eq!(fault(&good.replacen("*:~", "*~~", 1)).fault, X12Fault::Envelope);
}

#[test]
fn limits_hold_and_are_inclusive() {
    let head = &good_file()[..106];
    let long = "X".repeat(MAX_SEGMENT_BYTES - 3);
    assert!(segments(format!("{head}N3*{long}~").as_bytes()).is_ok());
    assert_eq!(fault(&format!("{head}N3*{long}X~")).fault, X12Fault::Limit);
    assert_eq!(fault(&format!("{head}N3*{}", long.repeat(9))).fault, X12Fault::Limit);
    let many = "*".repeat(MAX_ELEMENTS);
    assert!(segments(format!("{head}N3{many}~").as_bytes()).is_ok());
    assert_eq!(fault(&format!("{head}N3{many}*~")).fault, X12Fault::Limit);
}

#[test]
fn an_empty_file_has_no_segments() {
    assert!(segments(&b" \n"[..]).unwrap().is_empty());
    assert!(read_back(&b""[..]).unwrap().problem_count > 0);
}

#[test]
fn a_reader_that_fails_is_reported() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    assert_eq!(segments(Broken).unwrap_err().fault, X12Fault::Io);
}
