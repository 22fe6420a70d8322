//! How slow a client may be: no pause longer than some seconds, and on the average no fewer than some
//! bytes a second.
//!
//! A pause alone would let a client hold a connection for ever with a byte now and then; a fixed time
//! alone would refuse a large file over an honest slow line.

use std::time::Duration;

use tokio::time::Instant;

/// The limits of one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Longest pause; also what a client may take before the average counts.
    pub(super) pause: Duration,
    /// Least bytes a second, on the average.
    pub(super) bytes_per_second: u64,
}

/// What a client did so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    limits: Limits,
    started: Instant,
    last: Instant,
    bytes: u64,
}

impl Pace {
    /// Begins now.
    pub(super) fn begin(limits: Limits, now: Instant) -> Self {
        Self { limits, started: now, last: now, bytes: 0 }
    }

    /// Some bytes moved.
    pub(super) fn moved(&mut self, bytes: usize, now: Instant) {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.last = now;
    }

    /// Until when the next bytes must move.
    pub(super) fn deadline(&self) -> Instant {
        let micros = self.bytes.saturating_mul(1_000_000) / self.limits.bytes_per_second.max(1);
        let earned = Duration::from_micros(micros);
        // An addition that does not fit is so far away that only the pause counts.
        let average = self
            .started
            .checked_add(self.limits.pause)
            .and_then(|at| at.checked_add(earned))
            .unwrap_or(self.last + self.limits.pause);
        average.min(self.last + self.limits.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { pause: Duration::from_secs(10), bytes_per_second: 1_000 };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn silence_ends_after_the_pause() {
        let start = Instant::now();
        let mut pace = Pace::begin(LIMITS, start);
        assert_eq!(pace.deadline(), after(start, 10));
        // A large piece earns much time, but no longer pause.
        pace.moved(1_000_000, after(start, 3));
        assert_eq!(pace.deadline(), after(start, 13));
    }

    #[test]
    fn a_byte_now_and_then_ends_as_well() {
        let start = Instant::now();
        let mut pace = Pace::begin(LIMITS, start);
        let mut now = start;
        while now < pace.deadline() {
            pace.moved(1, now);
            now += Duration::from_secs(1);
        }
        let lasted = now - start;
        assert!(lasted <= Duration::from_secs(11), "{lasted:?}");
    }

    #[test]
    fn a_steady_client_is_never_late() {
        let start = Instant::now();
        let mut pace = Pace::begin(LIMITS, start);
        for second in 1..100_000 {
            let now = after(start, second);
            assert!(now < pace.deadline(), "late after {second} s");
            pace.moved(1_000, now);
        }
    }

    #[test]
    fn the_largest_figures_fit() {
        let start = Instant::now();
        let mut pace = Pace::begin(Limits { bytes_per_second: 0, ..LIMITS }, start);
        pace.moved(usize::MAX, start);
        pace.moved(usize::MAX, start);
        assert_eq!(pace.deadline(), after(start, 10));
    }
}
