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
    /// First line: a street, never a post-office box (2010AA N301), unless it was stored before these were refused.
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

/// Words that name a box by themselves.
const BOXES: &[&[&str]] =
    &[&["POBOX"], &["POBX"], &["POB"], &["P", "O", "B"], &["PO", "B"], &["LOCKBOX"], &["POSTBOX"]];
/// Who has boxes: with one of [`CONTAINERS`] behind it, a box at the post office or a bank.
const OFFICES: &[&[&str]] =
    &[&["PO"], &["P", "O"], &["POST"], &["POST", "OFFICE"], &["POSTAL"], &["LOCK"], &["CALLER"]];
/// What mail is put into.
const CONTAINERS: &[&str] = &["BOX", "BX", "DRAWER"];
/// Words of streets, which may be called after a box: `123 Lock Box Ave`.
const STREETS: &str = "ALLEY ALY AV AVE AVENUE BLVD BOULEVARD CIR CIRCLE COURT COVE CT CV DR DRIVE \
     HIGHWAY HWY LANE LN LOOP PARKWAY PIKE PKWY PL PLACE RD ROAD RUN SQ SQUARE ST STREET TER TERRACE \
     TRAIL TRL WAY";

/// Whether a line of an address names a post-office box or a lock box, of which 2010AA says that they are
/// sent as the pay-to address (2010AB) alone. A box on a rural route (`RR 2 Box 30`) stands at a road.
pub fn names_a_box(line: &str) -> bool {
    let upper = line.to_ascii_uppercase();
    let words = words_of(&upper);
    let in_a_street = |rest: &[&str]| {
        let has_house = words.first().is_some_and(|word| begins_with_digit(word));
        has_house && rest.iter().any(|word| STREETS.split(' ').any(|street| street == *word))
    };
    let bare = matches!(words.as_slice(), [first, second, ..]
        if CONTAINERS.contains(first) && begins_with_digit(second));
    let mut after = (0..words.len()).filter_map(|from| words.get(from..)).filter_map(behind_a_box);
    // A street that is called after a box goes on with words, a box with its number.
    bare || after.any(|rest| rest.first().is_some_and(|next| is_number(next)) || !in_a_street(rest))
}

/// What stands behind a box, where the words begin with one.
fn behind_a_box<'w, 't>(words: &'w [&'t str]) -> Option<&'w [&'t str]> {
    let whole = BOXES.iter().find_map(|of| words.strip_prefix(*of));
    whole.or_else(|| {
        OFFICES.iter().find_map(|of| match words.strip_prefix(*of)? {
            [container, rest @ ..] if CONTAINERS.contains(container) => Some(rest),
            _ => None,
        })
    })
}

/// The words of a line: whatever is neither letter nor digit parts them, and so does the place where a number
/// stands right behind letters (`Box12`).
fn words_of(line: &str) -> Vec<&str> {
    let parts = line.split(|c: char| !c.is_ascii_alphanumeric());
    let apart = parts.flat_map(|part| {
        let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
        <[&str; 2]>::from(part.split_at(digits))
    });
    apart.filter(|word| !word.is_empty()).collect()
}

fn begins_with_digit(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
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
            "PO Box12",
            "P.O.Box12",
            "POBox12",
            "PO Box A",
            "PO Bx 12",
            "POBx 12",
            "PO-Box #12",
            "POB 12",
            "P.O.B. 12",
            "P.O.B.12",
            "P.O. B 12",
            "PO Drawer 5",
            "Post Office Box 7",
            "Post Office Drawer 7",
            "Post Box 12",
            "Postbox 12",
            "Postal Box 9",
            "Caller Box 12",
            "Lockbox 77",
            "Lock Box 5",
            "Box 12",
            "Box 12A",
            "Bx. #12",
            "Drawer 5",
            "410 W Main Ave, PO Box 3",
            "410 W Main Ave PO Box",
            "410 W Main Ave, PO Box 3, North Station Rd",
            "PO Box Q, Elm St",
        ];
        let missed: Vec<&&str> = boxes.iter().filter(|line| !names_a_box(line)).collect();
        assert_eq!(missed, Vec::<&&str>::new());
        let streets = [
            "410 W Main Ave",
            "12 Boxwood Ln",
            "Boxwood Ave",
            "1 Post Office Sq",
            "3 Box Elder Rd",
            "12 Box Elder Rd",
            "Box Elder Rd",
            "7 Po St",
            "Po St",
            "5 Caller Rd",
            "9 Postal Way",
            "4 Drawer Ct",
            "123 Lock Box Ave",
            "123 Lockbox Ave",
            "123 Lockbox Ave Ste 4",
            "12 Post Box Ln NW",
            "1 Lock Box 5th St",
            "RR 2 Box 30",
            "HC 1, Box 5",
            "Box",
            "12",
            "",
        ];
        let taken: Vec<&&str> = streets.iter().filter(|line| names_a_box(line)).collect();
        assert_eq!(taken, Vec::<&&str>::new());
    }
}
