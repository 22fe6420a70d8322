//! Reports as files: CSV and pipe-delimited text with one header, Parquet with the same lines, and the
//! dictionary that says what each column means. Columns keep their order; new ones are added at the end only.

use std::borrow::Cow;

use super::csv_out;
use super::frame::{ALL, Answer, Column, Value};
use super::parquet_out::Parquet;
use super::utilization::words;
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
        /// For analysts: typed columns.
        Parquet = "parquet",
        /// A picture, where there is one.
        Svg = "svg",
    }
);

/// What each line begins with.
pub const LEVEL: Column = Column::key(
    "level",
    "row; subtotal, where rows are grouped; total: the level above, each counted for itself",
);
/// What each line ends with.
const FRAME: [Column; 8] = [
    Column::words("basis", "the date by which rows are placed in the period"),
    Column::time("as_of", "what was known at this time, in UTC"),
    Column::flag("complete", "whether the run-out had passed at that time"),
    Column::flag("ties", "whether every check of the report holds"),
    Column::words("notice", "for a payer, what 42 CFR 2.32 says"),
    Column::flag(
        "left_out_without_consent",
        "whether rows of people are not shown, and not in the total, for want of a consent; empty where \
         that cannot be",
    ),
    Column::words("why", "why all numbers are null, where they are"),
    Column::words(
        "partial_months",
        "months of which only a part lies in the period, joined by semicolons",
    ),
];

impl Format {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv | Self::Dictionary => "text/csv; charset=utf-8",
            Self::Pipe => "text/plain; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
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
            Self::Parquet => "parquet",
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
            Format::Parquet => return self.parquet(),
            Format::Csv => self.csv()?,
            Format::Pipe => self.pipe(),
            Format::Dictionary => dictionary(self.definition.columns, &FRAME)?,
            Format::Svg => self.picture()?,
        };
        Ok(text.into_bytes())
    }

    /// The rows, then the levels above them, told apart by `level`; where no number can be, one line of
    /// nulls, so that nobody takes an empty file for nothing done.
    pub fn levels(&self) -> impl Iterator<Item = (&'static str, Cow<'_, [Value]>)> {
        let own = |row| Cow::Borrowed(Vec::as_slice(row));
        let rows = self.table.rows.iter().map(move |row| ("row", own(row)));
        let between = self.table.subtotals.iter().map(move |row| ("subtotal", own(row)));
        let totals = self.table.totals.iter().map(move |row| ("total", own(row)));
        let none = self.why().map(|why| {
            let nulls = self.table.columns.iter().map(|_| Value::Null(why)).collect();
            ("total", Cow::Owned(nulls))
        });
        rows.chain(between).chain(totals).chain(none)
    }

    fn lines(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> + '_ {
        self.levels().map(|(level, row)| (level, row.iter().map(Value::plain).collect()))
    }

    /// Why there is no number at all, where there is none.
    fn why(&self) -> Option<&'static str> {
        self.nulls().iter().find(|null| null.column == ALL).map(|null| null.reason)
    }

    /// What each line says beside its numbers: by which date, as of when, whether it is complete and ties.
    fn frame(&self) -> [Value; 8] {
        let words = |text: Option<&str>| text.map_or(Value::Null("not_so"), Value::text);
        [
            Value::text(self.asked.basis.as_str()),
            Value::Time(self.as_of),
            Value::Flag(self.asked.complete(self.as_of)),
            Value::Flag(self.ties.ties),
            words(self.notice()),
            self.left_out.map_or(Value::Null("not_so"), Value::Flag),
            words(self.why()),
            Value::text(self.asked.partial_months().join(";")),
        ]
    }

    fn header(&self) -> Vec<&'static str> {
        let own = self.table.columns.iter().map(|c| c.name);
        std::iter::once(LEVEL.name).chain(own).chain(FRAME.map(|c| c.name)).collect()
    }

    fn csv(&self) -> Result<String, AppError> {
        let mut out = csv_out::Table::new(&self.header())?;
        let frame = self.frame().map(|value| value.plain());
        for (level, row) in self.lines() {
            let fields = row.iter().chain(&frame).map(String::as_str);
            out.row(std::iter::once(level).chain(fields))?;
        }
        out.finish()
    }

    /// The lines of the CSV with their types; what is said of the whole is told once more beside them.
    fn parquet(&self) -> Result<Vec<u8>, AppError> {
        let columns: Vec<Column> =
            std::iter::once(LEVEL).chain(self.table.columns.iter().copied()).chain(FRAME).collect();
        let frame = self.frame();
        let mut bytes = Vec::new();
        let mut file = Parquet::begin(&mut bytes, &columns, &self.said())?;
        for (level, row) in self.levels() {
            file.row(std::iter::once(&Value::text(level)).chain(row.iter()).chain(&frame))?;
        }
        file.end(&[])?;
        Ok(bytes)
    }

    /// What is said of the whole; nothing where nothing is meant.
    fn said(&self) -> Vec<(&'static str, String)> {
        let (definition, asked) = (self.definition, &self.asked);
        let (organization, payer) = self.names.clone();
        let said = [
            ("report", Some(definition.name.to_owned())),
            ("definition", Some(definition.version.to_string())),
            ("edition", Some(super::issue::edition(asked.lens.edition).to_owned())),
            ("organization", organization),
            ("payer", payer),
            ("basis", Some(asked.basis.to_string())),
            ("from", Some(asked.from.to_string())),
            ("to", Some(asked.to.to_string())),
            ("partial_months", Some(asked.partial_months().join(";"))),
            ("as_of", Some(self.as_of.to_string())),
            ("group_by", Some(words(&asked.group_by)).filter(|by| !by.is_empty())),
            ("run_out_days", Some(asked.run_out_days.to_string())),
            ("complete", Some(asked.complete(self.as_of).to_string())),
            ("privacy", Some(definition.privacy.to_owned())),
            ("notice", self.notice().map(str::to_owned)),
            ("left_out_without_consent", self.left_out.map(|left| left.to_string())),
            ("ties", Some(self.ties.ties.to_string())),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Pipes and line ends within a text become spaces: the format has no way to quote them.
    fn pipe(&self) -> String {
        let clean = |text: &str| text.replace(['|', '\r', '\n'], " ");
        let frame = self.frame().map(|value| value.plain());
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

/// What the columns are, as CSV, and those at the end of each line.
pub(super) fn dictionary(columns: &[Column], tail: &[Column]) -> Result<String, AppError> {
    let mut out = csv_out::Table::new(&["column", "type", "unit", "additive", "meaning"])?;
    out.row([LEVEL.name, "text", "", "no", LEVEL.meaning])?;
    for column in columns {
        let additive = if column.additive { "yes" } else { "no" };
        let fields = [column.name, column.kind.as_str(), column.unit, additive, column.meaning];
        out.row(fields)?;
    }
    for column in tail {
        out.row([column.name, column.kind.as_str(), "", "no", column.meaning])?;
    }
    out.finish()
}
