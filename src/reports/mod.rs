//! The reading room: reports, read only. `docs/reports.md` says what each column means.

pub mod batch_lines;
mod causes;
pub mod cells;
mod chart;
pub mod csv_out;
pub mod differences;
pub mod formats;
pub mod frame;
pub mod issue;
pub mod job;
pub mod lines;
pub mod measures;
mod parquet_out;
mod public;
pub mod registry;
pub mod restatement;
pub mod rows_out;
pub mod table;
pub mod tally;
pub mod ties;
pub mod utilization;
mod utilization_columns;
mod utilization_files;
mod wave;
mod xlsx;
mod zip_out;

pub use cells::Dimension;
