//! What it is worth, line by line (RK63, RK64): the ready line, then the held rest.

use rust_decimal::Decimal;

use super::context::Context;
use super::day::{self, Day};
use super::room::Room;
use super::table::{RuleId, Said};
use crate::domain::codes::{Modifier, PlaceOfService};
use crate::domain::contract::{Rate, Service};
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
    fn of(rate: &Rate) -> Self {
        Self { charge: rate.charge.unwrap_or(rate.allowed), allowed: rate.allowed }
    }

    /// Charge and expected payment of a line: each rounded once; the lesser is expected. None
    /// when a claim cannot carry it.
    fn amounts(self, units: u32) -> Option<(Money, Money)> {
        let fits = |m: &Money| *m <= Money::MAX_INPUT;
        let charge = Money::of_units(self.charge, units).filter(fits)?;
        let allowed = Money::of_units(self.allowed, units).filter(fits)?;
        Some((charge, charge.min(allowed)))
    }
}

fn price(ctx: &Context) -> Option<Price> {
    let (terms, service) = (ctx.terms?, ctx.service?);
    terms.rate(&service.key, ctx.date).map(Price::of)
}

/// There is a rate on the service date, and a claim can carry the amount.
pub fn rate(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service else { return vec![] };
    let said = match price(ctx) {
        None => Said::new(
            RuleId::RateNone,
            "/started_at",
            format!("The contract has no rate for '{}' on {}.", service.key, ctx.date),
            "An administrator adds the rate to a new version of the contract.",
        ),
        Some(price) if price.amounts(ctx.units().unwrap_or(0)).is_none() => Said::new(
            RuleId::RateTooLarge,
            "/started_at",
            format!("The rate for '{}' makes an amount above {}.", service.key, Money::MAX_INPUT),
            "An administrator corrects the rate in a new version of the contract.",
        ),
        Some(_) => return vec![],
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
    let mut lines: Vec<DecisionLine> = drawn
        .into_iter()
        .map(|(units, draw)| line(ctx, service, LineAnswer::Ready, units, draw))
        .collect();
    if held > 0 || left_out {
        lines.push(line(ctx, service, LineAnswer::Held, held, None));
    }
    lines
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
    service: &Service,
    answer: LineAnswer,
    units: u32,
    authorization: Option<Draw>,
) -> DecisionLine {
    let price = price(ctx);
    let amounts = price.and_then(|p| p.amounts(units));
    let (charge, expected) = amounts.unwrap_or((Money::ZERO, Money::ZERO));
    DecisionLine {
        answer,
        procedure: service.procedure.clone(),
        modifiers: modifiers_of(ctx.encounter, service),
        place: place_of(ctx.encounter, service),
        units,
        unit_charge: price.map(|p| p.charge),
        unit_rate: price.map(|p| p.allowed),
        charge,
        expected,
        authorization,
    }
}

/// The modifiers of the service and of the visit's mode.
pub fn modifiers_of(encounter: &EncounterData, service: &Service) -> Vec<Modifier> {
    let mode = service.modes.iter().find(|m| m.mode == encounter.mode);
    let of_mode = mode.into_iter().flat_map(|m| &m.modifiers);
    service.modifiers.iter().chain(of_mode).cloned().collect()
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

#[cfg(test)]
mod tests {
    use crate::domain::contract::Exceed::BillUpTo;
    use crate::domain::rules::testing::{Case, limit, rate, span, split, usage};
    use crate::domain::windows::Window::Day;

    #[test]
    fn rk63_the_rate_of_the_service_date_counts() {
        let case = Case::with(|c| {
            let mut before = rate("peer", "10", None);
            before.span = span("2026-01-01", Some("2026-06-30"));
            let mut after = rate("peer", "12.5", None);
            after.span = span("2026-07-01", None);
            c.terms.agreement.rates = vec![before, after];
        });
        assert!(case.rules().is_empty());
        assert_eq!(case.decide().lines[0].expected.to_string(), "50.00");
    }

    #[test]
    fn rk63_without_a_rate_it_is_held_at_nothing() {
        let case = Case::with(|c| {
            c.terms.agreement.rates[0].span = span("2026-01-01", Some("2026-06-30"));
        });
        case.only("rate.none");
        let line = case.decide().lines.remove(0);
        assert_eq!((line.unit_rate, line.expected.cents()), (None, 0));
        assert_eq!(split(&case.decide()), (0, 4));
    }

    #[test]
    fn rk64_expected_is_the_lesser_of_charge_and_allowance_rounded_once() {
        let with = |allowed, charge| {
            let case = Case::with(|c| {
                c.terms.agreement.rates = vec![rate("peer", allowed, charge)];
            });
            let line = case.decide().lines.remove(0);
            (line.charge.to_string(), line.expected.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(with("20", Some("25")), pair("100.00", "80.00"));
        assert_eq!(with("20", Some("15")), pair("60.00", "60.00"));
        // 4 units of 11.9762 are 47.9048; rounded by the unit they would be 47.92.
        assert_eq!(with("11.9762", None), pair("47.90", "47.90"));
        assert_eq!(with("0.00125", None), pair("0.01", "0.01"));
    }

    #[test]
    fn rk64_each_line_is_rounded_for_itself() {
        let case = Case::with(|c| {
            c.terms.agreement.rates = vec![rate("peer", "0.125", None)];
            c.terms.pack.limits = vec![limit("cap", "6", Day, BillUpTo)];
            c.facts.usage = vec![usage("2026-07-01", None, 5)];
        });
        let lines = case.decide().lines;
        assert_eq!((lines[0].units, lines[0].expected.to_string().as_str()), (1, "0.13"));
        assert_eq!((lines[1].units, lines[1].expected.to_string().as_str()), (3, "0.38"));
    }

    #[test]
    fn rk63_an_amount_that_no_claim_can_carry_is_held() {
        let case = Case::with(|c| {
            c.terms.agreement.rates = vec![rate("peer", "79228162514264337593543950335", None)];
        });
        case.only("rate.too_large");
        assert_eq!(split(&case.decide()), (0, 4));
    }
}
