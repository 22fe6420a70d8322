//! Limits: how many units, in which days, of whom, and what happens beyond (RK19 to RK24).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::condition::Wanted;
use super::in_force::InForce;
use super::layer::{Direction, Layer};
use super::source_of::SourceOf;
use super::when::When;
use crate::domain::codes::{Mode, Modifier};
use crate::domain::facts::How;
use crate::domain::finding::Authority;
use crate::domain::identifiers::Key;
use crate::domain::text::code_list;
use crate::domain::windows::Window;

/// A quantity limit (RK19, RK21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Short name.
    pub key: Key,
    /// Services counted together.
    pub services: Vec<Key>,
    /// Units allowed in a window; an exact decimal (RK23).
    pub units: Decimal,
    /// The hours that the pack names in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Decimal>,
    /// The window.
    #[serde(flatten)]
    pub window: Window,
    /// Whose units are counted together.
    #[serde(default, skip_serializing_if = "LimitScope::is_default")]
    pub scope: LimitScope,
    /// Lines with one of these modifiers are counted and limited; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// Lines of a visit in one of these modes are counted and limited; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Mode>,
    /// It is looked at for these visits; all units of its services and window count (RK29).
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// On which service dates it is looked at (RK32). All units of its window count.
    #[serde(default, skip_serializing_if = "InForce::is_always")]
    pub days: InForce,
    /// What happens over the limit.
    pub exceed: Exceed,
    /// The documents of which one shows that the excess is necessary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub necessity: Vec<Wanted>,
    /// The layer around this one (RK31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// How an agreement may change its units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Direction>,
    /// Where it is written.
    pub source: Authority,
    /// Where single values are written instead.
    #[serde(default, skip_serializing_if = "SourceOf::is_empty")]
    pub source_of: SourceOf,
}

code_list!(
    /// Whose units a limit counts together (RK22; `docs/adr/0011-whose-units-a-limit-counts.md`).
    #[derive(Default)]
    LimitScope, "a scope" {
        /// What this organization gave to the payer's member.
        #[default]
        MemberAndOrganization = "member_and_organization",
        /// What anybody gave to the payer's member: counted across organizations.
        Member = "member",
        /// What one peer of the organization gave to all members of the payer.
        Peer = "peer",
    }
);

impl LimitScope {
    /// Whether it is what a pack means that says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

code_list!(
    /// What happens over a limit (RK24).
    Exceed, "an answer to excess" {
        /// All of the encounter is held.
        Hold = "hold",
        /// The first units are billed, the rest is held.
        BillUpTo = "bill_up_to",
        /// Only the excess needs an authorization.
        Authorization = "authorization",
        /// Only the excess needs a document that shows its necessity.
        Necessity = "necessity",
        /// As `hold`, and nothing can lift it.
        Never = "never",
    }
);

impl Limit {
    /// Whether lines of the service with these modifiers and mode are counted and limited. Units
    /// whose modifiers and mode are not known (usage from before go-live) count, so that nothing is
    /// exceeded.
    pub fn counts(&self, service: &Key, how: Option<&How>) -> bool {
        let fits = |how: &How| {
            let modifiers = &self.modifiers;
            (modifiers.is_empty() || how.modifiers.iter().any(|m| modifiers.contains(m)))
                && (self.modes.is_empty() || self.modes.contains(&how.mode))
        };
        self.services.contains(service) && how.is_none_or(fits)
    }
}
