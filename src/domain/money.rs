//! Money: whole cents in an `i64`, never a float.
//!
//! Rates have up to four decimals and are `Decimal`; they become cents once, at the claim line,
//! rounded half away from zero (`docs/architecture.md`, "Money").

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::text::Invalid;

/// An amount in whole cents of a US dollar. Text form: decimal with exactly two places.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Largest amount that any input may name, 999,999,999.99: SV102 and CLM02 hold 18 digits, and
    /// sums of a billion such lines still fit an `i64`.
    pub const MAX_INPUT: Self = Self(99_999_999_999);

    /// From whole cents.
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// In whole cents.
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// The amount as a decimal with two places.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Reads `12`, `12.3` or `12.34`, up to [`Money::MAX_INPUT`]; more places are refused.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = || Invalid::new("an amount is a decimal number with at most two places");
        let shaped =
            !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
        let amount: Decimal =
            if shaped { text.parse().map_err(|_| rule())? } else { return Err(rule()) };
        if amount.scale() > 2 {
            return Err(rule());
        }
        let money = Self::round(amount).ok_or_else(rule)?;
        if money.0.abs() > Self::MAX_INPUT.0 { Err(rule()) } else { Ok(money) }
    }

    /// Rounds a decimal to cents, half away from zero. `None` when it does not fit.
    pub fn round(amount: Decimal) -> Option<Self> {
        let cents = amount
            .round_dp_with_strategy(2, MidpointAwayFromZero)
            .checked_mul(Decimal::ONE_HUNDRED)?;
        cents.to_i64().map(Self)
    }

    /// Rate times units, rounded once to cents. `None` when it does not fit.
    pub fn of_units(rate: Decimal, units: u32) -> Option<Self> {
        rate.checked_mul(Decimal::from(units)).and_then(Self::round)
    }

    /// Splits the amount over `weights` by largest remainder, so that the parts add up exactly.
    /// Earlier parts win ties. All-zero weights give the whole to the first part.
    pub fn split(self, weights: &[u32]) -> Vec<Self> {
        let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if total == 0 {
            let rest = weights.iter().skip(1).map(|_| Self::ZERO);
            return weights.first().map(|_| self).into_iter().chain(rest).collect();
        }
        let exact = weights.iter().map(|w| i128::from(self.0) * i128::from(*w));
        let mut parts: Vec<(i128, i128)> =
            exact.map(|e| (e.div_euclid(total), e.rem_euclid(total))).collect();
        let handed: i128 = parts.iter().map(|p| p.0).sum();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(parts.get(*i).map_or(0, |p| p.1)));
        let mut left = i128::from(self.0) - handed;
        for index in order {
            if left == 0 {
                break;
            }
            if let Some(part) = parts.get_mut(index) {
                part.0 += 1;
                left -= 1;
            }
        }
        parts.into_iter().map(|p| Self(i64::try_from(p.0).unwrap_or(self.0))).collect()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl TryFrom<String> for Money {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Money> for String {
    fn from(value: Money) -> String {
        value.to_string()
    }
}

// Saturating: inputs are bounded by MAX_INPUT, so saturation cannot be reached by real sums, and a
// request can never abort the process.
impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_form_has_two_places() {
        assert_eq!(Money::from_cents(5).to_string(), "0.05");
        assert_eq!(Money::from_cents(-1234).to_string(), "-12.34");
        assert_eq!(Money::parse("12.3").unwrap(), Money::from_cents(1230));
        for bad in ["", "1e3", "1.234", "abc", "1,000.00", "+1", "1000000000.00", "-", "."] {
            assert!(Money::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero_once() {
        let rate: Decimal = "11.9750".parse().unwrap();
        assert_eq!(Money::of_units(rate, 1).unwrap().to_string(), "11.98");
        assert_eq!(Money::of_units(rate, 3).unwrap().to_string(), "35.93");
        assert_eq!(Money::round("-0.005".parse().unwrap()).unwrap().to_string(), "-0.01");
    }

    proptest! {
        #[test]
        fn split_adds_up_and_is_fair(cents in -1_000_000i64..1_000_000, weights in prop::collection::vec(0u32..50, 1..8)) {
            let parts = Money::from_cents(cents).split(&weights);
            prop_assert_eq!(parts.iter().copied().sum::<Money>().cents(), cents);
            let total: i64 = weights.iter().map(|w| i64::from(*w)).sum();
            if total > 0 {
                for (part, weight) in parts.iter().zip(&weights) {
                    let scaled = i128::from(part.cents()) * i128::from(total) - i128::from(cents) * i128::from(*weight);
                    prop_assert!(scaled.abs() < i128::from(total));
                }
            }
        }

        #[test]
        fn text_round_trips(cents in -99_999_999_999i64..99_999_999_999) {
            let money = Money::from_cents(cents);
            prop_assert_eq!(Money::parse(&money.to_string()).unwrap(), money);
        }
    }
}
