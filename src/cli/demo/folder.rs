//! The folder that the demo writes into. It keeps a list of its own files there, and replaces those
//! and no others: a folder with a stranger's file is refused.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::CliError;

/// Names the demo's own files, one a line.
const LIST: &str = ".peerclaims-demo";
/// The database.
const DATABASE: &str = "peerclaims.db";
/// What SQLite puts beside its database.
const BESIDE: [&str; 2] = ["peerclaims.db-wal", "peerclaims.db-shm"];

/// The folder, emptied of an earlier demo.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    own: BTreeSet<String>,
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> CliError {
    CliError::Other(format!("cannot {what} {}: {error}", path.display()))
}

impl Folder {
    /// Makes the folder, or empties it when everything in it is an earlier demo's.
    pub(super) fn prepare(path: &Path) -> Result<Self, CliError> {
        fs::create_dir_all(path).map_err(|e| failed("make the folder", path, &e))?;
        let path = path.canonicalize().map_err(|e| failed("find the folder", path, &e))?;
        let list = path.join(LIST);
        let own: BTreeSet<String> = match fs::read_to_string(&list) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(e) if e.kind() == ErrorKind::NotFound => BTreeSet::new(),
            Err(e) => return Err(failed("read", &list, &e)),
        };
        let there = names(&path)?;
        let is_own = |name: &&String| {
            let name = name.as_str();
            name == LIST || own.contains(name) || (own.contains(DATABASE) && BESIDE.contains(&name))
        };
        if let Some(stranger) = there.iter().find(|name| !is_own(name)) {
            let text = format!(
                "{} has a file that is not of an earlier demo ({stranger}); nothing was changed. \
                 Choose another folder: --out DIR",
                path.display()
            );
            return Err(CliError::Other(text));
        }
        for name in &there {
            let file = path.join(name);
            fs::remove_file(&file).map_err(|e| failed("replace", &file, &e))?;
        }
        Ok(Self { path, own: BTreeSet::new() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The URL of the demo's database, which becomes the demo's own file.
    pub(super) fn database(&mut self) -> Result<String, CliError> {
        self.own(DATABASE)?;
        Ok(format!("sqlite://{}", self.path.join(DATABASE).display()))
    }

    /// Writes a file of the demo. The name comes from an answer of the service, so it is checked.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(CliError::Other(format!("a file cannot be called {name:?}")));
        }
        // Listed first: a demo that is broken off leaves no stranger behind.
        self.own(name)?;
        let file = self.path.join(name);
        fs::write(&file, bytes).map_err(|e| failed("write", &file, &e))
    }

    fn own(&mut self, name: &str) -> Result<(), CliError> {
        self.own.insert(name.to_owned());
        let list = self.path.join(LIST);
        let text: String = self.own.iter().flat_map(|n| [n.as_str(), "\n"]).collect();
        fs::write(&list, text).map_err(|e| failed("write", &list, &e))
    }
}

fn names(path: &Path) -> Result<Vec<String>, CliError> {
    let entries = fs::read_dir(path).map_err(|e| failed("look into", path, &e))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| failed("look into", path, &e))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_demo_is_replaced_and_a_stranger_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let mut folder = Folder::prepare(&path).unwrap();
        folder.database().unwrap();
        folder.write("a.837", b"ISA").unwrap();
        fs::write(path.join(DATABASE), b"").unwrap();
        fs::write(path.join(BESIDE[0]), b"").unwrap();
        Folder::prepare(&path).unwrap();
        assert!(names(&path).unwrap().is_empty());

        fs::write(path.join("wages.xlsx"), b"mine").unwrap();
        let error = Folder::prepare(&path).unwrap_err().to_string();
        assert!(error.contains("wages.xlsx") && error.contains("--out"), "{error}");
        assert_eq!(fs::read(path.join("wages.xlsx")).unwrap(), b"mine");
    }

    #[test]
    fn a_file_never_leaves_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::prepare(dir.path()).unwrap();
        for bad in ["", "../x", "a/b", ".peerclaims-demo", "a\\b"] {
            assert!(folder.write(bad, b"").is_err(), "{bad}");
        }
    }
}
