//! What peers did besides a visit, where a contract of the chunk counts it: the groups that they led
//! and the members whom they served.

use super::Bench;
use crate::domain::decision::Decision;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::PeerWindow;
use crate::domain::ids::{EncounterId, PeerId};
use crate::domain::rules::{self, PeerVisit};
use crate::domain::windows::Days;
use crate::store::{self, Conn, StoreError};

impl Bench {
    /// Reads the peers' live visits as far as the conditions of the chunk's contracts ask.
    pub(super) fn read_company(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
        except: &[EncounterId],
    ) -> Result<(), StoreError> {
        let reach = |e: &&&EncounterData| {
            let terms = self.terms.get(&self.version(e)?)?;
            rules::reach_of_peer(&terms.pack, self.day(e))
        };
        let Some(days) = encounters.iter().filter_map(|e| reach(&e)).reduce(Days::join) else {
            return Ok(());
        };
        let peers: Vec<PeerId> = self.peers.keys().copied().collect();
        let id = self.organization.id;
        self.company = store::peer_visits::live_of(conn, id, &peers, days, except)?;
        Ok(())
    }

    /// The sums that the contract in force asks for about a visit.
    pub(super) fn peer_windows(&self, encounter: &EncounterData) -> Vec<PeerWindow> {
        let terms = self.version(encounter).and_then(|v| self.terms.get(&v));
        terms.map_or_else(Vec::new, |terms| {
            rules::peer_windows(&terms.pack, self.day(encounter), encounter, self.company.iter())
        })
    }

    /// A visit of the chunk is ready from now on.
    pub(super) fn put_company(
        &mut self,
        id: EncounterId,
        encounter: &EncounterData,
        decision: &Decision,
    ) {
        let terms = self.version(encounter).and_then(|v| self.terms.get(&v));
        let date = decision.service_date;
        if terms.is_none_or(|t| rules::reach_of_peer(&t.pack, date).is_none()) {
            return;
        }
        self.company.push(PeerVisit {
            encounter: id,
            peer: encounter.peer,
            member: encounter.member,
            date,
            service: decision.service.clone(),
            session: encounter.group.as_ref().map(|g| (g.session.clone(), g.size)),
        });
    }

    /// Takes a visit away; gives what was taken.
    pub(super) fn lift_company(&mut self, id: EncounterId) -> Vec<PeerVisit> {
        let (lifted, stays) =
            std::mem::take(&mut self.company).into_iter().partition(|visit| visit.encounter == id);
        self.company = stays;
        lifted
    }
}
