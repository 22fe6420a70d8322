//! What the utilization report counts in a group (`docs/reports.md` has the columns).

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::cells::Sums;
use super::utilization::Perspective;
use crate::domain::money::Money;

/// What is counted in a group.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measures {
    /// Different people.
    pub members: i64,
    /// Visits by status.
    pub encounters: Encounters,
    /// Units by status of their lines.
    pub units: Units,
    /// Minutes of contact.
    pub contact_minutes: i64,
    /// Hours of contact, two places.
    pub contact_hours: Decimal,
    /// Units for each person, two places; none without people.
    pub units_per_member: Option<Decimal>,
    /// Charges on released live claims.
    pub billed: Money,
    /// What the contract should pay for those.
    pub expected: Money,
    /// Needs remittances: always none here.
    pub paid: Option<Money>,
}

/// Visits by status. For a payer all of them are submitted ones.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Encounters {
    /// All but voided.
    pub recorded: i64,
    /// Can be claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<i64>,
    /// Wait for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<i64>,
    /// Never claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_billable: Option<i64>,
    /// On a claim that is not released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<i64>,
    /// On a released claim.
    pub submitted: i64,
}

/// Units by status of their lines. Of several lengths they are no number: then all of them are null where
/// they are told, and only what is sent is held against claim lines.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// Of all lines that count; for a payer, of released claims.
    pub recorded: i64,
    /// Can be claimed.
    pub ready: Option<i64>,
    /// Wait for a person.
    pub held: Option<i64>,
    /// On a claim that is not released.
    pub claimed: Option<i64>,
    /// On a released claim.
    pub submitted: i64,
    /// Whether they are of several lengths.
    pub mixed: bool,
}

impl Units {
    /// A number of them as it is told.
    pub fn told(&self, units: i64) -> Option<i64> {
        (!self.mixed).then_some(units)
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("recorded", &self.told(self.recorded))?;
        for (name, own) in [("ready", self.ready), ("held", self.held), ("claimed", self.claimed)] {
            if let Some(units) = own {
                map.serialize_entry(name, &self.told(units))?;
            }
        }
        map.serialize_entry("submitted", &self.told(self.submitted))?;
        map.end()
    }
}

/// The measures of a group from its sums.
pub(super) fn measures(sums: &Sums, perspective: Perspective) -> Measures {
    let c = &sums.counts;
    let own = |count: i64| (perspective == Perspective::Organization).then_some(count);
    let of_payer = perspective == Perspective::Payer;
    let pick = |all: i64, sent: i64| if of_payer { sent } else { all };
    let recorded = c.units_ready + c.units_held + c.units_claimed + c.units_submitted;
    let encounters = Encounters {
        recorded: pick(c.recorded, c.sent),
        ready: own(c.ready),
        held: own(c.held),
        non_billable: own(c.non_billable),
        claimed: own(c.claimed),
        submitted: pick(c.submitted, c.sent),
    };
    let units = Units {
        recorded: pick(recorded, c.sent_units),
        ready: own(c.units_ready),
        held: own(c.units_held),
        claimed: own(c.units_claimed),
        submitted: pick(c.units_submitted, c.sent_units),
        mixed: sums.mixed,
    };
    let minutes = pick(c.minutes, c.sent_minutes);
    Measures {
        members: sums.members,
        contact_minutes: minutes,
        contact_hours: ratio(minutes, 60).unwrap_or_default(),
        units_per_member: units.told(units.recorded).and_then(|all| ratio(all, sums.members)),
        encounters,
        units,
        billed: Money::from_cents(c.sent_charge),
        expected: Money::from_cents(c.sent_expected),
        paid: None,
    }
}

/// A share with two places; none of nothing.
pub(super) fn ratio(top: i64, bottom: i64) -> Option<Decimal> {
    Decimal::from(top).checked_div(Decimal::from(bottom)).map(|d| {
        let mut d = d.round_dp_with_strategy(2, MidpointAwayFromZero);
        d.rescale(2);
        d
    })
}
