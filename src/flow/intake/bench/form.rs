//! Whether the payer's claim form can be filled for the visits of a chunk.

use super::Bench;
use crate::domain::claim_facts::{Gap, Whose, gaps};
use crate::domain::codes::PlaceOfService;
use crate::domain::contract::Terms;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::AuthorizationFact;
use crate::domain::grouping::Given;
use crate::domain::identifiers::Key;
use crate::domain::ids::ContractVersionId;
use crate::domain::member::{Coverage, Member};
use crate::domain::organization::LocationData;
use crate::domain::peer::Peer;
use crate::domain::rules;
use crate::error::AppError;
use crate::flow::form::{self, People};
use crate::flow::intake::records::Records;
use crate::store::Conn;

impl Bench {
    /// Reads where the programs of the chunk are, and makes the heads of files for trial.
    pub(super) fn read_forms(
        &mut self,
        records: Records<'_>,
        conn: &mut Conn,
        encounters: &[&EncounterData],
    ) -> Result<(), AppError> {
        for (version, terms) in &self.terms {
            if !self.headers.contains_key(version) {
                let header = form::trial_header(&self.organization, terms, records.ctx.now());
                self.headers.insert(*version, header);
            }
        }
        let mut keys: Vec<Key> = encounters.iter().filter_map(|e| e.program.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(());
        }
        let programs = records.programs(conn, &keys)?;
        let placed = programs.into_iter().filter_map(|p| Some((p.data.key, p.data.location?)));
        self.sites = placed.collect();
        Ok(())
    }

    /// The location of the organization at which a visit was, where that is known.
    pub fn site(&self, encounter: &EncounterData) -> Option<Key> {
        form::site(&self.organization, &self.sites, encounter)
    }

    /// That location, where a claim of the visit at `place` tells of it.
    pub fn told_site(
        &self,
        terms: &Terms,
        place: &PlaceOfService,
        encounter: &EncounterData,
    ) -> Option<&LocationData> {
        let key = self.site(encounter)?;
        let at = self.organization.locations.iter().find(|l| l.data.key == key)?;
        let told = form::tells_address(&self.organization, terms, place, &at.data.address);
        told.then_some(&at.data)
    }

    /// What the form asks for and is not on record, or cannot be sent.
    pub(super) fn gaps(
        &self,
        encounter: &EncounterData,
        (version, terms): (ContractVersionId, &Terms),
        billed: &Coverage,
        (member, peer): (&Member, &Peer),
        authorizations: &[AuthorizationFact],
    ) -> Vec<Gap> {
        let Some(service) = rules::choose(&terms.pack, encounter, self.day(encounter)) else {
            return Vec::new();
        };
        let people = People { organization: &self.organization, member, peer };
        let site = self.site(encounter);
        // A note that names the size of a group where there is none is told of by another rule, which
        // knows all modifiers of the line.
        let present = encounter.group.as_ref().map_or(1, |group| group.size);
        let given = Given {
            minutes: encounter.minutes().max(1),
            times: Some((encounter.started_at, encounter.ended_at)),
            modes: vec![encounter.mode],
            group_sizes: Some((present, present)),
            peers: vec![encounter.peer],
        };
        let says = form::detail(terms, people, site.as_ref(), [&given]);
        let place = rules::place_of(encounter, service);
        let number = &billed.data.member_number;
        let numbers: Vec<_> = authorizations.iter().map(|a| &a.number).collect();
        let npi = &peer.data.npi;
        let whose = Whose { place: &place, peer: npi, member: number, authorizations: &numbers };
        let found = gaps(&terms.pack.claim, &says, whose);
        let header = self.headers.get(&version).and_then(Option::as_ref);
        let (true, Some(header)) = (found.is_empty(), header) else { return found };
        form::trial(header, service, people, encounter, number, &says).into_iter().collect()
    }
}
