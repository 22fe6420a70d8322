//! A report as it was issued: given out once, never changed, and followed by another where more is known.

use super::super::dates::Instant;
use super::super::ids::{OrganizationId, PayerId, ReportIssueId};

/// An issued report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its id.
    pub id: ReportIssueId,
    /// About one organization, or all.
    pub organization: Option<OrganizationId>,
    /// About one payer, or all.
    pub payer: Option<PayerId>,
    /// For whom: `organization` or `payer`.
    pub edition: String,
    /// Its name.
    pub report: String,
    /// What was asked: issues with the same question follow each other.
    pub question: String,
    /// What was known then.
    pub as_of: Instant,
    /// When it was issued.
    pub issued_at: Instant,
    /// The issue that it takes the place of.
    pub supersedes: Option<ReportIssueId>,
    /// Everything that the manifest says, as JSON.
    pub manifest: String,
    /// Of a payer's: how often what it may be told had become less, as far as the issue knows of it.
    pub narrowings: i64,
}

/// Whose issues are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// All.
    All,
    /// Those of an organization alone, as it sees itself: made by it, or by an administrator.
    Organization(OrganizationId),
    /// Those that a payer's analysts made.
    Payer(PayerId),
}
