//! What an agreement changes in its pack, or drops of it: as pack and layer let it (RK31).

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::condition::{Condition, Demand};
use super::copay::{MOST_DOLLARS, Share};
use super::dropped::{AgreedDrop, DroppedRule};
use super::facet::{Facet, Own, wrong};
use super::fault::{Fault, Place};
use super::filing::{MAX_DAYS, MAX_MONTHS};
use super::layer::{Adjusted, Clock, Direction, Layer, Outer};
use super::limit::LimitScope;
use super::model::{Agreement, AuthorizationNeed, Pack, Service};
use super::nearest::hint;
use super::never::{least_minutes, too_many};
use crate::domain::identifiers::Key;
use crate::domain::money::Money;
use crate::domain::windows::Window;

/// The key that is wrong, and why.
type Wrong = (&'static str, String);

/// The pack with all that was agreed on otherwise, and every fault of that.
pub(super) fn adjusted(pack: &Pack, agreement: &Agreement) -> (Pack, Vec<Fault>) {
    let mut adjusted = pack.clone();
    let mut faults = Vec::new();
    let mut refuse = |table: &str, index: usize, (key, message): Wrong| {
        let pointer = Place::Pointer(format!("/{table}/{index}/{key}"));
        faults.push(Fault::new(pointer, format!("{table}[{}].{key}", index + 1), message));
    };
    for (index, adjustment) in agreement.adjustments.iter().enumerate() {
        if let Err(wrong) = adjust(&mut adjusted, &adjustment.rule, adjustment.units) {
            refuse("adjustment", index, wrong);
        }
    }
    for (index, dropped) in agreement.dropped.iter().enumerate() {
        if agreement.adjustments.iter().any(|a| is_of(&a.rule, &dropped.rule)) {
            let message = "an adjustment changes this rule; keep one of both".to_owned();
            refuse("dropped", index, (dropped.rule.name(), message));
        }
        if let Err(wrong) = drop_rule(&mut adjusted, dropped) {
            refuse("dropped", index, wrong);
        }
    }
    for (index, rate) in agreement.rates.iter().enumerate() {
        let layer = pack.service(&rate.service).and_then(|s| s.layer.as_ref());
        let held = layer.and_then(|layer| Some((layer, layer.says.get("allowed")?)));
        let own = Own::Number(Some(rate.allowed), super::facet::Looser::More);
        if let Some(why) = held.and_then(|(layer, outer)| wrong(&own, outer, None, layer.may)) {
            refuse("rate", index, ("allowed", why));
        }
    }
    (adjusted, faults)
}

fn is_of(adjusted: &Adjusted, dropped: &DroppedRule) -> bool {
    match (adjusted, dropped) {
        (Adjusted::Limit(a), DroppedRule::Limit(b))
        | (Adjusted::Free(a), DroppedRule::Authorization(b))
        | (Adjusted::Condition(a), DroppedRule::Condition(b))
        | (Adjusted::Copay(a), DroppedRule::Copay(b)) => a == b,
        _ => false,
    }
}

/// The rule with a key, or that there is none.
fn found<'p, T>(
    rules: &'p mut [T],
    key_of: impl Fn(&T) -> &Key,
    key: &Key,
    (name, what): (&'static str, &str),
) -> Result<&'p mut T, Wrong> {
    let known: Vec<String> = rules.iter().map(|rule| key_of(rule).to_string()).collect();
    rules.iter_mut().find(|rule| key_of(rule) == key).ok_or_else(|| {
        let hint = hint(key.as_str(), known.iter().map(String::as_str));
        (name, format!("the pack has no {what} with this key; {hint}"))
    })
}

/// Puts a number that was agreed on in the place of the pack's, where pack and layer let it.
fn adjust(pack: &mut Pack, rule: &Adjusted, number: Decimal) -> Result<(), Wrong> {
    let Pack { services, limits, authorizations, conditions, copays, filing, .. } = pack;
    match rule {
        Adjusted::Limit(key) => {
            let limit = found(limits, |l| &l.key, key, ("limit", "limit"))?;
            let before = limit.facets();
            (limit.units, limit.hours) = (number, None);
            allowed("units", limit.agreement, &before, &limit.facets(), limit.layer.as_ref())?;
            if limit.scope != LimitScope::Peer {
                holds(number, services, &limit.services, &limit.window)?;
            }
        }
        Adjusted::Free(key) => {
            let name = ("authorization", "authorization rule");
            let rule = found(authorizations, |a| &a.key, key, name)?;
            let before = rule.facets();
            let AuthorizationNeed::After { free_units, window } = &mut rule.need else {
                let message = "the rule has no free units to adjust".to_owned();
                return Err(("authorization", message));
            };
            let whole = Some(number).filter(Decimal::is_integer).and_then(|u| u.to_u32());
            *free_units =
                whole.ok_or_else(|| ("units", "free units are whole units".to_owned()))?;
            let window = window.clone();
            allowed("units", rule.agreement, &before, &rule.facets(), rule.layer.as_ref())?;
            holds(number, services, &rule.services, &window)?;
        }
        Adjusted::Condition(key) => {
            let rule = found(conditions, |c| &c.key, key, ("condition", "condition"))?;
            adjust_condition(rule, services, number)?;
        }
        Adjusted::Copay(key) => {
            let rule = found(copays, |c| &c.key, key, ("copay", "copay"))?;
            let before = rule.facets();
            rule.share = share(rule.share, number)?;
            allowed("number", rule.agreement, &before, &rule.facets(), rule.layer.as_ref())?;
        }
        Adjusted::Filing(clock) => {
            let before = filing.facets();
            let whole = Some(number).filter(Decimal::is_integer).and_then(|n| n.to_u32());
            let place = match clock {
                Clock::Days if filing.months == 0 => &mut filing.days,
                Clock::Months if filing.months > 0 => &mut filing.months,
                _ => {
                    return Err((
                        "filing",
                        "the pack counts its filing clock otherwise".to_owned(),
                    ));
                }
            };
            let most = if *clock == Clock::Days { MAX_DAYS } else { MAX_MONTHS };
            let whole = whole.filter(|number| (1..=most).contains(number));
            let message = || ("number", format!("this is a whole number from 1 to {most}"));
            *place = whole.ok_or_else(message)?;
            if filing.stop_days.is_some_and(|stop| *clock == Clock::Days && stop < filing.days) {
                let message = "the clock ends before that, by `stop_days` of the pack".to_owned();
                return Err(("number", message));
            }
            allowed("number", filing.agreement, &before, &filing.facets(), filing.layer.as_ref())?;
        }
    }
    Ok(())
}

fn adjust_condition(
    rule: &mut Condition,
    services: &[Service],
    number: Decimal,
) -> Result<(), Wrong> {
    let before = rule.facets();
    rule.set_number(number).map_err(|why| ("number", why))?;
    if let Demand::GroupAverage { most, .. } = &rule.demand {
        let of_it = services.iter().filter(|s| rule.services.contains(&s.key));
        let least = of_it.filter_map(|s| s.group.as_ref()).map(|g| g.min_size).max();
        if let Some(least) = least.filter(|least| *most < Decimal::from(*least)) {
            let message = format!("a service of it is given to {least} people at least");
            return Err(("number", message));
        }
    }
    allowed("number", rule.agreement, &before, &rule.facets(), rule.layer.as_ref())
}

fn share(share: Share, number: Decimal) -> Result<Share, Wrong> {
    if number >= Decimal::from(MOST_DOLLARS) || number.normalize().scale() > 4 {
        let message = format!("this is an amount below {MOST_DOLLARS}, at most 4 decimals");
        return Err(("number", message));
    }
    let flat = || {
        let cents = Some(number).filter(|n| n.normalize().scale() <= 2).and_then(Money::round);
        cents.ok_or_else(|| ("number", "this is an amount in whole cents".to_owned()))
    };
    Ok(match share {
        Share::PerUnit(_) => Share::PerUnit(number),
        Share::PerVisit(_) => Share::PerVisit(flat()?),
        Share::PerDay(_) => Share::PerDay(flat()?),
    })
}

/// Whether the days of a window can hold so many units.
fn holds(units: Decimal, all: &[Service], keys: &[Key], window: &Window) -> Result<(), Wrong> {
    let counted: Vec<&Service> = all.iter().filter(|s| keys.contains(&s.key)).collect();
    too_many(units, least_minutes(&counted), window).map_or(Ok(()), |why| Err(("units", why)))
}

const CLOSED: &str = "the pack does not say that an agreement may change this rule";

/// Whether the values that were agreed on may stand in the place of those from before, and inside the
/// layer around the pack's.
fn allowed(
    key: &'static str,
    agreement: Option<Direction>,
    before: &[Facet],
    after: &[Facet],
    layer: Option<&Layer>,
) -> Result<(), Wrong> {
    let Some(direction) = agreement else { return Err((key, CLOSED.to_owned())) };
    for (was, is) in before.iter().zip(after) {
        let (Own::Number(Some(number), _) | Own::Cap(Some(number), _)) = &was.own else { continue };
        if let Some(why) = wrong(&is.own, &Outer::Number(*number), None, direction) {
            return Err((key, why));
        }
    }
    let outside =
        layer.and_then(|layer| after.iter().find_map(|f| super::facet::refusal(f, layer)));
    outside.map_or(Ok(()), |why| Err((key, why)))
}

/// Takes a rule out of the pack, where pack and layer let it.
fn drop_rule(pack: &mut Pack, dropped: &AgreedDrop) -> Result<(), Wrong> {
    let name = dropped.rule.name();
    let (agreement, layer) = match &dropped.rule {
        DroppedRule::Limit(key) => {
            let rule = found(&mut pack.limits, |l| &l.key, key, (name, "limit"))?;
            (rule.agreement, rule.layer.clone())
        }
        DroppedRule::Condition(key) => {
            let rule = found(&mut pack.conditions, |c| &c.key, key, (name, "condition"))?;
            (rule.agreement, rule.layer.clone())
        }
        DroppedRule::Authorization(key) => {
            let rule =
                found(&mut pack.authorizations, |a| &a.key, key, (name, "authorization rule"))?;
            (rule.agreement, rule.layer.clone())
        }
        DroppedRule::Copay(key) => {
            let rule = found(&mut pack.copays, |c| &c.key, key, (name, "copay"))?;
            (rule.agreement, rule.layer.clone())
        }
    };
    match agreement {
        None => return Err((name, CLOSED.to_owned())),
        Some(Direction::Tighten) => {
            let message = "an agreement may only tighten this rule, and without it more is billed";
            return Err((name, message.to_owned()));
        }
        Some(Direction::Loosen | Direction::Replace) => {}
    }
    if let Some(layer) = layer.filter(|l| !l.added && l.may == Direction::Tighten) {
        let message = format!(
            "the layer {} has this rule and may only be tightened; keep the rule",
            layer.of
        );
        return Err((name, message));
    }
    let key = dropped.rule.key();
    match dropped.rule {
        DroppedRule::Limit(_) => pack.limits.retain(|rule| rule.key != *key),
        DroppedRule::Condition(_) => pack.conditions.retain(|rule| rule.key != *key),
        DroppedRule::Authorization(_) => pack.authorizations.retain(|rule| rule.key != *key),
        DroppedRule::Copay(_) => pack.copays.retain(|rule| rule.key != *key),
    }
    Ok(())
}
