//! The opening balance: units that a member used before go-live, which limits and authorizations
//! count and which are never a service of ours (`docs/definitions.md`, "Unit ledger").

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::identifiers::{Key, MemberNumber};
use super::ids::{AccountId, AuthorizationId, MemberId, OpeningId, PayerId, SharedAccountId};
use super::ledger::{Entry, EntryKind, SharedEntry};

/// An opening balance with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Our id.
    pub id: OpeningId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// The account of payer and member that it is booked on.
    pub account: AccountId,
    /// The payer's number for the member when it was booked.
    pub member_number: MemberNumber,
    /// What it says.
    pub data: OpeningData,
}

/// What an opening balance says. Only the units may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningData {
    /// Whose units.
    pub member: MemberId,
    /// Who counts them.
    pub payer: PayerId,
    /// Of which service.
    pub service: Key,
    /// The day under which they are counted.
    pub date: NaiveDate,
    /// The authorization that they drew on; none: they needed none.
    pub authorization: Option<AuthorizationId>,
    /// Units used.
    pub units: u32,
}

impl Opening {
    /// The entry that books the difference to what was booked before (none: a new balance). Nothing
    /// is booked where there is no difference.
    pub fn entry(&self, before: Option<u32>) -> Option<Entry> {
        let (kind, consumed) = self.difference(before)?;
        Some(Entry {
            account: self.account,
            kind,
            encounter: None,
            line: None,
            service: Some(self.data.service.clone()),
            service_date: self.data.date,
            authorization: self.data.authorization,
            payer: Some(self.data.payer),
            peer: None,
            how: None,
            granted: 0,
            reserved: 0,
            consumed,
        })
    }

    /// The same on the account that organizations share, where the payer may count across them.
    pub fn shared_entry(
        &self,
        account: SharedAccountId,
        before: Option<u32>,
    ) -> Option<SharedEntry> {
        let (kind, units) = self.difference(before)?;
        Some(SharedEntry {
            account,
            kind,
            encounter: None,
            line: None,
            service: self.data.service.clone(),
            service_date: self.data.date,
            how: None,
            units,
        })
    }

    fn difference(&self, before: Option<u32>) -> Option<(EntryKind, i64)> {
        let kind = if before.is_none() { EntryKind::Opening } else { EntryKind::Adjust };
        let units = i64::from(self.data.units) - i64::from(before.unwrap_or_default());
        (units != 0).then_some((kind, units))
    }
}
