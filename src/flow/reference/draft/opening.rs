//! Drafts of opening balances.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{MemberName, PayerName, Reader};
use crate::domain::identifiers::{AuthorizationNumber, Key, MemberNumber};
use crate::domain::ids::AuthorizationId;
use crate::domain::text::Invalid;
use crate::error::Fault;

/// Most units of one balance: eight hours of one-minute units every day for 20 years.
const MAX_UNITS: u32 = 3_500_000;

/// An authorization as doors name it: by our id or by the payer's number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuthorizationName {
    /// `aut_…`
    Id(AuthorizationId),
    /// The payer's number.
    Number(AuthorizationNumber),
}

impl TryFrom<String> for AuthorizationName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        if let Ok(id) = AuthorizationId::parse(&text) {
            return Ok(Self::Id(id));
        }
        AuthorizationNumber::parse(&text).map(Self::Number)
    }
}

/// Whose units: by the roster, or by the payer's number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A member of the roster.
    Member(MemberName),
    /// Who has this number at the payer.
    Number(MemberNumber),
}

/// An opening balance as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningDraft {
    /// Whose units: the member's id or reference; or say `member_number`.
    #[schema(example = "M-0001")]
    pub member: Option<String>,
    /// Whose units: the payer's number for the member; or say `member`.
    #[schema(example = "EV1001")]
    pub member_number: Option<String>,
    /// Who counts them: the payer's id or key.
    #[schema(example = "evergreen")]
    pub payer: Option<String>,
    /// Of which service of the contract.
    #[schema(example = "peer_individual")]
    pub service: Option<String>,
    /// The day under which they are counted, today or before.
    #[schema(example = "2026-06-30")]
    pub date: Option<String>,
    /// Units used.
    #[schema(example = 18)]
    pub units: Option<u32>,
    /// The authorization that they drew on: our id or the payer's number; missing: they needed none.
    #[schema(example = "AUTH-2026-0142")]
    pub authorization: Option<String>,
}

/// A parsed opening balance, whose names are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningInput {
    /// Whose units.
    pub whose: Whose,
    /// Who counts them.
    pub payer: PayerName,
    /// Of which service.
    pub service: Key,
    /// The day under which they are counted.
    pub date: NaiveDate,
    /// Units used.
    pub units: u32,
    /// The authorization that they drew on.
    pub authorization: Option<AuthorizationName>,
}

impl OpeningDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<OpeningInput, Vec<Fault>> {
        let mut r = Reader::default();
        let whose = self.whose(&mut r);
        let payer = r.required("payer", self.payer.as_ref());
        let service = r.required("service", self.service.as_ref());
        let date = r.date("date", self.date.as_ref());
        let units = r.given("units", self.units);
        if units.is_some_and(|u| u > MAX_UNITS) {
            r.refuse("units", format!("an opening balance has at most {MAX_UNITS} units"));
        }
        let authorization = r.optional("authorization", self.authorization.as_ref());
        let input = (|| {
            let (whose, payer, service) = (whose?, payer?, service?);
            let (date, units) = (date?, units?);
            Some(OpeningInput { whose, payer, service, date, units, authorization })
        })();
        r.finish(input)
    }

    fn whose(&self, r: &mut Reader) -> Option<Whose> {
        match (&self.member, &self.member_number) {
            (Some(_), Some(_)) => {
                r.refuse(
                    "member",
                    "name the member by its own name or by member_number: by one of the two",
                );
                None
            }
            (None, Some(_)) => {
                r.required("member_number", self.member_number.as_ref()).map(Whose::Number)
            }
            _ => r.required("member", self.member.as_ref()).map(Whose::Member),
        }
    }
}
