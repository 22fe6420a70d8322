//! Minutes to units (RK12): whole numbers only (`docs/definitions.md` section 3).

use super::contract::Rounding;

/// Minutes that a remainder needs to count under the eight-minute rule (CMS claims processing
/// manual, chapter 5, section 20.2).
const EIGHT_MINUTES: u32 = 8;

/// Units of `unit_minutes` in `minutes`, rounded once. A unit without length has no units: 0.
pub fn units(minutes: u32, unit_minutes: u32, rounding: Rounding) -> u32 {
    let (Some(whole), Some(rest)) =
        (minutes.checked_div(unit_minutes), minutes.checked_rem(unit_minutes))
    else {
        return 0;
    };
    // What is missing to the full unit; compared with the rest, it needs no halves.
    let missing = unit_minutes - rest;
    let begun = match rounding {
        Rounding::Floor => false,
        Rounding::Ceiling => rest > 0,
        Rounding::Nearest => rest >= missing,
        Rounding::Midpoint => rest > missing,
        Rounding::EightMinute => rest >= EIGHT_MINUTES,
    };
    whole + u32::from(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fraction in lowest terms is not needed: only comparisons by cross-multiplication.
    #[derive(Clone, Copy)]
    struct Ratio(u64, u64);

    impl Ratio {
        fn minus(self, whole: u64) -> Option<Self> {
            (whole * self.1 <= self.0).then(|| Self(self.0 - whole * self.1, self.1))
        }
        fn cmp(self, other: Self) -> std::cmp::Ordering {
            (self.0 * other.1).cmp(&(other.0 * self.1))
        }
    }

    /// Counts up from nothing: the slow way, with exact rational numbers.
    fn slowly(minutes: u32, length: u32, rounding: Rounding) -> u32 {
        let exact = Ratio(u64::from(minutes), u64::from(length));
        let mut whole = 0;
        while exact.minus(u64::from(whole) + 1).is_some() {
            whole += 1;
        }
        let rest = exact.minus(u64::from(whole)).unwrap();
        let half = rest.cmp(Ratio(1, 2));
        let up = match rounding {
            Rounding::Floor => false,
            Rounding::Ceiling => rest.0 != 0,
            Rounding::Nearest => half.is_ge(),
            Rounding::Midpoint => half.is_gt(),
            Rounding::EightMinute => rest.cmp(Ratio(8, u64::from(length))).is_ge(),
        };
        whole + u32::from(up)
    }

    #[test]
    fn rk12_all_minutes_and_lengths_agree_with_exact_fractions() {
        for length in 1..=120 {
            for minutes in 0..=1500 {
                for rounding in Rounding::ALL {
                    let (fast, slow) =
                        (units(minutes, length, *rounding), slowly(minutes, length, *rounding));
                    assert_eq!(fast, slow, "{minutes} minutes of {length}, {rounding}");
                }
            }
        }
    }

    #[test]
    fn rk12_the_usual_cases() {
        assert_eq!(units(7, 15, Rounding::EightMinute), 0);
        assert_eq!(units(8, 15, Rounding::EightMinute), 1);
        assert_eq!(units(22, 15, Rounding::EightMinute), 1);
        assert_eq!(units(23, 15, Rounding::EightMinute), 2);
        assert_eq!(units(45, 30, Rounding::Nearest), 2);
        assert_eq!(units(45, 30, Rounding::Midpoint), 1);
        assert_eq!(units(46, 30, Rounding::Midpoint), 2);
        assert_eq!(units(59, 60, Rounding::Floor), 0);
        assert_eq!(units(61, 60, Rounding::Ceiling), 2);
        assert_eq!(units(60, 0, Rounding::Ceiling), 0);
    }

    #[test]
    fn rk12_the_last_three_agree_for_quarter_hours() {
        for minutes in 0..=1500 {
            let of = |rounding| units(minutes, 15, rounding);
            assert_eq!(of(Rounding::Nearest), of(Rounding::Midpoint));
            assert_eq!(of(Rounding::Nearest), of(Rounding::EightMinute));
        }
    }
}
