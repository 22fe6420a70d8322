//! What is left of limits, free units and authorizations, after an encounter or at a date.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::account::{Account, Counted, units_in_words};
use super::context::Context;
use super::room::Room;
use super::{authorizations, limits};
use crate::domain::contract::{AuthorizationNeed, AuthorizationRule, Limit, Terms};
use crate::domain::dates::Window;
use crate::domain::decision::{Remaining, RemainingKind};
use crate::domain::facts::{AuthorizationFact, Usage};
use crate::domain::identifiers::Key;

/// What is left for the service of the encounter once its ready units are drawn.
pub fn after(ctx: &Context, room: &Room) -> Vec<Remaining> {
    let (Some(terms), Some(service)) = (ctx.terms, ctx.service) else { return vec![] };
    let (pack, account) = (&terms.pack, Account::new(&terms.pack, &ctx.facts.usage));
    let limits =
        limits::of_service(pack, service).map(|l| of_limit(account, l, ctx.date, room.ready()));
    let free = authorizations::of_service(pack, service)
        .filter_map(|r| of_free(account, r, ctx.date, room.free));
    let approved = room.draws.iter().map(|d| of_authorization(account, d.authorization, d.units));
    limits.chain(free).chain(approved).collect()
}

/// What is left for a member on a day, without an encounter: every limit of the contract and
/// every free allotment in the window that contains the day, and the authorizations that cover
/// it. `usage` is that of the member's account (see [`Usage`]); `authorizations` are the billed
/// payer's for the member.
pub fn allowances(
    terms: &Terms,
    usage: &[Usage],
    authorizations: &[AuthorizationFact],
    on: NaiveDate,
) -> Vec<Remaining> {
    let (pack, account) = (&terms.pack, Account::new(&terms.pack, usage));
    let limits = pack.limits.iter().map(|l| of_limit(account, l, on, 0));
    let free = pack.authorizations.iter().filter_map(|r| of_free(account, r, on, 0));
    let mut covering: Vec<_> = authorizations.iter().filter(|a| a.span.covers(on)).collect();
    covering.sort_by(|a, b| a.number.cmp(&b.number));
    let approved = covering.into_iter().map(|a| of_authorization(account, a, 0));
    limits.chain(free).chain(approved).collect()
}

fn of_limit(account: Account, limit: &Limit, on: NaiveDate, ready: u32) -> Remaining {
    let used = account.all(&limit.services, limit.window, on);
    let title = format!("{} of {}", limits::in_words(limit), names(&limit.services));
    counted(RemainingKind::Limit, &limit.key, title, limit.units, used, ready)
}

fn of_free(
    account: Account,
    rule: &AuthorizationRule,
    on: NaiveDate,
    ready: u32,
) -> Option<Remaining> {
    let AuthorizationNeed::After { free_units, window } = rule.need else { return None };
    let used = account.free(&rule.services, window, on);
    let title = free_in_words(free_units, window, &rule.services);
    let allowed = Decimal::from(free_units);
    Some(counted(RemainingKind::Free, &rule.key, title, allowed, used, ready))
}

fn free_in_words(units: u32, window: Window, services: &[Key]) -> String {
    format!(
        "{} {} of {} without authorization",
        units_in_words(units),
        window.words(),
        names(services)
    )
}

fn counted(
    kind: RemainingKind,
    key: &Key,
    title: String,
    allowed: Decimal,
    used: Counted,
    ready: u32,
) -> Remaining {
    let units = Decimal::from(used.units.saturating_add(i64::from(ready)));
    Remaining {
        kind,
        key: key.to_string(),
        title,
        from: used.from,
        to: Some(used.to),
        allowed: allowed.normalize(),
        used: units,
        remaining: allowed.saturating_sub(units).normalize(),
    }
}

fn of_authorization(account: Account, approved: &AuthorizationFact, ready: u32) -> Remaining {
    let used = account.drawn(approved).saturating_add(i64::from(ready));
    let scope = if approved.services.is_empty() {
        "all services".to_owned()
    } else {
        names(&approved.services)
    };
    Remaining {
        kind: RemainingKind::Authorization,
        key: approved.number.to_string(),
        title: format!("{} authorized for {scope}", units_in_words(approved.units)),
        from: approved.span.from,
        to: approved.span.to,
        allowed: Decimal::from(approved.units),
        used: Decimal::from(used),
        remaining: Decimal::from(i64::from(approved.units).saturating_sub(used)),
    }
}

fn names(services: &[Key]) -> String {
    services.iter().map(Key::as_str).collect::<Vec<_>>().join(", ")
}
