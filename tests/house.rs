//! The rules of the house: who may import whom, how large a file may grow, and what must be written
//! down. The rooms are drawn in `src/lib.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use peerclaims::error::Code;

/// Most lines of a file. The one list of all tables is as long as it is.
const MAX_LINES: usize = 400;
/// The file with the list of tables.
const TABLES: &str = "src/store/schema.rs";
/// Most lines of a function.
const MAX_FUNCTION_LINES: usize = 70;

/// Each room with the rooms it may import. The command line puts everything together.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("metrics", &[]),
    ("x12", &["domain"]),
    ("synth", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("store", &["domain", "metrics"]),
    ("error", &["domain", "store"]),
    ("flow", &["domain", "x12", "store", "exchange", "config", "error", "metrics"]),
    ("reports", &["domain", "store", "error"]),
    ("http", &["flow", "reports", "config", "domain", "error", "metrics"]),
    ("exchange", &["domain", "config"]),
    ("worker", &["flow", "reports", "config", "domain", "error", "metrics"]),
    (
        "cli",
        &[
            "config",
            "domain",
            "error",
            "flow",
            "http",
            "reports",
            "store",
            "synth",
            "telemetry",
            "worker",
            "x12",
        ],
    ),
    ("main", &[]),
    ("lib", &[]),
];

/// Libraries that only some rooms may name.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("actix_http", &["http"]),
    ("actix_server", &["http"]),
    ("actix_service", &["http"]),
    ("actix_web", &["http"]),
    ("clap", &["cli"]),
    ("tokio", &["cli", "http", "store", "worker", "flow"]),
    ("parquet", &["reports"]),
    ("reqwest", &["cli"]),
];

/// What makes a rule impure: the clock, the machine, the network.
const EFFECTS: &[&str] =
    &["Utc::now", "Local::now", "SystemTime", "std::fs", "std::env", "std::net", "async fn"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|e| endings.iter().any(|end| e == *end)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Path from the root and text of each source file.
fn sources() -> Vec<(String, String)> {
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        (name, std::fs::read_to_string(path).unwrap())
    };
    // Unit tests in files of their own may do what tests do.
    let is_code =
        |(name, _): &(String, String)| !name.contains("/tests/") && !name.ends_with("tests.rs");
    files(&root().join("src"), &["rs"]).into_iter().map(read).filter(is_code).collect()
}

/// The room of `src/room/…` or `src/room.rs`.
fn room(name: &str) -> &str {
    let rest = name.strip_prefix("src/").unwrap();
    rest.split(['/', '.']).next().unwrap()
}

/// The code without comments and without its tests at the end.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let bare = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    body.lines().map(bare).collect::<Vec<_>>().join("\n")
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names that follow `start` in `code`, also in `start{a, b::c}`.
fn names_after(code: &str, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (place, _) in code.match_indices(start) {
        if code[..place].ends_with(|c| is_word(c) || c == ':') {
            continue;
        }
        let rest = &code[place + start.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(rest.chars().take_while(|c| is_word(*c)).collect());
            continue;
        };
        let (mut depth, mut name) = (0, String::new());
        for c in group.chars() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => found.extend([std::mem::take(&mut name)]),
                c if depth == 0 => name.push(c),
                _ => {}
            }
        }
        found.insert(name);
    }
    let first = |name: String| name.trim().split(|c| !is_word(c)).next().unwrap().to_owned();
    found.into_iter().map(first).filter(|name| !name.is_empty()).collect()
}

#[test]
fn imports_point_down() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        let own = room(&name);
        let allowed = ROOMS.iter().find(|(room, _)| *room == own);
        let Some((_, allowed)) = allowed else {
            faults.push(format!("{name} is in a room that tests/house.rs does not know"));
            continue;
        };
        for other in names_after(&code(&text), "crate::") {
            let known = ROOMS.iter().any(|(room, _)| *room == other);
            if known && other != own && !allowed.contains(&other.as_str()) {
                faults.push(format!("{name} imports {other}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn libraries_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        let code = code(&text);
        for (library, rooms) in LIBRARIES {
            let start = format!("{library}::");
            let whole = |place: usize| !code[..place].ends_with(|c| is_word(c) || c == ':');
            let named = code.match_indices(&start).any(|(place, _)| whole(place));
            if named && !rooms.contains(&room(&name)) {
                faults.push(format!("{name} names {library}"));
            }
        }
        if matches!(room(&name), "domain" | "x12") {
            let found = EFFECTS.iter().filter(|effect| code.contains(**effect));
            faults.extend(found.map(|effect| format!("{name} is not pure: {effect}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn files_and_functions_stay_small() {
    let mut faults = Vec::new();
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > MAX_LINES && name != TABLES {
            faults.push(format!("{name} has {} lines", lines.len()));
        }
        for (start, line) in lines.iter().enumerate() {
            let indent = &line[..line.len() - line.trim_start().len()];
            let words = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "];
            let mut rest = line.trim_start();
            while let Some(cut) = words.iter().find_map(|word| rest.strip_prefix(word)) {
                rest = cut;
            }
            if !rest.starts_with("fn ") {
                continue;
            }
            let end = format!("{indent}}}");
            let length = lines[start..].iter().position(|l| *l == end).unwrap_or(0);
            // A match that says a row for each of many is read like a table.
            let above = &lines[start.saturating_sub(2)..start];
            let table = above.iter().any(|l| l.contains("reason = \"a table: one row for each"));
            if length > MAX_FUNCTION_LINES && !table {
                faults.push(format!("{name}:{} is a function of {length} lines", start + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|f| f.0).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn migrations_are_twins() {
    let names = |backend: &str| -> BTreeSet<PathBuf> {
        let folder = root().join("migrations").join(backend);
        let all = files(&folder, &["sql"]);
        all.iter().map(|path| path.strip_prefix(&folder).unwrap().to_owned()).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
    for up in sqlite.iter().filter(|path| path.ends_with("up.sql")) {
        assert!(sqlite.contains(&up.with_file_name("down.sql")), "{}", up.display());
    }
}

#[test]
fn every_error_code_is_documented_with_its_status() {
    let text = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let mut faults = Vec::new();
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status());
        if !text.contains(&row) {
            faults.push(format!("docs/errors.md lacks {row}"));
        }
    }
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    for row in rows.filter(|row| Code::parse(row).is_err()) {
        faults.push(format!("docs/errors.md has {row}, which is no code"));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let text = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let defaults: toml::Table = toml::from_str(peerclaims::config::DEFAULTS).unwrap();
    let mut faults = Vec::new();
    for (section, keys) in &defaults {
        for (key, value) in keys.as_table().unwrap() {
            let plain = value.to_string().replace('"', "");
            let rows = [
                format!("| `{section}.{key}` | {plain} |"),
                format!("| `{section}.{key}` | `{plain}` |"),
            ];
            if !rows.iter().any(|row| text.contains(row)) {
                faults.push(format!("docs/configuration.md lacks {}", rows[0]));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here so that this file passes its own test.
    let forbidden =
        [["TO", "DO"], ["FIX", "ME"], ["unimplemented", "!("], ["todo", "!("], ["/wo", "rk/"]];
    let mut faults = Vec::new();
    let all = ["src", "tests", "docs", "config", "migrations", "benches", "fixtures"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), &["rs", "md", "toml", "sql", "json", "csv"]))
        .chain([root().join("README.md"), root().join("Cargo.toml")]);
    for path in all {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for word in forbidden.iter().map(|parts| parts.concat()) {
            if text.contains(&word) {
                faults.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Folders and files that the image's build copies.
fn copied() -> BTreeSet<String> {
    let docker = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let copies = docker.lines().filter_map(|line| line.strip_prefix("COPY "));
    let from_here = copies.filter(|rest| !rest.starts_with("--"));
    from_here.flat_map(|rest| rest.split_whitespace().rev().skip(1)).map(str::to_owned).collect()
}

/// Cargo reads no manifest whose targets are not there, so an image without them cannot be built.
#[test]
fn the_image_has_what_cargo_reads() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let ignored = read(".dockerignore");
    let let_in = ignored.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned);
    assert_eq!(copied(), let_in.collect(), "copied by the Dockerfile, let in by .dockerignore");
    let table: toml::Table = read("Cargo.toml").parse().unwrap();
    let named = [("bench", "benches"), ("example", "examples"), ("test", "tests")];
    for (kind, folder) in named.into_iter().filter(|(kind, _)| table.contains_key(*kind)) {
        assert!(
            copied().contains(folder),
            "Cargo.toml names a {kind}, and the image has no {folder}"
        );
    }
}

/// What the program takes into itself when it is compiled; its tests are no part of the image.
#[test]
fn the_image_has_what_the_program_takes_in() {
    let copied = copied();
    let (mut taken, mut missing) = (0, Vec::new());
    for (name, text) in sources() {
        let program = text.split("#[cfg(test)]").next().unwrap();
        let paths = program.split("include_").skip(1).filter_map(|piece| piece.split('"').nth(1));
        for path in paths.filter(|path| path.starts_with("../")) {
            let mut parts: Vec<&str> = name.split('/').collect();
            parts.pop();
            for step in path.split('/') {
                if step == ".." {
                    parts.pop();
                } else {
                    parts.push(step);
                }
            }
            taken += 1;
            if !copied.contains(parts[0]) {
                missing.push(format!("{name} takes {path}"));
            }
        }
    }
    assert!(taken > 0 && missing.is_empty(), "not in the image's build: {missing:#?}");
}
