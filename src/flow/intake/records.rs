//! What is on record of an organization and what visits do not change: its people, their authorizations,
//! episodes, consents and papers, its programs and its contracts. Read from the database, or kept in memory
//! since an earlier reading, as long as the organization's stamp is the one that it was read under
//! (`docs/adr/0160`).
//!
//! Whoever changes any of it in the same transaction reads it from the database: there its own changes are
//! seen, and here they would be kept though they may yet be rolled back.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bench::People;
use crate::domain::authorization::Authorization;
use crate::domain::consent::Consent;
use crate::domain::contract::VersionHead;
use crate::domain::document::{Document, DocumentKind};
use crate::domain::encounter::EncounterData;
use crate::domain::episode::Episode;
use crate::domain::identifiers::{Key, Npi};
use crate::domain::ids::{MemberId, OrganizationId, PeerId};
use crate::domain::member::Member;
use crate::domain::organization::Organization;
use crate::domain::peer::Peer;
use crate::domain::program::Program;
use crate::flow::Ctx;
use crate::store::members::PayerMember;
use crate::store::stamps::Stamp;
use crate::store::{self, Conn, StoreError};

/// Most records that a process keeps, of all organizations, so that its memory has a bound. Where more are asked
/// for, those of the organization that asks are let go of first, and kept again when they are asked for again.
const MOST_KEPT: usize = 10_000;

/// The records of one organization, for one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// The context.
    pub ctx: &'a Ctx,
    /// Whose.
    pub organization: &'a Organization,
    /// The stamp under which what is kept may be used; none: all is read.
    stamp: Option<Stamp>,
}

/// Whom a document speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Member(MemberId),
    Peer(PeerId),
    Organization,
}

/// Kinds of documents, and whom they are to speak of.
type Papers = (Vec<DocumentKind>, Subject);

/// What is kept of one organization. A list that is empty says that there are none.
#[derive(Debug, Default)]
struct Shelves {
    stamp: Option<Stamp>,
    /// How many records are here.
    count: usize,
    heads: HashMap<(), Vec<VersionHead>>,
    peers: HashMap<PeerId, Peer>,
    peers_by_npi: HashMap<Npi, Peer>,
    members: HashMap<MemberId, Member>,
    members_by_number: HashMap<PayerMember, Vec<Member>>,
    programs: HashMap<Key, Program>,
    episodes: HashMap<MemberId, Vec<Episode>>,
    consents: HashMap<MemberId, Vec<Consent>>,
    authorizations: HashMap<MemberId, Vec<Authorization>>,
    papers: HashMap<Papers, Vec<Document>>,
    supervisors: HashMap<(), Vec<Document>>,
}

/// What is kept of all organizations by this process.
#[derive(Debug, Default)]
pub struct Kept(Mutex<HashMap<OrganizationId, Shelves>>);

impl Kept {
    fn shelves(&self) -> MutexGuard<'_, HashMap<OrganizationId, Shelves>> {
        // What is there was read as it is: somebody's panic does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of `keys` that are kept under the stamp, and the keys that are not.
    fn find<K: Clone + Eq + Hash, V: Clone>(
        &self,
        (organization, stamp): (OrganizationId, Stamp),
        keys: &[K],
        place_of: impl Fn(&mut Shelves) -> &mut HashMap<K, V>,
    ) -> (Vec<(K, V)>, Vec<K>) {
        let mut all = self.shelves();
        let shelves = all.get_mut(&organization).filter(|shelves| shelves.stamp == Some(stamp));
        let Some(kept) = shelves.map(place_of) else { return (Vec::new(), keys.to_vec()) };
        let (mut found, mut missing) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            match kept.get(key) {
                Some(value) => found.push((key.clone(), value.clone())),
                None => missing.push(key.clone()),
            }
        }
        (found, missing)
    }

    /// Keeps what was read under the stamp. `weight`: how many records a value is.
    fn keep<K: Clone + Eq + Hash, V: Clone>(
        &self,
        (organization, stamp): (OrganizationId, Stamp),
        read: &[(K, V)],
        place_of: impl Fn(&mut Shelves) -> &mut HashMap<K, V>,
        weight: impl Fn(&V) -> usize,
    ) {
        let weight = |value: &V| weight(value).max(1);
        let more: usize = read.iter().map(|(_, value)| weight(value)).sum();
        let mut all = self.shelves();
        let count = |all: &HashMap<OrganizationId, Shelves>| -> usize {
            all.values().map(|shelves| shelves.count).sum()
        };
        if count(&all) + more > MOST_KEPT {
            // Its own first: an upload of many members does not take what others keep.
            all.remove(&organization);
        }
        if count(&all) + more > MOST_KEPT {
            all.clear();
        }
        if more > MOST_KEPT {
            return;
        }
        let shelves = all.entry(organization).or_default();
        if shelves.stamp > Some(stamp) {
            // Read in a snapshot of before: others have newer ones by now.
            return;
        }
        if shelves.stamp != Some(stamp) {
            *shelves = Shelves { stamp: Some(stamp), ..Shelves::default() };
        }
        place_of(shelves).extend(read.iter().cloned());
        // What two read at once is there once and counted twice: no matter.
        shelves.count += more;
    }
}

impl<'a> Records<'a> {
    /// Read from the database, each time.
    pub fn read(ctx: &'a Ctx, organization: &'a Organization) -> Self {
        Self { ctx, organization, stamp: None }
    }

    /// Kept since they were read under this stamp, which is the organization's in this transaction. For whoever
    /// changes none of them.
    pub fn kept(ctx: &'a Ctx, organization: &'a Organization, stamp: Option<Stamp>) -> Self {
        Self { ctx, organization, stamp }
    }

    /// The records as they stand under locks that were taken since, and whether any may be another: `false` is
    /// certain.
    pub fn under_locks(self, conn: &mut Conn) -> Result<(Self, bool), StoreError> {
        if self.stamp.is_none() {
            return Ok((self, true));
        }
        let stamp = store::stamps::of(conn, self.organization.id)?;
        Ok((Self { stamp, ..self }, stamp != self.stamp))
    }

    /// What is on record under `keys`: `read` is asked for those that are not kept.
    fn look<K: Clone + Eq + Hash, V: Clone>(
        &self,
        keys: &[K],
        place_of: fn(&mut Shelves) -> &mut HashMap<K, V>,
        weight: impl Fn(&V) -> usize,
        read: impl FnOnce(&[K]) -> Result<Vec<(K, V)>, StoreError>,
    ) -> Result<Vec<(K, V)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let Some(stamp) = self.stamp else { return read(keys) };
        let (kept, under) = (&self.ctx.records, (self.organization.id, stamp));
        let (mut found, missing) = kept.find(under, keys, place_of);
        if !missing.is_empty() {
            let fresh = read(&missing)?;
            kept.keep(under, &fresh, place_of, weight);
            found.extend(fresh);
        }
        Ok(found)
    }

    /// The same of lists, by member.
    fn lists<T: Clone>(
        &self,
        members: &[MemberId],
        place_of: fn(&mut Shelves) -> &mut HashMap<MemberId, Vec<T>>,
        member: impl Fn(&T) -> MemberId,
        read: impl FnOnce(&[MemberId]) -> Result<Vec<T>, StoreError>,
    ) -> Result<HashMap<MemberId, Vec<T>>, StoreError> {
        let read = |members: &[MemberId]| {
            let found = read(members)?.into_iter().map(|one| (member(&one), one));
            Ok(under(members, found))
        };
        Ok(self.look(members, place_of, Vec::len, read)?.into_iter().collect())
    }

    /// The heads of all versions of all contracts, in the order of recording.
    pub fn heads(&self, conn: &mut Conn) -> Result<Vec<VersionHead>, StoreError> {
        let id = self.organization.id;
        let read = |_: &[()]| Ok(vec![((), store::contracts::versions_of(conn, id)?)]);
        let found = self.look(&[()], |s| &mut s.heads, Vec::len, read)?;
        Ok(found.into_iter().flat_map(|((), heads)| heads).collect())
    }

    /// Peers with these ids; others are left out.
    pub fn peers(&self, conn: &mut Conn, ids: &[PeerId]) -> Result<Vec<Peer>, StoreError> {
        let id = self.organization.id;
        let read = |ids: &[PeerId]| {
            let found = store::peers::by_ids(conn, id, ids)?;
            Ok(found.into_iter().map(|peer| (peer.id, peer)).collect())
        };
        let found = self.look(ids, |s| &mut s.peers, |_| 1, read)?;
        Ok(found.into_iter().map(|(_, peer)| peer).collect())
    }

    /// Peers with these NPIs; others are left out.
    pub fn peers_by_npi(&self, conn: &mut Conn, npis: &[Npi]) -> Result<Vec<Peer>, StoreError> {
        let id = self.organization.id;
        let read = |npis: &[Npi]| {
            let found = store::peers::by_npis(conn, id, npis)?;
            Ok(found.into_iter().map(|peer| (peer.data.npi.clone(), peer)).collect())
        };
        let found = self.look(npis, |s| &mut s.peers_by_npi, |_| 1, read)?;
        Ok(found.into_iter().map(|(_, peer)| peer).collect())
    }

    /// Members with these ids; others are left out.
    pub fn members(&self, conn: &mut Conn, ids: &[MemberId]) -> Result<Vec<Member>, StoreError> {
        let id = self.organization.id;
        let read = |ids: &[MemberId]| {
            let found = store::members::by_ids(conn, id, ids)?;
            Ok(found.into_iter().map(|member| (member.id, member)).collect())
        };
        let found = self.look(ids, |s| &mut s.members, |_| 1, read)?;
        Ok(found.into_iter().map(|(_, member)| member).collect())
    }

    /// The people of some encounters.
    pub fn people(&self, conn: &mut Conn, list: &[&EncounterData]) -> Result<People, StoreError> {
        let (members, peers) = People::named(list);
        let members = self.members(conn, &members)?;
        Ok(People::of(members, self.peers(conn, &peers)?))
    }

    /// Members whom payers know under these numbers, whatever the dates (`store::members::by_numbers`).
    pub fn members_by_number(
        &self,
        conn: &mut Conn,
        numbers: &[PayerMember],
    ) -> Result<Vec<(PayerMember, Vec<Member>)>, StoreError> {
        let id = self.organization.id;
        let read = |numbers: &[PayerMember]| {
            let mut found: HashMap<PayerMember, Vec<Member>> = HashMap::new();
            for (number, member) in store::members::by_numbers(conn, id, numbers)? {
                found.entry(number).or_default().push(member);
            }
            Ok(found.into_iter().collect())
        };
        self.look(numbers, |s| &mut s.members_by_number, Vec::len, read)
    }

    /// Programs with these keys; others are left out.
    pub fn programs(&self, conn: &mut Conn, keys: &[Key]) -> Result<Vec<Program>, StoreError> {
        let id = self.organization.id;
        let read = |keys: &[Key]| {
            let found = store::programs::by_keys(conn, id, keys)?;
            Ok(found.into_iter().map(|program| (program.data.key.clone(), program)).collect())
        };
        let found = self.look(keys, |s| &mut s.programs, |_| 1, read)?;
        Ok(found.into_iter().map(|(_, program)| program).collect())
    }

    /// Episodes by member, in order of first day and id.
    pub fn episodes(
        &self,
        conn: &mut Conn,
        members: &[MemberId],
    ) -> Result<HashMap<MemberId, Vec<Episode>>, StoreError> {
        let read = |ids: &[MemberId]| store::episodes::of_members(conn, self.organization.id, ids);
        self.lists(members, |s| &mut s.episodes, |episode| episode.data.member, read)
    }

    /// Consents by member, in order of id.
    pub fn consents(
        &self,
        conn: &mut Conn,
        members: &[MemberId],
    ) -> Result<HashMap<MemberId, Vec<Consent>>, StoreError> {
        let read = |ids: &[MemberId]| store::consents::of_members(conn, self.organization.id, ids);
        self.lists(members, |s| &mut s.consents, |consent| consent.data.member, read)
    }

    /// Authorizations by member, in order of last day, none last, then number.
    pub fn authorizations(
        &self,
        conn: &mut Conn,
        members: &[MemberId],
    ) -> Result<HashMap<MemberId, Vec<Authorization>>, StoreError> {
        let id = self.organization.id;
        let read = |ids: &[MemberId]| store::authorizations::of_members(conn, id, ids);
        self.lists(members, |s| &mut s.authorizations, |a| a.data.member, read)
    }

    /// Documents of these kinds about these members, about these peers alone, or about the organization, in
    /// order of first day and id.
    pub fn papers(
        &self,
        conn: &mut Conn,
        kinds: &[DocumentKind],
        (members, peers): (&[MemberId], &[PeerId]),
    ) -> Result<Vec<Document>, StoreError> {
        let subjects = members.iter().map(|id| Subject::Member(*id));
        let subjects = subjects.chain(peers.iter().map(|id| Subject::Peer(*id)));
        let subjects = subjects.chain([Subject::Organization]);
        let wanted: Vec<Papers> = subjects.map(|subject| (kinds.to_vec(), subject)).collect();
        let read = |missing: &[Papers]| {
            let (mut members, mut peers) = (Vec::new(), Vec::new());
            for (_, subject) in missing {
                match subject {
                    Subject::Member(id) => members.push(*id),
                    Subject::Peer(id) => peers.push(*id),
                    Subject::Organization => {}
                }
            }
            let found = store::documents::of(conn, self.organization.id, kinds, &members, &peers)?;
            let found = found.into_iter().map(|d| ((kinds.to_vec(), subject(&d)), d));
            Ok(under(missing, found))
        };
        let found = self.look(&wanted, |s| &mut s.papers, Vec::len, read)?;
        let mut found: Vec<Document> = found.into_iter().flat_map(|(_, papers)| papers).collect();
        found.sort_by_key(|d| (d.data.span.from, d.id));
        Ok(found)
    }

    /// Who supervises which peer, in the whole organization, in order of first day and id.
    pub fn supervisors(&self, conn: &mut Conn) -> Result<Vec<Document>, StoreError> {
        let (id, kind) = (self.organization.id, DocumentKind::Supervisor);
        let read = |_: &[()]| Ok(vec![((), store::documents::of_kind(conn, id, kind)?)]);
        let found = self.look(&[()], |s| &mut s.supervisors, Vec::len, read)?;
        Ok(found.into_iter().flat_map(|((), papers)| papers).collect())
    }
}

/// Whom a document speaks of.
fn subject(document: &Document) -> Subject {
    let content = &document.data;
    match (content.member, content.peer) {
        (Some(member), _) => Subject::Member(member),
        (None, Some(peer)) => Subject::Peer(peer),
        (None, None) => Subject::Organization,
    }
}

/// What was found, in lists under the keys that were asked for; empty where there is nothing.
fn under<K: Clone + Eq + Hash, T>(
    keys: &[K],
    found: impl Iterator<Item = (K, T)>,
) -> Vec<(K, Vec<T>)> {
    let asked: HashSet<&K> = keys.iter().collect();
    let mut lists: HashMap<K, Vec<T>> = keys.iter().map(|k| (k.clone(), Vec::new())).collect();
    for (key, one) in found {
        if asked.contains(&key) {
            lists.entry(key).or_default().push(one);
        }
    }
    lists.into_iter().collect()
}
