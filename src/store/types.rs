//! Between columns and domain values. What is stored was parsed once; a stored value that does not
//! parse any more is a fault of ours, told by table and column and never by the value.

use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use crate::domain::dates::Span;
use crate::domain::text::Invalid;

/// Values in one `IN (…)` or rows in one `INSERT`: far below the 32,766 variables of SQLite with
/// the widest table here (16 columns).
pub const CHUNK: usize = 500;

/// Most rows that one page of a list reads, whatever the caller asks.
pub const MAX_PAGE: i64 = 1_001;

/// The error of a stored value that does not parse; `place` is `table.column`.
pub fn broken(place: &'static str) -> StoreError {
    StoreError::Broken(format!("a stored value of {place} does not parse"))
}

/// Reads a column of text into a value of the domain.
pub fn read<T: TryFrom<String, Error = Invalid>>(
    place: &'static str,
    value: String,
) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| broken(place))
}

/// Reads a column that may be NULL.
pub fn read_optional<T: TryFrom<String, Error = Invalid>>(
    place: &'static str,
    value: Option<String>,
) -> Result<Option<T>, StoreError> {
    value.map(|v| read(place, v)).transpose()
}

/// Writes a value that may be missing.
pub fn optional(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}

/// Rows of a left join, sorted by parent: each parent once, with its children.
pub fn with_children<P, C>(rows: Vec<(P, Option<C>)>, id: impl Fn(&P) -> i64) -> Vec<(P, Vec<C>)> {
    let mut all: Vec<(P, Vec<C>)> = Vec::new();
    for (parent, child) in rows {
        match all.last_mut().filter(|(last, _)| id(last) == id(&parent)) {
            Some((_, children)) => children.extend(child),
            None => all.push((parent, child.into_iter().collect())),
        }
    }
    all
}

/// Reads two columns of dates.
pub fn read_span(
    place: &'static str,
    from: NaiveDate,
    to: Option<NaiveDate>,
) -> Result<Span, StoreError> {
    Span::new(from, to).map_err(|_| broken(place))
}

/// Reads a column of JSON.
pub fn read_json<T: DeserializeOwned>(place: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| broken(place))
}

/// Reads a column of JSON that is NULL where everything is as usual.
pub fn read_unusual<T: DeserializeOwned + Default>(
    place: &'static str,
    text: Option<&str>,
) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), |text| read_json(place, text))
}

/// Writes a column of JSON that is NULL where everything is as usual.
pub fn write_unusual<T: Serialize + Default + PartialEq>(
    place: &'static str,
    value: &T,
) -> Result<Option<String>, StoreError> {
    if *value == T::default() { Ok(None) } else { write_json(place, value).map(Some) }
}

/// Writes a column of JSON.
pub fn write_json(place: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|_| StoreError::Broken(format!("{place} cannot be written as JSON")))
}

/// Reads a count, which is never negative.
pub fn read_count(place: &'static str, value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| broken(place))
}

/// Reads a decimal that may be NULL.
pub fn read_decimal(
    place: &'static str,
    value: Option<&str>,
) -> Result<Option<rust_decimal::Decimal>, StoreError> {
    value.map(|v| v.parse().map_err(|_| broken(place))).transpose()
}

/// A page size as the database takes it, kept within [`MAX_PAGE`].
pub fn page_size(limit: i64) -> i64 {
    limit.clamp(1, MAX_PAGE)
}

/// What changing a list of child rows takes: which go, which change, which are new.
#[derive(Debug)]
pub struct ListChange<R> {
    /// Ids of rows to delete.
    pub gone: Vec<i64>,
    /// Rows to update in place.
    pub changed: Vec<R>,
    /// Rows to insert.
    pub fresh: Vec<R>,
}

impl<R: PartialEq> ListChange<R> {
    /// Compares what is stored with what shall be, by id.
    pub fn between(stored: &[R], wanted: Vec<R>, id: impl Fn(&R) -> i64) -> Self {
        let wanted_ids: std::collections::HashSet<i64> = wanted.iter().map(&id).collect();
        let stored_by_id: std::collections::HashMap<i64, &R> =
            stored.iter().map(|r| (id(r), r)).collect();
        let gone = stored.iter().map(&id).filter(|i| !wanted_ids.contains(i)).collect();
        let mut change = Self { gone, changed: Vec::new(), fresh: Vec::new() };
        for row in wanted {
            match stored_by_id.get(&id(&row)) {
                None => change.fresh.push(row),
                Some(old) if **old != row => change.changed.push(row),
                Some(_) => {}
            }
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers::Npi;

    #[test]
    fn a_broken_value_is_told_by_its_column_only() {
        let error = read::<Npi>("peers.npi", "SECRET".to_owned()).unwrap_err();
        assert!(error.to_string().contains("peers.npi"));
        assert!(!error.to_string().contains("SECRET"));
    }

    #[test]
    fn a_list_changes_by_id() {
        let stored = [(1, "a"), (2, "b"), (3, "c")];
        let change = ListChange::between(&stored, vec![(2, "b"), (3, "C"), (4, "d")], |r| r.0);
        assert_eq!(change.gone, [1]);
        assert_eq!(change.changed, [(3, "C")]);
        assert_eq!(change.fresh, [(4, "d")]);
    }
}
