//! The year: its days, months, weeks and holidays, and when the visits of a month are sent.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// Day of the month on which the visits of the month before are sent.
const SENT_ON_DAY: u32 = 5;

/// A calendar year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Year(i32);

/// First and last year: what dates may lie in, and the zones' rules are known for.
pub const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

impl Year {
    /// The year of this number; none outside of [`YEARS`].
    pub fn new(number: i32) -> Option<Self> {
        YEARS.contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// A date of the year; 1 January when there is no such day.
    pub fn date(self, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, month, day).unwrap_or_default()
    }

    /// The first day.
    pub fn first(self) -> NaiveDate {
        self.date(1, 1)
    }

    /// The last day.
    pub fn last(self) -> NaiveDate {
        self.date(12, 31)
    }

    /// All days of a month, 1 to 12.
    pub fn days_of(self, month: u32) -> impl Iterator<Item = NaiveDate> {
        self.date(month, 1).iter_days().take_while(move |day| day.month() == month)
    }

    /// All days.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        (1..=12).flat_map(move |month| self.days_of(month))
    }

    /// When the visits of a month are sent.
    pub fn sent_on(self, month: u32) -> NaiveDate {
        let first = self.date(month, 1) + Months::new(1);
        first + Days::new(u64::from(SENT_ON_DAY - 1))
    }

    /// The month whose file carries a visit that was found after its filing deadline; none when
    /// that would be after the year.
    pub fn late_month(self, day: NaiveDate, filing_days: u32) -> Option<u32> {
        let over = |month: &u32| (self.sent_on(*month) - day).num_days() > i64::from(filing_days);
        (day.month()..=12).find(over)
    }
}

/// Weeks since the Monday on or before 3 January 2000.
pub fn week_of(day: NaiveDate) -> u32 {
    let start = NaiveDate::from_ymd_opt(2000, 1, 3).unwrap_or_default();
    u32::try_from((day - start).num_days().div_euclid(7)).unwrap_or(0)
}

/// Days on which nobody works: the federal holidays (5 U.S.C. 6103) of the field, and the days
/// around Thanksgiving and Christmas.
pub fn is_holiday(day: NaiveDate) -> bool {
    // Which Monday, Thursday of the month it is.
    let nth = |day: NaiveDate| (day.weekday(), (day.day() - 1) / 7 + 1);
    let last = (day + Days::new(7)).month() != day.month();
    match (day.month(), day.day()) {
        (1, 1) | (6, 19) | (7, 4) | (11, 11) | (12, 24..=26 | 31) => true,
        (1 | 2, _) => nth(day) == (Weekday::Mon, 3),
        (5, _) => day.weekday() == Weekday::Mon && last,
        (9, _) => nth(day) == (Weekday::Mon, 1),
        (11, _) => [day, day - Days::new(1)].map(nth).contains(&(Weekday::Thu, 4)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_has_its_days_and_months() {
        assert_eq!(Year::new(2026).unwrap().days().count(), 365);
        assert_eq!(Year::new(2028).unwrap().days().count(), 366);
        assert_eq!(Year::new(1999), None);
        assert_eq!(Year::new(2026).unwrap().sent_on(12), d("2027-01-05"));
    }

    #[test]
    fn what_is_sent_late_is_over_its_deadline() {
        let year = Year::new(2026).unwrap();
        for (day, limit) in [("2026-01-01", 95), ("2026-01-31", 95), ("2026-02-28", 180)] {
            let month = year.late_month(d(day), limit).unwrap();
            let age = (year.sent_on(month) - d(day)).num_days();
            assert!(age > i64::from(limit), "{day}: {age}");
            let before = (year.sent_on(month - 1) - d(day)).num_days();
            assert!(before <= i64::from(limit), "{day}: {before}");
        }
        assert_eq!(year.late_month(d("2026-11-02"), 95), None);
    }

    #[test]
    fn holidays_of_2026() {
        let holidays: Vec<String> = Year::new(2026)
            .unwrap()
            .days()
            .filter(|day| is_holiday(*day))
            .map(|day| day.format("%m-%d").to_string())
            .collect();
        let wanted = [
            "01-01", "01-19", "02-16", "05-25", "06-19", "07-04", "09-07", "11-11", "11-26",
            "11-27", "12-24", "12-25", "12-26", "12-31",
        ];
        assert_eq!(holidays, wanted);
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!(week_of(d("2026-03-01")) + 1, week_of(d("2026-03-02")));
        assert_eq!(week_of(d("2000-01-03")), 0);
    }
}
