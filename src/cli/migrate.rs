//! `peerclaims migrate`: brings the database to this version. Several may run at once.

use super::CliError;
use crate::config::Settings;
use crate::store;

pub(super) fn run(settings: &Settings) -> Result<(), CliError> {
    let done = store::migrate(settings.database.url.expose())?;
    for version in done.applied {
        eprintln!("migrated: {version}");
    }
    Ok(())
}
