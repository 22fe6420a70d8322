//! A database with an invented year's reference data, and the files of its visits.

use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use peerclaims::store;
use peerclaims::synth::{self, Form, Shares, Wanted, Year};
use tempfile::TempDir;

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
    pub form: Form,
    pub base: Database,
}

impl World {
    /// Invents the year and brings in everything but the visits, which are written as CSV.
    pub fn new(backend: Backend, encounters: u64, organizations: u64) -> Self {
        Self::with_form(backend, encounters, organizations, Form::Csv)
    }

    /// The same with visits in another form.
    pub fn with_form(backend: Backend, encounters: u64, organizations: u64, form: Form) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let year = Year::new(2026).unwrap();
        let wanted = Wanted {
            encounters,
            seed: SEED,
            year,
            organizations: Some(organizations),
            shares: Shares::default(),
            form,
        };
        synth::write(&wanted, &folder.path().join("out")).unwrap();
        let base = empty(backend, folder.path(), "base");
        let world = Self { folder, backend, encounters, year, form, base };
        world.bring_in();
        world
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Everything but the visits, through the program itself, as a person would.
    fn bring_in(&self) {
        let out = self.out();
        let kinds = [
            "payers", "organizations", "locations", "packs", "contracts", "peers", "certificates",
            "members", "coverages", "authorizations",
        ];
        for kind in kinds {
            let starts = |name: &str| name.starts_with(&format!("{kind}.")) || name.starts_with(&format!("{kind}-"));
            let folder = if out.join(kind).is_dir() { out.join(kind) } else { out.clone() };
            let all = folder == out.join(kind);
            for file in files(&folder) {
                if all || starts(file.file_name().unwrap().to_str().unwrap()) {
                    self.program(&["import", kind, file.to_str().unwrap()]);
                }
            }
        }
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

fn empty(backend: Backend, folder: &Path, name: &str) -> Database {
    let database = match backend {
        Backend::Sqlite => {
            let path = folder.join(format!("{name}.db"));
            Database { url: format!("sqlite://{}", path.display()), on_server: None }
        }
        Backend::Postgres => {
            let server = std::env::var(SERVER).expect("PEERCLAIMS_TEST_POSTGRES_URL is set");
            let name = format!("bench_{}_{name}", std::process::id());
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
