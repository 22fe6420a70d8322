//! The bench's usage: what was drawn on the accounts of a chunk's members, by its peers, and in the
//! accounts that organizations share.
//!
//! Read once for a chunk, as far as the windows of the contract versions at hand reach; what the
//! chunk itself draws is added in memory. A decision gets only what its contract's windows need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::contract::{LimitScope, Pack, Terms};
use crate::domain::facts::{AuthorizationFact, EpisodeFact, Usage};
use crate::domain::ids::{
    AccountId, AuthorizationId, ContractVersionId, EncounterId, OrganizationId, PayerId, PeerId,
    SharedAccountId,
};
use crate::domain::rules::{self, Selected};
use crate::domain::windows::Days;
use crate::store::usage::{self as store, UsageScope};
use crate::store::{Conn, StoreError};

/// One visit as far as usage is concerned.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) version: ContractVersionId,
    pub(super) terms: Arc<Terms>,
    pub(super) day: NaiveDate,
    pub(super) episodes: Vec<EpisodeFact>,
    pub(super) payer: PayerId,
    pub(super) peer: PeerId,
    pub(super) account: Option<AccountId>,
    pub(super) shared: Option<SharedAccountId>,
}

/// Where units of one visit are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accounts {
    pub(super) account: AccountId,
    /// Where a limit counts by peer.
    pub(super) peer: Option<(PayerId, PeerId)>,
    /// Where a limit counts across organizations.
    pub(super) shared: Option<SharedAccountId>,
}

/// What was drawn.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    rows: Vec<(AccountId, Usage)>,
    of_account: HashMap<AccountId, Vec<usize>>,
    of_authorization: HashMap<AuthorizationId, Vec<usize>>,
    of_peer: HashMap<(PayerId, PeerId), Vec<Usage>>,
    of_shared: HashMap<SharedAccountId, Vec<Usage>>,
}

/// Whose usage visits look at, and how far.
#[derive(Debug)]
struct Reached<T> {
    days: Days,
    whose: Vec<T>,
}

impl Drawn {
    /// Reads what decisions about these visits may look at. `authorizations` are those of their
    /// members; `except` is an encounter that is being decided again.
    pub(super) fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        visits: &[Visit],
        authorizations: Vec<AuthorizationId>,
        except: Option<EncounterId>,
    ) -> Result<Self, StoreError> {
        let mut drawn = Self::default();
        // By contract version: another version may reach further.
        let of_member = LimitScope::MemberAndOrganization;
        let accounts = reached(visits, of_member, |v| v.version, |v| v.account);
        let accounts = accounts.into_values().map(|r| (r.whose, r.days)).collect();
        let scope = UsageScope { accounts, authorizations, except };
        for (account, usage) in store::of_accounts(conn, organization, &scope)? {
            drawn.put(account, usage);
        }
        // By payer: a peer's units are read once, as far as all versions reach.
        let peers = reached(visits, LimitScope::Peer, |v| v.payer, |v| Some(v.peer));
        for (payer, r) in peers {
            let found = store::of_peers(conn, organization, payer, &r.whose, r.days, except)?;
            for (peer, usage) in found {
                drawn.of_peer.entry((payer, peer)).or_default().push(usage);
            }
        }
        let shared = reached(visits, LimitScope::Member, |v| v.payer, |v| v.shared);
        let except = except.map(|id| (organization, id));
        for r in shared.into_values() {
            for (account, usage) in store::of_shared(conn, &r.whose, r.days, except)? {
                drawn.of_shared.entry(account).or_default().push(usage);
            }
        }
        Ok(drawn)
    }

    /// Adds units to every account that counts them; less than nothing takes away from rows that are
    /// alike.
    pub(super) fn change(&mut self, accounts: Accounts, change: Usage) {
        if let Some(key) = accounts.peer {
            change_list(self.of_peer.entry(key).or_default(), &change);
        }
        if let Some(shared) = accounts.shared {
            change_list(self.of_shared.entry(shared).or_default(), &change);
        }
        if change.units > 0 {
            return self.put(accounts.account, change);
        }
        let mut left = change.units.saturating_neg();
        for index in self.of_account.get(&accounts.account).into_iter().flatten() {
            if let Some((_, row)) = self.rows.get_mut(*index) {
                take(row, &change, &mut left);
            }
        }
    }

    fn put(&mut self, account: AccountId, usage: Usage) {
        let index = self.rows.len();
        self.of_account.entry(account).or_default().push(index);
        if let Some(authorization) = usage.authorization {
            self.of_authorization.entry(authorization).or_default().push(index);
        }
        self.rows.push((account, usage));
    }

    /// Everything drawn on a shared account, as far as it was read.
    pub(super) fn shared(&self, account: SharedAccountId) -> &[Usage] {
        self.of_shared.get(&account).map_or(&[], Vec::as_slice)
    }

    /// What a decision about a visit on `day` needs; without terms there is nothing to count.
    pub(super) fn select(
        &self,
        pack: Option<&Pack>,
        episodes: &[EpisodeFact],
        day: NaiveDate,
        account: Option<AccountId>,
        peer: Option<(PayerId, PeerId)>,
        authorizations: &[AuthorizationFact],
    ) -> Selected {
        let Some(pack) = pack else { return Selected::default() };
        let of_account = account.and_then(|a| self.of_account.get(&a)).into_iter().flatten();
        let elsewhere = authorizations
            .iter()
            .filter_map(|a| self.of_authorization.get(&a.id))
            .flatten()
            .filter(|i| self.rows.get(**i).is_some_and(|(of, _)| Some(*of) != account));
        let own: Vec<&Usage> = of_account
            .chain(elsewhere)
            .filter_map(|index| self.rows.get(*index).map(|(_, usage)| usage))
            .collect();
        let peer: Vec<&Usage> =
            peer.and_then(|key| self.of_peer.get(&key)).into_iter().flatten().collect();
        rules::select(pack, episodes, day, &own, &peer)
    }
}

/// What visits reach in a scope, by some key of theirs.
fn reached<K: Ord, T: Ord>(
    visits: &[Visit],
    scope: LimitScope,
    key: impl Fn(&Visit) -> K,
    whose: impl Fn(&Visit) -> Option<T>,
) -> BTreeMap<K, Reached<T>> {
    let mut found: BTreeMap<K, Reached<T>> = BTreeMap::new();
    for visit in visits {
        let reach = rules::reach(&visit.terms.pack, scope, &visit.episodes, visit.day);
        if let (Some(days), Some(whose)) = (reach, whose(visit)) {
            let of_key = found.entry(key(visit));
            let reached = of_key.or_insert_with(|| Reached { days, whose: vec![] });
            reached.days = reached.days.join(days);
            reached.whose.push(whose);
        }
    }
    for reached in found.values_mut() {
        reached.whose.sort_unstable();
        reached.whose.dedup();
    }
    found
}

fn change_list(list: &mut Vec<Usage>, change: &Usage) {
    if change.units > 0 {
        return list.push(change.clone());
    }
    let mut left = change.units.saturating_neg();
    for row in list {
        take(row, change, &mut left);
    }
}

/// Takes from a row what is left to be taken, if the row is alike.
fn take(row: &mut Usage, change: &Usage, left: &mut i64) {
    let alike = (&row.service, row.date, row.authorization)
        == (&change.service, change.date, change.authorization);
    if alike {
        let taken = (*left).min(row.units);
        row.units = row.units.saturating_sub(taken);
        *left = left.saturating_sub(taken);
    }
}
