//! The bench's usage: what was drawn on the accounts of a chunk's members, by its peers, and in the
//! accounts that organizations share.
//!
//! Read once for a chunk, as far as the windows of the contract versions at hand reach; what the
//! chunk itself draws is added in memory. A decision gets only what its contract's windows need. A
//! payer counts the person: units under numbers that the member had before, or has later, count, too
//! (`docs/adr/0130`).

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
    /// What it draws on.
    pub(super) account: Option<AccountId>,
    /// The same, shared with other organizations.
    pub(super) shared: Option<SharedAccountId>,
    /// Where its limits count: under each number of the member at the payer, on these days.
    pub(super) counted: Vec<(AccountId, Days)>,
    /// The same of accounts shared with others.
    pub(super) counted_shared: Vec<(SharedAccountId, Days)>,
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
    rows: Vec<Row>,
    of_account: HashMap<AccountId, Vec<usize>>,
    of_authorization: HashMap<AuthorizationId, Vec<usize>>,
    of_peer: HashMap<(PayerId, PeerId), Vec<usize>>,
    of_shared: HashMap<SharedAccountId, Vec<usize>>,
    of_encounter: HashMap<EncounterId, Vec<usize>>,
}

/// Units in one of the accounts that count them.
#[derive(Debug)]
struct Row {
    whose: Whose,
    usage: Usage,
    lifted: bool,
}

/// Which account a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Account(AccountId),
    Peer(PayerId, PeerId),
    Shared(SharedAccountId),
}

/// Whose usage visits look at, and how far.
#[derive(Debug)]
struct Reached<T> {
    days: Days,
    whose: Vec<T>,
}

impl Drawn {
    /// Reads what decisions about these visits may look at. `authorizations` are those of their
    /// members; `except` are encounters that are being decided again.
    pub(super) fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        visits: &[Visit],
        authorizations: Vec<AuthorizationId>,
        except: &[EncounterId],
    ) -> Result<Self, StoreError> {
        let mut drawn = Self::default();
        // By contract version: another version may reach further.
        let of_member = LimitScope::MemberAndOrganization;
        let accounts = reached(visits, of_member, |v| v.version, |v| ids(&v.counted));
        let accounts = accounts.into_values().map(|r| (r.whose, r.days)).collect();
        let scope = UsageScope { accounts, authorizations, except: except.to_vec() };
        for (account, usage) in store::of_accounts(conn, organization, &scope)? {
            drawn.put(None, Whose::Account(account), usage);
        }
        // By payer: a peer's units are read once, as far as all versions reach.
        let peers = reached(visits, LimitScope::Peer, |v| v.payer, |v| vec![v.peer]);
        for (payer, r) in peers {
            let found = store::of_peers(conn, organization, payer, &r.whose, r.days, except)?;
            for (peer, usage) in found {
                drawn.put(None, Whose::Peer(payer, peer), usage);
            }
        }
        let of_shared = |v: &Visit| ids(&v.counted_shared);
        let shared = reached(visits, LimitScope::Member, |v| v.payer, of_shared);
        for r in shared.into_values() {
            for (account, usage) in
                store::of_shared(conn, &r.whose, r.days, (organization, except))?
            {
                drawn.put(None, Whose::Shared(account), usage);
            }
        }
        Ok(drawn)
    }

    /// Adds units to every account that counts them, as drawn by the encounter `of`; less than
    /// nothing takes away from rows that are alike.
    pub(super) fn change(&mut self, of: Option<EncounterId>, accounts: Accounts, change: &Usage) {
        let peer = accounts.peer.map(|(payer, peer)| Whose::Peer(payer, peer));
        let shared = accounts.shared.map(Whose::Shared);
        for whose in [Some(Whose::Account(accounts.account)), peer, shared].into_iter().flatten() {
            if change.units > 0 {
                self.put(of, whose, change.clone());
            } else {
                self.take(whose, change);
            }
        }
    }

    fn put(&mut self, of: Option<EncounterId>, whose: Whose, usage: Usage) {
        let index = self.rows.len();
        self.indices_mut(whose).push(index);
        if let (Whose::Account(_), Some(authorization)) = (whose, usage.authorization) {
            self.of_authorization.entry(authorization).or_default().push(index);
        }
        if let Some(id) = of {
            self.of_encounter.entry(id).or_default().push(index);
        }
        self.rows.push(Row { whose, usage, lifted: false });
    }

    fn indices_mut(&mut self, whose: Whose) -> &mut Vec<usize> {
        match whose {
            Whose::Account(id) => self.of_account.entry(id).or_default(),
            Whose::Peer(payer, peer) => self.of_peer.entry((payer, peer)).or_default(),
            Whose::Shared(id) => self.of_shared.entry(id).or_default(),
        }
    }

    fn indices(&self, whose: Whose) -> &[usize] {
        let found = match whose {
            Whose::Account(id) => self.of_account.get(&id),
            Whose::Peer(payer, peer) => self.of_peer.get(&(payer, peer)),
            Whose::Shared(id) => self.of_shared.get(&id),
        };
        found.map_or(&[], Vec::as_slice)
    }

    fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index).filter(|row| !row.lifted)
    }

    /// Takes units from the rows of an account that are alike.
    fn take(&mut self, whose: Whose, change: &Usage) {
        let mut left = change.units.saturating_neg();
        for index in self.indices(whose).to_vec() {
            let Some(row) = self.rows.get_mut(index).map(|row| &mut row.usage) else { continue };
            let alike = (&row.service, row.date, row.authorization)
                == (&change.service, change.date, change.authorization);
            if alike {
                let taken = left.min(row.units);
                row.units = row.units.saturating_sub(taken);
                left = left.saturating_sub(taken);
            }
        }
    }

    /// Takes away what an encounter of the chunk draws; gives the places of what was taken.
    pub(super) fn lift(&mut self, id: EncounterId) -> Vec<usize> {
        let mut lifted = Vec::new();
        for index in self.of_encounter.get(&id).into_iter().flatten() {
            if let Some(row) = self.rows.get_mut(*index).filter(|row| !row.lifted) {
                row.lifted = true;
                lifted.push(*index);
            }
        }
        lifted
    }

    /// Puts back what was lifted.
    pub(super) fn restore(&mut self, lifted: Vec<usize>) {
        for index in lifted {
            if let Some(row) = self.rows.get_mut(index) {
                row.lifted = false;
            }
        }
    }

    /// Everything drawn on shared accounts on their days, as far as it was read.
    pub(super) fn shared(&self, counted: &[(SharedAccountId, Days)]) -> Vec<Usage> {
        let of_one = |(id, days): &(SharedAccountId, Days)| self.on(Whose::Shared(*id), *days);
        counted.iter().flat_map(of_one).map(|row| row.usage.clone()).collect()
    }

    /// What stands on an account on some days.
    fn on(&self, whose: Whose, days: Days) -> impl Iterator<Item = &Row> {
        let rows = self.indices(whose).iter().filter_map(move |i| self.row(*i));
        rows.filter(move |row| days.covers(row.usage.date))
    }

    /// What a decision about a visit on `day` needs; without terms there is nothing to count. An
    /// authorization counts whatever was drawn on it, also where limits do not look.
    pub(super) fn select(
        &self,
        pack: Option<&Pack>,
        episodes: &[EpisodeFact],
        day: NaiveDate,
        counted: &[(AccountId, Days)],
        peer: Option<(PayerId, PeerId)>,
        authorizations: &[AuthorizationFact],
    ) -> Selected {
        let Some(pack) = pack else { return Selected::default() };
        let of_accounts = counted.iter().flat_map(|(id, days)| self.on(Whose::Account(*id), *days));
        let is_counted = |row: &Row| {
            let is_of = |(id, days): &(AccountId, Days)| {
                row.whose == Whose::Account(*id) && days.covers(row.usage.date)
            };
            counted.iter().any(is_of)
        };
        let elsewhere = authorizations
            .iter()
            .filter_map(|a| self.of_authorization.get(&a.id))
            .flatten()
            .filter_map(|i| self.row(*i))
            .filter(|row| !is_counted(row));
        let own: Vec<&Usage> = of_accounts.chain(elsewhere).map(|row| &row.usage).collect();
        let of_peer = peer.map_or(&[][..], |(payer, peer)| self.indices(Whose::Peer(payer, peer)));
        let peer: Vec<&Usage> =
            of_peer.iter().filter_map(|i| self.row(*i)).map(|r| &r.usage).collect();
        rules::select(pack, episodes, authorizations, day, (&own, &peer))
    }
}

fn ids<T: Copy>(counted: &[(T, Days)]) -> Vec<T> {
    counted.iter().map(|(id, _)| *id).collect()
}

/// What visits reach in a scope, by some key of theirs.
fn reached<K: Ord, T: Ord>(
    visits: &[Visit],
    scope: LimitScope,
    key: impl Fn(&Visit) -> K,
    whose: impl Fn(&Visit) -> Vec<T>,
) -> BTreeMap<K, Reached<T>> {
    let mut found: BTreeMap<K, Reached<T>> = BTreeMap::new();
    for visit in visits {
        let reach = rules::reach(&visit.terms.pack, scope, &visit.episodes, visit.day);
        let whose = whose(visit);
        if let Some(days) = reach.filter(|_| !whose.is_empty()) {
            let of_key = found.entry(key(visit));
            let reached = of_key.or_insert_with(|| Reached { days, whose: vec![] });
            reached.days = reached.days.join(days);
            reached.whose.extend(whose);
        }
    }
    for reached in found.values_mut() {
        reached.whose.sort_unstable();
        reached.whose.dedup();
    }
    found
}
