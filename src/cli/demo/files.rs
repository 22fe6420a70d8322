//! What the demo carries: reference data, visits, and who sends them (`fixtures/demo/README.md`).

/// A text file within the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Its path in the repository.
    pub(super) name: &'static str,
    /// What stands in it.
    pub(super) text: &'static str,
}

/// How a file of visits is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Upload {
    /// At once, as CSV.
    Csv(File),
    /// At once, as a JSON object a line.
    NdJson(File),
    /// A JSON array whose items are posted one by one.
    OneByOne(File),
}

/// An organization of the demo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    /// Its key.
    pub(super) key: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The key of the payer that it has a contract with.
    pub(super) payer: &'static str,
    /// Its visits.
    pub(super) uploads: &'static [Upload],
}

impl File {
    /// The last part of its path.
    pub(super) fn short(&self) -> &'static str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }
}

mod carried {
    #![allow(clippy::redundant_pub_crate, unreachable_pub, reason = "a list, kept with the data")]
    use super::{File, Sender, Upload};
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/files.rs"));
}

pub(super) use carried::{NEW_VISIT, REFERENCE, SENDERS};
