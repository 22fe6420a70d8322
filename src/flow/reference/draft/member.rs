//! Drafts of members, their addresses and coverages.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{MemberClaimDraft, PayerName, Reader};
use crate::domain::dates::Span;
use crate::domain::identifiers::{Key, MemberNumber};
use crate::domain::member::{MemberAddress, MemberData};
use crate::error::Fault;

/// Most coverages of one member: a change of plan every other month over a long life.
const MAX_COVERAGES: usize = 500;

/// A member as a door was told of them.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberDraft {
    /// The organization's own name for the member, unique in the organization.
    #[schema(example = "M-0001")]
    pub reference: Option<String>,
    /// First name.
    #[schema(example = "Alex")]
    pub first_name: Option<String>,
    /// Last name.
    #[schema(example = "Example")]
    pub last_name: Option<String>,
    /// Day of birth.
    #[schema(example = "1984-05-17")]
    pub birth_date: Option<String>,
    /// `F`, `M` or `U`, as 837P codes it.
    #[schema(example = "U")]
    pub gender: Option<String>,
    /// Address; a claim needs one, a visit does not.
    pub address: Option<AddressDraft>,
    /// All of the member's coverages.
    pub coverages: Option<Vec<CoverageDraft>>,
    /// What claims say of the member beside that, where a payer asks for it.
    pub claim: Option<MemberClaimDraft>,
}

/// An address as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressDraft {
    /// First line.
    #[schema(example = "12 Example Street")]
    pub line1: Option<String>,
    /// Second line.
    pub line2: Option<String>,
    /// City.
    #[schema(example = "Spokane")]
    pub city: Option<String>,
    /// State.
    #[schema(example = "WA")]
    pub state: Option<String>,
    /// ZIP code, five or nine digits; nine for a location.
    #[schema(example = "99201-0001")]
    pub zip: Option<String>,
}

/// A coverage as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageDraft {
    /// Who covers: the payer's id or key.
    #[schema(example = "evergreen")]
    pub payer: Option<String>,
    /// The payer's number for the member.
    #[schema(example = "EVG100200300")]
    pub member_number: Option<String>,
    /// First day covered.
    #[schema(example = "2026-01-01")]
    pub from: Option<String>,
    /// Last day covered; missing: no end.
    pub to: Option<String>,
    /// 1 (the default) pays first, 2 second, and so on to 9.
    #[schema(example = 1)]
    pub order: Option<u8>,
    /// The payer's product line, when it matters.
    pub product: Option<String>,
    /// When the organization came to know of it, where a filing clock runs from that day.
    pub known_on: Option<String>,
}

/// A parsed member, whose payers are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberInput {
    /// What is said of the member.
    pub data: MemberData,
    /// The member's coverages.
    pub coverages: Vec<CoverageInput>,
}

/// A parsed coverage, whose payer is not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageInput {
    /// Who covers.
    pub payer: PayerName,
    /// The payer's number for the member.
    pub member_number: MemberNumber,
    /// The days covered.
    pub span: Span,
    /// Order of payment, 1 to 9.
    pub order: u8,
    /// Product line.
    pub product: Option<Key>,
    /// When it became known.
    pub known_on: Option<NaiveDate>,
}

impl MemberDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<MemberInput, Vec<Fault>> {
        let mut r = Reader::default();
        let reference = r.required("reference", self.reference.as_ref());
        let first_name = r.required("first_name", self.first_name.as_ref());
        let last_name = r.required("last_name", self.last_name.as_ref());
        let birth_date = r.date("birth_date", self.birth_date.as_ref());
        let gender = r.required("gender", self.gender.as_ref());
        let address = self.address.as_ref().and_then(|a| r.within("address", |r| a.read(r)));
        let claim = self.claim.as_ref().map(|c| r.within("claim", |r| c.read(r)));
        let list = self.coverages.as_ref();
        let coverages = r.items("coverages", list, MAX_COVERAGES, |r, c| c.read(r));
        let data = (|| {
            Some(MemberData {
                reference: reference?,
                first_name: first_name?,
                last_name: last_name?,
                birth_date: birth_date?,
                gender: gender?,
                address,
                claim: claim.unwrap_or_default(),
            })
        })();
        r.finish(data.map(|data| MemberInput { data, coverages }))
    }
}

impl AddressDraft {
    fn read(&self, r: &mut Reader) -> Option<MemberAddress> {
        let line1 = r.required("line1", self.line1.as_ref());
        let line2 = r.optional("line2", self.line2.as_ref());
        let city = r.required("city", self.city.as_ref());
        let state = r.required("state", self.state.as_ref());
        let zip = r.required("zip", self.zip.as_ref());
        Some(MemberAddress { line1: line1?, line2, city: city?, state: state?, zip: zip? })
    }
}

impl CoverageDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<CoverageInput, Vec<Fault>> {
        let mut r = Reader::default();
        let coverage = self.read(&mut r);
        r.finish(coverage)
    }

    fn read(&self, r: &mut Reader) -> Option<CoverageInput> {
        let payer = r.required("payer", self.payer.as_ref());
        let member_number = r.required("member_number", self.member_number.as_ref());
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let order = self.order.unwrap_or(1);
        if !(1..=9).contains(&order) {
            r.refuse("order", "the order of payment is 1 to 9; 1 pays first");
        }
        let product = r.optional("product", self.product.as_ref());
        let known_on = r.optional_date("known_on", self.known_on.as_ref());
        let (payer, member_number) = (payer?, member_number?);
        Some(CoverageInput { payer, member_number, span: span?, order, product, known_on })
    }
}
