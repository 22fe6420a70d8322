//! The text format of Prometheus (version 0.0.4): families of samples, one sample a line.

use std::fmt::Write as _;

use super::Histogram;

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, and starts at 0 with the process.
    Counter,
    /// What is now.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A page that is being written.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Media type of the finished page.
    pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Begins a family; its samples follow.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
    }

    /// A whole number.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.line(name, labels, None, &value.to_string());
    }

    /// A number of microseconds, written in seconds.
    pub fn seconds(&mut self, name: &str, labels: &[(&str, &str)], micros: u64) {
        self.line(name, labels, None, &seconds(micros));
    }

    /// The samples of a histogram.
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let mut most = 0;
        for (bound, count) in histogram.cumulated() {
            self.line(&bucket, labels, Some(&seconds(bound)), &count.to_string());
            most = count;
        }
        // Read once, and never below the buckets, also when somebody counts meanwhile.
        let count = histogram.count().max(most).to_string();
        self.line(&bucket, labels, Some("+Inf"), &count);
        self.line(&format!("{name}_sum"), labels, None, &seconds(histogram.micros()));
        self.line(&format!("{name}_count"), labels, None, &count);
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], bound: Option<&str>, value: &str) {
        let le = bound.map(|bound| ("le", bound));
        let written: Vec<String> = labels
            .iter()
            .copied()
            .chain(le)
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        let labels =
            if written.is_empty() { String::new() } else { format!("{{{}}}", written.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// The page.
    pub fn finish(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Microseconds in seconds, exactly, without zeros at the end.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (micros, text) in
            [(0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (10_000_000, "10"), (500, "0.0005")]
        {
            assert_eq!(seconds(micros), text);
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.family("a", Kind::Gauge, "line\nand \\");
        page.sample("a", &[("x", "q\"\\\n")], 7);
        let wanted = "# HELP a line\\nand \\\\\n# TYPE a gauge\na{x=\"q\\\"\\\\\\n\"} 7\n";
        assert_eq!(page.finish(), wanted);
    }
}
