//! The lexer on files as they come.

use std::io::{self, Read};
use std::path::PathBuf;

use crate::x12::lexer::{MAX_ELEMENTS, MAX_EMPTY_SEGMENTS, MAX_SEGMENT_BYTES};
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
    assert_eq!(fault("HELLO~").fault, X12Fault::NotX12);
    assert_eq!(fault(&good[..60]).fault, X12Fault::Envelope);
    let cut = fault(&good[..good.len() - 10]);
    assert_eq!(cut.fault, X12Fault::Syntax);
    assert!(cut.to_string().contains("cut off"), "{cut}");
    let short = fault(&good.replacen("PEERORG001     ", "PEERORG001", 1));
    assert_eq!((short.fault, short.place.element), (X12Fault::Envelope, 6), "{short}");
    let missing = fault(&good.replacen("~\nBHT", "~*BHT", 1));
    assert_eq!((missing.fault, missing.place.segment), (X12Fault::Syntax, 4), "{missing}");
    for (start, name) in [("\u{1f}HELLO", "X12"), ("%PDF-1.7", "a PDF"), ("BZh91AY", "bzip2")] {
        let message = fault(start).to_string();
        assert!(message.contains("this is not X12") && message.contains(name), "{message}");
    }
    assert_eq!(fault(&good.replacen("*:~", "**~", 1)).fault, X12Fault::Envelope);
    assert_eq!(fault(&good.replacen("*:~", "*~~", 1)).fault, X12Fault::Envelope);
}

#[test]
fn a_few_empty_segments_are_passed_over_and_not_counted() {
    let good = good_file();
    let wanted = segments(good.as_bytes()).unwrap();
    let few = usize::try_from(MAX_EMPTY_SEGMENTS).unwrap();
    for (from, count) in [("~\nBHT", 2), ("~\nBHT", few + 1), ("~\nSE", 3), ("~\nIEA", 4)] {
        let more = "~\n".repeat(count) + from.trim_start_matches("~\n");
        let text = good.replacen(from, &more, 1);
        assert_eq!(segments(Trickle(text.as_bytes())).unwrap(), wanted);
        assert_eq!(read_back(text.as_bytes()).unwrap().problem_count, 1, "never sent");
    }
    let behind = format!("{good}~~\n~{good}");
    assert_eq!(segments(behind.as_bytes()).unwrap(), [&wanted[..], &wanted].concat());
    let last = good.replacen("~\nIEA", &("~".repeat(few + 2) + "\nIEA"), 1);
    let fault = fault(&last);
    let ordinal = u64::try_from(wanted.len()).unwrap();
    assert_eq!((fault.fault, fault.place.segment), (X12Fault::Syntax, ordinal), "{fault}");
    let told = fault.to_string();
    assert!(told.contains("the segment is empty") && told.contains(&few.to_string()), "{told}");
}

#[test]
fn padding_is_passed_over_after_an_interchange_and_nowhere_else() {
    let good = good_file();
    let wanted = segments(good.as_bytes()).unwrap();
    let block = "\0".repeat(200_000);
    for padding in ["\u{1a}", "\r\n\u{1a}\r\n", "\u{1a}\u{1a}\0", "\0\0\0\n", &block] {
        let text = format!("{good}{padding}");
        assert_eq!(segments(text.as_bytes()).unwrap(), wanted);
        let mut lexer = Lexer::new(Trickle(text.as_bytes()));
        while lexer.next_segment().unwrap().is_some() {}
        assert_eq!(lexer.consumed(), u64::try_from(text.len()).unwrap());
        let other = good.replace('*', "|").replace('~', "!");
        let both = format!("{good}{padding}{other}");
        assert_eq!(segments(both.as_bytes()).unwrap().len(), 2 * wanted.len());
        // A file that was cut off stays one.
        let cut = format!("{}{padding}", &good[..good.len() - 10]);
        assert!(matches!(fault(&cut).fault, X12Fault::Syntax | X12Fault::Limit));
        let inside = fault(&good.replacen("~\nGE", &format!("~{padding}GE"), 1));
        assert_eq!(inside.fault, X12Fault::Syntax);
        assert!(inside.to_string().contains("Ctrl-Z or zero"), "{inside}");
        assert_eq!(fault(&format!("{padding}{good}")).fault, X12Fault::NotX12);
    }
    // As a terminator it is one.
    let text = good.replace('~', "\u{1a}");
    assert_eq!(segments(text.as_bytes()).unwrap().len(), wanted.len());
    // Behind nothing there may be anything.
    assert!(segments(format!("{good}\u{1a}hello").as_bytes()).is_err());
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
