//! What the demo carries: reference data, visits, and who sends them (`fixtures/demo/README.md`).

/// A text file within the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Its path in the repository.
    pub(super) name: &'static str,
    /// What stands in it.
    pub(super) text: &'static str,
}

/// How an organization writes its visits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// As CSV.
    Csv,
    /// As a JSON object a line.
    NdJson,
}

/// How a file of visits is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Upload {
    /// At once, in the organization's form.
    Whole(File),
    /// A JSON array whose items are posted one by one.
    OneByOne(File),
    /// A session: one meeting, entered once for all of its members.
    Session(File),
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
    /// How it writes them.
    pub(super) form: Form,
    /// Its visits, month by month.
    pub(super) year: [File; 12],
    /// Visits that a person wrote for the demo, sent with those of the last month.
    pub(super) by_hand: &'static [Upload],
}

impl Form {
    /// The media type.
    pub(super) const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::NdJson => "application/x-ndjson",
        }
    }
}

impl File {
    /// Its path below the demo's folder.
    pub(super) fn short(&self) -> &'static str {
        self.name.trim_start_matches("fixtures/demo/")
    }
}

mod carried {
    #![allow(clippy::redundant_pub_crate, unreachable_pub, reason = "a list, kept with the data")]
    use super::{File, Form, Sender, Upload};
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/files.rs"));
}

pub(super) use carried::{NEW_VISIT, REFERENCE, SENDERS};
