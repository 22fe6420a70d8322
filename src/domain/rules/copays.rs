//! What the member pays of a line (RK65): a share of each unit is in the price; what is paid for a visit
//! or a day is taken from its lines in their order, from each no more than it is worth.

use rust_decimal::Decimal;

use super::context::Context;
use super::lines::place_of;
use crate::domain::contract::{Copay, Rollup, Share};
use crate::domain::day_sum::{self, DaySum};
use crate::domain::decision::LineCopay;
use crate::domain::identifiers::Key;
use crate::domain::money::Money;

/// Copays of the visit.
fn of<'a>(ctx: &Context<'a>) -> impl Iterator<Item = &'a Copay> {
    let (service, seen) = (ctx.service.map(|s| &s.key), ctx.seen());
    let all = ctx.terms.map_or(&[][..], |t| t.pack.copays.as_slice()).iter();
    all.filter(move |c| {
        service.is_some_and(|s| c.services.contains(s))
            && seen.is_some_and(|seen| c.days.covers(seen.date) && seen.is(&c.when))
    })
}

/// What the member pays of each unit.
pub fn of_unit(ctx: &Context) -> Decimal {
    of(ctx).filter_map(|c| c.share.of_unit()).sum()
}

/// What the member pays of the visit or its day and is still to be taken from its lines.
pub struct Due<'a>(Vec<(&'a Key, Money)>);

impl<'a> Due<'a> {
    /// Of a visit. Where its day is summed the sum is one visit: what the units before this one are
    /// worth (`worth`) is taken already.
    pub fn of(ctx: &Context<'a>, day_sum: Option<&DaySum>, worth: impl Fn(u32) -> Money) -> Self {
        let flat = of(ctx).filter_map(|c| Some((c, c.share.flat()?)));
        let copays = flat.filter(|(c, _)| !is_paid(ctx, c)).map(|(c, flat)| (&c.key, flat));
        let mut due = Self(copays.collect());
        if let Some(sum) = day_sum.filter(|_| !due.0.is_empty()) {
            let before = sum.visits.iter().take_while(|visit| visit.encounter.is_some());
            let units = before.fold(0u32, |units, v| units.saturating_add(day_sum::sum(&v.ready)));
            due.take(worth(units));
        }
        due
    }

    /// What is taken from the next line, which is worth so much.
    pub fn take(&mut self, worth: Money) -> Vec<LineCopay> {
        let (mut left, mut taken) = (worth, vec![]);
        for (key, owed) in &mut self.0 {
            let amount = left.min(*owed);
            if amount > Money::ZERO {
                *owed -= amount;
                left -= amount;
                taken.push(LineCopay { key: (*key).clone(), amount });
            }
        }
        taken
    }
}

/// Whether the member pays this copay with another visit already: of the same day, or of what will be
/// the same claim line.
fn is_paid(ctx: &Context, copay: &Copay) -> bool {
    let mut others = ctx.facts.copaid.iter().filter(|paid| paid.key == copay.key);
    let Some((terms, service)) = ctx.terms.zip(ctx.service) else { return false };
    match copay.share {
        Share::PerUnit(_) => false,
        Share::PerDay(_) => others.next().is_some(),
        Share::PerVisit(_) => {
            let place = place_of(ctx.encounter, service);
            terms.pack.claim.rollup == Rollup::Day
                && others.any(|paid| {
                    paid.together
                        && paid.line.service == service.key
                        && paid.line.modifiers == ctx.form.modifiers
                        && paid.line.place == place
                })
        }
    }
}
