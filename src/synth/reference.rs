//! The reference data: payers, organizations, people and their papers, in the columns of
//! `docs/import.md`; packs and contracts as they are bound.

use std::path::Path;

use chrono::{Days, NaiveDate};

use super::SynthError;
use super::dice::About;
use super::flaws::Flaw;
use super::people::{Member, Organization, Peer, Population, months_before};
use super::sheet::{Sheet, create};
use super::world::document;

/// The kind of provider that organizations are: community and behavioral health.
const ORGANIZATION_TAXONOMY: &str = "251S00000X";
/// Peer specialist.
const PEER_TAXONOMY: &str = "175T00000X";
/// The year in which the contracts of the world are written.
const CONTRACT_YEAR: &str = "2026-";
/// Where the numbers of organizations and peers begin, behind a 2 that nobody was given.
const ORGANIZATION_NUMBERS: u64 = 200_000_000;
const PEER_NUMBERS: u64 = 210_000_000;
/// Oldest of the members.
const OLDEST: u32 = 78;

/// All sheets of reference data.
pub struct Sheets {
    organizations: Sheet,
    locations: Sheet,
    peers: Sheet,
    certificates: Sheet,
    members: Sheet,
    /// Coverages beyond the first.
    pub coverages: Sheet,
    /// Authorizations.
    pub authorizations: Sheet,
    /// Episodes of care.
    pub episodes: Sheet,
}

/// Writes everything but the visits.
pub fn write(population: &Population, folder: &Path) -> Result<(), SynthError> {
    payers(population, folder)?;
    let sheet = |name, columns| Sheet::begin(folder, name, columns);
    let mut sheets = Sheets {
        organizations: sheet("organizations", &ORGANIZATIONS)?,
        locations: sheet("locations", &LOCATIONS)?,
        peers: sheet("peers", &PEERS)?,
        certificates: sheet("certificates", &CERTIFICATES)?,
        members: sheet("members", &MEMBERS)?,
        coverages: sheet("coverages", &COVERAGES)?,
        authorizations: sheet("authorizations", &AUTHORIZATIONS)?,
        episodes: sheet("episodes", &EPISODES)?,
    };
    for organization in population.organizations() {
        population.write_organization(organization, folder, &mut sheets)?;
        for peer in population.peers(organization) {
            population.write_peer(&peer, &mut sheets)?;
            for member in population.members(peer) {
                population.write_member(&member, &mut sheets)?;
            }
        }
    }
    let Sheets {
        organizations,
        locations,
        peers,
        certificates,
        members,
        coverages,
        authorizations,
        episodes,
    } = sheets;
    let people = [organizations, locations, peers, certificates, members];
    let papers = [coverages, authorizations, episodes];
    people.into_iter().chain(papers).try_for_each(Sheet::end)
}

const ORGANIZATIONS: [&str; 10] = [
    "key",
    "name",
    "mode",
    "npi",
    "ein",
    "taxonomy",
    "zone",
    "part2",
    "contact_name",
    "contact_phone",
];
const LOCATIONS: [&str; 9] =
    ["organization", "key", "name", "npi", "line1", "line2", "city", "state", "zip"];
const PEERS: [&str; 5] = ["organization", "npi", "first_name", "last_name", "taxonomy"];
const CERTIFICATES: [&str; 7] =
    ["organization", "peer_npi", "state", "kind", "number", "from", "to"];
const MEMBERS: [&str; 17] = [
    "organization",
    "reference",
    "first_name",
    "last_name",
    "birth_date",
    "gender",
    "line1",
    "line2",
    "city",
    "state",
    "zip",
    "payer",
    "member_number",
    "coverage_from",
    "coverage_to",
    "coverage_order",
    "product",
];
const COVERAGES: [&str; 8] = [
    "organization",
    "member_reference",
    "payer",
    "member_number",
    "from",
    "to",
    "order",
    "product",
];
const AUTHORIZATIONS: [&str; 8] =
    ["organization", "member_reference", "payer", "number", "services", "units", "from", "to"];
const EPISODES: [&str; 6] = ["organization", "reference", "member_reference", "kind", "from", "to"];

fn payers(population: &Population, folder: &Path) -> Result<(), SynthError> {
    let mut sheet = Sheet::begin(folder, "payers", &["key", "name", "sandbox"])?;
    for shape in &population.world.shapes {
        sheet.row(&[&shape.payer.key, &shape.payer.name, "true"])?;
    }
    let other = &population.world.other_insurance;
    sheet.row(&[&other.key, &other.name, "true"])?;
    sheet.end()?;
    for shape in &population.world.shapes {
        text(&folder.join(&shape.pack), document(&shape.pack)?)?;
    }
    Ok(())
}

fn text(path: &Path, text: &str) -> Result<(), SynthError> {
    use std::io::Write;
    let mut out = create(path)?;
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// An NPI out of nine digits: the check digit is Luhn's behind the prefix 80840 (45 CFR 162.406).
fn npi(number: u64) -> String {
    let digits = format!("{number:09}");
    let sum = digits.bytes().rev().enumerate().fold(24, |sum, (place, byte)| {
        let digit = u32::from(byte - b'0');
        let twice = if place % 2 == 0 { digit * 2 } else { digit };
        sum + twice / 10 + twice % 10
    });
    format!("{digits}{}", (10 - sum % 10) % 10)
}

impl Organization<'_> {
    /// Its key: the first of each shape are those of the world, the others are counted.
    pub fn key(&self) -> String {
        let first = &self.shape.organization.key;
        if self.index < 3 { first.clone() } else { format!("{first}-{}", self.index + 1) }
    }

    /// How its references begin.
    pub fn prefix(&self) -> &str {
        &self.shape.organization.prefix
    }

    fn sender(&self) -> String {
        let first = &self.shape.sender_id;
        if self.index < 3 { first.clone() } else { format!("SYNTH{:09}", self.index + 1) }
    }
}

impl Peer<'_> {
    /// The peer's NPI.
    pub fn npi(&self) -> String {
        npi(PEER_NUMBERS + self.number)
    }
}

impl Member<'_> {
    /// The organization's own name for the member.
    pub fn reference(&self) -> String {
        let organization = &self.peer.organization;
        let number = self.number - organization.first_member + 1;
        format!("{}-M{number:03}", organization.prefix())
    }
}

impl Population {
    fn write_organization(
        &self,
        organization: Organization,
        folder: &Path,
        sheets: &mut Sheets,
    ) -> Result<(), SynthError> {
        let (shape, first) = (organization.shape, &organization.shape.organization);
        let (key, number) = (organization.key(), organization.index + 1);
        let mut dice = self.dice(About::Organization, organization.index, 0);
        let name = if organization.index < 3 {
            first.name.clone()
        } else {
            let half = dice.text(&self.world.organization_first);
            format!("{half} {} {number}", dice.text(&self.world.organization_second))
        };
        let ein = format!("00-{:07}", 1_100_001 + organization.index);
        let phone = format!("{}-555-01{:02}", first.area, dice.below(100));
        sheets.organizations.row(&[
            &key,
            &name,
            "test",
            &npi(ORGANIZATION_NUMBERS + number),
            &ein,
            ORGANIZATION_TAXONOMY,
            shape.zone.tz().name(),
            &shape.part2,
            &first.contact,
            &phone,
        ])?;
        let house = first.street.split(' ').next().unwrap_or_default();
        let zip = format!("{}-{house:0>4}", first.zip);
        let place = format!("{} main office", first.city);
        let (line, city, state) = (&first.street, &first.city, &first.state);
        sheets.locations.row(&[&key, "main", &place, "", line, "", city, state, &zip])?;
        let contract = self.contract(&organization)?;
        text(&folder.join(format!("contracts/{key}.toml")), &contract)
    }

    /// The contract of the world's first organization, in the name of this one and for the year.
    fn contract(&self, organization: &Organization) -> Result<String, SynthError> {
        let shape = organization.shape;
        let year = format!("{}-", self.year.number());
        let lines = document(&shape.contract)?.lines().filter(|line| !line.starts_with('#'));
        let mut text = String::new();
        for line in lines {
            let line = line
                .replace(
                    &format!("\"{}\"", shape.organization.key),
                    &format!("\"{}\"", organization.key()),
                )
                .replace(&shape.sender_id, &organization.sender())
                .replace(CONTRACT_YEAR, &year);
            text.extend([line.as_str(), "\n"]);
        }
        Ok(text.trim_start().to_owned())
    }

    fn write_peer(&self, peer: &Peer, sheets: &mut Sheets) -> Result<(), SynthError> {
        let organization = &peer.organization;
        let (key, npi) = (organization.key(), peer.npi());
        let mut dice = self.dice(About::Peer, peer.number, 0);
        let (first, last) = (dice.text(&self.world.first_names), dice.text(&self.world.last_names));
        sheets.peers.row(&[&key, &npi, first, last, PEER_TAXONOMY])?;
        let state = &organization.shape.organization.state;
        let kind = &organization.shape.certificate;
        let years = dice.between(1, 3);
        let begun = months_before(self.year.first(), years * 12 - 1);
        let mut certificate = |from: NaiveDate, to: Option<NaiveDate>, which: u32| {
            let number = format!("{}-{:06}-{which}", kind.to_uppercase(), peer.number + 1);
            let (from, to) = (from.to_string(), to.map(|d| d.to_string()).unwrap_or_default());
            sheets.certificates.row(&[&key, &npi, state, kind, &number, &from, &to])
        };
        match peer.lapse {
            Some((from, to)) => {
                certificate(begun, Some(from - Days::new(1)), 1)?;
                certificate(to + Days::new(1), None, 2)
            }
            // Half of them have no end, the others one after the year.
            None if dice.below(2) == 0 => certificate(begun, None, 1),
            None => certificate(begun, Some(self.year.last() + Days::new(180)), 1),
        }
    }

    fn write_member(&self, member: &Member, sheets: &mut Sheets) -> Result<(), SynthError> {
        let shape = member.peer.organization.shape;
        let (key, reference) = (member.peer.organization.key(), member.reference());
        let mut dice = self.dice(About::Member, member.number, 0);
        let (first, last) = (dice.text(&self.world.first_names), dice.text(&self.world.last_names));
        let gender = match dice.below(20) {
            0..10 => "F",
            10..19 => "M",
            _ => "U",
        };
        let years = dice.between(shape.min_age.unwrap_or(18) + 1, OLDEST);
        let born = months_before(self.year.first(), years * 12) - Days::new(dice.below(360).into());
        let born = match (member.standing, shape.min_age) {
            // Of age some days after the year.
            (Some(Flaw::TooYoung), Some(age)) => {
                months_before(self.year.last() + Days::new(40), age * 12)
            }
            _ => born,
        };
        let street = format!("{} {}", dice.between(11, 980), dice.text(&self.world.streets));
        let unit = if dice.below(6) == 0 { dice.text(&self.world.units) } else { "" };
        let town = dice.pick(&shape.towns).cloned().unwrap_or_default();
        let address = match member.standing {
            Some(Flaw::NoAddress) => ["", "", "", "", ""],
            _ => [street.as_str(), unit, &town.0, &town.1, &town.2],
        };
        let begun = months_before(self.year.first(), dice.between(1, 24)).to_string();
        let second = member.renumbered.or(Some(member.standing_from));
        let closes = member.renumbered.is_some() || member.standing == Some(Flaw::NoCoverage);
        let to = second.filter(|_| closes).map(|day| (day - Days::new(1)).to_string());
        let number = member.payer_number(self.year.first());
        let order = if member.standing == Some(Flaw::OtherInsurance) { "2" } else { "1" };
        let own = [&key, &reference, first, last, &born.to_string(), gender];
        let coverage = [
            &shape.payer.key,
            &number,
            &begun,
            to.as_deref().unwrap_or_default(),
            order,
            "medicaid",
        ];
        sheets.members.row(&[own.as_slice(), &address, &coverage].concat())?;
        self.write_coverages(member, &key, &reference, sheets)?;
        self.write_episode(member, &key, &reference, sheets)?;
        self.write_authorizations(member, &key, &reference, sheets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers::Npi;

    #[test]
    fn numbers_of_providers_pass_the_check() {
        for number in (0..2_000).flat_map(|n| [ORGANIZATION_NUMBERS + n, PEER_NUMBERS + n * 7]) {
            let text = npi(number);
            assert!(Npi::parse(&text).is_ok() && text.starts_with('2'), "{text}");
        }
    }
}
