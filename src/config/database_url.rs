//! The database's URL: a secret that prints stars, and may leave the machine only over verified TLS.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Deserialize;

/// A database URL. `Debug` and `Display` show no password; [`DatabaseUrl::expose`] gives all of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// From its text, unchecked; `Settings` checks it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole text with its password: for opening connections only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same with a password. The URL must be PostgreSQL's, name an account and have no password.
    pub(super) fn with_password(&self, password: &str) -> Result<Self, &'static str> {
        if password.is_empty() || password.contains(['\n', '\r', '\0']) {
            return Err("the file must have one line: the password");
        }
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err("only PostgreSQL has a password; leave it out");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, place) = authority.rsplit_once('@').unwrap_or_default();
        if user.is_empty() || user.contains(':') {
            return Err("database.url must name an account, and no password: postgres://USER@…");
        }
        let password = encode(password);
        Ok(Self(format!("{scheme}://{user}:{password}@{place}{tail}")))
    }

    /// Checks scheme and, for PostgreSQL off this machine, TLS.
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(path) = self.0.strip_prefix("sqlite://") {
            return match path {
                "" => Err("write sqlite:// and the path of the file".into()),
                // Each connection of a pool would get a memory database of its own.
                p if p.contains(":memory:") || p.contains("mode=memory") => {
                    Err("a database in memory cannot be used; write the path of a file".into())
                }
                _ => Ok(()),
            };
        }
        let rest = self
            .0
            .strip_prefix("postgres://")
            .or_else(|| self.0.strip_prefix("postgresql://"))
            .ok_or("write a URL that starts with sqlite:// or postgres://")?;
        check_postgres(rest, |name| std::env::var(name).ok())
    }
}

fn check_postgres(rest: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    let (head, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = head.split_once('/').map_or(head, |(authority, _)| authority);
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let mut places: Vec<String> = hosts.split(',').map(bare_host).collect();
    let mut modes = Vec::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "host" | "hostaddr" => places.extend(decode(value).split(',').map(str::to_owned)),
            "sslmode" => modes.push(value),
            "service" => {
                return Err("write the host in the URL; service files are not read here".into());
            }
            _ => {}
        }
    }
    // libpq takes these when the URL names no host.
    if places.iter().all(String::is_empty) {
        places.extend(["PGHOST", "PGHOSTADDR"].into_iter().filter_map(&variable));
    }
    let verified = !modes.is_empty() && modes.iter().all(|mode| *mode == "verify-full");
    if verified || places.iter().all(|host| stays_here(host)) {
        return Ok(());
    }
    Err("this PostgreSQL is on another machine, so the connection must be encrypted and its \
         server verified: add ?sslmode=verify-full (and sslrootcert=FILE for a private authority)"
        .into())
}

/// A host without its port and brackets, decoded.
fn bare_host(text: &str) -> String {
    let bare = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(host, _)| host),
        None => text.split_once(':').map_or(text, |(host, _)| host),
    };
    decode(bare)
}

/// Whether a connection to `host` cannot leave the machine: a socket, or loopback.
fn stays_here(host: &str) -> bool {
    let local = host.is_empty() || host.starts_with(['/', '@']);
    local
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Percent-encoding of everything but letters and digits.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Percent-decoding; what is not a valid escape stays as it is.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let value = escaped
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(*first));
        rest = if value.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Parameters may hold a password too, so only what comes before them is shown.
        let shown = self.0.split_once('?').map_or(self.0.as_str(), |(head, _)| head);
        match (shown.split_once("://"), shown.rsplit_once('@')) {
            (Some((scheme, _)), Some((user, place))) => {
                let user = user.split_once("://").map_or(user, |(_, user)| user);
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                write!(f, "{scheme}://{name}:***@{place}")
            }
            _ => f.write_str(shown),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), String> {
        check_postgres(url.strip_prefix("postgres://").unwrap(), |_| None)
    }

    #[test]
    fn postgres_off_this_machine_needs_a_verified_server() {
        for here in [
            "postgres://postgres@127.0.0.1:5432/x",
            "postgres://u:p@localhost/x",
            "postgres://u@[::1]:5432/x",
            "postgres:///x",
            "postgres:///x?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun/x",
            "postgres://u:p@db.example.org/x?sslmode=verify-full",
        ] {
            assert_eq!(check(here), Ok(()), "{here}");
        }
        for away in [
            "postgres://u:p@db.example.org/x",
            "postgres://u:p@10.0.0.5/x?sslmode=require",
            "postgres://u:p@localhost,db.example.org/x",
            "postgres://localhost/x?host=db.example.org",
            "postgres://localhost/x?hostaddr=10.0.0.5",
            "postgres://localhost/x?service=far",
            "postgres://db.example.org/x?sslmode=verify-full&sslmode=disable",
            "postgres://u:p%40localhost@db.example.org/x",
            "postgres://[2001:db8::1]/x",
        ] {
            assert!(check(away).is_err(), "{away}");
        }
        let far = |name: &str| (name == "PGHOST").then(|| "db.example.org".to_owned());
        assert!(check_postgres("/x", far).is_err());
    }

    #[test]
    fn a_password_of_any_characters_goes_into_the_url() {
        let url = DatabaseUrl::new("postgres://user@/x?host=/run");
        let with = url.with_password("p/@:?%é").unwrap();
        assert_eq!(with.expose(), "postgres://user:p%2F%40%3A%3F%25%C3%A9@/x?host=/run");
        assert!(!format!("{with}").contains("p%2F"));
        let url = DatabaseUrl::new("postgres://user@127.0.0.1:5432/x");
        let with = url.with_password("abc").unwrap();
        assert_eq!(with.expose(), "postgres://user:abc@127.0.0.1:5432/x");
        for (url, password) in [
            ("postgres://user@h/x", ""),
            ("postgres://user@h/x", "two\nlines"),
            ("postgres://user:old@h/x", "new"),
            ("postgres://h/x", "new"),
            ("sqlite://x.db", "new"),
        ] {
            assert!(DatabaseUrl::new(url).with_password(password).is_err(), "{url}");
        }
    }

    #[test]
    fn passwords_are_never_printed() {
        for url in [
            "postgres://user:hunter2@localhost/x",
            "postgres://user:hun@hunter2@localhost/x",
            "postgres://user@localhost/x?password=hunter2",
        ] {
            let url = DatabaseUrl::new(url);
            let shown = format!("{url} {url:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("localhost"), "{shown}");
        }
    }
}
