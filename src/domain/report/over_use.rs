//! Over- and under-use (U4): how far one member's units are from those of others, and how much of a peer's
//! time was taken twice.
//!
//! Whole numbers all the way; what is divided is divided once, by whoever shows it.

use serde::{Deserialize, Serialize};

use crate::domain::dates::Instant;

/// Minutes of sessions above which a peer's day is longer than a person works: sixteen hours.
pub const LONG_DAY_MINUTES: i64 = 16 * 60;
/// Fewest members that are compared with each other.
pub const FEWEST_COMPARED: usize = 30;
/// A robust z score above this is told, in hundredths.
pub const FAR_HUNDREDTHS: i64 = 350;
/// What makes the median of absolute deviations of a normal distribution its standard deviation, in ten
/// thousandths: Iglewicz and Hoaglin's modified z score.
const SCALE: i64 = 6_745;
const TEN_THOUSAND: i64 = 10_000;
const HUNDRED: i64 = 100;
/// Units of people are told up to this, so that no product of them is too large: far above any month.
const MOST: i64 = 1_000_000_000;

/// Why members are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// They are too few.
    TooFew,
    /// At least half of them have the same, so that no distance can be measured.
    NoSpread,
    /// Their units are of different lengths, and no numbers to compare.
    MixedUnits,
}

impl Alone {
    /// The reason in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::NoSpread => "no_spread",
            Self::MixedUnits => "mixed_units",
        }
    }
}

/// A number as a fraction, with a denominator above 0.
pub type Fraction = (i64, i64);

/// The middle of what some members have, and how far the others are from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Twice the median.
    median: i64,
    /// Four times the median of the absolute deviations from it.
    deviation: i64,
}

impl Spread {
    /// Of units, one number a member.
    pub fn of(units: &[i64]) -> Result<Self, Alone> {
        if units.len() < FEWEST_COMPARED {
            return Err(Alone::TooFew);
        }
        let mut list: Vec<i64> = units.iter().map(|x| (*x).clamp(-MOST, MOST)).collect();
        let median = twice_median(&mut list);
        let mut away: Vec<i64> = list.iter().map(|x| (2 * x - median).abs()).collect();
        let deviation = twice_median(&mut away);
        if deviation == 0 { Err(Alone::NoSpread) } else { Ok(Self { median, deviation }) }
    }

    /// The median.
    pub const fn median(&self) -> Fraction {
        (self.median, 2)
    }

    /// The median of the absolute deviations from the median.
    pub const fn deviation(&self) -> Fraction {
        (self.deviation, 4)
    }

    /// Robust z: 0.6745 times the distance from the median, over the median of the absolute deviations.
    pub fn z(&self, units: i64) -> Fraction {
        // With m and d as they are kept, (2x - m) / 2 over d / 4.
        (2 * SCALE * (2 * units.clamp(-MOST, MOST) - self.median), TEN_THOUSAND * self.deviation)
    }

    /// Whether so many units are told: more than 3.5 above the others.
    pub fn is_far(&self, units: i64) -> bool {
        let (top, bottom) = self.z(units);
        i128::from(top) * i128::from(HUNDRED) > i128::from(bottom) * i128::from(FAR_HUNDREDTHS)
    }

    /// The units from which on a member is told, if above.
    pub const fn bound(&self) -> Fraction {
        let far = FAR_HUNDREDTHS * (TEN_THOUSAND / HUNDRED);
        (2 * SCALE * self.median + far * self.deviation, 4 * SCALE)
    }
}

/// Twice the median; 0 of nothing.
fn twice_median(list: &mut [i64]) -> i64 {
    list.sort_unstable();
    let at = |place: usize| list.get(place).copied().unwrap_or(0);
    at(list.len() / 2) + at(list.len().saturating_sub(1) / 2)
}

/// A session of a peer: from when until when, half open, as the peer's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// When it began.
    pub from: Instant,
    /// When it ended.
    pub to: Instant,
}

/// The sessions of one peer that began before others had ended, by id, with how many of their minutes were
/// taken by those. Of two that began at once it is the one that ended later. All minutes taken are those of
/// the sessions less the time that passed in them. Touching is no overlap.
pub fn taken(mut sessions: Vec<(Interval, i64)>) -> Vec<(i64, i64)> {
    sessions.sort_unstable();
    let mut busy: Option<Instant> = None;
    let mut all = Vec::new();
    for (session, id) in sessions {
        if let Some(until) = busy.map(|busy| busy.min(session.to))
            && session.from < until
        {
            all.push((id, session.from.minutes_until(until)));
        }
        busy = Some(busy.map_or(session.to, |busy| busy.max(session.to)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as are compared at least: all but the first have the same spread around 10.
    fn thirty(first: i64) -> Vec<i64> {
        let rest = (0..29).map(|n| [8, 9, 10, 11, 12][n % 5]);
        std::iter::once(first).chain(rest).collect()
    }

    #[test]
    fn the_middle_and_the_distance_from_it() {
        // 29 numbers: six each of 8 to 11, five of 12; and 30. In order the 15th and 16th are 10.
        let spread = Spread::of(&thirty(30)).unwrap();
        assert_eq!(spread.median(), (20, 2), "10");
        // Away from 10: six times 0, twelve times 1, eleven times 2, once 20: the 15th and 16th are 1.
        assert_eq!(spread.deviation(), (4, 4), "1");
        // 0.6745 * (30 - 10) / 1 = 13.49.
        let (top, bottom) = spread.z(30);
        assert_eq!(top * 100, bottom * 1_349);
        assert!(spread.is_far(30));
        // 0.6745 * 5 = 3.3725 is not above 3.5; 0.6745 * 6 = 4.047 is. The bound is 10 + 3.5 / 0.6745.
        assert!(!spread.is_far(15) && spread.is_far(16));
        let (top, bottom) = spread.bound();
        assert_eq!((top * 6_745, bottom), ((10 * 6_745 + 35_000) * bottom, 4 * 6_745));
        // Below the others is no over-use, however far.
        assert!(!spread.is_far(-1_000));
        assert!(!spread.is_far(0));
    }

    #[test]
    fn an_even_number_has_its_middle_between_two() {
        // Fifteen of 4 and fifteen of 9: median 6.5, all of them 2.5 away.
        let list: Vec<i64> = (0..30).map(|n| if n < 15 { 4 } else { 9 }).collect();
        let spread = Spread::of(&list).unwrap();
        assert_eq!((spread.median(), spread.deviation()), ((13, 2), (10, 4)));
        // 0.6745 * (9 - 6.5) / 2.5 = 0.6745.
        let (top, bottom) = spread.z(9);
        assert_eq!(top * 10_000, bottom * 6_745);
    }

    #[test]
    fn a_score_of_exactly_three_and_a_half_is_not_above_it() {
        // Distance and deviation in the ratio of 35,000 to 6,745: median 0, deviation 6,745.
        let mut list = vec![-6_745; 10];
        list.extend([0; 9]);
        list.extend([6_745; 12]);
        let spread = Spread::of(&list).unwrap();
        assert_eq!((spread.median(), spread.deviation()), ((0, 2), (4 * 6_745, 4)));
        assert!(!spread.is_far(35_000) && spread.is_far(35_001));
        assert_eq!(spread.bound().0, 35_000 * spread.bound().1);
    }

    #[test]
    fn few_and_the_same_are_not_compared() {
        assert_eq!(Spread::of(&thirty(30)[..29]), Err(Alone::TooFew));
        assert_eq!(Spread::of(&[]), Err(Alone::TooFew));
        // More than half have 4: the distance of the middle one is 0, whatever the others have.
        let mut list = vec![4; 16];
        list.extend((0..14).map(|n| 100 * n));
        assert_eq!(Spread::of(&list), Err(Alone::NoSpread));
    }

    #[test]
    fn the_order_is_no_matter_and_size_does_not_break_it() {
        let mut list = thirty(30);
        list.reverse();
        assert_eq!(Spread::of(&list), Spread::of(&thirty(30)));
        let huge: Vec<i64> = (0..40).map(|n| if n % 2 == 0 { i64::MAX } else { n }).collect();
        let spread = Spread::of(&huge).unwrap();
        assert!(!spread.is_far(i64::MAX) && !spread.is_far(i64::MIN));
    }

    fn sessions(list: &[(&str, &str)]) -> Vec<(Interval, i64)> {
        let at = |text: &str| Instant::parse(&format!("2026-07-{text}:00Z")).unwrap();
        let one =
            |(id, (from, to)): (i64, &(&str, &str))| (Interval { from: at(from), to: at(to) }, id);
        (0..).zip(list).map(one).collect()
    }

    fn found(list: &[(&str, &str)]) -> Vec<(i64, i64)> {
        let mut all = taken(sessions(list));
        all.sort_unstable();
        all
    }

    #[test]
    fn what_was_taken_is_told_of_the_later_one() {
        assert!(found(&[]).is_empty());
        assert!(
            found(&[("01T13:00", "01T14:00"), ("01T14:00", "01T15:00")]).is_empty(),
            "touching"
        );
        // In whatever order they are told.
        assert_eq!(found(&[("01T13:30", "01T14:30"), ("01T13:00", "01T14:00")]), [(0, 30)]);
        // Of two at once one is taken whole; of one within another all of it.
        assert_eq!(found(&[("01T13:00", "01T14:00"), ("01T13:00", "01T14:00")]), [(1, 60)]);
        assert_eq!(found(&[("01T13:00", "01T16:00"), ("01T14:00", "01T14:15")]), [(1, 15)]);
        // A long one still runs when a short one in between has ended.
        let long = [("01T13:00", "01T16:00"), ("01T13:15", "01T13:30"), ("01T15:00", "01T17:00")];
        assert_eq!(found(&long), [(1, 15), (2, 60)]);
        // Over midnight.
        assert_eq!(found(&[("01T23:30", "02T00:30"), ("02T00:15", "02T01:00")]), [(1, 15)]);
    }

    /// All minutes taken are those of the sessions less the time that passed, minute by minute.
    #[test]
    fn what_was_taken_is_what_does_not_fit_in_the_time() {
        let minute = |n: i64| {
            Instant::parse("2026-07-01T00:00:00Z").unwrap().plus(chrono::TimeDelta::minutes(n))
        };
        let mut seed: i64 = 7;
        let mut roll = |sides: i64| {
            seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
            seed / 65_536 % sides
        };
        for _ in 0..200 {
            let count = roll(6);
            let times: Vec<(i64, i64)> = (0..count)
                .map(|_| {
                    let from = roll(60);
                    (from, from + 1 + roll(30))
                })
                .collect();
            let list: Vec<(Interval, i64)> = (0..)
                .zip(&times)
                .map(|(id, (from, to))| (Interval { from: minute(*from), to: minute(*to) }, id))
                .collect();
            let all: i64 = taken(list).iter().map(|(_, minutes)| minutes).sum();
            let passed = (0..100).filter(|n| times.iter().any(|(from, to)| from <= n && n < to));
            let sum: i64 = times.iter().map(|(from, to)| to - from).sum();
            assert_eq!(all, sum - i64::try_from(passed.count()).unwrap(), "{times:?}");
        }
    }
}
