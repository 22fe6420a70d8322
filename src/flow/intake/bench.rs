//! The bench: everything that decisions about a chunk of encounters may look at, read with a
//! handful of set queries and kept up to date in memory while the chunk is decided.
//!
//! Facts for one encounter are a selection from the bench. What a decision reserves is put back on
//! the bench, so that the next encounter of the chunk sees it.

mod claimed;
mod company;
pub mod days;
mod decide;
mod form;
mod overridden;
mod people;
mod put;
mod reach;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use self::claimed::Claimed;
use self::days::Days;
use self::overridden::Overrides;
pub use self::people::People;
use super::beside::{Beside, Lifted as LiftedLines};
use super::dossiers::Dossiers;
use super::nearby::Nearby;
use super::records::Records;
use super::usage::Drawn;
use crate::domain::claim::FileHeader;
use crate::domain::contract::{Pack, Terms, VersionHead};
use crate::domain::dates::Instant;
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{CertificateFact, Facts, PeerFact};
use crate::domain::identifiers::Reference;
use crate::domain::ids::{
    AccountId, ContractVersionId, EncounterId, MemberId, PeerId, SharedAccountId,
};
use crate::domain::kept::Kept;
use crate::domain::ledger::{AccountKey, SharedKey};
use crate::domain::member::Member;
use crate::domain::organization::Organization;
use crate::domain::peer::{Certificate, Peer};
use crate::domain::rules::{self, PeerVisit, RuleId};
use crate::domain::session::Session;
use crate::error::{AppError, Code};
use crate::flow::Ctx;
use crate::flow::form::Sites;
use crate::store::beside::Wanted;
use crate::store::{self, Conn, StoreError};

/// The rule that says that an encounter is not as its session.
const DISAGREES: &str = RuleId::SessionDisagrees.as_str();

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
    dossiers: Dossiers,
    beside: Beside,
    accounts: BTreeMap<AccountKey, AccountId>,
    /// Accounts that organizations share; empty where they are only looked at.
    shared: BTreeMap<SharedKey, SharedAccountId>,
    drawn: Drawn,
    nearby: Nearby,
    claimed: Claimed,
    /// What peers did, where a contract counts it.
    company: Vec<PeerVisit>,
    days: Days,
    /// The encounters that are being decided again.
    except: Vec<EncounterId>,
    overrides: Overrides,
    /// Visits of claims that are being replaced or voided.
    corrected: HashSet<Reference>,
    /// Where programs are.
    sites: Sites,
    /// Whether visits are only asked about, and none of them is recorded.
    preview: bool,
    /// Heads of files for trial; none where the billing location is gone.
    headers: HashMap<ContractVersionId, Option<FileHeader>>,
}

/// What was lifted off the bench: places of usage and of neighbors, and lines.
#[derive(Debug)]
pub struct Lifted {
    usage: Vec<usize>,
    neighbors: Vec<usize>,
    company: Vec<PeerVisit>,
    lines: LiftedLines,
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
        let records = Records::read(ctx, organization);
        Self::gather_from(records, conn, people, encounters, access, except)
    }

    /// The same, where the records may be those of an earlier reading.
    pub fn gather_from(
        mut records: Records<'_>,
        conn: &mut Conn,
        people: People,
        encounters: &[&EncounterData],
        access: Access,
        except: &[EncounterId],
    ) -> Result<Self, AppError> {
        let (ctx, id) = (records.ctx, records.organization.id);
        let mut bench = Self {
            organization: records.organization.clone(),
            heads: records.heads(conn)?,
            terms: HashMap::new(),
            members: people.members,
            peers: people.peers,
            dossiers: Dossiers::default(),
            beside: Beside::default(),
            accounts: BTreeMap::new(),
            shared: BTreeMap::new(),
            drawn: Drawn::default(),
            nearby: Nearby::default(),
            claimed: Claimed::default(),
            company: Vec::new(),
            days: Days::default(),
            except: except.to_vec(),
            overrides: Overrides::read(conn, id, except)?,
            corrected: HashSet::new(),
            sites: Sites::default(),
            preview: false,
            headers: HashMap::new(),
        };
        // The terms first: they say whether shared accounts are to be locked.
        bench.read_terms(ctx, conn, encounters)?;
        bench.reach_accounts(ctx, conn, encounters, access)?;
        if access != Access::Look && !conn.writes_alone() {
            let moved;
            (records, moved) = records.under_locks(conn)?;
            if moved && bench.refresh_people(conn)? {
                // Under another number units are in another account, and under another payer other
                // terms count. Whoever locked some must not wait for more.
                bench.read_terms(ctx, conn, encounters)?;
                if !bench.has_reached(encounters) {
                    let detail = "A member was changed at the same moment; try again.";
                    return Err(AppError::new(Code::Busy, detail));
                }
            }
        }
        bench.read_forms(records, conn, encounters)?;
        let members: Vec<MemberId> = bench.members.keys().copied().collect();
        if access == Access::Stand || !except.is_empty() {
            let corrected = store::claim_changes::corrected(conn, id, &members)?;
            bench.corrected = corrected.into_iter().collect();
        }
        bench.dossiers.read_standing(conn, records, &members)?;
        bench.read_claimed(conn, encounters)?;
        bench.read_papers(conn, records, encounters, (&members, except))?;
        if access == Access::Stand {
            return Ok(bench);
        }
        bench.dossiers.read_deciding(conn, records, &members)?;
        bench.read_company(conn, encounters, except)?;
        bench.read_days(conn, encounters, access)?;
        bench.drawn = bench.read_drawn(conn, encounters, except)?;
        let peers = bench.peers_nearby();
        let time = span(encounters).map(|(from, to)| bench.days_reach(from, to));
        if let Some(time) = time {
            let near = (members, peers);
            bench.nearby = Nearby::read(conn, id, near, (encounters, time), except)?;
        }
        Ok(bench)
    }

    /// For visits that are only asked about: one that has not begun is planned.
    pub fn for_preview(self) -> Self {
        Self { preview: true, ..self }
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
        let claimed = self.claimed_for(encounter, billed.as_ref());
        let payer = billed.as_ref().map(|b| b.data.payer);
        let authorizations = self.dossiers.authorizations(member.id, payer);
        let pack = terms.as_deref().map(|t| &t.pack);
        let selected = self.drawn.select(
            pack,
            &episodes,
            day,
            visit.as_ref().map_or(&[][..], |v| v.counted.as_slice()),
            visit.as_ref().map(|v| (v.payer, v.peer)),
            &authorizations,
        );
        let gaps = match (version, terms.as_deref(), &billed) {
            (Some(version), Some(terms), Some(billed)) => {
                let people = (member, peer);
                self.gaps(encounter, (version, terms), billed, people, &authorizations)
            }
            _ => Vec::new(),
        };
        let summed = self.day_for(encounter);
        let told = pack.map(|p| self.beside.told(p, encounter, day, summed.as_ref()));
        let told = told.unwrap_or_default();
        let session = self.nearby.fact(encounter);
        let documents = pack.map(|p| self.dossiers.documents(p, member.id, peer.id));
        let facts = Facts {
            as_of,
            zone: self.organization.data.zone,
            part2: self.organization.data.part2,
            birth_date: member.data.birth_date,
            has_address: member.data.address.is_some(),
            coverages: member.coverages.clone(),
            billed,
            certificates: facts_of(peer),
            peer: PeerFact { birth_date: peer.data.birth_date, hired_on: peer.data.hired_on },
            episodes,
            documents: documents.unwrap_or_default(),
            supervised: pack.map(|p| self.dossiers.supervised(p, peer.id, day)).unwrap_or_default(),
            earlier_visits: told.earlier_visits,
            face_to_face: told.face_to_face,
            on_line: told.on_line,
            copaid: told.copaid,
            consents: self.dossiers.consents(member.id),
            usage: selected.usage,
            peer_usage: selected.peer_usage,
            peer_windows: self.peer_windows(encounter),
            anchors: selected.anchors,
            full: Vec::new(),
            gaps,
            corrects: self.corrected.contains(&encounter.reference),
            kept: Kept::default(),
            claimed,
            day: summed,
            neighbors: self.nearby.of(encounter, session.as_ref()),
            session,
            overrides: self.overrides.of(encounter)?,
            planned: self.preview && encounter.started_at > as_of,
            authorizations,
        };
        Ok(Case { facts, version, terms, account, shared: visit.and_then(|v| v.shared) })
    }

    fn read_papers(
        &mut self,
        conn: &mut Conn,
        records: Records<'_>,
        encounters: &[&EncounterData],
        (members, except): (&[MemberId], &[EncounterId]),
    ) -> Result<(), StoreError> {
        let peers: Vec<PeerId> = self.peers.keys().copied().collect();
        let packs: Vec<&Pack> = self.terms.values().map(|t| &t.pack).collect();
        let id = self.organization.id;
        self.dossiers.read_papers(conn, records, (members, &peers), &packs)?;
        let days = || encounters.iter().map(|e| self.day(e));
        let Some(days) = days().min().zip(days().max()) else { return Ok(()) };
        self.beside = Beside::read(conn, id, Wanted { members, except }, &packs, days)?;
        Ok(())
    }

    /// The certificates of a peer of the chunk.
    fn certificates(&self, peer: PeerId) -> Vec<CertificateFact> {
        self.peers.get(&peer).map(facts_of).unwrap_or_default()
    }

    /// The people of the chunk, as they stand under the locks.
    pub fn people(&self) -> People {
        People { members: self.members.clone(), peers: self.peers.clone() }
    }

    /// Whether any contract of the chunk sums minutes over days: then one encounter's decision is the
    /// others' too.
    pub fn sums_days(&self) -> bool {
        self.days.used()
    }

    /// Whether any contract of the chunk counts in windows that begin with a first service: then what one
    /// encounter no longer holds may leave others less room.
    pub fn begins_windows(&self) -> bool {
        self.terms.values().any(|terms| rules::begins_windows(&terms.pack))
    }

    /// Takes off the bench what an encounter of the chunk holds, to be decided as if it held nothing.
    /// Not for encounters of sessions or of days that are summed.
    pub fn lift(&mut self, id: EncounterId, encounter: &EncounterData) -> Lifted {
        let company = self.lift_company(id);
        Lifted {
            usage: self.drawn.lift(id),
            neighbors: self.nearby.lift(id),
            company,
            lines: self.beside.lift(id, encounter.member),
        }
    }

    /// Puts back what was lifted.
    pub fn restore(&mut self, lifted: Lifted) {
        self.drawn.restore(lifted.usage);
        self.nearby.restore(lifted.neighbors);
        self.company.extend(lifted.company);
        self.beside.restore(lifted.lines);
    }

    /// Other encounters of sessions that are something else by what was put on the bench.
    pub fn retold(&self) -> Vec<EncounterId> {
        self.nearby.meetings.retold()
    }

    /// A decided encounter is of its session from now on.
    pub fn attend(
        &mut self,
        ctx: &Ctx,
        id: EncounterId,
        encounter: &EncounterData,
        decision: &Decision,
    ) {
        let agrees = !decision.findings.iter().any(|f| f.rule == DISAGREES);
        self.nearby.meetings.attend(ctx, id, encounter, agrees);
    }

    /// Puts a session on the bench that is entered as one. `false`: its reference is used.
    pub fn state_session(&mut self, session: Session) -> bool {
        self.nearby.meetings.state(session)
    }

    /// The session with this reference, when an encounter here names it.
    pub fn session(&self, reference: &Reference) -> Option<&Session> {
        self.nearby.meetings.get(reference)
    }

    /// Writes what became of the sessions; their encounters are written already.
    pub fn store_sessions(&self, conn: &mut Conn) -> Result<(), AppError> {
        let zone = self.organization.data.zone;
        self.nearby.store(conn, self.organization.id, zone)
    }
}

/// A peer's certificates as the rules see them.
fn facts_of(peer: &Peer) -> Vec<CertificateFact> {
    let fact = |c: &Certificate| CertificateFact {
        state: c.data.state.clone(),
        kind: c.data.kind.clone(),
        span: c.data.span,
        standing: c.data.standing,
        endorsements: c.data.endorsements.clone(),
    };
    peer.certificates.iter().map(fact).collect()
}

/// The time from the first start to the last end.
fn span(encounters: &[&EncounterData]) -> Option<(Instant, Instant)> {
    let from = encounters.iter().map(|e| e.started_at).min()?;
    let to = encounters.iter().map(|e| e.ended_at).max()?;
    Some((from, to))
}
