//! The scan of the lexer: where the end of a segment and the separators before it are.

use super::lexer::MAX_ELEMENTS;
use super::segment::Marks;

/// Where the element separators of a segment are, up to one more than it may have.
#[derive(Debug)]
pub(super) struct Separators {
    at: [usize; MAX_ELEMENTS + 1],
    count: usize,
}

impl Default for Separators {
    fn default() -> Self {
        Self { at: [0; MAX_ELEMENTS + 1], count: 0 }
    }
}

impl Separators {
    #[inline]
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    #[inline]
    pub(super) fn push(&mut self, index: usize) {
        if let Some(place) = self.at.get_mut(self.count) {
            *place = index;
            self.count += 1;
        }
    }

    /// How many there are; at most one more than a segment may have.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn found(&self) -> &[usize] {
        self.at.get(..self.count).unwrap_or_default()
    }
}

/// Finds the first terminator, telling each separator before it; eight bytes at a time, because a
/// file is mostly bytes that are neither.
#[inline]
pub(super) fn find(window: &[u8], marks: Marks, mut separator: impl FnMut(usize)) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    // The high bit of each byte that is the wanted one, and no other bit.
    let equal = |word: u64, wanted: u64| {
        let zero = word ^ wanted;
        !(((zero & LOW) + LOW) | zero | LOW)
    };
    let first = |hits: u64| usize::try_from(hits.trailing_zeros() / 8).unwrap_or_default();
    let elements = ONES * u64::from(marks.element);
    let segments = ONES * u64::from(marks.segment);
    let (words, rest) = window.as_chunks::<8>();
    let mut start = 0;
    for bytes in words {
        let word = u64::from_le_bytes(*bytes);
        let ends = equal(word, segments);
        // Without an end this keeps all; with one, what is before it.
        let mut hits = equal(word, elements) & (ends ^ ends.wrapping_sub(1));
        while hits != 0 {
            separator(start + first(hits));
            hits &= hits - 1;
        }
        if ends != 0 {
            return Some(start + first(ends));
        }
        start += 8;
    }
    for (index, byte) in (start..).zip(rest) {
        if *byte == marks.segment {
            return Some(index);
        } else if *byte == marks.element {
            separator(index);
        }
    }
    None
}
