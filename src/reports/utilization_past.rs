//! Utilization of a time that has passed, or by the date of the first release: from what was known of each
//! visit, which packed days do not keep. It comes out as it did when that time was the present.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::cells::{Dimension, Groups, Place, Sums};
use super::frame::Asked;
use super::tally::{Tally, visits};
use super::utilization::Perspective;
use crate::domain::dates::{Instant, year_month};
use crate::store::report_facts::Known;
use crate::store::{self, Conn, StoreError};

/// The groups of each depth, 0 (all together) first.
pub(super) fn groups(
    conn: &mut Conn,
    asked: &Asked,
    as_of: Instant,
) -> Result<Vec<Groups>, StoreError> {
    let by = asked.group_by.as_slice();
    let hides = asked.lens.edition == Perspective::Payer && by.contains(&Dimension::Program);
    let shared = if hides { store::report_days::shared_programs(conn)? } else { BTreeSet::new() };
    let mut levels: Vec<BTreeMap<Place, Tally>> = (0..=by.len()).map(|_| BTreeMap::new()).collect();
    visits(conn, asked, as_of, |date, known| {
        let program = known.fact.program.as_ref();
        // A payer is told of the state's programs, and not of sites and grants.
        let told = |key: &&String| !hides || shared.contains(&(known.organization, (*key).clone()));
        let program = program.filter(told);
        for (depth, level) in levels.iter_mut().enumerate() {
            let by = by.get(..depth).unwrap_or_default();
            let place = place(by, date, known, program);
            level.entry(place).or_default().add(&asked.lens, known);
        }
    })?;
    let sums = |tally: Tally| Sums {
        members: tally.members(),
        mixed: tally.lengths.mixed(),
        counts: tally.counts,
    };
    let level = |level: BTreeMap<Place, Tally>| {
        level.into_iter().map(|(place, tally)| (place, sums(tally))).collect()
    };
    Ok(levels.into_iter().map(level).collect())
}

fn place(by: &[Dimension], date: NaiveDate, known: &Known, program: Option<&String>) -> Place {
    let (mut place, fact) = (Place::default(), &known.fact);
    for dimension in by {
        match dimension {
            Dimension::Month => place.month = Some(year_month(date)),
            Dimension::Organization => place.organization_id = Some(known.organization),
            Dimension::Service => place.service.clone_from(&fact.service),
            Dimension::Role => place.role = Some(fact.role.clone()),
            Dimension::Mode => place.mode = Some(fact.mode.clone()),
            Dimension::Setting => place.setting = Some(fact.setting.clone()),
            Dimension::Program => place.program = program.cloned(),
        }
    }
    place
}
