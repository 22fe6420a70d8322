//! What the API says of a finding.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::finding::Finding;

/// A finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// Stable id of the rule.
    #[schema(example = "authorization.missing")]
    rule: String,
    /// hold, `non_billable` or warn.
    severity: String,
    /// JSON pointer of the field it concerns.
    field: String,
    /// What is the matter.
    message: String,
    /// What to do.
    fix: String,
    /// Where the rule is written.
    authority: Option<AuthorityView>,
    /// The claim adjustment reason code (CARC) that the payer would have used.
    #[schema(example = "197")]
    carc: Option<String>,
    /// The remittance advice remark code (RARC) beside it, where one applies.
    rarc: Option<String>,
    /// Why no payer would have answered, where there is no code.
    no_carc: Option<String>,
    /// Who can fix it: peer, biller, administrator, payer, member.
    who: Option<String>,
    /// Whether the contract lets a biller override it, with a reason.
    overridable: bool,
    /// The override in force: the finding then stops nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    overridden: Option<OverriddenView>,
}

/// An override in force.
#[derive(Debug, Serialize, ToSchema)]
struct OverriddenView {
    /// Our id.
    id: String,
    /// From which key; null for the command line.
    by: Option<String>,
    /// When.
    at: String,
    /// Why.
    reason: String,
}

/// Where a rule is written.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorityView {
    document: String,
    section: String,
    date: NaiveDate,
    /// How near it is to the payer's own words, A to D, where the pack says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<String>,
    /// Where the contract's pack cites it: the line of a TOML pack, the pointer of a JSON one.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl From<Finding> for FindingView {
    fn from(f: Finding) -> Self {
        Self {
            who: f.who().map(|w| w.as_str().to_owned()),
            carc: f.carc().map(str::to_owned),
            rarc: f.rarc().map(str::to_owned),
            no_carc: f.no_carc().map(str::to_owned),
            authority: f.authority().map(|a| AuthorityView {
                document: a.document,
                section: a.section,
                date: a.date,
                grade: a.grade.map(|g| g.as_str().to_owned()),
                place: a.place,
            }),
            overridable: f.overridable,
            overridden: f.overridden.map(|o| OverriddenView {
                id: o.id.to_string(),
                by: o.by.map(|k| k.to_string()),
                at: o.at.to_string(),
                reason: o.reason,
            }),
            rule: f.rule,
            severity: f.severity.as_str().to_owned(),
            field: f.field,
            message: f.message,
            fix: f.fix,
        }
    }
}
