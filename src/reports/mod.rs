//! The reading room: reports, read only. `docs/reports.md` says what each column means.

pub mod batch_lines;
pub mod cells;
pub mod csv_out;
pub mod measures;
pub mod ties;
pub mod utilization;
mod utilization_csv;

pub use cells::Dimension;
