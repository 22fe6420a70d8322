//! Which usage a decision needs: how far back and ahead it is read, and what of it is kept.
//!
//! A decision stores its facts, so they stay small: days that no window of the contract tells apart
//! are summed under the first of them. A contract with a cap a day and one a year keeps three sums
//! of a year (before the day, the day, after it), however many visits it had.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::codes::Modifier;
use crate::domain::contract::{
    AuthorizationNeed, AuthorizationRule, Condition, Limit, LimitScope, Pack,
};
use crate::domain::decision::RemainingKind;
use crate::domain::facts::{Anchor, AuthorizationFact, EpisodeFact, How, Usage};
use crate::domain::identifiers::Key;
use crate::domain::ids::AuthorizationId;
use crate::domain::windows::{Bucket, Buckets, Calendar, Daily, Days, Window};

/// The part of usage that a decision looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// Of the account of payer and member, and of authorizations.
    pub usage: Vec<Usage>,
    /// Of the peer.
    pub peer_usage: Vec<Usage>,
    /// Where consecutive windows are anchored.
    pub anchors: Vec<Anchor>,
}

impl AuthorizationRule {
    /// Whether units drawn count against the free ones: those that no authorization covered.
    pub fn counts_free(&self, usage: &Usage) -> bool {
        usage.authorization.is_none() && self.counts(usage)
    }

    /// Whether units drawn are of its services, with or without an authorization.
    pub fn counts(&self, usage: &Usage) -> bool {
        self.services.contains(&usage.service)
            && usage.how.as_ref().is_none_or(|how| self.is_for(&how.modifiers))
    }

    /// Whether lines with these modifiers need what the rule says (RK05).
    pub fn is_for(&self, modifiers: &[Modifier]) -> bool {
        self.modifiers.is_empty() || modifiers.iter().any(|m| self.modifiers.contains(m))
    }
}

/// The first and last day whose usage in a scope a decision about `day` may need; none when no
/// window of that scope contains the day.
pub fn reach(
    pack: &Pack,
    scope: LimitScope,
    episodes: &[EpisodeFact],
    day: NaiveDate,
) -> Option<Days> {
    let calendar = Calendar { week_start: pack.week_start, episodes };
    let reaches = windows(pack, scope).filter_map(|w| w.window().reach(calendar, day));
    let looked = looked_at(pack, scope).filter_map(|(_, window)| window.reach(calendar, day));
    reaches.chain(looked).reduce(Days::join)
}

/// Whether any limit of the pack counts in this scope.
pub fn has_scope(pack: &Pack, scope: LimitScope) -> bool {
    pack.limits.iter().any(|l| l.scope == scope)
}

/// Keeps of `own` (the account of payer and member, and what its authorizations drew elsewhere) and
/// of `peer` (the peer's units at the payer) what a decision about `day` needs.
pub fn select(
    pack: &Pack,
    episodes: &[EpisodeFact],
    authorizations: &[AuthorizationFact],
    day: NaiveDate,
    (own, peer): (&[&Usage], &[&Usage]),
) -> Selected {
    let calendar = Calendar { week_start: pack.week_start, episodes };
    let mut anchors = Vec::new();
    let of = |scope| Kept { pack, scope, calendar, authorizations };
    let usage = of(LimitScope::MemberAndOrganization).keep(day, own, &mut anchors);
    let peer_usage = of(LimitScope::Peer).keep(day, peer, &mut anchors);
    Selected { usage, peer_usage, anchors }
}

/// Something with a window.
#[derive(Clone, Copy)]
pub(super) enum Windowed<'a> {
    Limit(&'a Limit),
    Free(&'a AuthorizationRule, &'a Window),
}

impl<'a> Windowed<'a> {
    pub(super) fn window(self) -> &'a Window {
        match self {
            Self::Limit(limit) => &limit.window,
            Self::Free(_, window) => window,
        }
    }

    /// Whether it begins with a first service.
    pub(super) fn begins(self) -> bool {
        matches!(self.window(), Window::ConsecutiveDays { .. })
    }

    pub(super) fn services(self) -> &'a [Key] {
        match self {
            Self::Limit(limit) => &limit.services,
            Self::Free(rule, _) => &rule.services,
        }
    }

    fn counts(self, usage: &Usage) -> bool {
        match self {
            Self::Limit(limit) => limit.counts(&usage.service, usage.how.as_ref()),
            Self::Free(rule, _) => rule.counts_free(usage),
        }
    }

    fn anchor(self, day: NaiveDate) -> Anchor {
        let (kind, key) = match self {
            Self::Limit(limit) => (RemainingKind::Limit, &limit.key),
            Self::Free(rule, _) => (RemainingKind::Free, &rule.key),
        };
        Anchor { kind, key: key.clone(), day }
    }
}

/// The windows in which a pack counts units in a scope: of limits, and of free units.
pub(super) fn windows(pack: &Pack, scope: LimitScope) -> impl Iterator<Item = Windowed<'_>> {
    let limits = pack.limits.iter().filter(move |l| l.scope == scope).map(Windowed::Limit);
    let free = pack.authorizations.iter().filter_map(move |rule| match &rule.need {
        AuthorizationNeed::After { window, .. } if scope == LimitScope::default() => {
            Some(Windowed::Free(rule, window))
        }
        _ => None,
    });
    limits.chain(free)
}

/// Windows of the modes of other visits (RK58).
fn looked_at(pack: &Pack, scope: LimitScope) -> impl Iterator<Item = (&Condition, Window)> {
    let own = scope == LimitScope::default();
    let of_modes = pack.conditions.iter().filter(move |c| own && c.demand.looks_at_modes());
    of_modes.filter_map(|c| Some((c, c.demand.window()?)))
}

/// What usage of a scope is summed by.
#[derive(Clone, Copy)]
struct Kept<'a> {
    pack: &'a Pack,
    scope: LimitScope,
    calendar: Calendar<'a>,
    authorizations: &'a [AuthorizationFact],
}

impl<'a> Kept<'a> {
    fn keep(self, day: NaiveDate, rows: &[&'a Usage], anchors: &mut Vec<Anchor>) -> Vec<Usage> {
        let buckets = self.buckets(day, rows, anchors);
        let asks_how = self.asks_how();
        let mut sums: BTreeMap<Alike<'a>, (NaiveDate, i64)> = BTreeMap::new();
        for row in rows.iter().filter(|u| u.authorization.is_some() || buckets.contain(u.date)) {
            let how = row.how.as_ref().filter(|_| asks_how);
            let of_row = (buckets.of(row.date), &row.service, row.authorization, how);
            let alike = (of_row, self.is_good(row));
            let (first, units) = sums.entry(alike).or_insert((row.date, 0));
            *first = row.date.min(*first);
            *units = units.saturating_add(row.units);
        }
        let usage = |((of_row, _), (date, units)): (Alike<'a>, (NaiveDate, i64))| {
            let (_, service, authorization, how) = of_row;
            Usage { service: service.clone(), date, authorization, how: how.cloned(), units }
        };
        sums.into_iter().map(usage).filter(|u| u.units != 0).collect()
    }

    fn buckets(self, day: NaiveDate, rows: &[&Usage], anchors: &mut Vec<Anchor>) -> Buckets {
        let (pack, scope) = (self.pack, self.scope);
        let mut buckets = Buckets::default();
        for windowed in windows(pack, scope) {
            let counted = || {
                let counts = rows.iter().filter(|u| windowed.counts(u));
                Daily::new(counts.map(|u| (u.date, u.units)))
            };
            let anchor = buckets.add(windowed.window(), self.calendar, day, counted);
            anchors.extend(anchor.map(|day| windowed.anchor(day)));
        }
        for (condition, window) in looked_at(pack, scope) {
            let counted = || {
                let counts = rows.iter().filter(|u| condition.services.contains(&u.service));
                Daily::new(counts.map(|u| (u.date, u.units)))
            };
            // No anchor is kept: these windows stand still or roll.
            buckets.add(&window, self.calendar, day, counted);
        }
        buckets
    }

    fn asks_how(self) -> bool {
        let (pack, scope) = (self.pack, self.scope);
        let of_limit =
            |l: &Limit| l.scope == scope && !(l.modifiers.is_empty() && l.modes.is_empty());
        let own = scope == LimitScope::default();
        pack.limits.iter().any(of_limit)
            || (own && pack.authorizations.iter().any(|a| !a.modifiers.is_empty()))
            || looked_at(pack, scope).next().is_some()
    }

    /// Whether its authorization covers the day: what one covers is not summed with what it does not.
    fn is_good(self, row: &Usage) -> bool {
        let covers = |a: &AuthorizationFact| {
            Some(a.id) == row.authorization && a.is_for(&row.service, row.date)
        };
        self.authorizations.iter().any(covers)
    }
}

/// What rows have in common that are summed.
type Alike<'a> = (OfRow<'a>, bool);

type OfRow<'a> = (Bucket, &'a Key, Option<AuthorizationId>, Option<&'a How>);
