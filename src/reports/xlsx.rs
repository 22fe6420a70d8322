//! A report as a workbook: sheets Read me, Data, Dictionary, Ties. Numbers, dates and the sides of checks are
//! typed cells; texts are inline strings, which no spreadsheet takes for a formula, with their leading zeros.

mod sheet;

use std::fmt::Write as _;
use std::io::Write;

use sheet::{DECLARATION, MAIN};
pub(super) use sheet::{HEADER, PLAIN, Sheet};

use super::frame::{Answer, Column, Value};
use super::zip_out::{Spooled, Zip};
use crate::error::{AppError, Code};

/// Most rows of a sheet that spreadsheets open.
pub(super) const MAX_ROWS: usize = 1_048_576;

const SHEETS: [&str; 4] = ["Read me", "Data", "Dictionary", "Ties"];

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
            sheet.check(&check.what, [&check.left, &check.right, &check.difference], check.holds);
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
