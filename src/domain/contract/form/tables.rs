//! Knobs that are made of several values: numbers, addresses, parties, notes.

use serde::{Deserialize, Serialize};

use super::kinds::{Access, ContractKind, Email, Note80, NoteKind, NumberKind, Reference};
use crate::domain::claim_detail::{ReportType, Transmission};
use crate::domain::codes::{Modifier, ProcedureCode};
use crate::domain::identifiers::{City, Line35, Line55, PartnerCode, Phone, State, Zip};
use crate::domain::money::Money;

/// A qualified number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// REF01.
    pub kind: NumberKind,
    /// REF02.
    pub number: Reference,
}

/// An address, ZIP or ZIP+4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// N301.
    pub line1: Line55,
    /// N302.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<Line55>,
    /// N401.
    pub city: City,
    /// N402.
    pub state: State,
    /// N403.
    pub zip: Zip,
}

/// A submitter that is not the billing provider, such as a billing agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitter {
    /// 1000A NM103.
    pub name: Line55,
    /// 1000A NM109.
    pub id: PartnerCode,
}

/// Whom the payer calls, 1000A PER.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// PER02.
    pub name: Line35,
    /// TE.
    pub phone: Phone,
    /// EX.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Access>,
    /// EM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// FX.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fax: Option<Phone>,
}

/// The contract's terms, CN1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractInfo {
    /// CN101.
    pub kind: ContractKind,
    /// CN102, in cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// CN104.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Reference>,
}

/// Paper that goes with every claim, PWK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paperwork {
    /// PWK01.
    pub report: ReportType,
    /// PWK02.
    pub transmission: Transmission,
}

/// A note that goes with claims or lines of some procedures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRule {
    /// NTE01.
    pub kind: NoteKind,
    /// NTE02.
    pub text: Note80,
    /// For lines with one of these procedures; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<ProcedureCode>,
    /// For lines with one of these modifiers; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
}

/// When the first visit of a line began, on the organization's clock.
pub const START_TIME: &str = "{start_time}";
/// When its last visit ended.
pub const END_TIME: &str = "{end_time}";

/// How its visits were given; three modes at most, joined by `/`.
pub const MODE: &str = "{mode}";
/// How many members were at them: one number, or the smallest and the largest.
pub const GROUP_SIZE: &str = "{group_size}";

/// What only a line can name: it is of its visits.
pub const OF_VISITS: [&str; 4] = [START_TIME, END_TIME, MODE, GROUP_SIZE];

/// What stands for a claim's own in notes, and how long that can be: units and minutes of fifty
/// lines, days, hours and minutes, modes and sizes of several visits, and an authorization number as
/// payers give them.
const TOKENS: [(&str, usize); 9] = [
    ("{units}", 6),
    ("{minutes}", 7),
    ("{first_date}", 8),
    ("{last_date}", 8),
    (START_TIME, 4),
    (END_TIME, 4),
    (MODE, 21),
    (GROUP_SIZE, 7),
    ("{authorization}", 50),
];

impl NoteRule {
    /// How long the note can be once it is filled in.
    pub(super) fn longest(&self) -> usize {
        let text = self.text.as_str();
        let grown = TOKENS.iter().map(|(token, most)| {
            let each = most.saturating_sub(token.len());
            text.matches(token).count().saturating_mul(each)
        });
        grown.fold(text.len(), usize::saturating_add)
    }

    /// What is in braces and stands for nothing, or a brace without its other; if any.
    pub(super) fn unknown(&self) -> Option<&str> {
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (_, from) = rest.split_at(at);
            let known = TOKENS.iter().find_map(|(token, _)| from.strip_prefix(token));
            let Some(behind) = known else {
                let end = from.find('}').map_or(from.len(), |end| end + 1);
                return Some(from.split_at(end).0);
            };
            rest = behind;
        }
        None
    }

    /// What a note can name, in words.
    pub(super) fn known() -> String {
        TOKENS.map(|(token, _)| token).join(" ")
    }

    /// Whether it names one of these.
    pub fn names(&self, tokens: &[&str]) -> bool {
        tokens.iter().any(|token| self.text.as_str().contains(token))
    }

    /// Whether it goes with a line.
    pub fn fits(&self, procedure: &ProcedureCode, modifiers: &[Modifier]) -> bool {
        let said = |m: &Modifier| self.modifiers.contains(m);
        (self.procedures.is_empty() || self.procedures.contains(procedure))
            && (self.modifiers.is_empty() || modifiers.iter().any(said))
    }
}
