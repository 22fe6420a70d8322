//! What became of an organization's visits, counted from the answers of the service.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::CliError;
use crate::domain::money::Money;

/// Visits with the same reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reason {
    /// How many.
    pub(super) visits: u64,
    /// Units that wait.
    pub(super) units: u64,
    /// What they would be worth.
    pub(super) dollars: Money,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The file.
    pub(super) file: &'static str,
    /// The line of the file; of single posts the item of the array.
    pub(super) line: u64,
    /// Why, field by field.
    pub(super) why: String,
}

/// Counts of one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Rows sent.
    pub(super) sent: u64,
    /// Rows that repeat an earlier one.
    pub(super) repeats: u64,
    /// Visits that can be billed, wholly or in part.
    pub(super) ready: u64,
    /// Of those, visits of which a part is held.
    pub(super) in_part: u64,
    /// Units that can be billed.
    pub(super) ready_units: u64,
    /// What the payer should pay for them.
    pub(super) expected: Money,
    /// Visits that wait for a person.
    pub(super) held: u64,
    /// Why visits, or parts of them, wait: by the rule that was told first.
    pub(super) waiting: BTreeMap<String, Reason>,
    /// Visits that are kept and never claimed.
    pub(super) non_billable: u64,
    /// Why: by rule.
    pub(super) not_billable: BTreeMap<String, u64>,
    /// Visits that were a member's part in a group.
    pub(super) in_groups: u64,
    /// The groups, by the organization's own names.
    pub(super) groups: BTreeSet<String>,
    /// Rows that were not taken.
    pub(super) refused: Vec<Refused>,
}

fn odd(what: &str) -> CliError {
    CliError::Other(format!("an answer of the service lacks {what}"))
}

fn text<'a>(value: &'a Value, name: &'static str) -> Result<&'a str, CliError> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| odd(name))
}

fn list<'a>(value: &'a Value, name: &'static str) -> Result<&'a [Value], CliError> {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| odd(name))
}

/// Units and dollars of the lines with a status.
fn sum(lines: &[Value], status: &str) -> Result<(u64, Money), CliError> {
    let (mut units, mut dollars) = (0, Money::ZERO);
    for line in lines {
        if text(line, "status")? == status {
            units += line.get("units").and_then(Value::as_u64).ok_or_else(|| odd("units"))?;
            dollars += Money::parse(text(line, "expected")?).map_err(|_| odd("expected"))?;
        }
    }
    Ok((units, dollars))
}

/// The first finding of a severity.
fn first_rule(encounter: &Value, severity: &str) -> Result<String, CliError> {
    for finding in list(encounter, "findings")? {
        if text(finding, "severity")? == severity {
            return text(finding, "rule").map(str::to_owned);
        }
    }
    Err(odd("a finding"))
}

/// What a problem says, in one line.
fn why(problem: &Value) -> Result<String, CliError> {
    let faults = problem.get("faults").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let told: Vec<String> = faults
        .iter()
        .filter_map(|fault| {
            let message = fault.get("message")?.as_str()?.trim_end_matches('.');
            let place = ["pointer", "column"].iter().find_map(|k| fault.get(k)?.as_str());
            let place = place.map(|p| p.trim_start_matches('/')).filter(|p| !p.is_empty());
            let told = |place: &str| match place.parse::<u64>() {
                Ok(column) => format!("character {column}: {message}"),
                Err(_) => format!("{place}: {message}"),
            };
            Some(place.map_or_else(|| message.to_owned(), told))
        })
        .collect();
    if told.is_empty() { text(problem, "detail").map(str::to_owned) } else { Ok(told.join("; ")) }
}

impl Tally {
    /// Counts the answer to one row: an encounter (`fresh` when it was recorded now) or a problem.
    pub(super) fn count(
        &mut self,
        (file, line): (&'static str, u64),
        status: u16,
        body: &Value,
    ) -> Result<(), CliError> {
        self.sent += 1;
        match status {
            200 => self.repeats += 1,
            201 => self.record(body)?,
            _ => self.refused.push(Refused { file, line, why: why(body)? }),
        }
        Ok(())
    }

    fn record(&mut self, encounter: &Value) -> Result<(), CliError> {
        let lines = list(encounter, "lines")?;
        let (units, dollars) = sum(lines, "held")?;
        if let Some(session) = encounter.pointer("/group/session").and_then(Value::as_str) {
            self.in_groups += 1;
            self.groups.insert(session.to_owned());
        }
        match text(encounter, "disposition")? {
            "ready" => {
                let (ready_units, expected) = sum(lines, "ready")?;
                self.ready += 1;
                self.in_part += u64::from(units > 0);
                self.ready_units += ready_units;
                self.expected += expected;
            }
            "held" => self.held += 1,
            _ => {
                self.non_billable += 1;
                let rule = first_rule(encounter, "non_billable")?;
                *self.not_billable.entry(rule).or_default() += 1;
                return Ok(());
            }
        }
        if units > 0 || text(encounter, "disposition")? == "held" {
            let reason = self.waiting.entry(first_rule(encounter, "hold")?).or_default();
            reason.visits += 1;
            reason.units += units;
            reason.dollars += dollars;
        }
        Ok(())
    }

    /// Visits that were recorded.
    pub(super) fn recorded(&self) -> u64 {
        self.ready + self.held + self.non_billable
    }

    /// What waits for a person, in dollars.
    pub(super) fn at_stake(&self) -> Money {
        self.waiting.values().map(|reason| reason.dollars).sum()
    }
}
