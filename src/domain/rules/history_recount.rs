//! The recount of `history_tests.rs`: what a contract lets be billed, unit by unit and day by day.

use chrono::{Datelike, Days, NaiveDate};

use super::history_world::{Cap, Contract, KINDS, Visit};
use super::testing::{d, key};
use crate::domain::codes::Mode;
use crate::domain::contract::{AuthorizationNeed, Exceed, LimitScope};
use crate::domain::dates::WeekStart;
use crate::domain::windows::Window;
use crate::domain::windows::slow::{self, Slow};

/// The histories cross a year's end, a leap day and the ends of months.
const FIRST_DAY: &str = "2027-12-20";

/// One billed unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    pub org: usize,
    pub member: usize,
    pub peer: usize,
    pub service: usize,
    pub mode: Mode,
    pub day: NaiveDate,
    pub grant: Option<usize>,
}

pub fn day(index: u64) -> NaiveDate {
    d(FIRST_DAY).checked_add_days(Days::new(index)).unwrap()
}

pub fn days<'a>(units: impl IntoIterator<Item = &'a Unit>) -> Vec<NaiveDate> {
    units.into_iter().map(|u| u.day).collect()
}

/// Spans cut at the first day of a month of every year.
fn by_fiscal_year(
    spans: &[(NaiveDate, NaiveDate)],
    first_month: u32,
) -> Vec<(NaiveDate, NaiveDate)> {
    let mut pieces = Vec::new();
    for (from, to) in spans {
        let mut start = *from;
        for day in from.iter_days().skip(1).take_while(|d| d <= to) {
            if (day.month(), day.day()) == (first_month, 1) {
                pieces.push((start, day.pred_opt().unwrap()));
                start = day;
            }
        }
        pieces.push((start, *to));
    }
    pieces
}

impl Contract {
    pub fn slow(&self, window: &Window) -> Slow {
        let span = |(_, from, to): &(usize, u64, u64)| (day(*from), day(*to));
        match window {
            Window::Day => Slow::Day,
            Window::Week => {
                let first = WeekStart::ALL.iter().position(|day| *day == self.week);
                Slow::Week(i32::try_from(first.unwrap()).unwrap())
            }
            Window::Month => Slow::Month,
            Window::Quarter => Slow::Quarter,
            Window::CalendarYear => Slow::Year,
            Window::FiscalYear { first_month } => Slow::Fiscal(*first_month),
            Window::RollingMonths { length } => Slow::Months(*length),
            Window::RollingDays { length } => Slow::Days(*length),
            Window::ConsecutiveDays { length } => Slow::Consecutive(*length),
            Window::Episode { episode: None } => {
                Slow::Spans(self.episodes.iter().map(span).collect())
            }
            Window::Episode { episode: Some(kind) } => {
                let of_kind = self.episodes.iter().filter(|e| key(KINDS[e.0]) == *kind);
                Slow::Spans(of_kind.map(span).collect())
            }
            Window::EpisodeYear { first_month, episode } => {
                let care = self.slow(&Window::Episode { episode: episode.clone() });
                let Slow::Spans(spans) = care else { unreachable!("an episode is spans") };
                Slow::Spans(by_fiscal_year(&spans, *first_month))
            }
            Window::Lifetime => Slow::Lifetime,
        }
    }

    /// The units that a cap counts together with those of a visit.
    pub fn counted<'a>(cap: &Cap, of: &Visit, ledger: &'a [Unit]) -> Vec<&'a Unit> {
        let same = |u: &&Unit| match cap.scope {
            LimitScope::MemberAndOrganization => (u.org, u.member) == (of.org, of.member),
            LimitScope::Member => u.member == of.member,
            LimitScope::Peer => (u.org, u.peer) == (of.org, of.peer),
        };
        ledger.iter().filter(same).filter(|u| cap.takes(u.service, u.mode)).collect()
    }

    pub fn unauthorized<'a>(&self, of: &Visit, ledger: &'a [Unit]) -> Vec<&'a Unit> {
        let (org, member) = (of.org, of.member);
        ledger
            .iter()
            .filter(|u| (u.org, u.member) == (org, member))
            .filter(|u| u.grant.is_none() && self.need_for.contains(&u.service))
            .collect()
    }

    /// The most of `count` units that need no authorization.
    fn free(&self, visit: &Visit, ledger: &[Unit], count: usize) -> usize {
        let on = day(visit.day);
        let mut free = count;
        let fitting = |window: &Slow, cap: i64, units: &[NaiveDate]| {
            (1..=count).rev().find(|n| slow::fits(window, cap, units, on, *n)).unwrap_or(0)
        };
        if let Some(need) = self.need.as_ref().filter(|_| self.need_for.contains(&visit.service)) {
            free = free.min(match need {
                AuthorizationNeed::Never => count,
                AuthorizationNeed::Always => 0,
                AuthorizationNeed::After { free_units, window } => {
                    let units = days(self.unauthorized(visit, ledger));
                    fitting(&self.slow(window), 10 * i64::from(*free_units), &units)
                }
            });
        }
        for cap in self.caps.iter().filter(|c| c.exceed == Exceed::Authorization) {
            if cap.takes(visit.service, visit.mode) {
                let units = days(Self::counted(cap, visit, ledger));
                free = free.min(fitting(&self.slow(&cap.window), cap.tenths, &units));
            }
        }
        free
    }

    fn grant_fits(&self, grant: usize, visit: &Visit) -> bool {
        let Some(grant) = self.grants.get(grant) else { return false };
        grant.from <= visit.day
            && grant.to.is_none_or(|to| visit.day <= to)
            && (grant.services.is_empty() || grant.services.contains(&visit.service))
    }

    /// The authorizations that a visit may draw on, in order.
    fn grants_for(&self, visit: &Visit) -> Vec<usize> {
        let fitting = |g: &usize| self.grant_fits(*g, visit);
        if let Some(named) = visit.named {
            return Some(named).filter(fitting).into_iter().collect();
        }
        let mut all: Vec<usize> = (0..self.grants.len()).filter(fitting).collect();
        all.sort_by_key(|g| (self.grants[*g].to.map_or(u64::MAX, |to| to), *g));
        all
    }

    /// The units that billing `count` of the visit would add to the ledger, or nothing when that
    /// breaks an authorization: unit by unit, each from the first that has one left.
    fn adding(&self, visit: &Visit, ledger: &[Unit], count: usize) -> Option<Vec<Unit>> {
        let unit = |grant| Unit {
            org: visit.org,
            member: visit.member,
            peer: visit.peer,
            service: visit.service,
            mode: visit.mode,
            day: day(visit.day),
            grant,
        };
        let mine = |u: &&Unit| (u.org, u.member) == (visit.org, visit.member);
        let mut added = vec![unit(None); self.free(visit, ledger, count)];
        while added.len() < count {
            let has_one = |g: &&usize| {
                let drawn = ledger.iter().chain(&added).filter(mine);
                let drawn = drawn.filter(|u| u.grant == Some(**g)).count();
                drawn < usize::try_from(self.grants[**g].units).unwrap()
            };
            let grants = self.grants_for(visit);
            let first = *grants.iter().find(has_one)?;
            let before = added.last().and_then(|u| u.grant);
            if !self.line_level && before.is_some_and(|b| b != first) {
                return None;
            }
            added.push(unit(Some(first)));
        }
        Some(added)
    }

    fn all(
        &self,
        visit: &Visit,
        ledger: &[Unit],
        fits: impl Fn(&Cap, &Slow, &[NaiveDate]) -> bool,
    ) -> bool {
        let takes = |cap: &&Cap| cap.takes(visit.service, visit.mode);
        self.caps.iter().filter(takes).all(|cap| {
            let units = days(Self::counted(cap, visit, ledger));
            fits(cap, &self.slow(&cap.window), &units)
        })
    }

    /// The most that may be billed: the largest number that every cut lets through, or nothing
    /// when a hold limit then says no.
    pub fn most(&self, visit: &Visit, ledger: &[Unit]) -> Vec<Unit> {
        let on = day(visit.day);
        (1..=usize::try_from(visit.units).unwrap())
            .rev()
            .filter_map(|count| self.adding(visit, ledger, count))
            .find(|added| {
                self.all(visit, ledger, |cap, window, units| {
                    !self.cuts(cap) || slow::fits(window, cap.tenths, units, on, added.len())
                })
            })
            .filter(|added| {
                self.all(visit, ledger, |cap, window, units| match cap.exceed {
                    Exceed::BillUpTo => true,
                    Exceed::Necessity if !self.needed => true,
                    Exceed::Authorization | Exceed::Necessity => {
                        slow::moves_well(window, cap.tenths, units, on)
                    }
                    Exceed::Hold | Exceed::Never => {
                        slow::fits(window, cap.tenths, units, on, added.len())
                    }
                })
            })
            .unwrap_or_default()
    }
}
