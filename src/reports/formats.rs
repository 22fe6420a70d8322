//! Reports as files: CSV and pipe-delimited text with one header, and the dictionary that says what each
//! column means. Columns keep their order; new ones are added at the end only.

use super::csv_out;
use super::frame::{Answer, Column};
use crate::domain::text::code_list;
use crate::error::AppError;

code_list!(
    /// The forms in which a report is given out.
    Format, "a format of reports" {
        /// For programs; whole, with ties and nulls.
        Json = "json",
        /// For spreadsheets.
        Csv = "csv",
        /// For plan data teams: text with pipes.
        Pipe = "pipe",
        /// What the columns are.
        Dictionary = "dictionary",
        /// A workbook.
        Xlsx = "xlsx",
        /// A picture, where there is one.
        Svg = "svg",
    }
);

impl Format {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv | Self::Dictionary => "text/csv; charset=utf-8",
            Self::Pipe => "text/plain; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Svg => "image/svg+xml",
        }
    }
}

impl Format {
    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Pipe => "txt",
            Self::Dictionary => "dictionary.csv",
            Self::Xlsx => "xlsx",
            Self::Svg => "svg",
        }
    }
}

impl Answer {
    /// The report in a form.
    pub fn bytes(&self, format: Format) -> Result<Vec<u8>, AppError> {
        let text = match format {
            Format::Json => {
                return serde_json::to_vec(self)
                    .map_err(|e| AppError::internal(format!("a report cannot be written: {e}")));
            }
            Format::Xlsx => return self.workbook(),
            Format::Csv => self.csv()?,
            Format::Pipe => self.pipe(),
            Format::Dictionary => dictionary(self.definition.columns)?,
            Format::Svg => self.picture()?,
        };
        Ok(text.into_bytes())
    }

    /// The rows, then the level above them, told apart by `level`.
    fn lines(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> + '_ {
        let rows = self.table.rows.iter().map(|row| ("row", row));
        let totals = self.table.totals.iter().map(|row| ("total", row));
        rows.chain(totals)
            .map(|(level, row)| (level, row.iter().map(super::frame::Value::plain).collect()))
    }

    /// What each line says beside its numbers: by which date, as of when, whether it is complete and ties.
    fn frame(&self) -> [String; 4] {
        [
            self.asked.basis.as_str().to_owned(),
            self.as_of.to_string(),
            self.asked.complete(self.as_of).to_string(),
            self.ties.ties.to_string(),
        ]
    }

    fn header(&self) -> Vec<&'static str> {
        let own = self.table.columns.iter().map(|c| c.name);
        std::iter::once("level").chain(own).chain(["basis", "as_of", "complete", "ties"]).collect()
    }

    fn csv(&self) -> Result<String, AppError> {
        let mut out = csv_out::Table::new(&self.header())?;
        let frame = self.frame();
        for (level, row) in self.lines() {
            let fields = row.iter().chain(&frame).map(String::as_str);
            out.row(std::iter::once(level).chain(fields))?;
        }
        out.finish()
    }

    /// Pipes and line ends within a text become spaces: the format has no way to quote them.
    fn pipe(&self) -> String {
        let clean = |text: &str| text.replace(['|', '\r', '\n'], " ");
        let frame = self.frame();
        let mut out = self.header().join("|") + "\r\n";
        for (level, row) in self.lines() {
            let fields = row.iter().chain(&frame).map(|text| clean(text));
            let line: Vec<String> = std::iter::once(level.to_owned()).chain(fields).collect();
            out.push_str(&line.join("|"));
            out.push_str("\r\n");
        }
        out
    }
}

/// What the columns are, as CSV.
fn dictionary(columns: &[Column]) -> Result<String, AppError> {
    let mut out = csv_out::Table::new(&["column", "type", "unit", "additive", "meaning"])?;
    out.row(["level", "text", "", "no", "row, or total: the level above, counted for itself"])?;
    for column in columns {
        let additive = if column.additive { "yes" } else { "no" };
        let fields = [column.name, column.kind.as_str(), column.unit, additive, column.meaning];
        out.row(fields)?;
    }
    for (name, meaning) in [
        ("basis", "the date by which rows are placed in the period"),
        ("as_of", "what was known at this time, in UTC"),
        ("complete", "whether the run-out had passed at that time"),
        ("ties", "whether every check of the report holds"),
    ] {
        out.row([name, "text", "", "no", meaning])?;
    }
    out.finish()
}
