//! Rows of a bulk upload: NDJSON or CSV, one physical line each, or the elements of one JSON list;
//! each bounded.
//!
//! Each line is read by itself. No column of ours holds free text, so a quoted field never spans
//! lines; an open quote, a bad byte or a line of ten megabytes spoils its own row and no other.

use std::io::{self, BufRead};

use super::bulk_array::{Element, Elements};
use super::encounter_body::EncounterBody;
use super::json;
use crate::error::{AppError, Code, Fault};
use crate::flow::intake::{Draft, Parsed, Reading, draft};

/// Longest row in bytes: an encounter is below 2 KiB; twelve diagnoses and long names fit tenfold.
pub const MAX_ROW_BYTES: usize = 64 * 1024;

/// The columns of a CSV upload, in the order of the template.
pub const COLUMNS: [&str; 21] = [
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
    "session",
    "group_size",
    "group_peers",
    "member_absent",
];

/// Columns without which no row could be right. (The member has two forms, and so has what was
/// done; a row says which is missing.)
const REQUIRED: [&str; 6] = ["reference", "peer", "started_at", "ended_at", "mode", "setting"];

/// The form of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    NdJson,
    /// One JSON list of objects.
    Json,
    /// A header line, then one row a line.
    Csv,
}

/// One row, well formed or refused, and where it stands.
#[derive(Debug)]
pub struct Row<T = Parsed> {
    /// 1 for the first row of data.
    pub row: u64,
    /// 1 for the first line of the file.
    pub line: u64,
    /// The form of the file: how a place in the row is told.
    pub form: Form,
    /// What was read.
    pub parsed: Result<T, AppError>,
}

impl<T> Row<T> {
    /// Puts the place in the file on what was found wrong after the row was read.
    pub fn place(&self, error: AppError) -> AppError {
        placed(self.form, self.row, self.line, error)
    }
}

/// The line of the file; in CSV the column instead of the JSON pointer, in a JSON list the pointer
/// from the list's beginning.
fn placed(form: Form, row: u64, line: u64, mut error: AppError) -> AppError {
    if error.faults.is_empty() {
        error.faults.push(Fault::on_line(line, None, error.detail.clone()));
    }
    for fault in &mut error.faults {
        match (form, fault.pointer.take()) {
            (Form::Csv, Some(pointer)) => fault.column = Some(column_of(&pointer)),
            (Form::Json, Some(pointer)) => {
                fault.pointer = Some(format!("/{}{pointer}", row.saturating_sub(1)));
            }
            (_, pointer) => fault.pointer = pointer,
        }
        // Within an element of a list lines are counted from its first one.
        let within = if form == Form::Json { fault.line.unwrap_or(1).saturating_sub(1) } else { 0 };
        fault.line = Some(line.saturating_add(within));
    }
    error
}

/// Reads rows one after another.
#[derive(Debug)]
pub struct Rows<R, T = Parsed> {
    input: Input<R>,
    reading: Reading,
    shape: Shape<T>,
    row: u64,
    buffer: Vec<u8>,
}

/// How the bytes of a row become what is recorded.
#[derive(Debug)]
pub struct Shape<T> {
    /// Longest row in bytes.
    pub max_bytes: usize,
    /// Of a JSON object.
    pub json: fn(&[u8], Reading) -> Result<T, AppError>,
    /// Of a CSV line under a header; none where there is no such form.
    pub csv: Option<CsvRow<T>>,
}

/// Reads a CSV line with the columns of the header.
type CsvRow<T> = fn(&[u8], &[usize], u64, Reading) -> Result<T, AppError>;

const ENCOUNTERS: Shape<Parsed> =
    Shape { max_bytes: MAX_ROW_BYTES, json: json_row, csv: Some(csv_row) };

/// Where rows come from.
#[derive(Debug)]
enum Input<R> {
    Lines(Lines<R>),
    /// With the columns of the header, as positions in [`COLUMNS`].
    Csv(Lines<R>, Vec<usize>),
    List(Elements<R>),
}

impl<R: BufRead> Rows<R> {
    /// Begins; of a CSV the header is read and checked, and all its faults are told.
    pub fn begin(input: R, form: Form, reading: Reading) -> Result<Self, AppError> {
        Self::of(input, form, reading, ENCOUNTERS)
    }
}

impl<R: BufRead, T> Rows<R, T> {
    /// Rows of another shape.
    pub fn of(input: R, form: Form, reading: Reading, shape: Shape<T>) -> Result<Self, AppError> {
        let most = shape.max_bytes;
        let input = match form {
            Form::NdJson => Input::Lines(Lines::new(input, most)),
            Form::Json => Input::List(Elements::begin(input, most).map_err(unreadable)??),
            Form::Csv => {
                let mut lines = Lines::new(input, most);
                let header = lines.read_header()?;
                Input::Csv(lines, header)
            }
        };
        Ok(Self { input, reading, shape, row: 0, buffer: Vec::new() })
    }

    /// The next row; none at the end. An I/O error ends the upload.
    pub fn next_row(&mut self) -> Result<Option<Row<T>>, AppError> {
        let (buffer, reading) = (&mut self.buffer, self.reading);
        let (json, most) = (self.shape.json, self.shape.max_bytes);
        let (form, line, parsed) = match &mut self.input {
            Input::Lines(lines) => {
                let Some(read) = lines.next_line(buffer).map_err(unreadable)? else {
                    return Ok(None);
                };
                (Form::NdJson, lines.line, read.and_then(|()| json(buffer, reading)))
            }
            Input::Csv(lines, header) => {
                let Some(read) = lines.next_line(buffer).map_err(unreadable)? else {
                    return Ok(None);
                };
                let line = lines.line;
                let csv = self.shape.csv.ok_or_else(|| AppError::internal("no CSV form"))?;
                (Form::Csv, line, read.and_then(|()| csv(buffer, header, line, reading)))
            }
            Input::List(elements) => match elements.next(buffer).map_err(unreadable)? {
                None => return Ok(None),
                Some(Element::Whole(line)) => (Form::Json, line, json(buffer, reading)),
                Some(Element::TooLong(line)) => {
                    (Form::Json, line, Err(too_long("element", 1, most)))
                }
                Some(Element::Broken(line, mut error)) => {
                    error.faults.iter_mut().for_each(|fault| fault.line = None);
                    (Form::Json, line, Err(error))
                }
            },
        };
        self.row += 1;
        let parsed = parsed.map_err(|error| placed(form, self.row, line, error));
        Ok(Some(Row { row: self.row, line, form, parsed }))
    }
}

/// Physical lines, bounded, blank ones left out.
#[derive(Debug)]
struct Lines<R> {
    input: R,
    line: u64,
    most: usize,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R, most: usize) -> Self {
        Self { input, line: 0, most }
    }

    fn read_header(&mut self) -> Result<Vec<usize>, AppError> {
        let mut buffer = Vec::new();
        let line = match self.next_line(&mut buffer).map_err(unreadable)? {
            Some(Ok(())) => self.line,
            Some(Err(error)) => return Err(error),
            None => return Err(AppError::new(Code::MalformedBody, "The file is empty.")),
        };
        let fields = fields(&buffer, line)?;
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

    /// Reads the next line that is not blank into the buffer, without its end.
    fn next_line(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Result<(), AppError>>> {
        loop {
            buffer.clear();
            self.line += 1;
            let Some(long) = self.read_bounded(buffer)? else { return Ok(None) };
            if self.line == 1 && buffer.starts_with(b"\xef\xbb\xbf") {
                buffer.drain(..3);
            }
            if long {
                return Ok(Some(Err(too_long("line", self.line, self.most))));
            }
            while buffer.last().is_some_and(|b| b"\r\n".contains(b)) {
                buffer.pop();
            }
            if !buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Ok(())));
            }
        }
    }

    /// Reads up to the line's end, keeping `most` bytes at most. `Some(true)`: it was longer.
    fn read_bounded(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let mut any = false;
        let mut long = false;
        loop {
            let most = self.most;
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(any.then_some(long));
            }
            any = true;
            let end = chunk.iter().position(|b| *b == b'\n').map(|at| at + 1);
            let taken = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            long |= buffer.len() + taken.len() > most;
            if !long {
                buffer.extend_from_slice(taken);
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

fn too_long(what: &str, line: u64, most: usize) -> AppError {
    let message = format!("this {what} is longer than {most} bytes.");
    AppError::invalid(vec![Fault::on_line(line, None, message)])
}

fn json_row(bytes: &[u8], reading: Reading) -> Result<Parsed, AppError> {
    let body: EncounterBody = json::decode(bytes)?;
    draft::parse(&Draft::from(body), reading).map_err(AppError::invalid)
}

const STRAY_RETURN: &str = "this line has a carriage return that is no line end; save the file \
                            with LF or CRLF line ends.";

/// The fields of one CSV line.
fn fields(bytes: &[u8], line: u64) -> Result<Vec<String>, AppError> {
    let refuse =
        |message: &str| AppError::invalid(vec![Fault::on_line(line, None, message.to_owned())]);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| refuse("this line is not UTF-8; save the file as CSV UTF-8."))?;
    // The CSV reader takes it for the end of a record: what follows would be lost in silence.
    if text.contains('\r') {
        return Err(refuse(STRAY_RETURN));
    }
    if !text.matches('"').count().is_multiple_of(2) {
        return Err(refuse("a quote is not closed on this line."));
    }
    // Nearly all lines: making a reader costs more than reading them.
    if !text.is_empty() && !text.contains('"') {
        return Ok(text.split(',').map(str::to_owned).collect());
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
    let mut fields = fields(bytes, line)?;
    if fields.len() != header.len() {
        let message =
            format!("this line has {} fields and the header {}.", fields.len(), header.len());
        return Err(AppError::invalid(vec![Fault::on_line(line, None, message)]));
    }
    let mut value = |column: &str| {
        let wanted = COLUMNS.iter().position(|c| *c == column)?;
        let at = header.iter().position(|h| *h == wanted)?;
        fields.get_mut(at).map(std::mem::take)
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
        member_absent: value("member_absent"),
        group_session: value("session"),
        group_size: value("group_size"),
        group_peers: value("group_peers"),
    };
    draft::parse(&draft, reading).map_err(AppError::invalid)
}

/// The CSV column of a JSON pointer: `/note/signed_at` is `note_signed_at`, `/group/session` is
/// `session`.
pub fn column_of(pointer: &str) -> String {
    let path = pointer.trim_start_matches('/');
    let path = match path {
        "group/session" | "group" => "session",
        path if path.starts_with("diagnoses") => "diagnoses",
        path => path,
    };
    path.replace('/', "_")
}

#[cfg(test)]
#[path = "bulk_rows_tests.rs"]
mod tests;
