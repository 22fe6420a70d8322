//! Settings: defaults compiled in, then a file, then the environment; checked before anything starts.
//!
//! Every refusal names the key and how to write it (`docs/configuration.md`). A database URL may
//! hold a password and is therefore a type that prints stars.

mod database_url;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

use crate::domain::text::code_list;
pub use database_url::DatabaseUrl;

/// The defaults, as text: also what `docs/configuration.md` points at.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// Names a settings file when `--config` does not.
pub const FILE_VARIABLE: &str = "PEERCLAIMS_CONFIG";
/// What variables of the environment start with.
const PREFIX: &str = "PEERCLAIMS";
/// Between section and key in the environment.
const SEPARATOR: &str = "__";
/// Largest JSON body that may be allowed: it is held in memory, once for each request.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Most connections that may be asked for: PostgreSQL's own default is 100 for all clients.
const MAX_CONNECTIONS: u32 = 1_000;
/// Longest wait that may be asked for, in seconds.
const MAX_SECONDS: u64 = 3_600;

/// A setting that cannot be used, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(key))]
pub struct ConfigError {
    /// `section.key`; empty when no single key is at fault.
    pub key: String,
    /// What is wrong and what to write.
    pub message: String,
}

impl ConfigError {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into() }
    }
}

fn place(key: &str) -> String {
    if key.is_empty() || key == "." {
        return String::new();
    }
    let variable = key.to_ascii_uppercase().replace('.', SEPARATOR);
    format!("setting {key} (in the environment: {PREFIX}{SEPARATOR}{variable}): ")
}

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the data is.
    pub database: DatabaseSettings,
    /// The web server.
    pub http: HttpSettings,
    /// What is counted, and where it is read.
    pub metrics: MetricsSettings,
    /// Files that come and go.
    pub exchange: ExchangeSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// Where the data is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Its URL.
    pub url: DatabaseUrl,
    /// A file with the password, for a URL without one; empty: none.
    pub password_file: PathBuf,
    /// Most connections of this process.
    pub connections: u32,
}

impl DatabaseSettings {
    /// Puts the password of the file into the URL.
    fn take_password(&mut self) -> Result<(), ConfigError> {
        if self.password_file.as_os_str().is_empty() {
            return Ok(());
        }
        let wrong = |message: String| ConfigError::new("database.password_file", message);
        let text = std::fs::read_to_string(&self.password_file)
            .map_err(|e| wrong(format!("cannot read {}: {e}", self.password_file.display())))?;
        let password = text.strip_suffix('\n').unwrap_or(&text);
        self.url = self.url.with_password(password).map_err(|m| wrong(m.to_owned()))?;
        Ok(())
    }
}

/// The web server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Where to listen; port 0 takes a free port.
    pub listen: SocketAddr,
    /// Threads; 0 is one for each core.
    pub workers: usize,
    /// Largest JSON body in bytes.
    pub max_body_bytes: usize,
    /// Largest bulk upload in bytes.
    pub max_bulk_bytes: u64,
    /// Seconds for the head of a request.
    pub header_seconds: u64,
    /// Seconds for a JSON body; longest pause of an upload.
    pub body_seconds: u64,
    /// Longest pause of a client in taking its answer.
    pub answer_seconds: u64,
    /// Least bytes a second of an upload, and of a client that takes its answer.
    pub min_bytes_per_second: u64,
    /// Seconds that running requests get at shutdown.
    pub shutdown_seconds: u64,
}

impl HttpSettings {
    /// Most threads that serve requests: the server takes no more.
    pub const MAX_WORKERS: usize = 512;
}

/// What is counted, and where it is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// Where `/metrics` listens.
    pub listen: MetricsListen,
}

/// Where `/metrics` listens: a port of its own, so that it is never public by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MetricsListen {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl MetricsListen {
    /// The address, when it is on.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl TryFrom<String> for MetricsListen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| "write off, or an address such as 127.0.0.1:9464")
    }
}

/// Files that come and go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSettings {
    /// The watched folder; empty: none.
    pub folder: PathBuf,
}

/// What is logged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Text or JSON.
    pub format: LogFormat,
    /// A level, or directives.
    pub level: String,
}

code_list!(
    /// How log lines look.
    LogFormat, "a log format" {
        /// For people.
        Text = "text",
        /// One JSON object a line, for collectors.
        Json = "json",
    }
);

impl Settings {
    /// Reads defaults, `file` (or the one named by `PEERCLAIMS_CONFIG`) and this process's
    /// environment, and checks them.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        // A variable that is not Unicode cannot be one of ours.
        let unicode = |(k, v): (std::ffi::OsString, std::ffi::OsString)| {
            Some((k.into_string().ok()?, v.into_string().ok()?))
        };
        Self::from_parts(file, std::env::vars_os().filter_map(unicode))
    }

    /// The same with an environment given by the caller.
    pub fn from_parts(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let environment: config::Map<String, String> = environment.into_iter().collect();
        let named = environment.get(FILE_VARIABLE).filter(|name| !name.is_empty());
        let file = file.or_else(|| named.map(Path::new));
        let mut layers = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            let text = std::fs::read_to_string(file).map_err(|e| {
                ConfigError::new("", format!("cannot read settings file {}: {e}", file.display()))
            })?;
            layers = layers.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let variables = Environment::with_prefix(PREFIX)
            .prefix_separator(SEPARATOR)
            .separator(SEPARATOR)
            .source(Some(environment));
        let merged = layers.add_source(variables).build().map_err(|e| {
            ConfigError::new("", format!("the settings cannot be read: {}", root(e)))
        })?;
        let mut settings: Self = serde_path_to_error::deserialize(merged).map_err(|e| {
            let key = e.path().to_string();
            ConfigError::new(&key, root(e.into_inner()))
        })?;
        settings.database.take_password()?;
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        self.database.url.check().map_err(|m| ConfigError::new("database.url", m))?;
        within("database.connections", u64::from(self.database.connections), 2, {
            u64::from(MAX_CONNECTIONS)
        })?;
        let body = u64::try_from(self.http.max_body_bytes).unwrap_or(u64::MAX);
        let most = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX);
        within("http.max_body_bytes", body, 1, most)?;
        within("http.max_bulk_bytes", self.http.max_bulk_bytes, 1, u64::MAX)?;
        within("http.header_seconds", self.http.header_seconds, 1, MAX_SECONDS)?;
        within("http.body_seconds", self.http.body_seconds, 1, MAX_SECONDS)?;
        within("http.answer_seconds", self.http.answer_seconds, 1, MAX_SECONDS)?;
        within("http.min_bytes_per_second", self.http.min_bytes_per_second, 1, u64::MAX)?;
        let workers = u64::try_from(self.http.workers).unwrap_or(u64::MAX);
        within("http.workers", workers, 0, u64::try_from(HttpSettings::MAX_WORKERS).unwrap_or(0))?;
        within("http.shutdown_seconds", self.http.shutdown_seconds, 1, MAX_SECONDS)?;
        check_level(&self.log.level)
    }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let upper = if most == u64::MAX { String::new() } else { format!(" and at most {most}") };
    Err(ConfigError::new(key, format!("write a whole number of at least {least}{upper}")))
}

fn check_level(level: &str) -> Result<(), ConfigError> {
    let usable = !level.trim().is_empty() && tracing_subscriber::EnvFilter::try_new(level).is_ok();
    let rule =
        "write error, warn, info, debug or trace, or directives such as info,peerclaims=debug";
    if usable { Ok(()) } else { Err(ConfigError::new("log.level", rule)) }
}

/// The innermost message: the outer ones repeat the key that is told already.
fn root(error: config::ConfigError) -> String {
    match error {
        config::ConfigError::At { error, .. } => root(*error),
        config::ConfigError::Type { expected, .. } => format!("write {expected}"),
        other => other.to_string(),
    }
}
