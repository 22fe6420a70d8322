//! Reads a window: its name under `window`, and beside it the one key that some windows need.

use super::reader::{Reader, Spot};
use super::table::Table;
use crate::domain::identifiers::Key;
use crate::domain::windows::{MAX_DAYS, MAX_MONTHS, Window};

/// The keys of a table that say its window.
pub(super) const KEYS: &[&str] = &["window", "length", "first_month", "episode"];

/// The window of a limit or of free units.
pub(super) fn read_window(r: &mut Reader, table: &Table<'_>) -> Option<Window> {
    // The longest window stands in for one that is not known.
    let name = table.need_known(r, "window", "lifetime".to_owned(), |r, spot| {
        spot.one_of(r, Window::NAMES, "a window")
    })?;
    let needs: &[&str] = match name.as_str() {
        "fiscal_year" => &["first_month"],
        "rolling_months" | "rolling_days" | "consecutive_days" => &["length"],
        "episode" => &["episode"],
        "episode_year" => &["episode", "first_month"],
        _ => &[],
    };
    refuse_others(r, table, needs);
    match name.as_str() {
        "day" => Some(Window::Day),
        "week" => Some(Window::Week),
        "month" => Some(Window::Month),
        "quarter" => Some(Window::Quarter),
        "calendar_year" => Some(Window::CalendarYear),
        "fiscal_year" => {
            let first_month = number(r, table, "first_month", 12)?;
            Some(Window::FiscalYear { first_month })
        }
        "rolling_months" => {
            let length = number(r, table, "length", MAX_MONTHS)?;
            Some(Window::RollingMonths { length })
        }
        "rolling_days" => {
            let length = number(r, table, "length", MAX_DAYS)?;
            Some(Window::RollingDays { length })
        }
        "consecutive_days" => {
            let length = number(r, table, "length", MAX_DAYS)?;
            Some(Window::ConsecutiveDays { length })
        }
        "episode" => Some(Window::Episode { episode: read_episode(r, table)? }),
        "episode_year" => {
            let first_month = number(r, table, "first_month", 12);
            let episode = read_episode(r, table)?;
            Some(Window::EpisodeYear { first_month: first_month?, episode })
        }
        _ => Some(Window::Lifetime),
    }
}

#[expect(clippy::option_option, reason = "a faulty value is not the same as none")]
fn read_episode(r: &mut Reader, table: &Table<'_>) -> Option<Option<Key>> {
    match table.get("episode") {
        Some(spot) => spot.parse(r).map(Some),
        None => Some(None),
    }
}

fn number(r: &mut Reader, table: &Table<'_>, key: &str, most: u32) -> Option<u32> {
    table.need(r, key).and_then(|spot| spot.number(r, 1..=most))
}

/// A key that the named window does not have is a mistake in one of both.
fn refuse_others(r: &mut Reader, table: &Table<'_>, needs: &[&str]) {
    let strangers = KEYS.iter().filter(|key| **key != "window" && !needs.contains(*key));
    let found: Vec<(&str, Spot<'_>)> =
        strangers.filter_map(|key| Some((*key, table.get(key)?))).collect();
    for (key, spot) in found {
        let with = match key {
            "first_month" => "\"fiscal_year\" and \"episode_year\"",
            "episode" => "\"episode\" and \"episode_year\"",
            _ => "\"rolling_months\", \"rolling_days\" and \"consecutive_days\"",
        };
        spot.refuse(r, format!("this goes with the window {with} only; remove it"));
    }
}
