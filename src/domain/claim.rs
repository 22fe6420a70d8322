//! The claim as the 837P states it: everything a writer needs, and nothing it would have to look up.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::codes::{Diagnosis, Gender, Modifier, PlaceOfService, ProcedureCode};
use super::contract::ClaimProfile;
use super::identifiers::{
    AuthorizationNumber, Ein, Line35, Line55, MemberNumber, Npi, PartnerCode, Phone, Taxonomy,
};
use super::ids::ClaimId;
use super::member::MemberAddress;
use super::money::Money;
use super::organization::{OrganizationMode, StreetAddress};
use super::text::checked_text;

/// Most lines of a claim (837P loop 2400).
pub const MAX_CLAIM_LINES: usize = 50;

checked_text!(
    /// CLM01: upper-case letters and digits, at most 17, ours, never reused.
    ClaimNumber,
    "a claim number has 1 to 17 capital letters and digits",
    |t| {
        let shaped = (1..=17).contains(&t.len());
        (shaped && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
            .then(|| t.to_owned())
    }
);

impl ClaimNumber {
    /// The number of a claim, made from its id: unique because ids are.
    pub fn of(id: ClaimId) -> Self {
        let text = id.to_string();
        let bare = text.rsplit('_').next().unwrap_or_default();
        Self(format!("P{bare}"))
    }

    /// The control number of its `ordinal`th line (REF*6R), 1 first.
    pub fn line(&self, ordinal: usize) -> String {
        format!("{}L{ordinal:02}", self.0)
    }
}

/// What stands once in a file: envelope, submitter, receiver, billing provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHeader {
    /// Test or live: ISA15.
    pub mode: OrganizationMode,
    /// ISA13.
    pub interchange_control: u32,
    /// GS06.
    pub group_control: u32,
    /// Local date and time of making: ISA09, ISA10, GS04, GS05, BHT04, BHT05.
    pub created: NaiveDateTime,
    /// BHT03 of the first set; sets after it add their ordinal.
    pub batch_reference: String,
    /// ISA05.
    pub sender_qualifier: String,
    /// ISA06, GS02, 1000A NM109.
    pub sender_id: PartnerCode,
    /// 1000A PER.
    pub contact_name: Line35,
    /// 1000A PER04.
    pub contact_phone: Phone,
    /// The payer's knobs.
    pub profile: ClaimProfile,
    /// Loop 2000A and 2010AA; also the submitter's name (1000A).
    pub billing: BillingProvider,
}

/// Loop 2010AA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingProvider {
    /// NM103.
    pub name: Line55,
    /// NM109: the location's NPI or the organization's.
    pub npi: Npi,
    /// REF*EI.
    pub ein: Ein,
    /// PRV*BI.
    pub taxonomy: Taxonomy,
    /// N3, N4.
    pub address: StreetAddress,
}

/// One claim as it is sent. Stored as JSON with the claim, so that it can be written again alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// CLM01.
    pub number: ClaimNumber,
    /// CLM02: the sum of the lines' charges.
    pub charge: Money,
    /// CLM05-1: the place of the first line.
    pub place: PlaceOfService,
    /// Loop 2010BA; the member is the subscriber.
    pub subscriber: Subscriber,
    /// Loop 2310B.
    pub rendering: Rendering,
    /// REF*G1 of loop 2300, when the profile puts it there.
    pub authorization: Option<AuthorizationNumber>,
    /// HI, principal first.
    pub diagnoses: Vec<Diagnosis>,
    /// Loop 2400.
    pub lines: Vec<ClaimLine>,
}

/// Loop 2010BA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// NM103.
    pub last_name: Line55,
    /// NM104.
    pub first_name: Line35,
    /// NM109.
    pub member_number: MemberNumber,
    /// N3, N4.
    pub address: MemberAddress,
    /// DMG02.
    pub birth_date: NaiveDate,
    /// DMG03.
    pub gender: Gender,
}

/// Loop 2310B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendering {
    /// NM103.
    pub last_name: Line55,
    /// NM104.
    pub first_name: Line35,
    /// NM109.
    pub npi: Npi,
    /// PRV*PE.
    pub taxonomy: Taxonomy,
}

/// Loop 2400.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimLine {
    /// REF*6R.
    pub control: String,
    /// SV101-2.
    pub procedure: ProcedureCode,
    /// SV101-3 to -6.
    pub modifiers: Vec<Modifier>,
    /// SV102.
    pub charge: Money,
    /// SV104.
    pub units: u32,
    /// SV105, sent where it differs from the claim's.
    pub place: PlaceOfService,
    /// SV107: positions in `diagnoses`, 1 first, at most four.
    pub pointers: Vec<u8>,
    /// DTP*472.
    pub date: NaiveDate,
    /// REF*G1 of loop 2400, when the profile puts it there.
    pub authorization: Option<AuthorizationNumber>,
}
