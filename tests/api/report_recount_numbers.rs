//! Numbers as reports write them.

use chrono::NaiveDate;
use serde_json::{Value, json};

/// A quotient rounded half away from zero; null by nothing.
pub fn ratio(top: i64, bottom: i64, places: u32) -> Value {
    if bottom == 0 {
        return Value::Null;
    }
    let (top, bottom) = (i128::from(top) * 10_i128.pow(places), i128::from(bottom));
    let rounded = (2 * top + bottom).div_euclid(2 * bottom);
    let (whole, rest) = (rounded / 10_i128.pow(places), rounded % 10_i128.pow(places));
    json!(format!("{whole}.{rest:0width$}", width = places as usize))
}

pub fn share(part: i64, whole: i64) -> Value {
    ratio(part, whole, 4)
}

pub fn money(cents: i64) -> Value {
    json!(format!("{}.{:02}", cents / 100, cents % 100))
}

pub fn count<T>(list: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(list.into_iter().count()).unwrap()
}

pub fn month(day: NaiveDate) -> String {
    day.to_string()[..7].to_owned()
}
