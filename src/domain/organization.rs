//! The organization that bills: the tenant, its identity on claims, and its locations.

use serde::{Deserialize, Serialize};

use super::dates::Zone;
use super::identifiers::{City, Ein, Key, Line35, Line55, Npi, Phone, State, Taxonomy, Zip9};
use super::ids::{LocationId, OrganizationId};
use super::text::code_list;

code_list!(
    /// Whether an organization is for trying things or for real money. Fixed at its creation.
    OrganizationMode, "a mode of an organization" {
        /// Writes T in ISA15 and reaches sandbox payers only.
        Test = "test",
        /// Writes P in ISA15 and never reaches a sandbox payer.
        Live = "live",
    }
);

code_list!(
    /// What the organization is under 42 CFR Part 2.
    Part2Posture, "a Part 2 posture" {
        /// A Part 2 program: substance-use services need a live consent.
        Program = "program",
        /// Declared not to be a Part 2 program.
        NotProgram = "not_program",
        /// Nobody has said: treated like a program.
        Undeclared = "undeclared",
    }
);

/// A street address with ZIP+4, as 2010AA wants it of a billing provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreetAddress {
    /// First line: a street, never a post-office box (2010AA N301).
    pub line1: Line55,
    /// Second line.
    pub line2: Option<Line55>,
    /// City.
    pub city: City,
    /// State.
    pub state: State,
    /// ZIP+4.
    pub zip: Zip9,
}

/// Words that name a box at the post office or a bank, not a street.
const BOXES: &[&[&str]] = &[
    &["PO", "BOX"],
    &["P", "O", "BOX"],
    &["POBOX"],
    &["POST", "OFFICE", "BOX"],
    &["LOCKBOX"],
    &["LOCK", "BOX"],
];

/// Whether a line of an address names a post-office box or a lock box, of which 2010AA says that they are
/// sent as the pay-to address (2010AB) alone.
pub fn names_a_box(line: &str) -> bool {
    let upper = line.to_ascii_uppercase();
    // P.O. is one word or two; a hyphen or a comma parts words.
    let text = upper.replace("P.O.", "PO ");
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    BOXES.iter().any(|of| words.windows(of.len()).any(|some| some == *of))
}

/// A place from which the organization works and bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Our id.
    pub id: LocationId,
    /// What the location says.
    pub data: LocationData,
}

/// What is said of a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationData {
    /// Its short name, unique in the organization.
    pub key: Key,
    /// Its name for people.
    pub name: Line55,
    /// Its own NPI, when it has one; else the organization's is used.
    pub npi: Option<Npi>,
    /// Its street address.
    pub address: StreetAddress,
}

/// An organization with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Our id.
    pub id: OrganizationId,
    /// Counts changes, for If-Match.
    pub revision: i32,
    /// What is said of it.
    pub data: OrganizationData,
    /// Its locations, in order of key.
    pub locations: Vec<Location>,
}

impl Organization {
    /// Whether this is its NPI, or that of one of its locations.
    pub fn has_npi(&self, npi: &str) -> bool {
        let places = self.locations.iter().filter_map(|place| place.data.npi.as_ref());
        std::iter::once(&self.data.npi).chain(places).any(|own| own.as_str() == npi)
    }

    /// Whether it has a location with this key.
    pub fn has_location(&self, key: &Key) -> bool {
        self.locations.iter().any(|place| place.data.key == *key)
    }

    /// Whether this is its tax id, with or without a hyphen.
    pub fn has_tax_id(&self, id: &str) -> bool {
        self.data.ein.as_str() == id.replace('-', "")
    }
}

/// What is said of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationData {
    /// Its short name, unique in the service.
    pub key: Key,
    /// Its legal name, as claims carry it.
    pub name: Line55,
    /// Test or live; never changes.
    pub mode: OrganizationMode,
    /// Type 2 NPI.
    pub npi: Npi,
    /// Employer identification number.
    pub ein: Ein,
    /// Taxonomy that claims carry for it.
    pub taxonomy: Taxonomy,
    /// Its zone: decides service dates.
    pub zone: Zone,
    /// 42 CFR Part 2 posture.
    pub part2: Part2Posture,
    /// Whom a payer calls about a file (PER02).
    pub contact_name: Line35,
    /// The number to call (PER04).
    pub contact_phone: Phone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_told_from_streets() {
        let boxes = [
            "PO Box 12",
            "P.O. Box 12",
            "p.o.box 12",
            "P O BOX 9",
            "POBox 1",
            "Post Office Box 7",
            "410 W Main Ave, PO Box 3",
            "Lockbox 77",
            "Lock Box 5",
        ];
        assert_eq!(boxes.iter().filter(|line| !names_a_box(line)).count(), 0);
        let streets =
            ["410 W Main Ave", "12 Boxwood Ln", "1 Post Office Sq", "3 Box Elder Rd", "7 Po St"];
        assert_eq!(streets.iter().filter(|line| names_a_box(line)).count(), 0);
    }
}
