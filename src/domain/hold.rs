//! A hold: what waits of one visit, why, and what it is worth. It follows from the decision alone, so
//! the table of holds can always be held against the decisions.

use chrono::NaiveDate;

use super::decision::{Decision, DecisionLine, LineAnswer};
use super::finding::Severity;
use super::money::Money;
use super::text::code_list;

code_list!(
    /// Why the money at risk is not known.
    Unknown, "a reason" {
        /// No service of a contract was found for the visit, so nothing could be priced.
        NoService = "no_service",
        /// The contract has no rate that can be used.
        NoRate = "no_rate",
    }
);

/// What waits of one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Whether nothing of the visit is ready.
    pub whole: bool,
    /// Units that wait; 0 where none could be counted.
    pub units: u32,
    /// What the contract should pay for them, or why that is not known.
    pub at_risk: Result<Money, Unknown>,
    /// Last day on which a claim for them can be delivered.
    pub file_by: Option<NaiveDate>,
    /// Why: each rule once, in table order.
    pub reasons: Vec<Reason>,
}

/// One rule that holds a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Its id. A text: decisions of an older version may name a rule that is gone.
    pub rule: String,
    /// Whether the contract lets a person override it.
    pub overridable: bool,
}

impl Hold {
    /// What a decision holds; none when nothing waits for a person.
    pub fn of(decision: &Decision) -> Option<Self> {
        use super::decision::Disposition::{Held, NonBillable};
        let waiting: Vec<_> =
            decision.lines.iter().filter(|l| l.answer == LineAnswer::Held).collect();
        let whole = decision.disposition == Held;
        if decision.disposition == NonBillable || (!whole && waiting.is_empty()) {
            return None;
        }
        let at_risk = if waiting.is_empty() {
            Err(Unknown::NoService)
        } else if waiting.iter().any(|l| unpriced(l)) {
            Err(Unknown::NoRate)
        } else {
            Ok(waiting.iter().map(|l| l.expected).sum())
        };
        let mut reasons: Vec<Reason> = Vec::new();
        for finding in decision.findings.iter().filter(|f| f.severity == Severity::Hold) {
            if reasons.iter().all(|r| r.rule != finding.rule) {
                let overridable = finding.overridable;
                reasons.push(Reason { rule: finding.rule.clone(), overridable });
            }
        }
        let units = waiting.iter().map(|l| l.units).sum();
        Some(Self { whole, units, at_risk, file_by: decision.file_by, reasons })
    }
}

/// Whether it is not known what a line is worth. A rate whose amount no claim can carry is stored as
/// nothing, and is not nothing; a line that rides along without a unit is.
fn unpriced(line: &DecisionLine) -> bool {
    line.unit_rate.is_none() || (line.units > 0 && line.charge == Money::ZERO)
}

code_list!(
    /// How near the filing deadline is.
    Due, "a deadline" {
        /// It has passed.
        Overdue = "overdue",
        /// Within 7 days.
        Week = "week",
        /// In 8 to 30 days.
        Month = "month",
        /// In 31 to 60 days.
        TwoMonths = "two_months",
        /// In more than 60 days.
        Later = "later",
        /// Not known: no contract says it.
        Unknown = "unknown",
    }
);

impl Due {
    /// Days left, both ends included; none for [`Due::Unknown`], which has no days.
    pub const fn days(self) -> Option<(i64, i64)> {
        match self {
            Self::Overdue => Some((i64::MIN, -1)),
            Self::Week => Some((0, 7)),
            Self::Month => Some((8, 30)),
            Self::TwoMonths => Some((31, 60)),
            Self::Later => Some((61, i64::MAX)),
            Self::Unknown => None,
        }
    }

    /// How much a dollar weighs in the default order of the worklist. A dollar that is lost within
    /// a week counts eight times one that has more than two months; one whose deadline has passed
    /// can be saved by the payer's exception only, and counts once.
    pub const fn weight(self) -> i64 {
        match self {
            Self::Week => 8,
            Self::Month => 4,
            Self::TwoMonths => 2,
            Self::Overdue | Self::Later | Self::Unknown => 1,
        }
    }

    /// Of a deadline, seen on a day.
    pub fn of(file_by: Option<NaiveDate>, today: NaiveDate) -> Self {
        let Some(left) = file_by.map(|day| (day - today).num_days()) else {
            return Self::Unknown;
        };
        let within = |due: &Self| due.days().is_some_and(|(a, b)| (a..=b).contains(&left));
        Self::ALL.iter().copied().find(within).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::Exceed;
    use crate::domain::rules::decide;
    use crate::domain::rules::testing::{Case, d, limit};
    use crate::domain::windows::Window;

    fn rules(hold: &Hold) -> Vec<&str> {
        hold.reasons.iter().map(|r| r.rule.as_str()).collect()
    }

    #[test]
    fn what_is_ready_or_never_claimed_holds_nothing() {
        assert_eq!(Hold::of(&Case::with(|_| {}).decide()), None);
        let short = Case::with(|c| c.encounter.ended_at = c.encounter.started_at);
        assert_eq!(short.rules(), ["below_one_unit"]);
        assert_eq!(Hold::of(&short.decide()), None);
    }

    #[test]
    fn a_part_is_worth_its_own_units() {
        let case = Case::with(|c| {
            c.terms.pack.limits = vec![limit("cap", "3", Window::Day, Exceed::BillUpTo)];
        });
        let hold = Hold::of(&case.decide()).unwrap();
        assert_eq!((hold.whole, hold.units, rules(&hold)), (false, 1, vec!["limit.bill_up_to"]));
        assert_eq!(hold.at_risk, Ok(Money::from_cents(2_000)));
    }

    #[test]
    fn a_whole_visit_tells_each_reason_once() {
        let case = Case::with(|c| {
            c.encounter.note = None;
            c.facts.has_address = false;
        });
        let hold = Hold::of(&case.decide()).unwrap();
        assert_eq!(rules(&hold), ["note.unsigned", "note.no_goal", "member.no_address"]);
        assert_eq!((hold.whole, hold.units), (true, 4));
        assert_eq!(hold.at_risk, Ok(Money::from_cents(8_000)));
        assert_eq!(hold.file_by, case.decide().file_by);
    }

    #[test]
    fn money_that_is_not_known_is_not_nothing() {
        let no_rate = Case::with(|c| c.terms.agreement.rates.clear());
        assert_eq!(Hold::of(&no_rate.decide()).unwrap().at_risk, Err(Unknown::NoRate));
        let huge = Case::with(|c| {
            c.terms.agreement.rates[0].allowed = "79228162514264337593543950335".parse().unwrap();
        });
        assert_eq!(Hold::of(&huge.decide()).unwrap().at_risk, Err(Unknown::NoRate));
        let case = Case::with(|_| {});
        let hold = Hold::of(&decide(None, &case.facts, &case.encounter)).unwrap();
        assert_eq!((hold.at_risk, hold.file_by), (Err(Unknown::NoService), None));
    }

    #[test]
    fn every_day_is_in_one_bucket() {
        let today = d("2026-07-01");
        let due = |days| Due::of(today.checked_add_signed(chrono::TimeDelta::days(days)), today);
        for (days, wanted) in [
            (-400, Due::Overdue),
            (-1, Due::Overdue),
            (0, Due::Week),
            (7, Due::Week),
            (8, Due::Month),
            (30, Due::Month),
            (31, Due::TwoMonths),
            (60, Due::TwoMonths),
            (61, Due::Later),
            (700, Due::Later),
        ] {
            assert_eq!(due(days), wanted, "{days}");
        }
        assert_eq!(Due::of(None, today), Due::Unknown);
    }
}
