//! Drafts of programs.

use serde::Deserialize;

use super::Reader;
use crate::domain::identifiers::Key;
use crate::domain::program::ProgramData;
use crate::error::Fault;

/// What reports call visits that name no program: no program may be called so.
const TAKEN_BY_REPORTS: &str = "none";

/// A program as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramDraft {
    /// Its short name, unique in the organization; never changes.
    #[schema(example = "hcbs_1915i")]
    pub key: Option<String>,
    /// Its name for people.
    #[schema(example = "Community waiver 1915(i)")]
    pub name: Option<String>,
    /// `program` (a waiver or program of the state), `site` or `grant`; never changes.
    #[schema(example = "program")]
    pub kind: Option<String>,
    /// First day on which it runs.
    #[schema(example = "2026-01-01")]
    pub from: Option<String>,
    /// Last day on which it runs; missing: no end.
    #[schema(example = "2027-06-30")]
    pub to: Option<String>,
    /// The key of the location where it is, for payers that want the place of the service. The organization
    /// has this location, and keeps it while the program is there.
    #[schema(example = "main")]
    pub location: Option<String>,
}

impl ProgramDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<ProgramData, Vec<Fault>> {
        let mut r = Reader::default();
        let key: Option<Key> = r.required("key", self.key.as_ref());
        if key.as_ref().is_some_and(|k| k.as_str() == TAKEN_BY_REPORTS) {
            r.refuse("key", "reports use this word for visits without a program; take another");
        }
        let name = r.required("name", self.name.as_ref());
        let kind = r.required("kind", self.kind.as_ref());
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let location = r.optional("location", self.location.as_ref());
        let data = (|| {
            let (key, name, kind) = (key?, name?, kind?);
            Some(ProgramData { key, name, kind, span: span?, location })
        })();
        r.finish(data)
    }
}
