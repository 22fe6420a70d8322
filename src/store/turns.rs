//! Who waits for whom where accounts are no help: a change that touches a whole organization waits
//! for the decisions that are being made about it, and new ones wait for the change.
//!
//! On PostgreSQL these are advisory locks until the transaction ends, which no row has to be written
//! for; on SQLite the one write transaction is turn enough. Each lock is named by the organization's
//! id, which is unique in the database and positive; the worker's by its complement.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::conn::Conn;
use super::error::StoreError;
use crate::domain::ids::OrganizationId;

/// The lock of reports that are made in the background: no organization has this number.
const JOBS: i64 = 0;

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Bool)]
    got: bool,
}

mod sql {
    use diesel::sql_types::BigInt;

    diesel::define_sql_function! {
        /// Waits for the lock, and shares it. (What it returns is nothing, and not looked at.)
        fn pg_advisory_xact_lock_shared(key: BigInt) -> diesel::sql_types::Text;
    }
    diesel::define_sql_function! {
        /// Waits for the lock.
        fn pg_advisory_xact_lock(key: BigInt) -> diesel::sql_types::Text;
    }
}

/// To be called before anything is read for a decision: many may decide at once.
pub fn decide(conn: &mut Conn, organization: OrganizationId) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        diesel::select(sql::pg_advisory_xact_lock_shared(organization.as_i64())).execute(c)?;
    }
    Ok(())
}

/// To be called before a change of what all decisions of the organization look at is committed:
/// whoever decided by the old is then done, and whoever comes later sees the new.
pub fn change(conn: &mut Conn, organization: OrganizationId) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        diesel::select(sql::pg_advisory_xact_lock(organization.as_i64())).execute(c)?;
    }
    Ok(())
}

/// To be called before jobs are counted and one is added or taken: two at once would each see room for one.
pub fn jobs(conn: &mut Conn) -> Result<(), StoreError> {
    if let Conn::Postgres(c) = conn {
        diesel::select(sql::pg_advisory_xact_lock(JOBS)).execute(c)?;
    }
    Ok(())
}

/// Takes the organization's turn of deciding again; `false`: another process has it now.
pub fn try_work(conn: &mut Conn, organization: OrganizationId) -> Result<bool, StoreError> {
    let Conn::Postgres(c) = conn else { return Ok(true) };
    let query = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS got");
    let row: Got = query.bind::<BigInt, _>(!organization.as_i64()).get_result(c)?;
    Ok(row.got)
}
