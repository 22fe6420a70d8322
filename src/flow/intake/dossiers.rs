//! What is on record of the members of a chunk besides the roster: authorizations, episodes and
//! consents, read with one query each, and handed out as facts.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::authorization::Authorization;
use crate::domain::consent::Consent;
use crate::domain::contract::{Demand, Pack};
use crate::domain::document::{Document, DocumentKind};
use crate::domain::episode::Episode;
use crate::domain::facts::{AuthorizationFact, ConsentFact, DocumentFact, EpisodeFact, Supervised};
use crate::domain::ids::{MemberId, OrganizationId, PayerId, PeerId};
use crate::domain::rules;
use crate::store::{self, Conn, StoreError};

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
        organization: OrganizationId,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        for episode in store::episodes::of_members(conn, organization, members)? {
            self.episodes.entry(episode.data.member).or_default().push(episode);
        }
        for consent in store::consents::of_members(conn, organization, members)? {
            self.consents.entry(consent.data.member).or_default().push(consent);
        }
        Ok(())
    }

    /// Reads what only a decision looks at: authorizations.
    pub fn read_deciding(
        &mut self,
        conn: &mut Conn,
        organization: OrganizationId,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        for authorization in store::authorizations::of_members(conn, organization, members)? {
            self.authorizations.entry(authorization.data.member).or_default().push(authorization);
        }
        Ok(())
    }

    /// Reads the documents that these contracts ask for.
    pub fn read_papers(
        &mut self,
        conn: &mut Conn,
        organization: OrganizationId,
        (members, peers): (&[MemberId], &[PeerId]),
        packs: &[&Pack],
    ) -> Result<(), StoreError> {
        let mut kinds: Vec<DocumentKind> = packs.iter().flat_map(|p| p.documents()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            self.documents = store::documents::of(conn, organization, &kinds, members, peers)?;
        }
        if kinds.contains(&DocumentKind::Supervisor) {
            let kind = DocumentKind::Supervisor;
            self.supervisors = store::documents::of_kind(conn, organization, kind)?;
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
