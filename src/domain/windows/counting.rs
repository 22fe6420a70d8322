//! What is used in the windows that an addition must fit.

use chrono::NaiveDate;

use super::Window;
use super::calendar::{Calendar, Days, earlier, last_rolling_end, later, rolling_start};
use super::consecutive::Chain;

/// Units by day, for sums over any days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daily {
    days: Vec<NaiveDate>,
    /// Units up to and with each day.
    sums: Vec<i64>,
}

/// A window with what is used in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its days.
    pub days: Days,
    /// Units drawn in them.
    pub units: i64,
    /// Whether it contains the day asked for; a consecutive one may only be moved by it.
    pub holds_day: bool,
}

impl Daily {
    /// From units under dates, in any order. Days without units are no days of service.
    pub fn new(units: impl IntoIterator<Item = (NaiveDate, i64)>) -> Self {
        let mut by_day: Vec<(NaiveDate, i64)> = units.into_iter().collect();
        by_day.sort_unstable_by_key(|(day, _)| *day);
        by_day.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(later.1);
            }
            same
        });
        let (mut days, mut sums, mut sum) = (Vec::new(), Vec::new(), 0i64);
        for (day, units) in by_day.into_iter().filter(|(_, units)| *units > 0) {
            sum = sum.saturating_add(units);
            days.push(day);
            sums.push(sum);
        }
        Self { days, sums }
    }

    fn before(&self, day: NaiveDate) -> i64 {
        let count = self.days.partition_point(|d| *d < day);
        count.checked_sub(1).and_then(|last| self.sums.get(last)).copied().unwrap_or(0)
    }

    /// Units in these days.
    pub fn sum(&self, days: Days) -> i64 {
        let until = days.to.and_then(|to| to.succ_opt());
        let upper = until.map_or(self.sums.last().copied().unwrap_or(0), |end| self.before(end));
        upper.saturating_sub(days.from.map_or(0, |from| self.before(from)))
    }

    /// Days of service.
    pub(super) fn days(&self) -> &[NaiveDate] {
        &self.days
    }

    /// Days of service after `after`, up to `to`.
    fn days_in(&self, after: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> + '_ {
        let skipped = self.days.partition_point(|d| *d <= after);
        self.days.iter().skip(skipped).copied().take_while(move |d| *d <= to)
    }

    fn counted(&self, days: Days, holds_day: bool) -> Counted {
        Counted { days, units: self.sum(days), holds_day }
    }
}

impl Window {
    /// The windows that units added on `day` must fit, with what `daily` says is used in each; empty
    /// when there is none (no episode covers the day).
    ///
    /// Of the rolling ones only those are given in which most can be used: the one that ends on
    /// `day`, and those that end on a later day of service. Any other ends between two of these
    /// days, holds no more at its end and loses nothing less at its start.
    pub fn touched(&self, calendar: Calendar<'_>, day: NaiveDate, daily: &Daily) -> Vec<Counted> {
        match self {
            Self::RollingMonths { length } => {
                rolling(day, last_rolling_end(day, *length), daily, |end| {
                    rolling_start(end, *length)
                })
            }
            Self::RollingDays { length } => {
                let others = length.saturating_sub(1);
                rolling(day, later(day, others), daily, |end| earlier(end, others))
            }
            Self::ConsecutiveDays { length } => {
                let chain = Chain::new(daily.days(), *length, day);
                let touched = chain.touched().into_iter();
                touched.map(|(days, holds)| daily.counted(days, holds)).collect()
            }
            fixed => {
                let around = fixed.fixed(calendar, day).into_iter();
                around.map(|days| daily.counted(days, true)).collect()
            }
        }
    }
}

fn rolling(
    day: NaiveDate,
    last: NaiveDate,
    daily: &Daily,
    start: impl Fn(NaiveDate) -> NaiveDate,
) -> Vec<Counted> {
    let ends = std::iter::once(day).chain(daily.days_in(day, last));
    ends.map(|end| daily.counted(Days::new(start(end), end), true)).collect()
}
