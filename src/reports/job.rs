//! A report from its question to its bytes: what `GET /v1/reports/{name}` answers at once, and a job writes
//! in the background (`docs/adr/0120`). Both come through [`give`], so that a job tells nothing else and
//! nobody else.

use std::io::Write;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::formats::Format;
use super::frame::{Asked, Basis, Lens};
use super::registry::{self, Definition};
use super::utilization::Perspective;
use super::wave::part2;
use super::{Dimension, chart, lines};
use crate::domain::dates::Instant;
use crate::domain::enrollment::Convention;
use crate::domain::report::job::Job;
use crate::error::{AppError, Code};
use crate::store::{self, Conn, StoreError};

/// What a job was asked for, beside the report's name and who reads of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Key of the organization; none: all.
    pub organization: Option<String>,
    /// Key of the payer; none: all.
    pub payer: Option<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// By which date.
    pub basis: Basis,
    /// As it was known then; as it is known when the job runs when none.
    pub as_of: Option<Instant>,
    /// For movements: against what was known then.
    pub since: Option<Instant>,
    /// Days after the period until it is complete.
    pub run_out_days: i64,
    /// For rates: how a member's month is counted.
    pub convention: Option<Convention>,
    /// For utilization: what its rows are grouped by.
    #[serde(default)]
    pub group_by: Vec<Dimension>,
    /// In which form.
    pub format: Format,
}

impl Question {
    /// As a job keeps it.
    pub fn of(conn: &mut Conn, asked: &Asked, format: Format) -> Result<Self, StoreError> {
        let (organization, payer) = registry::names(conn, asked)?;
        Ok(Self {
            organization,
            payer,
            from: asked.from,
            to: asked.to,
            basis: asked.basis,
            as_of: asked.as_of,
            since: asked.since,
            run_out_days: asked.run_out_days,
            convention: asked.convention,
            group_by: asked.group_by.clone(),
            format,
        })
    }

    /// As it is kept.
    pub fn text(&self) -> Result<String, AppError> {
        serde_json::to_string(self)
            .map_err(|e| AppError::internal(format!("a question cannot be written: {e}")))
    }

    /// As it was kept.
    pub fn read(job: &Job) -> Result<Self, AppError> {
        serde_json::from_str(&job.question)
            .map_err(|e| AppError::internal(format!("a question cannot be read: {e}")))
    }

    /// What was asked, by whom and about whom.
    pub fn asked(&self, lens: Lens) -> Asked {
        Asked {
            lens,
            from: self.from,
            to: self.to,
            basis: self.basis,
            as_of: self.as_of,
            since: self.since,
            run_out_days: self.run_out_days,
            convention: self.convention,
            group_by: self.group_by.clone(),
        }
    }
}

/// Refuses at once what [`give`] would refuse; `now` is the time until which all is known when it is made.
pub fn check(
    definition: &Definition,
    asked: &Asked,
    format: Format,
    now: Instant,
) -> Result<(), AppError> {
    if definition.name == registry::LINES.name {
        return lines::check(asked, format);
    }
    given_out(definition)?;
    super::look::look(definition, asked)?;
    passed(asked, now)?;
    if format == Format::Svg { chart::charted(definition.name, asked.basis) } else { Ok(()) }
}

/// The time as of which it is asked; refused when it has not passed.
pub(super) fn passed(asked: &Asked, now: Instant) -> Result<Instant, AppError> {
    let as_of = asked.as_of.unwrap_or(now);
    if as_of > now || asked.since.is_some_and(|since| since > as_of) {
        let detail = "Parameters as_of and since: name times that have passed, since first.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    Ok(as_of)
}

/// Refuses a time before reports had read anything of visits that were recorded by then: what it would tell is
/// none of them, and not what there was.
pub(super) fn not_too_early(conn: &mut Conn, asked: &Asked) -> Result<(), AppError> {
    let whose = (asked.lens.organization, asked.lens.payer);
    for (name, at) in [("as_of", asked.as_of), ("since", asked.since)] {
        let Some(at) = at else { continue };
        if store::report_facts::knew_nothing(conn, whose, at)? {
            let detail = format!(
                "Parameter {name}: visits were recorded by then which reports had not read yet, so that \
                 nothing is known as of that time. Name a later one."
            );
            return Err(AppError::new(Code::InvalidParameter, detail));
        }
    }
    Ok(())
}

/// Refuses what is an issue only.
pub(super) fn given_out(definition: &Definition) -> Result<(), AppError> {
    if definition.issued_only {
        let detail = "This report is given out as an issue only: POST /v1/report-issues.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    Ok(())
}

/// The report of this name, as far as the edition may read it: those of the frame, and the lines.
pub fn find(name: &str, edition: Perspective) -> Result<&'static Definition, AppError> {
    let lines = &registry::LINES;
    if name == lines.name && lines.editions.contains(&edition) {
        return Ok(lines);
    }
    registry::find(name, edition)
}

/// Whether it is to be had as a picture on a basis.
pub fn has_chart(definition: &Definition, basis: Basis) -> bool {
    chart::charted(definition.name, basis).is_ok()
}

/// Makes a report in the caller's transaction, which began after `now`, and writes it; tells how many rows
/// are written, and of how many. Gives the time as of which it is.
pub fn give(
    conn: &mut Conn,
    (definition, asked, format): (&'static Definition, Asked, Format),
    now: Instant,
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    if definition.name == registry::LINES.name {
        return give_lines(conn, (&asked, format), now, out, tell);
    }
    let answer = registry::build(conn, definition, asked)?;
    let rows = u64::try_from(answer.table.rows.len()).unwrap_or(u64::MAX);
    tell(0, Some(rows));
    let bytes = answer.bytes(format)?;
    out.write_all(&bytes).map_err(unwritten)?;
    tell(rows, Some(rows));
    Ok(answer.as_of)
}

fn unwritten(error: std::io::Error) -> AppError {
    AppError::internal(format!("a report cannot be written: {error}"))
}

/// The lines are written as they are read; how many there are is known at their end.
fn give_lines(
    conn: &mut Conn,
    (asked, format): (&Asked, Format),
    now: Instant,
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    if format == Format::Dictionary {
        lines::check(asked, format)?;
        out.write_all(lines::dictionary()?.as_bytes()).map_err(unwritten)?;
        return lines::as_of(conn, now);
    }
    let mut step = |done| {
        tell(done, None);
        Ok(())
    };
    let written = lines::write(conn, asked, now, (format, out), &mut step)?;
    tell(written.lines, Some(written.lines));
    Ok(written.as_of)
}

/// The definition that a job is made by: it must be one of its readers still.
pub fn definition(job: &Job) -> Result<&'static Definition, AppError> {
    find(&job.report, edition(job))
}

/// For whom a job is.
pub fn edition(job: &Job) -> Perspective {
    if job.edition == "payer" { Perspective::Payer } else { Perspective::Organization }
}

/// For whom and about whom a job is.
pub fn lens(job: &Job) -> Lens {
    Lens { edition: edition(job), organization: job.organization, payer: job.payer }
}

/// Whether it is of people and its reader is a payer: then it may be told less of them later.
pub fn tells_a_payer_of_people(job: &Job) -> bool {
    let walled = definition(job).is_ok_and(|def| part2::walled(def.name, def.privacy));
    walled && edition(job) == Perspective::Payer
}

/// Makes the report of a job in the caller's transaction and writes it. Gives the time as of which it is.
pub fn write(
    conn: &mut Conn,
    (job, now): (&Job, Instant),
    out: &mut (dyn Write + Send),
    tell: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Instant, AppError> {
    let question = Question::read(job)?;
    let asked = question.asked(lens(job));
    give(conn, (definition(job)?, asked, question.format), now, out, tell)
}
