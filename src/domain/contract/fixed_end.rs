//! Certificates that end on a fixed day of the calendar, whatever the day of issue (RK37).

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::reader::{Reader, Spot};
use crate::domain::finding::Authority;
use crate::domain::text::code_list;

/// A day of the calendar on which certificates end: they are good through the day before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedEnd {
    /// 1 to 12.
    pub month: u32,
    /// 1 to 28: a day that every year has.
    pub day: u32,
    /// In which years.
    pub years: Years,
    /// Where it is written.
    pub source: Authority,
}

code_list!(
    /// The years in which certificates end.
    #[derive(Default)]
    Years, "a kind of years" {
        /// Every year.
        #[default]
        Every = "every",
        /// Odd ones.
        Odd = "odd",
        /// Even ones.
        Even = "even",
    }
);

impl Years {
    fn has(self, year: i32) -> bool {
        match self {
            Self::Every => true,
            Self::Odd => year % 2 != 0,
            Self::Even => year % 2 == 0,
        }
    }
}

impl FixedEnd {
    /// The last day on which a certificate that began on `from` is good.
    pub fn last_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        // The end comes within two years of any day; of four, one is surely after it.
        (from.year()..from.year().saturating_add(4))
            .filter(|year| self.years.has(*year))
            .filter_map(|year| NaiveDate::from_ymd_opt(year, self.month, self.day))
            .find(|end| *end > from)
            .and_then(|end| end.pred_opt())
    }
}

pub(super) const KEYS: &[&str] = &["month", "day", "years", "source"];
/// Last day that every month of every year has.
const MAX_DAY: u32 = 28;

/// `certificates_end` of a pack.
pub(super) fn read_fixed_end<'a>(
    r: &mut Reader,
    at: &Spot<'a>,
    known: &mut Known<'a>,
) -> Option<FixedEnd> {
    let table = at.table(r, KEYS)?;
    let month = table.need(r, "month").and_then(|spot| spot.number(r, 1..=12));
    let day = table.need(r, "day").and_then(|spot| spot.number(r, 1..=MAX_DAY));
    let years = table.or(r, "years", Years::Every);
    let source = known.cited(r, &table);
    Some(FixedEnd { month: month?, day: day?, years: years?, source: source? })
}
