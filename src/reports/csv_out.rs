//! CSV for people with spreadsheets: RFC 4180, UTF-8, and texts that no spreadsheet takes for a
//! formula.

use std::borrow::Cow;

use crate::error::AppError;

/// A table in the making.
#[derive(Debug)]
pub struct Table {
    out: csv::Writer<Vec<u8>>,
}

impl Table {
    /// Begins with the header.
    pub fn new(columns: &[&str]) -> Result<Self, AppError> {
        let mut out =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        out.write_record(columns).map_err(failed)?;
        Ok(Self { out })
    }

    /// A later part of a table that is written in parts: rows without a header.
    pub fn continued() -> Self {
        let out =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        Self { out }
    }

    /// Adds a row of texts; each is made safe.
    pub fn row<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) -> Result<(), AppError> {
        for field in fields {
            self.out.write_field(safe(field).as_bytes()).map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)
    }

    /// The whole table.
    pub fn finish(self) -> Result<String, AppError> {
        let bytes = self.out.into_inner().map_err(|e| AppError::internal(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| AppError::internal(e.to_string()))
    }
}

fn failed(error: csv::Error) -> AppError {
    AppError::internal(format!("a table cannot be written: {error}"))
}

/// A text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers, also
/// negative ones, stay as they are.
pub(super) fn safe(field: &str) -> Cow<'_, str> {
    let risky = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = field.strip_prefix('-').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    if risky && !number { Cow::Owned(format!("'{field}")) } else { Cow::Borrowed(field) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_numbers_kept() {
        let mut table = Table::new(&["a", "b"]).unwrap();
        table.row(["=1+1", "-12.50"]).unwrap();
        table.row(["@x", "say \"hi\", you"]).unwrap();
        let text = table.finish().unwrap();
        assert_eq!(text, "a,b\r\n'=1+1,-12.50\r\n'@x,\"say \"\"hi\"\", you\"\r\n");
        assert_eq!(safe("-"), "'-");
        assert_eq!(safe("-1+1"), "'-1+1");
    }
}
