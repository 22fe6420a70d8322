//! How many of the units can be billed, and on which authorization: limits and authorizations
//! together.
//!
//! `bill_up_to` limits, and `necessity` ones without a document, cut first, then free units, `authorization` limits and the authorization;
//! `hold` and `never` limits are asked last, for what would be billed. When nothing would be, the later steps still look at what the
//! earlier ones cut, so that all reasons are told at once; nothing is billed by that.

use super::account::Account;
use super::authorizations::DrawnOn;
use super::context::Context;
use super::day::Day;
use super::table::Said;
use super::{authorizations, limits};
use crate::domain::identifiers::AuthorizationNumber;

/// The answer of limits and authorizations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room<'a> {
    /// Units of the contact, or those by which it changes its day.
    pub asked: u32,
    /// Units that can be billed without authorization.
    pub free: u32,
    /// Units that can be billed on authorizations, in order; 0 on the one that would be drawn on.
    pub draws: Vec<DrawnOn<'a>>,
    /// What is to be said.
    pub said: Vec<Said>,
}

/// Units of the contact; of a day's sum, the change of the day's total.
pub fn asked(ctx: &Context) -> Option<u32> {
    Day::of(ctx).map(|day| day.change()).or_else(|| ctx.units())
}

impl<'a> Room<'a> {
    /// Room for the units of the contact; nothing without a service.
    pub fn of(ctx: &Context<'a>) -> Self {
        let (Some(terms), Some(service), Some(asked)) = (ctx.terms, ctx.service, asked(ctx)) else {
            return Self::default();
        };
        let (pack, account) = (&terms.pack, Account::of(&terms.pack, ctx.facts));
        let (fitting, mut said) = limits::cut(ctx, pack, account, asked);
        let looked_at = if fitting == 0 { asked } else { fitting };
        let mut division = authorizations::divide(ctx, pack, account, service, looked_at);
        let kept = limits::keep(ctx, pack, account, ready(division.free, &division.draws))
            .filter(|_| fitting > 0);
        if let Some((kept, told)) = kept {
            division = authorizations::divide(ctx, pack, account, service, kept);
            said.extend(told);
        }
        let looked = Self { free: division.free, draws: division.draws, ..Self::default() };
        let found = if fitting == 0 { looked.nothing() } else { looked };
        if asked > 0 {
            let billed = found.ready();
            let tested = if billed == 0 { looked_at } else { billed };
            said.extend(division.said);
            said.extend(limits::no_episode(ctx, pack, account));
            said.extend(limits::refuse(ctx, pack, account, tested));
            said.extend(limits::across(ctx, pack, tested));
        }
        Self { asked, said, ..found }
    }

    /// The same room when a finding stops everything.
    pub fn nothing(mut self) -> Self {
        for draw in &mut self.draws {
            draw.units = 0;
        }
        Self { free: 0, ..self }
    }

    /// The authorizations that are drawn on.
    pub fn drawn(&self) -> impl Iterator<Item = &DrawnOn<'a>> {
        self.draws.iter().filter(|d| d.units > 0)
    }

    /// The number of the first authorization that is drawn on.
    pub fn number(&self) -> Option<&'a AuthorizationNumber> {
        self.drawn().next().map(|d| &d.authorization.number)
    }

    /// Units that can be billed.
    pub fn ready(&self) -> u32 {
        ready(self.free, &self.draws)
    }
}

/// Free units, and those on authorizations.
pub fn ready(free: u32, draws: &[DrawnOn]) -> u32 {
    draws.iter().fold(free, |sum, d| sum.saturating_add(d.units))
}
