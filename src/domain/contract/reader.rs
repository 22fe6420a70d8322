//! Reads single values off the tree and collects every fault on the way.
//!
//! A getter that fails records why and gives `None`; the walk goes on, so that one look shows all
//! there is to mend. [`Reader::finish`] lets nothing through once a fault was recorded.

use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::fault::{Fault, Place};
use super::node::{Node, Value};
use crate::domain::dates::parse_date;
use crate::domain::finding::Grade;
use crate::domain::text::{Invalid, plain};

/// Most faults in one answer; who has more is helped by the first ones.
pub const MAX_FAULTS: usize = 200;
/// Longest text of a decimal: more digits than any amount here has.
const MAX_DECIMAL_CHARS: usize = 24;
const NO_FRACTIONS: &str = "a number with a point may not be exact, so it is refused; \
                            write it as a text in quotes, such as \"11.97\"";

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Reader {
    faults: Vec<(usize, Fault)>,
    missing: Vec<Missing>,
}

/// A value that no contract can be bound with.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) path: String,
    pub(super) place: Place,
    /// The grade of the weak source that says it; none: it is said to be unknown.
    pub(super) grade: Option<Grade>,
}

impl Reader {
    /// How many faults there are until now.
    pub(super) fn faults_so_far(&self) -> usize {
        self.faults.len()
    }

    /// Records a fault at a node.
    pub(super) fn fault(&mut self, order: usize, fault: Fault) {
        self.faults.push((order, fault));
    }

    /// Notes a value that is said to be unknown, or that a weak source says.
    pub(super) fn miss(&mut self, spot: &Spot<'_>, grade: Option<Grade>) {
        if !self.missing.iter().any(|noted| noted.path == spot.path) {
            let (path, place) = (spot.path.clone(), spot.node.place.clone());
            self.missing.push(Missing { path, place, grade });
        }
    }

    /// What was noted since it was last taken.
    pub(super) fn take_missing(&mut self) -> Vec<Missing> {
        std::mem::take(&mut self.missing)
    }

    /// The value, or all faults in the order of the document.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Fault>> {
        if let (true, Some(value)) = (self.faults.is_empty(), value) {
            return Ok(value);
        }
        self.faults.sort_by_key(|(order, _)| *order);
        let mut faults: Vec<Fault> = self.faults.into_iter().map(|(_, fault)| fault).collect();
        let more = faults.len().saturating_sub(MAX_FAULTS);
        faults.truncate(MAX_FAULTS);
        if let (true, Some(last)) = (more > 0, faults.last()) {
            let message = format!("and {more} faults more; mend those above first");
            faults.push(Fault::new(last.place.clone(), "", message));
        }
        if faults.is_empty() {
            // Unreachable by design: every `None` comes with a fault. Refusing is the safe answer.
            faults.push(Fault::new(Place::Line(1), "", "the document could not be read"));
        }
        Err(faults)
    }
}

/// A node and the path to it.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

/// What an exact decimal may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    /// Most decimals.
    pub(super) decimals: u32,
    /// It must lie below this, and above zero.
    pub(super) below: u32,
}

impl<'a> Spot<'a> {
    /// The whole document.
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    /// Whether it is a list that names nothing.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(&self.node.value, Value::List(items) if items.is_empty())
    }

    /// Records a fault here.
    pub(super) fn refuse(&self, r: &mut Reader, message: impl Into<String>) {
        r.fault(self.node.order, Fault::new(self.node.place.clone(), &self.path, message));
    }

    pub(super) fn wrong_type(&self, r: &mut Reader, expected: &str) {
        match &self.node.value {
            Value::Fraction => self.refuse(r, NO_FRACTIONS),
            other => self.refuse(r, format!("this is {}; write {expected}", other.words())),
        }
    }

    /// A text.
    pub(super) fn text(&self, r: &mut Reader) -> Option<&'a str> {
        if let Value::Text(text) = &self.node.value {
            return Some(text);
        }
        self.wrong_type(r, "a text in quotes");
        None
    }

    /// A text that a domain type accepts; its own rule is the fault's message.
    pub(super) fn parse<T: FromStr<Err = Invalid>>(&self, r: &mut Reader) -> Option<T> {
        match self.text(r)?.parse() {
            Ok(value) => Some(value),
            Err(Invalid(rule)) => {
                self.refuse(r, rule);
                None
            }
        }
    }

    /// A text for people, trimmed, up to `max` characters, on one line.
    pub(super) fn words(&self, r: &mut Reader, max: usize) -> Option<String> {
        let words = plain(self.text(r)?, max);
        if words.is_none() {
            self.refuse(r, format!("this text has 1 to {max} characters on one line"));
        }
        words
    }

    /// One text out of a closed list.
    pub(super) fn one_of(&self, r: &mut Reader, list: &[&str], what: &str) -> Option<String> {
        let text = self.text(r)?;
        if list.contains(&text) {
            return Some(text.to_owned());
        }
        self.refuse(r, format!("{what} is one of: {}", list.join(", ")));
        None
    }

    /// True or false.
    pub(super) fn bool(&self, r: &mut Reader) -> Option<bool> {
        if let Value::Bool(flag) = &self.node.value {
            return Some(*flag);
        }
        self.wrong_type(r, "true or false without quotes");
        None
    }

    /// A whole number in a range, both ends included.
    pub(super) fn number(&self, r: &mut Reader, range: RangeInclusive<u32>) -> Option<u32> {
        let Value::Integer(number) = &self.node.value else {
            self.wrong_type(r, "an integer without quotes");
            return None;
        };
        let number = u32::try_from(*number).ok().filter(|n| range.contains(n));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.refuse(r, format!("this is a whole number from {least} to {most}"));
        }
        number
    }

    /// An exact decimal above zero: an integer, or a text such as `"11.97"`.
    pub(super) fn amount(&self, r: &mut Reader, rule: Amount) -> Option<Decimal> {
        let amount = match &self.node.value {
            Value::Integer(number) => Some(Decimal::from(*number)),
            Value::Text(text) => exact(text),
            _ => {
                self.wrong_type(r, "a decimal in quotes, such as \"11.97\", or an integer");
                return None;
            }
        };
        let fits = |a: &Decimal| {
            *a > Decimal::ZERO && *a < Decimal::from(rule.below) && a.scale() <= rule.decimals
        };
        let amount = amount.map(|a| a.normalize()).filter(fits);
        if amount.is_none() {
            let Amount { decimals, below } = rule;
            let message =
                format!("this is a decimal above 0 and below {below}, at most {decimals} decimals");
            self.refuse(r, message);
        }
        amount
    }

    /// A date: a TOML date, or a text such as `"2026-07-01"`.
    pub(super) fn date(&self, r: &mut Reader) -> Option<NaiveDate> {
        let (Value::Text(text) | Value::Date(text)) = &self.node.value else {
            self.wrong_type(r, "a date such as 2026-07-01");
            return None;
        };
        match parse_date(text) {
            Ok(date) => Some(date),
            Err(Invalid(rule)) => {
                self.refuse(r, rule);
                None
            }
        }
    }
}

/// Digits with at most one point; no sign, no exponent, nothing that rounds.
fn exact(text: &str) -> Option<Decimal> {
    let shaped = text.len() <= MAX_DECIMAL_CHARS
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if shaped { Decimal::from_str_exact(text).ok() } else { None }
}
