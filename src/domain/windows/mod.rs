//! Windows: the days that a limit or a free allotment counts together (RK19).
//!
//! `docs/definitions.md` section 3, "Windows". A window is data of the contract. Some stand still on
//! the calendar (day to fiscal year, episode, lifetime): a day lies in one of them. Rolling ones
//! overlap: a day lies in every one that ends on it or soon after, and visits arrive out of order,
//! so an addition must fit them all. Consecutive ones begin with the first counted service.

mod buckets;
mod calendar;
mod consecutive;
mod counting;
#[cfg(test)]
pub(super) mod slow;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::identifiers::Key;

pub use buckets::{Bucket, Buckets};
pub use calendar::{Calendar, Days};
pub use counting::{Counted, Daily};

/// Longest rolling window in months: ten years, beyond any published rule.
pub const MAX_MONTHS: u32 = 120;
/// Longest rolling or consecutive window in days: ten years.
pub const MAX_DAYS: u32 = 3_660;

/// The days that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "window", rename_all = "snake_case")]
pub enum Window {
    /// One service date.
    Day,
    /// Seven days from the contract's first day of the week.
    Week,
    /// Calendar month.
    Month,
    /// January to March, and so on.
    Quarter,
    /// Calendar year.
    CalendarYear,
    /// Twelve months from the first day of a month.
    FiscalYear {
        /// 1 to 12.
        first_month: u32,
    },
    /// The days after (D less so many months, its day cut to the month's end) through D, for every D.
    RollingMonths {
        /// 1 to [`MAX_MONTHS`].
        length: u32,
    },
    /// So many days that end on D, for every D.
    RollingDays {
        /// 1 to [`MAX_DAYS`].
        length: u32,
    },
    /// So many days from the first counted service; the next one after them begins the next window.
    ConsecutiveDays {
        /// 1 to [`MAX_DAYS`].
        length: u32,
    },
    /// An episode or package of care: its dates.
    Episode {
        /// Episodes of this kind only; without it, of any kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        episode: Option<Key>,
    },
    /// The days of an episode of care that lie in one fiscal year.
    EpisodeYear {
        /// 1 to 12.
        first_month: u32,
        /// Episodes of this kind only; without it, of any kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        episode: Option<Key>,
    },
    /// All days.
    Lifetime,
}

/// English names of the months.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Window {
    /// Names as packs write them under `window`.
    pub const NAMES: &'static [&'static str] = &[
        "day",
        "week",
        "month",
        "quarter",
        "calendar_year",
        "fiscal_year",
        "rolling_months",
        "rolling_days",
        "consecutive_days",
        "episode",
        "episode_year",
        "lifetime",
    ];

    /// Whether it moves with the date or with the services, and does not stand still.
    pub const fn moves(&self) -> bool {
        matches!(
            self,
            Self::RollingMonths { .. } | Self::RollingDays { .. } | Self::ConsecutiveDays { .. }
        )
    }

    /// The window in words, as they follow "104 units": "a day", "in 6 months on a rolling count".
    pub fn words(&self) -> String {
        match self {
            Self::Day => "a day".to_owned(),
            Self::Week => "a week".to_owned(),
            Self::Month => "a month".to_owned(),
            Self::Quarter => "a quarter".to_owned(),
            Self::CalendarYear => "a calendar year".to_owned(),
            Self::FiscalYear { first_month } => {
                let index = usize::try_from(first_month.saturating_sub(1)).unwrap_or(0);
                let month = MONTHS.get(index).unwrap_or(&"January");
                format!("a fiscal year that begins in {month}")
            }
            Self::RollingMonths { length } => {
                format!("in {} on a rolling count", counted(*length, "month"))
            }
            Self::RollingDays { length } => {
                format!("in {} on a rolling count", counted(*length, "day"))
            }
            Self::ConsecutiveDays { length } => {
                format!("in {} from the first service", counted(*length, "day"))
            }
            Self::Episode { episode: None } => "in an episode of care".to_owned(),
            Self::Episode { episode: Some(kind) } => {
                format!("in an episode of care of the kind '{kind}'")
            }
            Self::EpisodeYear { first_month, episode } => {
                let year = Self::FiscalYear { first_month: *first_month }.words();
                let care = Self::Episode { episode: episode.clone() }.words();
                format!("{care} and {year}")
            }
            Self::Lifetime => "in a lifetime".to_owned(),
        }
    }
}

fn counted(number: u32, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
