//! Chance that is the same on every machine: `SplitMix64` (Steele, Lea and Flood, "Fast splittable
//! pseudorandom number generators", 2014), whole numbers only.
//!
//! Nothing is drawn from one long row of numbers: each member, each day, each visit has dice of its
//! own, made from the seed and from what they are about. So anything can be looked at again at any
//! time without being kept, which is what holds the memory flat.

/// What dice are about; keeps the throws for one thing apart from those for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An organization.
    Organization = 1,
    /// A peer's name and papers.
    Peer,
    /// A peer's day: away, or the notes of it found late.
    PeerDay,
    /// A member's name, address and papers.
    Member,
    /// When a member comes.
    Habit,
    /// Whether a visit takes place.
    Keep,
    /// What happened in a visit.
    Visit,
    /// What is wrong with it.
    Flaw,
    /// A group: when a peer leads one, who comes, what happened.
    Group,
}

/// Dice for one thing.
#[derive(Debug, Clone)]
pub struct Dice(u64);

/// The golden ratio in 64 bits, odd: the step of the generator.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    /// Dice about the thing that is counted by `a` and `b`.
    pub const fn of(seed: u64, about: About, a: u64, b: u64) -> Self {
        let state = mixed(seed.wrapping_add(STEP));
        let state = mixed(state ^ (about as u64).wrapping_mul(STEP));
        let state = mixed(state ^ a.wrapping_mul(STEP));
        Self(mixed(state ^ b.wrapping_mul(STEP)))
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number from 0, below `end`; 0 when `end` is 0.
    pub const fn below(&mut self, end: u32) -> u32 {
        // The upper half of 32 bits times `end`: the bias is below one in four billion times `end`.
        (((self.bits() >> 32) * (end as u64)) >> 32) as u32
    }

    /// A number from `first` to `last`, both included.
    pub const fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// Whether something happens that happens `share` times in ten thousand.
    pub const fn happens(&mut self, share: u32) -> bool {
        self.below(10_000) < share
    }

    /// One of a list; nothing of an empty one.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        usize::try_from(self.below(count)).ok().and_then(|at| list.get(at))
    }

    /// One of a list of texts; an empty text of an empty list.
    pub fn text<'a>(&mut self, list: &'a [String]) -> &'a str {
        self.pick(list).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The first numbers of the reference implementation for the state 1234567.
        let mut dice = Dice(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| dice.bits()).collect();
        let wanted =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first, wanted);
    }

    #[test]
    fn numbers_stay_in_range_and_reach_its_ends() {
        let mut dice = Dice::of(1, About::Visit, 2, 3);
        let thrown: Vec<u32> = (0..1000).map(|_| dice.between(5, 9)).collect();
        assert_eq!(thrown.iter().min(), Some(&5));
        assert_eq!(thrown.iter().max(), Some(&9));
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.pick::<u8>(&[]), None);
    }

    #[test]
    fn things_have_dice_of_their_own() {
        let first = |about, a, b| Dice::of(7, about, a, b).bits();
        let all = [
            first(About::Visit, 1, 2),
            first(About::Visit, 2, 1),
            first(About::Flaw, 1, 2),
            Dice::of(8, About::Visit, 1, 2).bits(),
        ];
        let different: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn a_share_is_about_what_it_says() {
        let mut dice = Dice::of(3, About::Keep, 0, 0);
        let hits = (0..100_000).filter(|_| dice.happens(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
