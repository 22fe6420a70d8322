//! Visits of a day whose minutes are summed before they are rounded (`docs/definitions.md`
//! section 3, "Sum before rounding").
//!
//! The day's units are one pool; in order of start each visit gets the increment that it causes.
//! What the pool is drawn on (free units first, then authorizations) is dealt out in the same
//! order, so that a visit that arrives late moves the increments and not what accounts hold.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::codes::{Modifier, PlaceOfService};
use super::contract::Rounding;
use super::dates::Instant;
use super::identifiers::{AuthorizationNumber, Key, MemberNumber};
use super::ids::{AuthorizationId, EncounterId, MemberId, PayerId, PeerId};
use super::text::code_list;
use super::units::units;

/// Which visits are summed: those with an equal value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SumKey {
    /// The member.
    pub member: MemberId,
    /// The service date.
    pub date: NaiveDate,
    /// Coverage, service with modifiers, place, billing location and peer, if it is of one, as one text.
    pub rest: String,
}

/// What a [`SumKey`] is made of, besides member and date.
#[derive(Debug, Clone, Copy)]
pub struct SumParts<'a> {
    /// Payer of the coverage.
    pub payer: PayerId,
    /// Member number of the coverage.
    pub number: &'a MemberNumber,
    /// The service of the contract.
    pub service: &'a Key,
    /// Its modifiers with those of the mode.
    pub modifiers: &'a [Modifier],
    /// Place of service.
    pub place: &'a PlaceOfService,
    /// The location that bills.
    pub location: &'a Key,
    /// The peer; none where the visits of all are summed.
    pub peer: Option<PeerId>,
}

impl SumKey {
    /// Puts a key together.
    pub fn new(member: MemberId, date: NaiveDate, parts: SumParts<'_>) -> Self {
        let modifiers: Vec<&str> = parts.modifiers.iter().map(Modifier::as_str).collect();
        let rest = format!(
            "{}|{}|{}|{}|{}|{}|{}",
            parts.payer,
            parts.number,
            parts.service,
            modifiers.join(":"),
            parts.place,
            parts.location,
            parts.peer.map(|peer| peer.to_string()).unwrap_or_default()
        );
        Self { member, date, rest }
    }
}

/// How minutes become units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Minutes of a unit.
    pub unit_minutes: u32,
    /// The rounding.
    pub rounding: Rounding,
    /// Fewest minutes below which there is no unit (RK13); 0: any.
    pub min_minutes: u32,
}

impl Measure {
    /// Units in these minutes.
    pub fn units(self, minutes: u32) -> u32 {
        if minutes < self.min_minutes {
            return 0;
        }
        units(minutes, self.unit_minutes, self.rounding)
    }
}

/// Units of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// How many.
    pub units: u32,
    /// The authorization that they draw on; none for units that need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Named>,
}

/// An authorization by id and number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Our id.
    pub id: AuthorizationId,
    /// The payer's number.
    pub number: AuthorizationNumber,
}

code_list!(
    /// How another visit of the day stands to the sum.
    SummedState, "a state of a summed visit" {
        /// Its minutes are in the sum.
        Counted = "counted",
        /// It is on a live claim, and so is the day.
        Claimed = "claimed",
        /// It makes no unit alone, and overlaps in time with a visit that counts.
        LeftOut = "left_out",
    }
);

/// Another visit of the day, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummedVisit {
    /// Its id.
    pub encounter: EncounterId,
    /// Start.
    pub started_at: Instant,
    /// Whole minutes.
    pub minutes: u32,
    /// How it stands to the sum.
    pub state: SummedState,
    /// Its ready units.
    pub ready: Vec<Piece>,
    /// Its held units.
    pub held: u32,
}

/// The day as a decision finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayFact {
    /// The other visits of the sum, in order of start.
    pub others: Vec<SummedVisit>,
    /// What the visit itself held before it is decided again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<Piece>,
    /// The sum as another visit's decision left it: then this visit's share is told, not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dealt: Option<DaySum>,
}

/// The day as a decision leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySum {
    /// Minutes of all its visits.
    pub minutes: u32,
    /// Units that they make, held ones included.
    pub units: u32,
    /// Its visits in order of start.
    pub visits: Vec<Share>,
}

/// A visit's share of the day's units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Whose; none: of the visit that the decision is about.
    pub encounter: Option<EncounterId>,
    /// Start.
    pub started_at: Instant,
    /// Whole minutes.
    pub minutes: u32,
    /// The increment that it causes; empty when it only rides on the day's line.
    pub ready: Vec<Piece>,
    /// Units beyond a limit or an authorization, which wait.
    pub held: u32,
}

impl DaySum {
    /// The share of the visit that the decision is about; none when it is left out.
    pub fn own(&self) -> Option<&Share> {
        self.visits.iter().find(|v| v.encounter.is_none())
    }

    /// The same sum as a decision about `encounter` tells it.
    pub fn told_of(&self, encounter: EncounterId) -> Self {
        let mut sum = self.clone();
        for visit in &mut sum.visits {
            visit.encounter = visit.encounter.filter(|id| *id != encounter);
        }
        sum
    }
}

/// Units of pieces.
pub fn sum(pieces: &[Piece]) -> u32 {
    pieces.iter().fold(0, |sum, p| sum.saturating_add(p.units))
}

/// Keeps the first `count` units of a pool.
pub fn keep(pool: &mut Vec<Piece>, count: u32) {
    let mut left = count;
    for piece in pool.iter_mut() {
        piece.units = piece.units.min(left);
        left = left.saturating_sub(piece.units);
    }
    pool.retain(|p| p.units > 0);
}

/// Deals `pool` out to `visits`, whose `ready` is not looked at: in order of start each gets the
/// increment that it causes, as far as the pool reaches. What it does not reach is held: by whom it
/// was held before, those who start last first.
pub fn deal(mut visits: Vec<Share>, pool: Vec<Piece>, measure: Measure) -> DaySum {
    visits.sort_by_key(|v| (v.started_at, v.encounter.is_none(), v.encounter));
    let minutes = visits.iter().fold(0u32, |sum, v| sum.saturating_add(v.minutes));
    let units = measure.units(minutes);
    let reach = sum(&pool);
    let mut pool = pool.into_iter();
    let mut piece = pool.next();
    let (mut passed, mut dealt) = (0u32, 0u32);
    for visit in &mut visits {
        passed = passed.saturating_add(visit.minutes);
        let until = measure.units(passed).min(reach);
        let mut share = until.saturating_sub(dealt);
        dealt = dealt.max(until);
        visit.ready.clear();
        while share > 0 {
            let Some(from) = piece.as_mut() else { break };
            let taken = share.min(from.units);
            share = share.saturating_sub(taken);
            from.units = from.units.saturating_sub(taken);
            let authorization = from.authorization.clone();
            if taken > 0 {
                visit.ready.push(Piece { units: taken, authorization });
            }
            if from.units == 0 {
                piece = pool.next();
            }
        }
    }
    hold(&mut visits, units.saturating_sub(reach));
    DaySum { minutes, units, visits }
}

/// Lets the visits hold `excess` units: each no more than before, the last first; what is left
/// then, by the last.
fn hold(visits: &mut [Share], excess: u32) {
    let mut left = excess;
    for visit in visits.iter_mut().rev() {
        visit.held = visit.held.min(left);
        left = left.saturating_sub(visit.held);
    }
    if let Some(last) = visits.last_mut() {
        last.held = last.held.saturating_add(left);
    }
}

#[cfg(test)]
#[path = "day_sum_tests.rs"]
mod tests;
