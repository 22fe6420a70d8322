//! Drafts of episodes.

use serde::Deserialize;

use super::{MemberName, PayerName, Reader};
use crate::domain::dates::Span;
use crate::domain::identifiers::{Key, Reference};
use crate::error::Fault;

/// An episode as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeDraft {
    /// The organization's own name for it: 1 to 64 letters, digits and `-_.:/`, unique in the
    /// organization.
    #[schema(example = "E-2026-0031")]
    pub reference: Option<String>,
    /// Whose: the member's id or reference; never changes.
    #[schema(example = "M-0001")]
    pub member: Option<String>,
    /// What it is, in the words of payer packs.
    #[schema(example = "episode")]
    pub kind: Option<String>,
    /// The payer (id or key) that counts it; missing: every payer does.
    #[schema(example = "evergreen")]
    pub payer: Option<String>,
    /// The program of the organization that the member is enrolled in, by its key.
    #[schema(example = "hcbs_1915i")]
    pub program: Option<String>,
    /// First day.
    #[schema(example = "2026-01-01")]
    pub from: Option<String>,
    /// Last day; missing: no end yet.
    #[schema(example = "2026-06-30")]
    pub to: Option<String>,
}

/// A parsed episode, whose member and payer are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpisodeInput {
    /// The organization's own name for it.
    pub reference: Reference,
    /// Whose.
    pub member: MemberName,
    /// What it is.
    pub kind: Key,
    /// The payer that counts it.
    pub payer: Option<PayerName>,
    /// The program of the organization.
    pub program: Option<Key>,
    /// Its days.
    pub span: Span,
}

impl EpisodeDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<EpisodeInput, Vec<Fault>> {
        let mut r = Reader::default();
        let reference = r.required("reference", self.reference.as_ref());
        let member = r.required("member", self.member.as_ref());
        let kind = r.required("kind", self.kind.as_ref());
        let payer = r.optional("payer", self.payer.as_ref());
        let program = r.optional("program", self.program.as_ref());
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let input = (|| {
            let (reference, member, kind) = (reference?, member?, kind?);
            Some(EpisodeInput { reference, member, kind, payer, program, span: span? })
        })();
        r.finish(input)
    }
}
