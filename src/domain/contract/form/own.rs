//! What only one organization can say of its claims: whose money, whose numbers, who sends and whom
//! the payer calls. Several organizations are bound to one pack, so that a pack never says it; each
//! says it in its own contract (architecture, 4.11: the contract version carries the profile).

use super::kinds::{
    Access, Address, Contact, ContractInfo, Number, ProviderId, Submitter, TaxKind,
};
use super::knob::{Knob, knobs};
use super::{ClaimForm, Row};
use crate::domain::contract::reader::{Reader, Spot};
use crate::domain::contract::table::Table;
use crate::domain::identifiers::{Line35, PartnerCode};

knobs!(
    /// `[contract.claim]`: what an organization says of its own claims to one payer.
    OwnForm, "contract.claim" {
        authorization_information: Option<Access> = None, "1", "ISA01-02",
            "`00` and blanks, or `03` and this; else the pack's";
        security_information: Option<Access> = None, "2", "ISA03-04",
            "`00` and blanks, or `01` and this; readable by all who may read the contract, so no secret";
        group_sender: Option<PartnerCode> = None, "12", "GS02",
            "the sender's code; else the contract's `sender_id`";
        submitter: Option<Submitter> = None, "26", "1000A NM1",
            "`{ name, id }` of a billing agent; else the billing provider and `sender_id`";
        contact: Option<Contact> = None, "27", "1000A PER",
            "`{ name, phone, extension, email, fax }`; else the organization's";
        billing_first_name: Option<Line35> = None, "29", "2010AA NM102, NM104",
            "the first name of a person who bills alone; the organization's name is then the last";
        billing_id: Option<ProviderId> = None, "31", "2010AA NM108-09",
            "`npi`, or `payer_number` (no NM109; `billing_numbers` must have one); else the pack's";
        billing_tax_number: Option<TaxKind> = None, "32", "2010AA REF",
            "`EI` or `SY`; else the pack's";
        pay_to: Option<Address> = None, "34", "2010AB",
            "`{ line1, line2, city, state, zip }` where payment goes, if elsewhere";
        billing_numbers: Vec<Number> = Vec::new(), "35", "2010BB REF",
            "`{ kind, number }` of the billing provider at the payer: `G2`, `LU`";
        contract: Option<ContractInfo> = None, "64", "CN1", "`{ kind, amount, code }`";
    }
);

/// The knobs of the claim form that a pack never sets, by section and key.
pub(super) const OF_ONE: [(&str, &str); 8] = [
    ("file", "security_information"),
    ("file", "group_sender"),
    ("parties", "submitter"),
    ("parties", "contact"),
    ("parties", "billing_first_name"),
    ("parties", "pay_to"),
    ("parties", "billing_numbers"),
    ("content", "contract"),
];

/// Whether a knob of a section is one organization's own.
pub(in crate::domain::contract) fn is_of_one(section: &str, key: &str) -> bool {
    OF_ONE.contains(&(section, key))
}

impl OwnForm {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts what the organization says into the form of its payer.
    pub(in crate::domain::contract) fn lay_over(&self, form: &mut ClaimForm) {
        fn put<T: Clone>(own: Option<&T>, slot: &mut Option<T>) {
            if let Some(own) = own {
                *slot = Some(own.clone());
            }
        }
        let (file, parties) = (&mut form.file, &mut form.parties);
        put(self.authorization_information.as_ref(), &mut file.authorization_information);
        put(self.security_information.as_ref(), &mut file.security_information);
        put(self.group_sender.as_ref(), &mut file.group_sender);
        put(self.submitter.as_ref(), &mut parties.submitter);
        put(self.contact.as_ref(), &mut parties.contact);
        put(self.billing_first_name.as_ref(), &mut parties.billing_first_name);
        put(self.pay_to.as_ref(), &mut parties.pay_to);
        put(self.contract.as_ref(), &mut form.content.contract);
        parties.billing_id = self.billing_id.unwrap_or(parties.billing_id);
        parties.billing_tax_number = self.billing_tax_number.unwrap_or(parties.billing_tax_number);
        if !self.billing_numbers.is_empty() {
            parties.billing_numbers.clone_from(&self.billing_numbers);
        }
    }
}

/// Refuses what a pack may not say in a section.
pub(super) fn refuse_in_pack(r: &mut Reader, claim: &Table<'_>) {
    for (section, key) in OF_ONE {
        let Some(at) = claim.get(section).and_then(|section| section.inner(key)) else { continue };
        at.refuse(
            r,
            format!(
                "a pack is for many organizations, and this can be said of one only: write `{key}` \
                 under [contract.claim] of the organization's contract"
            ),
        );
    }
}

/// The knobs of [`OF_ONE`] that a pack has set nevertheless: packs of before may.
pub(in crate::domain::contract) fn set_in_pack(form: &ClaimForm) -> Vec<&'static str> {
    let (file, parties) = (&form.file, &form.parties);
    let set = [
        ("file.security_information", file.security_information.is_some()),
        ("file.group_sender", file.group_sender.is_some()),
        ("parties.submitter", parties.submitter.is_some()),
        ("parties.contact", parties.contact.is_some()),
        ("parties.billing_first_name", parties.billing_first_name.is_some()),
        ("parties.pay_to", parties.pay_to.is_some()),
        ("parties.billing_numbers", !parties.billing_numbers.is_empty()),
        ("content.contract", form.content.contract.is_some()),
    ];
    set.into_iter().filter(|(_, set)| *set).map(|(key, _)| key).collect()
}
