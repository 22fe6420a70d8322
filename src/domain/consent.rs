//! The member's consent to disclosures of substance-use records (42 CFR 2.31, R11).
//!
//! A consent is evidence: what it says never changes. It ends by its last day or by a revocation, and
//! what it permits is judged by the day of the disclosure, not by the day of the service
//! (`docs/adr/0030`): a consent permits future disclosures, of the records that it describes.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::dates::{Instant, Span, Zone};
use super::facts::ConsentFact;
use super::identifiers::{Key, Reference};
use super::ids::{ConsentId, MemberId, PayerId};
use super::text::code_list;

code_list!(
    /// What a disclosure may be for (42 CFR 2.33(b)). Proceedings against the person and
    /// counseling notes need consents of their own, which do not permit claims.
    Purpose, "a purpose" {
        /// Treatment.
        Treatment = "treatment",
        /// Payment: claims are for this.
        Payment = "payment",
        /// Health care operations.
        Operations = "operations",
    }
);

code_list!(
    /// How the consent was obtained. It is written, on paper or electronically (42 CFR 2.31(a)).
    Obtained, "a way of obtaining consent" {
        /// Signed on paper.
        Paper = "paper",
        /// Signed electronically.
        Electronic = "electronic",
    }
);

code_list!(
    /// Who signed.
    Signer, "a signer" {
        /// The member.
        Member = "member",
        /// Somebody who may sign for the member (42 CFR 2.14, 2.15).
        Representative = "representative",
    }
);

/// A consent with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Our id.
    pub id: ConsentId,
    /// What it says.
    pub data: ConsentData,
    /// When it was taken back.
    pub revoked: Option<Revocation>,
}

/// What a consent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentData {
    /// The organization's own name for it, unique in the organization.
    pub reference: Reference,
    /// Who consents.
    pub member: MemberId,
    /// To whom may be disclosed; none: all payers.
    pub recipient: Option<PayerId>,
    /// What for: at least one, in the order of the list.
    pub purposes: Vec<Purpose>,
    /// Of which services, sorted; none: all.
    pub services: Vec<Key>,
    /// First service date that it speaks of; none: from the beginning.
    pub services_from: Option<NaiveDate>,
    /// Last service date that it speaks of; none: no end.
    pub services_to: Option<NaiveDate>,
    /// The days on which it permits disclosures, both ends included.
    pub span: Span,
    /// How it was obtained.
    pub obtained: Obtained,
    /// Who signed.
    pub signer: Signer,
}

/// A consent taken back. What left before stays sent (42 CFR 2.31(a)(6)); nothing leaves after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// From when on.
    pub at: Instant,
    /// Why, in the organization's words.
    pub reason: Option<String>,
}

impl Consent {
    /// As the rules see it.
    pub fn fact(&self) -> ConsentFact {
        let data = &self.data;
        ConsentFact {
            id: self.id,
            reference: data.reference.clone(),
            recipient: data.recipient,
            purposes: data.purposes.clone(),
            services: data.services.clone(),
            services_from: data.services_from,
            services_to: data.services_to,
            span: data.span,
            revoked_at: self.revoked.as_ref().map(|r| r.at),
        }
    }
}

/// Why a consent does not permit a disclosure; in the order in which they are looked at, so that
/// the greatest one comes closest to a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// It is for other purposes.
    Purpose,
    /// It is for another payer.
    Recipient,
    /// It does not speak of the service.
    Service,
    /// It does not speak of the service date.
    ServiceDate,
    /// It starts later.
    NotYet,
    /// Its last day has passed.
    Ended,
    /// It was taken back.
    Revoked,
}

/// A disclosure that is about to be made: a claim.
#[derive(Debug, Clone, Copy)]
pub struct Disclosure<'a> {
    /// When.
    pub at: Instant,
    /// Whose day that is.
    pub zone: Zone,
    /// To whom.
    pub recipient: Option<PayerId>,
    /// Of which service of the contract.
    pub service: Option<&'a Key>,
    /// Given on which day.
    pub service_date: NaiveDate,
}

impl ConsentFact {
    /// Whether it permits telling the payer for payment; or the first thing that is lacking.
    pub fn permits(&self, wanted: &Disclosure<'_>) -> Result<(), Lack> {
        let today = wanted.zone.date_of(wanted.at);
        let first = self.services_from.is_none_or(|from| from <= wanted.service_date);
        let last = self.services_to.is_none_or(|to| wanted.service_date <= to);
        let of_service = self.services.is_empty()
            || wanted.service.is_some_and(|service| self.services.contains(service));
        let checks = [
            (self.purposes.contains(&Purpose::Payment), Lack::Purpose),
            (self.recipient.is_none() || self.recipient == wanted.recipient, Lack::Recipient),
            (of_service, Lack::Service),
            (first && last, Lack::ServiceDate),
            (self.span.from <= today, Lack::NotYet),
            (self.span.to.is_none_or(|to| today <= to), Lack::Ended),
            // Known to be revoked is enough, whatever the clocks of two processes say.
            (self.revoked_at.is_none(), Lack::Revoked),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, lack)| Err(lack))
    }
}
