//! Numbers that may be used once in a file.

use std::collections::HashSet;

/// The numbers seen so far.
#[derive(Debug, Default)]
pub(super) struct UsedOnce(HashSet<Box<[u8]>>);

impl UsedOnce {
    /// Takes a number; false when it is empty or was taken before.
    pub(super) fn take(&mut self, number: &[u8]) -> bool {
        !number.is_empty() && self.0.insert(number.into())
    }
}
