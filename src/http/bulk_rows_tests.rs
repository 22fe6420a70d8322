//! Uploads as people really send them: each fault stays on its own line.

use super::*;
use crate::domain::dates::{Instant, Zone};
use proptest::prelude::*;

fn reading() -> Reading {
    Reading {
        local: Some(Zone::parse("America/Los_Angeles").unwrap()),
        not_after: Some(Instant::parse("2026-10-01T00:00:00Z").unwrap()),
    }
}

const HEADER: &str = "reference,peer,member,activity,started_at,ended_at,mode,setting,diagnoses";

fn good(reference: &str) -> String {
    format!(
        "{reference},1987654328,evergreen:EV1001,individual_support,2026-07-01 09:00,\
         2026-07-01 10:00,in_person,office,F32.9;F11.20"
    )
}

/// For each row: its line, and whether it was read.
fn outcome(bytes: &[u8]) -> Vec<(u64, bool)> {
    let mut rows = Rows::begin(bytes, Form::Csv, reading()).unwrap();
    let mut seen = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        if let Err(error) = &row.parsed {
            assert!(error.faults.iter().all(|f| f.line == Some(row.line)), "{error:?}");
        }
        seen.push((row.line, row.parsed.is_ok()));
    }
    seen
}

#[test]
fn byte_order_mark_line_ends_and_blank_lines_do_no_harm() {
    let text = format!("\u{feff}{HEADER}\r\n{}\r\n\r\n{}", good("a"), good("b"));
    assert_eq!(outcome(text.as_bytes()), [(2, true), (4, true)]);
}

#[test]
fn a_bad_line_spoils_no_other() {
    let mut bytes = format!("{HEADER}\n{}\n\"open quote,{}\n", good("a"), good("b")).into_bytes();
    bytes.extend(b"\xff\xfe,bad bytes\n");
    bytes.extend(b"too,few\n");
    bytes.extend(vec![b'x'; 10 * 1024 * 1024]);
    bytes.extend(format!("\n{}\n", good("c")).bytes());
    let wanted = [(2, true), (3, false), (4, false), (5, false), (6, false), (7, true)];
    assert_eq!(outcome(&bytes), wanted);
}

#[test]
fn quoted_fields_are_read() {
    let row = good("a").replace("office", "\"office\"").replace("F32.9;F11.20", "\"F32.9\"");
    assert_eq!(outcome(format!("{HEADER}\n{row}\n").as_bytes()), [(2, true)]);
}

#[test]
fn a_carriage_return_that_is_no_line_end_is_refused() {
    let within = good("b").replace("office", "of\rfice");
    let quoted = good("c").replace("office", "\"of\rfice\"");
    // Two rows of a program that ends lines with CR, and what it left at the end of a line.
    let two = format!("{}\r{}", good("d"), good("e"));
    let text = format!("{HEADER}\r\n{}\r\n{within}\n{quoted}\n{two}\n{}\r", good("a"), good("f"));
    let wanted = [(2, true), (3, false), (4, false), (5, false), (6, true)];
    assert_eq!(outcome(text.as_bytes()), wanted);
    let mut rows = Rows::begin(text.as_bytes(), Form::Csv, reading()).unwrap();
    rows.next_row().unwrap();
    let error = rows.next_row().unwrap().unwrap().parsed.unwrap_err();
    assert!(error.faults[0].message.contains("carriage return"), "{error:?}");
}

#[test]
fn a_header_with_a_carriage_return_refuses_the_file() {
    let whole = format!("{HEADER}\r{}\r{}\r", good("a"), good("b"));
    let within = format!("{}\n{}\n", HEADER.replace("mode", "\"mo\rde\""), good("a"));
    for text in [whole, within] {
        let error = Rows::begin(text.as_bytes(), Form::Csv, reading()).unwrap_err();
        let told: Vec<_> = error.faults.iter().map(|f| (f.line, f.message.as_str())).collect();
        assert_eq!(told, [(Some(1), STRAY_RETURN)]);
    }
}

#[test]
fn a_header_with_faults_tells_all_of_them() {
    let header = "reference,peer,member,colour,mode,mode,setting,activity";
    let error = Rows::begin(header.as_bytes(), Form::Csv, reading()).unwrap_err();
    let columns: Vec<_> =
        error.faults.iter().map(|f| f.column.clone().unwrap_or_default()).collect();
    assert_eq!(columns, ["", "mode", "started_at", "ended_at"]);
    assert!(Rows::begin("".as_bytes(), Form::Csv, reading()).is_err());
}

#[test]
fn faults_name_the_column() {
    let row = good("a").replace("1987654328", "1987654320").replace("F11.20", "??");
    let text = format!("{HEADER}\n{row}\n");
    let mut rows = Rows::begin(text.as_bytes(), Form::Csv, reading()).unwrap();
    let error = rows.next_row().unwrap().unwrap().parsed.unwrap_err();
    let columns: Vec<_> = error.faults.iter().filter_map(|f| f.column.as_deref()).collect();
    assert_eq!(columns, ["peer", "diagnoses"]);
}

#[test]
fn json_lines_are_read_alike() {
    let text = "{\"reference\": \"a\", \"unknown\": 1}\nnot json\n\n{}\n";
    let json = Reading { local: None, ..reading() };
    let mut rows = Rows::begin(text.as_bytes(), Form::NdJson, json).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        assert!(row.parsed.is_err());
        lines.push((row.row, row.line));
    }
    assert_eq!(lines, [(1, 1), (2, 2), (3, 4)]);
}

proptest! {
    /// Any bytes: nothing panics, and every line that is not blank is one row.
    #[test]
    fn any_bytes_give_one_row_a_line(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = format!("{HEADER}\n").into_bytes();
        file.extend(&bytes);
        let lines = bytes.split(|b| *b == b'\n');
        let wanted = lines.filter(|l| !l.iter().all(u8::is_ascii_whitespace)).count();
        prop_assert_eq!(outcome(&file).len(), wanted);
    }
}
