//! Who is enrolled with a payer, and member-months by the convention that somebody names.
//!
//! Only the payer can say who is enrolled: people who are served are not the people who are enrolled.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::dates::{Instant, Span};
use super::ids::{EnrollmentId, PayerId};
use super::text::code_list;

code_list!(
    /// How a member's month is counted.
    Convention, "a convention of member-months" {
        /// 1 if enrolled on any day of the month.
        AnyDay = "any_day",
        /// Days enrolled / days of the month.
        Prorated = "prorated",
        /// 1 if enrolled on the last day of the month.
        LastDay = "last_day",
        /// 1 if enrolled on the 15th.
        MidMonth = "mid_month",
    }
);

/// The day of the month that the middle is.
const MIDDLE: u32 = 15;

/// A file of a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentFile {
    /// Its id.
    pub id: EnrollmentId,
    /// Whose.
    pub payer: PayerId,
    /// Of its bytes and its period.
    pub sha256: String,
    /// First day that it speaks of.
    pub from: NaiveDate,
    /// Last day that it speaks of.
    pub to: NaiveDate,
    /// Rows.
    pub spans: i64,
    /// Different members.
    pub members: i64,
    /// When it came.
    pub received_at: Instant,
}

/// Days of a member, without overlaps, in order.
pub type Enrolled = BTreeMap<String, Vec<(NaiveDate, NaiveDate)>>;

/// The rows that overlap an earlier one of the same member, by their places.
pub fn overlaps(rows: &[(String, NaiveDate, NaiveDate)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|place| rows.get(*place).map(|(number, from, _)| (number, *from)));
    let mut last: Option<(&str, NaiveDate)> = None;
    let mut found = Vec::new();
    for place in order {
        let Some((number, from, to)) = rows.get(place) else { continue };
        match last {
            Some((of, until)) if of == number && *from <= until => {
                found.push(place);
                last = Some((number.as_str(), until.max(*to)));
            }
            _ => last = Some((number.as_str(), *to)),
        }
    }
    found.sort_unstable();
    found
}

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: NaiveDate,
    /// Its last day.
    pub last: NaiveDate,
}

impl Month {
    /// The month of a day.
    pub fn of(day: NaiveDate) -> Self {
        let first = day.with_day(1).unwrap_or(day);
        let next = first.checked_add_months(chrono::Months::new(1));
        Self { first, last: next.and_then(|next| next.pred_opt()).unwrap_or(day) }
    }

    /// The months of a period of whole months; none when it is not one.
    pub fn all(period: Span) -> Option<Vec<Self>> {
        let mut months = Vec::new();
        let (mut first, end) = (period.from, period.to?);
        if first.day() != 1 {
            return None;
        }
        while first <= end {
            let next = first.checked_add_months(chrono::Months::new(1))?;
            months.push(Self { first, last: next.pred_opt()? });
            first = next;
        }
        (months.last().map(|month| month.last) == Some(end)).then_some(months)
    }

    fn days(self) -> i64 {
        (self.last - self.first).num_days() + 1
    }
}

/// Days of a member in a month.
fn days_in(spans: &[(NaiveDate, NaiveDate)], month: Month) -> i64 {
    let of = |(from, to): &(NaiveDate, NaiveDate)| {
        ((*to).min(month.last) - (*from).max(month.first)).num_days() + 1
    };
    spans.iter().map(of).filter(|days| *days > 0).sum()
}

/// Whether a member was enrolled on a day.
pub fn on(spans: &[(NaiveDate, NaiveDate)], day: NaiveDate) -> bool {
    spans.iter().any(|(from, to)| (*from..=*to).contains(&day))
}

/// A month's members and member-months: people enrolled on any day, and months by the convention.
pub fn of_month(enrolled: &Enrolled, month: Month, convention: Convention) -> (i64, Decimal) {
    let (mut members, mut whole, mut days) = (0, 0, 0);
    let day = match convention {
        Convention::LastDay => Some(month.last),
        Convention::MidMonth => month.first.with_day(MIDDLE),
        Convention::AnyDay | Convention::Prorated => None,
    };
    for spans in enrolled.values() {
        let own = days_in(spans, month);
        members += i64::from(own > 0);
        days += own;
        whole += i64::from(day.is_none_or(|day| on(spans, day)) && own > 0);
    }
    let months = match convention {
        Convention::Prorated => Decimal::from(days) / Decimal::from(month.days().max(1)),
        _ => Decimal::from(whole),
    };
    (members, months)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::dates::parse_date;

    fn day(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn month(first: &str) -> Month {
        let first = day(first);
        let next = first.checked_add_months(chrono::Months::new(1)).unwrap();
        Month { first, last: next.pred_opt().unwrap() }
    }

    #[test]
    fn ten_days_of_june_by_each_convention() {
        let enrolled = Enrolled::from([("1".into(), vec![(day("2026-06-01"), day("2026-06-10"))])]);
        let of = |convention| of_month(&enrolled, month("2026-06-01"), convention).1;
        assert_eq!(of(Convention::AnyDay), Decimal::ONE);
        assert_eq!(of(Convention::LastDay), Decimal::ZERO);
        assert_eq!(of(Convention::MidMonth), Decimal::ZERO);
        assert_eq!(of(Convention::Prorated), Decimal::from(10) / Decimal::from(30));
        // July: nothing, whatever the convention. And June has no people of other years.
        for first in ["2026-07-01", "2025-06-01"] {
            for convention in Convention::ALL {
                assert_eq!(of_month(&enrolled, month(first), *convention), (0, Decimal::ZERO));
            }
        }
        // Two spans in one month are one member, and one month by any day.
        let twice =
            vec![(day("2026-06-01"), day("2026-06-02")), (day("2026-06-15"), day("2026-06-30"))];
        let enrolled = Enrolled::from([("1".into(), twice)]);
        assert_eq!(of_month(&enrolled, month("2026-06-01"), Convention::AnyDay), (1, Decimal::ONE));
        let prorated = of_month(&enrolled, month("2026-06-01"), Convention::Prorated).1;
        assert_eq!(prorated, Decimal::from(18) / Decimal::from(30));
    }

    #[test]
    fn whole_months_only() {
        let months = |from: &str, to: &str| {
            Month::all(Span::new(day(from), Some(day(to))).unwrap()).map(|m| m.len())
        };
        assert_eq!(months("2026-01-01", "2026-01-31"), Some(1));
        assert_eq!(months("2025-12-01", "2026-02-28"), Some(3));
        assert_eq!(months("2024-02-01", "2024-02-28"), None, "a leap year");
        assert_eq!(months("2026-01-02", "2026-01-31"), None);
        assert_eq!(months("2026-01-01", "2026-02-15"), None);
    }

    proptest! {
        /// Day by day.
        #[test]
        fn months_are_what_counting_days_gives(
            spans in proptest::collection::vec((0usize..4, 0i64..100, 0i64..40), 0..8),
        ) {
            let rows: Vec<(String, NaiveDate, NaiveDate)> = spans.iter().map(|(who, from, length)| {
                let from = day("2026-05-01") + chrono::TimeDelta::days(*from);
                (who.to_string(), from, from + chrono::TimeDelta::days(*length))
            }).collect();
            let again = overlaps(&rows);
            let naive = (0..rows.len()).any(|a| (0..a).any(|b| {
                rows[a].0 == rows[b].0 && rows[a].1 <= rows[b].2 && rows[b].1 <= rows[a].2
            }));
            prop_assert_eq!(!again.is_empty(), naive);
            if naive {
                return Ok(());
            }
            let mut enrolled = Enrolled::new();
            for (number, from, to) in &rows {
                enrolled.entry(number.clone()).or_default().push((*from, *to));
            }
            let june = month("2026-06-01");
            let mut days = 0;
            for offset in 0..30 {
                let now = june.first + chrono::TimeDelta::days(offset);
                days += enrolled.values().filter(|spans| on(spans, now)).count();
            }
            let prorated = of_month(&enrolled, june, Convention::Prorated).1;
            prop_assert_eq!(prorated, Decimal::from(days) / Decimal::from(30));
            let last = enrolled.values().filter(|s| on(s, june.last)).count();
            prop_assert_eq!(of_month(&enrolled, june, Convention::LastDay).1, Decimal::from(last));
        }
    }
}
