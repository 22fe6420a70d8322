//! A finding: what one rule has to say of an encounter, for a person to read and act on.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codes::Carc;
use super::overriding::OverrideFact;
use super::rules::{Help, RuleId};
use super::text::code_list;

code_list!(
    /// What a finding does to the encounter.
    Severity, "a severity" {
        /// A person can fix it; until then nothing, or the named part, is billed.
        Hold = "hold",
        /// Kept and reported, never claimed.
        NonBillable = "non_billable",
        /// Worth a look; nothing is stopped.
        Warn = "warn",
    }
);

code_list!(
    /// Who can fix what a finding tells of.
    Who, "who can fix it" {
        /// The peer who gave the visit, or whoever recorded it.
        Peer = "peer",
        /// Whoever keeps roster, authorizations and claims.
        Biller = "biller",
        /// Whoever keeps contracts, rates and certificates.
        Administrator = "administrator",
        /// The payer: an approval or an exception.
        Payer = "payer",
        /// The member: a choice that is theirs alone.
        Member = "member",
    }
);

code_list!(
    /// How near a source is to the payer's own words (`docs/adr/0094-a-weak-source-only-stops.md`).
    Grade, "a grade" {
        /// The official text was read: a law, a rule, a page of the agency or plan.
        A = "A",
        /// A secondary source was read: a blog, a table that somebody posted again.
        B = "B",
        /// Background knowledge that nobody confirmed.
        C = "C",
        /// An inference from other facts.
        D = "D",
    }
);

impl Grade {
    /// Whether what it says may stop a visit but never let one pass.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::C | Self::D)
    }
}

/// Where a rule is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Authority {
    /// The document, such as a provider manual.
    pub document: String,
    /// The section of it.
    pub section: String,
    /// The document's date.
    pub date: NaiveDate,
    /// How near it is to the payer's own words; none: whoever wrote the pack answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Where the pack cites it: the line of a TOML text, the pointer of a JSON document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// The same document. Where a pack cites it is not what it cites: a pack that came as JSON says the
/// same as one that came as TOML.
impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
            && self.section == other.section
            && self.date == other.date
            && self.grade == other.grade
    }
}

impl Eq for Authority {}

/// One statement of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id of the rule, such as `limit.hold`; the list is in `domain/rules/mod.rs`.
    pub rule: String,
    /// What it does.
    pub severity: Severity,
    /// JSON pointer of the field of the encounter that it concerns.
    pub field: String,
    /// A plain sentence.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// Where the rule is written, when the contract says so.
    pub authority: Option<Authority>,
    /// The claim adjustment reason code that the payer would have used.
    pub carc: Option<Carc>,
    /// Whether the contract lets a person override it, with a reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridable: bool,
    /// The override in force: the finding is told and stops nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<OverrideFact>,
}

impl Finding {
    /// Who can fix it. From the table and not from the decision, so that decisions of older versions
    /// tell it too; none for a rule that is gone.
    pub fn who(&self) -> Option<Who> {
        RuleId::parse(&self.rule).ok().map(RuleId::who)
    }

    /// Where it is written: what the contract cites, else what the table names.
    pub fn authority(&self) -> Option<Authority> {
        self.authority.clone().or_else(|| Some(self.help()?.source.authority()))
    }

    /// The claim adjustment reason code; also of decisions from before the table had one.
    pub fn carc(&self) -> Option<&str> {
        self.carc.as_ref().map(Carc::as_str).or_else(|| self.help()?.denial.carc())
    }

    /// The remittance advice remark code that would have stood beside the reason, where one applies.
    pub fn rarc(&self) -> Option<&'static str> {
        let denial = self.help()?.denial;
        denial.rarc().filter(|_| self.carc() == denial.carc())
    }

    /// Why no payer would have answered; none where one would.
    pub fn no_carc(&self) -> Option<&'static str> {
        self.help()?.denial.why_never().filter(|_| self.carc.is_none())
    }

    fn help(&self) -> Option<Help> {
        RuleId::parse(&self.rule).ok().map(RuleId::help)
    }
}
