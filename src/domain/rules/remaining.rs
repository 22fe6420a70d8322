//! What is left of limits, free units and authorizations, after an encounter or at a date.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::account::{Account, Standing, units_in_words};
use super::context::Context;
use super::room::Room;
use super::usage::Selected;
use super::when::in_one_of;
use super::{authorizations, limits};
use crate::domain::contract::{AuthorizationNeed, AuthorizationRule, Limit, LimitScope, Terms};
use crate::domain::decision::{Remaining, RemainingKind};
use crate::domain::facts::{AuthorizationFact, EpisodeFact};
use crate::domain::identifiers::Key;
use crate::domain::windows::Window;

/// Why a figure is not told.
const ACROSS: &str = "the payer counts this across organizations; what is left is not told";
const NO_EPISODE: &str = "no episode of care on record covers the day";
const OF_PEER: &str = "this is counted for each peer, not for the member";

/// What is left for the service of the encounter once its ready units are drawn.
pub fn after(ctx: &Context, room: &Room) -> Vec<Remaining> {
    let Some(terms) = ctx.terms.filter(|_| ctx.service.is_some()) else { return vec![] };
    let (pack, account) = (&terms.pack, Account::of(&terms.pack, ctx.facts));
    let limits = limits::of_line(ctx, pack).map(|l| of_limit(account, l, ctx.date, room.ready()));
    let free = authorizations::of_visit(ctx, pack)
        .filter_map(|r| of_free(account, r, ctx.date, room.free));
    let approved = room.draws.iter().map(|d| of_authorization(account, d.authorization, d.units));
    limits.chain(free).chain(approved).collect()
}

/// What is left for a member on a day, without an encounter: every limit of the contract and
/// every free allotment in the windows that contain the day, and the authorizations that cover
/// it. `selected` is the usage of the member's account (`rules::select`); `authorizations` and
/// `episodes` are the billed payer's for the member.
pub fn allowances(
    terms: &Terms,
    episodes: &[EpisodeFact],
    selected: &Selected,
    authorizations: &[AuthorizationFact],
    on: NaiveDate,
) -> Vec<Remaining> {
    let pack = &terms.pack;
    let account = Account::selected(pack, episodes, selected);
    // Of a day without a visit only the member's episodes are known.
    let in_force = pack
        .limits
        .iter()
        .filter(|l| l.days.covers(on) && in_one_of(&l.when.episodes, episodes, on));
    let limits = in_force.map(|limit| match limit.scope {
        LimitScope::Peer => untold(limit, OF_PEER),
        _ => of_limit(account, limit, on, 0),
    });
    let rules = pack.authorizations.iter().filter(|rule| rule.days.covers(on));
    let free = rules.filter_map(|r| of_free(account, r, on, 0));
    let mut covering: Vec<_> = authorizations.iter().filter(|a| a.span.covers(on)).collect();
    covering.sort_by(|a, b| a.number.cmp(&b.number));
    let approved = covering.into_iter().map(|a| of_authorization(account, a, 0));
    limits.chain(free).chain(approved).collect()
}

fn limit_in_words(limit: &Limit) -> String {
    format!("{} of {}", limits::in_words(limit), names(&limit.services))
}

fn of_limit(account: Account, limit: &Limit, on: NaiveDate, ready: u32) -> Remaining {
    if limit.scope == LimitScope::Member {
        return untold(limit, ACROSS);
    }
    match account.limit(limit, on) {
        Some(at) => {
            let title = limit_in_words(limit);
            counted(RemainingKind::Limit, &limit.key, title, limit.units, &at, ready)
        }
        None => untold(limit, NO_EPISODE),
    }
}

fn untold(limit: &Limit, reason: &str) -> Remaining {
    let title = limit_in_words(limit);
    without_figures(RemainingKind::Limit, &limit.key, title, limit.units, reason)
}

fn of_free(
    account: Account,
    rule: &AuthorizationRule,
    on: NaiveDate,
    ready: u32,
) -> Option<Remaining> {
    let AuthorizationNeed::After { free_units, window } = &rule.need else { return None };
    let title = free_in_words(*free_units, window, &rule.services);
    let allowed = Decimal::from(*free_units);
    let (kind, key) = (RemainingKind::Free, &rule.key);
    Some(match account.free(rule, *free_units, window, on) {
        Some(at) => counted(kind, key, title, allowed, &at, ready),
        None => without_figures(kind, key, title, allowed, NO_EPISODE),
    })
}

fn free_in_words(units: u32, window: &Window, services: &[Key]) -> String {
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
    at: &Standing,
    ready: u32,
) -> Remaining {
    let units = Decimal::from(at.used.saturating_add(i64::from(ready)));
    Remaining {
        kind,
        key: key.to_string(),
        title,
        from: at.days.from,
        to: at.days.to,
        allowed: allowed.normalize(),
        used: Some(units),
        remaining: Some(allowed.saturating_sub(units).normalize()),
        reason: None,
    }
}

fn without_figures(
    kind: RemainingKind,
    key: &Key,
    title: String,
    allowed: Decimal,
    reason: &str,
) -> Remaining {
    Remaining {
        kind,
        key: key.to_string(),
        title,
        from: None,
        to: None,
        allowed: allowed.normalize(),
        used: None,
        remaining: None,
        reason: Some(reason.to_owned()),
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
        from: Some(approved.span.from),
        to: approved.span.to,
        allowed: Decimal::from(approved.units),
        used: Some(Decimal::from(used)),
        remaining: Some(Decimal::from(i64::from(approved.units).saturating_sub(used))),
        reason: None,
    }
}

fn names(services: &[Key]) -> String {
    services.iter().map(Key::as_str).collect::<Vec<_>>().join(", ")
}
