//! From columns to checked values. A stored value that no longer passes its check is a broken
//! database, told by table and column and never by value.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Reads a text column into a checked value.
pub fn read<T: FromStr>(column: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Broken(format!("a stored value of {column} is malformed")))
}

/// Reads a nullable text column.
pub fn optional<T: FromStr>(
    column: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, StoreError> {
    text.map(|t| read(column, t)).transpose()
}

/// Reads a JSON column.
pub fn json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|_| StoreError::Broken(format!("a stored value of {column} is malformed")))
}

/// Writes a JSON column.
pub fn json_text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Broken(e.to_string()))
}

/// Reads a count that is never negative.
pub fn count(column: &'static str, value: i64) -> Result<u32, StoreError> {
    u32::try_from(value)
        .map_err(|_| StoreError::Broken(format!("a stored value of {column} is out of range")))
}
