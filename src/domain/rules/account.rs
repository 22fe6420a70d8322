//! What others have drawn: sums over the usage that the facts hold, in the windows of the contract.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::usage::Selected;
use crate::domain::codes::Mode;
use crate::domain::contract::{AuthorizationRule, Limit, LimitScope, Pack};
use crate::domain::decision::RemainingKind;
use crate::domain::facts::{Anchor, AuthorizationFact, EpisodeFact, Facts, Usage};
use crate::domain::identifiers::Key;
use crate::domain::windows::{Calendar, Counted, Daily, Days, Window};

/// Usage, read with the contract's windows.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    calendar: Calendar<'a>,
    usage: &'a [Usage],
    peer_usage: &'a [Usage],
    anchors: &'a [Anchor],
}

/// Where a limit or free allotment stands for an addition on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The window around the day with the least room.
    pub days: Days,
    /// Units drawn in it.
    pub used: i64,
    /// What is left in it; may be negative.
    pub left: Decimal,
    /// A window that holds too much once this addition moves it (consecutive days only).
    pub moved: Option<Days>,
}

impl<'a> Account<'a> {
    /// What the facts of a decision say.
    pub fn of(pack: &Pack, facts: &'a Facts) -> Self {
        Self {
            calendar: Calendar { week_start: pack.week_start, episodes: &facts.episodes },
            usage: &facts.usage,
            peer_usage: &facts.peer_usage,
            anchors: &facts.anchors,
        }
    }

    /// What was selected without an encounter.
    pub fn selected(pack: &Pack, episodes: &'a [EpisodeFact], selected: &'a Selected) -> Self {
        Self {
            calendar: Calendar { week_start: pack.week_start, episodes },
            usage: &selected.usage,
            peer_usage: &selected.peer_usage,
            anchors: &selected.anchors,
        }
    }

    /// Where a limit stands on a day; none when its window is an episode and none covers the day.
    pub fn limit(&self, limit: &Limit, day: NaiveDate) -> Option<Standing> {
        Standing::of(self.windows(limit, day), limit.units)
    }

    /// Whole units that fit a limit on a day beside what others have without an authorization that is good: in each
    /// window that it stands in now. None where other visits would be moved.
    pub fn uncovered_room(
        &self,
        limit: &Limit,
        day: NaiveDate,
        authorizations: &[AuthorizationFact],
    ) -> u32 {
        let counted: Vec<&Usage> = self.counted(limit).collect();
        let bare = daily(counted.iter().copied().filter(|u| u.authorization.is_none()), None);
        self.room_beside(limit, day, |days| {
            bare.sum(days).saturating_add(self.lost(&counted, authorizations, days))
        })
    }

    /// Whole units that fit a limit beside what `used` says of each window that it stands in now; none where other
    /// visits would be moved.
    fn room_beside(&self, limit: &Limit, day: NaiveDate, used: impl Fn(Days) -> i64) -> u32 {
        let windows = self.windows(limit, day);
        if Standing::of(windows.clone(), limit.units).is_none_or(|at| at.moved.is_some()) {
            return 0;
        }
        let around = windows.into_iter().filter(|window| window.holds_day);
        let filled = around.map(|window| Counted { units: used(window.days), ..window });
        Standing::of(filled.collect(), limit.units).map_or(0, |at| at.room())
    }

    /// Units of some days whose authorization is good no more: it does not cover their day or service, or more is
    /// drawn on it than it grants. One that is not at hand is another member's, and none of this one's business.
    fn lost(&self, counted: &[&Usage], authorizations: &[AuthorizationFact], days: Days) -> i64 {
        authorizations.iter().fold(0, |sum, a| {
            let drawn = |good: bool| {
                let on = counted.iter().copied().filter(|u| u.authorization == Some(a.id));
                daily(on.filter(|u| a.is_for(&u.service, u.date) == good), None).sum(days)
            };
            let over = self.left(a).min(0).saturating_neg();
            sum.saturating_add(drawn(false)).saturating_add(drawn(true).min(over))
        })
    }

    fn counted(&self, limit: &Limit) -> impl Iterator<Item = &'a Usage> {
        let usage = match limit.scope {
            LimitScope::Peer => self.peer_usage,
            LimitScope::MemberAndOrganization | LimitScope::Member => self.usage,
        };
        let anchor = self.anchor(RemainingKind::Limit, &limit.key);
        let after = move |u: &&Usage| anchor.is_none_or(|anchor| anchor <= u.date);
        usage.iter().filter(|u| limit.counts(&u.service, u.how.as_ref())).filter(after)
    }

    fn windows(&self, limit: &Limit, day: NaiveDate) -> Vec<Counted> {
        let daily = daily(self.counted(limit), None);
        limit.window.touched(self.calendar, day, &daily)
    }

    /// Where the free units of a rule stand on a day: what no authorization covered is counted.
    pub fn free(
        &self,
        rule: &AuthorizationRule,
        units: u32,
        window: &Window,
        day: NaiveDate,
    ) -> Option<Standing> {
        let anchor = self.anchor(RemainingKind::Free, &rule.key);
        let daily = daily(self.usage.iter().filter(|u| rule.counts_free(u)), anchor);
        Standing::of(window.touched(self.calendar, day, &daily), Decimal::from(units))
    }

    /// Free units of a rule that are left on a day beside what others have without an authorization, or with one that
    /// is good no more: else both would have them.
    pub fn free_room(
        &self,
        rule: &AuthorizationRule,
        units: u32,
        window: &Window,
        day: NaiveDate,
        authorizations: &[AuthorizationFact],
    ) -> u32 {
        let counted: Vec<&Usage> = self.usage.iter().filter(|u| rule.counts(u)).collect();
        let of = |a: &AuthorizationFact, u: &Usage| {
            u.authorization == Some(a.id) && (self.left(a) < 0 || !a.is_for(&u.service, u.date))
        };
        if !authorizations.iter().any(|a| counted.iter().any(|u| of(a, u))) {
            return self.free(rule, units, window, day).map_or(0, |at| at.room());
        }
        let anchor = self.anchor(RemainingKind::Free, &rule.key);
        let bare = daily(counted.iter().copied().filter(|u| u.authorization.is_none()), anchor);
        let windows = if matches!(window, Window::ConsecutiveDays { .. }) {
            // They begin with what no authorization ever covered.
            window.touched(self.calendar, day, &bare)
        } else {
            // A rolling one may end on a day of what was covered once.
            window.touched(self.calendar, day, &daily(counted.iter().copied(), None))
        };
        let used = |days: Days, holds_day: bool| {
            let lost = if holds_day { self.lost(&counted, authorizations, days) } else { 0 };
            bare.sum(days).saturating_add(lost)
        };
        let filled = windows.into_iter().map(|w| Counted { units: used(w.days, w.holds_day), ..w });
        Standing::of(filled.collect(), Decimal::from(units)).map_or(0, |at| at.room())
    }

    /// Units of services in each window around a day that stands still: those given in certain modes
    /// or in a mode that nobody knows, and all.
    pub fn parts(
        &self,
        services: &[Key],
        window: &Window,
        day: NaiveDate,
        of: impl Fn(Mode) -> bool,
    ) -> Vec<(i64, i64)> {
        let of_services = || self.usage.iter().filter(|u| services.contains(&u.service));
        let part = |u: &&Usage| u.how.as_ref().is_none_or(|how| of(how.mode));
        let (part, all) = (daily(of_services().filter(part), None), daily(of_services(), None));
        let windows = window.fixed(self.calendar, day).into_iter();
        windows.map(|days| (part.sum(days), all.sum(days))).collect()
    }

    fn anchor(&self, kind: RemainingKind, key: &Key) -> Option<NaiveDate> {
        self.anchors.iter().find(|a| a.kind == kind && a.key == *key).map(|a| a.day)
    }

    /// Units ever drawn on an authorization.
    pub fn drawn(&self, authorization: &AuthorizationFact) -> i64 {
        let drawn = self.usage.iter().filter(|u| u.authorization == Some(authorization.id));
        drawn.fold(0, |sum, u| sum.saturating_add(u.units))
    }

    /// Units left of an authorization; negative when its grant shrank.
    pub fn left(&self, authorization: &AuthorizationFact) -> i64 {
        i64::from(authorization.units).saturating_sub(self.drawn(authorization))
    }
}

fn daily<'u>(usage: impl Iterator<Item = &'u Usage>, anchor: Option<NaiveDate>) -> Daily {
    let after = |u: &&Usage| anchor.is_none_or(|anchor| anchor <= u.date);
    Daily::new(usage.filter(after).map(|u| (u.date, u.units)))
}

impl Standing {
    /// Of the windows that an addition must fit, under a cap.
    pub fn of(windows: Vec<Counted>, cap: Decimal) -> Option<Self> {
        let left = |window: &Counted| cap.saturating_sub(Decimal::from(window.units));
        // The first of those that hold most: the one that ends soonest.
        let tightest =
            windows.iter().filter(|w| w.holds_day).min_by_key(|w| std::cmp::Reverse(w.units))?;
        let moved = windows.iter().find(|w| !w.holds_day && left(w) < Decimal::ZERO);
        Some(Self {
            days: tightest.days,
            used: tightest.units,
            left: left(tightest),
            moved: moved.map(|w| w.days),
        })
    }

    /// Whole units that fit, never below 0 (RK23: a cap of 8.5 has room for 8).
    pub fn room(&self) -> u32 {
        if self.moved.is_some() {
            return 0;
        }
        self.left.floor().max(Decimal::ZERO).to_u32().unwrap_or(u32::MAX)
    }
}

/// Whole units of a count that may be negative.
pub fn at_least_none(left: i64) -> u32 {
    u32::try_from(left.max(0)).unwrap_or(u32::MAX)
}

/// `1 unit`, `3 units`.
pub fn units_in_words(units: u32) -> String {
    if units == 1 { "1 unit".to_owned() } else { format!("{units} units") }
}
