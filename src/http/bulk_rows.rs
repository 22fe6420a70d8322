//! Rows of a bulk upload: NDJSON or CSV, one physical line each, bounded.
//!
//! Each line is read by itself. No column of ours holds free text, so a quoted field never spans
//! lines; an open quote, a bad byte or a line of ten megabytes spoils its own row and no other.

use std::io::{self, BufRead};

use super::encounter_body::EncounterBody;
use super::json;
use crate::error::{AppError, Code, Fault};
use crate::flow::intake::{Draft, Parsed, Reading, draft};

/// Longest row in bytes: an encounter is below 2 KiB; twelve diagnoses and long names fit tenfold.
pub const MAX_ROW_BYTES: usize = 64 * 1024;

/// The columns of a CSV upload, in the order of the template.
pub const COLUMNS: [&str; 17] = [
    "reference",
    "peer",
    "member",
    "member_payer",
    "member_number",
    "activity",
    "service",
    "role",
    "started_at",
    "ended_at",
    "mode",
    "setting",
    "diagnoses",
    "authorization",
    "note_signed_at",
    "note_plan_goal",
    "program",
];

/// Columns without which no row could be right. (The member has two forms, and so has what was
/// done; a row says which is missing.)
const REQUIRED: [&str; 6] = ["reference", "peer", "started_at", "ended_at", "mode", "setting"];

/// The form of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    NdJson,
    /// A header line, then one row a line.
    Csv,
}

/// One row, well formed or refused, and where it stands.
#[derive(Debug)]
pub struct Row {
    /// 1 for the first row of data.
    pub row: u64,
    /// 1 for the first line of the file.
    pub line: u64,
    /// The form of the file: how a place in the row is told.
    pub form: Form,
    /// What was read.
    pub parsed: Result<Parsed, AppError>,
}

impl Row {
    /// Puts the place in the file on what was found wrong after the row was read: the line, and in
    /// CSV the column instead of the JSON pointer.
    pub fn place(line: u64, form: Form, mut error: AppError) -> AppError {
        if form == Form::Csv {
            for fault in &mut error.faults {
                if let Some(pointer) = fault.pointer.take() {
                    fault.column = Some(column_of(&pointer));
                }
            }
        }
        on_line(error, line)
    }
}

/// Reads rows one after another.
#[derive(Debug)]
pub struct Rows<R> {
    input: R,
    reading: Reading,
    /// Columns of the CSV header, as positions in [`COLUMNS`]; none for NDJSON.
    header: Option<Vec<usize>>,
    line: u64,
    row: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Rows<R> {
    /// Begins; of a CSV the header is read and checked, and all its faults are told.
    pub fn begin(input: R, form: Form, reading: Reading) -> Result<Self, AppError> {
        let mut rows = Self { input, reading, header: None, line: 0, row: 0, buffer: Vec::new() };
        if form == Form::Csv {
            rows.header = Some(rows.read_header()?);
        }
        Ok(rows)
    }

    fn read_header(&mut self) -> Result<Vec<usize>, AppError> {
        let line = match self.next_line().map_err(unreadable)? {
            Some(Ok(())) => self.line,
            Some(Err(error)) => return Err(error),
            None => return Err(AppError::new(Code::MalformedBody, "The file is empty.")),
        };
        let fields = fields(&self.buffer, line)?;
        let mut faults = Vec::new();
        let mut header = Vec::with_capacity(fields.len());
        for name in &fields {
            let name = name.trim();
            match COLUMNS.iter().position(|c| *c == name) {
                Some(index) if header.contains(&index) => {
                    faults.push(Fault::on_line(line, Some(name), "this column is there twice."));
                }
                Some(index) => header.push(index),
                None => faults.push(Fault::on_line(
                    line,
                    None,
                    format!(
                        "column {} is not known; the columns are {}.",
                        header.len() + faults.len() + 1,
                        COLUMNS.join(", ")
                    ),
                )),
            }
        }
        let named = |column: &str| fields.iter().any(|f| f.trim() == column);
        for column in REQUIRED.iter().filter(|c| !named(c)) {
            faults.push(Fault::on_line(line, Some(column), "this column is missing."));
        }
        if faults.is_empty() { Ok(header) } else { Err(AppError::invalid(faults)) }
    }

    /// The next row; none at the end. An I/O error ends the upload.
    pub fn next_row(&mut self) -> Result<Option<Row>, AppError> {
        let Some(read) = self.next_line().map_err(unreadable)? else { return Ok(None) };
        self.row += 1;
        let line = self.line;
        let form = if self.header.is_some() { Form::Csv } else { Form::NdJson };
        let parsed = read.and_then(|()| match &self.header {
            Some(header) => csv_row(&self.buffer, header, line, self.reading),
            None => json_row(&self.buffer, self.reading),
        });
        let parsed = parsed.map_err(|e| on_line(e, line));
        Ok(Some(Row { row: self.row, line, form, parsed }))
    }

    /// Reads the next line that is not blank into the buffer, without its end.
    fn next_line(&mut self) -> io::Result<Option<Result<(), AppError>>> {
        loop {
            self.buffer.clear();
            self.line += 1;
            let Some(long) = self.read_bounded()? else { return Ok(None) };
            if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.buffer.drain(..3);
            }
            if long {
                let message = format!("this line is longer than {MAX_ROW_BYTES} bytes.");
                let fault = Fault::on_line(self.line, None, message);
                return Ok(Some(Err(AppError::invalid(vec![fault]))));
            }
            while self.buffer.last().is_some_and(|b| b"\r\n".contains(b)) {
                self.buffer.pop();
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Ok(())));
            }
        }
    }

    /// Reads up to the line's end, keeping [`MAX_ROW_BYTES`] at most. `Some(true)`: it was longer.
    fn read_bounded(&mut self) -> io::Result<Option<bool>> {
        let mut any = false;
        let mut long = false;
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(any.then_some(long));
            }
            any = true;
            let end = chunk.iter().position(|b| *b == b'\n').map(|at| at + 1);
            let taken = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            long |= self.buffer.len() + taken.len() > MAX_ROW_BYTES;
            if !long {
                self.buffer.extend_from_slice(taken);
            }
            let count = taken.len();
            self.input.consume(count);
            if end.is_some() {
                return Ok(Some(long));
            }
        }
    }
}

fn unreadable(error: io::Error) -> AppError {
    AppError::internal(format!("the spooled upload cannot be read: {error}"))
}

/// Puts the line of the file on faults that only know their field.
fn on_line(mut error: AppError, line: u64) -> AppError {
    if error.faults.is_empty() {
        error.faults.push(Fault::on_line(line, None, error.detail.clone()));
    }
    for fault in &mut error.faults {
        fault.line = Some(line);
    }
    error
}

fn json_row(bytes: &[u8], reading: Reading) -> Result<Parsed, AppError> {
    let body: EncounterBody = json::decode(bytes)?;
    draft::parse(&Draft::from(body), reading).map_err(AppError::invalid)
}

/// The fields of one CSV line.
fn fields(bytes: &[u8], line: u64) -> Result<Vec<String>, AppError> {
    let refuse =
        |message: &str| AppError::invalid(vec![Fault::on_line(line, None, message.to_owned())]);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| refuse("this line is not UTF-8; save the file as CSV UTF-8."))?;
    if !text.matches('"').count().is_multiple_of(2) {
        return Err(refuse("a quote is not closed on this line."));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(_) => Ok(record.iter().map(str::to_owned).collect()),
        Err(_) => Err(refuse("this line is not CSV.")),
    }
}

fn csv_row(
    bytes: &[u8],
    header: &[usize],
    line: u64,
    reading: Reading,
) -> Result<Parsed, AppError> {
    let fields = fields(bytes, line)?;
    if fields.len() != header.len() {
        let message =
            format!("this line has {} fields and the header {}.", fields.len(), header.len());
        return Err(AppError::invalid(vec![Fault::on_line(line, None, message)]));
    }
    let value = |column: &str| {
        let wanted = COLUMNS.iter().position(|c| *c == column)?;
        let at = header.iter().position(|h| *h == wanted)?;
        fields.get(at).cloned()
    };
    let diagnoses = value("diagnoses").unwrap_or_default();
    let draft = Draft {
        reference: value("reference"),
        peer: value("peer"),
        member: value("member"),
        member_payer: value("member_payer"),
        member_number: value("member_number"),
        activity: value("activity"),
        service: value("service"),
        role: value("role"),
        started_at: value("started_at"),
        ended_at: value("ended_at"),
        mode: value("mode"),
        setting: value("setting"),
        diagnoses: diagnoses
            .split(';')
            .map(str::trim)
            .filter(|d| !d.is_empty())
            .map(str::to_owned)
            .collect(),
        authorization: value("authorization"),
        note_signed_at: value("note_signed_at"),
        note_plan_goal: value("note_plan_goal"),
        program: value("program"),
    };
    draft::parse(&draft, reading).map_err(|faults| {
        let faults = faults.into_iter().map(|fault| {
            let column = column_of(fault.pointer.as_deref().unwrap_or_default());
            Fault::on_line(line, Some(&column), fault.message)
        });
        AppError::invalid(faults.collect())
    })
}

/// The CSV column of a JSON pointer: `/note/signed_at` is `note_signed_at`.
pub fn column_of(pointer: &str) -> String {
    let path = pointer.trim_start_matches('/');
    let path = if path.starts_with("diagnoses") { "diagnoses" } else { path };
    path.replace('/', "_")
}

#[cfg(test)]
#[path = "bulk_rows_tests.rs"]
mod tests;
