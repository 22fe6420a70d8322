//! What is on record of the members of a chunk besides the roster: authorizations, episodes and
//! consents, read for all of them at once, and handed out as facts.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::records::Records;
use crate::domain::authorization::Authorization;
use crate::domain::consent::Consent;
use crate::domain::contract::{Demand, Pack};
use crate::domain::document::{Document, DocumentKind};
use crate::domain::episode::Episode;
use crate::domain::facts::{AuthorizationFact, ConsentFact, DocumentFact, EpisodeFact, Supervised};
use crate::domain::ids::{MemberId, PayerId, PeerId};
use crate::domain::rules;
use crate::store::{Conn, StoreError};

/// The records at hand, by member.
#[derive(Debug, Default)]
pub struct Dossiers {
    authorizations: HashMap<MemberId, Vec<Authorization>>,
    episodes: HashMap<MemberId, Vec<Episode>>,
    consents: HashMap<MemberId, Vec<Consent>>,
    documents: Vec<Document>,
    /// Who supervises which peer, in the whole organization, where a contract asks.
    supervisors: Vec<Document>,
}

impl Dossiers {
    /// Reads what may change after a visit was decided and stops its claim: consents; and episodes, by
    /// which a pack says of which visits it asks for papers.
    pub fn read_standing(
        &mut self,
        conn: &mut Conn,
        records: Records<'_>,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        self.episodes = records.episodes(conn, members)?;
        self.consents = records.consents(conn, members)?;
        Ok(())
    }

    /// Reads what only a decision looks at: authorizations.
    pub fn read_deciding(
        &mut self,
        conn: &mut Conn,
        records: Records<'_>,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        self.authorizations = records.authorizations(conn, members)?;
        Ok(())
    }

    /// Reads the documents that these contracts ask for.
    pub fn read_papers(
        &mut self,
        conn: &mut Conn,
        records: Records<'_>,
        people: (&[MemberId], &[PeerId]),
        packs: &[&Pack],
    ) -> Result<(), StoreError> {
        let mut kinds: Vec<DocumentKind> = packs.iter().flat_map(|p| p.documents()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            self.documents = records.papers(conn, &kinds, people)?;
        }
        if kinds.contains(&DocumentKind::Supervisor) {
            self.supervisors = records.supervisors(conn)?;
        }
        Ok(())
    }

    /// The documents of kinds that the pack asks for, about this member, peer or organization.
    pub fn documents(&self, pack: &Pack, member: MemberId, peer: PeerId) -> Vec<DocumentFact> {
        let kinds = pack.documents();
        let wanted = self
            .documents
            .iter()
            .filter(|d| kinds.contains(&d.data.content.kind()) && d.data.speaks_of(member, peer));
        wanted.map(Document::fact).collect()
    }

    /// Who supervises the peer on a day, where the pack asks.
    pub fn supervised(&self, pack: &Pack, peer: PeerId, day: NaiveDate) -> Vec<Supervised> {
        let asks = |d: &Demand| matches!(d, Demand::Supervisees { .. });
        if !pack.conditions.iter().any(|c| asks(&c.demand)) {
            return Vec::new();
        }
        rules::supervised(&self.supervisors, peer, day)
    }

    /// All authorizations at hand.
    pub fn all_authorizations(&self) -> impl Iterator<Item = &Authorization> {
        self.authorizations.values().flatten()
    }

    /// The payer's authorizations for the member.
    pub fn authorizations(
        &self,
        member: MemberId,
        payer: Option<PayerId>,
    ) -> Vec<AuthorizationFact> {
        let of_member = self.authorizations.get(&member).into_iter().flatten();
        of_member.filter(|a| payer == Some(a.data.payer)).map(AuthorizationFact::from).collect()
    }

    /// The member's episodes that the payer counts.
    pub fn episodes(&self, member: MemberId, payer: Option<PayerId>) -> Vec<EpisodeFact> {
        let of_member = self.episodes.get(&member).into_iter().flatten();
        payer.map_or_else(Vec::new, |p| of_member.filter_map(|e| e.fact_for(p)).collect())
    }

    /// The member's consents, revoked ones too.
    pub fn consents(&self, member: MemberId) -> Vec<ConsentFact> {
        self.consents.get(&member).into_iter().flatten().map(Consent::fact).collect()
    }
}
