//! `peerclaims backup` and `peerclaims after-restore` (`docs/operations.md`).

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use super::CliError;
use crate::config::Settings;
use crate::error::AppError;
use crate::flow::Clock;
use crate::flow::audit::{self, Action, Detail};
use crate::store::{Backend, Conn, Scope, backup, counters};
use crate::x12::envelope::MAX_CONTROL;

/// Most control numbers that are left out at once: a thousandth of all that there are.
const MOST_SKIPPED: u32 = 1_000_000;
/// Numbers of changed decisions that are left out: more than any organization's decisions change between two
/// backups. Whoever reads the changes asks for those after a number, which is one of the time that is lost.
const CHANGES_SKIPPED: u32 = 1_000_000_000;

/// Make a copy of a SQLite database while it is used; PostgreSQL has `pg_dump`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The new file; an existing one is never overwritten.
    file: PathBuf,
}

/// Tell the service that its database came back from a backup.
#[derive(Debug, Args)]
pub(super) struct AfterRestore {
    /// How many control numbers of each pair of sender and receiver to leave out: more than were
    /// given since the backup.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_SKIPPED)))]
    skip: u32,
}

pub(super) fn run(settings: &Settings, wanted: &Backup) -> Result<(), CliError> {
    let url = settings.database.url.expose();
    if Backend::of(url)? != Backend::Sqlite {
        let text = "this database is PostgreSQL; back it up with\n  pg_dump --format=custom \
                    --file=FILE URL\n(docs/operations.md tells how to restore it)";
        return Err(CliError::Other(text.to_owned()));
    }
    let file = &wanted.file;
    let told =
        |what: &str, e: std::io::Error| CliError::Other(format!("{what} {}: {e}", file.display()));
    if file.exists() {
        let text = format!("{} is there already; it was left alone", file.display());
        return Err(CliError::Other(text));
    }
    let part = beside(file);
    // Nobody else may read it: it is health information.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    made.map_err(|e| told("cannot write beside", e))?;
    let done = write(url, &part, file);
    if done.is_err() {
        // Half a backup must not be taken for one.
        let _ = std::fs::remove_file(&part);
    }
    let (bytes, sha256) = done?;
    println!("{}  {bytes} bytes  sha256 {sha256}", file.display());
    Ok(())
}

/// The name under which the copy is written until it is whole.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write(url: &str, part: &Path, file: &Path) -> Result<(u64, String), CliError> {
    let told = |e: std::io::Error| CliError::Other(format!("cannot write {}: {e}", file.display()));
    let Some(path) = part.to_str() else {
        return Err(CliError::Other("the file's name is not UTF-8".to_owned()));
    };
    backup::copy(url, path)?;
    backup::check(path)?;
    let copy = File::open(part).map_err(told)?;
    copy.sync_all().map_err(told)?;
    let found = digest(copy).map_err(told)?;
    // A link, unlike a renaming, never replaces a file that came to be meanwhile.
    std::fs::hard_link(part, file).map_err(told)?;
    std::fs::remove_file(part).map_err(told)?;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    Ok(found)
}

fn digest(mut file: File) -> std::io::Result<(u64, String)> {
    use std::fmt::Write as _;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(piece.get(..count).unwrap_or_default());
        size += u64::try_from(count).unwrap_or(0);
    }
    let text = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((size, text))
}

pub(super) async fn after_restore(
    settings: &Settings,
    wanted: &AfterRestore,
) -> Result<(), CliError> {
    let ctx = super::open(settings, Clock::system()).await?;
    let (skip, work) = (wanted.skip, ctx.clone());
    let leave_out = move |conn: &mut Conn| {
        let moved = counters::skip(conn, counters::CONTROL, skip)?;
        counters::skip(conn, counters::CHANGES, CHANGES_SKIPPED)?;
        let detail = Detail::default().count("pairs", moved.len()).count("skipped", skip);
        audit::note(&work, conn, None, Action::ServiceRestored, "", detail)?;
        Ok::<_, AppError>(moved)
    };
    let moved = ctx.db.write(Scope::Service, leave_out).await?;
    if moved.is_empty() {
        println!("no control numbers were given yet; nothing had to be done");
    }
    for (name, next) in moved {
        let pair = name.strip_prefix(counters::CONTROL).unwrap_or(&name);
        if next > i64::from(MAX_CONTROL) {
            // Others are moved all the same, and its next batch is refused with what to do.
            println!("{pair}: its control numbers are used up, the last one is {MAX_CONTROL}");
        } else {
            println!("{pair}: the next control number is {next}");
        }
    }
    Ok(())
}
