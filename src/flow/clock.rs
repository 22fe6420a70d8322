//! The clock: the one place that asks for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{TimeDelta, Utc};

use crate::domain::dates::Instant;

/// The system's time, or one that is shifted by a span (the demo's calendar). Copies are one clock:
/// when the demo goes to its next month, the server that it runs goes along.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds ahead of the system's time.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `now` at this moment and runs on from there.
    pub fn starting_at(now: Instant) -> Self {
        let clock = Self::default();
        clock.set(now);
        clock
    }

    /// Shows `now` at this moment, and runs on from there.
    pub fn set(&self, now: Instant) {
        let ahead = now.utc() - Utc::now();
        self.ahead.store(ahead.num_microseconds().unwrap_or_default(), Ordering::Relaxed);
    }

    /// The time as work sees it.
    pub fn now(&self) -> Instant {
        let ahead = TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed));
        Instant::new(Utc::now() + ahead)
    }

    /// The system's time, for ids and logs.
    pub fn real(&self) -> Instant {
        Instant::new(Utc::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_one_clock() {
        let first = Clock::starting_at(Instant::parse("2026-02-05T09:00:00Z").unwrap());
        let copy = first.clone();
        assert_eq!(copy.now().utc().date_naive().to_string(), "2026-02-05");
        first.set(Instant::parse("2027-01-05T09:00:00Z").unwrap());
        assert_eq!(copy.now().utc().date_naive().to_string(), "2027-01-05");
    }
}
