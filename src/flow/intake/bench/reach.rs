//! What a chunk reaches: accounts, people and terms, by the coverages and contracts of its days.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Access, Bench};
use crate::domain::contract::{LimitScope, Terms, in_force};
use crate::domain::encounter::EncounterData;
use crate::domain::ids::{AccountId, ContractVersionId, EncounterId, MemberId, SharedAccountId};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::member::{Coverage, billed_coverage};
use crate::domain::rules;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::flow::intake::usage::{Drawn, Visit};
use crate::store::{self, Conn, StoreError};

impl Bench {
    pub(super) fn day(&self, encounter: &EncounterData) -> NaiveDate {
        self.organization.data.zone.date_of(encounter.started_at)
    }

    pub(super) fn billed(&self, member: MemberId, day: NaiveDate) -> Option<&Coverage> {
        let coverages = &self.members.get(&member)?.coverages;
        billed_coverage(coverages, day, |payer| in_force(&self.heads, payer, day).is_some())
    }

    fn account_key(&self, member: MemberId, day: NaiveDate) -> Option<AccountKey> {
        let coverage = self.billed(member, day)?;
        Some(AccountKey::payer_member(coverage.data.payer, &coverage.data.member_number))
    }

    fn shared_key(&self, encounter: &EncounterData) -> Option<SharedKey> {
        let terms = self.terms.get(&self.version(encounter)?)?;
        let coverage = self.billed(encounter.member, self.day(encounter))?;
        let mode = self.organization.data.mode;
        rules::has_scope(&terms.pack, LimitScope::Member)
            .then(|| SharedKey::new(mode, coverage.data.payer, &coverage.data.member_number))
    }

    /// The names of all accounts that decisions about encounters hold.
    fn keys(&self, encounters: &[&EncounterData]) -> (BTreeSet<AccountKey>, BTreeSet<SharedKey>) {
        let (mut keys, mut shared) = (BTreeSet::new(), BTreeSet::new());
        for encounter in encounters {
            let times = [AccountKey::member(encounter.member), AccountKey::peer(encounter.peer)];
            keys.extend(times);
            keys.extend(self.account_key(encounter.member, self.day(encounter)));
            keys.extend(encounter.group.as_ref().map(|g| AccountKey::session(&g.session)));
            shared.extend(self.shared_key(encounter));
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

    /// A visit as far as usage is concerned; none without a contract, which has no windows.
    pub(super) fn visit(&self, encounter: &EncounterData) -> Option<Visit> {
        let version = self.version(encounter)?;
        let day = self.day(encounter);
        let payer = self.billed(encounter.member, day)?.data.payer;
        let account = self.account_key(encounter.member, day)?;
        Some(Visit {
            version,
            terms: Arc::clone(self.terms.get(&version)?),
            day,
            episodes: self.dossiers.episodes(encounter.member, Some(payer)),
            payer,
            peer: encounter.peer,
            account: self.accounts.get(&account).copied(),
            shared: self.shared_key(encounter).and_then(|key| self.shared.get(&key).copied()),
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

    /// The terms in force for a visit.
    pub fn terms_of(&self, encounter: &EncounterData) -> Option<&Terms> {
        self.terms.get(&self.version(encounter)?).map(Arc::as_ref)
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
