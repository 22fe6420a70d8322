//! What others have drawn: sums over the usage of a member's account with the payer.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::contract::Pack;
use crate::domain::dates::Window;
use crate::domain::facts::{AuthorizationFact, Usage};
use crate::domain::identifiers::Key;

/// The account: usage, read with the contract's week.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    pack: &'a Pack,
    usage: &'a [Usage],
}

/// A sum over the days of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// First day counted.
    pub from: NaiveDate,
    /// Last day counted.
    pub to: NaiveDate,
    /// Units drawn in them.
    pub units: i64,
}

impl<'a> Account<'a> {
    /// The account of `usage` under `pack`.
    pub fn new(pack: &'a Pack, usage: &'a [Usage]) -> Self {
        Self { pack, usage }
    }

    /// All units of `services` in the window around `day`.
    pub fn all(&self, services: &[Key], window: Window, day: NaiveDate) -> Counted {
        self.count(services, window, day, |_| true)
    }

    /// Units of `services` in the window around `day` that no authorization covered.
    pub fn free(&self, services: &[Key], window: Window, day: NaiveDate) -> Counted {
        self.count(services, window, day, |u| u.authorization.is_none())
    }

    fn count(
        &self,
        services: &[Key],
        window: Window,
        day: NaiveDate,
        counts: impl Fn(&Usage) -> bool,
    ) -> Counted {
        let (from, to) = window.around(day, self.pack.week_start);
        let counted = |u: &&Usage| {
            (from..=to).contains(&u.date) && services.contains(&u.service) && counts(u)
        };
        Counted { from, to, units: sum(self.usage.iter().filter(counted)) }
    }

    /// Units ever drawn on an authorization.
    pub fn drawn(&self, authorization: &AuthorizationFact) -> i64 {
        sum(self.usage.iter().filter(|u| u.authorization == Some(authorization.id)))
    }

    /// Units left of an authorization; negative when its grant shrank.
    pub fn left(&self, authorization: &AuthorizationFact) -> i64 {
        i64::from(authorization.units).saturating_sub(self.drawn(authorization))
    }
}

fn sum<'a>(usage: impl Iterator<Item = &'a Usage>) -> i64 {
    usage.fold(0, |sum, u| sum.saturating_add(u.units))
}

/// Whole units that fit into what is left, never below 0 (RK23: a cap of 8.5 has room for 8).
pub fn whole(left: Decimal) -> u32 {
    left.floor().max(Decimal::ZERO).to_u32().unwrap_or(u32::MAX)
}

/// Whole units of a count that may be negative.
pub fn at_least_none(left: i64) -> u32 {
    u32::try_from(left.max(0)).unwrap_or(u32::MAX)
}

/// `1 unit`, `3 units`.
pub fn units_in_words(units: u32) -> String {
    if units == 1 { "1 unit".to_owned() } else { format!("{units} units") }
}
