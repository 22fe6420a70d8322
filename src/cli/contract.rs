//! `peerclaims contract`: a pack or contract retold in plain sentences, and what changed between two.
//! Needs no database and no settings.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::CliError;
use crate::domain::contract::retell::{self, Change, Sentence};
use crate::domain::contract::schema;
use crate::domain::contract::{
    Fault, MAX_INPUT_BYTES, agreement_from_json, agreement_from_toml, bind, gaps, pack_from_json,
    pack_from_toml, warnings,
};

#[derive(Debug, Subcommand)]
pub(super) enum ContractCommand {
    /// Check a pack or contract (TOML or JSON) and retell it in plain sentences.
    Check {
        /// The file.
        file: PathBuf,
        /// The pack that a contract is bound to: whether the two fit is checked, too.
        #[arg(long, value_name = "FILE")]
        pack: Option<PathBuf>,
    },
    /// Say what changed between two packs or two contracts, in the same sentences.
    Diff {
        /// The earlier file.
        old: PathBuf,
        /// The later file.
        new: PathBuf,
    },
    /// Print the JSON Schema of packs, by which editors check while one types.
    Schema,
}

/// What a file is.
enum Document {
    Pack(Box<crate::domain::contract::Pack>),
    Contract(Box<crate::domain::contract::Agreement>),
}

impl Document {
    fn sentences(&self) -> Vec<Sentence> {
        match self {
            Self::Pack(pack) => retell::pack(pack),
            Self::Contract(agreement) => retell::agreement(agreement),
        }
    }
}

pub(super) fn run(command: ContractCommand) -> Result<(), CliError> {
    match command {
        ContractCommand::Schema => {
            print!("{}", schema::shipped());
            Ok(())
        }
        ContractCommand::Check { file, pack } => {
            let document = read(&file)?;
            print!("{}", retell::text(&document.sentences()));
            warn_of_missing(&document);
            if let Document::Pack(pack) = &document {
                for text in warnings(pack) {
                    eprintln!("warning: {text}");
                }
            }
            pack.map_or(Ok(()), |pack| fit(&file, &document, &pack))
        }
        ContractCommand::Diff { old, new } => {
            let changes = changes(&read(&old)?, &read(&new)?);
            for change in &changes {
                println!("{change}");
            }
            if changes.is_empty() {
                println!("Both say the same.");
            }
            Ok(())
        }
    }
}

/// What changed from one document to another: order only where it decides.
fn changes(old: &Document, new: &Document) -> Vec<Change> {
    match (old, new) {
        (Document::Pack(old), Document::Pack(new)) => retell::of_packs(old, new),
        (Document::Contract(old), Document::Contract(new)) => retell::of_agreements(old, new),
        (old, new) => retell::diff(&old.sentences(), &new.sentences()),
    }
}

/// Says what a pack that is not complete lacks, each with its line.
fn warn_of_missing(document: &Document) {
    let Document::Pack(pack) = document else { return };
    if pack.unknown.is_empty() {
        return;
    }
    let count = pack.unknown.len();
    eprintln!("warning: no contract can be bound to this pack while values are missing ({count}):");
    for unknown in &pack.unknown {
        eprintln!("  {unknown}");
    }
}

/// Whether a contract fits its pack.
fn fit(file: &Path, document: &Document, pack: &Path) -> Result<(), CliError> {
    let (Document::Contract(agreement), Document::Pack(pack)) = (document, read(pack)?) else {
        return Err(CliError::Other("--pack goes with a contract, and names a pack".to_owned()));
    };
    let terms = bind(&pack, agreement).map_err(|faults| told(file, &faults))?;
    for gap in gaps(&terms) {
        eprintln!("warning: {gap}");
    }
    Ok(())
}

/// Reads a pack or a contract; a contract is a document with a table `contract`.
fn read(file: &Path) -> Result<Document, CliError> {
    let cannot = |e: std::io::Error| {
        CliError::Other(format!("cannot read {}: {}", file.display(), e.kind()))
    };
    let size = std::fs::metadata(file).map_err(cannot)?.len();
    if usize::try_from(size).map_or(true, |size| size > MAX_INPUT_BYTES) {
        let text = format!("{} is larger than {MAX_INPUT_BYTES} bytes", file.display());
        return Err(CliError::Other(text));
    }
    let text = std::fs::read_to_string(file).map_err(cannot)?;
    let read = if file.extension().is_some_and(|e| e == "json") {
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|e| CliError::Other(format!("{}: {e}", file.display())))?;
        if value.get("contract").is_some() {
            agreement_from_json(&value).map(|a| Document::Contract(Box::new(a)))
        } else {
            pack_from_json(&value).map(|p| Document::Pack(Box::new(p)))
        }
    } else if toml::from_str::<toml::Table>(&text).is_ok_and(|t| t.contains_key("contract")) {
        agreement_from_toml(&text).map(|a| Document::Contract(Box::new(a)))
    } else {
        pack_from_toml(&text).map(|p| Document::Pack(Box::new(p)))
    };
    read.map_err(|faults| told(file, &faults))
}

fn told(file: &Path, faults: &[Fault]) -> CliError {
    let each: Vec<String> = faults.iter().map(|f| format!("\n  {f}")).collect();
    let noun = if faults.len() == 1 { "fault" } else { "faults" };
    let text = format!("{} has {} {noun}:{}", file.display(), faults.len(), each.concat());
    CliError::Other(text)
}
