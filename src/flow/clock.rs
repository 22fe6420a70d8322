//! The clock: the one place that asks for the time.

use chrono::{TimeDelta, Utc};

use crate::domain::dates::Instant;

/// The system's time, or one that is shifted by a fixed span (the demo's calendar).
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    shift: TimeDelta,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `now` at this moment and runs on from there.
    pub fn starting_at(now: Instant) -> Self {
        Self { shift: now.utc() - Utc::now() }
    }

    /// The time as work sees it.
    pub fn now(self) -> Instant {
        Instant::new(Utc::now() + self.shift)
    }

    /// The system's time, for ids and logs.
    pub fn real(self) -> Instant {
        Instant::new(Utc::now())
    }
}
