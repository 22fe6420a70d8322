//! Reference data: the demo's files go through the same import as an organization's own.

use super::files::REFERENCE;
use super::progress::Step;
use crate::cli::CliError;
use crate::cli::import::{Kind, load_text};
use crate::flow::Ctx;
use clap::ValueEnum;

/// Brings in all reference data.
pub(super) async fn reference(ctx: &Ctx) -> Result<(), CliError> {
    let step = Step::begin("Reference data", REFERENCE.len());
    let mut created = 0;
    for (kind, file) in REFERENCE {
        let kind = Kind::from_str(kind, false).map_err(CliError::Other)?;
        let counts = load_text(ctx, kind, file.text).await.map_err(|error| {
            CliError::Other(format!("{}: {}", file.name, CliError::from(error)))
        })?;
        created += counts.created;
        step.done(1);
    }
    step.end(&format!("{created} records from {} files", REFERENCE.len()));
    Ok(())
}
