//! The words of a case file: what may stand in it. `docs/cases.md` explains each, and a test holds
//! the page against these types.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::boundary::Boundary;
use super::merge::json;

/// A text that may be written as a date, a time, a number or in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            toml::Value::Datetime(time) => Ok(Self(time.to_string())),
            _ => Err(serde::de::Error::custom("write a text in quotes, a date or a number")),
        }
    }
}

/// A whole case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    /// What it shows, in a sentence.
    pub(super) title: String,
    /// Why the answer is right: the sentence of the definitions or of the payer.
    #[serde(default)]
    #[expect(dead_code, reason = "for people")]
    pub(super) why: Option<String>,
    /// Rule ids and rule kinds that it covers.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    /// Boundaries on which it stands.
    #[serde(default)]
    pub(super) boundaries: Vec<Boundary>,
    /// The pack file, from the folder of the case.
    pub(super) pack: String,
    /// What is laid over the pack.
    #[serde(default)]
    pub(super) change: toml::Table,
    /// What is taken out of the pack, such as `limit.daily`.
    #[serde(default)]
    pub(super) remove: Vec<String>,
    /// The contract, where it is not the usual one.
    #[serde(default)]
    pub(super) contract: toml::Table,
    /// Rates, where they are not 20 dollars for every service.
    #[serde(default)]
    pub(super) rate: Vec<toml::Table>,
    /// The organizations; one when not said.
    #[serde(default)]
    pub(super) organizations: Vec<String>,
    /// Their time zone.
    #[serde(default)]
    pub(super) zone: Option<String>,
    /// Their posture to 42 CFR Part 2.
    #[serde(default)]
    pub(super) part2: Option<String>,
    /// Payers beside the contract's.
    #[serde(default)]
    pub(super) payers: Vec<String>,
    /// Programs of the organizations.
    #[serde(default)]
    pub(super) program: Vec<toml::Table>,
    /// What the calendar shows at the start.
    #[serde(default)]
    pub(super) now: Option<Text>,
    /// What every visit says, unless it says otherwise.
    #[serde(default)]
    pub(super) usual: toml::Table,
    /// What happens, in order.
    #[serde(rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// One thing that happens, and what must be so afterwards. The words of a visit stand beside.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Step {
    /// A remark.
    pub(super) remark: Option<String>,
    /// What the calendar shows.
    pub(super) now: Option<Text>,
    /// Which organization acts.
    pub(super) by: Option<String>,
    /// A visit is recorded.
    pub(super) visit: Option<String>,
    /// A session is entered with all of its members: visits by name, each of a member.
    pub(super) meet: BTreeMap<String, String>,
    /// It is asked what would be said of a visit.
    pub(super) preview: Option<String>,
    /// A visit turns out to have been otherwise.
    pub(super) revise: Option<String>,
    /// A visit is voided.
    pub(super) void: Option<String>,
    /// Somebody asks for a new decision.
    pub(super) decide: Option<String>,
    /// Somebody answers for a rule.
    pub(super) answer_for: Option<Answering>,
    /// A member of the roster is added or changed.
    pub(super) roster: Option<toml::Table>,
    /// A coverage is added or changed.
    pub(super) cover: Option<toml::Table>,
    /// A certificate is added or changed.
    pub(super) certify: Option<toml::Table>,
    /// An authorization is added or changed.
    pub(super) approve: Option<toml::Table>,
    /// An episode is added or changed.
    pub(super) enroll: Option<toml::Table>,
    /// A consent is added or changed.
    pub(super) consent: Option<toml::Table>,
    /// A document is added or changed.
    pub(super) document: Option<toml::Table>,
    /// What is known of a peer is changed.
    pub(super) staff: Option<toml::Table>,
    /// Units from before go-live.
    pub(super) used_before: Option<toml::Table>,
    /// A new version of the contract.
    pub(super) amend: Option<Amendment>,
    /// A batch of what is ready up to this day.
    pub(super) build: Option<Text>,
    /// The batch is released.
    pub(super) release: bool,
    /// The batch is withdrawn.
    pub(super) withdraw: bool,
    /// What must be so of the step's visit.
    pub(super) expect: Option<Expect>,
    /// What must be so of other visits.
    pub(super) then: BTreeMap<String, Expect>,
    /// What must be left for members on a day.
    pub(super) room: Vec<Room>,
    /// The error with which the step is refused.
    pub(super) refused: Option<String>,
    /// The words of the visit.
    #[serde(flatten)]
    pub(super) words: toml::Table,
}

impl Step {
    /// Whether the words beside say when something took place.
    pub(super) fn has_times(&self) -> bool {
        self.visit.is_some() || self.preview.is_some() || !self.meet.is_empty()
    }
}

/// Somebody answers for a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answering {
    /// The visit.
    pub(super) visit: String,
    /// The rule.
    pub(super) rule: String,
    /// Whether the answer is taken back.
    #[serde(default)]
    pub(super) take_back: bool,
}

/// A new version of the contract.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Amendment {
    /// Its first day.
    pub(super) from: Option<Text>,
    /// Its last day.
    pub(super) to: Option<Text>,
    /// What is laid over the pack of the case.
    pub(super) change: toml::Table,
    /// What is taken out of it.
    pub(super) remove: Vec<String>,
    /// Its rates; those of the case when not said.
    pub(super) rate: Vec<toml::Table>,
}

/// What a visit says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VisitWords {
    /// The peer.
    pub(super) peer: Option<String>,
    /// The member.
    pub(super) member: Option<String>,
    /// What was done.
    pub(super) activity: Option<String>,
    /// Or which service it was.
    pub(super) service: Option<String>,
    /// The peer's role.
    pub(super) role: Option<String>,
    /// The day of the start.
    pub(super) day: Option<Text>,
    /// Start, by the clock on the wall.
    pub(super) from: Option<Text>,
    /// End, by the clock on the wall; before the start it is the next day's.
    pub(super) to: Option<Text>,
    /// Or how long it took.
    pub(super) minutes: Option<i64>,
    /// Start with its offset, in place of day and from.
    pub(super) started_at: Option<Text>,
    /// End with its offset.
    pub(super) ended_at: Option<Text>,
    /// In person, by video, by telephone.
    pub(super) mode: Option<String>,
    /// Where the member was.
    pub(super) setting: Option<String>,
    /// Diagnoses.
    pub(super) diagnoses: Option<Vec<String>>,
    /// The authorization that it names.
    pub(super) authorization: Option<String>,
    /// When the note was signed; `never`: it is not.
    pub(super) signed: Option<Text>,
    /// The goal that the note names; empty: none.
    pub(super) goal: Option<String>,
    /// The program.
    pub(super) program: Option<String>,
    /// Whether the member was absent.
    pub(super) absent: Option<bool>,
    /// The session.
    pub(super) session: Option<String>,
    /// How many were present in it.
    pub(super) size: Option<i64>,
    /// How many peers led it.
    pub(super) peers: Option<i64>,
}

/// What must be so of a visit. What is not said of units and findings must be none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    /// Where it stands; when not said: `ready` with ready units, else `held`.
    pub(super) answer: Option<String>,
    /// Units that can be claimed.
    pub(super) ready: u32,
    /// Units that are held.
    pub(super) held: u32,
    /// Rules that speak, in the order in which they are told.
    pub(super) findings: Vec<String>,
    /// What is left, by the key of the limit, the free units or the authorization.
    pub(super) left: BTreeMap<String, Text>,
    /// The service.
    pub(super) service: Option<String>,
    /// The service date.
    pub(super) date: Option<Text>,
    /// Whole minutes.
    pub(super) counted_minutes: Option<u32>,
    /// Dollars expected of all ready lines.
    pub(super) expected: Option<Text>,
    /// Dollars charged for all ready lines.
    pub(super) charge: Option<Text>,
    /// The last day for the claim.
    pub(super) file_by: Option<Text>,
    /// Lines one by one.
    pub(super) lines: Option<Vec<LineWords>>,
    /// Words that must stand in the findings.
    pub(super) told: Vec<String>,
    /// Of a preview: what else would work, in order.
    pub(super) alternatives: Option<Vec<String>>,
}

/// A line of a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LineWords {
    /// Its units, when it is ready.
    pub(super) ready: Option<u32>,
    /// Its units, when it is held.
    pub(super) held: Option<u32>,
    /// Procedure and modifiers, such as `H0038 HQ`.
    pub(super) code: Option<String>,
    /// Place of service.
    pub(super) place: Option<Text>,
    /// Dollars expected.
    pub(super) expected: Option<Text>,
    /// The authorization that it draws on.
    pub(super) authorization: Option<String>,
    /// Units of it that draw on the authorization.
    pub(super) drawn: Option<u32>,
}

/// What is left for a member on a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    /// The member; `M1` when not said.
    #[serde(default)]
    pub(super) member: Option<String>,
    /// The day.
    pub(super) on: Text,
    /// What is left, by key.
    pub(super) left: BTreeMap<String, Text>,
}

/// A table of a case as the JSON that the service's other doors read.
pub(super) fn document(table: &toml::Table) -> Value {
    json(&toml::Value::Table(table.clone()))
}
