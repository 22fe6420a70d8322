//! A report as a workbook: sheets Read me, Data, Dictionary, Ties. Numbers and dates are typed cells; texts
//! are inline strings, which no spreadsheet takes for a formula, with their leading zeros.

use std::fmt::Write as _;
use std::io::Write;

use chrono::NaiveDate;

use super::frame::{Answer, Column, Value};
use super::zip_out::{Spooled, Zip};
use crate::error::{AppError, Code};

/// Most rows of a sheet that spreadsheets open.
pub(super) const MAX_ROWS: usize = 1_048_576;
/// Most characters of a cell that spreadsheets open.
const MAX_CHARS: usize = 32_767;
/// Widths of columns, in characters: room beside the longest text, and where a long one is cut.
const AIR: usize = 2;
const WIDEST: usize = 60;
/// Styles of `styles.xml`, by place.
pub(super) const PLAIN: u8 = 0;
const DATE: u8 = 1;
const MONEY: u8 = 2;
pub(super) const HEADER: u8 = 3;

const SHEETS: [&str; 4] = ["Read me", "Data", "Dictionary", "Ties"];

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const STYLES: &str = concat!(
    "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/></numFmts>",
    "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>",
    "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>",
    "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>",
    "<fill><patternFill patternType=\"gray125\"/></fill></fills>",
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>",
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>",
    "<cellXfs count=\"4\">",
    "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>",
    "<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"4\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>",
    "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>",
    "</cellXfs>",
);

/// A sheet in the making.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Rows that are made and not taken.
    pub(super) rows: String,
    /// How many were made.
    pub(super) count: usize,
    /// Characters of the longest text of each column.
    pub(super) widths: Vec<usize>,
    /// The first row stays in sight, and its columns can be filtered.
    pub(super) table: bool,
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

impl Sheet {
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = (Value, u8)>) {
        self.count += 1;
        let _ = write!(self.rows, "<row r=\"{}\">", self.count);
        for (place, (value, style)) in cells.into_iter().enumerate() {
            let at = format!("{}{}", letters(place), self.count);
            self.wide(place, value.plain().chars().count());
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

    pub(super) fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>, style: u8) {
        self.row(words.into_iter().map(|word| (Value::text(word), style)));
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
    pub(super) fn head(&self) -> String {
        let (mut views, mut columns) = ("", String::new());
        for (width, n) in self.widths.iter().zip(1..) {
            let width = (width + AIR).min(WIDEST);
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
    pub(super) fn tail(&self) -> String {
        let filter = match (self.table, self.widths.len().checked_sub(1)) {
            (true, Some(last)) => {
                format!("<autoFilter ref=\"A1:{}{}\"/>", letters(last), self.count)
            }
            _ => String::new(),
        };
        format!("</sheetData>{filter}</worksheet>")
    }

    fn xml(&self) -> String {
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

/// A sheet as it goes into the workbook.
pub(super) enum Part {
    /// At once.
    Whole(Sheet),
    /// Packed row by row.
    Spooled(Spooled),
}

/// Refused: the report does not fit into a workbook.
pub(super) fn too_long() -> AppError {
    let detail =
        format!("This report has more rows than a workbook takes ({MAX_ROWS}); ask for csv.");
    AppError::new(Code::NotAcceptable, detail)
}

/// The workbook of these sheets.
pub(super) fn package<W: Write>(to: W, sheets: [Part; 4]) -> Result<W, AppError> {
    let mut zip = Zip::new(to);
    let (mut overrides, mut list, mut links) = (String::new(), String::new(), String::new());
    for (name, n) in SHEETS.iter().zip(1..) {
        let sheet = format!("worksheets/sheet{n}.xml");
        let _ = write!(
            overrides,
            "<Override PartName=\"/xl/{sheet}\" ContentType=\"{KIND}.worksheet+xml\"/>"
        );
        let _ = write!(list, "<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>");
        let _ = write!(
            links,
            "<Relationship Id=\"rId{n}\" Type=\"{OFFICE}/worksheet\" Target=\"{sheet}\"/>"
        );
    }
    zip.add("[Content_Types].xml", format!(
        "{DECLARATION}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"{KIND}.sheet.main+xml\"/>\
         <Override PartName=\"/xl/styles.xml\" ContentType=\"{KIND}.styles+xml\"/>{overrides}</Types>"
    ).as_bytes())?;
    zip.add("_rels/.rels", format!(
        "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    ).as_bytes())?;
    zip.add("xl/workbook.xml", format!(
        "{DECLARATION}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{list}</sheets></workbook>"
    ).as_bytes())?;
    zip.add(
        "xl/_rels/workbook.xml.rels",
        format!(
            "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\">{links}<Relationship \
         Id=\"rId9\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/></Relationships>"
        )
        .as_bytes(),
    )?;
    let styles = format!("{DECLARATION}<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>");
    zip.add("xl/styles.xml", styles.as_bytes())?;
    for (sheet, n) in sheets.into_iter().zip(1..) {
        let name = format!("xl/worksheets/sheet{n}.xml");
        match sheet {
            Part::Whole(sheet) => zip.add(&name, sheet.xml().as_bytes())?,
            Part::Spooled(spooled) => zip.add_spooled(&name, spooled)?,
        }
    }
    zip.finish()
}

/// What the columns are.
pub(super) fn dictionary(columns: &[Column]) -> Sheet {
    let mut sheet = Sheet { table: true, ..Sheet::default() };
    sheet.words(["column", "type", "unit", "additive", "meaning"], HEADER);
    for column in columns {
        let additive = if column.additive { "yes" } else { "no" };
        let words = [column.name, column.kind.as_str(), column.unit, additive, column.meaning];
        sheet.words(words, PLAIN);
    }
    sheet
}

impl Answer {
    /// The report as a workbook.
    pub(super) fn workbook(&self) -> Result<Vec<u8>, AppError> {
        // Beside the header and the totals.
        if self.table.rows.len() + self.table.subtotals.len() + 2 > MAX_ROWS {
            return Err(too_long());
        }
        let dictionary = dictionary(self.table.columns);
        let sheets = [self.read_me(), self.data(), dictionary, self.equations()];
        package(Vec::new(), sheets.map(Part::Whole))
    }

    fn read_me(&self) -> Sheet {
        let (asked, mut sheet) = (&self.asked, Sheet::default());
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".to_owned());
        let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
        for (name, value) in [
            ("report", self.definition.name.to_owned()),
            ("purpose", self.definition.purpose.to_owned()),
            ("definition", self.definition.version.to_string()),
            ("edition", super::issue::edition(asked.lens.edition).to_owned()),
            ("organization", all(&self.names.0)),
            ("payer", all(&self.names.1)),
            ("basis", asked.basis.to_string()),
            ("from", asked.from.to_string()),
            ("to", asked.to.to_string()),
            ("partial_months", asked.partial_months().join("; ")),
            ("as_of (UTC)", self.as_of.to_string()),
            ("run_out_days", asked.run_out_days.to_string()),
            ("complete", yes(asked.complete(self.as_of))),
            ("ties", yes(self.ties.ties)),
            ("privacy", self.definition.privacy.to_owned()),
            ("notice", self.notice().unwrap_or_default().to_owned()),
            ("left_out_without_consent", self.left_out.map_or_else(String::new, yes)),
            ("empty cells", "null: column Why of the sheet Ties says the reason".to_owned()),
        ] {
            sheet.row([(Value::text(name), HEADER), (Value::text(value), PLAIN)]);
        }
        if !asked.group_by.is_empty() {
            let by = super::utilization::words(&asked.group_by);
            sheet.row([(Value::text("group_by"), HEADER), (Value::text(by), PLAIN)]);
        }
        sheet
    }

    fn data(&self) -> Sheet {
        let mut sheet = Sheet { table: true, ..Sheet::default() };
        let names = self.table.columns.iter().map(|c| c.name);
        sheet.words(std::iter::once("level").chain(names), HEADER);
        for (level, row) in self.levels() {
            let cells = row.iter().map(|value| (value.clone(), PLAIN));
            sheet.row(std::iter::once((Value::text(level), PLAIN)).chain(cells));
        }
        sheet
    }

    fn equations(&self) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.words(["check", "left", "right", "difference", "holds"], HEADER);
        for check in self.ties.checks.iter().chain(self.control.iter().flat_map(|c| &c.checks)) {
            let holds = if check.holds { "yes" } else { "no" };
            sheet.words([&check.what, &check.left, &check.right, &check.difference, holds], PLAIN);
        }
        sheet.words(["null column", "Why", "How often"], HEADER);
        for null in self.nulls() {
            let count = i64::try_from(null.count).unwrap_or(i64::MAX);
            let words = [null.column, null.reason].map(|word| (Value::text(word), PLAIN));
            sheet.row(words.into_iter().chain([(Value::Integer(count), PLAIN)]));
        }
        sheet
    }
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
        sheet.words(["day", "note"], HEADER);
        let day = parse_date("2026-11-28").unwrap();
        sheet.row([(Value::Date(day), PLAIN), (Value::text("x".repeat(200)), PLAIN)]);
        let xml = sheet.xml();
        assert!(xml.contains("<col min=\"1\" max=\"1\" width=\"12\""), "{xml}");
        assert!(xml.contains("<col min=\"2\" max=\"2\" width=\"60\""), "{xml}");
        assert!(xml.contains("state=\"frozen\"") && xml.contains("<autoFilter ref=\"A1:B2\"/>"));
    }
}
