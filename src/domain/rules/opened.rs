//! How much of what is used was used before go-live: for people to see, not for deciding.

use crate::domain::contract::Terms;
use crate::domain::decision::{Remaining, RemainingKind};
use crate::domain::facts::AuthorizationFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::AccountId;
use crate::domain::opening::Opening;

/// Units of opening balances in a figure of `allowances`: those that its limit, free allotment or
/// authorization counts between its days. `openings` are the member's; limits and free units count
/// those of `account`, an authorization all that was drawn on it.
pub fn opened(
    terms: &Terms,
    authorizations: &[AuthorizationFact],
    figure: &Remaining,
    openings: &[Opening],
    account: Option<AccountId>,
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
        Some(o.account) == account && services.contains(&o.data.service) && within(&o)
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
