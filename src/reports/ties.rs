//! What adds up in the utilization report, and what it reconciles to.

use serde::Serialize;

use super::measures::Measures;
use super::utilization::Row;
use crate::domain::money::Money;
use crate::domain::report::day::Control;

/// The chain that the report reconciles to.
#[derive(Debug, Clone, Serialize)]
pub struct Ties {
    /// Whether every check holds.
    pub ties: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One equation.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// In words.
    pub what: &'static str,
    /// One side.
    pub left: String,
    /// The other.
    pub right: String,
    /// Whether they are equal.
    pub holds: bool,
}

/// Rows against totals, statuses against recorded, money against the claim lines themselves.
pub(super) fn ties(rows: &[Row], flat: bool, totals: &Measures, control: &Control) -> Ties {
    let mut checks = Vec::new();
    let mut check = |what, left: String, right: String| {
        let holds = left == right;
        checks.push(Check { what, left, right, holds });
    };
    let (e, u) = (&totals.encounters, &totals.units);
    let parts = |list: [Option<i64>; 4], last: i64| list.iter().flatten().sum::<i64>() + last;
    check(
        "encounters: recorded = ready + held + non_billable + claimed + submitted",
        e.recorded.to_string(),
        parts([e.ready, e.held, e.non_billable, e.claimed], e.submitted).to_string(),
    );
    check(
        "units: recorded = ready + held + claimed + submitted",
        u.recorded.to_string(),
        parts([u.ready, u.held, u.claimed, None], u.submitted).to_string(),
    );
    check(
        "units: submitted = units of released claim lines",
        u.submitted.to_string(),
        control.units.to_string(),
    );
    check(
        "billed = charges of released claim lines",
        totals.billed.to_string(),
        Money::from_cents(control.charge).to_string(),
    );
    check(
        "expected = expected amounts of released claim lines",
        totals.expected.to_string(),
        Money::from_cents(control.expected).to_string(),
    );
    if !flat {
        let sum = |pick: fn(&Measures) -> i64| rows.iter().map(|r| pick(&r.measures)).sum::<i64>();
        check(
            "rows: encounters",
            sum(|m| m.encounters.recorded).to_string(),
            e.recorded.to_string(),
        );
        check("rows: units", sum(|m| m.units.recorded).to_string(), u.recorded.to_string());
        check(
            "rows: minutes",
            sum(|m| m.contact_minutes).to_string(),
            totals.contact_minutes.to_string(),
        );
        check(
            "rows: billed",
            sum(|m| m.billed.cents()).to_string(),
            totals.billed.cents().to_string(),
        );
        check(
            "rows: expected",
            sum(|m| m.expected.cents()).to_string(),
            totals.expected.cents().to_string(),
        );
    }
    Ties { ties: checks.iter().all(|c| c.holds), checks }
}
