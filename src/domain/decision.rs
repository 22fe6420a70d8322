//! The decision: what the rules said of an encounter under one contract version.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::codes::{Modifier, PlaceOfService, ProcedureCode};
use super::day_sum::DaySum;
use super::finding::Finding;
use super::identifiers::{AuthorizationNumber, Key};
use super::ids::AuthorizationId;
use super::money::Money;
use super::text::code_list;

/// Version of the rules in this program; stored with each decision so that a replay knows.
pub const ENGINE_VERSION: &str = "1";

code_list!(
    /// The answer in one word.
    Disposition, "a disposition" {
        /// At least one line can be claimed.
        Ready = "ready",
        /// A person can fix it.
        Held = "held",
        /// Kept and reported, never claimed.
        NonBillable = "non_billable",
    }
);

code_list!(
    /// What the rules say of one line.
    LineAnswer, "a line's answer" {
        /// Can be claimed.
        Ready = "ready",
        /// Waits for a person.
        Held = "held",
    }
);

/// The answer of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// In one word.
    pub disposition: Disposition,
    /// The local date of the start in the organization's zone.
    pub service_date: NaiveDate,
    /// Whole minutes of the contact.
    pub minutes: u32,
    /// The service of the contract, when one fits.
    pub service: Option<Key>,
    /// Ready line first, then the held rest.
    pub lines: Vec<DecisionLine>,
    /// The day's sum as this decision leaves it, where the service sums minutes over days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_sum: Option<DaySum>,
    /// All findings, in the order of the rule table.
    pub findings: Vec<Finding>,
    /// What is left after this encounter, per limit and authorization.
    pub remaining: Vec<Remaining>,
    /// Last day on which the claim can be delivered, when the contract has a deadline.
    pub file_by: Option<NaiveDate>,
}

/// One service line of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionLine {
    /// Ready or held.
    pub answer: LineAnswer,
    /// Procedure.
    pub procedure: ProcedureCode,
    /// Modifiers in the contract's order.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
    /// Units; 0 only where minutes are summed over days: a visit that rides on the day's line.
    pub units: u32,
    /// The organization's charge for a unit, not rounded; none without a rate.
    pub unit_charge: Option<Decimal>,
    /// The contract's allowance for a unit, not rounded; none without a rate.
    pub unit_rate: Option<Decimal>,
    /// Charge of the line, in cents, rounded once.
    pub charge: Money,
    /// What the contract should pay for the line.
    pub expected: Money,
    /// The authorization that it draws on.
    pub authorization: Option<Draw>,
    /// What the member pays of it besides a share of each unit, which `unit_rate` is already less.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copays: Vec<LineCopay>,
}

/// What a member pays of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCopay {
    /// Which copay of the contract.
    pub key: Key,
    /// How much: never more than the line is worth.
    pub amount: Money,
}

/// Units drawn on an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Which.
    pub id: AuthorizationId,
    /// Its number at the payer.
    pub number: AuthorizationNumber,
    /// How many of the line's units need it.
    pub units: u32,
}

code_list!(
    /// What a remaining figure speaks of.
    RemainingKind, "a kind of remaining figure" {
        /// A limit of the contract.
        Limit = "limit",
        /// Units free of authorization.
        Free = "free_units",
        /// An authorization.
        Authorization = "authorization",
    }
);

/// What is left of a limit, a free allotment or an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// What it speaks of.
    pub kind: RemainingKind,
    /// The limit's key, the authorization rule's key, or the authorization's number.
    pub key: String,
    /// In words.
    pub title: String,
    /// First day counted, of the window with least room; none where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Last day counted; none without an end.
    pub to: Option<NaiveDate>,
    /// Units allowed in all.
    pub allowed: Decimal,
    /// Units used and reserved, this encounter's included; none where that is not told.
    pub used: Option<Decimal>,
    /// Allowed less used; may be negative. None where that is not told.
    pub remaining: Option<Decimal>,
    /// Why a figure is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
