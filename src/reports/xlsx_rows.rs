//! A workbook that is made row by row, with the sheets of every other (`xlsx.rs`). Its rows are packed into an
//! unnamed temporary file while they come, so that memory stays flat; nothing is given out before the last of
//! them is there. So a report that has more rows than a workbook takes is refused, and never cut.

use std::io::Write;

use serde_json::Value as Json;

use super::rows_out::{Entries, RowsOut, text};
use super::table::{Column, Kind, Value};
use super::xlsx::{HEADER, MAX_ROWS, PLAIN, Part, Sheet, dictionary, package, too_long};
use super::zip_out::Spooled;
use crate::error::AppError;

/// Rows that are looked at, header included, before it is said how wide the columns are.
const SEEN: usize = 100;
/// Characters of the column that tells rows from the total.
const LEVEL: usize = 8;
/// What is said of the whole in sheets of its own, or is a list for programs.
const APART: [&str; 3] = ["nulls", "non_additive", "by_status"];

/// A workbook in the making.
pub(super) struct Workbook<W: Write> {
    to: W,
    columns: &'static [Column],
    said: Entries,
    sheet: Sheet,
    spooled: Spooled,
    /// Whether what stands before the rows is written.
    headed: bool,
    most: usize,
}

/// Characters that a column must have room for, whatever its first rows are: they may have no claim yet, or a
/// smaller sum than the last.
fn expected(column: &Column) -> usize {
    match (column.kind, column.name) {
        (Kind::Time, _) => 27,
        (Kind::Date, _) => 10,
        (Kind::Flag, _) => 5,
        (Kind::Integer | Kind::Decimal | Kind::Money, _) => 14,
        (Kind::Text, "encounters") => 30,
        (
            Kind::Text,
            "claim_number" | "line_control" | "payer_claim" | "batch" | "member_number" | "member"
            | "authorization",
        ) => 20,
        (Kind::Text, _) => 12,
    }
}

impl<W: Write> Workbook<W> {
    /// With the header.
    pub(super) fn begin(
        to: W,
        columns: &'static [Column],
        said: Entries,
    ) -> Result<Self, AppError> {
        let widths = std::iter::once(LEVEL).chain(columns.iter().map(expected)).collect();
        let mut sheet = Sheet { table: true, widths, ..Sheet::default() };
        sheet.words(std::iter::once("level").chain(columns.iter().map(|c| c.name)), HEADER);
        let spooled = Spooled::new()?;
        Ok(Self { to, columns, said, sheet, spooled, headed: false, most: MAX_ROWS })
    }

    /// Packs the rows that were made. What stands before them says how wide the columns are, and is written with
    /// the first of them.
    fn taken(&mut self) -> Result<(), AppError> {
        if !self.headed {
            self.spooled.add(&self.sheet.head())?;
            self.headed = true;
        }
        self.spooled.add(&self.sheet.rows)?;
        self.sheet.rows.clear();
        Ok(())
    }

    fn line(&mut self, level: &str, row: &[Value]) -> Result<(), AppError> {
        let cells = row.iter().map(|value| (value.clone(), PLAIN));
        self.sheet.row(std::iter::once((Value::text(level), PLAIN)).chain(cells));
        if self.sheet.count < SEEN { Ok(()) } else { self.taken() }
    }

    fn read_me(&self, entries: &Entries) -> Sheet {
        let mut sheet = Sheet::default();
        let told = self.said.iter().chain(entries).filter(|(name, _)| !APART.contains(name));
        let words = told.map(|(name, value)| (*name, text(name, value)));
        let empty = "null: column Why of the sheet Ties says the reason".to_owned();
        for (name, value) in words.chain(std::iter::once(("empty cells", empty))) {
            sheet.row([(Value::text(name), HEADER), (Value::Text(value), PLAIN)]);
        }
        sheet
    }
}

/// The checks, and what is null.
fn equations(entries: &Entries) -> Sheet {
    let list = |name: &str, part: &str| -> Vec<Json> {
        let found = entries.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let list = found.and_then(|value| value.get(part).or(Some(value)));
        list.and_then(Json::as_array).cloned().unwrap_or_default()
    };
    let of = |row: &Json, name: &str| row.get(name).map(|v| text(name, v)).unwrap_or_default();
    let mut sheet = Sheet::default();
    sheet.words(["check", "left", "right", "difference", "holds"], HEADER);
    for check in list("ties", "checks") {
        let words = ["what", "left", "right", "difference"].map(|name| of(&check, name));
        let [what, left, right, difference] = &words;
        let holds = check.get("holds") == Some(&Json::Bool(true));
        sheet.check(what, [left, right, difference], holds);
    }
    sheet.words(["null column", "Why", "How often"], HEADER);
    for null in list("nulls", "nulls") {
        let words = ["column", "reason"].map(|name| (Value::Text(of(&null, name)), PLAIN));
        let count = null.get("count").and_then(Json::as_i64).unwrap_or_default();
        sheet.row(words.into_iter().chain([(Value::Integer(count), PLAIN)]));
    }
    sheet
}

impl<W: Write> RowsOut for Workbook<W> {
    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        // This one and the total come still.
        if self.sheet.count + 2 > self.most {
            return Err(too_long());
        }
        self.line("row", row)
    }

    fn end(mut self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError> {
        self.line("total", totals)?;
        self.taken()?;
        self.spooled.add(&self.sheet.tail())?;
        let (read_me, equations) = (self.read_me(entries), equations(entries));
        let Self { to, columns, spooled, .. } = *self;
        let whole = Part::Whole;
        let sheets =
            [whole(read_me), Part::Spooled(spooled), whole(dictionary(columns)), whole(equations)];
        package(to, sheets).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[Column::key("who", "a text"), Column::money("charge", "money")];

    fn part(bytes: &[u8], wanted: &str) -> String {
        let archive = rawzip::ZipArchive::from_slice(bytes).unwrap();
        for entry in archive.entries() {
            let entry = entry.unwrap();
            if entry.file_path().as_ref() == wanted.as_bytes() {
                let place = archive.get_entry(entry.wayfinder()).unwrap();
                let mut text = String::new();
                flate2::read::DeflateDecoder::new(place.data()).read_to_string(&mut text).unwrap();
                return text;
            }
        }
        panic!("{wanted}");
    }

    #[test]
    fn rows_come_one_by_one_and_the_sheets_are_those_of_the_others() {
        let mut bytes = Vec::new();
        let said = vec![("report", json!("lines")), ("complete", json!(true))];
        let mut out = Box::new(Workbook::begin(&mut bytes, COLUMNS, said).unwrap());
        for charge in 0..3_000 {
            out.row(&[Value::text("=1+1"), Value::Money(charge)]).unwrap();
        }
        let ties = json!({"ties": true, "checks": [
            {"what": "a = b", "left": "1", "right": "1", "difference": "0", "holds": true}]});
        let nulls = json!([{"column": "who", "reason": "not_told", "count": 7}]);
        let after = vec![("lines", json!(3_000)), ("nulls", nulls), ("ties", ties)];
        out.end(&[Value::Null("of_one_only"), Value::Money(9)], &after).unwrap();
        let data = part(&bytes, "xl/worksheets/sheet2.xml");
        assert_eq!(data.matches("<row ").count(), 3_002);
        assert!(data.contains(">=1+1</t>") && !data.contains("<f>"), "formula-safe");
        assert!(data.contains("<v>29.99</v>") && data.contains(">total</t>"));
        assert!(data.ends_with("</sheetData><autoFilter ref=\"A1:C3002\"/></worksheet>"));
        let read_me = part(&bytes, "xl/worksheets/sheet1.xml");
        assert!(read_me.contains(">lines</t>") && read_me.contains(">3000</t>"), "{read_me}");
        assert!(!read_me.contains("not_told"), "{read_me}");
        let equations = part(&bytes, "xl/worksheets/sheet4.xml");
        assert!(equations.contains(">a = b</t>") && equations.contains(">yes</t>"), "{equations}");
        assert!(equations.contains(">not_told</t>") && equations.contains("<v>7</v>"));
        assert!(equations.contains("<c r=\"B2\" s=\"0\"><v>1</v></c>"), "a number: {equations}");
    }

    #[test]
    fn columns_have_room_for_their_kind_and_for_what_the_first_rows_have() {
        const WIDE: &[Column] = &[
            Column::key("claim_number", "CLM01"),
            Column::words("note", "a text"),
            Column::words("place", "a text"),
            Column::date("day", "a date"),
            Column::time("at", "a moment"),
            Column::money("charge", "money"),
        ];
        let filled = |note: usize| {
            let rest = ["not_known"; 4].map(Value::Null);
            let known = [Value::Null("not_claimed"), Value::text("x".repeat(note))];
            known.into_iter().chain(rest).collect::<Vec<_>>()
        };
        for rows in [1, 10 * SEEN] {
            let mut bytes = Vec::new();
            let mut out = Box::new(Workbook::begin(&mut bytes, WIDE, Entries::new()).unwrap());
            for _ in 0..rows {
                out.row(&filled(30)).unwrap();
            }
            if rows > SEEN {
                // Nobody waits for it.
                out.row(&filled(45)).unwrap();
            }
            out.end(&filled(0), &Entries::new()).unwrap();
            let data = part(&bytes, "xl/worksheets/sheet2.xml");
            assert_eq!(data.matches("<cols>").count(), 1, "{data}");
            assert!(data.find("<cols>") < data.find("<sheetData>"), "{data}");
            for (n, width) in [(1, 10), (2, 22), (3, 32), (4, 14), (5, 12), (6, 29), (7, 16)] {
                let column = format!("<col min=\"{n}\" max=\"{n}\" width=\"{width}\"");
                assert!(data.contains(&column), "{column}: {data}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_given_out() {
        let mut bytes = Vec::new();
        let mut out = Box::new(Workbook::begin(&mut bytes, COLUMNS, Entries::new()).unwrap());
        out.most = 4;
        let row = [Value::text("a"), Value::Money(1)];
        // The header, two rows, and the total.
        out.row(&row).unwrap();
        out.row(&row).unwrap();
        let refused = out.row(&row).unwrap_err();
        assert_eq!(refused.code, crate::error::Code::NotAcceptable);
        assert!(refused.detail.contains("1048576"), "{}", refused.detail);
        drop(out);
        assert!(bytes.is_empty());
    }
}
