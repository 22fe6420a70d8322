//! Rows of people that a payer is shown only with a live consent (42 CFR Part 2): those of substance-use
//! services of organizations that have not said that they are no Part 2 program.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::consent::Disclosure;
use crate::domain::contract::VersionHead;
use crate::domain::dates::{Instant, Zone};
use crate::domain::facts::ConsentFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::organization::Part2Posture;
use crate::store::report_authorizations::Used;
use crate::store::{self, Conn, StoreError};

/// What a payer may see of an organization's authorizations, enrollments and claim lines.
pub struct Wall {
    organization: OrganizationId,
    consents: HashMap<i64, Vec<ConsentFact>>,
    /// Substance-use services by payer, of all versions of the contract that there are or were; none of a
    /// payer without a version, of whose services nothing is known. The organization is no Part 2 program
    /// when there is no wall.
    services: HashMap<i64, Option<HashSet<String>>>,
    at: Instant,
    zone: Zone,
}

impl Wall {
    /// Of an organization whose authorizations these are; none when it is no Part 2 program.
    pub fn of(
        conn: &mut Conn,
        id: OrganizationId,
        list: &[Used],
        (at, zone): (Instant, Zone),
    ) -> Result<Option<Self>, StoreError> {
        let mut wall = Self::between(conn, id, list.iter().map(|used| used.payer), (at, zone))?;
        if let Some(wall) = &mut wall {
            wall.learn(conn, list.iter().map(|used| used.member))?;
        }
        Ok(wall)
    }

    /// Between an organization and its payers, before anything is known of consents; none when it is no
    /// Part 2 program.
    pub fn between(
        conn: &mut Conn,
        organization: OrganizationId,
        payers: impl Iterator<Item = i64>,
        (at, zone): (Instant, Zone),
    ) -> Result<Option<Self>, StoreError> {
        let posture = store::organizations::by_id(conn, organization)?.map(|o| o.data.part2);
        if posture == Some(Part2Posture::NotProgram) {
            return Ok(None);
        }
        let heads = store::contracts::versions_of(conn, organization)?;
        let mut services: HashMap<i64, Option<HashSet<String>>> = HashMap::new();
        for payer in payers {
            if let Entry::Vacant(place) = services.entry(payer) {
                place.insert(flagged(conn, organization, &heads, payer)?);
            }
        }
        Ok(Some(Self { organization, consents: HashMap::new(), services, at, zone }))
    }

    /// Knows the consents of these members, and of no others any more.
    pub fn learn(
        &mut self,
        conn: &mut Conn,
        members: impl Iterator<Item = i64>,
    ) -> Result<(), StoreError> {
        let members: HashSet<i64> = members.collect();
        let members: Vec<MemberId> = members.into_iter().map(MemberId::from_i64).collect();
        self.consents.clear();
        for consent in store::consents::of_members(conn, self.organization, &members)? {
            let member = consent.data.member.as_i64();
            self.consents.entry(member).or_default().push(consent.fact());
        }
        Ok(())
    }

    /// Whether its payer may see an authorization: not where nobody knows which services are those of
    /// substance use.
    pub fn shows(&self, used: &Used) -> bool {
        self.shows_all((used.payer, used.member), &used.services)
    }

    /// Whether its payer may be told that somebody is enrolled: with a consent for each service of substance
    /// use that the enrollment may be for.
    pub fn shows_person(&self, people: (i64, i64)) -> bool {
        self.shows_all(people, &[])
    }

    /// Whether its payer may see what is of these services; none named: of any.
    fn shows_all(&self, (payer, member): (i64, i64), services: &[String]) -> bool {
        let Some(Some(flagged)) = self.services.get(&payer) else { return false };
        let of = |name: &&String| services.is_empty() || services.contains(name);
        let mut mine = flagged.iter().filter(of);
        let today = self.zone.date_of(self.at);
        mine.all(|name| self.permits((payer, member), name, today))
    }

    /// Whether its payer may see a claim line; `diagnosed`: its first diagnosis is one of substance use.
    pub fn shows_line(
        &self,
        (payer, member): (i64, i64),
        service: &str,
        date: NaiveDate,
        diagnosed: bool,
    ) -> bool {
        let Some(Some(flagged)) = self.services.get(&payer) else { return false };
        let substance_use = diagnosed || flagged.contains(service);
        !substance_use || self.permits((payer, member), service, date)
    }

    /// Whether a consent that is known permits telling the payer of a service of a day.
    fn permits(&self, (payer, member): (i64, i64), service: &str, day: NaiveDate) -> bool {
        let service = Key::parse(service).ok();
        let wanted = Disclosure {
            at: self.at,
            zone: self.zone,
            recipient: Some(PayerId::from_i64(payer)),
            service: service.as_ref(),
            service_date: day,
        };
        let mut mine = self.consents.get(&member).into_iter().flatten();
        mine.any(|consent| consent.permits(&wanted).is_ok())
    }
}

/// The services that any version of the contract flags as those of substance use, whichever is in force:
/// an authorization outlives the version under which it was drawn. None without a version.
fn flagged(
    conn: &mut Conn,
    id: OrganizationId,
    heads: &[VersionHead],
    payer: i64,
) -> Result<Option<HashSet<String>>, StoreError> {
    let payer = PayerId::from_i64(payer);
    let mut all = None;
    for head in heads.iter().filter(|head| head.payer == payer) {
        let known = all.get_or_insert_with(HashSet::new);
        let terms = store::contracts::terms(conn, id, head.id)?;
        let services = terms.into_iter().flat_map(|terms| terms.pack.services);
        known.extend(services.filter(|s| s.substance_use).map(|s| s.key.as_str().to_owned()));
    }
    Ok(all)
}
