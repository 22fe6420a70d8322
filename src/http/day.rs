//! Days in bodies and parameters: between the years that the domain knows.
//!
//! chrono reads years with six digits, whose windows end beyond the calendar, and which the two
//! databases sort differently.

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::dates::parse_date;

/// A day that must be there.
pub(super) fn required<'de, D: Deserializer<'de>>(source: D) -> Result<NaiveDate, D::Error> {
    parse_date(&String::deserialize(source)?).map_err(D::Error::custom)
}

/// A day that may be left out; goes with `#[serde(default)]`.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<NaiveDate>, D::Error> {
    let text: Option<String> = Option::deserialize(source)?;
    text.map(|t| parse_date(&t).map_err(D::Error::custom)).transpose()
}
