//! A database with an invented year's reference data, and the files of its visits.

use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use peerclaims::store;
use peerclaims::synth::{self, Form, Shares, Wanted, Year};
use tempfile::TempDir;

use crate::memory::{AGAIN, CHILD};

/// The year of all measures.
pub const YEAR: i32 = 2026;
/// What is brought in before visits, in an order that works.
const KINDS: [&str; 10] = [
    "payers",
    "organizations",
    "locations",
    "packs",
    "contracts",
    "peers",
    "certificates",
    "members",
    "coverages",
    "authorizations",
];
/// The seed of all measures.
const SEED: u64 = 20_260_101;
/// Names a PostgreSQL server whose databases may be made and dropped.
const SERVER: &str = "PEERCLAIMS_TEST_POSTGRES_URL";

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    /// Those that can be measured here.
    pub fn at_hand() -> Vec<Self> {
        let server = std::env::var(SERVER).is_ok();
        [Some(Self::Sqlite), server.then_some(Self::Postgres)].into_iter().flatten().collect()
    }

    pub fn named(name: &str) -> Self {
        match name {
            "sqlite" => Self::Sqlite,
            "postgres" => Self::Postgres,
            other => panic!("{other} is no database; write sqlite or postgres"),
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

impl Backend {
    /// What the database calls itself.
    pub fn version(self) -> String {
        let found: Version = match self {
            Self::Sqlite => {
                let mut conn = SqliteConnection::establish(":memory:").unwrap();
                let asked = diesel::sql_query("SELECT sqlite_version() AS version");
                asked.get_result(&mut conn).unwrap()
            }
            Self::Postgres => {
                let mut conn = PgConnection::establish(&std::env::var(SERVER).unwrap()).unwrap();
                let asked = "SELECT current_setting('server_version') || ', shared_buffers ' || \
                             current_setting('shared_buffers') || ', synchronous_commit ' || \
                             current_setting('synchronous_commit') AS version";
                diesel::sql_query(asked).get_result(&mut conn).unwrap()
            }
        };
        found.version
    }
}

/// A database that goes away with its value.
#[derive(Debug)]
pub struct Database {
    pub url: String,
    /// Of a server: its name and the server's URL.
    on_server: Option<(String, String)>,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((name, server)) = &self.on_server {
            psql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn psql(server: &str, sql: &str) {
    let mut conn = PgConnection::establish(server).expect("the server answers");
    conn.batch_execute(sql).expect("the server does as it is told");
}

/// An invented year.
pub struct World {
    folder: TempDir,
    pub backend: Backend,
    pub encounters: u64,
    pub year: Year,
    pub base: Database,
}

impl World {
    /// Invents the year of one organization and brings in everything but the visits, which are
    /// written as CSV.
    pub fn new(backend: Backend, encounters: u64) -> Self {
        Self::with_form(backend, encounters, Form::Csv)
    }

    /// The same with visits in another form.
    pub fn with_form(backend: Backend, encounters: u64, form: Form) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let year = Year::new(YEAR).unwrap();
        let wanted = Wanted {
            encounters,
            seed: SEED,
            year,
            organizations: Some(1),
            shares: Shares::default(),
            form,
        };
        synth::write(&wanted, &folder.path().join("out")).unwrap();
        let base = empty(backend, folder.path());
        let world = Self { folder, backend, encounters, year, base };
        world.bring_in();
        world
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Everything but the visits, through the program itself, in the order of the folder's own
    /// `import.sh`.
    fn bring_in(&self) {
        for kind in KINDS {
            let of_kind = |path: &PathBuf| {
                let name = path.file_stem().unwrap().to_str().unwrap();
                name == kind || name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-'))
            };
            let folder = self.out().join(kind);
            let found = if folder.is_dir() {
                files(&folder)
            } else {
                files(&self.out()).into_iter().filter(of_kind).collect()
            };
            for file in found {
                self.program(&["import", kind, file.to_str().unwrap()]);
            }
        }
        // Each peer that was brought in is marked; with the worker of a service it would not stay so, and each visit
        // that a batch claims would be decided again for it.
        let mut command = Command::new(std::env::current_exe().unwrap());
        let done = command.args([CHILD, AGAIN, &self.base.url]).output().unwrap();
        assert!(done.status.success(), "what is marked was not decided again");
    }

    fn program(&self, args: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerclaims"));
        command.env("PEERCLAIMS__DATABASE__URL", &self.base.url).args(args);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
    }

    /// A copy of the database with nothing but the reference data.
    pub fn copy(&self, name: &str) -> Database {
        match self.backend {
            Backend::Sqlite => {
                let to = self.folder.path().join(format!("{name}.db"));
                std::fs::copy(self.folder.path().join("base.db"), &to).unwrap();
                Database { url: format!("sqlite://{}", to.display()), on_server: None }
            }
            Backend::Postgres => {
                let (base, server) = self.base.on_server.clone().unwrap();
                let copy = format!("{base}_{name}");
                psql(&server, &format!("DROP DATABASE IF EXISTS {copy} WITH (FORCE)"));
                psql(&server, &format!("CREATE DATABASE {copy} TEMPLATE {base}"));
                of_server(&server, copy)
            }
        }
    }

    /// The folders of the organizations' visits.
    pub fn organizations(&self) -> Vec<PathBuf> {
        files(&self.out().join("encounters"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

fn empty(backend: Backend, folder: &Path) -> Database {
    let database = match backend {
        Backend::Sqlite => {
            let path = folder.join("base.db");
            Database { url: format!("sqlite://{}", path.display()), on_server: None }
        }
        Backend::Postgres => {
            let server = std::env::var(SERVER).expect("PEERCLAIMS_TEST_POSTGRES_URL is set");
            let name = format!("bench_{}", std::process::id());
            psql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            psql(&server, &format!("CREATE DATABASE {name}"));
            of_server(&server, name)
        }
    };
    store::migrate(&database.url).unwrap();
    database
}

fn of_server(server: &str, name: String) -> Database {
    let (start, _) = server.rsplit_once('/').unwrap();
    Database { url: format!("{start}/{name}"), on_server: Some((name, server.to_owned())) }
}
