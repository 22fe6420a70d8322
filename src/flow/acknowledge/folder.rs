//! What lies in the drop folder is received like an upload.
//!
//! When the process is killed after a file was received and before it was moved, the file is received
//! again, and as the same bytes are never applied twice, it is only moved.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tokio::task::spawn_blocking;

use super::{Incoming, Seen, harmless, receive_any};
use crate::domain::ids::OrganizationId;
use crate::domain::response::{Channel, FileState};
use crate::error::{AppError, Code};
use crate::exchange::folder::{Shelf, homes, put_away, settled};
use crate::flow::{Ctx, access};

/// Receives what lies in the folder now. Gives how many files were moved.
pub async fn look(ctx: &Ctx, folder: &Path) -> Result<usize, AppError> {
    let place = folder.to_owned();
    let homes = blocking(move || homes(&place)).await?;
    let mut moved = 0;
    for (name, home) in homes {
        let Some(tenant) = organization(ctx, &name).await? else {
            if is_new(&name) {
                let folder = harmless(&name);
                tracing::warn!(
                    folder,
                    "a folder below the watched one is named like no organization"
                );
            }
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

/// Names that were warned of.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether nobody was warned of this name since the process began.
fn is_new(name: &str) -> bool {
    WARNED.lock().is_ok_and(|mut warned| warned.insert(name.to_owned()))
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
    let mut reason = None;
    let (shelf, label) = match receive_any(ctx, tenant, incoming).await {
        Ok(seen) => sorted(&seen),
        // It will never be taken: too large, empty, or no good zip.
        Err(error) if !error.retryable() && error.code != Code::Internal => {
            // The words are beside the file: they may name what somebody called it.
            tracing::warn!(
                code = error.code.as_str(),
                organization = %tenant,
                "a file of the watched folder is refused; the reason lies beside it"
            );
            reason = Some(error.detail);
            (Shelf::Quarantine, error.code.as_str().to_owned())
        }
        Err(error) => return Err(error),
    };
    let (home, name) = (home.to_owned(), format!("{label}_{name}"));
    blocking(move || put_away(&home, &path, shelf, &name, reason.as_deref())).await
}

/// Where a file goes, and what its name begins with: the id of what was received.
fn sorted(seen: &[Seen]) -> (Shelf, String) {
    let aside = |s: &&Seen| s.file.state == FileState::Quarantined;
    let shelf = if seen.iter().any(|s| aside(&s)) { Shelf::Quarantine } else { Shelf::Done };
    let shown = seen.iter().find(aside).or_else(|| seen.first());
    (shelf, shown.map(|s| s.file.id.to_string()).unwrap_or_default())
}
