//! CSV as this program takes it: RFC 4180, strictly, as a stream.
//!
//! The reader is our own because a lenient one is dangerous here: a stray quote that swallows the
//! following lines would lose visits in silence. Every fault has its line; reading goes on at the
//! next one. A byte order mark, CRLF and empty lines are fine. Memory is bounded by one record.

mod record;

use std::collections::HashMap;
use std::io::BufRead;

use crate::error::Fault;
use record::{Record, Records};

pub use record::MAX_RECORD_BYTES;

/// Most rows of one file that is brought in whole: a large state's members, some 200 MB of memory.
pub const MAX_ROWS: usize = 200_000;

/// A file with a header.
#[derive(Debug)]
pub struct Table<R> {
    records: Records<R>,
    /// The column of each place of a row.
    names: Vec<&'static str>,
}

/// A row: trimmed cells by column; empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The line on which the row starts.
    pub line: u64,
    values: HashMap<&'static str, String>,
}

impl Cells {
    /// The cell of a column; `None` when it is empty or there is no such column in the file.
    pub fn get(&self, column: &str) -> Option<String> {
        self.values.get(column).cloned()
    }

    /// Whether any of these columns has something.
    pub fn any(&self, columns: &[&str]) -> bool {
        columns.iter().any(|c| self.values.contains_key(c))
    }
}

impl<R: BufRead> Table<R> {
    /// Reads the header: each of the `required` columns once, any of the `optional` ones, and no
    /// other. All faults of the header are told.
    pub fn open(
        reader: R,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self, Vec<Fault>> {
        let mut records = Records::new(reader);
        let header = match records.next() {
            None => {
                let known = required.join(",");
                let message = format!("the file is empty; its first line is {known}");
                return Err(vec![Fault::on_line(1, None, message)]);
            }
            Some(record) => record.map_err(|fault| vec![fault])?,
        };
        let known: Vec<&'static str> = required.iter().chain(optional).copied().collect();
        let (names, mut faults) = names(&header, &known);
        for missing in required.iter().filter(|r| !names.contains(r)) {
            let message = "this column is missing in the header";
            faults.push(Fault::on_line(header.line, Some(missing), message));
        }
        if faults.is_empty() { Ok(Self { records, names }) } else { Err(faults) }
    }

    /// The columns that the file has.
    pub fn columns(&self) -> &[&'static str] {
        &self.names
    }

    fn cells(&self, record: Record) -> Result<Cells, Fault> {
        let (found, wanted) = (record.fields.len(), self.names.len());
        if found != wanted {
            let message = format!(
                "this row has {found} fields, the header has {wanted}; a text with a comma in it \
                 stands in double quotes"
            );
            return Err(Fault::on_line(record.line, None, message));
        }
        let mut values = HashMap::with_capacity(wanted);
        for (name, field) in self.names.iter().zip(record.fields) {
            let text = String::from_utf8(field).map_err(|_| {
                let message = "this is not UTF-8; save the file as CSV in UTF-8";
                Fault::on_line(record.line, Some(name), message)
            })?;
            let text = text.trim();
            if !text.is_empty() {
                values.insert(*name, text.to_owned());
            }
        }
        Ok(Cells { line: record.line, values })
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = Result<Cells, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        Some(record.and_then(|record| self.cells(record)))
    }
}

/// The columns of a header, and what is wrong with it.
fn names(header: &Record, known: &[&'static str]) -> (Vec<&'static str>, Vec<Fault>) {
    let (mut names, mut faults) = (Vec::new(), Vec::new());
    for (index, field) in header.fields.iter().enumerate() {
        let text = std::str::from_utf8(field).unwrap_or_default().trim();
        let place = (index + 1).to_string();
        match known.iter().find(|k| **k == text) {
            Some(name) if names.contains(name) => {
                let message = "this column is here twice";
                faults.push(Fault::on_line(header.line, Some(name), message));
            }
            Some(name) => names.push(*name),
            None => {
                // What stands there is not repeated: without a header it is somebody's data.
                let message = format!("this column is unknown; known are: {}", known.join(", "));
                faults.push(Fault::on_line(header.line, Some(&place), message));
            }
        }
    }
    (names, faults)
}

#[cfg(test)]
mod tests;
