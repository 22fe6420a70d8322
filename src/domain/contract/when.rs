//! When something of a pack applies to a visit: each list that is given must have what the visit is
//! (RK02, RK07, RK09, RK63).

use serde::{Deserialize, Serialize};

use super::node::Value;
use super::reader::Reader;
use super::table::Table;
use crate::domain::codes::{DiagnosisClass, Mode, Role, Setting};
use crate::domain::identifiers::Key;

/// What a visit must be. Empty lists ask for nothing; of a list one is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The class of the principal diagnosis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnosis_classes: Vec<DiagnosisClass>,
    /// The organization's program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<Key>,
    /// The product line of the billed coverage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<Key>,
    /// The mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Mode>,
    /// The setting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// The role of the peer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// A certificate of the pack's state that the peer holds on the service date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Key>,
    /// An episode or package that the member is in on the service date (RK29).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub episodes: Vec<Key>,
    /// Whether it is a part of a group session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<bool>,
    /// Whether the member was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_present: Option<bool>,
}

/// Keys of a `when` table.
pub(super) const KEYS: &[&str] = &[
    "diagnosis_classes",
    "programs",
    "products",
    "modes",
    "settings",
    "roles",
    "certificates",
    "episodes",
    "group",
    "member_present",
];

impl When {
    /// Whether it asks for nothing.
    pub fn is_always(&self) -> bool {
        self.asked() == 0
    }

    /// How many things it asks for: what asks for more is meant for fewer visits.
    pub fn asked(&self) -> usize {
        let Self {
            diagnosis_classes,
            programs,
            products,
            modes,
            settings,
            roles,
            certificates,
            episodes,
            group,
            member_present,
        } = self;
        let asked = [
            !diagnosis_classes.is_empty(),
            !programs.is_empty(),
            !products.is_empty(),
            !modes.is_empty(),
            !settings.is_empty(),
            !roles.is_empty(),
            !certificates.is_empty(),
            !episodes.is_empty(),
            group.is_some(),
            member_present.is_some(),
        ];
        asked.into_iter().filter(|asks| *asks).count()
    }
}

/// The `when` of a table; nothing is asked for without one.
pub(super) fn read_when(r: &mut Reader, table: &Table<'_>) -> Option<When> {
    let Some(spot) = table.get("when") else { return Some(When::default()) };
    let at = spot.table(r, KEYS)?;
    let flag = |r: &mut Reader, key: &str| match at.get(key) {
        Some(spot) => spot.bool(r).map(Some),
        None => Some(None),
    };
    let (group, member_present) = (flag(r, "group"), flag(r, "member_present"));
    let when = When {
        diagnosis_classes: at.values(r, "diagnosis_classes"),
        programs: at.values(r, "programs"),
        products: at.values(r, "products"),
        modes: at.values(r, "modes"),
        settings: at.values(r, "settings"),
        roles: at.values(r, "roles"),
        certificates: at.values(r, "certificates"),
        episodes: at.values(r, "episodes"),
        group: group?,
        member_present: member_present?,
    };
    let (bare, named) = match &spot.node.value {
        Value::Table(entries) => (entries.is_empty(), KEYS.iter().any(|k| at.get(k).is_some())),
        _ => (false, false),
    };
    if when.is_always() && (bare || named) {
        spot.refuse(r, "this asks for nothing; name what the visit must be, or leave it out");
    }
    Some(when)
}
