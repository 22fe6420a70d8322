//! How long things took, in buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets in microseconds: the budgets of the service (3 ms for a preview,
/// 10 ms for a visit) lie between small ones, its time limits among the large ones.
pub(super) const BOUNDS: [u64; 14] = [
    500, 1_000, 3_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000, 15_000_000, 60_000_000,
];

/// Counts by duration. Reading beside writing may see a value in one part and not yet in another.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound; what is longer than all of them is only in `count`.
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().zip(&self.buckets).find(|(bound, _)| micros <= **bound);
        if let Some((_, bucket)) = bucket {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// All of them together, in microseconds.
    pub(super) fn micros(&self) -> u64 {
        self.micros.load(Ordering::Relaxed)
    }

    /// For each bound, how many took at most so long.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        BOUNDS.iter().zip(&self.buckets).scan(0, |sum, (bound, bucket)| {
            *sum += bucket.load(Ordering::Relaxed);
            Some((*bound, *sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_every_bucket_that_is_as_long() {
        let histogram = Histogram::default();
        for micros in [0, 500, 501, 10_000, 10_001, 60_000_000, 60_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        let found: Vec<u64> = histogram.cumulated().map(|(_, count)| count).collect();
        assert_eq!(found, [2, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6]);
        assert_eq!(histogram.count(), 7);
        assert!(BOUNDS.is_sorted());
    }
}
