//! What an API key may be for.

use super::text::code_list;

code_list!(
    /// The role of an API key. What a role may not see does not exist for it.
    Role, "a role" {
        /// Everything, and creating organizations and payers.
        Admin = "admin",
        /// Encounters of its organization.
        Submitter = "submitter",
        /// Also reference data, claims and batches of its organization.
        Biller = "biller",
        /// Reports on its payer's own members, released claims only.
        PayerAnalyst = "payer_analyst",
    }
);

impl Role {
    /// Whether keys of this role belong to one organization.
    pub const fn is_of_organization(self) -> bool {
        matches!(self, Self::Submitter | Self::Biller)
    }

    /// Whether keys of this role belong to one payer.
    pub const fn is_of_payer(self) -> bool {
        matches!(self, Self::PayerAnalyst)
    }
}
