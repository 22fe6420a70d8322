//! How far the demo is: bars on a terminal, plain lines elsewhere. Both go to standard error; the
//! story on standard output stays clean.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// One step of known length.
#[derive(Debug)]
pub(super) struct Step {
    label: String,
    bar: Option<ProgressBar>,
}

impl Step {
    /// Begins a step of `length` parts.
    pub(super) fn begin(label: &str, length: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
            let style = ProgressStyle::with_template("{msg:<34} {bar:30} {pos:>5}/{len}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(label.to_owned());
            bar
        });
        Self { label: label.to_owned(), bar }
    }

    /// Some parts are done.
    pub(super) fn done(&self, parts: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(u64::try_from(parts).unwrap_or(0));
        }
    }

    /// The step is over; `said` is what came of it.
    pub(super) fn end(self, said: &str) {
        match self.bar {
            Some(bar) => bar.finish(),
            None => eprintln!("{}: {said}", self.label),
        }
    }
}
