//! Where windows lie: those that stand still on the calendar, and how far the others reach.

use chrono::{Datelike, Days as Count, Months, NaiveDate};

use super::Window;
use crate::domain::dates::WeekStart;
use crate::domain::facts::EpisodeFact;

/// What windows are laid out by, besides the date.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    /// First day of the payer's week.
    pub week_start: WeekStart,
    /// The member's episodes at the payer.
    pub episodes: &'a [EpisodeFact],
}

/// Days in a row; without an end on either side, open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

impl Days {
    /// All days.
    pub const ALL: Self = Self { from: None, to: None };

    /// From one day to another, both included.
    pub const fn new(from: NaiveDate, to: NaiveDate) -> Self {
        Self { from: Some(from), to: Some(to) }
    }

    /// Whether the day lies in them.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The days from the first to the last of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            from: self.from.zip(other.from).map(|(a, b)| a.min(b)),
            to: self.to.zip(other.to).map(|(a, b)| a.max(b)),
        }
    }

    /// The days that lie in both.
    #[must_use]
    fn meet(self, other: Self) -> Self {
        let last = match (self.to, other.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { from: self.from.max(other.from), to: last }
    }

    /// In a sentence after "used": "on 2026-07-01", "from … to …", "so far".
    pub fn words(&self) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => format!("on {from}"),
            (Some(from), Some(to)) => format!("from {from} to {to}"),
            (Some(from), None) => format!("since {from}"),
            (None, Some(to)) => format!("up to {to}"),
            (None, None) => "so far".to_owned(),
        }
    }
}

/// The day `count` days later; the calendar's end where there is none.
pub(super) fn later(day: NaiveDate, count: u32) -> NaiveDate {
    day.checked_add_days(Count::new(u64::from(count))).unwrap_or(NaiveDate::MAX)
}

/// The day `count` days earlier.
pub(super) fn earlier(day: NaiveDate, count: u32) -> NaiveDate {
    day.checked_sub_days(Count::new(u64::from(count))).unwrap_or(NaiveDate::MIN)
}

/// The first day of the rolling window of months that ends on `end`: the day after `end` less the
/// months, whose day is cut to the month's end (31 August less 6 months is 28 or 29 February).
pub(super) fn rolling_start(end: NaiveDate, months: u32) -> NaiveDate {
    let before = end.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN);
    before.succ_opt().unwrap_or(end)
}

/// The last end of a rolling window of months that still contains `day`.
pub(super) fn last_rolling_end(day: NaiveDate, months: u32) -> NaiveDate {
    let mut end = day.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
    // Where the day was not cut to a month's end, that very day does not contain it any more.
    while rolling_start(end, months) > day {
        end = earlier(end, 1);
    }
    end
}

impl Window {
    /// The windows around `day` that stand still on the calendar; none for rolling and consecutive
    /// ones, and for episodes none that does not cover the day.
    pub fn fixed(&self, calendar: Calendar<'_>, day: NaiveDate) -> Vec<Days> {
        match self {
            Self::Day => vec![Days::new(day, day)],
            Self::Week => {
                let first = earlier(day, calendar.week_start.days_since(day));
                vec![Days::new(first, later(first, 6))]
            }
            Self::Month => vec![months_from(day, day.month(), 1)],
            Self::Quarter => vec![months_from(day, (day.month() - 1) / 3 * 3 + 1, 3)],
            Self::CalendarYear => vec![months_from(day, 1, 12)],
            Self::FiscalYear { first_month } => vec![months_from(day, *first_month, 12)],
            Self::EpisodeYear { first_month, episode } => {
                let year = months_from(day, *first_month, 12);
                let care = Self::Episode { episode: episode.clone() };
                let cut = care.fixed(calendar, day).into_iter().map(|days| days.meet(year));
                cut.collect()
            }
            Self::Episode { episode } => {
                let kind = |e: &&EpisodeFact| episode.as_ref().is_none_or(|kind| *kind == e.kind);
                let covering = calendar.episodes.iter().filter(kind).map(|e| e.span);
                let mut days: Vec<Days> = covering
                    .filter(|span| span.covers(day))
                    .map(|span| Days { from: Some(span.from), to: span.to })
                    .collect();
                days.sort_unstable();
                days.dedup();
                days
            }
            Self::Lifetime => vec![Days::ALL],
            Self::RollingMonths { .. }
            | Self::RollingDays { .. }
            | Self::ConsecutiveDays { .. } => {
                vec![]
            }
        }
    }

    /// The first and last day that any window around `day` can contain; none without an episode.
    pub fn reach(&self, calendar: Calendar<'_>, day: NaiveDate) -> Option<Days> {
        match self {
            Self::RollingMonths { length } => {
                let ends = last_rolling_end(day, *length);
                Some(Days::new(rolling_start(day, *length), ends))
            }
            Self::RollingDays { length } => {
                let others = length.saturating_sub(1);
                Some(Days::new(earlier(day, others), later(day, others)))
            }
            // Where a window begins depends on the one before it, back to the first service.
            Self::ConsecutiveDays { .. } => Some(Days::ALL),
            fixed => fixed.fixed(calendar, day).into_iter().reduce(Days::join),
        }
    }
}

/// The `length` months that begin with a `first` month of the year and contain `day`.
fn months_from(day: NaiveDate, first: u32, length: u32) -> Days {
    let year = if day.month() < first { day.year() - 1 } else { day.year() };
    let from = NaiveDate::from_ymd_opt(year, first, 1).unwrap_or(day);
    let next = from.checked_add_months(Months::new(length));
    Days::new(from, next.and_then(|n| n.pred_opt()).unwrap_or(day))
}
