//! The watched folder: whoever fetches a payer's files puts them into `<folder>/<organization>/in`.
//!
//! Each file is received like an upload and then moved, in one step, to `done` or `quarantine`
//! beside `in`. When the process is killed between the two, the file is received again, and as the
//! same bytes are never applied twice, it is only moved. Files that are still being written are left
//! alone: those that changed a moment ago, and those whose name starts with a dot or ends in `.tmp`
//! or `.part`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::domain::ids::OrganizationId;
use crate::domain::response::{Channel, FileState};
use crate::error::{AppError, Code};
use crate::flow::acknowledge::{Incoming, Seen, harmless, receive_any};
use crate::flow::{Actor, Ctx, access};

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a file must have been unchanged: whoever writes it in place pauses for less.
const SETTLED: Duration = Duration::from_secs(3);
/// Files taken up in one look at one organization's folder, so that none waits for another's.
const LOOK_FILES: usize = 100;
/// Endings of files that are still being written.
const UNFINISHED: [&str; 3] = ["tmp", "part", "filepart"];

/// Where files come, and where they go.
const IN: &str = "in";
const DONE: &str = "done";
const QUARANTINE: &str = "quarantine";

/// Looks at the folder until `stop` becomes true or its sender is gone. What cannot be read or moved
/// is logged and tried again at the next look.
pub async fn watch(ctx: Ctx, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    let ctx = ctx.acting(Actor::Worker);
    let mut turns = tokio::time::interval(LOOK_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stop.borrow() {
        tokio::select! {
            _ = turns.tick() => {
                if let Err(error) = look(&ctx, &folder).await {
                    tracing::warn!(
                        code = error.code.as_str(),
                        cause = error.internal,
                        "the watched folder cannot be read"
                    );
                }
            }
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

/// Receives what lies in the folder now. Gives how many files were moved.
pub async fn look(ctx: &Ctx, folder: &Path) -> Result<usize, AppError> {
    let place = folder.to_owned();
    let homes = blocking(move || homes(&place)).await?;
    let mut moved = 0;
    for (name, home) in homes {
        let Some(tenant) = organization(ctx, &name).await? else {
            tracing::warn!("a folder below the watched one is named like no organization");
            continue;
        };
        let place = home.clone();
        for path in blocking(move || settled(&place)).await? {
            match take(ctx, tenant, &home, path).await {
                Ok(()) => moved += 1,
                Err(error) => tracing::warn!(
                    code = error.code.as_str(),
                    cause = error.internal,
                    organization = %tenant,
                    "a file of the watched folder waits"
                ),
            }
        }
    }
    Ok(moved)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, AppError> {
    let failed = |e: &dyn std::fmt::Display| AppError::internal(format!("watched folder: {e}"));
    spawn_blocking(work).await.map_err(|e| failed(&e))?.map_err(|e| failed(&e))
}

async fn organization(ctx: &Ctx, name: &str) -> Result<Option<OrganizationId>, AppError> {
    match access::find_names(ctx, Some(name), None).await {
        Ok((found, _)) => Ok(found),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folders of organizations that have an `in`.
fn homes(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
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
fn settled(home: &Path) -> io::Result<Vec<PathBuf>> {
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

/// Receives one file and moves it.
async fn take(
    ctx: &Ctx,
    tenant: OrganizationId,
    home: &Path,
    path: PathBuf,
) -> Result<(), AppError> {
    let name = path.file_name().map(|n| harmless(&n.to_string_lossy())).unwrap_or_default();
    let place = path.clone();
    let bytes = blocking(move || File::open(&place)).await?;
    let incoming = Incoming { name: name.clone(), bytes, channel: Channel::Folder, archive: None };
    let (to, label) = match receive_any(ctx, tenant, incoming).await {
        Ok(seen) => sorted(&seen),
        // It will never be taken: too large, empty, or no good zip.
        Err(error) if !error.retryable() && error.code != Code::Internal => {
            tracing::warn!(code = error.code.as_str(), organization = %tenant, "{}", error.detail);
            (QUARANTINE, error.code.as_str().to_owned())
        }
        Err(error) => return Err(error),
    };
    let folder = home.join(to);
    let target = folder.join(format!("{label}_{name}"));
    blocking(move || {
        fs::create_dir_all(&folder)?;
        fs::rename(&path, free(target))
    })
    .await
}

/// Where a file goes, and what its name begins with: the id of what was received.
fn sorted(seen: &[Seen]) -> (&'static str, String) {
    let aside = |s: &&Seen| s.file.state == FileState::Quarantined;
    let to = if seen.iter().any(|s| aside(&s)) { QUARANTINE } else { DONE };
    let shown = seen.iter().find(aside).or_else(|| seen.first());
    (to, shown.map(|s| s.file.id.to_string()).unwrap_or_default())
}

/// A name that is not taken: what was moved there before stays.
fn free(path: PathBuf) -> PathBuf {
    let taken = |n: u32| PathBuf::from(format!("{}.{n}", path.display()));
    if !path.exists() {
        return path;
    }
    (1..u32::MAX).map(taken).find(|p| !p.exists()).unwrap_or(path)
}
