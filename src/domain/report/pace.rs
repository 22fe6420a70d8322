//! How an authorization is used: how far, how fast, and until when it lasts.
//!
//! Whole numbers all the way; what is divided is divided once, by whoever shows it.

use chrono::{Days, NaiveDate};

/// Days over which the daily use is taken.
pub const BURN_DAYS: i64 = 28;
/// Fewest days over which it is taken when the authorization is younger.
pub const FEWEST_BURN_DAYS: i64 = 7;
/// An authorization is near its end when so much of it is left, in hundredths of what was approved.
pub const LOW_HUNDREDTHS: i64 = 20;
/// An authorization is near its end so many days before its last day.
pub const SOON_DAYS: i64 = 14;
/// Pace is judged once so many days have passed.
pub const JUDGED_AFTER_DAYS: i64 = 30;
/// Used too slowly below this pace, in hundredths.
pub const SLOW_HUNDREDTHS: i64 = 50;
/// Used too fast above this pace, in hundredths.
pub const FAST_HUNDREDTHS: i64 = 150;

/// An authorization as it stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Units approved.
    pub approved: i64,
    /// Units drawn that count as used.
    pub used: i64,
    /// Units drawn in all, also by what is not released.
    pub drawn: i64,
    /// Units drawn in the last [`BURN_DAYS`].
    pub lately: i64,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none: open.
    pub to: Option<NaiveDate>,
    /// The day.
    pub today: NaiveDate,
}

/// Until when it lasts at the present use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// Nothing is left.
    Exhausted,
    /// Nothing was used lately: nothing can be said.
    NoBurn,
    /// Its last unit is used on this day.
    On(NaiveDate),
}

impl Standing {
    /// What is left; negative when more was drawn.
    pub const fn remaining(&self) -> i64 {
        self.approved - self.drawn
    }

    /// Days that have passed of how many, both ends included; none before its first day or without a last.
    pub fn elapsed(&self) -> Option<(i64, i64)> {
        let to = self.to?;
        let passed = (self.today.min(to) - self.from).num_days() + 1;
        (passed > 0).then(|| (passed, (to - self.from).num_days() + 1))
    }

    /// Pace as a fraction: share of units over share of days. 1 is on plan.
    pub fn pace(&self) -> Option<(i64, i64)> {
        let (passed, all) = self.elapsed()?;
        (self.approved > 0).then(|| (self.used * all, self.approved * passed))
    }

    /// Days over which the daily use is taken.
    pub fn burn_days(&self) -> i64 {
        let age = (self.today - self.from).num_days() + 1;
        age.clamp(FEWEST_BURN_DAYS, BURN_DAYS)
    }

    /// Until when it lasts.
    pub fn projection(&self) -> Projection {
        if self.remaining() <= 0 {
            return Projection::Exhausted;
        }
        if self.lately <= 0 {
            return Projection::NoBurn;
        }
        let days = self.remaining() * self.burn_days() / self.lately;
        let day = self.today.checked_add_days(Days::new(days.unsigned_abs()));
        day.map_or(Projection::NoBurn, Projection::On)
    }

    /// Why it is near its end; nothing when it is not, or does not cover the day.
    pub fn near_end(&self) -> Vec<&'static str> {
        if !self.is_in_force() {
            return Vec::new();
        }
        let mut why = Vec::new();
        if self.remaining() * 100 <= self.approved * LOW_HUNDREDTHS {
            why.push("few_units_left");
        }
        match (self.projection(), self.to) {
            (Projection::On(day), Some(to)) if day < to => why.push("runs_out_early"),
            _ => {}
        }
        why.extend(self.ends_soon());
        why
    }

    fn is_in_force(&self) -> bool {
        self.from <= self.today && self.to.is_none_or(|to| self.today <= to)
    }

    /// What its last day alone says of its end, however many units are left.
    pub fn ends_soon(&self) -> Option<&'static str> {
        let soon = self.to.is_some_and(|to| (to - self.today).num_days() <= SOON_DAYS);
        (self.is_in_force() && soon).then_some("ends_soon")
    }

    /// What its pace says, once it can be judged.
    pub fn judgment(&self) -> Option<&'static str> {
        let (passed, _) = self.elapsed()?;
        let (top, bottom) = self.pace()?;
        if passed <= JUDGED_AFTER_DAYS {
            None
        } else if self.used == 0 {
            Some("no_use")
        } else if top * 100 < bottom * SLOW_HUNDREDTHS {
            Some("slow")
        } else if top * 100 > bottom * FAST_HUNDREDTHS {
            Some("fast")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    fn standing(used: i64, lately: i64, today: &str) -> Standing {
        let day = |text: &str| parse_date(text).unwrap();
        Standing {
            approved: 100,
            used,
            drawn: used,
            lately,
            from: day("2026-07-01"),
            to: Some(day("2026-10-08")),
            today: day(today),
        }
    }

    #[test]
    fn pace_is_share_of_units_over_share_of_days() {
        // 50 of 100 days, 50 of 100 units: on plan.
        assert_eq!(standing(50, 28, "2026-08-19").pace(), Some((50 * 100, 100 * 50)));
        // After its end the days are all there are.
        assert_eq!(standing(50, 0, "2027-01-01").elapsed(), Some((100, 100)));
        // Before its first day there is none, nor of what was not approved, nor without an end.
        assert_eq!(standing(0, 0, "2026-06-30").pace(), None);
        let denied = Standing { approved: 0, ..standing(0, 0, "2026-08-01") };
        assert_eq!(denied.pace(), None);
        assert_eq!(Standing { to: None, ..standing(5, 5, "2026-08-01") }.pace(), None);
    }

    #[test]
    fn the_end_is_projected_from_the_last_four_weeks() {
        // One unit a day, 50 left: in fifty days.
        let half = standing(50, 28, "2026-08-19");
        assert_eq!(half.projection(), Projection::On(parse_date("2026-10-08").unwrap()));
        assert_eq!(half.near_end(), Vec::<&str>::new());
        assert_eq!(standing(50, 29, "2026-08-19").near_end(), ["runs_out_early"]);
        assert_eq!(standing(50, 0, "2026-08-19").projection(), Projection::NoBurn);
        assert_eq!(standing(100, 9, "2026-08-19").projection(), Projection::Exhausted);
        // Younger than a week: over a week.
        assert_eq!(standing(2, 2, "2026-07-02").burn_days(), 7);
        assert_eq!(standing(2, 2, "2026-07-10").burn_days(), 10);
        // A fifth left; the last fourteen days; both ends.
        assert_eq!(standing(80, 1, "2026-08-19").near_end(), ["few_units_left"]);
        assert_eq!(standing(79, 1, "2026-08-19").near_end(), Vec::<&str>::new());
        assert_eq!(standing(10, 0, "2026-09-24").near_end(), ["ends_soon"]);
        assert_eq!(standing(10, 0, "2026-09-23").near_end(), Vec::<&str>::new());
        assert_eq!(standing(100, 0, "2026-10-09").near_end(), Vec::<&str>::new());
    }

    #[test]
    fn pace_is_judged_after_thirty_days() {
        assert_eq!(standing(0, 0, "2026-07-30").judgment(), None);
        assert_eq!(standing(0, 0, "2026-07-31").judgment(), Some("no_use"));
        assert_eq!(standing(24, 9, "2026-08-19").judgment(), Some("slow"));
        assert_eq!(standing(25, 9, "2026-08-19").judgment(), None);
        assert_eq!(standing(75, 9, "2026-08-19").judgment(), None);
        assert_eq!(standing(76, 9, "2026-08-19").judgment(), Some("fast"));
    }
}
