//! Consecutive windows: so many days from the first counted service (Pennsylvania's older rules).
//!
//! After the last day of a window the next counted service begins the next one. A service that
//! arrives late and lies before the others moves the anchor, and with it the windows that follow,
//! until one of them begins where one began before.

use chrono::NaiveDate;

use super::calendar::{Days, later};

/// First days of the windows over these days of service, which rise.
fn anchors(days: &[NaiveDate], length: u32) -> Vec<NaiveDate> {
    let mut found: Vec<NaiveDate> = Vec::new();
    for day in days {
        if found.last().is_none_or(|last| later(*last, length) <= *day) {
            found.push(*day);
        }
    }
    found
}

/// Where windows begin before and after a service on a day.
#[derive(Debug)]
pub(super) struct Chain {
    length: u32,
    day: NaiveDate,
    before: Vec<NaiveDate>,
    after: Vec<NaiveDate>,
}

impl Chain {
    /// With the days of service known so far, which rise.
    pub(super) fn new(days: &[NaiveDate], length: u32, day: NaiveDate) -> Self {
        let mut with = days.to_vec();
        if let Err(place) = with.binary_search(&day) {
            with.insert(place, day);
        }
        Self { length, day, before: anchors(days, length), after: anchors(&with, length) }
    }

    fn window(&self, anchor: NaiveDate) -> Days {
        Days::new(anchor, later(anchor, self.length.saturating_sub(1)))
    }

    /// The windows that a service on the day must fit: the one that contains it, and those that it
    /// moves. The flag tells the first kind.
    pub(super) fn touched(&self) -> Vec<(Days, bool)> {
        self.after
            .iter()
            .map(|anchor| (*anchor, self.window(*anchor)))
            .map(|(anchor, days)| (anchor, days, days.covers(self.day)))
            .filter(|(anchor, _, holds)| *holds || self.before.binary_search(anchor).is_err())
            .map(|(_, days, holds)| (days, holds))
            .collect()
    }

    /// The day from which the windows that matter for the day are anchored: nothing before it does.
    pub(super) fn start(&self) -> NaiveDate {
        let last = self.before.iter().rev().find(|anchor| **anchor <= self.day);
        last.copied().filter(|anchor| self.window(*anchor).covers(self.day)).unwrap_or(self.day)
    }

    /// The days that must be told apart: from the start through the last window that is touched.
    pub(super) fn told_apart(&self) -> Days {
        let last = self.touched().into_iter().filter_map(|(days, _)| days.to).max();
        Days { from: Some(self.start()), to: last }
    }
}
