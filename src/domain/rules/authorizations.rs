//! What needs an authorization, and which one is drawn on (RK26, RK27).
//!
//! Free units go first; only the excess needs an authorization, and one encounter draws on one.
//! A service in several rules is free only as far as every rule lets it be.

use super::account::{Account, at_least_none, units_in_words};
use super::context::Context;
use super::limits;
use super::table::{RuleId, Said};
use crate::domain::contract::{AuthorizationNeed, AuthorizationRule, Exceed, Pack, Service};
use crate::domain::facts::AuthorizationFact;
use crate::domain::finding::Authority;

/// How units divide between the free ones, an authorization, and nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division<'a> {
    /// Units that need no authorization.
    pub free: u32,
    /// Units drawn on the authorization.
    pub drawn: u32,
    /// The authorization drawn on, or that would be.
    pub authorization: Option<&'a AuthorizationFact>,
    /// What is to be said of it.
    pub said: Vec<Said>,
}

/// The rules of the pack for the service, in pack order.
pub fn of_service<'a>(
    pack: &'a Pack,
    service: &Service,
) -> impl Iterator<Item = &'a AuthorizationRule> {
    pack.authorizations.iter().filter(|r| r.services.contains(&service.key))
}

/// Divides `wanted` units of the service.
pub fn divide<'a>(
    ctx: &Context<'a>,
    pack: &Pack,
    account: Account,
    service: &Service,
    wanted: u32,
) -> Division<'a> {
    let Some((source, free_left)) = strictest(ctx, pack, account, service) else {
        let said = not_needed(ctx, "The service needs no authorization").into_iter().collect();
        return Division { free: wanted, drawn: 0, authorization: None, said };
    };
    let free = wanted.min(free_left);
    let excess = wanted.saturating_sub(free);
    let selected = select(ctx, service);
    if excess == 0 {
        let said = not_needed(ctx, "The free units are enough").into_iter().collect();
        return Division { free, drawn: 0, authorization: selected.ok().flatten(), said };
    }
    let (drawn, authorization, said) = match selected {
        Err(faults) => (0, None, faults),
        Ok(None) => (0, None, vec![missing(ctx, service, free, excess)]),
        Ok(Some(chosen)) => {
            let drawn = excess.min(at_least_none(account.left(chosen)));
            let short =
                (drawn < excess).then(|| exhausted(ctx, account, service, chosen, excess, drawn));
            (drawn, Some(chosen), short.into_iter().collect())
        }
    };
    let said = said.into_iter().map(|s| s.by(source)).collect();
    Division { free, drawn, authorization, said }
}

/// What leaves the fewest units without authorization, by its source; none when nothing is ever
/// needed. Limits whose excess needs one count all units, authorized ones too.
fn strictest<'a>(
    ctx: &Context,
    pack: &'a Pack,
    account: Account,
    service: &Service,
) -> Option<(&'a Authority, u32)> {
    let of_rules = of_service(pack, service).filter_map(|rule| match &rule.need {
        AuthorizationNeed::Never => None,
        AuthorizationNeed::Always => Some((&rule.source, 0)),
        AuthorizationNeed::After { free_units, window } => {
            let standing = account.free(rule, *free_units, window, ctx.date);
            Some((&rule.source, standing.map_or(0, |s| s.room())))
        }
    });
    let of_limits = limits::of_line(ctx, pack)
        .filter(|limit| limit.exceed == Exceed::Authorization)
        .map(|limit| (&limit.source, account.limit(limit, ctx.date).map_or(0, |s| s.room())));
    of_rules.chain(of_limits).min_by_key(|(_, left)| *left)
}

/// The authorization to draw on: the one named, or what is wrong with it; else of those that
/// cover the date and the service the one that ends first, open ends last, then by number.
fn select<'a>(
    ctx: &Context<'a>,
    service: &Service,
) -> Result<Option<&'a AuthorizationFact>, Vec<Said>> {
    let Some(number) = &ctx.encounter.authorization else {
        return Ok(fitting(ctx, service).min_by_key(|a| ends_first(a)));
    };
    match ctx.facts.authorizations.iter().find(|a| a.number == *number) {
        None => Err(vec![unknown()]),
        Some(named) => {
            let faults: Vec<_> = [wrong_dates(ctx, named), wrong_service(service, named)]
                .into_iter()
                .flatten()
                .collect();
            if faults.is_empty() { Ok(Some(named)) } else { Err(faults) }
        }
    }
}

fn fitting<'a>(
    ctx: &Context<'a>,
    service: &Service,
) -> impl Iterator<Item = &'a AuthorizationFact> {
    let date = ctx.date;
    ctx.facts.authorizations.iter().filter(move |a| a.span.covers(date) && is_for(a, service))
}

fn is_for(authorization: &AuthorizationFact, service: &Service) -> bool {
    authorization.services.is_empty() || authorization.services.contains(&service.key)
}

fn ends_first(
    a: &AuthorizationFact,
) -> (bool, Option<chrono::NaiveDate>, &crate::domain::identifiers::AuthorizationNumber) {
    (a.span.to.is_none(), a.span.to, &a.number)
}

fn not_needed(ctx: &Context, why: &str) -> Option<Said> {
    let number = ctx.encounter.authorization.as_ref()?;
    Some(Said::new(
        RuleId::AuthorizationNotNeeded,
        "/authorization",
        format!("{why}; authorization {number} is not drawn on."),
        "Nothing is to be done.",
    ))
}

fn unknown() -> Said {
    Said::new(
        RuleId::AuthorizationUnknown,
        "/authorization",
        "The authorization named is not on record for the member at the billed payer.",
        "A biller records the payer's authorization, or corrects the number in the visit.",
    )
}

fn wrong_dates(ctx: &Context, named: &AuthorizationFact) -> Option<Said> {
    if named.span.covers(ctx.date) {
        return None;
    }
    let to = named.span.to.map_or_else(|| "on".to_owned(), |to| format!("to {to}"));
    Some(Said::new(
        RuleId::AuthorizationDates,
        "/authorization",
        format!(
            "Authorization {} runs from {} {to} and does not cover {}.",
            named.number, named.span.from, ctx.date
        ),
        "A biller names one that covers the date, or asks the payer to extend it.",
    ))
}

fn wrong_service(service: &Service, named: &AuthorizationFact) -> Option<Said> {
    if is_for(named, service) {
        return None;
    }
    Some(Said::new(
        RuleId::AuthorizationService,
        "/authorization",
        format!("Authorization {} is not for the service '{}'.", named.number, service.key),
        "A biller names one that is for the service, or asks the payer for it.",
    ))
}

fn missing(ctx: &Context, service: &Service, free: u32, excess: u32) -> Said {
    let after = if free > 0 { format!(", after {free} free ones") } else { String::new() };
    Said::new(
        RuleId::AuthorizationMissing,
        "/authorization",
        format!(
            "An authorization is needed for {} of the service '{}'{after}, and none covers {}.",
            units_in_words(excess),
            service.key,
            ctx.date
        ),
        "A biller asks the payer for an authorization and records it; the visit is then decided \
         again.",
    )
}

fn exhausted(
    ctx: &Context,
    account: Account,
    service: &Service,
    chosen: &AuthorizationFact,
    excess: u32,
    drawn: u32,
) -> Said {
    // No silent fallback: another one is used only when a person names it.
    let other = fitting(ctx, service)
        .filter(|a| a.id != chosen.id && account.left(a) > 0)
        .min_by_key(|a| ends_first(a));
    let fix = match other {
        Some(other) => format!(
            "A biller names authorization {} in the visit, which has {} left, or asks the payer \
             for more on {}.",
            other.number,
            units_in_words(at_least_none(account.left(other))),
            chosen.number
        ),
        None => "A biller asks the payer for more units and records them; the visit is then \
                 decided again."
            .to_owned(),
    };
    Said::new(
        RuleId::AuthorizationExhausted,
        "/authorization",
        format!(
            "An authorization is needed for {}, and {} has {} of {} left, so {} must wait.",
            units_in_words(excess),
            chosen.number,
            account.left(chosen),
            units_in_words(chosen.units),
            units_in_words(excess.saturating_sub(drawn))
        ),
        fix,
    )
}
