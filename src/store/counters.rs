//! Named counters that never give a number twice: starts of processes, control numbers of files.
//!
//! A number that was taken in a transaction which is rolled back is given again; nothing that was
//! committed is ever repeated.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::conn::Conn;
use super::error::StoreError;

/// What the names of control numbers' counters begin with; sender and receiver follow.
pub const CONTROL: &str = "x12:";
/// What the names of the counters of changed decisions begin with; the organization follows.
pub const CHANGES: &str = "changes:";

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = BigInt)]
    next_value: i64,
}

/// Takes `count` numbers (1 or more) of the counter `name` and gives the first of them. A new
/// counter starts at 1. The counter's row stays locked until the transaction ends.
pub fn take(conn: &mut Conn, name: &str, count: u32) -> Result<i64, StoreError> {
    let count = i64::from(count.max(1));
    let text = "INSERT INTO counters (name, next_value) VALUES ($1, $2 + 1) \
                ON CONFLICT (name) DO UPDATE SET next_value = counters.next_value + $3 \
                RETURNING next_value";
    let next: Next = diesel::sql_query(text)
        .bind::<Text, _>(name)
        .bind::<BigInt, _>(count)
        .bind::<BigInt, _>(count)
        .get_result(conn)?;
    Ok(next.next_value - count)
}

#[derive(QueryableByName)]
struct Counter {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    next_value: i64,
}

/// Moves a counter ahead to `next`, never back; gives its next number.
pub fn at_least(conn: &mut Conn, name: &str, next: u32) -> Result<i64, StoreError> {
    let text = "INSERT INTO counters (name, next_value) VALUES ($1, $2) \
                ON CONFLICT (name) DO UPDATE SET next_value = CASE \
                WHEN counters.next_value < $3 THEN $4 ELSE counters.next_value END \
                RETURNING next_value";
    let next = i64::from(next);
    let next: Next = diesel::sql_query(text)
        .bind::<Text, _>(name)
        .bind::<BigInt, _>(next)
        .bind::<BigInt, _>(next)
        .bind::<BigInt, _>(next)
        .get_result(conn)?;
    Ok(next.next_value)
}

/// Moves all counters whose names begin with `prefix` ahead by `by`; gives each with its next number.
pub fn skip(conn: &mut Conn, prefix: &str, by: u32) -> Result<Vec<(String, i64)>, StoreError> {
    // Compared piece by piece: LIKE would take characters of the prefix for patterns.
    let text = "UPDATE counters SET next_value = next_value + $1 \
                WHERE substr(name, 1, length($2)) = $3 RETURNING name, next_value";
    let moved: Vec<Counter> = diesel::sql_query(text)
        .bind::<BigInt, _>(i64::from(by))
        .bind::<Text, _>(prefix)
        .bind::<Text, _>(prefix)
        .load(conn)?;
    let mut moved: Vec<(String, i64)> = moved.into_iter().map(|c| (c.name, c.next_value)).collect();
    moved.sort();
    Ok(moved)
}
