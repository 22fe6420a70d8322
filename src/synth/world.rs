//! Who and what is invented: names, places, payers and habits, read from `fixtures/synth/world.toml`.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Deserialize;

use super::SynthError;
use super::dice::Dice;
use super::flaws::Flaw;
use crate::domain::contract::Rounding;

mod carried {
    #![allow(clippy::redundant_pub_crate, unreachable_pub, reason = "texts, kept with the data")]
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/synth/files.rs"));
}

/// Everything that is invented of the world.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// First names.
    pub first_names: Vec<String>,
    /// Last names.
    pub last_names: Vec<String>,
    /// Streets.
    pub streets: Vec<String>,
    /// Second address lines.
    pub units: Vec<String>,
    /// First halves of organizations' names.
    pub organization_first: Vec<String>,
    /// Second halves.
    pub organization_second: Vec<String>,
    /// The plan that pays first for some members.
    pub other_insurance: OtherInsurance,
    /// What peers do.
    pub peer: PeerWork,
    /// Shapes of payers, each with its first organization.
    #[serde(rename = "shape")]
    pub shapes: Vec<Shape>,
}

/// A plan that nobody has a contract with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherInsurance {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// How its member numbers begin.
    pub number_prefix: String,
}

/// What visits are like everywhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerWork {
    /// Roles.
    pub role: Weighted,
    /// Lengths of visits, in minutes.
    pub minutes: Weighted,
    /// Lengths of groups, in minutes.
    pub group_minutes: Weighted,
    /// Goals of the plan of care.
    pub plan_goals: Vec<String>,
    /// Principal diagnoses, mental health.
    pub mental_health: Vec<String>,
    /// Principal diagnoses, substance use.
    pub substance_use: Vec<String>,
    /// Second diagnoses.
    pub circumstances: Vec<String>,
}

/// The shape of a payer, and how its organizations work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The payer.
    pub payer: Named,
    /// Its pack, one of the documents.
    pub pack: String,
    /// The contract of its first organization, one of the documents.
    pub contract: String,
    /// The sender id in that contract.
    pub sender_id: String,
    /// Its first organization.
    pub organization: FirstOrganization,
    /// The zone of its organizations.
    pub zone: LocalZone,
    /// Their posture under 42 CFR Part 2.
    pub part2: String,
    /// How its member numbers begin.
    pub member_prefix: String,
    /// Where members live: city, state, ZIP.
    pub towns: Vec<(String, String, String)>,
    /// The kind of certificate that its services ask for.
    pub certificate: String,
    /// When it wants an authorization; never, when this is not said.
    pub authorization: Option<Need>,
    /// How minutes become units of a quarter hour.
    pub rounding: Rounding,
    /// Days from the visit within which a claim must be delivered.
    pub filing_days: u32,
    /// Youngest age of its services.
    pub min_age: Option<u32>,
    /// Members of a hundred who come for substance use.
    pub substance_use: u32,
    /// What is done in visits.
    pub activity: Weighted,
    /// Where, when it is in person.
    pub setting: Weighted,
    /// How.
    pub mode: Weighted,
    /// Its groups; none, when it does not pay for them.
    pub group: Option<Groups>,
    /// A place where it does not pay.
    pub wrong_setting: String,
    /// A mode that it does not pay for.
    pub wrong_mode: Option<String>,
    /// Length of a visit that is over a limit, in minutes.
    pub long_minutes: u32,
    /// Flaws that its rules do not know.
    pub without: Vec<Flaw>,
}

/// A time zone by its IANA name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct LocalZone(Tz);

impl LocalZone {
    /// The zone.
    pub const fn tz(self) -> Tz {
        self.0
    }
}

impl TryFrom<String> for LocalZone {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse().map(Self).map_err(|_| format!("there is no zone {name}"))
    }
}

/// A key and a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The key.
    pub key: String,
    /// The name.
    pub name: String,
}

/// The first organization of a shape; those that follow are named by chance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstOrganization {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// How its references begin.
    pub prefix: String,
    /// Whom a payer calls.
    pub contact: String,
    /// The area code of its telephone.
    pub area: String,
    /// Its street address.
    pub street: String,
    /// Its city.
    pub city: String,
    /// Its state, which is also the state of its peers' certificates.
    pub state: String,
    /// Its ZIP code.
    pub zip: String,
}

/// When a payer wants an authorization.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// For what.
    pub need: NeedKind,
    /// Units of a calendar year before it is needed.
    #[serde(default)]
    pub free_units: u32,
    /// How its numbers begin.
    pub prefix: String,
    /// Services that it is given for.
    pub services: String,
}

/// What the groups of a payer are like.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// Where they are.
    pub setting: Weighted,
    /// Most people present.
    pub max_size: u32,
    /// Most people present for each peer who leads.
    pub members_per_peer: Option<u32>,
    /// Whether members who come for substance use may be in one.
    pub substance_use: bool,
}

/// For what an authorization is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// For units above the free ones.
    After,
    /// For every unit of a substance-use service.
    SubstanceUse,
}

/// Texts, each taken as often as its weight says. Kept in order of the text, so that the same throw
/// takes the same one everywhere.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "BTreeMap<String, u32>")]
pub struct Weighted {
    items: Vec<(String, u32)>,
    total: u32,
}

impl From<BTreeMap<String, u32>> for Weighted {
    fn from(map: BTreeMap<String, u32>) -> Self {
        let total = map.values().sum();
        Self { items: map.into_iter().collect(), total }
    }
}

impl Weighted {
    /// One of them.
    pub fn pick(&self, dice: &mut Dice) -> &str {
        let mut left = dice.below(self.total);
        for (text, weight) in &self.items {
            if left < *weight {
                return text;
            }
            left -= weight;
        }
        ""
    }
}

impl World {
    /// The world that the program carries.
    pub fn carried() -> Result<Self, SynthError> {
        toml::from_str(carried::WORLD).map_err(|e| SynthError::World(e.to_string()))
    }
}

/// A pack or a contract by the name that the world calls it.
pub fn document(name: &str) -> Result<&'static str, SynthError> {
    let found = carried::DOCUMENTS.iter().find(|(of, _)| *of == name);
    found.map(|(_, text)| *text).ok_or_else(|| SynthError::World(format!("there is no {name}")))
}

#[cfg(test)]
mod tests {
    use super::super::dice::About;
    use super::super::groups::MOST_BILLED;
    use super::*;

    #[test]
    fn the_world_is_whole() {
        let world = World::carried().unwrap();
        assert!(!world.first_names.is_empty() && !world.last_names.is_empty());
        assert!(!world.streets.is_empty() && !world.units.is_empty());
        for shape in &world.shapes {
            assert!(document(&shape.pack).is_ok() && document(&shape.contract).is_ok());
            assert!(!shape.towns.is_empty() && shape.activity.total > 0);
            let mode = shape.wrong_mode.is_some();
            assert_eq!(mode, !shape.without.contains(&Flaw::WrongMode), "{}", shape.payer.key);
            let ratio = shape.group.as_ref().is_some_and(|g| g.members_per_peer.is_some());
            assert_eq!(ratio, !shape.without.contains(&Flaw::GroupRatio), "{}", shape.payer.key);
            assert!(shape.group.as_ref().is_none_or(|g| g.max_size > MOST_BILLED));
            let age = shape.min_age.is_some();
            assert_eq!(age, !shape.without.contains(&Flaw::TooYoung), "{}", shape.payer.key);
        }
    }

    #[test]
    fn weights_are_kept() {
        let weighted = Weighted::from(BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 3)]));
        let mut dice = Dice::of(1, About::Visit, 0, 0);
        let many = (0..4_000).filter(|_| weighted.pick(&mut dice) == "b").count();
        assert!((2_800..3_200).contains(&many), "{many}");
    }
}
