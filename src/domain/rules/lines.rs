//! What it is worth, line by line (RK63, RK64): the ready line, then the held rest.

use rust_decimal::Decimal;

use super::context::Context;
use super::copays::{self, Due};
use super::day::{self, Day};
use super::room::Room;
use super::table::{RuleId, Said};
use super::when::Seen;
use crate::domain::codes::{Modifier, PlaceOfService};
use crate::domain::contract::{ModifierRule, Rate, Service, Terms};
use crate::domain::day_sum::{DaySum, Piece};
use crate::domain::decision::{DecisionLine, Draw, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::money::Money;

/// What a unit is worth.
#[derive(Debug, Clone, Copy)]
struct Price {
    /// The organization's charge.
    charge: Decimal,
    /// The contract's allowance.
    allowed: Decimal,
}

impl Price {
    /// Charge and expected payment of a line: each rounded once; the lesser is expected. None
    /// when a claim cannot carry it.
    fn amounts(self, units: u32) -> Option<(Money, Money)> {
        let fits = |m: &Money| *m <= Money::MAX_INPUT;
        let charge = Money::of_units(self.charge, units).filter(fits)?;
        let allowed = Money::of_units(self.allowed, units).filter(fits)?;
        Some((charge, charge.min(allowed)))
    }
}

/// The rate line of the visit: of those for its date, its modifiers and what it is, the one that asks
/// for most. Two that ask for as much are no answer.
enum Rated<'a> {
    None,
    Unclear,
    /// One for modifiers would be asked for, had the rule that gives them not ended.
    Ended(&'a Rate, &'a ModifierRule),
    One(&'a Rate),
}

fn rated<'a>(ctx: &Context<'a>) -> Rated<'a> {
    let (Some(terms), Some(service), Some(seen)) = (ctx.terms, ctx.service, ctx.seen()) else {
        return Rated::None;
    };
    let mut best: Option<(usize, &Rate)> = None;
    let mut twice = false;
    for rate in &terms.agreement.rates {
        let fits = rate.service == service.key
            && rate.span.covers(ctx.date)
            && rate.modifiers.iter().all(|m| ctx.form.modifiers.contains(m))
            && seen.is(&rate.when);
        if !fits {
            continue;
        }
        let asks = rate.modifiers.len().saturating_add(rate.when.asked());
        match best {
            Some((most, _)) if most > asks => {}
            Some((most, _)) if most == asks => twice = true,
            _ => (best, twice) = (Some((asks, rate)), false),
        }
    }
    match best {
        None => Rated::None,
        Some(_) if twice => Rated::Unclear,
        Some((asks, rate)) => match ended(ctx, terms, &seen, asks) {
            Some((gone, rule)) => Rated::Ended(gone, rule),
            None => Rated::One(rate),
        },
    }
}

/// A rate still in force for modifiers that only ended rules would give the visit, and which asks for
/// more than the one found: pack and contract do not agree on what such a line is worth.
fn ended<'a>(
    ctx: &Context<'a>,
    terms: &'a Terms,
    seen: &Seen<'a>,
    asks: usize,
) -> Option<(&'a Rate, &'a ModifierRule)> {
    let of_grid = |r: &&Rate| {
        Some(&r.service) == ctx.service.map(|s| &s.key)
            && !r.modifiers.is_empty()
            && r.modifiers.len().saturating_add(r.when.asked()) > asks
            && r.span.covers(ctx.date)
            && seen.is(&r.when)
    };
    terms.agreement.rates.iter().filter(of_grid).find_map(|rate| {
        let missing = |m: &&Modifier| !ctx.form.modifiers.contains(m);
        let gone = |m: &Modifier| {
            terms.pack.modifiers.iter().find(|r| {
                r.add.contains(m)
                    && r.services.contains(&rate.service)
                    && r.days.to.is_some_and(|to| to < ctx.date)
                    && seen.is(&r.when)
            })
        };
        let rules: Option<Vec<&ModifierRule>> =
            rate.modifiers.iter().filter(missing).map(gone).collect();
        Some((rate, rules?.into_iter().next()?))
    })
}

/// The price of a unit: the rate, multiplied where modifiers say so (RK06); the least of that, the
/// charge and what another payer accepts (RK64); less the member's share (RK65).
fn price(ctx: &Context) -> Option<Price> {
    let Rated::One(rate) = rated(ctx) else { return None };
    let percents = ctx.form.raises.iter().filter_map(|r| r.percent);
    let raised = percents.fold(rate.allowed, |price, percent| {
        price.saturating_mul(percent).checked_div(Decimal::ONE_HUNDRED).unwrap_or(price)
    });
    // Not rounded: cents are made once, of the whole line.
    let allowed = if ctx.form.raises.is_empty() { rate.allowed } else { raised.normalize() };
    let charge = rate.charge.unwrap_or(allowed);
    let allowed = rate.accepted_elsewhere.map_or(allowed, |other| allowed.min(other));
    let share = copays::of_unit(ctx);
    if share.is_zero() {
        return Some(Price { charge, allowed });
    }
    Some(Price { charge, allowed: (allowed.min(charge) - share).max(Decimal::ZERO) })
}

/// What so many units would be charged; none without a rate, or when a claim cannot carry it.
pub fn charge(ctx: &Context, units: u32) -> Option<Money> {
    price(ctx)?.amounts(units).map(|(charge, _)| charge)
}

/// There is a rate on the service date, and a claim can carry the amount.
pub fn rate(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service else { return vec![] };
    let said = match (rated(ctx), price(ctx)) {
        (Rated::None, _) => Said::new(
            RuleId::RateNone,
            "/started_at",
            format!("The contract has no rate for '{}' on {}.", service.key, ctx.date),
            "An administrator adds the rate to a new version of the contract.",
        ),
        (Rated::Unclear, _) => Said::new(
            RuleId::RateUnclear,
            "/started_at",
            format!(
                "Several rates of '{}' fit the visit alike, and none says more than the others.",
                service.key
            ),
            "An administrator says in a new version of the contract which of them holds.",
        ),
        (Rated::Ended(rate, rule), _) => {
            let names: Vec<&str> = rate.modifiers.iter().map(Modifier::as_str).collect();
            let last = rule.days.to.map(|to| to.to_string()).unwrap_or_default();
            Said::new(
                RuleId::RateUnclear,
                "/started_at",
                format!(
                    "The contract has a rate of '{}' with {} on {}, and the rule '{}' that gave such \
                     visits the modifier ended on {last}.",
                    service.key,
                    names.join(", "),
                    ctx.date,
                    rule.key
                ),
                "An administrator ends the rate with the rule in a new version of the contract, or lets \
                 the rule go on in a new version of the pack.",
            )
        }
        (Rated::One(_), Some(price)) if price.amounts(ctx.units().unwrap_or(0)).is_none() => {
            Said::new(
                RuleId::RateTooLarge,
                "/started_at",
                format!("The rate for '{}' makes more than {}.", service.key, Money::MAX_INPUT),
                "An administrator corrects the rate in a new version of the contract.",
            )
        }
        (Rated::One(_), _) => return vec![],
    };
    vec![said]
}

/// The lines: ready units first, a line for each authorization beyond the first, then the held
/// rest. Without units there is no line, but for a day's sum: there a visit that adds nothing rides
/// on the day's line, and a held one waits although it would add nothing.
pub fn lines(ctx: &Context, room: &Room, day_sum: Option<&DaySum>) -> Vec<DecisionLine> {
    let Some(service) = ctx.service else { return vec![] };
    let (ready, held, summed) = match day_sum.map(DaySum::own) {
        None => (day::pieces(room), room.asked.saturating_sub(room.ready()), false),
        Some(Some(own)) => (own.ready.clone(), own.held, true),
        Some(None) => (vec![], Day::of(ctx).map_or(0, |d| d.adds()), true),
    };
    let left_out = day_sum.is_some_and(|sum| sum.own().is_none());
    let mut drawn = by_line(&ready);
    if drawn.is_empty() && summed && !left_out {
        drawn.push((0, None));
    }
    let ready = drawn.into_iter().map(|(units, draw)| (LineAnswer::Ready, units, draw));
    let rest = (held > 0 || left_out).then_some((LineAnswer::Held, held, None));
    let price = price(ctx);
    let worth = |units| price.and_then(|p| p.amounts(units)).unwrap_or_default().1;
    let mut due = Due::of(ctx, day_sum, worth);
    ready.chain(rest).map(|one| line(ctx, (service, price), &mut due, one)).collect()
}

/// Units for each line: those that need no authorization go with the first that is drawn on.
fn by_line(pieces: &[Piece]) -> Vec<(u32, Option<Draw>)> {
    let mut free = 0u32;
    let mut lines = vec![];
    for piece in pieces {
        match &piece.authorization {
            None => free = free.saturating_add(piece.units),
            Some(named) => {
                let draw = Draw { id: named.id, number: named.number.clone(), units: piece.units };
                lines.push((piece.units, Some(draw)));
            }
        }
    }
    match lines.first_mut() {
        Some((units, _)) => *units = units.saturating_add(free),
        None if free > 0 => lines.push((free, None)),
        None => {}
    }
    lines
}

fn line(
    ctx: &Context,
    (service, price): (&Service, Option<Price>),
    due: &mut Due,
    (answer, units, authorization): (LineAnswer, u32, Option<Draw>),
) -> DecisionLine {
    let (charge, worth) = price.and_then(|p| p.amounts(units)).unwrap_or_default();
    let copays = due.take(worth);
    let expected = worth - copays.iter().map(|c| c.amount).sum::<Money>();
    DecisionLine {
        answer,
        procedure: service.procedure.clone(),
        modifiers: ctx.form.modifiers.clone(),
        place: place_of(ctx.encounter, service),
        units,
        unit_charge: price.map(|p| p.charge),
        unit_rate: price.map(|p| p.allowed),
        charge,
        expected,
        authorization,
        copays,
    }
}

/// The mode's place, else the setting's at this payer, else (held for it) the national one.
pub fn place_of(encounter: &EncounterData, service: &Service) -> PlaceOfService {
    let mode = service.modes.iter().find(|m| m.mode == encounter.mode);
    let setting = encounter.setting;
    let of_setting = || service.settings.iter().find(|s| s.setting == setting);
    mode.and_then(|m| m.place.clone())
        .or_else(|| of_setting().map(|s| s.place.clone()))
        .unwrap_or_else(|| setting.place_of_service())
}
