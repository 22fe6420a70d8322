//! SQLite's log of what was written is put into the database beside the work.
//!
//! Left alone, whoever commits when the log is full puts all of it into the database first, and all who wait
//! for that commit wait some twenty milliseconds for it: more than one in a hundred single posts. So a task of
//! its own does it in smaller pieces; what is left when the log is full is little. A commit is safe in the log
//! already: nothing that was answered depends on this.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use diesel::connection::SimpleConnection;

use super::conn::{Backend, Conn};
use super::{Db, StoreError};

/// Groups of posts between two times: a megabyte or two of pages. Their sync stands before the commit that comes
/// next on the same disk, so that with more of them that one commit takes twice as long (`docs/adr/0154`).
const GROUPS: u32 = 4;

/// What was written since the last time, and whether it is being done.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    groups: AtomicU32,
    running: AtomicBool,
}

impl Checkpoints {
    /// Counts a group; true for the one caller who is to begin.
    fn is_due(&self) -> bool {
        let groups = self.groups.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        groups >= GROUPS && !self.running.swap(true, Ordering::Acquire)
    }

    fn done(&self) {
        self.groups.store(0, Ordering::Relaxed);
        self.running.store(false, Ordering::Release);
    }
}

impl Db {
    /// Says that a group of posts was written. Nobody waits for what follows: the pool of those who read has
    /// a connection more than they have turns.
    pub fn logged(&self) {
        if self.backend() != Backend::Sqlite || !self.checkpoints.is_due() {
            return;
        }
        let (pool, checkpoints) = (self.pool.clone(), Arc::clone(&self.checkpoints));
        tokio::task::spawn_blocking(move || {
            let result = pool
                .get()
                .map_err(|e| StoreError::Busy(e.to_string()))
                .and_then(|mut conn| checkpoint(&mut conn));
            checkpoints.done();
            if let Err(error) = result {
                // Whoever fills the log does it then.
                tracing::warn!(%error, "the log was not put into the database");
            }
        });
    }
}

/// Puts into the database what no reader needs in the log any more, without waiting for anybody.
fn checkpoint(conn: &mut Conn) -> Result<(), StoreError> {
    if let Conn::Sqlite(conn) = conn {
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Checkpoints, Db, GROUPS};

    #[test]
    fn whoever_has_a_turn_finds_a_connection_while_the_log_is_put_away() {
        let dir = tempfile::tempdir().unwrap();
        for connections in [2, 8] {
            let url = format!("sqlite://{}", dir.path().join("test.db").display());
            let db = Db::open(&url, connections).unwrap();
            let turns = db.readers.available_permits() + db.writers.available_permits();
            assert_eq!(u32::try_from(turns).unwrap(), connections);
            assert_eq!(db.pool_state().most, connections + 1);
            let (readers, writers) = (db.pool.max_size(), db.writing.max_size());
            assert_eq!(
                (readers, writers),
                (connections, 1),
                "one more than there are turns to read"
            );
        }
    }

    #[test]
    fn one_at_a_time_and_after_so_many() {
        let all = Checkpoints::default();
        let due = |count: u32| (0..count).filter(|_| all.is_due()).count();
        assert_eq!((due(GROUPS - 1), due(1)), (0, 1));
        // While it is done, nobody begins another.
        assert_eq!(due(3 * GROUPS), 0);
        all.done();
        assert_eq!((due(GROUPS - 1), due(1)), (0, 1));
    }
}
