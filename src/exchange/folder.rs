//! The drop folder: whoever fetches a payer's files puts them into `<folder>/<organization>/in`.
//!
//! A file that was received is moved, in one step, to `done` or `quarantine` beside `in`. Files that are
//! still being written are left alone: those that changed a moment ago, and those whose name starts with
//! a dot or ends in `.tmp` or `.part`. Folders in `in` are not looked into. Of a file of which nothing is
//! kept, a text beside it tells why.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a file must have been unchanged: whoever writes it in place pauses for less.
const SETTLED: Duration = Duration::from_secs(3);
/// Files taken up in one look at one organization's folder, so that none waits for another's.
const LOOK_FILES: usize = 100;
/// Endings of files that are still being written.
const UNFINISHED: [&str; 3] = ["tmp", "part", "filepart"];
/// Where files come.
const IN: &str = "in";

/// Where a file goes that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// It was read.
    Done,
    /// A person must look at it.
    Quarantine,
}

impl Shelf {
    const fn folder(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Quarantine => "quarantine",
        }
    }
}

/// The folders of organizations that have an `in`.
pub fn homes(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut homes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).map(str::to_owned);
        if let Some(name) = name.filter(|_| path.join(IN).is_dir()) {
            homes.push((name, path));
        }
    }
    homes.sort();
    Ok(homes)
}

/// Files that nobody is writing any more, oldest name first. Links are not followed.
pub fn settled(home: &Path) -> io::Result<Vec<PathBuf>> {
    let now = SystemTime::now();
    let mut found = Vec::new();
    for entry in fs::read_dir(home.join(IN))? {
        let path = entry?.path();
        let about = fs::symlink_metadata(&path)?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        let unfinished = name.starts_with('.') || UNFINISHED.contains(&ending.as_str());
        let still = about.modified()?.elapsed_since(now) >= SETTLED;
        if about.is_file() && still && !unfinished {
            found.push(path);
        }
    }
    found.sort();
    found.truncate(LOOK_FILES);
    Ok(found)
}

/// How long ago a moment was; one in the future is as old as can be, so that a wrong clock of
/// another machine keeps no file waiting for ever.
trait Age {
    fn elapsed_since(self, now: SystemTime) -> Duration;
}

impl Age for SystemTime {
    fn elapsed_since(self, now: SystemTime) -> Duration {
        now.duration_since(self).unwrap_or(Duration::MAX)
    }
}

/// Ending of the file beside one that was not taken.
const REASON: &str = ".reason.txt";

/// Moves a file from `in` to its shelf, under a label and its name; a reason is told beside it.
pub fn put_away(
    home: &Path,
    path: &Path,
    shelf: Shelf,
    name: &str,
    reason: Option<&str>,
) -> io::Result<()> {
    let folder = home.join(shelf.folder());
    fs::create_dir_all(&folder)?;
    let to = free(folder.join(name));
    fs::rename(path, &to)?;
    let Some(reason) = reason else { return Ok(()) };
    let mut beside = to.into_os_string();
    beside.push(REASON);
    fs::write(beside, format!("{reason}\n"))
}

/// A name that is not taken: what was moved there before stays.
fn free(path: PathBuf) -> PathBuf {
    let taken = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
    if !path.exists() {
        return path;
    }
    (1..u32::MAX).map(taken).find(|p| !p.exists()).unwrap_or(path)
}
