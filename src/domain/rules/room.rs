//! How many of the units can be billed, and on which authorization: limits and authorizations
//! together.
//!
//! `bill_up_to` limits cut first, then free units and the authorization; `hold` limits are asked
//! last, for what would be billed. When nothing would be, the later steps still look at what the
//! earlier ones cut, so that all reasons are told at once; nothing is billed by that.

use super::account::Account;
use super::context::Context;
use super::table::Said;
use super::{authorizations, limits};
use crate::domain::facts::AuthorizationFact;
use crate::domain::identifiers::AuthorizationNumber;

/// The answer of limits and authorizations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room<'a> {
    /// Units of the contact.
    pub asked: u32,
    /// Units that can be billed without authorization.
    pub free: u32,
    /// Units that can be billed on the authorization.
    pub drawn: u32,
    /// The authorization drawn on, or that would be.
    pub authorization: Option<&'a AuthorizationFact>,
    /// What is to be said.
    pub said: Vec<Said>,
}

impl<'a> Room<'a> {
    /// Room for the units of the contact; nothing without a service.
    pub fn of(ctx: &Context<'a>) -> Self {
        let (Some(terms), Some(service), Some(asked)) = (ctx.terms, ctx.service, ctx.units())
        else {
            return Self::default();
        };
        let (pack, account) = (&terms.pack, Account::new(&terms.pack, &ctx.facts.usage));
        let (fitting, mut said) = limits::cut(ctx, pack, account, service, asked);
        let looked_at = if fitting == 0 { asked } else { fitting };
        let division = authorizations::divide(ctx, pack, account, service, looked_at);
        let (free, drawn) = if fitting == 0 { (0, 0) } else { (division.free, division.drawn) };
        if asked > 0 {
            let billed = free + drawn;
            let tested = if billed == 0 { looked_at } else { billed };
            said.extend(division.said);
            said.extend(limits::refuse(ctx, pack, account, service, tested));
        }
        Self { asked, free, drawn, authorization: division.authorization, said }
    }

    /// The same room when a finding stops everything.
    pub fn nothing(self) -> Self {
        Self { free: 0, drawn: 0, ..self }
    }

    /// The number of the authorization that is drawn on.
    pub fn number(&self) -> Option<&'a AuthorizationNumber> {
        self.authorization.filter(|_| self.drawn > 0).map(|a| &a.number)
    }

    /// Units that can be billed.
    pub fn ready(&self) -> u32 {
        self.free + self.drawn
    }
}
