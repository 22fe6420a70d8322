//! What a report is made of: columns with their meaning, values that are null for a reason, rows with the
//! level above them, and the equations that must hold between them.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::domain::dates::Instant;
use crate::domain::money::Money;
use crate::domain::text::code_list;

/// Places of a share: four, so that a percentage has two.
const SHARE_PLACES: u32 = 4;

code_list!(
    /// What a column holds.
    Kind, "a kind of column" {
        /// Words and codes.
        Text = "text",
        /// Whole numbers.
        Integer = "integer",
        /// Numbers with places.
        Decimal = "decimal",
        /// Dollars with two places.
        Money = "money",
        /// ISO dates.
        Date = "date",
        /// Moments, in UTC.
        Time = "time",
        /// Yes or no.
        Flag = "flag",
    }
);

/// Whether there are no places to tell of.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn none(places: &u32) -> bool {
    *places == 0
}

/// A column: its name is fixed, and new ones are added at the end only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// In which unit.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub unit: &'static str,
    /// Places of numbers with places; 0 for all others.
    #[serde(skip_serializing_if = "none")]
    pub places: u32,
    /// Whether rows are told apart by it.
    pub key: bool,
    /// Whether its total is the sum of its rows.
    pub additive: bool,
    /// What it means; also when it is null.
    pub meaning: &'static str,
}

impl Column {
    /// Words by which rows are told apart.
    pub const fn key(name: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Text, unit: "", places: 0, key: true, additive: false, meaning }
    }

    /// Words that say something of a row.
    pub const fn words(name: &'static str, meaning: &'static str) -> Self {
        Self { key: false, ..Self::key(name, meaning) }
    }

    /// A number that adds up.
    pub const fn sum(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Integer, unit, additive: true, ..Self::words(name, meaning) }
    }

    /// A count of different things, which does not add up.
    pub const fn distinct(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Integer, unit, ..Self::words(name, meaning) }
    }

    /// Dollars that add up.
    pub const fn money(name: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Money, unit: "USD", additive: true, ..Self::words(name, meaning) }
    }

    /// A number with places, which does not add up.
    pub const fn rate(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Decimal, unit, places: SHARE_PLACES, ..Self::words(name, meaning) }
    }

    /// With other places than those of a share.
    pub const fn places(self, places: u32) -> Self {
        Self { places, ..self }
    }

    /// A date.
    pub const fn date(name: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Date, ..Self::words(name, meaning) }
    }

    /// A moment.
    pub const fn time(name: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Time, ..Self::words(name, meaning) }
    }

    /// Yes or no.
    pub const fn flag(name: &'static str, meaning: &'static str) -> Self {
        Self { kind: Kind::Flag, ..Self::words(name, meaning) }
    }
}

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, and why.
    Null(&'static str),
    /// Words.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with places.
    Decimal(Decimal),
    /// Cents.
    Money(i64),
    /// A date.
    Date(NaiveDate),
    /// A moment.
    Time(Instant),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// A share of a whole; without a whole there is none.
    pub fn share(part: i64, whole: i64) -> Self {
        Self::ratio(part, whole, SHARE_PLACES)
    }

    /// A quotient, rounded half away from zero; by nothing there is none.
    pub fn ratio(top: i64, bottom: i64, places: u32) -> Self {
        let Some(exact) = Decimal::from(top).checked_div(Decimal::from(bottom)) else {
            return Self::Null("no_denominator");
        };
        let mut rounded = exact.round_dp_with_strategy(places, MidpointAwayFromZero);
        rounded.rescale(places);
        Self::Decimal(rounded)
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// As it stands in a file; empty for nothing.
    pub fn plain(&self) -> String {
        match self {
            Self::Null(_) => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Money(cents) => Money::from_cents(*cents).to_string(),
            Self::Date(date) => date.to_string(),
            Self::Time(time) => time.to_string(),
            Self::Flag(yes) => yes.to_string(),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null(_) => to.serialize_none(),
            Self::Integer(number) => to.serialize_i64(*number),
            Self::Flag(yes) => to.serialize_bool(*yes),
            Self::Text(text) => to.serialize_str(text),
            _ => to.serialize_str(&self.plain()),
        }
    }
}

/// Rows of a report, with their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: &'static [Column],
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<Value>>,
    /// Levels between the rows and all together, the coarsest first; only of reports that are grouped.
    pub subtotals: Vec<Vec<Value>>,
    /// The level above the rows, counted for itself; none where rows have no total.
    pub totals: Option<Vec<Value>>,
}

/// Null values of a column with one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Nulls {
    /// Which column; `*` for all.
    pub column: &'static str,
    /// Why.
    pub reason: &'static str,
    /// How many, totals included.
    pub count: usize,
}

impl Table {
    /// An empty one.
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Vec::new(), subtotals: Vec::new(), totals: None }
    }

    /// What is null, and why.
    pub fn nulls(&self) -> Vec<Nulls> {
        let mut list: Vec<Nulls> = Vec::new();
        for row in self.rows.iter().chain(&self.subtotals).chain(&self.totals) {
            for (column, value) in self.columns.iter().zip(row) {
                let Value::Null(reason) = value else { continue };
                match list.iter_mut().find(|n| n.column == column.name && n.reason == *reason) {
                    Some(known) => known.count += 1,
                    None => list.push(Nulls { column: column.name, reason, count: 1 }),
                }
            }
        }
        list
    }

    /// The sum of an additive column over its rows, in cents or in ones.
    pub fn sum(&self, column: usize) -> i64 {
        let of = |row: &Vec<Value>| match row.get(column) {
            Some(Value::Integer(number) | Value::Money(number)) => *number,
            _ => 0,
        };
        self.rows.iter().map(of).sum()
    }
}

/// A row for JSON: an object in the order of the columns.
pub(super) struct Object<'a>(pub &'a [Column], pub &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (column, value) in self.0.iter().zip(self.1) {
            map.serialize_entry(column.name, value)?;
        }
        map.end()
    }
}

/// Rows for JSON.
pub(super) struct Objects<'a>(pub &'a [Column], pub &'a [Vec<Value>]);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(self.1.len()))?;
        for row in self.1 {
            list.serialize_element(&Object(self.0, row))?;
        }
        list.end()
    }
}

/// One equation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// In words.
    pub what: String,
    /// One side.
    pub left: String,
    /// The other.
    pub right: String,
    /// Left less right.
    pub difference: String,
    /// Whether they are equal.
    pub holds: bool,
}

impl Check {
    /// Of two whole numbers.
    pub fn whole(what: impl Into<String>, left: i64, right: i64) -> Self {
        let (holds, difference) = (left == right, (left - right).to_string());
        let (left, right) = (left.to_string(), right.to_string());
        Self { what: what.into(), left, right, difference, holds }
    }

    /// Of two amounts of cents.
    pub fn cents(what: impl Into<String>, left: i64, right: i64) -> Self {
        let text = |cents| Money::from_cents(cents).to_string();
        let (holds, difference) = (left == right, text(left - right));
        Self { what: what.into(), left: text(left), right: text(right), difference, holds }
    }
}

/// The place in the chain, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ties {
    /// Whether every check holds.
    pub ties: bool,
    /// The chain in words.
    pub chain: &'static str,
    /// The checks; one that does not hold says by how much.
    pub checks: Vec<Check>,
}

impl Ties {
    /// Of these checks.
    pub fn of(chain: &'static str, checks: Vec<Check>) -> Self {
        Self { ties: checks.iter().all(|c| c.holds), chain, checks }
    }

    /// Without both sides of its checks where somebody is left out: they would give back how many.
    pub(super) fn told(mut self, left_out: Option<bool>) -> Self {
        if left_out == Some(true) {
            self.checks.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: i64, after: i64, places: u32) -> String {
        Value::ratio(after - before, before, places).plain()
    }

    /// The test vectors of changes (`reports.md` section 7, the first five): from whole numbers, divided
    /// once, and rounded at the end.
    #[test]
    fn vectors_1_to_5_of_relative_change() {
        assert_eq!(change(1230, 716, 4), "-0.4179", "123 to 71.6 a month");
        assert_eq!(change(8360, 5758, 4), "-0.3112", "83.6 to 57.58");
        assert_eq!(change(1260, 845, 4), "-0.3294", "12.6% to 8.45%: in percent");
        assert_eq!(Value::ratio(845 - 1260, 100, 2).plain(), "-4.15", "and in points");
        assert_eq!(change(12_121, 16_005, 4), "0.3204");
        assert_eq!(change(742, 190, 4), "-0.7439", "7.42 to 1.9");
        assert_eq!(change(742, 198, 4), "-0.7332", "what was printed was made of 1.98");
    }

    /// The sixth: 57.5 units of 15 minutes are 14.375 hours, which the source prints as 14.4.
    #[test]
    fn vector_6_of_units_and_hours() {
        let hours = |places| Value::ratio(575 * 15, 10 * 60, places).plain();
        assert_eq!([hours(3), hours(2), hours(1)], ["14.375", "14.38", "14.4"]);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(Value::share(0, 0), Value::Null("no_denominator"));
        assert_eq!(Value::ratio(7, 0, 2), Value::Null("no_denominator"));
        // Half away from zero, on both sides of it.
        assert_eq!(Value::ratio(1, 8, 2).plain(), "0.13");
        assert_eq!(Value::ratio(-1, 8, 2).plain(), "-0.13");
    }
}
