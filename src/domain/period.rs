//! What one claim covers: a day, or a payer's week or month (`docs/definitions.md` section 5).

use chrono::{Datelike, Months, NaiveDate};

use super::dates::WeekStart;
use super::text::code_list;

code_list!(
    /// The days whose visits one claim states together.
    #[derive(Default)]
    Period, "a period of claims" {
        /// A claim for each service date.
        #[default]
        Day = "day",
        /// A claim for each week of the payer.
        Week = "week",
        /// A claim for each calendar month.
        Month = "month",
    }
);

impl Period {
    /// Whether it is a day: such claims wait for nothing, and what was done otherwise on the day has claims of its
    /// own.
    pub fn is_day(&self) -> bool {
        *self == Self::Day
    }

    /// The first and last day of the period that contains `day`.
    pub fn around(self, day: NaiveDate, week_start: WeekStart) -> (NaiveDate, NaiveDate) {
        match self {
            Self::Day => (day, day),
            Self::Week => {
                let week = day.week(week_start.weekday());
                (week.first_day(), week.last_day())
            }
            Self::Month => {
                let first = day.with_day(1).unwrap_or(day);
                let next = first.checked_add_months(Months::new(1));
                (first, next.and_then(|n| n.pred_opt()).unwrap_or(day))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn periods_hold_over_month_and_year_ends() {
        let d = |text: &str| parse_date(text).unwrap();
        let around =
            |p: Period, day: &str, start| (p.around(d(day), start).0, p.around(d(day), start).1);
        let (monday, sunday) = (WeekStart::Monday, WeekStart::Sunday);
        assert_eq!(around(Period::Day, "2026-07-01", monday), (d("2026-07-01"), d("2026-07-01")));
        // 1 January 2027 is a Friday.
        assert_eq!(around(Period::Week, "2027-01-01", monday), (d("2026-12-28"), d("2027-01-03")));
        assert_eq!(around(Period::Week, "2027-01-01", sunday), (d("2026-12-27"), d("2027-01-02")));
        assert_eq!(around(Period::Week, "2027-01-03", monday), (d("2026-12-28"), d("2027-01-03")));
        assert_eq!(around(Period::Week, "2027-01-03", sunday), (d("2027-01-03"), d("2027-01-09")));
        let friday = WeekStart::Friday;
        assert_eq!(around(Period::Week, "2027-01-01", friday), (d("2027-01-01"), d("2027-01-07")));
        assert_eq!(around(Period::Week, "2026-12-31", friday), (d("2026-12-25"), d("2026-12-31")));
        assert_eq!(around(Period::Month, "2028-02-29", monday), (d("2028-02-01"), d("2028-02-29")));
        assert_eq!(around(Period::Month, "2026-12-31", sunday), (d("2026-12-01"), d("2026-12-31")));
    }
}
