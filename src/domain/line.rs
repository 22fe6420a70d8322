//! A decision line as stored: what can be claimed, with the status that moves.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::codes::{Modifier, PlaceOfService, ProcedureCode};
use super::decision::{Decision, LineAnswer};
use super::identifiers::Key;
use super::ids::{AuthorizationId, DecisionId, EncounterId, LineId, MemberId, PayerId};
use super::money::Money;
use super::status::LineStatus;

/// One line of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Our id.
    pub id: LineId,
    /// Its encounter.
    pub encounter: EncounterId,
    /// Its decision.
    pub decision: DecisionId,
    /// 1 first.
    pub ordinal: i32,
    /// Where it stands.
    pub status: LineStatus,
    /// Whose visit it was when it was decided.
    pub member: MemberId,
    /// Who would be billed.
    pub payer: Option<PayerId>,
    /// The service of the contract.
    pub service: Key,
    /// The service date.
    pub service_date: NaiveDate,
    /// Procedure.
    pub procedure: ProcedureCode,
    /// Modifiers in order.
    pub modifiers: Vec<Modifier>,
    /// Place of service.
    pub place: PlaceOfService,
    /// Units; 0 only of a visit that rides on its day's line.
    pub units: u32,
    /// Charge for a unit.
    pub unit_charge: Option<Decimal>,
    /// The contract's allowance for a unit.
    pub unit_rate: Option<Decimal>,
    /// Charge of the line.
    pub charge: Money,
    /// What the contract should pay for it.
    pub expected: Money,
    /// The authorization drawn on.
    pub authorization: Option<AuthorizationId>,
    /// How many of the units need it.
    pub authorized_units: u32,
}

impl Line {
    /// What the member pays of it besides a share of each unit: what its charge and rate make less what
    /// is expected.
    pub fn flat_share(&self) -> Money {
        let made = |amount: Option<Decimal>| amount.and_then(|a| Money::of_units(a, self.units));
        let worth = made(self.unit_rate).unwrap_or_default().min(self.charge);
        (worth - self.expected).max(Money::ZERO)
    }
}

/// The lines of a decision as they are first stored.
pub fn lines_of(
    decision: &Decision,
    decision_id: DecisionId,
    encounter: EncounterId,
    member: MemberId,
    payer: Option<PayerId>,
    mut id: impl FnMut() -> LineId,
) -> Vec<Line> {
    let Some(service) = &decision.service else {
        return Vec::new();
    };
    decision
        .lines
        .iter()
        .zip(1..)
        .map(|(line, ordinal)| Line {
            id: id(),
            encounter,
            decision: decision_id,
            ordinal,
            status: match line.answer {
                LineAnswer::Ready => LineStatus::Ready,
                LineAnswer::Held => LineStatus::Held,
            },
            member,
            payer,
            service: service.clone(),
            service_date: decision.service_date,
            procedure: line.procedure.clone(),
            modifiers: line.modifiers.clone(),
            place: line.place.clone(),
            units: line.units,
            unit_charge: line.unit_charge,
            unit_rate: line.unit_rate,
            charge: line.charge,
            expected: line.expected,
            authorization: line.authorization.as_ref().map(|d| d.id),
            authorized_units: line.authorization.as_ref().map_or(0, |d| d.units),
        })
        .collect()
}
