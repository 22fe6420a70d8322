//! Reports that are issued: built once, sealed with SHA-256, kept to the byte, and made again from what was
//! known then (`docs/adr/0100`), or from what was kept with them (`docs/adr/0149`).

mod manifest;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::formats::Format;
use super::frame::{Answer, Asked, Basis, Lens};
use super::public;
use super::registry::{self, Definition};
use super::restatement::{Restated, restate};
use super::source::Source;
use super::utilization::{Perspective, words};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::domain::ids::ReportIssueId;
use crate::domain::report::issue::Issue;
use crate::error::{AppError, Code};
use crate::store::report_walls::Seen;
use crate::store::{self, Conn};

pub use manifest::{Manifest, Seal};

/// Forms and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// The forms of text, which come out to the byte when an issue is made again.
pub const FORMS: &[Format] = &[Format::Json, Format::Csv, Format::Pipe, Format::Dictionary];

/// The forms that a library lays out, or that are packed: they are kept as they were made, because a later
/// version of the program may lay them out in another way.
pub const KEPT: &[Format] = &[Format::Xlsx, Format::Parquet];

/// What an issue was made of that keeps no past, among its files.
const SOURCE: &str = "source";

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is asked, as one text: issues with the same one follow each other.
pub fn question(report: &str, asked: &Asked) -> String {
    let lens = asked.lens;
    let edition = edition(lens.edition);
    let id = |id: Option<i64>| id.map_or_else(|| "all".to_owned(), |id| id.to_string());
    let organization = id(lens.organization.map(crate::domain::ids::OrganizationId::as_i64));
    let payer = id(lens.payer.map(crate::domain::ids::PayerId::as_i64));
    let (basis, from, to) = (asked.basis, asked.from, asked.to);
    let convention = asked.convention.map_or_else(String::new, |c| format!(" {c}"));
    let by = match asked.group_by.as_slice() {
        [] => String::new(),
        by => format!(" by {}", words(by)),
    };
    format!("{report} {edition} {organization} {payer} {basis} {from} {to}{convention}{by}")
}

/// The word for who reads.
pub const fn edition(perspective: Perspective) -> &'static str {
    match perspective {
        Perspective::Organization => "organization",
        Perspective::Payer => "payer",
    }
}

/// The issue that another one takes the place of.
#[derive(Debug)]
pub struct Before {
    /// The issue.
    pub issue: Issue,
    /// Its JSON.
    pub json: Vec<u8>,
    /// Why there is to be another one.
    pub cause: String,
}

/// Builds a report as it is to be issued, with its files: of all that is known now.
pub fn make(
    conn: &mut Conn,
    definition: &'static Definition,
    mut asked: Asked,
    (id, issued_at): (ReportIssueId, Instant),
    before: Option<Before>,
) -> Result<(Issue, Files), AppError> {
    if !definition.issuable {
        let detail = "This report cannot be issued: issue the report whose numbers moved again; its \
                      restatement has the movement.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    if definition.parameters.contains(&"convention") {
        // Left out it is the same question.
        asked.convention = asked.convention.or(Some(Convention::AnyDay));
    }
    let question = question(definition.name, &asked);
    let narrowings = store::report_walls::known(conn, asked.lens.payer, asked.lens.organization)?;
    if before.as_ref().is_some_and(|b| b.issue.question != question) {
        let rule = "this is an issue of another question: name one of the same report, \
                    organization, payer, basis and period";
        return Err(AppError::field("/supersedes", rule));
    }
    let mut source = if definition.keeps_source() { Source::keeping() } else { Source::live() };
    let again = before.as_ref().map(|_| question.as_str());
    let mut answer = answer(conn, definition, &asked, (again, &mut source))?;
    // What only holds of the present is told in the manifest: the files can be made again.
    let control = answer.control.take();
    let mut manifest = Manifest::of(&answer, id, issued_at)?;
    manifest.ties &= control.is_none_or(|c| c.ties);
    let mut files = files(&answer)?;
    for form in KEPT {
        files.push((form.to_string(), answer.bytes(*form)?));
    }
    if let Some(before) = before {
        let restated = restated(conn, before, (&answer, &source), (&mut manifest, &files))?;
        files.push(("restatement".to_owned(), restated));
    }
    for (form, bytes) in &files {
        manifest.seal(form, bytes);
    }
    if definition.keeps_source() {
        // Kept beside the files, and given out to nobody: it tells of whom a payer may not be told.
        let bytes = source.bytes()?;
        manifest.source = Some(sha256(&bytes));
        files.push((SOURCE.to_owned(), bytes));
    }
    let issue = Issue {
        id,
        organization: asked.lens.organization,
        payer: asked.lens.payer,
        edition: manifest.edition.clone(),
        report: manifest.report.clone(),
        question,
        as_of: manifest.as_of,
        issued_at,
        supersedes: manifest.supersedes,
        manifest: serde_json::to_string(&manifest).map_err(unwritten)?,
        narrowings,
    };
    Ok((issue, files))
}

/// What a new issue changes of the one before it, whose successor its manifest makes it.
fn restated(
    conn: &mut Conn,
    before: Before,
    (answer, source): (&Answer, &Source),
    (manifest, files): (&mut Manifest, &Files),
) -> Result<Vec<u8>, AppError> {
    let old = Manifest::read(&before.issue)?;
    manifest.version = old.version + 1;
    manifest.supersedes = Some(old.id);
    manifest.cause = Some(before.cause);
    let seen = Seen { at: old.known_at(), narrowings: before.issue.narrowings };
    let walled = walled(conn, (&old, seen), answer)?;
    let of_before = kept(conn, &old)?;
    let source = source.clone().kept();
    let json = files.iter().find(|(form, _)| form == "json");
    let json = json.map_or(&[][..], |(_, bytes)| bytes);
    let of = |manifest, json, source| Restated { manifest, json, source };
    let before = of(&old, &before.json, of_before.as_ref());
    restate(conn, &answer.asked, walled, before, of(manifest, json, Some(&source)))
}

/// The report of the present; `again`: the question, when it was issued before.
fn answer(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: &Asked,
    (again, source): (Option<&str>, &mut Source),
) -> Result<Answer, AppError> {
    super::look::look(definition, asked)?;
    let as_of = store::report_facts::clock(conn)?;
    if !definition.issued_only {
        return registry::made(conn, definition, asked.clone(), (as_of, source));
    }
    let told = again.map_or_else(
        || Ok(Vec::new()),
        |question| store::report_issues::of_question(conn, question),
    );
    public::answer(conn, definition, asked.clone(), (as_of, source), told?)
}

/// The report as of a time that has passed, of what was kept with an issue.
pub(super) fn again(
    conn: &mut Conn,
    definition: &'static Definition,
    asked: Asked,
    (as_of, source): (Instant, &mut Source),
) -> Result<Answer, AppError> {
    let asked = Asked { as_of: Some(as_of), ..asked };
    if definition.issued_only {
        return public::answer(conn, definition, asked, (as_of, source), Vec::new());
    }
    registry::made(conn, definition, asked, (as_of, source))
}

/// What an issue was made of, where that is kept: of issues from before it was, nothing is.
fn kept(conn: &mut Conn, manifest: &Manifest) -> Result<Option<Source>, AppError> {
    let Some(seal) = &manifest.source else { return Ok(None) };
    let bytes = store::report_issues::file(conn, manifest.id, SOURCE)?.unwrap_or_default();
    if sha256(&bytes) != *seal {
        return Err(AppError::internal("the source of an issue is not the one that was sealed"));
    }
    Source::read(&bytes).map(Some)
}

/// Of people's rows for a payer: whether somebody may be hidden from it now whom the issue before told of.
fn walled(
    conn: &mut Conn,
    (old, seen): (&Manifest, Seen),
    answer: &Answer,
) -> Result<Option<bool>, AppError> {
    if !old.tells_a_payer_of_people() {
        return Ok(None);
    }
    let Lens { organization, payer, .. } = answer.asked.lens;
    let Some(payer) = payer else { return Ok(None) };
    let times = (seen, answer.as_of);
    let narrowed = store::report_walls::narrowed(conn, payer, organization, times)?;
    Ok(Some(narrowed || answer.left_out == Some(true)))
}

fn unwritten(error: serde_json::Error) -> AppError {
    AppError::internal(format!("an issue cannot be written: {error}"))
}

fn files(answer: &Answer) -> Result<Files, AppError> {
    FORMS.iter().map(|form| Ok((form.to_string(), answer.bytes(*form)?))).collect()
}

/// The media type of a form of a file.
pub fn media_type(form: &str) -> &'static str {
    Format::parse(form).map_or("application/json", Format::media_type)
}

/// Whether a file of an issue comes out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// The form.
    pub format: String,
    /// As issued.
    pub issued: String,
    /// As made again now.
    pub rebuilt: String,
    /// Whether they are the same.
    pub same: bool,
}

/// Makes an issue again from what was known then, and compares each file by its hash.
pub fn rebuild(conn: &mut Conn, issue: &Issue) -> Result<Vec<Rebuilt>, AppError> {
    let manifest = Manifest::read(issue)?;
    let perspective =
        if issue.edition == "payer" { Perspective::Payer } else { Perspective::Organization };
    let definition = registry::find(&issue.report, perspective)?;
    let mut source = match kept(conn, &manifest)? {
        Some(source) => source,
        None if definition.has_past() => Source::live(),
        None => return Ok(Vec::new()),
    };
    let lens = Lens { edition: perspective, organization: issue.organization, payer: issue.payer };
    let basis = Basis::parse(&manifest.basis).map_err(|e| AppError::internal(e.0))?;
    let asked = Asked {
        lens,
        from: manifest.from,
        to: manifest.to,
        basis,
        as_of: None,
        since: None,
        run_out_days: manifest.run_out_days,
        convention: manifest.convention,
        group_by: manifest.group_by.clone(),
    };
    let answer = again(conn, definition, asked, (manifest.as_of, &mut source))?;
    let files = files(&answer)?;
    let issued = |form: &str| {
        let seal = manifest.files.iter().find(|s| s.format == form);
        seal.map(|s| s.sha256.clone()).unwrap_or_default()
    };
    Ok(files
        .into_iter()
        .map(|(format, bytes)| {
            let (issued, rebuilt) = (issued(&format), sha256(&bytes));
            let same = issued == rebuilt;
            Rebuilt { format, issued, rebuilt, same }
        })
        .collect())
}

/// Rows as they were written, and their totals.
pub(super) type Rows = (Vec<Map<String, Value>>, Map<String, Value>);

/// The rows of an issue, and its subtotals, which have no words of the columns that they are not grouped by.
pub(super) fn rows(json: &[u8]) -> Result<Rows, AppError> {
    #[derive(Deserialize)]
    struct Body {
        rows: Vec<Map<String, Value>>,
        #[serde(default)]
        subtotals: Vec<Map<String, Value>>,
        totals: Option<Map<String, Value>>,
    }
    let mut body: Body = serde_json::from_slice(json)
        .map_err(|e| AppError::internal(format!("an issue cannot be read: {e}")))?;
    body.rows.append(&mut body.subtotals);
    Ok((body.rows, body.totals.unwrap_or_default()))
}
