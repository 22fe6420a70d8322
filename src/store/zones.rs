//! The zones in which an organization was, one after the other: a moment is on the day that it was where the
//! organization was then, wherever it is now (`docs/adr/0146`).

use chrono::NaiveDate;
use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::report_facts::zone;
use super::schema::past_zones;
use super::types;
use crate::domain::dates::{Instant, Zone};
use crate::domain::ids::OrganizationId;

/// The zones of an organization.
#[derive(Debug, Clone)]
pub struct Zones {
    /// Those that it has left, with the time up to which it was in them, rising.
    left: Vec<(Instant, Zone)>,
    now: Zone,
}

impl Zones {
    /// Reads them.
    pub fn of(conn: &mut Conn, organization: OrganizationId) -> Result<Self, StoreError> {
        let rows: Vec<(chrono::NaiveDateTime, String)> = past_zones::table
            .filter(past_zones::organization_id.eq(organization.as_i64()))
            .order(past_zones::known_to)
            .select((past_zones::known_to, past_zones::zone))
            .load(conn)?;
        let mut left = Vec::with_capacity(rows.len());
        for (known_to, name) in rows {
            let zone = types::read("past_zones.zone", name)?;
            left.push((Instant::from_naive(known_to), zone));
        }
        Ok(Self { left, now: zone(conn, organization)? })
    }

    /// The zone at a time.
    pub fn at(&self, time: Instant) -> Zone {
        let mut later = self.left.iter().filter(|(known_to, _)| time < *known_to);
        later.next().map_or(self.now, |(_, zone)| *zone)
    }

    /// The day of a moment, where the organization was then.
    pub fn date_of(&self, time: Instant) -> NaiveDate {
        self.at(time).date_of(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_on_the_day_of_where_the_organization_was() {
        let at = |text: &str| Instant::parse(text).unwrap();
        let zone = |text: &str| Zone::parse(text).unwrap();
        let left = vec![
            (at("2026-07-10T00:00:00Z"), zone("America/Los_Angeles")),
            (at("2026-08-10T00:00:00Z"), zone("Pacific/Guam")),
        ];
        let zones = Zones { left, now: zone("America/New_York") };
        // Six in the evening on Guam is eight in the morning of the same day in UTC.
        for (time, day) in [
            ("2026-07-02T03:00:00Z", "2026-07-01"),
            ("2026-07-09T23:59:59Z", "2026-07-09"),
            ("2026-07-10T00:00:00Z", "2026-07-10"),
            ("2026-07-20T15:00:00Z", "2026-07-21"),
            ("2026-08-11T03:00:00Z", "2026-08-10"),
        ] {
            assert_eq!(zones.date_of(at(time)).to_string(), day, "{time}");
        }
    }
}
