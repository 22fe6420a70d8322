//! Windows at the calendar's odd places, and all of them against the slow recount.

use chrono::{Days as Count, NaiveDate};
use proptest::prelude::*;

use super::slow::{self, Slow};
use super::{Buckets, Calendar, Daily, Days, Window};
use crate::domain::dates::{Instant, Span, WeekStart, Zone, parse_date};
use crate::domain::facts::EpisodeFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::{EpisodeId, PayerId};

fn d(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

const MONDAYS: Calendar<'_> = Calendar { week_start: WeekStart::Monday, episodes: &[] };

/// The one window around a day that stands still.
fn around(window: &Window, day: &str) -> (String, String) {
    let found = window.fixed(MONDAYS, d(day));
    assert_eq!(found.len(), 1, "{window:?}");
    (found[0].from.unwrap().to_string(), found[0].to.unwrap().to_string())
}

fn pair(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

/// Units left of 10 on a day, after one visit of 10 units on another.
fn room(window: &Window, used_on: &str, day: &str) -> i64 {
    let daily = Daily::new([(d(used_on), 10)]);
    let windows = window.touched(MONDAYS, d(day), &daily);
    10 - windows.iter().map(|w| w.units).max().unwrap()
}

#[test]
fn rk19_calendar_windows_at_month_ends_and_leap_days() {
    assert_eq!(around(&Window::Month, "2028-02-29"), pair("2028-02-01", "2028-02-29"));
    assert_eq!(around(&Window::Month, "2026-12-31"), pair("2026-12-01", "2026-12-31"));
    assert_eq!(around(&Window::Quarter, "2028-02-29"), pair("2028-01-01", "2028-03-31"));
    assert_eq!(around(&Window::Quarter, "2026-12-31"), pair("2026-10-01", "2026-12-31"));
    assert_eq!(around(&Window::Week, "2026-03-01"), pair("2026-02-23", "2026-03-01"));
    assert_eq!(around(&Window::Week, "2028-01-01"), pair("2027-12-27", "2028-01-02"));
    let sundays = Calendar { week_start: WeekStart::Sunday, episodes: &[] };
    let week = Days::new(d("2026-03-01"), d("2026-03-07"));
    assert_eq!(Window::Week.fixed(sundays, d("2026-03-01")), [week]);
    // 1 March 2026 is a Sunday.
    for (start, from) in WeekStart::ALL.iter().zip(d("2026-02-23").iter_days()) {
        let calendar = Calendar { week_start: *start, episodes: &[] };
        let [week] = Window::Week.fixed(calendar, d("2026-03-01"))[..] else { panic!("one week") };
        assert_eq!(week, Days::new(from, from + chrono::Days::new(6)), "{start}");
    }
    assert_eq!(around(&Window::CalendarYear, "2028-02-29"), pair("2028-01-01", "2028-12-31"));
}

#[test]
fn rk19_fiscal_years_begin_with_their_month() {
    let year = |first_month| Window::FiscalYear { first_month };
    assert_eq!(around(&year(7), "2026-06-30"), pair("2025-07-01", "2026-06-30"));
    assert_eq!(around(&year(7), "2026-07-01"), pair("2026-07-01", "2027-06-30"));
    assert_eq!(around(&year(3), "2028-02-29"), pair("2027-03-01", "2028-02-29"));
    assert_eq!(around(&year(3), "2027-02-28"), pair("2026-03-01", "2027-02-28"));
    assert_eq!(around(&year(10), "2026-12-31"), pair("2026-10-01", "2027-09-30"));
    assert_eq!(around(&year(1), "2026-05-05"), around(&Window::CalendarYear, "2026-05-05"));
}

#[test]
fn rk19_rolling_months_are_cut_to_the_months_end() {
    let six = Window::RollingMonths { length: 6 };
    // The window that ends on 31 August begins on the day after 28 (29) February.
    assert_eq!(room(&six, "2027-02-28", "2027-08-31"), 10);
    assert_eq!(room(&six, "2027-03-01", "2027-08-31"), 0);
    assert_eq!(room(&six, "2028-02-29", "2028-08-31"), 10);
    assert_eq!(room(&six, "2028-02-29", "2028-08-28"), 0);
    // 29, 30 and 31 August all go back to the end of February.
    assert_eq!(room(&six, "2027-02-28", "2027-08-28"), 10);
    assert_eq!(room(&six, "2027-02-28", "2027-08-27"), 0);
    let one = Window::RollingMonths { length: 1 };
    assert_eq!(room(&one, "2026-02-28", "2026-03-31"), 10);
    assert_eq!(room(&one, "2026-03-01", "2026-03-31"), 0);
}

#[test]
fn rk19_an_addition_must_fit_later_windows_too() {
    let six = Window::RollingMonths { length: 6 };
    assert_eq!(room(&six, "2027-08-27", "2027-02-28"), 0, "the later visit was there first");
    assert_eq!(room(&six, "2027-08-28", "2027-02-28"), 10);
    let thirty = Window::RollingDays { length: 30 };
    assert_eq!(room(&thirty, "2026-01-30", "2026-01-01"), 0);
    assert_eq!(room(&thirty, "2026-01-31", "2026-01-01"), 10);
    assert_eq!(room(&thirty, "2026-01-01", "2026-01-30"), 0);
    assert_eq!(room(&thirty, "2026-01-01", "2026-01-31"), 10);
    // Each alone leaves room; the window from the one to the other does not.
    let daily = Daily::new([(d("2026-01-01"), 6), (d("2026-02-10"), 6)]);
    let most = |day: &str| {
        let windows = thirty.touched(MONDAYS, d(day), &daily);
        windows.iter().map(|w| w.units).max().unwrap()
    };
    assert_eq!((most("2026-01-20"), most("2026-01-11")), (6, 6));
}

#[test]
fn rk19_consecutive_days_begin_with_the_first_service_and_move_with_an_earlier_one() {
    let window = Window::ConsecutiveDays { length: 30 };
    let daily = Daily::new([(d("2026-01-20"), 5), (d("2026-02-18"), 1), (d("2026-02-19"), 5)]);
    let touched = |day: &str| -> Vec<(String, i64, bool)> {
        let windows = window.touched(MONDAYS, d(day), &daily);
        windows.iter().map(|w| (w.days.from.unwrap().to_string(), w.units, w.holds_day)).collect()
    };
    let row = |from: &str, units, holds| (from.to_owned(), units, holds);
    // Windows: 20 January to 18 February, and 19 February to 20 March.
    assert_eq!(touched("2026-01-25"), [row("2026-01-20", 6, true)]);
    assert_eq!(touched("2026-02-19"), [row("2026-02-19", 5, true)]);
    assert_eq!(touched("2026-03-21"), [row("2026-03-21", 0, true)]);
    // A visit on 10 January moves the second window to 18 February: it then holds 6.
    assert_eq!(touched("2026-01-10"), [row("2026-01-10", 5, true), row("2026-02-18", 6, false)]);
    // One in November moves nothing.
    assert_eq!(touched("2025-11-01"), [row("2025-11-01", 0, true)]);
}

#[test]
fn rk19_rk29_episodes_are_their_dates_and_may_be_of_a_kind() {
    let episode = |id, kind: &str, from: &str, to: Option<&str>| EpisodeFact {
        id: EpisodeId::from_i64(id),
        payer: PayerId::from_i64(1),
        kind: Key::parse(kind).unwrap(),
        span: Span::new(d(from), to.map(d)).unwrap(),
    };
    let episodes = [
        episode(1, "crisis", "2026-01-10", Some("2026-02-10")),
        episode(2, "package", "2026-02-01", None),
    ];
    let calendar = Calendar { week_start: WeekStart::Monday, episodes: &episodes };
    let count = |kind: Option<&str>, day: &str| {
        let window = Window::Episode { episode: kind.map(|k| Key::parse(k).unwrap()) };
        window.fixed(calendar, d(day)).len()
    };
    assert_eq!(count(None, "2026-01-09"), 0);
    assert_eq!(count(None, "2026-01-10"), 1);
    assert_eq!(count(None, "2026-02-05"), 2, "both count");
    assert_eq!(count(Some("crisis"), "2026-02-05"), 1);
    assert_eq!(count(Some("crisis"), "2026-02-11"), 0);
    assert_eq!(count(Some("package"), "2199-12-31"), 1);
    assert!(Window::Episode { episode: None }.reach(calendar, d("2026-01-01")).is_none());
}

#[test]
fn rk19_the_service_date_of_the_zone_decides_when_clocks_change() {
    // The day of the change has 23 or 25 hours; the visit belongs to the local date of its start.
    let zone = Zone::parse("America/Chicago").unwrap();
    let date = |text: &str| zone.date_of(Instant::parse(text).unwrap());
    assert_eq!(date("2026-03-08T05:59:00Z"), d("2026-03-07"), "still winter time");
    assert_eq!(date("2026-03-09T04:59:00Z"), d("2026-03-08"), "summer time by then");
    assert_eq!(date("2026-11-01T04:59:00Z"), d("2026-10-31"));
    assert_eq!(date("2026-11-02T05:59:00Z"), d("2026-11-01"));
    let days = Window::RollingDays { length: 2 };
    let reach = days.reach(MONDAYS, date("2026-03-09T04:59:00Z")).unwrap();
    assert_eq!(reach, Days::new(d("2026-03-07"), d("2026-03-09")), "days, not hours");
}

#[test]
fn windows_are_said_in_words() {
    let words = [
        (Window::Day, "a day"),
        (Window::FiscalYear { first_month: 7 }, "a fiscal year that begins in July"),
        (Window::RollingMonths { length: 6 }, "in 6 months on a rolling count"),
        (Window::RollingDays { length: 1 }, "in 1 day on a rolling count"),
        (Window::ConsecutiveDays { length: 30 }, "in 30 days from the first service"),
        (Window::Lifetime, "in a lifetime"),
    ];
    for (window, said) in words {
        assert_eq!(window.words(), said);
    }
}

#[test]
fn names_and_stored_forms_agree() {
    for name in Window::NAMES {
        let text = format!(
            "{{\"window\":\"{name}\",\"length\":3,\"first_month\":7,\"episode\":\"crisis\"}}"
        );
        let window: Window = serde_json::from_str(&text).unwrap();
        let stored = serde_json::to_value(&window).unwrap();
        assert_eq!(stored["window"], *name);
        assert_eq!(serde_json::from_value::<Window>(stored).unwrap(), window);
    }
}

fn window() -> impl Strategy<Value = (Window, Slow)> {
    prop_oneof![
        Just((Window::Day, Slow::Day)),
        Just((Window::Week, Slow::Week(0))),
        Just((Window::Month, Slow::Month)),
        Just((Window::Quarter, Slow::Quarter)),
        Just((Window::CalendarYear, Slow::Year)),
        (1u32..=12).prop_map(|first_month| (
            Window::FiscalYear { first_month },
            Slow::Fiscal(first_month)
        )),
        (1u32..=14).prop_map(|length| (Window::RollingMonths { length }, Slow::Months(length))),
        (1u32..=100).prop_map(|length| (Window::RollingDays { length }, Slow::Days(length))),
        (1u32..=100)
            .prop_map(|length| (Window::ConsecutiveDays { length }, Slow::Consecutive(length))),
        Just((Window::Lifetime, Slow::Lifetime)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rk19_what_is_left_is_what_a_recount_day_by_day_says(
        (fast, slow) in window(),
        used in prop::collection::vec((0u64..900, 1i64..9), 0..40),
        on in 0u64..900,
    ) {
        let day = |index| d("2026-11-05").checked_add_days(Count::new(index)).unwrap();
        let daily = Daily::new(used.iter().map(|(index, units)| (day(*index), *units)));
        let windows = fast.touched(MONDAYS, day(on), &daily);
        let most = windows.iter().filter(|w| w.holds_day).map(|w| w.units).max().unwrap();
        let units: Vec<NaiveDate> = used
            .iter()
            .flat_map(|(index, units)| vec![day(*index); usize::try_from(*units).unwrap()])
            .collect();
        prop_assert_eq!(slow::left(&slow, 10_000, &units, day(on)), Some(10_000 - 10 * most));
        // Nothing that counts lies beyond the reach.
        let reach = fast.reach(MONDAYS, day(on)).unwrap();
        for window in &windows {
            prop_assert_eq!(reach.join(window.days), reach);
        }
    }

    #[test]
    fn what_is_summed_under_one_day_no_window_tells_apart(
        windows in prop::collection::vec(window(), 1..4),
        used in prop::collection::vec((0u64..200, 1i64..9), 0..40),
        on in 0u64..200,
    ) {
        let day = |index| d("2027-12-01").checked_add_days(Count::new(index)).unwrap();
        let all: Vec<(NaiveDate, i64)> = used.iter().map(|(i, units)| (day(*i), *units)).collect();
        let mut buckets = Buckets::default();
        let anchors: Vec<_> = windows
            .iter()
            .map(|(w, _)| buckets.add(w, MONDAYS, day(on), || Daily::new(all.clone())))
            .collect();
        let mut sums = std::collections::BTreeMap::new();
        for (date, units) in all.iter().filter(|(date, _)| buckets.contain(*date)) {
            let sum = sums.entry(buckets.of(*date)).or_insert((*date, 0));
            *sum = (sum.0.min(*date), sum.1 + units);
        }
        for ((window, _), anchor) in windows.iter().zip(anchors) {
            let kept = sums.values().copied().filter(|(date, _)| anchor.is_none_or(|a| a <= *date));
            let said = |daily: &Daily| {
                let mut found = window.touched(MONDAYS, day(on), daily);
                found.sort_by_key(|w| (w.days, w.units));
                found
            };
            prop_assert_eq!(said(&Daily::new(kept)), said(&Daily::new(all.clone())), "{:?}", window);
        }
    }
}

#[test]
fn rk19_a_day_without_units_anchors_nothing() {
    let daily = Daily::new([(d("2026-07-01"), 0), (d("2026-07-03"), 2), (d("2026-07-02"), -1)]);
    let window = Window::ConsecutiveDays { length: 10 };
    let around = window.touched(MONDAYS, d("2026-07-05"), &daily);
    let days: Vec<_> = around.iter().map(|w| (w.days.from, w.units)).collect();
    assert_eq!(days, [(Some(d("2026-07-03")), 2)]);
}
