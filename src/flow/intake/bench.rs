//! The bench: everything that decisions about a chunk of encounters may look at, read with a
//! handful of set queries and kept up to date in memory while the chunk is decided.
//!
//! Facts for one encounter are a selection from the bench. What a decision reserves is put back on
//! the bench, so that the next encounter of the chunk sees it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::usage::{Drawn, Visit};
use crate::domain::authorization::Authorization;
use crate::domain::contract::{LimitScope, Terms, VersionHead, in_force};
use crate::domain::dates::Instant;
use crate::domain::decision::{Decision, LineAnswer};
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{
    AuthorizationFact, CertificateFact, EpisodeFact, Facts, How, Neighbor, Usage,
};
use crate::domain::ids::{
    AccountId, ContractVersionId, EncounterId, MemberId, PayerId, PeerId, SharedAccountId,
};
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::member::{Coverage, Member, billed_coverage};
use crate::domain::organization::Organization;
use crate::domain::peer::Peer;
use crate::domain::rules;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::encounters::Vicinity;
use crate::store::{self, Conn, StoreError};

/// How accounts are reached: locked for a write, or only looked at for a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Locked until the transaction ends; missing ones are made.
    Lock,
    /// Looked at.
    Look,
    /// Locked as for [`Access::Lock`], but only what `rules::standing` looks at is read: no usage and
    /// no neighbors, which for all visits of a batch would be most of what the database holds.
    Stand,
}

/// The facts at hand.
#[derive(Debug)]
pub struct Bench {
    organization: Organization,
    heads: Vec<VersionHead>,
    terms: HashMap<ContractVersionId, Arc<Terms>>,
    members: HashMap<MemberId, Member>,
    peers: HashMap<PeerId, Peer>,
    authorizations: HashMap<MemberId, Vec<Authorization>>,
    accounts: BTreeMap<AccountKey, AccountId>,
    /// Accounts that organizations share; empty where they are only looked at.
    shared: BTreeMap<SharedKey, SharedAccountId>,
    drawn: Drawn,
    neighbors: Vec<Neighbor>,
    neighbors_of_member: HashMap<MemberId, Vec<usize>>,
    neighbors_of_peer: HashMap<PeerId, Vec<usize>>,
}

/// The facts of one encounter, and the terms they are judged by.
#[derive(Debug)]
pub struct Case {
    /// The facts.
    pub facts: Facts,
    /// The contract version in force.
    pub version: Option<ContractVersionId>,
    /// Its terms.
    pub terms: Option<Arc<Terms>>,
    /// The account whose units are drawn.
    pub account: Option<AccountId>,
    /// The account shared with other organizations, where the contract counts across them.
    pub shared: Option<SharedAccountId>,
}

/// The people of a chunk, already read.
#[derive(Debug, Default)]
pub struct People {
    /// Members by id.
    pub members: HashMap<MemberId, Member>,
    /// Peers by id.
    pub peers: HashMap<PeerId, Peer>,
}

impl Bench {
    /// Reads all that decisions about `encounters` may need. `except` is an encounter that is being
    /// decided again: its own drawings and times are left out.
    pub fn gather(
        ctx: &Ctx,
        conn: &mut Conn,
        organization: &Organization,
        people: People,
        encounters: &[&EncounterData],
        access: Access,
        except: Option<EncounterId>,
    ) -> Result<Self, AppError> {
        let id = organization.id;
        let mut bench = Self {
            organization: organization.clone(),
            heads: store::contracts::versions_of(conn, id)?,
            terms: HashMap::new(),
            members: people.members,
            peers: people.peers,
            authorizations: HashMap::new(),
            accounts: BTreeMap::new(),
            shared: BTreeMap::new(),
            drawn: Drawn::default(),
            neighbors: Vec::new(),
            neighbors_of_member: HashMap::new(),
            neighbors_of_peer: HashMap::new(),
        };
        // The terms first: they say whether shared accounts are to be locked.
        bench.read_terms(ctx, conn, encounters)?;
        bench.reach_accounts(ctx, conn, encounters, access)?;
        if access == Access::Stand {
            return Ok(bench);
        }
        let members: Vec<MemberId> = bench.members.keys().copied().collect();
        for authorization in store::authorizations::of_members(conn, id, &members)? {
            bench.authorizations.entry(authorization.data.member).or_default().push(authorization);
        }
        bench.drawn = bench.read_drawn(conn, encounters, except)?;
        bench.read_neighbors(conn, encounters, except)?;
        Ok(bench)
    }

    fn day(&self, encounter: &EncounterData) -> NaiveDate {
        self.organization.data.zone.date_of(encounter.started_at)
    }

    fn billed(&self, member: MemberId, day: NaiveDate) -> Option<&Coverage> {
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

    fn reach_accounts(
        &mut self,
        ctx: &Ctx,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        access: Access,
    ) -> Result<(), AppError> {
        let mut keys: BTreeMap<AccountKey, AccountId> = BTreeMap::new();
        let mut shared: BTreeMap<SharedKey, SharedAccountId> = BTreeMap::new();
        for encounter in encounters {
            let units = self.account_key(encounter.member, self.day(encounter));
            let times = [AccountKey::member(encounter.member), AccountKey::peer(encounter.peer)];
            for key in units.into_iter().chain(times) {
                keys.entry(key).or_insert_with(|| ctx.id());
            }
            if let Some(key) = self.shared_key(encounter) {
                shared.entry(key).or_insert_with(|| ctx.id());
            }
        }
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

    fn read_drawn(
        &self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: Option<EncounterId>,
    ) -> Result<Drawn, StoreError> {
        let visits: Vec<Visit> = encounters.iter().filter_map(|e| self.visit(e)).collect();
        let authorizations = self.authorizations.values().flatten().map(|a| a.id).collect();
        Drawn::read(conn, self.organization.id, &visits, authorizations, except)
    }

    /// A visit as far as usage is concerned; none without a contract, which has no windows.
    fn visit(&self, encounter: &EncounterData) -> Option<Visit> {
        let version = self.version(encounter)?;
        let day = self.day(encounter);
        let payer = self.billed(encounter.member, day)?.data.payer;
        let account = self.account_key(encounter.member, day)?;
        Some(Visit {
            version,
            terms: Arc::clone(self.terms.get(&version)?),
            day,
            episodes: self.episodes(encounter.member, payer),
            payer,
            peer: encounter.peer,
            account: self.accounts.get(&account).copied(),
            shared: self.shared_key(encounter).and_then(|key| self.shared.get(&key).copied()),
        })
    }

    /// The member's episodes at a payer.
    fn episodes(&self, _member: MemberId, _payer: PayerId) -> Vec<EpisodeFact> {
        Vec::new()
    }

    fn read_neighbors(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: Option<EncounterId>,
    ) -> Result<(), StoreError> {
        let from = encounters.iter().map(|e| e.started_at).min();
        let to = encounters.iter().map(|e| e.ended_at).max();
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(());
        };
        let vicinity = Vicinity {
            members: self.members.keys().copied().collect(),
            peers: self.peers.keys().copied().collect(),
            from,
            to,
            except,
        };
        for neighbor in store::encounters::live_in(conn, self.organization.id, &vicinity)? {
            self.put_neighbor(neighbor);
        }
        Ok(())
    }

    fn put_neighbor(&mut self, neighbor: Neighbor) {
        let index = self.neighbors.len();
        self.neighbors_of_member.entry(neighbor.member).or_default().push(index);
        self.neighbors_of_peer.entry(neighbor.peer).or_default().push(index);
        self.neighbors.push(neighbor);
    }

    fn read_terms(
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

    fn version(&self, encounter: &EncounterData) -> Option<ContractVersionId> {
        let day = self.day(encounter);
        let payer = self.billed(encounter.member, day)?.data.payer;
        in_force(&self.heads, payer, day).map(|head| head.id)
    }

    /// The facts of one encounter as they stand on the bench now.
    pub fn case(&self, encounter: &EncounterData, as_of: Instant) -> Result<Case, AppError> {
        let missing = || AppError::internal("a person of the chunk is not on the bench");
        let member = self.members.get(&encounter.member).ok_or_else(missing)?;
        let peer = self.peers.get(&encounter.peer).ok_or_else(missing)?;
        let day = self.day(encounter);
        let billed = self.billed(encounter.member, day).cloned();
        let version = self.version(encounter);
        let terms = version.and_then(|v| self.terms.get(&v).cloned());
        let visit = self.visit(encounter);
        let account = visit.as_ref().and_then(|v| v.account);
        let episodes = visit.as_ref().map(|v| v.episodes.clone()).unwrap_or_default();
        let authorizations: Vec<AuthorizationFact> = self
            .authorizations
            .get(&encounter.member)
            .into_iter()
            .flatten()
            .filter(|a| billed.as_ref().is_some_and(|b| b.data.payer == a.data.payer))
            .map(AuthorizationFact::from)
            .collect();
        let selected = self.drawn.select(
            terms.as_deref().map(|t| &t.pack),
            &episodes,
            day,
            account,
            visit.as_ref().map(|v| (v.payer, v.peer)),
            &authorizations,
        );
        let facts = Facts {
            as_of,
            zone: self.organization.data.zone,
            part2: self.organization.data.part2,
            birth_date: member.data.birth_date,
            has_address: member.data.address.is_some(),
            coverages: member.coverages.clone(),
            billed,
            certificates: peer
                .certificates
                .iter()
                .map(|c| CertificateFact {
                    state: c.data.state.clone(),
                    kind: c.data.kind.clone(),
                    span: c.data.span,
                })
                .collect(),
            episodes,
            usage: selected.usage,
            peer_usage: selected.peer_usage,
            anchors: selected.anchors,
            full: Vec::new(),
            neighbors: self.neighbors_for(encounter),
            authorizations,
        };
        let shared = visit.and_then(|v| v.shared);
        Ok(Case { facts, version, terms, account, shared })
    }

    /// Decides an encounter with the facts as they stand on the bench now. Limits that the payer
    /// counts across organizations are asked last, for the units that would be billed; what they
    /// refuse becomes a fact, and nothing else that others gave.
    pub fn decide(
        &self,
        encounter: &EncounterData,
        as_of: Instant,
    ) -> Result<(Case, Decision), AppError> {
        let mut case = self.case(encounter, as_of)?;
        let decision = rules::decide(case.terms.as_deref(), &case.facts, encounter);
        if let (Some(terms), Some(shared)) = (case.terms.clone(), case.shared) {
            let usage = self.drawn.shared(shared);
            case.facts.full = rules::unfit(&terms, &case.facts, encounter, &decision, usage);
            if !case.facts.full.is_empty() {
                let decision = rules::decide(Some(&terms), &case.facts, encounter);
                return Ok((case, decision));
            }
        }
        Ok((case, decision))
    }

    fn neighbors_for(&self, encounter: &EncounterData) -> Vec<Neighbor> {
        let of_member = self.neighbors_of_member.get(&encounter.member).into_iter().flatten();
        let of_peer = self.neighbors_of_peer.get(&encounter.peer).into_iter().flatten();
        let mut indices: Vec<usize> = of_member.chain(of_peer).copied().collect();
        indices.sort_unstable();
        indices.dedup();
        indices
            .into_iter()
            .filter_map(|index| self.neighbors.get(index))
            .filter(|n| n.started_at < encounter.ended_at && encounter.started_at < n.ended_at)
            .cloned()
            .collect()
    }

    /// Puts what was decided on the bench, for the encounters that follow in the chunk.
    pub fn put(
        &mut self,
        id: EncounterId,
        encounter: &EncounterData,
        case: &Case,
        decision: &Decision,
    ) {
        let ready = || decision.lines.iter().filter(|l| l.answer == LineAnswer::Ready);
        if ready().next().is_none() {
            return;
        }
        if let (Some(account), Some(service)) = (case.account, &decision.service) {
            for line in ready() {
                let how = How { modifiers: line.modifiers.clone(), mode: encounter.mode };
                let drawn = line.authorization.as_ref().map_or(0, |d| d.units);
                let parts = [
                    (line.units - drawn.min(line.units), None),
                    (drawn, line.authorization.as_ref().map(|d| d.id)),
                ];
                for (units, authorization) in parts.into_iter().filter(|(units, _)| *units > 0) {
                    let usage = Usage {
                        service: service.clone(),
                        date: decision.service_date,
                        authorization,
                        how: Some(how.clone()),
                        units: i64::from(units),
                    };
                    self.put_usage(account, encounter.peer, case, usage);
                }
            }
        }
        self.put_neighbor(Neighbor {
            encounter: id,
            reference: encounter.reference.clone(),
            member: encounter.member,
            peer: encounter.peer,
            service: decision.service.clone(),
            started_at: encounter.started_at,
            ended_at: encounter.ended_at,
        });
    }

    fn put_usage(&mut self, account: AccountId, peer: PeerId, case: &Case, usage: Usage) {
        let (Some(terms), Some(billed)) = (&case.terms, &case.facts.billed) else { return };
        if rules::has_scope(&terms.pack, LimitScope::Peer) {
            self.drawn.put_peer(billed.data.payer, peer, usage.clone());
        }
        if let (Some(shared), Some(how)) = (case.shared, &usage.how)
            && rules::is_shared(&terms.pack, &usage.service, how)
        {
            self.drawn.put_shared(shared, usage.clone());
        }
        self.drawn.put(account, usage);
    }
}
