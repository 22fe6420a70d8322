//! A fresh database for each test, gone when the test ends, also when it fails.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

/// Names a PostgreSQL server whose databases may be made and dropped.
pub const POSTGRES_VARIABLE: &str = "PEERCLAIMS_TEST_POSTGRES_URL";
const SQLITE_FILE: &str = "test.db";
/// Serializes the making of the template among test processes.
const TEMPLATE_LOCK: i64 = 0x7065_6572_7465_7374;

/// Keeps the names of this process's databases apart.
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this value, and its twins.
pub enum Database {
    Sqlite { dir: Arc<tempfile::TempDir> },
    Postgres { admin: String, name: Arc<str> },
}

impl Database {
    /// A migrated SQLite file.
    pub fn sqlite() -> Self {
        let database = Self::Sqlite { dir: Arc::new(tempfile::tempdir().unwrap()) };
        std::fs::write(database.sqlite_path(), migrated_file()).unwrap();
        database
    }

    /// A migrated PostgreSQL database; `None`, said loudly, when no server is set.
    pub fn postgres() -> Option<Self> {
        let Ok(admin) = std::env::var(POSTGRES_VARIABLE) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs {POSTGRES_VARIABLE}");
            let line = format!("SKIPPED on PostgreSQL: {POSTGRES_VARIABLE} is not set\n");
            // Not eprintln: the test harness keeps that back when a test passes.
            std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
            return None;
        };
        let template = template(&admin);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("peerclaims_test_{}_{number}", std::process::id());
        let clone = format!("CREATE DATABASE {name} TEMPLATE {template}");
        let mut conn = PgConnection::establish(&admin).unwrap();
        drop_database(&mut conn, &name);
        // Another clone's first moments can hold the template: wait and try again.
        let mut last = None;
        for _ in 0..50 {
            match conn.batch_execute(&clone) {
                Ok(()) => return Some(Self::Postgres { admin, name: name.into() }),
                Err(error) => last = Some(error),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("cannot clone the template: {last:?}");
    }

    /// An empty PostgreSQL database, made as docs/operations.md says.
    pub fn empty_postgres() -> Option<Self> {
        let admin = std::env::var(POSTGRES_VARIABLE).ok()?;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("peerclaims_test_{}_{number}", std::process::id());
        let mut conn = PgConnection::establish(&admin).unwrap();
        drop_database(&mut conn, &name);
        conn.batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .unwrap();
        Some(Self::Postgres { admin, name: name.into() })
    }

    /// The same database once more, for another service on it.
    pub fn twin(&self) -> Self {
        match self {
            Self::Sqlite { dir } => Self::Sqlite { dir: Arc::clone(dir) },
            Self::Postgres { admin, name } => {
                Self::Postgres { admin: admin.clone(), name: Arc::clone(name) }
            }
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { .. } => format!("sqlite://{}", self.sqlite_path().display()),
            Self::Postgres { admin, name } => with_name(admin, name),
        }
    }

    fn sqlite_path(&self) -> PathBuf {
        match self {
            Self::Sqlite { dir } => dir.path().join(SQLITE_FILE),
            Self::Postgres { .. } => unreachable!("a PostgreSQL database is no file"),
        }
    }

    /// Runs SQL beside the service.
    pub fn execute(&self, sql: &str) {
        self.try_execute(sql).unwrap();
    }

    /// Runs SQL that the database may refuse.
    pub fn try_execute(&self, sql: &str) -> diesel::QueryResult<()> {
        let url = self.url();
        match self {
            Self::Sqlite { .. } => {
                let path = url.strip_prefix("sqlite://").unwrap();
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON")
                    .unwrap();
                conn.batch_execute(sql)
            }
            Self::Postgres { .. } => PgConnection::establish(&url).unwrap().batch_execute(sql),
        }
    }

    /// Names (column `name`, TEXT) with their numbers (column `value`, BIGINT).
    pub fn table(&self, sql: &str) -> Vec<(String, i64)> {
        #[derive(QueryableByName)]
        struct Named {
            #[diesel(sql_type = diesel::sql_types::Text)]
            name: String,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            value: i64,
        }
        let (url, query) = (self.url(), diesel::sql_query(sql));
        let rows: Vec<Named> = match self {
            Self::Sqlite { .. } => {
                let path = url.strip_prefix("sqlite://").unwrap();
                query.load(&mut SqliteConnection::establish(path).unwrap()).unwrap()
            }
            Self::Postgres { .. } => {
                query.load(&mut PgConnection::establish(&url).unwrap()).unwrap()
            }
        };
        rows.into_iter().map(|row| (row.name, row.value)).collect()
    }

    /// The one number (BIGINT) that a query gives.
    pub fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            value: i64,
        }
        let url = self.url();
        let query = diesel::sql_query(format!("SELECT ({sql}) AS value"));
        let found: Number = match self {
            Self::Sqlite { .. } => {
                let path = url.strip_prefix("sqlite://").unwrap();
                query.get_result(&mut SqliteConnection::establish(path).unwrap()).unwrap()
            }
            Self::Postgres { .. } => {
                query.get_result(&mut PgConnection::establish(&url).unwrap()).unwrap()
            }
        };
        found.value
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { admin, name } = self
            && Arc::strong_count(name) == 1
            && let Ok(mut conn) = PgConnection::establish(admin)
        {
            drop_database(&mut conn, name);
        }
    }
}

fn drop_database(conn: &mut PgConnection, name: &str) {
    let dropped = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    if let Err(error) = dropped {
        eprintln!("cannot drop {name}: {error}");
    }
}

/// The same server, another database.
fn with_name(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, None), |(h, q)| (h, Some(q)));
    let start = head.find("://").unwrap() + 3;
    let end = head[start..].find('/').map_or(head.len(), |place| start + place);
    let query = query.map(|q| format!("?{q}")).unwrap_or_default();
    format!("{}/{name}{query}", &head[..end])
}

/// The bytes of a migrated SQLite file, made once a process: sixty migrations take longer than most
/// tests.
fn migrated_file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(SQLITE_FILE);
        peerclaims::store::migrate(&format!("sqlite://{}", path.display())).unwrap();
        // The last connection to close has moved the journal into the file.
        assert!(!dir.path().join(format!("{SQLITE_FILE}-wal")).exists());
        std::fs::read(path).unwrap()
    })
}

/// The migrated template: made once for each set of migrations and kept for later runs.
fn template(admin: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = format!("peerclaims_template_{}", digest_of_migrations());
        let making = format!("{name}_making");
        let mut conn = PgConnection::establish(admin).unwrap();
        conn.batch_execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).unwrap();
        let known = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        let there = diesel::sql_query(&known).execute(&mut conn).unwrap() > 0;
        // Made by a program that was built of older migrations than those that lie here.
        if there && !peerclaims::store::pending(&with_name(admin, &name)).unwrap().is_empty() {
            drop_database(&mut conn, &name);
        }
        if diesel::sql_query(known).execute(&mut conn).unwrap() == 0 {
            drop_database(&mut conn, &making);
            // Collation C: texts sort as they do on SQLite.
            let make =
                format!("CREATE DATABASE {making} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
            conn.batch_execute(&make).unwrap();
            peerclaims::store::migrate(&with_name(admin, &making)).unwrap();
            let mut tries = 0;
            while let Err(error) =
                conn.batch_execute(&format!("ALTER DATABASE {making} RENAME TO {name}"))
            {
                tries += 1;
                assert!(tries < 50, "cannot finish the template: {error}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).unwrap();
        name
    })
}

fn digest_of_migrations() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path().join("up.sql")).collect();
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(std::fs::read(file).unwrap());
    }
    let digest = hasher.finalize();
    digest.iter().take(6).fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
}
