//! Limits that a payer counts across organizations (RK22; `docs/definitions.md` section 3).
//!
//! What other organizations gave is no fact of this one. The flow, which holds the shared account's
//! lock, asks here with the account's usage whether the units about to be billed fit; only the
//! names of the limits that they do not fit become a fact, and the decision is made again with it.

use super::account::Standing;
use super::context::Context;
use super::limits::of_line;
use crate::domain::contract::{Limit, LimitScope, Pack, Terms};
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{Facts, How, Usage};
use crate::domain::identifiers::Key;
use crate::domain::windows::{Calendar, Daily};
use rust_decimal::Decimal;

/// Whether units of a service given so are booked in the account that organizations share: only
/// what the contract says the payer counts across them.
pub fn is_shared(pack: &Pack, service: &Key, how: &How) -> bool {
    shared(pack).any(|limit| limit.counts(service, Some(how)))
}

fn shared(pack: &Pack) -> impl Iterator<Item = &Limit> {
    pack.limits.iter().filter(|l| l.scope == LimitScope::Member)
}

/// The limits across organizations that the ready units of a decision do not fit, with `usage` of
/// the shared account. `decision` was made without asking them.
pub fn unfit(
    terms: &Terms,
    facts: &Facts,
    encounter: &EncounterData,
    decision: &Decision,
    usage: &[Usage],
) -> Vec<Key> {
    let ctx = Context::new(Some(terms), facts, encounter);
    let ready = decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
    let units: Decimal = ready.map(|l| Decimal::from(l.units)).sum();
    if units == Decimal::ZERO {
        return vec![];
    }
    let calendar = Calendar { week_start: terms.pack.week_start, episodes: &facts.episodes };
    of_line(&ctx, &terms.pack)
        .filter(|limit| limit.scope == LimitScope::Member)
        .filter(|limit| {
            let counted = usage.iter().filter(|u| limit.counts(&u.service, u.how.as_ref()));
            let daily = Daily::new(counted.map(|u| (u.date, u.units)));
            let windows = limit.window.touched(calendar, ctx.date, &daily);
            Standing::of(windows, limit.units)
                .is_none_or(|at| at.moved.is_some() || units > at.left)
        })
        .map(|limit| limit.key.clone())
        .collect()
}
