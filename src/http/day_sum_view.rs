//! What the API says of the sum of a day's minutes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::day_sum::{DaySum, sum};
use crate::domain::ids::EncounterId;

/// The sum of a day's minutes: its visits are one claim line.
#[derive(Debug, Serialize, ToSchema)]
pub struct DaySumView {
    /// Minutes of all its visits.
    minutes: u32,
    /// Units that they make, held ones included.
    units: u32,
    /// Its visits in order of start; without this one when it is held.
    visits: Vec<ShareView>,
}

/// A visit's share of the day's units.
#[derive(Debug, Serialize, ToSchema)]
struct ShareView {
    /// The visit; null in a preview, for the visit itself.
    encounter: Option<String>,
    /// Whole minutes.
    minutes: u32,
    /// The increment that it causes; 0 when it rides on the day's line.
    units: u32,
    /// Units that wait.
    held_units: u32,
}

impl DaySumView {
    /// Of a decision about the encounter `own`; none in a preview.
    pub fn new(of: DaySum, own: Option<EncounterId>) -> Self {
        let visits = of.visits.into_iter().map(|v| ShareView {
            encounter: v.encounter.or(own).map(|id| id.to_string()),
            minutes: v.minutes,
            units: sum(&v.ready),
            held_units: v.held,
        });
        Self { minutes: of.minutes, units: of.units, visits: visits.collect() }
    }
}
