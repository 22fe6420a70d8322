//! The groups of one level of a grouping, found by their keys.
//!
//! The cells of packed days come in order of organization, day, payer and service, so that most cells
//! belong to the group of the cell before: that one is looked at first, and the table of all groups
//! only when it is another.

use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::report::bits::Bits;
use crate::domain::report::day::Counts;

/// Keys with their places, in the order in which they came up. The last one is remembered.
#[derive(Debug)]
struct Places<K> {
    all: HashMap<K, usize>,
    last: Option<(K, usize)>,
}

/// Groups, in the order in which they came up.
#[derive(Debug)]
pub struct Slots<K> {
    places: Places<K>,
    groups: Vec<Group>,
}

/// What is counted in a group.
#[derive(Debug, Default)]
pub struct Group {
    /// Sums.
    pub counts: Counts,
    /// Lengths of its units.
    pub unit_minutes: UnitMinutes,
    /// Different people of each world: small numbers are of one roster, or of one payer.
    worlds: Places<i64>,
    people: Vec<Bits>,
}

/// Lengths of units: the first one, and whether there are others. Units of several lengths are not one
/// number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitMinutes(Option<u32>, bool);

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self { all: HashMap::new(), last: None }
    }
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// What stands at the place of a key in `things`; a new one where the key was not there.
    fn of<'l, T: Default>(&mut self, key: K, things: &'l mut Vec<T>) -> Option<&'l mut T> {
        let place = match self.last {
            Some((last, place)) if last == key => place,
            _ => *self.all.entry(key).or_insert(things.len()),
        };
        self.last = Some((key, place));
        if place == things.len() {
            things.push(T::default());
        }
        things.get_mut(place)
    }
}

impl<K> Default for Slots<K> {
    fn default() -> Self {
        Self { places: Places::default(), groups: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash> Slots<K> {
    /// Gives the group of a key to `add`; a new one where there is none.
    pub fn with(&mut self, key: K, add: impl FnOnce(&mut Group)) {
        if let Some(group) = self.places.of(key, &mut self.groups) {
            add(group);
        }
    }

    /// The groups with their keys, in the order in which they came up.
    pub fn into_groups(self) -> impl Iterator<Item = (K, Group)> {
        let mut keys: Vec<(usize, K)> = self.places.all.into_iter().map(|(k, p)| (p, k)).collect();
        keys.sort_unstable_by_key(|(place, _)| *place);
        keys.into_iter().map(|(_, key)| key).zip(self.groups)
    }
}

impl Group {
    /// Adds people of a world, by their small numbers, which rise.
    pub fn people(&mut self, world: i64, rising: &[u32]) {
        if let Some(bits) = self.worlds.of(world, &mut self.people) {
            bits.add(rising);
        }
    }

    /// How many different people there are.
    pub fn members(&self) -> i64 {
        self.people.iter().map(Bits::count).sum()
    }
}

impl UnitMinutes {
    /// Adds lengths.
    pub fn extend(&mut self, minutes: &[u32]) {
        for length in minutes {
            self.1 |= self.0.is_some_and(|first| first != *length);
            self.0.get_or_insert(*length);
        }
    }

    /// Whether there are several.
    pub fn mixed(&self) -> bool {
        self.1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// Visits, people and lengths of a key, counted slowly.
    type Slow = (i64, BTreeSet<(i64, u32)>, BTreeSet<u32>);

    /// A cell: key, world, people, lengths.
    type Cell = (u8, i64, BTreeSet<u32>, Vec<u32>);

    proptest! {
        #[test]
        fn groups_are_what_a_slow_count_of_the_same_cells_says(cells in proptest::collection::vec(
            (0u8..4, 0i64..3, proptest::collection::btree_set(0u32..200, 0..6),
             proptest::collection::vec(prop_oneof![Just(15u32), Just(30)], 0..3)), 0..40)) {
            let cells: Vec<Cell> = cells;
            let mut slots = Slots::default();
            let mut slow: BTreeMap<u8, Slow> = BTreeMap::new();
            for (key, world, people, lengths) in &cells {
                let rising: Vec<u32> = people.iter().copied().collect();
                slots.with(*key, |group| {
                    group.counts.add(Counts { recorded: 1, ..Counts::default() });
                    group.people(*world, &rising);
                    group.unit_minutes.extend(lengths);
                });
                let sum = slow.entry(*key).or_default();
                sum.0 += 1;
                sum.1.extend(people.iter().map(|p| (*world, *p)));
                sum.2.extend(lengths);
            }
            let fast: BTreeMap<u8, (i64, i64, bool)> = slots
                .into_groups()
                .map(|(k, g)| (k, (g.counts.recorded, g.members(), g.unit_minutes.mixed())))
                .collect();
            let slow: BTreeMap<u8, (i64, i64, bool)> = slow
                .into_iter()
                .map(|(k, s)| (k, (s.0, i64::try_from(s.1.len()).unwrap(), s.2.len() > 1)))
                .collect();
            prop_assert_eq!(fast, slow);
        }
    }
}
