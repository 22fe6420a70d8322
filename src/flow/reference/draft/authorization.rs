//! Drafts of authorizations.

use serde::Deserialize;

use super::{PayerName, Reader};
use crate::domain::dates::Span;
use crate::domain::identifiers::{AuthorizationNumber, Key, Reference};
use crate::domain::ids::MemberId;
use crate::domain::text::Invalid;
use crate::error::Fault;

/// Most units of one authorization: eight hours of one-minute units every day for 20 years.
const MAX_UNITS: u32 = 3_500_000;

/// A member as doors name them: by our id or by the organization's reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MemberName {
    /// `mem_…`
    Id(MemberId),
    /// The organization's own name for the member.
    Reference(Reference),
}

impl TryFrom<String> for MemberName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if let Ok(id) = MemberId::parse(&text) {
            return Ok(Self::Id(id));
        }
        let rule = "a member is named by the id (mem_ and 13 letters and digits) or the reference";
        Reference::parse(&text).map(Self::Reference).map_err(|_| Invalid::new(rule))
    }
}

/// An authorization as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationDraft {
    /// For whom: the member's id or reference; never changes.
    #[schema(example = "M-0001")]
    pub member: Option<String>,
    /// By whom: the payer's id or key; never changes.
    #[schema(example = "evergreen")]
    pub payer: Option<String>,
    /// The payer's number, unique in the organization for the payer.
    #[schema(example = "AUTH-2026-0142")]
    pub number: Option<String>,
    /// The services of the contract that it is for; empty or missing: all of them.
    #[schema(example = json!(["peer_individual"]))]
    pub services: Option<Vec<String>>,
    /// Units granted.
    #[schema(example = 120)]
    pub units: Option<u32>,
    /// First day it covers.
    #[schema(example = "2026-01-01")]
    pub from: Option<String>,
    /// Last day it covers; missing: no end.
    #[schema(example = "2026-06-30")]
    pub to: Option<String>,
}

/// A parsed authorization, whose member and payer are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationInput {
    /// For whom.
    pub member: MemberName,
    /// By whom.
    pub payer: PayerName,
    /// The payer's number.
    pub number: AuthorizationNumber,
    /// Services, sorted; empty for all.
    pub services: Vec<Key>,
    /// Units granted.
    pub units: u32,
    /// The days it covers.
    pub span: Span,
}

impl AuthorizationDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<AuthorizationInput, Vec<Fault>> {
        let mut r = Reader::default();
        let member = r.required("member", self.member.as_ref());
        let payer = r.required("payer", self.payer.as_ref());
        let number = r.required("number", self.number.as_ref());
        let services = r.services(self.services.as_deref());
        let units = r.given("units", self.units);
        if units.is_some_and(|u| u > MAX_UNITS) {
            r.refuse("units", format!("an authorization grants at most {MAX_UNITS} units"));
        }
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let input = (|| {
            let (member, payer, number) = (member?, payer?, number?);
            Some(AuthorizationInput { member, payer, number, services, units: units?, span: span? })
        })();
        r.finish(input)
    }
}
