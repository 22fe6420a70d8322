//! Time: instants, zones, service dates and spans. Decided here once.
//!
//! An instant is UTC in whole microseconds. The organization's zone decides the service date
//! (`docs/definitions.md`, "Time"). Intervals of time are half-open; spans of dates include both ends.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc, Weekday,
};
use serde::{Deserialize, Serialize};

use super::text::{Invalid, code_list};

/// The first day that any date may be.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(MIN_YEAR, 1, 1).unwrap();
/// The last day that any date may be.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(MAX_YEAR, 12, 31).unwrap();
/// First year that any date may lie in: before Medicaid claims of today, after no one's birth.
const MIN_YEAR: i32 = 1900;
/// Last year that any date may lie in: open-ended spans are written without an end instead.
const MAX_YEAR: i32 = 2199;

/// A moment, UTC, in whole microseconds (what both databases keep).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// Cuts `time` to microseconds.
    pub fn new(time: DateTime<Utc>) -> Self {
        let cut = DateTime::from_timestamp_micros(time.timestamp_micros());
        Self(cut.unwrap_or(time))
    }

    /// Reads RFC 3339 with an offset.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "a time is RFC 3339 with an offset, such as 2026-07-01T09:00:00-07:00";
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| Invalid::new(rule))?;
        let time = time.with_timezone(&Utc);
        in_range(time.date_naive()).map(|_| Self::new(time))
    }

    /// The moment itself.
    pub const fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// As databases keep it: UTC without a zone.
    pub fn naive(self) -> NaiveDateTime {
        self.0.naive_utc()
    }

    /// From what databases keep.
    pub fn from_naive(time: NaiveDateTime) -> Self {
        Self::new(time.and_utc())
    }

    /// Whole minutes from `self` to `later`, cut; negative when it lies before.
    pub fn minutes_until(self, later: Self) -> i64 {
        (later.0 - self.0).num_minutes()
    }

    /// Moved by a span.
    pub fn plus(self, delta: TimeDelta) -> Self {
        Self(self.0.checked_add_signed(delta).unwrap_or(self.0))
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        f.write_str(&text)
    }
}

impl TryFrom<String> for Instant {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Instant> for String {
    fn from(value: Instant) -> String {
        value.to_string()
    }
}

fn in_range(date: NaiveDate) -> Result<NaiveDate, Invalid> {
    if (MIN_YEAR..=MAX_YEAR).contains(&date.year()) {
        Ok(date)
    } else {
        Err(Invalid::new("dates lie between the years 1900 and 2199"))
    }
}

/// Reads an ISO date, `2026-07-01`, between 1900 and 2199.
pub fn parse_date(text: &str) -> Result<NaiveDate, Invalid> {
    let shaped = text.len() == 10;
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    in_range(date.ok_or_else(|| Invalid::new("a date is written 2026-07-01"))?)
}

/// An IANA time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(chrono_tz::Tz);

impl Zone {
    /// Reads an IANA name such as `America/Los_Angeles`.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        name.parse()
            .map(Self)
            .map_err(|_| Invalid::new("a zone is an IANA name such as America/Chicago"))
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The local date of a moment: of a start, the service date.
    pub fn date_of(self, time: Instant) -> NaiveDate {
        time.utc().with_timezone(&self.0).date_naive()
    }

    /// The local wall-clock time of a moment.
    pub fn local(self, time: Instant) -> NaiveDateTime {
        time.utc().with_timezone(&self.0).naive_local()
    }

    /// Reads a time with an offset, or one without, which is then in this zone. A local time that
    /// does not exist or exists twice (clock change) is refused with that reason.
    pub fn parse_time(self, text: &str) -> Result<Instant, Invalid> {
        let naive =
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        let Some(naive) = naive else {
            return Instant::parse(text);
        };
        in_range(naive.date())?;
        match self.0.from_local_datetime(&naive) {
            chrono::LocalResult::Single(time) => Ok(Instant::new(time.with_timezone(&Utc))),
            chrono::LocalResult::None => Err(Invalid::new(format!(
                "this local time does not exist in {} (clocks go forward); write it with an offset",
                self.name()
            ))),
            chrono::LocalResult::Ambiguous(..) => Err(Invalid::new(format!(
                "this local time exists twice in {} (clocks go back); write it with an offset",
                self.name()
            ))),
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Zone> for String {
    fn from(value: Zone) -> String {
        value.name().to_owned()
    }
}

/// Dates from one to another, both included; without an end, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

impl Span {
    /// Makes a span; its end may not lie before its start.
    pub fn new(from: NaiveDate, to: Option<NaiveDate>) -> Result<Self, Invalid> {
        if to.is_some_and(|to| to < from) {
            return Err(Invalid::new("the last day lies before the first"));
        }
        Ok(Self { from, to })
    }

    /// Whether the day lies in the span.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }

    /// Whether two spans share a day.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.to.is_none_or(|to| other.from <= to) && other.to.is_none_or(|to| self.from <= to)
    }
}

code_list!(
    /// The first day of a payer's week.
    WeekStart, "a first day of the week" {
        /// Weeks run Monday to Sunday (ISO 8601).
        Monday = "monday",
        /// Weeks run Tuesday to Monday.
        Tuesday = "tuesday",
        /// Weeks run Wednesday to Tuesday.
        Wednesday = "wednesday",
        /// Weeks run Thursday to Wednesday.
        Thursday = "thursday",
        /// Weeks run Friday to Thursday.
        Friday = "friday",
        /// Weeks run Saturday to Friday.
        Saturday = "saturday",
        /// Weeks run Sunday to Saturday.
        Sunday = "sunday",
    }
);

impl WeekStart {
    /// The first day.
    pub const fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Mon,
            Self::Tuesday => Weekday::Tue,
            Self::Wednesday => Weekday::Wed,
            Self::Thursday => Weekday::Thu,
            Self::Friday => Weekday::Fri,
            Self::Saturday => Weekday::Sat,
            Self::Sunday => Weekday::Sun,
        }
    }

    /// Days from the first day of the week that contains `day`.
    pub fn days_since(self, day: NaiveDate) -> u32 {
        day.weekday().days_since(self.weekday())
    }
}

/// Full years of age on a day. Somebody born on 29 February turns a year older on 1 March of a
/// common year, which is how payers' systems count.
pub fn age_on(birth: NaiveDate, day: NaiveDate) -> i32 {
    let had_birthday = (day.month(), day.day()) >= (birth.month(), birth.day());
    day.year() - birth.year() - i32::from(!had_birthday)
}

/// The day `days` after `start`, which is day 0.
pub fn day_after(start: NaiveDate, days: u32) -> NaiveDate {
    start.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX)
}

/// Year and month as one number, 202607: what reports group by.
pub fn year_month(day: NaiveDate) -> i32 {
    day.year() * 100 + i32::try_from(day.month()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    #[test]
    fn the_zone_decides_the_service_date_over_midnight() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        assert_eq!(zone.date_of(Instant::parse("2026-07-02T06:59:00Z").unwrap()), d("2026-07-01"));
        assert_eq!(zone.date_of(Instant::parse("2026-07-02T07:00:00Z").unwrap()), d("2026-07-02"));
    }

    #[test]
    fn clock_changes_are_refused_with_their_reason_and_minutes_are_real() {
        let zone = Zone::parse("America/Los_Angeles").unwrap();
        let gap = zone.parse_time("2026-03-08T02:30").unwrap_err().to_string();
        assert!(gap.contains("does not exist"), "{gap}");
        let fold = zone.parse_time("2026-11-01T01:30").unwrap_err().to_string();
        assert!(fold.contains("exists twice"), "{fold}");
        let start = zone.parse_time("2026-03-08T01:30").unwrap();
        let end = zone.parse_time("2026-03-08T03:30").unwrap();
        assert_eq!(start.minutes_until(end), 60);
        let start = zone.parse_time("2026-11-01T00:30").unwrap();
        let end = zone.parse_time("2026-11-01T02:30").unwrap();
        assert_eq!(start.minutes_until(end), 180);
    }

    #[test]
    fn age_turns_on_the_birthday() {
        assert_eq!(age_on(d("2008-07-01"), d("2026-06-30")), 17);
        assert_eq!(age_on(d("2008-07-01"), d("2026-07-01")), 18);
        assert_eq!(age_on(d("2008-02-29"), d("2026-02-28")), 17);
        assert_eq!(age_on(d("2008-02-29"), d("2026-03-01")), 18);
    }

    #[test]
    fn times_are_cut_to_microseconds_and_odd_ones_refused() {
        let fine = Instant::parse("2026-07-01T09:00:00.123456789Z").unwrap();
        assert_eq!(fine, Instant::from_naive(fine.naive()));
        assert_eq!(fine.to_string(), "2026-07-01T09:00:00.123456Z");
        for bad in
            ["2026-07-01T09:00:00", "2026-13-01T09:00:00Z", "yesterday", "9999-01-01T00:00:00Z"]
        {
            assert!(Instant::parse(bad).is_err(), "{bad}");
        }
        for bad in ["2026-7-1", "2026-02-29", "20260701", "1899-12-31"] {
            assert!(parse_date(bad).is_err(), "{bad}");
        }
    }
}
