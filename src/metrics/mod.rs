//! What the service counts about itself, for `GET /metrics`.
//!
//! Labels are route patterns, statuses, codes, rule ids and the like: lists that the program knows
//! beforehand. Never an id, a name, a key or anything else of a request, so that the page holds no
//! personal data and its size does not grow with use.

mod histogram;
pub mod process;
mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use histogram::Histogram;
pub use text::{Kind, Page};

/// Most series of one family. Far above what the routes and codes of the program can make; beyond
/// it everything is counted under `other`, so that a mistake cannot fill the memory.
const MAX_SERIES: usize = 2_000;

/// Counts by one label.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    /// Adds to the count of a label's value.
    pub fn add(&self, label: &'static str, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = counts.entry(label).or_default();
        *slot = slot.saturating_add(count);
    }

    /// All counts, sorted by label.
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(label, count)| (*label, *count)).collect()
    }

    fn write(&self, page: &mut Page, name: &str, label: &str, help: &str) {
        page.family(name, Kind::Counter, help);
        for (value, count) in self.all() {
            page.sample(name, &[(label, value)], count);
        }
    }
}

/// What requests are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    method: &'static str,
    route: String,
}

/// What is known of the requests of one [`Call`].
#[derive(Debug, Default)]
struct Calls {
    by_status: BTreeMap<u16, u64>,
    times: Histogram,
}

/// The counts of this process.
#[derive(Debug, Default)]
pub struct Metrics {
    calls: Mutex<BTreeMap<Call, Calls>>,
    running: AtomicU64,
    /// Answers with an error, by code.
    pub errors: Counts,
    /// Connections that were ended because their client was too slow, by what it was slow at.
    pub cut: Counts,
    /// Decisions that were stored, by disposition.
    pub decisions: Counts,
    /// Held decisions, by each rule that holds.
    pub held: Counts,
    /// Rows of bulk uploads, by what became of them.
    pub bulk_rows: Counts,
    /// Steps of batches.
    pub batches: Counts,
}

/// A request that is running, until it is dropped.
#[derive(Debug)]
pub struct Running(std::sync::Arc<Metrics>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts a request as running.
    pub fn begin(self: &std::sync::Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(std::sync::Arc::clone(self))
    }

    /// Counts an answer. `route` is the pattern, never the path.
    pub fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut call = Call { method: known_method(method), route: route.to_owned() };
        if calls.len() >= MAX_SERIES && !calls.contains_key(&call) {
            "other".clone_into(&mut call.route);
        }
        let calls = calls.entry(call).or_default();
        *calls.by_status.entry(status).or_default() += 1;
        calls.times.record(time);
    }

    /// Writes all families.
    pub fn write(&self, page: &mut Page) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "peerclaims_http_requests_total";
        page.family(name, Kind::Counter, "Requests answered, by method, route pattern and status.");
        for (call, known) in calls.iter() {
            for (status, count) in &known.by_status {
                let status = status.to_string();
                let labels =
                    [("method", call.method), ("route", &call.route), ("status", status.as_str())];
                page.sample(name, &labels, *count);
            }
        }
        let name = "peerclaims_http_request_duration_seconds";
        page.family(name, Kind::Histogram, "Time from the head of a request to its answer's head.");
        for (call, known) in calls.iter() {
            page.histogram(name, &[("method", call.method), ("route", &call.route)], &known.times);
        }
        drop(calls);
        let name = "peerclaims_http_requests_running";
        page.family(name, Kind::Gauge, "Requests whose answer is not yet handed over whole.");
        page.sample(name, &[], self.running.load(Ordering::Relaxed));
        for (counts, name, label, help) in self.counters() {
            counts.write(page, name, label, help);
        }
    }

    fn counters(&self) -> [(&Counts, &'static str, &'static str, &'static str); 6] {
        [
            (&self.errors, "peerclaims_errors_total", "code", "Answers with an error, by code."),
            (
                &self.cut,
                "peerclaims_connections_cut_total",
                "why",
                "Connections ended because the client was too slow.",
            ),
            (
                &self.decisions,
                "peerclaims_decisions_total",
                "disposition",
                "Decisions stored, by disposition.",
            ),
            (
                &self.held,
                "peerclaims_decisions_held_total",
                "rule",
                "Stored decisions that hold something, by each rule that holds.",
            ),
            (
                &self.bulk_rows,
                "peerclaims_bulk_rows_total",
                "outcome",
                "Rows of bulk uploads, by what became of them.",
            ),
            (&self.batches, "peerclaims_batches_total", "step", "Batches, by step."),
        ]
    }
}

/// A client may invent methods without end; those of HTTP are known.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(metrics: &Metrics) -> String {
        let mut page = Page::default();
        metrics.write(&mut page);
        page.finish()
    }

    #[test]
    fn requests_are_counted_by_pattern_and_status() {
        let metrics = std::sync::Arc::new(Metrics::default());
        let running = metrics.begin();
        for (status, millis) in [(200, 3), (200, 700), (404, 1)] {
            let time = Duration::from_millis(millis);
            metrics.answered("GET", "/v1/members/{id}", status, time);
        }
        metrics.answered("MARIGOLD", "none", 404, Duration::ZERO);
        let text = page(&metrics);
        let route = "method=\"GET\",route=\"/v1/members/{id}\"";
        let name = "peerclaims_http_request";
        for line in [
            format!("{name}s_total{{{route},status=\"200\"}} 2\n"),
            format!("{name}s_total{{{route},status=\"404\"}} 1\n"),
            format!("{name}_duration_seconds_bucket{{{route},le=\"0.005\"}} 2\n"),
            format!("{name}_duration_seconds_bucket{{{route},le=\"1\"}} 3\n"),
            format!("{name}_duration_seconds_bucket{{{route},le=\"+Inf\"}} 3\n"),
            format!("{name}_duration_seconds_sum{{{route}}} 0.704\n"),
            format!("{name}_duration_seconds_count{{{route}}} 3\n"),
            format!("{name}s_total{{method=\"other\",route=\"none\",status=\"404\"}} 1\n"),
            format!("{name}s_running 1\n"),
        ] {
            assert!(text.contains(&line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("MARIGOLD"));
        drop(running);
        assert!(page(&metrics).contains("peerclaims_http_requests_running 0\n"));
    }

    #[test]
    fn routes_without_end_end_under_other() {
        let metrics = Metrics::default();
        for n in 0..MAX_SERIES + 50 {
            metrics.answered("GET", &format!("/{n}"), 200, Duration::ZERO);
        }
        assert!(metrics.calls.lock().unwrap().len() <= MAX_SERIES + 1);
        assert!(page(&metrics).contains("route=\"other\",status=\"200\"} 50\n"));
    }
}
