//! Migrations of both databases: twins of the same names, run at start and by `peerclaims migrate`.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{Conn, establish};
use super::error::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The key of the advisory lock under which one process migrates PostgreSQL: "peerclms" in ASCII.
const MIGRATION_LOCK: i64 = 0x7065_6572_636c_6d73;

/// What a run of migrations did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Names of those that were run now, in order.
    pub applied: Vec<String>,
}

/// Runs all pending migrations of the database at `url`. Several processes may start at once:
/// one migrates, the others wait and find nothing to do.
pub fn migrate(url: &str) -> Result<MigrationState, StoreError> {
    locked(url, |conn| {
        let run = match conn {
            Conn::Sqlite(c) => names(c.run_pending_migrations(SQLITE)),
            Conn::Postgres(c) => names(c.run_pending_migrations(POSTGRES)),
        };
        run.map(|applied| MigrationState { applied })
    })
}

/// Takes all migrations back, newest first: for tests of the down scripts.
pub fn down_all(url: &str) -> Result<MigrationState, StoreError> {
    locked(url, |conn| {
        let run = match conn {
            Conn::Sqlite(c) => names(c.revert_all_migrations(SQLITE)),
            Conn::Postgres(c) => names(c.revert_all_migrations(POSTGRES)),
        };
        run.map(|applied| MigrationState { applied })
    })
}

/// Names of migrations that have not been run.
pub fn pending(url: &str) -> Result<Vec<String>, StoreError> {
    let mut conn = establish(url)?;
    let list = match &mut conn {
        Conn::Sqlite(c) => {
            c.pending_migrations(SQLITE).map(|l| l.iter().map(|m| m.name().to_string()).collect())
        }
        Conn::Postgres(c) => {
            c.pending_migrations(POSTGRES).map(|l| l.iter().map(|m| m.name().to_string()).collect())
        }
    };
    list.map_err(|e| StoreError::Broken(format!("cannot read migrations: {e}")))
}

/// Names of migrations that a read on an open connection does not find run. Unlike [`pending`] it
/// creates nothing, so that it can stand in a read-only transaction.
pub fn unapplied(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    use diesel::migration::{Migration, MigrationSource};
    use diesel::{QueryableByName, RunQueryDsl};

    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let list = "SELECT version FROM __diesel_schema_migrations";
    let done: Vec<Applied> = diesel::sql_query(list).load(conn)?;
    let known: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> = SQLITE
        .migrations()
        .map_err(|e| StoreError::Broken(format!("cannot read migrations: {e}")))?;
    // Twins have the same names on both databases.
    let missing = known.iter().filter(|m| {
        let version = m.name().version().to_string();
        !done.iter().any(|d| d.version == version)
    });
    Ok(missing.map(|m| m.name().to_string()).collect())
}

fn names(
    run: Result<
        Vec<diesel::migration::MigrationVersion<'_>>,
        Box<dyn std::error::Error + Send + Sync>,
    >,
) -> Result<Vec<String>, StoreError> {
    match run {
        Ok(versions) => Ok(versions.iter().map(ToString::to_string).collect()),
        Err(e) => Err(StoreError::Broken(format!("a migration failed: {e}"))),
    }
}

fn locked<T>(
    url: &str,
    body: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    use diesel::connection::SimpleConnection;
    let mut conn = establish(url)?;
    if let Conn::Postgres(c) = &mut conn {
        c.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
    }
    let result = body(&mut conn);
    if let Conn::Postgres(c) = &mut conn {
        c.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
    }
    result
}
