//! People as small numbers: a union of bits counts the different ones exactly, at any level and over any
//! days.

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Adds numbers that rise.
    pub fn add(&mut self, rising: &[u32]) {
        let place = |number: u32| usize::try_from(number / u64::BITS).unwrap_or(usize::MAX);
        let Some(last) = rising.last() else { return };
        if self.words.len() <= place(*last) {
            self.words.resize(place(*last) + 1, 0);
        }
        for number in rising {
            if let Some(word) = self.words.get_mut(place(*number)) {
                *word |= 1 << (number % u64::BITS);
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> i64 {
        self.words.iter().map(|word| i64::from(word.count_ones())).sum()
    }
}
