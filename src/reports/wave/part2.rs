//! Rows of people that a payer is shown only with a live consent (42 CFR Part 2): those of substance-use
//! services of organizations that have not said that they are no Part 2 program.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::domain::consent::Disclosure;
use crate::domain::contract::VersionHead;
use crate::domain::dates::{Instant, Zone};
use crate::domain::facts::ConsentFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::organization::Part2Posture;
use crate::store::report_authorizations::Used;
use crate::store::{self, Conn, StoreError};

/// What a payer may see of an organization's authorizations.
pub struct Wall {
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
        let posture = store::organizations::by_id(conn, id)?.map(|o| o.data.part2);
        if posture == Some(Part2Posture::NotProgram) {
            return Ok(None);
        }
        let heads = store::contracts::versions_of(conn, id)?;
        let mut services: HashMap<i64, Option<HashSet<String>>> = HashMap::new();
        for used in list {
            if let Entry::Vacant(place) = services.entry(used.payer) {
                place.insert(flagged(conn, id, &heads, used.payer)?);
            }
        }
        let members: HashSet<i64> = list.iter().map(|used| used.member).collect();
        let members: Vec<MemberId> = members.into_iter().map(MemberId::from_i64).collect();
        let mut consents: HashMap<i64, Vec<ConsentFact>> = HashMap::new();
        for consent in store::consents::of_members(conn, id, &members)? {
            let member = consent.data.member.as_i64();
            consents.entry(member).or_default().push(consent.fact());
        }
        Ok(Some(Self { consents, services, at, zone }))
    }

    /// Whether its payer may see an authorization: not where nobody knows which services are those of
    /// substance use.
    pub fn shows(&self, used: &Used) -> bool {
        let Some(Some(flagged)) = self.services.get(&used.payer) else { return false };
        let of = |name: &&String| used.services.is_empty() || used.services.contains(name);
        let mut mine = flagged.iter().filter(of);
        let consents = self.consents.get(&used.member);
        mine.all(|name| {
            let service = Key::parse(name).ok();
            let wanted = Disclosure {
                at: self.at,
                zone: self.zone,
                recipient: Some(PayerId::from_i64(used.payer)),
                service: service.as_ref(),
                service_date: self.zone.date_of(self.at),
            };
            consents.into_iter().flatten().any(|consent| consent.permits(&wanted).is_ok())
        })
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
