//! What a chunk reaches: accounts, people and terms, by the coverages and contracts of its days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Access, Bench};
use crate::domain::contract::{LimitScope, Terms, in_force};
use crate::domain::encounter::EncounterData;
use crate::domain::identifiers::MemberNumber;
use crate::domain::ids::{
    AccountId, ContractVersionId, EncounterId, MemberId, PayerId, PeerId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::member::{Coverage, billed_coverage, counted_numbers};
use crate::domain::rules;
use crate::domain::windows::Days;
use crate::error::AppError;
use crate::flow::intake::usage::{Drawn, Visit};
use crate::flow::{Ctx, again};
use crate::store::{self, Conn, StoreError};

impl Bench {
    pub(super) fn day(&self, encounter: &EncounterData) -> NaiveDate {
        self.organization.data.zone.date_of(encounter.started_at)
    }

    pub(super) fn billed(&self, member: MemberId, day: NaiveDate) -> Option<&Coverage> {
        let coverages = &self.members.get(&member)?.coverages;
        billed_coverage(coverages, day, |payer| in_force(&self.heads, payer, day).is_some())
    }

    /// The payer of a visit with the numbers whose units its limits count; the first one is billed.
    fn numbers(
        &self,
        member: MemberId,
        day: NaiveDate,
    ) -> Option<(PayerId, Vec<(&MemberNumber, Days)>)> {
        let billed = self.billed(member, day)?;
        let coverages = &self.members.get(&member)?.coverages;
        Some((billed.data.payer, counted_numbers(coverages, &billed.data)))
    }

    fn counts_across(&self, encounter: &EncounterData) -> bool {
        let terms = self.version(encounter).and_then(|version| self.terms.get(&version));
        terms.is_some_and(|terms| rules::has_scope(&terms.pack, LimitScope::Member))
    }

    /// The names of all accounts that decisions about encounters hold: also those that they only count.
    fn keys(&self, encounters: &[&EncounterData]) -> (BTreeSet<AccountKey>, BTreeSet<SharedKey>) {
        let (mut keys, mut shared) = (BTreeSet::new(), BTreeSet::new());
        keys.extend(self.days.of_peers.iter().copied().map(AccountKey::peer));
        for encounter in encounters {
            let times = [AccountKey::member(encounter.member), AccountKey::peer(encounter.peer)];
            keys.extend(times);
            keys.extend(encounter.group.as_ref().map(|g| AccountKey::session(&g.session)));
            let numbers = self.numbers(encounter.member, self.day(encounter));
            let Some((payer, numbers)) = numbers else { continue };
            keys.extend(numbers.iter().map(|(n, _)| AccountKey::payer_member(payer, n)));
            if self.counts_across(encounter) {
                let mode = self.organization.data.mode;
                shared.extend(numbers.iter().map(|(n, _)| SharedKey::new(mode, payer, n)));
            }
        }
        (keys, shared)
    }

    /// Whether all accounts that the encounters reach, as people stand now, are held.
    pub(super) fn has_reached(&self, encounters: &[&EncounterData]) -> bool {
        let (keys, shared) = self.keys(encounters);
        keys.iter().all(|key| self.accounts.contains_key(key))
            && shared.iter().all(|key| self.shared.contains_key(key))
    }

    pub(super) fn reach_accounts(
        &mut self,
        ctx: &Ctx,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        access: Access,
    ) -> Result<(), AppError> {
        self.days.of_peers = self.peers_of_sums(conn, encounters)?;
        let (keys, shared) = self.keys(encounters);
        let keys: BTreeMap<AccountKey, AccountId> =
            keys.into_iter().map(|key| (key, ctx.id())).collect();
        let shared: BTreeMap<SharedKey, SharedAccountId> =
            shared.into_iter().map(|key| (key, ctx.id())).collect();
        match access {
            Access::Lock | Access::Stand => {
                self.accounts = store::ledger::lock_accounts(conn, self.organization.id, &keys)?;
                self.shared = store::shared::lock_accounts(conn, &shared)?;
            }
            // A preview does not look at what others gave.
            Access::Look => {
                let keys: Vec<AccountKey> = keys.into_keys().collect();
                self.accounts = store::ledger::find_accounts(conn, self.organization.id, &keys)?;
            }
        }
        Ok(())
    }

    /// Peers of the visits with which those of a chunk may be summed, where sums are of several peers'
    /// visits: one that a sum gives its first unit takes its peer's time from then on, which is to be held
    /// by whoever decides that.
    fn peers_of_sums(
        &self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
    ) -> Result<BTreeSet<PeerId>, StoreError> {
        let days = || encounters.iter().map(|e| self.day(e));
        let (Some(first), Some(last)) = (days().min(), days().max()) else {
            return Ok(BTreeSet::new());
        };
        if !self.sums_across_peers() {
            return Ok(BTreeSet::new());
        }
        let members: Vec<MemberId> = self.members.keys().copied().collect();
        let id = self.organization.id;
        let visits = store::day_visits::of_members(conn, id, &members, (first, last))?;
        Ok(visits.into_iter().map(|visit| visit.peer).collect())
    }

    /// Whether there may be sums of several peers' visits.
    pub(super) fn sums_across_peers(&self) -> bool {
        self.terms.values().any(|terms| rules::may_sum_across_peers(terms))
    }

    /// Whose visits may overlap with those of the chunk, or with those of their sums.
    pub(super) fn peers_nearby(&self) -> Vec<PeerId> {
        let own = self.peers.keys().copied();
        let all: BTreeSet<PeerId> = own.chain(self.days.of_peers.iter().copied()).collect();
        all.into_iter().collect()
    }

    pub(super) fn read_drawn(
        &self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: &[EncounterId],
    ) -> Result<Drawn, StoreError> {
        let visits: Vec<Visit> = encounters.iter().filter_map(|e| self.visit(e)).collect();
        let authorizations = self.dossiers.all_authorizations().map(|a| a.id).collect();
        Drawn::read(conn, self.organization.id, &visits, authorizations, except)
    }

    /// As if some visits more had drawn nothing.
    pub fn give_back(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        visits: &[EncounterId],
    ) -> Result<(), StoreError> {
        if !visits.is_empty() {
            let except = [self.except.as_slice(), visits].concat();
            self.drawn = self.read_drawn(conn, encounters, &except)?;
        }
        Ok(())
    }

    /// A visit as far as usage is concerned; none without a contract, which has no windows.
    pub(super) fn visit(&self, encounter: &EncounterData) -> Option<Visit> {
        let version = self.version(encounter)?;
        let day = self.day(encounter);
        let (payer, numbers) = self.numbers(encounter.member, day)?;
        let account = |n: &MemberNumber| self.accounts.get(&AccountKey::payer_member(payer, n));
        let accounts: Vec<(Option<AccountId>, Days)> =
            numbers.iter().map(|(n, days)| (account(n).copied(), *days)).collect();
        let mode = self.organization.data.mode;
        let shared = |n: &MemberNumber| self.shared.get(&SharedKey::new(mode, payer, n));
        let across = if self.counts_across(encounter) { numbers.as_slice() } else { &[] };
        let across: Vec<(Option<SharedAccountId>, Days)> =
            across.iter().map(|(n, days)| (shared(n).copied(), *days)).collect();
        Some(Visit {
            version,
            terms: Arc::clone(self.terms.get(&version)?),
            day,
            episodes: self.dossiers.episodes(encounter.member, Some(payer)),
            payer,
            peer: encounter.peer,
            account: accounts.first().and_then(|(account, _)| *account),
            shared: across.first().and_then(|(account, _)| *account),
            counted: accounts.into_iter().filter_map(|(id, days)| Some((id?, days))).collect(),
            counted_shared: across.into_iter().filter_map(|(id, days)| Some((id?, days))).collect(),
        })
    }

    pub(super) fn read_terms(
        &mut self,
        ctx: &Ctx,
        conn: &mut Conn,
        encounters: &[&EncounterData],
    ) -> Result<(), AppError> {
        for encounter in encounters {
            if let Some(version) = self.version(encounter)
                && !self.terms.contains_key(&version)
            {
                let terms = ctx.terms(conn, self.organization.id, version)?;
                self.terms.insert(version, terms);
            }
        }
        Ok(())
    }

    /// The terms of all versions of all contracts.
    pub fn terms_of_all(&self, ctx: &Ctx, conn: &mut Conn) -> Result<Vec<Arc<Terms>>, AppError> {
        again::terms_of_all(ctx, conn, self.organization.id, &self.heads)
    }

    pub(super) fn version(&self, encounter: &EncounterData) -> Option<ContractVersionId> {
        let day = self.day(encounter);
        let payer = self.billed(encounter.member, day)?.data.payer;
        in_force(&self.heads, payer, day).map(|head| head.id)
    }

    /// Reads again whoever was changed between the reading and the locks; no one is changed under
    /// the lock of his or her time. Gives whether there was anyone.
    pub(super) fn refresh_people(&mut self, conn: &mut Conn) -> Result<bool, StoreError> {
        let id = self.organization.id;
        let known: Vec<_> = self.members.values().map(|m| (m.id, m.revision)).collect();
        let members = store::touched::changed_members(conn, id, &known)?;
        let known: Vec<_> = self.peers.values().map(|p| (p.id, p.revision)).collect();
        let peers = store::touched::changed_peers(conn, id, &known)?;
        if members.is_empty() && peers.is_empty() {
            return Ok(false);
        }
        let members = store::members::by_ids(conn, id, &members)?;
        self.members.extend(members.into_iter().map(|m| (m.id, m)));
        let peers = store::peers::by_ids(conn, id, &peers)?;
        self.peers.extend(peers.into_iter().map(|p| (p.id, p)));
        Ok(true)
    }
}
