//! The reading room: reports, read only. `docs/reports.md` says what each column means.

pub mod batch_lines;
pub mod cells;
pub mod csv_out;
pub mod formats;
pub mod frame;
pub mod issue;
pub mod measures;
pub mod registry;
pub mod restatement;
pub mod table;
pub mod tally;
pub mod ties;
pub mod utilization;
mod utilization_columns;
mod utilization_csv;
mod wave;

pub use cells::Dimension;
