//! Days that no window tells apart may be summed: what a decision keeps of usage stays small.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::Window;
use super::calendar::{Calendar, Days};
use super::consecutive::Chain;
use super::counting::Daily;

/// Days that are summed together: how many edges lie at or before them, and the day itself where
/// days are told apart.
pub type Bucket = (usize, Option<NaiveDate>);

/// The partition of days that some windows around one day make.
#[derive(Debug, Default)]
pub struct Buckets {
    edges: BTreeSet<NaiveDate>,
    together: Vec<Days>,
    apart: Vec<Days>,
}

impl Buckets {
    /// Adds the windows of one kind around `day`; `counted` gives the usage that they count. Gives the
    /// day from which consecutive windows are anchored: what lies before may be summed.
    pub fn add(
        &mut self,
        window: &Window,
        calendar: Calendar<'_>,
        day: NaiveDate,
        counted: impl FnOnce() -> Daily,
    ) -> Option<NaiveDate> {
        if let Window::ConsecutiveDays { length } = window {
            let chain = Chain::new(counted().days(), *length, day);
            self.edge(chain.told_apart());
            self.apart.push(chain.told_apart());
            return Some(chain.start());
        }
        for days in window.fixed(calendar, day) {
            self.edge(days);
            self.together.push(days);
        }
        if let Window::RollingMonths { .. } | Window::RollingDays { .. } = window
            && let Some(reach) = window.reach(calendar, day)
        {
            // What lies before and what lies after must not meet in one bucket.
            self.edge(reach);
            self.apart.push(reach);
        }
        None
    }

    fn edge(&mut self, days: Days) {
        self.edges.extend(days.from);
        self.edges.extend(days.to.and_then(|to| to.succ_opt()));
    }

    /// Whether any window contains the day.
    pub fn contain(&self, day: NaiveDate) -> bool {
        self.together.iter().chain(&self.apart).any(|days| days.covers(day))
    }

    /// The bucket of a day.
    pub fn of(&self, day: NaiveDate) -> Bucket {
        let edges = self.edges.range(..=day).count();
        let apart = self.apart.iter().any(|days| days.covers(day));
        (edges, apart.then_some(day))
    }
}
