//! What claims say of people beside the usual, where a payer's profile asks for it; and what is
//! lacking when it does.

use serde::{Deserialize, Serialize};

use super::claim_detail::{ClaimDetail, Provider};
use super::codes::PlaceOfService;
use super::contract::form::kinds::{FacilityMode, NumberKind, ProviderId, Reference, Send};
use super::contract::{ClaimProfile, RenderingMode};
use super::identifiers::{AuthorizationNumber, Key, Line35, MemberNumber, Npi};
use super::text::code_list;

/// What a claim may say of its peer beside name, NPI and taxonomy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerFacts {
    /// Who supervises: 2310D, or 2310B where the supervisor stands for the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<Provider>,
    /// Numbers that are not NPIs, each at one payer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<PeerNumber>,
}

/// A peer's number at a payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerNumber {
    /// The payer's key.
    pub payer: Key,
    /// Of which kind.
    pub kind: NumberKind,
    /// The number.
    pub number: Reference,
}

/// What a claim may say of its member beside name, birth, gender and address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberFacts {
    /// 2010BA NM105.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<Line35>,
    /// REF\*EA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medical_record: Option<Reference>,
    /// REF\*9F.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<AuthorizationNumber>,
    /// 2310A.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referring: Option<Provider>,
    /// 2420E.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordering: Option<Provider>,
}

impl PeerFacts {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl MemberFacts {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

code_list!(
    /// What a payer's claim form asks for and nobody has recorded.
    Lacking, "something that a claim form asks for" {
        /// Who supervises the peer.
        Supervisor = "supervisor",
        /// Another supervisor than the peer.
        OtherSupervisor = "other_supervisor",
        /// The peer's number at the payer.
        PeerNumber = "peer_number",
        /// A member number of the payer's shape.
        MemberShape = "member_shape",
        /// The medical record number.
        MedicalRecord = "medical_record",
        /// The referral number.
        Referral = "referral",
        /// A referral number that is not the authorization's.
        OtherReferral = "other_referral",
        /// The referring provider.
        Referring = "referring",
        /// The ordering provider.
        Ordering = "ordering",
        /// Where the service was.
        Facility = "facility",
        /// Something of the peer that can be sent.
        PeerText = "peer_text",
        /// Something of the member that can be sent.
        MemberText = "member_text",
        /// Something of organization or contract that can be sent.
        OtherText = "other_text",
    }
);

/// One thing that a claim form asks for and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What.
    pub lacking: Lacking,
    /// What is wrong with it, where it is there and cannot be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<Lacking> for Gap {
    fn from(lacking: Lacking) -> Self {
        Self { lacking, why: None }
    }
}

/// Whose claim it is, as far as a form may ask.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// Where the service was.
    pub place: &'a PlaceOfService,
    /// Who renders.
    pub peer: &'a Npi,
    /// The payer's number of the member.
    pub member: &'a MemberNumber,
    /// Numbers of the member's authorizations at the payer.
    pub authorizations: &'a [&'a AuthorizationNumber],
}

/// What a profile asks for beyond what a claim `says`.
pub fn gaps(profile: &ClaimProfile, says: &ClaimDetail, whose: Whose<'_>) -> Vec<Gap> {
    let content = &profile.form.content;
    let wants = |rule: Send| rule == Send::Required;
    let stands_in = profile.rendering == RenderingMode::Supervisor;
    let supervised = stands_in || wants(content.supervising);
    let named = says.supervising.as_ref();
    let same = named.is_some_and(|s| s.npi.as_ref() == Some(whose.peer));
    let numbered =
        content.rendering_id == ProviderId::PayerNumber || wants(content.rendering_numbers);
    let shape = profile.form.parties.member_shape.as_ref();
    let placed =
        content.facility == FacilityMode::Always && !content.facility_not_at.contains(whose.place);
    let ordering = says.lines.first().is_some_and(|l| l.ordering.is_some());
    let referral = says.referral.as_ref().filter(|_| content.referral != Send::Never);
    let checks = [
        (Lacking::Supervisor, supervised && named.is_none()),
        (Lacking::OtherSupervisor, !stands_in && content.supervising != Send::Never && same),
        (Lacking::PeerNumber, numbered && says.rendering_numbers.is_empty()),
        (Lacking::MemberShape, shape.is_some_and(|s| !s.fits(whose.member.as_str()))),
        (Lacking::MedicalRecord, wants(content.medical_record) && says.medical_record.is_none()),
        (Lacking::Referral, wants(content.referral) && says.referral.is_none()),
        (Lacking::OtherReferral, referral.is_some_and(|r| whose.authorizations.contains(&r))),
        (Lacking::Referring, wants(content.referring) && says.referring.is_none()),
        (Lacking::Ordering, wants(profile.form.lines.ordering) && !ordering),
        (Lacking::Facility, placed && says.facility.is_none()),
    ];
    checks.into_iter().filter(|(_, lacks)| *lacks).map(|(lacking, _)| lacking.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim_detail::Provider;
    use crate::domain::contract::pack_from_toml;
    use crate::domain::identifiers::{Line55, MemberNumber};

    const PACK: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/payers/evergreen.toml"));

    #[test]
    fn what_says_nothing_is_empty() {
        assert!(MemberFacts::default().is_empty() && PeerFacts::default().is_empty());
        let medical_record = Some(Reference::parse("R-1").unwrap());
        assert!(!MemberFacts { medical_record, ..MemberFacts::default() }.is_empty());
        let supervisor = Some(provider("1987654328"));
        assert!(!PeerFacts { supervisor, ..PeerFacts::default() }.is_empty());
    }

    fn provider(npi: &str) -> Provider {
        let npi = Some(Npi::parse(npi).unwrap());
        let last_name = Line55::parse("Example").unwrap();
        Provider { last_name, first_name: None, npi, taxonomy: None, numbers: vec![] }
    }

    /// What a profile with these rules of sending lacks of a claim.
    fn lacking(sections: &str, says: &ClaimDetail) -> Vec<Lacking> {
        let profile = pack_from_toml(&format!("{PACK}\n{sections}")).unwrap().claim;
        let authorization = AuthorizationNumber::parse("A-1").unwrap();
        let whose = Whose {
            place: &PlaceOfService::parse("11").unwrap(),
            peer: &Npi::parse("1234567893").unwrap(),
            member: &MemberNumber::parse("TESTMEMBER1").unwrap(),
            authorizations: &[&authorization],
        };
        gaps(&profile, says, whose).into_iter().map(|gap| gap.lacking).collect()
    }

    #[test]
    fn nothing_is_lacking_that_nobody_asks_for_or_that_is_there() {
        assert_eq!(lacking("", &ClaimDetail::default()), []);
        let all = "[claim.content]\nreferral = \"required\"\nreferring = \"required\"\n\
                   medical_record = \"required\"\nsupervising = \"required\"";
        let nothing = lacking(all, &ClaimDetail::default());
        let wanted =
            [Lacking::Supervisor, Lacking::MedicalRecord, Lacking::Referral, Lacking::Referring];
        assert_eq!(nothing, wanted);
        let mut says = ClaimDetail {
            referral: Some(AuthorizationNumber::parse("R-1").unwrap()),
            medical_record: Some(Reference::parse("M-1").unwrap()),
            referring: Some(provider("1987654328")),
            supervising: Some(provider("1987654328")),
            ..ClaimDetail::default()
        };
        assert_eq!(lacking(all, &says), []);
        says.supervising = Some(provider("1234567893"));
        says.referral = Some(AuthorizationNumber::parse("A-1").unwrap());
        assert_eq!(lacking(all, &says), [Lacking::OtherSupervisor, Lacking::OtherReferral]);
    }
}
