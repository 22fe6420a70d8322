//! What was billed for a visit, what would be billed today, and where the two differ: the correction
//! list (`docs/architecture.md`, decision 7).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::again::Cause;
use super::codes::{Modifier, PlaceOfService, ProcedureCode};
use super::dates::Instant;
use super::decision::{Decision, DecisionLine, LineAnswer};
use super::facts::{AuthorizationFact, Usage};
use super::identifiers::{AuthorizationNumber, MemberNumber};
use super::ids::{ClaimId, CorrectionId, EncounterId, PayerId};
use super::money::Money;
use super::text::code_list;

code_list!(
    /// What differs between what was billed and what would be billed today.
    Difference, "a difference" {
        /// Who is billed.
        Payer = "payer",
        /// Under which number.
        MemberNumber = "member_number",
        /// For which day.
        ServiceDate = "service_date",
        /// Procedure, modifiers or place of a line.
        Service = "service",
        /// How many units.
        Units = "units",
        /// What is charged.
        Charge = "charge",
        /// Which authorization is named.
        Authorization = "authorization",
    }
);

/// What a claim says of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// To whom.
    pub payer: Option<PayerId>,
    /// Under which number.
    pub member_number: Option<MemberNumber>,
    /// For which day.
    pub service_date: NaiveDate,
    /// What; nothing when the visit would not be billed at all.
    pub lines: Vec<BilledLine>,
    /// Ids of the rules that spoke.
    pub reasons: Vec<String>,
    /// Of what would be billed today: authorizations that the claim names and that are good no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<AuthorizationNumber>,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BilledLine {
    /// Procedure.
    pub procedure: ProcedureCode,
    /// Modifiers in order.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
    /// Units.
    pub units: u32,
    /// Charge.
    pub charge: Money,
    /// The authorization drawn on.
    pub authorization: Option<AuthorizationNumber>,
}

impl From<&DecisionLine> for BilledLine {
    fn from(line: &DecisionLine) -> Self {
        Self {
            procedure: line.procedure.clone(),
            modifiers: line.modifiers.clone(),
            place: line.place.clone(),
            units: line.units,
            charge: line.charge,
            authorization: line.authorization.as_ref().map(|d| d.number.clone()),
        }
    }
}

impl Billing {
    /// What is billed by a decision: its ready lines.
    pub fn of(answer: &Decision, billed: Option<(PayerId, &MemberNumber)>) -> Self {
        let ready = answer.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
        Self {
            payer: billed.map(|b| b.0),
            member_number: billed.map(|b| b.1.clone()),
            service_date: answer.service_date,
            lines: ready.map(BilledLine::from).collect(),
            reasons: answer.findings.iter().map(|f| f.rule.clone()).collect(),
            lost: Vec::new(),
        }
    }

    /// Units of all lines.
    pub fn units(&self) -> u32 {
        self.lines.iter().map(|l| l.units).sum()
    }

    /// Charge of all lines.
    pub fn charge(&self) -> Money {
        self.lines.iter().map(|l| l.charge).sum()
    }

    /// Where `today` differs from what was billed, such that the claim would have to be replaced. An
    /// authorization that is named and would not be needed today does no harm as long as it is good;
    /// what the contract should pay is not on a claim.
    pub fn differs(&self, today: &Self) -> Vec<Difference> {
        let services = |b: &Self| {
            let mut all: Vec<_> = b
                .lines
                .iter()
                .map(|l| (l.procedure.clone(), l.modifiers.clone(), l.place.clone()))
                .collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let named = |l: &BilledLine| l.authorization.clone();
        let has = |number| self.lines.iter().filter_map(named).any(|n| n == number);
        let lacks = today.lines.iter().filter_map(named).any(|number| !has(number));
        let lost = today.lost.iter().any(|number| has(number.clone()));
        // What is not billed at all has no service and no authorization to differ in.
        let some = !today.lines.is_empty();
        let told = [
            (self.payer != today.payer, Difference::Payer),
            (self.member_number != today.member_number, Difference::MemberNumber),
            (self.service_date != today.service_date, Difference::ServiceDate),
            (some && services(self) != services(today), Difference::Service),
            (self.units() != today.units(), Difference::Units),
            (self.charge() != today.charge(), Difference::Charge),
            (some && (lacks || lost), Difference::Authorization),
        ];
        told.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect()
    }
}

/// The authorizations that a decision names and that are good no more, beside what others draw: they do not cover the
/// day or the service, or have not the units that are drawn on them.
pub fn lost(
    answer: &Decision,
    authorizations: &[AuthorizationFact],
    usage: &[Usage],
) -> Vec<AuthorizationNumber> {
    let mut named: BTreeMap<&AuthorizationNumber, u32> = BTreeMap::new();
    for line in answer.lines.iter().filter(|l| l.answer == LineAnswer::Ready) {
        if let Some(draw) = &line.authorization {
            let units = named.entry(&draw.number).or_default();
            *units = units.saturating_add(draw.units);
        }
    }
    let good = |number: &AuthorizationNumber, units: u32| {
        authorizations.iter().filter(|a| a.number == *number).any(|a| {
            let drawn = usage.iter().filter(|u| u.authorization == Some(a.id));
            let drawn = drawn.fold(i64::from(units), |sum, u| sum.saturating_add(u.units));
            let covers = |service| a.is_for(service, answer.service_date);
            answer.service.as_ref().is_some_and(covers) && drawn <= i64::from(a.units)
        })
    };
    let lost = named.into_iter().filter(|(number, units)| !good(number, *units));
    lost.map(|(number, _)| number.clone()).collect()
}

/// A claimed visit that would be billed otherwise today. The claim stays as it is until it is
/// replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Our id.
    pub id: CorrectionId,
    /// Which visit.
    pub encounter: EncounterId,
    /// On which live claim.
    pub claim: ClaimId,
    /// What changed when the difference was first seen.
    pub cause: Cause,
    /// What was billed.
    pub billed: Billing,
    /// What would be billed today.
    pub today: Billing,
    /// Since when it is known.
    pub opened_at: Instant,
    /// When it last changed.
    pub changed_at: Instant,
    /// When it was no longer so.
    pub resolved_at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::{AuthorizationNeed, Exceed::BillUpTo};
    use crate::domain::rules::testing::{Case, authorization, key, limit, need, rate, span, usage};
    use crate::domain::windows::Window::Day;

    fn billing(case: &Case) -> Billing {
        let number = MemberNumber::parse("M1").unwrap();
        Billing::of(&case.decide(), Some((PayerId::from_i64(1), &number)))
    }

    #[test]
    fn the_same_decision_differs_in_nothing() {
        let case = Case::new();
        assert_eq!(billing(&case).units(), 4);
        assert!(billing(&case).differs(&billing(&case)).is_empty());
    }

    #[test]
    fn each_difference_is_told() {
        use Difference::{Charge, MemberNumber as Number, Payer, ServiceDate, Units};
        let case = Case::new();
        let before = billing(&case);
        let dearer = Case::with(|c| c.terms.agreement.rates = vec![rate("peer", "99", None)]);
        assert_eq!(before.differs(&billing(&dearer)), [Charge]);
        let less = Case::with(|c| {
            c.terms.pack.limits = vec![limit("cap", "6", Day, BillUpTo)];
            c.facts.usage = vec![usage("2026-07-01", None, 5)];
        });
        assert_eq!(before.differs(&billing(&less)), [Units, Charge]);
        assert_eq!(billing(&less).differs(&before), [Units, Charge]);
        let none = Case::with(|c| c.facts.has_address = false);
        assert_eq!(before.differs(&billing(&none)), [Units, Charge]);
        let mut other = before.clone();
        other.payer = None;
        other.member_number = None;
        other.service_date = other.service_date.succ_opt().unwrap();
        assert_eq!(before.differs(&other), [Payer, Number, ServiceDate]);
        let mut moved = before.clone();
        moved.lines[0].modifiers.clear();
        moved.lines[0].place = PlaceOfService::parse("99").unwrap();
        assert_eq!(before.differs(&moved), [Difference::Service]);
    }

    #[test]
    fn an_authorization_differs_when_the_one_of_today_is_not_on_the_claim() {
        let free = Case::new();
        let drawn = |id| {
            Case::with(|c| {
                c.terms.pack.authorizations = vec![need(AuthorizationNeed::Always)];
                c.facts.authorizations = vec![authorization(id, 10, "2026-01-01", None)];
            })
        };
        let (first, second) = (billing(&drawn(1)), billing(&drawn(2)));
        assert_eq!(billing(&free).differs(&first), [Difference::Authorization]);
        assert_eq!(first.differs(&second), [Difference::Authorization]);
        assert!(first.differs(&billing(&free)).is_empty(), "naming one too many does no harm");
    }

    #[test]
    fn an_authorization_that_the_claim_names_and_that_is_good_no_more_differs() {
        let case = Case::with(|c| {
            c.terms.pack.authorizations = vec![need(AuthorizationNeed::Always)];
            c.facts.authorizations = vec![authorization(1, 10, "2026-01-01", None)];
        });
        let answer = case.decide();
        let at = |change: &dyn Fn(&mut Case)| {
            let mut now = case.clone();
            change(&mut now);
            lost(&answer, &now.facts.authorizations, &now.facts.usage)
        };
        assert_eq!(at(&|_| ()), []);
        assert_eq!(at(&|c| c.facts.usage = vec![usage("2026-07-02", Some(1), 6)]), []);
        let changes: [&dyn Fn(&mut Case); 4] = [
            &|c| c.facts.usage = vec![usage("2026-07-02", Some(1), 7)],
            &|c| c.facts.authorizations[0].span = span("2026-07-02", None),
            &|c| c.facts.authorizations[0].services = vec![key("else")],
            &|c| c.facts.authorizations.clear(),
        ];
        for (nth, change) in changes.into_iter().enumerate() {
            let lost = at(change);
            assert_eq!(lost.len(), 1, "{nth}");
            let today = Billing { lost, ..billing(&Case::new()) };
            assert_eq!(billing(&case).differs(&today), [Difference::Authorization], "{nth}");
        }
    }
}
