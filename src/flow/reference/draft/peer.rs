//! Drafts of peers and certificates.

use serde::Deserialize;

use super::{PeerClaimDraft, Reader, refuse_repeats};
use crate::domain::peer::{CertificateData, PeerData};
use crate::error::Fault;

/// Most certificates of one peer: some five states, renewed yearly over a working life.
const MAX_CERTIFICATES: usize = 200;
/// Peer specialist (NUCC): the taxonomy of a peer of whom nothing else is said.
const PEER_TAXONOMY: &str = "175T00000X";

/// What is told of a first day of work that cannot be.
pub(in crate::flow::reference) const HIRED_BEFORE_BORN: &str =
    "the first day of work lies before the day of birth";

/// A peer as a door was told of them.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerDraft {
    /// Type 1 NPI, unique in the organization.
    #[schema(example = "1987654328")]
    pub npi: Option<String>,
    /// First name.
    #[schema(example = "Rosa")]
    pub first_name: Option<String>,
    /// Last name.
    #[schema(example = "Example")]
    pub last_name: Option<String>,
    /// Taxonomy; 175T00000X (peer specialist) when missing.
    #[schema(example = "175T00000X")]
    pub taxonomy: Option<String>,
    /// Day of birth, where a payer asks for the peer's age.
    #[schema(example = "1990-05-05")]
    pub birth_date: Option<String>,
    /// First day of work, where a payer lets work begin before the certificate.
    #[schema(example = "2026-01-15")]
    pub hired_on: Option<String>,
    /// All of the peer's certificates.
    pub certificates: Option<Vec<CertificateDraft>>,
    /// What claims say of the peer beside that, where a payer asks for it.
    pub claim: Option<PeerClaimDraft>,
}

/// A certificate as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateDraft {
    /// The state that issued it.
    #[schema(example = "WA")]
    pub state: Option<String>,
    /// Its type, as packs name it.
    #[schema(example = "cpss")]
    pub kind: Option<String>,
    /// Its number, when the state gives one.
    #[schema(example = "CPC-00142")]
    pub number: Option<String>,
    /// First day on which it is valid.
    #[schema(example = "2026-01-01")]
    pub from: Option<String>,
    /// Last day on which it is valid; missing: no end.
    #[schema(example = "2027-12-31")]
    pub to: Option<String>,
    /// How it stands: `active` (the default), `lapsed`, `vacant`, `suspended`, `revoked`. Only an
    /// active one counts.
    #[schema(example = "active")]
    pub standing: Option<String>,
    /// What it is good for, as packs name it.
    #[schema(example = json!(["recovery"]))]
    pub endorsements: Option<Vec<String>>,
}

/// A parsed peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInput {
    /// What is said of the peer.
    pub data: PeerData,
    /// The peer's certificates.
    pub certificates: Vec<CertificateData>,
}

impl PeerDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<PeerInput, Vec<Fault>> {
        let mut r = Reader::default();
        let npi = r.required("npi", self.npi.as_ref());
        let first_name = r.required("first_name", self.first_name.as_ref());
        let last_name = r.required("last_name", self.last_name.as_ref());
        let usual = PEER_TAXONOMY.to_owned();
        let taxonomy = r.required("taxonomy", Some(self.taxonomy.as_ref().unwrap_or(&usual)));
        let birth_date = r.optional_date("birth_date", self.birth_date.as_ref());
        let hired_on = r.optional_date("hired_on", self.hired_on.as_ref());
        let list = self.certificates.as_ref();
        let certificates = r.items("certificates", list, MAX_CERTIFICATES, |r, c| c.read(r));
        let message = "another certificate of the list has this state, kind and first day";
        let key = |c: &CertificateData| (c.state.clone(), c.kind.clone(), c.span.from);
        refuse_repeats(&mut r, "certificates", &certificates, key, message);
        let claim = self.claim.as_ref().map(|c| r.within("claim", |r| c.read(r)));
        let claim = claim.unwrap_or_default();
        let data = (|| {
            let (npi, taxonomy) = (npi?, taxonomy?);
            let (first_name, last_name) = (first_name?, last_name?);
            Some(PeerData { npi, first_name, last_name, taxonomy, birth_date, hired_on, claim })
        })();
        if data.as_ref().is_some_and(|data| !data.is_ordered()) {
            r.refuse("hired_on", HIRED_BEFORE_BORN);
        }
        r.finish(data.map(|data| PeerInput { data, certificates }))
    }
}

impl CertificateDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<CertificateData, Vec<Fault>> {
        let mut r = Reader::default();
        let certificate = self.read(&mut r);
        r.finish(certificate)
    }

    fn read(&self, r: &mut Reader) -> Option<CertificateData> {
        let state = r.required("state", self.state.as_ref());
        let kind = r.required("kind", self.kind.as_ref());
        let number = r.optional("number", self.number.as_ref());
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let standing = r.optional("standing", self.standing.as_ref()).unwrap_or_default();
        let endorsements = r.keys("endorsements", self.endorsements.as_deref());
        let (state, kind, span) = (state?, kind?, span?);
        Some(CertificateData { state, kind, number, span, standing, endorsements })
    }
}
