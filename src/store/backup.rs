//! A copy of a SQLite database, made while others write to it.
//!
//! `VACUUM INTO` reads in one snapshot and writes a file that needs no log beside it. PostgreSQL has
//! its own tools for this.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::conn::{Backend, Conn, establish};
use super::error::StoreError;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Copies the database at `url` into the file at `path`, which must be empty or not be there.
pub fn copy(url: &str, path: &str) -> Result<(), StoreError> {
    if Backend::of(url)? != Backend::Sqlite {
        return Err(StoreError::Broken("only SQLite is copied this way".into()));
    }
    let mut conn = establish(url)?;
    diesel::sql_query("VACUUM INTO $1").bind::<Text, _>(path).execute(&mut conn)?;
    Ok(())
}

/// Reads the copy at `path` from end to end: pages, indexes and references must be whole.
pub fn check(path: &str) -> Result<(), StoreError> {
    let opened = SqliteConnection::establish(path);
    let sqlite = opened.map_err(|e| StoreError::Broken(format!("cannot open the copy: {e}")))?;
    let mut conn = Conn::Sqlite(sqlite);
    let whole = "SELECT integrity_check AS line FROM pragma_integrity_check";
    let lines: Vec<Line> = diesel::sql_query(whole).load(&mut conn)?;
    let lines: Vec<String> = lines.into_iter().map(|line| line.line).collect();
    if lines != ["ok"] {
        return Err(StoreError::Broken(format!("the copy is damaged: {}", lines.join("; "))));
    }
    let lost = "SELECT COUNT(*) AS number FROM pragma_foreign_key_check";
    let lost: Number = diesel::sql_query(lost).get_result(&mut conn)?;
    if lost.number > 0 {
        let text = format!("the copy has {} references that lead nowhere", lost.number);
        return Err(StoreError::Broken(text));
    }
    Ok(())
}
