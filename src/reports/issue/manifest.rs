//! Everything about an issue but its rows: what was asked, as of when, its totals, and the seals of its files.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{edition, sha256, unwritten};
use crate::domain::audit::Detail;
use crate::domain::dates::Instant;
use crate::domain::enrollment::{Convention, EnrollmentFile};
use crate::domain::ids::{EnrollmentId, ReportIssueId};
use crate::domain::report::issue::Issue;
use crate::error::AppError;
use crate::reports::Dimension;
use crate::reports::formats::Format;
use crate::reports::frame::Answer;
use crate::reports::utilization::{Perspective, words};
use crate::reports::wave::part2;

/// A file with what proves that it is the one that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The form.
    pub format: String,
    /// What it is called: never used for other bytes.
    pub name: String,
    /// Its size.
    pub bytes: usize,
    /// Of its bytes, in hex.
    pub sha256: String,
}

/// A payer's file of who is enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// Its id.
    pub id: EnrollmentId,
    /// Of its bytes and its period, in hex.
    pub sha256: String,
    /// First day that it speaks of.
    pub from: NaiveDate,
    /// Last day that it speaks of.
    pub to: NaiveDate,
}

impl Enrollment {
    fn of(file: &EnrollmentFile) -> Self {
        Self { id: file.id, sha256: file.sha256.clone(), from: file.from, to: file.to }
    }
}

/// Everything about an issue but its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The issue.
    pub id: ReportIssueId,
    /// The report.
    pub report: String,
    /// Version of what its numbers mean.
    pub definition: u32,
    /// 1 for the first issue of a question.
    pub version: u32,
    /// For whom: `organization` or `payer`.
    pub edition: String,
    /// Key of the organization; none: all.
    pub organization: Option<String>,
    /// Key of the payer; none: all.
    pub payer: Option<String>,
    /// By which date rows are placed.
    pub basis: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Months of which only a part lies in the period.
    #[serde(default)]
    pub partial_months: Vec<String>,
    /// What was known at this time.
    pub as_of: Instant,
    /// When it was issued.
    pub issued_at: Instant,
    /// How a member's month is counted; none where there are no member-months.
    pub convention: Option<Convention>,
    /// Of utilization: what its rows are grouped by.
    #[serde(default)]
    pub group_by: Vec<Dimension>,
    /// Days after the period until it is complete.
    pub run_out_days: i64,
    /// Whether those had passed.
    pub complete: bool,
    /// Privacy class.
    pub privacy: String,
    /// Whether small counts are hidden; none of issues from before it was told.
    #[serde(default)]
    pub suppression: Option<String>,
    /// The payer's files of who is enrolled that it was made of.
    #[serde(default)]
    pub enrollment: Vec<Enrollment>,
    /// What a reader of it must know of 42 CFR Part 2; none where it is not for a payer.
    pub notice: Option<String>,
    /// Rows, without totals.
    pub rows: usize,
    /// The level above the rows.
    pub totals: Value,
    /// Whether it ties, also to the claim lines of that moment.
    pub ties: bool,
    /// Whether it can be made again from what was known.
    pub rebuildable: bool,
    /// SHA-256 of what it was made of that keeps no past, which is kept with it; none where all that it was made of
    /// has a past. Neither is given out: that it is another one would tell a payer that something moved of which it
    /// may not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The issue that it takes the place of.
    pub supersedes: Option<ReportIssueId>,
    /// Why there is another one.
    pub cause: Option<String>,
    /// Its files.
    pub files: Vec<Seal>,
}

impl Manifest {
    /// Of an answer; its files are still to be sealed.
    pub(super) fn of(
        answer: &Answer,
        id: ReportIssueId,
        issued_at: Instant,
    ) -> Result<Self, AppError> {
        let (asked, definition) = (&answer.asked, answer.definition);
        let (organization, payer) = answer.names.clone();
        Ok(Self {
            id,
            report: definition.name.to_owned(),
            definition: definition.version,
            version: 1,
            edition: edition(asked.lens.edition).to_owned(),
            organization,
            payer,
            basis: asked.basis.to_string(),
            from: asked.from,
            to: asked.to,
            partial_months: asked.partial_months(),
            as_of: answer.as_of,
            issued_at,
            convention: asked.convention,
            group_by: asked.group_by.clone(),
            run_out_days: asked.run_out_days,
            complete: asked.complete(answer.as_of),
            privacy: definition.privacy.to_owned(),
            suppression: Some(definition.suppression().to_owned()),
            enrollment: answer.enrollment.iter().map(Enrollment::of).collect(),
            notice: answer.notice().map(str::to_owned),
            rows: answer.table.rows.len(),
            totals: serde_json::to_value(answer.totals()).map_err(unwritten)?,
            ties: answer.ties.ties,
            rebuildable: definition.rebuildable,
            source: None,
            supersedes: None,
            cause: None,
            files: Vec::new(),
        })
    }

    /// Whether it is of people and its reader is a payer: then it may be told less of them later.
    pub fn tells_a_payer_of_people(&self) -> bool {
        let walled = part2::walled(&self.report, &self.privacy);
        walled && self.edition == edition(Perspective::Payer)
    }

    /// What had happened by then is in it, or left out of it.
    pub fn known_at(&self) -> Instant {
        self.as_of.min(self.issued_at)
    }

    /// What the audit trail is told of it.
    pub fn detail(&self) -> Detail {
        let detail = Detail::default()
            .about("report", &self.report)
            .about("basis", &self.basis)
            .about("from", self.from)
            .about("to", self.to)
            .about("as_of", self.as_of);
        let detail = match self.convention {
            Some(convention) => detail.about("convention", convention),
            None => detail,
        };
        if self.group_by.is_empty() {
            return detail;
        }
        detail.about("group_by", words(&self.group_by))
    }

    /// Adds a file.
    pub(super) fn seal(&mut self, form: &str, bytes: &[u8]) {
        let name = self.file_name(form);
        let (bytes, sha256) = (bytes.len(), sha256(bytes));
        self.files.push(Seal { format: form.to_owned(), name, bytes, sha256 });
    }

    /// Whose, what, for whom, which period, as of when, which version: every part of the question, so that a
    /// name is never used for other bytes.
    fn file_name(&self, form: &str) -> String {
        let upper = |name: &Option<String>| {
            name.as_deref().map_or_else(|| "ALL".to_owned(), str::to_uppercase)
        };
        let day = |day: NaiveDate| day.format("%Y%m%d").to_string();
        let ending = Format::parse(form).map_or("restatement.json", Format::ending);
        let convention = self.convention.map_or_else(String::new, |c| {
            format!("_{}", c.as_str().to_uppercase().replace('_', "-"))
        });
        let by = match self.group_by.as_slice() {
            [] => String::new(),
            by => format!("_BY-{}", words(by).to_uppercase().replace(',', "-")),
        };
        format!(
            "{}_{}_{}{convention}{by}_{}_{}{}-{}_ASOF{}_V{}.{ending}",
            upper(&self.organization),
            upper(&self.payer),
            self.report.to_uppercase().replace('_', "-"),
            if self.edition == edition(Perspective::Payer) { "PAYER" } else { "ORG" },
            self.basis.chars().take(3).collect::<String>().to_uppercase(),
            day(self.from),
            day(self.to),
            self.as_of.utc().format("%Y%m%d"),
            self.version,
        )
    }

    /// As it was written.
    pub fn read(issue: &Issue) -> Result<Self, AppError> {
        serde_json::from_str(&issue.manifest)
            .map_err(|e| AppError::internal(format!("a manifest cannot be read: {e}")))
    }
}
