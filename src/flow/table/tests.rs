//! The reader against good, odd and hostile files.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn open(bytes: &[u8]) -> Result<Table<Cursor<Vec<u8>>>, Vec<Fault>> {
    Table::open(Cursor::new(bytes.to_vec()), &["a", "b"], &["c"])
}

fn rows(bytes: &[u8]) -> Vec<Result<Cells, Fault>> {
    open(bytes).unwrap().collect()
}

fn pair(cells: &Cells) -> (Option<String>, Option<String>) {
    (cells.get("a"), cells.get("b"))
}

fn some(a: &str, b: &str) -> (Option<String>, Option<String>) {
    (Some(a.to_owned()), Some(b.to_owned()))
}

#[test]
fn marks_line_ends_quotes_and_empty_lines_are_fine() {
    let bytes = b"\xEF\xBB\xBFb,a\r\n\"x, \"\"y\"\"\",1\r\n\r\n\" two\r\nlines \", 2 \n,\n5,6";
    let rows: Vec<Cells> = rows(bytes).into_iter().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(pair(&rows[0]), some("1", "x, \"y\""));
    assert_eq!((rows[1].line, pair(&rows[1])), (4, some("2", "two\nlines")));
    assert_eq!((rows[2].line, pair(&rows[2])), (6, (None, None)));
    assert_eq!((rows[3].line, pair(&rows[3])), (7, some("6", "5")));
}

#[test]
fn headers_are_checked_whole() {
    let faults = open(b"a,a,zip code\n").unwrap_err();
    let places: Vec<_> = faults.iter().map(|f| f.column.as_deref().unwrap()).collect();
    assert_eq!(places, ["a", "3", "b"]);
    assert!(faults[1].message.contains("known are: a, b, c"));
    assert!(!faults[1].message.contains("zip code"));
    assert!(open(b"").is_err());
    assert!(open(b"\n\n").is_err());
    let utf16 = open(b"\xFF\xFEa\0,\0b\0").unwrap_err();
    assert!(utf16[0].message.contains("UTF-16"));
}

#[test]
fn a_bad_row_has_its_line_and_spoils_no_other() {
    let bytes = b"a,b\n1,2\n\"x\"y,2\n5\" pipe,2\n1,2,3\n\xFF,2\n3,4\n";
    let rows = rows(bytes);
    let bad: Vec<u64> = rows.iter().filter_map(|r| r.as_ref().err()?.line).collect();
    assert_eq!(bad, [3, 4, 5, 6]);
    let good: Vec<u64> = rows.iter().filter_map(|r| Some(r.as_ref().ok()?.line)).collect();
    assert_eq!(good, [2, 7]);
    assert_eq!(rows[4].as_ref().unwrap_err().column.as_deref(), Some("a"));
}

#[test]
fn a_quote_that_never_closes_is_told_where_it_opens() {
    let rows = rows(b"a,b\n1,2\n\"x,2\n3,4\n");
    let fault = rows[1].as_ref().unwrap_err();
    assert_eq!(fault.line, Some(3));
    assert_eq!(rows.len(), 2);
}

#[test]
fn ten_megabytes_in_a_line_are_read_over() {
    let mut bytes = b"a,b\n".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 10_000_000));
    bytes.extend(b",2\n3,4\n\"");
    bytes.extend(std::iter::repeat_n(b'\n', 100_000));
    let rows = rows(&bytes);
    assert_eq!(rows[0].as_ref().unwrap_err().line, Some(2));
    assert!(rows[0].as_ref().unwrap_err().message.contains("longer"));
    assert_eq!(pair(rows[1].as_ref().unwrap()), some("3", "4"));
    assert!(rows[2].as_ref().unwrap_err().message.contains("longer"));
}

proptest! {
    /// What the csv crate writes, we read; so the strict reader refuses nothing that is right.
    #[test]
    fn reads_what_others_write(rows in prop::collection::vec(["\\PC{0,8}[,\"\n]?\\PC{0,8}", "[a-z \",]{0,8}"], 0..8), crlf: bool) {
        let ends = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(ends).from_writer(Vec::new());
        writer.write_record(["a", "b"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let read: Vec<_> = open(&bytes).unwrap().map(|r| pair(&r.unwrap())).collect();
        let cell = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let written: Vec<_> = rows.iter().map(|[a, b]| (cell(a), cell(b))).collect();
        prop_assert_eq!(read, written);
    }

    /// No bytes make it fail otherwise, and it always ends.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), any::<u8>()], 0..200)) {
        let mut file = b"a,b\n".to_vec();
        file.extend(&bytes);
        let lines = bytes.split(|b| *b == b'\n').count();
        prop_assert!(open(&file).unwrap().count() <= lines);
    }
}
