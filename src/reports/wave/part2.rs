//! Rows of people that a payer is shown only with a live consent (42 CFR Part 2): those of substance-use
//! services of organizations that have not said that they are no Part 2 program.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::consent::Disclosure;
use crate::domain::contract::VersionHead;
use crate::domain::dates::{Instant, Zone};
use crate::domain::facts::ConsentFact;
use crate::domain::identifiers::Key;
use crate::domain::ids::{MemberId, OrganizationId, PayerId};
use crate::domain::organization::Part2Posture;
use crate::store::report_authorizations::{Paper, Touching, visits};
use crate::store::report_lines::{Visit, diagnosed_visits};
use crate::store::{self, Conn, StoreError};

/// Whether a payer's edition of a report is made behind this wall: then its files are closed when less may be
/// told. Engagement is sums, but of enrollments, which no claim tells.
pub fn walled(report: &str, privacy: &str) -> bool {
    privacy == "P1" || report == "engagement"
}

/// Whether each row is of one person, so that the rows of others say nothing of who is left out.
pub fn of_one_each(report: &str) -> bool {
    matches!(report, "authorizations" | "ending" | "pace")
}

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

    /// Those of a payer's authorizations that it may not be told of: it may with a consent for each service of
    /// substance use that they are for and each of their days, and for each visit of substance use that drew on
    /// them. All where nobody knows which services are those of substance use.
    pub fn hides_papers(
        &mut self,
        conn: &mut Conn,
        papers: &[Paper],
        touching: Touching,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let drawn = visits(conn, touching)?;
        let visits: Vec<Visit> = drawn.iter().map(|(_, visit)| visit.clone()).collect();
        let payer = touching.payer.map_or(0, PayerId::as_i64);
        let hidden = self.hides(conn, payer, &visits)?;
        let closed = drawn.iter().filter(|(_, visit)| hidden.contains(&visit.encounter));
        let mut closed: BTreeSet<i64> = closed.map(|(authorization, _)| *authorization).collect();
        self.learn(conn, papers.iter().map(|paper| paper.member))?;
        let shut = |paper: &&Paper| {
            let people = (paper.payer, paper.member);
            !self.shows_all(people, &paper.services, (paper.from, paper.to))
        };
        closed.extend(papers.iter().filter(shut).map(|paper| paper.id));
        Ok(closed)
    }

    /// Of these visits those that its payer may not be told of: of a service or diagnosis of substance use,
    /// without a consent in force that speaks of their service and day.
    pub fn hides(
        &mut self,
        conn: &mut Conn,
        payer: i64,
        visits: &[Visit],
    ) -> Result<HashSet<i64>, StoreError> {
        self.learn(conn, visits.iter().map(|visit| visit.member))?;
        let (mut hidden, mut open) = (HashSet::new(), Vec::new());
        for visit in visits {
            let shows = |diagnosed| {
                self.shows_line((payer, visit.member), &visit.service, visit.date, diagnosed)
            };
            if !shows(false) {
                hidden.insert(visit.encounter);
            } else if !shows(true) {
                open.push(visit.encounter);
            }
        }
        hidden.extend(diagnosed_visits(conn, self.organization, &open)?);
        Ok(hidden)
    }

    /// Whether its payer may be told that somebody is enrolled on these days: with a consent for each service
    /// of substance use that the enrollment may be for, and each of the days.
    pub fn shows_person(&self, people: (i64, i64), days: (NaiveDate, Option<NaiveDate>)) -> bool {
        self.shows_all(people, &[], days)
    }

    /// Whether its payer may see what is of these services, none named: of any, and of these days.
    fn shows_all(
        &self,
        (payer, member): (i64, i64),
        services: &[String],
        days: (NaiveDate, Option<NaiveDate>),
    ) -> bool {
        let Some(Some(flagged)) = self.services.get(&payer) else { return false };
        let of = |name: &&String| services.is_empty() || services.contains(name);
        let mut mine = flagged.iter().filter(of);
        mine.all(|name| self.permits_all((payer, member), name, days))
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
    fn permits(&self, people: (i64, i64), service: &str, day: NaiveDate) -> bool {
        self.in_force(people, service, |_| day).next().is_some()
    }

    /// Whether consents that are known permit telling the payer of a service of every day.
    fn permits_all(
        &self,
        people: (i64, i64),
        service: &str,
        days: (NaiveDate, Option<NaiveDate>),
    ) -> bool {
        // Each is asked of a day that it speaks of itself: which days it speaks of is looked at together.
        let today = self.zone.date_of(self.at);
        let own = |of: &ConsentFact| of.services_from.or(of.services_to).unwrap_or(today);
        let spans = self.in_force(people, service, own);
        cover(spans.map(|of| (of.services_from, of.services_to)).collect(), days)
    }

    /// The consents that permit telling the payer now of a service of the day that is taken for each.
    fn in_force(
        &self,
        (payer, member): (i64, i64),
        service: &str,
        day: impl Fn(&ConsentFact) -> NaiveDate,
    ) -> impl Iterator<Item = &ConsentFact> {
        let service = Key::parse(service).ok();
        let mine = self.consents.get(&member).into_iter().flatten();
        mine.filter(move |consent| {
            let wanted = Disclosure {
                at: self.at,
                zone: self.zone,
                recipient: Some(PayerId::from_i64(payer)),
                service: service.as_ref(),
                service_date: day(consent),
            };
            consent.permits(&wanted).is_ok()
        })
    }
}

/// First and last day; none: without a beginning or end.
type Open = (Option<NaiveDate>, Option<NaiveDate>);

/// Whether spans cover all days from the first to the last, which may not be there.
fn cover(mut spans: Vec<Open>, (from, to): (NaiveDate, Option<NaiveDate>)) -> bool {
    spans.sort_unstable();
    let mut next = from;
    for (first, last) in spans {
        if first.is_some_and(|first| first > next) {
            return false;
        }
        let Some(after) = last.and_then(|last| last.succ_opt()) else { return true };
        next = next.max(after);
        if to.is_some_and(|to| to < next) {
            return true;
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dates::parse_date;

    #[test]
    fn consents_cover_a_span_together_and_day_by_day() {
        let day = |text: &str| (!text.is_empty()).then(|| parse_date(text).unwrap());
        let told = |spans: &[(&str, &str)], from: &str, to: &str| {
            let spans = spans.iter().map(|(from, to)| (day(from), day(to))).collect();
            cover(spans, (parse_date(from).unwrap(), day(to)))
        };
        let year = ("2026-01-01", "2026-12-31");
        assert!(!told(&[], year.0, year.1));
        assert!(told(&[("", "")], year.0, "") && told(&[year], year.0, year.1));
        assert!(!told(&[year], year.0, ""), "an end that is not there is never reached");
        assert!(!told(&[year], "2025-12-31", year.1) && !told(&[year], year.0, "2027-01-01"));
        let halves = [("2026-07-01", ""), ("", "2026-06-30")];
        assert!(told(&halves, year.0, ""), "in any order");
        assert!(
            !told(&[("", "2026-06-29"), ("2026-07-01", "")], year.0, year.1),
            "a day is missing"
        );
        assert!(told(
            &[("2026-01-01", "2026-03-31"), ("", "2026-12-31"), ("2026-02-01", "2026-02-02")],
            year.0,
            year.1
        ));
        assert!(told(&[("2026-05-05", "2026-05-05")], "2026-05-05", "2026-05-05"));
    }
}
