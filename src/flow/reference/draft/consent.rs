//! Drafts of consents.

use serde::Deserialize;

use super::{MemberName, PayerName, Reader};
use crate::domain::consent::{Obtained, Purpose, Signer};
use crate::domain::dates::{Instant, Span};
use crate::domain::identifiers::{Key, Reference};
use crate::error::Fault;
use chrono::NaiveDate;

/// How all payers are named as recipients: never by leaving the field out, which would widen a
/// consent by forgetting a word.
pub const ALL_PAYERS: &str = "all_payers";
/// How all purposes are named.
const ALL_PURPOSES: &str = "all";

/// A consent as a door was told of it.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentDraft {
    /// The organization's own name for it: 1 to 64 letters, digits and `-_.:/`, unique in the
    /// organization.
    #[schema(example = "C-2026-0007")]
    pub reference: Option<String>,
    /// Who consents: the member's id or reference.
    #[schema(example = "M-0001")]
    pub member: Option<String>,
    /// To whom may be disclosed: a payer's id or key, or `all_payers`.
    #[schema(example = "evergreen")]
    pub recipient: Option<String>,
    /// What for: any of `treatment`, `payment`, `operations`, or `all`. Claims need `payment`.
    #[schema(example = json!(["payment"]))]
    pub purposes: Option<Vec<String>>,
    /// The services of the contract that it speaks of; empty or missing: all of them.
    #[schema(example = json!(["recovery_individual"]))]
    pub services: Option<Vec<String>>,
    /// First service date that it speaks of; missing: from the beginning.
    #[schema(example = "2026-01-01")]
    pub services_from: Option<String>,
    /// Last service date that it speaks of; missing: no end.
    #[schema(example = "2026-12-31")]
    pub services_to: Option<String>,
    /// First day on which it permits disclosures: the day of the signature, not in the future.
    #[schema(example = "2026-07-01")]
    pub from: Option<String>,
    /// Last day on which it permits disclosures; missing: until it is revoked.
    #[schema(example = "2027-06-30")]
    pub to: Option<String>,
    /// How it was obtained: `paper` or `electronic`. A spoken consent is none.
    #[schema(example = "paper")]
    pub obtained: Option<String>,
    /// Who signed: `member` (when missing) or `representative`.
    #[schema(example = "member")]
    pub signer: Option<String>,
    /// When it was taken back, RFC 3339 with an offset, not in the future.
    #[schema(example = "2026-09-03T09:00:00-07:00")]
    pub revoked_at: Option<String>,
}

/// A parsed consent, whose member and recipient are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentInput {
    /// The organization's own name for it.
    pub reference: Reference,
    /// Who consents.
    pub member: MemberName,
    /// To whom; none: all payers.
    pub recipient: Option<PayerName>,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Services, sorted; empty for all.
    pub services: Vec<Key>,
    /// First service date.
    pub services_from: Option<NaiveDate>,
    /// Last service date.
    pub services_to: Option<NaiveDate>,
    /// The days on which it permits disclosures.
    pub span: Span,
    /// How it was obtained.
    pub obtained: Obtained,
    /// Who signed.
    pub signer: Signer,
    /// When it was taken back.
    pub revoked_at: Option<Instant>,
}

impl ConsentDraft {
    /// Parses all of it, or tells every fault.
    pub fn parse(&self) -> Result<ConsentInput, Vec<Fault>> {
        let mut r = Reader::default();
        let reference = r.required("reference", self.reference.as_ref());
        let member = r.required("member", self.member.as_ref());
        let all_payers = self.recipient.as_deref() == Some(ALL_PAYERS);
        let recipient: Option<PayerName> =
            if all_payers { None } else { r.required("recipient", self.recipient.as_ref()) };
        let purposes = self.purposes(&mut r);
        let services = r.services(self.services.as_deref());
        let services_from = r.optional_date("services_from", self.services_from.as_ref());
        let services_to = r.optional_date("services_to", self.services_to.as_ref());
        if let (Some(from), Some(to)) = (services_from, services_to)
            && to < from
        {
            r.refuse("services_to", "the last service date lies before the first one");
        }
        let span = r.span(self.from.as_ref(), self.to.as_ref());
        let obtained = r.required("obtained", self.obtained.as_ref());
        let signer = match &self.signer {
            None => Some(Signer::Member),
            given => r.optional("signer", given.as_ref()),
        };
        let revoked_at = self.revoked_at(&mut r);
        // One of the two is there, or a fault was told.
        let input = (|| {
            Some(ConsentInput {
                reference: reference?,
                member: member?,
                recipient,
                purposes,
                services,
                services_from,
                services_to,
                span: span?,
                obtained: obtained?,
                signer: signer?,
                revoked_at,
            })
        })();
        r.finish(input)
    }

    fn purposes(&self, r: &mut Reader) -> Vec<Purpose> {
        let list = self.purposes.as_deref().unwrap_or_default();
        match list {
            [] => {
                r.refuse("purposes", "say what for: treatment, payment, operations, or all");
                return Vec::new();
            }
            [one] if one == ALL_PURPOSES => return Purpose::ALL.to_vec(),
            _ => {}
        }
        if list.len() > Purpose::ALL.len() {
            let message = format!("this list has at most {} items", Purpose::ALL.len());
            r.refuse("purposes", message);
            return Vec::new();
        }
        let each = list.iter().enumerate();
        let mut purposes: Vec<Purpose> =
            each.filter_map(|(i, p)| r.required(&format!("purposes/{i}"), Some(p))).collect();
        purposes.sort();
        purposes.dedup();
        purposes
    }

    fn revoked_at(&self, r: &mut Reader) -> Option<Instant> {
        let text = self.revoked_at.as_ref()?;
        Instant::parse(text).map_err(|rule| r.refuse("revoked_at", rule.0)).ok()
    }
}
