//! The unit ledger's values: accounts, entries, and how each step of a line's life is booked.
//!
//! (`docs/definitions.md`, "Unit ledger".) Entries are never changed; usage is reserved plus
//! consumed. A line's units are booked as the part that needed no authorization and the part that
//! drew on one, so that free units, limits and authorizations are all sums over the same entries.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codes::Mode;
use super::facts::How;
use super::identifiers::{Key, MemberNumber, Reference};
use super::ids::{
    AccountId, AuthorizationId, EncounterId, LineId, MemberId, PayerId, PeerId, SharedAccountId,
};
use super::line::Line;
use super::organization::OrganizationMode;
use super::text::code_list;

/// The name of an account. Accounts are locked in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(String);

impl AccountKey {
    /// Units of a payer's member: limits and authorizations count here.
    pub fn payer_member(payer: PayerId, number: &MemberNumber) -> Self {
        Self(format!("units:{payer}:{number}"))
    }

    /// A member's time: overlaps and duplicates are settled here.
    pub fn member(member: MemberId) -> Self {
        Self(format!("time:{member}"))
    }

    /// A peer's time.
    pub fn peer(peer: PeerId) -> Self {
        Self(format!("time:{peer}"))
    }

    /// A session: what it is, and who is of it. (Its name sorts behind those of time: whoever holds
    /// a member's time may still ask for it.)
    pub fn session(reference: &Reference) -> Self {
        Self(format!("together:{reference}"))
    }

    /// An authorization: its grants are booked here.
    pub fn authorization(id: AuthorizationId) -> Self {
        Self(format!("grant:{id}"))
    }

    /// From the stored name.
    pub fn stored(key: String) -> Self {
        Self(key)
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

code_list!(
    /// What an entry books.
    EntryKind, "a kind of entry" {
        /// Units approved by an authorization.
        Grant = "grant",
        /// Units of a line that became ready.
        Reserve = "reserve",
        /// Reserved units of a line whose batch was released.
        Consume = "consume",
        /// Units given back.
        Release = "release",
        /// A difference, such as a changed grant.
        Adjust = "adjust",
        /// Usage from before go-live.
        Opening = "opening",
    }
);

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// On which account.
    pub account: AccountId,
    /// What it books.
    pub kind: EntryKind,
    /// Of which encounter.
    pub encounter: Option<EncounterId>,
    /// Of which line.
    pub line: Option<LineId>,
    /// Of which service.
    pub service: Option<Key>,
    /// Under which date.
    pub service_date: NaiveDate,
    /// On which authorization.
    pub authorization: Option<AuthorizationId>,
    /// Who pays; none for a grant.
    pub payer: Option<PayerId>,
    /// Whose hours they are; none for a grant and for usage from before go-live.
    pub peer: Option<PeerId>,
    /// How they were given; none where that is not known.
    pub how: Option<How>,
    /// Change of the units granted.
    pub granted: i64,
    /// Change of the units reserved.
    pub reserved: i64,
    /// Change of the units consumed.
    pub consumed: i64,
}

/// Reserves the units of a ready line: the free part, then the authorized part.
pub fn reserve(account: AccountId, line: &Line, peer: PeerId, mode: Mode) -> Vec<Entry> {
    let authorized = line.authorized_units.min(line.units);
    let parts = [(line.units - authorized, None), (authorized, line.authorization)];
    parts
        .into_iter()
        .filter(|(units, _)| *units > 0)
        .map(|(units, authorization)| Entry {
            account,
            kind: EntryKind::Reserve,
            encounter: Some(line.encounter),
            line: Some(line.id),
            service: Some(line.service.clone()),
            service_date: line.service_date,
            authorization,
            payer: line.payer,
            peer: Some(peer),
            how: Some(How { modifiers: line.modifiers.clone(), mode }),
            granted: 0,
            reserved: i64::from(units),
            consumed: 0,
        })
        .collect()
}

/// The name of an account that organizations share: units of a payer's member, whoever gave them.
/// Test and live organizations never share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedKey(String);

impl SharedKey {
    /// Of a payer's member, among organizations of one mode.
    pub fn new(mode: OrganizationMode, payer: PayerId, number: &MemberNumber) -> Self {
        Self(format!("units:{mode}:{payer}:{number}"))
    }

    /// From the stored name.
    pub fn stored(key: String) -> Self {
        Self(key)
    }
}

impl fmt::Display for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of an account that organizations share. Reserved and consumed are not told apart:
/// only their sum counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedEntry {
    /// On which account.
    pub account: SharedAccountId,
    /// What it books.
    pub kind: EntryKind,
    /// Of which encounter; none for usage from before go-live.
    pub encounter: Option<EncounterId>,
    /// Of which line.
    pub line: Option<LineId>,
    /// Of which service.
    pub service: Key,
    /// Under which date.
    pub service_date: NaiveDate,
    /// How they were given; none where that is not known.
    pub how: Option<How>,
    /// Change of the units drawn.
    pub units: i64,
}

/// Draws the units of a ready line from a shared account.
pub fn share(account: SharedAccountId, line: &Line, mode: Mode) -> SharedEntry {
    SharedEntry {
        account,
        kind: EntryKind::Reserve,
        encounter: Some(line.encounter),
        line: Some(line.id),
        service: line.service.clone(),
        service_date: line.service_date,
        how: Some(How { modifiers: line.modifiers.clone(), mode }),
        units: i64::from(line.units),
    }
}

/// Gives back what a line drew from a shared account.
pub fn unshare(drawn: SharedEntry) -> SharedEntry {
    SharedEntry { kind: EntryKind::Release, units: drawn.units.saturating_neg(), ..drawn }
}

/// Moves so many of the units that are held to an authorization or to those without one; at most all of them.
pub fn shift(held: Entry, units: u32, authorization: Option<AuthorizationId>) -> [Entry; 2] {
    let consumed = i64::from(units).min(held.consumed);
    let reserved = (i64::from(units) - consumed).min(held.reserved);
    let part = Entry { kind: EntryKind::Adjust, reserved, consumed, ..held };
    let there = Entry { authorization, ..part.clone() };
    [Entry { kind: EntryKind::Adjust, ..release(part) }, there]
}

/// Gives back whatever is held.
pub fn release(holding: Entry) -> Entry {
    Entry {
        kind: EntryKind::Release,
        reserved: holding.reserved.saturating_neg(),
        consumed: holding.consumed.saturating_neg(),
        ..holding
    }
}

/// Turns what is consumed back into reserved: the claim was rejected, its line waits again.
pub fn unconsume(holding: Entry) -> Entry {
    Entry {
        kind: EntryKind::Reserve,
        reserved: holding.consumed,
        consumed: holding.consumed.saturating_neg(),
        ..holding
    }
}

/// Turns what is reserved into consumed.
pub fn consume(holding: Entry) -> Entry {
    Entry {
        kind: EntryKind::Consume,
        reserved: holding.reserved.saturating_neg(),
        consumed: holding.reserved,
        ..holding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::DecisionId;
    use crate::domain::line::lines_of;
    use crate::domain::rules::testing::Case;

    /// Four units.
    fn line() -> Line {
        let case = Case::new();
        let (decision, encounter) = (DecisionId::from_i64(1), EncounterId::from_i64(1));
        let (member, id) = (case.encounter.member, || LineId::from_i64(1));
        lines_of(&case.decide(), decision, encounter, member, None, id).remove(0)
    }

    #[test]
    fn a_line_is_booked_as_what_needed_an_authorization_and_what_did_not() {
        let mut line = line();
        line.authorization = Some(AuthorizationId::from_i64(9));
        let mut booked = |authorized| {
            line.authorized_units = authorized;
            let entries =
                reserve(AccountId::from_i64(1), &line, PeerId::from_i64(7), Mode::InPerson);
            assert!(entries.iter().all(|e| (e.granted, e.consumed) == (0, 0)));
            let told = entries.iter().map(|e| (e.reserved, e.authorization.is_some()));
            told.collect::<Vec<_>>()
        };
        assert_eq!(booked(0), [(4, false)]);
        assert_eq!(booked(1), [(3, false), (1, true)]);
        assert_eq!(booked(4), [(4, true)]);
    }

    #[test]
    fn a_part_of_what_is_held_moves_and_the_sum_stays() {
        let entry = |(reserved, consumed), authorization: Option<i64>| Entry {
            authorization: authorization.map(AuthorizationId::from_i64),
            reserved,
            consumed,
            ..reserve(AccountId::from_i64(1), &line(), PeerId::from_i64(7), Mode::InPerson)
                .remove(0)
        };
        let moved = |held: Entry, units, to: Option<i64>| {
            let [from, there] = shift(held, units, to.map(AuthorizationId::from_i64));
            assert_eq!((from.kind, there.kind), (EntryKind::Adjust, EntryKind::Adjust));
            assert_eq!(from.reserved + there.reserved, 0);
            assert_eq!(from.consumed + there.consumed, 0);
            (there.reserved, there.consumed, from.authorization, there.authorization)
        };
        let nine = Some(AuthorizationId::from_i64(9));
        assert_eq!(moved(entry((7, 0), None), 2, Some(9)), (2, 0, None, nine));
        assert_eq!(moved(entry((0, 7), None), 2, Some(9)), (0, 2, None, nine));
        assert_eq!(moved(entry((0, 2), Some(9)), 1, None), (0, 1, nine, None));
        assert_eq!(moved(entry((1, 2), None), 9, Some(9)), (1, 2, None, nine));
    }
}
