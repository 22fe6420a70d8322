//! The population: organizations, their peers, and the members whom each peer sees. Nobody is kept:
//! who somebody is follows from the seed and a number, whenever it is asked.

use chrono::{Days, Months, NaiveDate};

use super::dice::{About, Dice};
use super::flaws::{Flaw, Of, Shares};
use super::world::{NeedKind, Shape, World};
use super::year::Year;

/// Members for each 40 encounters: 13 or 14 visits a year for each.
const MEMBERS_PER_40: u64 = 3;
/// Most members of a peer: more do not fit a week of 35 times.
pub const CASELOAD: u64 = 13;
/// Encounters of one organization, unless their number is said: some hundred peers.
const ENCOUNTERS_PER_ORGANIZATION: u64 = 15_000;
/// Organizations at least: one for each shape of payer.
const FEWEST_ORGANIZATIONS: u64 = 3;

/// Who there is.
#[derive(Debug, Clone)]
pub struct Population {
    /// The seed of everything.
    pub seed: u64,
    /// The year.
    pub year: Year,
    /// How often things go wrong.
    pub shares: Shares,
    /// Names, payers, habits.
    pub world: World,
    /// Organizations.
    pub organizations: u64,
    /// Members of all of them.
    pub members: u64,
}

/// An organization: its place among all, and who belongs to it.
#[derive(Debug, Clone, Copy)]
pub struct Organization<'a> {
    /// 0 for the first.
    pub index: u64,
    /// The shape of its payer.
    pub shape: &'a Shape,
    /// Number of its first member among all.
    pub first_member: u64,
    /// How many members it has.
    pub members: u64,
    /// Number of its first peer among all.
    pub first_peer: u64,
    /// How many peers it has.
    pub peers: u64,
}

/// A peer and the members whom this peer sees.
#[derive(Debug, Clone, Copy)]
pub struct Peer<'a> {
    /// The organization.
    pub organization: Organization<'a>,
    /// Number among all peers.
    pub number: u64,
    /// Number among the organization's peers.
    pub place: u64,
    /// Number of the first member among all.
    pub first_member: u64,
    /// How many members.
    pub members: u64,
    /// The days on which there was no certificate.
    pub lapse: Option<(NaiveDate, NaiveDate)>,
}

/// A member.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Whom the member sees.
    pub peer: Peer<'a>,
    /// Number among all members.
    pub number: u64,
    /// What is wrong with the member's papers.
    pub standing: Option<Flaw>,
    /// From when on it is.
    pub standing_from: NaiveDate,
    /// Whether the member comes for substance use.
    pub substance_use: bool,
    /// When the member number changed, for members whose payer gave them a new one.
    pub renumbered: Option<NaiveDate>,
}

/// The part of `total` that falls to `index` when it is dealt out to `shares` as evenly as it goes:
/// where it begins, and how much it is.
fn dealt(total: u64, shares: u64, index: u64) -> (u64, u64) {
    let (each, rest) = (total / shares.max(1), total % shares.max(1));
    (each * index + rest.min(index), each + u64::from(index < rest))
}

impl Population {
    /// The population that has some `encounters` in a year.
    pub fn for_encounters(
        world: World,
        seed: u64,
        year: Year,
        shares: Shares,
        encounters: u64,
        organizations: Option<u64>,
    ) -> Self {
        let usual = (encounters / ENCOUNTERS_PER_ORGANIZATION).max(FEWEST_ORGANIZATIONS);
        let organizations = organizations.unwrap_or(usual).max(1);
        let members = (encounters * MEMBERS_PER_40 / 40).max(organizations);
        Self { seed, year, shares, world, organizations, members }
    }

    /// Dice about something.
    pub const fn dice(&self, about: About, a: u64, b: u64) -> Dice {
        Dice::of(self.seed, about, a, b)
    }

    /// The organizations.
    pub fn organizations(&self) -> impl Iterator<Item = Organization<'_>> {
        (0..self.organizations).filter_map(|index| self.organization(index))
    }

    fn organization(&self, index: u64) -> Option<Organization<'_>> {
        let shapes = u64::try_from(self.world.shapes.len()).ok()?;
        let shape = self.world.shapes.get(usize::try_from(index.checked_rem(shapes)?).ok()?)?;
        let (first_member, members) = dealt(self.members, self.organizations, index);
        let larger = (self.members % self.organizations).min(index);
        let usual = self.members / self.organizations;
        let first_peer =
            larger * (usual + 1).div_ceil(CASELOAD) + (index - larger) * usual.div_ceil(CASELOAD);
        let peers = members.div_ceil(CASELOAD);
        Some(Organization { index, shape, first_member, members, first_peer, peers })
    }

    /// The peers of an organization.
    pub fn peers<'a>(
        &'a self,
        organization: Organization<'a>,
    ) -> impl Iterator<Item = Peer<'a>> + 'a {
        (0..organization.peers).map(move |place| self.peer(organization, place))
    }

    fn peer<'a>(&self, organization: Organization<'a>, place: u64) -> Peer<'a> {
        let (first, members) = dealt(organization.members, organization.peers, place);
        let number = organization.first_peer + place;
        Peer {
            organization,
            number,
            place,
            first_member: organization.first_member + first,
            members,
            lapse: self.lapse(number),
        }
    }

    /// Three to five weeks between two certificates, for some.
    fn lapse(&self, peer: u64) -> Option<(NaiveDate, NaiveDate)> {
        let mut dice = self.dice(About::Flaw, peer, 1);
        if !dice.happens(self.shares.of(Flaw::ExpiredCertificate)) {
            return None;
        }
        let from = self.year.first() + Days::new(u64::from(dice.between(30, 300)));
        Some((from, from + Days::new(u64::from(dice.between(20, 34)))))
    }

    /// The members of a peer.
    pub fn members<'a>(&'a self, peer: Peer<'a>) -> impl Iterator<Item = Member<'a>> + 'a {
        (0..peer.members).map(move |place| self.member(peer, place))
    }

    /// One of a peer's members.
    pub fn member<'a>(&self, peer: Peer<'a>, place: u64) -> Member<'a> {
        let number = peer.first_member + place;
        let shape = peer.organization.shape;
        let mut dice = self.dice(About::Flaw, number, 2);
        let uses = dice.below(100) < shape.substance_use;
        // Month and day are thrown for all, so that a share that is changed changes nothing else.
        let (month, renumbered) = (dice.between(2, 11), dice.happens(500));
        // One flaw a row: whoever sees a peer without a certificate has papers in order.
        let standing =
            if peer.lapse.is_none() { self.standing(shape, uses, &mut dice) } else { None };
        let begins = self.year.date(month, 1);
        let standing_from = match standing {
            Some(Flaw::NoCoverage | Flaw::OtherInsurance) => begins,
            _ => self.year.first(),
        };
        let substance_use = uses || standing == Some(Flaw::NoConsent);
        let renumbered = (renumbered && standing.is_none()).then_some(begins);
        Member { peer, number, standing, standing_from, substance_use, renumbered }
    }

    fn standing(&self, shape: &Shape, substance_use: bool, dice: &mut Dice) -> Option<Flaw> {
        let thrown = self.shares.throw(dice, |flaw| flaw.of() == Of::Members);
        thrown.filter(|flaw| applies(*flaw, shape, substance_use))
    }
}

/// Whether the rules of the payer know the flaw, for such a member.
fn applies(flaw: Flaw, shape: &Shape, substance_use: bool) -> bool {
    let need = shape.authorization.as_ref().map(|a| a.need);
    let short = match flaw {
        Flaw::NoAuthorization | Flaw::Exhausted => match need {
            None => false,
            Some(NeedKind::After) => true,
            Some(NeedKind::SubstanceUse) => substance_use,
        },
        _ => true,
    };
    short && !shape.without.contains(&flaw)
}

impl Member<'_> {
    /// What is wrong with the member's papers on a day.
    pub fn standing_on(&self, day: NaiveDate) -> Option<Flaw> {
        self.standing.filter(|_| self.standing_from <= day)
    }

    /// The member's number at the payer on a day.
    pub fn payer_number(&self, day: NaiveDate) -> String {
        let second = self.renumbered.is_some_and(|from| from <= day);
        let number = scattered(self.number + if second { SECOND_NUMBERS } else { 0 });
        format!("{}{number:08}", self.peer.organization.shape.member_prefix)
    }

    /// Whether an authorization stands on the roster for the member's visits.
    pub fn needs_authorization(&self) -> bool {
        match self.peer.organization.shape.authorization.as_ref().map(|a| a.need) {
            None => false,
            Some(NeedKind::After) => true,
            Some(NeedKind::SubstanceUse) => self.substance_use,
        }
    }

    /// The number of the member's authorization that covers the day: one for each half year, or
    /// none at all.
    pub fn authorization(&self, day: NaiveDate) -> Option<String> {
        let need = self.peer.organization.shape.authorization.as_ref()?;
        if !self.needs_authorization() || self.standing == Some(Flaw::NoAuthorization) {
            return None;
        }
        let (year, half) = self.half(day);
        let number = scattered(self.number);
        Some(format!("{}-{:02}-{number:08}-{half}", need.prefix, year % 100))
    }

    /// Year and half year that the authorization of a day is for; a small one is for the whole year.
    fn half(&self, day: NaiveDate) -> (i32, u32) {
        use chrono::Datelike;
        let half = if self.standing == Some(Flaw::Exhausted) { 0 } else { day.month().div_ceil(6) };
        (day.year(), half)
    }
}

/// Numbers that look as if they had been given out by chance, and never repeat below 100 million.
fn scattered(number: u64) -> u64 {
    // Odd and no multiple of 5, so it has no factor in common with the modulus.
    (number % NUMBERS * 61_803_397 + 10_130_013) % NUMBERS
}

const NUMBERS: u64 = 100_000_000;
/// Where second numbers begin.
const SECOND_NUMBERS: u64 = NUMBERS / 2;

/// Most encounters: as many as member numbers last for.
pub const MOST_ENCOUNTERS: u64 = 100_000_000;

/// A day `months` before another.
pub fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    day - Months::new(months)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn population(encounters: u64, organizations: Option<u64>) -> Population {
        let (world, year) = (World::carried().unwrap(), Year::new(2026).unwrap());
        Population::for_encounters(world, 1, year, Shares::default(), encounters, organizations)
    }

    #[test]
    fn everybody_is_dealt_out_once() {
        for (encounters, organizations) in
            [(1, None), (100, None), (2_000, None), (20_000, Some(7)), (60_000, Some(1))]
        {
            let all = population(encounters, organizations);
            let (mut peers, mut members) = (0, 0);
            for organization in all.organizations() {
                for peer in all.peers(organization) {
                    assert_eq!(peer.number, peers, "{encounters}");
                    assert!(peer.members <= CASELOAD);
                    for member in all.members(peer) {
                        assert_eq!(member.number, members, "{encounters}");
                        members += 1;
                    }
                    peers += 1;
                }
            }
            assert_eq!(members, all.members);
        }
        assert_eq!(population(2_000, None).members, 150);
    }

    #[test]
    fn member_numbers_never_repeat() {
        let numbers: BTreeSet<u64> =
            (0..50_000).chain(SECOND_NUMBERS..SECOND_NUMBERS + 50_000).map(scattered).collect();
        assert_eq!(numbers.len(), 100_000);
    }

    #[test]
    fn whose_peer_has_no_certificate_has_papers_in_order() {
        let all = population(200_000, None);
        let (mut lapsed, mut flawed) = (0, 0);
        for peer in all.organizations().flat_map(|o| all.peers(o)) {
            for member in all.members(peer) {
                flawed += usize::from(member.standing.is_some());
                assert!(peer.lapse.is_none() || member.standing.is_none());
            }
            lapsed += usize::from(peer.lapse.is_some());
        }
        assert!(lapsed > 50 && flawed > 500, "{lapsed} {flawed}");
    }
}
