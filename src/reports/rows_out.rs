//! Rows that are written one after the other into whatever takes bytes, so that a report may be longer than
//! memory: CSV, text with pipes, JSON, workbook and Parquet, each with an end that tells a whole file from a
//! broken one.
//!
//! - **CSV and pipes** end with a line of the level `total`, which has the number of lines and their sums.
//! - **JSON** is one document: rows, then totals. A broken one cannot be read.
//! - **Parquet** has its directory at the end. A broken one cannot be read.
//! - **A workbook** is given out when all of it is there.

use std::io::{self, Write};

use serde_json::Value as Json;

use super::csv_out::safe;
use super::formats::Format;
use super::parquet_out::Parquet;
use super::table::{Column, Object, Value};
use super::xlsx_rows::Workbook;
use crate::error::{AppError, Code};

/// What stands before the rows, or after them, of the whole of them: names with values.
pub type Entries = Vec<(&'static str, Json)>;

/// Where rows go.
pub trait RowsOut {
    /// Adds a row, as long as the columns.
    fn row(&mut self, row: &[Value]) -> Result<(), AppError>;
    /// Ends it, with what the rows add up to, as long as the columns, and what is said of the whole.
    fn end(self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError>;
}

/// What is said of the whole in columns at the end of each line of text; the lines of rows have them empty.
pub type Tail = &'static [Column];

/// Begins a file of rows.
pub fn begin<'a>(
    format: Format,
    to: impl Write + Send + 'a,
    columns: &'static [Column],
    entries: Entries,
    tail: Tail,
) -> Result<Box<dyn RowsOut + 'a>, AppError> {
    Ok(match format {
        Format::Csv => Box::new(Csv::begin(to, columns, entries, tail)?),
        Format::Pipe => Box::new(Pipe::begin(to, columns, entries, tail)?),
        Format::Json => Box::new(Document::begin(to, columns, &entries)?),
        Format::Parquet => Box::new(
            Parquet::begin(to, columns, &texts(&entries)).map(|file| Typed { file, columns })?,
        ),
        Format::Xlsx => Box::new(Workbook::begin(to, columns, entries)?),
        Format::Svg | Format::Dictionary => {
            let detail = "Parameter format: rows are written as json, csv, pipe, xlsx or parquet.";
            return Err(AppError::new(Code::InvalidParameter, detail));
        }
    })
}

/// A sink that took no more.
pub(super) fn unsent(error: io::Error) -> AppError {
    AppError::internal(format!("rows cannot be written: {error}"))
}

/// A value of the whole as a text: nothing for null, words without quotes, of `ties` the verdict.
pub(super) fn text(name: &str, value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(parts) => {
            parts.get(name).map_or_else(|| value.to_string(), |part| text(name, part))
        }
        other => other.to_string(),
    }
}

/// As texts; what is null is not said.
fn texts(entries: &Entries) -> Vec<(&'static str, String)> {
    let told = |name: &str, value: &Json| value.get(name).is_none_or(|part| !part.is_null());
    let said = entries.iter().filter(|(name, value)| !value.is_null() && told(name, value));
    said.map(|(name, value)| (*name, text(name, value))).collect()
}

/// A value of the whole as a field of a line: a list is joined by semicolons.
fn field(name: &str, value: &Json) -> String {
    match value {
        Json::Array(list) => list.iter().map(|one| text(name, one)).collect::<Vec<_>>().join(";"),
        one => text(name, one),
    }
}

/// The values of the tail, found among what was said before and after.
fn tail_of<'a>(tail: Tail, said: impl Iterator<Item = &'a (&'static str, Json)>) -> Vec<String> {
    let said: Vec<_> = said.collect();
    let find = |column: &Column| said.iter().rev().find(|(known, _)| *known == column.name);
    let told = |column| find(column).map(|(name, value)| field(name, value)).unwrap_or_default();
    tail.iter().map(told).collect()
}

fn header(columns: &[Column], tail: Tail) -> impl Iterator<Item = &'static str> {
    let own = columns.iter().map(|c| c.name).collect::<Vec<_>>();
    std::iter::once("level").chain(own).chain(tail.iter().map(|c| c.name))
}

/// CSV; texts are made safe for spreadsheets.
struct Csv<W: Write> {
    out: csv::Writer<W>,
    said: Entries,
    tail: Tail,
}

impl<W: Write> Csv<W> {
    fn begin(to: W, columns: &[Column], said: Entries, tail: Tail) -> Result<Self, AppError> {
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        out.write_record(header(columns, tail)).map_err(unwritten)?;
        Ok(Self { out, said, tail })
    }

    fn line(&mut self, level: &str, row: &[Value], tail: &[String]) -> Result<(), AppError> {
        self.out.write_field(level).map_err(unwritten)?;
        for value in row {
            let plain = value.plain();
            self.out.write_field(safe(&plain).as_bytes()).map_err(unwritten)?;
        }
        for text in tail {
            self.out.write_field(safe(text).as_bytes()).map_err(unwritten)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(unwritten)
    }
}

fn unwritten(error: csv::Error) -> AppError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unsent(error),
        other => AppError::internal(format!("a table cannot be written: {other:?}")),
    }
}

impl<W: Write> RowsOut for Csv<W> {
    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        let empty = vec![String::new(); self.tail.len()];
        self.line("row", row, &empty)
    }

    fn end(mut self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError> {
        let tail = tail_of(self.tail, self.said.iter().chain(entries));
        self.line("total", totals, &tail)?;
        self.out.flush().map_err(unsent)
    }
}

/// Text with pipes, which has no way to quote them: pipes and line ends within a text become spaces.
struct Pipe<W: Write> {
    out: W,
    said: Entries,
    tail: Tail,
}

impl<W: Write> Pipe<W> {
    fn begin(mut out: W, columns: &[Column], said: Entries, tail: Tail) -> Result<Self, AppError> {
        let names: Vec<&str> = header(columns, tail).collect();
        out.write_all((names.join("|") + "\r\n").as_bytes()).map_err(unsent)?;
        Ok(Self { out, said, tail })
    }

    fn line(&mut self, level: &str, row: &[Value], tail: &[String]) -> Result<(), AppError> {
        let mut line = level.to_owned();
        for text in row.iter().map(Value::plain).chain(tail.iter().cloned()) {
            line.push('|');
            line.push_str(&text.replace(['|', '\r', '\n'], " "));
        }
        line.push_str("\r\n");
        self.out.write_all(line.as_bytes()).map_err(unsent)
    }
}

impl<W: Write> RowsOut for Pipe<W> {
    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        let empty = vec![String::new(); self.tail.len()];
        self.line("row", row, &empty)
    }

    fn end(mut self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError> {
        let tail = tail_of(self.tail, self.said.iter().chain(entries));
        self.line("total", totals, &tail)?;
        self.out.flush().map_err(unsent)
    }
}

/// One JSON document.
struct Document<W: Write> {
    out: W,
    columns: &'static [Column],
    any: bool,
}

impl<W: Write> Document<W> {
    fn begin(out: W, columns: &'static [Column], entries: &Entries) -> Result<Self, AppError> {
        let mut begun = Self { out, columns, any: false };
        begun.text("{")?;
        for (name, value) in entries {
            begun.json(name)?;
            begun.text(":")?;
            begun.json(value)?;
            begun.text(",")?;
        }
        begun.text("\"rows\":[")?;
        Ok(begun)
    }

    fn text(&mut self, text: &str) -> Result<(), AppError> {
        self.out.write_all(text.as_bytes()).map_err(unsent)
    }

    fn json(&mut self, value: &(impl serde::Serialize + ?Sized)) -> Result<(), AppError> {
        serde_json::to_writer(&mut self.out, value).map_err(|error| unsent(error.into()))
    }
}

impl<W: Write> RowsOut for Document<W> {
    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        self.text(if self.any { ",\n" } else { "\n" })?;
        self.any = true;
        let columns = self.columns;
        self.json(&Object(columns, row))
    }

    fn end(mut self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError> {
        self.text("],\"totals\":")?;
        let columns = self.columns;
        self.json(&Object(columns, totals))?;
        for (name, value) in entries {
            self.text(",")?;
            self.json(name)?;
            self.text(":")?;
            self.json(value)?;
        }
        self.text("}")?;
        self.out.flush().map_err(unsent)
    }
}

/// Parquet; the totals are among what is said of the whole, so that a sum over a column is the sum of rows.
struct Typed<W: Write + Send> {
    file: Parquet<W>,
    columns: &'static [Column],
}

impl<W: Write + Send> RowsOut for Typed<W> {
    fn row(&mut self, row: &[Value]) -> Result<(), AppError> {
        self.file.row(row)
    }

    fn end(self: Box<Self>, totals: &[Value], entries: &Entries) -> Result<(), AppError> {
        let written = serde_json::to_string(&Object(self.columns, totals));
        let totals = written.map_err(|error| unsent(error.into()))?;
        let mut said = texts(entries);
        said.insert(0, ("totals", totals));
        self.file.end(&said)
    }
}

#[cfg(test)]
#[path = "rows_out_tests.rs"]
mod tests;
