//! What PostgreSQL's planner knows of the data, kept true while a database fills.
//!
//! The server's own autovacuum looks about once a minute, and some servers run without it. Until then a
//! table that was just filled counts as almost empty, and a batch that is built right after an upload
//! joins each of its lines with every visit. So the process that adds rows looks for tables that have
//! grown since, each time that it has added as many as the last time again, and has the figures of those
//! made anew: of no others, because that takes a processor for some tenths of a second, for which the
//! visits of that moment wait. (SQLite has fixed figures: migration `000019_plans`.)

use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

use super::conn::{Backend, Conn};
use super::{Db, StoreError};

/// Rows of the work that a process adds before it asks for the first time: fewer make no bad plan.
const FIRST: u64 = 1_000;
/// Most rows between two times: figures a million rows old are good enough, and the server's own
/// autovacuum has long been there.
const MOST: u64 = 1_000_000;

/// The tables that grow with the work. Those that people keep by hand stay small.
const GROWING: [&str; 17] = [
    "accounts",
    "authorizations",
    "claim_line_parts",
    "claim_lines",
    "claims",
    "coverages",
    "decision_lines",
    "decisions",
    "encounters",
    "hold_reasons",
    "holds",
    "marks",
    "members",
    "session_encounters",
    "sessions",
    "shared_entries",
    "unit_entries",
];

/// How many rows were added since the figures were made.
#[derive(Debug)]
pub(super) struct Growth {
    added: AtomicU64,
    next: AtomicU64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { added: AtomicU64::new(0), next: AtomicU64::new(FIRST) }
    }
}

impl Growth {
    /// Counts `rows`; true for the one caller who is to ask for new figures.
    fn is_due(&self, rows: u64) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let before = self.added.fetch_add(rows, Ordering::Relaxed);
        let due = before < next && before.saturating_add(rows) >= next;
        if due {
            self.added.store(0, Ordering::Relaxed);
            self.next.store(next.saturating_mul(2).min(MOST), Ordering::Relaxed);
        }
        due
    }
}

impl Db {
    /// Says that rows were added, so that the planner's figures follow: a sum, and in ever longer
    /// intervals a task of its own that reads a sample of the tables. Nobody waits for it.
    pub fn grown(&self, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        if self.backend() != Backend::Postgres || !self.growth.is_due(rows) {
            return;
        }
        let pool = self.pool.clone();
        tokio::task::spawn_blocking(move || {
            let renewed = pool
                .get()
                .map_err(|e| StoreError::Busy(e.to_string()))
                .and_then(|mut conn| renew(&mut conn));
            if let Err(error) = renewed {
                // Slower plans for a while, and no more: the work itself is done.
                tracing::warn!(%error, "the planner's figures were not renewed");
            }
        });
    }
}

/// Those of some tables that have more than one and a half times the pages that they had when their figures were
/// made: what the planner believes they have. It needs no count of changes, which a server may do without.
const GROWN: &str = "SELECT relname AS name FROM pg_class \
     WHERE oid IN (SELECT to_regclass(t) FROM unnest($1) AS t) AND pg_relation_size(oid) > \
     (relpages + relpages / 2) * CAST(current_setting('block_size') AS BIGINT) ORDER BY relname";

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Has the figures of tables that have grown made anew, and gives their names; none on SQLite.
pub fn renew(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(Vec::new()) };
    let grown: Vec<Table> =
        diesel::sql_query(GROWN).bind::<Array<Text>, _>(&GROWING[..]).load(conn)?;
    let grown: Vec<String> = grown.into_iter().map(|table| table.name).collect();
    if !grown.is_empty() {
        conn.batch_execute(&format!("ANALYZE {}", grown.join(", ")))?;
    }
    Ok(grown)
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Growth, MOST};

    #[test]
    fn figures_are_asked_for_at_each_doubling() {
        let growth = Growth::default();
        let due: Vec<u64> = (1..=15 * FIRST / 100).filter(|_| growth.is_due(100)).collect();
        let at = |n: u64| n * FIRST / 100;
        assert_eq!(due, [at(1), at(3), at(7), at(15)]);
    }

    #[test]
    fn large_additions_are_due_at_once_and_never_skip_the_most() {
        let growth = Growth::default();
        assert!(growth.is_due(10 * MOST));
        for _ in 0..40 {
            growth.is_due(MOST);
        }
        assert!(growth.is_due(MOST));
    }
}
