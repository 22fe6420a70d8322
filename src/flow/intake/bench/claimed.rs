//! The live claims of a chunk's members, where the payer wants a week, a month, or a day and procedure claimed
//! once: what a visit's period, or the line of its day, is already claimed by.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Bench;
use crate::domain::claim::ClaimNumber;
use crate::domain::claim_detail::Facility;
use crate::domain::contract::in_force;
use crate::domain::encounter::EncounterData;
use crate::domain::facts::{ClaimedFact, ClaimedLine};
use crate::domain::ids::{MemberId, OrganizationId};
use crate::domain::member::Coverage;
use crate::domain::organization::{Location, LocationData};
use crate::domain::rules;
use crate::flow::form;
use crate::store::live_claims::{LiveClaim, Periods};
use crate::store::{self, Conn, StoreError};

/// Live claims by member.
#[derive(Debug, Default)]
pub struct Claimed(HashMap<MemberId, Vec<LiveClaim>>);

impl Claimed {
    /// Reads the live claims of members that begin in these periods of theirs.
    pub fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        periods: &Periods,
    ) -> Result<Self, StoreError> {
        let mut found: HashMap<MemberId, Vec<LiveClaim>> = HashMap::new();
        for claim in store::live_claims::live_of(conn, organization, periods)? {
            found.entry(claim.member).or_default().push(claim);
        }
        Ok(Self(found))
    }

    /// The claims of a member under a coverage that begin between two days, and whose day `counts`; each with
    /// whether it is of `elsewhere`, and with its lines where it is of one day.
    pub fn of(
        &self,
        member: MemberId,
        billed: Option<&Coverage>,
        days: (NaiveDate, NaiveDate),
        counts: impl Fn(NaiveDate) -> bool,
        elsewhere: impl Fn(&LiveClaim) -> bool,
    ) -> Vec<ClaimedFact> {
        let Some(billed) = billed else { return Vec::new() };
        self.0
            .get(&member)
            .into_iter()
            .flatten()
            .filter(|c| {
                (c.payer, &c.member_number) == (billed.data.payer, &billed.data.member_number)
            })
            .filter(|c| (days.0..=days.1).contains(&c.service_date) && counts(c.service_date))
            .map(|c| ClaimedFact {
                number: c.document.number.clone(),
                peer: c.peer,
                diagnoses: c.document.diagnoses.clone(),
                authorization: c.document.authorization.clone(),
                place: c.document.place.clone(),
                elsewhere: elsewhere(c),
                lines: if days.0 == days.1 { lines_of(c) } else { Vec::new() },
            })
            .collect()
    }
}

fn lines_of(claim: &LiveClaim) -> Vec<ClaimedLine> {
    let lines = claim.document.lines.iter().map(|line| ClaimedLine {
        procedure: line.procedure.clone(),
        modifiers: line.modifiers.clone(),
        place: line.place.clone(),
    });
    lines.collect()
}

impl Bench {
    /// Nothing is read where nothing is claimed once only.
    pub(super) fn read_claimed(
        &mut self,
        conn: &mut Conn,
        encounters: &[&EncounterData],
    ) -> Result<(), StoreError> {
        let mut periods = Periods::new();
        for encounter in encounters {
            if let Some(days) = self.period(encounter) {
                periods.entry(encounter.member).or_default().insert(days);
            }
        }
        self.claimed = Claimed::read(conn, self.organization.id, &periods)?;
        Ok(())
    }

    /// Without these claims, as if they had not been made.
    pub fn put_aside(&mut self, numbers: &[ClaimNumber]) {
        if !numbers.is_empty() {
            let of_members = self.claimed.0.values_mut();
            of_members.for_each(|claims| claims.retain(|c| !numbers.contains(&c.document.number)));
        }
    }

    /// The days that the claim of an encounter would cover, where they are claimed once.
    fn period(&self, encounter: &EncounterData) -> Option<(NaiveDate, NaiveDate)> {
        let pack = &self.terms.get(&self.version(encounter)?)?.pack;
        let days = pack.claim.period.around(self.day(encounter), pack.week_start);
        pack.claim.claims_once().then_some(days)
    }

    /// Whether a claim tells of another location than this one, which may have got another name since.
    fn is_another(&self, told: &Facility, here: &LocationData) -> bool {
        let is_told = |l: &Location| l.data.name == told.name && l.data.address == told.address;
        told.address != here.address
            || (told.name != here.name && self.organization.locations.iter().any(is_told))
    }

    /// Live claims of the encounter's period, under the contract version that is in force for it.
    pub(super) fn claimed_for(
        &self,
        encounter: &EncounterData,
        billed: Option<&Coverage>,
    ) -> Vec<ClaimedFact> {
        if self.claimed.0.is_empty() {
            return Vec::new();
        }
        let (Some(days), Some(version)) = (self.period(encounter), self.version(encounter)) else {
            return Vec::new();
        };
        let governed = |day| {
            let payer = billed.map(|b| b.data.payer);
            payer.and_then(|p| in_force(&self.heads, p, day)).is_some_and(|h| h.id == version)
        };
        let Some(terms) = self.terms.get(&version) else { return Vec::new() };
        let service = rules::choose(&terms.pack, encounter, self.day(encounter));
        let here = service.and_then(|service| {
            self.told_site(terms, &rules::place_of(encounter, service), encounter)
        });
        let elsewhere = |claim: &LiveClaim| {
            let place = &claim.document.place;
            let told = claim.facility.as_ref().filter(|facility| {
                form::tells_address(&self.organization, terms, place, &facility.address)
            });
            match (told, here) {
                (Some(told), Some(here)) => self.is_another(told, here),
                (told, here) => told.is_some() != here.is_some(),
            }
        };
        self.claimed.of(encounter.member, billed, days, governed, elsewhere)
    }
}
