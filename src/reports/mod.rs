//! The reading room: reports, read only. `docs/reports.md` says what each column means.

pub mod batch_lines;
mod built;
mod causes;
pub mod cells;
mod chart;
mod control;
pub mod csv_out;
pub mod differences;
pub mod formats;
pub mod frame;
pub mod issue;
pub mod job;
pub mod lines;
mod look;
mod parquet_out;
mod parts;
mod public;
pub mod registry;
pub mod restatement;
pub mod rows_out;
mod slots;
mod source;
pub mod table;
pub mod tally;
pub mod utilization;
mod utilization_columns;
mod utilization_past;
mod wave;
mod xlsx;
mod xlsx_rows;
mod zip_out;

pub use cells::Dimension;
