//! A turn at the database: one connection, and one transaction after another on it.

use diesel::r2d2::{Pool, PooledConnection};

use super::conn::{Conn, Manager, Purpose, begin, in_begun, is_broken};
use super::error::StoreError;

/// A connection while it is somebody's turn.
pub struct Turn {
    pool: Pool<Manager>,
    conn: Option<PooledConnection<Manager>>,
    purpose: Purpose,
}

impl Turn {
    /// With a connection of the pool.
    pub(super) fn with(pool: &Pool<Manager>, purpose: Purpose) -> Result<Self, StoreError> {
        let conn = taken(pool)?;
        Ok(Self { pool: pool.clone(), conn: Some(conn), purpose })
    }

    /// Runs `body` in a transaction of its own: all of it or nothing.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        body: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = self.begin()?;
        in_begun(conn, body)
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
