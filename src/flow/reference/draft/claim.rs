//! Drafts of what claims say of peers and members beside the usual.

use serde::{Deserialize, Serialize};

use super::Reader;
use crate::domain::claim_detail::Provider;
use crate::domain::claim_facts::{MemberFacts, PeerFacts, PeerNumber};
use crate::domain::contract::form::kinds::NumberKind;

/// Most numbers of one peer: a few kinds at each of some ten payers.
const MAX_NUMBERS: usize = 50;

/// What claims say of a peer beside name, NPI and taxonomy, where a payer asks for it.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerClaimDraft {
    /// Who supervises the peer.
    pub supervisor: Option<ProviderDraft>,
    /// Numbers of the peer that are not NPIs, each at one payer.
    pub numbers: Option<Vec<PeerNumberDraft>>,
}

/// A peer's number at a payer.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerNumberDraft {
    /// The payer's key.
    #[schema(example = "evergreen")]
    pub payer: Option<String>,
    /// `G2` (the payer's number), `LU` (location), `0B` (license) or `1G` (UPIN).
    #[schema(example = "G2")]
    pub kind: Option<String>,
    /// The number.
    #[schema(example = "P1002003")]
    pub number: Option<String>,
}

/// Somebody who had a part in services. The guide takes persons only (NM102 is 1 in loops 2310A, 2310D
/// and 2420E).
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderDraft {
    /// Last name.
    #[schema(example = "Sample")]
    pub last_name: Option<String>,
    /// First name.
    #[schema(example = "Robin")]
    pub first_name: Option<String>,
    /// NPI.
    #[schema(example = "1987654328")]
    pub npi: Option<String>,
    /// Taxonomy; sent where the supervisor stands for the peer.
    pub taxonomy: Option<String>,
}

/// What claims say of a member beside name, birth, gender and address, where a payer asks for it.
#[derive(Debug, Clone, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberClaimDraft {
    /// Middle name or initial.
    pub middle_name: Option<String>,
    /// Medical record number (REF*EA).
    #[schema(example = "MR-2002")]
    pub medical_record: Option<String>,
    /// Referral number (REF*9F).
    pub referral: Option<String>,
    /// Who referred the member.
    pub referring: Option<ProviderDraft>,
    /// Who ordered the services.
    pub ordering: Option<ProviderDraft>,
}

impl PeerClaimDraft {
    pub(super) fn read(&self, r: &mut Reader) -> PeerFacts {
        let supervisor = self.supervisor.as_ref();
        let list = self.numbers.as_ref();
        PeerFacts {
            supervisor: supervisor.and_then(|p| r.within("supervisor", |r| p.read(r))),
            numbers: r.items("numbers", list, MAX_NUMBERS, |r, n| n.read(r)),
        }
    }
}

impl PeerNumberDraft {
    fn read(&self, r: &mut Reader) -> Option<PeerNumber> {
        let payer = r.required("payer", self.payer.as_ref());
        let kind = r.required("kind", self.kind.as_ref());
        let number = r.required("number", self.number.as_ref());
        let of_provider = |kind: &NumberKind| {
            use NumberKind::{License, Location, Payer, Upin};
            matches!(kind, License | Upin | Payer | Location)
        };
        if kind.as_ref().is_some_and(|kind| !of_provider(kind)) {
            r.refuse("kind", "a peer's number is of the kind G2, LU, 0B or 1G");
        }
        Some(PeerNumber { payer: payer?, kind: kind?, number: number? })
    }
}

impl ProviderDraft {
    fn read(&self, r: &mut Reader) -> Option<Provider> {
        let last_name = r.required("last_name", self.last_name.as_ref());
        let first_name = r.required("first_name", self.first_name.as_ref());
        let npi = r.required("npi", self.npi.as_ref());
        let taxonomy = r.optional("taxonomy", self.taxonomy.as_ref());
        let (last_name, first_name, npi) = (last_name?, Some(first_name?), Some(npi?));
        Some(Provider { last_name, first_name, npi, taxonomy, numbers: Vec::new() })
    }
}

impl MemberClaimDraft {
    pub(super) fn read(&self, r: &mut Reader) -> MemberFacts {
        let one = |r: &mut Reader, field: &str, draft: Option<&ProviderDraft>| {
            draft.and_then(|p| r.within(field, |r| p.read(r)))
        };
        MemberFacts {
            middle_name: r.optional("middle_name", self.middle_name.as_ref()),
            medical_record: r.optional("medical_record", self.medical_record.as_ref()),
            referral: r.optional("referral", self.referral.as_ref()),
            referring: one(r, "referring", self.referring.as_ref()),
            ordering: one(r, "ordering", self.ordering.as_ref()),
        }
    }
}

impl From<&Provider> for ProviderDraft {
    fn from(provider: &Provider) -> Self {
        Self {
            last_name: Some(provider.last_name.to_string()),
            first_name: provider.first_name.as_ref().map(ToString::to_string),
            npi: provider.npi.as_ref().map(ToString::to_string),
            taxonomy: provider.taxonomy.as_ref().map(ToString::to_string),
        }
    }
}

impl PeerClaimDraft {
    /// What is stored, in the words in which it was given; none where nothing is.
    pub fn of(facts: &PeerFacts) -> Option<Self> {
        let number = |n: &PeerNumber| PeerNumberDraft {
            payer: Some(n.payer.to_string()),
            kind: Some(n.kind.to_string()),
            number: Some(n.number.to_string()),
        };
        (!facts.is_empty()).then(|| Self {
            supervisor: facts.supervisor.as_ref().map(ProviderDraft::from),
            numbers: Some(facts.numbers.iter().map(number).collect()),
        })
    }
}

impl MemberClaimDraft {
    /// What is stored, in the words in which it was given; none where nothing is.
    pub fn of(facts: &MemberFacts) -> Option<Self> {
        (!facts.is_empty()).then(|| Self {
            middle_name: facts.middle_name.as_ref().map(ToString::to_string),
            medical_record: facts.medical_record.as_ref().map(ToString::to_string),
            referral: facts.referral.as_ref().map(ToString::to_string),
            referring: facts.referring.as_ref().map(ProviderDraft::from),
            ordering: facts.ordering.as_ref().map(ProviderDraft::from),
        })
    }
}
