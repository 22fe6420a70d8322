//! Numbers that may be used once in a file, and how they are kept.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Bytes that need no memory of their own: control numbers have at most 20 to 30.
const INLINE_BYTES: usize = 30;

/// A number as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// So many of these bytes; the others are 0.
    Here(u8, [u8; INLINE_BYTES]),
    Apart(Box<[u8]>),
}

impl Number {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut here = [0; INLINE_BYTES];
        match (here.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(room), Ok(length)) => {
                room.copy_from_slice(bytes);
                Self::Here(length, here)
            }
            _ => Self::Apart(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Here(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Apart(bytes) => bytes,
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.bytes());
    }
}

/// Multiplies word by word, from a seed that nobody outside knows. The usual hasher would take a
/// good part of the whole reading.
#[derive(Debug, Clone)]
pub(super) struct Quick(u64);

impl Default for Quick {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Quick {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        self.clone()
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let length = u64::try_from(bytes.len()).unwrap_or_default();
        let all = words.iter().chain([&last]).map(|word| u64::from_le_bytes(*word));
        for word in all.chain([length]) {
            let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15_u128;
            self.0 = u64::try_from((product ^ (product >> 64)) & u128::from(u64::MAX))
                .unwrap_or_default();
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The numbers seen so far.
#[derive(Debug, Default)]
pub(super) struct UsedOnce(HashSet<Number, Quick>);

impl UsedOnce {
    /// Takes a number; false when it is empty or was taken before.
    pub(super) fn take(&mut self, number: &[u8]) -> bool {
        !number.is_empty() && self.0.insert(Number::new(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_once_whatever_its_length() {
        let long = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(4);
        let mut seen = UsedOnce::default();
        assert!(!seen.take(b""));
        for end in 1..=long.len() {
            assert!(seen.take(&long.as_bytes()[..end]), "{end}");
        }
        for end in 1..=long.len() {
            assert!(!seen.take(&long.as_bytes()[..end]), "{end}");
        }
        // Bytes of 0 count.
        assert!(seen.take(b"A\0") && seen.take(b"A\0\0") && seen.take(b"A"));
    }
}
