//! `peerclaims import responses PATH`: what clearinghouses and payers answered, as a file, a zip or a
//! folder of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::CliError;
use super::encounters::owner;
use crate::domain::identifiers::Key;
use crate::domain::response::{Channel, FileState};
use crate::flow::Ctx;
use crate::flow::acknowledge::{Incoming, receive_any};

/// Receives files; each is told with what became of it. A file that was put aside is a failure, after
/// all were tried.
pub(super) async fn run(
    ctx: &Ctx,
    path: &Path,
    organization: Option<&Key>,
) -> Result<(), CliError> {
    let tenant = owner(ctx, organization).await?;
    let (mut aside, mut applied) = (0_u64, 0_u64);
    for path in files(path)? {
        let shown = path.display();
        let cannot = |e: std::io::Error| CliError::Other(format!("cannot read {shown}: {e}"));
        let bytes = File::open(&path).map_err(cannot)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let incoming = Incoming { name, bytes, channel: Channel::Command, archive: None };
        match receive_any(ctx, tenant, incoming).await {
            Err(error) => {
                aside += 1;
                eprintln!("{shown}: {}", error.detail);
            }
            Ok(seen) => {
                for one in seen {
                    let file = &one.file;
                    let again = if one.repeat { ", known" } else { "" };
                    println!(
                        "{} {}: {} {}{again}, accepted {}, rejected {}",
                        file.id,
                        one.stored.name,
                        file.kind,
                        file.state,
                        file.accepted,
                        file.rejected
                    );
                    if let Some(reason) = &file.reason {
                        eprintln!("{}: {reason}", one.stored.name);
                    }
                    let is_aside = file.state == FileState::Quarantined;
                    aside += u64::from(is_aside);
                    applied += u64::from(!is_aside);
                }
            }
        }
    }
    if aside == 0 {
        return Ok(());
    }
    let what = if aside == 1 { "a file was".to_owned() } else { format!("{aside} files were") };
    let others = if applied > 0 { "; the others are" } else { "" };
    Err(CliError::Other(format!("{what} not applied{others}")))
}

/// The file, or the files of the folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let cannot =
        |e: std::io::Error| CliError::Other(format!("cannot read {}: {e}", path.display()));
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
