//! Many rows of one table at once, on each database by its quickest way.
//!
//! SQLite takes them one by one with a statement that is prepared once for the connection: a
//! statement of five hundred rows would be parsed each time, which costs more than it saves where
//! nothing goes over a wire. PostgreSQL takes many by COPY, whose rows are never parsed; few by one
//! INSERT, which takes one round trip less.

/// Rows from which on COPY is used: a request that records one visit writes fewer.
pub(super) const COPY_ROWS: usize = 8;

/// Inserts rows: `$rows` is a list of structs whose `Insertable` writes NULL for none.
macro_rules! insert_set {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = &$rows[..];
        match &mut *$conn {
            $crate::store::conn::Conn::Sqlite(c) => {
                for row in rows {
                    diesel::insert_into($table).values(row).execute(c)?;
                }
            }
            $crate::store::conn::Conn::Postgres(_) if rows.is_empty() => {}
            // One row is a statement that is prepared once for the connection, too.
            $crate::store::conn::Conn::Postgres(c) if rows.len() == 1 => {
                for row in rows {
                    diesel::insert_into($table).values(row).execute(c)?;
                }
            }
            $crate::store::conn::Conn::Postgres(c)
                if rows.len() < $crate::store::sets::COPY_ROWS =>
            {
                diesel::insert_into($table).values(rows).execute(c)?;
            }
            $crate::store::conn::Conn::Postgres(c) => {
                diesel::copy_from($table).from_insertable(rows).execute(c)?;
            }
        }
    }};
}
pub(super) use insert_set;

diesel::postfix_operator!(
    InByteOrder,
    " COLLATE \"C\"",
    diesel::sql_types::Text,
    backend: diesel::pg::Pg
);
