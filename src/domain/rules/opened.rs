//! How much of what is used was used before go-live: for people to see, not for deciding.

use crate::domain::contract::Terms;
use crate::domain::decision::{Remaining, RemainingKind};
use crate::domain::facts::AuthorizationFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::AccountId;
use crate::domain::opening::Opening;
use crate::domain::windows::Days;

/// Units of opening balances in a figure of `allowances`: those that its limit, free allotment or
/// authorization counts between its days. `openings` are the member's; limits and free units count
/// those of `accounts` on their days, an authorization all that was drawn on it.
pub fn opened(
    terms: &Terms,
    authorizations: &[AuthorizationFact],
    figure: &Remaining,
    openings: &[Opening],
    accounts: &[(AccountId, Days)],
) -> i64 {
    let within = |o: &&Opening| {
        // A figure that is not told has no opening part either.
        figure.used.is_some()
            && figure.from.is_none_or(|first| first <= o.data.date)
            && figure.to.is_none_or(|last| o.data.date <= last)
    };
    let sum = |counts: &dyn Fn(&Opening) -> bool| -> i64 {
        openings.iter().filter(|o| counts(o)).map(|o| i64::from(o.data.units)).sum()
    };
    let pack = &terms.pack;
    let of = |services: &[Key], o: &Opening| {
        let on_days = |(id, days): &(AccountId, Days)| *id == o.account && days.covers(o.data.date);
        accounts.iter().any(on_days) && services.contains(&o.data.service) && within(&o)
    };
    match figure.kind {
        RemainingKind::Limit => {
            let limit = pack.limits.iter().find(|l| l.key.as_str() == figure.key);
            limit.map_or(0, |l| sum(&|o| of(&l.services, o)))
        }
        RemainingKind::Free => {
            let rule = pack.authorizations.iter().find(|r| r.key.as_str() == figure.key);
            rule.map_or(0, |r| sum(&|o| o.data.authorization.is_none() && of(&r.services, o)))
        }
        RemainingKind::Authorization => {
            let approved = authorizations.iter().find(|a| a.number.as_str() == figure.key);
            // An authorization counts what was drawn on it, whatever the day.
            approved.map_or(0, |a| sum(&|o| o.data.authorization == Some(a.id)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::AuthorizationNeed::After;
    use crate::domain::contract::Exceed;
    use crate::domain::identifiers::MemberNumber;
    use crate::domain::ids::{AuthorizationId, MemberId, OpeningId, PayerId};
    use crate::domain::opening::OpeningData;
    use crate::domain::rules::allowances;
    use crate::domain::rules::testing::{Case, authorization, d, key, limit, need};
    use crate::domain::rules::usage::Selected;
    use crate::domain::windows::Window::{CalendarYear, Month};

    fn opening(account: i64, day: &str, authorization: Option<i64>, units: u32) -> Opening {
        let data = OpeningData {
            member: MemberId::from_i64(9),
            payer: PayerId::from_i64(1),
            service: key("peer"),
            date: d(day),
            authorization: authorization.map(AuthorizationId::from_i64),
            units,
        };
        Opening {
            id: OpeningId::from_i64(units.into()),
            revision: 1,
            account: AccountId::from_i64(account),
            member_number: MemberNumber::parse("TESTMEMBER1").unwrap(),
            data,
        }
    }

    #[test]
    fn each_figure_has_the_opening_units_that_it_counts() {
        let mut case = Case::with(|c| {
            c.terms.pack.limits = vec![
                limit("monthly", "90", Month, Exceed::Hold),
                limit("yearly", "900", CalendarYear, Exceed::Hold),
            ];
            let free = After { free_units: 24, window: CalendarYear };
            c.terms.pack.authorizations = vec![need(free)];
        });
        case.facts.authorizations = vec![
            authorization(1, 99, "2026-01-01", None),
            authorization(2, 99, "2026-01-01", None),
        ];
        let openings = [
            opening(5, "2026-07-01", None, 1),
            opening(5, "2026-06-30", None, 2),
            opening(5, "2026-07-31", Some(1), 4),
            opening(5, "2025-12-31", Some(2), 8),
            opening(6, "2026-07-02", None, 16),
        ];
        let facts = &case.facts;
        let nothing = Selected::default();
        let figures =
            allowances(&case.terms, &[], &nothing, &facts.authorizations, d("2026-07-15"));
        let of = |figure| {
            let accounts = [(AccountId::from_i64(5), Days::ALL)];
            opened(&case.terms, &facts.authorizations, figure, &openings, &accounts)
        };
        let told: Vec<_> = figures.iter().map(|f| (f.key.as_str(), of(f))).collect();
        let wanted = [("monthly", 5), ("yearly", 7), ("approval", 3), ("A-1", 4), ("A-2", 8)];
        assert_eq!(told, wanted);
    }
}
