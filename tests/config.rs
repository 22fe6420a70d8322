//! Settings: layers, refusals that name the key, and secrets that stay secret.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests fail by panicking")]

use std::io::Write;
use std::path::Path;

use peerclaims::config::Settings;

fn read(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::from_parts(file, environment).map_err(|e| e.to_string())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = file("[http]\nlisten = \"127.0.0.1:9000\"\nworkers = 3\n");
    let settings = read(Some(file.path()), &[("PEERCLAIMS__HTTP__WORKERS", "5")]).unwrap();
    assert_eq!(settings.http.listen.port(), 9000);
    assert_eq!(settings.http.workers, 5);
    assert_eq!(settings.database.url.expose(), "sqlite://peerclaims.db");
    let named = file.path().to_str().unwrap();
    let settings = read(None, &[("PEERCLAIMS_CONFIG", named)]).unwrap();
    assert_eq!(settings.http.workers, 3);
    // Variables that only look alike are none of ours.
    read(None, &[("PEERCLAIMS_TEST_POSTGRES_URL", "x"), ("PEERCLAIMSX__A__B", "x")]).unwrap();
}

#[test]
fn every_refusal_names_the_key_and_how_to_write_it() {
    for (name, value, key, hint) in [
        ("HTTP__LISTEN", "nowhere", "http.listen", "socket address"),
        ("HTTP__WORKERS", "many", "http.workers", "integer"),
        ("HTTP__MAX_BODY_BYTES", "0", "http.max_body_bytes", "at least 1"),
        ("HTTP__HEADER_SECONDS", "0", "http.header_seconds", "at least 1"),
        ("HTTP__SHUTDOWN_SECONDS", "-1", "http.shutdown_seconds", "integer"),
        ("HTTP__PORT", "80", "http.port", "listen"),
        ("HTTPS__LISTEN", "x", "https", "http"),
        ("LOG__FORMAT", "xml", "log.format", "json"),
        ("LOG__LEVEL", "info,=,", "log.level", "debug"),
        ("DATABASE__CONNECTIONS", "1", "database.connections", "at least 2"),
        ("DATABASE__URL", "mysql://x", "database.url", "postgres://"),
        ("DATABASE__URL", "sqlite://:memory:", "database.url", "file"),
        ("DATABASE__URL", "postgres://db.example.org/x", "database.url", "sslmode=verify-full"),
    ] {
        let error = read(None, &[(&format!("PEERCLAIMS__{name}"), value)]).unwrap_err();
        assert!(error.contains(&format!("setting {key} ")), "{name}: {error}");
        let variable = format!("PEERCLAIMS__{}", key.to_uppercase().replace('.', "__"));
        assert!(error.contains(&variable), "{name}: {error}");
        assert!(error.contains(hint), "{name}: {error}");
    }
    let unknown = file("[http]\nlistne = \"x\"\n");
    let error = read(Some(unknown.path()), &[]).unwrap_err();
    assert!(error.contains("http.listne"), "{error}");
    let broken = file("[http\n");
    assert!(read(Some(broken.path()), &[]).unwrap_err().contains("cannot be read"));
    let missing = Path::new("/nowhere/at/all.toml");
    assert!(read(Some(missing), &[]).unwrap_err().contains("all.toml"));
}

#[test]
fn a_password_may_stand_in_a_file() {
    let secret = file("hunter/2\n");
    let path = secret.path().to_str().unwrap();
    let with = |url: &str, path: &str| {
        let url = ("PEERCLAIMS__DATABASE__URL", url);
        read(None, &[url, ("PEERCLAIMS__DATABASE__PASSWORD_FILE", path)])
    };
    let settings = with("postgres://user@localhost/x", path).unwrap();
    assert_eq!(settings.database.url.expose(), "postgres://user:hunter%2F2@localhost/x");
    assert!(!format!("{settings:?}").contains("hunter"));
    for (url, path) in [
        ("postgres://user@localhost/x", "/nowhere"),
        ("postgres://user:old@localhost/x", path),
        ("sqlite://x.db", path),
    ] {
        let error = with(url, path).unwrap_err();
        assert!(error.contains("setting database.password_file "), "{error}");
        assert!(!error.contains("hunter"), "{error}");
    }
}

#[test]
fn secrets_are_never_printed() {
    for url in [
        "postgres://user:hunter2@db.example.org/x",
        "mysql://user:hunter2@db.example.org/x",
        "postgres://user@db.example.org/x?password=hunter2",
    ] {
        let error = read(None, &[("PEERCLAIMS__DATABASE__URL", url)]).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let url = "postgres://user:hunter2@localhost/x";
    let settings = read(None, &[("PEERCLAIMS__DATABASE__URL", url)]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}
