//! A turn at the database: one connection, and one transaction after another on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::oneshot;

use super::conn::{Conn, Manager, Purpose, begin, in_begun, is_broken};
use super::error::StoreError;

/// Where work tells its answer, once.
pub type Tell<T> = oneshot::Sender<T>;

/// A connection while it is somebody's turn.
pub struct Turn {
    pool: Pool<Manager>,
    conn: Option<PooledConnection<Manager>>,
    purpose: Purpose,
    wanted: Arc<AtomicUsize>,
}

/// Somebody who waits for a turn to write, for as long as this is there.
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    pub(super) fn on(wanted: &Arc<AtomicUsize>) -> Self {
        wanted.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(wanted))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turn {
    /// With a connection of the pool.
    pub(super) fn with(
        pool: &Pool<Manager>,
        purpose: Purpose,
        wanted: Arc<AtomicUsize>,
    ) -> Result<Self, StoreError> {
        let conn = taken(pool)?;
        Ok(Self { pool: pool.clone(), conn: Some(conn), purpose, wanted })
    }

    /// Whether somebody waits for a turn to write: who goes on without need keeps others waiting.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > 0
    }

    /// Whether the last transaction began. One that did not has changed nothing, and the next one would not
    /// begin either: there is no connection, or another process does not let go of the database.
    pub fn has_begun(&self) -> bool {
        self.conn.is_some()
    }

    /// Runs `body` in a transaction of its own: all of it or nothing.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = self.begin()?;
        in_begun(conn, body)
    }

    /// Reads in a transaction of its own, and tells the answer before that is ended.
    pub(super) fn snapshot<T, E: From<StoreError>>(
        &mut self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
        tell: Tell<Result<T, E>>,
    ) {
        let mut tell = Some(tell);
        // Whoever asked may be gone; then nobody is told.
        let read = |conn: &mut Conn| {
            let value = body(conn)?;
            let _ = tell.take().map(|tell| tell.send(Ok(value)));
            Ok(())
        };
        if let Err(error) = self.transaction(read) {
            let _ = tell.map(|tell| tell.send(Err(error)));
        }
    }

    /// Asks one question that changes nothing, without a transaction around it: one statement is a snapshot
    /// by itself, and to begin and to end would be two more round trips. Where it fails, perhaps because the
    /// connection is lost, it is asked once more in a transaction, which finds one that lives.
    pub(super) fn glance<T>(
        &mut self,
        question: impl Fn(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(conn) = &mut self.conn
            && let Ok(answer) = question(conn)
        {
            return Ok(answer);
        }
        self.transaction(question)
    }

    /// Begins, if need be on another connection: that nothing has happened yet is certain here, and
    /// to ask each connection first whether it still lives would cost a round trip each time.
    fn begin(&mut self) -> Result<&mut Conn, StoreError> {
        let mut tries = self.pool.max_size();
        loop {
            let mut conn = match self.conn.take() {
                Some(conn) => conn,
                None => taken(&self.pool)?,
            };
            match begin(&mut conn, self.purpose) {
                Ok(()) => return Ok(self.conn.insert(conn)),
                // A broken connection does not go back to the pool.
                Err(_) if tries > 0 && is_broken(&mut conn) => tries -= 1,
                Err(error) => return Err(error),
            }
        }
    }
}

fn taken(pool: &Pool<Manager>) -> Result<PooledConnection<Manager>, StoreError> {
    pool.get().map_err(|e| StoreError::Busy(e.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use diesel::sql_types::BigInt;
    use futures_util::FutureExt;

    use crate::store::{Conn, Db, Scope, StoreError, Tell, Turn};

    fn open(dir: &tempfile::TempDir) -> Db {
        Db::open(&format!("sqlite://{}", dir.path().join("test.db").display()), 4).unwrap()
    }

    fn run(conn: &mut Conn, sql: &str) -> Result<(), StoreError> {
        Ok(conn.batch_execute(sql)?)
    }

    #[tokio::test]
    async fn the_writer_of_sqlite_keeps_its_connection() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir);
        let make = |conn: &mut Conn| run(conn, "CREATE TEMP TABLE own (n INTEGER)");
        db.write(Scope::Service, make).await.unwrap();
        for _ in 0..8 {
            let reads = (0..3).map(|_| db.read(Scope::Service, |c| run(c, "SELECT 1")));
            futures_util::future::try_join_all(reads).await.unwrap();
            // What only this connection has is still there.
            db.write(Scope::Service, |c| run(c, "INSERT INTO own VALUES (1)")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn who_reads_hears_the_answer_the_error_or_that_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir);
        let seven = |_: &mut Conn| Ok::<_, StoreError>(7);
        assert_eq!(db.read(Scope::Service, seven).await.unwrap(), 7);
        let busy = |_: &mut Conn| Err::<(), _>(StoreError::Busy("on purpose".into()));
        let error = db.read(Scope::Service, busy).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy(why) if why == "on purpose"));
        let dies = |_: &mut Conn| -> Result<(), StoreError> { panic!("on purpose") };
        let error = db.read(Scope::Service, dies).await.unwrap_err();
        assert!(matches!(error, StoreError::Broken(_)), "{error}");
        // Nothing of it is left: all turns and connections are free.
        let all = (0..12).map(|_| db.read(Scope::Service, seven));
        assert_eq!(futures_util::future::try_join_all(all).await.unwrap(), [7; 12]);
    }

    #[tokio::test]
    async fn a_turn_goes_on_after_its_answer_was_told_and_also_when_nobody_waits() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir);
        db.write(Scope::Service, |c| run(c, "CREATE TABLE t (n INTEGER)")).await.unwrap();
        let (go, gone) = mpsc::channel::<()>();
        let work = move |turn: &mut Turn, tell: Tell<u8>| {
            turn.transaction(|c| run(c, "INSERT INTO t VALUES (1)")).unwrap();
            tell.send(1).unwrap();
            gone.recv().unwrap();
            turn.transaction(|c| run(c, "INSERT INTO t VALUES (2)")).unwrap();
        };
        assert_eq!(db.turn(Scope::Service, work).await.unwrap(), Some(1));
        go.send(()).unwrap();
        // The next one to write comes after all of it.
        let count = |conn: &mut Conn| {
            let count = diesel::dsl::sql::<BigInt>("(SELECT COUNT(*) FROM t)");
            Ok::<i64, StoreError>(diesel::select(count).get_result(conn)?)
        };
        assert_eq!(db.write(Scope::Service, count).await.unwrap(), 2);
        let silent = |_: &mut Turn, _: Tell<u8>| ();
        assert_eq!(db.turn(Scope::Service, silent).await.unwrap(), None);
    }

    #[tokio::test]
    async fn who_finds_no_connection_in_time_hears_that_and_not_that_something_may_have_happened() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("test.db").display());
        let db = Db::open_with(&url, 2, Duration::from_millis(200)).unwrap();
        let held: Vec<_> = (0..2).map(|_| db.pool.get().unwrap()).collect();
        let writing = db.writing.get().unwrap();
        let error = db.read(Scope::Service, |c| run(c, "SELECT 1")).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)), "{error}");
        let work = |_: &mut Turn, tell: Tell<u8>| tell.send(1).unwrap();
        let error = db.turn(Scope::Service, work).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)), "{error}");
        drop((held, writing));
        assert_eq!(db.turn(Scope::Service, work).await.unwrap(), Some(1));
        // Whoever has a turn, and loses the connection to begin with, knows that nothing has begun.
        let pool = db.writing.clone();
        let work = move |turn: &mut Turn, tell: Tell<[bool; 2]>| {
            turn.transaction(|c| run(c, "SELECT 1")).unwrap();
            let before = turn.has_begun();
            turn.conn = None;
            let held = pool.get().unwrap();
            let error = turn.transaction(|c| run(c, "SELECT 1")).unwrap_err();
            assert!(matches!(error, StoreError::Busy(_)), "{error}");
            drop(held);
            tell.send([before, turn.has_begun()]).unwrap();
        };
        assert_eq!(db.turn(Scope::Service, work).await.unwrap(), Some([true, false]));
    }

    #[tokio::test]
    async fn a_turn_knows_whether_others_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir);
        let (go, gone) = mpsc::channel::<()>();
        let (seen, then) = mpsc::channel();
        let work = move |turn: &mut Turn, tell: Tell<bool>| {
            tell.send(turn.is_wanted()).unwrap();
            gone.recv().unwrap();
            seen.send(turn.is_wanted()).unwrap();
        };
        assert_eq!(db.turn(Scope::Service, work).await.unwrap(), Some(false));
        let reads = db.read(Scope::Service, |c| run(c, "SELECT 1"));
        reads.await.unwrap();
        let writes = db.write(Scope::Service, |c| run(c, "SELECT 1"));
        let mut writes = std::pin::pin!(writes);
        assert!(writes.as_mut().now_or_never().is_none());
        go.send(()).unwrap();
        writes.await.unwrap();
        assert!(then.recv().unwrap());
        let work = |turn: &mut Turn, tell: Tell<bool>| tell.send(turn.is_wanted()).unwrap();
        assert_eq!(db.turn(Scope::Service, work).await.unwrap(), Some(false));
    }
}
