//! What reports know of one visit at one time (`docs/adr/0075`).
//!
//! A fact says what a visit was worth to any report: who, when, how long, in which state, with how
//! many units, and what released claims state of it. When the visit changes, the old fact ends and a
//! new one begins, so that a report of the past can be made again, and two reports of one period can
//! be told apart visit by visit.
//!
//! A visit that a released live claim states is kept as that claim states it, whatever it was corrected to
//! since: the correction counts when its claim is released (`docs/adr/0137`). Its session is that of then, too
//! (`docs/adr/0145`).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::over_use::Interval;
use crate::domain::status::EncounterStatus;

/// What is known of a visit. Ids are bare numbers: there are millions of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The payer of its decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<i64>,
    /// The member on the organization's roster.
    pub member: i64,
    /// The member's number at the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who that is for the payer, of whose released claim it is, where a number is not simply a person
    /// (`docs/adr/0140`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The peer.
    pub peer: i64,
    /// Service of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Role of the peer.
    pub role: String,
    /// In person, by video, by telephone.
    pub mode: String,
    /// Where the member was.
    pub setting: String,
    /// Program, site or grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Its state.
    pub status: EncounterStatus,
    /// Minutes of the contact.
    pub minutes: i64,
    /// The session, when it is one of several people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Meeting>,
    /// When its peer was taken by it: the whole session, else the visit; none of facts that were learned
    /// before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Interval>,
    /// The day on which it was recorded, in the organization's zone.
    pub recorded: NaiveDate,
    /// Units by state of their lines.
    pub units: Units,
    /// Minutes of a unit of those lines, rising: several where they are units of several lengths; none of
    /// facts that were learned before this was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_minutes: Vec<i64>,
    /// Cents expected of what is not released: of ready and claimed lines, and of held ones.
    pub open: Open,
    /// What its released live claim states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Billed>,
    /// Minutes of a unit of what that claim states, rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub billed_unit_minutes: Vec<i64>,
    /// When and how often it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// Rules for which it waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<String>,
    /// Whether the member was not met: not there, or in an activity in which nobody is met.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// A session: one meeting of a peer with several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Meeting {
    /// Which.
    pub id: i64,
    /// Minutes of the whole session: the peer's time, once.
    pub minutes: i64,
    /// Everyone present, billed or not.
    pub size: i64,
}

/// Units by state of their lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Units {
    /// Can be claimed.
    pub ready: i64,
    /// Wait for a person.
    pub held: i64,
    /// On a claim that is not released.
    pub claimed: i64,
    /// On a released claim.
    pub submitted: i64,
}

impl Units {
    /// All of them.
    pub const fn recorded(&self) -> i64 {
        self.ready + self.held + self.claimed + self.submitted
    }
}

/// Cents that are expected of what is not released.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Open {
    /// Of ready lines, and of claimed ones that are not released.
    pub ready: i64,
    /// Of held lines, where a rate is known.
    pub held: i64,
}

/// What a released live claim states of the visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Billed {
    /// Units.
    pub units: i64,
    /// Cents charged.
    pub charge: i64,
    /// Cents that the contract should pay.
    pub expected: i64,
}

/// The story of a visit's claims.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sent {
    /// The day of the first release, in the organization's zone.
    pub first: NaiveDate,
    /// The day on which a claim of it first reached the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<NaiveDate>,
    /// Released claims that stated it.
    pub times: i64,
    /// The status of the first of them.
    pub first_status: String,
    /// Whether the payer accepted the first of them before it was replaced or voided: its status tells no
    /// more what it answered then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_accepted: bool,
    /// The status of the last of them.
    pub last_status: String,
    /// The payer of the last of them, whoever is the visit's payer by now; none of facts that were learned
    /// before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<i64>,
    /// The day that the first of them stated, where it is not that of the visit any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// Whether the last of them states another day than that of the visit: it was rejected, and the visit
    /// was moved before it is sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
}

impl Fact {
    /// The person whom a payer counts.
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref().or(self.number.as_deref())
    }

    /// Whether it counts: a void visit stays known and counts nothing.
    pub fn counts(&self) -> bool {
        self.status != EncounterStatus::Void
    }
}
