//! The write-ahead log of SQLite is put into the database beside the writers.
//!
//! SQLite by itself lets the writer do it whose commit makes the log long enough, and that one, and all who
//! wait behind it, wait for 32 MiB (`SQLITE_CHECKPOINT_PAGES`): of sixteen clients that post at once one in
//! fifty met such a moment. Here it is done after every few hundred rows on a connection of its own, in the
//! way that waits for nobody (`PASSIVE`), so that little is left when the writer's turn to do it comes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use diesel::connection::SimpleConnection;

use super::conn::{Backend, Conn};
use super::{Db, StoreError};

/// Rows of the work between two times: half a chunk of an upload, or some fifteen groups of posts. Each
/// time costs two syncs, which nobody waits for.
const ROWS: u64 = 256;

/// What was added since the last time, and whether somebody is at it.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    added: AtomicU64,
    running: AtomicBool,
}

impl Checkpoints {
    /// Counts `rows`; true for the one caller who is to begin.
    fn is_due(&self, rows: u64) -> bool {
        let added = self.added.fetch_add(rows, Ordering::Relaxed).saturating_add(rows);
        if added < ROWS || self.running.swap(true, Ordering::Acquire) {
            return false;
        }
        self.added.store(0, Ordering::Relaxed);
        true
    }

    fn is_over(&self) {
        self.running.store(false, Ordering::Release);
    }
}

impl Db {
    /// Says that rows were added. Nobody waits for what this begins.
    pub(super) fn put_back_beside(&self, rows: u64) {
        if self.backend() != Backend::Sqlite || !self.checkpoints.is_due(rows) {
            return;
        }
        let (pool, checkpoints) = (self.pool.clone(), std::sync::Arc::clone(&self.checkpoints));
        tokio::task::spawn_blocking(move || {
            let done = pool
                .get()
                .map_err(|e| StoreError::Busy(e.to_string()))
                .and_then(|mut conn| put_back(&mut conn));
            checkpoints.is_over();
            if let Err(error) = done {
                // The writer whose commit makes the log long enough does it then.
                tracing::warn!(%error, "the write-ahead log was not put into the database");
            }
        });
    }
}

fn put_back(conn: &mut Conn) -> Result<(), StoreError> {
    if let Conn::Sqlite(conn) = conn {
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Checkpoints, ROWS};

    #[test]
    fn one_begins_after_so_many_rows_and_the_next_when_it_is_over() {
        let checkpoints = Checkpoints::default();
        assert!(!checkpoints.is_due(ROWS - 1));
        assert!(checkpoints.is_due(1));
        assert!(!checkpoints.is_due(10 * ROWS), "somebody is at it");
        checkpoints.is_over();
        assert!(checkpoints.is_due(1), "what came meanwhile is not forgotten");
    }
}
