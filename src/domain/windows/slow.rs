//! A slow, obvious recount of windows, for tests: day by day, with a calendar of its own.
//!
//! Shares nothing with the fast rules. Units are one date each; caps are in tenths of a unit. API
//! tests include this file, too, and hold the service's answers against it.

use chrono::{Datelike, NaiveDate};

/// A window, said plainly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slow {
    Day,
    /// How many days after Monday it begins.
    Week(i32),
    Month,
    Quarter,
    Year,
    /// First month.
    Fiscal(u32),
    Months(u32),
    Days(u32),
    Consecutive(u32),
    /// Episodes.
    Spans(Vec<(NaiveDate, NaiveDate)>),
    Lifetime,
}

/// First and last day of a window.
pub type Days = (NaiveDate, NaiveDate);

fn plus(day: NaiveDate, days: i64) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day.num_days_from_ce() + i32::try_from(days).unwrap())
        .unwrap()
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day so many months earlier, cut to the month's end.
pub fn less_months(day: NaiveDate, months: u32) -> NaiveDate {
    let (mut year, mut month) = (day.year(), day.month());
    for _ in 0..months {
        (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    }
    let cut = day.day().min(days_in_month(year, month));
    NaiveDate::from_ymd_opt(year, month, cut).unwrap()
}

/// What days of one window have in common, for windows that tile the calendar.
fn tile(window: &Slow, day: NaiveDate) -> Option<(i32, u32)> {
    let (year, month) = (day.year(), day.month());
    match window {
        Slow::Day => Some((day.num_days_from_ce(), 0)),
        // 1 January of the year 1 was a Monday.
        Slow::Week(first) => Some(((day.num_days_from_ce() - 1 - first).div_euclid(7), 0)),
        Slow::Month => Some((year, month)),
        Slow::Quarter => Some((year, 1 + (month - 1) / 3)),
        Slow::Year => Some((year, 0)),
        Slow::Fiscal(first) => Some((if month >= *first { year } else { year - 1 }, 0)),
        _ => None,
    }
}

/// All consecutive windows over some days of service, walked through from the first.
fn consecutive(units: &[NaiveDate], length: u32) -> Vec<Days> {
    let mut days = units.to_vec();
    days.sort_unstable();
    let mut windows: Vec<Days> = vec![];
    for day in days {
        let inside = windows.last().is_some_and(|(_, last)| day <= *last);
        if !inside {
            windows.push((day, plus(day, i64::from(length) - 1)));
        }
    }
    windows
}

/// All windows that contain `on`, were there a unit on it.
pub fn containing(window: &Slow, units: &[NaiveDate], on: NaiveDate) -> Vec<Days> {
    let around = 400 * 11;
    match window {
        Slow::Lifetime => vec![(plus(on, -around), plus(on, around))],
        Slow::Spans(spans) => {
            let mut found: Vec<Days> =
                spans.iter().copied().filter(|(from, to)| *from <= on && on <= *to).collect();
            found.sort_unstable();
            found.dedup();
            found
        }
        Slow::Days(length) => (0..i64::from(*length))
            .map(|later| plus(on, later))
            .map(|end| (plus(end, 1 - i64::from(*length)), end))
            .collect(),
        Slow::Months(length) => (0..i64::from(*length) * 31 + 5)
            .map(|later| plus(on, later))
            .map(|end| (plus(less_months(end, *length), 1), end))
            .filter(|(from, _)| *from <= on)
            .collect(),
        Slow::Consecutive(length) => {
            let with = [units, &[on]].concat();
            let all = consecutive(&with, *length);
            all.into_iter().filter(|(from, to)| *from <= on && on <= *to).collect()
        }
        tiled => {
            let same = |day: NaiveDate| tile(tiled, day) == tile(tiled, on);
            let (mut from, mut to) = (on, on);
            while same(plus(from, -1)) {
                from = plus(from, -1);
            }
            while same(plus(to, 1)) {
                to = plus(to, 1);
            }
            vec![(from, to)]
        }
    }
}

fn used(units: &[NaiveDate], days: Days) -> i64 {
    let inside = units.iter().filter(|day| days.0 <= **day && **day <= days.1);
    10 * i64::try_from(inside.count()).unwrap()
}

/// What is left on a day, in tenths of a unit: the least over all windows that contain it. None
/// when there is none.
pub fn left(window: &Slow, cap: i64, units: &[NaiveDate], on: NaiveDate) -> Option<i64> {
    let windows = containing(window, units, on);
    windows.into_iter().map(|days| cap - used(units, days)).min()
}

/// The consecutive windows that a unit on a day moves and that do not contain it.
fn moved(window: &Slow, units: &[NaiveDate], on: NaiveDate) -> Vec<Days> {
    let Slow::Consecutive(length) = window else { return vec![] };
    let before = consecutive(units, *length);
    let after = consecutive(&[units, &[on]].concat(), *length);
    let elsewhere = after.into_iter().filter(|(from, to)| on < *from || *to < on);
    elsewhere.filter(|days| !before.contains(days)).collect()
}

/// Whether a unit on a day lies in a window at all, and moves others only into windows that hold
/// them.
pub fn moves_well(window: &Slow, cap: i64, units: &[NaiveDate], on: NaiveDate) -> bool {
    !containing(window, units, on).is_empty()
        && moved(window, units, on).into_iter().all(|days| used(units, days) <= cap)
}

/// Whether so many units more on a day fit every window that contains it, and every consecutive
/// window that they move.
pub fn fits(window: &Slow, cap: i64, units: &[NaiveDate], on: NaiveDate, more: usize) -> bool {
    let more = 10 * i64::try_from(more).unwrap();
    moves_well(window, cap, units, on)
        && left(window, cap, units, on).is_some_and(|left| more <= left)
}

/// Whether no window anywhere holds more than the cap.
pub fn kept(window: &Slow, cap: i64, units: &[NaiveDate]) -> bool {
    let mut days = units.to_vec();
    days.sort_unstable();
    days.dedup();
    days.iter().all(|on| left(window, cap, units, *on).is_none_or(|left| left >= 0))
}
