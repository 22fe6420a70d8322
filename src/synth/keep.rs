//! Exactly so many: which of the meetings that may take place do.
//!
//! Each meeting has a rank by chance; the N lowest take place. The N-th rank is found in two walks
//! through the year with a count for each of 65,536 ranges of ranks, so nothing grows with N but the
//! few ranks of one range.

use super::habits::Meeting;
use super::people::Population;

/// Bits of a rank that name its range.
const RANGE_BITS: u32 = 16;

/// The last rank that takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(u64);

impl Keep {
    /// Whether the meeting takes place.
    pub fn keeps(self, population: &Population, meeting: &Meeting) -> bool {
        meeting.rank(population) <= self.0
    }

    /// For exactly `wanted` meetings; none when there are not so many.
    pub fn exactly(population: &Population, wanted: u64) -> Option<Self> {
        let mut counts = vec![0u64; 1 << RANGE_BITS];
        walk(population, |rank| {
            if let Some(count) = counts.get_mut(range(rank)) {
                *count += 1;
            }
        });
        let mut before = 0;
        let at = counts.iter().position(|count| {
            before += count;
            before >= wanted
        })?;
        before -= counts.get(at).copied().unwrap_or_default();
        let mut ranks = Vec::new();
        walk(population, |rank| {
            if range(rank) == at {
                ranks.push(rank);
            }
        });
        ranks.sort_unstable();
        let last = usize::try_from(wanted.checked_sub(before + 1)?).ok()?;
        ranks.get(last).copied().map(Self)
    }
}

fn range(rank: u64) -> usize {
    usize::try_from(rank >> (u64::BITS - RANGE_BITS)).unwrap_or_default()
}

fn walk(population: &Population, mut see: impl FnMut(u64)) {
    for organization in population.organizations() {
        for day in population.year.days() {
            for peer in population.peers(organization) {
                for meeting in population.meetings(peer, day) {
                    see(meeting.rank(population));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::flaws::Shares;
    use super::super::world::World;
    use super::super::year::Year;
    use super::*;

    #[test]
    fn exactly_so_many_take_place() {
        let (world, year) = (World::carried().unwrap(), Year::new(2026).unwrap());
        let all = Population::for_encounters(world, 9, year, Shares::default(), 3_000, None);
        for wanted in [1, 2, 17, 1_000, 2_999, 3_000] {
            let keep = Keep::exactly(&all, wanted).unwrap();
            let mut kept = 0;
            walk(&all, |rank| kept += u64::from(rank <= keep.0));
            assert_eq!(kept, wanted);
        }
        assert_eq!(Keep::exactly(&all, 1_000_000), None);
    }
}
