//! What needs an authorization, and which ones are drawn on (RK26, RK27).
//!
//! Free units go first; only the excess needs an authorization. The one named is used, and what it
//! has no room for waits. When none is named, the one that ends first is used, then the next where
//! the payer's claims name authorizations line by line: a claim that names one cannot carry two.
//! A service in several rules is free only as far as every rule lets it be.

use std::cmp::Ordering;

use super::account::{Account, at_least_none, units_in_words};
use super::context::Context;
use super::day::Day;
use super::limits;
use super::table::{RuleId, Said};
use crate::domain::claim::MAX_CLAIM_LINES;
use crate::domain::contract::{
    AuthorizationLevel, AuthorizationNeed, AuthorizationRule, Block, Exceed, Limit, Pack, Service,
};
use crate::domain::facts::AuthorizationFact;
use crate::domain::finding::Authority;

/// Units drawn on one authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnOn<'a> {
    /// Which.
    pub authorization: &'a AuthorizationFact,
    /// How many; 0 on the one that would be drawn on if there were need or room.
    pub units: u32,
}

/// How units divide between the free ones, authorizations, and nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division<'a> {
    /// Units that need no authorization.
    pub free: u32,
    /// Units on authorizations, in the order in which they are drawn.
    pub draws: Vec<DrawnOn<'a>>,
    /// What is to be said of it.
    pub said: Vec<Said>,
}

/// The rules of the pack for the line of the visit, in pack order.
pub fn of_visit<'a>(ctx: &Context, pack: &'a Pack) -> impl Iterator<Item = &'a AuthorizationRule> {
    let (service, date) = (ctx.service.map(|s| s.key.clone()), ctx.date);
    let modifiers = ctx.form.modifiers.clone();
    pack.authorizations.iter().filter(move |r| {
        service.as_ref().is_some_and(|s| r.services.contains(s))
            && r.days.covers(date)
            && r.is_for(&modifiers)
    })
}

/// Divides `wanted` units of the service.
pub fn divide<'a>(
    ctx: &Context<'a>,
    pack: &Pack,
    account: Account,
    service: &Service,
    wanted: u32,
) -> Division<'a> {
    let Some((source, free_left)) = strictest(ctx, pack, account) else {
        let said = not_needed(ctx, "The service needs no authorization").into_iter().collect();
        return Division { free: wanted, draws: vec![], said };
    };
    let free = wanted.min(free_left);
    let excess = wanted.saturating_sub(free);
    let selected = select(ctx, service);
    if excess == 0 {
        let said = not_needed(ctx, "The free units are enough").into_iter().collect();
        let draws = unused(selected.unwrap_or_default().first().copied());
        return Division { free, draws, said };
    }
    let (draws, said) = match selected {
        Err(faults) => (vec![], faults),
        Ok(order) if order.is_empty() => (vec![], vec![missing(ctx, service, free, excess)]),
        Ok(order) => {
            let order = keep_whole(ctx, pack, account, order, excess);
            let bound = Day::of(ctx).and_then(|day| day.bound(pack.claim.authorization_level));
            let may = order.iter().copied().filter(|a| bound.is_none_or(|id| id == a.id));
            let draws = draw(pack, account, may, excess);
            let short = shortage(ctx, pack, account, &order, &draws, excess);
            let none = draws.is_empty();
            let draws = if none { unused(order.first().copied()) } else { draws };
            (draws, short.into_iter().collect())
        }
    };
    let said = said.into_iter().map(|s| s.by(source));
    let said = said.chain(too_large(ctx, pack, &draws)).collect();
    Division { free, draws, said }
}

fn unused(authorization: Option<&AuthorizationFact>) -> Vec<DrawnOn<'_>> {
    authorization.map(|authorization| DrawnOn { authorization, units: 0 }).into_iter().collect()
}

/// An authorization that is drawn on says more than the payer approves at a time (RK28).
fn too_large(ctx: &Context, pack: &Pack, draws: &[DrawnOn]) -> Vec<Said> {
    let blocks = of_visit(ctx, pack).filter_map(|rule| Some((rule, rule.block.as_ref()?)));
    let larger = |rule: &AuthorizationRule, block: &Block, a: &AuthorizationFact| {
        let days = a.span.to.map(|to| (to - a.span.from).num_days().saturating_add(1));
        let long = days.is_none_or(|days| days > i64::from(block.days));
        (a.units > block.units || long).then(|| {
            let said = Said::new(
                RuleId::AuthorizationBlock,
                "/authorization",
                format!(
                    "Authorization {} says more than the payer approves at a time: {} in {} days.",
                    a.number,
                    units_in_words(block.units),
                    block.days
                ),
                "A biller compares the authorization with the payer's letter and corrects it.",
            );
            said.by(rule.source_of.of("block", &rule.source))
        })
    };
    let used = || draws.iter().map(|d| d.authorization);
    blocks.flat_map(|(rule, block)| used().filter_map(move |a| larger(rule, block, a))).collect()
}

/// Draws `excess` on authorizations with room, in order; on one only where a claim names one.
fn draw<'a>(
    pack: &Pack,
    account: Account,
    order: impl Iterator<Item = &'a AuthorizationFact>,
    excess: u32,
) -> Vec<DrawnOn<'a>> {
    // Each is a line of its own, and all lines of a visit are on the same claim.
    let most = match pack.claim.authorization_level {
        AuthorizationLevel::Claim => 1,
        AuthorizationLevel::Line => MAX_CLAIM_LINES,
    };
    let mut left = excess;
    let mut draws = vec![];
    for authorization in order {
        let units = left.min(at_least_none(account.left(authorization)));
        if units > 0 && draws.len() < most {
            draws.push(DrawnOn { authorization, units });
            left = left.saturating_sub(units);
        }
    }
    draws
}

/// Why not all of the excess is drawn.
fn shortage(
    ctx: &Context,
    pack: &Pack,
    account: Account,
    order: &[&AuthorizationFact],
    draws: &[DrawnOn],
    excess: u32,
) -> Option<Said> {
    let found: u32 = draws.iter().map(|d| d.units).sum();
    let waits = excess.checked_sub(found).filter(|waits| *waits > 0)?;
    let used = |a: &AuthorizationFact| draws.iter().any(|d| d.authorization.id == a.id);
    let next = order.iter().find(|a| !used(a) && account.left(a) > 0);
    Some(match next {
        Some(next) => second(pack, account, next, excess, waits),
        None => exhausted(ctx, account, order, excess, waits),
    })
}

/// What leaves the fewest units without authorization, by its source; none when nothing is ever
/// needed. Limits whose excess needs one count all units, authorized ones too.
fn strictest<'a>(ctx: &Context, pack: &'a Pack, account: Account) -> Option<(&'a Authority, u32)> {
    let of_rules = of_visit(ctx, pack).filter_map(|rule| match &rule.need {
        AuthorizationNeed::Never => None,
        AuthorizationNeed::Always => Some((&rule.source, 0)),
        AuthorizationNeed::After { free_units, window } => {
            let known = &ctx.facts.authorizations;
            Some((&rule.source, account.free_room(rule, *free_units, window, ctx.date, known)))
        }
    });
    let of_limits = limits::of_line(ctx, pack)
        .filter(|limit| limit.exceed == Exceed::Authorization)
        .map(|limit| (&limit.source, room_in(ctx, account, limit)));
    of_rules.chain(of_limits).min_by_key(|(_, left)| *left)
}

/// What a limit lets stand without an authorization: what is left of it, or what the visit has already, as long as
/// others have a good authorization for what they are above it. Else each would look like the one above it, when it
/// is asked beside all others.
fn room_in(ctx: &Context, account: Account, limit: &Limit) -> u32 {
    let left = account.limit(limit, ctx.date).map_or(0, |s| s.room());
    match ctx.facts.kept.free {
        0 => left,
        kept => {
            left.max(kept.min(account.uncovered_room(limit, ctx.date, &ctx.facts.authorizations)))
        }
    }
}

/// Where a claim names one authorization and the first with room has not enough, one that the visit draws on already
/// and that has more comes first: neither a further authorization nor more room on another takes away units.
fn keep_whole<'a>(
    ctx: &Context,
    pack: &Pack,
    account: Account,
    mut order: Vec<&'a AuthorizationFact>,
    excess: u32,
) -> Vec<&'a AuthorizationFact> {
    let gives = |a: &AuthorizationFact| at_least_none(account.left(a)).min(excess);
    let first = order.iter().map(|a| gives(a)).find(|units| *units > 0).unwrap_or_default();
    if first < excess && pack.claim.authorization_level == AuthorizationLevel::Claim {
        let kept = |a: &&AuthorizationFact| ctx.facts.kept.on.contains(&a.id) && gives(a) > first;
        if let Some(kept) = order.iter().position(kept) {
            let first = order.remove(kept);
            order.insert(0, first);
        }
    }
    order
}

/// The authorizations to draw on, in order: the one named, or what is wrong with it; else those
/// that cover the date and the service, the one that ends first, open ends last, then by number.
fn select<'a>(
    ctx: &Context<'a>,
    service: &Service,
) -> Result<Vec<&'a AuthorizationFact>, Vec<Said>> {
    let Some(number) = &ctx.encounter.authorization else {
        let mut order: Vec<_> = fitting(ctx, service).collect();
        order.sort_by(|a, b| ends_first(a, b));
        return Ok(order);
    };
    match ctx.facts.authorizations.iter().find(|a| a.number == *number) {
        None => Err(vec![unknown()]),
        Some(named) => {
            let faults: Vec<_> = [wrong_dates(ctx, named), wrong_service(service, named)]
                .into_iter()
                .flatten()
                .collect();
            if faults.is_empty() { Ok(vec![named]) } else { Err(faults) }
        }
    }
}

fn fitting<'a>(
    ctx: &Context<'a>,
    service: &Service,
) -> impl Iterator<Item = &'a AuthorizationFact> {
    let date = ctx.date;
    ctx.facts.authorizations.iter().filter(move |a| a.is_for(&service.key, date))
}

fn is_for(authorization: &AuthorizationFact, service: &Service) -> bool {
    authorization.services.is_empty() || authorization.services.contains(&service.key)
}

/// The order in which authorizations are drawn on: the one that ends first, open ends last, then
/// by number.
pub fn ends_first(a: &AuthorizationFact, b: &AuthorizationFact) -> Ordering {
    let key = |a: &AuthorizationFact| (a.span.to.is_none(), a.span.to);
    key(a).cmp(&key(b)).then_with(|| a.number.cmp(&b.number))
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

fn second(
    pack: &Pack,
    account: Account,
    next: &AuthorizationFact,
    excess: u32,
    waits: u32,
) -> Said {
    let why = match pack.claim.authorization_level {
        AuthorizationLevel::Claim => "the payer's claims name one authorization each",
        AuthorizationLevel::Line => "a claim has no room for more lines",
    };
    Said::new(
        RuleId::AuthorizationSecond,
        "/authorization",
        format!(
            "An authorization is needed for {}; {} would draw on authorization {} as well, and \
             {why}, so they must wait.",
            units_in_words(excess),
            units_in_words(waits),
            next.number
        ),
        format!(
            "A biller names authorization {} in the visit, which has {} left, or asks the payer \
             for more units.",
            next.number,
            units_in_words(at_least_none(account.left(next)))
        ),
    )
}

fn exhausted(
    ctx: &Context,
    account: Account,
    order: &[&AuthorizationFact],
    excess: u32,
    waits: u32,
) -> Said {
    let has = |a: &&AuthorizationFact| {
        format!("{} has {} of {} left", a.number, account.left(a), units_in_words(a.units))
    };
    let left: Vec<String> = order.iter().map(has).collect();
    let other = ctx
        .service
        .into_iter()
        .flat_map(|service| fitting(ctx, service))
        .filter(|a| order.iter().all(|used| used.id != a.id) && account.left(a) > 0)
        .min_by(|a, b| ends_first(a, b));
    // No silent fallback: another one than the named is used only when a person names it.
    let fix = match other {
        Some(other) => format!(
            "A biller names authorization {} in the visit, which has {} left, or asks the payer \
             for more units.",
            other.number,
            units_in_words(at_least_none(account.left(other)))
        ),
        None => "A biller asks the payer for more units and records them; the visit is then \
                 decided again."
            .to_owned(),
    };
    Said::new(
        RuleId::AuthorizationExhausted,
        "/authorization",
        format!(
            "An authorization is needed for {}, and {}, so {} must wait.",
            units_in_words(excess),
            left.join(", "),
            units_in_words(waits)
        ),
        fix,
    )
}
