//! Limits that a payer counts across organizations (RK22; `docs/definitions.md` section 3).
//!
//! What other organizations gave is no fact of this one. The flow, which holds the shared account's
//! lock, asks here with the account's usage whether the units about to be billed fit; only the
//! names of the limits that they do not fit become a fact, and the decision is made again with it.

use super::account::Standing;
use super::context::Context;
use super::limits::of_line;
use crate::domain::contract::{Limit, LimitScope, Pack, Terms};
use crate::domain::day_sum;
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
    let units = adds(facts, decision);
    if units <= Decimal::ZERO {
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

/// Units that the decision has ready beyond what is drawn: its own lines, or the change of its
/// day's total where minutes are summed over days.
fn adds(facts: &Facts, decision: &Decision) -> Decimal {
    let Some(sum) = &decision.day_sum else {
        let ready = decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
        return ready.map(|l| Decimal::from(l.units)).sum();
    };
    let after: u32 = sum.visits.iter().map(|v| day_sum::sum(&v.ready)).sum();
    let others = facts.day.iter().flat_map(|day| &day.others);
    let counted = others.filter(|v| sum.visits.iter().any(|s| s.encounter == Some(v.encounter)));
    let before: u32 = counted.map(|v| day_sum::sum(&v.ready)).sum();
    Decimal::from(after) - Decimal::from(before)
}
