//! Days in bodies and parameters: between the years that the domain knows.
//!
//! chrono reads years with six digits, whose windows end beyond the calendar, and which the two
//! databases sort differently. A list from a day to an earlier one would be empty, and look as if there were nothing.

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::dates::parse_date;
use crate::error::{AppError, Code};

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

/// Refuses days the wrong way round, of the parameters `from` and `to` of a list.
pub(super) fn in_order(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<(), AppError> {
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        let detail = "Parameter to: it is before from; write the same or a later day.";
        return Err(AppError::new(Code::InvalidParameter, detail));
    }
    Ok(())
}
