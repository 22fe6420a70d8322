//! The sums of one organization's day, by everything that reports group by, packed into bytes.
//!
//! A cell also lists its people by small numbers, so that different people are counted exactly at any
//! level and over any days: a union of bits, not a pass over visits. Two lists, because who is one
//! person depends on who reads: an organization knows people by its roster, a payer by its numbers, of which
//! several may be one person's (`docs/adr/0140`).

use std::collections::{BTreeMap, BTreeSet};

use super::fact::Fact;
use crate::domain::status::EncounterStatus;

/// What is counted in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Visits that are not void.
    pub recorded: i64,
    /// Of them, those that can be claimed.
    pub ready: i64,
    /// Those that wait for a person.
    pub held: i64,
    /// Those that are never claimed.
    pub non_billable: i64,
    /// Those on a claim that is not released.
    pub claimed: i64,
    /// Those on a released claim.
    pub submitted: i64,
    /// Minutes of contact.
    pub minutes: i64,
    /// Units of ready lines.
    pub units_ready: i64,
    /// Units of held lines.
    pub units_held: i64,
    /// Units on claims that are not released.
    pub units_claimed: i64,
    /// Units on released claims, by the lines of decisions.
    pub units_submitted: i64,
    /// Visits that a released live claim states: all that a payer sees.
    pub sent: i64,
    /// Their minutes.
    pub sent_minutes: i64,
    /// Their units, by the claims.
    pub sent_units: i64,
    /// Their charges in cents.
    pub sent_charge: i64,
    /// What the contract should pay for them, in cents.
    pub sent_expected: i64,
}

impl Counts {
    /// Of one visit.
    pub fn of(fact: &Fact) -> Self {
        if !fact.counts() {
            return Self::default();
        }
        let is = |status: EncounterStatus| i64::from(fact.status == status);
        let billed = fact.billed.unwrap_or_default();
        let sent = i64::from(fact.billed.is_some());
        Self {
            recorded: 1,
            ready: is(EncounterStatus::Ready),
            held: is(EncounterStatus::Held),
            non_billable: is(EncounterStatus::NonBillable),
            claimed: is(EncounterStatus::Claimed),
            submitted: is(EncounterStatus::Submitted),
            minutes: fact.minutes,
            units_ready: fact.units.ready,
            units_held: fact.units.held,
            units_claimed: fact.units.claimed,
            units_submitted: fact.units.submitted,
            sent,
            sent_minutes: sent * fact.minutes,
            sent_units: billed.units,
            sent_charge: billed.charge,
            sent_expected: billed.expected,
        }
    }

    pub(super) fn list(&mut self) -> [&mut i64; 16] {
        [
            &mut self.recorded,
            &mut self.ready,
            &mut self.held,
            &mut self.non_billable,
            &mut self.claimed,
            &mut self.submitted,
            &mut self.minutes,
            &mut self.units_ready,
            &mut self.units_held,
            &mut self.units_claimed,
            &mut self.units_submitted,
            &mut self.sent,
            &mut self.sent_minutes,
            &mut self.sent_units,
            &mut self.sent_charge,
            &mut self.sent_expected,
        ]
    }

    /// Adds others.
    pub fn add(&mut self, mut other: Self) {
        for (sum, more) in self.list().into_iter().zip(other.list()) {
            *sum += *more;
        }
    }
}

/// Where a cell stands: texts are places in the day's list of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The payer; 0 for none.
    pub payer: i64,
    /// Service; none where the rules found none.
    pub service: Option<u32>,
    /// Role.
    pub role: u32,
    /// Mode.
    pub mode: u32,
    /// Setting.
    pub setting: u32,
    /// Program; none where the visit names none.
    pub program: Option<u32>,
}

/// The sums of one cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// Where it stands.
    pub place: Place,
    /// What is counted.
    pub counts: Counts,
    /// People on the roster, by their small numbers, rising.
    pub roster: Vec<u32>,
    /// People on released claims, by their small numbers at the payer, rising.
    pub people: Vec<u32>,
    /// Minutes of a unit of its lines, rising: units of several lengths are not one number.
    pub unit_minutes: Vec<u32>,
    /// The same of its released claims.
    pub sent_unit_minutes: Vec<u32>,
}

/// What the claim lines themselves say of the day: the other side of the reconciliation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Control {
    /// Whose.
    pub payer: i64,
    /// Units.
    pub units: i64,
    /// Cents charged.
    pub charge: i64,
    /// Cents expected.
    pub expected: i64,
}

/// A day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// Texts that places point to.
    pub texts: Vec<String>,
    /// By payer.
    pub control: Vec<Control>,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// A cell while it is filled.
#[derive(Default)]
struct Sums {
    counts: Counts,
    roster: BTreeSet<u32>,
    people: BTreeSet<u32>,
    unit_minutes: BTreeSet<u32>,
    sent_unit_minutes: BTreeSet<u32>,
}

/// Lengths of units as they are packed; none is longer than a day.
fn lengths(minutes: &[i64]) -> impl Iterator<Item = u32> + '_ {
    minutes.iter().filter_map(|minutes| u32::try_from(*minutes).ok())
}

type Key<'a> = (i64, Option<&'a str>, &'a str, &'a str, &'a str, Option<&'a str>);

impl Day {
    /// The day of these visits. `roster` and `people` give the small numbers of a visit's person.
    pub fn of(
        facts: &[&Fact],
        control: Vec<Control>,
        roster: impl Fn(&Fact) -> u32,
        people: impl Fn(&Fact) -> Option<u32>,
    ) -> Self {
        let mut cells: BTreeMap<Key, Sums> = BTreeMap::new();
        for fact in facts.iter().filter(|f| f.counts()) {
            let key = (
                fact.payer.unwrap_or(0),
                fact.service.as_deref(),
                fact.role.as_str(),
                fact.mode.as_str(),
                fact.setting.as_str(),
                fact.program.as_deref(),
            );
            let cell = cells.entry(key).or_default();
            cell.counts.add(Counts::of(fact));
            cell.roster.insert(roster(fact));
            cell.unit_minutes.extend(lengths(&fact.unit_minutes));
            cell.sent_unit_minutes.extend(lengths(&fact.billed_unit_minutes));
            if fact.billed.is_some() {
                cell.people.extend(people(fact));
            }
        }
        let mut day = Self { control, ..Self::default() };
        for (key, sums) in cells {
            let place = Place {
                payer: key.0,
                service: key.1.map(|text| day.text(text)),
                role: day.text(key.2),
                mode: day.text(key.3),
                setting: day.text(key.4),
                program: key.5.map(|text| day.text(text)),
            };
            day.cells.push(Cell {
                place,
                counts: sums.counts,
                roster: sums.roster.into_iter().collect(),
                people: sums.people.into_iter().collect(),
                unit_minutes: sums.unit_minutes.into_iter().collect(),
                sent_unit_minutes: sums.sent_unit_minutes.into_iter().collect(),
            });
        }
        day
    }

    /// The place of a text in the list, which has a few dozen at most.
    fn text(&mut self, text: &str) -> u32 {
        let place = self.texts.iter().position(|t| t == text).unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bits::Bits;
    use super::*;

    proptest! {
        #[test]
        fn bits_count_different_numbers(lists in proptest::collection::vec(
            proptest::collection::btree_set(0u32..3_000, 0..40), 0..8)) {
            let mut bits = Bits::default();
            for list in &lists {
                bits.add(&list.iter().copied().collect::<Vec<_>>());
            }
            let all: BTreeSet<u32> = lists.into_iter().flatten().collect();
            prop_assert_eq!(bits.count(), i64::try_from(all.len()).unwrap());
        }
    }

    #[test]
    fn a_visit_counts_as_what_it_is_and_a_void_one_as_nothing() {
        let fact = serde_json::json!({
            "member": 1, "peer": 2, "role": "peer_support", "mode": "video", "setting": "home",
            "status": "submitted", "minutes": 50, "recorded": "2026-07-01",
            "units": {"ready": 1, "held": 2, "claimed": 3, "submitted": 4},
            "open": {"ready": 100, "held": 200},
            "billed": {"units": 4, "charge": 8000, "expected": 7000},
        });
        let mut fact: Fact = serde_json::from_value(fact).unwrap();
        let sent = Counts::of(&fact);
        assert_eq!((sent.recorded, sent.minutes, sent.submitted, sent.ready), (1, 50, 1, 0));
        assert_eq!((sent.sent, sent.sent_minutes, sent.sent_units), (1, 50, 4));
        assert_eq!((sent.sent_charge, sent.sent_expected), (8000, 7000));
        fact.billed = None;
        let open = Counts::of(&fact);
        assert_eq!((open.recorded, open.sent, open.sent_minutes, open.sent_charge), (1, 0, 0, 0));
        fact.status = EncounterStatus::Void;
        assert_eq!(Counts::of(&fact), Counts::default());
    }

    #[test]
    fn a_day_comes_out_as_it_went_in_and_a_broken_one_is_told() {
        let place =
            Place { payer: 7, service: Some(0), role: 1, mode: 1, setting: 0, program: None };
        let counts =
            Counts { recorded: 3, minutes: 180, sent_charge: 1 << 40, ..Counts::default() };
        let day = Day {
            texts: vec!["home".into(), "peer".into()],
            control: vec![Control { payer: 7, units: 12, charge: 900, expected: 800 }],
            cells: vec![Cell {
                place,
                counts,
                roster: vec![0, 5, 900],
                people: vec![],
                unit_minutes: vec![15, 30],
                sent_unit_minutes: vec![15],
            }],
        };
        let bytes = day.pack();
        assert_eq!(Day::unpack(&bytes).unwrap(), day);
        for cut in 0..bytes.len() {
            assert!(Day::unpack(&bytes[..cut]).is_err());
        }
        let mut used = day.clone();
        used.cells[0].people = vec![1, 2, 3];
        used.cells.push(Cell::default());
        used.unpack_again(&bytes).unwrap();
        assert_eq!(used, day);
        let long = [bytes.as_slice(), &[0]].concat();
        assert!(Day::unpack(&long).is_err());
    }
}
