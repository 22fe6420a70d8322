//! What the migrations make is what `schema.rs` says, column by column; and down leaves nothing.

use std::collections::BTreeMap;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use peerclaims::store::{down_all, migrate, pending};

use crate::database::Database;
use crate::on_both_databases;

/// Table and column, with type and whether it may be NULL: `("peers", "npi") -> "Text"`.
type Columns = BTreeMap<(String, String), String>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    required: i64,
}

const SQLITE: &str = "SELECT m.name AS of, c.name AS name, c.type AS kind, \
    CAST(c.\"notnull\" AS BIGINT) AS required FROM sqlite_master m, pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '__diesel%'";

const POSTGRES: &str = "SELECT table_name::text AS of, column_name::text AS name, \
    data_type::text AS kind, CAST(is_nullable = 'NO' AS INTEGER)::bigint AS required \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'";

fn migrated(database: &Database) -> Columns {
    let url = database.url();
    let rows: Vec<Column> = match database {
        Database::Sqlite { .. } => {
            let path = url.strip_prefix("sqlite://").unwrap();
            diesel::sql_query(SQLITE).load(&mut SqliteConnection::establish(path).unwrap()).unwrap()
        }
        Database::Postgres { .. } => {
            diesel::sql_query(POSTGRES).load(&mut PgConnection::establish(&url).unwrap()).unwrap()
        }
    };
    let kind = |row: &Column| {
        let plain = match row.kind.to_ascii_lowercase().as_str() {
            "bigint" => "BigInt",
            "integer" => "Integer",
            "text" => "Text",
            "boolean" => "Bool",
            "date" => "Date",
            "timestamp" | "timestamp without time zone" => "Timestamp",
            "blob" | "bytea" => "Binary",
            other => panic!("{}.{} is a {other}", row.of, row.name),
        };
        if row.required == 1 { plain.to_owned() } else { format!("Nullable<{plain}>") }
    };
    rows.iter().map(|row| ((row.of.clone(), row.name.clone()), kind(row))).collect()
}

/// Reads the text of `schema.rs`: its macros leave nothing to ask at run time.
fn declared() -> Columns {
    let mut columns = Columns::new();
    let mut table = String::new();
    for line in include_str!("../../src/store/schema.rs").lines().map(str::trim) {
        if let Some((name, kind)) = line.split_once(" -> ") {
            let kind = kind.trim_end_matches(',').to_owned();
            columns.insert((table.clone(), name.to_owned()), kind);
        } else if let Some((name, _)) = line.strip_suffix('{').and_then(|l| l.split_once(" (")) {
            name.clone_into(&mut table);
        }
    }
    columns
}

fn tables_are_as_declared(database: &Database) {
    let (found, wanted) = (migrated(database), declared());
    assert!(wanted.len() > 80, "schema.rs was not read");
    let lacking: Vec<_> = wanted.iter().filter(|(k, v)| found.get(k) != Some(v)).collect();
    assert!(lacking.is_empty(), "declared and not migrated so: {lacking:#?}");
    let silent: Vec<_> = found.keys().filter(|k| !wanted.contains_key(*k)).collect();
    assert!(silent.is_empty(), "migrated and not declared: {silent:#?}");
}

fn down_takes_everything_back_and_up_brings_it_again(database: &Database) {
    let url = database.url();
    let before = migrated(database);
    assert!(pending(&url).unwrap().is_empty());
    let down = down_all(&url).unwrap();
    assert!(down.applied.len() > 2);
    assert!(migrated(database).is_empty());
    assert_eq!(pending(&url).unwrap().len(), down.applied.len());
    assert_eq!(migrate(&url).unwrap().applied.len(), down.applied.len());
    assert_eq!(migrated(database), before);
    assert!(migrate(&url).unwrap().applied.is_empty());
}

on_both_databases! {
    tables_are_as_declared
    down_takes_everything_back_and_up_brings_it_again
}
