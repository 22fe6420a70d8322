//! A sheet of a workbook in the making: cells with their types, columns as wide as what stands in them, and
//! figures that come as text.

use std::fmt::Write as _;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::super::frame::Value;

/// Most characters of a cell that spreadsheets open.
const MAX_CHARS: usize = 32_767;
/// Digits of a number that spreadsheets keep, leading zeros aside; of a longer one they keep another.
const MAX_DIGITS: usize = 15;
/// Widths of columns, in characters: room beside the longest text, where a short one and where a long one ends,
/// and what the button of the filter takes of a header.
const AIR: usize = 2;
const NARROWEST: usize = 8;
const WIDEST: usize = 48;
const BUTTON: usize = 2;
/// Styles of `styles.xml`, by place.
pub const PLAIN: u8 = 0;
const DATE: u8 = 1;
const MONEY: u8 = 2;
/// Of the first row.
pub const HEADER: u8 = 3;

/// What every part of a workbook begins with.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// The language of sheets.
pub const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A sheet in the making.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Rows that are made and not taken.
    pub rows: String,
    /// How many were made.
    pub count: usize,
    /// Characters of the longest text of each column.
    pub widths: Vec<usize>,
    /// The first row stays in sight, and its columns can be filtered.
    pub table: bool,
}

/// A text as XML takes it: no markup, no control characters, not longer than a cell may be.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(MAX_CHARS) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not to be written in XML 1.0 at all.
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A number that is told in words, where it is a plain decimal that a spreadsheet keeps as it is: neither 007,
/// which is a name, nor one of so many digits that it would become another.
fn number(words: &str) -> Option<Decimal> {
    let bare = words.strip_prefix('-').unwrap_or(words);
    let (whole, places) = match bare.split_once('.') {
        Some((whole, places)) => (whole, Some(places)),
        None => (bare, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let named = whole.len() > 1 && whole.starts_with('0');
    if named || !digits(whole) || places.is_some_and(|places| !digits(places)) {
        return None;
    }
    let told = bare.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if told > MAX_DIGITS {
        return None;
    }
    Decimal::from_str_exact(words).ok()
}

/// A side of a check as a cell: what has two places looks as money does everywhere else.
fn figure(words: &str) -> (Value, u8) {
    match number(words) {
        Some(number) if number.scale() == 2 => (Value::Decimal(number), MONEY),
        Some(number) => (Value::Decimal(number), PLAIN),
        None => (Value::text(words), PLAIN),
    }
}

/// Characters that a cell shows: money has a comma before each three digits.
fn shown(value: &Value, style: u8) -> usize {
    let plain = value.plain();
    let mut commas = 0;
    if style == MONEY || matches!(value, Value::Money(_)) {
        let whole = plain.trim_start_matches('-').split('.').next().map_or(0, str::len);
        commas = whole.saturating_sub(1) / 3;
    }
    plain.chars().count() + commas
}

impl Sheet {
    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = (Value, u8)>) {
        self.count += 1;
        let button = if self.table && self.count == 1 { BUTTON } else { 0 };
        let _ = write!(self.rows, "<row r=\"{}\">", self.count);
        for (place, (value, style)) in cells.into_iter().enumerate() {
            let at = format!("{}{}", letters(place), self.count);
            self.wide(place, shown(&value, style) + button);
            let _ = match value {
                Value::Null(_) => Ok(()),
                Value::Text(words) => write!(
                    self.rows,
                    "<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                    text(&words)
                ),
                Value::Date(day) => {
                    write!(self.rows, "<c r=\"{at}\" s=\"{DATE}\"><v>{}</v></c>", serial(day))
                }
                Value::Money(_) => {
                    write!(self.rows, "<c r=\"{at}\" s=\"{MONEY}\"><v>{}</v></c>", value.plain())
                }
                Value::Time(_) | Value::Flag(_) => write!(
                    self.rows,
                    "<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
                    value.plain()
                ),
                Value::Integer(_) | Value::Decimal(_) => {
                    write!(self.rows, "<c r=\"{at}\" s=\"{style}\"><v>{}</v></c>", value.plain())
                }
            };
        }
        self.rows.push_str("</row>");
    }

    /// Adds a row of words.
    pub fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>, style: u8) {
        self.row(words.into_iter().map(|word| (Value::text(word), style)));
    }

    /// Adds a check: in words, both sides and their difference, and whether it holds.
    pub fn check(&mut self, what: &str, figures: [&str; 3], holds: bool) {
        let holds = Value::text(if holds { "yes" } else { "no" });
        let cells = std::iter::once((Value::text(what), PLAIN)).chain(figures.map(figure));
        self.row(cells.chain(std::iter::once((holds, PLAIN))));
    }

    /// Remembers the longest text of a column.
    fn wide(&mut self, place: usize, characters: usize) {
        if self.widths.len() <= place {
            self.widths.resize(place + 1, 0);
        }
        if let Some(width) = self.widths.get_mut(place) {
            *width = characters.max(*width);
        }
    }

    /// What stands before its rows.
    pub fn head(&self) -> String {
        let (mut views, mut columns) = ("", String::new());
        for (width, n) in self.widths.iter().zip(1..) {
            let width = (width + AIR).clamp(NARROWEST, WIDEST);
            let _ = write!(
                columns,
                "<col min=\"{n}\" max=\"{n}\" width=\"{width}\" customWidth=\"1\"/>"
            );
        }
        if !columns.is_empty() {
            columns = format!("<cols>{columns}</cols>");
        }
        if self.table {
            views = "<sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" \
                     activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>";
        }
        format!("{DECLARATION}<worksheet xmlns=\"{MAIN}\">{views}{columns}<sheetData>")
    }

    /// What stands behind them.
    pub fn tail(&self) -> String {
        let filter = match (self.table, self.widths.len().checked_sub(1)) {
            (true, Some(last)) => {
                format!("<autoFilter ref=\"A1:{}{}\"/>", letters(last), self.count)
            }
            _ => String::new(),
        };
        format!("</sheetData>{filter}</worksheet>")
    }

    /// All of it.
    pub fn xml(&self) -> String {
        self.head() + &self.rows + &self.tail()
    }
}

/// The letters of a column, 0 first: A … Z, AA …
fn letters(place: usize) -> String {
    let mut rest = place + 1;
    let mut out = Vec::new();
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        out.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    out.iter().rev().collect()
}

/// A day as spreadsheets count: 1 January 1900 is 1, and they take 1900 for a leap year.
fn serial(day: NaiveDate) -> i64 {
    let start = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    (day - start).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn places_and_days_are_those_of_spreadsheets() {
        assert_eq!(
            [0, 25, 26, 51, 52, 701, 702].map(letters),
            ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
        );
        assert_eq!(serial(parse_date("2026-11-28").unwrap()), 46_354);
        assert_eq!(serial(parse_date("2000-03-01").unwrap()), 36_586);
    }

    #[test]
    fn no_text_is_a_formula_or_markup() {
        let mut sheet = Sheet::default();
        let words = ["=1+1", "007", "<b>&\"", "a\u{1}b"].map(|w| (Value::text(w), PLAIN));
        sheet.row(
            words.into_iter().chain([(Value::Money(-1250), PLAIN), (Value::Null("x"), PLAIN)]),
        );
        let xml = sheet.xml();
        assert!(!xml.contains("<f>"));
        assert!(xml.contains("t=\"inlineStr\"><is><t xml:space=\"preserve\">=1+1</t>"), "{xml}");
        assert!(
            xml.contains(">007<") && xml.contains("&lt;b&gt;&amp;&quot;") && xml.contains("a b")
        );
        assert!(xml.contains("<c r=\"E1\" s=\"2\"><v>-12.50</v></c></row>"), "{xml}");
    }

    #[test]
    fn columns_are_as_wide_as_their_texts() {
        let mut sheet = Sheet { table: true, ..Sheet::default() };
        sheet.words(["day", "note", "charge", "n", "a_long_name"], HEADER);
        let day = parse_date("2026-11-28").unwrap();
        let cells = [
            Value::Date(day),
            Value::text("x".repeat(200)),
            Value::Money(-123_456_789_012),
            Value::Integer(7),
            Value::Null("not_known"),
        ];
        sheet.row(cells.map(|value| (value, PLAIN)));
        let xml = sheet.xml();
        // The third shows -1,234,567,890.12; a header has the button of the filter beside it.
        for (n, width) in [(1, 12), (2, WIDEST), (3, 19), (4, NARROWEST), (5, 15)] {
            let column = format!("<col min=\"{n}\" max=\"{n}\" width=\"{width}\"");
            assert!(xml.contains(&column), "{column}: {xml}");
        }
        assert!(xml.contains("state=\"frozen\"") && xml.contains("<autoFilter ref=\"A1:E2\"/>"));
    }

    #[test]
    fn figures_are_numbers_where_a_spreadsheet_keeps_them() {
        for plain in
            ["0", "7", "-12", "100", "0.5", "-0.0417", "123456789012345", "1234567890.12345"]
        {
            let told = (Value::Decimal(plain.parse().unwrap()), PLAIN);
            assert_eq!(figure(plain), told, "{plain}");
        }
        for money in ["0.00", "12.50", "-3.07", "1234567890123.45"] {
            let told = (Value::Decimal(money.parse().unwrap()), MONEY);
            assert_eq!(figure(money), told, "{money}");
        }
        for words in [
            "",
            "-",
            "007",
            "00.5",
            "1.",
            ".5",
            "1e3",
            "+1",
            "1,000",
            "--1",
            "1.2.3",
            "=1+1",
            "2026-07-01",
            "1 ",
            "1234567890123456",
            "12345678901234.56",
            "-9223372036854775808",
            "0.00000000000000000000000000001",
        ] {
            assert_eq!(figure(words), (Value::text(words), PLAIN), "{words}");
        }
    }

    #[test]
    fn sides_of_a_check_are_numbers_and_its_words_are_words() {
        let mut sheet = Sheet::default();
        sheet.check("billed: here = there", ["1234.50", "1234", "0.50"], false);
        let xml = sheet.xml();
        assert!(
            xml.contains(
                "<c r=\"B1\" s=\"2\"><v>1234.50</v></c><c r=\"C1\" s=\"0\"><v>1234</v></c>\
                 <c r=\"D1\" s=\"2\"><v>0.50</v></c>"
            ),
            "{xml}"
        );
        assert!(xml.contains(">billed: here = there</t>") && xml.contains(">no</t>"), "{xml}");
    }
}
