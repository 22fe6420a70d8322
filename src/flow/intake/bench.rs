//! The bench: everything that decisions about a chunk of encounters may look at, read with a
//! handful of set queries and kept up to date in memory while the chunk is decided.
//!
//! Facts for one encounter are a selection from the bench. What a decision reserves is put back on
//! the bench, so that the next encounter of the chunk sees it.

mod claimed;
pub mod days;
mod overridden;
mod put;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use self::claimed::Claimed;
use self::days::Days;
use self::overridden::Overrides;
use super::near::Near;
use super::usage::Drawn;
use crate::domain::authorization::Authorization;
use crate::domain::contract::{Terms, VersionHead, in_force};
use crate::domain::dates::{Instant, window_reach};
use crate::domain::encounter::EncounterData;
use crate::domain::episode::Episode;
use crate::domain::facts::{
    AuthorizationFact, CertificateFact, EpisodeFact, Facts, Neighbor, Usage,
};
use crate::domain::ids::{AccountId, ContractVersionId, EncounterId, MemberId, PayerId, PeerId};
use crate::domain::ledger::AccountKey;
use crate::domain::member::{Coverage, Member, billed_coverage};
use crate::domain::organization::Organization;
use crate::domain::peer::Peer;
use crate::error::AppError;
use crate::flow::Ctx;
use crate::store::encounters::Vicinity;
use crate::store::ledger::UsageScope;
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
    episodes: HashMap<MemberId, Vec<Episode>>,
    accounts: BTreeMap<AccountKey, AccountId>,
    drawn: Drawn,
    near: Near,
    claimed: Claimed,
    days: Days,
    /// The encounters that are being decided again.
    except: Vec<EncounterId>,
    overrides: Overrides,
}

/// What was lifted off the bench: places of usage and of neighbors.
#[derive(Debug)]
pub struct Lifted {
    usage: Vec<usize>,
    neighbors: Vec<usize>,
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
    /// Reads all that decisions about `encounters` may need. `except` are encounters that are being
    /// decided again: their own drawings and times are left out.
    pub fn gather(
        ctx: &Ctx,
        conn: &mut Conn,
        organization: &Organization,
        people: People,
        encounters: &[&EncounterData],
        access: Access,
        except: &[EncounterId],
    ) -> Result<Self, AppError> {
        let id = organization.id;
        let mut bench = Self {
            organization: organization.clone(),
            heads: store::contracts::versions_of(conn, id)?,
            terms: HashMap::new(),
            members: people.members,
            peers: people.peers,
            authorizations: HashMap::new(),
            episodes: HashMap::new(),
            accounts: BTreeMap::new(),
            drawn: Drawn::default(),
            near: Near::default(),
            claimed: Claimed::default(),
            days: Days::default(),
            except: except.to_vec(),
            overrides: Overrides::read(conn, id, except)?,
        };
        bench.reach_accounts(ctx, conn, encounters, access)?;
        if access != Access::Look && !conn.writes_alone() && bench.refresh_people(conn)? {
            // Under another number units are in another account.
            bench.reach_accounts(ctx, conn, encounters, access)?;
        }
        bench.read_terms(ctx, conn, encounters)?;
        bench.read_claimed(conn, encounters)?;
        if access == Access::Stand {
            return Ok(bench);
        }
        let members: Vec<MemberId> = bench.members.keys().copied().collect();
        for authorization in store::authorizations::of_members(conn, id, &members)? {
            bench.authorizations.entry(authorization.data.member).or_default().push(authorization);
        }
        for episode in store::episodes::of_members(conn, id, &members)? {
            bench.episodes.entry(episode.data.member).or_default().push(episode);
        }
        bench.read_days(conn, encounters)?;
        bench.read_usage(conn, encounters, except)?;
        bench.read_neighbors(conn, encounters, except)?;
        Ok(bench)
    }

    /// The people of the chunk, as they stand under the locks.
    pub fn people(&self) -> People {
        People { members: self.members.clone(), peers: self.peers.clone() }
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

    fn reach_accounts(
        &mut self,
        ctx: &Ctx,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        access: Access,
    ) -> Result<(), AppError> {
        let mut keys: BTreeMap<AccountKey, AccountId> = BTreeMap::new();
        for encounter in encounters {
            let units = self.account_key(encounter.member, self.day(encounter));
            let times = [AccountKey::member(encounter.member), AccountKey::peer(encounter.peer)];
            for key in units.into_iter().chain(times) {
                keys.entry(key).or_insert_with(|| ctx.id());
            }
        }
        self.accounts = match access {
            Access::Lock | Access::Stand => {
                store::ledger::lock_accounts(conn, self.organization.id, &keys)?
            }
            Access::Look => {
                let keys: Vec<AccountKey> = keys.into_keys().collect();
                store::ledger::find_accounts(conn, self.organization.id, &keys)?
            }
        };
        Ok(())
    }

    /// Reads again whoever was changed between the reading and the locks; no one is changed under
    /// the lock of his or her time. Gives whether there was anyone.
    fn refresh_people(&mut self, conn: &mut Conn) -> Result<bool, StoreError> {
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

    fn read_usage(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: &[EncounterId],
    ) -> Result<(), StoreError> {
        let days = || encounters.iter().map(|e| self.day(e));
        let (Some(first), Some(last)) = (days().min(), days().max()) else {
            return Ok(());
        };
        let scope = UsageScope {
            accounts: self.accounts.values().copied().collect(),
            from: window_reach(first).0,
            to: window_reach(last).1,
            authorizations: self.authorizations.values().flatten().map(|a| a.id).collect(),
            except: except.to_vec(),
        };
        for (account, usage) in store::ledger::usage(conn, self.organization.id, &scope)? {
            self.drawn.put(account, None, usage);
        }
        Ok(())
    }

    fn read_neighbors(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: &[EncounterId],
    ) -> Result<(), StoreError> {
        let from = encounters.iter().map(|e| e.started_at).min();
        let to = encounters.iter().map(|e| e.ended_at).max();
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(());
        };
        let (from, to) = self.days_reach(from, to);
        let vicinity = Vicinity {
            members: self.members.keys().copied().collect(),
            peers: self.peers.keys().copied().collect(),
            from,
            to,
            except: except.to_vec(),
        };
        for neighbor in store::encounters::live_in(conn, self.organization.id, &vicinity)? {
            self.near.put(neighbor);
        }
        Ok(())
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
        let account =
            self.account_key(encounter.member, day).and_then(|k| self.accounts.get(&k).copied());
        let claimed = self.claimed_for(encounter, billed.as_ref());
        let authorizations: Vec<AuthorizationFact> = self
            .authorizations
            .get(&encounter.member)
            .into_iter()
            .flatten()
            .filter(|a| billed.as_ref().is_some_and(|b| b.data.payer == a.data.payer))
            .map(AuthorizationFact::from)
            .collect();
        let payer = billed.as_ref().map(|b| b.data.payer);
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
            episodes: self.episodes_for(encounter.member, payer),
            usage: self.drawn.of(account, &authorizations),
            claimed,
            day: self.day_for(encounter),
            neighbors: self.near.of(encounter),
            overrides: self.overrides.of(encounter)?,
            authorizations,
        };
        let terms = version.and_then(|v| self.terms.get(&v).cloned());
        Ok(Case { facts, version, terms, account })
    }

    fn episodes_for(&self, member: MemberId, payer: Option<PayerId>) -> Vec<EpisodeFact> {
        let episodes = self.episodes.get(&member).into_iter().flatten();
        payer.map_or_else(Vec::new, |p| episodes.filter_map(|e| e.fact_for(p)).collect())
    }

    /// The account whose units an encounter draws.
    pub fn account(&self, encounter: &EncounterData) -> Option<AccountId> {
        let key = self.account_key(encounter.member, self.day(encounter))?;
        self.accounts.get(&key).copied()
    }

    /// Whether any contract of the chunk sums minutes over days: then one encounter's decision is the
    /// others' too, and each has a bench of its own.
    pub fn sums_days(&self) -> bool {
        self.days.used()
    }

    /// Takes off the bench what an encounter of the chunk holds, to be decided as if it held nothing.
    pub fn lift(&mut self, id: EncounterId) -> Lifted {
        Lifted { usage: self.drawn.lift(id), neighbors: self.near.lift(id) }
    }

    /// Puts back what was lifted.
    pub fn restore(&mut self, lifted: Lifted) {
        self.drawn.restore(lifted.usage);
        self.near.restore(lifted.neighbors);
    }
}
