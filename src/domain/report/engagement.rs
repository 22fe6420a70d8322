//! Engagement of people after their enrollment: days to the first contact, and whether they are still
//! seen 30, 60 and 90 days on.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;

/// Days after which retention is looked at.
pub const MARKS: [i64; 3] = [30, 60, 90];
/// Days of the window before each of them.
pub const WINDOW: i64 = 30;
/// Days within which two contacts are early engagement.
pub const EARLY_DAYS: i64 = 14;

/// An enrollment with the days of its contacts, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// First day.
    pub from: NaiveDate,
    /// Last day; none: open.
    pub to: Option<NaiveDate>,
    /// Days of contacts on or after the first day.
    pub contacts: Vec<NaiveDate>,
}

/// What became of an enrollment by a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The day has not come.
    NotDue,
    /// It ended before: completed or left, never a failure.
    Ended,
    /// Open, with a contact in the window before the mark.
    Retained,
    /// Open, without one.
    NotSeen,
}

impl Enrollment {
    /// Days from enrollment to the first contact.
    pub fn first(&self) -> Option<i64> {
        self.contacts.first().map(|day| (*day - self.from).num_days())
    }

    /// Contacts in the first days.
    pub fn early(&self) -> usize {
        self.contacts.iter().filter(|day| (**day - self.from).num_days() < EARLY_DAYS).count()
    }

    /// Whether it is retained `k` days on: a contact in days (k-30, k].
    pub fn mark(&self, k: i64, today: NaiveDate) -> Mark {
        let Some(day) = self.from.checked_add_signed(TimeDelta::days(k)) else {
            return Mark::NotDue;
        };
        if self.to.is_some_and(|to| to < day && to <= today) {
            return Mark::Ended;
        }
        if day > today {
            return Mark::NotDue;
        }
        let within = |contact: &&NaiveDate| {
            let days = (**contact - self.from).num_days();
            k - WINDOW < days && days <= k
        };
        if self.contacts.iter().any(|c| within(&c)) { Mark::Retained } else { Mark::NotSeen }
    }

    /// How long it has been watched: to its end or today.
    pub fn watched(&self, today: NaiveDate) -> i64 {
        (self.to.unwrap_or(today).min(today) - self.from).num_days().max(0)
    }
}

/// The day by which half were seen, where those who are still waiting count as long as they were watched
/// (Kaplan and Meier 1958); none while it is not reached. `seen` and `waiting` are days.
pub fn median(seen: &[i64], waiting: &[i64]) -> Option<i64> {
    let mut days: Vec<i64> = seen.to_vec();
    days.sort_unstable();
    days.dedup();
    let half = Decimal::new(5, 1);
    let mut left = Decimal::ONE;
    for day in days {
        let at_risk = seen.iter().chain(waiting).filter(|d| **d >= day).count();
        let now = seen.iter().filter(|d| **d == day).count();
        let (at_risk, now) = (Decimal::from(at_risk), Decimal::from(now));
        left = left * (at_risk - now) / at_risk;
        if left <= half {
            return Some(day);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    fn day(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn enrolled(to: Option<&str>, contacts: &[&str]) -> Enrollment {
        let contacts = contacts.iter().map(|c| day(c)).collect();
        Enrollment { from: day("2026-01-01"), to: to.map(day), contacts }
    }

    #[test]
    fn retention_looks_at_the_thirty_days_before_the_mark() {
        let today = day("2026-06-01");
        // Day 30 is 31 January: days 1 to 30 count, day 0 and day 31 do not.
        for (contact, wanted) in [
            ("2026-01-01", Mark::NotSeen),
            ("2026-01-02", Mark::Retained),
            ("2026-01-31", Mark::Retained),
            ("2026-02-01", Mark::NotSeen),
        ] {
            assert_eq!(enrolled(None, &[contact]).mark(30, today), wanted, "{contact}");
        }
        // 60 is days 31 to 60.
        assert_eq!(enrolled(None, &["2026-01-31"]).mark(60, today), Mark::NotSeen);
        assert_eq!(enrolled(None, &["2026-02-01"]).mark(60, today), Mark::Retained);
        // Who completed before is no failure; whose day has not come is not counted yet.
        assert_eq!(enrolled(Some("2026-01-20"), &[]).mark(30, today), Mark::Ended);
        assert_eq!(enrolled(Some("2026-01-31"), &[]).mark(30, today), Mark::NotSeen);
        assert_eq!(enrolled(None, &[]).mark(30, day("2026-01-30")), Mark::NotDue);
        assert_eq!(enrolled(None, &[]).mark(30, day("2026-01-31")), Mark::NotSeen);
        // Across the year's change days are days.
        let december = Enrollment { from: day("2025-12-20"), ..enrolled(None, &["2026-01-19"]) };
        assert_eq!(december.mark(30, today), Mark::Retained);
    }

    #[test]
    fn who_waits_is_not_left_out_of_the_median() {
        assert_eq!(median(&[], &[]), None);
        assert_eq!(median(&[3], &[]), Some(3));
        assert_eq!(median(&[1, 2, 3, 4], &[]), Some(2));
        // Half of them still wait, and were watched longer: half were seen by day 2.
        assert_eq!(median(&[1, 2], &[40, 50]), Some(2));
        // More than half wait: not reached.
        assert_eq!(median(&[1], &[40, 50]), None);
        // Who was watched for a day only says little: of the two left, one is seen on day 5.
        assert_eq!(median(&[5, 9], &[1, 1]), Some(5));
    }
}
