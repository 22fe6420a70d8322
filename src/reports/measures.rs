//! What the utilization report counts in a group (`docs/reports.md` has the columns).

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use serde::Serialize;

use super::utilization::{Perspective, Sums};
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

/// Units by status of their lines.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Units {
    /// Of all lines that count; for a payer, of released claims.
    pub recorded: i64,
    /// Can be claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<i64>,
    /// Wait for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<i64>,
    /// On a claim that is not released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<i64>,
    /// On a released claim.
    pub submitted: i64,
}

/// The measures of a group from its three sums.
pub(super) fn measures(sums: &Sums, perspective: Perspective) -> Measures {
    let own = |count: i64| (perspective == Perspective::Organization).then_some(count);
    let (mut encounters, mut units) = (Encounters::default(), Units::default());
    let (mut members, mut minutes) = (0, 0);
    if let Some(e) = &sums.encounters {
        (members, minutes) = (e.members, e.minutes);
        encounters = Encounters {
            recorded: e.recorded,
            ready: own(e.ready),
            held: own(e.held),
            non_billable: own(e.non_billable),
            claimed: own(e.claimed),
            submitted: e.submitted,
        };
    }
    let (billed_units, charge, expected) =
        sums.claims.as_ref().map_or((0, 0, 0), |c| (c.units, c.charge, c.expected));
    match (perspective, &sums.lines) {
        (Perspective::Payer, _) => {
            units = Units { recorded: billed_units, submitted: billed_units, ..Units::default() };
        }
        (Perspective::Organization, Some(l)) => {
            units = Units {
                recorded: l.recorded,
                ready: Some(l.ready),
                held: Some(l.held),
                claimed: Some(l.claimed),
                submitted: l.submitted,
            };
        }
        (Perspective::Organization, None) => {
            units = Units { ready: Some(0), held: Some(0), claimed: Some(0), ..units };
        }
    }
    let ratio = |top: i64, bottom: i64| {
        Decimal::from(top).checked_div(Decimal::from(bottom)).map(|d| {
            let mut d = d.round_dp_with_strategy(2, MidpointAwayFromZero);
            d.rescale(2);
            d
        })
    };
    Measures {
        members,
        contact_minutes: minutes,
        contact_hours: ratio(minutes, 60).unwrap_or_default(),
        units_per_member: ratio(units.recorded, members),
        encounters,
        units,
        billed: Money::from_cents(charge),
        expected: Money::from_cents(expected),
        paid: None,
    }
}
