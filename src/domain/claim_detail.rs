//! What some claims say beside what every claim says: corrections, other payers, further providers,
//! notes, attachments. All of it is absent by default.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::codes::{Carc, Mode};
use super::contract::form::kinds::{
    Benefits, DelayReason, Exception, Frequency, Note80, NoteKind, Number, Reference, Release,
};
use super::identifiers::{
    AuthorizationNumber, Line35, Line55, MemberNumber, Npi, PartnerCode, Taxonomy,
};
use super::member::MemberAddress;
use super::money::Money;
use super::organization::StreetAddress;
use super::text::{checked_text, code_list};

checked_text!(
    /// The payer's own number of a claim, REF*F8.
    PayerControl,
    "a payer's claim number has 1 to 50 letters, digits and signs of ASCII",
    |t| Reference::parse(t).ok().map(String::from)
);

checked_text!(
    /// SBR05 of a secondary Medicare claim.
    InsuranceType,
    "an insurance type is one of: 12 13 14 15 16 41 42 43 47",
    |t| ["12", "13", "14", "15", "16", "41", "42", "43", "47"].contains(&t).then(|| t.to_owned())
);

checked_text!(
    /// SBR02 of another payer's subscriber: 18 is the member.
    Relationship,
    "a relationship is one of: 01 18 19 20 21 39 40 53 G8",
    |t| ["01", "18", "19", "20", "21", "39", "40", "53", "G8"].contains(&t).then(|| t.to_owned())
);

checked_text!(
    /// PWK01: what an attachment is, such as OZ (support data for a claim).
    ReportType,
    "a report type has two capital letters or digits",
    |t| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
        .then(|| t.to_owned())
);

checked_text!(
    /// CRC03 of an EPSDT referral.
    EpsdtCondition,
    "an EPSDT condition is one of: AV NU S2 ST",
    |t| ["AV", "NU", "S2", "ST"].contains(&t).then(|| t.to_owned())
);

code_list!(
    /// PWK02: how an attachment comes.
    Transmission, "a way of transmission" {
        /// Available on request.
        OnRequest = "AA",
        /// By mail.
        Mail = "BM",
        /// Electronically only.
        Electronic = "EL",
        /// By electronic mail.
        Email = "EM",
        /// By file transfer.
        FileTransfer = "FT",
        /// By fax.
        Fax = "FX",
    }
);

code_list!(
    /// SBR01: a payer's place among the payers of a claim.
    Sequence, "a payer's place" {
        /// First.
        Primary = "P",
        /// Second.
        Secondary = "S",
        /// Third.
        Tertiary = "T",
        /// Fourth.
        Fourth = "A",
        /// Fifth.
        Fifth = "B",
        /// Not known.
        Unknown = "U",
    }
);

code_list!(
    /// CAS01.
    AdjustmentGroup, "an adjustment group" {
        /// Contractual obligation.
        Contractual = "CO",
        /// Correction and reversal.
        Correction = "CR",
        /// Other.
        Other = "OA",
        /// Payer initiated.
        Payer = "PI",
        /// Patient responsibility.
        Patient = "PR",
    }
);

/// What a claim says beside [`Claim`](super::claim::Claim).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimDetail {
    /// CLM05-3.
    pub frequency: Frequency,
    /// REF\*F8: the payer's number of the claim that this one replaces or voids.
    pub payer_control: Option<PayerControl>,
    /// SBR01 of the payer that the claim goes to.
    pub sequence: Sequence,
    /// SBR05.
    pub insurance_type: Option<InsuranceType>,
    /// 2010BA NM105.
    pub middle_name: Option<Line35>,
    /// AMT\*F5: what the member paid; zero is not sent.
    pub member_paid: Money,
    /// CLM20; else the profile's, when the claim is late.
    pub delay_reason: Option<DelayReason>,
    /// REF\*9F.
    pub referral: Option<AuthorizationNumber>,
    /// REF\*4N.
    pub exception: Option<Exception>,
    /// REF\*EA.
    pub medical_record: Option<Reference>,
    /// NTE of loop 2300.
    pub note: Option<Note>,
    /// K3, after the profile's.
    pub fixed_format: Vec<Note80>,
    /// PWK.
    pub attachments: Vec<Attachment>,
    /// CRC\*ZZ.
    pub epsdt: Option<Epsdt>,
    /// 2310A.
    pub referring: Option<Provider>,
    /// REF of 2310B.
    pub rendering_numbers: Vec<Number>,
    /// 2310C.
    pub facility: Option<Facility>,
    /// 2310D.
    pub supervising: Option<Provider>,
    /// 2320 and 2330.
    pub other_payers: Vec<OtherPayer>,
    /// What lines say beside the usual, in their order; lines behind the last one say nothing more.
    pub lines: Vec<LineDetail>,
}

impl Default for ClaimDetail {
    fn default() -> Self {
        Self {
            frequency: Frequency::Original,
            payer_control: None,
            sequence: Sequence::Primary,
            insurance_type: None,
            middle_name: None,
            member_paid: Money::ZERO,
            delay_reason: None,
            referral: None,
            exception: None,
            medical_record: None,
            note: None,
            fixed_format: Vec::new(),
            attachments: Vec::new(),
            epsdt: None,
            referring: None,
            rendering_numbers: Vec::new(),
            facility: None,
            supervising: None,
            other_payers: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// NTE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// NTE01.
    pub kind: NoteKind,
    /// NTE02.
    pub text: Note80,
}

impl Note {
    /// Additional information (`ADD`), as a person writes it.
    pub fn additional(text: Note80) -> Self {
        Self { kind: NoteKind::Additional, text }
    }
}

/// PWK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// PWK01.
    pub report: ReportType,
    /// PWK02.
    pub transmission: Transmission,
    /// PWK06: ours, so that the payer can match it; needed unless it is available on request.
    pub control: Option<Reference>,
}

/// CRC\*ZZ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epsdt {
    /// CRC02: whether a referral was given.
    pub referred: bool,
    /// CRC03 to CRC05, one to three; `NU` when no referral was given.
    pub conditions: Vec<EpsdtCondition>,
}

/// A person or organization that had a part in the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// NM103.
    pub last_name: Line55,
    /// NM104; absent for an organization.
    pub first_name: Option<Line35>,
    /// NM109.
    pub npi: Option<Npi>,
    /// PRV03, of rendering providers.
    pub taxonomy: Option<Taxonomy>,
    /// REF, numbers that are no NPIs.
    #[serde(default)]
    pub numbers: Vec<Number>,
}

/// 2310C: where the service was, if not at the billing provider's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facility {
    /// NM103.
    pub name: Line55,
    /// NM109.
    pub npi: Option<Npi>,
    /// N3, N4.
    pub address: StreetAddress,
}

/// 2320 and 2330: another payer and what it did with the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPayer {
    /// SBR01.
    pub sequence: Sequence,
    /// SBR02.
    pub relationship: Relationship,
    /// SBR03.
    pub group_number: Option<Reference>,
    /// SBR09, such as `CI`.
    pub filing_code: String,
    /// CAS of the claim.
    pub adjustments: Vec<Adjustment>,
    /// AMT\*D: what it paid in all; absent before it has answered.
    pub paid: Option<Money>,
    /// AMT\*EAF: what is left to the member by the whole claim; not with lines that say it.
    pub remaining: Option<Money>,
    /// OI03.
    pub benefits: Benefits,
    /// OI06.
    pub release: Release,
    /// 2330A.
    pub insured: Insured,
    /// 2330B NM103.
    pub name: Line55,
    /// 2330B NM109.
    pub id: PartnerCode,
    /// DTP\*573 of 2330B, when no line has it.
    pub adjudicated: Option<NaiveDate>,
    /// REF\*F8 of 2330B.
    pub control: Option<PayerControl>,
}

/// 2330A: whose insurance it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insured {
    /// NM103.
    pub last_name: Line55,
    /// NM104.
    pub first_name: Line35,
    /// NM109.
    pub number: MemberNumber,
    /// N3, N4.
    pub address: Option<MemberAddress>,
}

/// One reason of a CAS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// CAS01; neighbours with the same group share a segment.
    pub group: AdjustmentGroup,
    /// The reason.
    pub reason: Carc,
    /// In cents; negative raises the payment.
    pub amount: Money,
    /// Units, where they were adjusted.
    pub quantity: Option<Decimal>,
}

impl ClaimDetail {
    /// NPI of the peer who gave the line at this place (the first is 0) of a claim that is `of` one; those of
    /// several with a semicolon between them.
    pub fn given_by(&self, place: usize, of: &str) -> String {
        let several = self.lines.get(place).map_or(&[][..], |line| line.given_by.as_slice());
        let several: Vec<&str> = several.iter().map(Npi::as_str).collect();
        if several.is_empty() { of.to_owned() } else { several.join(";") }
    }
}

/// What a line says beside [`ClaimLine`](super::claim::ClaimLine).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineDetail {
    /// The last of several days.
    pub last_day: Option<NaiveDate>,
    /// SV104 where the payer counts minutes.
    pub minutes: Option<u32>,
    /// When its first visit began and its last one ended, where the payer's note names that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<(NaiveTime, NaiveTime)>,
    /// How its visits were given, each mode once, where the payer's note names that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Mode>,
    /// How many were served in the smallest and the largest of its groups, where the payer's note
    /// names that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_sizes: Option<(u32, u32)>,
    /// NPIs of the peers who gave it, where the claim does not say and they are others than its one peer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given_by: Vec<Npi>,
    /// SV109.
    pub emergency: bool,
    /// SV111.
    pub epsdt: bool,
    /// SV112.
    pub family_planning: bool,
    /// SV115.
    pub copay_exempt: bool,
    /// NTE of loop 2400.
    pub note: Option<Note>,
    /// 2420A.
    pub rendering: Option<Provider>,
    /// 2420E.
    pub ordering: Option<Provider>,
    /// 2430.
    pub adjudications: Vec<LineAdjudication>,
}

/// 2430: what another payer did with the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAdjudication {
    /// SVD01: the other payer's id.
    pub payer: PartnerCode,
    /// SVD02.
    pub paid: Money,
    /// SVD05.
    pub units: Decimal,
    /// CAS.
    pub adjustments: Vec<Adjustment>,
    /// DTP\*573.
    pub date: NaiveDate,
    /// AMT\*EAF.
    pub remaining: Option<Money>,
}
